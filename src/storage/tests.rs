use super::*;
use crate::port::{Event, Opening};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::vec::Vec;

/// No platform is needed: the flash below is reached directly.
struct NoPort;

impl Port for NoPort {
    fn random(&mut self, _: &mut [u8]) {}
    fn open(&mut self, _: u8, _: &str, _: u16, _: u8) -> Result<Opening, Error> {
        Err(Error::Link)
    }
    fn send(&mut self, _: u8, _: &[u8]) -> Result<(), Error> {
        Err(Error::Link)
    }
    fn receive(&mut self, _: u8, _: &mut [u8]) -> Result<usize, Error> {
        Err(Error::Link)
    }
    fn close(&mut self, _: u8) {}
    fn event(&mut self, _: Event) {}
    fn table(&self) -> *const core::ffi::c_void {
        core::ptr::null()
    }
}

/// Flash that can lose power in the middle of a write.
#[derive(Default)]
struct Flash(Mutex<Cells>);

#[derive(Default)]
struct Cells {
    slots: BTreeMap<u16, Vec<u8>>,
    /// How many bytes of the next write still arrive.
    cut: Option<usize>,
}

impl Storage for Flash {
    fn read(&self, _: &dyn Port, slot: u16, buffer: &mut [u8]) -> Result<usize, Error> {
        let cells = self.0.lock().unwrap();
        let bytes = cells.slots.get(&slot).ok_or(Error::NotFound)?;
        buffer.get_mut(..bytes.len()).ok_or(Error::Full)?.copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write(&self, _: &dyn Port, slot: u16, data: &[u8]) -> Result<(), Error> {
        let mut cells = self.0.lock().unwrap();
        let Some(cut) = cells.cut.take() else {
            if data.is_empty() {
                cells.slots.remove(&slot)
            } else {
                cells.slots.insert(slot, data.to_vec())
            };
            return Ok(());
        };
        let mut torn = cells.slots.get(&slot).cloned().unwrap_or_default();
        torn.resize(torn.len().max(data.len()), 0xff);
        torn[..cut.min(data.len())].copy_from_slice(&data[..cut.min(data.len())]);
        cells.slots.insert(slot, torn);
        Err(Error::Storage)
    }
}

fn write(flash: &Flash, slots: &mut Slots, content: &[u8]) -> Result<(), Error> {
    let mut buffer = [0; 64];
    buffer[HEAD..HEAD + content.len()].copy_from_slice(content);
    save(flash, &NoPort, 7, slots, &mut buffer, content.len())
}

fn read(flash: &Flash) -> (Option<Vec<u8>>, Found) {
    let mut buffer = [0; 64];
    let found = load(flash, &NoPort, 7, &mut buffer).unwrap();
    (found.length.map(|length| buffer[HEAD..HEAD + length].to_vec()), found)
}

#[test]
fn the_newest_content_is_found_whichever_slot_it_is_in() {
    let flash = Flash::default();
    let (nothing, found) = read(&flash);
    assert_eq!((nothing, found.damaged), (None, false));
    let mut slots = found.slots;
    for content in [b"one".as_slice(), b"another", b"", b"the last"] {
        write(&flash, &mut slots, content).unwrap();
        let (held, found) = read(&flash);
        assert_eq!(held.as_deref(), Some(content));
        assert_eq!((found.slots, found.damaged), (slots, false));
    }
}

#[test]
fn generations_may_wrap() {
    let flash = Flash::default();
    let mut slots = Slots { newest: 0, generation: u32::MAX - 1 };
    for content in [b"1", b"2", b"3", b"4"] {
        write(&flash, &mut slots, content).unwrap();
        assert_eq!(read(&flash).0.as_deref(), Some(content.as_slice()));
    }
}

#[test]
fn a_write_cut_at_any_byte_leaves_the_old_content_and_the_next_write_works() {
    for (cut, writes) in (0..HEAD + 5).flat_map(|cut| [(cut, 2), (cut, 3)]) {
        let flash = Flash::default();
        let mut slots = read(&flash).1.slots;
        // the newest is in either slot
        for _ in 1..writes {
            write(&flash, &mut slots, b"older").unwrap();
        }
        write(&flash, &mut slots, b"old!!").unwrap();
        flash.0.lock().unwrap().cut = Some(cut);
        assert_eq!(write(&flash, &mut slots, b"new!!"), Err(Error::Storage));
        // after the power cut
        let (held, found) = read(&flash);
        assert_eq!(held.as_deref(), Some(b"old!!".as_slice()), "cut at {cut}");
        let mut slots = found.slots;
        write(&flash, &mut slots, b"newer").unwrap();
        assert_eq!(read(&flash).0.as_deref(), Some(b"newer".as_slice()), "cut at {cut}");
    }
}

#[test]
fn damage_is_told_and_another_record_is_not_taken_for_this_one() {
    let flash = Flash::default();
    let mut slots = read(&flash).1.slots;
    write(&flash, &mut slots, b"content").unwrap();
    let slot = slot_number(7, slots.newest);
    flash.0.lock().unwrap().slots.get_mut(&slot).unwrap()[HEAD + 2] ^= 1;
    let (held, found) = read(&flash);
    assert_eq!((held, found.damaged), (None, true));
    let mut buffer = [0; 64];
    let mut other = Slots { newest: 1, generation: 0 };
    save(&flash, &NoPort, 8, &mut other, &mut buffer, 3).unwrap();
    let image = flash.0.lock().unwrap().slots[&slot_number(8, 0)].clone();
    flash.0.lock().unwrap().slots.insert(slot, image);
    assert_eq!(read(&flash).0, None);
}

#[test]
fn a_removed_record_is_gone() {
    let flash = Flash::default();
    let mut slots = read(&flash).1.slots;
    write(&flash, &mut slots, b"1").unwrap();
    write(&flash, &mut slots, b"2").unwrap();
    remove(&flash, &NoPort, 7, slots).unwrap();
    assert_eq!(read(&flash).0, None);
    assert!(flash.0.lock().unwrap().slots.is_empty());
}

#[test]
fn the_checksum_is_the_one_of_ieee_802_3() {
    // the check value that catalogues of CRCs give for these nine digits
    assert_eq!(!crc32(u32::MAX, b"123456789"), 0xcbf4_3926);
}
