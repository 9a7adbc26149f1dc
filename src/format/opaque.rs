//! Opaque, `application/octet-stream` (TS 1.0 section 6.4.2): the octets of one Opaque value and nothing else.

use crate::error::Error;
use crate::format::{CF_OPAQUE, Container, Cursor, Encoder, Format, Raw, Record, single};
use crate::path::Path;
use crate::value::{DataType, Value};

/// The opaque format (TS 1.0 section 6.4.2).
pub struct Opaque;

/// The opaque format, to be named in a configuration.
pub static OPAQUE: Opaque = Opaque;

impl Format for Opaque {
    fn content_format(&self) -> u16 {
        CF_OPAQUE
    }

    fn structured(&self) -> bool {
        false
    }

    fn carries(&self, data_type: DataType) -> bool {
        data_type == DataType::Opaque
    }

    fn begin(&self, _: &mut Encoder<'_>) {}

    fn open(&self, _: &mut Encoder<'_>, _: Container, _: Path, _: usize) {}

    fn value(&self, out: &mut Encoder<'_>, _: Path, value: Value<'_>) -> Result<(), Error> {
        single::start(out)?;
        let Value::Opaque(bytes) = value else { return Err(Error::NotAcceptable) };
        out.window.put(bytes);
        Ok(())
    }

    fn close(&self, _: &mut Encoder<'_>, _: Container, _: Path) {}

    fn end(&self, _: &mut Encoder<'_>) {}

    fn next<'a>(&self, cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error> {
        Ok(single::next(cursor))
    }

    fn decode<'a>(&self, raw: Raw<'a>, data_type: DataType, _: &'a mut [u8]) -> Result<Value<'a>, Error> {
        match data_type {
            DataType::Opaque => Ok(Value::Opaque(raw.bytes)),
            _ => Err(Error::UnsupportedFormat),
        }
    }
}
