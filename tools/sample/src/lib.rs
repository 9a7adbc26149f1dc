//! A stand-in for the engine: one of each thing that the C API consists of, and nothing useful.
#![no_std]
#![allow(non_camel_case_types, non_upper_case_globals, missing_docs)]
#[cfg(feature = "plant-alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod capi;

#[cfg(all(not(feature = "std"), target_os = "none"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// An allocator that has nothing, so that the planted allocation links.
#[cfg(all(feature = "plant-alloc", not(feature = "std")))]
mod planted {
    struct Nothing;
    unsafe impl core::alloc::GlobalAlloc for Nothing {
        unsafe fn alloc(&self, _: core::alloc::Layout) -> *mut u8 {
            core::ptr::null_mut()
        }
        unsafe fn dealloc(&self, _: *mut u8, _: core::alloc::Layout) {}
    }
    #[global_allocator]
    static NOTHING: Nothing = Nothing;
}
