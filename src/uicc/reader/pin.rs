//! Cardholder verification (TS 1.0 Appendix G.2.4; ETSI TS 102 221 sections 9.5 and 11.1.9): one PIN, once.

use super::commands::State;
use super::types::{Failure, Outcome};
use super::{Host, Reader, Step};
use crate::bytes::zeroise;
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::apdu::{Command, Status};
use crate::uicc::fcp::{Fcp, PinRef};

/// How far the PIN of a reading has come.
#[derive(Clone, Copy)]
pub(super) struct Pin {
    pub reference: u8,
    tries: u8,
    /// All that can be done for a PIN has been done, or is under way.
    used: bool,
    /// What goes on behind it.
    resume: State,
    /// The card asked for it.
    wanted: Option<Status>,
}

impl Pin {
    pub const NONE: Self = Self { reference: 0, tries: 0, used: false, resume: State::Idle, wanted: None };
}

impl Reader<'_> {
    /// `resume` needs a PIN: its object says so, or the card does by that status word.
    pub(super) fn verify(&mut self, resume: State, wanted: Option<Status>) -> Result<(), Failure> {
        if self.pin.used {
            return match wanted {
                Some(status) => Err(self.refused(status, Error::Unauthorized)),
                None => {
                    self.state = resume;
                    Ok(())
                }
            };
        }
        (self.pin.used, self.pin.resume, self.pin.wanted) = (true, resume, wanted);
        if self.application.is_none() {
            self.state = State::AskStatus;
            return Ok(());
        }
        self.choose()
    }

    /// The first PIN that is enabled and is not an administrator's.
    fn choose(&mut self) -> Result<(), Failure> {
        let pins = self.application.as_ref().map_or(&[] as &[Option<PinRef>], |fcp| &fcp.pins);
        let chosen = pins.iter().flatten().find(|pin| pin.enabled && !is_administrative(pin.reference));
        self.state = match (chosen, self.pin.wanted) {
            (Some(pin), _) => {
                self.pin.reference = pin.reference;
                State::AskTries
            }
            // it may turn out that the card wants one all the same
            (None, None) => {
                self.pin.used = false;
                self.pin.resume
            }
            (None, Some(Status(status))) => {
                return Err(Failure { step: Step::Pin, status, error: Error::Unauthorized });
            }
        };
        Ok(())
    }

    /// The answer to STATUS, which need not know more.
    pub(super) fn status_asked(&mut self, status: Status, length: usize) -> Result<Option<Outcome>, Failure> {
        if status.is_good() {
            self.application = Fcp::parse(self.response(length)).ok();
        }
        self.choose().map(|()| None)
    }

    /// The answer to a VERIFY without a PIN: how many tries are left.
    pub(super) fn tries_asked(&mut self, status: Status) -> Result<Option<Outcome>, Failure> {
        self.state = match status.retries() {
            Some(tries) if tries > 0 => {
                self.pin.tries = tries;
                State::GivePin
            }
            // verified already, or not wanted
            None if status.is_good() || status == Status::UNUSABLE => self.pin.resume,
            _ => return Err(self.refused(status, status.error())),
        };
        Ok(None)
    }

    /// VERIFY PIN.
    pub(super) fn give_pin(&mut self, due: Instant, host: &mut dyn Host) -> Result<(), Failure> {
        let mut pin = [0xff; 8];
        let given = host.pin(self.pin.reference, self.pin.tries, &mut pin);
        let done = match given {
            Some(length @ 4..=8) => {
                for rest in pin.iter_mut().skip(length) {
                    *rest = 0xff;
                }
                let command = Command::new(0x20, 0, self.pin.reference, &pin, None);
                self.send(&command, due, host).map_err(|error| self.failure(error))
            }
            Some(_) => Err(self.failure(Error::BadValue)),
            None => {
                let status = Status(0x63c0 | u16::from(self.pin.tries & 0x0f));
                Err(self.refused(status, Error::Credentials))
            }
        };
        zeroise(&mut pin);
        done
    }

    /// The answer to VERIFY PIN. A wrong one is not tried again.
    pub(super) fn pin_given(&mut self, status: Status) -> Result<Option<Outcome>, Failure> {
        if !status.is_good() {
            return Err(self.refused(status, status.error()));
        }
        self.state = self.pin.resume;
        Ok(None)
    }
}

/// ADM1 to ADM5, and those of a second range.
const fn is_administrative(reference: u8) -> bool {
    matches!(reference & 0x7f, 0x0a..=0x0e)
}
