//! TLV beyond the examples: round trips of random trees, what a reader takes and refuses, widths of numbers.

mod format_common;

use format_common::{Node, Owned, Random, assert_windows, hex, leaves, read, write};
use whimbrel::error::Error;
use whimbrel::format::{Cursor, Format, TLV};
use whimbrel::path::{NONE, Path};
use whimbrel::value::{DataType, Value};

/// The paths of a payload's records, containers marked.
fn paths(base: Path, payload: &str) -> Result<Vec<([u16; 4], bool)>, Error> {
    let payload = hex(payload);
    let mut cursor = Cursor::new(&payload, base);
    let mut found = Vec::new();
    while let Some(record) = TLV.next(&mut cursor)? {
        found.push((record.path.ids(), record.raw.is_none()));
    }
    Ok(found)
}

#[test]
fn random_trees_survive_the_round_trip() {
    let mut random = Random(0x71b);
    for round in 0..3000 {
        let (base, nodes) = random.tree();
        let whole = write(&TLV, base, &nodes).unwrap();
        let leaves = leaves(base, &nodes);
        let types = |path| leaves.iter().find(|(at, _)| *at == path).unwrap().1.data_type();
        let records = read(&TLV, base, &whole, &types).unwrap();
        let found: Vec<_> = records.into_iter().filter_map(|(path, value)| Some((path, value?))).collect();
        assert_eq!(found, leaves);
        if round % 20 == 0 {
            let size = 16 + random.below(180);
            assert_windows(&TLV, base, &nodes, &whole, size..=size);
        }
    }
}

#[test]
fn numbers_take_the_least_of_1_2_4_and_8_bytes() {
    let bytes = |value: Owned| {
        let whole = write(&TLV, Path::resource(1, 0, 0), &[Node::Resource(0, value)]).unwrap();
        whole[if whole.len() > 9 { 3 } else { 2 }..].to_vec()
    };
    for (value, expected) in [
        (Owned::Integer(0), "00"),
        (Owned::Integer(127), "7f"),
        (Owned::Integer(-128), "80"),
        (Owned::Integer(128), "0080"),
        (Owned::Integer(-32768), "8000"),
        (Owned::Integer(32768), "00008000"),
        (Owned::Integer(1 << 31), "0000000080000000"),
        (Owned::Integer(i64::MIN), "8000000000000000"),
        (Owned::Unsigned(255), "ff"),
        (Owned::Unsigned(256), "0100"),
        (Owned::Unsigned(0xffff_ffff), "ffffffff"),
        (Owned::Unsigned(u64::MAX), "ffffffffffffffff"),
        (Owned::Time(1_367_491_215), "5182428f"),
        (Owned::Float(0.0), "00000000"),
        (Owned::Float(-0.0), "80000000"),
        (Owned::Float(22.5), "41b40000"),
        (Owned::Float(0.1), "3fb999999999999a"),
        (Owned::Float(f64::INFINITY), "7f800000"),
        (Owned::Float(f64::from(f32::MAX)), "7f7fffff"),
        (Owned::Float(f64::from(f32::MIN_POSITIVE)), "00800000"),
        (Owned::Float(f64::MAX), "7fefffffffffffff"),
        (Owned::Boolean(true), "01"),
        (Owned::Objlnk(66, 1), "00420001"),
    ] {
        assert_eq!(bytes(value.clone()), hex(expected), "{value:?}");
    }
}

#[test]
fn floats_narrow_and_widen_without_loss() {
    let mut random = Random(0xf10a7);
    let decode = |bytes: &[u8]| {
        let raw = whimbrel::format::Raw { bytes, tag: 0 };
        match TLV.decode(raw, DataType::Float, &mut []) {
            Ok(Value::Float(number)) => number,
            other => panic!("{other:?}"),
        }
    };
    for _ in 0..100_000 {
        let narrow = f32::from_bits(random.next() as u32);
        let wide = decode(&narrow.to_be_bytes());
        if !narrow.is_nan() {
            assert_eq!(wide.to_bits(), f64::from(narrow).to_bits());
        }
        let payload = write(&TLV, Path::resource(1, 0, 0), &[Node::Resource(0, Owned::Float(wide))]).unwrap();
        let value = &payload[if payload.len() > 9 { 3 } else { 2 }..];
        assert_eq!(decode(value).to_bits(), wide.to_bits());
        assert_eq!(value.len() == 4, narrow == 0.0 || !narrow.is_subnormal());
    }
}

#[test]
fn values_of_the_wrong_length_are_refused() {
    let decode = |bytes: &str, data_type| {
        let bytes = hex(bytes);
        let raw = whimbrel::format::Raw { bytes: &bytes, tag: 0 };
        TLV.decode(raw, data_type, &mut []).map(Owned::of)
    };
    for bytes in ["", "000000", "0000000000", "000000000000000000"] {
        for data_type in
            [DataType::Integer, DataType::Unsigned, DataType::Time, DataType::Float, DataType::Objlnk]
        {
            assert_eq!(decode(bytes, data_type), Err(Error::BadValue));
        }
    }
    for (bytes, data_type) in [
        ("02", DataType::Boolean),
        ("0001", DataType::Boolean),
        ("01", DataType::Float),
        ("0001", DataType::Objlnk),
        ("ff", DataType::String),
        ("00", DataType::None),
    ] {
        assert_eq!(decode(bytes, data_type), Err(Error::BadValue));
    }
    // leading zeros and sign bits
    assert_eq!(decode("0000000000000001", DataType::Integer), Ok(Owned::Integer(1)));
    assert_eq!(decode("ffff", DataType::Integer), Ok(Owned::Integer(-1)));
    assert_eq!(decode("ffff", DataType::Unsigned), Ok(Owned::Unsigned(0xffff)));
    assert_eq!(decode("80000000", DataType::Time), Ok(Owned::Time(-0x8000_0000)));
}

/// Create: Object Instances, or resources whose instance the client chooses; not both.
#[test]
fn below_an_object() {
    let base = Path::object(16);
    let [instance, resource] = [[16, 1, NONE, NONE], [16, 1, 2, NONE]];
    assert_eq!(paths(base, "03 01 c1 02 05"), Ok(vec![(instance, true), (resource, false)]));
    assert_eq!(paths(base, "00 01"), Ok(vec![(instance, true)]), "an instance without resources");
    assert_eq!(
        paths(base, "00 01 20 01 00"),
        Ok(vec![(instance, true), ([16, 256, NONE, NONE], true)]),
        "two instances"
    );
    assert_eq!(
        paths(base, "c1 02 05 83 03 41 00 07"),
        Ok(vec![([16, NONE, 2, NONE], false), ([16, NONE, 3, NONE], true), ([16, NONE, 3, 0], false)])
    );
    for payload in
        ["00 01 c1 02 05", "c1 02 05 00 01", "41 00 07", "02 01 00 02", "02 01 41 05", "82 01 80 02"]
    {
        assert_eq!(paths(base, payload), Err(Error::Malformed), "{payload}");
    }
    assert_eq!(paths(base, "20 ff ff"), Err(Error::BadValue), "65535 identifies nothing");
    assert_eq!(paths(base, ""), Ok(vec![]));
    assert_eq!(paths(Path::ROOT, "00 01"), Err(Error::Malformed));
}

/// Write on an instance: bare resources, or one Object Instance that holds them.
#[test]
fn below_an_instance() {
    let base = Path::instance(3, 0);
    let expected = vec![([3, 0, 14, NONE], false), ([3, 0, 11, NONE], true), ([3, 0, 11, 5], false)];
    assert_eq!(paths(base, "c0 0e 83 0b 41 05 00"), Ok(expected.clone()));
    let mut wrapped = vec![([3, 0, NONE, NONE], true)];
    wrapped.extend(expected);
    assert_eq!(paths(base, "07 00 c0 0e 83 0b 41 05 00"), Ok(wrapped));
    assert_eq!(
        paths(base, "82 0b 40 05 c0 0e").map(|found| found.len()),
        Ok(3),
        "a resource behind a multiple one"
    );
    assert_eq!(paths(base, "02 01 c0 0e"), Err(Error::BadValue), "another instance");
    assert_eq!(paths(base, "00 00 00 00"), Err(Error::Malformed), "a second wrapper");
    assert_eq!(paths(base, "41 05 00"), Err(Error::Malformed));
}

/// Write on a resource, and on a resource instance (1.1).
#[test]
fn below_a_resource() {
    let base = Path::resource(3, 0, 11);
    let multiple = ([3, 0, 11, NONE], true);
    assert_eq!(paths(base, "c1 0b 05"), Ok(vec![([3, 0, 11, NONE], false)]));
    assert_eq!(paths(base, "83 0b 41 05 00"), Ok(vec![multiple, ([3, 0, 11, 5], false)]));
    assert_eq!(paths(base, "80 0b"), Ok(vec![multiple]), "no instances at all");
    assert_eq!(paths(base, "41 05 00 41 06 00"), Ok(vec![([3, 0, 11, 5], false), ([3, 0, 11, 6], false)]));
    assert_eq!(paths(base, "c1 0c 05"), Err(Error::BadValue));
    assert_eq!(paths(base, "80 0c"), Err(Error::BadValue));
    assert_eq!(paths(base, "05 00 83 0b 41 05 00"), Err(Error::Malformed));
    let base = base.with_resource_instance(5);
    assert_eq!(paths(base, "41 05 00"), Ok(vec![([3, 0, 11, 5], false)]));
    assert_eq!(paths(base, "83 0b 41 05 00"), Ok(vec![multiple, ([3, 0, 11, 5], false)]));
    assert_eq!(paths(base, "41 06 00"), Err(Error::BadValue));
    assert_eq!(paths(base, "83 0b 41 06 00"), Err(Error::BadValue));
    assert_eq!(paths(base, "c1 0b 00"), Err(Error::Malformed));
}

#[test]
fn lengths() {
    let base = Path::instance(3, 0);
    // bits 2-0 mean nothing when a length field is there; lengths may be longer than needed
    for payload in ["cf 0e 01 55", "d7 0e 00 01 55", "df 0e 00 00 01 55", "e1 00 0e 55"] {
        assert_eq!(paths(base, payload), Ok(vec![([3, 0, 14, NONE], false)]), "{payload}");
    }
    for payload in [
        "c1",
        "c1 0e",
        "c2 0e 55",
        "c8 0e",
        "c8 0e 02 55",
        "d0 0e 00",
        "d8 0e ff ff ff 00",
        "e0 0e",
        "83 0b 42 05 00",
        "83 0b 41 05",
        "82 0b 41 05 00",
        "83 0b 41 05 00 c1",
    ] {
        assert_eq!(paths(base, payload), Err(Error::Malformed), "{payload}");
    }
}

#[test]
fn lengths_of_8_16_and_24_bits_are_written() {
    for (length, header) in
        [(7, "c7 01"), (8, "c8 01 08"), (255, "c8 01 ff"), (256, "d0 01 0100"), (65536, "d8 01 010000")]
    {
        let value = Owned::Opaque(vec![7; length]);
        let nodes = [Node::Instance(300, vec![Node::Resource(1, value)])];
        let whole = write(&TLV, Path::object(9), &nodes).unwrap();
        let header = hex(header);
        let start = whole.len() - length - header.len();
        assert_eq!(whole[start..start + header.len()], header);
        assert_eq!(whole[..3], [whole[0] & 0x3f | 0x20, 1, 44]);
        let records = read(&TLV, Path::object(9), &whole, &|_| DataType::Opaque).unwrap();
        assert_eq!(records.len(), 2);
    }
}

#[test]
fn garbage_is_survived() {
    let mut random = Random(0x6a7ba6e);
    let types = [DataType::String, DataType::Integer, DataType::Float, DataType::Objlnk, DataType::Boolean];
    for _ in 0..200_000 {
        let mut payload = random.bytes(40);
        for byte in &mut payload {
            // kinds and small identifiers, so that some of it gets past the first entry
            if random.below(3) > 0 {
                *byte &= 0xe7;
                *byte &= if random.below(2) == 0 { 0x03 } else { 0xc3 };
            }
        }
        let base = random.pick(&[
            Path::ROOT,
            Path::object(3),
            Path::instance(3, 0),
            Path::resource(3, 0, 1),
            Path::resource(3, 0, 1).with_resource_instance(0),
        ]);
        let data_type = random.pick(&types);
        if let Ok(records) = read(&TLV, base, &payload, &|_| data_type) {
            assert!(records.iter().all(|(path, _)| base.touches(*path)));
        }
    }
}
