//! The formats of a single value, text and opaque, and the codecs of numbers that text consists of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::format::{OPAQUE, TEXT};
use whimbrel_fuzz::formats;

fuzz_target!(|data: &[u8]| {
    let base = formats::base(2);
    let read = formats::read(&OPAQUE, data, base);
    assert!(read.is_some_and(|records| records.len() == 1), "octets are octets");
    // text that is no UTF-8 is none of the types
    formats::read(&TEXT, data, base);
});
