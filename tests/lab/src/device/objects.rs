//! Handlers: what the application does when a server reads, writes, executes, creates or deletes.

use super::platform::{Platform, platform};
use super::state::CREATABLE;
use std::ffi::{c_char, c_void};
use whimbrel::capi::*;

/// The place a handler is called for, such as `/26241/0/20`.
unsafe fn place(call: *mut whimbrel_call_t) -> String {
    // SAFETY: a handler's call
    let path = unsafe { whimbrel_call_path(call) };
    format!("/{}/{}/{}", path.object, path.instance, path.resource)
}

/// The bytes of a String or an Opaque.
unsafe fn bytes(call: *mut whimbrel_call_t) -> Vec<u8> {
    let (mut data, mut length) = (std::ptr::null(), 0);
    // SAFETY: a handler's call; the bytes live as long
    unsafe {
        assert_eq!(whimbrel_value_bytes(call, &mut data, &mut length), WHIMBREL_OK);
        std::slice::from_raw_parts(data, length).to_vec()
    }
}

unsafe fn reply_text(call: *mut whimbrel_call_t, text: &str) -> i32 {
    // SAFETY: a handler's call
    unsafe { whimbrel_reply_string(call, text.as_ptr().cast::<c_char>(), text.len()) }
}

/// Keeps an Execute with its arguments.
unsafe fn note_execution(platform: &Platform, call: *mut whimbrel_call_t) {
    let mut arguments = Vec::new();
    for digit in 0..10 {
        let (mut value, mut length) = (std::ptr::null(), 0);
        // SAFETY: a handler's call; the text lives as long
        unsafe {
            if whimbrel_argument(call, digit, &mut value, &mut length) == WHIMBREL_OK {
                let text = (!value.is_null())
                    .then(|| std::slice::from_raw_parts(value.cast::<u8>(), length).to_vec())
                    .map(|text| String::from_utf8_lossy(&text).into_owned());
                arguments.push((digit, text));
            }
        }
    }
    // SAFETY: a handler's call
    platform.state.executions.borrow_mut().push((unsafe { place(call) }, arguments));
}

macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident($platform:ident, $call:ident) $body:block)*) => {
        $($(#[$doc])* pub(super) unsafe extern "C" fn $name(context: *mut c_void, $call: *mut whimbrel_call_t) -> i32 {
            // SAFETY: the client hands over what it was given, and a call that lives until the handler returns
            let $platform = unsafe { platform(context) };
            // SAFETY: as above
            #[allow(unused_unsafe)]
            unsafe { $body }
        })*
    };
}

handlers! {
    /// `/3303/0/5605`: Reset Min and Max Measured Values.
    reset_extremes(platform, call) {
        note_execution(platform, call);
        platform.state.lowest.set(platform.state.celsius.get());
        platform.state.highest.set(platform.state.celsius.get());
        WHIMBREL_OK
    }
    /// Any other executable resource.
    execute(platform, call) {
        note_execution(platform, call);
        WHIMBREL_OK
    }
    execute_in_vain(platform, call) {
        note_execution(platform, call);
        WHIMBREL_ERR_HANDLER
    }
    execute_later(platform, call) {
        note_execution(platform, call);
        WHIMBREL_DEFERRED
    }
    /// How often `/26241/x/20` was executed.
    count(platform, call) {
        let executions = platform.state.executions.borrow();
        let mine = format!("/{CREATABLE}/{}/20", whimbrel_call_path(call).instance);
        whimbrel_reply_integer(call, executions.iter().filter(|(at, _)| *at == mine).count() as i64)
    }
    read_blob(platform, call) {
        let blob = platform.state.blob.borrow();
        whimbrel_reply_opaque(call, blob.content.as_ptr(), blob.content.len())
    }
    /// Takes an upload chunk by chunk.
    write_blob(platform, call) {
        let (mut offset, mut last) = (0, 0);
        assert_eq!(whimbrel_value_part(call, &mut offset, &mut last), WHIMBREL_OK);
        let mut blob = platform.state.blob.borrow_mut();
        if blob.refuse_at == Some(offset) {
            return WHIMBREL_ERR_HANDLER;
        }
        if offset == 0 {
            blob.chunks.clear();
        }
        blob.chunks.push((offset, bytes(call)));
        if last != 0 {
            let whole = blob.chunks.iter().flat_map(|(_, chunk)| chunk.clone()).collect();
            blob.complete.push(whole);
        }
        WHIMBREL_OK
    }
    blob_length(platform, call) {
        whimbrel_reply_integer(call, platform.state.blob.borrow().complete.last().map_or(0, Vec::len) as i64)
    }
    read_text(platform, call) {
        reply_text(call, &platform.state.trouble.borrow().text)
    }
    write_text(platform, call) {
        let mut trouble = platform.state.trouble.borrow_mut();
        if trouble.fail {
            return WHIMBREL_ERR_HANDLER;
        }
        trouble.text = String::from_utf8_lossy(&bytes(call)).into_owned();
        WHIMBREL_OK
    }
    read_later(platform, call) {
        let trouble = platform.state.trouble.borrow();
        if trouble.defer { WHIMBREL_DEFERRED } else { whimbrel_reply_integer(call, trouble.number) }
    }
    write_later(platform, call) {
        let mut trouble = platform.state.trouble.borrow_mut();
        assert_eq!(whimbrel_value_integer(call, &mut trouble.number), WHIMBREL_OK);
        trouble.writes += 1;
        if trouble.defer { WHIMBREL_DEFERRED } else { WHIMBREL_OK }
    }
    /// `/26241/x/21`: never takes a value at once.
    write_never(_platform, _call) { WHIMBREL_DEFERRED }
    read_in_vain(_platform, _call) { WHIMBREL_ERR_HANDLER }
    read_nothing(_platform, _call) { WHIMBREL_ERR_NOT_FOUND }
    write_secret(platform, call) {
        let mut trouble = platform.state.trouble.borrow_mut();
        if trouble.refuse {
            return WHIMBREL_ERR_HANDLER;
        }
        trouble.secrets.push(String::from_utf8_lossy(&bytes(call)).into_owned());
        WHIMBREL_OK
    }
}

pub(super) unsafe extern "C" fn create(context: *mut c_void, instance: u16, data: *mut *mut c_void) -> i32 {
    // SAFETY: the client hands over what it was given, and a place for the data
    let platform = unsafe { platform(context) };
    if platform.state.refusals.get() > 0 {
        platform.state.refusals.set(platform.state.refusals.get() - 1);
        return WHIMBREL_ERR_FULL;
    }
    // SAFETY: as above
    unsafe { data.write(platform.state.new_instance(instance).cast()) };
    WHIMBREL_OK
}

pub(super) unsafe extern "C" fn remove(context: *mut c_void, instance: u16, _data: *mut c_void) -> i32 {
    // SAFETY: the client hands over what it was given
    let gone = unsafe { platform(context) }.state.instances.borrow_mut().remove(&instance);
    assert!(gone.is_some(), "instance {instance} is removed twice");
    WHIMBREL_OK
}

fn note_reset(context: *mut c_void, path: &str) -> i32 {
    // SAFETY: the client hands over what it was given
    let platform = unsafe { platform(context) };
    platform.state.executions.borrow_mut().push((path.into(), Vec::new()));
    WHIMBREL_OK
}

pub(super) unsafe extern "C" fn reboot(context: *mut c_void) -> i32 {
    note_reset(context, "/3/0/4")
}

pub(super) unsafe extern "C" fn factory_reset(context: *mut c_void) -> i32 {
    note_reset(context, "/3/0/5")
}

pub(super) unsafe extern "C" fn get_time(context: *mut c_void) -> i64 {
    // SAFETY: the client hands over what it was given
    let platform = unsafe { platform(context) };
    platform.state.time.get() + seconds_of(platform)
}

pub(super) unsafe extern "C" fn set_time(context: *mut c_void, seconds: i64) -> i32 {
    // SAFETY: the client hands over what it was given
    let platform = unsafe { platform(context) };
    platform.state.time.set(seconds - seconds_of(platform));
    WHIMBREL_OK
}

/// How long the bench has been running.
fn seconds_of(platform: &Platform) -> i64 {
    (platform.now.get() / 1000) as i64
}
