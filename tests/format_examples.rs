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
//!
//! `88 07 08` is right as printed: eight bytes of content do not fit the three bits of the type byte.

mod format_common;

use format_common::Node::{Instance, Multiple, Resource};
use format_common::{Node, Owned, assert_windows, device, hex, leaves, read, write};
use whimbrel::format::{Format, TLV};
use whimbrel::path::Path;

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
    let whole = write(format, base, nodes).unwrap();
    assert_eq!(whole, expected, "{base:?}");
    assert_windows(format, base, nodes, &whole, 16..=200);
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
