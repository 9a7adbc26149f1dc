//! Formats that never leave the device: what a value is as a number, how many there are, and what it was before.

use crate::error::Error;
use crate::format::{Container, Cursor, Encoder, Format, Raw, Record};
use crate::path::{NONE, Path};
use crate::value::{DataType, Value};

/// Keeps a number as the eight bytes of an `f64`, for gt, lt and st. Other values leave nothing.
pub struct Numeric;

/// Keeps nothing: for counting resource instances.
pub struct Nothing;

/// Keeps values so that they can be put back: identifier, type, length, bytes.
pub struct Snapshot;

/// The value as a number, where it is one.
fn number(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Integer(v) | Value::Time(v) => Some(v as f64),
        Value::Unsigned(v) => Some(v as f64),
        Value::Float(v) => Some(v),
        _ => None,
    }
}

macro_rules! write_only {
    ($name:ident, |$out:ident, $at:ident, $value:ident| $body:block) => {
        impl Format for $name {
            fn content_format(&self) -> u16 {
                NONE
            }
            fn structured(&self) -> bool {
                true
            }
            fn carries(&self, _: DataType) -> bool {
                true
            }
            fn begin(&self, _: &mut Encoder<'_>) {}
            fn open(&self, _: &mut Encoder<'_>, _: Container, _: Path, _: usize) {}
            fn value(&self, $out: &mut Encoder<'_>, $at: Path, $value: Value<'_>) -> Result<(), Error> {
                $body
                Ok(())
            }
            fn close(&self, _: &mut Encoder<'_>, _: Container, _: Path) {}
            fn end(&self, _: &mut Encoder<'_>) {}
            fn next<'a>(&self, cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error> {
                restore_next(cursor)
            }
            fn decode<'a>(&self, raw: Raw<'a>, ty: DataType, _: &'a mut [u8]) -> Result<Value<'a>, Error> {
                restore(raw, ty)
            }
        }
    };
}

write_only!(Numeric, |out, _at, value| {
    if let Some(v) = number(value) {
        out.window.put(&v.to_bits().to_ne_bytes());
    }
});
write_only!(Nothing, |_out, _at, _value| {});
write_only!(Snapshot, |out, at, value| {
    keep(out, at, value);
});

fn keep(out: &mut Encoder<'_>, at: Path, value: Value<'_>) {
    let mut word = [0u8; 8];
    let bytes: &[u8] = match value {
        Value::String(s) => s.as_bytes(),
        Value::Opaque(b) => b,
        Value::Integer(v) | Value::Time(v) => packed(&mut word, v as u64),
        Value::Unsigned(v) => packed(&mut word, v),
        Value::Float(v) => packed(&mut word, v.to_bits()),
        Value::Boolean(v) => packed(&mut word, u64::from(v)),
        Value::Objlnk(object, instance) => packed(&mut word, u64::from(object) << 16 | u64::from(instance)),
    };
    out.window.put(&at.resource_instance.to_ne_bytes());
    out.window.put(&(bytes.len() as u32).to_ne_bytes());
    out.window.put(bytes);
}

fn packed(word: &mut [u8; 8], bits: u64) -> &[u8] {
    *word = bits.to_ne_bytes();
    word
}

fn restore_next<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error> {
    let rest = cursor.payload.get(cursor.at..).unwrap_or(&[]);
    let Some((id, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(Error::Malformed)?;
    let length = u32::from_ne_bytes(*length) as usize;
    let bytes = rest.get(..length).ok_or(Error::Malformed)?;
    cursor.at = cursor.at.saturating_add(6).saturating_add(length);
    let path = cursor.base.with_resource_instance(u16::from_ne_bytes(*id));
    Ok(Some(Record { path, raw: Some(Raw { bytes, tag: 0 }) }))
}

fn restore(raw: Raw<'_>, data_type: DataType) -> Result<Value<'_>, Error> {
    let text = || core::str::from_utf8(raw.bytes).map_err(|_| Error::Malformed);
    let bits = || raw.bytes.first_chunk::<8>().map(|b| u64::from_ne_bytes(*b)).ok_or(Error::Malformed);
    Ok(match data_type {
        DataType::String | DataType::Corelnk => Value::String(text()?),
        DataType::Opaque => Value::Opaque(raw.bytes),
        DataType::Integer => Value::Integer(bits()? as i64),
        DataType::Time => Value::Time(bits()? as i64),
        DataType::Unsigned => Value::Unsigned(bits()?),
        DataType::Float => Value::Float(f64::from_bits(bits()?)),
        DataType::Boolean => Value::Boolean(bits()? != 0),
        DataType::Objlnk => Value::Objlnk((bits()? >> 16) as u16, bits()? as u16),
        DataType::None => return Err(Error::BadValue),
    })
}
