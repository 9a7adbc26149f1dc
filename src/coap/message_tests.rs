use super::*;
use crate::coap::option::*;
use std::vec;
use std::vec::Vec;

/// Options and payload.
type Walk<Bytes> = Result<(Vec<(u16, Bytes)>, Bytes), Error>;

fn options<'a>(message: &Message<'a>) -> Walk<&'a [u8]> {
    let (mut reader, mut found) = (message.options(), Vec::new());
    while let Some(option) = reader.next()? {
        found.push(option);
    }
    Ok((found, reader.payload()))
}

/// An empty-token GET followed by `bytes`.
fn walk(bytes: &[u8]) -> Walk<Vec<u8>> {
    let datagram = [&[0x40, 1, 0, 0], bytes].concat();
    let (found, payload) = options(&Message::parse(&datagram).unwrap())?;
    Ok((found.iter().map(|&(number, value)| (number, value.to_vec())).collect(), payload.to_vec()))
}

#[test]
fn rfc_7252_appendix_a_figure_16() {
    let request = Message::parse(b"\x40\x01\x7d\x34\xbbtemperature").unwrap();
    assert_eq!((request.kind, request.code, request.id), (Kind::Confirmable, Code::GET, 0x7d34));
    assert_eq!(request.token, []);
    assert_eq!(options(&request), Ok((vec![(URI_PATH, &b"temperature"[..])], &b""[..])));

    let response = Message::parse(b"\x60\x45\x7d\x34\xff22.3 C").unwrap();
    assert_eq!((response.kind, response.code, response.id), (Kind::Acknowledgement, Code::CONTENT, 0x7d34));
    assert_eq!(options(&response), Ok((vec![], &b"22.3 C"[..])));
}

#[test]
fn rfc_7252_appendix_a_figure_17() {
    let request = Message::parse(b"\x41\x01\x7d\x35\x20\xbbtemperature").unwrap();
    assert_eq!((request.id, request.token), (0x7d35, &[0x20][..]));
    assert_eq!(options(&request), Ok((vec![(URI_PATH, &b"temperature"[..])], &b""[..])));
}

#[test]
fn register_of_facts_sheet_a_3() {
    let bytes = b"\x41\x02\x7d\x34\x4a\xb2rd\x11\x28\x39ep=node-1\x06lt=300\x09lwm2m=1.2\x03b=U\x01Q\xff</1/0>,</3/0>";
    let message = Message::parse(bytes).unwrap();
    assert_eq!((message.code, message.id, message.token), (Code::POST, 0x7d34, &b"J"[..]));
    let (found, payload) = options(&message).unwrap();
    let expected: [(u16, &[u8]); 7] = [
        (URI_PATH, b"rd"),
        (CONTENT_FORMAT, &[40]),
        (URI_QUERY, b"ep=node-1"),
        (URI_QUERY, b"lt=300"),
        (URI_QUERY, b"lwm2m=1.2"),
        (URI_QUERY, b"b=U"),
        (URI_QUERY, b"Q"),
    ];
    assert_eq!(found, expected);
    assert_eq!(payload, b"</1/0>,</3/0>");

    let created = Message::parse(b"\x61\x41\x7d\x34\x4a\x82rd\x045a3f").unwrap();
    assert_eq!((created.kind, created.code), (Kind::Acknowledgement, Code::CREATED));
    let (found, _) = options(&created).unwrap();
    assert_eq!(found, [(LOCATION_PATH, &b"rd"[..]), (LOCATION_PATH, &b"5a3f"[..])]);
}

#[test]
fn execute_and_read_composite_of_facts_sheet_a_7() {
    let execute = Message::parse(b"\x41\x02\x00\x09\x09\xb11\x010\x018\x10\xff0='U'").unwrap();
    let (found, payload) = options(&execute).unwrap();
    let expected: [(u16, &[u8]); 4] =
        [(URI_PATH, b"1"), (URI_PATH, b"0"), (URI_PATH, b"8"), (CONTENT_FORMAT, b"")];
    assert_eq!((&found[..], payload), (&expected[..], &b"0='U'"[..]));

    let fetch =
        Message::parse(b"\x41\x05\x00\x03\x03\xc1\x70\x51\x70\xff\x82\xa1\x00\x66/3/0/0\xa1\x00\x66/1/0/1")
            .unwrap();
    let (found, payload) = options(&fetch).unwrap();
    assert_eq!((fetch.code, payload.len()), (Code::FETCH, 19));
    assert_eq!(found, [(CONTENT_FORMAT, &[112][..]), (ACCEPT, &[112])]);
}

#[test]
fn short_datagrams_are_malformed_and_get_no_answer() {
    for length in 0..4 {
        let datagram = &[0x40, 1, 0x12, 0x34][..length];
        assert_eq!(Message::parse(datagram), Err(Error::Malformed));
        assert_eq!(reset_for(datagram), None);
    }
}

#[test]
fn other_versions_are_ignored() {
    for version in [0x00, 0x80, 0xc0] {
        let datagram = [version, 1, 0x12, 0x34];
        assert_eq!(Message::parse(&datagram), Err(Error::Malformed));
        assert_eq!(reset_for(&datagram), None);
    }
}

#[test]
fn only_confirmable_messages_are_reset() {
    assert_eq!(reset_for(&[0x4f, 1, 0x12, 0x34, 9, 9]), Some([0x70, 0, 0x12, 0x34]));
    assert_eq!(reset_for(&[0x40, 0, 0xff, 0xfe]), Some([0x70, 0, 0xff, 0xfe]), "a ping");
    for kind in [0x50, 0x60, 0x70] {
        assert_eq!(reset_for(&[kind, 1, 0x12, 0x34]), None);
    }
}

#[test]
fn tokens_have_up_to_eight_bytes() {
    for length in 0..16 {
        let mut datagram = vec![0x40 | length, 1, 0, 0];
        datagram.extend((0..length).map(|n| 0xf0 | n));
        match Message::parse(&datagram) {
            Ok(message) => assert!(length <= 8 && message.token == &datagram[4..], "{length}"),
            Err(error) => assert!(length > 8 && error == Error::Malformed, "{length}"),
        }
        if length > 0 {
            datagram.pop();
            assert_eq!(Message::parse(&datagram), Err(Error::Malformed), "cut token of {length}");
        }
    }
}

#[test]
fn an_empty_message_is_four_bytes() {
    for first in [0x40, 0x60, 0x70] {
        assert!(Message::parse(&[first, 0, 0, 1]).is_ok());
        assert_eq!(Message::parse(&[first, 0, 0, 1, 0xff]), Err(Error::Malformed));
        assert_eq!(Message::parse(&[first | 1, 0, 0, 1, 7]), Err(Error::Malformed));
    }
}

#[test]
fn types_carry_what_table_1_allows() {
    // empty, request, class 1, 2, 3, 4, 5, 6, 7
    let codes = [0x00, 0x01, 0x21, 0x45, 0x61, 0x84, 0xa0, 0xc1, 0xe1];
    for (first, allowed) in
        [(0x40, "xx.xxxx.."), (0x50, ".x.xxxx.."), (0x60, "x..xxxx.."), (0x70, "x........")]
    {
        for (code, allowed) in codes.iter().zip(allowed.chars()) {
            let parsed = Message::parse(&[first, *code, 0, 0]).is_ok();
            assert_eq!(parsed, allowed == 'x', "{first:02x} {code:02x}");
        }
    }
}

#[test]
fn deltas_and_lengths_at_the_boundaries() {
    for (value, nibble, extension) in [
        (0usize, 0u8, &[][..]),
        (12, 12, &[]),
        (13, 13, &[0]),
        (268, 13, &[255]),
        (269, 14, &[0, 0]),
        (65_535, 14, &[0xfe, 0xf2]),
    ] {
        let bytes = [&[nibble << 4][..], extension].concat();
        assert_eq!(walk(&bytes), Ok((vec![(value as u16, vec![])], vec![])), "delta {value}");
        let body = vec![7; value];
        let bytes = [&[0x10 | nibble][..], extension, &body].concat();
        assert_eq!(walk(&bytes), Ok((vec![(1, body)], vec![])), "length {value}");
        if value > 0 {
            assert_eq!(walk(&bytes[..bytes.len() - 1]), Err(Error::Malformed), "length {value}, cut");
        }
    }
    let longest = [&[0x1e, 0xff, 0xff][..], &[7; 65_804]].concat();
    assert_eq!(walk(&longest).unwrap().0[0].1.len(), 65_804);
}

#[test]
fn malformed_options() {
    for (bytes, why) in [
        (&[0xf0][..], "delta 15"),
        (&[0xf1, 0], "delta 15 is no payload marker"),
        (&[0x1f, 0], "length 15"),
        (&[0xd0], "delta 13 without its byte"),
        (&[0xe0, 0], "delta 14 with one byte"),
        (&[0x1d], "length 13 without its byte"),
        (&[0x1e, 0], "length 14 with one byte"),
        (&[0xdd, 0], "length 13 without its byte, behind a delta"),
        (&[0x12, 7], "value cut"),
        (&[0xe0, 0xfe, 0xf3], "number 65536"),
        (&[0xe0, 0xfe, 0xf2, 0x10], "number 65535 + 1"),
        (&[0xff], "marker without payload"),
        (&[0x10, 0xff], "marker without payload behind an option"),
    ] {
        assert_eq!(walk(bytes), Err(Error::Malformed), "{why}");
    }
    assert_eq!(walk(&[0xe0, 0xfe, 0xf2, 0x00]).unwrap().0.len(), 2, "65535 twice");
    assert_eq!(walk(&[0xff, 0xff]), Ok((vec![], vec![0xff])), "a marker as payload");
}

#[test]
fn a_reader_stays_where_it_ended() {
    let message = Message::parse(&[0x40, 1, 0, 0, 0x11, 5, 0xff, 9, 8]).unwrap();
    let mut reader = message.options();
    assert_eq!(reader.payload(), [], "before the end");
    assert_eq!(reader.next(), Ok(Some((1, &[5][..]))));
    assert_eq!((reader.next(), reader.next(), reader.payload()), (Ok(None), Ok(None), &[9, 8][..]));

    let message = Message::parse(&[0x40, 1, 0, 0, 0x15]).unwrap();
    let mut reader = message.options();
    assert_eq!((reader.next(), reader.next()), (Err(Error::Malformed), Err(Error::Malformed)));
}
