//! A stand-in for the engine: one of each thing that the C API consists of, and nothing useful.
#![no_std]
#![allow(non_camel_case_types, non_upper_case_globals, missing_docs)]
#[cfg(feature = "plant-alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod capi;

/// Why something did not happen.
pub enum Error {
    /// An argument is wrong.
    Argument = -1,
}
pub(crate) const NONE: u16 = 0xffff;

#[cfg(all(not(feature = "std"), target_os = "none"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// The C library's allocator, so that the planted allocation is a real one.
#[cfg(all(feature = "plant-alloc", not(feature = "std")))]
mod planted {
    use core::{alloc::Layout, ffi::c_void};
    unsafe extern "C" {
        fn malloc(size: usize) -> *mut c_void;
        fn free(memory: *mut c_void);
    }
    struct Libc;
    unsafe impl core::alloc::GlobalAlloc for Libc {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            unsafe { malloc(layout.size()).cast() }
        }
        unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
            unsafe { free(memory.cast()) }
        }
    }
    #[global_allocator]
    static LIBC: Libc = Libc;
}
