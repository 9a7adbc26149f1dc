//! The bootstrap file in windows of any size against the reader of whole files: the same verdict, the same content. What
//! is inside of the objects is taken apart here once more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::error::Error;
use whimbrel::format::bootstrap_file::objects;
use whimbrel::uicc::file::{File, Item};
use whimbrel_fuzz::bytes::Bytes;

#[derive(Debug, PartialEq, Eq)]
enum Told<'f> {
    Object(u16, (u8, u8)),
    Instance(u16),
    Resource(&'f [u8]),
}

/// Windows of the sizes that `rooms` names in turn, and of more where more is asked for.
fn in_windows<'f>(content: &'f [u8], rooms: &[u8]) -> Result<Vec<Told<'f>>, Error> {
    let mut file = File::new(content.len() as u16);
    let mut rooms = rooms.iter().cycle();
    let (mut at, mut told, mut asked) = (0, Vec::new(), 0);
    loop {
        let room = asked.max(usize::from(*rooms.next().unwrap_or(&0)));
        let window = &content[at..content.len().min(at + room)];
        let left = file.left;
        let (item, used) = file.next(window)?;
        assert!(used <= window.len());
        match item {
            Item::More(needed) => {
                assert!(needed > window.len() && at + needed <= content.len() && used == 0);
                assert_eq!(file.left, left, "nothing has happened");
                asked = needed;
                continue;
            }
            Item::Object { id, version } => told.push(Told::Object(id, version)),
            Item::Instance { id } => told.push(Told::Instance(id)),
            Item::Resource => told.push(Told::Resource(&window[..used])),
            Item::End => {
                assert_eq!(file.left, 0);
                return Ok(told);
            }
        }
        assert!(used > 0 && at + used + file.left as usize <= content.len());
        (at, asked) = (at + used, 0);
    }
}

/// The TLVs of a container: kind, identifier, whole, value.
fn tlvs(mut rest: &[u8]) -> Result<Vec<(u8, u16, &[u8], &[u8])>, Error> {
    let number =
        |octets: &[u8]| octets.iter().fold(0usize, |number, octet| number << 8 | usize::from(*octet));
    let mut all = Vec::new();
    while let Some(first) = rest.first() {
        let (id, width) = (1 + usize::from(first >> 5 & 1), usize::from(first >> 3 & 3));
        let head = rest.get(1..1 + id + width).ok_or(Error::Malformed)?;
        let length = if width == 0 { usize::from(first & 7) } else { number(&head[id..]) };
        let value_at = 1 + id + width;
        let value = rest.get(value_at..value_at + length).ok_or(Error::Malformed)?;
        let (whole, behind) = rest.split_at(value_at + length);
        let id = number(&head[..id]) as u16;
        if id == 0xffff {
            return Err(Error::Malformed);
        }
        all.push((first >> 6, id, whole, value));
        rest = behind;
    }
    Ok(all)
}

fn as_a_whole(content: &[u8]) -> Result<Vec<Told<'_>>, Error> {
    let mut told = Vec::new();
    for object in objects(content)? {
        told.push(Told::Object(object.id, object.version));
        for (kind, id, _, value) in tlvs(object.instances)? {
            told.push(Told::Instance(id));
            for (inner, _, whole, _) in tlvs(value)? {
                told.push(Told::Resource(whole));
                if inner < 2 {
                    return Err(Error::Malformed);
                }
            }
            if kind != 0 {
                return Err(Error::Malformed);
            }
        }
    }
    Ok(told)
}

/// A file whose lengths fit together more often than chance has it: the input between heads that are right.
fn fitting(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut content = Vec::new();
    let count = u16::from(bytes.byte() % 4);
    for _ in 0..count {
        let mut instances = Vec::new();
        for _ in 0..bytes.byte() % 4 {
            let value = bytes.chunk();
            instances.extend([0x10, bytes.byte()]);
            instances.extend((value.len() as u16).to_be_bytes());
            instances.extend(value);
        }
        content.extend([0, bytes.byte(), 0]);
        content.extend((instances.len() as u16).to_be_bytes());
        content.extend(instances);
    }
    let head = [count.to_be_bytes(), (content.len() as u16).to_be_bytes()].concat();
    [head, content].concat()
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let (how, rooms) = (bytes.byte(), bytes.take(3));
    let content = if how & 1 == 0 { fitting(&mut bytes) } else { bytes.0.to_vec() };
    if content.len() > 0xffff {
        return;
    }
    let (pieces, whole) = (in_windows(&content, rooms), as_a_whole(&content));
    assert_eq!(pieces.is_ok(), whole.is_ok());
    if let (Ok(pieces), Ok(whole)) = (pieces, whole) {
        assert_eq!(pieces, whole);
    }
});
