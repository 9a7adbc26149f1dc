//! Messages on their way: the queues, what was received lately, and what is to be read and deleted (TS 27.005 sections 3, 4).
//!
//! A message is never answered to the modem, by +CNMA or +CMGD, before it is in the queue. What is received again because
//! that answer was lost is recognised by its digest and not queued again, but answered.

use super::text::{digest, octet};
use crate::time::Instant;

/// The longest TPDU: of SMS-SUBMIT 164 octets, of SMS-STATUS-REPORT with all its parts some more (TS 23.040 section 9.2.2).
pub const TPDU_MAX: usize = 176;

/// A place for one message in a queue.
#[derive(Clone, Copy)]
pub struct Message {
    length: u8,
    octets: [u8; TPDU_MAX],
}

impl Message {
    /// A free place.
    pub const FREE: Self = Self { length: 0, octets: [0; TPDU_MAX] };

    fn octets(&self) -> &[u8] {
        self.octets.get(..self.length.into()).unwrap_or(&[])
    }
}

/// Messages in the order in which they came.
pub(super) struct Queue<'m> {
    places: &'m mut [Message],
    first: usize,
    count: usize,
}

impl<'m> Queue<'m> {
    pub const fn new(places: &'m mut [Message]) -> Self {
        Self { places, first: 0, count: 0 }
    }

    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub const fn count(&self) -> usize {
        self.count
    }

    pub const fn is_full(&self) -> bool {
        self.count >= self.places.len()
    }

    /// The first one; empty if there is none.
    pub fn head(&self) -> &[u8] {
        match self.places.get(self.first) {
            Some(place) if self.count > 0 => place.octets(),
            _ => &[],
        }
    }

    /// Drops the first one.
    pub fn pop(&mut self) {
        if self.count > 0 {
            self.count = self.count.wrapping_sub(1);
            self.first = self.after(self.first, 1);
        }
    }

    /// Adds one; `false` if there is no room.
    pub fn push(&mut self, octets: impl Iterator<Item = u8>) -> bool {
        let at = self.after(self.first, self.count);
        let full = self.is_full();
        let Some(place) = self.places.get_mut(at).filter(|_| !full) else { return false };
        place.length = 0;
        for (to, from) in place.octets.iter_mut().zip(octets) {
            *to = from;
            place.length = place.length.wrapping_add(1);
        }
        self.count = self.count.wrapping_add(1);
        true
    }

    /// Both are at most the number of places.
    const fn after(&self, at: usize, steps: usize) -> usize {
        let end = at.wrapping_add(steps);
        if end < self.places.len() { end } else { end.wrapping_sub(self.places.len()) }
    }
}

/// Where the modem keeps a message: `ME` or another of its storages, and the index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub storage: [u8; 2],
    pub index: u16,
}

impl Place {
    pub const NONE: Self = Self { storage: [0; 2], index: 0 };
}

/// A message that was received lately.
#[derive(Clone, Copy)]
struct Seen {
    digest: u64,
    /// It is to be deleted from there.
    place: Option<Place>,
    /// The modem refuses to delete it.
    stuck: bool,
}

/// How many of them are remembered, and as many messages are taken from storage before they are deleted.
const SEEN: usize = 8;
/// How many stored messages are known of, but not read yet. When more come, the whole storage is read.
const WAITING: usize = 8;
/// How often a message is read that cannot be understood.
const READS: u8 = 3;

/// What became of a message that the modem showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// It is in the queue.
    New,
    /// It was there before.
    Known,
    /// There is no room for it now.
    Full,
}

/// All about short messages but the dialogue.
pub(super) struct Sms<'m> {
    pub outgoing: Queue<'m>,
    pub incoming: Queue<'m>,
    /// How often the first outgoing message was tried, and when it is tried next.
    pub attempts: u8,
    pub due: Instant,
    /// The number of the service centre is to be set before that.
    pub set_centre: bool,
    /// Messages that came directly and are to be acknowledged, until when that makes sense.
    pub acknowledge: u8,
    pub acknowledge_by: Instant,
    /// +CNMI is to be repeated then, because the modem may have ended direct delivery.
    pub reroute: Instant,
    /// The whole storage is to be read then.
    pub list: Instant,
    pub listing: [u8; 2],
    pub list_tries: u8,
    /// Something of the storage was left there.
    pub more: bool,
    /// The storage for received messages, and the one that is selected for reading.
    pub storage: [u8; 2],
    pub selected: [u8; 2],
    seen: [Seen; SEEN],
    next: usize,
    waiting: [Option<Place>; WAITING],
    reads: u8,
}

impl<'m> Sms<'m> {
    pub const fn new(outgoing: &'m mut [Message], incoming: &'m mut [Message]) -> Self {
        Self {
            outgoing: Queue::new(outgoing),
            incoming: Queue::new(incoming),
            attempts: 0,
            due: Instant::ZERO,
            set_centre: false,
            acknowledge: 0,
            acknowledge_by: Instant::ZERO,
            reroute: Instant::NEVER,
            list: Instant::NEVER,
            listing: [0; 2],
            list_tries: 0,
            more: false,
            storage: [0; 2],
            selected: [0; 2],
            seen: [Seen { digest: 0, place: None, stuck: false }; SEEN],
            next: 0,
            waiting: [None; WAITING],
            reads: 0,
        }
    }

    /// Takes a message as hex digits; `place` tells where it is to be deleted afterwards.
    pub fn take(&mut self, tpdu: &[[u8; 2]], place: Option<Place>) -> Take {
        let digest = digest(tpdu.iter().map(|pair| octet(*pair)));
        if let Some(seen) = self.seen.iter_mut().find(|seen| seen.digest == digest) {
            if seen.place.is_some() && seen.place != place && place.is_some() && !seen.stuck {
                // the same message twice: the other place comes first
                return Take::Full;
            }
            if place.is_some() {
                seen.place = place;
                seen.stuck = false;
            }
            return Take::Known;
        }
        if self.incoming.is_full() || !self.remember(Seen { digest, place, stuck: false }) {
            return Take::Full;
        }
        self.incoming.push(tpdu.iter().map(|pair| octet(*pair)));
        Take::New
    }

    /// Remembers a message instead of the oldest one that has been deleted, or cannot be.
    fn remember(&mut self, new: Seen) -> bool {
        for may_be_stuck in [false, true] {
            for _ in 0..SEEN {
                let at = self.next;
                self.next = if at.wrapping_add(1) < SEEN { at.wrapping_add(1) } else { 0 };
                if let Some(seen) = self.seen.get_mut(at)
                    && (seen.place.is_none() || (seen.stuck && may_be_stuck))
                {
                    *seen = new;
                    return true;
                }
            }
        }
        false
    }

    /// What is to be deleted next.
    pub fn to_delete(&self) -> Option<Place> {
        self.seen.iter().find_map(|seen| seen.place.filter(|_| !seen.stuck))
    }

    /// The message at `place` is deleted, or cannot be.
    pub fn deleted(&mut self, place: Place, gone: bool) {
        for seen in &mut self.seen {
            if seen.place == Some(place) {
                seen.stuck = !gone;
                if gone {
                    seen.place = None;
                }
            }
        }
    }

    /// What is to be read next.
    pub fn to_read(&self) -> Option<Place> {
        self.waiting.iter().find_map(|place| *place)
    }

    /// A message is stored at `place`.
    pub fn wait_for(&mut self, place: Place) {
        if self.waiting.contains(&Some(place)) {
            return;
        }
        match self.waiting.iter_mut().find(|free| free.is_none()) {
            Some(free) => *free = Some(place),
            None => self.list = Instant::ZERO,
        }
    }

    /// The message at `place` is read.
    pub fn has_read(&mut self, place: Place) {
        for waiting in &mut self.waiting {
            if *waiting == Some(place) {
                *waiting = None;
            }
        }
        self.reads = 0;
    }

    /// Whether `place` is worth another try.
    pub const fn may_read_again(&mut self) -> bool {
        self.reads = self.reads.wrapping_add(1);
        self.reads < READS
    }

    /// Nobody can read what is at `place`: it is to be deleted.
    pub fn give_up(&mut self, place: Place) {
        self.has_read(place);
        self.remember(Seen { digest: 0, place: Some(place), stuck: false });
    }

    /// A storage cannot be selected: what is in it is out of reach.
    pub fn without(&mut self, storage: [u8; 2]) {
        for place in &mut self.waiting {
            place.take_if(|place| place.storage == storage);
        }
        for seen in &mut self.seen {
            seen.place.take_if(|place| place.storage == storage);
        }
    }

    /// The modem starts anew. What was to be deleted is read again first: meanwhile another message may be at its place.
    pub fn restart(&mut self) {
        for at in 0..SEEN {
            let place = self.seen.get_mut(at).and_then(|seen| seen.place.take());
            if let Some(place) = place {
                self.wait_for(place);
            }
        }
        self.reads = 0;
        self.list = Instant::ZERO;
        self.list_tries = 0;
        self.reroute = Instant::NEVER;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: [u8; 2] = *b"ME";

    fn place(index: u16) -> Place {
        Place { storage: ME, index }
    }

    fn with(test: impl FnOnce(&mut Sms<'_>)) {
        let (mut outgoing, mut incoming) = ([Message::FREE; 1], [Message::FREE; 3]);
        test(&mut Sms::new(&mut outgoing, &mut incoming));
    }

    #[test]
    fn a_queue_keeps_the_order_around_its_end() {
        let mut places = [Message::FREE; 2];
        let mut queue = Queue::new(&mut places);
        assert!(queue.head().is_empty());
        for octet in 1..9 {
            assert!(queue.push([octet].into_iter()) && queue.push([octet, 0].into_iter()));
            assert!(queue.is_full() && !queue.push([9].into_iter()));
            assert_eq!(queue.head(), [octet]);
            queue.pop();
            assert_eq!(queue.head(), [octet, 0]);
            queue.pop();
            queue.pop();
            assert!(queue.is_empty());
        }
    }

    #[test]
    fn a_message_is_queued_once_and_the_second_copy_is_only_deleted() {
        with(|sms| {
            assert_eq!(sms.take(&[*b"aB"], None), Take::New);
            assert_eq!(sms.take(&[*b"AB"], None), Take::Known);
            assert_eq!(sms.take(&[*b"AB"], Some(place(1))), Take::Known);
            assert_eq!(sms.take(&[*b"AB"], Some(place(2))), Take::Full, "1 is to be deleted first");
            assert_eq!(sms.to_delete(), Some(place(1)));
            sms.deleted(place(1), true);
            assert_eq!(sms.take(&[*b"AB"], Some(place(2))), Take::Known);
            assert_eq!(sms.to_delete(), Some(place(2)));
            sms.incoming.pop();
            assert!(sms.incoming.is_empty());
        });
    }

    #[test]
    fn without_room_nothing_is_taken_and_nothing_deleted() {
        with(|sms| {
            for octet in [b"01", b"02", b"03"] {
                assert_eq!(sms.take(&[*octet], None), Take::New);
            }
            assert_eq!(sms.take(&[*b"04"], Some(place(4))), Take::Full);
            assert_eq!(sms.to_delete(), None);
            sms.incoming.pop();
            assert_eq!(sms.take(&[*b"04"], Some(place(4))), Take::New);
        });
    }

    #[test]
    fn what_was_to_be_deleted_is_read_again_after_a_restart() {
        with(|sms| {
            assert_eq!(sms.take(&[*b"01"], Some(place(7))), Take::New);
            sms.restart();
            assert_eq!((sms.to_delete(), sms.to_read()), (None, Some(place(7))));
            assert_eq!(sms.take(&[*b"01"], Some(place(7))), Take::Known);
            sms.has_read(place(7));
            assert_eq!((sms.to_delete(), sms.to_read()), (Some(place(7)), None));
        });
    }

    #[test]
    fn more_stored_messages_than_can_be_noted_are_found_by_a_listing() {
        with(|sms| {
            for index in 0..WAITING as u16 {
                sms.wait_for(place(index));
                sms.wait_for(place(index));
            }
            assert!(sms.list.is_never());
            sms.wait_for(place(100));
            assert_eq!(sms.list, Instant::ZERO);
        });
    }

    #[test]
    fn a_storage_that_cannot_delete_does_not_stop_what_follows() {
        with(|sms| {
            for index in 0..20u16 {
                let octet = [b'0' + (index / 10) as u8, b'0' + (index % 10) as u8];
                assert_eq!(sms.take(&[octet], Some(place(index))), Take::New, "{index}");
                sms.deleted(place(index), false);
                assert_eq!(sms.to_delete(), None);
                sms.incoming.pop();
            }
        });
    }
}
