//! Datagrams into an established session: what does not come from the server changes nothing, and what the network loses
//! the client gets over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::bytes::Bytes;
use whimbrel_fuzz::dtls::{Scene, Shape};

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let mut scene = Scene::new(Shape::new(bytes.pair()));
    scene.establish();
    // a step takes a byte at least; the limit keeps one run short
    for _ in 0..64 {
        if bytes.is_empty() {
            break;
        }
        scene.act(&mut bytes);
    }
    scene.finish();
});
