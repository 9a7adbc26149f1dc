//! A smartcard: bootstrap from its file, the check for changes, and short messages that end on it (TS 1.0 sections 5.2.3.2,
//! 5.2.4 and 7.2.2.2).
//!
//! ```text
//! the first attempt: nobody registers before it is over
//! Resting -> (due) Check -> as before: who waits may register
//!                 |  `----> Load: undone where it fails, else the accounts follow
//!                 `------> no card, no data: what came from it goes
//! ```
//!
//! A card is looked at before each Register and Update of an account that came from it, when the platform says that it may
//! be another one, and now and then while there is none.

mod messages;
mod outbox;

use crate::bytes;
use crate::client::bootstrap::{Bootstrap, Loading};
use crate::client::features::Carding;
use crate::client::{Context, Deadline, Engine, Reason};
use crate::crypto::Crypto;
use crate::error::Error;
use crate::port::{Event, EventCode};
use crate::sms::number::Number;
use crate::time::{Instant, seconds};
use crate::uicc::file::Item;
use crate::uicc::reader::{
    Cause, Config, Failure, Found, Goal, Host, Left, Outcome, Progress, Reader, Step, WINDOW_SPARE,
};
use crate::uicc::scp03::StaticKeys;
use crate::uicc::{Card, Means, Seal};
use core::cell::{Cell, RefCell};
use messages::Messages;

/// Bytes by which a card and its data are known: ICCID and fingerprint.
pub const IDENTITY: usize = 18;

/// How often a card that cannot be read is tried before the client goes on without it.
const TRIES: u8 = 3;
/// The pause between those, in milliseconds.
const PAUSE_MS: u64 = 2_000;
/// How long what was seen of the card is good for, in milliseconds: servers that are due together need one look.
const FRESH_MS: u64 = 1_000;

/// The platform's card and what belongs to it, see `whimbrel_port_t.uicc_transmit` and `whimbrel_uicc_t`.
pub trait Slot {
    /// See [`Card::transmit`].
    fn transmit(&self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error>;
    /// The PIN of that reference; `None`: nobody knows it.
    fn pin(&self, reference: u8, tries: u8, pin: &mut [u8; 8]) -> Option<usize>;
    /// What computes for a secure channel.
    fn crypto(&self) -> Option<&dyn Crypto>;
    /// The keys of a secure channel.
    fn keys(&self) -> Option<&dyn StaticKeys>;
}

struct Way<'s>(&'s dyn Slot);

impl Card for Way<'_> {
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        self.0.transmit(command, response)
    }
}

/// What the application chooses.
#[derive(Clone, Copy)]
pub struct Choice {
    /// How a card is read.
    pub reading: Config,
    /// How often a card is looked for while there is none, in seconds; 0: never.
    pub look_s: u32,
    /// How often a card is asked for messages, in seconds; 0: when it is told.
    pub ask_s: u32,
}

/// What is under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    Nothing,
    Check,
    Load,
    Messages,
}

/// The part of a client that reads a card.
pub struct Cards<'a> {
    slot: &'a dyn Slot,
    bootstrap: &'a Bootstrap<'a>,
    reading: Config,
    /// How often a card is looked for while there is none, in seconds; 0: never.
    look_s: u32,
    /// What makes a secure channel.
    seal: Option<&'static dyn Seal>,
    reader: RefCell<Reader<'a>>,
    job: Cell<Job>,
    /// When it goes on.
    step: Cell<Instant>,
    loading: Cell<Loading>,
    /// Card and data that hold.
    known: Cell<Option<[u8; IDENTITY]>>,
    /// When the card is looked at.
    due: Cell<Instant>,
    /// The first attempt is over.
    tried: Cell<bool>,
    failures: Cell<u8>,
    /// How often a card that had data was without.
    empties: Cell<u8>,
    /// How many tries a PIN had when it was given: with fewer left it was wrong, and is not given again.
    pin_tries: Cell<Option<u8>>,
    /// Accounts that wait for a look at the card, as bits.
    waiting: Cell<u32>,
    /// Until when the last look is good enough.
    fresh: Cell<Instant>,
    /// That there is no card, or no data, was told.
    told_gone: Cell<bool>,
    messages: Messages<'a>,
}

impl<'a> Cards<'a> {
    /// `outbox` has room for messages that the card is to send; empty: none end on it.
    pub fn new(
        slot: &'a dyn Slot,
        bootstrap: &'a Bootstrap<'a>,
        choice: Choice,
        seal: Option<&'static dyn Seal>,
        window: &'a mut [u8],
        outbox: &'a mut [u8],
    ) -> Result<Self, Error> {
        let most = window.len().saturating_sub(WINDOW_SPARE);
        Ok(Self {
            slot,
            bootstrap,
            reading: choice.reading,
            look_s: choice.look_s,
            seal,
            reader: RefCell::new(Reader::new(window)?),
            job: Cell::new(Job::Nothing),
            step: Cell::new(Instant::NEVER),
            loading: Cell::new(Loading::BEGIN),
            known: Cell::new(None),
            due: Cell::new(Instant::ZERO),
            tried: Cell::new(false),
            failures: Cell::new(0),
            empties: Cell::new(0),
            pin_tries: Cell::new(None),
            waiting: Cell::new(0),
            fresh: Cell::new(Instant::ZERO),
            told_gone: Cell::new(false),
            messages: Messages::new(choice.ask_s, outbox, most),
        })
    }

    /// Begins what is due, one job at a time.
    fn choose(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        if ctx.now >= self.look() {
            if engine.settled().is_err() {
                // a bootstrap server is at work: its accounts are not looked at meanwhile
                return self.due.set(ctx.now.after(PAUSE_MS));
            }
            self.due.set(Instant::NEVER);
            // where nothing holds that a card brought, what is there is loaded at once
            return match self.known.get() {
                Some(_) => self.start(ctx, Job::Check),
                None => self.load(engine, ctx),
            };
        }
        if ctx.now >= self.messages_due() {
            self.messages.begin(ctx.now);
            self.start(ctx, Job::Messages);
        }
    }

    /// When the card is looked at: not by a client that was stopped, for which nothing would follow.
    fn look(&self) -> Instant {
        if self.bootstrap.is_stopped() { Instant::NEVER } else { self.due.get() }
    }

    /// When messages are exchanged with the card.
    fn messages_due(&self) -> Instant {
        if self.tried.get() { self.messages.due() } else { Instant::NEVER }
    }

    fn start(&self, ctx: &Context<'_>, job: Job) {
        let goal = match job {
            Job::Load => Goal::Load,
            Job::Messages => Goal::Messages,
            Job::Nothing | Job::Check => Goal::Check,
        };
        if let Ok(mut reader) = self.reader.try_borrow_mut() {
            reader.start(goal, self.reading);
            self.job.set(job);
            self.step.set(ctx.now);
        }
    }

    fn load(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        self.loading.set(Loading::BEGIN);
        match self.bootstrap.begin_load(engine) {
            Ok(()) => self.start(ctx, Job::Load),
            Err(error) => {
                self.bootstrap.undo_load(engine, ctx);
                self.unusable(engine, ctx, error);
            }
        }
    }

    /// Nothing goes on: the port may give the card to others.
    fn release(&self) {
        self.job.set(Job::Nothing);
        // it has nothing to answer
        let _ = self.slot.transmit(&[], &mut []);
    }

    /// The card has been read as far as was asked for.
    fn done(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, job: Job, outcome: Outcome, left: &Left) {
        if let Some(failure) = &left.unclosed {
            engine.tell(ctx, Event::new(EventCode::CardFailed, 0).why(code(failure)));
        }
        match (outcome, job) {
            (Outcome::Messages { .. }, _) => {
                if let Some(failure) = self.messages.end(ctx.now, left.more) {
                    self.missed(engine, ctx, &failure, Cause::Trouble);
                }
            }
            (Outcome::Empty { .. }, _) => {
                self.bootstrap.undo_load(engine, ctx);
                self.empty(engine, ctx);
            }
            (Outcome::Read(found), Job::Load) => self.loaded(engine, ctx, &found),
            (Outcome::Read(found), _) if self.known.get() == Some(identity(&found)) => {
                engine.tell(ctx, Event::new(EventCode::CardChecked, 0).why(found.apdus.into()));
                self.settle(ctx.now);
            }
            (Outcome::Read(_), _) if engine.settled().is_err() => self.due.set(ctx.now.after(PAUSE_MS)),
            (Outcome::Read(_), _) => self.load(engine, ctx),
        }
    }

    fn loaded(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, found: &Found) {
        let before = self.known.replace(Some(identity(found)));
        // what is stored at the end names the card
        match self.bootstrap.end_load(engine, ctx, &self.loading.get()) {
            Ok(()) => {
                engine.tell(ctx, Event::new(EventCode::CardRead, 0).why(found.apdus.into()));
                self.told_gone.set(false);
                self.settle(ctx.now);
            }
            Err(error) => {
                self.known.set(before);
                self.unusable(engine, ctx, error);
            }
        }
    }

    /// The look at the card is over: who waited for it goes on.
    fn settle(&self, now: Instant) {
        self.failures.set(0);
        self.empties.set(0);
        self.pin_tries.set(None);
        self.let_go(now);
    }

    fn let_go(&self, now: Instant) {
        if !self.tried.replace(true) {
            self.messages.ask_later(now);
        }
        self.waiting.set(0);
        self.fresh.set(now.after(FRESH_MS));
    }

    /// There is no card, or no data on it.
    fn gone(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, status: i32) {
        if engine.has_card_data() {
            self.known.set(None);
            self.told_gone.set(false);
            if self.bootstrap.remove_card_data(engine, ctx).is_err() {
                return self.due.set(ctx.now.after(PAUSE_MS));
            }
        }
        self.known.set(None);
        if !self.told_gone.replace(true) {
            engine.tell(ctx, Event::new(EventCode::CardGone, 0).why(status));
        }
        self.settle(ctx.now);
        if self.look_s != 0 {
            self.due.set(ctx.now.after(seconds(self.look_s)));
        }
    }

    /// A card without data. Where it had some before, it is asked more than once: it may have been read wrongly.
    fn empty(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        let empties = self.empties.get().saturating_add(1);
        self.empties.set(empties);
        if engine.has_card_data() && empties < TRIES {
            let failure = Failure { step: Step::Dodf, status: 0, error: Error::BadValue };
            return self.failed(engine, ctx, failure, &Left::NOTHING);
        }
        self.gone(engine, ctx, 1);
    }

    /// A look at the card failed. It is tried again; after some times the client goes on with what it has.
    fn failed(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, failure: Failure, left: &Left) {
        if left.cause == Cause::NoCard {
            return self.gone(engine, ctx, 0);
        }
        let failures = self.failures.get().saturating_add(1);
        self.failures.set(failures);
        let pause = if failures < TRIES { PAUSE_MS } else { engine.growing(failures.wrapping_sub(TRIES)) };
        let until = ctx.now.after(pause);
        self.due.set(until);
        engine.tell(ctx, Event::new(EventCode::CardFailed, 0).why(code(&failure)).until(until.as_millis()));
        if failures < TRIES {
            return;
        }
        let content = left.cause == Cause::Content && !passes(failure.error);
        if self.known.get().is_some_and(|known| content || is_another(&known, &left.iccid)) {
            // data or card is another, and of no use: what came before must not go on (TS 1.0 section 5.2.3.2)
            self.known.set(None);
            let _ = self.bootstrap.remove_card_data(engine, ctx);
        }
        self.let_go(ctx.now);
    }

    /// What the card says cannot be applied.
    fn unusable(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, error: Error) {
        let failure = Failure { step: Step::File, status: 0, error };
        self.failed(engine, ctx, failure, &Left { cause: Cause::Content, ..Left::NOTHING });
    }

    /// Messages could not be exchanged with the card.
    fn missed(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, failure: &Failure, cause: Cause) {
        if cause == Cause::NoCard {
            self.due.set(ctx.now);
        }
        self.messages.missed(ctx.now);
        engine.tell(ctx, Event::new(EventCode::CardFailed, 0).why(code(failure)));
    }
}

fn identity(found: &Found) -> [u8; IDENTITY] {
    let mut identity = [0; IDENTITY];
    // both have their places
    let _ = bytes::put(&mut identity, 0, &found.iccid);
    let _ = bytes::put(&mut identity, 10, &found.fingerprint.to_be_bytes());
    identity
}

/// Step, and the status word or the number of the error.
fn code(failure: &Failure) -> i32 {
    let why = match failure.status {
        0 => failure.error.to_c().wrapping_neg() & 0xff,
        status => status.into(),
    };
    i32::from(failure.step as u8) << 16 | why
}

/// Whether it is the client that cannot take what was read, for the time being.
fn passes(error: Error) -> bool {
    matches!(error, Error::Storage | Error::State | Error::Busy)
}

/// Whether that is the number of another card; zeros: it was not read.
fn is_another(known: &[u8; IDENTITY], iccid: &[u8; 10]) -> bool {
    *iccid != [0; 10] && !known.starts_with(iccid)
}

/// What the reader sees of the client.
struct Visit<'v, 'e, 'c, 'p, 'a> {
    cards: &'v Cards<'a>,
    engine: &'v mut Engine<'e>,
    ctx: &'c mut Context<'p>,
}

impl Host for Visit<'_, '_, '_, '_, '_> {
    fn random(&mut self, buffer: &mut [u8]) {
        self.ctx.port.random(buffer);
    }

    fn means(&self) -> Option<Means<'_>> {
        Some(Means { crypto: self.cards.slot.crypto()?, seal: self.cards.seal? })
    }

    fn keys(&self) -> Option<&dyn StaticKeys> {
        self.cards.slot.keys()
    }

    fn pin(&mut self, reference: u8, tries: u8, pin: &mut [u8; 8]) -> Option<usize> {
        if self.cards.pin_tries.get().is_some_and(|before| tries < before) {
            // nobody but us has tried since
            return None;
        }
        let given = self.cards.slot.pin(reference, tries, pin);
        self.cards.pin_tries.set(given.map(|_| tries));
        given
    }

    fn item(&mut self, item: &Item, bytes: &[u8]) -> Result<(), Error> {
        if self.cards.job.get() != Job::Load {
            // it was given up
            return Ok(());
        }
        let mut loading = self.cards.loading.get();
        let done = self.cards.bootstrap.load(self.engine, &mut loading, item, bytes);
        self.cards.loading.set(loading);
        done
    }

    fn next_message(&mut self, buffer: &mut [u8]) -> Option<usize> {
        self.cards.messages.next(buffer)
    }

    fn message_stored(&mut self, done: Result<(), Failure>) {
        self.cards.messages.stored(self.ctx.now, done);
    }

    fn message(&mut self, from: &[u8], message: &[u8]) {
        self.cards.messages.ask_soon(self.ctx.now);
        let taken = Number::read_address(from).and_then(|from| {
            let texting = self.engine.config.features.texting.ok_or(Error::NotSupported)?;
            texting.arrived(self.engine, self.ctx, &from, message)
        });
        if let Err(error) = taken {
            self.engine.tell(self.ctx, Event::new(EventCode::Dropped, 0).why(error.to_c()));
        }
    }
}

impl Carding for Cards<'_> {
    fn turn(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) -> bool {
        if self.job.get() == Job::Nothing {
            self.choose(engine, ctx);
        }
        let stopped = self.bootstrap.is_stopped();
        if stopped && self.job.get() == Job::Load {
            self.bootstrap.undo_load(engine, ctx);
            self.job.set(Job::Check);
        }
        let job = self.job.get();
        if job == Job::Nothing {
            return false;
        }
        let (progress, left) = match self.reader.try_borrow_mut() {
            Ok(mut reader) => {
                let now = ctx.now;
                let mut visit = Visit { cards: self, engine, ctx };
                let progress = reader.step(now, &mut Way(self.slot), &mut visit);
                (progress, reader.left())
            }
            // a handler called the client: it is not entered twice
            Err(_) => return false,
        };
        match progress {
            Progress::Waiting(until) => self.step.set(until),
            Progress::Again => self.step.set(ctx.now),
            // nothing follows for a client that was stopped, but for what it has to say
            Progress::Done(_) | Progress::Failed(_) if stopped && job != Job::Messages => self.release(),
            Progress::Done(outcome) => {
                self.release();
                self.done(engine, ctx, job, outcome, &left);
            }
            Progress::Failed(failure) => {
                self.release();
                self.bootstrap.undo_load(engine, ctx);
                if job == Job::Messages {
                    self.missed(engine, ctx, &failure, left.cause);
                } else {
                    self.failed(engine, ctx, failure, &left);
                }
            }
        }
        self.job.get() == Job::Load
    }

    fn deadline(&self, next: Deadline) -> (Deadline, bool) {
        match self.job.get() {
            Job::Nothing => {
                let due = self.look().earlier(self.messages_due());
                (next.or(due, Reason::Card, 0), false)
            }
            job => (next.or(self.step.get(), Reason::Card, 0), job == Job::Load),
        }
    }

    fn is_tried(&self) -> bool {
        self.tried.get()
    }

    fn admits(&self, engine: &Engine<'_>, now: Instant, who: usize) -> bool {
        if !self.tried.get() {
            return false;
        }
        if !engine.is_from_card(who) || now < self.fresh.get() {
            return true;
        }
        self.waiting.set(self.waiting.get() | 1u32.wrapping_shl(who as u32));
        let pauses = (1..TRIES).contains(&self.failures.get());
        if self.job.get() != Job::Check && !pauses {
            self.due.set(Instant::ZERO);
        }
        false
    }

    fn holds(&self, who: usize) -> bool {
        !self.tried.get() || self.waiting.get() & 1u32.wrapping_shl(who as u32) != 0
    }

    fn changed(&self) {
        self.failures.set(0);
        self.empties.set(0);
        self.pin_tries.set(None);
        self.due.set(Instant::ZERO);
    }

    fn identity(&self) -> Option<[u8; IDENTITY]> {
        self.known.get()
    }

    fn adopt(&self, identity: [u8; IDENTITY]) {
        self.known.set(Some(identity));
    }

    fn ends_messages(&self) -> bool {
        self.messages.outbox.is_there()
    }

    fn post(&self, to: &Number, message: &[u8]) -> Result<(), Error> {
        self.messages.post(to, self.reading.message_tag, message)
    }

    fn room(&self) -> usize {
        if self.ends_messages() { self.messages.room() } else { usize::MAX }
    }

    fn unsent(&self) -> bool {
        !self.messages.outbox.is_empty() || self.job.get() == Job::Messages
    }

    fn messages_wait(&self) {
        if self.ends_messages() {
            self.messages.ask_at_once();
        }
    }

    fn abandon(&self) {
        if let Ok(mut reader) = self.reader.try_borrow_mut() {
            reader.abandon(&mut Way(self.slot));
        }
        self.messages.outbox.wipe();
        self.job.set(Job::Nothing);
    }
}

impl Engine<'_> {
    /// Whether the first step of the bootstrap sequence is over (TS 1.0 section 5.2.4).
    pub(crate) fn card_tried(&self) -> bool {
        self.config.features.carding.is_none_or(|carding| carding.is_tried())
    }

    /// Whether an account may register or send an Update now.
    pub(crate) fn admits(&self, now: Instant, who: usize) -> bool {
        self.config.features.carding.is_none_or(|carding| carding.admits(self, now, who))
    }

    /// Whether an account waits for the card.
    pub(crate) fn card_holds(&self, who: usize) -> bool {
        self.config.features.carding.is_some_and(|carding| carding.holds(who))
    }

    /// The card may be another one, or have other data.
    pub fn card_changed(&self) -> Result<(), Error> {
        self.config.features.carding.map(|carding| carding.changed()).ok_or(Error::NotSupported)
    }

    /// Whether messages wait for the card.
    pub fn card_unsent(&self) -> Result<bool, Error> {
        self.config.features.carding.map(|carding| carding.unsent()).ok_or(Error::NotSupported)
    }

    /// Messages may wait on the card.
    pub fn card_messages(&self) -> Result<(), Error> {
        self.config.features.carding.map(|carding| carding.messages_wait()).ok_or(Error::NotSupported)
    }
}
