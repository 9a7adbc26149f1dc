//! The JSON of 1.0 beyond the examples: round trips, an independent parser, what a reader takes and refuses.

mod format_common;

use format_common::{Node, Owned, Random, assert_windows, leaves, read, write};
use serde_json::Value as Json;
use whimbrel::error::Error;
use whimbrel::format::{JSON, float};
use whimbrel::path::{NONE, Path};
use whimbrel::value::DataType;

fn read_as(base: Path, text: &str, data_type: DataType) -> Result<Vec<(Path, Owned)>, Error> {
    let records = read(&JSON, base, text.as_bytes(), &|_| data_type)?;
    Ok(records.into_iter().map(|(path, value)| (path, value.unwrap())).collect())
}

/// The one value of an entry `{"n":"0",…}` below `/1/0`.
fn value(member: &str, data_type: DataType) -> Result<Owned, Error> {
    let text = format!(r#"{{"bn":"/1/0/","e":[{{"n":"0",{member}}}]}}"#);
    let records = read_as(Path::instance(1, 0), &text, data_type)?;
    assert_eq!(records.len(), 1);
    Ok(records[0].1.clone())
}

/// The path that Base Name and name make.
fn path(base: Path, base_name: &str, name: &str) -> Result<Path, Error> {
    let text = format!(r#"{{"e":[{{"v":1{name}}}]{base_name}}}"#);
    read_as(base, &text, DataType::Integer).map(|records| records[0].0)
}

#[test]
fn random_trees_survive_the_round_trip() {
    let mut random = Random(0x1503);
    for round in 0..3000 {
        let (base, nodes) = random.tree();
        let whole = write(&JSON, base, &nodes).unwrap();
        let leaves = leaves(base, &nodes);
        let types = |path| leaves.iter().find(|(at, _)| *at == path).unwrap().1.data_type();
        let records = read(&JSON, base, &whole, &types).unwrap();
        let found: Vec<_> = records.into_iter().map(|(path, value)| (path, value.unwrap())).collect();
        assert_eq!(found, leaves);
        if round % 30 == 0 {
            let size = 16 + random.below(180);
            assert_windows(&JSON, base, &nodes, &whole, size..=size);
        }
    }
}

/// What we write is what serde_json understands.
#[test]
fn output_agrees_with_serde_json() {
    let mut random = Random(0x5e4de);
    for _ in 0..3000 {
        let (base, nodes) = random.tree();
        let whole = write(&JSON, base, &nodes).unwrap();
        let json: Json = serde_json::from_slice(&whole).unwrap();
        let base_name = json["bn"].as_str().unwrap();
        let entries = json["e"].as_array().unwrap();
        let leaves = leaves(base, &nodes);
        assert_eq!(entries.len(), leaves.len());
        for (entry, (path, value)) in entries.iter().zip(&leaves) {
            let ids = path.ids().into_iter().take_while(|id| *id != NONE).map(|id| format!("/{id}"));
            let name = entry.get("n").map_or("", |name| name.as_str().unwrap());
            assert_eq!(format!("{base_name}{name}"), ids.collect::<String>());
            match value {
                Owned::String(text) => assert_eq!(entry["sv"].as_str(), Some(&text[..])),
                Owned::Integer(number) | Owned::Time(number) => {
                    assert_eq!(entry["v"].as_i64(), Some(*number))
                }
                Owned::Unsigned(number) => assert_eq!(entry["v"].as_u64(), Some(*number)),
                // serde_json rounds on a fast path that may be off by a unit
                Owned::Float(number) => {
                    let read = entry["v"].as_f64().unwrap();
                    assert!((read - number).abs() <= number.abs() * 1e-15, "{read} {number}");
                }
                Owned::Boolean(yes) => assert_eq!(entry["bv"].as_bool(), Some(*yes)),
                Owned::Opaque(octets) => {
                    assert_eq!(entry["sv"].as_str().unwrap().len(), octets.len().div_ceil(3) * 4);
                }
                Owned::Objlnk(a, b) => assert_eq!(entry["ov"].as_str(), Some(&format!("{a}:{b}")[..])),
            }
        }
    }
}

/// What serde_json writes, with its escapes and without, we understand.
#[test]
fn input_agrees_with_serde_json() {
    let mut random = Random(0xe5c);
    for _ in 0..3000 {
        let text = random.text(40);
        let escaped: String = text
            .encode_utf16()
            .map(|unit| match char::from_u32(unit.into()) {
                Some(plain) if plain.is_ascii_alphanumeric() => plain.to_string(),
                _ => format!("\\u{unit:04X}"),
            })
            .collect();
        assert_eq!(serde_json::from_str::<String>(&format!("\"{escaped}\"")).unwrap(), text);
        assert_eq!(value(&format!("\"sv\":\"{escaped}\""), DataType::String), Ok(Owned::text(&text)));
        let written = serde_json::to_string(&text).unwrap();
        assert_eq!(value(&format!("\"sv\":{written}"), DataType::String), Ok(Owned::text(&text)));
        let pretty = serde_json::json!({"e": [{"sv": text, "n": "0", "x": {"y": [1, {"]": null}], "z": "}"}}], "bt": 1.5e3});
        let pretty = serde_json::to_string_pretty(&pretty).unwrap();
        let records = read_as(Path::instance(1, 0), &pretty, DataType::String);
        assert_eq!(records, Ok(vec![(Path::resource(1, 0, 0), Owned::text(&text))]));
    }
}

#[test]
fn numbers() {
    for (text, expected) in [
        ("22", Some(22)),
        ("22.0", Some(22)),
        ("22.00e2", Some(2200)),
        ("2200e-2", Some(22)),
        ("1e3", Some(1000)),
        ("1E+3", Some(1000)),
        ("0e99999999999", Some(0)),
        ("-0", Some(0)),
        ("0.0", Some(0)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("922337203685477580.7e1", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("1e19", None),
        ("1e400", None),
        ("22.5", None),
        ("1e-1", None),
        ("1e-99999999999", None),
        ("true", None),
        ("null", None),
        ("1x", None),
        ("1.2.3", None),
    ] {
        let expected = expected.ok_or(Error::BadValue);
        assert_eq!(
            value(&format!("\"v\":{text}"), DataType::Integer),
            expected.map(Owned::Integer),
            "{text}"
        );
        assert_eq!(value(&format!("\"v\":{text}"), DataType::Time), expected.map(Owned::Time), "{text}");
    }
    assert_eq!(value(r#""v":18446744073709551615"#, DataType::Unsigned), Ok(Owned::Unsigned(u64::MAX)));
    assert_eq!(value(r#""v":-0"#, DataType::Unsigned), Ok(Owned::Unsigned(0)));
    assert_eq!(value(r#""v":-1"#, DataType::Unsigned), Err(Error::BadValue));
    assert_eq!(value(r#""v":1"#, DataType::Float), Ok(Owned::Float(1.0)));
    assert_eq!(value(r#""v":6.667e-11"#, DataType::Float), Ok(Owned::Float(6.667e-11)));
    assert_eq!(value(r#""v":1e999"#, DataType::Float), Err(Error::BadValue));
}

#[test]
fn other_values() {
    assert_eq!(value(r#""bv":true"#, DataType::Boolean), Ok(Owned::Boolean(true)));
    assert_eq!(value(r#""bv" : false"#, DataType::Boolean), Ok(Owned::Boolean(false)));
    assert_eq!(value(r#""bv":1"#, DataType::Boolean), Err(Error::BadValue));
    assert_eq!(value(r#""ov":"10:03""#, DataType::Objlnk), Ok(Owned::Objlnk(10, 3)));
    assert_eq!(value(r#""ov":"ffff:FFFF""#, DataType::Objlnk), Ok(Owned::Objlnk(65535, 65535)));
    assert_eq!(value(r#""ov":"10""#, DataType::Objlnk), Err(Error::BadValue));
    for text in ["+/+/", r"+\/+\/", "-_-_", r"\u002b/+/"] {
        let expected = Owned::Opaque(vec![0xfb, 0xff, 0xbf]);
        assert_eq!(value(&format!("\"sv\":\"{text}\""), DataType::Opaque), Ok(expected), "{text}");
    }
    assert_eq!(value(r#""sv":"""#, DataType::Opaque), Ok(Owned::Opaque(vec![])));
    assert_eq!(value(r#""sv":"\q""#, DataType::Opaque), Err(Error::BadValue));
    for (text, expected) in [
        (r#"\"\\\/\b\f\n\r\t"#, Ok("\"\\/\u{8}\u{c}\n\r\t")),
        (r"\u00e4\u20AC\ud834\udd1e", Ok("ä€𝄞")),
        (r"\u0000", Ok("\0")),
        (r"\ud834", Err(Error::BadValue)),
        (r"\ud834x", Err(Error::BadValue)),
        (r"\ud834\u0041", Err(Error::BadValue)),
        (r"\udd1e", Err(Error::BadValue)),
        (r"\u00g0", Err(Error::BadValue)),
        (r"\u00", Err(Error::BadValue)),
        (r"\x", Err(Error::BadValue)),
    ] {
        let found = value(&format!("\"sv\":\"{text}\""), DataType::String);
        assert_eq!(found, expected.map(Owned::text), "{text}");
    }
    for (member, data_type) in
        [("\"sv\":\"1\"", DataType::Integer), ("\"v\":1", DataType::String), ("\"v\":1", DataType::None)]
    {
        assert_eq!(value(member, data_type), Err(Error::BadValue));
    }
    let broken = b"{\"e\":[{\"n\":\"0\",\"sv\":\"\xff\"}]}";
    assert_eq!(read(&JSON, Path::instance(1, 0), broken, &|_| DataType::String), Err(Error::BadValue));
}

#[test]
fn names() {
    let resource = Path::resource(3, 0, 1);
    for (base, base_name, name, expected) in [
        (Path::instance(3, 0), r#","bn":"/3/0/""#, r#","n":"1""#, Ok(resource)),
        (Path::instance(3, 0), r#","bn":"/3/0""#, r#","n":"/1""#, Ok(resource)),
        (Path::instance(3, 0), r#","bn":"/""#, r#","n":"3/0/1""#, Ok(resource)),
        (
            Path::instance(3, 0),
            r#","bn":"\/3\/0\/""#,
            r#","n":"1\/2""#,
            Ok(resource.with_resource_instance(2)),
        ),
        (Path::instance(3, 0), "", r#","n":"/3/0/1""#, Ok(resource)),
        (Path::instance(3, 0), r#","bn":"/3/0/""#, r#","n":"/3/0/1""#, Ok(resource)),
        (Path::instance(3, 0), "", r#","n":"1""#, Ok(resource)),
        (Path::instance(3, 0), r#","bn":"""#, r#","n":"1""#, Ok(resource)),
        (resource, "", "", Ok(resource)),
        (resource, r#","bn":"/3/0/1""#, "", Ok(resource)),
        (resource, r#","bn":"/3/0/1/""#, "", Ok(resource)),
        (resource, "", r#","n":"7""#, Ok(resource.with_resource_instance(7))),
        (Path::object(3), "", r#","n":"0/1""#, Ok(resource)),
        (Path::object(3), "", r#","n":"/3/65535/1""#, Ok(Path::resource(3, NONE, 1))),
        (Path::instance(3, 0), "", r#","n":"/3/65535/1""#, Err(Error::BadValue)),
        (Path::instance(3, 0), "", r#","n":"/3/0/65535""#, Err(Error::BadValue)),
        (Path::instance(3, 0), r#","bn":"/3/0""#, r#","n":"1""#, Err(Error::Malformed)),
        (Path::instance(3, 0), r#","bn":"/4/0/""#, r#","n":"1""#, Err(Error::BadValue)),
        (Path::instance(3, 0), "", "", Err(Error::Malformed)),
        (Path::instance(3, 0), "", r#","n":"1/2/3""#, Err(Error::Malformed)),
        (Path::instance(3, 0), "", r#","n":"1//2""#, Err(Error::Malformed)),
        (Path::instance(3, 0), "", r#","n":"//3/0/1""#, Err(Error::Malformed)),
        (Path::instance(3, 0), "", r#","n":"01""#, Err(Error::Malformed)),
        (Path::instance(3, 0), "", r#","n":"65536""#, Err(Error::Malformed)),
        (Path::instance(3, 0), "", r#","n":"x""#, Err(Error::Malformed)),
        (resource.with_resource_instance(7), "", "", Ok(resource.with_resource_instance(7))),
        (resource.with_resource_instance(7), r#","bn":"/3/0/1""#, "", Err(Error::BadValue)),
    ] {
        assert_eq!(path(base, base_name, name), expected, "{base_name} {name}");
    }
}

#[test]
fn structure() {
    let base = Path::instance(1, 0);
    assert_eq!(read_as(base, r#" { "e" : [ ] } "#, DataType::Integer), Ok(vec![]));
    let deep = |depth| format!(r#"{{"x":{}{},"e":[]}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(read_as(base, &deep(16), DataType::Integer), Ok(vec![]));
    assert_eq!(read_as(base, &deep(17), DataType::Integer), Err(Error::Malformed));
    for text in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"e":{}}"#,
        r#"{"e":[]"#,
        r#"{"e":[]}x"#,
        r#"{"e":[],}"#,
        r#"{,"e":[]}"#,
        r#"{"e":[],"e":[]}"#,
        r#"{"bn":1,"e":[]}"#,
        r#"{"bn":"","bn":"","e":[]}"#,
        r#"{"e":[1]}"#,
        r#"{"e":[{}]}"#,
        r#"{"e":[{"n":"0"}]}"#,
        r#"{"e":[{"n":"0","v":1,"v":2}]}"#,
        r#"{"e":[{"n":"0","v":1,"sv":""}]}"#,
        r#"{"e":[{"n":"0","n":"0","v":1}]}"#,
        r#"{"e":[{"n":"0","v":1},]}"#,
        r#"{"e":[,{"n":"0","v":1}]}"#,
        r#"{"e":[{"n":"0","v":1}{"n":"1","v":1}]}"#,
        r#"{"e":[{"n":"0" "v":1}]}"#,
        r#"{"e":[{"n":"0","v":"1"}]}"#,
        r#"{"e":[{"n":"0","v":[1]}]}"#,
        r#"{"e":[{"n":"0","sv":1}]}"#,
        r#"{"e":[}]"#,
        "{\"e\":[{\"n\":\"0\",\"sv\":\"\n\"}]}",
        r#"{"x":[},"e":[]}"#,
        r#"{"x":,"e":[]}"#,
        r#"{"x""e":[]}"#,
        r#"{"e":[{"n":"0","v":}]}"#,
    ] {
        assert_eq!(read_as(base, text, DataType::Integer), Err(Error::Malformed), "{text}");
    }
}

#[test]
fn garbage_is_survived() {
    const PARTS: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\"e\":[",
        "\"bn\":",
        "\"n\":",
        "\"v\":",
        "\"sv\":",
        "\"ov\":",
        "\"/1/0/\"",
        "\"0\"",
        "\\u00",
        "\\ud834",
        "\\",
        "-1.5e",
        "9",
        "true",
        " ",
        "\u{fffd}",
        "\"x\":",
    ];
    let mut random = Random(0x6a4ba6e);
    let seed = br#"{"bn":"/1/0/","e":[{"n":"0","sv":"a\u00e4\ud834\udd1e"},{"n":"6/1","v":-12.5e-3},{"n":"2","ov":"1:2"}]}"#;
    let types = [DataType::String, DataType::Opaque, DataType::Integer, DataType::Float, DataType::Objlnk];
    for round in 0..200_000 {
        let text = if round % 2 == 0 {
            (0..random.below(20)).flat_map(|_| random.pick(&PARTS).bytes()).collect()
        } else {
            let mut text = seed.to_vec();
            for _ in 0..=random.below(3) {
                let at = random.below(text.len());
                text[at] = random.next() as u8;
            }
            text.truncate(seed.len() - random.below(8) * random.below(2));
            text
        };
        let base = random.pick(&[Path::ROOT, Path::object(1), Path::instance(1, 0), Path::resource(1, 0, 0)]);
        let data_type = random.pick(&types);
        if let Ok(records) = read(&JSON, base, &text, &|_| data_type) {
            assert!(records.iter().all(|(path, _)| base.contains(*path)));
        }
    }
    let long = Node::Resource(0, Owned::text(&"\u{1}\"".repeat(500)));
    let whole = write(&JSON, Path::instance(1, 0), &[long]).unwrap();
    assert_windows(
        &JSON,
        Path::instance(1, 0),
        &[Node::Resource(0, Owned::text(&"\u{1}\"".repeat(500)))],
        &whole,
        64..=64,
    );
}

/// A number far from 1 is written with an exponent, and means the same.
#[test]
fn floats_far_from_one() {
    let mut buffer = [0; 64];
    for (number, text) in [
        (1e300, "1e300"),
        (-1.5e-300, "-1.5e-300"),
        (1.25e16, "1.25e16"),
        (9_007_199_254_740_994.0, "9007199254740994"),
        (1e15, "1000000000000000"),
        (1e-5, "0.00001"),
        (f64::MAX, "1.7976931348623157e308"),
        (f64::from_bits(1), "5e-324"),
    ] {
        let mut window = whimbrel::format::Window::new(&mut buffer, 0);
        float::put_json(&mut window, number).unwrap();
        assert_eq!(core::str::from_utf8(window.kept()).unwrap(), text);
        assert_eq!(float::parse(text.as_bytes()), Some(number));
    }
}

/// Leshan writes an Objlnk as "sv".
#[test]
fn links_as_strings() {
    assert_eq!(value(r#""sv":"3:0""#, DataType::Objlnk), Ok(Owned::Objlnk(3, 0)));
}
