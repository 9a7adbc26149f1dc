//! One CoAP message (RFC 7252 section 3), parsed and written by `coap-lite`, with the checks that crate leaves out.

use crate::options::{self, Block, read_uint};
use coap_lite::{CoapOption, MessageClass, MessageType, Packet};
use std::fmt;

/// A method or a response code: class in the upper three bits, detail in the lower five.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u8);

macro_rules! codes {
    ($($constant:ident = $class:literal . $detail:literal, $name:literal;)*) => {
        impl Code {
            $(#[doc = concat!("`", stringify!($class), ".", stringify!($detail), "` ", $name, ".")]
            pub const $constant: Self = Self(($class << 5) | $detail);)*

            /// What the registry calls this code; empty if the lab does not know it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$constant => $name,)* _ => "" }
            }
        }
    };
}

codes! {
    EMPTY = 0 . 0, "Empty";
    GET = 0 . 1, "GET";
    POST = 0 . 2, "POST";
    PUT = 0 . 3, "PUT";
    DELETE = 0 . 4, "DELETE";
    FETCH = 0 . 5, "FETCH";
    PATCH = 0 . 6, "PATCH";
    IPATCH = 0 . 7, "iPATCH";
    CREATED = 2 . 1, "Created";
    DELETED = 2 . 2, "Deleted";
    VALID = 2 . 3, "Valid";
    CHANGED = 2 . 4, "Changed";
    CONTENT = 2 . 5, "Content";
    CONTINUE = 2 . 31, "Continue";
    BAD_REQUEST = 4 . 0, "Bad Request";
    UNAUTHORIZED = 4 . 1, "Unauthorized";
    BAD_OPTION = 4 . 2, "Bad Option";
    FORBIDDEN = 4 . 3, "Forbidden";
    NOT_FOUND = 4 . 4, "Not Found";
    METHOD_NOT_ALLOWED = 4 . 5, "Method Not Allowed";
    NOT_ACCEPTABLE = 4 . 6, "Not Acceptable";
    REQUEST_ENTITY_INCOMPLETE = 4 . 8, "Request Entity Incomplete";
    CONFLICT = 4 . 9, "Conflict";
    PRECONDITION_FAILED = 4 . 12, "Precondition Failed";
    REQUEST_ENTITY_TOO_LARGE = 4 . 13, "Request Entity Too Large";
    UNSUPPORTED_CONTENT_FORMAT = 4 . 15, "Unsupported Content-Format";
    INTERNAL_SERVER_ERROR = 5 . 0, "Internal Server Error";
    NOT_IMPLEMENTED = 5 . 1, "Not Implemented";
    SERVICE_UNAVAILABLE = 5 . 3, "Service Unavailable";
}

impl Code {
    /// 0 for methods and the empty message, 2, 4 or 5 for responses, 7 for signals.
    pub const fn class(self) -> u8 {
        self.0 >> 5
    }

    /// A method: class 0, but not the empty message.
    pub const fn is_request(self) -> bool {
        self.class() == 0 && self.0 != 0
    }

    /// A response of class 2, 4 or 5.
    pub const fn is_response(self) -> bool {
        matches!(self.class(), 2 | 4 | 5)
    }

    /// A response of class 2.
    pub const fn is_success(self) -> bool {
        self.class() == 2
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.class(), self.0 & 0x1f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.name())
    }
}

/// The four message types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Confirmable.
    Con,
    /// Non-confirmable.
    Non,
    /// Acknowledgement.
    Ack,
    /// Reset.
    Rst,
}

/// Why a datagram is not a CoAP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not even a header, or a token longer than the rest.
    Short,
    /// A version other than 1: to be ignored in silence.
    Version,
    /// The options do not fit the datagram.
    Options,
    /// A payload marker with nothing behind it.
    Marker,
    /// An empty message with a token, options or payload.
    Empty,
}

/// One message: what a datagram says, with options in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// CON, NON, ACK or RST.
    pub kind: Type,
    /// Method or response code.
    pub code: Code,
    /// Message ID.
    pub id: u16,
    /// Token, 0 to 8 bytes.
    pub token: Vec<u8>,
    /// Option numbers and values.
    pub options: Vec<(u16, Vec<u8>)>,
    /// What follows the payload marker.
    pub payload: Vec<u8>,
}

impl Message {
    /// A message without token, options or payload.
    pub const fn new(kind: Type, code: Code, id: u16) -> Self {
        Self { kind, code, id, token: Vec::new(), options: Vec::new(), payload: Vec::new() }
    }

    /// Takes a datagram apart.
    pub fn parse(datagram: &[u8]) -> Result<Self, Malformed> {
        let first = *datagram.first().filter(|_| datagram.len() >= 4).ok_or(Malformed::Short)?;
        if first >> 6 != 1 {
            return Err(Malformed::Version);
        }
        if datagram.len() < 4 + usize::from(first & 0x0f) || first & 0x0f > 8 {
            return Err(Malformed::Short);
        }
        let packet = Packet::from_bytes(datagram).map_err(|_| Malformed::Options)?;
        let message = Self::from_packet(&packet);
        if message.code == Code::EMPTY && datagram.len() > 4 {
            return Err(Malformed::Empty);
        }
        // coap-lite accepts a marker with an empty payload; its own output shows the missing byte.
        if message.payload.is_empty() && message.bytes().len() != datagram.len() {
            return Err(Malformed::Marker);
        }
        Ok(message)
    }

    fn from_packet(packet: &Packet) -> Self {
        let kind = match packet.header.get_type() {
            MessageType::Confirmable => Type::Con,
            MessageType::NonConfirmable => Type::Non,
            MessageType::Acknowledgement => Type::Ack,
            MessageType::Reset => Type::Rst,
        };
        let options = packet.options().flat_map(|(n, values)| values.iter().map(|v| (*n, v.clone())));
        Self {
            kind,
            code: Code(packet.header.code.into()),
            id: packet.header.message_id,
            token: packet.get_token().to_vec(),
            options: options.collect(),
            payload: packet.payload.clone(),
        }
    }

    /// The datagram.
    pub fn bytes(&self) -> Vec<u8> {
        let mut packet = Packet::new();
        packet.header.set_version(1);
        packet.header.set_type(match self.kind {
            Type::Con => MessageType::Confirmable,
            Type::Non => MessageType::NonConfirmable,
            Type::Ack => MessageType::Acknowledgement,
            Type::Rst => MessageType::Reset,
        });
        packet.header.code = MessageClass::from(self.code.0);
        packet.header.message_id = self.id;
        packet.set_token(self.token.iter().copied().take(8).collect());
        for (number, value) in &self.options {
            packet.add_option(CoapOption::from(*number), value.clone());
        }
        packet.payload = self.payload.clone();
        packet.to_bytes_unlimited().unwrap_or_default()
    }

    /// Adds an option; the order among different numbers does not matter.
    pub fn push(&mut self, number: u16, value: impl Into<Vec<u8>>) {
        self.options.push((number, value.into()));
    }

    /// The first value of an option.
    pub fn option(&self, number: u16) -> Option<&[u8]> {
        find(&self.options, number)
    }

    /// The first value of an option as a number; `None` if absent or too long.
    pub fn uint(&self, number: u16) -> Option<u32> {
        self.option(number).and_then(read_uint)
    }

    /// All values of an option as text; bytes that are not UTF-8 become U+FFFD.
    pub fn texts(&self, number: u16) -> Vec<String> {
        texts(&self.options, number)
    }

    /// The Uri-Path, with a leading slash before each segment.
    pub fn path(&self) -> String {
        joined(&self.texts(options::URI_PATH))
    }

    /// A Block1 or Block2 option.
    pub fn block(&self, number: u16) -> Option<Block> {
        self.option(number).and_then(Block::read)
    }

    /// The Content-Format.
    pub fn content_format(&self) -> Option<u16> {
        self.uint(options::CONTENT_FORMAT).and_then(|n| u16::try_from(n).ok())
    }
}

/// The first value of an option in a list.
pub(crate) fn find(options: &[(u16, Vec<u8>)], number: u16) -> Option<&[u8]> {
    options.iter().find(|(n, _)| *n == number).map(|(_, value)| value.as_slice())
}

/// All values of an option in a list, as text.
pub(crate) fn texts(options: &[(u16, Vec<u8>)], number: u16) -> Vec<String> {
    let values = options.iter().filter(|(n, _)| *n == number);
    values.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
}

/// Segments as a path: `["rd", "1"]` is `/rd/1`, nothing is `/`.
pub(crate) fn joined(segments: &[String]) -> String {
    if segments.is_empty() { "/".into() } else { segments.iter().map(|s| format!("/{s}")).collect() }
}

/// A path's segments: `/rd/1` is `["rd", "1"]`.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_survives_a_round_trip() {
        let mut message = Message::new(Type::Con, Code::POST, 0x7d34);
        message.token = vec![0x4a];
        message.push(options::URI_PATH, "rd");
        message.push(options::CONTENT_FORMAT, [40]);
        message.push(options::URI_QUERY, "ep=node-1");
        message.payload = b"</1/0>".to_vec();
        assert_eq!(Message::parse(&message.bytes()), Ok(message));
    }

    #[test]
    fn parse_refuses_what_rfc_7252_calls_a_format_error() {
        assert_eq!(Message::parse(&[]), Err(Malformed::Short));
        assert_eq!(Message::parse(&[0x41, 1, 0, 0]), Err(Malformed::Short));
        assert_eq!(Message::parse(&[0x49, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), Err(Malformed::Short));
        assert_eq!(Message::parse(&[0x80, 1, 0, 0]), Err(Malformed::Version));
        assert_eq!(Message::parse(&[0x40, 1, 0, 0, 0xb4, b'r']), Err(Malformed::Options));
        assert_eq!(Message::parse(&[0x40, 1, 0, 0, 0xb2, b'r', b'd', 0xff]), Err(Malformed::Marker));
        assert_eq!(Message::parse(&[0x40, 0, 0, 0, 0xff, 1]), Err(Malformed::Empty));
    }

    #[test]
    fn parse_survives_any_bytes() {
        let mut random = crate::Random::new(1);
        for _ in 0..20_000 {
            let mut bytes: Vec<u8> = (0..random.up_to(40)).map(|_| random.next() as u8).collect();
            if let Some(first) = bytes.first_mut() {
                *first = 0x40 | (*first & 0x33);
            }
            if let Ok(message) = Message::parse(&bytes) {
                assert_eq!(Message::parse(&message.bytes()), Ok(message));
            }
        }
    }

    #[test]
    fn code_prints_as_class_and_detail() {
        assert_eq!(Code::CONTENT.to_string(), "2.05");
        assert_eq!(format!("{:?}", Code::PRECONDITION_FAILED), "4.12 Precondition Failed");
    }
}
