//! Variables of the application: loading and storing them by type.

use super::object::{whimbrel_bytes_t, whimbrel_resource_t};
use super::types::*;
use crate::error::Error;
use crate::value::Value;
use core::ffi::{CStr, c_char};
use core::ptr;

/// Loads the element at `at`.
///
/// # Safety
/// `at` points to a variable as the resource describes it; what is returned is used before the variable changes.
pub(super) unsafe fn load<'v>(resource: &whimbrel_resource_t, at: *const u8) -> Result<Value<'v>, Error> {
    // SAFETY: the contract above; unaligned reads, because members may be packed
    unsafe {
        Ok(match (resource.data_type, resource.capacity) {
            (WHIMBREL_STRING | WHIMBREL_CORELNK, capacity) => Value::String(load_text(at, capacity)?),
            (WHIMBREL_INTEGER, 1) => Value::Integer(read::<i8>(at).into()),
            (WHIMBREL_INTEGER, 2) => Value::Integer(read::<i16>(at).into()),
            (WHIMBREL_INTEGER, 8) => Value::Integer(read::<i64>(at)),
            (WHIMBREL_INTEGER, _) => Value::Integer(read::<i32>(at).into()),
            (WHIMBREL_UNSIGNED, 1) => Value::Unsigned(read::<u8>(at).into()),
            (WHIMBREL_UNSIGNED, 2) => Value::Unsigned(read::<u16>(at).into()),
            (WHIMBREL_UNSIGNED, 8) => Value::Unsigned(read::<u64>(at)),
            (WHIMBREL_UNSIGNED, _) => Value::Unsigned(read::<u32>(at).into()),
            (WHIMBREL_FLOAT, 4) => Value::Float(read::<f32>(at).into()),
            (WHIMBREL_FLOAT, _) => Value::Float(read::<f64>(at)),
            (WHIMBREL_BOOLEAN, _) => Value::Boolean(read::<u8>(at) != 0),
            (WHIMBREL_TIME, 4) => Value::Time(read::<i32>(at).into()),
            (WHIMBREL_TIME, _) => Value::Time(read::<i64>(at)),
            (WHIMBREL_OBJLNK, _) => {
                let [object, instance] = read::<[u16; 2]>(at);
                Value::Objlnk(object, instance)
            }
            (WHIMBREL_OPAQUE, _) => {
                let bytes = read::<whimbrel_bytes_t>(at);
                let length = usize::from(bytes.length);
                Value::Opaque(if bytes.bytes.is_null() || length == 0 {
                    &[]
                } else {
                    core::slice::from_raw_parts(bytes.bytes, length)
                })
            }
            _ => return Err(Error::Handler),
        })
    }
}

unsafe fn read<T>(at: *const u8) -> T {
    // SAFETY: the contract of `load`
    unsafe { ptr::read_unaligned(at.cast()) }
}

unsafe fn load_text<'v>(at: *const u8, capacity: u16) -> Result<&'v str, Error> {
    // SAFETY: the contract of `load`
    let bytes = unsafe {
        if capacity == 0 {
            CStr::from_ptr(at.cast::<c_char>()).to_bytes()
        } else {
            let all = core::slice::from_raw_parts(at, capacity.into());
            let end = all.iter().position(|byte| *byte == 0).unwrap_or(all.len());
            all.get(..end).unwrap_or(&[])
        }
    };
    core::str::from_utf8(bytes).map_err(|_| Error::Handler)
}

/// Whether a value fits the variable; nothing is stored.
///
/// # Safety
/// As for [`load`].
pub(super) unsafe fn fits(
    resource: &whimbrel_resource_t,
    at: *const u8,
    value: Value<'_>,
) -> Result<(), Error> {
    let capacity = i64::from(resource.capacity);
    let fine = match (resource.data_type, value) {
        // room for the NUL, and none inside
        (WHIMBREL_STRING | WHIMBREL_CORELNK, Value::String(text)) => {
            text.len() < usize::from(resource.capacity) && !text.bytes().any(|byte| byte == 0)
        }
        (WHIMBREL_INTEGER, Value::Integer(v)) => in_range(v, if capacity == 0 { 4 } else { capacity }),
        (WHIMBREL_TIME, Value::Time(v)) => in_range(v, if capacity == 0 { 8 } else { capacity }),
        (WHIMBREL_UNSIGNED, Value::Unsigned(v)) => match capacity {
            1 => v <= u8::MAX.into(),
            2 => v <= u16::MAX.into(),
            8 => true,
            _ => v <= u32::MAX.into(),
        },
        (WHIMBREL_FLOAT, Value::Float(_)) => true,
        (WHIMBREL_BOOLEAN, Value::Boolean(_)) => true,
        (WHIMBREL_OBJLNK, Value::Objlnk(..)) => true,
        (WHIMBREL_OPAQUE, Value::Opaque(new)) => {
            // SAFETY: the contract above
            let bytes = unsafe { read::<whimbrel_bytes_t>(at) };
            new.len() <= usize::from(bytes.capacity) && !bytes.bytes.is_null()
        }
        _ => false,
    };
    if fine { Ok(()) } else { Err(Error::BadValue) }
}

fn in_range(value: i64, bytes: i64) -> bool {
    match bytes {
        1 => i8::try_from(value).is_ok(),
        2 => i16::try_from(value).is_ok(),
        8 => true,
        _ => i32::try_from(value).is_ok(),
    }
}

/// Stores a value that [`fits`].
///
/// # Safety
/// As for [`load`], and the variable is writable.
pub(super) unsafe fn store(
    resource: &whimbrel_resource_t,
    at: *mut u8,
    value: Value<'_>,
) -> Result<(), Error> {
    // SAFETY: the contract above
    unsafe {
        fits(resource, at, value)?;
        match (value, resource.capacity) {
            (Value::String(text), _) => {
                ptr::copy_nonoverlapping(text.as_ptr(), at, text.len());
                at.add(text.len()).write(0);
            }
            (Value::Integer(v) | Value::Time(v), 1) => write(at, v as i8),
            (Value::Integer(v) | Value::Time(v), 2) => write(at, v as i16),
            (Value::Integer(v) | Value::Time(v), 8) => write(at, v),
            (Value::Time(v), 0) => write(at, v),
            (Value::Integer(v) | Value::Time(v), _) => write(at, v as i32),
            (Value::Unsigned(v), 1) => write(at, v as u8),
            (Value::Unsigned(v), 2) => write(at, v as u16),
            (Value::Unsigned(v), 8) => write(at, v),
            (Value::Unsigned(v), _) => write(at, v as u32),
            (Value::Float(v), 4) => write(at, v as f32),
            (Value::Float(v), _) => write(at, v),
            (Value::Boolean(v), _) => write(at, u8::from(v)),
            (Value::Objlnk(object, instance), _) => write(at, [object, instance]),
            (Value::Opaque(new), _) => {
                let mut bytes = read::<whimbrel_bytes_t>(at);
                ptr::copy_nonoverlapping(new.as_ptr(), bytes.bytes, new.len());
                bytes.length = new.len() as u16;
                write(at, bytes);
            }
        }
    }
    Ok(())
}

unsafe fn write<T>(at: *mut u8, value: T) {
    // SAFETY: the contract of `store`
    unsafe { ptr::write_unaligned(at.cast(), value) }
}

/// How many bytes one element of a list has.
pub(super) fn stride(resource: &whimbrel_resource_t) -> usize {
    match (resource.data_type, resource.capacity) {
        (WHIMBREL_OPAQUE, _) => size_of::<whimbrel_bytes_t>(),
        (WHIMBREL_OBJLNK, _) => 4,
        (WHIMBREL_BOOLEAN, _) => 1,
        (WHIMBREL_FLOAT | WHIMBREL_TIME, 0) => 8,
        (_, 0) => 4,
        (_, capacity) => capacity.into(),
    }
}
