//! Reading TLV (TS 1.0 section 6.4.3, table 21 and figure 17).
//!
//! What may stand where depends on the place that the request addresses:
//!
//! | base | top level |
//! | --- | --- |
//! | object (Create, Bootstrap-Write) | Object Instances; or resources, whose instance is the client's choice |
//! | instance | resources; or one Object Instance of the same identifier that holds them |
//! | resource | that Resource, or that multiple Resource; Resource Instances without it are tolerated |
//! | resource instance | that multiple Resource with the one instance in it; or that Resource Instance |
//!
//! An entry at a level where its kind cannot stand is [`Error::Malformed`]; one of the right kind whose identifier
//! is not the addressed one, or 65535, is [`Error::BadValue`]. A server sees 4.00 in both cases.

use crate::error::Error;
use crate::format::tlv::{INSTANCE, LENGTH_SHIFT, MULTIPLE, RESOURCE, WIDE_ID};
use crate::format::{Cursor, Raw, Record};
use crate::path::{NONE, Path};
use crate::value::{DataType, Value};

/// Bits of `Cursor::state`: inside an Object Instance, whose end is `ends[0]`.
const IN_INSTANCE: u8 = 1;
/// Inside a multiple Resource, whose end is `ends[1]`.
const IN_MULTIPLE: u8 = 2;
/// An Object Instance has been seen.
const WRAPPED: u8 = 4;
/// An entry outside of any Object Instance has been seen.
const BARE: u8 = 8;

/// One entry: bits 7–6 of its type byte, its identifier and its value.
struct Entry<'a> {
    kind: u8,
    id: u16,
    value: &'a [u8],
    /// Where the value begins and ends in the payload.
    from: usize,
    to: usize,
}

/// Takes `count` bytes off the front, as one big-endian number.
fn take(rest: &mut &[u8], count: u8) -> Result<usize, Error> {
    let (head, tail) = rest.split_at_checked(count.into()).ok_or(Error::Malformed)?;
    *rest = tail;
    Ok(head.iter().fold(0, |number, byte| (number << 8) | usize::from(*byte)))
}

/// The entry at `at`, which must end at `limit` or before.
fn entry(payload: &[u8], at: usize, limit: usize) -> Result<Entry<'_>, Error> {
    let mut rest = payload.get(at..limit).ok_or(Error::Malformed)?;
    let kind = take(&mut rest, 1)? as u8;
    let id = take(&mut rest, if kind & WIDE_ID == 0 { 1 } else { 2 })? as u16;
    let length = match (kind >> LENGTH_SHIFT) & 3 {
        0 => usize::from(kind & 7),
        width => take(&mut rest, width)?,
    };
    let value = rest.get(..length).ok_or(Error::Malformed)?;
    let from = limit.wrapping_sub(rest.len());
    Ok(Entry { kind: kind & RESOURCE, id, value, from, to: from.wrapping_add(length) })
}

/// The next record.
pub(super) fn next<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error> {
    let [instance_end, multiple_end] = cursor.ends;
    // leave what ends here; an instance may end together with the resource in it
    if cursor.state & IN_MULTIPLE != 0 && cursor.at == multiple_end {
        cursor.state &= !IN_MULTIPLE;
        cursor.here.resource = cursor.base.resource;
    }
    if cursor.state & (IN_MULTIPLE | IN_INSTANCE) == IN_INSTANCE && cursor.at == instance_end {
        cursor.state &= !IN_INSTANCE;
        cursor.here.instance = cursor.base.instance;
    }
    let limit = match cursor.state & (IN_INSTANCE | IN_MULTIPLE) {
        0 => cursor.payload.len(),
        IN_INSTANCE => instance_end,
        _ => multiple_end,
    };
    if cursor.at >= limit {
        return Ok(None);
    }
    let entry = entry(cursor.payload, cursor.at, limit)?;
    let (path, container) = place(cursor, &entry)?;
    cursor.at = if container { entry.from } else { entry.to };
    let raw = (!container).then_some(Raw { bytes: entry.value, tag: 0 });
    Ok(Some(Record { path, raw }))
}

/// Where an entry belongs, and whether it is a container, which is entered.
fn place(cursor: &mut Cursor<'_>, entry: &Entry<'_>) -> Result<(Path, bool), Error> {
    let (base, here, state) = (cursor.base, cursor.here, cursor.state);
    let inside = state & (IN_INSTANCE | IN_MULTIPLE);
    if base.object == NONE {
        return Err(Error::Malformed);
    }
    if entry.kind != INSTANCE && inside == 0 {
        if state & WRAPPED != 0 {
            return Err(Error::Malformed);
        }
        cursor.state |= BARE;
    }
    let path = match entry.kind {
        INSTANCE => {
            // below an object any number of them, below an instance one, and never between bare resources
            let again = base.instance != NONE && state & WRAPPED != 0;
            if inside != 0 || state & BARE != 0 || again || base.resource != NONE {
                return Err(Error::Malformed);
            }
            cursor.state |= IN_INSTANCE | WRAPPED;
            cursor.ends = [entry.to, 0];
            cursor.here.instance = entry.id;
            Path { instance: entry.id, ..base }
        }
        MULTIPLE if inside & IN_MULTIPLE == 0 => {
            cursor.state |= IN_MULTIPLE;
            let [instance_end, _] = cursor.ends;
            cursor.ends = [instance_end, entry.to];
            cursor.here.resource = entry.id;
            here.with_resource(entry.id)
        }
        RESOURCE if inside & IN_MULTIPLE == 0 && base.resource_instance == NONE => {
            here.with_resource(entry.id)
        }
        MULTIPLE | RESOURCE => return Err(Error::Malformed),
        // a resource instance: `here` has a resource inside a multiple one, or from the request
        _ if here.resource != NONE => here.with_resource_instance(entry.id),
        _ => return Err(Error::Malformed),
    };
    if entry.id == NONE || !base.touches(path) {
        return Err(Error::BadValue);
    }
    Ok((path, entry.kind == INSTANCE || entry.kind == MULTIPLE))
}

/// The bytes of a value as that type (TS 1.0 Appendix C, column TLV Format).
pub(super) fn decode(bytes: &[u8], data_type: DataType) -> Result<Value<'_>, Error> {
    let value = match data_type {
        DataType::String | DataType::Corelnk => core::str::from_utf8(bytes).ok().map(Value::String),
        DataType::Opaque => Some(Value::Opaque(bytes)),
        DataType::Integer => signed(bytes).map(Value::Integer),
        DataType::Time => signed(bytes).map(Value::Time),
        DataType::Unsigned => unsigned(bytes).map(Value::Unsigned),
        DataType::Boolean => match bytes {
            [0] => Some(Value::Boolean(false)),
            [1] => Some(Value::Boolean(true)),
            _ => None,
        },
        DataType::Float => match bytes.len() {
            4 => unsigned(bytes).map(|bits| Value::Float(widen(bits as u32))),
            8 => unsigned(bytes).map(|bits| Value::Float(f64::from_bits(bits))),
            _ => None,
        },
        DataType::Objlnk => match *bytes {
            [a, b, c, d] => Some(Value::Objlnk(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))),
            _ => None,
        },
        DataType::None => None,
    };
    value.ok_or(Error::BadValue)
}

/// One, two, four or eight bytes as an unsigned number.
fn unsigned(bytes: &[u8]) -> Option<u64> {
    matches!(bytes.len(), 1 | 2 | 4 | 8)
        .then(|| bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// One, two, four or eight bytes in two's complement.
fn signed(bytes: &[u8]) -> Option<i64> {
    let number = unsigned(bytes)?;
    // the sign moves to the top bit and is drawn down again
    let unused = 64u32.wrapping_sub(8u32.wrapping_mul(bytes.len() as u32)) & 63;
    Some(((number << unused) as i64) >> unused)
}

/// A binary32 number as binary64, by its bits.
fn widen(bits: u32) -> f64 {
    let sign = u64::from(bits >> 31) << 63;
    let mantissa = bits & 0x7f_ffff;
    let (exponent, mantissa) = match (bits >> 23) & 0xff {
        0 if mantissa == 0 => (0, 0),
        // below the normal range: the leading one moves to where binary64 leaves it out
        0 => {
            let shift = mantissa.leading_zeros().wrapping_sub(8);
            (0x381u32.wrapping_sub(shift), mantissa.wrapping_shl(shift) & 0x7f_ffff)
        }
        0xff => (0x7ff, mantissa),
        exponent => (exponent.wrapping_add(0x380), mantissa),
    };
    f64::from_bits(sign | (u64::from(exponent) << 52) | (u64::from(mantissa) << 29))
}
