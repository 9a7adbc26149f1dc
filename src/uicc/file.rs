//! The LwM2M_Bootstrap file, piece by piece (TS 1.0 Appendix G.3.3): of a file of up to 32 kB one resource is in memory.
//!
//! Number of objects, length of all that follows, then for each object: Object ID, version, length, instances as TLV
//! (TS 1.0 section 6.4.3). Lengths are checked against what is around them before anything is told of what they hold, so a
//! file that lies is refused where it does.

use crate::error::Error;
use crate::path::NONE;

/// Number of objects and their length.
const HEAD: usize = 4;

/// Bits of the type octet of a TLV (TS 1.0 section 6.4.3, table 21): what it is, how wide identifier and length are.
const KIND: u8 = 0xc0;
const INSTANCE: u8 = 0x00;
const MULTIPLE: u8 = 0x80;
const RESOURCE: u8 = 0xc0;
const WIDE_ID: u8 = 0x20;
const LENGTH_SHIFT: u8 = 3;

/// What the file goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// More has to be read: the window must hold that many bytes.
    More(usize),
    /// An object of which instances follow.
    Object {
        /// Object ID.
        id: u16,
        /// Object version as major and minor.
        version: (u8, u8),
    },
    /// An instance of that object; its resources follow.
    Instance {
        /// Object Instance ID.
        id: u16,
    },
    /// One resource of the instance, as TLV: the first bytes of the window.
    Resource,
    /// The file has ended.
    End,
}

/// How far the reading of a file has come.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Octets of the file behind the head that are still to come. Before the head nobody knows: 0.
    pub left: u32,
    /// What the card says of the file's size.
    size: u16,
    /// The head was read.
    begun: bool,
    /// Objects still to come.
    objects: u16,
    /// Of `left`, what is of this object.
    object: u16,
    /// Of that, what is of this instance.
    instance: u16,
}

/// A TLV that begins a window.
struct Entry {
    kind: u8,
    id: u16,
    /// Type, identifier and length.
    head: u16,
    /// With its value.
    whole: u16,
}

/// Why an item is not there yet.
enum Missing {
    More(usize),
    Error(Error),
}

use Missing::More;

const MALFORMED: Missing = Missing::Error(Error::Malformed);

impl File {
    /// Before the head; the file has `size` bytes as the card says, padding included.
    pub const fn new(size: u16) -> Self {
        Self { left: 0, size, begun: false, objects: 0, object: 0, instance: 0 }
    }

    /// What the window begins with, and how many of its bytes belong to it: they are to be dropped before the next call.
    /// [`Error::Malformed`]: lengths that do not fit together, anything between objects or instances that is neither.
    pub fn next(&mut self, window: &[u8]) -> Result<(Item, usize), Error> {
        let mut further = *self;
        match further.step(window) {
            Ok(item) => {
                *self = further;
                Ok(item)
            }
            // nothing has happened: the same question will be asked of a longer window
            Err(More(needed)) => Ok((Item::More(needed), 0)),
            Err(Missing::Error(error)) => Err(error),
        }
    }

    fn step(&mut self, window: &[u8]) -> Result<(Item, usize), Missing> {
        let (window, head) = if self.begun { (window, 0) } else { (self.begin(window)?, HEAD) };
        let found = if self.instance > 0 {
            self.resource(window)
        } else if self.object > 0 {
            self.instance(window)
        } else {
            self.object(window)
        };
        match found {
            Ok((item, used)) => Ok((item, used.wrapping_add(head))),
            Err(More(needed)) => Err(More(needed.wrapping_add(head))),
            Err(error) => Err(error),
        }
    }

    /// Takes the head: what follows it.
    fn begin<'w>(&mut self, window: &'w [u8]) -> Result<&'w [u8], Missing> {
        let content = usize::from(self.size).checked_sub(HEAD).ok_or(MALFORMED)?;
        let ([c1, c0, s1, s0], rest) = window.split_first_chunk::<HEAD>().ok_or(More(HEAD))?;
        let size = u16::from_be_bytes([*s1, *s0]);
        if usize::from(size) > content {
            return Err(MALFORMED);
        }
        (self.begun, self.left) = (true, size.into());
        self.objects = u16::from_be_bytes([*c1, *c0]);
        Ok(rest)
    }

    fn object(&mut self, window: &[u8]) -> Result<(Item, usize), Missing> {
        if self.left == 0 {
            return if self.objects == 0 { Ok((Item::End, 0)) } else { Err(MALFORMED) };
        }
        self.objects = self.objects.checked_sub(1).ok_or(MALFORMED)?;
        self.left = self.left.checked_sub(5).ok_or(MALFORMED)?;
        let (head, rest) = window.split_first_chunk::<5>().ok_or(More(5))?;
        let [high, low, major, one, two] = *head;
        // one octet of 0 says 1.0; else the minor version follows
        let (version, length, used) = match major {
            0 => ((1, 0), [one, two], 5),
            major => {
                self.left = self.left.checked_sub(1).ok_or(MALFORMED)?;
                ((major, one), [two, *rest.first().ok_or(More(6))?], 6)
            }
        };
        self.object = u16::from_be_bytes(length);
        if u32::from(self.object) > self.left {
            return Err(MALFORMED);
        }
        Ok((Item::Object { id: u16::from_be_bytes([high, low]), version }, used))
    }

    fn instance(&mut self, window: &[u8]) -> Result<(Item, usize), Missing> {
        let entry = entry(window, self.object)?;
        if entry.kind != INSTANCE || entry.id == NONE {
            return Err(MALFORMED);
        }
        self.instance = entry.whole.wrapping_sub(entry.head);
        self.take(entry.head);
        Ok((Item::Instance { id: entry.id }, entry.head.into()))
    }

    fn resource(&mut self, window: &[u8]) -> Result<(Item, usize), Missing> {
        let entry = entry(window, self.instance)?;
        if !matches!(entry.kind, RESOURCE | MULTIPLE) || entry.id == NONE {
            return Err(MALFORMED);
        }
        let whole = usize::from(entry.whole);
        if window.len() < whole {
            return Err(More(whole));
        }
        self.instance = self.instance.wrapping_sub(entry.whole);
        self.take(entry.whole);
        Ok((Item::Resource, whole))
    }

    /// So many octets of the object have been told of: no more than it has.
    fn take(&mut self, octets: u16) {
        self.object = self.object.wrapping_sub(octets);
        self.left = self.left.wrapping_sub(octets.into());
    }
}

/// The TLV that a window begins with; it has to end within `limit` octets, which are at least one.
fn entry(window: &[u8], limit: u16) -> Result<Entry, Missing> {
    let &first = window.first().ok_or(More(1))?;
    let wide = first & WIDE_ID != 0;
    let width = usize::from((first >> LENGTH_SHIFT) & 3);
    let id_size = if wide { 2usize } else { 1 };
    let head = id_size.wrapping_add(width).wrapping_add(1);
    if head > limit.into() {
        return Err(MALFORMED);
    }
    let rest = window.get(1..head).ok_or(More(head))?;
    let (id, length) = rest.split_at_checked(id_size).ok_or(MALFORMED)?;
    let length = if width == 0 { (first & 7).into() } else { number(length) };
    let whole = length.wrapping_add(head as u32);
    if whole > limit.into() {
        return Err(MALFORMED);
    }
    Ok(Entry { kind: first & KIND, id: number(id) as u16, head: head as u16, whole: whole as u16 })
}

/// At most three octets.
fn number(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |number, octet| (number << 8) | u32::from(*octet))
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
