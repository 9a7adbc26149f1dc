//! The TLV reader, and the writer on all that it accepts. The first byte chooses the place that is addressed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::format::TLV;
use whimbrel_fuzz::formats;

fuzz_target!(|data: &[u8]| {
    let Some((choice, payload)) = data.split_first() else { return };
    let base = formats::base(*choice);
    if let Some(records) = formats::read(&TLV, payload, base) {
        formats::write(&TLV, base, &records);
    }
});
