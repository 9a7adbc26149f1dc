//! The commands that are used, how long each may take, and the init list (TS 27.005, TS 27.007).
//!
//! A further command is an entry of [`Command`], a row, and an arm wherever its arguments are written or its answer is
//! read: the compiler asks for the first, `dialogue.rs` has the others.

use super::text::Outcome;

/// A command of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Attention,
    EchoOff,
    Words,
    ErrorNumbers,
    /// What the application wants to be sent as well.
    Extra,
    PinAsk,
    PinGive,
    Service,
    PduMode,
    CentreSet,
    CentreAsk,
    Storage,
    Bearer,
    PacketReports,
    CircuitReports,
    PacketAsk,
    CircuitAsk,
    Route,
    RouteAsk,
    Select,
    List,
    Read,
    Delete,
    Send,
    Acknowledge,
    /// An APDU, or what it needs before (`channels.rs`).
    Card,
}

/// What is constant about a command.
pub(super) struct Row {
    /// The command line, as far as it is always the same.
    pub text: &'static [u8],
    /// How lines begin that are its answer.
    pub answer: &'static [u8],
    /// How long the modem may be silent, in milliseconds.
    pub patience_ms: u32,
    /// In the init list: forms that are tried one after the other.
    pub forms: u8,
    /// In the init list: without it nothing works.
    pub needed: bool,
}

const fn row(text: &'static [u8], answer: &'static [u8], patience_ms: u32) -> Row {
    Row { text, answer, patience_ms, forms: 1, needed: false }
}

const fn needed(text: &'static [u8], answer: &'static [u8], forms: u8) -> Row {
    Row { text, answer, patience_ms: 5_000, forms, needed: true }
}

const fn forms(text: &'static [u8], answer: &'static [u8], forms: u8) -> Row {
    Row { text, answer, patience_ms: 5_000, forms, needed: false }
}

/// How long the modem may take to ask for the body of a message, and to send it.
pub(super) const SEND_MS: u32 = 120_000;

// Simple queries take less than 2 s; what reads the SIM is given more, because it is busy after the start.
static ATTENTION: Row = row(b"AT", b"", 2_000);
static ECHO_OFF: Row = row(b"ATE0", b"", 2_000);
static WORDS: Row = row(b"ATV1", b"", 2_000);
static ERROR_NUMBERS: Row = row(b"AT+CMEE=1", b"", 2_000);
static EXTRA: Row = row(b"", b"", 30_000);
static PIN_ASK: Row = needed(b"AT+CPIN?", b"+CPIN:", 1);
static PIN_GIVE: Row = row(b"AT+CPIN=\"", b"+CPIN:", 15_000);
static SERVICE: Row = forms(b"AT+CSMS=", b"+CSMS:", 2);
static PDU_MODE: Row = needed(b"AT+CMGF=0", b"", 1);
static CENTRE_SET: Row = row(b"AT+CSCA=\"", b"", 5_000);
static CENTRE_ASK: Row = row(b"AT+CSCA?", b"+CSCA:", 5_000);
static STORAGE: Row = forms(b"AT+CPMS=\"", b"+CPMS:", 2);
static BEARER: Row = row(b"AT+CGSMS=", b"", 5_000);
static PACKET_REPORTS: Row = row(b"AT+CEREG=1", b"", 2_000);
static CIRCUIT_REPORTS: Row = row(b"AT+CREG=1", b"", 2_000);
static PACKET_ASK: Row = row(b"AT+CEREG?", b"+CEREG:", 2_000);
static CIRCUIT_ASK: Row = row(b"AT+CREG?", b"+CREG:", 2_000);
static ROUTE: Row = needed(b"AT+CNMI=", b"", 6);
static ROUTE_ASK: Row = row(b"AT+CNMI?", b"+CNMI:", 2_000);
static SELECT: Row = row(b"AT+CPMS=\"", b"+CPMS:", 5_000);
static LIST: Row = row(b"AT+CMGL=4", b"+CMGL:", 30_000);
static READ: Row = row(b"AT+CMGR=", b"+CMGR:", 10_000);
static DELETE: Row = row(b"AT+CMGD=", b"", 10_000);
static SEND: Row = row(b"AT+CMGS=", b"+CMGS:", 5_000);
static ACKNOWLEDGE: Row = row(b"AT+CNMA", b"", 5_000);
static CARD: Row = row(b"", b"", 15_000);

impl Command {
    pub const fn row(self) -> &'static Row {
        match self {
            Self::Attention => &ATTENTION,
            Self::EchoOff => &ECHO_OFF,
            Self::Words => &WORDS,
            Self::ErrorNumbers => &ERROR_NUMBERS,
            Self::Extra => &EXTRA,
            Self::PinAsk => &PIN_ASK,
            Self::PinGive => &PIN_GIVE,
            Self::Service => &SERVICE,
            Self::PduMode => &PDU_MODE,
            Self::CentreSet => &CENTRE_SET,
            Self::CentreAsk => &CENTRE_ASK,
            Self::Storage => &STORAGE,
            Self::Bearer => &BEARER,
            Self::PacketReports => &PACKET_REPORTS,
            Self::CircuitReports => &CIRCUIT_REPORTS,
            Self::PacketAsk => &PACKET_ASK,
            Self::CircuitAsk => &CIRCUIT_ASK,
            Self::Route => &ROUTE,
            Self::RouteAsk => &ROUTE_ASK,
            Self::Select => &SELECT,
            Self::List => &LIST,
            Self::Read => &READ,
            Self::Delete => &DELETE,
            Self::Send => &SEND,
            Self::Acknowledge => &ACKNOWLEDGE,
            Self::Card => &CARD,
        }
    }

    /// Whether the modem may still speak in digits, `0` for OK and `4` for ERROR (V.250 section 6.2.5).
    pub const fn may_be_numeric(self) -> bool {
        matches!(self, Self::Attention | Self::EchoOff | Self::Words)
    }
}

/// What is sent to a modem that has started, in this order.
pub(super) static INIT: [Command; 18] = [
    Command::EchoOff,
    Command::Words,
    Command::ErrorNumbers,
    Command::Extra,
    Command::PinAsk,
    Command::PinGive,
    Command::Service,
    Command::PduMode,
    Command::CentreSet,
    Command::CentreAsk,
    Command::Storage,
    Command::Bearer,
    Command::PacketReports,
    Command::CircuitReports,
    Command::PacketAsk,
    Command::CircuitAsk,
    Command::Route,
    Command::RouteAsk,
];

/// Where in the list the SIM is asked for.
pub(super) const ASK_SIM: u8 = 4;
const _: () = assert!(matches!(INIT[ASK_SIM as usize], Command::PinAsk));

/// How messages are routed (+CNMI): `mode`, `mt` and `ds`. `mt` is 2 for direct delivery, 1 for stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Routing {
    pub mode: u8,
    pub messages: u8,
    pub reports: u8,
}

/// The forms of +CNMI, the wanted delivery first: what a modem does not know is left out step by step.
pub(super) const fn routing(form: u8, direct: bool) -> Routing {
    let (wanted, form) = if form < 3 { (direct, form) } else { (!direct, form.wrapping_sub(3)) };
    Routing {
        mode: if form < 2 { 2 } else { 1 },
        messages: if wanted { 2 } else { 1 },
        reports: if form == 0 { 1 } else { 0 },
    }
}

/// What to do with a message that could not be sent (TS 27.005 section 3.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Again after a growing pause.
    Later,
    /// Once more.
    Once,
    /// After the storage is cleaned up.
    CleanUp,
    /// After the service centre's number is set.
    Centre,
    /// The SIM is not there any more: the init list first.
    Sim,
    /// Never.
    Never,
}

pub(super) const fn advice(outcome: Outcome) -> Advice {
    match outcome {
        Outcome::Message(code) => match code {
            // of the network: out of order, temporary failure, congestion, no resources; service centre busy, failure
            38 | 41 | 42 | 47 | 0xc0 | 0xc2 | 301 | 314 | 331 | 332 => Advice::Later,
            0 | 300 | 500 => Advice::Once,
            310..=313 | 315..=318 => Advice::Sim,
            320..=322 => Advice::CleanUp,
            330 => Advice::Centre,
            _ => Advice::Never,
        },
        Outcome::Equipment(code) => match code {
            14 | 30 | 31 => Advice::Later,
            0 | 100 => Advice::Once,
            10..=13 | 15 | 17 | 18 => Advice::Sim,
            20 | 21 | 23 => Advice::CleanUp,
            _ => Advice::Never,
        },
        Outcome::Ok | Outcome::Error => Advice::Once,
    }
}

/// Whether the SIM is only busy, as it is for a while after the start.
pub(super) const fn is_busy(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Message(314) | Outcome::Equipment(14))
}
