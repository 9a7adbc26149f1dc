//! A client with SMS behind the C API: what arrives as TPDUs, in secured packets, by UDP, and when power goes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::bytes::Bytes;
use whimbrel_fuzz::sms::Scene;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let mut scene = Scene::new(bytes.byte());
    for _ in 0..64 {
        if bytes.is_empty() {
            break;
        }
        scene.step(&mut bytes);
    }
});
