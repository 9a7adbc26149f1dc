//! A device that wakes up with a storage that somebody has been at.

use super::Scene;
use super::device::Device;
use super::native::sha256;
use super::world::World;
use crate::bytes::Bytes;
use whimbrel::storage::{HEAD, crc32};

/// How many slots an account has, from 0: two each of the association, its progress, and what the server observes.
const SLOTS: u16 = 6;
/// Bytes before the backend's image in the record of an association, and before what the image's checksum is over.
const ASSOCIATION_HEAD: usize = 10;
const CHECK: usize = 12;
/// Where a progress says which observations go with it.
const OBSERVATIONS: usize = 28;
const CHECK_SIZE: usize = 8;

/// What is done to the storage of a scene.
pub struct Shelf<'s>(pub &'s mut Scene);

impl Shelf<'_> {
    fn world(&mut self) -> &mut World {
        self.0.world()
    }

    /// Does what the next bytes say.
    pub fn act(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        let slot = u16::from(choice & 7) % SLOTS;
        match choice >> 3 & 7 {
            0..=3 => self.damage(slot, choice, bytes),
            4 => self.world().storage.refusals.push_back(bytes.byte() % 3),
            5 => self.power_cycle(choice & 0x40 != 0),
            6 => self.0.ask(b"some", &["3", "0"], choice & 0x40 != 0),
            _ => self.more(choice, bytes),
        }
        let records = &self.world().storage.records;
        assert!(
            records.keys().all(|slot| *slot < SLOTS),
            "a record that we do not know: {:?}",
            records.keys()
        );
    }

    fn more(&mut self, choice: u8, bytes: &mut Bytes<'_>) {
        match choice & 3 {
            0 => self.0.device().order(bytes.byte() & !3),
            1 => self.0.device().order(bytes.byte() & !3 | 1),
            2 => self.0.server.forget(choice & 4 != 0),
            _ => drop(self.0.pump()),
        }
    }

    /// A slot is not any more what was written into it.
    fn damage(&mut self, slot: u16, choice: u8, bytes: &mut Bytes<'_>) {
        match choice >> 3 & 3 {
            0 => self.change(slot, choice, bytes),
            1 => self.put(slot, choice, bytes.chunk().to_vec()),
            2 => {
                let other = u16::from(bytes.byte()) % (SLOTS + 1);
                let held = self.held(other);
                self.put(slot, choice, held);
            }
            _ => {
                let (mut held, length) = (self.held(slot), usize::from(bytes.pair()) % 2048);
                held.resize(length, choice);
                self.put(slot, choice, held);
            }
        }
    }

    fn held(&mut self, slot: u16) -> Vec<u8> {
        self.world().storage.records.get(&slot).cloned().unwrap_or_default()
    }

    /// Bytes of a slot become others.
    fn change(&mut self, slot: u16, choice: u8, bytes: &mut Bytes<'_>) {
        let mut held = self.held(slot);
        let at = usize::from(bytes.pair()) % 1024;
        let with = bytes.chunk();
        for (place, byte) in held.iter_mut().skip(at).zip(with) {
            *place = *byte;
        }
        self.put(slot, choice, held);
    }

    /// Puts something into a slot; two bits of `choice` say which checksums are made right.
    fn put(&mut self, slot: u16, choice: u8, mut held: Vec<u8>) {
        self.world().guarded.forged = true;
        match slot {
            _ if choice & 0x80 == 0 => {}
            0 | 1 => repair_image(&mut held),
            4 | 5 => self.vouch_for(&mut held),
            _ => {}
        }
        if choice & 0x40 != 0 {
            repair_record(slot, &mut held);
        }
        let records = &mut self.world().storage.records;
        if held.is_empty() { drop(records.remove(&slot)) } else { drop(records.insert(slot, held)) }
    }

    /// The record of observations is the one that its progress speaks of.
    fn vouch_for(&mut self, held: &mut [u8]) {
        let Some((mark, packed)) = held.get_mut(HEAD..).and_then(|rest| rest.split_first_chunk_mut::<4>())
        else {
            return;
        };
        let check = crc32(u32::MAX, packed).to_be_bytes();
        for slot in [2, 3] {
            let mut progress = self.held(slot);
            if let Some(place) = progress.get_mut(HEAD + OBSERVATIONS..HEAD + OBSERVATIONS + 4) {
                place.copy_from_slice(&check);
                mark.copy_from_slice(&progress[HEAD..HEAD + 4]);
                repair_record(slot, &mut progress);
                self.world().storage.records.insert(slot, progress);
            }
        }
    }

    /// Power goes and comes again.
    fn power_cycle(&mut self, in_the_middle: bool) {
        if !in_the_middle {
            self.0.pump();
        }
        let (world, shape) = (self.0.world, self.0.shape);
        self.0.device.take().expect("power is on").cut_power();
        self.world().net.flight[super::net::DEVICE].clear();
        self.0.device = Some(Device::new(world, shape));
        self.0.device().settle();
    }

    /// Nobody interferes any more: one more power cycle, and the device must be served again.
    pub fn finish(&mut self) {
        self.world().storage.refusals.clear();
        self.power_cycle(true);
        self.0.is_unsettled();
        self.0.finish();
    }
}

/// The head of a record: magic, version, number, and a checksum over all but itself (src/storage).
fn repair_record(slot: u16, held: &mut [u8]) {
    let Some((head, content)) = held.split_first_chunk_mut::<HEAD>() else { return };
    let [high, low] = (slot >> 1).to_be_bytes();
    head[..4].copy_from_slice(&[0x57, 1, high, low]);
    let check = !crc32(crc32(u32::MAX, &head[..8]), content);
    head[8..].copy_from_slice(&check.to_be_bytes());
}

/// The checksum of the backend's image (ports/mbedtls/saved.c).
fn repair_image(held: &mut [u8]) {
    let Some(image) = held.get_mut(HEAD + ASSOCIATION_HEAD..) else { return };
    let Some((head, rest)) = image.split_at_mut_checked(CHECK) else { return };
    let Some((check, body)) = rest.split_at_mut_checked(CHECK_SIZE) else { return };
    let over = [&*head, &sha256(body)].concat();
    check.copy_from_slice(&sha256(&over)[..CHECK_SIZE]);
}
