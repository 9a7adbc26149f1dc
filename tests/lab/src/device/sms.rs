//! Short messages of the device: what the factory says of them, and its modem's side as TPDUs.

use super::Device;
use super::platform::platform;
use super::serial::Serial;
use crate::sms::Phone;
use crate::tlv;
use std::cell::RefMut;
use std::ffi::{CString, c_void};
use std::ptr;
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

    /// The same as resources of the Security object, TLV.
    pub fn resources(&self) -> Vec<u8> {
        let mut all = tlv::resource(6, [self.mode]);
        if !self.parameters.is_empty() {
            all.extend(tlv::resource(7, &self.parameters));
            all.extend(tlv::resource(8, &self.keys));
        }
        if !self.number.is_empty() {
            all.extend(tlv::resource(9, self.number.as_str()));
        }
        all
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

impl Device {
    /// Gives the device a modem with that number at a service centre.
    pub fn plug(&mut self, phone: Phone) {
        *self.platform.phone.borrow_mut() = Some(phone);
        self.next = 0;
    }

    /// Gives the device a modem at a serial line.
    pub fn plug_serial(&mut self, serial: Serial) {
        *self.platform.serial.borrow_mut() = Some(serial);
        self.next = 0;
    }

    /// The modem at the serial line.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn serial(&self) -> RefMut<'_, Serial> {
        RefMut::map(self.platform.serial.borrow_mut(), |serial| serial.as_mut().expect("a serial line"))
    }

    pub(super) fn pump(&self) {
        if let Some(serial) = &mut *self.platform.serial.borrow_mut() {
            serial.pump(self.platform.now.get());
        }
    }

    /// How many SMS the modem has no room for.
    pub fn refuse_texts(&self, n: u32) {
        self.platform.refused_texts.set(n);
    }

    /// What the modem says instead of giving a message, and the client is woken.
    pub fn fail_texts(&mut self, status: Option<i32>) {
        self.platform.failing_texts.set(status);
        self.next = 0;
    }

    /// Gives the device another number.
    pub fn set_number(&mut self, number: &str) -> i32 {
        let number = CString::new(number).expect("no NUL");
        // SAFETY: the client lives; the number is copied
        self.call(|client| unsafe { whimbrel_sms_number(client, number.as_ptr()) })
    }
}

pub(super) unsafe extern "C" fn send(context: *mut c_void, tpdu: *const u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `tpdu`
    let (platform, tpdu) = unsafe { (platform(context), std::slice::from_raw_parts(tpdu, size)) };
    if platform.refused_texts.get() > 0 {
        platform.refused_texts.set(platform.refused_texts.get() - 1);
        return WHIMBREL_ERR_BUSY;
    }
    if let Some(serial) = &mut *platform.serial.borrow_mut() {
        return serial.send(tpdu);
    }
    let phone = platform.phone.borrow();
    let Some(phone) = phone.as_ref() else { return WHIMBREL_ERR_LINK };
    if platform.storage.is_dead() {
        return WHIMBREL_OK;
    }
    phone.submit(platform.now.get(), tpdu).map_or(WHIMBREL_ERR_LINK, |_| WHIMBREL_OK)
}

pub(super) unsafe extern "C" fn receive(context: *mut c_void, buffer: *mut u8, size: usize) -> i32 {
    // SAFETY: `size` bytes at `buffer`
    let (platform, buffer) = unsafe { (platform(context), std::slice::from_raw_parts_mut(buffer, size)) };
    if let Some(status) = platform.failing_texts.get() {
        return status;
    }
    if let Some(serial) = &mut *platform.serial.borrow_mut() {
        return serial.receive(buffer);
    }
    let phone = platform.phone.borrow();
    let Some(tpdu) = phone.as_ref().and_then(|phone| phone.receive(platform.now.get())) else { return 0 };
    let slot = platform.reader.borrow().as_ref().map(|reader| reader.slot.clone());
    if let Some(tells) = slot.and_then(|slot| slot.envelope(&tpdu)) {
        // it never shows here
        platform.card_told.set(platform.card_told.get() || tells);
        return 0;
    }
    match buffer.get_mut(..tpdu.len()) {
        None => WHIMBREL_ERR_TRUNCATED,
        Some(room) => {
            room.copy_from_slice(&tpdu);
            tpdu.len() as i32
        }
    }
}
