//! Records on stable storage: versioned, checksummed, and after a power cut either the old one or the new one.
//!
//! A record has two slots, each a record of the port. A write goes to the slot that does not hold the newest; a slot that
//! was being written when power went fails its checksum, and the other still stands. The order of what a slot holds:
//! magic, format version, record number, generation, CRC-32 of all else, content.

use crate::bytes;
use crate::error::Error;
use crate::port::Port;

/// The platform's stable storage, see `whimbrel_port_t.storage_read`.
pub trait Storage: Sync {
    /// Reads a slot. [`Error::NotFound`] where there is none.
    fn read(&self, port: &dyn Port, slot: u16, buffer: &mut [u8]) -> Result<usize, Error>;
    /// Replaces a slot; an empty one is removed.
    fn write(&self, port: &dyn Port, slot: u16, data: &[u8]) -> Result<(), Error>;
}

/// How many bytes stand before the content.
pub const HEAD: usize = 12;

const MAGIC: u8 = 0x57;
const VERSION: u8 = 1;

/// Which slot holds the newest content of a record, and its generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    newest: u8,
    generation: u32,
}

impl Slots {
    /// There is nothing yet.
    pub const NONE: Self = Self { newest: 1, generation: 0 };
}

/// A record as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where the next write goes.
    pub slots: Slots,
    /// How long the content is, behind [`HEAD`] in the buffer; `None` where there is none that is whole.
    pub length: Option<usize>,
    /// Whether a slot held something that is not whole: a write that power cut short, or damage.
    pub damaged: bool,
}

/// Reads the newest content of a record into `buffer`.
pub fn load(storage: &dyn Storage, port: &dyn Port, record: u16, buffer: &mut [u8]) -> Result<Found, Error> {
    let mut found = Found { slots: Slots::NONE, length: None, damaged: false };
    let mut held = None;
    for slot in 0..2u8 {
        match read_slot(storage, port, record, slot, buffer) {
            Ok((generation, length)) => {
                held = Some(slot);
                // a generation that is ahead by less than half of all there are is newer
                let newer = generation.wrapping_sub(found.slots.generation) < 1 << 31;
                if found.length.is_none() || newer {
                    found.slots = Slots { newest: slot, generation };
                    found.length = Some(length);
                }
            }
            Err(Error::NotFound) => {}
            Err(Error::Malformed) => {
                found.damaged = true;
                // what it held lies over what was read before
                held = None;
            }
            Err(error) => return Err(error),
        }
    }
    if found.length.is_some() && held != Some(found.slots.newest) {
        read_slot(storage, port, record, found.slots.newest, buffer)?;
    }
    Ok(found)
}

/// Replaces a record by the `length` bytes that stand behind [`HEAD`] in `buffer`.
pub fn save(
    storage: &dyn Storage,
    port: &dyn Port,
    record: u16,
    slots: &mut Slots,
    buffer: &mut [u8],
    length: usize,
) -> Result<(), Error> {
    let next = Slots { newest: slots.newest ^ 1, generation: slots.generation.wrapping_add(1) };
    write_slot(storage, port, record, next, buffer, length)?;
    *slots = next;
    Ok(())
}

/// Writes a generation of a record whose newest one is said elsewhere: the slot is the one of the generation before the
/// last, which nobody names any more.
pub fn save_as(
    storage: &dyn Storage,
    port: &dyn Port,
    record: u16,
    generation: u32,
    buffer: &mut [u8],
    length: usize,
) -> Result<(), Error> {
    let slots = Slots { newest: (generation & 1) as u8, generation };
    write_slot(storage, port, record, slots, buffer, length)
}

/// Reads that generation of a record; its length behind [`HEAD`] in `buffer`.
pub fn load_as(
    storage: &dyn Storage,
    port: &dyn Port,
    record: u16,
    generation: u32,
    buffer: &mut [u8],
) -> Result<usize, Error> {
    let (found, length) = read_slot(storage, port, record, (generation & 1) as u8, buffer)?;
    if found == generation { Ok(length) } else { Err(Error::Malformed) }
}

fn write_slot(
    storage: &dyn Storage,
    port: &dyn Port,
    record: u16,
    slots: Slots,
    buffer: &mut [u8],
    length: usize,
) -> Result<(), Error> {
    let image = buffer.get_mut(..HEAD.saturating_add(length)).ok_or(Error::Full)?;
    let [high, low] = record.to_be_bytes();
    bytes::put(image, 0, &[MAGIC, VERSION, high, low])?;
    bytes::put(image, 4, &slots.generation.to_be_bytes())?;
    let check = checksum(image);
    bytes::put(image, 8, &check.to_be_bytes())?;
    storage.write(port, slot_number(record, slots.newest), image)
}

/// Removes a record, the older slot first: what is left half-way is a whole record.
pub fn remove(storage: &dyn Storage, port: &dyn Port, record: u16, slots: Slots) -> Result<(), Error> {
    storage.write(port, slot_number(record, slots.newest ^ 1), &[])?;
    storage.write(port, slot_number(record, slots.newest), &[])
}

pub(crate) const fn slot_number(record: u16, slot: u8) -> u16 {
    record << 1 | slot as u16 & 1
}

fn read_slot(
    storage: &dyn Storage,
    port: &dyn Port,
    record: u16,
    slot: u8,
    buffer: &mut [u8],
) -> Result<(u32, usize), Error> {
    let length = match storage.read(port, slot_number(record, slot), buffer) {
        Ok(0) => return Err(Error::NotFound),
        // longer than any that we would have written into this buffer
        Err(Error::Full) => return Err(Error::Malformed),
        other => other?,
    };
    let image = buffer.get(..length).ok_or(Error::Malformed)?;
    let (head, content) = image.split_first_chunk::<HEAD>().ok_or(Error::Malformed)?;
    let [magic, version, r1, r0, g3, g2, g1, g0, c3, c2, c1, c0] = *head;
    let mine = magic == MAGIC && version == VERSION && u16::from_be_bytes([r1, r0]) == record;
    if !mine || checksum(image) != u32::from_be_bytes([c3, c2, c1, c0]) {
        return Err(Error::Malformed);
    }
    Ok((u32::from_be_bytes([g3, g2, g1, g0]), content.len()))
}

/// CRC-32 of an image without the four bytes that hold it.
fn checksum(image: &[u8]) -> u32 {
    let before = crc32(u32::MAX, image.get(..8).unwrap_or(&[]));
    !crc32(before, image.get(HEAD..).unwrap_or(&[]))
}

/// CRC-32 (IEEE 802.3) bit by bit: records are short and seldom. Begin with `u32::MAX`, invert at the end.
pub fn crc32(mut crc: u32, bytes: &[u8]) -> u32 {
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    crc
}

#[cfg(test)]
mod tests;
