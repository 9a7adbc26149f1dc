//! De-register and the end (TS 1.0 section 5.3.3): a server is left, all are, or the client is given up.

use crate::bytes;
use crate::client::account::{Account, Purpose, State};
use crate::client::session::Phase;
use crate::client::{Context, Engine};
use crate::port::{Event, EventCode};
use crate::secure::end;
use crate::time::Instant;

impl Engine<'_> {
    /// Leaves the server; the account rests until `until`.
    pub(crate) fn deregister(&mut self, ctx: &mut Context<'_>, who: usize, until: Instant) {
        let serves = self.accounts.get(who).is_some_and(Account::serves);
        if !(serves && self.reachable(who)) {
            self.left(ctx, who, until);
            return;
        }
        // an Update or a notification under way is of no use any more
        if let Some(account) = self.account(who) {
            account.exchange = None;
        }
        self.enter(who, State::Leaving { until });
        self.send_registration(ctx, who, Purpose::Deregister);
    }

    pub(crate) fn left(&mut self, ctx: &mut Context<'_>, who: usize, until: Instant) {
        self.forget_server(ctx, who, false);
        self.end_session(ctx, who, end::NOTIFY);
        self.forget_registration(ctx, who);
        self.unlink(ctx, who);
        self.enter(who, State::Waiting { until });
        self.tell_about(ctx, who, EventCode::Deregistered, 0);
        if !until.is_never() {
            let server = self.server_id(who);
            self.tell(ctx, Event::new(EventCode::Disabled, server).until(until.as_millis()));
        }
        self.tell_stopped(ctx);
    }

    /// Tells once that all servers are left, if that was asked for.
    pub(crate) fn tell_stopped(&mut self, ctx: &mut Context<'_>) {
        if self.stopping && self.accounts.iter().all(Account::rests) {
            self.stopping = false;
            self.tell(ctx, Event::new(EventCode::Stopped, 0));
        }
    }

    /// Leaves all servers for good; [`EventCode::Stopped`] says when it is done.
    pub fn stop(&mut self, ctx: &mut Context<'_>) {
        self.stopping = true;
        if let Some(bootstrapping) = self.config.features.bootstrapping {
            bootstrapping.stop(self, ctx, true);
        }
        for who in 0..self.accounts.len() {
            if self.accounts.get(who).is_some_and(|account| !account.rests()) {
                self.deregister(ctx, who, Instant::NEVER);
            }
        }
        self.tell_stopped(ctx);
    }

    /// Gives everything up at once: links are closed, keys are overwritten.
    pub fn end(&mut self, ctx: &mut Context<'_>) {
        for who in 0..self.accounts.len() {
            // what storage holds of the session is for the next life
            if let Some(backend) = self.backend().filter(|_| self.phase(who) != Phase::Clear) {
                backend.end(ctx.port, who as u8, ctx.now, end::FORGET);
            }
            self.close_link(ctx, who);
            if let Some(packing) = self.config.features.packing {
                packing.forget(who);
            }
        }
        if let Some(carding) = self.config.features.carding {
            carding.abandon();
        }
        for buffer in [&mut self.send, &mut self.receive, &mut self.outgoing, &mut self.body, &mut self.undo]
        {
            bytes::zeroise(buffer);
        }
        if let Some(bootstrapping) = self.config.features.bootstrapping {
            bootstrapping.wipe();
        }
        for row in self.security.rows {
            row.wipe();
        }
    }
}
