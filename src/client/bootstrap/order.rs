//! The order of registrations, and what follows when one fails (LwM2M 1.1: Server resources 13 to 20).
//!
//! Servers with a Registration Priority Order come one after the other, the lowest first; all others at once. What happens
//! after a failure is said by the retry resources; without them a client of 1.0 does the same with their defaults.

use super::Bootstrap;
use crate::client::account::State;
use crate::client::network::spread;
use crate::client::{Context, Engine};
use crate::objects::{ServerExtra, Turn};
use crate::port::{Event, EventCode};
use crate::time::{Instant, seconds};

/// No pause is doubled more often.
const DOUBLED: u32 = 16;
/// No attempt follows another sooner, in milliseconds, whatever a server writes.
const SHORTEST: u64 = 10_000;
/// No sequence has more attempts.
const MOST: u32 = 255;

impl Bootstrap<'_> {
    /// All servers that are not registered begin. `anew`: a bootstrap has just ended, so that each waits for its Initial
    /// Registration Delay.
    pub(super) fn begin_order(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, anew: bool) {
        for who in 0..engine.accounts.len() {
            // a server that disabled its account is left alone
            let waits = engine.accounts.get(who).is_some_and(|account| {
                matches!(account.state, State::Waiting { .. }) && account.disabled <= ctx.now
            });
            let Some(extra) = self.extra(engine, who).filter(|_| waits) else { continue };
            extra.sequences.set(0);
            extra.pending_delay.set(if anew { extra.initial_delay.get() } else { 0 });
            let ordered = is_ordered(extra);
            extra.turn.set(Turn::Queued);
            if let Some(account) = engine.account(who) {
                account.failures = 0;
                account.state = State::Waiting { until: Instant::NEVER };
            }
            if !ordered {
                self.release_turn(engine, ctx, who);
            }
        }
        self.next_in_order(engine, ctx);
    }

    /// Lets a server register, after its delay.
    fn release_turn(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(extra) = self.extra(engine, who) else { return };
        extra.turn.set(Turn::Trying);
        let disabled = engine.accounts.get(who).map_or(Instant::ZERO, |account| account.disabled);
        let until = ctx.now.after(seconds(extra.pending_delay.take())).later(disabled);
        engine.enter(who, State::Waiting { until });
    }

    /// Lets the next server in the order register, if those before it are done or have failed without blocking it.
    fn next_in_order(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        let mut last = None;
        loop {
            let key = |who: usize| {
                let extra = self.extra(engine, who).filter(|extra| is_ordered(extra))?;
                Some((extra.priority.get(), who))
            };
            let next = (0..engine.accounts.len())
                .filter_map(key)
                .filter(|key| last.is_none_or(|last| *key > last))
                .min();
            let Some((priority, who)) = next else { return };
            last = Some((priority, who));
            let Some(extra) = self.extra(engine, who) else { return };
            match extra.turn.get() {
                Turn::Queued => return self.release_turn(engine, ctx, who),
                Turn::Trying => return,
                Turn::GivenUp if extra.block.get() => return,
                Turn::Done | Turn::GivenUp => {}
            }
        }
    }

    pub(super) fn registration_succeeded(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(extra) = self.extra(engine, who) else { return };
        extra.sequences.set(0);
        let before = extra.turn.replace(Turn::Done);
        if before != Turn::Done {
            self.next_in_order(engine, ctx);
        }
        if self.wanted.get() || self.is_lost(engine) {
            return;
        }
        // a bootstrap is not needed any more, and the last one has not been in vain
        if let Some(bootstrap) = engine.place_of_bootstrap()
            && let Some(account) = engine.account(bootstrap)
        {
            account.failures = 0;
            if matches!(account.state, State::Waiting { .. }) {
                account.state = State::Waiting { until: Instant::NEVER };
            }
        }
    }

    /// An attempt to register failed, or a registration was lost. Sets when the next one is made.
    pub(super) fn registration_failed(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        status: i32,
    ) -> bool {
        let Some(extra) = self.extra(engine, who) else { return false };
        let newer = engine.config.versions.1 > 0;
        let failures = engine.accounts.get(who).map_or(0, |account| u32::from(account.failures));
        // 4.xx: the server said no, and will say it again
        let rejected = newer && extra.bootstrap.get() && (0x80..0xa0).contains(&status);
        let more = failures.saturating_add(1) < extra.retry_count.get().clamp(1, MOST);
        let (failures, pause) = if more && !rejected {
            let timer = seconds(extra.retry_timer.get());
            let ceiling = timer.max(seconds(engine.config.retry_s.1));
            let pause = timer.wrapping_shl(failures.min(DOUBLED)).min(ceiling);
            (failures.wrapping_add(1), pause.max(SHORTEST))
        } else {
            (0, self.sequence_failed(engine, extra, rejected))
        };
        // what was given up is tried again all the same, but no more often than the longest pause allows
        let pause = if extra.turn.get() == Turn::GivenUp {
            pause.max(seconds(engine.config.retry_s.1))
        } else {
            pause
        };
        let until = ctx.now.after(spread(ctx, pause));
        if let Some(account) = engine.account(who) {
            account.failures = failures.min(255) as u8;
            account.state = State::Waiting { until };
        }
        let event = Event::new(EventCode::RegisterFailed, engine.server_id(who));
        engine.tell(ctx, event.why(status).until(until.as_millis()));
        self.next_in_order(engine, ctx);
        true
    }

    /// The attempts of a sequence are used up: the pause before the next one, or before the server is looked at again.
    fn sequence_failed(&self, engine: &Engine<'_>, extra: &ServerExtra, rejected: bool) -> u64 {
        let done = extra.sequences.get().saturating_add(1);
        let delay = extra.sequence_delay.get();
        if !rejected && done < extra.sequence_count.get().max(1) && delay != u32::MAX {
            extra.sequences.set(done);
            return seconds(delay.max(engine.config.retry_s.0));
        }
        extra.sequences.set(0);
        extra.turn.set(Turn::GivenUp);
        seconds(engine.config.retry_s.1)
    }
}

fn is_ordered(extra: &ServerExtra) -> bool {
    extra.priority.get() != u32::MAX
}
