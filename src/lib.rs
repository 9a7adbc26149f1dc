//! Whimbrel, an LwM2M client for cellular modems: a sans-I/O engine behind a stable C API.
#![no_std]

#[cfg(feature = "std")]
extern crate std;

pub mod at;
mod bytes;
pub mod capi;
pub mod client;
pub mod coap;
mod count;
pub mod crypto;
pub mod error;
mod fnv;
pub mod format;
pub mod model;
pub mod objects;
pub mod path;
pub mod port;
pub mod secure;
pub mod sms;
pub mod storage;
pub mod time;
pub mod uicc;
pub mod value;

/// Firmware archives have no panicking path (`make test` proves it); the language asks for a handler all the same.
#[cfg(all(target_os = "none", not(feature = "std")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
