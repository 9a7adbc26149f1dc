//! What the lab may ask of a client, and what became of it (RFC 7252 section 5; blocks: RFC 7959).

use crate::coap::{self, Code, Type};
use crate::format;
use crate::net::Peer;
use crate::options::{self, Block, uint};
use std::fmt;

/// Names a request for as long as the server lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub(crate) usize);

/// A request, built step by step. What is not said is done as a proper LwM2M server does it: Confirmable, a fresh
/// token, large bodies in blocks, large answers collected.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) method: Code,
    pub(crate) options: Vec<(u16, Vec<u8>)>,
    pub(crate) payload: Vec<u8>,
    pub(crate) confirmable: bool,
    pub(crate) token: Token,
    pub(crate) blocks: bool,
    pub(crate) upload_szx: Option<u8>,
}

/// Where a request's token comes from.
#[derive(Clone, Debug)]
pub(crate) enum Token {
    /// A fresh one of the server's usual length.
    Usual,
    /// A fresh one of this length.
    Length(u8),
    /// These bytes.
    Given(Vec<u8>),
}

impl Request {
    /// A request with any method. `path` may carry a query: `/3/0?pmin=1`.
    pub fn new(method: Code, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Self {
            method,
            options: Vec::new(),
            payload: Vec::new(),
            confirmable: true,
            token: Token::Usual,
            blocks: true,
            upload_szx: None,
        };
        let request = coap::segments(path).fold(request, |r, segment| r.option(options::URI_PATH, segment));
        request.query(query)
    }

    /// GET.
    pub fn get(path: &str) -> Self {
        Self::new(Code::GET, path)
    }

    /// PUT.
    pub fn put(path: &str) -> Self {
        Self::new(Code::PUT, path)
    }

    /// POST.
    pub fn post(path: &str) -> Self {
        Self::new(Code::POST, path)
    }

    /// DELETE.
    pub fn delete(path: &str) -> Self {
        Self::new(Code::DELETE, path)
    }

    /// Adds an option with these bytes.
    pub fn option(mut self, number: u16, value: impl Into<Vec<u8>>) -> Self {
        self.options.push((number, value.into()));
        self
    }

    /// Adds Uri-Query options, one for each part between ampersands.
    pub fn query(self, query: &str) -> Self {
        query
            .split('&')
            .filter(|part| !part.is_empty())
            .fold(self, |r, part| r.option(options::URI_QUERY, part))
    }

    /// Asks for a content format.
    pub fn accept(self, format: u16) -> Self {
        self.option(options::ACCEPT, uint(format.into()))
    }

    /// Observe: 0 begins, 1 ends.
    pub fn observe(self, value: u32) -> Self {
        self.option(options::OBSERVE, uint(value))
    }

    /// A payload and its content format.
    pub fn content(self, format: u16, payload: impl Into<Vec<u8>>) -> Self {
        self.option(options::CONTENT_FORMAT, uint(format.into())).payload(payload)
    }

    /// A payload without a content format.
    pub fn payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.payload = payload.into();
        self
    }

    /// Sends it Non-confirmable.
    pub fn non(mut self) -> Self {
        self.confirmable = false;
        self
    }

    /// A fresh token of this length, 0 to 8.
    pub fn token_length(mut self, length: u8) -> Self {
        self.token = Token::Length(length.min(8));
        self
    }

    /// This token (cut to 8 bytes).
    pub fn token(mut self, token: impl Into<Vec<u8>>) -> Self {
        let mut token = token.into();
        token.truncate(8);
        self.token = Token::Given(token);
        self
    }

    /// Early negotiation: asks for Block2 of this size exponent from the start.
    pub fn block2_szx(self, szx: u8) -> Self {
        self.from_block(0, szx)
    }

    /// Asks for the answer from block `num` on; what is assembled begins there.
    pub fn from_block(self, num: u32, szx: u8) -> Self {
        self.option(options::BLOCK2, Block::new(num, false, szx).bytes())
    }

    /// Sends the body in blocks of this size exponent (6, that is 1,024 bytes, if not said), even if it is small.
    pub fn upload_szx(mut self, szx: u8) -> Self {
        self.upload_szx = Some(szx.min(6));
        self
    }

    /// One block by hand: cuts block `num` out of the body and leaves everything else to the test.
    pub fn one_block(self, num: u32, szx: u8) -> Self {
        let start = Block::new(num, false, szx).offset().min(self.payload.len());
        let end = (start + Block::new(num, false, szx).size()).min(self.payload.len());
        let block = Block::new(num, end < self.payload.len(), szx);
        let part = self.payload.get(start..end).unwrap_or_default().to_vec();
        self.option(options::BLOCK1, block.bytes()).payload(part).by_hand()
    }

    /// Sends this one message and takes the first response as the result, whatever its Block options say.
    pub fn by_hand(mut self) -> Self {
        self.blocks = false;
        self
    }

    pub(crate) fn kind(&self) -> Type {
        if self.confirmable { Type::Con } else { Type::Non }
    }
}

/// As `PUT /3/0?pmin=1`.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = coap::joined(&coap::texts(&self.options, options::URI_PATH));
        let query = coap::texts(&self.options, options::URI_QUERY).join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        write!(f, "{} {path}{mark}{query}", self.method.name())
    }
}

/// A response, whole: of a block-wise answer the options are those of the first block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// When it (or its last block) arrived.
    pub time: u64,
    /// Response code.
    pub code: Code,
    /// ACK if it was piggybacked, CON or NON if it came separately.
    pub kind: Type,
    /// Option numbers and values.
    pub options: Vec<(u16, Vec<u8>)>,
    /// The payload, all blocks together.
    pub payload: Vec<u8>,
}

impl Response {
    /// The first value of an option.
    pub fn option(&self, number: u16) -> Option<&[u8]> {
        coap::find(&self.options, number)
    }

    /// An option as a number.
    pub fn uint(&self, number: u16) -> Option<u32> {
        self.option(number).and_then(options::read_uint)
    }

    /// The Content-Format.
    pub fn content_format(&self) -> Option<u16> {
        self.uint(options::CONTENT_FORMAT).and_then(|n| u16::try_from(n).ok())
    }

    /// The ETag.
    pub fn etag(&self) -> Option<&[u8]> {
        self.option(options::ETAG)
    }

    /// The Observe value.
    pub fn observe(&self) -> Option<u32> {
        self.uint(options::OBSERVE)
    }

    /// The Block1 option.
    pub fn block1(&self) -> Option<Block> {
        self.option(options::BLOCK1).and_then(Block::read)
    }

    /// The Block2 option.
    pub fn block2(&self) -> Option<Block> {
        self.option(options::BLOCK2).and_then(Block::read)
    }

    /// The Size2 option.
    pub fn size2(&self) -> Option<u32> {
        self.uint(options::SIZE2)
    }

    /// The Location-Path as a path; `/` if there is none.
    pub fn location(&self) -> String {
        coap::joined(&coap::texts(&self.options, options::LOCATION_PATH))
    }

    /// True unless the response was piggybacked on an acknowledgement.
    pub fn is_separate(&self) -> bool {
        self.kind != Type::Ack
    }

    /// The payload as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    /// The one number in the payload (see [`format::float`]).
    pub fn float(&self) -> Option<f64> {
        format::float(self.content_format(), &self.payload)
    }

    /// The one Integer in the payload (see [`format::integer`]).
    pub fn integer(&self) -> Option<i64> {
        format::integer(self.content_format(), &self.payload)
    }

    /// The payload as a TLV tree; empty if it is not TLV.
    pub fn tlv(&self) -> Vec<crate::tlv::Entry> {
        crate::tlv::decode(&self.payload).unwrap_or_default()
    }
}

/// Why a request has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody is registered (any more) to send it to.
    NoClient,
    /// All retransmissions went unanswered, or the promised separate response never came.
    TimedOut,
    /// The client answered with a Reset.
    Reset,
    /// The lab gave it up.
    GivenUp,
    /// The blocks of an answer do not fit together, and how.
    Blocks(&'static str),
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Where it went, once it was sent.
    pub peer: Option<Peer>,
    /// When it was first sent; later than it was asked for if it had to wait (NSTART, queue mode).
    pub sent: Option<u64>,
    /// When it was over.
    pub finished: u64,
    /// How many datagrams were sent a second, third … time, over all blocks.
    pub retransmissions: u32,
    /// How many messages were needed: 1, or the number of blocks.
    pub messages: u32,
    /// The response, or why there is none.
    pub result: Result<Response, Failure>,
}
