use super::*;
use crate::coap::Message;
use crate::coap::option::*;
use std::vec;

/// The bytes that `write` leaves behind the header of an empty-token GET in a buffer of `size` bytes.
fn written(
    size: usize,
    write: impl FnOnce(Writer<'_>) -> Result<usize, Error>,
) -> Result<std::vec::Vec<u8>, Error> {
    let mut buffer = vec![0xaa; size];
    let length = write(Writer::new(&mut buffer, Kind::Confirmable, Code::GET, 0, &[])?)?;
    Ok(buffer[4..length].to_vec())
}

#[test]
fn rfc_7252_appendix_a_figures_16_and_17() {
    let mut buffer = [0; 32];
    let mut writer = Writer::new(&mut buffer, Kind::Confirmable, Code::GET, 0x7d35, &[0x20]).unwrap();
    writer.option(URI_PATH, b"temperature").unwrap();
    let length = writer.finish();
    assert_eq!(&buffer[..length], b"\x41\x01\x7d\x35\x20\xbbtemperature");

    let writer = Writer::new(&mut buffer, Kind::Acknowledgement, Code::CONTENT, 0x7d34, &[]).unwrap();
    let length = writer.payload(b"22.3 C").unwrap();
    assert_eq!(&buffer[..length], b"\x60\x45\x7d\x34\xff22.3 C");
}

#[test]
fn register_update_and_deregister_of_facts_sheet_a_3() {
    let mut buffer = [0; 64];
    let mut writer = Writer::new(&mut buffer, Kind::Confirmable, Code::POST, 0x7d34, b"J").unwrap();
    writer.option(URI_PATH, b"rd").unwrap();
    writer.option_uint(CONTENT_FORMAT, 40).unwrap();
    for query in ["ep=node-1", "lt=300", "lwm2m=1.2", "b=U", "Q"] {
        writer.option(URI_QUERY, query.as_bytes()).unwrap();
    }
    let room = writer.room();
    room[..13].copy_from_slice(b"</1/0>,</3/0>");
    let length = writer.finish_with(13).unwrap();
    let expected =
        b"\x41\x02\x7d\x34\x4a\xb2rd\x11\x28\x39ep=node-1\x06lt=300\x09lwm2m=1.2\x03b=U\x01Q\xff</1/0>,</3/0>";
    assert_eq!(&buffer[..length], expected);

    let examples: [(Code, u16, &[u8]); 2] = [
        (Code::POST, 0x7d35, b"\x41\x02\x7d\x35\x4b\xb2rd\x045a3f"),
        (Code::DELETE, 0x7d36, b"\x41\x04\x7d\x36\x4c\xb2rd\x045a3f"),
    ];
    for (code, id, expected) in examples {
        let mut writer = Writer::new(&mut buffer, Kind::Confirmable, code, id, &expected[4..5]).unwrap();
        writer.option(URI_PATH, b"rd").unwrap();
        writer.option(URI_PATH, b"5a3f").unwrap();
        let length = writer.finish();
        assert_eq!(&buffer[..length], expected);
    }
}

#[test]
fn execute_of_facts_sheet_a_7() {
    let mut buffer = [0; 18];
    let mut writer = Writer::new(&mut buffer, Kind::Confirmable, Code::POST, 9, &[9]).unwrap();
    for segment in ["1", "0", "8"] {
        writer.option(URI_PATH, segment.as_bytes()).unwrap();
    }
    writer.option_uint(CONTENT_FORMAT, 0).unwrap();
    assert_eq!(writer.payload(b"0='U'"), Ok(18));
    assert_eq!(&buffer, b"\x41\x02\x00\x09\x09\xb11\x010\x018\x10\xff0='U'");
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
        let bytes =
            written(16, |mut writer| writer.option(value as u16, &[]).map(|()| writer.finish())).unwrap();
        assert_eq!(bytes, [&[nibble << 4][..], extension].concat(), "delta {value}");
        let body = vec![7; value];
        let bytes = written(70_000, |mut writer| writer.option(1, &body).map(|()| writer.finish())).unwrap();
        assert_eq!(bytes, [&[0x10 | nibble][..], extension, &body].concat(), "length {value}");
    }
    let too_long = vec![7; 65_805];
    assert!(written(70_000, |mut writer| writer.option(1, &too_long[1..]).map(|()| writer.finish())).is_ok());
    assert_eq!(
        written(70_000, |mut writer| writer.option(1, &too_long).map(|()| writer.finish())),
        Err(Error::Full)
    );
}

#[test]
fn uints_take_as_few_bytes_as_possible() {
    for (value, bytes) in [
        (0, &[0x60][..]),
        (1, &[0x61, 1]),
        (255, &[0x61, 255]),
        (256, &[0x62, 1, 0]),
        (0x00ff_ffff, &[0x63, 255, 255, 255]),
        (0x0100_0000, &[0x64, 1, 0, 0, 0]),
        (u32::MAX, &[0x64, 255, 255, 255, 255]),
    ] {
        assert_eq!(
            written(16, |mut writer| writer.option_uint(6, value).map(|()| writer.finish())).unwrap(),
            bytes
        );
    }
}

#[test]
fn every_buffer_that_is_too_small_is_full() {
    let write = |buffer: &mut [u8]| -> Result<usize, Error> {
        let mut writer = Writer::new(buffer, Kind::NonConfirmable, Code::POST, 1, b"12345678")?;
        writer.option(URI_PATH, b"rd")?;
        writer.option(300, &[1; 300])?;
        writer.payload(b"end")
    };
    let mut buffer = [0; 400];
    let length = write(&mut buffer).unwrap();
    assert_eq!(length, 4 + 8 + 3 + (1 + 2 + 2 + 300) + 4);
    for size in 0..length {
        assert_eq!(write(&mut buffer[..size]), Err(Error::Full), "{size}");
    }
    assert_eq!(write(&mut buffer[..length]), Ok(length));
}

#[test]
fn a_step_that_fails_leaves_the_message_as_it_was() {
    let bytes = written(9, |mut writer| {
        writer.option(11, b"3").unwrap();
        assert_eq!(writer.option(10, b""), Err(Error::Argument), "descending");
        assert_eq!(writer.option(300, b"12"), Err(Error::Full));
        writer.option(12, b"0").unwrap();
        assert_eq!(writer.room(), [0u8; 0]);
        Ok(writer.finish())
    });
    assert_eq!(bytes.unwrap(), b"\xb13\x110");
}

#[test]
fn payloads() {
    assert_eq!(written(9, |writer| writer.payload(b"")).unwrap(), b"");
    assert_eq!(written(9, |writer| writer.finish_with(0)).unwrap(), b"");
    assert_eq!(written(9, |writer| writer.payload(b"1234")).unwrap(), b"\xff1234");
    assert_eq!(written(9, |writer| writer.payload(b"12345")), Err(Error::Full));
    assert_eq!(written(9, |writer| writer.finish_with(5)), Err(Error::Full));
    assert_eq!(written(9, |writer| writer.finish_with(usize::MAX)), Err(Error::Full));
    for size in [4, 5] {
        let length = written(size, |mut writer| Ok(4 + writer.room().len()));
        assert_eq!(length.unwrap().len(), 0, "no room in {size} bytes");
    }
}

#[test]
fn the_more_bit_can_be_set_late() {
    for (number, value) in [(0, &[0x08][..]), (1, &[0x18]), (16, &[0x01, 0x08])] {
        let bytes = written(20, |mut writer| {
            let bit = writer.option_block(BLOCK2, Block { number, more: false, exponent: 0 })?;
            writer.option_uint(SIZE2, 9)?;
            writer.set_more(bit);
            writer.payload(b"x")
        });
        let head = [0xd0 | value.len() as u8, 10];
        assert_eq!(bytes.unwrap(), [&head[..], value, &[0x51, 9, 0xff, b'x']].concat());
    }
}

#[test]
fn tokens_and_empty_messages() {
    let mut buffer = [0; 32];
    let too_long = Writer::new(&mut buffer, Kind::Confirmable, Code::GET, 0, b"123456789");
    assert_eq!(too_long.err(), Some(Error::Argument));
    for (kind, bytes) in [
        (Kind::Confirmable, [0x40, 0, 0x12, 0x34]),
        (Kind::Acknowledgement, [0x60, 0, 0x12, 0x34]),
        (Kind::Reset, [0x70, 0, 0x12, 0x34]),
    ] {
        assert_eq!(empty(kind, 0x1234), bytes);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!((message.kind, message.code, message.id), (kind, Code::EMPTY, 0x1234));
    }
}
