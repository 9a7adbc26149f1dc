//! What a model of modem can, and what goes wrong with one.

use super::{Card, Settings};
use crate::sms::CENTRE;

/// How far a model goes with a way to the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It works.
    Open,
    /// The command is not known: `ERROR`, also to `=?`.
    Unknown,
    /// The command is known, and each use refused by this `+CME ERROR`.
    Refused(u16),
}

/// A model. The default can everything and answers in 20 milliseconds.
#[derive(Clone, Debug)]
pub struct Options {
    /// `+CGSN`.
    pub imei: String,
    /// `+CIMI`.
    pub imsi: String,
    /// There is a card.
    pub card: bool,
    /// `+CSIM`.
    pub generic: Access,
    /// `+CCHO`, `+CGLA` and `+CCHC`.
    pub channels: Access,
    /// `+CRSM`.
    pub restricted: Access,
    /// `+CCHO` answers by the number alone, as the standard says; otherwise by `+CCHO: 1`.
    pub bare_session: bool,
    /// The session of the card's channel 1.
    pub first_session: u32,
    /// Fetches what the card announces by 61xx; otherwise the host has to.
    pub fetches: bool,
    /// Says by `+CPIN` when a card is taken out or put in.
    pub tells_card: bool,
    /// What the card takes for a command, besides `delay`.
    pub card_delay: u64,
    /// From the moment when a card is put in until it can be used.
    pub card_start: u64,
    /// The card's PIN, asked for after each reset.
    pub pin: Option<String>,
    /// The service centre's number on the card; empty if it was never set.
    pub centre: String,
    /// `+CSMS=1` is known.
    pub phase_2_plus: bool,
    /// `+CNMI` knows direct delivery.
    pub direct: bool,
    /// Texts in responses have quotes.
    pub quotes: bool,
    /// PDUs are shown in lower case.
    pub lower_hex: bool,
    /// Messages for the card (class 2 with TP-PID 7F) go to the card, as TS 23.040 wants, and are not shown.
    pub card_takes: bool,
    /// Begins in text mode.
    pub text_mode: bool,
    /// Begins with echo.
    pub echo: bool,
    /// The memory for all purposes after a reset.
    pub memory: &'static str,
    /// Places in each memory.
    pub places: usize,
    /// Commands that are not known: `+CGSMS`.
    pub unknown: Vec<&'static str>,
    /// Bytes that come while a command is worked at wait; otherwise they are lost.
    pub type_ahead: bool,
    /// From a command to its response, in milliseconds.
    pub delay: u64,
    /// From a PDU to its `+CMGS`.
    pub send_delay: u64,
    /// How long `+CNMA` is waited for.
    pub patience: u64,
    /// From a reset to the banner.
    pub boot: u64,
    /// From the banner to the registration.
    pub attach: u64,
    /// What is said once it is up.
    pub banner: Vec<String>,
    /// At most so many bytes at a time, and so many milliseconds after each.
    pub chunk: (usize, u64),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            imei: "004999010640000".into(),
            imsi: "001010123456789".into(),
            card: true,
            generic: Access::Open,
            channels: Access::Open,
            restricted: Access::Open,
            bare_session: true,
            first_session: 1,
            fetches: false,
            tells_card: true,
            card_delay: 30,
            card_start: 0,
            pin: None,
            centre: CENTRE.into(),
            phase_2_plus: true,
            direct: true,
            quotes: true,
            lower_hex: false,
            card_takes: true,
            text_mode: false,
            echo: true,
            memory: "ME",
            places: 10,
            unknown: Vec::new(),
            type_ahead: false,
            delay: 20,
            send_delay: 1000,
            patience: 15_000,
            boot: 3000,
            attach: 0,
            banner: vec!["RDY".into(), "+CFUN: 1".into()],
            chunk: (usize::MAX, 0),
        }
    }
}

impl Options {
    pub(super) const fn settings(&self) -> Settings {
        Settings {
            echo: self.echo,
            verbose: true,
            quiet: false,
            errors: 0,
            service: 0,
            text_mode: self.text_mode,
            routing: [0, 0, 0, 0, 0],
            memories: [self.memory; 3],
            reports: [0; 3],
            domain: 1,
        }
    }

    pub(super) const fn card(&self) -> Card {
        match (self.card, &self.pin) {
            (false, _) => Card::Missing,
            (true, Some(_)) => Card::Pin,
            (true, None) => Card::Ready,
        }
    }
}

/// What goes wrong with one command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not heard.
    Silence,
    /// It is not done, and this is the result: `+CMS ERROR: 500`.
    Result(String),
    /// It is done, but the final result code never comes.
    NoResult,
    /// These bytes come before the response.
    Noise(Vec<u8>),
    /// These lines come in the middle of the response, before the final result code. The second line of `+CMT` is one.
    Unsolicited(Vec<String>),
    /// The response takes so many milliseconds more.
    Slow(u64),
    /// It is not done: the modem resets.
    Reset,
}

/// Which command line a fault is for.
#[derive(Clone, Debug)]
pub(super) enum When {
    Nth(u32),
    Prefix(String),
}
