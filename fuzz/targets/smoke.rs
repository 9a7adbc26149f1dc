//! A template: copy it and replace the body with one call into the engine.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((length, rest)) = data.split_first() {
        let _ = rest.get(..usize::from(*length));
    }
});
