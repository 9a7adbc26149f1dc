//! TLV, `application/vnd.oma.lwm2m+tlv` (TS 1.0 section 6.4.3): the format every 1.0 client must have.
//!
//! Writing: the length of a container stands before its content. While the whole fits its window, it is put in once
//! the content is there; a later window of a large representation (`exact`) is told the lengths.
//! A representation of one resource is that resource's TLV; of one resource instance, a multiple resource with
//! that instance alone, which [`Format::value`] writes by itself. Reading is in `tlv_reader`.

use crate::error::Error;
use crate::format::{CF_TLV, Container, Cursor, Encoder, Format, Raw, Record, Window, tlv_reader};
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

/// Type byte and identifier, the shortest, and how many bytes that is.
fn front(kind: u8, id: u16) -> (u32, usize) {
    if id > 0xff {
        (u32::from(kind | WIDE_ID) << 16 | u32::from(id), 3)
    } else {
        (u32::from(kind) << 8 | u32::from(id), 2)
    }
}

/// What the type byte says about a length, the shortest way, and how many bytes the length field has.
fn length_field(length: usize) -> (u8, usize) {
    match length {
        0..=7 => (length as u8, 0),
        8..=0xff => (1 << LENGTH_SHIFT, 1),
        0x100..=0xffff => (2 << LENGTH_SHIFT, 2),
        _ => (3 << LENGTH_SHIFT, 3),
    }
}

/// Writes type byte, identifier and length.
fn header(window: &mut Window<'_>, kind: u8, id: u16, length: usize) {
    let length = length.min(MAX_LENGTH);
    let (bits, width) = length_field(length);
    let (front, count) = front(kind | bits, id);
    let length = length as u32;
    match width {
        0 => window.big_endian(front, count),
        1 => window.big_endian(front << 8 | length, count + 1),
        _ => {
            window.big_endian(front, count);
            window.big_endian(length, width);
        }
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

/// An entry whose value is a number.
#[inline]
fn number(window: &mut Window<'_>, kind: u8, id: u16, number: u64, width: usize) {
    let low = number as u32;
    if width <= 2 && id <= 0xff {
        // most entries there are: all of it in four bytes
        let shift = if width == 1 { 8 } else { 16 };
        let front = u32::from(kind | width as u8) << 8 | u32::from(id);
        let value = low & 1u32.wrapping_shl(shift).wrapping_sub(1);
        window.big_endian(front << shift | value, width.wrapping_add(2));
        return;
    }
    header(window, kind, id, width);
    if width == 8 {
        window.big_endian((number >> 32) as u32, 4);
    }
    window.big_endian(low, width.min(4));
}

/// An entry whose value is bytes.
#[inline]
fn bytes(window: &mut Window<'_>, kind: u8, id: u16, bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > MAX_LENGTH {
        return Err(Error::TooLarge);
    }
    header(window, kind, id, bytes.len());
    window.put(bytes);
    Ok(())
}

/// One entry, with its value as TS 1.0 Appendix C packs it (column TLV Format).
#[inline]
fn entry(window: &mut Window<'_>, kind: u8, id: u16, value: Value<'_>) -> Result<(), Error> {
    let (value, width) = match value {
        Value::String(text) => return bytes(window, kind, id, text.as_bytes()),
        Value::Opaque(octets) => return bytes(window, kind, id, octets),
        Value::Integer(number) | Value::Time(number) => (number as u64, signed_width(number)),
        Value::Unsigned(number) => (number, unsigned_width(number)),
        Value::Boolean(yes) => (yes.into(), 1),
        Value::Objlnk(object, instance) => (u64::from(object) << 16 | u64::from(instance), 4),
        Value::Float(number) => match narrow(number) {
            Some(bits) => (bits.into(), 4),
            None => (number.to_bits(), 8),
        },
    };
    number(window, kind, id, value, width);
    Ok(())
}

/// The multiple resource around a resource instance that was asked for by itself: its header.
#[cold]
#[inline(never)]
fn wrap(out: &mut Encoder<'_>, at: Path, value: Value<'_>) -> Result<(), Error> {
    // counted under another base, where nothing is wrapped
    let mut counter = Encoder::new(Window::new(&mut [], 0), Path::ROOT, false);
    TLV.value(&mut counter, at, value)?;
    header(&mut out.window, MULTIPLE, at.resource, counter.window.total());
    Ok(())
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
        let (kind, id) = name(container, at);
        if out.exact() {
            header(&mut out.window, kind, id, length);
        } else {
            // a length of zero until it is known
            if let Some(mark) = out.marks.get_mut(out.open) {
                *mark = out.window.total();
            }
            let (front, count) = front(kind, id);
            out.window.big_endian(front, count);
        }
        out.open = out.open.wrapping_add(1);
    }

    fn value(&self, out: &mut Encoder<'_>, at: Path, value: Value<'_>) -> Result<(), Error> {
        let (kind, id) = if at.resource_instance == NONE {
            (RESOURCE, at.resource)
        } else {
            if out.open == 0 && out.base().resource_instance != NONE {
                wrap(out, at, value)?;
            }
            (RESOURCE_INSTANCE, at.resource_instance)
        };
        entry(&mut out.window, kind, id, value)
    }

    fn close(&self, out: &mut Encoder<'_>, container: Container, at: Path) {
        out.open = out.open.saturating_sub(1);
        if out.exact() {
            return;
        }
        let mark = out.marks.get(out.open).copied().unwrap_or(0);
        let (_, id) = name(container, at);
        let begin = mark.saturating_add(if id > 0xff { 3 } else { 2 });
        let length = out.window.total().saturating_sub(begin).min(MAX_LENGTH);
        let (bits, width) = length_field(length);
        out.window.amend(mark, bits);
        if width != 0 {
            let field = (length as u32).to_be_bytes();
            out.window.insert(length, field.get(4usize.wrapping_sub(width)..).unwrap_or(&[]));
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
