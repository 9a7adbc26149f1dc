//! Links and the network: what goes with a link, what outlives it, and the pause after a failure (TS 1.0 section 8.2.4).

use crate::client::account::{Purpose, State, changed};
use crate::client::features::Fate;
use crate::client::texts::BESIDE;
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::port::{Event, EventCode};
use crate::secure::end;
use crate::time::{Instant, seconds};

/// No pause is doubled more often.
pub(super) const DOUBLED: u8 = 16;

/// Milliseconds, from 0 to `most`.
pub(super) fn chance(ctx: &mut Context<'_>, most: u64) -> u64 {
    let mut random = [0u8; 4];
    ctx.port.random(&mut random);
    most.wrapping_mul(u64::from(u32::from_ne_bytes(random))) >> 32
}

/// Three quarters to five quarters of a pause: never the same for all devices.
pub(super) fn spread(ctx: &mut Context<'_>, pause: u64) -> u64 {
    pause.wrapping_sub(pause / 4).saturating_add(chance(ctx, pause / 2))
}

impl Engine<'_> {
    /// The pause after so many failures, in milliseconds: twice as long after each.
    pub(super) fn growing(&self, failures: u8) -> u64 {
        let (first, longest) = self.config.retry_s;
        seconds(first).wrapping_shl(failures.min(DOUBLED).into()).min(seconds(longest))
    }

    /// Closes the link, and the session on it; what was under way is forgotten.
    pub(crate) fn unlink(&mut self, ctx: &mut Context<'_>, who: usize) {
        self.end_session(ctx, who, end::QUIETLY);
        self.close_link(ctx, who);
    }

    /// Closes the link under a session that may go on over another.
    pub(crate) fn close_link(&mut self, ctx: &mut Context<'_>, who: usize) {
        let Some(account) = self.account(who) else { return };
        account.exchange = None;
        account.upload = None;
        // one that is still being opened is closed too: the port may be looking its name up
        if account.linked || account.state == State::Opening {
            account.linked = false;
            if !account.texts {
                ctx.port.close(who as u8);
            }
        }
        self.recent.forget_peer(who as u8);
        self.recent.forget_peer(who as u8 | BESIDE);
        // another server may get this place
        self.upload.forget(who);
        self.held.forget(who);
        for place in self.pending.iter_mut() {
            place.forget(who);
        }
    }

    /// The link of an account is dead: it is opened anew after a pause.
    pub(crate) fn link_died(&mut self, ctx: &mut Context<'_>, who: usize, error: Error) {
        if let Some(State::Leaving { until }) = self.accounts.get(who).map(|account| account.state) {
            self.tell_about(ctx, who, EventCode::LinkFailed, error.to_c());
            return self.left(ctx, who, until);
        }
        self.link_failed(ctx, who, error);
    }

    /// The link cannot be opened or used. A session that does not depend on our address outlives it.
    pub(crate) fn link_failed(&mut self, ctx: &mut Context<'_>, who: usize, error: Error) {
        self.tell_about(ctx, who, EventCode::LinkFailed, error.to_c());
        if self.leave_link(ctx, who) {
            self.pause(ctx, who, error.to_c());
        } else {
            self.retry_later(ctx, who, error.to_c());
        }
    }

    /// What a server does not need to tell us again is forgotten, and a pause follows.
    pub(crate) fn retry_later(&mut self, ctx: &mut Context<'_>, who: usize, status: i32) {
        self.forget_server(ctx, who, false);
        self.unlink(ctx, who);
        self.pause(ctx, who, status);
    }

    /// Pauses before the next attempt.
    fn pause(&mut self, ctx: &mut Context<'_>, who: usize, status: i32) {
        if let Some(bootstrapping) = self.config.features.bootstrapping
            && bootstrapping.failed(self, ctx, who, status)
        {
            return;
        }
        let Some(failures) = self.accounts.get(who).map(|account| account.failures) else { return };
        let until = ctx.now.after(spread(ctx, self.growing(failures)));
        let Some(account) = self.account(who) else { return };
        account.failures = account.failures.saturating_add(1);
        account.state = State::Waiting { until };
        let event = Event::new(EventCode::RegisterFailed, account.short_server_id);
        self.tell(ctx, event.why(status).until(until.as_millis()));
    }

    /// The network went, came, or came with a new address, with which a server in NoSec mode does not know us
    /// (TS 1.0 section 8.2.4).
    pub fn set_online(&mut self, ctx: &mut Context<'_>, online: bool, new_address: bool) {
        let came = online && !self.online;
        self.online = online;
        if !online || !(came || new_address) {
            return;
        }
        if let Some(bootstrapping) = self.config.features.bootstrapping {
            // where a bootstrap is needed it begins anew
            bootstrapping.stop(self, ctx, false);
        }
        for who in 0..self.accounts.len() {
            let Some(account) = self.account(who) else { continue };
            let rests = account.state == (State::Waiting { until: Instant::NEVER });
            // the number is the same in any network
            if account.state == State::Free || rests || account.texts {
                continue;
            }
            if let State::Leaving { until } = account.state {
                // the goodbye went with the network
                self.left(ctx, who, until);
            } else if ctx.now < account.disabled {
                // a disabled server is left alone until its time has come
                self.unlink(ctx, who);
                let until = self.accounts.get(who).map_or(Instant::NEVER, |account| account.disabled);
                self.enter(who, State::Waiting { until });
            } else if new_address || !account.serves() {
                self.move_link(ctx, who);
            } else {
                self.give_up_exchange(ctx, who);
                if let Some(account) = self.account(who) {
                    account.changed |= changed::REFRESH;
                }
            }
        }
    }

    /// Whatever was under way got lost with the network.
    pub(crate) fn give_up_exchange(&mut self, ctx: &mut Context<'_>, who: usize) {
        let lost = self.account(who).and_then(|account| account.exchange.take());
        if let Some(Purpose::Notify(at)) = lost.map(|exchange| exchange.purpose) {
            self.notification_ended(ctx, who, at, Fate::Caught);
        }
    }

    fn leave_link(&mut self, ctx: &mut Context<'_>, who: usize) -> bool {
        self.config.features.securing.is_some_and(|(securing, _)| securing.leave(self, ctx, who))
    }

    /// An account gets another link at once. What the server knows of us by our address ends, a session with a Connection
    /// ID does not.
    fn move_link(&mut self, ctx: &mut Context<'_>, who: usize) {
        if !self.leave_link(ctx, who) {
            self.unlink(ctx, who);
        }
        self.enter(who, State::Waiting { until: ctx.now });
    }
}
