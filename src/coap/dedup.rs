//! Recognising what was received before (RFC 7252 section 4.5), and Message IDs for what is sent (section 4.4).
//!
//! A request is looked up before it is processed and recorded with its answer afterwards; a request whose
//! answer comes later is recorded without one first. GET and FETCH may be left out: running them twice does
//! no harm.

use crate::bytes::copy;
use crate::time::Instant;

/// How many bytes of an answer a slot keeps: the header (4), a token (8), the Location-Path of a Create (12),
/// Block1 (4), and some to spare. Longer are only answers to requests that can be run again.
pub const ANSWER: usize = 36;

/// In `length`: the answer was longer than a slot.
const NOT_KEPT: u8 = 0xff;

/// A message received lately. All of them belong to the caller, who chooses how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recent {
    expires: Instant,
    id: u16,
    peer: u8,
    length: u8,
    answer: [u8; ANSWER],
}

impl Recent {
    /// A free slot.
    pub const FREE: Self = Self { expires: Instant::ZERO, id: 0, peer: 0, length: 0, answer: [0; ANSWER] };
}

/// What is known of a message that has come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// It was answered with these bytes: send them again.
    Answer(&'a [u8]),
    /// It has no answer, or none yet: be silent.
    NoAnswer,
    /// Its answer was too long for a slot: run it again if it is safe (RFC 7252 section 5.1), else be silent.
    NotKept,
}

/// The messages received lately (RFC 7252 section 4.5).
///
/// When all slots are taken, the one that would expire first gives way, and a duplicate of that message would
/// be processed as new. One slot for each exchange that a peer may have open (NSTART, 1 by default) suffices
/// as long as peers do not begin the next request before they have given up the last one; more cover delayed
/// duplicates.
pub struct Dedup<'a> {
    slots: &'a mut [Recent],
}

impl<'a> Dedup<'a> {
    /// Remembers in `slots`, which were [`Recent::FREE`] at first.
    pub const fn new(slots: &'a mut [Recent]) -> Self {
        Self { slots }
    }

    /// What is known of message `id` of `peer`; `None`: it is new, or its lifetime is over.
    pub fn find(&self, now: Instant, peer: u8, id: u16) -> Option<Known<'_>> {
        let slot = self.slots.iter().find(|slot| slot.id == id && slot.peer == peer && now < slot.expires)?;
        Some(match slot.length {
            0 => Known::NoAnswer,
            length => slot.answer.get(..length.into()).map_or(Known::NotKept, Known::Answer),
        })
    }

    /// Records message `id` of `peer` with its answer, empty if there is none (yet), for `lifetime_ms`:
    /// EXCHANGE_LIFETIME if it is Confirmable, else NON_LIFETIME. Replaces what was recorded of the same message.
    ///
    /// Returns whether the bytes of the answer were kept: `false` if it is longer than [`ANSWER`] or there
    /// are no slots.
    pub fn record(&mut self, now: Instant, lifetime_ms: u32, peer: u8, id: u16, answer: &[u8]) -> bool {
        let Some(slot) = self.slot_for(peer, id) else { return false };
        slot.expires = now.after(lifetime_ms.into());
        (slot.id, slot.peer, slot.length) = (id, peer, NOT_KEPT);
        let Some(room) = slot.answer.get_mut(..answer.len()) else { return false };
        copy(room, answer);
        slot.length = answer.len() as u8;
        true
    }

    /// The slot of the same message, else the one that expires first; free ones have expired.
    fn slot_for(&mut self, peer: u8, id: u16) -> Option<&mut Recent> {
        let mut first: Option<&mut Recent> = None;
        for slot in self.slots.iter_mut() {
            if slot.id == id && slot.peer == peer {
                return Some(slot);
            }
            if first.as_ref().is_none_or(|first| slot.expires < first.expires) {
                first = Some(slot);
            }
        }
        first
    }

    /// Forgets what `peer` sent: its Message IDs begin anew with its next session.
    pub fn forget_peer(&mut self, peer: u8) {
        for slot in self.slots.iter_mut().filter(|slot| slot.peer == peer) {
            slot.expires = Instant::ZERO;
        }
    }
}

/// Message IDs for what is sent (RFC 7252 section 4.4): from a random one upwards, so that none comes again within
/// EXCHANGE_LIFETIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids(u16);

impl Ids {
    /// Begins at `random`.
    pub const fn new(random: u32) -> Self {
        Self(random as u16)
    }

    /// The next Message ID, not taken yet.
    pub const fn peek(&self) -> u16 {
        self.0
    }

    /// Goes on from `id`, unless that would be back.
    pub const fn advance(&mut self, id: u16) {
        if id.wrapping_sub(self.0) < 1 << 15 {
            self.0 = id;
        }
    }

    /// The next Message ID.
    pub const fn take(&mut self) -> u16 {
        let id = self.0;
        self.0 = id.wrapping_add(1);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn a_duplicate_is_answered_as_before() {
        let mut slots = [Recent::FREE; 2];
        let mut dedup = Dedup::new(&mut slots);
        assert_eq!(dedup.find(at(0), 0, 0), None, "a free slot is no message");
        assert!(dedup.record(at(0), 1000, 1, 7, b"answer"));
        assert_eq!(dedup.find(at(999), 1, 7), Some(Known::Answer(b"answer")));
        assert_eq!(dedup.find(at(1000), 1, 7), None, "its lifetime is over");
        assert_eq!(dedup.find(at(0), 2, 7), None, "another peer");
        assert_eq!(dedup.find(at(0), 1, 8), None, "another message");
    }

    #[test]
    fn an_answer_may_come_later() {
        let mut slots = [Recent::FREE; 2];
        let mut dedup = Dedup::new(&mut slots);
        assert!(dedup.record(at(0), 1000, 1, 7, b""));
        assert_eq!(dedup.find(at(1), 1, 7), Some(Known::NoAnswer));
        dedup.record(at(1), 1000, 1, 8, b"another");
        assert!(dedup.record(at(2), 1000, 1, 7, b"answer"));
        assert_eq!(dedup.find(at(3), 1, 7), Some(Known::Answer(b"answer")));
        assert_eq!(dedup.find(at(3), 1, 8), Some(Known::Answer(b"another")), "not replaced");
    }

    #[test]
    fn an_answer_that_is_too_long_is_not_kept() {
        let mut slots = [Recent::FREE; 1];
        let mut dedup = Dedup::new(&mut slots);
        assert!(dedup.record(at(0), 1000, 1, 7, &[9; ANSWER]));
        assert_eq!(dedup.find(at(0), 1, 7), Some(Known::Answer(&[9; ANSWER])));
        assert!(!dedup.record(at(0), 1000, 1, 7, &[9; ANSWER + 1]));
        assert_eq!(dedup.find(at(0), 1, 7), Some(Known::NotKept));
        assert!(!dedup.record(at(0), 1000, 1, 7, &[9; 300]));
        assert_eq!(dedup.find(at(0), 1, 7), Some(Known::NotKept));
    }

    #[test]
    fn the_one_that_expires_first_gives_way() {
        let mut slots = [Recent::FREE; 3];
        let mut dedup = Dedup::new(&mut slots);
        for (id, lifetime) in [(1, 3000), (2, 1000), (3, 2000), (4, 4000)] {
            dedup.record(at(0), lifetime, 1, id, b"x");
        }
        assert_eq!([1, 2, 3, 4].map(|id| dedup.find(at(0), 1, id).is_some()), [true, false, true, true]);
    }

    #[test]
    fn a_new_session_begins_anew() {
        let mut slots = [Recent::FREE; 3];
        let mut dedup = Dedup::new(&mut slots);
        dedup.record(at(0), 1000, 1, 7, b"x");
        dedup.record(at(0), 1000, 2, 7, b"y");
        dedup.forget_peer(1);
        assert_eq!(dedup.find(at(0), 1, 7), None);
        assert_eq!(dedup.find(at(0), 2, 7), Some(Known::Answer(b"y")));
    }

    #[test]
    fn no_slots_no_memory() {
        let mut dedup = Dedup::new(&mut []);
        assert!(!dedup.record(at(0), 1000, 1, 7, b""));
        assert_eq!(dedup.find(at(0), 1, 7), None);
        dedup.forget_peer(1);
    }

    #[test]
    fn ids_go_round() {
        let mut ids = Ids::new(0x1234_ffff);
        assert_eq!([ids.take(), ids.take(), ids.take()], [0xffff, 0, 1]);
    }

    #[test]
    fn a_slot_is_small() {
        assert_eq!(size_of::<Recent>(), 48);
    }
}
