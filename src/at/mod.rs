//! The AT dialogue with a modem: V.250, short messages by TS 27.005 in PDU mode, SIM and registration by TS 27.007.
//!
//! Bytes that came from the serial line go in, bytes for it come out, and time is an argument. One command is in flight at
//! a time; unsolicited codes may come at any moment. The flow:
//!
//! ```text
//! Waking: AT until OK -> Draining -> Init: the list of `command.rs` -> Ready: jobs, the most urgent first
//!    ^                                      |                            |
//!    +---- a command without an answer -----+----------------------------+      Lost: no answer to three AT
//!    +---- a modem that tells of its start, or has lost its settings ----+
//! ```
//!
//! APDUs for the card take their place between other commands, as soon as the SIM can be used.
//!
//! TPDUs pass untouched in both directions; only the address of the service centre before them is put there and taken away.

mod card;
mod channels;
mod command;
mod dialogue;
mod init;
mod jobs;
mod line;
mod network;
mod output;
mod serve;
mod sms;
mod text;

use crate::bytes::put;
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::Card;
pub use card::{Cards, LINE_CARD_MIN, Progress, Slot, Way};
use dialogue::{Flight, Following};
use line::Reader;
use network::Network;
use output::Output;
pub use serve::Line;
use sms::Sms;
pub use sms::{Message, TPDU_MAX};

/// The least number of bytes for a line: a PDU is the longest, with the service centre's address of 12 octets at most.
pub const LINE_MIN: usize = 2 * (12 + TPDU_MAX);

/// What a modem is made of; all of it belongs to the caller.
pub struct Memory<'m> {
    /// The line that comes in, [`LINE_MIN`] bytes at least; with a card [`LINE_CARD_MIN`].
    pub line: &'m mut [u8],
    /// Messages to be sent, one at least.
    pub outgoing: &'m mut [Message],
    /// Messages received, one at least.
    pub incoming: &'m mut [Message],
    /// For APDUs to the card in the modem, from [`Slot::cards`]; `None`: there are none.
    pub card: Option<Cards<'m>>,
}

/// The application's own commands of the init list.
pub trait Script {
    /// The command line of this number from 0 on, without its line end; `None` after the last one.
    fn line(&self, number: u8) -> Option<&[u8]>;
}

impl Script for &[&[u8]] {
    fn line(&self, number: u8) -> Option<&[u8]> {
        self.get(usize::from(number)).copied()
    }
}

/// What the application chooses.
#[derive(Clone, Copy)]
pub struct Config<'m> {
    /// The PIN, 4 to 8 digits. It is entered once; not again before it has been accepted.
    pub pin: Option<&'m [u8]>,
    /// The service centre's number, digits with or without `+`; `None`: the SIM has it.
    pub centre: Option<&'m [u8]>,
    /// The storage for received messages, `ME` or `SM`.
    pub storage: [u8; 2],
    /// Messages are to be delivered directly, if the modem can wait for their acknowledgement.
    pub direct: bool,
    /// What carries outgoing messages (+CGSMS); `None`: as it is.
    pub bearer: Option<u8>,
    /// Commands that are sent before the SIM is asked for.
    pub script: &'m dyn Script,
    /// How long the modem may be idle before it is asked whether it still has its settings; 0: for ever.
    pub check_ms: u64,
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    /// The init list is done.
    Ready = 1,
    /// The modem does not answer, or the line is closed.
    Lost = 2,
    /// The modem has lost its settings, and gets them again; the detail is a [`Cause`].
    Restarted = 3,
    /// A message could not be sent and is dropped. The detail is what the modem said: +CMS ERROR; 65536 and +CME ERROR;
    /// 0: ERROR, or no answer.
    SendFailed = 4,
    /// The registration has changed; the detail is `stat` of +CEREG or +CREG.
    Registration = 5,
    /// The SIM is in another state: the detail is a [`Readiness`].
    Sim = 6,
    /// A message was received.
    Received = 7,
    /// A message that came in could not be taken and is lost.
    Dropped = 8,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub code: Code,
    /// More about it.
    pub detail: i32,
}

/// How it was seen that a modem has restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Cause {
    /// It was not: the dialogue begins.
    Start = 0,
    /// It said so.
    Banner = 1,
    /// It did not answer a command.
    Silence = 2,
    /// It has other settings than it was given.
    Settings = 3,
}

/// Whether the modem can be used, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Readiness {
    /// The line is closed.
    Off = 0,
    /// The dialogue begins.
    Starting = 1,
    /// There is no SIM, or none that works.
    NoSim = 2,
    /// The SIM wants a PIN: none was given, or it was refused.
    Pin = 3,
    /// The SIM is locked: only its PUK helps.
    Puk = 4,
    /// Not registered.
    Searching = 5,
    /// Messages can be sent and received.
    Ready = 6,
    /// The modem does not answer.
    Lost = 7,
}

/// How much has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages that the modem has taken.
    pub sent: u32,
    /// Messages that were received.
    pub received: u32,
    /// Messages that could not be sent.
    pub failed: u32,
    /// Messages that came in and could not be taken.
    pub dropped: u32,
    /// Restarts of the modem.
    pub restarts: u32,
}

/// What is known of a modem.
#[derive(Clone, Copy, Debug)]
pub struct State<'s> {
    /// Whether it can be used.
    pub readiness: Readiness,
    /// `stat` of +CEREG or +CREG; 255: not known.
    pub registration: u8,
    /// The network carries short messages.
    pub possible: bool,
    /// The last +CMS ERROR; 0: none.
    pub message_error: u16,
    /// The last +CME ERROR; 0: none.
    pub equipment_error: u16,
    /// Messages that wait to be sent, that which is being sent included.
    pub waiting: usize,
    /// What has happened.
    pub counters: Counters,
    /// The service centre's number as the SIM has it.
    pub centre: &'s [u8],
    /// How an APDU comes along.
    pub card: Progress,
}

/// Where the dialogue is.
#[derive(Clone, Copy)]
enum Phase {
    /// The line is closed.
    Off,
    Waking {
        tries: u8,
        cause: Cause,
    },
    /// Answers to earlier commands may still come.
    Draining {
        cause: Cause,
    },
    Init {
        at: u8,
        form: u8,
        tries: u8,
    },
    Ready,
    Lost,
}

/// What the SIM said of itself (+CPIN).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sim {
    Unknown,
    Ready,
    Missing,
    /// There is something, and it does not work.
    Unusable,
    Pin,
    Puk,
}

/// What the init list found out.
struct Setup {
    sim: Sim,
    /// How often in a row it was said to be missing.
    missing: u8,
    /// What the application was told of it.
    sim_told: Readiness,
    /// The PIN was entered, and has not been accepted yet.
    pin_spent: bool,
    /// +CSMS: messages are acknowledged.
    acknowledged: bool,
    /// The form of +CNMI that the modem took.
    route: u8,
    /// What the modem said of it (+CNMI?): `mode` and `mt`.
    routing: [Option<u32>; 2],
    /// +CNMA is spelt with `=0`.
    spelt_out: bool,
    /// The storage could not be listed, and the modem was set up again over it.
    list_failed: bool,
    /// How often in a row the SIM was said to be ready, and then was not.
    upsets: u8,
    /// Commands came back although echo is off.
    echoes: bool,
    /// Optional steps that got no answer once, and twice, as bits.
    silent: [u32; 2],
    centre: [u8; 24],
    centre_length: u8,
}

/// Events that wait to be told: a line or a step has no more of them.
struct Events {
    list: [Event; 8],
    count: usize,
}

/// A modem behind a serial line.
pub struct Modem<'m> {
    config: Config<'m>,
    now: Instant,
    reader: Reader<'m>,
    output: Output,
    flight: Option<Flight>,
    following: Option<Following>,
    phase: Phase,
    /// Nothing is sent before.
    pause: Instant,
    /// The modem may be waiting for the body of a message.
    open: bool,
    /// How long to wait before a lost modem is tried again.
    lost_ms: u32,
    setup: Setup,
    network: Network,
    sms: Sms<'m>,
    card: Option<Cards<'m>>,
    /// When the settings are to be checked.
    check: Instant,
    events: Events,
    counters: Counters,
    errors: (u16, u16),
    /// What [`Modem::serve`] has told of: how many messages, and that there is something about an APDU.
    told: (u32, bool),
}

impl<'m> Modem<'m> {
    /// A modem whose line is open. [`Modem::poll`] begins.
    pub fn new(memory: Memory<'m>, config: Config<'m>) -> Result<Self, Error> {
        let line = if memory.card.is_some() { LINE_CARD_MIN } else { LINE_MIN };
        if memory.line.len() < line || memory.outgoing.is_empty() || memory.incoming.is_empty() {
            return Err(Error::Full);
        }
        config.check()?;
        Ok(Self {
            config,
            now: Instant::ZERO,
            reader: Reader::new(memory.line),
            output: Output::EMPTY,
            flight: None,
            following: None,
            phase: Phase::Waking { tries: 0, cause: Cause::Start },
            pause: Instant::ZERO,
            open: false,
            lost_ms: init::LOST_FIRST_MS,
            setup: Setup {
                sim: Sim::Unknown,
                missing: 0,
                sim_told: Readiness::Starting,
                pin_spent: false,
                acknowledged: false,
                route: 0,
                routing: [None; 2],
                spelt_out: false,
                list_failed: false,
                upsets: 0,
                echoes: false,
                silent: [0; 2],
                centre: [0; 24],
                centre_length: 0,
            },
            network: Network::UNKNOWN,
            sms: Sms::new(memory.outgoing, memory.incoming),
            card: memory.card,
            check: Instant::NEVER,
            events: Events { list: [Event { code: Code::Ready, detail: 0 }; 8], count: 0 },
            counters: Counters::default(),
            errors: (0, 0),
            told: (0, false),
        })
    }

    /// Takes bytes that came from the line. What follows from them is in [`Modem::output`] afterwards.
    pub fn input(&mut self, now: Instant, bytes: &[u8], tell: &mut dyn FnMut(Event)) {
        self.now = now;
        for byte in bytes {
            self.byte(*byte);
            self.show(tell);
        }
        self.advance();
        self.show(tell);
    }

    /// Fills `buffer` with bytes for the line; how many. 0: there are no more.
    pub fn output(&mut self, buffer: &mut [u8]) -> usize {
        let script = self.config.script;
        let octets = self.card.as_ref().filter(|_| self.output.has_octets());
        let body = octets.map_or_else(|| self.sms.outgoing.head(), |card| card.0.octets());
        self.output.pull(buffer, body, |number| script.line(number))
    }

    /// Does what is due, and tells when to call again; [`Instant::NEVER`]: only input can change anything.
    ///
    /// Call it after [`Modem::send`], [`Modem::receive`] and [`Card::transmit`] as well.
    pub fn poll(&mut self, now: Instant, tell: &mut dyn FnMut(Event)) -> Instant {
        self.now = now;
        self.overdue();
        self.advance();
        self.show(tell);
        match (self.flight.as_ref(), self.phase) {
            (_, Phase::Off) => Instant::NEVER,
            (Some(flight), _) => flight.due,
            (None, _) => self.next_job().err().unwrap_or(now),
        }
    }

    /// The line was closed, or has been opened anew: then the modem has to be told everything again.
    pub fn line(&mut self, now: Instant, open: bool, tell: &mut dyn FnMut(Event)) {
        self.now = now;
        self.abandon();
        self.lose_card(Error::Closed, false);
        self.following = None;
        if self.card.is_some() {
            self.reader.wipe();
        }
        self.reader.clear();
        self.output.wipe();
        if open {
            self.open = false;
            self.wake(if matches!(self.phase, Phase::Off) { Cause::Start } else { Cause::Silence });
        } else if !matches!(self.phase, Phase::Off) {
            self.phase = Phase::Off;
            self.tell(Code::Lost, 0);
        }
        self.show(tell);
    }

    /// Queues an SMS-SUBMIT without the service centre's address. [`Error::Busy`]: there is no room now.
    pub fn send(&mut self, tpdu: &[u8]) -> Result<(), Error> {
        if tpdu.is_empty() {
            return Err(Error::BadValue);
        }
        if tpdu.len() > TPDU_MAX {
            return Err(Error::TooLarge);
        }
        if self.sms.outgoing.push(tpdu.iter().copied()) { Ok(()) } else { Err(Error::Busy) }
    }

    /// Takes an SMS-DELIVER or SMS-STATUS-REPORT without the service centre's address: its length, 0 if none waits.
    ///
    /// [`Error::Truncated`]: it did not fit and is lost; `buffer` has its beginning.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let message = self.sms.incoming.head();
        let length = message.len();
        let fits = message.get(..length.min(buffer.len())).unwrap_or(&[]);
        put(buffer, 0, fits)?;
        self.sms.incoming.pop();
        if length <= buffer.len() {
            return Ok(length);
        }
        self.counters.dropped = self.counters.dropped.wrapping_add(1);
        Err(Error::Truncated)
    }

    /// What is known of the modem.
    pub fn state(&self) -> State<'_> {
        State {
            readiness: self.readiness(),
            registration: self.network.shown(),
            possible: matches!(self.phase, Phase::Ready) && self.network.carries_messages(),
            message_error: self.errors.0,
            equipment_error: self.errors.1,
            waiting: self.sms.outgoing.count(),
            counters: self.counters,
            centre: self.setup.centre.get(..self.setup.centre_length.into()).unwrap_or(&[]),
            card: self.card.as_ref().map_or(Progress::Idle, |card| match card.0.progress() {
                // out of reach: that is to be told
                Progress::Waiting if self.reach_card().is_err() => Progress::Ask,
                progress => progress,
            }),
        }
    }

    fn readiness(&self) -> Readiness {
        match (self.phase, self.setup.sim) {
            (Phase::Off, _) => Readiness::Off,
            (Phase::Lost, _) => Readiness::Lost,
            (Phase::Ready, _) if self.network.carries_messages() => Readiness::Ready,
            (Phase::Ready, _) => Readiness::Searching,
            (Phase::Init { .. }, Sim::Missing | Sim::Unusable) => Readiness::NoSim,
            (Phase::Init { .. }, Sim::Pin) => Readiness::Pin,
            (Phase::Init { .. }, Sim::Puk) => Readiness::Puk,
            _ => Readiness::Starting,
        }
    }

    /// Notes an event.
    fn tell(&mut self, code: Code, detail: i32) {
        if let Some(place) = self.events.list.get_mut(self.events.count) {
            *place = Event { code, detail };
            self.events.count = self.events.count.wrapping_add(1);
        }
    }

    /// Tells what was noted.
    fn show(&mut self, tell: &mut dyn FnMut(Event)) {
        for event in self.events.list.get(..self.events.count).unwrap_or(&[]) {
            tell(*event);
        }
        self.events.count = 0;
    }
}

impl Card for Modem<'_> {
    /// Sends an APDU to the card in the modem; [`Modem::poll`] begins, and is to be called afterwards.
    ///
    /// Where the modem manages the channels ([`Way::Channels`]), SELECT by AID has no data in its response.
    /// [`Error::NotFound`]: there is no SIM, asked three times; [`Error::Unauthorized`]: it wants a PIN; [`Error::Closed`]: the
    /// modem has restarted, or its session or its SIM seems to be gone; [`Error::Timeout`]: no answer; [`Error::Link`]: the
    /// modem is lost, or its SIM does not work; [`Error::Busy`]: the SIM stays busy; [`Error::Refused`]: the modem does not
    /// carry it; [`Error::Malformed`]: its answer has no sense; [`Error::Truncated`]: the response did not fit;
    /// [`Error::BadValue`]: not a command; [`Error::NotSupported`]: no [`Memory::card`], or the modem cannot do so.
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        let reach = self.reach_card();
        self.told.1 = false;
        match self.card.as_mut() {
            Some(card) => card.0.transmit(reach, command, response),
            None => Err(Error::NotSupported),
        }
    }
}

impl Config<'_> {
    /// Nothing of it may end a command line, or begin another one.
    fn check(&self) -> Result<(), Error> {
        let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
        let pin = self.pin.is_none_or(|pin| (4..=8).contains(&pin.len()) && digits(pin));
        let centre = self.centre.is_none_or(|number| {
            let number = number.strip_prefix(b"+").unwrap_or(number);
            (1..=20).contains(&number.len()) && digits(number)
        });
        let storage = self.storage.iter().all(u8::is_ascii_uppercase);
        let mut number = 0u8;
        while let Some(line) = self.script.line(number) {
            if line.is_empty() || number == u8::MAX || line.iter().any(u8::is_ascii_control) {
                return Err(Error::BadValue);
            }
            number = number.wrapping_add(1);
        }
        if pin && centre && storage && self.bearer.is_none_or(|bearer| bearer < 4) {
            Ok(())
        } else {
            Err(Error::BadValue)
        }
    }

    /// Whether the application sets +CFUN, so that a line of that name says nothing about a restart.
    fn sets_function(&self) -> bool {
        let mut number = 0u8;
        while let Some(line) = self.script.line(number) {
            if line.get(..7).is_some_and(|head| head.eq_ignore_ascii_case(b"AT+CFUN")) {
                return true;
            }
            number = number.wrapping_add(1);
        }
        false
    }
}
