//! Block options, and the three machines: what they say is delivered adds up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::coap::block::largest_exponent;
use whimbrel::coap::{Answer, Arrival, Block, Code, Fetch, Fetched, Incoming, Outgoing};
use whimbrel_fuzz::bytes::Bytes;

/// A Block option from three bytes, as a peer sends it.
fn block(bytes: &mut Bytes<'_>) -> Option<Block> {
    let value = [bytes.byte() & 3, bytes.byte(), bytes.byte()];
    let block = Block::decode(&value).ok()?;
    let written = block.to_uint().to_be_bytes();
    assert_eq!(written[1..], value);
    assert_eq!(Block::at(block.offset(), block.more, block.exponent), Ok(block));
    assert_eq!(block.size(), 16 << block.exponent);
    for exponent in 0..7 {
        if let Ok(smaller) = block.reduced_to(exponent) {
            assert_eq!(smaller.offset(), block.offset());
            assert!(smaller.exponent <= block.exponent);
        }
    }
    Some(block)
}

/// How many bytes a block's payload has: often those that suit it.
fn length(bytes: &mut Bytes<'_>, block: Block) -> usize {
    match bytes.byte() {
        0..=200 if block.more => block.size(),
        0..=200 => block.size() / 2,
        other => usize::from(other) * 8,
    }
}

/// The block that a well-behaved peer would send next, most of the time.
fn next(bytes: &mut Bytes<'_>, offset: u32) -> Option<Block> {
    let choice = bytes.byte();
    if choice < 64 {
        return block(bytes);
    }
    Block::at(offset, choice < 224, choice % 7).ok()
}

fn incoming(bytes: &mut Bytes<'_>) {
    let mut machine = Incoming::new();
    let (mut delivered, mut open) = (0, false);
    while !bytes.is_empty() {
        let Some(block) = next(bytes, delivered) else { continue };
        let (length, before) = (length(bytes, block), machine);
        match machine.take(block, length) {
            Ok(arrival) => {
                match arrival {
                    Arrival::First => assert!(!open && block.number == 0),
                    Arrival::Restart => assert!(open && block.number == 0),
                    Arrival::Next { offset } => {
                        assert!(open && offset == delivered && offset == block.offset())
                    }
                    Arrival::Repeat => {
                        assert_eq!(machine, before);
                        assert_eq!(block.offset() + length as u32, delivered);
                        continue;
                    }
                }
                delivered = block.offset() + length as u32;
                open = block.more;
            }
            Err(_) => assert_eq!(machine, before, "a refused block changes nothing"),
        }
        assert_eq!((machine.received(), machine.is_open()), (delivered, open));
    }
}

fn outgoing(bytes: &mut Bytes<'_>) {
    let total = u32::from(bytes.pair());
    let mut machine = Outgoing::new(largest_exponent(usize::from(bytes.pair())).unwrap_or(0));
    let (mut sent, mut restarts) = (0, 0);
    loop {
        let (offset, size) = (machine.offset(), machine.size());
        assert_eq!(offset, sent, "the next block begins where the one before ended");
        let more = u64::from(offset) + (size as u64) < u64::from(total);
        let Ok(asked) = machine.block(more) else { return };
        assert_eq!((asked.offset(), asked.size(), asked.more), (offset, size, more));
        let code = bytes.pick(&[
            Code::CONTINUE,
            Code::CHANGED,
            Code::REQUEST_ENTITY_TOO_LARGE,
            Code::REQUEST_ENTITY_INCOMPLETE,
            Code::BAD_REQUEST,
        ]);
        let answer = match bytes.byte() {
            0..=31 => None,
            32..=63 => block(bytes),
            choice => Some(Block { exponent: asked.exponent.min(choice % 7), ..asked }),
        };
        match machine.answer(code, answer) {
            Answer::Next => sent = offset + size as u32,
            Answer::Restart => (sent, restarts) = (0, restarts + 1),
            Answer::Done => return assert!(!more, "done with {} of {total}", offset + size as u32),
            Answer::Failed => return,
        }
        assert!(restarts < 9, "for ever");
    }
}

fn fetch(bytes: &mut Bytes<'_>) {
    let (offset, etag) = (u32::from(bytes.pair()), bytes.chunk());
    let Ok(mut machine) = Fetch::resume(offset, bytes.byte() % 7, etag) else { return };
    let mut received = machine.received();
    while !bytes.is_empty() {
        let Ok(asked) = machine.request() else { return };
        assert_eq!(machine.received(), received);
        let option = if bytes.byte() < 16 { None } else { next(bytes, asked.offset()) };
        let length = option.map_or(usize::from(bytes.byte()), |block| length(bytes, block));
        let etag = if bytes.byte() < 200 { machine.etag().to_vec() } else { bytes.chunk().to_vec() };
        let before = machine;
        match machine.answer(option, &etag, length) {
            Ok(Fetched::Part { offset, last }) => {
                assert_eq!((offset, machine.etag()), (received, &etag[..]));
                received += length as u32;
                if last {
                    return assert_eq!(machine.received(), received);
                }
            }
            Ok(Fetched::Changed) => return assert_ne!(before.etag(), etag),
            Err(_) => assert_eq!(machine, before, "an error changes nothing"),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let _ = Block::decode(data);
    let mut bytes = Bytes(data);
    match bytes.byte() % 3 {
        0 => incoming(&mut bytes),
        1 => outgoing(&mut bytes),
        _ => fetch(&mut bytes),
    }
});
