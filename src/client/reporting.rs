//! Observe, Notify, Cancel Observation (TS 1.0 section 5.5, RFC 7641): what is reported, when, and to whom.
//!
//! A change is noted when it happens; whether and when it is sent is decided by the attributes that hold for the
//! observation. Of changes during pmin, sleep or absence the last value is sent.

use crate::client::account::{Purpose, changed};
use crate::client::pending::shift;
use crate::client::request::Request;
use crate::client::respond::{GAP, Reply, Slot};
use crate::client::{Beside, Context, Deadline, Engine, Reason};
use crate::coap::{Kind, observe};
use crate::error::Error;
use crate::model::{number_of, rights};
use crate::path::Path;
use crate::port::{Event, EventCode};
use crate::time::{Instant, seconds};

/// How often at least a notification is Confirmable (RFC 7641 section 4.5): once a day.
pub(super) const CONFIRM_S: u32 = 86_400;

/// A server observes a place.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// Whose it is.
    pub(super) who: Option<u8>,
    pub(super) token_length: u8,
    pub(super) token: [u8; 8],
    pub(super) path: Path,
    /// Content-Format of the notifications: that of the first answer.
    pub(super) format: u16,
    /// Message ID of the last notification, which a Reset names.
    pub(super) id: u16,
    /// Whether a change waits to be sent.
    pub(super) latched: bool,
    /// Whether notifications go by SMS, though the account has a link: the request came so.
    pub(super) beside: bool,
    /// The number sent last, where it is one.
    pub(super) value: Option<f64>,
    /// When the last one was sent.
    pub(super) sent: Instant,
    /// When the next one is to be sent.
    pub(super) due: Instant,
    /// When the next one must be Confirmable.
    pub(super) confirm: Instant,
}

impl Observation {
    /// A place that no observation occupies.
    pub const FREE: Self = Self {
        who: None,
        token_length: 0,
        token: [0; 8],
        path: Path::ROOT,
        format: 0,
        id: 0,
        latched: false,
        beside: false,
        value: None,
        sent: Instant::ZERO,
        due: Instant::NEVER,
        confirm: Instant::NEVER,
    };

    pub(crate) fn token(&self) -> &[u8] {
        self.token.get(..self.token_length.into()).unwrap_or(&[])
    }

    /// Whether its last notification has that Message ID.
    pub(crate) fn has_sent(&self, id: u16) -> bool {
        self.id == id
    }

    pub(crate) fn is_of(&self, who: usize) -> bool {
        self.who.is_some_and(|mine| usize::from(mine) == who)
    }
}

impl Engine<'_> {
    /// A Read with Observe was answered: adds, renews or ends an observation (RFC 7641 section 3.6).
    pub(crate) fn observe_or_cancel(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        format: u16,
    ) -> Option<u32> {
        match request.observe {
            Some(observe::request::REGISTER) if request.block2.is_none_or(|block| block.number == 0) => {
                return self.observe(ctx, who, request, format);
            }
            Some(observe::request::DEREGISTER) => self.cancel(ctx, who, request.token),
            _ => {}
        }
        None
    }

    /// Adds an observation, or renews the one with the same token; the Observe option of the answer. `None` where
    /// there is no room: the answer is then a plain one (RFC 7641 section 4.1).
    pub(crate) fn observe(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        format: u16,
    ) -> Option<u32> {
        let mine = |place: &Observation| place.is_of(who) && place.token() == request.token;
        let at = self.observations.iter().position(mine);
        let at = at.or_else(|| self.observations.iter().position(|place| place.who.is_none()))?;
        let value = number_of(&self.model, request.path);
        let beside = self.beside == Beside::Texts;
        let place = self.observations.get_mut(at)?;
        *place = Observation {
            who: Some(who as u8),
            token_length: request.token.len() as u8,
            path: request.path,
            format,
            value,
            beside,
            sent: ctx.now,
            confirm: ctx.now.after(seconds(CONFIRM_S)),
            ..Observation::FREE
        };
        for (slot, byte) in place.token.iter_mut().zip(request.token) {
            *slot = *byte;
        }
        self.reporting_changed = true;
        self.reschedule(at);
        self.tell_from(ctx, who, EventCode::Observed, request.path);
        Some(self.sequence.take())
    }

    /// Ends the observation with that token, if there is one.
    pub(crate) fn cancel(&mut self, ctx: &mut Context<'_>, who: usize, token: &[u8]) {
        let mine = |place: &Observation| place.is_of(who) && place.token() == token;
        if let Some(at) = self.observations.iter().position(mine) {
            self.end_observation(ctx, at, 0);
        }
    }

    /// Ends the observation in that place.
    pub(crate) fn end_observation(&mut self, ctx: &mut Context<'_>, at: usize, status: i32) {
        let Some(place) = self.observations.get_mut(at) else { return };
        let (who, path) = (place.who, place.path);
        *place = Observation::FREE;
        self.reporting_changed = true;
        // what comes back for its last notification must not concern the next one in this place
        if let Some(account) = who.and_then(|who| self.account(who.into()))
            && account.exchange.is_some_and(|exchange| exchange.purpose == Purpose::Notify(at as u8))
        {
            account.exchange = None;
        }
        if let Some(who) = who {
            let server = self.server_id(who.into());
            self.tell(ctx, Event::new(EventCode::ObservationEnded, server).on(path).why(status));
        }
    }

    /// A Reset of a Non-confirmable notification cancels its observation.
    pub(crate) fn reset_notification(&mut self, ctx: &mut Context<'_>, who: usize, id: u16) {
        let mine = |place: &Observation| place.is_of(who) && place.id == id;
        if let Some(at) = self.observations.iter().position(mine) {
            self.end_observation(ctx, at, 0);
        }
    }

    /// Ends all observations of a server, which knows nothing of them any more.
    pub(crate) fn drop_observations(&mut self, ctx: &mut Context<'_>, who: usize) {
        for at in 0..self.observations.len() {
            if self.observations.get(at).is_some_and(|place| place.is_of(who)) {
                self.end_observation(ctx, at, 0);
            }
        }
    }

    /// An instance is gone: observations of it and below end with 4.04.
    pub(crate) fn end_observations_of(&mut self, ctx: &mut Context<'_>, path: Path) {
        for at in 0..self.observations.len() {
            let Some(place) = self.observations.get(at).copied() else { continue };
            let Some(who) = place.who else { continue };
            if path.contains(place.path) {
                // whatever is served now may have come another way
                self.answering(place.beside, |engine| {
                    engine.send_last(ctx, who.into(), &place, Error::NotFound);
                });
                self.end_observation(ctx, at, Error::NotFound.to_c());
            }
        }
    }

    /// A value changed: latches the observations for which it counts.
    pub(crate) fn latch_change(&mut self, path: Path) {
        for at in 0..self.observations.len() {
            let Some(place) = self.observations.get(at) else { continue };
            let (Some(who), false) = (place.who, place.latched) else { continue };
            if !place.path.touches(path) {
                continue;
            }
            let (sent, observed) = (place.value, place.path);
            let effective = self.effective(who.into(), observed);
            let counts = match (effective.has_conditions(), sent) {
                (true, Some(sent)) => {
                    number_of(&self.model, observed).is_none_or(|value| effective.is_met(sent, value))
                }
                _ => true,
            };
            if counts {
                if let Some(place) = self.observations.get_mut(at) {
                    place.latched = true;
                }
                self.reschedule(at);
            }
        }
    }

    /// A server changed attributes at `path`: what it observes there and below follows them from now on.
    pub(crate) fn attributes_changed(&mut self, server: u16, path: Path) {
        for at in 0..self.observations.len() {
            let Some(place) = self.observations.get(at) else { continue };
            let Some(who) = place.who else { continue };
            let theirs = self.accounts.get(usize::from(who)).is_some_and(|a| a.short_server_id == server);
            if theirs && path.contains(place.path) {
                self.reschedule(at);
            }
        }
    }

    /// What a handler deferred at `path` is there: notifications that wait for it are due. Whether there was one.
    pub(crate) fn resume_notifications(&mut self, path: Path) -> bool {
        let mut found = false;
        for at in 0..self.observations.len() {
            let waits = |place: &Observation| {
                place.who.is_some() && place.latched && place.due.is_never() && place.path.touches(path)
            };
            if self.observations.get(at).is_some_and(waits) {
                self.reschedule(at);
                found = true;
            }
        }
        found
    }

    /// Sets when the observation is due: after pmin where a change waits, else at pmax.
    pub(crate) fn reschedule(&mut self, at: usize) {
        let Some(place) = self.observations.get(at) else { return };
        let Some(who) = place.who else { return };
        let effective = self.effective(who.into(), place.path);
        let Some(place) = self.observations.get_mut(at) else { return };
        place.due = if place.latched {
            place.sent.after(seconds(effective.pmin))
        } else if effective.pmax > 0 && effective.pmax >= effective.pmin {
            place.sent.after(seconds(effective.pmax))
        } else {
            Instant::NEVER
        };
    }

    /// Whether the observation can be served now, as far as its server is concerned.
    fn can_notify(&self, place: &Observation, now: Instant) -> bool {
        let Some(who) = place.who else { return false };
        let Some(account) = self.accounts.get(usize::from(who)) else { return false };
        // in queue mode the server must have heard first that the client is awake (TS 1.0 figure 26)
        let in_turn = self.config.confirm_notifications || now >= place.confirm || account.binding.queues();
        let waits = account.exchange.is_some() && in_turn;
        (place.beside || self.reachable(who.into()))
            && account.serves()
            && !waits
            && !(!place.beside && account.sleeps(now) && account.changed != 0)
    }

    /// The next deadline of all observations.
    pub(crate) fn observation_deadlines(&self, now: Instant, next: Deadline) -> Deadline {
        self.observations.iter().fold(next, |next, place| self.observation_deadline(place, now, next))
    }

    fn observation_deadline(&self, place: &Observation, now: Instant, next: Deadline) -> Deadline {
        if place.due.is_never() || !self.can_notify(place, now) {
            return next;
        }
        let server = place.who.map_or(0, |who| self.server_id(who.into()));
        next.or(place.due, Reason::Notification, server)
    }

    /// Sends the notifications that are due.
    pub(crate) fn report_due(&mut self, ctx: &mut Context<'_>) {
        for at in 0..self.observations.len() {
            // most polls find nothing due: only then it is worth a copy
            let Some(place) = self.observations.get(at).filter(|place| ctx.now >= place.due) else {
                continue;
            };
            let place = *place;
            let Some(who) = place.who.map(usize::from) else { continue };
            if !self.can_notify(&place, ctx.now) {
                self.discard_unless_stored(ctx.now, who, at, place.beside);
                continue;
            }
            // a sleeping client says first that it is awake (TS 1.0 figure 26); by SMS it can be reached at any time
            if !place.beside && self.accounts.get(who).is_some_and(|account| account.sleeps(ctx.now)) {
                if let Some(account) = self.account(who) {
                    account.changed |= changed::REFRESH;
                }
                self.run_account(ctx, who);
                continue;
            }
            self.notify(ctx, who, at, &place);
        }
    }

    /// Away from the server, a change is kept only where the server wants it (`/1/x/6`).
    fn discard_unless_stored(&mut self, now: Instant, who: usize, at: usize, beside: bool) {
        let away = !(beside || self.reachable(who))
            || !self.accounts.get(who).is_some_and(|account| account.serves());
        let storing = self.server_row(who).is_none_or(|row| row.storing.get());
        if away && !storing {
            self.skip(now, at);
        }
    }

    /// Lets a notification that is due pass as if it had been sent: its periods begin anew.
    fn skip(&mut self, now: Instant, at: usize) {
        if let Some(place) = self.observations.get_mut(at) {
            place.latched = false;
            place.sent = now;
        }
        self.reschedule(at);
    }

    /// A Confirmable notification that is under way will not arrive: the change waits again.
    pub(crate) fn take_back(&mut self, at: usize) {
        if let Some(place) = self.observations.get_mut(at) {
            place.latched = true;
        }
        self.reschedule(at);
    }

    fn notify(&mut self, ctx: &mut Context<'_>, who: usize, at: usize, place: &Observation) {
        let path = place.path;
        if path.depth() > 1 && self.rights(who, path.object, path.instance) & rights::READ == 0 {
            // not allowed any more: silent until it is again (TS 1.0 section 7.3.2.5)
            return self.skip(ctx.now, at);
        }
        let confirmable = self.config.confirm_notifications || ctx.now >= place.confirm;
        let id = self.fresh_id();
        let outcome = self.answering(place.beside, |engine| {
            if confirmable {
                engine.notify_confirmable(ctx, who, at, place, id)
            } else {
                engine.notify_plain(ctx, who, place, id)
            }
        });
        match outcome {
            Ok(()) => {
                let value = number_of(&self.model, path);
                if let Some(place) = self.observations.get_mut(at) {
                    place.latched = false;
                    place.sent = ctx.now;
                    place.value = value;
                    place.id = id;
                    if confirmable {
                        place.confirm = ctx.now.after(seconds(CONFIRM_S));
                    }
                }
                self.reschedule(at);
            }
            // the handler answers later: see `resume_notifications`
            Err(Error::Deferred) => {
                if let Some(place) = self.observations.get_mut(at) {
                    place.latched = true;
                    place.due = Instant::NEVER;
                }
            }
            Err(error) => {
                self.answering(place.beside, |engine| engine.send_last(ctx, who, place, error));
                self.end_observation(ctx, at, error.to_c());
            }
        }
    }

    fn notify_plain(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        place: &Observation,
        id: u16,
    ) -> Result<(), Error> {
        let buffer = core::mem::take(&mut self.send);
        let written = self.write_notification(ctx.now, who, place, buffer);
        if let Ok(reply) = &written
            && let Some(message) = reply.place(Kind::NonConfirmable, id, place.token(), buffer)
        {
            self.transmit(ctx, who, message);
        }
        self.send = buffer;
        written.map(|_| ())
    }

    fn notify_confirmable(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        at: usize,
        place: &Observation,
        id: u16,
    ) -> Result<(), Error> {
        let now = ctx.now;
        let length = self.with_outgoing(who, |engine, buffer| {
            let reply = engine.write_notification(now, who, place, buffer)?;
            let message = reply.place(Kind::Confirmable, id, place.token(), buffer).ok_or(Error::Full)?;
            let length = message.len();
            shift(buffer, GAP.wrapping_add(reply.length.into()).wrapping_sub(length), length);
            Ok(length)
        })?;
        self.begin_exchange(ctx, who, (Purpose::Notify(at as u8), id, [0; 2]), length);
        Ok(())
    }

    fn write_notification(
        &mut self,
        now: Instant,
        who: usize,
        place: &Observation,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let format = self.config.format(place.format).ok_or(Error::NotAcceptable)?;
        // a Read that is under way has the room
        let now = (!self.held.is_open(now)).then_some(now);
        let reply = self.represent(now, who, place.path, format, None, buffer)?;
        Ok(reply.with(Slot::Observe, self.sequence.take()))
    }

    /// Tells the server why its observation ends (RFC 7641 section 4.2).
    fn send_last(&mut self, ctx: &mut Context<'_>, who: usize, place: &Observation, error: Error) {
        if !self.reachable(who) || !self.accounts.get(who).is_some_and(|account| account.serves()) {
            return;
        }
        let id = self.fresh_id();
        let mut buffer = [0u8; GAP];
        if let Some(message) = Reply::error(error).place(Kind::NonConfirmable, id, place.token(), &mut buffer)
        {
            self.transmit(ctx, who, message);
        }
    }

    /// A Confirmable notification arrived.
    pub(crate) fn notify_confirmed(&mut self, now: Instant, at: u8) {
        if let Some(place) = self.observations.get_mut(usize::from(at)) {
            place.confirm = now.after(seconds(CONFIRM_S));
        }
    }

    /// A Confirmable notification did not arrive: the server may be gone, which an Update finds out. The change is
    /// not lost.
    pub(crate) fn notify_failed(&mut self, ctx: &mut Context<'_>, who: usize, at: usize) {
        let Some(place) = self.observations.get_mut(at) else { return };
        place.latched = true;
        let path = place.path;
        self.reschedule(at);
        if let Some(account) = self.account(who) {
            account.changed |= changed::REFRESH;
        }
        self.tell_from(ctx, who, EventCode::NotifyFailed, path);
    }
}
