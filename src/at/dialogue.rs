//! One command in flight: its text, its answer, its end, and what comes unasked meanwhile (V.250, TS 27.005 section 3).

use super::command::{Command, SEND_MS, routing};
use super::line::Token;
use super::sms::{Place, Take};
use super::text::{self, Outcome, Parameters, after, number, unquoted};
use super::{Cause, Code, Modem, Phase, Sim};
use crate::bytes::{put, zeroise};
use crate::error::Error;
use core::mem;

/// How long a modem has for what it still wants to say before the init list begins.
const DRAIN_MS: u64 = 300;
/// How long after ESC, and after a modem has told of its start.
const SETTLE_MS: u64 = 1_000;
/// How often AT is sent before the modem is lost.
const TRIES: u8 = 3;
/// A modem waits so long for an acknowledgement, and ends direct delivery then.
const ACKNOWLEDGE_MS: u64 = 15_000;
/// After that time it certainly has.
const REROUTE_MS: u64 = 20_000;

/// A command in flight.
pub(super) struct Flight {
    pub command: Command,
    pub stage: Stage,
    /// When it counts as unanswered.
    pub due: crate::time::Instant,
    /// For reading, deleting and selecting: of what.
    pub place: Place,
    pub found: Found,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The result code.
    Result,
    /// The prompt for a body.
    Prompt,
    /// The result code of a body.
    Body,
}

/// What the answer contained so far.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A line of it.
    Answer,
    /// A message, now in the queue.
    Message,
    /// A message for which there is no room.
    TooMuch,
    /// A message that cannot be understood, or its beginning.
    Broken,
}

/// The next line is a PDU, which belongs to the line before.
pub(super) struct Following {
    kind: Kind,
    octets: usize,
}

/// Whose PDU it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// +CMT or +CDS.
    Delivered,
    /// Of the answer to +CMGL: stored at this place.
    Listed(Place),
    /// Of the answer to +CMGR.
    Read,
    /// Nobody's: a broadcast, or a message that was stored for sending.
    Foreign,
}

/// What modems say when they have started.
static BANNERS: [&[u8]; 8] =
    [b"RDY", b"APP RDY", b"Ready", b"READY", b"^SYSSTART", b"+SYSSTART", b"*ATREADY: 1", b"MODEM:STARTUP"];
/// What they say when the SIM can be used.
static HINTS: [&[u8]; 5] = [b"SMS Ready", b"SMS READY", b"SMS DONE", b"Call Ready", b"+QIND: SMS DONE"];

impl Modem<'_> {
    /// Takes a byte from the line.
    pub(super) fn byte(&mut self, byte: u8) {
        if matches!(self.phase, Phase::Off) {
            return;
        }
        match self.reader.push(byte) {
            Token::None => {}
            Token::Prompt => self.prompt(),
            Token::Cut => self.cut(),
            Token::Line(length) => {
                let buffer = self.reader.lend();
                if let Some(line) = buffer.get_mut(..length) {
                    self.understand(line);
                    let pin = self.flight.as_ref().is_some_and(|flight| flight.command == Command::PinGive);
                    if pin || self.card.is_some() {
                        zeroise(line);
                    }
                }
                self.reader.give(buffer);
            }
        }
    }

    fn prompt(&mut self) {
        match self.flight.as_mut() {
            Some(flight) if flight.stage == Stage::Prompt && !self.output.is_pending() => {
                flight.stage = Stage::Body;
                flight.due = self.now.after(SEND_MS.into());
                self.output.body();
            }
            // nobody asked: the next command would be taken for a body, and is not answered then
            _ => self.open = true,
        }
    }

    /// A line that was too long may have been a PDU.
    fn cut(&mut self) {
        if let Some(following) = self.following.take() {
            self.pdu(&following, &[]);
        }
        if self.card.is_some() {
            self.reader.wipe();
        }
    }

    fn understand(&mut self, line: &[u8]) {
        if let Some(following) = self.following.take() {
            if text::is_hex(line) {
                return self.pdu(&following, line);
            }
            // the PDU is lost; the line is one of its own
            self.pdu(&following, &[]);
        }
        if let Some(outcome) = self.outcome(line) {
            return self.ended(outcome);
        }
        if self.flight.is_some() && self.output.is_echo(line) {
            return self.echo();
        }
        if self.two_lines(line) {
            return;
        }
        let asked = self.flight.as_ref().filter(|_| !self.output.is_pending()).map(|flight| flight.command);
        if asked == Some(Command::Card) && self.card.as_mut().is_some_and(|card| card.0.line(line)) {
            return;
        }
        let prefix = asked.map_or(&b""[..], |command| command.row().answer);
        match after(line, prefix).filter(|_| !prefix.is_empty()) {
            Some(rest) => self.answer(rest),
            None => self.unsolicited(line),
        }
    }

    fn outcome(&self, line: &[u8]) -> Option<Outcome> {
        let numeric = self.flight.as_ref().is_some_and(|flight| flight.command.may_be_numeric());
        match line {
            b"0" if numeric => Some(Outcome::Ok),
            b"4" if numeric => Some(Outcome::Error),
            _ => text::outcome(line),
        }
    }

    /// The command came back. After ATE0 it does so only if the modem has started anew.
    fn echo(&mut self) {
        match self.phase {
            Phase::Ready if !self.setup.echoes => self.restarted(Cause::Settings),
            Phase::Init { at, .. } if at > 0 => self.setup.echoes = true,
            _ => {}
        }
    }

    /// Unsolicited codes that a PDU follows, whatever is pending.
    fn two_lines(&mut self, line: &[u8]) -> bool {
        let delivered = after(line, b"+CMT:").or_else(|| after(line, b"+CDS:"));
        let (rest, kind) = match (delivered, after(line, b"+CBM:")) {
            (Some(rest), _) => (rest, Kind::Delivered),
            (None, Some(rest)) => (rest, Kind::Foreign),
            (None, None) => return false,
        };
        self.following = Some(Following { kind, octets: length_in(rest) });
        true
    }

    /// A line of the answer to the command in flight.
    fn answer(&mut self, rest: &[u8]) {
        let Some(flight) = self.flight.as_mut() else { return };
        if flight.found == Found::Nothing {
            flight.found = Found::Answer;
        }
        let (command, storage) = (flight.command, self.sms.selected);
        let mut parameters = Parameters::of(rest);
        match command {
            Command::PinAsk | Command::PinGive => self.setup.sim = sim_of(unquoted(rest)),
            Command::CentreAsk => {
                let number = unquoted(parameters.next().unwrap_or(&[]));
                self.setup.centre_length = 0;
                if put(&mut self.setup.centre, 0, number).is_ok() {
                    self.setup.centre_length = number.len() as u8;
                }
            }
            Command::PacketAsk | Command::CircuitAsk => {
                self.registration(rest, command == Command::PacketAsk, true);
            }
            Command::RouteAsk => {
                let [mode, messages] = [(); 2].map(|()| parameters.next().and_then(number));
                let routing = [mode, messages];
                if !matches!(self.phase, Phase::Ready) {
                    // no delivery at all cannot be meant: the first check finds that
                    self.setup.routing = [mode, messages.filter(|messages| *messages > 0)];
                } else if routing != self.setup.routing {
                    flight.found = Found::Broken;
                }
            }
            Command::List => {
                flight.due = self.now.after(command.row().patience_ms.into());
                let index = parameters.next().and_then(number).and_then(|index| u16::try_from(index).ok());
                let received = parameters.next().and_then(number).is_some_and(|stat| stat < 2);
                let kind = index
                    .filter(|_| received)
                    .map_or(Kind::Foreign, |index| Kind::Listed(Place { storage, index }));
                self.following = Some(Following { kind, octets: length_in(rest) });
            }
            Command::Read => {
                let received = parameters.next().and_then(number).is_some_and(|stat| stat < 2);
                flight.found = if received { Found::Broken } else { Found::Answer };
                let kind = if received { Kind::Read } else { Kind::Foreign };
                self.following = Some(Following { kind, octets: length_in(rest) });
            }
            _ => {}
        }
    }

    /// Takes a registration, and tells if it is another one.
    fn registration(&mut self, rest: &[u8], packet: bool, asked: bool) {
        let before = (self.network.shown(), self.network.carries_messages());
        self.network.take(rest, packet, asked);
        if before != (self.network.shown(), self.network.carries_messages()) {
            self.network.ask_ms = 0;
            self.tell(Code::Registration, self.network.shown().into());
        }
    }

    /// A line that belongs to no command.
    fn unsolicited(&mut self, line: &[u8]) {
        if let Some(rest) = after(line, b"+CMTI:").or_else(|| after(line, b"+CDSI:")) {
            let mut parameters = Parameters::of(rest);
            let storage = unquoted(parameters.next().unwrap_or(&[])).first_chunk::<2>().copied();
            let index = parameters.next().and_then(number).and_then(|index| u16::try_from(index).ok());
            return match storage.zip(index) {
                Some((storage, index)) => self.sms.wait_for(Place { storage, index }),
                None => self.sms.list = self.now,
            };
        }
        if let Some(rest) = after(line, b"+CEREG:") {
            return self.registration(rest, true, false);
        }
        if let Some(rest) = after(line, b"+CREG:") {
            return self.registration(rest, false, false);
        }
        if let Some(rest) = after(line, b"+CPIN:") {
            return self.sim_changed(rest);
        }
        if after(line, b"+CFUN:") == Some(b"1") && !self.config.sets_function() {
            return self.restarted(Cause::Banner);
        }
        if BANNERS.iter().any(|banner| line.starts_with(banner)) {
            return self.restarted(Cause::Banner);
        }
        if HINTS.contains(&line) && matches!(self.phase, Phase::Init { .. }) {
            self.pause = self.pause.earlier(self.now);
        }
    }

    /// `+CPIN` without being asked. A modem that is set up has no reason to say so, unless its SIM is gone or it has started.
    fn sim_changed(&mut self, rest: &[u8]) {
        match self.phase {
            Phase::Init { .. } => self.pause = self.pause.earlier(self.now),
            Phase::Ready if rest != b"SIM PIN2" && rest != b"SIM PUK2" => self.restarted(Cause::Settings),
            _ => {}
        }
    }

    /// A PDU, empty if it was lost.
    fn pdu(&mut self, following: &Following, line: &[u8]) {
        let tpdu = text::tpdu(line, following.octets);
        match (following.kind, tpdu) {
            (Kind::Foreign, _) => {}
            (Kind::Delivered, Some(tpdu)) => self.delivered(tpdu),
            (Kind::Delivered, None) => self.not_taken(),
            (Kind::Listed(place), Some(tpdu)) => {
                let room = self.take(tpdu, Some(place)) != Take::Full;
                self.sms.more |= !room;
            }
            (Kind::Listed(place), None) => self.sms.wait_for(place),
            (Kind::Read, _) => {
                let Some(place) = self.flight.as_ref().map(|flight| flight.place) else { return };
                let found = match tpdu.map(|tpdu| self.take(tpdu, Some(place))) {
                    Some(Take::Full) => Found::TooMuch,
                    Some(_) => Found::Message,
                    None => Found::Broken,
                };
                if let Some(flight) = self.flight.as_mut().filter(|flight| flight.command == Command::Read) {
                    flight.found = found;
                }
            }
        }
    }

    /// A message that came directly: it is acknowledged only if it is in the queue. If it is not, nothing is said, so that
    /// the network delivers it again; the modem ends direct delivery over that, which is set up again later.
    fn delivered(&mut self, tpdu: &[[u8; 2]]) {
        if self.take(tpdu, None) == Take::Full {
            return self.not_taken();
        }
        self.sms.acknowledge = self.sms.acknowledge.saturating_add(1);
        self.sms.acknowledge_by = self.now.after(ACKNOWLEDGE_MS);
    }

    fn not_taken(&mut self) {
        if !self.setup.acknowledged {
            self.counters.dropped = self.counters.dropped.wrapping_add(1);
            self.tell(Code::Dropped, 0);
        }
        self.sms.reroute = self.now.after(REROUTE_MS);
    }

    fn take(&mut self, tpdu: &[[u8; 2]], place: Option<Place>) -> Take {
        let taken = self.sms.take(tpdu, place);
        if taken == Take::New {
            self.counters.received = self.counters.received.wrapping_add(1);
            self.tell(Code::Received, 0);
        }
        taken
    }

    /// Begins a command.
    pub(super) fn start(&mut self, command: Command, place: Place) {
        let row = command.row();
        self.output.clear();
        // the longest fits, see output.rs
        let _ = self.output.text(row.text).and_then(|()| self.arguments(command, place));
        if !matches!(command, Command::Extra | Command::Card) {
            let _ = self.output.text(b"\r");
        }
        let stage = if command == Command::Send { Stage::Prompt } else { Stage::Result };
        let due = self.now.after(row.patience_ms.into());
        self.flight = Some(Flight { command, stage, due, place, found: Found::Nothing });
    }

    /// Writes what is not always the same about a command.
    fn arguments(&mut self, command: Command, place: Place) -> Result<(), Error> {
        let form = if let Phase::Init { form, .. } = self.phase { form } else { 0 };
        match command {
            Command::Extra => self.output.extra(form),
            Command::PinGive => {
                self.setup.pin_spent = true;
                self.output.text(self.config.pin.unwrap_or(&[]))?;
                self.output.text(b"\"")?;
            }
            Command::Service => self.output.number(u32::from(form == 0))?,
            Command::CentreSet => {
                let number = self.config.centre.unwrap_or(&[]);
                self.output.text(number)?;
                let international = number.starts_with(b"+");
                self.output.text(if international { b"\",145" } else { b"\",129" })?;
            }
            Command::Storage => {
                self.sms.storage = self.storage(form);
                for comma in [&b"\",\""[..], b"\",\"", b"\""] {
                    self.output.text(&self.sms.storage)?;
                    self.output.text(comma)?;
                }
            }
            Command::Bearer => self.output.number(self.config.bearer.unwrap_or(0).into())?,
            Command::Route => {
                let form = if let Phase::Ready = self.phase { self.setup.route } else { form };
                let routing = routing(form, self.direct());
                self.output.number(routing.mode.into())?;
                self.output.text(b",")?;
                self.output.number(routing.messages.into())?;
                self.output.text(b",0,")?;
                self.output.number(routing.reports.into())?;
                self.output.text(b",0")?;
            }
            Command::Select => {
                self.output.text(&place.storage)?;
                self.output.text(b"\"")?;
            }
            Command::Read | Command::Delete => self.output.number(place.index.into())?,
            Command::Send => self.output.number(self.sms.outgoing.head().len() as u32)?,
            Command::Acknowledge if self.setup.spelt_out => self.output.text(b"=0")?,
            Command::Card => {
                if let Some(card) = self.card.as_mut() {
                    card.0.start(&mut self.output)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Messages come directly: they are wanted so, and the modem waits for their acknowledgement.
    pub(super) const fn direct(&self) -> bool {
        self.config.direct && self.setup.acknowledged
    }

    /// A result code. It is not that of a command of which a part is still to be written, unless that is refused meanwhile.
    fn ended(&mut self, outcome: Outcome) {
        let refused = outcome != Outcome::Ok && self.flight.as_ref().is_some_and(|f| f.stage == Stage::Body);
        if !self.output.is_pending() || refused {
            self.finish(outcome);
        }
    }

    /// The command in flight has ended.
    fn finish(&mut self, outcome: Outcome) {
        let Some(flight) = self.flight.take() else { return };
        if flight.stage == Stage::Prompt && outcome == Outcome::Ok {
            // of another command: the prompt may still come
            self.flight = Some(flight);
            self.open = true;
            return self.silence();
        }
        match outcome {
            Outcome::Message(code) => self.errors.0 = code,
            Outcome::Equipment(code) => self.errors.1 = code,
            _ => {}
        }
        if flight.command == Command::PinGive {
            self.output.wipe();
        }
        self.output.clear();
        if flight.command == Command::Card {
            return self.card_done(outcome);
        }
        match self.phase {
            Phase::Waking { tries, cause } => {
                if outcome == Outcome::Ok {
                    self.phase = Phase::Draining { cause };
                    self.pause = self.now.after(DRAIN_MS);
                } else {
                    self.unanswered(tries, cause);
                }
            }
            Phase::Init { at, form, tries } => self.step_done(at, form, tries, &flight, outcome),
            Phase::Ready => self.job_done(&flight, outcome),
            Phase::Off | Phase::Draining { .. } | Phase::Lost => {}
        }
    }

    /// Ends the command in flight if its time is over.
    pub(super) fn overdue(&mut self) {
        if self.flight.as_ref().is_none_or(|flight| self.now < flight.due) {
            return;
        }
        match self.phase {
            Phase::Waking { tries, cause } => {
                self.flight = None;
                // perhaps AT has gone into the body of a message
                self.open = true;
                self.unanswered(tries, cause);
            }
            _ => self.silence(),
        }
    }

    /// A command was not answered: from now on no answer belongs to anything.
    fn silence(&mut self) {
        let of_card = self.flight.as_ref().is_some_and(|flight| flight.command == Command::Card);
        match self.phase {
            Phase::Init { at, .. } if !of_card => self.step_silent(at),
            _ => {}
        }
        self.lose_card(if of_card { Error::Timeout } else { Error::Closed }, false);
        self.abandon();
        self.wake(Cause::Silence);
    }

    /// AT had no good answer.
    fn unanswered(&mut self, tries: u8, cause: Cause) {
        let tries = tries.wrapping_add(1);
        if tries < TRIES {
            self.phase = Phase::Waking { tries, cause };
            return self.settle();
        }
        self.lose();
    }

    /// Begins with AT.
    pub(super) fn wake(&mut self, cause: Cause) {
        self.flight = None;
        self.phase = Phase::Waking { tries: 0, cause };
        self.settle();
    }

    /// Cancels a body that the modem may be waiting for.
    fn settle(&mut self) {
        self.output.clear();
        self.pause = self.now;
        if mem::take(&mut self.open) {
            self.output.escape();
            self.pause = self.now.after(SETTLE_MS);
        }
    }

    /// The modem has lost its settings.
    pub(super) fn restarted(&mut self, cause: Cause) {
        self.set_up_again(cause, true);
    }

    /// The same, by an answer that may mean something else: channels that are open still are closed, unless +CPIN tells that
    /// the card was off.
    pub(super) fn doubted(&mut self) {
        self.set_up_again(Cause::Settings, false);
    }

    fn set_up_again(&mut self, cause: Cause, forget: bool) {
        self.abandon();
        self.lose_card(Error::Closed, forget);
        self.following = None;
        self.output.clear();
        self.open = false;
        // what it had delivered is not its business any more, and the network delivers it again
        self.sms.acknowledge = 0;
        let cause = if let Phase::Waking { cause, .. } = self.phase { cause } else { cause };
        self.phase = Phase::Waking { tries: 0, cause };
        self.pause = self.now.after(SETTLE_MS);
    }

    /// Nobody waits any more for the command in flight.
    pub(super) fn abandon(&mut self) {
        let Some(flight) = self.flight.take() else { return };
        if flight.command == Command::PinGive {
            self.output.wipe();
        }
        match flight.stage {
            Stage::Result => {}
            Stage::Prompt => {
                self.open = true;
                self.send_later();
            }
            Stage::Body => {
                self.open = true;
                self.send_once_more(0);
            }
        }
    }
}

/// The length of a TPDU, which is the last parameter of each line that a PDU follows.
fn length_in(rest: &[u8]) -> usize {
    Parameters::of(rest).last().and_then(number).map_or(0, |octets| octets as usize)
}

fn sim_of(text: &[u8]) -> Sim {
    match text {
        // a second PIN locks only what is not needed here
        b"READY" | b"SIM PIN2" | b"SIM PUK2" => Sim::Ready,
        b"SIM PIN" => Sim::Pin,
        b"SIM PUK" => Sim::Puk,
        b"NOT INSERTED" => Sim::Missing,
        // locked to something else, not ready
        _ => Sim::Unusable,
    }
}
