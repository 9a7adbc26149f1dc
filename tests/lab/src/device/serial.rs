//! A modem at a serial line: the AT engine of the library on this side, the bench's modem on the other.

use crate::sms::Modem;
use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use whimbrel::capi::*;

/// How often bytes may go to and fro at one instant.
const PATIENCE: u32 = 10_000;

/// The engine and the modem.
pub struct Serial {
    engine: *mut whimbrel_modem_t,
    _memory: Vec<u64>,
    /// The modem, for orders.
    pub modem: Modem,
    /// What the modem has said and the engine has not taken.
    heard: Vec<u8>,
    next: u64,
    events: Rc<Events>,
}

/// What the engine told.
type Events = RefCell<Vec<(u16, i32)>>;

unsafe extern "C" fn event(context: *mut c_void, code: u16, detail: i32) {
    // SAFETY: the events live as long as the engine, which one thread calls
    unsafe { &*context.cast::<Events>() }.borrow_mut().push((code, detail));
}

/// The wire between the two, while bytes are moved: it takes seven at a time.
struct Wire<'m> {
    modem: &'m mut Modem,
    now: u64,
    heard: &'m mut Vec<u8>,
    moved: bool,
}

unsafe extern "C" fn line_receive(context: *mut c_void, buffer: *mut u8, size: usize) -> i32 {
    // SAFETY: the wire of the pump that is running, and as much room as the engine says
    let (wire, buffer) =
        unsafe { (&mut *context.cast::<Wire<'_>>(), std::slice::from_raw_parts_mut(buffer, size)) };
    wire.heard.extend(wire.modem.output(wire.now));
    let length = wire.heard.len().min(size);
    buffer[..length].copy_from_slice(&wire.heard[..length]);
    wire.heard.drain(..length);
    wire.moved |= length > 0;
    length as i32
}

unsafe extern "C" fn line_send(context: *mut c_void, bytes: *const u8, size: usize) -> i32 {
    // SAFETY: the wire of the pump that is running, and what the engine gives
    let (wire, bytes) =
        unsafe { (&mut *context.cast::<Wire<'_>>(), std::slice::from_raw_parts(bytes, size)) };
    let taken = &bytes[..size.min(7)];
    wire.modem.input(wire.now, taken);
    wire.moved = true;
    taken.len() as i32
}

impl Serial {
    /// A modem that has been on for a while, and an engine that begins. `stored`: messages are read from its memory.
    ///
    /// # Panics
    ///
    /// If the engine cannot be made.
    pub fn new(modem: Modem, stored: bool) -> Self {
        Self::with_card(modem, stored, ptr::null())
    }

    /// The same, where APDUs go to the card in the modem that way.
    ///
    /// # Panics
    ///
    /// If the engine cannot be made.
    pub fn with_card(modem: Modem, stored: bool, card: *const whimbrel_modem_card_t) -> Self {
        let events = Rc::new(Events::default());
        let config = whimbrel_modem_config_t {
            size: size_of::<whimbrel_modem_config_t>(),
            pin: ptr::null(),
            service_centre: ptr::null(),
            storage: ptr::null(),
            commands: ptr::null(),
            stored: stored.into(),
            bearer: 0,
            outgoing: 8,
            incoming: 8,
            check_s: 600,
            event: Some(event),
            event_context: Rc::as_ptr(&events).cast_mut().cast(),
            card,
        };
        // SAFETY: the memory lives as long as the engine
        unsafe {
            let size = whimbrel_modem_size(&config);
            let mut memory = vec![0u64; size.div_ceil(8)];
            let mut engine = ptr::null_mut();
            let made = whimbrel_modem_init(memory.as_mut_ptr().cast(), size, &config, &mut engine);
            assert_eq!(made, WHIMBREL_OK, "the engine");
            Self { engine, _memory: memory, modem, heard: Vec::new(), next: 0, events }
        }
    }

    /// What the engine told.
    pub fn events(&self) -> Vec<(u16, i32)> {
        self.events.borrow().clone()
    }

    /// What is known of the modem.
    ///
    /// # Panics
    ///
    /// If the engine does not say.
    pub fn state(&self) -> whimbrel_modem_state_t {
        // SAFETY: all of it may be zero, and the engine lives
        unsafe {
            let mut state: whimbrel_modem_state_t = std::mem::zeroed();
            state.size = size_of::<whimbrel_modem_state_t>();
            assert_eq!(whimbrel_modem_state(self.engine, &mut state), WHIMBREL_OK);
            state
        }
    }

    pub(super) fn send(&mut self, tpdu: &[u8]) -> i32 {
        self.next = 0;
        // SAFETY: the engine lives
        unsafe { whimbrel_modem_send(self.engine, tpdu.as_ptr(), tpdu.len()) }
    }

    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> i32 {
        self.next = 0;
        // SAFETY: the engine lives
        unsafe { whimbrel_modem_receive(self.engine, buffer.as_mut_ptr(), buffer.len()) }
    }

    pub(super) fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<usize, i32> {
        self.next = 0;
        let mut length = 0;
        // SAFETY: the engine lives, and takes what it is given during the call
        let status = unsafe {
            whimbrel_modem_transmit(
                self.engine,
                command.as_ptr(),
                command.len(),
                response.as_mut_ptr(),
                response.len(),
                &mut length,
            )
        };
        if status == WHIMBREL_OK { Ok(length) } else { Err(status) }
    }

    /// Moves bytes both ways until all is quiet.
    ///
    /// # Panics
    ///
    /// If it never is.
    pub(super) fn pump(&mut self, now: u64) {
        for _ in 0..PATIENCE {
            let mut wire = Wire { modem: &mut self.modem, now, heard: &mut self.heard, moved: false };
            let line = whimbrel_line_t {
                size: size_of::<whimbrel_line_t>(),
                context: (&raw mut wire).cast(),
                receive: Some(line_receive),
                send: Some(line_send),
            };
            // SAFETY: the engine lives, and calls the line during the call only
            let served = unsafe { whimbrel_modem_serve(self.engine, now, &line, &mut self.next) };
            assert_eq!(served, WHIMBREL_OK);
            let moved = wire.moved;
            self.modem.poll(now);
            let waits = !self.heard.is_empty() || self.modem.next_deadline().is_some_and(|next| next <= now);
            if !moved && !waits {
                return;
            }
        }
        panic!("the line is never quiet at {now} ms");
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        let engine = Some(self.next).filter(|next| *next != u64::MAX);
        self.modem.next_deadline().into_iter().chain(engine).min()
    }
}
