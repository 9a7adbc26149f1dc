//! Well-formed headers around the fuzzer's payloads, so that it reaches what lies behind the option walk.

use crate::bytes::Bytes;
use whimbrel::coap::{Block, Code, Kind, Writer, option};

/// Identifiers worth asking for: objects and resources that exist, and neighbours that do not.
const IDS: [&str; 24] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "22",
    "1000", "1001", "65534", "65535", "rd",
];
const OBJECTS: [&str; 8] = ["1000", "1001", "3", "1", "2", "0", "4", "1000"];
const QUERIES: [&str; 12] = [
    "pmin=0",
    "pmin=5",
    "pmax=10",
    "pmax=2",
    "gt=10",
    "lt=2.5",
    "st=1",
    "pmin",
    "pmax",
    "gt",
    "gt=-1e300",
    "st=x",
];
const FORMATS: [u16; 8] = [11542, 11542, 11543, 0, 42, 40, 110, 11543];

/// A token of up to eight bytes.
fn token(bytes: &mut Bytes<'_>) -> [u8; 2] {
    [0x70, bytes.byte() & 7]
}

/// Writes as much as fits; what does not is left out.
pub struct Request<'a> {
    /// Where the datagram begins.
    pub buffer: &'a mut [u8],
    /// Its Message ID.
    pub id: u16,
}

impl Request<'_> {
    /// A request as a server could make it; its length.
    pub fn write(self, bytes: &mut Bytes<'_>) -> usize {
        let shape = bytes.byte();
        let kind = if shape & 1 == 0 { Kind::Confirmable } else { Kind::NonConfirmable };
        let code = match (shape >> 1) & 7 {
            0 | 1 => Code::GET,
            2 | 3 => Code::PUT,
            4 | 5 => Code::POST,
            6 => Code::DELETE,
            _ => Code(bytes.byte() & 0x1f | 1),
        };
        let token = token(bytes);
        let Ok(mut out) = Writer::new(self.buffer, kind, code, self.id, &token) else { return 0 };
        let present = bytes.byte();
        if present & 1 != 0 {
            let _ = out.option_uint(option::OBSERVE, u32::from(bytes.byte() % 3));
        }
        for level in 0..usize::from(shape >> 4) % 5 {
            let ids: &[&str] = if level == 0 { &OBJECTS } else { &IDS };
            let _ = out.option(option::URI_PATH, bytes.pick(ids).as_bytes());
        }
        if present & 2 != 0 {
            let _ = out.option_uint(option::CONTENT_FORMAT, bytes.pick(&FORMATS).into());
        }
        if present & 4 != 0 {
            for _ in 0..=bytes.byte() % 3 {
                let own = bytes.byte();
                let query = if own < 224 { QUERIES[usize::from(own) % 12].as_bytes() } else { bytes.chunk() };
                let _ = out.option(option::URI_QUERY, query);
            }
        }
        if present & 8 != 0 {
            let _ = out.option_uint(option::ACCEPT, bytes.pick(&FORMATS).into());
        }
        let mut room = None;
        for (bit, number) in [(16, option::BLOCK2), (32, option::BLOCK1)] {
            if present & bit != 0 {
                let shape = bytes.byte();
                let number_of =
                    u32::from(if shape & 0x40 != 0 { bytes.pair() } else { (shape >> 4 & 3).into() });
                let block = Block { number: number_of, more: shape & 8 != 0, exponent: shape & 7 };
                let _ = out.option_uint(number, block.to_uint());
                room = (block.more && bit == 32).then(|| block.size());
            }
        }
        if present & 64 != 0 {
            let _ = out.option_uint(option::SIZE1, bytes.pair().into());
        }
        if present & 128 != 0 {
            let _ = out.option(bytes.pair(), bytes.chunk());
        }
        // a block that has more behind it is full
        let mut payload = bytes.chunk().to_vec();
        if let Some(size) = room {
            payload.resize(size, b'x');
        }
        let space = out.room().len();
        payload.truncate(space);
        out.payload(&payload).unwrap_or(0)
    }
}

/// A response as a server could make it, to a message of the client; its length.
pub fn response(buffer: &mut [u8], bytes: &mut Bytes<'_>, id: u16, token: &[u8]) -> usize {
    let kind = bytes.pick(&[Kind::Acknowledgement, Kind::Confirmable, Kind::NonConfirmable]);
    let code = bytes.pick(&[
        Code::CREATED,
        Code::CHANGED,
        Code::DELETED,
        Code::CONTINUE,
        Code::NOT_FOUND,
        Code::BAD_REQUEST,
        Code::PRECONDITION_FAILED,
        Code::REQUEST_ENTITY_TOO_LARGE,
        Code::REQUEST_ENTITY_INCOMPLETE,
        Code::SERVICE_UNAVAILABLE,
    ]);
    let Ok(mut out) = Writer::new(buffer, kind, code, id, token) else { return 0 };
    for _ in 0..bytes.byte() % 4 {
        let _ = out.option(option::LOCATION_PATH, bytes.chunk());
    }
    if bytes.byte() & 1 != 0 {
        let _ = out.option_uint(option::BLOCK1, bytes.pair().into());
    }
    if bytes.byte() & 1 != 0 {
        let _ = out.option(bytes.pair() | 32, bytes.chunk());
    }
    let payload = bytes.chunk();
    let room = out.room().len();
    out.payload(&payload[..payload.len().min(room)]).unwrap_or(0)
}
