//! From a datagram to what it means: duplicates, responses, requests (RFC 7252 sections 4 and 5).

use crate::client::account::{Exchange, Purpose};
use crate::client::request::Request;
use crate::client::respond::{GAP, Reply, Slot};
use crate::client::session::Phase;
use crate::client::{Context, Engine};
use crate::coap::dedup::Known;
use crate::coap::{Kind, Message, message, writer};
use crate::error::Error;
use crate::port::EventCode;

impl Engine<'_> {
    /// Takes one datagram from the link of an account, if one waits.
    pub(crate) fn receive_one(&mut self, ctx: &mut Context<'_>, who: usize) {
        if !self.accounts.get(who).is_some_and(|account| account.linked && !account.texts) {
            return;
        }
        let buffer = core::mem::take(&mut self.receive);
        match ctx.port.receive(who as u8, buffer) {
            Ok(0) => {}
            Ok(length) => {
                self.busy = true;
                match self.config.features.securing {
                    Some((securing, _)) if self.phase(who) != Phase::Clear => {
                        securing.take(self, ctx, who, buffer, length);
                    }
                    // the buffer may be larger than a message may be
                    _ if length > self.receive_room => self.refuse_large(ctx, who, buffer),
                    _ => self.input(ctx, who, buffer.get(..length).unwrap_or(&[])),
                }
            }
            Err(error) => self.not_received(ctx, who, error, buffer),
        }
        self.receive = buffer;
    }

    /// Nothing was received, or the beginning of a datagram that is too large.
    #[inline(never)]
    fn not_received(&mut self, ctx: &mut Context<'_>, who: usize, error: Error, head: &[u8]) {
        match error {
            Error::Truncated if self.phase(who) == Phase::Clear => self.refuse_large(ctx, who, head),
            Error::Truncated => self.tell_about(ctx, who, EventCode::Dropped, error.to_c()),
            error => return self.link_died(ctx, who, error),
        }
        self.busy = true;
    }

    fn too_large(&self) -> Reply {
        let reply = Reply::error(Error::TooLarge);
        self.config.features.transfers.map_or(reply, |transfers| transfers.hint(self, reply))
    }

    /// A datagram that did not fit, of which `head` is the beginning: a Confirmable request is told how large a block
    /// may be (RFC 7959 section 2.9.3).
    pub(crate) fn refuse_large(&mut self, ctx: &mut Context<'_>, who: usize, head: &[u8]) {
        self.tell_about(ctx, who, EventCode::Dropped, Error::Truncated.to_c());
        let Ok(message) = Message::parse(head) else { return };
        let served = self.accounts.get(who).is_some_and(|account| account.listens());
        if message.kind != Kind::Confirmable || !message.code.is_request() || !served {
            return;
        }
        let buffer = core::mem::take(&mut self.send);
        let reply = self.too_large();
        if let Some(sent) = reply.place(Kind::Acknowledgement, message.id, message.token, buffer) {
            self.transmit(ctx, who, sent);
        }
        self.send = buffer;
    }

    /// Takes one datagram of the server.
    pub fn input(&mut self, ctx: &mut Context<'_>, who: usize, datagram: &[u8]) {
        let Ok(message) = Message::parse(datagram) else { return self.reject(ctx, who, datagram) };
        if message.code.is_request() {
            self.take_request(ctx, who, &message, datagram);
        } else if message.code.is_response() {
            self.take_response(ctx, who, &message, datagram);
        } else {
            match message.kind {
                Kind::Acknowledgement => self.acknowledged(ctx, who, message.id),
                Kind::Reset => self.was_reset(ctx, who, message.id),
                // a ping
                _ => self.reject(ctx, who, datagram),
            }
        }
    }

    fn reject(&mut self, ctx: &mut Context<'_>, who: usize, datagram: &[u8]) {
        if let Some(reset) = message::reset_for(datagram) {
            self.transmit(ctx, who, &reset);
        }
    }

    /// The request of ours that a response answers.
    #[inline(never)]
    pub(crate) fn asked(&self, who: usize, message: &Message<'_>) -> Option<Exchange> {
        let exchange = self.accounts.get(who).and_then(|account| account.exchange);
        let asked = |purpose| !matches!(purpose, Purpose::Notify(_) | Purpose::Respond);
        // of a session from storage, a response proves that the server is there now: token and Message ID must be ours
        let proves = self.sessions.get(who).is_some_and(|session| session.loaded);
        exchange.filter(|exchange| {
            asked(exchange.purpose)
                && exchange.token.as_slice() == message.token
                && match message.kind {
                    Kind::Acknowledgement => exchange.id == message.id,
                    _ => !proves,
                }
        })
    }

    fn take_response(&mut self, ctx: &mut Context<'_>, who: usize, message: &Message<'_>, datagram: &[u8]) {
        let Some(exchange) = self.asked(who, message) else {
            // a separate response repeated: our Acknowledgement got lost
            let lifetime = self.recent.find(ctx.now, self.peer(who), message.id).is_some();
            if lifetime && message.kind == Kind::Confirmable {
                self.transmit_empty(ctx, who, Kind::Acknowledgement, message.id);
            } else {
                self.reject(ctx, who, datagram);
            }
            return;
        };
        if message.kind == Kind::Confirmable {
            let ack = writer::empty(Kind::Acknowledgement, message.id);
            self.transmit(ctx, who, &ack);
            let lifetime = self.lifetime(who, true);
            self.recent.record(ctx.now, lifetime, self.peer(who), message.id, &ack);
        }
        self.stay_awake(ctx.now, who);
        if let Some(account) = self.account(who) {
            account.exchange = None;
        }
        self.registration_answered(ctx, who, exchange.purpose, message);
    }

    fn take_request(&mut self, ctx: &mut Context<'_>, who: usize, message: &Message<'_>, datagram: &[u8]) {
        if !matches!(message.kind, Kind::Confirmable | Kind::NonConfirmable)
            || !self.accounts.get(who).is_some_and(|account| account.listens())
        {
            return;
        }
        self.stay_awake(ctx.now, who);
        let mut request = Request::of(message);
        let read = request.read(message);
        if let Err((_, true)) = read {
            return self.reject(ctx, who, datagram);
        }
        let safe = read.is_ok() && request.is_safe();
        let buffer = core::mem::take(&mut self.send);
        let known = match self.recent.find(ctx.now, self.peer(who), message.id) {
            None => None,
            Some(Known::NotKept) if safe => None,
            Some(Known::Answer(answer)) => buffer.get_mut(..answer.len()).map(|slot| {
                crate::bytes::copy(slot, answer);
                answer.len()
            }),
            Some(_) => Some(0),
        };
        match known {
            Some(0) => {}
            Some(length) => self.transmit(ctx, who, buffer.get(..length).unwrap_or(&[])),
            None => {
                let asked = read.map(|()| &request).map_err(|(error, _)| error);
                self.answer(ctx, who, message, asked, buffer);
            }
        }
        self.send = buffer;
    }

    fn answer(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        message: &Message<'_>,
        request: Result<&Request<'_>, Error>,
        buffer: &mut [u8],
    ) {
        let outcome = request.and_then(|request| {
            let served = match self.bootstraps(who) {
                Some(bootstrapping) => bootstrapping.serve(self, ctx, who, (message, request), buffer),
                None => self.serve(ctx, who, request, buffer),
            };
            match (served, self.config.features.deferral) {
                (Err(Error::Deferred), Some(deferral)) => {
                    deferral.keep(self, who, request).and(Err(Error::Deferred))
                }
                (Err(Error::Deferred), None) => Err(Error::Handler),
                (served, _) => served,
            }
        });
        let reply = match outcome {
            Ok(reply) => reply,
            Err(Error::Deferred) => return self.promise(ctx, who, message),
            // its blocks are small enough, or we would not have it whole: a hint to send smaller ones has Californium
            // begin the same body anew, without end
            Err(Error::TooLarge) => self.too_large().without(Slot::Block1),
            Err(error) => Reply::error(error),
        };
        let kind = match message.kind {
            Kind::Confirmable => Kind::Acknowledgement,
            kind => kind,
        };
        let id = if kind == Kind::Acknowledgement { message.id } else { self.fresh_id() };
        if let Some(keeping) = self.config.features.keeping.filter(|_| reply.length == 0) {
            // what the server is told has happened outlives a power cut
            keeping.flush(self, ctx, buffer);
        }
        let Some(sent) = reply.place(kind, id, message.token, buffer) else { return };
        self.transmit(ctx, who, sent);
        let lifetime = self.lifetime(who, message.kind == Kind::Confirmable);
        self.recent.record(ctx.now, lifetime, self.peer(who), message.id, sent);
    }

    /// The answer comes later: an empty Acknowledgement for now (RFC 7252 section 5.2.2).
    fn promise(&mut self, ctx: &mut Context<'_>, who: usize, message: &Message<'_>) {
        let lifetime = self.lifetime(who, true);
        let ack = writer::empty(Kind::Acknowledgement, message.id);
        let confirmable = message.kind == Kind::Confirmable;
        if confirmable {
            self.transmit(ctx, who, &ack);
        }
        let kept: &[u8] = if confirmable { &ack } else { &[] };
        self.recent.record(ctx.now, lifetime, self.peer(who), message.id, kept);
    }
}

const _: () = assert!(GAP >= 52, "the options of the longest reply");
