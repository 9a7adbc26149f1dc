//! Which command lines carry an APDU, and what their answers mean for it (TS 27.007 sections 8.17, 8.18, 8.45 to 8.47; ETSI
//! TS 102 221 sections 10.1.1, 11.1.1, 11.1.3, 11.1.5, 11.1.17).
//!
//! With +CSIM the card answers itself. With +CCHO the modem manages the channels: then MANAGE CHANNEL is answered here by
//! channels that exist here only, SELECT by AID opens a session of the modem, and what follows on that channel goes by
//! +CGLA. The basic channel is not the modem's to give away: of it, files are read by +CRSM.

use super::card::{Found, Slot, Way};
use super::output::Output;
use super::text::{Outcome, hex_digit};
use crate::error::Error;

const MANAGE_CHANNEL: u8 = 0x70;
/// MANAGE CHANNEL: P1 that closes.
const CLOSE: u8 = 0x80;
const SELECT: u8 = 0xa4;
const READ_BINARY: u8 = 0xb0;
const READ_RECORD: u8 = 0xb2;
/// GET RESPONSE, by which +CRSM gets what SELECT tells.
const GET_RESPONSE: u8 = 0xc0;

/// Status words (ETSI TS 102 221 section 10.2.1).
const NO_CHANNEL: u16 = 0x6881;
const WRONG_LENGTH: u16 = 0x6700;
const NO_CONDITIONS: u16 = 0x6985;
const NO_FILE_SELECTED: u16 = 0x6986;
const NOT_FOUND: u16 = 0x6a82;
const NO_MEMORY: u16 = 0x6a84;
const WRONG_PARAMETERS: u16 = 0x6a86;
const WRONG_INSTRUCTION: u16 = 0x6d00;
const WRONG_CLASS: u16 = 0x6e00;

/// What is known of the modem's commands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Nothing,
    /// It has +CCHO.
    Opens,
    Generic,
    Channels,
}

impl Known {
    pub const fn of(way: Way) -> Self {
        match way {
            Way::Auto => Self::Nothing,
            Way::Generic => Self::Generic,
            Way::Channels => Self::Channels,
        }
    }
}

/// A command line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    None,
    /// +CCHO=? and +CGLA=?
    AskOpen,
    AskSend,
    /// Closes that channel: +CCHC, or MANAGE CHANNEL by +CSIM.
    Close(u8),
    /// +CCHO
    Open,
    /// +CGLA
    Send,
    /// +CSIM; also of MANAGE CHANNEL to open (that channel, or 0 for any) and to close.
    Simple,
    SimpleOpen(u8),
    SimpleClose(u8),
    /// +CRSM: what SELECT of that file tells; reading from the selected one by that command.
    Select(u16),
    File(u8),
}

impl Step {
    /// Whether the card sees something of the caller.
    pub const fn carries(self) -> bool {
        !matches!(self, Self::None | Self::AskOpen | Self::AskSend | Self::Close(_))
    }
}

/// What a command needs where the modem manages the channels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    Step(Step),
    /// Nothing: this status word is the answer.
    Word(u16),
    /// A channel is open from now on, or no more.
    Opened(u8),
    Closed(u8),
}

impl Slot {
    /// The next command line.
    pub(super) fn next(&self) -> Step {
        if let Some(channel) = first_bit(self.closing) {
            return Step::Close(channel);
        }
        match self.known {
            Known::Nothing => Step::AskOpen,
            Known::Opens => Step::AskSend,
            Known::Generic => match self.apdu.all() {
                [_, MANAGE_CHANNEL, 0, channel, ..] => Step::SimpleOpen(*channel),
                [_, MANAGE_CHANNEL, CLOSE, ..] => Step::SimpleClose(closes(self.apdu.all())),
                _ => Step::Simple,
            },
            Known::Channels => match self.plan() {
                Plan::Step(step) => step,
                Plan::Word(_) | Plan::Opened(_) | Plan::Closed(_) => Step::None,
            },
        }
    }

    pub(super) fn plan(&self) -> Plan {
        let Some([class, instruction, p1, p2]) = self.apdu.all().first_chunk::<4>() else {
            return Plan::Word(WRONG_LENGTH);
        };
        match (*instruction, self.channel) {
            (MANAGE_CHANNEL, _) => self.manage(*p1, *p2),
            (_, 0) if *class != 0 => Plan::Word(WRONG_CLASS),
            (SELECT, 0) => self.select_file(*p1),
            (READ_BINARY, 0) if p1 & 0x80 == 0 => self.read_file(READ_BINARY),
            (READ_RECORD, 0) if *p2 == 4 => self.read_file(READ_RECORD),
            (READ_BINARY | READ_RECORD, 0) => Plan::Word(WRONG_PARAMETERS),
            (_, 0) => Plan::Word(WRONG_INSTRUCTION),
            (_, channel) if self.open & bit(channel) == 0 => Plan::Word(NO_CHANNEL),
            (SELECT, channel) if *p1 == 4 => self.select_application(channel, *p2),
            (_, channel) if self.session(channel).is_none() => Plan::Word(NO_CONDITIONS),
            _ => Plan::Step(Step::Send),
        }
    }

    fn manage(&self, p1: u8, p2: u8) -> Plan {
        let taken = self.open | self.closing;
        match (p1, if p2 == 0 { self.channel } else { p2 }) {
            (0, _) if p2 == 0 => {
                let free = [1, 2, 3].iter().find(|channel| taken & bit(**channel) == 0);
                free.copied().map_or(Plan::Word(NO_CHANNEL), Plan::Opened)
            }
            (CLOSE, channel) if self.open & bit(channel) == 0 => Plan::Word(NO_CHANNEL),
            (CLOSE, channel) if self.session(channel).is_some() => Plan::Step(Step::Close(channel)),
            (CLOSE, channel) => Plan::Closed(channel),
            _ => Plan::Word(WRONG_PARAMETERS),
        }
    }

    /// By file identifier, or by path of a file that lies directly under the MF.
    fn select_file(&self, p1: u8) -> Plan {
        match (p1, self.data()) {
            (0 | 8, Some(&[high, low])) => Plan::Step(Step::Select(u16::from_be_bytes([high, low]))),
            (0 | 8, Some(_)) => Plan::Word(NOT_FOUND),
            (0 | 8, None) => Plan::Word(WRONG_LENGTH),
            _ => Plan::Word(WRONG_PARAMETERS),
        }
    }

    const fn read_file(&self, instruction: u8) -> Plan {
        match (self.file, self.apdu.length) {
            (None, _) => Plan::Word(NO_FILE_SELECTED),
            (Some(_), 5) => Plan::Step(Step::File(instruction)),
            _ => Plan::Word(WRONG_LENGTH),
        }
    }

    fn select_application(&self, channel: u8, p2: u8) -> Plan {
        if p2 & 3 != 0 {
            // only the first one of that name
            return Plan::Word(WRONG_PARAMETERS);
        }
        match self.application() {
            None => Plan::Word(WRONG_LENGTH),
            Some(_) if self.session(channel).is_some() => Plan::Step(Step::Close(channel)),
            Some(_) => Plan::Step(Step::Open),
        }
    }

    /// The AID in a SELECT.
    pub(super) fn application(&self) -> Option<&[u8]> {
        self.data().filter(|aid| (1..=16).contains(&aid.len()))
    }

    /// The data of a command.
    fn data(&self) -> Option<&[u8]> {
        let (head, rest) = self.apdu.all().split_first_chunk::<5>()?;
        let [.., length] = *head;
        let (data, expected) = rest.split_at_checked(length.into())?;
        (expected.len() <= 1).then_some(data)
    }

    pub(super) fn session(&self, channel: u8) -> Option<u32> {
        *self.sessions.get(usize::from(channel).checked_sub(1)?)?
    }

    fn set_session(&mut self, channel: u8, session: Option<u32>) {
        let place = usize::from(channel).checked_sub(1).and_then(|at| self.sessions.get_mut(at));
        if let Some(place) = place {
            *place = session;
        }
    }

    /// The modem or the card has closed the channel, or knows nothing of it.
    pub(super) fn no_session(&mut self, channel: u8) {
        self.set_session(channel, None);
        self.closing &= !bit(channel);
    }

    /// How the answer to the command line in flight begins.
    pub(super) const fn answer(&self) -> &'static [u8] {
        match self.step {
            Step::AskOpen | Step::Open => b"+CCHO:",
            Step::AskSend | Step::Send => b"+CGLA:",
            Step::Select(_) | Step::File(_) => b"+CRSM:",
            Step::Close(_) if matches!(self.known, Known::Channels) => b"+CCHC:",
            _ => b"+CSIM:",
        }
    }

    /// Writes the command line.
    pub(super) fn write(&mut self, output: &mut Output) -> Result<(), Error> {
        let digits = (self.apdu.length as u32).wrapping_mul(2);
        match self.step {
            Step::None => Ok(()),
            Step::AskOpen => output.text(b"AT+CCHO=?\r"),
            Step::AskSend => output.text(b"AT+CGLA=?\r"),
            Step::Close(channel) if self.known == Known::Channels => {
                output.text(b"AT+CCHC=")?;
                output.number(self.session(channel).unwrap_or(0))?;
                output.text(b"\r")
            }
            Step::Close(channel) => {
                output.text(b"AT+CSIM=8,\"007080")?;
                output.text(&[hex_digit(channel, true), hex_digit(channel, false)])?;
                output.text(b"\"\r")
            }
            Step::Open => {
                output.text(b"AT+CCHO=\"")?;
                output.octets();
                Ok(())
            }
            Step::Send => {
                // the modem puts its own channel in
                if let Some(class) = self.apdu.octets.first_mut() {
                    *class &= !3;
                }
                output.text(b"AT+CGLA=")?;
                output.number(self.session(self.channel).unwrap_or(0))?;
                output.text(b",")?;
                self.write_apdu(output, digits)
            }
            Step::Simple | Step::SimpleOpen(_) | Step::SimpleClose(_) => {
                output.text(b"AT+CSIM=")?;
                self.write_apdu(output, digits)
            }
            Step::Select(file) => write_file(output, GET_RESPONSE, file, &[0; 3]),
            Step::File(instruction) => {
                let parameters = match self.apdu.all() {
                    [_, _, p1, p2, expected] => [*p1, *p2, *expected],
                    _ => [0; 3],
                };
                write_file(output, instruction, self.file.unwrap_or(0), &parameters)
            }
        }
    }

    fn write_apdu(&self, output: &mut Output, digits: u32) -> Result<(), Error> {
        output.number(digits)?;
        output.text(b",\"")?;
        output.octets();
        Ok(())
    }

    /// The command line has ended.
    pub(super) fn ended(&mut self, step: Step, found: Found, outcome: Outcome) {
        let ok = outcome == Outcome::Ok;
        match (step, found) {
            (Step::AskOpen, _) if ok => self.known = Known::Opens,
            (Step::AskSend, _) if ok => self.known = Known::Channels,
            (Step::AskOpen | Step::AskSend, _) if knows_not(outcome) => self.known = Known::Generic,
            (Step::Close(channel), _) => self.no_session(channel),
            (Step::Open, Found::Session(session)) if ok => {
                self.set_session(self.channel, Some(session));
                self.answered_by(0x9000);
            }
            (Step::Open, _) if !ok && is_of_command(outcome) => {
                let memory = matches!(outcome, Outcome::Equipment(20 | 23));
                self.answered_by(if memory { NO_MEMORY } else { NOT_FOUND });
            }
            // the modem knows nothing of the session
            (Step::Send, _) if !ok && is_of_command(outcome) => self.fail(Error::Closed),
            (_, Found::Octets(octets)) if ok => {
                self.look_at(step, octets);
                self.answered(octets);
            }
            _ => self.fail(if ok { Error::Malformed } else { refused(outcome) }),
        }
    }

    /// What the card has done changes what is known of its channels.
    fn look_at(&mut self, step: Step, octets: usize) {
        let response = self.apdu.octets.get(..octets).and_then(|all| all.split_last_chunk::<2>());
        let Some((data, [0x90 | 0x91, _])) = response else { return };
        match step {
            Step::Select(file) => self.file = Some(file),
            Step::SimpleOpen(given) => {
                let channel = data.first().copied().unwrap_or(given);
                self.opened(channel);
            }
            Step::SimpleClose(channel) => self.closed(channel),
            _ => {}
        }
    }
}

/// Writes +CRSM.
fn write_file(output: &mut Output, instruction: u8, file: u16, parameters: &[u8; 3]) -> Result<(), Error> {
    output.text(b"AT+CRSM=")?;
    output.number(instruction.into())?;
    output.text(b",")?;
    output.number(file.into())?;
    for parameter in parameters {
        output.text(b",")?;
        output.number((*parameter).into())?;
    }
    output.text(b"\r")
}

/// Whether an error tells of the command, and not of the card or the modem.
const fn is_of_command(outcome: Outcome) -> bool {
    matches!(refused(outcome), Error::Refused)
}

/// The same, or there is no such command.
const fn knows_not(outcome: Outcome) -> bool {
    matches!(refused(outcome), Error::Refused | Error::NotSupported)
}

/// What it means for the card that a command line was refused. That there is none is not taken from one answer: then +CPIN
/// is asked, which tells it.
pub(super) const fn refused(outcome: Outcome) -> Error {
    match outcome {
        Outcome::Equipment(10) | Outcome::Message(310) => Error::Closed,
        Outcome::Equipment(11 | 12 | 17 | 18) | Outcome::Message(311 | 316..=318) => Error::Unauthorized,
        Outcome::Equipment(13 | 15) | Outcome::Message(313 | 315) => Error::Link,
        Outcome::Equipment(14) | Outcome::Message(314) => Error::Busy,
        Outcome::Equipment(4) => Error::NotSupported,
        _ => Error::Refused,
    }
}

/// The channel in a class byte (ETSI TS 102 221 section 10.1.1).
pub(super) const fn channel_of(class: u8) -> u8 {
    if class & 0x40 == 0 { class & 3 } else { (class & 15).wrapping_add(4) }
}

/// MANAGE CHANNEL that closes that channel.
pub(super) const fn close(channel: u8) -> [u8; 4] {
    [0, MANAGE_CHANNEL, CLOSE, channel]
}

/// The channel that a command closes; 0: none.
pub(super) const fn closes(command: &[u8]) -> u8 {
    match command {
        [class, MANAGE_CHANNEL, CLOSE, 0, ..] => channel_of(*class),
        [_, MANAGE_CHANNEL, CLOSE, channel, ..] => *channel,
        _ => 0,
    }
}

/// A channel as a bit: 1 to 19, because the basic channel is neither opened nor closed.
pub(super) const fn bit(channel: u8) -> u32 {
    if channel > 0 && channel < 20 { 1u32.wrapping_shl(channel as u32) } else { 0 }
}

fn first_bit(bits: u32) -> Option<u8> {
    (1..20).find(|channel| bits & bit(*channel) != 0)
}
