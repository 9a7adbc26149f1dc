use super::*;
use std::vec;
use std::vec::Vec;

#[test]
fn elements_have_tags_and_lengths_of_every_form() {
    for (bytes, tag, value) in [
        (&b"\x04\x02ab"[..], 0x04, &b"ab"[..]),
        (b"\x62\x00rest", 0x62, b""),
        (b"\x04\x81\x02abc", 0x04, b"ab"),
        (b"\x04\x82\x00\x01abc", 0x04, b"a"),
        (b"\x7f\x20\x01a", 0x7f20, b"a"),
        (b"\x5f\x2f\x81\x01ab", 0x5f2f, b"a"),
    ] {
        let tlv = first(bytes).unwrap().unwrap();
        assert_eq!((tlv.tag, tlv.value), (tag, value), "{bytes:02x?}");
        assert!(bytes[..tlv.size].ends_with(value));
    }
    let long = [&b"\x04\x82\x01\x00"[..], &[7; 256]].concat();
    assert_eq!(first(&long), Ok(Some(Tlv { tag: 4, value: &[7; 256], size: 260 })));
}

#[test]
fn the_end_and_padding_are_not_elements() {
    for bytes in [&b""[..], b"\xff", b"\xff\xff\xff", b"\0", b"\0\0"] {
        assert_eq!(first(bytes), Ok(None));
        assert_eq!(find(bytes, 0xff), Ok(None));
        assert_eq!(front(bytes, true), Ok(Front::End));
    }
    assert_eq!(front(b"\xff", false), Ok(Front::End));
    assert_eq!(front(b"", false), Ok(Front::Longer(1)));
}

#[test]
fn what_is_cut_or_of_another_grammar_is_refused() {
    for bytes in [
        &b"\x04"[..],
        b"\x04\x01",
        b"\x04\x81",
        b"\x04\x81\x01",
        b"\x04\x82\x01",
        b"\x7f",
        b"\x7f\x20",
        // a tag of three octets, a length without end, one of four octets
        b"\x7f\x81\x01\x00",
        b"\x30\x80\x00\x00",
        b"\x04\x83\x00\x00\x01a",
        b"\x04\x84\x00\x00\x00\x01a",
        b"\x04\xff",
    ] {
        assert_eq!(first(bytes), Err(Error::Malformed), "{bytes:02x?}");
        assert_eq!(front(bytes, true), Err(Error::Malformed), "{bytes:02x?}");
        assert_eq!(find(bytes, 0x30), Err(Error::Malformed));
    }
}

#[test]
fn an_element_is_found_at_its_level_only() {
    let bytes = b"\x30\x04\x04\x02ab\x0c\x01x\x04\x01y\x04\x01z\xff\xff";
    assert_eq!(find(bytes, 0x04), Ok(Some(&b"y"[..])));
    assert_eq!(find(bytes, 0x30), Ok(Some(&b"\x04\x02ab"[..])));
    assert_eq!(find(bytes, 0x06), Ok(None));
    // what stands behind it is not looked at
    assert_eq!(find(b"\x04\x00\x05\x09", 0x04), Ok(Some(&b""[..])));
}

/// Windows that grow as they are told come to the element in few steps, and to nothing else.
#[test]
fn a_window_that_grows_as_told_holds_the_element() {
    let of = |head: &[u8], length: usize| [head, &vec![0x55; length]].concat();
    let elements: [Vec<u8>; 6] = [
        of(b"\x04\x00", 0),
        of(b"\x04\x7f", 127),
        of(b"\x04\x81\x80", 128),
        of(b"\x04\x82\x01\x00", 256),
        of(b"\x7f\x21\x03", 3),
        of(b"\x7f\x21\x82\x02\x00", 512),
    ];
    for element in elements {
        let file = [&element[..], b"\xff\xff\xff"].concat();
        let (mut held, mut steps) = (0, 0);
        let size = loop {
            match front(&file[..held], false).unwrap() {
                Front::Longer(more) => {
                    assert!(more > held && more <= element.len());
                    held = more;
                }
                Front::Whole(size) => break size,
                Front::End => panic!("{file:02x?}"),
            }
            steps += 1;
            assert!(steps <= 5);
        };
        assert_eq!(size, element.len());
        assert_eq!(first(&file).unwrap().unwrap().size, size);
        for cut in 1..size {
            assert_eq!(front(&file[..cut], true), Err(Error::Malformed));
        }
    }
}
