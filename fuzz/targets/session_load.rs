//! Anything in the storage that a session is taken up from: the client goes on with it, or begins anew.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::bytes::Bytes;
use whimbrel_fuzz::dtls::{Scene, Shape, Shelf};

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let shape = Shape { persistent: true, ..Shape::new(bytes.pair()) };
    let mut scene = Scene::new(shape);
    scene.establish();
    let mut shelf = Shelf(&mut scene);
    // each power cycle may cost a handshake
    for _ in 0..if shape.certificates { 6 } else { 32 } {
        if bytes.is_empty() {
            break;
        }
        shelf.act(&mut bytes);
    }
    shelf.finish();
});
