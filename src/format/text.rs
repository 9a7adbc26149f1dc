//! Plain text, `text/plain` (TS 1.0 section 6.4.1): one value as Appendix C writes it.

use crate::error::Error;
use crate::format::base64::{self, Variant};
use crate::format::{
    CF_TEXT, Container, Cursor, Encoder, Format, Raw, Record, Window, float, number, single,
};
use crate::path::Path;
use crate::value::{DataType, Value};

/// The plain text format (TS 1.0 section 6.4.1).
pub struct Text;

/// The plain text format, to be named in a configuration.
pub static TEXT: Text = Text;

/// Writes a value as text (TS 1.0 Appendix C, column Text Format). Refuses infinities and NaN.
pub(super) fn put(window: &mut Window<'_>, value: Value<'_>) -> Result<(), Error> {
    match value {
        Value::String(text) => window.put(text.as_bytes()),
        Value::Integer(number) | Value::Time(number) => {
            if number < 0 {
                window.byte(b'-');
            }
            window.decimal(number.unsigned_abs());
        }
        Value::Unsigned(number) => window.decimal(number),
        Value::Float(number) => return float::put(window, number),
        Value::Boolean(yes) => window.byte(b'0'.wrapping_add(u8::from(yes))),
        Value::Opaque(bytes) => base64::encode(window, bytes, Variant::Standard),
        Value::Objlnk(object, instance) => {
            window.decimal(object.into());
            window.byte(b':');
            window.decimal(instance.into());
        }
    }
    Ok(())
}

impl Format for Text {
    fn content_format(&self) -> u16 {
        CF_TEXT
    }

    fn structured(&self) -> bool {
        false
    }

    fn carries(&self, data_type: DataType) -> bool {
        data_type != DataType::None
    }

    fn begin(&self, _: &mut Encoder<'_>) {}

    fn open(&self, _: &mut Encoder<'_>, _: Container, _: Path, _: usize) {}

    fn value(&self, out: &mut Encoder<'_>, _: Path, value: Value<'_>) -> Result<(), Error> {
        single::start(out)?;
        put(&mut out.window, value)
    }

    fn close(&self, _: &mut Encoder<'_>, _: Container, _: Path) {}

    fn end(&self, _: &mut Encoder<'_>) {}

    fn next<'a>(&self, cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error> {
        Ok(single::next(cursor))
    }

    fn decode<'a>(
        &self,
        raw: Raw<'a>,
        data_type: DataType,
        scratch: &'a mut [u8],
    ) -> Result<Value<'a>, Error> {
        let text = raw.bytes;
        let value = match data_type {
            DataType::String | DataType::Corelnk => core::str::from_utf8(text).ok().map(Value::String),
            DataType::Integer => number::signed(text).map(Value::Integer),
            DataType::Time => number::signed(text).map(Value::Time),
            DataType::Unsigned => number::unsigned(text).map(Value::Unsigned),
            DataType::Float => float::parse(text).map(Value::Float),
            DataType::Boolean => match text {
                b"0" => Some(Value::Boolean(false)),
                b"1" => Some(Value::Boolean(true)),
                _ => None,
            },
            DataType::Opaque => {
                let length = base64::decode(text.iter().copied(), scratch, Variant::Standard)?;
                scratch.get(..length).map(Value::Opaque)
            }
            DataType::Objlnk => number::object_link(text).map(|(object, id)| Value::Objlnk(object, id)),
            DataType::None => None,
        };
        value.ok_or(Error::BadValue)
    }
}
