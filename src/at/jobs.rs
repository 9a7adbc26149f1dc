//! What a modem that is set up has to do, the most urgent first (TS 27.005 sections 3.4, 3.5, 4).

use super::command::{ASK_SIM, Advice, Command, INIT, advice, is_busy};
use super::dialogue::{Flight, Found};
use super::init::growing;
use super::sms::Place;
use super::text::Outcome;
use super::{Cause, Code, Modem, Phase, Sim};
use crate::error::Error;
use crate::time::Instant;

/// The pause before a message is sent again, doubled each time, and how often.
const RESEND_MS: u64 = 5_000;
const RESEND_LONGEST_MS: u64 = 300_000;
const RESENDS: u8 = 5;
/// While not registered: how often the modem is asked, at first and at last. It tells by itself as well.
const ASK_FIRST_MS: u32 = 10_000;
const ASK_LONGEST_MS: u32 = 600_000;
/// How long to wait for a SIM or a storage that is busy.
const BUSY_MS: u64 = 2_000;
/// The longest pause before a modem is set up again whose SIM cannot be used though it says so.
const UPSET_LONGEST_MS: u64 = 600_000;
/// How often and after which pause the storage is listed again after an error.
const LISTS: u8 = 3;
const LIST_MS: u64 = 30_000;
/// How often the SIM is asked for before a card that is not there, or busy, is told to be so.
const SIM_TRIES: u8 = 3;
const SIM_BUSY_TRIES: u8 = 8;

impl Modem<'_> {
    /// Starts what is due, unless a command is in flight.
    pub(super) fn advance(&mut self) {
        if self.flight.is_some() {
            return;
        }
        if self.now >= self.pause {
            match self.phase {
                Phase::Lost => self.wake(Cause::Silence),
                Phase::Draining { cause } => self.begin_init(cause),
                Phase::Ready if self.sms.acknowledge > 0 => self.acknowledge_in_time(),
                _ => {}
            }
        }
        if let Ok((command, place)) = self.next_job() {
            self.start(command, place);
        }
    }

    fn acknowledge_in_time(&mut self) {
        if !self.setup.acknowledged {
            self.sms.acknowledge = 0;
        } else if self.now > self.sms.acknowledge_by {
            // too late: the modem has ended direct delivery
            self.sms.acknowledge = 0;
            self.sms.reroute = self.now;
        }
    }

    /// What to start now, or when there will be something.
    pub(super) fn next_job(&self) -> Result<(Command, Place), Instant> {
        let card = self.card_due();
        // a step that waits for its next try does not hold the card up
        let at_any_time = matches!(self.phase, Phase::Init { .. });
        let paused = self.now < self.pause;
        if self.now >= card && (at_any_time || !(paused || self.sms.acknowledge > 0)) {
            return Ok((Command::Card, Place::NONE));
        }
        if paused {
            return Err(if at_any_time { self.pause.earlier(card) } else { self.pause });
        }
        match self.phase {
            Phase::Off => Err(Instant::NEVER),
            Phase::Waking { .. } => Ok((Command::Attention, Place::NONE)),
            Phase::Draining { .. } | Phase::Lost => Err(self.pause),
            Phase::Init { at, .. } => match INIT.get(usize::from(at)) {
                Some(command) => Ok((*command, Place::NONE)),
                None => Err(Instant::NEVER),
            },
            Phase::Ready => self.ready_job(card),
        }
    }

    /// When the card has something for the modem: from the time on at which its SIM can be used.
    fn card_due(&self) -> Instant {
        match (self.card.as_ref(), self.phase) {
            (Some(card), Phase::Init { at, .. }) if at > ASK_SIM.wrapping_add(1) => card.0.due(),
            (Some(card), Phase::Ready) => card.0.due(),
            _ => Instant::NEVER,
        }
    }

    /// A command line for the card has ended.
    pub(super) fn card_done(&mut self, outcome: Outcome) {
        if matches!(self.phase, Phase::Ready) {
            self.busy_until_next_check();
        }
        let now = self.now;
        if self.card.as_mut().is_some_and(|card| card.0.done(now, outcome)) {
            self.doubted();
        }
    }

    /// The channels of the card are out of reach; `forget`: they are gone.
    pub(super) fn lose_card(&mut self, error: Error, forget: bool) {
        if let Some(card) = self.card.as_mut() {
            card.0.lose(error, forget);
        }
    }

    /// Whether the card can be reached, now or soon.
    pub(super) fn reach_card(&self) -> Result<(), Error> {
        let tries = match self.phase {
            Phase::Off | Phase::Lost => return Err(Error::Link),
            Phase::Init { at: ASK_SIM, tries, .. } => tries,
            _ => return Ok(()),
        };
        match self.setup.sim {
            // it may still be starting
            _ if tries < SIM_TRIES => Ok(()),
            // so far that was something else
            Sim::Missing if self.setup.missing < SIM_TRIES => Ok(()),
            Sim::Missing => Err(Error::NotFound),
            Sim::Unusable => Err(Error::Link),
            Sim::Pin | Sim::Puk => Err(Error::Unauthorized),
            Sim::Unknown if tries >= SIM_BUSY_TRIES => Err(Error::Busy),
            Sim::Unknown | Sim::Ready => Ok(()),
        }
    }

    /// `next`: when there is something for the card.
    fn ready_job(&self, next: Instant) -> Result<(Command, Place), Instant> {
        let sms = &self.sms;
        let room = !sms.incoming.is_full();
        if sms.acknowledge > 0 {
            return Ok((Command::Acknowledge, Place::NONE));
        }
        if room && self.now >= sms.reroute {
            return Ok((Command::Route, Place::NONE));
        }
        if let Some(place) = sms.to_delete() {
            return Ok(self.in_storage(Command::Delete, place));
        }
        if let Some(place) = sms.to_read().filter(|_| room) {
            return Ok(self.in_storage(Command::Read, place));
        }
        if room && self.now >= sms.list {
            return Ok(self.in_storage(Command::List, Place { storage: sms.listing, index: 0 }));
        }
        let mut next = next;
        if room {
            next = next.earlier(sms.reroute).earlier(sms.list);
        }
        if self.network.carries_messages() {
            if !sms.outgoing.is_empty() {
                if self.now >= sms.due {
                    let command = if sms.set_centre { Command::CentreSet } else { Command::Send };
                    return Ok((command, Place::NONE));
                }
                next = next.earlier(sms.due);
            }
        } else if self.now >= self.network.ask {
            let circuit = self.network.ask_circuit;
            return Ok((if circuit { Command::CircuitAsk } else { Command::PacketAsk }, Place::NONE));
        } else {
            next = next.earlier(self.network.ask);
        }
        if self.now >= self.check {
            return Ok((Command::RouteAsk, Place::NONE));
        }
        Err(next.earlier(self.check))
    }

    /// The command, or the choice of the storage before it.
    fn in_storage(&self, command: Command, place: Place) -> (Command, Place) {
        (if self.sms.selected == place.storage { command } else { Command::Select }, place)
    }

    /// The modem has shown that it lives.
    pub(super) const fn busy_until_next_check(&mut self) {
        if self.config.check_ms > 0 {
            self.check = self.now.after(self.config.check_ms);
        }
    }

    /// A command of a modem that is set up has ended.
    pub(super) fn job_done(&mut self, flight: &Flight, outcome: Outcome) {
        self.busy_until_next_check();
        let ok = outcome == Outcome::Ok;
        if !ok && matches!(advice(outcome), Advice::Sim) {
            if flight.command == Command::Send {
                self.send_once_more(detail(outcome));
            }
            self.doubted();
            // a modem that says READY and does not mean it is not asked every two seconds for ever
            self.pause = self.now.after(growing(BUSY_MS, self.setup.upsets, UPSET_LONGEST_MS));
            self.setup.upsets = self.setup.upsets.saturating_add(1);
            return;
        }
        match flight.command {
            Command::Send if ok => self.sent(),
            Command::Send if outcome == Outcome::Error => {
                // without a number: perhaps it is not in PDU mode any more
                self.send_once_more(0);
                self.doubted();
            }
            Command::Send => self.not_sent(outcome),
            Command::CentreSet => self.sms.set_centre = false,
            Command::Acknowledge => self.acknowledged(outcome),
            Command::Route if ok => {
                self.sms.reroute = Instant::NEVER;
                // what came meanwhile was stored without a word
                self.sms.list = self.now;
            }
            Command::Route => self.doubted(),
            Command::RouteAsk if flight.found == Found::Broken => self.restarted(Cause::Settings),
            Command::Select if ok => self.sms.selected = flight.place.storage,
            Command::Select if is_busy(outcome) => self.pause = self.now.after(BUSY_MS),
            Command::Select if flight.place.storage == self.sms.storage => {
                // the one that there is
                self.sms.selected = self.sms.storage;
            }
            Command::Select => {
                self.sms.without(flight.place.storage);
                if self.sms.listing == flight.place.storage {
                    self.list_next(false);
                }
            }
            Command::Delete => self.deleted(flight.place, outcome),
            Command::Read => self.read(flight, outcome),
            Command::List => self.listed(outcome),
            Command::PacketAsk => self.network.ask_circuit = true,
            Command::CircuitAsk => self.ask_later(),
            _ => {}
        }
    }

    pub(super) fn ask_later(&mut self) {
        let network = &mut self.network;
        network.ask_circuit = false;
        network.ask_ms = network.ask_ms.saturating_mul(2).clamp(ASK_FIRST_MS, ASK_LONGEST_MS);
        network.ask = self.now.after(network.ask_ms.into());
    }

    fn acknowledged(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Ok => self.sms.acknowledge = self.sms.acknowledge.saturating_sub(1),
            // some know only this form
            Outcome::Error | Outcome::Equipment(_) if !self.setup.spelt_out => self.setup.spelt_out = true,
            _ => {
                self.sms.acknowledge = 0;
                self.sms.reroute = self.now;
            }
        }
    }

    fn deleted(&mut self, place: Place, outcome: Outcome) {
        match outcome {
            _ if is_busy(outcome) => self.pause = self.now.after(BUSY_MS),
            // 321: there is nothing
            Outcome::Ok | Outcome::Message(321) => self.sms.deleted(place, true),
            _ => self.sms.deleted(place, false),
        }
    }

    /// The answer to +CMGR is over. A message that nobody can read is read again, because it may have come broken over the
    /// line, and at last deleted: the storage would fill with them.
    fn read(&mut self, flight: &Flight, outcome: Outcome) {
        let place = flight.place;
        match flight.found {
            Found::Message => self.sms.has_read(place),
            Found::TooMuch => {}
            Found::Answer => self.sms.has_read(place),
            Found::Broken => {
                if !self.sms.may_read_again() {
                    self.sms.give_up(place);
                    self.counters.dropped = self.counters.dropped.wrapping_add(1);
                    self.tell(Code::Dropped, 0);
                }
            }
            Found::Nothing => {
                if is_busy(outcome) {
                    self.pause = self.now.after(BUSY_MS);
                } else if outcome == Outcome::Message(321) || !self.sms.may_read_again() {
                    self.sms.has_read(place);
                }
            }
        }
    }

    /// The answer to +CMGL is over.
    fn listed(&mut self, outcome: Outcome) {
        let more = core::mem::take(&mut self.sms.more);
        if outcome == Outcome::Ok {
            self.setup.upsets = 0;
            self.sms.list_tries = 0;
            self.setup.list_failed = false;
            return self.list_next(more);
        }
        self.sms.list_tries = self.sms.list_tries.saturating_add(1);
        let again = self.sms.list_tries < LISTS || is_busy(outcome);
        self.sms.list = if again { self.now.after(LIST_MS) } else { Instant::NEVER };
        if !again && !core::mem::replace(&mut self.setup.list_failed, true) {
            // once: perhaps it has other settings than it should
            self.doubted();
        }
    }

    /// Lists the same storage again, or the one that the application wants where the modem has not taken it at the start.
    fn list_next(&mut self, more: bool) {
        let sms = &mut self.sms;
        let other = sms.listing == sms.storage && sms.storage != self.config.storage;
        if !more {
            sms.listing = if other { self.config.storage } else { sms.storage };
        }
        sms.list = if more || other { self.now } else { Instant::NEVER };
    }

    fn sent(&mut self) {
        self.counters.sent = self.counters.sent.wrapping_add(1);
        self.next_message();
    }

    fn next_message(&mut self) {
        self.sms.outgoing.pop();
        self.sms.attempts = 0;
        self.sms.due = self.now;
        self.sms.set_centre = false;
    }

    fn not_sent(&mut self, outcome: Outcome) {
        match advice(outcome) {
            Advice::Later => self.send_again(detail(outcome)),
            Advice::CleanUp => {
                self.sms.list = self.now;
                self.send_again(detail(outcome));
            }
            Advice::Centre if self.config.centre.is_some() && self.sms.attempts == 0 => {
                self.sms.set_centre = true;
                self.send_once_more(detail(outcome));
            }
            Advice::Once | Advice::Sim => self.send_once_more(detail(outcome)),
            Advice::Centre | Advice::Never => self.send_failed(detail(outcome)),
        }
    }

    /// The message stays the first one of the queue until its next try, or is given up.
    fn send_again(&mut self, detail: i32) {
        if self.sms.attempts >= RESENDS {
            return self.send_failed(detail);
        }
        self.sms.due = self.now.after(growing(RESEND_MS, self.sms.attempts, RESEND_LONGEST_MS));
        self.sms.attempts = self.sms.attempts.saturating_add(1);
    }

    /// The modem did not ask for the body: nothing was sent.
    pub(super) fn send_later(&mut self) {
        self.send_again(0);
    }

    /// One more try. Where the body was written and no answer came, the message may have been sent: then it goes out twice,
    /// which CoAP, DTLS and the counters of secured packets are made for.
    pub(super) fn send_once_more(&mut self, detail: i32) {
        if self.sms.attempts > 0 {
            return self.send_failed(detail);
        }
        self.send_again(detail);
    }

    fn send_failed(&mut self, detail: i32) {
        self.counters.failed = self.counters.failed.wrapping_add(1);
        self.tell(Code::SendFailed, detail);
        self.next_message();
    }
}

/// What an event tells of an outcome.
fn detail(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Ok | Outcome::Error => 0,
        Outcome::Message(code) => code.into(),
        Outcome::Equipment(code) => i32::from(code).wrapping_add(65_536),
    }
}
