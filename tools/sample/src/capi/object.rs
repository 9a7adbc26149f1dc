//! Objects: constant tables that the application names.

use core::ffi::{c_char, c_void};

/// A request being answered. Opaque; valid until the handler returns.
pub struct whimbrel_call_t {
    _private: [u8; 0],
}

/// Answers a Read.
///
/// @param context  As given to whimbrel_object_add().
/// @return WHIMBREL_OK or a negative status.
pub type whimbrel_read_t =
    Option<unsafe extern "C" fn(context: *mut c_void, call: *mut whimbrel_call_t, instance: u16) -> i32>;

/// A path of up to four numbers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_path_t {
    pub ids: [u16; 4],
    pub length: u8,
}

/// One resource of an object.
#[repr(C)]
pub struct whimbrel_resource_t {
    /// Resource ID.
    pub id: u16,
    /// WHIMBREL_READ and so on, or-ed.
    pub operations: u8,
    /// A variable, or NULL.
    pub value: *mut c_void,
    /// A handler, or NULL.
    pub read: whimbrel_read_t,
    /// A handler whose type has no name of its own.
    pub execute: Option<unsafe extern "C" fn(context: *mut c_void, arguments: *const c_char) -> i32>,
}

/// An object.
#[repr(C)]
pub struct whimbrel_object_t {
    /// sizeof(whimbrel_object_t).
    pub size: u32,
    pub id: u16,
    pub resource_count: u16,
    pub resources: *const whimbrel_resource_t,
}

/// A format, chosen by naming it.
#[repr(C)]
pub struct whimbrel_format_t {
    pub id: u16,
    pub write: Option<unsafe extern "C" fn(buffer: *mut u8, size: usize, value: i32) -> i32>,
}

unsafe extern "C" fn write_text(buffer: *mut u8, size: usize, value: i32) -> i32 {
    if size == 0 {
        return -1;
    }
    unsafe { *buffer = value as u8 };
    1
}

/// Plain text.
#[unsafe(no_mangle)]
pub static whimbrel_format_text: whimbrel_format_t = whimbrel_format_t { id: 0, write: Some(write_text) };

/// A list, which names itself.
#[repr(C)]
pub struct whimbrel_list_t {
    pub next: *mut whimbrel_list_t,
    pub object: *const whimbrel_object_t,
}
