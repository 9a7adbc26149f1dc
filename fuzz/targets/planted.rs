//! Crashes as soon as the fuzzer finds its way through two comparisons: proves that coverage leads it and that a
//! finding fails the run. Not among the targets of `make fuzz`; see scripts/selftest.sh.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let [b'w', b'h', ..] = data {
        panic!("planted");
    }
});
