//! A request body that comes in blocks (RFC 7959 section 2.5): assembled where it is small, handed on chunk by chunk
//! where the resource takes a stream.

use crate::client::account::Account;
use crate::client::request::Request;
use crate::client::respond::{Reply, Slot};
use crate::client::{Context, Engine};
use crate::coap::{Arrival, Block, Code, Incoming as Blocks, block};
use crate::error::Error;
use crate::format::CF_OPAQUE;
use crate::model::definition::{STREAM, WRITE};
use crate::model::{Incoming, rights};
use crate::path::{NONE, Path};
use crate::time::Instant;
use crate::value::{DataType, Value};

/// The body under way. There is one for the client: another server is asked to come back.
#[derive(Clone, Copy, Debug)]
pub struct Upload {
    who: u8,
    method: Code,
    path: Path,
    content_format: Option<u16>,
    blocks: Blocks,
    /// The resource's place in the definition, where it takes the body as a stream.
    stream: Option<u8>,
    /// When the transfer is given up.
    expires: Instant,
    /// The answer to the last block, for its repetition.
    answer: Code,
}

impl Upload {
    /// Nothing under way.
    pub const IDLE: Self = Self {
        who: 0,
        method: Code::EMPTY,
        path: Path::ROOT,
        content_format: None,
        blocks: Blocks::new(),
        stream: None,
        expires: Instant::ZERO,
        answer: Code::EMPTY,
    };

    /// The server is left: its body will not be completed.
    pub(crate) fn forget(&mut self, who: usize) {
        if usize::from(self.who) == who {
            *self = Self::IDLE;
        }
    }

    /// Whether half a body lies in the buffer for bodies: not where the resource takes a stream.
    fn has_body(&self) -> bool {
        self.blocks.is_open() && self.stream.is_none()
    }

    /// Whether that buffer is its own.
    pub(crate) fn needs_body(&self, now: Instant) -> bool {
        self.has_body() && now < self.expires
    }

    /// Somebody else takes that buffer: half a body in it is lost.
    pub(crate) fn leave_body(&mut self) {
        if self.has_body() {
            *self = Self::IDLE;
        }
    }

    fn is_of(&self, who: usize, request: &Request<'_>) -> bool {
        usize::from(self.who) == who
            && self.method == request.method
            && self.path == request.path
            && self.content_format == request.content_format
    }
}

impl Engine<'_> {
    /// Serves one block of a request.
    pub(crate) fn serve_block(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        block: Block,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        if block.number == 0 && !block.more {
            let reply = self.serve_whole(ctx, who, request, buffer)?;
            return Ok(reply.with_block(Slot::Block1, block));
        }
        if block.number == 0 {
            let foreign = usize::from(self.upload.who) != who && self.upload.blocks.is_open();
            if foreign && ctx.now < self.upload.expires {
                return Err(Error::Busy);
            }
            if !self.upload.is_of(who, request) || !self.upload.blocks.is_open() {
                self.upload = self.begin_upload(who, request)?;
            }
        } else if !self.upload.is_of(who, request) || ctx.now >= self.upload.expires {
            return Err(Error::Incomplete);
        }
        let arrival = self.upload.blocks.take(block, request.payload.len())?;
        self.upload.expires = ctx.now.after(self.lifetime(who, true).into());
        let offset = match arrival {
            Arrival::Repeat => return Ok(Reply::code(self.upload.answer).with_block(Slot::Block1, block)),
            Arrival::First | Arrival::Restart => 0,
            Arrival::Next { offset } => offset as usize,
        };
        let served = self.take_block(ctx, who, request, offset, !block.more, buffer);
        match served {
            Ok(reply) => {
                self.upload.answer = reply.code;
                Ok(reply.with_block(Slot::Block1, block))
            }
            Err(error) => {
                self.upload = Upload::IDLE;
                Err(error)
            }
        }
    }

    /// Checks what can be checked before the body is there, and decides where it goes.
    fn begin_upload(&self, who: usize, request: &Request<'_>) -> Result<Upload, Error> {
        let path = request.path;
        if let Some(number) = request.content_format
            && self.config.format(number).is_none()
        {
            return Err(Error::UnsupportedFormat);
        }
        let managed = !self.accounts.get(who).is_some_and(Account::is_bootstrap);
        let stream = if request.method == Code::PUT && path.depth() == 3 && managed {
            self.stream_of(who, request)?
        } else {
            None
        };
        if stream.is_none() && request.size1.is_some_and(|size| size as usize > self.body.len()) {
            return Err(Error::TooLarge);
        }
        Ok(Upload {
            who: who as u8,
            method: request.method,
            path,
            content_format: request.content_format,
            stream,
            ..Upload::IDLE
        })
    }

    /// Something else happens at `path`: a stream into it has lost its place. Its next block is told 4.08, and the
    /// server begins anew.
    pub(crate) fn end_stream(&mut self, path: Path) {
        if self.upload.stream.is_some() && path.touches(self.upload.path) {
            self.upload = Upload::IDLE;
        }
    }

    /// The place of a resource that takes this request's body as a stream.
    fn stream_of(&self, who: usize, request: &Request<'_>) -> Result<Option<u8>, Error> {
        let path = request.path;
        let object = self.model.object(path.object).ok_or(Error::NotFound)?;
        self.model.instance(path.object, path.instance).ok_or(Error::NotFound)?;
        self.demand(who, path, rights::WRITE)?;
        let index = object.find(path.resource).ok_or(Error::NotFound)?;
        let resource = object.resource(index).ok_or(Error::NotFound)?;
        if !resource.allows(WRITE) {
            return Err(Error::NotAllowed);
        }
        let streams = resource.is(STREAM)
            && resource.data_type == DataType::Opaque
            && request.content_format == Some(CF_OPAQUE);
        Ok(streams.then_some(index as u8))
    }

    fn take_block(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        offset: usize,
        last: bool,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let more = Reply::code(Code::CONTINUE);
        let path = request.path;
        if let Some(index) = self.upload.stream {
            let index = usize::from(index);
            self.demand(who, path, rights::WRITE)?;
            let object = self.model.object(path.object).ok_or(Error::NotFound)?;
            let instance = self.model.instance(path.object, path.instance).ok_or(Error::NotFound)?;
            let value = Value::Opaque(request.payload);
            object.write(instance, index, &Incoming { resource_instance: NONE, value, offset, last })?;
            instance.set(index, true);
            if last {
                self.wrote(ctx, who, path, 1u64.wrapping_shl(index as u32));
            }
            return Ok(if last { Reply::code(Code::CHANGED) } else { more });
        }
        self.held.clear();
        let end = offset.saturating_add(request.payload.len());
        crate::bytes::put(self.body, offset, request.payload).map_err(|_| Error::TooLarge)?;
        if !last {
            return Ok(more);
        }
        let body = core::mem::take(&mut self.body);
        let whole = Request { payload: body.get(..end).unwrap_or(&[]), block1: None, ..*request };
        let served = self.serve_whole(ctx, who, &whole, buffer);
        self.body = body;
        served
    }

    /// What tells a server how large a body, and a block of it, may be: for 4.13 (RFC 7959 section 2.9.3).
    pub(crate) fn size_hint(&self, reply: Reply) -> Reply {
        let room = self.receive_size().saturating_sub(64);
        let exponent = block::largest_exponent(room).unwrap_or(0);
        let hint = Block { number: 0, more: true, exponent };
        reply.with_block(Slot::Block1, hint).with(Slot::Size1, self.body.len() as u32)
    }
}
