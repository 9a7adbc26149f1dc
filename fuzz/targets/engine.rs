//! The whole engine behind the C API: what servers send, what the platform does to it and what the application asks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::bytes::Bytes;
use whimbrel_fuzz::world::Bench;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let mut bench = Bench::new(&mut bytes);
    bench.settle();
    // a step takes a byte at least; the limit keeps one run short
    for _ in 0..64 {
        if bytes.is_empty() {
            break;
        }
        bench.step(&mut bytes);
    }
    bench.end();
});
