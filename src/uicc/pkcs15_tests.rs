use super::*;
use std::vec::Vec;

/// An element in its shortest form.
fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    match content.len() {
        length @ ..=127 => [&[tag, length as u8][..], &content].concat(),
        length => [&[tag, 0x81, length as u8][..], &content].concat(),
    }
}

fn path(path: &[u8]) -> Vec<u8> {
    der(0x30, &[&der(0x04, &[path])])
}

/// A data object of one of the two types, from its three parts.
fn data_object(tag: u8, common: &[&[u8]], class: &[&[u8]], of_type: &[&[u8]]) -> Vec<u8> {
    der(tag, &[&der(0x30, common), &der(0x30, class), &der(0xa1, of_type)])
}

const LABEL: &[u8] = b"\x0c\x05Boot!";
const OID_ONCE: &[u8] = b"\x06\x04\x67\x2b\x09\x01";
const OID_TWICE: &[u8] = b"\x06\x06\x06\x04\x67\x2b\x09\x01";
const OID_OTHER: &[u8] = b"\x06\x04\x67\x2b\x09\x02";

fn selected(file: &FilePath) -> Vec<u8> {
    let mut buffer = [0xee; 18];
    let (p1, data) = file.select(&mut buffer).unwrap();
    assert_eq!(p1, 0x08);
    data.to_vec()
}

#[test]
fn the_application_is_known_by_its_aid() {
    let record = |aid: &[u8]| [der(0x61, &[&der(0x4f, &[aid]), b"\x50\x01x"]), b"\xff\xff".to_vec()].concat();
    let longer = [&AID[..], b"\x01\x02"].concat();
    for aid in [&AID[..], &longer] {
        assert_eq!(application(&record(aid)), Ok(Some(aid)));
    }
    // the label may stand first
    assert_eq!(application(&der(0x61, &[b"\x50\x01x", &der(0x4f, &[&AID])])), Ok(Some(&AID[..])));
    for other in [b"\xa0\0\0\0\x87\x10\x02".as_slice(), &AID[..11], b""] {
        assert_eq!(application(&record(other)), Ok(None));
    }
    for none in [&b""[..], b"\xff\xff\xff", b"\x61\x00", b"\x61\x03\x50\x01x", b"\x62\x02\x4f\x00"] {
        assert_eq!(application(none), Ok(None));
    }
    let too_long = [&AID[..], b"12345"].concat();
    for broken in [&record(&too_long)[..], b"\x61\x0e\x4f\x0c\xa0", b"\x61", b"\x61\x02\x4f\x01"] {
        assert_eq!(application(broken), Err(Error::Malformed));
    }
}

#[test]
fn the_directory_of_data_objects_is_a_file_or_in_place() {
    let entry = der(0xa7, &[&path(b"\x64\x30")]);
    let Ok(Directory::File(file)) = directory(&entry) else { panic!() };
    assert_eq!((file.index, file.size), (0, None));
    assert_eq!(selected(&file), b"\x7f\xff\x64\x30");

    let objects = data_object(0x30, &[LABEL], &[OID_ONCE], &[&path(b"\x64\x32")]);
    assert_eq!(directory(&der(0xa7, &[&der(0xa0, &[&objects])])), Ok(Directory::Here(&objects)));
    assert_eq!(directory(b"\xa7\x02\xa0\x00"), Ok(Directory::Here(b"")));

    for other in [&b"\xa5\x06\x30\x04\x04\x02\x44\x04"[..], b"\xa0\x00", b"\xa8\x00", b"\xa7\x02\xa2\x00"] {
        assert_eq!(directory(other), Ok(Directory::Other));
    }
    for broken in [&b""[..], b"\xff", b"\xa7\x00", b"\xa7\x02\x30\x00", b"\xa7\x06\x30\x04\x04\x02\x64"] {
        assert_eq!(directory(broken), Err(Error::Malformed), "{broken:02x?}");
    }
}

/// Both types, the label in either sequence or none, the OID in either place, in either spelling.
#[test]
fn every_form_of_the_object_is_found() {
    let plain = path(b"\x64\x32");
    let mut forms = 0;
    for oid in [OID_ONCE, OID_TWICE] {
        let with_id = der(0x30, &[oid, &plain]);
        for tag in [0x30, 0xa1] {
            for (common, class) in [(LABEL, &b""[..]), (b"", LABEL), (LABEL, LABEL), (b"", b"")] {
                for element in [
                    data_object(tag, &[common], &[class], &[&with_id]),
                    data_object(tag, &[common], &[class, oid], &[&plain]),
                    data_object(tag, &[common, oid], &[class], &[&plain]),
                    data_object(tag, &[common], &[class, oid], &[&with_id]),
                ] {
                    let object = object(&element).unwrap().unwrap();
                    assert_eq!(selected(&object.file), b"\x7f\xff\x64\x32", "{element:02x?}");
                    assert_eq!((object.private, object.modifiable), (false, false));
                    forms += 1;
                }
            }
        }
    }
    assert_eq!(forms, 64);
    // attributes of a subclass in between
    let attributes = [der(0x30, &[LABEL]), der(0x30, &[OID_ONCE]), b"\xa0\x00".to_vec()].concat();
    assert!(object(&der(0x30, &[&attributes, &der(0xa1, &[&plain])])).unwrap().is_some());
}

#[test]
fn another_object_is_none() {
    let plain = path(b"\x64\x32");
    for element in [
        data_object(0x30, &[LABEL], &[], &[&plain]),
        data_object(0x30, &[LABEL], &[OID_OTHER], &[&plain]),
        data_object(0xa1, &[LABEL], &[], &[&der(0x30, &[OID_OTHER, &plain])]),
        data_object(0x30, &[LABEL], &[b"\x06\x05\x67\x2b\x09\x01\x00"], &[&plain]),
        data_object(0x30, &[LABEL], &[b"\x06\x03\x67\x2b\x09"], &[&plain]),
        // external, and one that only looks so
        data_object(0xa0, &[LABEL], &[OID_ONCE], &[&plain]),
        data_object(0x31, &[LABEL], &[OID_ONCE], &[&plain]),
        // of another object, a path need not be one that can be selected
        data_object(0x30, &[LABEL], &[], &[&path(b"\x64")]),
        b"\x30\x00".to_vec(),
    ] {
        assert_eq!(object(&element), Ok(None), "{element:02x?}");
    }
}

#[test]
fn flags_have_their_bits_at_the_top() {
    for (flags, expected) in [
        (&b""[..], Ok((false, false))),
        (b"\x03\x01\x00", Ok((false, false))),
        (b"\x03\x02\x06\x00", Ok((false, false))),
        (b"\x03\x02\x07\x80", Ok((true, false))),
        (b"\x03\x02\x06\x40", Ok((false, true))),
        (b"\x03\x02\x06\xc0", Ok((true, true))),
        (b"\x03\x02\x00\xc0", Ok((true, true))),
        (b"\x03\x03\x07\x40\x80", Ok((false, true))),
        // the last bits are not there
        (b"\x03\x02\x07\xff", Ok((true, false))),
        (b"\x03\x00", Err(Error::Malformed)),
        (b"\x03\x02\x08\x80", Err(Error::Malformed)),
        (b"\x03\x01\x07", Err(Error::Malformed)),
    ] {
        let element = data_object(0x30, &[LABEL, flags, b"\x04\x01\x01"], &[OID_ONCE], &[&path(b"\x64\x32")]);
        let told =
            object(&element).map(|object| object.unwrap()).map(|object| (object.private, object.modifiable));
        assert_eq!(told, expected, "{flags:02x?}");
    }
}

#[test]
fn a_path_may_name_a_slice() {
    let of = |more: &[u8]| {
        let path = der(0x30, &[b"\x04\x02\x64\x32", more]);
        let element = data_object(0x30, &[LABEL], &[OID_ONCE], &[&path]);
        object(&element).map(|object| object.unwrap()).map(|object| (object.file.index, object.file.size))
    };
    assert_eq!(of(b""), Ok((0, None)));
    assert_eq!(of(b"\x02\x01\x00\x80\x02\x02\x00"), Ok((0, Some(512))));
    assert_eq!(of(b"\x02\x02\x01\x00\x80\x01\x20"), Ok((256, Some(32))));
    assert_eq!(of(b"\x02\x03\x00\xff\xff\x80\x01\x00"), Ok((0xffff, Some(0))));
    assert_eq!(of(b"\x02\x01\x07"), Ok((7, None)));
    assert_eq!(of(b"\x80\x01\x07"), Ok((0, Some(7))));
    assert_eq!(of(b"\x02\x01\xff"), Err(Error::Malformed), "negative");
    assert_eq!(of(b"\x02\x00"), Err(Error::Malformed));
    assert_eq!(of(b"\x80\x03\x01\x00\x00"), Err(Error::BadValue));
}

#[test]
fn a_path_begins_at_the_master_file_or_at_the_application() {
    let of = |told: &[u8]| {
        let element = data_object(0x30, &[], &[OID_ONCE], &[&path(told)]);
        object(&element).map(|object| selected(&object.unwrap().file))
    };
    for (told, expected) in [
        (&b"\x64\x32"[..], &b"\x7f\xff\x64\x32"[..]),
        (b"\x50\x20\x64\x32", b"\x7f\xff\x50\x20\x64\x32"),
        (b"\x3f\x00\x64\x32", b"\x64\x32"),
        (b"\x3f\x00\x7f\x50\x64\x32", b"\x7f\x50\x64\x32"),
        (b"\x3f\x00\x7f\xff\x64\x32", b"\x7f\xff\x64\x32"),
        (b"\x7f\xff\x64\x32", b"\x7f\xff\x64\x32"),
        (b"0123456789abcdef", b"\x7f\xff0123456789abcdef"),
    ] {
        assert_eq!(of(told).unwrap(), expected, "{told:02x?}");
    }
    for (told, error) in [
        (&b""[..], Error::BadValue),
        (b"\x64", Error::BadValue),
        (b"\x64\x32\x00", Error::BadValue),
        (b"\x3f\x00", Error::BadValue),
        (b"\x7f\xff", Error::BadValue),
        (b"0123456789abcdef01", Error::BadValue),
    ] {
        assert_eq!(of(told), Err(error), "{told:02x?}");
    }
}

#[test]
fn an_object_that_is_cut_or_not_in_a_file_is_refused() {
    let whole = data_object(0xa1, &[LABEL], &[], &[&der(0x30, &[OID_ONCE, &path(b"\x64\x32")])]);
    assert!(object(&whole).unwrap().is_some());
    for cut in 0..whole.len() {
        assert_eq!(object(&whole[..cut]), Err(Error::Malformed));
    }
    for of_type in [&b""[..], b"\xa0\x02\x04\x00", b"\x30\x00"] {
        let element = data_object(0x30, &[LABEL], &[OID_ONCE], &[of_type]);
        assert_eq!(object(&element), Err(Error::NotSupported), "{of_type:02x?}");
    }
    // content in place of a path
    let direct = data_object(0xa1, &[LABEL], &[], &[&der(0x30, &[OID_ONCE, b"\xa0\x01\x00"])]);
    assert_eq!(object(&direct), Err(Error::NotSupported));
}

#[test]
fn digits_of_an_iccid_are_swapped() {
    let of = |file: &[u8]| {
        let mut digits = [0xee; 20];
        let length = iccid(file, &mut digits);
        assert!(digits[length..].iter().all(|digit| *digit == 0xee));
        std::string::String::from_utf8(digits[..length].to_vec()).unwrap()
    };
    assert_eq!(of(b"\x98\x10\x32\x54\x76\x98\x10\x32\x54\xf6"), "8901234567890123456");
    assert_eq!(of(b"\x98\x10\x32\x54\x76\x98\x10\x32\x54\x76"), "89012345678901234567");
    assert_eq!(of(b"\x98\xa0\xff\xff\xff\xff\xff\xff\xff\xff"), "890A");
    assert_eq!(of(&[0x11; 12]), "11111111111111111111");
    assert_eq!(of(b"\x98"), "89");
    assert_eq!(of(&[0xff; 10]), "");
    assert_eq!(of(b""), "");
}
