//! The formats of a single value: plain text and opaque (TS 1.0 sections 6.4.1 and 6.4.2).

mod format_common;

use format_common::{Node, Owned, Random, assert_windows, read, write};
use whimbrel::error::Error;
use whimbrel::format::base64::{self, Variant};
use whimbrel::format::{Cursor, Encoder, Format, OPAQUE, TEXT, Window};
use whimbrel::path::Path;
use whimbrel::value::{DataType, Value};

const BASE: Path = Path::resource(3, 0, 0);

fn text_of(value: &Owned) -> Vec<u8> {
    write(&TEXT, BASE, &[Node::Resource(0, value.clone())]).unwrap()
}

fn read_text(text: &[u8], data_type: DataType) -> Result<Owned, Error> {
    let records = read(&TEXT, BASE, text, &|_| data_type)?;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].0, BASE);
    Ok(records[0].1.clone().unwrap())
}

/// The examples of section 6.4.1 and Appendix C.
#[test]
fn values_as_appendix_c_writes_them() {
    for (value, text) in [
        (Owned::text("Open Mobile Alliance"), "Open Mobile Alliance"),
        (Owned::text(""), ""),
        (Owned::Integer(-750), "-750"),
        (Owned::Integer(i64::MIN), "-9223372036854775808"),
        (Owned::Unsigned(u64::MAX), "18446744073709551615"),
        (Owned::Float(22.5), "22.5"),
        (Owned::Float(6.667e-11), "0.00000000006667"),
        (Owned::Boolean(true), "1"),
        (Owned::Boolean(false), "0"),
        (Owned::Opaque(vec![1, 2, 3, 4, 5]), "AQIDBAU="),
        (Owned::Opaque(vec![]), ""),
        (Owned::Time(1_476_186_613), "1476186613"),
        (Owned::Objlnk(66, 0), "66:0"),
        (Owned::Objlnk(0xffff, 0xffff), "65535:65535"),
    ] {
        assert_eq!(String::from_utf8(text_of(&value)).unwrap(), text);
        assert_eq!(read_text(text.as_bytes(), value.data_type()), Ok(value));
    }
    assert_eq!(read_text(b"10:03", DataType::Objlnk), Ok(Owned::Objlnk(10, 3)));
}

#[test]
fn text_that_is_no_such_value_is_refused() {
    for (text, data_type) in [
        ("", DataType::Integer),
        ("1.0", DataType::Integer),
        ("9223372036854775808", DataType::Integer),
        ("-1", DataType::Unsigned),
        ("true", DataType::Boolean),
        ("2", DataType::Boolean),
        ("", DataType::Boolean),
        ("nan", DataType::Float),
        ("AQIDBAU", DataType::Opaque),
        ("66", DataType::Objlnk),
        ("66:65536", DataType::Objlnk),
        ("x", DataType::None),
    ] {
        assert_eq!(read_text(text.as_bytes(), data_type), Err(Error::BadValue), "{text}");
    }
    assert_eq!(read_text(b"\xff", DataType::String), Err(Error::BadValue));
    let mut out = Encoder::new(Window::new(&mut [], 0), BASE, false);
    assert_eq!(TEXT.value(&mut out, BASE, Value::Float(f64::NAN)), Err(Error::BadValue));
    assert_eq!(TEXT.value(&mut out, BASE, Value::Boolean(true)), Err(Error::NotAcceptable), "a second value");
}

#[test]
fn text_survives_the_round_trip() {
    let mut random = Random(0x7ea);
    for _ in 0..2000 {
        let value = random.value();
        let text = text_of(&value);
        assert_eq!(read_text(&text, value.data_type()), Ok(value.clone()));
        if text.len() < 100 {
            assert_windows(&TEXT, BASE, &[Node::Resource(0, value)], &text, 16..=17);
        }
    }
}

#[test]
fn opaque_is_the_octets() {
    for octets in [vec![], vec![0], vec![0xff; 300]] {
        let nodes = [Node::Resource(0, Owned::Opaque(octets.clone()))];
        assert_eq!(write(&OPAQUE, BASE, &nodes).unwrap(), octets);
        let records = read(&OPAQUE, BASE, &octets, &|_| DataType::Opaque).unwrap();
        assert_eq!(records, [(BASE, Some(Owned::Opaque(octets.clone())))]);
        assert_windows(&OPAQUE, BASE, &nodes, &octets, 64..=65);
    }
    assert!(write(&OPAQUE, BASE, &[Node::Resource(0, Owned::text("x"))]).is_err());
    let record = OPAQUE.next(&mut Cursor::new(b"x", BASE)).unwrap().unwrap();
    assert_eq!(OPAQUE.decode(record.raw.unwrap(), DataType::String, &mut []), Err(Error::UnsupportedFormat));
}

/// RFC 4648 section 10, and what its sections 3.2, 3.3 and 3.5 let a reader refuse.
#[test]
fn base64_vectors() {
    let decode = |text: &str, variant| {
        let mut buffer = vec![0; text.len()];
        base64::decode(text.bytes(), &mut buffer, variant).map(|length| buffer[..length].to_vec())
    };
    let vectors = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
    ];
    for (octets, text) in vectors {
        assert_eq!(decode(text, Variant::Standard).unwrap(), octets.as_bytes());
        assert_eq!(decode(text.trim_end_matches('='), Variant::Url).unwrap(), octets.as_bytes());
        let mut buffer = [0; 16];
        let mut window = Window::new(&mut buffer, 0);
        base64::encode(&mut window, octets.as_bytes(), Variant::Standard);
        assert_eq!(window.kept(), text.as_bytes());
        let mut window = Window::new(&mut buffer, 0);
        base64::encode(&mut window, octets.as_bytes(), Variant::Url);
        assert_eq!(window.kept(), text.trim_end_matches('=').as_bytes());
    }
    assert_eq!(decode("-_-_", Variant::Url), decode("+/+/", Variant::Url));
    assert_eq!(decode("+/+/", Variant::Standard).unwrap(), [0xfb, 0xff, 0xbf]);
    for text in [
        "-_-_", "Zg", "Zg=", "Zg===", "Z", "Z===", "=", "====", "Zm9v=", "Zg==Zg==", "Zh==", "Zm 9", "Zm9v\n",
    ] {
        assert_eq!(decode(text, Variant::Standard), Err(Error::BadValue), "{text}");
    }
    for text in ["Z", "Zg=", "Zh", "Z===", "Zm9v="] {
        assert_eq!(decode(text, Variant::Url), Err(Error::BadValue), "{text}");
    }
    assert_eq!(base64::decode(b"Zm9v".iter().copied(), &mut [0; 2], Variant::Url), Err(Error::Full));
}
