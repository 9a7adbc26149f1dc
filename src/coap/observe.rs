//! The order of notifications (RFC 7641 sections 3.4 and 4.4).

use crate::time::Instant;

/// The values of Observe in a request (RFC 7641 section 2).
pub mod request {
    /// Adds the client to the observers.
    pub const REGISTER: u32 = 0;
    /// Removes it.
    pub const DEREGISTER: u32 = 1;
}

/// How long, in milliseconds, a sequence number says anything about the order (RFC 7641 section 3.4).
const WINDOW_MS: u64 = 128_000;
/// Sequence numbers have 24 bits.
const MASK: u32 = 0x00ff_ffff;
const HALF: u32 = 0x0080_0000;

/// The Observe values of one observation's notifications (RFC 7641 section 4.4): each is newer than the one
/// before, however fast they come, as long as fewer than 2^23 lie between two that the peer compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence(u32);

impl Sequence {
    /// Begins at 0, which takes no byte.
    pub const fn new() -> Self {
        Self(0)
    }

    /// Begins at a value.
    pub const fn at(value: u32) -> Self {
        Self(value & MASK)
    }

    /// The value of the next notification, not taken yet.
    pub const fn peek(self) -> u32 {
        self.0
    }

    /// Goes on from `value`, unless it is there or beyond.
    pub const fn advance(&mut self, value: u32) {
        if value.wrapping_sub(self.0) & MASK < HALF {
            self.0 = value & MASK;
        }
    }

    /// The value of the next notification.
    pub const fn take(&mut self) -> u32 {
        let value = self.0;
        self.0 = value.wrapping_add(1) & MASK;
        value
    }
}

/// A notification as it arrived: its Observe value and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The 24 bits of the option.
    pub value: u32,
    /// On the clock of the receiver.
    pub arrived: Instant,
}

impl Stamp {
    /// Whether this notification is newer than `latest`, the newest one so far (RFC 7641 section 3.4).
    pub const fn is_newer_than(self, latest: Self) -> bool {
        let ahead = self.value.wrapping_sub(latest.value) & MASK;
        (ahead > 0 && ahead < HALF) || self.arrived.since(latest.arrived) > WINDOW_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_goes_forward_only() {
        let mut sequence = Sequence::new();
        sequence.advance(MASK);
        assert_eq!(sequence.peek(), 0, "that would be back by one");
        sequence.advance(4096);
        assert_eq!((sequence.take(), sequence.peek()), (4096, 4097));
        sequence.advance(5);
        assert_eq!(sequence.take(), 4097);
    }

    fn newer(latest: u32, value: u32, ms_later: u64) -> bool {
        let latest = Stamp { value: latest, arrived: Instant::from_millis(5) };
        Stamp { value, arrived: Instant::from_millis(5 + ms_later) }.is_newer_than(latest)
    }

    /// RFC 7641 section 3.4, as it is written there.
    fn formula(v1: u32, v2: u32) -> bool {
        (v1 < v2 && v2 - v1 < 1 << 23) || (v1 > v2 && v1 - v2 > 1 << 23)
    }

    #[test]
    fn order_is_that_of_rfc_7641() {
        let values = [0, 1, 2, HALF - 1, HALF, HALF + 1, MASK - 1, MASK];
        for v1 in values {
            for v2 in values {
                assert_eq!(newer(v1, v2, 0), formula(v1, v2), "{v1:x} {v2:x}");
                assert!(newer(v1, v2, WINDOW_MS + 1));
            }
        }
        assert!(!newer(7, 7, WINDOW_MS), "a duplicate");
    }

    #[test]
    fn a_sequence_goes_on_behind_24_bits() {
        let mut sequence = Sequence(MASK);
        let (last, first) = (sequence.take(), sequence.take());
        assert_eq!((last, first), (MASK, 0));
        assert!(newer(last, first, 0));
        assert_eq!(Sequence::new().take(), 0);
    }
}
