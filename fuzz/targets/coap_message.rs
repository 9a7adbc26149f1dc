//! A CoAP message: parse, walk, write again. With shortest option headers the bytes are identical.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::coap::message::reset_for;
use whimbrel::coap::{Kind, Message, Writer, option};

/// An option with its number.
type Options<'a> = Vec<(u16, &'a [u8])>;

/// The options and the payload, if they are well-formed.
fn walk<'a>(message: &Message<'a>) -> Option<(Options<'a>, &'a [u8])> {
    let mut reader = message.options();
    let mut options = Vec::new();
    while let Some((number, value)) = reader.next().ok()? {
        assert!(options.last().is_none_or(|(last, _)| *last <= number), "descending");
        let _ = (option::is_critical(number), option::length_fits(number, value.len()), option::uint(value));
        options.push((number, value));
    }
    assert_eq!(reader.next(), Ok(None), "an option behind the end");
    Some((options, reader.payload()))
}

/// Written into `room` bytes; how long it is.
fn write(
    room: &mut [u8],
    message: &Message<'_>,
    options: &Options<'_>,
    payload: &[u8],
) -> Result<usize, whimbrel::error::Error> {
    let mut writer = Writer::new(room, message.kind, message.code, message.id, message.token)?;
    for (number, value) in options {
        writer.option(*number, value)?;
    }
    writer.payload(payload)
}

fuzz_target!(|data: &[u8]| {
    let reset = reset_for(data);
    if let Some(reset) = reset {
        assert_eq!(Message::parse(&reset).map(|reset| reset.kind), Ok(Kind::Reset));
        assert_eq!((reset[2], reset[3]), (data[2], data[3]));
    }
    let Ok(message) = Message::parse(data) else { return };
    assert_eq!(reset.is_some(), message.kind == Kind::Confirmable);
    let Some((options, payload)) = walk(&message) else { return };
    // a nibble of 13 or 14 always says more than the one before: there is one way to write an option
    let mut buffer = vec![0xaa; data.len()];
    assert_eq!(write(&mut buffer, &message, &options, payload), Ok(data.len()), "{options:?}");
    assert_eq!(buffer, data);
    for room in 0..data.len().min(64) {
        let mut small = vec![0; room];
        assert!(write(&mut small, &message, &options, payload).is_err(), "{room} bytes suffice");
    }
});
