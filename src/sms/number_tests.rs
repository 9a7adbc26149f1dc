use super::*;
use std::string::String;
use std::vec::Vec;

fn number(text: &str) -> Number {
    Number::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn digits(number: &Number) -> String {
    let mut out = [0; 20];
    let count = number.digits(&mut out);
    String::from_utf8(out[..count].to_vec()).unwrap()
}

fn address(number: &Number) -> Vec<u8> {
    let mut out = [0xaa; ADDRESS];
    let length = number.write_address(&mut out).unwrap();
    out[..length].to_vec()
}

#[test]
fn text_as_people_write_it() {
    for text in ["+15555550123", "+1 555 555-0123", " +1 (555) 555.0123 ", "(+1)5555550123"] {
        assert_eq!((digits(&number(text)), number(text).is_international()), ("15555550123".into(), true));
    }
    assert_eq!((digits(&number("0123")), number("0123").is_international()), ("0123".into(), false));
    assert_eq!(digits(&number("12345678901234567890")).len(), 20);
    let wrong: [&[u8]; 10] =
        [b"", b"+", b"++1", b"1+2", b"12a", b"*100#", b"tel:+1", b"123456789012345678901", b"1/2", b"1\0"];
    for text in wrong {
        assert_eq!(Number::parse(text), Err(Error::BadValue), "{text:?}");
    }
}

#[test]
fn addresses_are_written_as_they_are_read() {
    for (text, expected) in [
        ("+15555550123", &[0x0b, 0x91, 0x51, 0x55, 0x55, 0x05, 0x21, 0xf3][..]),
        ("12345", &[0x05, 0x81, 0x21, 0x43, 0xf5]),
        ("7", &[0x01, 0x81, 0xf7]),
        ("+1234567890", &[0x0a, 0x91, 0x21, 0x43, 0x65, 0x87, 0x09]),
    ] {
        assert_eq!(address(&number(text)), expected);
        assert_eq!(Number::from_address(expected[1], &expected[2..], expected[0]), Some(number(text)));
        assert_eq!(Number::read_address(expected), Ok(number(text)));
        for cut in 0..expected.len() {
            assert_eq!(Number::read_address(&expected[..cut]), Err(Error::Malformed), "{text} {cut}");
        }
        for room in 0..expected.len() {
            assert_eq!(number(text).write_address(&mut [0; ADDRESS][..room]), Err(Error::Full));
        }
    }
    assert_eq!(address(&number("99999999999999999999")).len(), ADDRESS, "the longest");
    assert!(size_of::<Number>() <= 16);
}

#[test]
fn what_is_no_number_is_none() {
    let read = Number::from_address;
    assert_eq!(read(0xd0, &[0xcc, 0x7b, 0x53, 0xd6, 0x04], 9), None, "alphanumeric");
    assert_eq!(read(0xd0, &[0x21, 0x43], 4), None, "alphanumeric that looks like digits");
    assert_eq!(read(0xf1, &[0x21], 2), None, "a reserved type");
    assert_eq!(read(0x11, &[0x21], 2), None, "a type that goes on");
    for letter in 0x0a..=0x0f {
        assert_eq!(read(0x91, &[letter << 4 | 1], 2), None, "{letter:x}, high");
        assert_eq!(read(0x91, &[letter | 0x10], 2), None, "{letter:x}, low");
    }
    assert_eq!(read(0x91, &[], 0), None, "no digits");
    assert_eq!(read(0x91, &[0x21], 3), None, "too few octets");
    assert_eq!(read(0x91, &[0x11; 11], 21), None, "too many digits");
}

#[test]
fn every_other_type_is_one_kind() {
    for type_of_address in [0x80, 0x81, 0xa1, 0xa8, 0xb1, 0xc1, 0xe1, 0x89] {
        assert_eq!(Number::from_address(type_of_address, &[0x21, 0xf3], 3), Some(number("123")));
    }
    assert_eq!(Number::from_address(0x91, &[0x21, 0x03], 3), Some(number("+123")), "another filler than F");
    assert_eq!(Number::from_address(0x90, &[0x21, 0xf3], 3), Some(number("+123")), "an unknown plan");
}

#[test]
fn the_same_number() {
    assert!(number("+15555550123").is_same(&number("+1 555 555-0123")));
    assert!(number("12345").is_same(&number("12345")));
    assert!(!number("+15555550123").is_same(&number("15555550123")), "of which country?");
    assert!(!number("+15555550123").is_same(&number("+15555550124")));
    assert!(!number("+15555550123").is_same(&number("+155555501230")));
    assert!(!number("0123").is_same(&number("123")));
}

#[test]
fn similar_numbers_end_alike() {
    let similar = |one: &str, other: &str| {
        assert_eq!(
            number(one).is_similar(&number(other)),
            number(other).is_similar(&number(one)),
            "symmetric"
        );
        number(one).is_similar(&number(other))
    };
    for other in ["+15555550123", "15555550123", "5555550123", "5550123", "0015555550123", "0005550123"] {
        assert!(similar("+15555550123", other), "{other}");
    }
    assert!(similar("+4917012345678", "017012345678"), "a trunk prefix");
    assert!(similar("5555550123", "5550123"), "both national");
    for other in ["+25555550123", "25555550123", "550123", "0550123", "5550124", "155555501230", "+5550123"] {
        assert!(!similar("+15555550123", other), "{other}");
    }
    assert!(!similar("12345", "12345"), "too short to tell, though the same");
    assert!(!similar("0000000", "0000000"), "zeros only");
    assert!(!similar("00000000000000000000", "+15555550123"), "as many as there can be");
}

#[test]
fn the_service_centre_in_front() {
    let line = [0x07, 0x91, 0x51, 0x55, 0x55, 0x05, 0x01, 0xf0, 0xaa, 0xbb];
    assert_eq!(split_smsc(&line), Ok((Some(number("+15555550100")), &[0xaa, 0xbb][..])));
    let mut out = [0; 10];
    assert_eq!(Number::write_smsc(Some(&number("+15555550100")), &mut out), Ok(8));
    assert_eq!(out[..8], line[..8]);
    assert_eq!(split_smsc(&[0x03, 0x91, 0x21, 0x43, 0xaa]), Ok((Some(number("+1234")), &[0xaa][..])), "even");
    assert_eq!(split_smsc(&[0, 0xaa]), Ok((None, &[0xaa][..])), "none");
    assert_eq!(Number::write_smsc(None, &mut out), Ok(1));
    assert_eq!(out[0], 0);
    assert_eq!(split_smsc(&[1, 0x91, 0xaa]), Ok((None, &[0xaa][..])), "no digits");
    assert_eq!(split_smsc(&[3, 0xd0, 0x41, 0x42, 0xaa]), Ok((None, &[0xaa][..])), "a name");
    assert_eq!(split_smsc(&[2, 0x91, 0xff, 0xaa]), Ok((None, &[0xaa][..])), "filler only");
    for wrong in [&[][..], &[1], &[8, 1, 2, 3, 4, 5, 6, 7], &[12; 20]] {
        assert_eq!(split_smsc(wrong), Err(Error::Malformed));
    }
    assert_eq!(Number::write_smsc(None, &mut []), Err(Error::Full));
    assert_eq!(Number::write_smsc(Some(&number("+15555550100")), &mut [0; 7]), Err(Error::Full));
}
