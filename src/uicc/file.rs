//! The LwM2M_Bootstrap file, piece by piece (TS 1.0 Appendix G.3.3): of a file of up to 32 kB one resource is in memory.

use crate::error::Error;

/// Number of objects and size of all that follows.
const HEAD: usize = 4;
/// The longest head of an object: Object ID, version, length.
const OBJECT: usize = 6;
/// Bits 7 and 6 of a TLV's type: Object Instance, and those that cannot stand in an instance (TS 1.0 section 6.4.3).
const KIND: u8 = 0xc0;
const INSTANCE: u8 = 0x00;
const RESOURCE_INSTANCE: u8 = 0x40;

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
    /// Octets of the file behind the head that are still to come.
    pub left: u32,
    /// What the card says of the file's size.
    size: u16,
    begun: bool,
    /// Objects that are still to come.
    objects: u16,
    /// Octets that are still to come of the object, and of the instance in it.
    object: u32,
    instance: u32,
}

/// The head of a TLV.
struct Entry {
    kind: u8,
    id: u16,
    head: usize,
    length: u32,
}

/// `Err` of how many bytes are needed to tell.
fn entry(window: &[u8]) -> Result<Entry, usize> {
    let kind = *window.first().ok_or(2usize)?;
    let wide = kind & 0x20 != 0;
    let octets = usize::from(kind >> 3 & 3);
    let at = if wide { 3usize } else { 2 };
    let head = at.wrapping_add(octets);
    let needed = window.get(..head).ok_or(head)?;
    let number = |bytes: Option<&[u8]>| {
        bytes.unwrap_or(&[]).iter().fold(0u32, |sum, octet| sum << 8 | u32::from(*octet))
    };
    let id = number(needed.get(1..at)) as u16;
    let length = if octets == 0 { u32::from(kind & 7) } else { number(needed.get(at..head)) };
    Ok(Entry { kind, id, head, length })
}

impl File {
    /// Before the head; the file has `size` bytes as the card says, padding included.
    pub const fn new(size: u16) -> Self {
        Self { left: 0, size, begun: false, objects: 0, object: 0, instance: 0 }
    }

    /// What the window begins with, and how many of its bytes belong to it: they are to be dropped before the next call.
    /// [`Error::Malformed`]: lengths that do not fit together, anything between objects or instances that is neither.
    pub fn next(&mut self, window: &[u8]) -> Result<(Item, usize), Error> {
        if !self.begun {
            return self.begin(window);
        }
        if self.instance > 0 {
            return self.resource(window);
        }
        if self.object > 0 {
            return self.instance(window);
        }
        match (self.objects, self.left) {
            (0, 0) => Ok((Item::End, 0)),
            (0, _) | (_, 0) => Err(Error::Malformed),
            _ => self.object(window),
        }
    }

    fn begin(&mut self, window: &[u8]) -> Result<(Item, usize), Error> {
        let Some([c1, c0, s1, s0]) = window.first_chunk::<HEAD>() else {
            let whole = usize::from(self.size) >= HEAD;
            return if whole { Ok((Item::More(HEAD), 0)) } else { Err(Error::Malformed) };
        };
        (self.objects, self.left) = (u16::from_be_bytes([*c1, *c0]), u16::from_be_bytes([*s1, *s0]).into());
        if self.left.saturating_add(HEAD as u32) > self.size.into() {
            return Err(Error::Malformed);
        }
        self.begun = true;
        // the head belongs to what follows it
        let (item, used) = self.next(window.get(HEAD..).unwrap_or(&[]))?;
        Ok(match item {
            Item::More(needed) => {
                self.begun = false;
                (Item::More(needed.wrapping_add(HEAD)), 0)
            }
            item => (item, used.wrapping_add(HEAD)),
        })
    }

    fn object(&mut self, window: &[u8]) -> Result<(Item, usize), Error> {
        // without a minor version it is an octet shorter
        let Some([high, low, major]) = window.first_chunk::<3>() else {
            return self.more(OBJECT.wrapping_sub(1));
        };
        let (minor, head) = if *major == 0 { (Some(&0), 5) } else { (window.get(3), OBJECT) };
        let length = window.get(head.wrapping_sub(2)..head).and_then(<[u8]>::first_chunk::<2>);
        let (Some(minor), Some(length)) = (minor, length) else { return self.more(head) };
        let version = if *major == 0 { (1, 0) } else { (*major, *minor) };
        let length = u32::from(u16::from_be_bytes(*length));
        self.left = self.left.checked_sub((head as u32).saturating_add(length)).ok_or(Error::Malformed)?;
        self.objects = self.objects.wrapping_sub(1);
        self.object = length;
        Ok((Item::Object { id: u16::from_be_bytes([*high, *low]), version }, head))
    }

    fn instance(&mut self, window: &[u8]) -> Result<(Item, usize), Error> {
        let entry = match entry(window) {
            Ok(entry) => entry,
            Err(needed) => return within(self.object, needed),
        };
        if entry.kind & KIND != INSTANCE {
            return Err(Error::Malformed);
        }
        let whole = (entry.head as u32).saturating_add(entry.length);
        self.object = self.object.checked_sub(whole).ok_or(Error::Malformed)?;
        self.instance = entry.length;
        Ok((Item::Instance { id: entry.id }, entry.head))
    }

    fn resource(&mut self, window: &[u8]) -> Result<(Item, usize), Error> {
        let entry = match entry(window) {
            Ok(entry) => entry,
            Err(needed) => return within(self.instance, needed),
        };
        if matches!(entry.kind & KIND, INSTANCE | RESOURCE_INSTANCE) {
            return Err(Error::Malformed);
        }
        let whole = (entry.head as u32).saturating_add(entry.length);
        let left = self.instance.checked_sub(whole).ok_or(Error::Malformed)?;
        let whole = whole as usize;
        if window.len() < whole {
            return Ok((Item::More(whole), 0));
        }
        self.instance = left;
        Ok((Item::Resource, whole))
    }

    fn more(&self, needed: usize) -> Result<(Item, usize), Error> {
        within(self.left, needed)
    }
}

/// More bytes, if there can be so many.
fn within(left: u32, needed: usize) -> Result<(Item, usize), Error> {
    if needed as u32 <= left { Ok((Item::More(needed), 0)) } else { Err(Error::Malformed) }
}
