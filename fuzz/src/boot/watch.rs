//! What must be true before and after each poll: a bootstrap that failed has changed nothing, and nobody else was served
//! meanwhile.

use super::life::{Life, assert_consistent, assert_controlled};
use super::probe::Held;
use crate::world::objects::THING;
use whimbrel::capi::*;

/// What can be compared of a client.
#[derive(Clone, Debug)]
pub struct State {
    /// What it holds.
    pub held: Vec<Held>,
    /// Its accounts.
    pub accounts: Vec<u16>,
    /// With whom it is registered.
    pub registered: Vec<u16>,
}

impl State {
    /// As it is now. Not while a bootstrap is under way.
    pub fn of(life: &Life) -> Self {
        Self { held: life.look(), accounts: life.accounts(), registered: life.registered() }
    }

    /// The same objects and accounts; `all`: also what the application has a hand in.
    pub fn assert_same(&self, other: &Self, all: bool, why: &str) {
        assert_eq!(self.accounts, other.accounts, "accounts: {why}");
        let mine = |held: &&Held| all || held.object < 2;
        let (one, two) = (self.held.iter().filter(mine), other.held.iter().filter(mine));
        for (one, two) in one.clone().zip(two.clone()) {
            assert_eq!(one, two, "{why}");
        }
        let ids = |held: &Held| (held.object, held.id);
        assert_eq!(one.map(ids).collect::<Vec<_>>(), two.map(ids).collect::<Vec<_>>(), "instances: {why}");
    }
}

/// Polls, and sees to it that sessions are what they are meant to be.
#[derive(Default)]
pub struct Watch {
    /// As it was before the session, where that is known; without a session as it is.
    before: Option<State>,
    held: bool,
    /// The application changed its own object during the session, or its handlers refuse.
    pub tainted: bool,
    /// Something happened that ends registrations.
    pub disturbed: bool,
    /// How many sessions succeeded.
    pub succeeded: usize,
}

/// Whether a server did something with the objects.
fn is_operation(event: &whimbrel_event_t) -> bool {
    (WHIMBREL_EVENT_WRITTEN..=WHIMBREL_EVENT_DELETED).contains(&event.code)
}

impl Watch {
    /// Whether a session is under way.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Something was asked of the client that may end a session, or change what is there.
    pub fn called(&mut self, life: &mut Life) {
        let ended = self.held && !life.is_held();
        self.judge(life, ended, false);
    }

    /// Polls once.
    pub fn poll(&mut self, life: &mut Life) -> u64 {
        if !self.held && self.before.is_none() {
            self.before = Some(State::of(life));
        }
        life.world().events.clear();
        let next = life.poll();
        let events = std::mem::take(&mut life.world().events);
        let started = events.iter().position(|event| event.code == WHIMBREL_EVENT_BOOTSTRAP_STARTED);
        let ended = |event: &whimbrel_event_t| {
            matches!(event.code, WHIMBREL_EVENT_BOOTSTRAPPED | WHIMBREL_EVENT_BOOTSTRAP_FAILED)
        };
        let over = events.iter().position(ended).unwrap_or(events.len());
        let from = if self.held { 0 } else { started.unwrap_or(events.len()) };
        let during = events.get(from..over).unwrap_or(&[]);
        assert!(!during.iter().any(is_operation), "a server was served during a bootstrap");
        if events[..from].iter().any(is_operation) {
            // what was there when the session began is not known
            self.before = None;
        }
        // a session may last longer than what is left of a lifetime, or than the patience of an Update under way
        let times_out = |event: &whimbrel_event_t| {
            matches!(event.code, WHIMBREL_EVENT_DEREGISTERED | WHIMBREL_EVENT_UPDATE_FAILED)
                && event.status == WHIMBREL_ERR_TIMEOUT
        };
        self.disturbed |= events.iter().any(times_out);
        if events.iter().any(|event| event.code == WHIMBREL_EVENT_BOOTSTRAP_PURGED) {
            // the account's time ended with the session
            self.before = None;
        }
        let succeeded = events.iter().any(|event| event.code == WHIMBREL_EVENT_BOOTSTRAPPED);
        self.succeeded += usize::from(succeeded);
        let is_over = (self.held || started.is_some()) && !life.is_held();
        self.judge(life, is_over, succeeded);
        next
    }

    fn judge(&mut self, life: &mut Life, over: bool, succeeded: bool) {
        self.held = life.is_held();
        if self.held {
            return;
        }
        let now = State::of(life);
        assert_consistent(life, &now.held);
        if over && succeeded {
            assert_controlled(life, &now.held);
        } else if over && let Some(before) = &self.before {
            before.assert_same(&now, !self.tainted, "a bootstrap failed");
            let lasting = |server: &&u16| {
                let mine = |held: &&Held| held.object == 1 && held.number(0) == Some(u64::from(**server));
                before.held.iter().find(mine).and_then(|held| held.number(1)) == Some(86_400)
            };
            let lost = before.registered.iter().filter(lasting).find(|id| !now.registered.contains(id));
            assert!(self.disturbed || lost.is_none(), "the registration with {lost:?} is lost");
        }
        // what is still to come concerns the next session
        self.tainted = !life.world().refusals.is_empty();
        self.disturbed = life.world().trouble != 0;
        self.before = Some(now);
    }

    /// Polls until the client is content with the time, and takes no more of what waits for it.
    pub fn settle(&mut self, life: &mut Life) -> u64 {
        for _ in 0..life.patience() {
            let (before, taken) = (life.waiting(), life.world().taken);
            let next = self.poll(life);
            let left = life.waiting();
            if next > life.world().now && (left == 0 || left == before && taken == life.world().taken) {
                assert_eq!(life.deadline(), next, "deadline and poll agree");
                return next;
            }
        }
        panic!("the client finds work for ever");
    }

    /// Goes on to when the client wants to be called.
    pub fn sleep(&mut self, life: &mut Life) {
        let next = self.settle(life);
        if next != u64::MAX {
            life.world().now = next;
        }
        self.settle(life);
    }
}

/// Whether an instance of the application's object is there.
pub fn has_thing(held: &[Held], id: u16) -> bool {
    held.iter().any(|held| (held.object, held.id) == (THING, id))
}
