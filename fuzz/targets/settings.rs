//! Anything in the storage that settings are taken up from: consistent accounts or none, and what is stored next holds.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| whimbrel_fuzz::boot::settings(data));
