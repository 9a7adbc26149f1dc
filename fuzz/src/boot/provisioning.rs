//! Blobs of a production line, one after the other. Each is taken as a whole or not at all; taken again it changes nothing.

use super::life::{Life, Shape, assert_consistent, assert_controlled};
use super::payload;
use super::watch::{State, Watch};
use crate::bytes::Bytes;
use crate::world::World;
use whimbrel::capi::*;

/// How many steps a run has.
const STEPS: usize = 8;

/// Runs a script: the shape of the client, then what is done to it.
pub fn provision(data: &[u8]) {
    let mut bytes = Bytes(data);
    let shape = Shape::new(bytes.pair());
    let mut world = Box::new(World::new());
    let mut line = Line { life: Life::new(&raw mut *world, shape), watch: Watch::default() };
    line.begin();
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        line.step(&mut bytes);
    }
    line.finish();
}

/// Applies blobs to one client.
struct Line {
    life: Life,
    watch: Watch,
}

/// As the application does it: what is stored first, then what the factory gives.
fn load(life: &mut Life) -> i32 {
    unsafe { whimbrel_configuration_load(life.client) }
}

impl Line {
    fn begin(&mut self) {
        let expected =
            if self.life.shape.keeps { WHIMBREL_ERR_NOT_FOUND } else { WHIMBREL_ERR_NOT_SUPPORTED };
        assert_eq!(load(&mut self.life), expected);
        self.life.furnish();
        self.watch.settle(&mut self.life);
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        match choice & 15 {
            0..=9 => {
                let blob = payload::blob(bytes);
                self.apply(&blob);
            }
            10 => drop(self.life.add_account(u16::from(choice >> 4) % 6, choice & 0x80 != 0)),
            11 => drop(unsafe { whimbrel_account_remove(self.life.client, u16::from(choice >> 4) % 6) }),
            12 => self.life.world().shelf.trouble = choice >> 4 & 7,
            13 => {
                let refusals = [0, 0, -5, 0, -4, 0, 0, -5].iter().skip(usize::from(choice >> 4 & 7));
                self.life.world().refusals.extend(refusals);
            }
            14 => self.watch.sleep(&mut self.life),
            _ => drop(unsafe { whimbrel_bootstrap_start(self.life.client) }),
        }
        self.watch.tainted |= !self.life.world().refusals.is_empty();
        self.watch.called(&mut self.life);
        if choice & 0x80 == 0 {
            self.watch.settle(&mut self.life);
        }
    }

    fn apply(&mut self, blob: &[u8]) {
        if self.watch.is_held() {
            let status = self.take(blob);
            assert!(matches!(status, WHIMBREL_ERR_STATE | WHIMBREL_ERR_MALFORMED), "{status}");
            return;
        }
        let before = State::of(&self.life);
        let steady = self.life.world().refusals.is_empty();
        let status = self.take(blob);
        assert!(!self.life.is_held(), "a session of nobody");
        let after = State::of(&self.life);
        assert_consistent(&self.life, &after.held);
        if status != WHIMBREL_OK {
            assert!(status < 0, "{status}");
            before.assert_same(&after, steady, "a blob was refused");
            return;
        }
        assert_controlled(&self.life, &after.held);
        let again = self.take(blob);
        // the second time there are old values to be kept
        let room = self.life.shape.small && again == WHIMBREL_ERR_FULL;
        let stored = self.life.world().shelf.trouble == 0 || again != WHIMBREL_ERR_STORAGE;
        let steady = steady && self.life.world().refusals.is_empty();
        assert!(again == WHIMBREL_OK || room || !stored || !steady, "taken again: {again}");
        after.assert_same(&State::of(&self.life), steady, "a blob was taken again");
    }

    fn take(&mut self, blob: &[u8]) -> i32 {
        unsafe { whimbrel_provision(self.life.client, blob.as_ptr(), blob.len()) }
    }

    /// Storage works again: a new life has what this one had.
    fn finish(mut self) {
        self.life.world().refusals.clear();
        self.life.world().trouble = 0;
        self.watch.settle(&mut self.life);
        next_life(self.life, &mut self.watch);
    }
}

/// Ends a life, and begins another one that takes up its settings: nothing is lost.
pub fn next_life(mut life: Life, watch: &mut Watch) {
    if !life.shape.keeps || life.is_held() {
        return;
    }
    life.world().shelf.trouble = 0;
    // what could not be written before is written a while later
    life.world().now += 61_000;
    watch.settle(&mut life);
    if life.is_held() {
        return;
    }
    if life.add_account(6, false) != WHIMBREL_OK {
        return;
    }
    watch.settle(&mut life);
    if life.is_held() || unsafe { whimbrel_account_remove(life.client, 6) } != WHIMBREL_OK {
        return;
    }
    life.world().events.clear();
    unsafe { whimbrel_client_poll(life.client, core::ptr::null_mut()) };
    if life.is_held() || life.world().events.iter().any(|event| event.code == WHIMBREL_EVENT_STORAGE_FAILED) {
        return;
    }
    let before = State::of(&life);
    let (world, shape) = (life.world, life.shape);
    drop(life);
    let mut life = Life::new(world, shape);
    let there = before.accounts.len() as i32;
    // without accounts those of the factory are needed
    let expected = if there == 0 { WHIMBREL_ERR_NOT_FOUND } else { there };
    assert_eq!(load(&mut life), expected, "accounts are lost");
    if there == 0 {
        return;
    }
    let after = State::of(&life);
    assert_consistent(&life, &after.held);
    before.assert_same(&after, true, "power was cut");
}
