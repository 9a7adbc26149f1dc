//! When messages are exchanged with a card that packs and opens them (TS 1.0 section 7.2.2.2), and those that wait for it.

use super::outbox::{AROUND, Outbox};
use super::{PAUSE_MS, TRIES};
use crate::client::network::DOUBLED;
use crate::error::Error;
use crate::sms::number::Number;
use crate::time::{Instant, seconds};
use crate::uicc::reader::Failure;
use core::cell::Cell;

/// How soon a card is asked again that has more messages than one session takes, in milliseconds.
const MORE_MS: u64 = 1_000;

/// What is known of the exchange.
pub struct Messages<'a> {
    pub outbox: Outbox<'a>,
    /// How often the card is asked at least, in seconds; 0: when it is told.
    ask_s: u32,
    /// When it is asked.
    ask: Cell<Instant>,
    /// How often it was asked since the last message.
    asked: Cell<u8>,
    /// The largest body that goes to the card.
    most: usize,
    /// Some may wait on the card, was said while they were exchanged.
    told: Cell<bool>,
    /// How often they could not be exchanged since the first in the outbox is the first.
    misses: Cell<u8>,
    /// The card has refused one of them.
    stuck: Cell<Option<Failure>>,
    /// Nor before.
    hold_until: Cell<Instant>,
}

impl<'a> Messages<'a> {
    /// `outbox` has room for those that the card is to send; empty: none end on it. `most` is the largest body of one.
    pub fn new(ask_s: u32, outbox: &'a mut [u8], most: usize) -> Self {
        Self {
            outbox: Outbox::new(outbox),
            ask_s,
            ask: Cell::new(Instant::NEVER),
            asked: Cell::new(0),
            most,
            told: Cell::new(false),
            misses: Cell::new(0),
            stuck: Cell::new(None),
            hold_until: Cell::new(Instant::ZERO),
        }
    }

    /// How large a message can be that the card is to send.
    pub fn room(&self) -> usize {
        self.most.saturating_sub(AROUND)
    }

    /// One for the card to send. [`Error::Busy`]: there is no room for it now; [`Error::TooLarge`]: there never is.
    pub fn post(&self, to: &Number, tag: u8, message: &[u8]) -> Result<(), Error> {
        if message.len() > self.room() {
            return Err(Error::TooLarge);
        }
        if self.outbox.is_empty() {
            self.misses.set(0);
        }
        self.outbox.push(to, tag, message)
    }

    /// When they are exchanged.
    pub fn due(&self) -> Instant {
        let wanted = if !self.outbox.is_empty() { Instant::ZERO } else { self.ask.get() };
        wanted.later(self.hold_until.get())
    }

    /// A session with the card begins.
    pub fn begin(&self, now: Instant) {
        self.ask_later(now);
        self.stuck.set(None);
        self.told.set(false);
    }

    /// It is over, with `more` of them on the card: what the card has refused.
    pub fn end(&self, now: Instant, more: bool) -> Option<Failure> {
        if more {
            self.ask.set(self.ask.get().earlier(now.after(MORE_MS)));
        }
        if self.told.take() {
            self.ask.set(now);
        }
        let refused = self.stuck.take();
        if refused.is_none() {
            self.misses.set(0);
        }
        refused
    }

    /// They could not be exchanged with the card.
    pub fn missed(&self, now: Instant) {
        let misses = self.misses.get().saturating_add(1);
        self.misses.set(misses);
        if misses < TRIES || self.told.take() {
            let until = now.after(PAUSE_MS);
            self.hold_until.set(until);
            self.ask.set(self.ask.get().earlier(until));
        } else {
            // nobody would repeat it, and nobody waits for ever
            self.misses.set(0);
            self.outbox.drop_first();
            self.ask_later(now);
        }
    }

    /// The next one for the card.
    pub fn next(&self, buffer: &mut [u8]) -> Option<usize> {
        // one that the card has refused is not offered again at once
        if self.stuck.get().is_some() { None } else { self.outbox.first(buffer) }
    }

    /// What became of it.
    pub fn stored(&self, now: Instant, done: Result<(), Failure>) {
        match done {
            Ok(()) => {
                self.outbox.drop_first();
                self.misses.set(0);
                self.ask_soon(now);
            }
            Err(failure) => self.stuck.set(Some(failure)),
        }
    }

    /// Some may wait on the card.
    pub fn ask_at_once(&self) {
        self.ask.set(Instant::ZERO);
        self.told.set(true);
    }

    /// A message has gone or come.
    pub fn ask_soon(&self, now: Instant) {
        self.asked.set(0);
        self.ask_later(now);
    }

    pub fn ask_later(&self, now: Instant) {
        // where a message has just gone or come, the next one is soon there
        let asked = self.asked.get();
        self.asked.set(asked.saturating_add(1));
        let pause = self.ask_s.min(1u32.wrapping_shl(asked.min(DOUBLED).into()));
        self.ask.set(if pause == 0 { Instant::NEVER } else { now.after(seconds(pause)) });
    }
}
