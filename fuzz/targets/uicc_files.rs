//! What is on a card: BER, file control parameters, EF(DIR), ODF and DODF. Nothing panics, whatever is told lies in the input,
//! and a file that is read in pieces has the elements that it has as a whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::uicc::ber::{self, Front};
use whimbrel::uicc::fcp::{Fcp, Kind};
use whimbrel::uicc::pkcs15::{AID, Directory, FilePath, application, directory, iccid, object};
use whimbrel_fuzz::bytes::Bytes;

const OID: &[u8] = b"\x67\x2b\x09\x01";

fn contains(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}

/// Whether `part` is a piece of `whole`, and not a copy of one.
fn inside(whole: &[u8], part: &[u8]) -> bool {
    let (whole, part) = (whole.as_ptr_range(), part.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

/// A file in pieces of `step` bytes, as far as it can be read: its elements.
fn elements(file: &[u8], step: usize) -> (Vec<&[u8]>, bool) {
    let (mut at, mut held, mut found) = (0, 0, Vec::new());
    loop {
        let end = file.len().min(at + held);
        match ber::front(&file[at..end], end == file.len()) {
            Ok(Front::End) => return (found, true),
            Ok(Front::Longer(needed)) => {
                assert!(needed > end - at && end < file.len());
                held = end - at + step;
            }
            Ok(Front::Whole(size)) => {
                assert!(size >= 2 && size <= end - at);
                found.push(&file[at..at + size]);
                (at, held) = (at + size, end - at - size);
            }
            Err(_) => return (found, false),
        }
    }
}

/// The same by `first` alone.
fn whole(file: &[u8]) -> (Vec<&[u8]>, bool) {
    let (mut rest, mut found) = (file, Vec::new());
    loop {
        match ber::first(rest) {
            Ok(None) => {
                assert!(matches!(rest, [] | [0x00 | 0xff, ..]));
                return (found, true);
            }
            Ok(Some(tlv)) => {
                assert!(inside(rest, tlv.value) && rest[..tlv.size].ends_with(tlv.value));
                let head = tlv.size - tlv.value.len();
                assert!(
                    (2..=5).contains(&head) && rest.starts_with(&tlv.tag.to_be_bytes()[tag_start(tlv.tag)..])
                );
                let found_first = ber::find(rest, tlv.tag).expect("it is the first");
                assert_eq!(found_first, Some(tlv.value));
                found.push(&rest[..tlv.size]);
                rest = &rest[tlv.size..];
            }
            Err(_) => return (found, false),
        }
    }
}

fn tag_start(tag: u16) -> usize {
    if tag < 0x100 { 1 } else { 0 }
}

fn check_path(element: &[u8], file: &FilePath) {
    let mut buffer = [0xee; 18];
    let (p1, data) = file.select(&mut buffer).expect("it was parsed");
    assert!(p1 == 0x08 && data.len().is_multiple_of(2) && (2..=18).contains(&data.len()));
    let own = data.strip_prefix(b"\x7f\xff").unwrap_or(data);
    assert!(contains(element, own), "{data:02x?}");
}

fn check_object(element: &[u8]) {
    let Ok(Some(found)) = object(element) else { return };
    assert!(contains(element, OID) && matches!(element[0], 0x30 | 0xa1));
    check_path(element, &found.file);
    if found.private || found.modifiable {
        assert!(element.contains(&0x03));
    }
}

fn check_file(file: &[u8], step: usize) {
    let pieces = elements(file, step);
    assert_eq!(pieces, whole(file));
    for element in pieces.0 {
        check_object(element);
        match directory(element) {
            Ok(Directory::File(path)) => check_path(element, &path),
            Ok(Directory::Here(objects)) => {
                assert!(element[0] == 0xa7 && inside(element, objects));
                elements(objects, step).0.into_iter().for_each(check_object);
            }
            Ok(Directory::Other) | Err(_) => {}
        }
    }
}

fn check_parameters(response: &[u8]) {
    let Ok(fcp) = Fcp::parse(response) else { return };
    assert_eq!(response[0], 0x62);
    if let Kind::Records { length, .. } = fcp.kind {
        assert!(length > 0 && contains(response, &[0, length]));
    }
    let mut pins = fcp.pins.iter().skip_while(|pin| pin.is_some());
    assert!(pins.all(|pin| pin.is_none()), "no gaps");
    for pin in fcp.pins.iter().flatten() {
        assert!(contains(response, &[pin.reference]));
    }
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let (what, step) = (bytes.byte(), usize::from(bytes.byte()) + 1);
    match what % 4 {
        0 => check_file(bytes.0, step),
        1 => check_parameters(bytes.0),
        2 => {
            if let Ok(Some(aid)) = application(bytes.0) {
                assert!(aid.starts_with(&AID) && aid.len() <= 16 && inside(bytes.0, aid));
            }
        }
        _ => {
            let mut digits = [0; 20];
            let length = iccid(bytes.0, &mut digits);
            assert!(length <= 20.min(2 * bytes.0.len()));
            assert!(
                digits[..length].iter().all(u8::is_ascii_hexdigit)
                    && digits[length..].iter().all(|d| *d == 0)
            );
        }
    }
});
