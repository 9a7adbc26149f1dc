//! Queue mode and the radio: when an account sleeps, and when nobody needs the radio (TS 1.0 section 8.3).

use crate::client::account::{Account, State};
use crate::client::{Context, Engine};
use crate::port::{Event, EventCode};
use crate::time::Instant;

impl Engine<'_> {
    /// A message went to or came from the server: it may send for a while.
    pub(crate) fn stay_awake(&mut self, now: Instant, who: usize) {
        let awake = now.after(self.config.awake_ms.into());
        if let Some(account) = self.account(who) {
            account.awake = awake;
        }
    }

    /// The radio is needed now: says so if it was said to be free.
    pub(crate) fn need_radio(&mut self, ctx: &mut Context<'_>) {
        if !self.radio {
            self.radio = true;
            self.tell(ctx, Event::new(EventCode::RadioOn, 0));
        }
    }

    /// Says once that nobody needs the radio, and until when.
    pub(crate) fn tell_radio(&mut self, ctx: &mut Context<'_>) {
        // more input may wait: the next poll, which follows at once, knows better
        if self.busy {
            return;
        }
        let now = ctx.now;
        let idle = |account: &Account| match account.state {
            State::Free => true,
            State::Waiting { until } => now < until,
            _ => account.sleeps(now) && account.changed == 0,
        };
        if self.radio && self.online && self.accounts.iter().all(idle) {
            self.radio = false;
            let until = self.deadline(now).at;
            self.tell(ctx, Event::new(EventCode::RadioOff, 0).until(until.as_millis()));
        }
    }
}
