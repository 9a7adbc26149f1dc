//! The device's slot for a smartcard: what is in it, how long it takes, what goes wrong on the way.

use super::Device;
use super::platform::platform;
use crate::uicc::{Chip, Dropped, Uicc};
use std::ffi::c_void;
use std::fmt;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard};
use whimbrel::capi::*;

/// What goes wrong with one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The card answers that status word alone.
    Status(u16),
    /// It leaves out the first half of its answer.
    Short,
    /// It adds bytes to its answer.
    Long,
    /// Every byte but the status word is another.
    Garbage,
    /// One byte comes, or none.
    Fragment(usize),
    /// It never answers.
    Silence,
    /// It is reset by somebody else, and the port says so.
    Reset,
    /// The port says that it cannot reach it.
    Broken,
}

/// What answers in the card's place.
type Answering = Box<dyn FnMut(&[u8]) -> Option<Result<Vec<u8>, i32>> + Send>;

struct Inner {
    chip: Option<Box<dyn Chip>>,
    latency: u64,
    /// The command under way, when its answer is there, and what it is.
    pending: Option<(Vec<u8>, u64, Option<Vec<u8>>)>,
    /// Commands and answers since the slot was made.
    trace: Vec<(Vec<u8>, Vec<u8>)>,
    /// What goes wrong with the command of that number.
    fault: Option<(usize, Fault)>,
    answering: Option<Answering>,
    /// What the secure element says in place of a checksum.
    element: i32,
    /// The card that takes and sends short messages.
    uicc: Option<Arc<Mutex<Uicc>>>,
    /// The modem tells of them.
    tells: bool,
}

/// A slot, shared by the device and the test.
#[derive(Clone)]
pub struct Slot(Arc<Mutex<Inner>>);

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("commands", &self.inner().trace.len()).finish()
    }
}

impl Default for Slot {
    fn default() -> Self {
        let inner = Inner {
            chip: None,
            latency: 0,
            pending: None,
            trace: Vec::new(),
            fault: None,
            answering: None,
            element: WHIMBREL_OK,
            uicc: None,
            tells: false,
        };
        Self(Arc::new(Mutex::new(inner)))
    }
}

impl Slot {
    /// With a card in it.
    pub fn with(chip: impl Chip + 'static) -> Self {
        let slot = Self::default();
        slot.insert(chip);
        slot
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nobody panicked with it")
    }

    /// Puts a card in.
    pub fn insert(&self, chip: impl Chip + 'static) {
        let mut inner = self.inner();
        let mut chip: Box<dyn Chip> = Box::new(chip);
        chip.reset();
        (inner.chip, inner.pending) = (Some(chip), None);
    }

    /// Puts a card in that takes short messages from the modem and sends some through it; `tells`: the modem says when one has
    /// come.
    pub fn serve(&self, uicc: &Arc<Mutex<Uicc>>, tells: bool) {
        self.insert(uicc.clone());
        let mut inner = self.inner();
        (inner.uicc, inner.tells) = (Some(uicc.clone()), tells);
    }

    /// Gives a TPDU from the network to the card if it is for it; whether the client is told.
    pub(super) fn envelope(&self, tpdu: &[u8]) -> Option<bool> {
        let inner = self.inner();
        let mut uicc = inner.uicc.as_ref()?.lock().expect("nobody panicked with it");
        match uicc.envelope(tpdu) {
            Err(Dropped::NotForCard | Dropped::Malformed(_)) => None,
            _ => Some(inner.tells),
        }
    }

    /// What the card wants sent.
    pub(super) fn outgoing(&self) -> Vec<Vec<u8>> {
        let inner = self.inner();
        let Some(uicc) = &inner.uicc else { return Vec::new() };
        uicc.lock().expect("nobody panicked with it").outgoing()
    }

    /// Pulls the card.
    pub fn pull(&self) -> Option<Box<dyn Chip>> {
        let mut inner = self.inner();
        (inner.pending, inner.uicc) = (None, None);
        inner.chip.take()
    }

    /// How long a command takes, in milliseconds.
    pub fn set_latency(&self, milliseconds: u64) {
        self.inner().latency = milliseconds;
    }

    /// The command of that number from now on goes wrong.
    pub fn fail(&self, number: usize, fault: Fault) {
        let mut inner = self.inner();
        inner.fault = Some((inner.trace.len() + number, fault));
    }

    /// From now on `answer` answers in the card's place, or the port with a status; `None`: the card does.
    pub fn answer_by(&self, answer: impl FnMut(&[u8]) -> Option<Result<Vec<u8>, i32>> + Send + 'static) {
        self.inner().answering = Some(Box::new(answer));
    }

    /// Nobody answers in the card's place.
    pub fn answer_itself(&self) {
        self.inner().answering = None;
    }

    /// From now on the secure element answers that status; `WHIMBREL_OK`: it works.
    pub fn set_element(&self, status: i32) {
        self.inner().element = status;
    }

    /// How many commands there were.
    pub fn count(&self) -> usize {
        self.inner().trace.len()
    }

    /// Commands and answers since the slot was made.
    pub fn trace(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.inner().trace.clone()
    }

    fn transmit(&self, now: u64, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, i32> {
        let mut inner = self.inner();
        if inner.pending.as_ref().is_some_and(|(mine, ..)| mine != command) {
            inner.pending = None;
        }
        if command.is_empty() {
            return Ok(Some(0));
        }
        if inner.chip.is_none() {
            return Err(WHIMBREL_ERR_NOT_FOUND);
        }
        if inner.pending.is_none() {
            let answer = inner.run(command)?;
            inner.trace.push((command.to_vec(), answer.clone().unwrap_or_default()));
            inner.pending = Some((command.to_vec(), now + inner.latency, answer));
        }
        match inner.pending.take() {
            Some((_, ready, Some(answer))) if now >= ready => {
                response.get_mut(..answer.len()).ok_or(WHIMBREL_ERR_TRUNCATED)?.copy_from_slice(&answer);
                Ok(Some(answer.len()))
            }
            pending => {
                inner.pending = pending;
                Ok(None)
            }
        }
    }
}

impl Inner {
    fn run(&mut self, command: &[u8]) -> Result<Option<Vec<u8>>, i32> {
        let number = self.trace.len();
        let fault = self.fault.take_if(|(at, _)| *at == number).map(|(_, fault)| fault);
        if let Some(answer) = self.answering.as_mut().and_then(|answer| answer(command)) {
            return answer.map(Some);
        }
        let chip = self.chip.as_mut().expect("the caller looked");
        match fault {
            Some(Fault::Reset | Fault::Broken) => {
                // what the port's contract says: channels are closed
                chip.reset();
                self.trace.push((command.to_vec(), Vec::new()));
                return Err(if fault == Some(Fault::Reset) {
                    WHIMBREL_ERR_CLOSED
                } else {
                    WHIMBREL_ERR_LINK
                });
            }
            Some(Fault::Silence) => return Ok(None),
            Some(Fault::Status(status)) => return Ok(Some(status.to_be_bytes().into())),
            _ => {}
        }
        let Some(mut answer) = chip.apdu(command) else { return Ok(None) };
        let data = answer.len().saturating_sub(2);
        match fault {
            Some(Fault::Short) => drop(answer.drain(..data / 2)),
            Some(Fault::Long) => drop(answer.splice(data..data, [0xa5; 9])),
            Some(Fault::Garbage) => {
                answer[..data].iter_mut().for_each(|byte| *byte = byte.wrapping_mul(7) ^ 0x5a)
            }
            Some(Fault::Fragment(length)) => answer.truncate(length),
            _ => {}
        }
        Ok(Some(answer))
    }
}

/// How the device reads the card.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The slot.
    pub slot: Slot,
    /// WHIMBREL_UICC_…
    pub secure: u8,
    /// Key-ENC and Key-MAC.
    pub keys: Option<(Vec<u8>, Vec<u8>)>,
    /// The keys lie in a secure element.
    pub element: bool,
    /// Version of the keys.
    pub key_version: u8,
    /// Challenges of 16 bytes.
    pub s16: bool,
    /// The PIN that the device's user knows.
    pub pin: Option<String>,
    /// How long a command may take, in milliseconds; 0: the default.
    pub timeout: u32,
    /// How often a card is looked for, in seconds.
    pub look: u32,
    /// How often the card is asked for messages, in seconds.
    pub ask: u32,
    /// Bytes to read a card into.
    pub window: u16,
    /// Bytes for messages that the card is to send.
    pub messages: u16,
}

impl Reader {
    /// A card that is read in clear.
    pub fn clear(slot: &Slot) -> Self {
        Self {
            slot: slot.clone(),
            secure: WHIMBREL_UICC_CLEAR,
            keys: None,
            element: false,
            key_version: 0,
            s16: false,
            pin: None,
            timeout: 0,
            look: 0,
            ask: 0,
            window: 600,
            messages: 0,
        }
    }

    /// A card that is read through a secure channel, or not at all.
    pub fn secured(slot: &Slot, enc: &[u8], mac: &[u8]) -> Self {
        Self { secure: WHIMBREL_UICC_REQUIRED, keys: Some((enc.to_vec(), mac.to_vec())), ..Self::clear(slot) }
    }

    /// The same for C. It points into `self` and into the context.
    pub(super) fn given(&self, context: *mut c_void) -> whimbrel_uicc_t {
        let (enc, mac) = match &self.keys {
            Some((enc, mac)) if !self.element => (enc.as_ptr(), mac.as_ptr()),
            _ => (ptr::null(), ptr::null()),
        };
        whimbrel_uicc_t {
            size: size_of::<whimbrel_uicc_t>(),
            context,
            secure: self.secure,
            key_version: self.key_version,
            s16: self.s16.into(),
            key_length: self.keys.as_ref().map_or(0, |(enc, _)| enc.len() as u8),
            key_enc: enc,
            key_mac: mac,
            cmac: if self.element { Some(cmac) } else { None },
            pin: if self.pin.is_some() { Some(pin) } else { None },
            timeout_ms: self.timeout,
            look_s: self.look,
            ask_s: self.ask,
            message_aid: ptr::null(),
            message_aid_length: 0,
            message_tag: 0,
            message_object: 0,
        }
    }
}

/// # Safety
/// `context` came from `port`, whose platform lives; the lengths are those of the buffers.
pub(super) unsafe extern "C" fn transmit(
    context: *mut c_void,
    command: *const u8,
    command_length: usize,
    response: *mut u8,
    room: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        let platform = platform(context);
        let slot = platform.reader.borrow().as_ref().map(|reader| reader.slot.clone());
        let Some(slot) = slot else { return WHIMBREL_ERR_NOT_FOUND };
        let command =
            if command_length == 0 { &[] } else { std::slice::from_raw_parts(command, command_length) };
        let response = std::slice::from_raw_parts_mut(response, room);
        if let Some(serial) = &mut *platform.serial.borrow_mut() {
            return match serial.transmit(command, response) {
                Ok(count) => {
                    *length = count;
                    WHIMBREL_OK
                }
                Err(status) => status,
            };
        }
        match slot.transmit(platform.now.get(), command, response) {
            Ok(Some(count)) => {
                *length = count;
                WHIMBREL_OK
            }
            Ok(None) => WHIMBREL_PENDING,
            Err(error) => error,
        }
    }
}

/// # Safety
/// As for [`transmit`]; `out` has 16 bytes.
unsafe extern "C" fn cmac(
    context: *mut c_void,
    key: u8,
    message: *const u8,
    size: usize,
    out: *mut u8,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        let reader = platform(context).reader.borrow();
        let Some((enc, mac)) = reader.as_ref().and_then(|reader| reader.keys.as_ref()) else {
            return WHIMBREL_ERR_CREDENTIALS;
        };
        let says = reader.as_ref().map_or(WHIMBREL_OK, |reader| reader.slot.inner().element);
        if says != WHIMBREL_OK {
            return says;
        }
        let key = if key == WHIMBREL_KEY_ENC { enc } else { mac };
        let made = crate::uicc::cmac(key, std::slice::from_raw_parts(message, size));
        std::slice::from_raw_parts_mut(out, 16).copy_from_slice(&made);
        WHIMBREL_OK
    }
}

/// # Safety
/// As for [`transmit`]; `pin` has 8 bytes.
unsafe extern "C" fn pin(context: *mut c_void, _: u8, tries: u8, pin: *mut u8) -> i32 {
    // SAFETY: the contract above
    unsafe {
        let platform = platform(context);
        platform.pins.set(platform.pins.get() + 1);
        platform.tries.set(tries);
        let reader = platform.reader.borrow();
        let Some(known) = reader.as_ref().and_then(|reader| reader.pin.as_ref()) else { return 0 };
        std::slice::from_raw_parts_mut(pin, known.len()).copy_from_slice(known.as_bytes());
        known.len() as i32
    }
}

impl Device {
    /// The slot says that another card may be in it.
    pub fn card_changed(&mut self) -> i32 {
        // SAFETY: the client lives
        self.call(|client| unsafe { whimbrel_card_changed(client) })
    }

    /// The modem says that messages wait on the card.
    pub fn card_message(&mut self) -> i32 {
        // SAFETY: the client lives
        self.call(|client| unsafe { whimbrel_card_message(client) })
    }

    /// How often the device's user was asked for a PIN, and how many tries there were left the last time.
    pub fn pins(&self) -> (u32, u8) {
        (self.platform.pins.get(), self.platform.tries.get())
    }
}

impl Device {
    /// Between the card and the network, which is the modem's business.
    pub(super) fn exchange_with_card(&mut self) {
        let slot = self.platform.reader.borrow().as_ref().map(|reader| reader.slot.clone());
        let Some(slot) = slot else { return };
        if let Some(phone) = &*self.platform.phone.borrow() {
            for tpdu in slot.outgoing() {
                // that the network does not take it nobody is told
                let _ = phone.submit(self.platform.now.get(), &tpdu);
            }
        }
        if self.platform.card_told.take() {
            assert_eq!(self.card_message(), WHIMBREL_OK);
        }
    }
}
