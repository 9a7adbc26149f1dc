//! A template: copy it, replace the body with one call into the engine, keep every outcome reachable.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // A datagram length byte followed by that many bytes: stands for a parser until the first one exists.
    if let Some((length, rest)) = data.split_first() {
        let _ = rest.get(..usize::from(*length));
        // Proves in scripts/selftest.sh that a finding stops the run.
        assert!(!cfg!(feature = "plant-crash") || !rest.starts_with(b"wh"), "planted");
    }
});
