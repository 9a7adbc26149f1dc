//! The init list, step by step, and what is done about a modem that does not follow it (TS 27.005, TS 27.007).

use super::command::{ASK_SIM, Command, INIT, is_busy};
use super::dialogue::{Flight, Found};
use super::text::Outcome;
use super::{Cause, Code, Modem, Network, Phase, Readiness, Sim};
use crate::error::Error;

/// How long to wait before a lost modem is tried again, at first and at last.
pub(super) const LOST_FIRST_MS: u32 = 10_000;
const LOST_LONGEST_MS: u32 = 300_000;
/// The pause before a step is tried again, at first and at last.
const AGAIN_MS: u64 = 1_000;
const AGAIN_LONGEST_MS: u64 = 60_000;
/// How long after a PIN the SIM is asked again.
const PIN_MS: u64 = 1_000;
/// How often a step waits for a busy SIM, and how often one that is needed is tried before the modem is woken again.
const BUSY_TRIES: u8 = 20;
const NEEDED_TRIES: u8 = 8;

/// `first` doubled with each try, up to `longest`.
pub(super) const fn growing(first: u64, tries: u8, longest: u64) -> u64 {
    let tries = if tries < 20 { tries } else { 20 };
    let pause = first.saturating_mul(1u64.wrapping_shl(tries as u32));
    if pause < longest { pause } else { longest }
}

impl Modem<'_> {
    /// The modem answers: tells what was before, and begins the list.
    pub(super) fn begin_init(&mut self, cause: Cause) {
        if cause != Cause::Start {
            self.counters.restarts = self.counters.restarts.wrapping_add(1);
            self.tell(Code::Restarted, cause as i32);
        }
        self.lost_ms = LOST_FIRST_MS;
        self.network = Network::UNKNOWN;
        self.setup.sim = Sim::Unknown;
        self.setup.missing = 0;
        self.setup.acknowledged = false;
        self.setup.spelt_out = false;
        self.setup.echoes = false;
        self.setup.centre_length = 0;
        self.sms.storage = self.config.storage;
        self.sms.selected = [0; 2];
        self.sms.restart();
        self.setup.routing = [None; 2];
        self.pause = self.now;
        self.next_step(0, 0);
    }

    /// Goes to the next step that has something to do, and is ready after the last one.
    pub(super) fn next_step(&mut self, at: u8, form: u8) {
        let mut at = at;
        let mut form = form;
        while let Some(command) = INIT.get(usize::from(at)) {
            if self.applies(at, *command, form) {
                self.phase = Phase::Init { at, form, tries: 0 };
                return;
            }
            at = at.wrapping_add(1);
            form = 0;
        }
        self.be_ready();
    }

    fn applies(&self, at: u8, command: Command, form: u8) -> bool {
        let [_, twice] = self.setup.silent;
        let skipped = twice & bit(at) != 0 && !command.row().needed;
        !skipped
            && match command {
                Command::Extra => self.config.script.line(form).is_some(),
                Command::PinGive => self.may_give_pin(),
                Command::RouteAsk => self.config.check_ms > 0,
                Command::CentreSet => self.config.centre.is_some(),
                Command::Bearer => self.config.bearer.is_some(),
                _ => true,
            }
    }

    /// A wrong PIN is never entered twice: three of them lock the SIM.
    const fn may_give_pin(&self) -> bool {
        matches!(self.setup.sim, Sim::Pin) && self.config.pin.is_some() && !self.setup.pin_spent
    }

    fn be_ready(&mut self) {
        self.phase = Phase::Ready;
        self.setup.silent = [0; 2];
        self.ask_later();
        self.sms.listing = self.sms.storage;
        self.busy_until_next_check();
        self.tell(Code::Ready, 0);
    }

    /// A step has ended.
    pub(super) fn step_done(&mut self, at: u8, form: u8, tries: u8, flight: &Flight, outcome: Outcome) {
        let row = flight.command.row();
        match flight.command {
            Command::Extra => return self.next_step(at, form.saturating_add(1)),
            Command::PinAsk => return self.sim_asked(at, tries, flight, outcome),
            Command::PinGive => {
                // a SIM that was busy has not looked at it
                self.setup.pin_spent = !is_busy(outcome);
                self.phase = Phase::Init { at: ASK_SIM, form: 0, tries: 0 };
                self.pause = self.now.after(PIN_MS);
                return;
            }
            _ => {}
        }
        if outcome == Outcome::Ok {
            self.worked(flight, form);
            self.next_step(at.wrapping_add(1), 0);
        } else if is_busy(outcome) && tries < BUSY_TRIES {
            self.again(at, form, tries);
        } else if form.wrapping_add(1) < row.forms {
            self.phase = Phase::Init { at, form: form.wrapping_add(1), tries };
        } else if !row.needed {
            self.next_step(at.wrapping_add(1), 0);
        } else if tries < NEEDED_TRIES {
            self.again(at, 0, tries);
        } else {
            // once more from the beginning, after the longest pause
            self.lose();
        }
    }

    fn again(&mut self, at: u8, form: u8, tries: u8) {
        self.phase = Phase::Init { at, form, tries: tries.saturating_add(1) };
        self.pause = self.now.after(growing(AGAIN_MS, tries, AGAIN_LONGEST_MS));
    }

    /// Keeps what the modem took.
    const fn worked(&mut self, flight: &Flight, form: u8) {
        match flight.command {
            Command::Service => self.setup.acknowledged = form == 0,
            // without +CPMS the OK may be another command's: the storage is chosen again before it is read
            Command::Storage if matches!(flight.found, Found::Answer) => self.sms.selected = self.sms.storage,
            Command::Route => self.setup.route = form,
            _ => {}
        }
    }

    /// The storage that the application wants, or the other one.
    pub(super) fn storage(&self, form: u8) -> [u8; 2] {
        match (form, &self.config.storage) {
            (0, wanted) => *wanted,
            (_, b"SM") => *b"ME",
            _ => *b"SM",
        }
    }

    /// The SIM has told its state, or there is none. Without a usable one nothing else is worth a try.
    fn sim_asked(&mut self, at: u8, tries: u8, flight: &Flight, outcome: Outcome) {
        self.setup.sim = match outcome {
            Outcome::Ok if flight.found == Found::Answer => self.setup.sim,
            Outcome::Ok => Sim::Unknown,
            Outcome::Equipment(14) | Outcome::Message(314) => Sim::Unknown,
            Outcome::Equipment(11) | Outcome::Message(311) => Sim::Pin,
            Outcome::Equipment(12) | Outcome::Message(316) => Sim::Puk,
            // a modem that does not know the command has no SIM to be unlocked
            Outcome::Equipment(4) => Sim::Ready,
            Outcome::Equipment(10) | Outcome::Message(310) => Sim::Missing,
            Outcome::Error | Outcome::Equipment(_) | Outcome::Message(_) => Sim::Unusable,
        };
        let missing = self.setup.sim == Sim::Missing;
        self.setup.missing = if missing { self.setup.missing.saturating_add(1) } else { 0 };
        if let (Sim::Missing | Sim::Pin | Sim::Puk, Some(card)) = (self.setup.sim, self.card.as_mut()) {
            card.0.was_off();
        }
        if self.setup.sim == Sim::Ready {
            // the PIN was right, if there was one: it may be entered after the next start
            self.setup.pin_spent = false;
            self.setup.sim_told = Readiness::Starting;
            return self.next_step(at.wrapping_add(1), 0);
        }
        if self.may_give_pin() {
            return self.next_step(at.wrapping_add(1), 0);
        }
        let readiness = self.readiness();
        if readiness != self.setup.sim_told && readiness != Readiness::Starting {
            self.setup.sim_told = readiness;
            self.tell(Code::Sim, readiness as i32);
        }
        self.again(at, 0, tries);
    }

    /// A step got no answer. An optional one is left out when that happens a second time.
    pub(super) const fn step_silent(&mut self, at: u8) {
        let [once, twice] = &mut self.setup.silent;
        *twice |= *once & bit(at);
        *once |= bit(at);
    }

    /// Waits before the modem is tried again.
    pub(super) fn lose(&mut self) {
        if self.lost_ms == LOST_FIRST_MS {
            self.tell(Code::Lost, 0);
        }
        self.flight = None;
        self.lose_card(Error::Closed, false);
        self.output.clear();
        self.phase = Phase::Lost;
        self.pause = self.now.after(self.lost_ms.into());
        self.lost_ms = self.lost_ms.saturating_mul(2).min(LOST_LONGEST_MS);
        self.open = true;
    }
}

const fn bit(at: u8) -> u32 {
    1u32.wrapping_shl(at as u32)
}
