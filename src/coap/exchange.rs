//! Reliability: the times of RFC 7252 section 4.8 and the timer of one Confirmable message (section 4.2).

use crate::time::Instant;

/// How long a datagram may travel (RFC 7252 section 4.8.2), in milliseconds.
pub const MAX_LATENCY_MS: u32 = 100_000;

/// The transmission parameters of a link (RFC 7252 section 4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// ACK_TIMEOUT in milliseconds.
    pub ack_timeout_ms: u32,
    /// ACK_RANDOM_FACTOR in thousandths, 1000 or more.
    pub ack_random_permille: u16,
    /// MAX_RETRANSMIT.
    pub max_retransmit: u8,
    /// NSTART: how many exchanges with one peer may be open.
    pub nstart: u8,
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Params {
    /// RFC 7252 table 2.
    pub const DEFAULT: Self =
        Self { ack_timeout_ms: 2000, ack_random_permille: 1500, max_retransmit: 4, nstart: 1 };

    /// MAX_TRANSMIT_SPAN (RFC 7252 section 4.8.2): from the first to the last transmission, in milliseconds.
    /// This and the next three saturate.
    pub const fn max_transmit_span(&self) -> u32 {
        self.timeouts(self.max_retransmit as u32)
    }

    /// MAX_TRANSMIT_WAIT (RFC 7252 section 4.8.2): from the first transmission to giving up, in milliseconds.
    pub const fn max_transmit_wait(&self) -> u32 {
        self.timeouts(self.max_retransmit as u32 + 1)
    }

    /// EXCHANGE_LIFETIME (RFC 7252 section 4.8.2), in milliseconds: so long a Confirmable message may be repeated.
    pub const fn exchange_lifetime(&self) -> u32 {
        self.non_lifetime().saturating_add(MAX_LATENCY_MS).saturating_add(self.ack_timeout_ms)
    }

    /// NON_LIFETIME (RFC 7252 section 4.8.2), in milliseconds: so long a Non-confirmable message may be
    /// duplicated.
    pub const fn non_lifetime(&self) -> u32 {
        self.max_transmit_span().saturating_add(MAX_LATENCY_MS)
    }

    /// ACK_TIMEOUT * ACK_RANDOM_FACTOR: the longest first timeout, never shorter than ACK_TIMEOUT.
    const fn longest_timeout(&self) -> u32 {
        let (ms, permille) = (self.ack_timeout_ms, self.ack_random_permille as u32);
        // in two parts, so that neither overflows before the sum does
        let longest = (ms / 1000).saturating_mul(permille).saturating_add(ms % 1000 * permille / 1000);
        if longest < ms { ms } else { longest }
    }

    /// The sum of the first `count` timeouts, each twice as long as the one before.
    const fn timeouts(&self, count: u32) -> u32 {
        let sum = match 1u32.checked_shl(count) {
            Some(power) => power.wrapping_sub(1),
            None => u32::MAX,
        };
        self.longest_timeout().saturating_mul(sum)
    }
}

/// What a Confirmable message needs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing before then.
    Wait(Instant),
    /// To be sent again, then [`Transmission::resent`].
    Resend,
    /// Nothing more: the peer did not answer in time.
    GaveUp,
}

/// The timer of a Confirmable message that waits for its Acknowledgement (RFC 7252 section 4.2). Dropping it
/// ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmission {
    deadline: Instant,
    timeout_ms: u32,
    left: u8,
}

impl Transmission {
    /// The message has been sent for the first time. `random` picks a timeout between ACK_TIMEOUT and
    /// ACK_TIMEOUT * ACK_RANDOM_FACTOR.
    pub const fn start(now: Instant, params: &Params, random: u32) -> Self {
        let spread = params.longest_timeout().wrapping_sub(params.ack_timeout_ms) as u64;
        // random * (spread + 1) / 2^32, at most `spread`; no division by a variable
        let chosen = ((random as u64).wrapping_mul(spread.wrapping_add(1)) >> 32) as u32;
        let timeout_ms = params.ack_timeout_ms.saturating_add(chosen);
        Self { deadline: now.after(timeout_ms as u64), timeout_ms, left: params.max_retransmit }
    }

    /// What is due. Changes nothing: a link that cannot send now is simply asked again.
    pub fn due(&self, now: Instant) -> Due {
        if now < self.deadline {
            Due::Wait(self.deadline)
        } else if self.left > 0 {
            Due::Resend
        } else {
            Due::GaveUp
        }
    }

    /// The message has been sent again: waits twice as long as before.
    pub const fn resent(&mut self, now: Instant) {
        self.left = self.left.saturating_sub(1);
        self.timeout_ms = self.timeout_ms.saturating_mul(2);
        self.deadline = now.after(self.timeout_ms as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn derived_times_of_rfc_7252_section_4_8_2() {
        let params = Params::default();
        assert_eq!(params.max_transmit_span(), 45_000);
        assert_eq!(params.max_transmit_wait(), 93_000);
        assert_eq!(params.exchange_lifetime(), 247_000);
        assert_eq!(params.non_lifetime(), 145_000);
    }

    #[test]
    fn derived_times_saturate() {
        let most = Params {
            ack_timeout_ms: u32::MAX,
            ack_random_permille: u16::MAX,
            max_retransmit: 255,
            nstart: 1,
        };
        assert_eq!(most.max_transmit_span(), u32::MAX);
        assert_eq!(most.exchange_lifetime(), u32::MAX);
        let many = Params { max_retransmit: 32, ..Params::DEFAULT };
        assert_eq!(many.max_transmit_wait(), u32::MAX);
        let least = Params { ack_timeout_ms: 0, ack_random_permille: 0, max_retransmit: 0, nstart: 0 };
        assert_eq!((least.max_transmit_wait(), least.exchange_lifetime()), (0, 200_000));
        let odd = Params { ack_timeout_ms: 1234, ack_random_permille: 1234, ..Params::DEFAULT };
        assert_eq!(odd.longest_timeout(), 1234 * 1234 / 1000);
    }

    /// Sends whenever it is due, polled every `step` ms; returns the times of sending and of giving up.
    fn run(random: u32, step: u64) -> Vec<u64> {
        let mut transmission = Transmission::start(Instant::ZERO, &Params::DEFAULT, random);
        let mut times = Vec::new();
        for now in (0..).step_by(step as usize) {
            let now = Instant::from_millis(now);
            match transmission.due(now) {
                Due::Wait(deadline) => assert!(deadline > now),
                Due::Resend => {
                    times.push(now.as_millis());
                    transmission.resent(now);
                }
                Due::GaveUp => {
                    times.push(now.as_millis());
                    break;
                }
            }
        }
        times
    }

    #[test]
    fn resends_four_times_then_gives_up() {
        assert_eq!(run(0, 1), [2000, 6000, 14_000, 30_000, 62_000]);
        assert_eq!(run(u32::MAX, 1), [3000, 9000, 21_000, 45_000, 93_000]);
        assert_eq!(run(1 << 31, 1), [2500, 7500, 17_500, 37_500, 77_500]);
    }

    #[test]
    fn a_late_poll_is_only_late() {
        assert_eq!(run(0, 5000), [5000, 10_000, 20_000, 40_000, 75_000]);
    }

    #[test]
    fn a_link_that_cannot_send_is_asked_again() {
        let transmission = Transmission::start(Instant::ZERO, &Params::DEFAULT, 0);
        let now = Instant::from_millis(9999);
        assert_eq!((transmission.due(now), transmission.due(now)), (Due::Resend, Due::Resend));
    }

    #[test]
    fn timeouts_saturate() {
        let params = Params { ack_timeout_ms: u32::MAX, ..Params::DEFAULT };
        let mut transmission = Transmission::start(Instant::ZERO, &params, u32::MAX);
        transmission.resent(Instant::ZERO);
        assert_eq!(transmission.due(Instant::ZERO), Due::Wait(Instant::from_millis(u32::MAX.into())));
    }
}
