//! Datagrams into each state of a handshake: the client's role, with the client around it, and the server's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel_fuzz::bytes::Bytes;
use whimbrel_fuzz::dtls::{Pair, Scene, Shape};

/// The limit keeps one run short.
const STEPS: usize = 64;

fn client(shape: Shape, bytes: &mut Bytes<'_>) {
    let mut scene = Scene::new(shape);
    scene.is_unsettled();
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        scene.act(bytes);
    }
    scene.finish();
}

fn server(shape: Shape, bytes: &mut Bytes<'_>) {
    let mut pair = Pair::new(shape);
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        pair.act(bytes);
    }
    pair.finish();
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let bits = bytes.pair();
    let shape = Shape::new(bits);
    if bits & 0x8000 == 0 { client(shape, &mut bytes) } else { server(shape, &mut bytes) }
});
