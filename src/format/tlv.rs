//! TLV, `application/vnd.oma.lwm2m+tlv` (TS 1.0 section 6.4.3): the format every 1.0 client must have.
//!
//! Writing: the length of a container stands before its content. While the whole fits its window, the header is
//! inserted once the content is there; a later window of a large representation (`exact`) is told the lengths.
//! A representation of one resource is that resource's TLV; of one resource instance, a multiple resource with
//! that instance alone, which [`Format::value`] writes by itself. Reading is in `tlv_reader`.

use crate::error::Error;
use crate::format::{CF_TLV, Container, Cursor, Encoder, Format, Raw, Record, tlv_reader};
use crate::path::{NONE, Path};
use crate::value::{DataType, Value};

/// Bits 7–6 of the type byte (table 21).
pub(super) const INSTANCE: u8 = 0x00;
pub(super) const RESOURCE_INSTANCE: u8 = 0x40;
pub(super) const MULTIPLE: u8 = 0x80;
pub(super) const RESOURCE: u8 = 0xc0;
/// Bit 5: the identifier has 16 bits.
pub(super) const WIDE_ID: u8 = 0x20;
/// Bits 4–3: how many bytes the length field has.
pub(super) const LENGTH_SHIFT: u8 = 3;
/// The largest length: 24 bits.
const MAX_LENGTH: usize = 0xff_ffff;

/// The TLV format (TS 1.0 section 6.4.3).
pub struct Tlv;

/// The TLV format, to be named in a configuration.
pub static TLV: Tlv = Tlv;

/// Type byte, identifier and length, packed at the end of eight bytes.
struct Header {
    bytes: [u8; 8],
    skip: usize,
}

impl Header {
    /// The shortest header: an identifier of 8 bits and a length in the type byte where they suffice.
    fn new(kind: u8, id: u16, length: usize) -> Self {
        let length = length.min(MAX_LENGTH) as u32;
        let (inline, width) = match length {
            0..=7 => (length as u8, 0u8),
            8..=0xff => (0, 1),
            0x100..=0xffff => (0, 2),
            _ => (0, 3),
        };
        let (wide, id_width) = if id > 0xff { (WIDE_ID, 2) } else { (0, 1) };
        let kind = kind | wide | (width << LENGTH_SHIFT) | inline;
        let front = (u32::from(kind) << (8 * id_width)) | u32::from(id);
        let length = if width == 0 { 0 } else { length };
        let packed = (u64::from(front) << (8 * width)) | u64::from(length);
        Self { bytes: packed.to_be_bytes(), skip: 7usize.wrapping_sub(id_width + usize::from(width)) }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.skip..).unwrap_or(&[])
    }
}

/// A container's kind and identifier.
fn name(container: Container, at: Path) -> (u8, u16) {
    match container {
        Container::Instance => (INSTANCE, at.instance),
        Container::Multiple => (MULTIPLE, at.resource),
    }
}

/// How many bytes a signed number needs, of 1, 2, 4 and 8 (TS 1.0 Appendix C).
fn signed_width(number: i64) -> usize {
    match i32::try_from(number) {
        Ok(-0x80..=0x7f) => 1,
        Ok(-0x8000..=0x7fff) => 2,
        Ok(_) => 4,
        Err(_) => 8,
    }
}

/// How many bytes an unsigned number needs; its top bit is no sign (TS 1.1 Appendix C).
fn unsigned_width(number: u64) -> usize {
    match u32::try_from(number) {
        Ok(0..=0xff) => 1,
        Ok(0x100..=0xffff) => 2,
        Ok(_) => 4,
        Err(_) => 8,
    }
}

/// The number as binary32 if nothing is lost. By its bits: the devices we serve have no unit for binary64.
/// Numbers below the normal range of binary32 stay binary64.
fn narrow(number: f64) -> Option<u32> {
    const LOST: u64 = (1 << 29) - 1;
    let bits = number.to_bits();
    let exponent = (bits >> 52) as u32 & 0x7ff;
    let mantissa = (bits >> 29) as u32 & 0x7f_ffff;
    let narrowed = match exponent {
        0 if mantissa == 0 => 0,
        0x7ff => 0xff,
        // from bias 1023 to bias 127
        0x381..=0x47e => exponent.wrapping_sub(0x380),
        _ => return None,
    };
    let sign = (bits >> 32) as u32 & 0x8000_0000;
    (bits & LOST == 0).then_some(sign | (narrowed << 23) | mantissa)
}

/// The bytes of a value (TS 1.0 Appendix C, column TLV Format); numbers are packed in `scratch`.
fn pack<'v>(value: Value<'v>, scratch: &'v mut [u8; 8]) -> &'v [u8] {
    let (number, width) = match value {
        Value::String(text) => return text.as_bytes(),
        Value::Opaque(bytes) => return bytes,
        Value::Integer(number) | Value::Time(number) => (number as u64, signed_width(number)),
        Value::Unsigned(number) => (number, unsigned_width(number)),
        Value::Boolean(yes) => (u64::from(yes), 1),
        Value::Objlnk(object, instance) => (u64::from(object) << 16 | u64::from(instance), 4),
        Value::Float(number) => match narrow(number) {
            Some(bits) => (u64::from(bits), 4),
            None => (number.to_bits(), 8),
        },
    };
    *scratch = number.to_be_bytes();
    scratch.get(8usize.wrapping_sub(width)..).unwrap_or(&[])
}

impl Format for Tlv {
    fn content_format(&self) -> u16 {
        CF_TLV
    }

    fn structured(&self) -> bool {
        true
    }

    fn carries(&self, data_type: DataType) -> bool {
        data_type != DataType::None
    }

    fn begin(&self, _: &mut Encoder<'_>) {}

    fn open(&self, out: &mut Encoder<'_>, container: Container, at: Path, length: usize) {
        if out.exact() {
            let (kind, id) = name(container, at);
            out.window.put(Header::new(kind, id, length).as_bytes());
        } else if let Some(mark) = out.marks.get_mut(out.open) {
            *mark = out.window.total();
        }
        out.open = out.open.wrapping_add(1);
    }

    fn value(&self, out: &mut Encoder<'_>, at: Path, value: Value<'_>) -> Result<(), Error> {
        let mut scratch = [0; 8];
        let bytes = pack(value, &mut scratch);
        if bytes.len() > MAX_LENGTH {
            return Err(Error::TooLarge);
        }
        let header = if at.resource_instance == NONE {
            Header::new(RESOURCE, at.resource, bytes.len())
        } else {
            Header::new(RESOURCE_INSTANCE, at.resource_instance, bytes.len())
        };
        if out.open == 0 && out.base().resource_instance != NONE {
            let length = header.as_bytes().len().saturating_add(bytes.len());
            out.window.put(Header::new(MULTIPLE, at.resource, length).as_bytes());
        }
        out.window.put(header.as_bytes());
        out.window.put(bytes);
        Ok(())
    }

    fn close(&self, out: &mut Encoder<'_>, container: Container, at: Path) {
        out.open = out.open.saturating_sub(1);
        if !out.exact() {
            let mark = out.marks.get(out.open).copied().unwrap_or(0);
            let length = out.window.total().saturating_sub(mark);
            let (kind, id) = name(container, at);
            out.window.insert(length, Header::new(kind, id, length).as_bytes());
        }
    }

    fn end(&self, _: &mut Encoder<'_>) {}

    fn next<'a>(&self, cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error> {
        tlv_reader::next(cursor)
    }

    fn decode<'a>(&self, raw: Raw<'a>, data_type: DataType, _: &'a mut [u8]) -> Result<Value<'a>, Error> {
        tlv_reader::decode(raw.bytes, data_type)
    }
}
