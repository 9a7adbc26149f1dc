//! Checksums by which it is seen that something is not what it was: objects, keys, what is observed.

use crate::client::{Engine, links};
use crate::objects::Field;
use crate::storage::crc32;

/// The checksum of no observations.
pub(crate) const NOTHING: u32 = u32::MAX;

/// A checksum with that of one more field.
fn checksum(crc: u32, field: &[u8]) -> u32 {
    crc32(crc32(crc, &(field.len() as u32).to_be_bytes()), field)
}

impl Engine<'_> {
    /// A checksum of what a Register would tell of objects and instances.
    pub(crate) fn objects_checksum(&self) -> u32 {
        let mut crc = u32::MAX;
        for object in links::listed(&self.model) {
            let ([high, low], (major, minor)) = (object.id().to_be_bytes(), object.version());
            crc = crc32(crc, &[high, low, major, minor]);
            for instance in self.model.instances_of(object.id()) {
                crc = crc32(crc, &instance.id.to_be_bytes());
            }
        }
        crc
    }

    /// A checksum of what an account is secured with, and of its way where that is SMS: what was kept of another way is void.
    pub(crate) fn credentials_checksum(&self, who: usize) -> u32 {
        self.security_row(who).map_or(0, |row| {
            let sms = [Field::SmsNumber, Field::SmsParameters, Field::SmsKeys];
            let way = [row.sms_mode.get(), 1];
            let way = if self.has_texts(who) { &way[..] } else { &way[..1] };
            let sms = sms
                .iter()
                .fold(crc32(u32::MAX, way), |crc, field| row.field(*field, |bytes| checksum(crc, bytes)));
            row.credentials(|uri, given| {
                let name = self.config.endpoint.as_bytes();
                let fields = [
                    name,
                    uri,
                    given.identity,
                    given.server_key,
                    given.secret_key,
                    given.sni,
                    given.ciphersuites,
                ];
                let numbers = crc32(sms, &[given.mode, given.usage, given.matching]);
                fields.iter().fold(numbers, |crc, field| checksum(crc, field))
            })
        })
    }

    /// A checksum of what a server observes and the attributes that it set.
    pub(crate) fn observations_checksum(&self, who: usize) -> u32 {
        let mut crc = NOTHING;
        if let Some(reporting) = self.config.features.reporting {
            reporting.pack(self, who, &mut |bytes| crc = crc32(crc, bytes));
        }
        crc
    }
}
