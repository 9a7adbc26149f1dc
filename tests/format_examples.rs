//! Every example of TS 1.0 section 6.4 and Appendix F, byte for byte, as a whole and window by window.
//!
//! The published text has slips; the grammar of table 21 and the values of Appendix F decide.
//!
//! | where | printed | right | why |
//! | --- | --- | --- | --- |
//! | 6.4.3.1 and 6.4.3.2 A, `/3/0/1` | `… 65 69 67 74 20 …` | `… 65 69 67 68 74 20 …` | 21 bytes under a length of 22: the second h of "Lightweight" is missing |
//! | 6.4.3.1 and 6.4.3.2 A, `/3/0/11` | `83 ØB` | `83 0B` | a letter in place of the digit (perhaps of the extraction) |
//! | 6.4.3.2 B, instance 2, `/2/2/2` | `86 02`, in the table `0b10 0 00 110` | `87 02`, `0b10 0 00 111` | 3 + 4 bytes of content; with 6 the last entry would be cut |
//! | 6.4.3.2 B, table, instance 0 | `0x0E (17 bytes)` | 14 bytes | the byte is right, the remark counts the header |
//! | 6.4.3.2 C, table | `0x0D (13 bytes)`, total 16; in the text 18 | `0x0F`, total 18 | Short Server ID takes 3 bytes, not 2, Lifetime 6, not 5 |
//! | 6.4.3.2 C | no bytes | `08 00 0F C1 00 01 C4 01 00 01 51 80 C1 06 01 C1 07 55` | made from the table |
//! | 6.4.3.3, `/66` | `08 00 23`, `08 01 23`, total 76 | `08 00 26`, `08 01 26`, total 82 | Res 1 takes 18 bytes, not 15: 14 + 18 + 6 = 38 |
//! | 6.4.3.3, table, `/66/1/1` | `0b11 0 00 000` | `0b11 0 01 000` | 15 bytes need a length field; the bytes printed are right |
//! | 6.4.4, `/3/0` | no `"e":[` | `{"bn":"/3/0/","e":[…` | the array is mandatory (table 22) |
//! | 6.4.4, `/3/0/0` | `"Open Mobile Alliance}` | a quote behind `Alliance` | |
//! | 6.4.4, `/65/0` | `65/0/2` = 1, `myService1` | as in 6.4.3.3: 0x12345678, `myService 1` | two examples of one object; each is tested as printed |
//! | Appendix C, Float | 6.667e-11 is `0.000000000006667` | `0.00000000006667` | one zero too many (tests/format_float.rs) |
//!
//! JSON is compared without whitespace: the sizes given (457 and 435 bytes) count a layout that the text no longer has.
//! `88 07 08` is right as printed: eight bytes of content do not fit the three bits of the type byte.

mod format_common;

use format_common::Node::{Instance, Multiple, Resource};
use format_common::{Node, Owned, assert_windows, device, hex, leaves, read, write};
use whimbrel::format::{Format, JSON, TLV};
use whimbrel::path::Path;
use whimbrel::value::DataType;

const DEVICE: &str = "
    C8 00 14 4F 70 65 6E 20 4D 6F 62 69 6C 65 20 41 6C 6C 69 61 6E 63 65
    C8 01 16 4C 69 67 68 74 77 65 69 67 68 74 20 4D 32 4D 20 43 6C 69 65 6E 74
    C8 02 09 33 34 35 30 30 30 31 32 33
    C3 03 31 2E 30
    86 06  41 00 01  41 01 05
    88 07 08  42 00 0E D8  42 01 13 88
    87 08  41 00 7D  42 01 03 84
    C1 09 64
    C1 0A 0F
    83 0B  41 00 00
    C4 0D 51 82 42 8F
    C6 0E 2B 30 32 3A 30 30
    C1 10 55";

/// Writes and reads an example: whole, and in every window from 16 to 200 bytes at every offset.
fn check(format: &dyn Format, base: Path, nodes: &[Node], expected: &[u8]) {
    assert_windows(format, base, nodes, expected, 16..=200);
    check_whole(format, base, nodes, expected);
}

/// Writes and reads an example as a whole.
fn check_whole(format: &dyn Format, base: Path, nodes: &[Node], expected: &[u8]) {
    let whole = write(format, base, nodes).unwrap();
    assert_eq!(whole, expected, "{base:?}");
    let leaves = leaves(base, nodes);
    let types = |path| leaves.iter().find(|(at, _)| *at == path).unwrap().1.data_type();
    let mut records = read(format, base, &whole, &types).unwrap();
    records.retain(|(_, value)| value.is_some());
    let found: Vec<_> = records.into_iter().map(|(path, value)| (path, value.unwrap())).collect();
    assert_eq!(found, leaves);
}

/// TS 1.0 section 6.4.3.1.
#[test]
fn tlv_of_the_device_instance_has_121_bytes() {
    let expected = hex(DEVICE);
    assert_eq!(expected.len(), 121);
    check(&TLV, Path::instance(3, 0), &device(), &expected);
}

/// TS 1.0 section 6.4.3.2 A.
#[test]
fn tlv_of_the_device_object_has_124_bytes() {
    let mut expected = hex("08 00 79");
    expected.extend(hex(DEVICE));
    assert_eq!(expected.len(), 124);
    check(&TLV, Path::object(3), &[Instance(0, device())], &expected);
}

/// TS 1.0 section 6.4.3.2 B.
#[test]
fn tlv_of_two_access_control_instances_has_38_bytes() {
    let integer = Owned::Integer;
    let instance = |id, object, acl, owner| {
        let resources = vec![
            Resource(0, integer(object)),
            Resource(1, integer(0)),
            Multiple(2, acl),
            Resource(3, integer(owner)),
        ];
        Instance(id, resources)
    };
    let nodes = [
        instance(0, 1, vec![(127, integer(7))], 127),
        instance(2, 3, vec![(127, integer(7)), (310, integer(1))], 127),
    ];
    let expected = hex("
        08 00 0E  C1 00 01  C1 01 00  83 02 41 7F 07  C1 03 7F
        08 02 12  C1 00 03  C1 01 00  87 02 41 7F 07 61 01 36 01  C1 03 7F");
    assert_eq!(expected.len(), 38);
    check(&TLV, Path::object(2), &nodes, &expected);
}

/// TS 1.0 section 6.4.3.2 C.
#[test]
fn tlv_of_one_server_instance_has_18_bytes() {
    let nodes = [Instance(
        0,
        vec![
            Resource(0, Owned::Integer(1)),
            Resource(1, Owned::Integer(86400)),
            Resource(6, Owned::Boolean(true)),
            Resource(7, Owned::text("U")),
        ],
    )];
    let expected = hex("08 00 0F  C1 00 01  C4 01 00 01 51 80  C1 06 01  C1 07 55");
    assert_eq!(expected.len(), 18);
    check(&TLV, Path::object(1), &nodes, &expected);
}

/// TS 1.0 section 6.4.3.3, example 1.
#[test]
fn tlv_of_object_links_has_37_bytes() {
    let nodes = [
        Multiple(0, vec![(0, Owned::Objlnk(66, 0)), (1, Owned::Objlnk(66, 1))]),
        Resource(1, Owned::text("8613800755500")),
        Resource(2, Owned::Integer(0x1234_5678)),
    ];
    let expected = hex("
        88 00 0C 44 00 00 42 00 00 44 01 00 42 00 01
        C8 01 0D 38 36 31 33 38 30 30 37 35 35 35 30 30
        C4 02 12 34 56 78");
    assert_eq!(expected.len(), 37);
    check(&TLV, Path::instance(65, 0), &nodes, &expected);
}

/// TS 1.0 section 6.4.3.3, example 2.
#[test]
fn tlv_of_the_linked_object_has_82_bytes() {
    let service = |id, name, address, link| {
        Instance(
            id,
            vec![Resource(0, Owned::text(name)), Resource(1, Owned::text(address)), Resource(2, link)],
        )
    };
    let nodes = [
        service(0, "myService 1", "Internet.15.234", Owned::Objlnk(67, 0)),
        service(1, "myService 2", "Internet.15.235", Owned::Objlnk(0xffff, 0xffff)),
    ];
    let expected = hex("
        08 00 26
        C8 00 0B 6D 79 53 65 72 76 69 63 65 20 31
        C8 01 0F 49 6E 74 65 72 6E 65 74 2E 31 35 2E 32 33 34
        C4 02 00 43 00 00
        08 01 26
        C8 00 0B 6D 79 53 65 72 76 69 63 65 20 32
        C8 01 0F 49 6E 74 65 72 6E 65 74 2E 31 35 2E 32 33 35
        C4 02 FF FF FF FF");
    assert_eq!(expected.len(), 82);
    check(&TLV, Path::object(66), &nodes, &expected);
}

/// A single resource is its own TLV; a resource instance stands in its multiple resource.
#[test]
fn tlv_of_one_resource_is_that_tlv() {
    check(
        &TLV,
        Path::resource(3, 0, 0),
        &[Resource(0, Owned::text("Open Mobile Alliance"))],
        &hex(DEVICE)[..23],
    );
    let voltage = Multiple(7, vec![(0, Owned::Integer(3800)), (1, Owned::Integer(5000))]);
    check(&TLV, Path::resource(3, 0, 7), &[voltage], &hex("88 07 08 42 00 0E D8 42 01 13 88"));
    let second = Multiple(7, vec![(1, Owned::Integer(5000))]);
    check(&TLV, Path::resource(3, 0, 7).with_resource_instance(1), &[second], &hex("84 07 42 01 13 88"));
}

/// Facts C.3: a partial write of `/1/0`, and a Create of `/16` with the container that the vector misprints.
#[test]
fn tlv_of_later_vectors() {
    let nodes = [
        Resource(2, Owned::Integer(101)),
        Resource(3, Owned::Integer(1010)),
        Resource(5, Owned::Integer(2000)),
        Resource(6, Owned::Boolean(true)),
        Resource(7, Owned::text("U")),
    ];
    let expected = hex("c1 02 65 c2 03 03 f2 c2 05 07 d0 c1 06 01 c1 07 55");
    check(&TLV, Path::instance(1, 0), &nodes, &expected);
    let nodes = [Instance(
        1,
        vec![Multiple(
            0,
            vec![(0, Owned::text("seventeen letters")), (1, Owned::text("twenty letters in it"))],
        )],
    )];
    let whole = write(&TLV, Path::object(16), &nodes).unwrap();
    assert_eq!(&whole[..9], hex("08 01 2e 88 00 2b 48 00 11"));
    check(&TLV, Path::object(16), &nodes, &whole);
}

/// TS 1.0 section 6.4.4, first example.
#[test]
fn json_of_the_device_instance() {
    let expected = concat!(
        r#"{"bn":"/3/0/","e":[{"n":"0","sv":"Open Mobile Alliance"},"#,
        r#"{"n":"1","sv":"Lightweight M2M Client"},{"n":"2","sv":"345000123"},{"n":"3","sv":"1.0"},"#,
        r#"{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"7/0","v":3800},{"n":"7/1","v":5000},"#,
        r#"{"n":"8/0","v":125},{"n":"8/1","v":900},{"n":"9","v":100},{"n":"10","v":15},{"n":"11/0","v":0},"#,
        r#"{"n":"13","v":1367491215},{"n":"14","sv":"+02:00"},{"n":"16","sv":"U"}]}"#
    );
    check(&JSON, Path::instance(3, 0), &device(), expected.as_bytes());
}

/// The same one level up, and one resource at a time (TS 1.0 section 6.4.4, last example).
#[test]
fn json_of_other_levels() {
    let voltage = || Multiple(7, vec![(0, Owned::Integer(3800)), (1, Owned::Integer(5000))]);
    for (base, nodes, expected) in [
        (
            Path::object(3),
            vec![Instance(0, vec![Resource(0, Owned::text("x")), voltage()])],
            r#"{"bn":"/3/","e":[{"n":"0/0","sv":"x"},{"n":"0/7/0","v":3800},{"n":"0/7/1","v":5000}]}"#,
        ),
        (Path::object(3), vec![], r#"{"bn":"/3/","e":[]}"#),
        (
            Path::resource(3, 0, 0),
            vec![Resource(0, Owned::text("Open Mobile Alliance"))],
            r#"{"bn":"/3/0/0","e":[{"sv":"Open Mobile Alliance"}]}"#,
        ),
        (
            Path::resource(3, 0, 7),
            vec![voltage()],
            r#"{"bn":"/3/0/7/","e":[{"n":"0","v":3800},{"n":"1","v":5000}]}"#,
        ),
        (Path::resource(3, 0, 7), vec![Multiple(7, vec![])], r#"{"bn":"/3/0/7/","e":[]}"#),
        (
            Path::resource(3, 0, 7).with_resource_instance(1),
            vec![Multiple(7, vec![(1, Owned::Integer(5000))])],
            r#"{"bn":"/3/0/7/1","e":[{"v":5000}]}"#,
        ),
        (
            Path::instance(1, 0),
            vec![
                Resource(0, Owned::Boolean(true)),
                Resource(1, Owned::Boolean(false)),
                Resource(2, Owned::Opaque(vec![1, 2, 3, 4, 5])),
                Resource(3, Owned::Objlnk(66, 0)),
                Resource(4, Owned::Float(-22.4)),
                Resource(5, Owned::text("a\"b\\c/d\n\u{1}\u{1f}\u{e4}")),
            ],
            concat!(
                r#"{"bn":"/1/0/","e":[{"n":"0","bv":true},{"n":"1","bv":false},{"n":"2","sv":"AQIDBAU="},"#,
                r#"{"n":"3","ov":"66:0"},{"n":"4","v":-22.4},{"n":"5","sv":"a\"b\\c/d\n\u0001\u001fä"}]}"#
            ),
        ),
    ] {
        check(&JSON, base, &nodes, expected.as_bytes());
    }
}

/// TS 1.0 section 6.4.4, second example: historical values; the reader passes over times.
#[test]
fn json_with_times_is_read() {
    let text = br#"{"bn":"/72/",
        "e":[
        {"n":"1/2","v":22.4,"t":-5},
        {"n":"1/2","v":22.9,"t":-30},
        {"n":"1/2","v":24.1,"t":-50}],
        "bt":25462634
    }"#;
    let records = read(&JSON, Path::object(72), text, &|_| DataType::Float).unwrap();
    let expected = [22.4, 22.9, 24.1].map(|v| (Path::resource(72, 1, 2), Some(Owned::Float(v))));
    assert_eq!(records, expected);
}

/// TS 1.0 section 6.4.4, third example: a hierarchy with the root as its Base Name, as far as it is object 66.
#[test]
fn json_of_linked_objects_is_read() {
    let text = br#"{ "bn":"/",
        "e":[
        {"n":"66/0/0","sv":"myService1"},
        {"n":"66/0/1","sv":"Internet.15.234"},
        {"n":"66/0/2","ov":"67:0"},
        {"n":"66/1/0","sv":"myService2"},
        {"n":"66/1/1","sv":"Internet.15.235"},
        {"n":"66/1/2","ov":"FFFF:FFFF"}]
    }"#;
    let types = |path: Path| if path.resource == 2 { DataType::Objlnk } else { DataType::String };
    let records = read(&JSON, Path::object(66), text, &types).unwrap();
    let expected = [
        (Path::resource(66, 0, 0), Some(Owned::text("myService1"))),
        (Path::resource(66, 0, 1), Some(Owned::text("Internet.15.234"))),
        (Path::resource(66, 0, 2), Some(Owned::Objlnk(67, 0))),
        (Path::resource(66, 1, 0), Some(Owned::text("myService2"))),
        (Path::resource(66, 1, 1), Some(Owned::text("Internet.15.235"))),
        (Path::resource(66, 1, 2), Some(Owned::Objlnk(0xffff, 0xffff))),
    ];
    assert_eq!(records, expected);
}

/// Appendix F: every instance of the example client, in both formats, at instance and at object level.
#[test]
fn the_example_client_survives_the_round_trip() {
    for (object, instances) in example_client() {
        for format in [&TLV as &dyn Format, &JSON] {
            let mut places = vec![(Path::object(object), &instances)];
            for node in &instances {
                let Instance(id, resources) = node else { unreachable!() };
                places.push((Path::instance(object, *id), resources));
            }
            for (base, nodes) in places {
                let whole = write(format, base, nodes).unwrap();
                check_whole(format, base, nodes, &whole);
                assert_windows(format, base, nodes, &whole, 16..=24);
            }
        }
    }
}

/// TS 1.0 Appendix F, tables 30 to 41.
fn example_client() -> Vec<(u16, Vec<Node>)> {
    let integer = |id, number| Resource(id, Owned::Integer(number));
    let text = |id, text| Resource(id, Owned::text(text));
    let opaque = |id, octets: &[u8]| Resource(id, Owned::Opaque(octets.into()));
    let flag = |id, yes| Resource(id, Owned::Boolean(yes));
    let security = |uri, bootstrap, mode, key: &str, last| {
        let identity = b"b313cc22-f969-42ec-ad42";
        vec![
            text(0, uri),
            flag(1, bootstrap),
            integer(2, mode),
            opaque(3, identity),
            opaque(4, b""),
            opaque(5, &hex(key)),
            last,
        ]
    };
    let server = |id, pmin, store, binding| {
        let rest = [integer(1, 86400), integer(2, pmin), integer(3, 6000), integer(5, 86400)];
        let mut resources = vec![integer(0, id)];
        resources.extend(rest);
        resources.extend([flag(6, store), text(7, binding)]);
        resources
    };
    let access = |object, instance, rights: &[(u16, i64)], owner| {
        let rights = rights.iter().map(|(id, right)| (*id, Owned::Integer(*right))).collect();
        vec![integer(0, object), integer(1, instance), Multiple(2, rights), integer(3, owner)]
    };
    let bootstrap_key = "e129791359950cbb1c8c3c582913b551";
    let key = "1ca2028d7197c778e9aef5ef69082bea";
    let uris =
        ["coaps://bootstrap.example.com", "coaps://server1.example.com", "coaps://server2.example.com"];
    let instances = |all: Vec<Vec<Node>>| (0..).zip(all).map(|(id, nodes)| Instance(id, nodes)).collect();
    vec![
        (
            0,
            instances(vec![
                security(uris[0], true, 0, bootstrap_key, integer(11, 3600)),
                security(uris[1], false, 0, key, integer(10, 101)),
                security(uris[2], false, 1, key, integer(10, 102)),
            ]),
        ),
        (1, instances(vec![server(101, 300, true, "U"), server(102, 60, false, "UQ")])),
        (
            2,
            instances(vec![
                access(1, 0, &[(101, 15)], 101),
                access(1, 1, &[(102, 15)], 102),
                access(3, 0, &[(101, 15), (102, 1)], 101),
                access(4, 0, &[(0, 1), (101, 1)], 101),
                access(5, 65535, &[(101, 16)], 65535),
            ]),
        ),
        (3, instances(vec![device()])),
        (
            4,
            instances(vec![vec![
                integer(0, 0),
                integer(1, 0),
                integer(2, 92),
                integer(3, 2),
                Multiple(4, vec![(0, Owned::text("192.168.0.100"))]),
                Multiple(5, vec![(0, Owned::text("192.168.1.1"))]),
                integer(6, 5),
                Multiple(7, vec![(0, Owned::text("internet"))]),
            ]]),
        ),
        (5, vec![]),
    ]
}
