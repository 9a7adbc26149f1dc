//! The short record of an account: up to which number records may be sent, and the registration.

use crate::bytes;
use crate::client::Engine;
use crate::client::account::{LOCATION, Location, Purpose};
use crate::error::Error;
use crate::objects::Binding;
use crate::storage::{HEAD, crc32};

/// Bytes before the Location-Path: mark, Short Server ID, reserved, lifetime, objects, version, dirty, binding, checksum of
/// observations, Observe value, Message ID.
pub const PROGRESS_HEAD: usize = 38;

/// Four bytes of a record.
#[inline(never)]
fn word(head: &[u8], at: usize) -> u32 {
    let bytes = head.get(at..).and_then(|rest| rest.first_chunk::<4>());
    u32::from_be_bytes(bytes.copied().unwrap_or_default())
}

/// What changes along with an association.
pub struct Progress {
    pub mark: u32,
    pub server: u16,
    pub reserved: u64,
    pub lifetime: u32,
    /// Checksum of the object list that the server knows.
    pub objects: u32,
    pub version: u8,
    /// What the server may not know yet: bits of [`changed`].
    pub changed: u8,
    /// Whether the record of observations is not what the server observes: the client then registers anew.
    pub dirty: bool,
    pub binding: Binding,
    /// Checksum of the record of observations.
    pub observations: u32,
    /// The Observe value of the next notification.
    pub sequence: u32,
    /// The next Message ID: the server takes one of the last minutes for a repetition.
    pub id: u16,
    pub location: Location,
}

impl Progress {
    pub fn of(engine: &Engine<'_>, who: usize) -> Result<Self, Error> {
        let (account, session) = (engine.accounts.get(who), engine.sessions.get(who));
        let (account, session) = (account.ok_or(Error::State)?, session.ok_or(Error::State)?);
        Ok(Self {
            mark: session.kept.mark,
            server: account.short_server_id,
            reserved: session.kept.reserved,
            lifetime: account.lifetime,
            objects: engine.objects_checksum(),
            version: account.version,
            changed: account.changed
                | match account.exchange.map(|exchange| exchange.purpose) {
                    Some(Purpose::Update { carries }) => carries,
                    _ => 0,
                },
            dirty: session.kept.dirty,
            binding: account.binding,
            observations: session.kept.observations,
            sequence: engine.sequence.peek(),
            id: engine.ids.peek(),
            location: account.location,
        })
    }

    /// Writes it behind the head of a record; gives its length.
    pub fn put(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut letters = [b' '; 4];
        bytes::copy(
            letters.get_mut(..self.binding.as_str().len()).ok_or(Error::Full)?,
            self.binding.as_str().as_bytes(),
        );
        bytes::put(buffer, HEAD, &self.mark.to_be_bytes())?;
        bytes::put(buffer, HEAD + 4, &self.server.to_be_bytes())?;
        bytes::put(buffer, HEAD + 6, &self.reserved.to_be_bytes())?;
        bytes::put(buffer, HEAD + 14, &self.lifetime.to_be_bytes())?;
        bytes::put(buffer, HEAD + 18, &self.objects.to_be_bytes())?;
        bytes::put(buffer, HEAD + 22, &[self.version | self.changed << 4, self.dirty.into()])?;
        bytes::put(buffer, HEAD + 24, &letters)?;
        bytes::put(buffer, HEAD + 28, &self.observations.to_be_bytes())?;
        bytes::put(buffer, HEAD + 32, &self.sequence.to_be_bytes())?;
        bytes::put(buffer, HEAD + 36, &self.id.to_be_bytes())?;
        let location = self.location.as_bytes();
        bytes::put(buffer, HEAD + PROGRESS_HEAD, location)?;
        Ok(PROGRESS_HEAD.wrapping_add(location.len()))
    }

    pub fn get(content: &[u8]) -> Result<Self, Error> {
        let (head, location) = content.split_first_chunk::<PROGRESS_HEAD>().ok_or(Error::Malformed)?;
        let word = |at| word(head, at);
        let [_, _, _, _, s1, s0, ..] = *head;
        let letters = head.get(24..28).and_then(|letters| core::str::from_utf8(letters).ok());
        Ok(Self {
            mark: word(0),
            server: u16::from_be_bytes([s1, s0]),
            reserved: u64::from(word(6)) << 32 | u64::from(word(10)),
            lifetime: word(14),
            objects: word(18),
            version: head.get(22).map_or(0, |byte| byte & 0x0f),
            changed: head.get(22).map_or(0, |byte| byte >> 4),
            dirty: head.get(23) != Some(&0),
            binding: Binding::parse(letters.unwrap_or("").trim_ascii_end())?,
            observations: word(28),
            sequence: word(32),
            id: (word(34) & 0xffff) as u16,
            location: Location::from_bytes(location)?,
        })
    }

    /// What tells one registration from another.
    pub fn checksum(&self) -> u32 {
        let mut image = [0; HEAD + PROGRESS_HEAD + LOCATION];
        let length = Self { reserved: 0, sequence: 0, id: 0, ..*self }.put(&mut image).unwrap_or(0);
        crc32(u32::MAX, image.get(HEAD..HEAD.wrapping_add(length)).unwrap_or(&[]))
    }
}
