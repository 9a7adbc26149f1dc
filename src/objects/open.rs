//! Security as a bootstrap sees it, with its resources; a client without bootstrap has [`Security`] over the same rows.

use crate::error::Error;
use crate::model::definition::{Incoming, Instance, MANDATORY, MULTIPLE, Object, Resource};
use crate::model::output::Output;
use crate::objects::security::{Field, Security, SecurityRow};
use crate::path::NONE;
use crate::secure::CIPHERSUITES;
use crate::value::{DataType, Value};

const BOOTSTRAP: usize = 1;
const MODE: usize = 2;
const SMS_MODE: usize = 6;
const SMS_PARAMETERS: usize = 7;
const SMS_KEYS: usize = 8;
const SMS_NUMBER: usize = 9;
const SHORT_SERVER_ID: usize = 10;
const HOLD_OFF: usize = 11;
const ACCOUNT_TIMEOUT: usize = 12;
const MATCHING: usize = 13;
const SNI: usize = 14;
const USAGE: usize = 15;
const CIPHERSUITE: usize = 16;
const OSCORE: usize = 17;

/// TS 1.0 Appendix E.1, and 13 to 17 of 1.1. No server may do anything with them. Keys are mandatory there, and left out by
/// servers and cards all the same where the mode has none: what the mode needs is checked when all is there.
/// They are numbered as they stand.
const SECURITY: [Resource; 18] = [
    Resource::new(0, DataType::String, 0, MANDATORY),
    Resource::new(1, DataType::Boolean, 0, MANDATORY),
    Resource::new(2, DataType::Integer, 0, MANDATORY),
    Resource::new(3, DataType::Opaque, 0, 0),
    Resource::new(4, DataType::Opaque, 0, 0),
    Resource::new(5, DataType::Opaque, 0, 0),
    Resource::new(6, DataType::Integer, 0, 0),
    Resource::new(7, DataType::Opaque, 0, 0),
    Resource::new(8, DataType::Opaque, 0, 0),
    Resource::new(9, DataType::String, 0, 0),
    Resource::new(10, DataType::Integer, 0, 0),
    Resource::new(11, DataType::Integer, 0, 0),
    Resource::new(12, DataType::Integer, 0, 0),
    Resource::new(13, DataType::Unsigned, 0, 0),
    Resource::new(14, DataType::String, 0, 0),
    Resource::new(15, DataType::Unsigned, 0, 0),
    Resource::new(16, DataType::Unsigned, 0, MULTIPLE),
    Resource::new(17, DataType::Objlnk, 0, 0),
];

/// The field of the row that a resource of variable length is.
fn field_of(index: usize) -> Option<Field> {
    Some(match index {
        0 => Field::Uri,
        3 => Field::Identity,
        4 => Field::ServerKey,
        5 => Field::SecretKey,
        SMS_PARAMETERS => Field::SmsParameters,
        SMS_KEYS => Field::SmsKeys,
        SMS_NUMBER => Field::SmsNumber,
        SNI => Field::Sni,
        CIPHERSUITE => Field::Ciphersuites,
        _ => return None,
    })
}

/// A number that is not negative.
fn number(value: Value<'_>) -> Result<u32, Error> {
    let number = match value {
        Value::Integer(number) => u32::try_from(number).ok(),
        Value::Unsigned(number) => u32::try_from(number).ok(),
        _ => None,
    };
    number.ok_or(Error::BadValue)
}

/// The Security object with its resources.
pub struct OpenSecurity<'a>(pub &'a Security<'a>);

impl<'a> OpenSecurity<'a> {
    fn row(&self, instance: &Instance) -> Result<&'a SecurityRow<'a>, Error> {
        self.0.row(instance).ok_or(Error::NotFound)
    }
}

impl Object for OpenSecurity<'_> {
    fn id(&self) -> u16 {
        0
    }

    fn flags(&self) -> u8 {
        self.0.flags()
    }

    fn resource(&self, index: usize) -> Option<Resource> {
        SECURITY.get(index).copied()
    }

    fn read(&self, instance: &Instance, index: usize, out: &mut Output<'_, '_>) -> Result<(), Error> {
        let row = self.row(instance)?;
        if let Some(field) = field_of(index) {
            return row.field(field, |bytes| match (index, SECURITY.get(index).map(|r| r.data_type)) {
                (CIPHERSUITE, _) => {
                    for (at, suite) in bytes.as_chunks::<2>().0.iter().enumerate() {
                        out.resource_instance(at as u16);
                        out.value(Value::Unsigned(u16::from_be_bytes(*suite).into()))?;
                    }
                    Ok(())
                }
                (_, Some(DataType::String)) => {
                    out.value(Value::String(core::str::from_utf8(bytes).map_err(|_| Error::BadValue)?))
                }
                _ => out.value(Value::Opaque(bytes)),
            });
        }
        out.value(match index {
            BOOTSTRAP => Value::Boolean(row.bootstrap.get()),
            MODE => Value::Integer(row.mode.get().into()),
            SMS_MODE => Value::Integer(row.sms_mode.get().into()),
            SHORT_SERVER_ID => Value::Integer(row.short_server_id.get().into()),
            HOLD_OFF => Value::Integer(row.hold_off.get().into()),
            ACCOUNT_TIMEOUT => Value::Integer(row.account_timeout.get().into()),
            MATCHING => Value::Unsigned(row.matching.get().into()),
            USAGE => Value::Unsigned(row.usage.get().saturating_sub(1).into()),
            _ => return Err(Error::NotFound),
        })
    }

    fn check(&self, _: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let highest = match (index, incoming.value) {
            (0, Value::String(text)) if text.len() <= 255 => return Ok(()),
            // who asks for OSCORE is not to be spoken to in clear
            (OSCORE, Value::Objlnk(NONE, NONE)) => return Ok(()),
            (SNI | SMS_NUMBER, Value::String(_))
            | (3..=5 | SMS_PARAMETERS | SMS_KEYS, Value::Opaque(_))
            | (BOOTSTRAP, Value::Boolean(_)) => return Ok(()),
            (MODE, _) => 4,
            (SMS_MODE, _) => 255,
            (MATCHING | USAGE, _) => 3,
            (SHORT_SERVER_ID | CIPHERSUITE, _) => 65535,
            (HOLD_OFF | ACCOUNT_TIMEOUT, _) => u32::MAX,
            _ => return Err(Error::BadValue),
        };
        if number(incoming.value)? <= highest { Ok(()) } else { Err(Error::BadValue) }
    }

    fn write(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let row = self.row(instance)?;
        if index == OSCORE {
            return Ok(());
        }
        match (field_of(index), incoming.value) {
            (Some(Field::Ciphersuites), value) => return append_suite(row, number(value)? as u16),
            (Some(field), Value::Opaque(bytes)) => return row.set_field(field, bytes),
            (Some(field), Value::String(text)) => return row.set_field(field, text.as_bytes()),
            (Some(_), _) => return Err(Error::BadValue),
            (None, _) => {}
        }
        if index == BOOTSTRAP {
            let Value::Boolean(yes) = incoming.value else { return Err(Error::BadValue) };
            row.bootstrap.set(yes);
            return Ok(());
        }
        let number = number(incoming.value)?;
        match index {
            MODE => row.mode.set(number as u8),
            SMS_MODE => row.sms_mode.set(number as u8),
            SHORT_SERVER_ID => row.short_server_id.set(number as u16),
            HOLD_OFF => row.hold_off.set(number),
            ACCOUNT_TIMEOUT => row.account_timeout.set(number),
            MATCHING => row.matching.set(number as u8),
            _ => row.usage.set((number as u8).wrapping_add(1)),
        }
        Ok(())
    }

    fn clear(&self, instance: &Instance, _: usize) -> Result<(), Error> {
        // the one multiple resource
        self.row(instance)?.set_field(Field::Ciphersuites, &[])
    }

    fn create(&self, id: u16) -> Result<usize, Error> {
        self.0.create(id)
    }

    fn delete(&self, instance: &Instance) -> Result<(), Error> {
        self.0.delete(instance)
    }
}

fn append_suite(row: &SecurityRow<'_>, suite: u16) -> Result<(), Error> {
    let mut suites = [0u8; 2 * CIPHERSUITES];
    let length = row
        .field(Field::Ciphersuites, |bytes| crate::bytes::put(&mut suites, 0, bytes).map(|()| bytes.len()))?;
    crate::bytes::put(&mut suites, length, &suite.to_be_bytes())?;
    row.set_field(Field::Ciphersuites, suites.get(..length.wrapping_add(2)).unwrap_or(&[]))
}
