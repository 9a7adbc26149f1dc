use super::*;

const fn concat(wide: bool, reference: u16, total: u8, sequence: u8) -> Header {
    let concat = Some(Concat { wide, reference, total, sequence });
    Header { concat, ports: None, command_packet: false, response_packet: false }
}

#[test]
fn each_element() {
    let none = Header::default();
    for (ies, expected) in [
        (&[][..], none),
        (&[0x00, 3, 0x5c, 2, 1], concat(false, 0x5c, 2, 1)),
        (&[0x08, 4, 0x1a, 0x2b, 255, 255], concat(true, 0x1a2b, 255, 255)),
        (&[0x04, 2, 0xf0, 0xf1], Header { ports: Some((240, 241)), ..none }),
        (&[0x05, 4, 0x16, 0x34, 0x16, 0x33], Header { ports: Some((5684, 5683)), ..none }),
        (&[0x70, 0], Header { command_packet: true, ..none }),
        (&[0x71, 0], Header { response_packet: true, ..none }),
        (&[0x06, 1, 0x80], none),
        (&[0x7f, 0, 0xff, 3, 1, 2, 3], none),
    ] {
        assert_eq!(Header::parse(ies), Ok(expected), "{ies:x?}");
    }
}

#[test]
fn in_any_order_and_between_unknown_ones() {
    let expected = Ok(Header { command_packet: true, ..concat(false, 7, 3, 1) });
    assert_eq!(Header::parse(&[0x00, 3, 7, 3, 1, 0x70, 0]), expected);
    assert_eq!(Header::parse(&[0x70, 0, 0x00, 3, 7, 3, 1]), expected);
    assert_eq!(Header::parse(&[0x0a, 2, 0, 3, 0x70, 0, 0xa0, 0, 0x00, 3, 7, 3, 1]), expected);
}

#[test]
fn the_last_one_counts() {
    assert_eq!(Header::parse(&[0, 3, 7, 3, 1, 0, 3, 8, 2, 2]), Ok(concat(false, 8, 2, 2)));
    assert_eq!(
        Header::parse(&[0, 3, 7, 3, 1, 8, 4, 0, 7, 3, 1]),
        Ok(concat(true, 7, 3, 1)),
        "8 bits, 16 bits"
    );
    let ports = Header::parse(&[5, 4, 1, 0, 2, 0, 4, 2, 3, 4]).unwrap().ports;
    assert_eq!(ports, Some((3, 4)));
    let packet = Header::parse(&[0x70, 0, 0x71, 0]).unwrap();
    assert_eq!((packet.command_packet, packet.response_packet), (false, true));
    let packet = Header::parse(&[0x71, 0, 0x70, 0]).unwrap();
    assert_eq!((packet.command_packet, packet.response_packet), (true, false));
}

#[test]
fn impossible_ones_are_refused() {
    for ies in [
        &[0x00][..],
        &[0x70],
        &[0x00, 3, 7, 3],
        &[0x70, 0, 0x00],
        &[0x99, 1],
        &[0x99, 255, 0, 0],
        &[0x00, 3, 7, 0, 0],
        &[0x00, 3, 7, 0, 1],
        &[0x00, 3, 7, 3, 0],
        &[0x00, 3, 7, 3, 4],
        &[0x08, 4, 0, 7, 3, 4],
        &[0x08, 4, 0, 7, 0, 0],
        &[0x00, 2, 7, 3],
        &[0x00, 4, 7, 3, 1, 1],
        &[0x08, 3, 7, 3, 1],
        &[0x04, 4, 0, 1, 0, 1],
        &[0x05, 2, 0, 1],
        &[0x70, 1, 0],
        &[0x71, 1, 0],
        // the first of two, though the last one would count
        &[0x00, 3, 7, 3, 4, 0x00, 3, 7, 3, 1],
    ] {
        assert_eq!(Header::parse(ies), Err(Error::Malformed), "{ies:x?}");
    }
}
