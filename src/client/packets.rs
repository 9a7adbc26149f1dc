//! Secured packets with a server (TS 1.0 section 7.2.2.3, TS 102 225): keys from the Security object, and counters that a
//! power cut cannot turn back.
//!
//! The counter of a packet that came is on stable storage before its message acts, so that it is never taken twice. Those of
//! packets to be sent are reserved ahead, some at a time, so that none is used twice.

use crate::bytes;
use crate::client::config::TextConfig;
use crate::client::features::Packing;
use crate::client::texting::how;
use crate::client::{Context, Engine};
use crate::coap::{Kind, Message, option};
use crate::crypto::{Cipher, Crypto};
use crate::error::Error;
use crate::objects::{Field, SecurityRow};
use crate::port::{Event, EventCode};
use crate::sms::packet::{self, COUNTER_END, Keys, Opened};
use crate::storage::{self, Found, HEAD, Slots, Storage, crc32};
use core::cell::Cell;

/// By how much a packet is longer than its message, at most: its head, counter, checksum, the tag of the message and padding.
pub const OVERHEAD: usize = 48;

/// How many counters are reserved at a time.
const RESERVED: u64 = 16;
/// How many packets of our own are remembered, so that they are not taken when they are sent back to us.
const OWN: usize = 4;

/// The record of an account: beside the three of [`keep`](crate::client::keep).
const RECORDS: u16 = 4;
const COUNTERS: u16 = 3;

/// Mark of the keys, received, reserved.
const ENTRY: usize = 4 + 8 + 8;
/// Format, the keys of the account, and those that its place had before.
const CONTENT: usize = 1 + 2 * ENTRY;
/// Format 1 had one entry.
const FORMAT: u8 = 2;

/// What storage says of some keys.
#[derive(Clone, Copy)]
struct Entry {
    mark: [u8; 4],
    received: u64,
    reserved: u64,
}

impl Entry {
    const NONE: Self = Self { mark: [0; 4], received: 0, reserved: 0 };

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (mark, rest) = bytes.split_first_chunk::<4>()?;
        let (received, rest) = rest.split_first_chunk::<8>()?;
        let (reserved, _) = rest.split_first_chunk::<8>()?;
        let (received, reserved) = (u64::from_be_bytes(*received), u64::from_be_bytes(*reserved));
        Some(Self { mark: *mark, received, reserved })
    }

    fn put(&self, image: &mut [u8], at: usize) -> Result<(), Error> {
        bytes::put(image, at, &self.mark)?;
        bytes::put(image, at.wrapping_add(4), &self.received.to_be_bytes())?;
        bytes::put(image, at.wrapping_add(12), &self.reserved.to_be_bytes())
    }
}

/// The counters of an account.
#[derive(Clone, Copy)]
pub struct Counters {
    /// Whether storage was read.
    known: bool,
    slots: Slots,
    /// The last one received.
    received: u64,
    /// The last one sent.
    sent: u64,
    /// The highest one that may be sent.
    reserved: u64,
    /// What is known of the keys that the place had before: they may come back.
    other: Entry,
    /// The mark of keys whose counters are lost: they are not used again.
    lost: Option<[u8; 4]>,
    /// Checksums of the last packets sent.
    own: [u32; OWN],
}

impl Counters {
    /// Nobody looked yet.
    pub const UNKNOWN: Self = Self {
        known: false,
        slots: Slots::NONE,
        received: 0,
        sent: 0,
        reserved: 0,
        other: Entry::NONE,
        lost: None,
        own: [0; OWN],
    };
}

/// What keys are made of: SMS Binding Key Parameters and Secret Key(s).
#[derive(Clone, Copy)]
struct Material {
    parameters: [u8; 7],
    keys: [u8; 48],
    lengths: (u8, u8),
}

impl Material {
    const NONE: Self = Self { parameters: [0; 7], keys: [0; 48], lengths: (0, 0) };

    /// Copies them out of an instance: filled in place, so that no other copy stays behind.
    #[inline(never)]
    fn fill(&mut self, row: &SecurityRow<'_>) -> Result<(), Error> {
        let (parameters, keys) = (&mut self.parameters, &mut self.keys);
        let one =
            row.field(Field::SmsParameters, |from| bytes::put(parameters, 0, from).map(|()| from.len()));
        let other = row.field(Field::SmsKeys, |from| bytes::put(keys, 0, from).map(|()| from.len()));
        self.lengths =
            (one.map_err(|_| Error::BadValue)? as u8, other.map_err(|_| Error::Credentials)? as u8);
        Ok(())
    }
}

/// The part of a client that does secured packets.
pub struct Packets<'a> {
    config: TextConfig,
    /// The account whose keys are those of [`Packets::held`], whatever its instance says now.
    holder: Cell<Option<u8>>,
    held: Cell<Material>,
    /// One an account.
    counters: &'a [Cell<Counters>],
    crypto: &'a dyn Crypto,
    storage: &'a dyn Storage,
}

impl<'a> Packets<'a> {
    /// `counters` has a place an account.
    pub fn new(
        config: TextConfig,
        counters: &'a [Cell<Counters>],
        crypto: &'a dyn Crypto,
        storage: &'a dyn Storage,
    ) -> Self {
        Self { config, holder: Cell::new(None), held: Cell::new(Material::NONE), counters, crypto, storage }
    }

    /// Shows the keys of an account.
    fn keys<R>(
        &self,
        engine: &Engine<'_>,
        who: usize,
        job: impl FnOnce(&Keys<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut material = Material::NONE;
        let found = self.find(engine, who, &mut material);
        let done = found.and_then(|()| self.with(&material, job));
        bytes::zeroise(&mut material.keys);
        done
    }

    #[inline(never)]
    fn find(&self, engine: &Engine<'_>, who: usize, material: &mut Material) -> Result<(), Error> {
        if self.holds(who) {
            *material = self.held.get();
            return Ok(());
        }
        material.fill(engine.security_row(who).ok_or(Error::State)?)
    }

    fn with<R>(
        &self,
        material: &Material,
        job: impl FnOnce(&Keys<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let (wide, short) = (self.is(how::AES_256), self.is(how::SHORT_MAC));
        let (parameters, keys) = material.lengths;
        let parameters = material.parameters.get(..parameters.into()).unwrap_or(&[]);
        let secret = material.keys.get(..keys.into()).unwrap_or(&[]);
        job(&Keys::from_resources(parameters, secret, wide, short)?)
    }

    fn holds(&self, who: usize) -> bool {
        self.holder.get().is_some_and(|holder| usize::from(holder) == who)
    }

    fn is(&self, how: u8) -> bool {
        self.config.how & how != 0
    }

    /// Four bytes that differ where the keys do, and tell nothing of them. A key for ciphering alone makes no difference: then
    /// counters go on.
    #[inline(never)]
    fn mark(&self, keys: &Keys<'_>) -> Result<[u8; 4], Error> {
        let mut mac = [0; 16];
        let cipher = if keys.cipher == Cipher::Aes { 1 } else { 2 };
        // no packet begins with a length of zero
        let text = [0, 0, cipher, keys.kic, keys.kid];
        self.crypto.mac(keys.cipher, keys.mac_key, &[&text, &keys.tar], &mut mac)?;
        mac.first_chunk::<4>().copied().ok_or(Error::State)
    }

    fn of(&self, who: usize) -> Result<Counters, Error> {
        self.counters.get(who).map(Cell::get).ok_or(Error::State)
    }

    fn set(&self, who: usize, counters: Counters) {
        if let Some(place) = self.counters.get(who) {
            place.set(counters);
        }
    }

    /// The counters of an account, which storage knows.
    fn ready(
        &self,
        engine: &Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        keys: &Keys<'_>,
    ) -> Result<Counters, Error> {
        let counters = self.of(who)?;
        if counters.known {
            return Ok(counters);
        }
        let read = self.read(engine, ctx, who, keys);
        if let Err(error) = read {
            self.tell(engine, ctx, who, error);
        }
        read
    }

    /// The same keys may have been those of another place: whichever record says most is right.
    fn read(
        &self,
        engine: &Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        keys: &Keys<'_>,
    ) -> Result<Counters, Error> {
        let (mark, mut image) = (self.mark(keys)?, [0; HEAD + CONTENT]);
        let mut counters = Counters { known: true, lost: self.of(who)?.lost, ..Counters::UNKNOWN };
        for place in 0..self.counters.len() {
            if place != who && self.has(engine, place, mark) {
                // another server with the same keys counts for itself
                continue;
            }
            let found = storage::load(self.storage, ctx.port, record(place), &mut image)?;
            let there = entries(&found, &image);
            if place == who {
                counters.slots = found.slots;
                counters.other = there.into_iter().find(|entry| entry.mark != mark).unwrap_or(Entry::NONE);
                // of the first write of all, power may have cut short one slot; of two, nothing is certain any more
                let lost = found.length.is_none() && found.damaged && self.is_there(ctx, who, &mut image);
                if lost && self.loses(who, mark) {
                    return Err(Error::Storage);
                }
            }
            for entry in there.iter().filter(|entry| entry.mark == mark) {
                counters.received = counters.received.max(entry.received);
                counters.reserved = counters.reserved.max(entry.reserved);
            }
        }
        // what was reserved may have been sent
        counters.sent = counters.reserved;
        self.set(who, counters);
        Ok(counters)
    }

    /// Whether those are the keys of an account.
    fn has(&self, engine: &Engine<'_>, who: usize, mark: [u8; 4]) -> bool {
        self.keys(engine, who, |keys| self.mark(keys)).is_ok_and(|mine| mine == mark)
    }

    /// Whether keys are those, or the first ones, of which it is seen that their counters are lost. New ones can begin.
    fn loses(&self, who: usize, mark: [u8; 4]) -> bool {
        let Ok(counters) = self.of(who) else { return true };
        let lost = counters.lost.unwrap_or(mark);
        self.set(who, Counters { lost: Some(lost), ..counters });
        lost == mark
    }

    /// Whether the second slot holds anything.
    fn is_there(&self, ctx: &Context<'_>, who: usize, image: &mut [u8]) -> bool {
        let second = storage::slot_number(record(who), 1);
        !matches!(self.storage.read(ctx.port, second, image), Err(Error::NotFound) | Ok(0))
    }

    fn save(
        &self,
        ctx: &mut Context<'_>,
        who: usize,
        keys: &Keys<'_>,
        counters: &mut Counters,
    ) -> Result<(), Error> {
        let mut image = [0; HEAD + CONTENT];
        let Counters { received, reserved, other, .. } = *counters;
        bytes::put(&mut image, HEAD, &[FORMAT])?;
        Entry { mark: self.mark(keys)?, received, reserved }.put(&mut image, HEAD + 1)?;
        other.put(&mut image, HEAD + 1 + ENTRY)?;
        storage::save(self.storage, ctx.port, record(who), &mut counters.slots, &mut image, CONTENT)
    }

    fn tell(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, who: usize, error: Error) {
        let server = engine.server_id(who);
        engine.tell(ctx, Event::new(EventCode::StorageFailed, server).why(error.to_c()));
    }

    /// The counter of the next packet, which nobody has had.
    fn next(
        &self,
        engine: &Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        keys: &Keys<'_>,
    ) -> Result<Counters, Error> {
        let mut counters = self.ready(engine, ctx, who, keys)?;
        if counters.sent >= COUNTER_END {
            return Err(Error::Credentials);
        }
        if counters.sent >= counters.reserved {
            counters.reserved = counters.sent.saturating_add(RESERVED).min(COUNTER_END);
            if let Err(error) = self.save(ctx, who, keys, &mut counters) {
                self.tell(engine, ctx, who, error);
                return Err(error);
            }
        }
        counters.sent = counters.sent.wrapping_add(1);
        self.set(who, counters);
        Ok(counters)
    }
}

impl Engine<'_> {
    /// Whether a message is one that only a client sends: the same keys protect both directions, and an SMS may be sent
    /// back to us by anybody. What answers nothing is taken for such a one.
    fn is_own(&self, who: usize, bytes: &[u8]) -> bool {
        let Ok(message) = Message::parse(bytes) else { return false };
        if message.code.is_request() {
            return self.is_for_server(who, &message);
        }
        if message.code.is_response() {
            return self.asked(who, &message).is_none();
        }
        let exchange = self.accounts.get(who).and_then(|account| account.exchange.as_ref());
        let sent = exchange.is_some_and(|exchange| exchange.id == message.id)
            || self.observations.iter().any(|place| place.is_of(who) && place.has_sent(message.id));
        matches!(message.kind, Kind::Acknowledgement | Kind::Reset) && !sent
    }

    /// Whether a request is a Register, an Update, a De-register or a Bootstrap-Request. What servers ask for has numbers
    /// in its path, or is Bootstrap-Finish, which has no query (TS 1.0 section 8.2).
    fn is_for_server(&self, who: usize, request: &Message<'_>) -> bool {
        let Some(account) = self.accounts.get(who) else { return false };
        let mut location = account.location.segments();
        let (mut first, mut queried, mut same) = (None, false, true);
        let mut options = request.options();
        while let Ok(Some((number, value))) = options.next() {
            match number {
                option::URI_PATH => {
                    first = first.or(Some(value));
                    same &= location.next() == Some(value);
                }
                option::URI_QUERY => queried = true,
                _ => {}
            }
        }
        let Some(first) = first else { return false };
        let named = first.iter().any(|byte| !byte.is_ascii_digit());
        let finish = first == b"bs" && !queried;
        (named && !finish) || (same && location.next().is_none())
    }
}

fn record(who: usize) -> u16 {
    (who as u16).wrapping_mul(RECORDS).wrapping_add(COUNTERS)
}

/// What a record says. Where a slot is damaged, what was reserved there may have been sent.
fn entries(found: &Found, image: &[u8]) -> [Entry; 2] {
    let mut entries = [Entry::NONE; 2];
    let content = found.length.and_then(|length| image.get(HEAD..HEAD.wrapping_add(length)));
    let (format, rest) = content.and_then(<[u8]>::split_first).unwrap_or((&0, &[]));
    if !matches!((*format, rest.len()), (1, ENTRY) | (FORMAT, _)) {
        return entries;
    }
    let more = if found.damaged { RESERVED } else { 0 };
    for (place, bytes) in entries.iter_mut().zip(rest.chunks(ENTRY)) {
        let entry = Entry::parse(bytes).unwrap_or(Entry::NONE);
        *place = Entry { reserved: entry.reserved.saturating_add(more).min(COUNTER_END), ..entry };
    }
    entries
}

impl Packing for Packets<'_> {
    fn accepts(&self, _: &Engine<'_>, row: &SecurityRow<'_>) -> Result<(), Error> {
        let mut material = Material::NONE;
        let done = material.fill(row).and_then(|()| self.with(&material, |_| Ok(())));
        bytes::zeroise(&mut material.keys);
        done
    }

    fn open(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        packet: &mut [u8],
    ) -> Result<Opened, Error> {
        let crc = crc32(u32::MAX, packet);
        self.keys(engine, who, |keys| {
            let mut counters = self.ready(engine, ctx, who, keys)?;
            if counters.sent != 0 && counters.own.contains(&crc) {
                // ours, sent back: the same keys protect both directions
                return Err(Error::Exists);
            }
            let opened = packet::open(self.crypto, keys, counters.received, packet)?;
            let message = packet.get(opened.start..opened.start.wrapping_add(opened.length));
            if engine.is_own(who, message.unwrap_or(&[])) {
                // ours of another life: taken, its counter would shut the server out
                bytes::zeroise(packet);
                return Err(Error::Exists);
            }
            counters.received = opened.counter;
            if let Err(error) = self.save(ctx, who, keys, &mut counters) {
                self.tell(engine, ctx, who, error);
                // what was not written down is not acted on
                bytes::zeroise(packet);
                return Err(error);
            }
            self.set(who, counters);
            Ok(opened)
        })
    }

    fn protect(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        message: &[u8],
        packet: &mut [u8],
    ) -> Result<usize, Error> {
        self.keys(engine, who, |keys| {
            let mut counters = self.next(engine, ctx, who, keys)?;
            let length = packet::protect(self.crypto, keys, counters.sent, message, packet)?;
            counters.own.rotate_right(1);
            if let (Some(newest), Some(packet)) = (counters.own.first_mut(), packet.get(..length)) {
                *newest = crc32(u32::MAX, packet);
            }
            self.set(who, counters);
            Ok(length)
        })
    }

    fn respond(
        &self,
        engine: &Engine<'_>,
        who: usize,
        opened: &Opened,
        packet: &mut [u8],
    ) -> Result<usize, Error> {
        self.keys(engine, who, |keys| {
            let asked = (opened.counter, opened.por);
            packet::response(self.crypto, keys, asked, packet::PROCESSED, &[], packet)
        })
    }

    fn hold(&self, engine: &Engine<'_>, who: usize) {
        let mut material = Material::NONE;
        if engine.security_row(who).is_some_and(|row| material.fill(row).is_ok()) {
            self.held.set(material);
            self.holder.set(Some(who as u8));
        }
        bytes::zeroise(&mut material.keys);
    }

    fn forget(&self, who: usize) {
        if self.holds(who) {
            self.holder.set(None);
            bytes::zeroise(&mut self.held.replace(Material::NONE).keys);
        }
        let lost = self.of(who).ok().and_then(|counters| counters.lost);
        self.set(who, Counters { lost, ..Counters::UNKNOWN });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8], damaged: bool) -> [([u8; 4], u64, u64); 2] {
        let mut image = [0; HEAD + CONTENT];
        bytes::put(&mut image, HEAD, content).expect("room");
        let found = Found { slots: Slots::NONE, length: Some(content.len()), damaged };
        entries(&found, &image).map(|entry| (entry.mark, entry.received, entry.reserved))
    }

    #[test]
    fn both_formats_are_read() {
        let nothing = ([0; 4], 0, 0);
        let one = [1, 0xa, 0xb, 0xc, 0xd, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 32];
        let first = ([0xa, 0xb, 0xc, 0xd], 258, 32);
        assert_eq!(read(&one, false), [first, nothing]);
        let mut two = one.to_vec();
        two[0] = 2;
        two.extend([9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4]);
        assert_eq!(read(&two, false), [first, ([9; 4], 3, 4)]);
        assert_eq!(read(&two, true), [([0xa, 0xb, 0xc, 0xd], 258, 48), ([9; 4], 3, 20)]);
        for content in [&two[..20], &one[..20], &[3], &[]] {
            let marks = read(content, false).map(|entry| entry.0);
            assert!(marks[1] == [0; 4] && marks[0] != [9; 4], "{content:?}");
        }
    }
}
