//! A modem that speaks AT commands: SMS for whimbrel_port_t over a serial line, from C.

use super::layout::Carver;
use super::types::WHIMBREL_PENDING;
use crate::at::{
    Cards, Code, Config, Event, LINE_CARD_MIN, LINE_MIN, Memory, Message, Modem, Progress, Readiness, Script,
    Slot, Way,
};
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::Card;
use core::ffi::{CStr, c_char, c_void};
use core::mem::MaybeUninit;
use core::ptr;

/// States of a modem: its line is closed.
pub const WHIMBREL_MODEM_OFF: u8 = 0;
/// The dialogue begins.
pub const WHIMBREL_MODEM_STARTING: u8 = 1;
/// There is no SIM, or none that works. It is asked for again.
pub const WHIMBREL_MODEM_NO_SIM: u8 = 2;
/// The SIM wants a PIN: none was given, or it was refused.
pub const WHIMBREL_MODEM_PIN: u8 = 3;
/// The SIM is locked: only its PUK helps.
pub const WHIMBREL_MODEM_PUK: u8 = 4;
/// Not registered with a network that carries messages.
pub const WHIMBREL_MODEM_SEARCHING: u8 = 5;
/// Messages can be sent and received.
pub const WHIMBREL_MODEM_READY: u8 = 6;
/// The modem does not answer. It is tried again.
pub const WHIMBREL_MODEM_LOST: u8 = 7;

/// Events of a modem: it is set up.
pub const WHIMBREL_MODEM_EVENT_READY: u16 = 1;
/// It does not answer, or its line was closed.
pub const WHIMBREL_MODEM_EVENT_LOST: u16 = 2;
/// It has lost its settings, and gets them again: `detail` is 1 if it said so, 2 if it did not answer, 3 if it was seen.
pub const WHIMBREL_MODEM_EVENT_RESTARTED: u16 = 3;
/// A message could not be sent and is dropped: `detail` is its +CMS ERROR, 65536 and its +CME ERROR, or 0.
pub const WHIMBREL_MODEM_EVENT_SEND_FAILED: u16 = 4;
/// The registration has changed: `detail` is `stat` of +CEREG or +CREG.
pub const WHIMBREL_MODEM_EVENT_REGISTRATION: u16 = 5;
/// The SIM cannot be used: `detail` is WHIMBREL_MODEM_NO_SIM, _PIN or _PUK.
pub const WHIMBREL_MODEM_EVENT_SIM: u16 = 6;
/// A message was received: whimbrel_modem_receive() has it.
pub const WHIMBREL_MODEM_EVENT_RECEIVED: u16 = 7;
/// A message that came in is lost.
pub const WHIMBREL_MODEM_EVENT_DROPPED: u16 = 8;

/// What carries outgoing messages (+CGSMS): as the modem is.
pub const WHIMBREL_BEARER_ANY: u8 = 0;
/// Packet domain.
pub const WHIMBREL_BEARER_PACKET: u8 = 1;
/// Circuit switched.
pub const WHIMBREL_BEARER_CIRCUIT: u8 = 2;
/// Packet domain preferred.
pub const WHIMBREL_BEARER_PACKET_FIRST: u8 = 3;
/// Circuit switched preferred.
pub const WHIMBREL_BEARER_CIRCUIT_FIRST: u8 = 4;

/// An APDU to the card: nobody waits for anything.
pub const WHIMBREL_MODEM_CARD_IDLE: u8 = 0;
/// The modem is at work.
pub const WHIMBREL_MODEM_CARD_WAITING: u8 = 1;
/// whimbrel_modem_transmit() has something to tell.
pub const WHIMBREL_MODEM_CARD_ASK: u8 = 2;

/// A way to the card in the modem, for whimbrel_modem_config_t.card. Opaque.
pub struct whimbrel_modem_card_t {
    attach: fn(&'static mut MaybeUninit<Slot>) -> Cards<'static>,
}

/// +CCHO, +CGLA and +CCHC with +CRSM if the modem says that it has the first two, else +CSIM.
#[unsafe(no_mangle)]
pub static whimbrel_modem_card_auto: whimbrel_modem_card_t =
    whimbrel_modem_card_t { attach: |place| place.write(Slot::new(Way::Auto)).cards() };

/// +CSIM (TS 27.007 section 8.17): the card sees each APDU as it is.
#[unsafe(no_mangle)]
pub static whimbrel_modem_card_generic: whimbrel_modem_card_t =
    whimbrel_modem_card_t { attach: |place| place.write(Slot::new(Way::Generic)).cards() };

/// +CCHO, +CGLA, +CCHC (TS 27.007 sections 8.45 to 8.47): the modem manages the channels; +CRSM reads files on the basic one.
#[unsafe(no_mangle)]
pub static whimbrel_modem_card_channels: whimbrel_modem_card_t =
    whimbrel_modem_card_t { attach: |place| place.write(Slot::new(Way::Channels)).cards() };

/// What the application chooses about a modem; zeros are good. What it points to must live as long as the modem.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_modem_config_t {
    /// sizeof(whimbrel_modem_config_t)
    pub size: usize,
    /// The SIM's PIN, 4 to 8 digits; NULL: none. After it was refused, or when no answer came, it is not entered again by this
    /// modem: three wrong ones lock the SIM. Whoever makes a new modem gives it another try.
    pub pin: *const c_char,
    /// The number of the service centre to be set, digits with or without `+`; NULL: that of the SIM.
    pub service_centre: *const c_char,
    /// Where received messages are stored, "ME" or "SM"; NULL is "ME". All that is received there is taken and deleted.
    pub storage: *const c_char,
    /// Commands for this modem, each without its line end, sent before the SIM is asked for; NULL ends them. NULL: none.
    pub commands: *const *const c_char,
    /// 1: messages are stored by the modem, then read and deleted. 0: they come directly and are acknowledged, if it can do so.
    pub stored: u8,
    /// WHIMBREL_BEARER_…
    pub bearer: u8,
    /// Places for messages to be sent, 176 bytes each; 0 takes 4.
    pub outgoing: u16,
    /// Places for messages received; 0 takes 4.
    pub incoming: u16,
    /// How long the modem may be idle before it is asked whether it still has its settings, in seconds; 0: for ever. For those
    /// that may restart without a word: nothing would be received any more.
    pub check_s: u32,
    /// Called for everything that happens, from inside the functions below; may be NULL. May call none of them.
    pub event: Option<unsafe extern "C" fn(context: *mut c_void, code: u16, detail: i32)>,
    /// Given to `event`.
    pub event_context: *mut c_void,
    /// How APDUs reach the card in the modem: &whimbrel_modem_card_auto, _generic or _channels; NULL: not at all.
    pub card: *const whimbrel_modem_card_t,
}

/// What is known of a modem.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_modem_state_t {
    /// sizeof(whimbrel_modem_state_t)
    pub size: usize,
    /// WHIMBREL_MODEM_…
    pub state: u8,
    /// `stat` of +CEREG or +CREG (TS 27.007): 1 home, 2 searching, 3 denied, 5 roaming, 6 and 7 messages only; 255: not known.
    pub registration: u8,
    /// 1: the network carries messages.
    pub sms: u8,
    /// The last +CMS ERROR; 0: none yet.
    pub cms_error: u16,
    /// The last +CME ERROR; 0: none yet.
    pub cme_error: u16,
    /// Messages that wait to be sent, that which is being sent included: before power is cut there should be none.
    pub waiting: u16,
    /// Messages that the modem has taken.
    pub sent: u32,
    /// Messages received.
    pub received: u32,
    /// Messages that could not be sent.
    pub failed: u32,
    /// Messages that came in and are lost.
    pub dropped: u32,
    /// How often the modem has lost its settings.
    pub restarts: u32,
    /// The service centre's number, as the SIM has it; empty: not known.
    pub service_centre: [c_char; 25],
    /// WHIMBREL_MODEM_CARD_…: how an APDU comes along.
    pub card: u8,
}

/// Marks memory that holds a modem.
const ALIVE: u32 = 0x6d6f_6465;

/// A modem, in memory of the caller. Opaque.
pub struct whimbrel_modem_t {
    alive: u32,
    entered: bool,
    event: Option<unsafe extern "C" fn(*mut c_void, u16, i32)>,
    event_context: *mut c_void,
    modem: Modem<'static>,
}

/// The commands of the application.
struct Commands(*const *const c_char);

impl Script for Commands {
    fn line(&self, number: u8) -> Option<&[u8]> {
        if self.0.is_null() {
            return None;
        }
        for at in 0..=number {
            // SAFETY: the application promised an array that NULL ends; `at` is not behind it
            if unsafe { self.0.add(at.into()).read() }.is_null() {
                return None;
            }
        }
        // SAFETY: the same
        Some(unsafe { CStr::from_ptr(self.0.add(number.into()).read()) }.to_bytes())
    }
}

/// Numbers that the struct leaves out, and all of it for NULL.
unsafe fn read_config(given: *const whimbrel_modem_config_t) -> Result<whimbrel_modem_config_t, Error> {
    const NONE: whimbrel_modem_config_t = whimbrel_modem_config_t {
        size: 0,
        pin: ptr::null(),
        service_centre: ptr::null(),
        storage: ptr::null(),
        commands: ptr::null(),
        stored: 0,
        bearer: 0,
        outgoing: 0,
        incoming: 0,
        check_s: 0,
        event: None,
        event_context: ptr::null_mut(),
        card: ptr::null(),
    };
    // SAFETY: behind a size that is not ours there may be less than we know
    let mut config = match unsafe { given.as_ref() } {
        None => NONE,
        Some(given) if given.size == size_of::<whimbrel_modem_config_t>() => *given,
        Some(_) => return Err(Error::Argument),
    };
    for places in [&mut config.outgoing, &mut config.incoming] {
        if *places == 0 {
            *places = 4;
        }
    }
    Ok(config)
}

/// The text without its NUL.
unsafe fn text(text: *const c_char) -> Option<&'static [u8]> {
    // SAFETY: the application promised a string that lives as long as the modem
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// The block in pieces: the handle, the commands, the memory of the engine.
type Pieces = (*mut whimbrel_modem_t, &'static mut [Commands], Memory<'static>);

unsafe fn lay_out(carver: &mut Carver, config: &whimbrel_modem_config_t) -> Result<Pieces, Error> {
    let handle = carver.take::<whimbrel_modem_t>(1)?;
    // SAFETY: the block is the modem's
    unsafe {
        let commands = carver.slice(1, || Commands(config.commands))?;
        let outgoing = carver.slice(config.outgoing.into(), || Message::FREE)?;
        let incoming = carver.slice(config.incoming.into(), || Message::FREE)?;
        let line = carver.bytes(if config.card.is_null() { LINE_MIN } else { LINE_CARD_MIN })?;
        let place = carver.take::<MaybeUninit<Slot>>(usize::from(!config.card.is_null()))?;
        // NULL while counting
        let card = config.card.as_ref().zip(place.as_mut()).map(|(card, place)| (card.attach)(place));
        Ok((handle, commands, Memory { line, outgoing, incoming, card }))
    }
}

/// How many bytes whimbrel_modem_init() needs.
///
/// @param config  NULL takes all defaults.
/// @return Bytes; 0 if `size` is wrong. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_size(config: *const whimbrel_modem_config_t) -> usize {
    let mut carver = Carver::COUNTING;
    // SAFETY: the contract above; nothing is carved while counting
    unsafe {
        match read_config(config).and_then(|config| lay_out(&mut carver, &config)) {
            Ok(_) => carver.used(),
            Err(_) => 0,
        }
    }
}

/// Makes a modem in memory of the caller. Its line counts as open; whimbrel_modem_poll() begins.
///
/// @param memory  Aligned to 8 bytes, `size` bytes, the modem's from now on.
/// @param size    whimbrel_modem_size() of the configuration, or more.
/// @param config  Copied; NULL takes all defaults.
/// @param modem   Out: the handle, inside `memory`; NULL after an error.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, misaligned memory, a wrong `size` in the struct; WHIMBREL_ERR_FULL: `memory`
///         is too small; WHIMBREL_ERR_BAD_VALUE: a PIN, number, storage, bearer or command that cannot be.
///
/// There is nothing to be ended: when the memory is used for something else, the modem is gone. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_init(
    memory: *mut c_void,
    size: usize,
    config: *const whimbrel_modem_config_t,
    modem: *mut *mut whimbrel_modem_t,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        if modem.is_null() {
            return Error::Argument.to_c();
        }
        modem.write(ptr::null_mut());
        match make(memory.cast(), size, config) {
            Ok(made) => {
                modem.write(made);
                0
            }
            Err(error) => error.to_c(),
        }
    }
}

unsafe fn make(
    memory: *mut u8,
    size: usize,
    config: *const whimbrel_modem_config_t,
) -> Result<*mut whimbrel_modem_t, Error> {
    if memory.is_null() || memory.align_offset(8) != 0 {
        return Err(Error::Argument);
    }
    // SAFETY: the contract of whimbrel_modem_init
    unsafe {
        let given = read_config(config)?;
        let mut carver = Carver::new(memory, size);
        let (place, commands, tables) = lay_out(&mut carver, &given)?;
        let script: &'static Commands = commands.first().ok_or(Error::Full)?;
        let storage = match text(given.storage) {
            None => *b"ME",
            Some(text) => <[u8; 2]>::try_from(text).map_err(|_| Error::BadValue)?,
        };
        let config = Config {
            pin: text(given.pin),
            centre: text(given.service_centre),
            storage,
            direct: given.stored == 0,
            bearer: given.bearer.checked_sub(1),
            script,
            check_ms: crate::time::seconds(given.check_s),
        };
        let modem = Modem::new(tables, config)?;
        let (event, event_context) = (given.event, given.event_context);
        place.write(whimbrel_modem_t { alive: ALIVE, entered: false, event, event_context, modem });
        Ok(place)
    }
}

/// Enters the modem: NULL, foreign memory and re-entry are answered.
pub(super) unsafe fn enter(
    modem: *mut whimbrel_modem_t,
    job: impl FnOnce(&mut Modem<'static>, &mut dyn FnMut(Event)) -> Result<i32, Error>,
) -> i32 {
    // SAFETY: NULL, or readable memory that, if it holds a modem, one thread uses at a time
    unsafe {
        if modem.is_null() {
            return Error::Argument.to_c();
        }
        if ptr::read_volatile(&raw const (*modem).alive) != ALIVE {
            return Error::State.to_c();
        }
        if (*modem).entered {
            return Error::Reentered.to_c();
        }
        (*modem).entered = true;
        let (event, context) = ((*modem).event, (*modem).event_context);
        let mut tell = |told: Event| {
            if let Some(event) = event {
                event(context, told.code as u16, told.detail);
            }
        };
        let done = job(&mut (*modem).modem, &mut tell);
        (*modem).entered = false;
        done.unwrap_or_else(Error::to_c)
    }
}

/// Takes bytes that came from the serial line, in pieces of any size. Then call whimbrel_modem_output().
///
/// @param modem   From whimbrel_modem_init(). One thread at a time, never from inside an event.
/// @param now_ms  Milliseconds of a clock that never goes back, the same in each call.
/// @param bytes   Not kept. @param size How many.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_STATE: not a modem; WHIMBREL_ERR_REENTERED. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_input(
    modem: *mut whimbrel_modem_t,
    now_ms: u64,
    bytes: *const u8,
    size: usize,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(modem, |modem, tell| {
            modem.input(Instant::from_millis(now_ms), given(bytes, size)?, tell);
            Ok(0)
        })
    }
}

/// Gives bytes to be written to the serial line. Call it after each of the other functions, until it returns 0.
///
/// @param buffer  Filled. @param size How much it holds.
/// @return How many bytes; 0: there are no more; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED.
///         Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_output(
    modem: *mut whimbrel_modem_t,
    buffer: *mut u8,
    size: usize,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe { enter(modem, |modem, _| Ok(modem.output(writable(buffer, size)?) as i32)) }
}

/// Does what is due, then says when to call again. Call it after whimbrel_modem_send() and whimbrel_modem_receive() as well.
///
/// @param now_ms   As for whimbrel_modem_input().
/// @param next_ms  Out, may be NULL: when to call next on the same clock; UINT64_MAX if only input can change anything. Earlier is
///                 harmless.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: modem is NULL; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_poll(
    modem: *mut whimbrel_modem_t,
    now_ms: u64,
    next_ms: *mut u64,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(modem, |modem, tell| {
            let next = modem.poll(Instant::from_millis(now_ms), tell).as_millis();
            if !next_ms.is_null() {
                next_ms.write(next);
            }
            Ok(0)
        })
    }
}

/// Tells that the serial line is gone, or open anew: then everything is said to the modem again. Messages stay in their queues.
///
/// @param now_ms  As for whimbrel_modem_input().
/// @param open    0: the line is closed. 1: it is open, and what was in flight is not any more.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: modem is NULL; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_line(modem: *mut whimbrel_modem_t, now_ms: u64, open: i32) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(modem, |modem, tell| {
            modem.line(Instant::from_millis(now_ms), open != 0, tell);
            Ok(0)
        })
    }
}

/// Queues a message; whimbrel_port_t.sms_send has the same shape. It leaves when the modem is set up and registered.
///
/// @param tpdu  An SMS-SUBMIT TPDU without the service centre's address, at most 176 bytes (TS 23.040 section 9.2.2.2). Copied.
/// @param size  Its length.
/// @return WHIMBREL_OK: it is queued, and what becomes of it is told by WHIMBREL_MODEM_EVENT_SEND_FAILED if it fails;
///         WHIMBREL_ERR_BUSY: no room now; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_BAD_VALUE: empty; WHIMBREL_ERR_TOO_LARGE;
///         WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED.
///
/// A message may go out twice: if the modem has its body and does not answer any more, it is sent once more. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_send(
    modem: *mut whimbrel_modem_t,
    tpdu: *const u8,
    size: usize,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(modem, |modem, _| {
            modem.send(given(tpdu, size)?)?;
            Ok(0)
        })
    }
}

/// Takes a message that was received; whimbrel_port_t.sms_receive has the same shape.
///
/// @param buffer  An SMS-DELIVER or SMS-STATUS-REPORT TPDU without the service centre's address (TS 23.040 sections 9.2.2.1,
///                9.2.2.3).
/// @param size    How much it holds; 176 is always enough.
/// @return The length; 0: none waits; WHIMBREL_ERR_TRUNCATED: it did not fit and is lost, its beginning is in `buffer`;
///         WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_receive(
    modem: *mut whimbrel_modem_t,
    buffer: *mut u8,
    size: usize,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe { enter(modem, |modem, _| Ok(modem.receive(writable(buffer, size)?)? as i32)) }
}

/// Sends a command APDU to the card in the modem, or asks how far that has come; whimbrel_port_t.uicc_transmit has the same
/// shape but for the handle. Then call whimbrel_modem_poll(). It is possible as soon as the SIM can be used, registered or not.
///
/// @param command   A command APDU, 4 to 261 bytes (ETSI TS 102 221 section 10.1). Copied, and overwritten when its response is
///                  fetched. Another command than the one that is pending gives that up, and its response is dropped.
/// @param size      Its length; 0 only gives up the one that is pending.
/// @param response  Filled: data and status word. Not where `command` is. @param room How much it holds; 258 is always enough.
/// @param length    Out: the length of the response; 0 with every other result.
/// @return WHIMBREL_OK: the response is there, or size was 0; WHIMBREL_PENDING: ask again with the same command, when
///         whimbrel_modem_state_t.card is WHIMBREL_MODEM_CARD_ASK; WHIMBREL_ERR_NOT_FOUND: there is no SIM.
///         After any other error the card's channels are closed: WHIMBREL_ERR_CLOSED: the modem has restarted, or its session is
///         gone; WHIMBREL_ERR_TIMEOUT: no answer within 15 s; WHIMBREL_ERR_LINK: the modem is lost or off, or the SIM does not
///         work; WHIMBREL_ERR_UNAUTHORIZED: the SIM wants a PIN; WHIMBREL_ERR_BUSY: the SIM stays busy; WHIMBREL_ERR_REFUSED:
///         the modem does not carry the command; WHIMBREL_ERR_MALFORMED: its answer has no sense; WHIMBREL_ERR_TRUNCATED: `room`
///         is too small; WHIMBREL_ERR_BAD_VALUE: not a command; WHIMBREL_ERR_NOT_SUPPORTED: no whimbrel_modem_config_t.card,
///         or the modem has no such commands. WHIMBREL_ERR_ARGUMENT, _STATE, _REENTERED: nothing was done. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_transmit(
    modem: *mut whimbrel_modem_t,
    command: *const u8,
    size: usize,
    response: *mut u8,
    room: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(modem, |modem, _| {
            let length = length.as_mut().ok_or(Error::Argument)?;
            *length = 0;
            let command = given(command, size)?;
            let response = if room == 0 { &mut [] } else { writable(response, room)? };
            match modem.transmit(command, response)? {
                Some(octets) => *length = octets,
                None if !command.is_empty() => return Ok(WHIMBREL_PENDING),
                None => {}
            }
            Ok(0)
        })
    }
}

/// Tells what is known of the modem.
///
/// @param state  Filled; its `size` is to be set before.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, or a wrong `size`; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_state(
    modem: *mut whimbrel_modem_t,
    state: *mut whimbrel_modem_state_t,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(modem, |modem, _| {
            let wanted = size_of::<whimbrel_modem_state_t>();
            if state.is_null() || (&raw const (*state).size).read() != wanted {
                return Err(Error::Argument);
            }
            let known = modem.state();
            let mut service_centre: [c_char; 25] = [0; 25];
            for (to, from) in service_centre.iter_mut().zip(known.centre) {
                *to = *from as c_char;
            }
            let counters = known.counters;
            state.write(whimbrel_modem_state_t {
                size: wanted,
                state: known.readiness as u8,
                registration: known.registration,
                sms: known.possible.into(),
                cms_error: known.message_error,
                cme_error: known.equipment_error,
                waiting: u16::try_from(known.waiting).unwrap_or(u16::MAX),
                sent: counters.sent,
                received: counters.received,
                failed: counters.failed,
                dropped: counters.dropped,
                restarts: counters.restarts,
                service_centre,
                card: known.card as u8,
            });
            Ok(0)
        })
    }
}

/// What the caller gave to be read.
unsafe fn given<'b>(bytes: *const u8, size: usize) -> Result<&'b [u8], Error> {
    match (bytes.is_null(), size) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Error::Argument),
        // SAFETY: the caller promises `size` bytes
        (false, _) => Ok(unsafe { core::slice::from_raw_parts(bytes, size) }),
    }
}

/// What the caller gave to be written.
unsafe fn writable<'b>(buffer: *mut u8, size: usize) -> Result<&'b mut [u8], Error> {
    if buffer.is_null() {
        return Err(Error::Argument);
    }
    // SAFETY: the caller promises `size` bytes; more than a length can say is not needed
    Ok(unsafe { core::slice::from_raw_parts_mut(buffer, size.min(0x7fff_ffff)) })
}

// The numbers above are what the engine means by them.
const _: () = {
    assert!(WHIMBREL_MODEM_OFF == Readiness::Off as u8);
    assert!(WHIMBREL_MODEM_STARTING == Readiness::Starting as u8);
    assert!(WHIMBREL_MODEM_NO_SIM == Readiness::NoSim as u8);
    assert!(WHIMBREL_MODEM_PIN == Readiness::Pin as u8);
    assert!(WHIMBREL_MODEM_PUK == Readiness::Puk as u8);
    assert!(WHIMBREL_MODEM_SEARCHING == Readiness::Searching as u8);
    assert!(WHIMBREL_MODEM_READY == Readiness::Ready as u8);
    assert!(WHIMBREL_MODEM_LOST == Readiness::Lost as u8);
    assert!(WHIMBREL_MODEM_CARD_IDLE == Progress::Idle as u8);
    assert!(WHIMBREL_MODEM_CARD_WAITING == Progress::Waiting as u8);
    assert!(WHIMBREL_MODEM_CARD_ASK == Progress::Ask as u8);
    assert!(WHIMBREL_MODEM_EVENT_READY == Code::Ready as u16);
    assert!(WHIMBREL_MODEM_EVENT_LOST == Code::Lost as u16);
    assert!(WHIMBREL_MODEM_EVENT_RESTARTED == Code::Restarted as u16);
    assert!(WHIMBREL_MODEM_EVENT_SEND_FAILED == Code::SendFailed as u16);
    assert!(WHIMBREL_MODEM_EVENT_REGISTRATION == Code::Registration as u16);
    assert!(WHIMBREL_MODEM_EVENT_SIM == Code::Sim as u16);
    assert!(WHIMBREL_MODEM_EVENT_RECEIVED == Code::Received as u16);
    assert!(WHIMBREL_MODEM_EVENT_DROPPED == Code::Dropped as u16);
};
