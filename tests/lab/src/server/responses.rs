//! What comes back for a request: ACK, RST, piggybacked and separate responses (RFC 7252 sections 4.2 and 5.2), and
//! the next block if there is one (RFC 7959 sections 2.4 and 2.5).

use super::Server;
use super::exchange::{Download, Exchange, Purpose, Stage};
use super::request::{Failure, Response};
use crate::coap::{Code, Message, Type};
use crate::net::Peer;
use crate::options::{self, Block};

/// The most the lab collects for one request.
const LARGEST_BODY: usize = 1 << 24;

/// What a response means to its exchange.
enum Next {
    /// The exchange has another message to send.
    Message,
    Over(Result<Response, Failure>),
}

impl Server {
    pub(super) fn acknowledged(&mut self, from: Peer, message: Message) {
        let replies = self.replies.len();
        self.replies.retain(|(to, transmission)| *to != from || transmission.id != message.id);
        let place = self.active.iter().copied().find(|place| {
            let exchange = self.exchanges.get(*place);
            exchange.is_some_and(|e| e.peer == Some(from) && e.message_id() == Some(message.id))
        });
        let Some(place) = place.filter(|_| self.replies.len() == replies) else { return };
        if message.kind == Type::Rst {
            self.finish(place, Err(Failure::Reset));
        } else if message.code == Code::EMPTY {
            self.open(place, message.id);
        } else if self.is_ping(place) || self.exchanges[place].token != message.token {
            self.complain("an acknowledgement carries a response with another token");
        } else {
            self.respond(place, message);
        }
    }

    /// An empty ACK: the request has arrived, its response will come separately.
    fn open(&mut self, place: usize, id: u16) {
        let until = self.now + self.settings.response_wait;
        if let Some(exchange) = self.exchanges.get_mut(place)
            && matches!(exchange.stage, Stage::Unacknowledged(_))
        {
            exchange.stage = Stage::Open { id, until, outstanding: false };
        }
    }

    /// A Confirmable or Non-confirmable response: of a request, a notification, or nobody's.
    pub(super) fn message_of_its_own(&mut self, from: Peer, message: Message) {
        if !self.first_time(from, &message) {
            return;
        }
        if !message.code.is_response() {
            self.complain(format!("a message with the code {}", message.code));
            return self.answer_empty(from, message.id, Type::Rst);
        }
        if let Some(place) = self.exchange_of(from, &message) {
            if message.kind == Type::Con {
                self.answer_empty(from, message.id, Type::Ack);
            }
            self.respond(place, message);
        } else if let Some(id) = self.observed(from, &message.token) {
            self.notification(from, id, message);
        } else {
            self.answer_empty(from, message.id, Type::Rst);
        }
    }

    fn exchange_of(&self, from: Peer, message: &Message) -> Option<usize> {
        self.active.iter().copied().find(|place| {
            let Some(exchange) = self.exchanges.get(*place) else { return false };
            // While a cancellation is under way notifications still come, and under the same token.
            let notification =
                matches!(exchange.purpose, Purpose::Cancel(_)) && message.option(options::OBSERVE).is_some();
            let mine = exchange.peer == Some(from) && exchange.token == message.token;
            mine && exchange.message_id().is_some() && !notification && !self.is_ping(*place)
        })
    }

    fn respond(&mut self, place: usize, message: Message) {
        let response = Response {
            time: self.now,
            code: message.code,
            kind: message.kind,
            options: message.options,
            payload: message.payload,
        };
        let Some(exchange) = self.exchanges.get_mut(place) else { return };
        let next = if exchange.request.blocks { exchange.next(response) } else { Next::Over(Ok(response)) };
        match next {
            Next::Message => exchange.stage = Stage::Ready,
            Next::Over(result) => {
                if let Err(Failure::Blocks(why)) = &result {
                    self.complain(*why);
                }
                self.finish(place, result);
            }
        }
    }
}

impl Exchange {
    fn next(&mut self, response: Response) -> Next {
        if self.upload.is_some() && self.download.is_none() {
            if response.code == Code::CONTINUE {
                return self.next_up(&response);
            }
            if response.code == Code::REQUEST_ENTITY_TOO_LARGE && self.smaller_from_the_start(&response) {
                return Next::Message;
            }
        }
        match response.block2() {
            Some(block) => self.next_down(response, block),
            None if self.download.is_some() && response.code.is_success() => {
                Next::Over(Err(Failure::Blocks("a block was asked for and something whole came")))
            }
            None => Next::Over(Ok(response)),
        }
    }

    fn next_up(&mut self, response: &Response) -> Next {
        let wrong = |why| Next::Over(Err(Failure::Blocks(why)));
        let Some(upload) = &self.upload else { return wrong("a 2.31 to a request without blocks") };
        let ((sent, part), Some(answer)) = (self.part(upload), response.block1()) else {
            return wrong("a 2.31 without a Block1 option");
        };
        if answer.num != sent.num {
            return wrong("a 2.31 names a block other than the one sent");
        }
        if !sent.more {
            return wrong("a 2.31 to the last block");
        }
        let (offset, szx) = (upload.offset + part.len(), answer.szx.min(upload.szx));
        self.upload = Some(super::exchange::Upload { offset, szx });
        Next::Message
    }

    /// RFC 7959 section 2.9.3: a 4.13 to the first block may name a size that would do.
    fn smaller_from_the_start(&mut self, response: &Response) -> bool {
        match (&mut self.upload, response.block1()) {
            (Some(upload), Some(hint)) if upload.offset == 0 && hint.szx < upload.szx => {
                upload.szx = hint.szx;
                true
            }
            _ => false,
        }
    }

    fn next_down(&mut self, mut response: Response, block: Block) -> Next {
        let wrong = |why| Next::Over(Err(Failure::Blocks(why)));
        let asked = crate::coap::find(&self.request.options, options::BLOCK2).and_then(Block::read);
        let expected =
            self.download.as_ref().map_or(asked.map_or(0, Block::offset), |download| download.next);
        if !response.code.is_success() {
            return Next::Over(Ok(response));
        }
        if block.offset() != expected {
            return wrong("a block other than the one asked for");
        }
        if response.payload.len() > block.size() || (block.more && response.payload.len() < block.size()) {
            return wrong("a block's length is not what its option says");
        }
        let next = expected + response.payload.len();
        if let Some(mut download) = self.download.take() {
            if download.response.etag() != response.etag() {
                return wrong("the ETag changed between blocks");
            }
            download.response.payload.append(&mut response.payload);
            download.response.time = response.time;
            response = download.response;
        }
        if response.payload.len() > LARGEST_BODY {
            return wrong("a body without end");
        }
        if !block.more {
            return Next::Over(Ok(response));
        }
        let szx = asked.map_or(block.szx, |asked| asked.szx.min(block.szx));
        self.download = Some(Download { next, szx, response });
        Next::Message
    }
}
