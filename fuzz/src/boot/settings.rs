//! A device that wakes up with settings that somebody has been at. It takes up consistent accounts, or none; and what it
//! stores from then on is what the next life has.

use super::life::{Life, Shape, assert_consistent};
use super::payload;
use super::provisioning::next_life;
use super::watch::{State, Watch};
use crate::bytes::Bytes;
use crate::world::World;
use crate::world::objects::THING;
use whimbrel::capi::*;
use whimbrel::coap::{Code, Kind, Writer, option};
use whimbrel::storage::{HEAD, crc32};

/// How many steps a run has, and how many power cuts beside the last one.
const STEPS: usize = 24;
/// The slots of what is registered where, and those of settings: the manifest and the first pieces.
const SLOTS: [u16; 16] = [2, 3, 10, 11, 18, 19, 4, 5, 256, 257, 258, 259, 260, 261, 262, 263];
/// The record of the manifest, and the one behind the last piece.
const MANIFEST: u16 = 128;
const LAST: u16 = 141;
/// Each account has so many slots.
const PLACES: u16 = 8 * crate::world::LINKS as u16;

/// Runs a script: the shape of the client, then what is done to its storage.
pub fn settings(data: &[u8]) {
    let mut bytes = Bytes(data);
    let shape = Shape { keeps: true, ..Shape::new(bytes.pair()) };
    let mut world = Box::new(World::new());
    let life = Life::new(&raw mut *world, shape);
    let mut bench = Bench { life: Some(life), watch: Watch::default(), world: &raw mut *world, shape };
    bench.begin();
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        bench.step(&mut bytes);
    }
    bench.finish();
}

struct Bench {
    life: Option<Life>,
    watch: Watch,
    world: *mut World,
    shape: Shape,
}

impl Bench {
    fn life(&mut self) -> &mut Life {
        self.life.as_mut().expect("power is on")
    }

    fn world(&mut self) -> &mut World {
        unsafe { &mut *self.world }
    }

    fn settle(&mut self) {
        self.watch.settle(self.life.as_mut().expect("power is on"));
    }

    /// The first life: the factory's accounts, registered.
    fn begin(&mut self) {
        let life = self.life();
        assert_eq!(unsafe { whimbrel_configuration_load(life.client) }, WHIMBREL_ERR_NOT_FOUND);
        life.furnish();
        self.settle();
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        let slot = SLOTS[usize::from(choice >> 4)];
        match choice & 15 {
            0 | 1 => self.change(slot, bytes),
            2 => self.put(slot, bytes.byte(), bytes.chunk().to_vec()),
            3 => {
                let other = SLOTS[usize::from(bytes.byte() & 15)];
                let held = self.held(other);
                self.put(slot, bytes.byte(), held);
            }
            4 => {
                let (mut held, length) = (self.held(slot), usize::from(bytes.pair()) % 1500);
                held.resize(length, choice);
                self.put(slot, bytes.byte(), held);
            }
            5 => self.roll_back(slot, bytes.byte()),
            6 => self.write_piece(slot, bytes),
            7..=9 => self.power_cycle(choice & 0x10 != 0),
            10 => self.world().shelf.trouble = choice >> 4 & 7,
            11 | 12 => self.serve(choice, bytes),
            13 => self.order(bytes),
            14 => self.watch.sleep(self.life.as_mut().expect("power is on")),
            _ => {
                self.world().now += u64::from(choice >> 4) * 40_000;
                self.settle();
            }
        }
        let known = |slot: &u16| *slot < PLACES || (MANIFEST * 2..LAST * 2).contains(slot);
        let records = &self.world().shelf.records;
        assert!(records.keys().all(known), "a record that we do not know: {:?}", records.keys());
    }

    fn held(&mut self, slot: u16) -> Vec<u8> {
        self.world().shelf.records.get(&slot).cloned().unwrap_or_default()
    }

    /// Puts something into a slot; the lowest bit of `how` says whether its checksum is made right, the next whether it
    /// becomes the generation that is there.
    fn put(&mut self, slot: u16, how: u8, mut held: Vec<u8>) {
        if how & 2 != 0 {
            let there = self.held(slot);
            if let (Some(generation), Some(place)) = (there.get(4..8), held.get_mut(4..8)) {
                place.copy_from_slice(generation);
            }
        }
        if how & 1 != 0 {
            repair(slot, &mut held);
        }
        let records = &mut self.world().shelf.records;
        if held.is_empty() { drop(records.remove(&slot)) } else { drop(records.insert(slot, held)) }
    }

    /// Bytes of a slot become others.
    fn change(&mut self, slot: u16, bytes: &mut Bytes<'_>) {
        let (mut held, how) = (self.held(slot), bytes.byte());
        let at = usize::from(bytes.byte()) + usize::from(how >> 6) * 256;
        let with = bytes.chunk();
        for (place, byte) in held.iter_mut().skip(at).zip(with) {
            *place = if how & 4 == 0 { *byte } else { *place ^ *byte };
        }
        self.put(slot, how, held);
    }

    /// What a slot held before.
    fn roll_back(&mut self, slot: u16, how: u8) {
        let history = &self.world().shelf.history;
        let mut old = history.iter().rev().filter(|(other, _)| *other == slot);
        if let Some((_, held)) = old.nth(usize::from(how >> 4)) {
            let held = held.clone();
            self.put(slot, how, held);
        }
    }

    /// A piece of settings with instances of somebody's choice, of the generation that the slot has.
    fn write_piece(&mut self, slot: u16, bytes: &mut Bytes<'_>) {
        let mut piece = vec![0; HEAD];
        for _ in 0..bytes.byte() % 6 {
            let (object, id) = (bytes.pick(&[0, 1, 2, THING, 3, 9]), bytes.pick(&[0, 1, 2, 3, 7, 65535]));
            let values = payload::instance(object, bytes);
            piece.extend([object, id, values.len() as u16].iter().flat_map(|number| number.to_be_bytes()));
            piece.extend(values);
        }
        self.put(slot.max(258), 3, piece);
    }

    /// A server writes what is kept.
    fn serve(&mut self, choice: u8, bytes: &mut Bytes<'_>) {
        let path: &[&str] = match choice >> 5 {
            0 => &["1", "0", "1"],
            1 => &["1", "1", "3"],
            2 => &["1000", "7", "3"],
            3 => &["1000", "7", "4"],
            4 => &["1000"],
            5 => &["1000", "7"],
            _ => &["1", "0"],
        };
        let (method, format) = match (choice >> 5, choice & 0x10) {
            (4, _) => (Code::POST, 11542),
            (5, 0) => (Code::DELETE, 11542),
            (5.., _) => (Code::PUT, 11542),
            _ => (Code::PUT, 0),
        };
        let payload = match format {
            0 => bytes.byte().to_string().into_bytes(),
            _ if path[0] == "1000" => payload::instance(THING, bytes),
            _ => payload::instance(1, bytes),
        };
        for link in 0..2 {
            let id = self.world().fresh_id();
            let mut buffer = [0; 700];
            let mut out = Writer::new(&mut buffer, Kind::Confirmable, method, id, b"w").expect("room");
            for segment in path {
                out.option(option::URI_PATH, segment.as_bytes()).expect("room");
            }
            out.option_uint(option::CONTENT_FORMAT, format).expect("room");
            let room = out.room().len();
            let length = out.payload(&payload[..payload.len().min(room)]).expect("room");
            let link = &mut self.world().links[link];
            if link.open {
                link.inbox.push_back(buffer[..length].to_vec());
            }
        }
        self.settle();
    }

    /// What an application may ask for.
    fn order(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        let id = u16::from(choice >> 4) % 5;
        self.watch.disturbed |= matches!(choice & 7, 5 | 7);
        let life = self.life.as_mut().expect("power is on");
        unsafe {
            match choice & 7 {
                0 | 1 => drop(life.add_account(id, choice & 8 != 0)),
                2 => drop(whimbrel_account_remove(life.client, id)),
                3 => {
                    // the next life has nothing of this one
                    life.shape.keeps = false;
                    whimbrel_configuration_erase(life.client);
                }
                4 => drop(whimbrel_bootstrap_start(life.client)),
                5 => drop(whimbrel_client_network(
                    life.client,
                    (choice >> 4 & 1).into(),
                    (choice >> 5 & 1).into(),
                )),
                6 => {
                    let blob = payload::blob(bytes);
                    whimbrel_provision(life.client, blob.as_ptr(), blob.len());
                }
                _ => drop(whimbrel_client_stop(life.client)),
            }
        }
        life.world().quiet = false;
        self.watch.called(life);
        self.watch.settle(life);
    }

    /// Power goes and comes again.
    fn power_cycle(&mut self, rests: bool) {
        if rests {
            self.settle();
        }
        self.life = None;
        for link in &mut self.world().links {
            *link = Default::default();
        }
        self.life = Some(Life::new(self.world, self.shape));
        self.watch = Watch::default();
        self.wake();
        self.settle();
    }

    fn wake(&mut self) {
        let life = self.life();
        let fresh = State::of(life);
        let status = unsafe { whimbrel_configuration_load(life.client) };
        let now = State::of(life);
        assert_consistent(life, &now.held);
        if status < 0 {
            let accounts = |state: State| {
                let held = state.held.into_iter().filter(|held| held.object < 3).collect();
                State { held, ..state }
            };
            accounts(fresh).assert_same(&accounts(now), true, "nothing was loaded");
            // as the application does where nothing was stored; what cannot be read is not written over
            match status {
                WHIMBREL_ERR_NOT_FOUND => self.life().furnish(),
                _ => self.life().shape.keeps = false,
            }
            return;
        }
        let ids = now.held.iter().filter(|held| held.object == 0).count();
        assert_eq!(ids, status as usize, "accounts and their number");
    }

    /// Storage works again: what this life has is what the next one has.
    fn finish(mut self) {
        self.world().shelf.trouble = 0;
        self.power_cycle(true);
        for _ in 0..4 {
            self.watch.sleep(self.life.as_mut().expect("power is on"));
        }
        let life = self.life.take().expect("power is on");
        next_life(life, &mut self.watch);
    }
}

/// The head of a record: magic, version, number, and a checksum over all but itself (src/storage).
fn repair(slot: u16, held: &mut [u8]) {
    let Some((head, content)) = held.split_first_chunk_mut::<HEAD>() else { return };
    let [high, low] = (slot >> 1).to_be_bytes();
    head[..4].copy_from_slice(&[0x57, 1, high, low]);
    let check = !crc32(crc32(u32::MAX, &head[..8]), content);
    head[8..].copy_from_slice(&check.to_be_bytes());
}
