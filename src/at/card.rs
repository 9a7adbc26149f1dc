//! APDUs for the card in the modem (TS 27.007 sections 8.17, 8.18, 8.45 to 8.47): one at a time, asked for until its
//! response is there. Which command lines that takes is in `channels.rs`.
//!
//! ```text
//! Idle -> Queued -> Answered -> Idle        Failed: told once, and all channels are closed
//!            \----> Failed ---> Idle
//! ```
//!
//! A command line is carried to its end even if nobody wants the response any more, so that there is one in flight only.

use super::channels::{Known, Plan, Step, bit, channel_of, close, closes, refused};
use super::output::Output;
use super::text::{Outcome, Parameters, after, digest, is_hex, number, octet, unquoted};
use crate::bytes::{put, zeroise};
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::{COMMAND_MAX, RESPONSE_MAX};

/// The least number of bytes for a line where there is a card: a response, or the echo of a command, in hex.
pub const LINE_CARD_MIN: usize = 2 * COMMAND_MAX + 28;

/// How long to wait for a card that is busy, and how often.
const BUSY_MS: u64 = 2_000;
const BUSY_TRIES: u8 = 5;
/// How often a modem may be silent when it is asked for its commands before it counts as one that has none.
const SILENCES: u8 = 2;

/// Which commands of the modem carry APDUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `Channels` if the modem says that it has +CCHO and +CGLA, else `Generic`.
    Auto,
    /// +CSIM: the card sees each APDU as it is.
    Generic,
    /// +CCHO, +CGLA and +CCHC; +CRSM for files on the basic channel.
    Channels,
}

/// How an APDU comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Progress {
    /// Nobody waits for anything.
    Idle = 0,
    /// The modem is at work.
    Waiting = 1,
    /// [`crate::uicc::Card::transmit`] has something to tell.
    Ask = 2,
}

/// Where the caller's command is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is none.
    Idle,
    /// Not carried yet, or on its way.
    Queued,
    /// The response is in the buffer.
    Answered,
    /// It cannot be carried.
    Failed(Error),
}

/// What the answer to a command line contained.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// The session that was opened.
    Session(u32),
    /// So many octets, now in the buffer.
    Octets(usize),
    /// What cannot be.
    Broken,
}

/// Octets of a command or of its response.
pub(super) struct Apdu {
    pub octets: [u8; COMMAND_MAX],
    pub length: usize,
}

impl Apdu {
    pub fn all(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&[])
    }

    pub fn set(&mut self, parts: &[&[u8]]) {
        self.length = 0;
        for part in parts {
            // both are checked before
            if put(&mut self.octets, self.length, part).is_ok() {
                self.length = self.length.wrapping_add(part.len());
            }
        }
    }

    /// Keys and PINs may have been in it.
    fn wipe(&mut self) {
        zeroise(&mut self.octets);
        self.length = 0;
    }

    /// Takes hex digits, of one octet at least.
    fn take_hex(&mut self, hex: &[u8]) -> Option<usize> {
        let (pairs, _) = hex.as_chunks::<2>();
        if !is_hex(hex) || pairs.len() > RESPONSE_MAX {
            return None;
        }
        for (place, pair) in self.octets.iter_mut().zip(pairs) {
            *place = octet(*pair);
        }
        Some(pairs.len())
    }
}

/// The way of APDUs through a modem, and room for one of them. To be given to the modem as [`Slot::cards`].
pub struct Slot {
    way: Way,
    pub(super) known: Known,
    silences: u8,
    pub(super) apdu: Apdu,
    /// The command that the caller waits for, as a digest; 0: none.
    asked: u64,
    state: State,
    /// The caller has asked for another command while the line was busy with the one before.
    again: bool,
    /// The command is MANAGE CHANNEL that closes this one, and waits for the line that is busy with the one before; 0: not so.
    behind: u8,
    /// The command line in flight.
    pub(super) step: Step,
    found: Found,
    /// No command line before that.
    due: Instant,
    tries: u8,
    /// Something of the card is in use: a restart of the modem has to be told.
    used: bool,
    /// The channels were closed, and that is not told yet.
    broken: bool,
    /// The channel of the command.
    pub(super) channel: u8,
    /// The channel that the response in the buffer is about to give to the caller; 0: none.
    opened: u8,
    /// Channels that are open for the caller, as bits.
    pub(super) open: u32,
    /// Channels that are still to be closed.
    pub(super) closing: u32,
    /// What +CCHO said, for channels 1 to 3.
    pub(super) sessions: [Option<u32>; 3],
    /// The file that is selected on the basic channel.
    pub(super) file: Option<u16>,
}

/// A [`Slot`] for a modem: by reference, so that a product without a card has nothing of it.
pub struct Cards<'m>(pub(super) &'m mut (dyn Carry + 'm));

/// What a modem asks a slot.
pub(super) trait Carry {
    /// See [`crate::uicc::Card::transmit`]; `reach` tells why the card is out of reach, if it is.
    fn transmit(
        &mut self,
        reach: Result<(), Error>,
        command: &[u8],
        response: &mut [u8],
    ) -> Result<Option<usize>, Error>;
    /// When there is a command line to be sent.
    fn due(&self) -> Instant;
    /// Writes it.
    fn start(&mut self, output: &mut Output) -> Result<(), Error>;
    /// The octets that it ends with.
    fn octets(&self) -> &[u8];
    /// Takes a line that came while it was in flight; `false`: it is no part of the answer.
    fn line(&mut self, line: &[u8]) -> bool;
    /// It has ended. Whether the SIM seems to be gone.
    fn done(&mut self, now: Instant, outcome: Outcome) -> bool;
    /// Channels are out of reach: the line or the modem is; `forget`: the modem knows nothing of them any more.
    fn lose(&mut self, error: Error, forget: bool);
    /// The card was off: nothing of it is open.
    fn was_off(&mut self);
    /// How the caller's command comes along.
    fn progress(&self) -> Progress;
}

impl Slot {
    /// Nothing is open, nothing under way.
    pub const fn new(way: Way) -> Self {
        Self {
            way,
            known: Known::of(way),
            silences: 0,
            apdu: Apdu { octets: [0; COMMAND_MAX], length: 0 },
            asked: 0,
            state: State::Idle,
            again: false,
            behind: 0,
            step: Step::None,
            found: Found::Nothing,
            due: Instant::ZERO,
            tries: 0,
            used: false,
            broken: false,
            channel: 0,
            opened: 0,
            open: 0,
            closing: 0,
            sessions: [None; 3],
            file: None,
        }
    }

    /// For [`super::Memory::card`].
    pub const fn cards(&mut self) -> Cards<'_> {
        Cards(self)
    }

    /// Takes a command, unless the line is busy with the one before: of what comes then only the end of a channel is kept,
    /// because who ends a session in the middle does not come back to say it again.
    fn accept(&mut self, reach: Result<(), Error>, command: &[u8]) -> Result<(), Error> {
        if core::mem::take(&mut self.broken) {
            return Err(Error::Closed);
        }
        reach?;
        if self.step != Step::None {
            let channel = closes(command);
            if self.open & bit(channel) == 0 {
                self.again = true;
            } else {
                self.behind = channel;
                self.asked = digest(command.iter().copied());
                self.state = State::Queued;
            }
            return Ok(());
        }
        let class = match command.first_chunk::<4>() {
            Some([class, ..]) if command.len() <= COMMAND_MAX => *class,
            _ => return Err(Error::BadValue),
        };
        self.apdu.set(&[command]);
        self.asked = digest(command.iter().copied());
        self.channel = channel_of(class);
        self.state = State::Queued;
        self.settle();
        Ok(())
    }

    /// Nobody waits for the command any more.
    fn give_up(&mut self) {
        match self.state {
            State::Failed(_) => self.broken = true,
            State::Answered => self.leave(self.opened),
            State::Queued => self.leave(self.ending()),
            State::Idle => {}
        }
        self.opened = 0;
        self.behind = 0;
        self.state = State::Idle;
        self.asked = 0;
        self.tries = 0;
        self.due = Instant::ZERO;
        if self.step == Step::None {
            self.apdu.wipe();
        }
    }

    /// The channel that the command closes; 0: none.
    fn ending(&self) -> u8 {
        match self.step {
            _ if self.behind > 0 => self.behind,
            Step::SimpleClose(channel) => channel,
            Step::None | Step::AskOpen | Step::AskSend | Step::Close(_) => closes(self.apdu.all()),
            // the buffer may be a response already
            _ => 0,
        }
    }

    /// Nobody will close that channel: it is closed from here, when the line is free.
    fn leave(&mut self, channel: u8) {
        if self.open & bit(channel) == 0 {
            return;
        }
        self.closed(channel);
        let opens = self.step == Step::Open && self.channel == channel;
        if opens || self.known != Known::Channels || self.session(channel).is_some() {
            self.closing |= bit(channel);
        }
    }

    /// The line is free for what came while it was busy.
    fn go_on(&mut self) {
        if self.known == Known::Channels {
            // a session that was not opened needs no end
            self.closing &= self.in_session();
        }
        if self.behind > 0 {
            self.apdu.wipe();
            self.apdu.set(&[&close(core::mem::take(&mut self.behind))]);
            self.channel = 0;
        }
    }

    /// Whether the line in flight is for the command that the caller waits for.
    const fn is_awaited(&self) -> bool {
        matches!(self.state, State::Queued) && self.behind == 0
    }

    /// Wipes the octets of a command that nobody waits for.
    fn forget_idle(&mut self) {
        if self.state == State::Idle {
            self.apdu.wipe();
        }
    }

    /// Tells what has become of the command.
    fn result(&mut self, reach: Result<(), Error>, response: &mut [u8]) -> Result<Option<usize>, Error> {
        let result = match self.state {
            State::Idle => return Ok(None),
            State::Queued if self.step != Step::None => return Ok(None),
            State::Queued => match reach {
                Ok(()) => return Ok(None),
                Err(error) => Err(error),
            },
            State::Answered if put(response, 0, self.apdu.all()).is_ok() => Ok(Some(self.apdu.length)),
            State::Answered => Err(Error::Truncated),
            State::Failed(error) => Err(error),
        };
        self.state = State::Idle;
        self.give_up();
        result
    }

    /// Answers what needs no modem.
    fn settle(&mut self) {
        if self.state != State::Queued || self.step != Step::None || self.known != Known::Channels {
            return;
        }
        match self.plan() {
            Plan::Step(_) => return,
            Plan::Word(word) => self.answered_by(word),
            Plan::Opened(channel) => {
                self.opened(channel);
                self.apdu.set(&[&[channel], &[0x90, 0x00]]);
                self.answered(3);
            }
            Plan::Closed(channel) => {
                self.closed(channel);
                self.answered_by(0x9000);
            }
        }
        self.used |= self.open != 0;
    }

    /// So many octets of response are in the buffer.
    pub(super) const fn answered(&mut self, octets: usize) {
        self.apdu.length = octets;
        if self.is_awaited() {
            self.state = State::Answered;
        }
    }

    /// A status word alone is the response.
    pub(super) fn answered_by(&mut self, word: u16) {
        self.apdu.set(&[&word.to_be_bytes()]);
        self.answered(2);
    }

    /// A channel is open, unless the caller has not waited for it: then nobody would close it.
    pub(super) const fn opened(&mut self, channel: u8) {
        if self.is_awaited() {
            self.open |= bit(channel);
            self.opened = channel;
        } else {
            self.closing |= bit(channel);
        }
    }

    /// A channel is open for the caller no more, and need not be closed.
    pub(super) const fn closed(&mut self, channel: u8) {
        self.open &= !bit(channel);
        self.closing &= !bit(channel);
        self.used = self.open != 0;
    }

    /// A command could not be carried: the channels are to be closed.
    pub(super) fn fail(&mut self, error: Error) {
        // a response that waits for its caller is true all the same
        if self.state != State::Answered {
            self.apdu.wipe();
        }
        if core::mem::take(&mut self.behind) > 0 {
            self.state = State::Failed(Error::Closed);
        } else if self.state == State::Queued {
            self.state = State::Failed(error);
        } else {
            self.broken |= self.used;
        }
        self.close_all();
    }

    /// For the caller they are closed now.
    fn close_all(&mut self) {
        self.closing |= if self.known == Known::Generic { self.open } else { self.in_session() };
        self.open = 0;
        self.file = None;
        self.used = false;
    }

    /// The channels for which +CCHO has opened a session.
    fn in_session(&self) -> u32 {
        let mut bits = 0;
        for channel in &[1, 2, 3] {
            if self.session(*channel).is_some() {
                bits |= bit(*channel);
            }
        }
        bits
    }

    /// What the answer line says behind its name: `<length>,"<hex>"`.
    fn take_apdu(&mut self, rest: &[u8]) -> Found {
        let mut parameters = Parameters::of(rest);
        let digits = parameters.next().and_then(number);
        let hex = unquoted(parameters.next().unwrap_or(&[]));
        match self.apdu.take_hex(hex) {
            Some(octets) if octets >= 2 && digits == Some(hex.len() as u32) => Found::Octets(octets),
            _ => Found::Broken,
        }
    }

    /// The same of +CRSM: `<sw1>,<sw2>[,"<hex>"]`.
    fn take_file(&mut self, rest: &[u8]) -> Found {
        let mut parameters = Parameters::of(rest);
        let word =
            [(); 2].map(|()| parameters.next().and_then(number).and_then(|byte| u8::try_from(byte).ok()));
        let hex = unquoted(parameters.next().unwrap_or(&[]));
        let octets = if hex.is_empty() { Some(0) } else { self.apdu.take_hex(hex) };
        if let ([Some(sw1), Some(sw2)], Some(octets)) = (word, octets)
            && octets <= RESPONSE_MAX - 2
            && put(&mut self.apdu.octets, octets, &[sw1, sw2]).is_ok()
        {
            Found::Octets(octets.wrapping_add(2))
        } else {
            Found::Broken
        }
    }
}

impl Carry for Slot {
    fn transmit(
        &mut self,
        reach: Result<(), Error>,
        command: &[u8],
        response: &mut [u8],
    ) -> Result<Option<usize>, Error> {
        self.again = false;
        if command.is_empty() {
            self.give_up();
            return Ok(None);
        }
        let mut accepted = Ok(());
        if self.asked != digest(command.iter().copied()) {
            self.give_up();
            accepted = self.accept(reach, command);
        }
        let result = accepted.and_then(|()| self.result(reach, response));
        if result.is_err() {
            // it tells that the channels are closed
            self.close_all();
            self.broken = false;
        }
        result
    }

    fn due(&self) -> Instant {
        let work = self.step == Step::None && (self.closing != 0 || self.state == State::Queued);
        if work { self.due } else { Instant::NEVER }
    }

    fn start(&mut self, output: &mut Output) -> Result<(), Error> {
        self.found = Found::Nothing;
        self.step = self.next();
        self.used |= self.step.carries();
        self.write(output)
    }

    fn octets(&self) -> &[u8] {
        if self.step == Step::Open { self.application().unwrap_or(&[]) } else { self.apdu.all() }
    }

    fn line(&mut self, line: &[u8]) -> bool {
        // one modem says "1", another one "+CCHO: 1"
        let bare = if self.step == Step::Open { number(line).map(|_| line) } else { None };
        let Some(rest) = bare.or_else(|| after(line, self.answer())) else { return false };
        self.found = match self.step {
            _ if matches!(self.found, Found::Octets(_) | Found::Broken) => Found::Broken,
            Step::Open => number(rest).map_or(Found::Broken, Found::Session),
            Step::Send | Step::Simple | Step::SimpleOpen(_) | Step::SimpleClose(_) => self.take_apdu(rest),
            Step::Select(_) | Step::File(_) => self.take_file(rest),
            Step::None | Step::AskOpen | Step::AskSend | Step::Close(_) => Found::Nothing,
        };
        true
    }

    fn done(&mut self, now: Instant, outcome: Outcome) -> bool {
        let step = core::mem::replace(&mut self.step, Step::None);
        let found = core::mem::replace(&mut self.found, Found::Nothing);
        if super::command::is_busy(outcome) && found == Found::Nothing && self.tries < BUSY_TRIES {
            self.tries = self.tries.wrapping_add(1);
            self.due = now.after(BUSY_MS);
            self.go_on();
            self.settle();
            self.forget_idle();
            return false;
        }
        self.tries = 0;
        let gone = matches!(outcome, Outcome::Equipment(10..=12) | Outcome::Message(310 | 311 | 316));
        if gone {
            self.fail(refused(outcome));
        } else {
            self.ended(step, found, outcome);
            self.go_on();
            self.settle();
        }
        self.forget_idle();
        gone
    }

    fn lose(&mut self, error: Error, forget: bool) {
        let step = core::mem::replace(&mut self.step, Step::None);
        match step {
            Step::Close(channel) => self.no_session(channel),
            Step::AskOpen | Step::AskSend if error == Error::Timeout => {
                self.silences = self.silences.saturating_add(1);
                if self.silences >= SILENCES {
                    self.known = Known::Generic;
                }
            }
            _ => {}
        }
        if step != Step::None || (self.used && self.state == State::Queued) {
            self.fail(error);
        } else if self.used {
            self.broken = true;
            self.close_all();
        }
        self.go_on();
        self.forget_idle();
        self.due = Instant::ZERO;
        self.tries = 0;
        if forget {
            self.was_off();
            if self.silences < SILENCES {
                self.known = Known::of(self.way);
            }
        }
    }

    fn was_off(&mut self) {
        self.sessions = [None; 3];
        self.closing = 0;
    }

    fn progress(&self) -> Progress {
        match self.state {
            State::Answered | State::Failed(_) => Progress::Ask,
            State::Queued => Progress::Waiting,
            State::Idle if !self.again => Progress::Idle,
            State::Idle if self.step == Step::None => Progress::Ask,
            State::Idle => Progress::Waiting,
        }
    }
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
