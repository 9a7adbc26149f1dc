//! Short messages of the device: what the factory says of them, and its modem's side as TPDUs.

use super::Device;
use super::platform::{Platform, platform};
use crate::net::{Node, Peer};
use std::ffi::{CString, c_void};
use std::ptr;
use std::rc::Rc;
use whimbrel::capi::*;

/// How an account is reached by SMS: the resources 6 to 9 of the Security object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sms {
    /// SMS Security Mode.
    pub mode: u8,
    /// `/1/x/21`
    pub trigger: bool,
    /// LwM2M Server SMS Number.
    pub number: String,
    /// SMS Binding Key Parameters.
    pub parameters: Vec<u8>,
    /// SMS Binding Secret Key(s).
    pub keys: Vec<u8>,
}

impl Sms {
    /// NoSec.
    pub fn clear(number: &str) -> Self {
        Self { mode: WHIMBREL_SMS_NOSEC, number: number.into(), ..Self::default() }
    }

    /// DTLS, with the keys of the account.
    pub fn dtls(number: &str) -> Self {
        Self { mode: WHIMBREL_SMS_DTLS, number: number.into(), ..Self::default() }
    }

    /// Secured packets with AES-128 keys.
    pub fn packets(number: &str, keys: &[u8]) -> Self {
        let parameters = vec![0x12, 0x12, 0x16, 0xb2, 0x02, 0x03];
        Self {
            mode: WHIMBREL_SMS_PACKETS,
            number: number.into(),
            parameters,
            keys: keys.into(),
            ..Self::default()
        }
    }

    /// Shows it as C sees it.
    pub(super) fn show<R>(&self, job: impl FnOnce(*const whimbrel_sms_t) -> R) -> R {
        let number = CString::new(self.number.as_str()).expect("no NUL");
        job(&whimbrel_sms_t {
            size: size_of::<whimbrel_sms_t>(),
            mode: self.mode,
            trigger: self.trigger.into(),
            number: if self.number.is_empty() { ptr::null() } else { number.as_ptr() },
            parameters: self.parameters.as_ptr(),
            parameters_length: self.parameters.len(),
            keys: self.keys.as_ptr(),
            keys_length: self.keys.len(),
        })
    }
}

/// How the client does short messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texting {
    /// The number of the device, where it knows it.
    pub number: Option<String>,
    /// WHIMBREL_SMS_… as bits.
    pub flags: u8,
    /// TP-PID and TP-DCS.
    pub kind: (u8, u8),
    /// How long an answer may take in seconds; 0: the default.
    pub answer: u32,
    /// How many messages can lack parts at a time.
    pub sets: u16,
    /// Secured packets are named.
    pub packets: bool,
}

impl Default for Texting {
    fn default() -> Self {
        Self { number: None, flags: 0, kind: (0, 0), answer: 0, sets: 2, packets: false }
    }
}

/// The modem: TPDUs of the device go to the service centre, and those of the centre to the device.
pub struct Phone {
    platform: Rc<Platform>,
    centre: Peer,
    power: bool,
}

impl Device {
    /// The modem of the device, whose service centre is there.
    pub fn phone(&self, centre: Peer) -> Phone {
        let platform = Rc::clone(&self.platform);
        let power = !platform.storage.is_dead();
        Phone { platform, centre, power }
    }

    /// How many SMS the modem cannot take.
    pub fn refuse_texts(&self, n: u32) {
        self.platform.refused_texts.set(n);
    }

    /// Gives the device another number.
    pub fn set_number(&mut self, number: &str) -> i32 {
        let number = CString::new(number).expect("no NUL");
        // SAFETY: the client lives; the number is copied
        self.call(|client| unsafe { whimbrel_sms_number(client, number.as_ptr()) })
    }
}

impl Node for Phone {
    fn input(&mut self, _: u64, _: Peer, tpdu: &[u8]) {
        if self.power {
            self.platform.texts_in.borrow_mut().push_back(tpdu.to_vec());
        }
    }

    fn poll(&mut self, _: u64) {}

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.platform.texts_out.borrow_mut().pop_front().map(|tpdu| (self.centre, tpdu))
    }

    fn next_deadline(&self) -> Option<u64> {
        None
    }
}

pub(super) unsafe extern "C" fn send(context: *mut c_void, tpdu: *const u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `tpdu`
    let (platform, tpdu) = unsafe { (platform(context), std::slice::from_raw_parts(tpdu, size)) };
    if platform.refused_texts.get() > 0 {
        platform.refused_texts.set(platform.refused_texts.get() - 1);
        return WHIMBREL_ERR_BUSY;
    }
    if !platform.storage.is_dead() {
        platform.texts_out.borrow_mut().push_back(tpdu.to_vec());
    }
    WHIMBREL_OK
}

pub(super) unsafe extern "C" fn receive(context: *mut c_void, buffer: *mut u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `buffer`
    let (platform, buffer) = unsafe { (platform(context), std::slice::from_raw_parts_mut(buffer, size)) };
    let Some(tpdu) = platform.texts_in.borrow_mut().pop_front() else { return 0 };
    match buffer.get_mut(..tpdu.len()) {
        None => WHIMBREL_ERR_TRUNCATED,
        Some(room) => {
            room.copy_from_slice(&tpdu);
            tpdu.len() as i32
        }
    }
}
