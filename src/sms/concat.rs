//! Messages longer than one short message (TS 23.040 section 9.2.3.24.1): cutting into parts, putting parts together.
//!
//! A secured packet is made first and cut afterwards; only its first part says that it is one (TS 31.115 section 4.3).
//! Under DTLS nothing is cut: a record is one short message (RFC 7925 appendix A).

use super::header::{COMMAND_PACKET, CONCAT_8, Concat, Header};
use super::number::Number;
use super::tpdu::USER_DATA;
use crate::bytes::{put, zeroise};
use crate::error::Error;
use crate::fnv::{START_32, fnv_32};
use crate::time::Instant;
use core::ops::Range;

/// Octets of IE 00 and of IE 70.
const CONCAT: usize = 5;
const PACKET: usize = 2;
/// Octets of data behind a header of so many octets of elements.
const fn behind(elements: usize) -> usize {
    USER_DATA.saturating_sub(elements).saturating_sub(if elements > 0 { 1 } else { 0 })
}

/// How a message is cut. Every part but the last is as long as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    length: usize,
    packet: bool,
    reference: u8,
    count: u8,
}

impl Cut {
    /// Cuts `length` octets; `packet`: they are a Command Packet, which the first part says. `reference` is what the
    /// parts have in common: another one for each message to the same number. [`Error::TooLarge`] above 255 parts.
    pub fn new(length: usize, packet: bool, reference: u8) -> Result<Self, Error> {
        let alone = behind(if packet { PACKET } else { 0 });
        let more =
            if length <= alone { 0 } else { length.saturating_sub(first(packet)).div_ceil(behind(CONCAT)) };
        let count = u8::try_from(more).ok().and_then(|more| more.checked_add(1)).ok_or(Error::TooLarge)?;
        Ok(Self { length, packet, reference, count })
    }

    /// How many parts there are, at least one.
    pub const fn count(&self) -> u8 {
        self.count
    }

    /// Part `n`, counted from 0: writes its information elements (without UDHL), says how many octets they are and which
    /// octets of the message follow them. `None`: there is no such part.
    pub fn part(&self, n: u8, header: &mut [u8; 8]) -> Option<(usize, Range<usize>)> {
        if n >= self.count {
            return None;
        }
        let mut used = 0;
        if self.count > 1 {
            put(header, 0, &[CONCAT_8, 3, self.reference, self.count, n.wrapping_add(1)]).ok()?;
            used = CONCAT;
        }
        if n == 0 && self.packet {
            put(header, used, &[COMMAND_PACKET, 0]).ok()?;
            used = used.wrapping_add(PACKET);
        }
        let start = self.start(n);
        let end = if n.wrapping_add(1) == self.count { self.length } else { self.start(n.wrapping_add(1)) };
        Some((used, start..end))
    }

    /// Where part `n` of several begins.
    fn start(&self, n: u8) -> usize {
        match n.checked_sub(1) {
            Some(before) => usize::from(before).wrapping_mul(behind(CONCAT)).wrapping_add(first(self.packet)),
            None => 0,
        }
    }
}

/// How much the first of several parts holds.
const fn first(packet: bool) -> usize {
    behind(if packet { CONCAT + PACKET } else { CONCAT })
}

/// Which message a part belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    from: Number,
    reference: u16,
    wide: bool,
    total: u8,
}

impl Key {
    const NONE: Self = Self { from: Number::EMPTY, reference: 0, wide: false, total: 0 };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    /// Parts are missing.
    Open,
    /// The caller has it until it is released.
    Whole,
}

/// How many parts of a past message are remembered by what was in them.
const CHECKED: usize = 8;

/// A message that is over: what still comes of it is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Past {
    key: Key,
    until: Instant,
    /// Of the first parts, to tell a duplicate from a new message with an old reference.
    checks: [u16; CHECKED],
    /// It was too long or had to give way: without what is lost, no other part is of use.
    refused: bool,
}

/// What belongs to one message whose parts arrive. All of them are the caller's, who chooses how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    state: State,
    key: Key,
    due: Instant,
    /// Octets of memory that are in use.
    used: usize,
    parts: u8,
    packet: bool,
    /// Not of this set in particular: one of the last messages.
    past: Past,
}

impl Set {
    /// A free one.
    pub const FREE: Self = Self {
        state: State::Free,
        key: Key::NONE,
        due: Instant::ZERO,
        used: 0,
        parts: 0,
        packet: false,
        past: Past { key: Key::NONE, until: Instant::ZERO, checks: [0; CHECKED], refused: false },
    };
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was the last one: [`Sets::bytes_mut`] has the message until [`Sets::release`].
    Whole {
        /// Where it lies.
        slot: usize,
        /// How long it is.
        length: usize,
        /// Part 1 said that it is a Command Packet.
        packet: bool,
    },
    /// Others are missing. Also for a part that was there already: the first one is kept.
    Waiting,
    /// It is of no use. [`Error::TooLarge`]: the message has no room, and was given up. [`Error::Exists`]: it belongs to a
    /// message that is over. [`Error::Busy`]: all sets wait for their release. [`Error::NotSupported`]: it is a Response
    /// Packet, which is one message where it matters and needs no memory.
    Dropped(Error),
}

/// Messages whose parts are arriving, in memory of the caller.
///
/// A set belongs to a sender, a reference and its width, and a number of parts. In its memory lie the parts in
/// order, two octets in front of each: a message of `n` parts needs `2 * n` octets more than it has.
///
/// Where no set is free, one of the sender with the most sets gives way, the oldest of them; among equal senders the oldest
/// of all. So the newest message has a chance (parts lost on the way are missed for ever), and a flood of one sender
/// only drowns itself: with as many sets as senders are let in, a sender with one message under way never loses it.
///
/// A message that is over is remembered for the timeout, as many of them as there are sets. Of one that was given up no
/// part is taken any more: it would take the place of one that can still be completed. Of one that was whole, parts that
/// come again are dropped, so that a message that comes twice is delivered once; a part with another content (of the
/// first eight) begins a new message, since there are senders that always use the same reference.
pub struct Sets<'a> {
    slots: &'a mut [Set],
    memory: &'a mut [u8],
    /// Octets of memory of each set.
    room: usize,
    timeout_ms: u64,
    lost: u32,
}

impl<'a> Sets<'a> {
    /// Divides `memory` evenly among `slots`, which were [`Set::FREE`] at first. What is not whole `timeout_ms` after its
    /// first part is given up.
    pub fn new(slots: &'a mut [Set], memory: &'a mut [u8], timeout_ms: u64) -> Self {
        let room = memory.len().checked_div(slots.len()).unwrap_or(0);
        Self { slots, memory, room, timeout_ms, lost: 0 }
    }

    /// Takes a message as it arrived from `from`. One that is not a part is whole at once.
    pub fn take(&mut self, now: Instant, from: &Number, header: &Header, data: &[u8]) -> Taken {
        match self.try_take(now, from, header, data) {
            Ok(taken) => taken,
            Err(error) => Taken::Dropped(error),
        }
    }

    /// The first `length` octets of a whole message. Nothing of what is none, or not so long.
    pub fn bytes_mut(&mut self, slot: usize, length: usize) -> &mut [u8] {
        let whole = self.slots.get(slot).is_some_and(|set| set.state == State::Whole && length <= set.used);
        let memory = if whole { self.memory(slot).get_mut(..length) } else { None };
        memory.unwrap_or_default()
    }

    /// The message was read. Its memory is overwritten: it may have held what is secret.
    pub fn release(&mut self, slot: usize) {
        if self.slots.get(slot).is_some_and(|set| set.state == State::Whole) {
            self.close(slot);
        }
    }

    /// Gives up what waits for too long; says how many messages were given up since this was asked last, also those
    /// that had to give way or were too long.
    pub fn expire(&mut self, now: Instant) -> u32 {
        self.give_up_late(now);
        core::mem::take(&mut self.lost)
    }

    /// When [`Sets::expire`] has something to do.
    pub fn deadline(&self) -> Instant {
        let open = self.slots.iter().filter(|set| set.state == State::Open);
        open.fold(Instant::NEVER, |first, set| first.earlier(set.due))
    }

    fn try_take(
        &mut self,
        now: Instant,
        from: &Number,
        header: &Header,
        data: &[u8],
    ) -> Result<Taken, Error> {
        self.give_up_late(now);
        if header.response_packet {
            return Err(Error::NotSupported);
        }
        if data.len() > USER_DATA {
            return Err(Error::TooLarge);
        }
        // nothing tells one that is not a part from the same said twice
        let single = Concat { wide: false, reference: 0, total: 1, sequence: 1 };
        let (concat, is_part) = (header.concat.unwrap_or(single), header.concat.is_some());
        let key = Key { from: *from, reference: concat.reference, wide: concat.wide, total: concat.total };
        let slot = match self.find(&key) {
            Some(slot) => slot,
            None if is_part && self.is_late(now, &key, concat.sequence, data) => return Err(Error::Exists),
            None => self.open(now, key, data)?,
        };
        match self.add(slot, concat.sequence, header, data) {
            Ok(true) => {
                if is_part {
                    self.remember(now, slot, false);
                }
                Ok(self.finish(slot))
            }
            Ok(false) => Ok(Taken::Waiting),
            Err(error) => {
                self.refuse(now, slot);
                Err(error)
            }
        }
    }

    /// Gives a message up for good.
    fn refuse(&mut self, now: Instant, slot: usize) {
        self.remember(now, slot, true);
        self.give_up(slot);
    }

    /// The set that waits for parts of this message.
    fn find(&self, key: &Key) -> Option<usize> {
        crate::count::place_of(self.slots.iter(), |set| set.state == State::Open && set.key == *key)
    }

    /// A set for a new message, of which `data` is the first part to arrive.
    fn open(&mut self, now: Instant, key: Key, data: &[u8]) -> Result<usize, Error> {
        let least = usize::from(key.total).wrapping_mul(RECORD).saturating_add(data.len());
        if least > self.room {
            return Err(Error::TooLarge);
        }
        let free = crate::count::place_of(self.slots.iter(), |set| set.state == State::Free);
        let slot = match free {
            Some(slot) => slot,
            None => {
                let victim = self.victim(&key.from).ok_or(Error::Busy)?;
                self.refuse(now, victim);
                victim
            }
        };
        let due = now.after(self.timeout_ms);
        let set = self.slots.get_mut(slot).ok_or(Error::Busy)?;
        *set = Set { state: State::Open, key, due, past: set.past, ..Set::FREE };
        Ok(slot)
    }

    /// Which set gives way to a new one of `from`.
    fn victim(&self, from: &Number) -> Option<usize> {
        let mut victim: Option<(usize, u32, Instant)> = None;
        let mut slot = 0usize;
        for set in self.slots.iter() {
            if set.state == State::Open {
                let sets = self.open_sets(&set.key.from, from);
                if victim.is_none_or(|(_, most, due)| sets > most || sets == most && set.due < due) {
                    victim = Some((slot, sets, set.due));
                }
            }
            slot = slot.wrapping_add(1);
        }
        victim.map(|(slot, ..)| slot)
    }

    /// How many sets `sender` has open, the one that is to come included.
    fn open_sets(&self, sender: &Number, from: &Number) -> u32 {
        let of_sender = |set: &&Set| set.state == State::Open && set.key.from == *sender;
        let open = self.slots.iter().filter(of_sender).fold(0u32, |n, _| n.wrapping_add(1));
        open.wrapping_add((sender == from).into())
    }

    /// Puts a part in its place; whether it was the last one. A part that is there already changes nothing.
    fn add(&mut self, slot: usize, sequence: u8, header: &Header, data: &[u8]) -> Result<bool, Error> {
        let (set, memory) = self.split(slot).ok_or(Error::Busy)?;
        let Some(at) = place(memory, set.used, sequence) else { return Ok(false) };
        set.used = insert(memory, set.used, at, sequence, data)?;
        set.parts = set.parts.saturating_add(1);
        set.packet |= sequence == 1 && header.command_packet;
        Ok(set.parts == set.key.total)
    }

    /// All parts are there: what lay between them goes.
    fn finish(&mut self, slot: usize) -> Taken {
        let Some((set, memory)) = self.split(slot) else { return Taken::Dropped(Error::Busy) };
        let length = join(memory, set.used);
        set.state = State::Whole;
        set.used = length;
        Taken::Whole { slot, length, packet: set.packet }
    }

    /// Whether this is a part of a message that is over.
    fn is_late(&self, now: Instant, key: &Key, sequence: u8, data: &[u8]) -> bool {
        let of_message = |past: &Past| past.key == *key && now < past.until;
        let same = |past: &Past| match past.checks.get(usize::from(sequence).wrapping_sub(1)) {
            Some(kept) => *kept == check(data),
            None => true,
        };
        self.slots.iter().any(|set| of_message(&set.past) && (set.past.refused || same(&set.past)))
    }

    /// Remembers that the message of a set is over, in place of the one that was over first.
    fn remember(&mut self, now: Instant, slot: usize, refused: bool) {
        let until = now.after(self.timeout_ms);
        let Some((set, memory)) = self.split(slot) else { return };
        let past = Past { key: set.key, until, checks: checks(memory, set.used), refused };
        if let Some(set) = self.slots.iter_mut().min_by_key(|set| set.past.until) {
            set.past = past;
        }
    }

    fn give_up_late(&mut self, now: Instant) {
        for slot in 0..self.slots.len() {
            if self.slots.get(slot).is_some_and(|set| set.state == State::Open && now >= set.due) {
                self.give_up(slot);
            }
        }
    }

    fn give_up(&mut self, slot: usize) {
        self.lost = self.lost.saturating_add(1);
        self.close(slot);
    }

    fn close(&mut self, slot: usize) {
        if let Some((set, memory)) = self.split(slot) {
            *set = Set { past: set.past, ..Set::FREE };
            zeroise(memory);
        }
    }

    fn memory(&mut self, slot: usize) -> &mut [u8] {
        self.split(slot).map(|(_, memory)| memory).unwrap_or_default()
    }

    /// A set and its memory.
    fn split(&mut self, slot: usize) -> Option<(&mut Set, &mut [u8])> {
        let start = slot.checked_mul(self.room)?;
        let memory = self.memory.get_mut(start..start.checked_add(self.room)?)?;
        Some((self.slots.get_mut(slot)?, memory))
    }
}

/// In front of each part: its number, and how many octets it has.
const RECORD: usize = 2;

/// The record at `at`: its number, where its octets begin and end.
fn record(memory: &[u8], at: usize) -> Option<(u8, usize, usize)> {
    let (head, rest) = memory.get(at..)?.split_first_chunk::<RECORD>()?;
    let [sequence, length] = *head;
    if usize::from(length) > rest.len() {
        return None;
    }
    let start = at.wrapping_add(RECORD);
    Some((sequence, start, start.wrapping_add(length.into())))
}

/// Where a part belongs among those that are there. `None`: it is there.
fn place(memory: &[u8], used: usize, sequence: u8) -> Option<usize> {
    let mut at = 0;
    while at < used {
        let (other, _, end) = record(memory, at)?;
        if other == sequence {
            return None;
        }
        if other > sequence {
            break;
        }
        at = end;
    }
    Some(at)
}

/// Makes room at `at` and puts a part there; how many octets are used then.
fn insert(memory: &mut [u8], used: usize, at: usize, sequence: u8, data: &[u8]) -> Result<usize, Error> {
    let length = u8::try_from(data.len()).map_err(|_| Error::TooLarge)?;
    let more = data.len().wrapping_add(RECORD);
    let end = used.wrapping_add(more);
    let moved = memory.get_mut(at..end).ok_or(Error::TooLarge)?;
    let mut from = used.wrapping_sub(at);
    while from > 0 {
        from = from.wrapping_sub(1);
        let octet = moved.get(from).copied().unwrap_or(0);
        if let Some(to) = moved.get_mut(from.wrapping_add(more)) {
            *to = octet;
        }
    }
    put(moved, 0, &[sequence, length])?;
    put(moved, RECORD, data)?;
    Ok(end)
}

/// Moves the parts together; how long the message is.
fn join(memory: &mut [u8], used: usize) -> usize {
    let (mut at, mut to) = (0, 0usize);
    while at < used
        && let Some((_, start, end)) = record(memory, at)
    {
        for from in start..end {
            let octet = memory.get(from).copied().unwrap_or(0);
            if let Some(place) = memory.get_mut(to) {
                *place = octet;
            }
            to = to.wrapping_add(1);
        }
        at = end;
    }
    to
}

/// The checks of the first parts that are there.
fn checks(memory: &[u8], used: usize) -> [u16; CHECKED] {
    let mut checks = [0; CHECKED];
    let mut at = 0;
    while at < used
        && let Some((sequence, start, end)) = record(memory, at)
    {
        if let Some(kept) = checks.get_mut(usize::from(sequence).wrapping_sub(1)) {
            *kept = check(memory.get(start..end).unwrap_or(&[]));
        }
        at = end;
    }
    checks
}

/// FNV-1a, folded to 16 bits: good enough to tell two messages of one sender apart, and no defence against anyone.
fn check(data: &[u8]) -> u16 {
    let hash = fnv_32(START_32, data);
    (hash >> 16 ^ hash) as u16
}

#[cfg(test)]
#[path = "concat_tests.rs"]
mod tests;
