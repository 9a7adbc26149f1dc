//! A server's request as LwM2M sees it: the options are walked once, the path becomes numbers (TS 1.0 section 8.2.5).

use crate::coap::{Block, Code, Message, OptionReader, option};
use crate::error::Error;
use crate::format::number;
use crate::path::{NONE, Path};

/// A request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: Code,
    /// Token.
    pub token: &'a [u8],
    /// The place addressed; see [`Request::resolve`].
    pub path: Path,
    /// Why the path names no place: 4.04 for names, 4.05 for more than four numbers.
    pub stray: Option<Error>,
    /// Accept.
    pub accept: Option<u16>,
    /// Content-Format.
    pub content_format: Option<u16>,
    /// Observe: 0 or 1.
    pub observe: Option<u32>,
    /// Block1.
    pub block1: Option<Block>,
    /// Block2.
    pub block2: Option<Block>,
    /// Size1.
    pub size1: Option<u32>,
    /// Where the Uri-Query options begin, `None` without any.
    pub queries: Option<OptionReader<'a>>,
    /// The payload.
    pub payload: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request of which only header and token are known.
    pub fn of(message: &Message<'a>) -> Self {
        Self {
            method: message.code,
            token: message.token,
            path: Path::ROOT,
            stray: None,
            accept: None,
            content_format: None,
            observe: None,
            block1: None,
            block2: None,
            size1: None,
            queries: None,
            payload: &[],
        }
    }

    /// Takes a request message apart. [`Error::Malformed`]: the options do not parse, which a Reset answers;
    /// [`Error::BadOption`] and others: what the client answers.
    /// The second of the pair tells whether the options do not parse at all.
    // by itself it is smaller than inside its caller, and so is the stack
    #[inline(never)]
    pub fn read(&mut self, message: &Message<'a>) -> Result<(), (Error, bool)> {
        let mut options = message.options();
        let mut segments = 0usize;
        let mut refused = None;
        let mut last = 0;
        loop {
            let before = options;
            let Some((number, value)) = options.next().map_err(|error| (error, true))? else { break };
            let repeated = number == last && !option::is_repeatable(number);
            last = number;
            let taken = if repeated || !option::length_fits(number, value.len()) {
                Err(Error::BadOption)
            } else if number == option::URI_PATH {
                self.segment(segments, value);
                segments = segments.saturating_add(1);
                Ok(())
            } else if number == option::URI_QUERY {
                self.queries.get_or_insert(before);
                Ok(())
            } else {
                self.take(number, value)
            };
            if let Err(error) = taken
                && (error != Error::BadOption || option::is_critical(number))
            {
                refused = Some(error);
            }
        }
        self.payload = options.payload();
        match refused {
            Some(error) => Err((error, false)),
            None => Ok(()),
        }
    }

    /// Whether the request only asks: repeating it changes nothing.
    pub fn is_safe(&self) -> bool {
        self.method == Code::GET
    }

    /// The queries, one after the other, without their option numbers.
    pub fn each_query(&self, mut take: impl FnMut(&'a [u8]) -> Result<(), Error>) -> Result<(), Error> {
        let Some(mut options) = self.queries else { return Ok(()) };
        while let Some((number, value)) = options.next()? {
            if number != option::URI_QUERY {
                break;
            }
            take(value)?;
        }
        Ok(())
    }

    fn take(&mut self, number: u16, value: &[u8]) -> Result<(), Error> {
        match number {
            option::ACCEPT => self.accept = Some(option::uint(value)? as u16),
            option::CONTENT_FORMAT => self.content_format = Some(option::uint(value)? as u16),
            option::OBSERVE => self.observe = Some(option::uint(value)?),
            option::BLOCK1 => self.block1 = Some(Block::decode(value)?),
            option::BLOCK2 => self.block2 = Some(Block::decode(value)?),
            option::SIZE1 => self.size1 = Some(option::uint(value)?),
            // the server names us as it likes: one end-point answers
            option::URI_HOST | option::URI_PORT => {}
            _ => return Err(Error::BadOption),
        }
        Ok(())
    }

    fn segment(&mut self, at: usize, segment: &[u8]) {
        let id = identifier(segment);
        match (at, id) {
            (0, Some(id)) => self.path.object = id,
            (1, Some(id)) => self.path.instance = id,
            (2, Some(id)) => self.path.resource = id,
            (3, Some(id)) => self.path.resource_instance = id,
            (_, Some(_)) => self.stray = self.stray.or(Some(Error::NotAllowed)),
            (_, None) => self.stray = self.stray.or(Some(Error::NotFound)),
        }
    }
}

/// An identifier: decimal digits without leading zeros, below 65535.
fn identifier(segment: &[u8]) -> Option<u16> {
    if segment.len() > 1 && segment.first() == Some(&b'0') {
        return None;
    }
    number::short(segment).filter(|id| *id != NONE)
}
