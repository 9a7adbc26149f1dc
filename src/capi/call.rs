//! What a handler is shown, and how it answers.

use super::types::*;
use crate::error::Error;
use crate::format::arguments::Arguments;
use crate::model::{Incoming, Output};
use crate::path::Path;
use crate::value::Value;
use core::ffi::{c_char, c_void};
use core::ptr;

/// One call of a handler. Opaque; valid until the handler returns.
pub struct whimbrel_call_t {
    path: Path,
    data: usize,
    task: Task,
}

enum Task {
    /// The output, for as long as the handler runs.
    Read(*mut c_void, unsafe fn(*mut c_void, Step<'_>) -> Result<(), Error>),
    Write(*const c_void, unsafe fn(*const c_void) -> Incoming<'static>),
    Clear,
    Execute(*const u8, usize),
}

/// What a read handler does with the output.
enum Step<'s> {
    Name(u16),
    Put(Value<'s>),
}

unsafe fn output(out: *mut c_void, step: Step<'_>) -> Result<(), Error> {
    // SAFETY: `reading` stored an Output that lives until the handler returns
    let out = unsafe { &mut *out.cast::<Output<'_, '_>>() };
    match step {
        Step::Name(id) => {
            out.resource_instance(id);
            Ok(())
        }
        Step::Put(value) => out.value(value),
    }
}

unsafe fn incoming(value: *const c_void) -> Incoming<'static> {
    // SAFETY: `writing` stored an Incoming that lives until the handler returns
    unsafe { *value.cast::<Incoming<'static>>() }
}

impl whimbrel_call_t {
    pub(super) fn reading(path: Path, data: usize, out: &mut Output<'_, '_>) -> Self {
        let path = path.with_resource(path.resource);
        Self { path, data, task: Task::Read(ptr::from_mut(out).cast(), output) }
    }

    pub(super) fn writing(path: Path, data: usize, value: &Incoming<'_>) -> Self {
        Self { path, data, task: Task::Write(ptr::from_ref(value).cast(), incoming) }
    }

    pub(super) fn clearing(path: Path, data: usize) -> Self {
        Self { path, data, task: Task::Clear }
    }

    pub(super) fn executing(path: Path, data: usize, arguments: &[u8]) -> Self {
        Self { path, data, task: Task::Execute(arguments.as_ptr(), arguments.len()) }
    }

    fn incoming(&self) -> Result<Incoming<'_>, Error> {
        match self.task {
            // SAFETY: see `incoming`
            Task::Write(value, read) => Ok(unsafe { read(value) }),
            _ => Err(Error::State),
        }
    }
}

/// # Safety
/// `call` is NULL or what a handler was given.
unsafe fn step(call: *mut whimbrel_call_t, step: Step<'_>) -> i32 {
    // SAFETY: the contract above
    let done = match unsafe { call.as_ref() } {
        None => Err(Error::Argument),
        Some(whimbrel_call_t { task: Task::Read(out, act), .. }) => unsafe { act(*out, step) },
        Some(_) => Err(Error::State),
    };
    done.map_or_else(Error::to_c, |()| 0)
}

/// Which resource a handler is called for; in a Write of a resource instance also which.
///
/// @return All WHIMBREL_NONE if call is NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_call_path(call: *const whimbrel_call_t) -> whimbrel_path_t {
    // SAFETY: the contract of every handler
    unsafe { call.as_ref() }.map_or(Path::ROOT, |call| call.path).into()
}

/// The data of the object instance, as given to whimbrel_instance_add() or by whimbrel_object_t.create.
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_call_data(call: *const whimbrel_call_t) -> *mut c_void {
    // SAFETY: the contract of every handler
    unsafe { call.as_ref() }.map_or(0, |call| call.data) as *mut c_void
}

/// Read handler: names the resource instance whose value comes next. For WHIMBREL_MULTIPLE, before each value.
///
/// @return WHIMBREL_OK; WHIMBREL_ERR_STATE: not a read; WHIMBREL_ERR_ARGUMENT. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_instance(call: *mut whimbrel_call_t, resource_instance: u16) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { step(call, Step::Name(resource_instance)) }
}

/// Read handler: gives an Integer. As all of whimbrel_reply_…(): once for a single resource, and a handler returns
/// what this returns unless it knows better.
///
/// @return WHIMBREL_OK; WHIMBREL_ERR_STATE: not a read; WHIMBREL_ERR_HANDLER: a second value, or no resource instance
///         was named; WHIMBREL_ERR_BAD_VALUE: the format cannot carry it. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_integer(call: *mut whimbrel_call_t, value: i64) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { step(call, Step::Put(Value::Integer(value))) }
}

/// Read handler: gives an Unsigned Integer. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_unsigned(call: *mut whimbrel_call_t, value: u64) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { step(call, Step::Put(Value::Unsigned(value))) }
}

/// Read handler: gives a Float. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_float(call: *mut whimbrel_call_t, value: f64) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { step(call, Step::Put(Value::Float(value))) }
}

/// Read handler: gives a Boolean, any other number than 0 being true. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_boolean(call: *mut whimbrel_call_t, value: i32) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { step(call, Step::Put(Value::Boolean(value != 0))) }
}

/// Read handler: gives a Time, in seconds since 1970. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_time(call: *mut whimbrel_call_t, seconds: i64) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { step(call, Step::Put(Value::Time(seconds))) }
}

/// Read handler: gives an Objlnk. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_objlnk(
    call: *mut whimbrel_call_t,
    object: u16,
    instance: u16,
) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { step(call, Step::Put(Value::Objlnk(object, instance))) }
}

/// Read handler: gives a String or Corelnk of `length` bytes of UTF-8; copied. Since 0.1.
///
/// @return As whimbrel_reply_integer(); WHIMBREL_ERR_BAD_VALUE: not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_string(
    call: *mut whimbrel_call_t,
    text: *const c_char,
    length: usize,
) -> i32 {
    // SAFETY: the contract of every handler, and `length` bytes at `text`
    unsafe {
        match bytes(text.cast(), length).and_then(|b| core::str::from_utf8(b).map_err(|_| Error::BadValue)) {
            Ok(text) => step(call, Step::Put(Value::String(text))),
            Err(error) => error.to_c(),
        }
    }
}

/// Read handler: gives an Opaque of `length` bytes; copied, or only a window of it where it is long. The handler is
/// called again for each block, and must give the same.
///
/// Serves: RFC 7959 section 2.4. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_reply_opaque(
    call: *mut whimbrel_call_t,
    data: *const u8,
    length: usize,
) -> i32 {
    // SAFETY: the contract of every handler, and `length` bytes at `data`
    unsafe {
        match bytes(data, length) {
            Ok(data) => step(call, Step::Put(Value::Opaque(data))),
            Err(error) => error.to_c(),
        }
    }
}

unsafe fn bytes<'b>(data: *const u8, length: usize) -> Result<&'b [u8], Error> {
    match (data.is_null(), length) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Error::Argument),
        // SAFETY: the caller promises them
        (false, _) => Ok(unsafe { core::slice::from_raw_parts(data, length) }),
    }
}

/// # Safety
/// As for every handler; `out` is NULL or writable.
unsafe fn give<T>(
    call: *const whimbrel_call_t,
    out: *mut T,
    pick: impl FnOnce(Incoming<'_>) -> Option<T>,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        let (Some(call), false) = (call.as_ref(), out.is_null()) else { return WHIMBREL_ERR_ARGUMENT };
        match call.incoming().map(pick) {
            Ok(Some(value)) => {
                out.write(value);
                WHIMBREL_OK
            }
            Ok(None) => WHIMBREL_ERR_BAD_VALUE,
            Err(error) => error.to_c(),
        }
    }
}

/// Write handler: takes an Integer or a Time.
///
/// @param value  Out.
/// @return WHIMBREL_OK; WHIMBREL_ERR_BAD_VALUE: the resource is of another type; WHIMBREL_ERR_STATE: not a write;
///         WHIMBREL_ERR_ARGUMENT. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_value_integer(call: *const whimbrel_call_t, value: *mut i64) -> i32 {
    // SAFETY: the contract of every handler
    unsafe {
        give(call, value, |incoming| match incoming.value {
            Value::Integer(v) | Value::Time(v) => Some(v),
            _ => None,
        })
    }
}

/// Write handler: takes an Unsigned Integer. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_value_unsigned(call: *const whimbrel_call_t, value: *mut u64) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { give(call, value, |i| if let Value::Unsigned(v) = i.value { Some(v) } else { None }) }
}

/// Write handler: takes a Float. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_value_float(call: *const whimbrel_call_t, value: *mut f64) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { give(call, value, |i| if let Value::Float(v) = i.value { Some(v) } else { None }) }
}

/// Write handler: takes a Boolean, 0 or 1. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_value_boolean(call: *const whimbrel_call_t, value: *mut i32) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { give(call, value, |i| if let Value::Boolean(v) = i.value { Some(v.into()) } else { None }) }
}

/// Write handler: takes an Objlnk: Object ID and Object Instance ID, two WHIMBREL_NONE for the null link. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_value_objlnk(
    call: *const whimbrel_call_t,
    object: *mut u16,
    instance: *mut u16,
) -> i32 {
    let mut link = [0u16; 2];
    // SAFETY: the contract of every handler
    unsafe {
        if object.is_null() || instance.is_null() {
            return WHIMBREL_ERR_ARGUMENT;
        }
        let status =
            give(call, &mut link, |i| if let Value::Objlnk(o, n) = i.value { Some([o, n]) } else { None });
        if status == WHIMBREL_OK {
            let [o, n] = link;
            object.write(o);
            instance.write(n);
        }
        status
    }
}

/// Write handler: shows a String, Corelnk or Opaque, or the chunk of it that has come.
///
/// @param data    Out: the bytes, not terminated; valid until the handler returns.
/// @param length  Out: how many.
/// @return As whimbrel_value_integer(). Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_value_bytes(
    call: *const whimbrel_call_t,
    data: *mut *const u8,
    length: *mut usize,
) -> i32 {
    // SAFETY: the contract of every handler
    unsafe {
        if length.is_null() {
            return WHIMBREL_ERR_ARGUMENT;
        }
        give(call, data, |incoming| {
            let bytes = match incoming.value {
                Value::String(text) => text.as_bytes(),
                Value::Opaque(bytes) => bytes,
                _ => return None,
            };
            length.write(bytes.len());
            Some(bytes.as_ptr())
        })
    }
}

/// Write handler of a WHIMBREL_STREAM: where the chunk begins, and whether it is the last. A chunk at 0 begins anew.
///
/// @param offset  Out, in bytes.
/// @param last    Out, 0 or 1.
/// @return As whimbrel_value_integer(). Serves: RFC 7959 section 2.5. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_value_part(
    call: *const whimbrel_call_t,
    offset: *mut usize,
    last: *mut i32,
) -> i32 {
    // SAFETY: the contract of every handler
    unsafe {
        if last.is_null() {
            return WHIMBREL_ERR_ARGUMENT;
        }
        give(call, offset, |incoming| {
            last.write(incoming.last.into());
            Some(incoming.offset)
        })
    }
}

/// Write handler of a WHIMBREL_MULTIPLE: whether all resource instances are to be removed, before the new ones are
/// written by calls of their own.
///
/// @return 1 or 0. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_value_clears(call: *const whimbrel_call_t) -> i32 {
    // SAFETY: the contract of every handler
    unsafe { call.as_ref() }.is_some_and(|call| matches!(call.task, Task::Clear)).into()
}

/// Execute handler: looks an argument up (TS 1.0 section 5.4.5).
///
/// @param digit   0 to 9.
/// @param value   Out: the text between the quotes, not terminated; NULL if the argument has none. Valid until the
///                handler returns.
/// @param length  Out: how many bytes.
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no such argument; WHIMBREL_ERR_STATE: not an execute;
///         WHIMBREL_ERR_ARGUMENT. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_argument(
    call: *const whimbrel_call_t,
    digit: u8,
    value: *mut *const c_char,
    length: *mut usize,
) -> i32 {
    // SAFETY: the contract of every handler
    unsafe {
        let (Some(call), false, false) = (call.as_ref(), value.is_null(), length.is_null()) else {
            return WHIMBREL_ERR_ARGUMENT;
        };
        let Task::Execute(text, size) = call.task else { return WHIMBREL_ERR_STATE };
        let Ok(arguments) = bytes(text, size).and_then(Arguments::parse) else {
            return WHIMBREL_ERR_MALFORMED;
        };
        match arguments.get(digit) {
            None => WHIMBREL_ERR_NOT_FOUND,
            Some(found) => {
                value.write(found.map_or(ptr::null(), |text| text.as_ptr().cast()));
                length.write(found.map_or(0, <[u8]>::len));
                WHIMBREL_OK
            }
        }
    }
}
