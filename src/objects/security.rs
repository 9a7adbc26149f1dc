//! LwM2M Security, object 0 (TS 1.0 Appendix E.1): where a server is, and the keys to reach it. No server sees it.

use crate::error::Error;
use crate::model::definition::{FROM_CARD, HIDDEN, Incoming, Instance, Object, Resource};
use crate::model::output::Output;
use crate::objects::{Row, take_row};
use core::cell::Cell;

/// The resources of variable length, which share the row's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Field {
    /// LwM2M Server URI, resource 0.
    Uri = 0,
    /// LwM2M Server SMS Number, resource 9.
    SmsNumber = 1,
    /// SMS Binding Key Parameters, resource 7.
    SmsParameters = 2,
    /// SMS Binding Secret Key(s), resource 8.
    SmsKeys = 3,
    /// Public Key or Identity, resource 3.
    Identity = 4,
    /// Server Public Key, resource 4.
    ServerKey = 5,
    /// Secret Key, resource 5.
    SecretKey = 6,
    /// SNI, resource 14 of 1.1.
    Sni = 7,
    /// DTLS/TLS Ciphersuite, resource 16 of 1.1: two bytes each, the higher first.
    Ciphersuites = 8,
}

/// How many fields there are.
const FIELDS: usize = 9;

/// Security Mode "Pre-Shared Key".
pub const MODE_PSK: u8 = 0;
/// Security Mode "Raw Public Key".
pub const MODE_RAW_PUBLIC_KEY: u8 = 1;
/// Security Mode "Certificate".
pub const MODE_CERTIFICATE: u8 = 2;
/// Security Mode "NoSec".
pub const MODE_NOSEC: u8 = 3;

/// SMS Security Mode "DTLS mode".
pub const SMS_DTLS: u8 = 1;
/// SMS Security Mode "Secure Packet Structure mode".
pub const SMS_PACKETS: u8 = 2;
/// SMS Security Mode "NoSec".
pub const SMS_NOSEC: u8 = 3;

/// Certificate Usage "domain-issued certificate" plus one, as it is kept.
pub const USAGE_DOMAIN_ISSUED: u8 = 4;

/// What an account is secured with.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'s> {
    /// Security Mode.
    pub mode: u8,
    /// Certificate Usage plus one; 0 where it is not instantiated.
    pub usage: u8,
    /// Matching Type.
    pub matching: u8,
    /// Public Key or Identity.
    pub identity: &'s [u8],
    /// Server Public Key.
    pub server_key: &'s [u8],
    /// Secret Key.
    pub secret_key: &'s [u8],
    /// SNI.
    pub sni: &'s [u8],
    /// DTLS/TLS Ciphersuite, two bytes each.
    pub ciphersuites: &'s [u8],
}

impl Credentials<'_> {
    /// Whether what the mode needs is there (TS 1.0 sections 7.1.7 to 7.1.9). Which modes there are, the backend knows.
    pub fn check(&self) -> Result<(), Error> {
        let (identity, server, secret) =
            (!self.identity.is_empty(), !self.server_key.is_empty(), !self.secret_key.is_empty());
        let complete = match self.mode {
            MODE_PSK => identity && secret,
            MODE_RAW_PUBLIC_KEY | MODE_CERTIFICATE => identity && server && secret,
            MODE_NOSEC => true,
            _ => return Err(Error::SecurityMode),
        };
        let sound =
            self.usage <= USAGE_DOMAIN_ISSUED && self.matching <= 3 && core::str::from_utf8(self.sni).is_ok();
        match (complete, sound) {
            (true, true) => Ok(()),
            (false, _) => Err(Error::Credentials),
            (_, false) => Err(Error::BadValue),
        }
    }
}

/// One instance of the Security object.
pub struct SecurityRow<'a> {
    used: Cell<bool>,
    /// Short Server ID; 0 for a bootstrap server.
    pub short_server_id: Cell<u16>,
    /// Whether this is the account of a bootstrap server.
    pub bootstrap: Cell<bool>,
    /// Security Mode, 0 to 4.
    pub mode: Cell<u8>,
    /// Client Hold Off Time in seconds.
    pub hold_off: Cell<u32>,
    /// Bootstrap-Server Account Timeout in seconds, 0 for never.
    pub account_timeout: Cell<u32>,
    /// Certificate Usage plus one; 0 where it is not instantiated.
    pub usage: Cell<u8>,
    /// Matching Type.
    pub matching: Cell<u8>,
    /// SMS Security Mode; 0 where it is not instantiated.
    pub sms_mode: Cell<u8>,
    bytes: Cell<&'a mut [u8]>,
    lengths: Cell<[u16; FIELDS]>,
}

impl<'a> SecurityRow<'a> {
    /// A row that no instance occupies; `bytes` holds URI and keys together.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self {
            used: Cell::new(false),
            short_server_id: Cell::new(0),
            bootstrap: Cell::new(false),
            mode: Cell::new(MODE_NOSEC),
            hold_off: Cell::new(0),
            account_timeout: Cell::new(0),
            usage: Cell::new(0),
            matching: Cell::new(0),
            sms_mode: Cell::new(0),
            bytes: Cell::new(bytes),
            lengths: Cell::new([0; FIELDS]),
        }
    }

    /// Which resources are instantiated, as bits in the order of their IDs; of the optional ones those that say something.
    pub fn presence(&self, mandatory: u64) -> u64 {
        let [_, number, parameters, keys, identity, server_key, secret_key, sni, ciphersuites] =
            self.lengths.get();
        let optional = [
            identity != 0,
            server_key != 0,
            secret_key != 0,
            self.sms_mode.get() != 0,
            parameters != 0,
            keys != 0,
            number != 0,
            self.short_server_id.get() != 0,
            self.hold_off.get() != 0,
            self.account_timeout.get() != 0,
            self.matching.get() != 0,
            sni != 0,
            self.usage.get() != 0,
            ciphersuites != 0,
        ];
        optional.iter().rev().fold(0, |bits, there| bits << 1 | u64::from(*there)) << 3
            | mandatory & (FROM_CARD | 0b11_1111)
    }

    /// Shows the bytes of a field.
    pub fn field<R>(&self, field: Field, show: impl FnOnce(&[u8]) -> R) -> R {
        let (from, length) = self.span(field);
        let bytes = self.bytes.take();
        let shown = show(bytes.get(from..from.saturating_add(length)).unwrap_or(&[]));
        self.bytes.set(bytes);
        shown
    }

    /// Shows the URI and what the account is secured with.
    pub fn credentials<R>(&self, show: impl FnOnce(&[u8], &Credentials<'_>) -> R) -> R {
        let bytes = self.bytes.take();
        let cut = |field| {
            let (from, length) = self.span(field);
            bytes.get(from..from.saturating_add(length)).unwrap_or(&[])
        };
        let credentials = Credentials {
            mode: self.mode.get(),
            usage: self.usage.get(),
            matching: self.matching.get(),
            identity: cut(Field::Identity),
            server_key: cut(Field::ServerKey),
            secret_key: cut(Field::SecretKey),
            sni: cut(Field::Sni),
            ciphersuites: cut(Field::Ciphersuites),
        };
        let shown = show(cut(Field::Uri), &credentials);
        self.bytes.set(bytes);
        shown
    }

    /// Replaces what the account is secured with: all of it, or with [`Error::Full`] nothing.
    #[inline(never)]
    pub fn set_credentials(&self, new: &Credentials<'_>) -> Result<(), Error> {
        let fields = [
            (Field::Identity, new.identity),
            (Field::ServerKey, new.server_key),
            (Field::SecretKey, new.secret_key),
            (Field::Sni, new.sni),
            (Field::Ciphersuites, new.ciphersuites),
        ];
        // URI and what SMS is secured with stay
        let (kept, _) = self.span(Field::Identity);
        let needed = fields.iter().fold(kept, |sum, (_, bytes)| sum.saturating_add(bytes.len()));
        let bytes = self.bytes.take();
        let room = bytes.len();
        // no byte of an old key stays
        crate::bytes::zeroise(bytes.get_mut(kept..).filter(|_| needed <= room).unwrap_or(&mut []));
        self.bytes.set(bytes);
        if needed > room {
            return Err(Error::Full);
        }
        let mut lengths = self.lengths.get();
        for length in lengths.iter_mut().skip(Field::Identity as usize) {
            *length = 0;
        }
        self.lengths.set(lengths);
        for (field, bytes) in fields {
            self.set_field(field, bytes)?;
        }
        self.mode.set(new.mode);
        self.usage.set(new.usage);
        self.matching.set(new.matching);
        Ok(())
    }

    /// Replaces the bytes of a field. [`Error::Full`] where they do not fit beside the others.
    pub fn set_field(&self, field: Field, new: &[u8]) -> Result<(), Error> {
        let mut lengths = self.lengths.get();
        let (from, old) = self.span(field);
        let used = total(&lengths);
        let bytes = self.bytes.take();
        let done = replace(bytes, used, from, old, new);
        self.bytes.set(bytes);
        if let (Ok(()), Some(length)) = (done, lengths.get_mut(field as usize)) {
            *length = new.len() as u16;
            self.lengths.set(lengths);
        }
        done
    }

    fn span(&self, field: Field) -> (usize, usize) {
        let lengths = self.lengths.get();
        let from = total(lengths.get(..field as usize).unwrap_or(&[]));
        (from, lengths.get(field as usize).copied().unwrap_or(0).into())
    }

    /// Forgets everything; keys are overwritten.
    pub fn wipe(&self) {
        let bytes = self.bytes.take();
        crate::bytes::zeroise(bytes);
        self.bytes.set(bytes);
        self.lengths.set([0; FIELDS]);
        self.usage.set(0);
        self.matching.set(0);
        self.sms_mode.set(0);
        self.used.set(false);
        self.short_server_id.set(0);
        self.bootstrap.set(false);
        self.mode.set(MODE_NOSEC);
        self.hold_off.set(0);
        self.account_timeout.set(0);
    }
}

fn total(lengths: &[u16]) -> usize {
    lengths.iter().fold(0usize, |sum, length| sum.wrapping_add((*length).into()))
}

/// Exchanges `old` bytes at `from` for `new` in the first `used` bytes.
fn replace(bytes: &mut [u8], used: usize, from: usize, old: usize, new: &[u8]) -> Result<(), Error> {
    let total = used.saturating_sub(old).saturating_add(new.len());
    if total > bytes.len() || new.len() > usize::from(u16::MAX) {
        return Err(Error::Full);
    }
    let tail = bytes.get_mut(from..).ok_or(Error::Full)?;
    let behind = used.saturating_sub(from).saturating_sub(old);
    // move what stands behind, byte by byte, in the direction that overwrites nothing unread
    for step in 0..behind {
        let step = if new.len() > old { behind.wrapping_sub(1).wrapping_sub(step) } else { step };
        let byte = tail.get(old.saturating_add(step)).copied().unwrap_or(0);
        if let Some(place) = tail.get_mut(new.len().saturating_add(step)) {
            *place = byte;
        }
    }
    for (place, byte) in tail.iter_mut().zip(new) {
        *place = *byte;
    }
    // no byte of a longer key stays behind
    crate::bytes::zeroise(bytes.get_mut(total..used).unwrap_or(&mut []));
    Ok(())
}

impl Row for SecurityRow<'_> {
    fn used(&self) -> &Cell<bool> {
        &self.used
    }
}

/// The Security object over its rows; [`Instance::data`] is the row.
pub struct Security<'a> {
    /// The rows.
    pub rows: &'a [SecurityRow<'a>],
}

impl<'a> Security<'a> {
    /// The row of an instance.
    pub fn row(&self, instance: &Instance) -> Option<&'a SecurityRow<'a>> {
        self.rows.get(instance.data)
    }
}

impl Object for Security<'_> {
    fn id(&self) -> u16 {
        0
    }

    fn flags(&self) -> u8 {
        HIDDEN
    }

    /// None: no interface of a server reaches them. A bootstrap will.
    fn resource(&self, _: usize) -> Option<Resource> {
        None
    }

    fn read(&self, _: &Instance, _: usize, _: &mut Output<'_, '_>) -> Result<(), Error> {
        Err(Error::NotAllowed)
    }

    fn write(&self, _: &Instance, _: usize, _: &Incoming<'_>) -> Result<(), Error> {
        Err(Error::NotAllowed)
    }

    fn create(&self, _: u16) -> Result<usize, Error> {
        take_row(self.rows).ok_or(Error::Full)
    }

    fn delete(&self, instance: &Instance) -> Result<(), Error> {
        self.row(instance).ok_or(Error::NotFound)?.wipe();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_value_leaves_nothing_of_the_longer_one() {
        let mut bytes = *b"urlKEYKEYKEYtail....";
        replace(&mut bytes, 16, 3, 9, b"key").expect("room");
        assert_eq!(bytes, *b"urlkeytail\0\0\0\0\0\0....");
        replace(&mut bytes, 10, 3, 3, b"longer").expect("room");
        assert_eq!(&bytes[..13], b"urllongertail");
        assert!(replace(&mut bytes, 13, 3, 6, &[7; 14]).is_err());
        assert_eq!(&bytes[..13], b"urllongertail");
    }
}
