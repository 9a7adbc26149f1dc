//! Reading the JSON of LwM2M 1.0 (TS 1.0 section 6.4.4, table 22).
//!
//! The Base Name may stand before or behind the array, so the first call passes over the whole once. Base Time, times
//! and members that are not known are skipped. A name is appended to the Base Name as it is; two liberties, because
//! peers need them: a name with a slash in front stands for itself where the Base Name ends in one, and without a Base
//! Name a name without a slash continues the path of the request. Names of members are not unescaped.

use crate::error::Error;
use crate::format::base64::{self, Variant};
use crate::format::decimal::Decimal;
use crate::format::json_text::{Scanner, Unescaped, unescape};
use crate::format::{Cursor, Raw, Record, float, number};
use crate::path::{NONE, Path};
use crate::value::{DataType, Value};

/// `Raw::tag`: which member the value came in.
const NUMBER: u8 = 0;
const BOOLEAN: u8 = 1;
const STRING: u8 = 2;
const LINK: u8 = 3;

/// `Cursor::state`: nothing read; before the first entry; behind an entry; at the end.
const START: u8 = 0;
const FIRST: u8 = 1;
const LATER: u8 = 2;
const END: u8 = 3;

/// The next record.
pub(super) fn next<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error> {
    if cursor.state == START {
        start(cursor)?;
        cursor.state = FIRST;
    }
    if cursor.state == END {
        return Ok(None);
    }
    let mut scanner = Scanner::new(cursor.payload, cursor.at);
    if !scanner.more(cursor.state == FIRST, b']')? {
        cursor.state = END;
        return Ok(None);
    }
    let (name, raw) = entry(&mut scanner)?;
    cursor.at = scanner.at;
    cursor.state = LATER;
    let (from, to) = cursor.base_name;
    let base_name = cursor.payload.get(from..to).unwrap_or(&[]);
    Ok(Some(Record { path: resolve(base_name, name, cursor.base)?, raw: Some(raw) }))
}

/// Passes over the whole: finds the Base Name and where the entries begin.
fn start(cursor: &mut Cursor<'_>) -> Result<(), Error> {
    let mut scanner = Scanner::new(cursor.payload, 0);
    let (mut base_name, mut entries, mut first) = (None, None, true);
    scanner.expect(b'{')?;
    while scanner.more(first, b'}')? {
        first = false;
        match scanner.key()? {
            b"bn" if base_name.is_none() => {
                let length = scanner.string()?.len();
                let to = scanner.at.wrapping_sub(1);
                base_name = Some((to.wrapping_sub(length), to));
            }
            b"e" if entries.is_none() && scanner.peek() == Some(b'[') => {
                entries = Some(scanner.at.wrapping_add(1));
                scanner.skip()?;
            }
            b"bn" | b"e" => return Err(Error::Malformed),
            _ => scanner.skip()?,
        }
    }
    if scanner.peek().is_some() {
        return Err(Error::Malformed);
    }
    cursor.base_name = base_name.unwrap_or((0, 0));
    cursor.at = entries.ok_or(Error::Malformed)?;
    Ok(())
}

/// One entry: its name, empty if it has none, and its one value.
fn entry<'a>(scanner: &mut Scanner<'a>) -> Result<(&'a [u8], Raw<'a>), Error> {
    let (mut name, mut value, mut first) = (None, None, true);
    scanner.expect(b'{')?;
    while scanner.more(first, b'}')? {
        first = false;
        let (tag, bytes) = match scanner.key()? {
            b"n" if name.is_none() => {
                name = Some(scanner.string()?);
                continue;
            }
            b"n" => return Err(Error::Malformed),
            b"v" => (NUMBER, scanner.scalar()?),
            b"bv" => (BOOLEAN, scanner.scalar()?),
            b"sv" => (STRING, scanner.string()?),
            b"ov" => (LINK, scanner.string()?),
            _ => {
                scanner.skip()?;
                continue;
            }
        };
        if value.replace(Raw { bytes, tag }).is_some() {
            return Err(Error::Malformed);
        }
    }
    Ok((name.unwrap_or(&[]), value.ok_or(Error::Malformed)?))
}

/// The place that Base Name and name make, which must be a resource or a resource instance of the request's base.
fn resolve(base_name: &[u8], name: &[u8], base: Path) -> Result<Path, Error> {
    let absolute = Unescaped::new(name).next() == Some(b'/');
    let base_name = if absolute && base_name.ends_with(b"/") { &[] } else { base_name };
    let mut ids = [NONE; 4];
    let mut depth = 0usize;
    if base_name.is_empty() && !absolute {
        (ids, depth) = (base.ids(), base.depth());
    }
    let mut text = Unescaped::new(base_name).chain(Unescaped::new(name));
    let (mut id, mut first) = (None, true);
    loop {
        let byte = text.next();
        if let Some(digit) = byte.and_then(number::digit) {
            id = Some(longer(id, digit).ok_or(Error::Malformed)?);
        } else if byte.is_some_and(|byte| byte != b'/') {
            return Err(Error::Malformed);
        } else if let Some(id) = id.take() {
            *ids.get_mut(depth).ok_or(Error::Malformed)? = id;
            depth = depth.wrapping_add(1);
        } else if byte.is_some() && !first {
            // two slashes in a row; one at the end is harmless
            return Err(Error::Malformed);
        }
        if byte.is_none() {
            break;
        }
        first = false;
    }
    let [object, instance, resource, resource_instance] = ids;
    let path = Path { object, instance, resource, resource_instance };
    match depth {
        // 65535 is no identifier, but in a Create it may leave the choice of the instance to the client
        3 | 4 if object == NONE || resource == NONE || (depth == 4 && resource_instance == NONE) => {
            Err(Error::BadValue)
        }
        3 | 4 if base.contains(path) => Ok(path),
        3 | 4 => Err(Error::BadValue),
        _ => Err(Error::Malformed),
    }
}

/// An identifier with one more digit; it has no zeros in front.
fn longer(id: Option<u16>, digit: u8) -> Option<u16> {
    match id {
        None => Some(digit.into()),
        Some(0) => None,
        Some(id) => id.checked_mul(10)?.checked_add(digit.into()),
    }
}

/// The value as that type (table 22); text is unescaped, Opaque decoded, into `scratch`.
pub(super) fn decode<'a>(
    raw: Raw<'a>,
    data_type: DataType,
    scratch: &'a mut [u8],
) -> Result<Value<'a>, Error> {
    let value = match (raw.tag, data_type) {
        (NUMBER, DataType::Integer) => integer(raw.bytes).map(Value::Integer),
        (NUMBER, DataType::Time) => integer(raw.bytes).map(Value::Time),
        (NUMBER, DataType::Unsigned) => Decimal::parse(raw.bytes)
            .and_then(|decimal| decimal.whole().filter(|whole| !decimal.negative || *whole == 0))
            .map(Value::Unsigned),
        (NUMBER, DataType::Float) => float::parse(raw.bytes).map(Value::Float),
        (BOOLEAN, DataType::Boolean) => match raw.bytes {
            b"true" => Some(Value::Boolean(true)),
            b"false" => Some(Value::Boolean(false)),
            _ => None,
        },
        (STRING, DataType::String | DataType::Corelnk) => Some(Value::String(unescape(raw.bytes, scratch)?)),
        (STRING, DataType::Opaque) => {
            let length = base64::decode(Unescaped::new(raw.bytes), scratch, Variant::Url)?;
            scratch.get(..length).map(Value::Opaque)
        }
        // Leshan writes links as "sv"; the definition leaves no doubt about what is meant
        (LINK | STRING, DataType::Objlnk) => {
            number::object_link(raw.bytes).map(|(object, instance)| Value::Objlnk(object, instance))
        }
        _ => None,
    };
    value.ok_or(Error::BadValue)
}

/// A whole number, also one written with a fraction of zeros or an exponent.
fn integer(text: &[u8]) -> Option<i64> {
    let decimal = Decimal::parse(text)?;
    number::with_sign(decimal.negative, decimal.whole()?)
}
