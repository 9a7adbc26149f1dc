//! The client.

use super::{INTERNAL, WHIMBREL_ERR_ARGUMENT, whimbrel_format_t, whimbrel_object_t, whimbrel_path_t};
use core::ffi::c_void;

/// A client. Opaque, in memory of the caller.
pub struct whimbrel_client_t {
    count: usize,
}

/// Run-time limits.
#[repr(C)]
pub struct whimbrel_limits_t {
    /// sizeof(whimbrel_limits_t).
    pub size: u32,
    /// Servers at once.
    pub servers: u16,
}

/// Not for C: no `repr(C)`, not in a signature.
pub struct Internal;

/// Bytes that whimbrel_client_init() needs for these limits; 0 if limits is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_size(limits: *const whimbrel_limits_t) -> usize {
    match unsafe { limits.as_ref() } {
        None => 0,
        Some(limits) => INTERNAL * usize::from(limits.servers),
    }
}

/// Adds an object.
///
/// @param client   May not be NULL.
/// @param object   Kept; must outlive the client.
/// @param context  Passed on to the handlers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_object_add(
    client: *mut whimbrel_client_t,
    object: *const whimbrel_object_t,
    context: *mut c_void,
) -> i32 {
    let _ = context;
    let (Some(client), Some(_)) = (unsafe { client.as_mut() }, unsafe { object.as_ref() }) else {
        return WHIMBREL_ERR_ARGUMENT;
    };
    client.count = client.count.saturating_add(1);
    planted(client.count)
}

#[cfg(not(any(feature = "plant-index", feature = "plant-format", feature = "plant-alloc")))]
fn planted(_: usize) -> i32 {
    super::WHIMBREL_OK
}

#[cfg(feature = "plant-index")]
fn planted(at: usize) -> i32 {
    [1, 2, 3, 5][at]
}

#[cfg(feature = "plant-format")]
fn planted(at: usize) -> i32 {
    use core::fmt::Write;
    struct Count(i32);
    impl Write for Count {
        fn write_str(&mut self, s: &str) -> core::fmt::Result {
            self.0 = self.0.wrapping_add(s.len() as i32);
            Ok(())
        }
    }
    let mut count = Count(0);
    let _ = write!(count, "{at}");
    count.0
}

#[cfg(feature = "plant-alloc")]
fn planted(at: usize) -> i32 {
    let mut bytes = alloc::vec::Vec::<u8>::new();
    if bytes.try_reserve(at).is_err() { -1 } else { bytes.capacity() as i32 }
}

/// Whether two paths are the same: 1 or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_path_equal(left: whimbrel_path_t, right: whimbrel_path_t) -> i32 {
    i32::from(left.length == right.length && left.ids == right.ids)
}

/// Handles one datagram: the sample's packet entry. Returns the length of the answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_packet(
    format: *const whimbrel_format_t,
    datagram: *const u8,
    length: usize,
    answer: *mut u8,
    size: usize,
) -> i32 {
    let Some(whimbrel_format_t { write: Some(write), .. }) = (unsafe { format.as_ref() }) else {
        return WHIMBREL_ERR_ARGUMENT;
    };
    if datagram.is_null() || answer.is_null() {
        return WHIMBREL_ERR_ARGUMENT;
    }
    let datagram = unsafe { core::slice::from_raw_parts(datagram, length) };
    let sum = datagram.iter().fold(0i32, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    unsafe { write(answer, size, sum) }
}
