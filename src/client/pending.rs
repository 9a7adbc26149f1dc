//! Requests whose answer comes later: acknowledged now, answered when the application is ready (RFC 7252 5.2.2).

use crate::client::account::Purpose;
use crate::client::request::Request;
use crate::client::respond::Reply;
use crate::client::{Beside, Context, Engine};
use crate::coap::{Code, Kind, OptionReader};
use crate::error::Error;
use crate::path::Path;
use crate::port::EventCode;

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Whose it is; [`Pending::FREE`] has none.
    who: Option<u8>,
    method: Code,
    path: Path,
    accept: Option<u16>,
    observe: Option<u32>,
    token: [u8; 8],
    token_length: u8,
    /// Whether the answer goes by SMS, though the account has a link: the request came so.
    beside: bool,
    /// The outcome, once the application told it and until it could be sent.
    outcome: Option<Result<(), Error>>,
}

impl Pending {
    /// A place that no request occupies.
    pub const FREE: Self = Self {
        who: None,
        method: Code::EMPTY,
        path: Path::ROOT,
        accept: None,
        observe: None,
        token: [0; 8],
        token_length: 0,
        beside: false,
        outcome: None,
    };

    /// The server is left: nobody waits for the answer any more.
    pub(crate) fn forget(&mut self, who: usize) {
        if self.who.is_some_and(|mine| usize::from(mine) == who) {
            *self = Self::FREE;
        }
    }
}

impl Engine<'_> {
    /// Keeps a request whose handler deferred it.
    pub(crate) fn keep_pending(&mut self, who: usize, request: &Request<'_>) -> Result<(), Error> {
        let beside = self.beside == Beside::Texts;
        let place = self.pending.iter_mut().find(|place| place.who.is_none()).ok_or(Error::Busy)?;
        let mut token = [0u8; 8];
        for (slot, byte) in token.iter_mut().zip(request.token) {
            *slot = *byte;
        }
        *place = Pending {
            who: Some(who as u8),
            method: request.method,
            path: request.path,
            accept: request.accept,
            observe: request.observe,
            token,
            token_length: request.token.len() as u8,
            beside,
            outcome: None,
        };
        Ok(())
    }

    /// The application has the answer to the requests that were deferred at `path`. A Read is read again: now there
    /// is a value. [`Error::NotFound`] where no request and no notification waits there.
    pub fn complete(
        &mut self,
        ctx: &mut Context<'_>,
        path: Path,
        outcome: Result<(), Error>,
    ) -> Result<(), Error> {
        let waits =
            |place: &&mut Pending| place.who.is_some() && place.outcome.is_none() && place.path.touches(path);
        let mut found = Err(Error::NotFound);
        for place in self.pending.iter_mut().filter(waits) {
            place.outcome = Some(outcome);
            found = Ok(());
        }
        self.answer_pending(ctx);
        if let Some(reporting) = self.config.features.reporting
            && reporting.ready(self, path)
        {
            found = Ok(());
        }
        found
    }

    /// Sends the answers that are ready, one exchange at a time a server.
    pub(crate) fn answer_pending(&mut self, ctx: &mut Context<'_>) {
        if self.settled().is_err() {
            // the bootstrap server alone is spoken to
            return;
        }
        for at in 0..self.pending.len() {
            let Some(place) = self.pending.get(at).filter(|place| place.outcome.is_some()) else { continue };
            let place = *place;
            let (Some(who), Some(outcome)) = (place.who, place.outcome) else { continue };
            let who = usize::from(who);
            if !self.accounts.get(who).is_some_and(|account| account.serves()) {
                self.free_pending(at);
            } else if self.answering(place.beside, |engine| engine.may_begin(who)) {
                self.free_pending(at);
                self.answering(place.beside, |engine| engine.answer_one(ctx, who, &place, outcome));
            }
        }
    }

    fn free_pending(&mut self, at: usize) {
        if let Some(place) = self.pending.get_mut(at) {
            *place = Pending::FREE;
        }
    }

    /// A Write or an Execute has come true: what follows one that is answered at once follows now.
    fn deferred_done(&mut self, ctx: &mut Context<'_>, who: usize, method: Code, path: Path) {
        if method == Code::POST && path.depth() == 3 {
            return self.tell_from(ctx, who, EventCode::Executed, path);
        }
        let Some(index) = self.model.object(path.object).and_then(|object| object.find(path.resource)) else {
            return;
        };
        if let Some(instance) = self.model.instance(path.object, path.instance) {
            instance.set(index, true);
        }
        self.wrote(ctx, who, path, 1u64.wrapping_shl(index as u32));
    }

    #[inline(never)]
    fn answer_one(&mut self, ctx: &mut Context<'_>, who: usize, place: &Pending, outcome: Result<(), Error>) {
        let token = place.token.get(..place.token_length.into()).unwrap_or(&[]);
        let id = self.fresh_id();
        let none: Option<OptionReader<'_>> = None;
        let request = Request {
            method: place.method,
            token,
            path: place.path,
            stray: None,
            accept: place.accept,
            content_format: None,
            observe: place.observe,
            block1: None,
            block2: None,
            size1: None,
            queries: none,
            payload: &[],
        };
        let length = self.with_outgoing(who, |engine, buffer| {
            let reply = match outcome {
                Err(error) => Reply::error(error),
                Ok(()) if request.is_safe() => {
                    engine.serve(ctx, who, &request, buffer).unwrap_or_else(Reply::error)
                }
                Ok(()) => {
                    engine.deferred_done(ctx, who, request.method, request.path);
                    Reply::code(Code::CHANGED)
                }
            };
            let Some(message) = reply.place(Kind::Confirmable, id, token, buffer) else { return 0 };
            let length = message.len();
            // exchanges are repeated from the beginning of the buffer
            let from = crate::client::respond::GAP.wrapping_add(reply.length.into()).wrapping_sub(length);
            shift(buffer, from, length);
            length
        });
        if length != 0 {
            self.begin_exchange(ctx, who, (Purpose::Respond, id, [0; 2]), length);
        }
    }
}

/// Moves `length` bytes at `from` to the beginning.
pub(crate) fn shift(buffer: &mut [u8], from: usize, length: usize) {
    for at in 0..length {
        let byte = buffer.get(from.wrapping_add(at)).copied().unwrap_or(0);
        if let Some(slot) = buffer.get_mut(at) {
            *slot = byte;
        }
    }
}
