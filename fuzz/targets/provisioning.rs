//! Anything as a provisioning blob: taken as a whole or not at all, and what is taken fits together.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| whimbrel_fuzz::boot::provision(data));
