//! Anything that a bootstrap server commands, and whatever else happens meanwhile: all of it holds, or nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| whimbrel_fuzz::boot::session(data));
