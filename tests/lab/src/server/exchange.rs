//! Sending requests: one at a time and client (NSTART, RFC 7252 section 4.7), held while a client in queue mode
//! sleeps (TS 1.2 section 6.5), repeated until acknowledged, cut into blocks (RFC 7959 section 2.5).

use super::observe::ObservationId;
use super::reliability::{Need, Transmission};
use super::request::{Failure, Outcome, Request, RequestId, Response, Token};
use super::{Registration, Server};
use crate::coap::{Code, Message, Type};
use crate::net::Peer;
use crate::options::{self, Block, uint};

/// A request from the moment it is asked for.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) target: Target,
    pub(super) peer: Option<Peer>,
    pub(super) request: Request,
    pub(super) purpose: Purpose,
    pub(super) token: Vec<u8>,
    pub(super) stage: Stage,
    pub(super) upload: Option<Upload>,
    pub(super) download: Option<Download>,
    pub(super) sent: Option<u64>,
    pub(super) retransmissions: u32,
    pub(super) messages: u32,
    pub(super) outcome: Option<Outcome>,
}

/// Who gets a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A client by name, wherever it is when the request can go.
    Endpoint(String),
    /// An address.
    Peer(Peer),
    /// Nobody was registered.
    Nobody,
}

/// What a request's end means to the rest of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Plain,
    Observe(ObservationId),
    Cancel(ObservationId),
    /// Fetches the blocks that follow notification number `1`.
    Rest(ObservationId, usize),
}

/// Where a request stands.
#[derive(Debug)]
pub(super) enum Stage {
    /// Its next message waits for its turn.
    Ready,
    /// Sent Confirmable, nothing heard.
    Unacknowledged(Transmission),
    /// A response is due by then; a Non-confirmable request still counts as outstanding.
    Open {
        id: u16,
        until: u64,
        outstanding: bool,
    },
    Over,
}

/// A body on its way to the client.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) offset: usize,
    pub(super) szx: u8,
}

/// A body on its way from the client.
#[derive(Debug)]
pub(super) struct Download {
    pub(super) next: usize,
    pub(super) szx: u8,
    pub(super) response: Response,
}

impl Exchange {
    fn new(target: Target, request: Request, purpose: Purpose) -> Self {
        let large = request.payload.len() > Block::new(0, false, 6).size();
        let szx = request.upload_szx.or(large.then_some(6)).filter(|_| request.blocks);
        Self {
            target,
            peer: None,
            purpose,
            token: Vec::new(),
            stage: Stage::Ready,
            upload: szx.map(|szx| Upload { offset: 0, szx }),
            download: None,
            sent: None,
            retransmissions: 0,
            messages: 0,
            outcome: None,
            request,
        }
    }

    /// When the exchange wants to be polled.
    pub(super) fn due(&self) -> Option<u64> {
        match &self.stage {
            Stage::Unacknowledged(transmission) => Some(transmission.due),
            Stage::Open { until, .. } => Some(*until),
            Stage::Ready | Stage::Over => None,
        }
    }

    fn is_outstanding(&self) -> bool {
        matches!(self.stage, Stage::Unacknowledged(_) | Stage::Open { outstanding: true, .. })
    }

    /// The Message ID of the last message, while something may still come back for it.
    pub(super) fn message_id(&self) -> Option<u16> {
        match &self.stage {
            Stage::Unacknowledged(transmission) => Some(transmission.id),
            Stage::Open { id, .. } => Some(*id),
            Stage::Ready | Stage::Over => None,
        }
    }

    /// The block of the body that goes out next.
    pub(super) fn part(&self, upload: &Upload) -> (Block, &[u8]) {
        let size = Block::new(0, false, upload.szx).size();
        let body = &self.request.payload;
        let end = (upload.offset + size).min(body.len());
        let block = Block::new((upload.offset / size) as u32, end < body.len(), upload.szx);
        (block, body.get(upload.offset..end).unwrap_or_default())
    }

    /// The message to send next: the whole request, the next block up, or the request for the next block down.
    fn message(&self, id: u16) -> Message {
        let request = &self.request;
        let mut message = Message::new(request.kind(), request.method, id);
        message.token.clone_from(&self.token);
        message.options.clone_from(&request.options);
        if let Some(download) = &self.download {
            let not_again =
                [options::OBSERVE, options::BLOCK1, options::BLOCK2, options::SIZE1, options::CONTENT_FORMAT];
            message.options.retain(|(number, _)| !not_again.contains(number));
            let size = Block::new(0, false, download.szx).size();
            let block = Block::new((download.next / size) as u32, false, download.szx);
            message.push(options::BLOCK2, block.bytes());
        } else if let Some(upload) = &self.upload {
            let (block, part) = self.part(upload);
            message.push(options::BLOCK1, block.bytes());
            if upload.offset == 0 {
                message.push(options::SIZE1, uint(request.payload.len() as u32));
            }
            message.payload = part.to_vec();
        } else {
            message.payload.clone_from(&request.payload);
        }
        message
    }
}

impl Server {
    /// Queues a request.
    pub(super) fn queue(&mut self, target: Target, request: Request, purpose: Purpose) -> RequestId {
        let place = self.exchanges.len();
        self.exchanges.push(Exchange::new(target.clone(), request, purpose));
        self.active.push(place);
        if target == Target::Nobody {
            self.finish(place, Err(Failure::NoClient));
        }
        RequestId(place)
    }

    /// Sends bytes as they are, past NSTART and queue mode and only once; the result is what comes back for their
    /// Message ID or token, if they have any.
    pub(super) fn queue_raw(&mut self, peer: Peer, bytes: &[u8]) -> RequestId {
        let mut exchange = Exchange::new(Target::Peer(peer), Request::get("").by_hand(), Purpose::Plain);
        let message = Message::parse(bytes).ok();
        exchange.token = message.map(|message| message.token).unwrap_or_default();
        let id = bytes.get(2..4).map_or(0, |id| u16::from(id[0]) << 8 | u16::from(id[1]));
        exchange.peer = Some(peer);
        (exchange.sent, exchange.messages) = (Some(self.now), 1);
        exchange.stage =
            Stage::Open { id, until: self.now + self.settings.response_wait, outstanding: false };
        self.outbox.push_back((peer, bytes.to_vec()));
        self.exchanges.push(exchange);
        self.active.push(self.exchanges.len() - 1);
        RequestId(self.exchanges.len() - 1)
    }

    /// Sends whatever may be sent.
    pub(super) fn start(&mut self) {
        while let Some((place, target)) = self.startable() {
            match target {
                Ok(peer) => self.transmit(place, peer),
                Err(failure) => self.finish(place, Err(failure)),
            }
        }
    }

    /// The oldest request that need not wait, and where it goes.
    pub(super) fn startable(&self) -> Option<(usize, Result<Peer, Failure>)> {
        self.active.iter().find_map(|place| {
            let exchange = self.exchanges.get(*place)?;
            if !matches!(exchange.stage, Stage::Ready) {
                return None;
            }
            match self.resolve(&exchange.target) {
                Ok(peer) if self.is_busy(peer) || self.is_asleep(peer) => None,
                resolved => Some((*place, resolved)),
            }
        })
    }

    fn resolve(&self, target: &Target) -> Result<Peer, Failure> {
        match target {
            Target::Endpoint(endpoint) => self.address_of(endpoint),
            Target::Peer(peer) => Ok(*peer),
            Target::Nobody => Err(Failure::NoClient),
        }
    }

    fn is_busy(&self, peer: Peer) -> bool {
        let mine = self.active.iter().filter_map(|place| self.exchanges.get(*place));
        mine.filter(|e| e.peer == Some(peer) && e.is_outstanding()).count() >= self.settings.nstart
    }

    fn is_asleep(&self, peer: Peer) -> bool {
        let asleep = |r: &Registration| r.peer == peer && r.queue && r.awake_until <= self.now;
        self.settings.respect_queue_mode && self.registry.list.iter().any(asleep)
    }

    fn transmit(&mut self, place: usize, peer: Peer) {
        let id = self.next_message_id();
        let token = self.token_for(place, peer);
        let now = self.now;
        let Some(exchange) = self.exchanges.get_mut(place) else { return };
        exchange.peer = Some(peer);
        exchange.token = token;
        exchange.sent = exchange.sent.or(Some(now));
        exchange.messages += 1;
        let message = exchange.message(id);
        let stage = match message.kind {
            Type::Con => Stage::Unacknowledged(self.transmission(id, message.bytes())),
            _ => Stage::Open { id, until: now + self.settings.response_wait, outstanding: true },
        };
        self.exchanges[place].stage = stage;
        self.say(peer, &message);
    }

    /// The token of an exchange's next message. All blocks of an exchange share one, except that those after an
    /// Observe need another: its token belongs to the observation (RFC 7959 section 3.4).
    fn token_for(&mut self, place: usize, peer: Peer) -> Vec<u8> {
        let Some(exchange) = self.exchanges.get(place) else { return Vec::new() };
        let observes = matches!(exchange.purpose, Purpose::Observe(_));
        if exchange.messages > 0 && !observes {
            return exchange.token.clone();
        }
        if let (Purpose::Observe(id), 0) = (exchange.purpose, exchange.messages)
            && let Some(token) =
                self.observations.get(id.0).map(|o| o.token.clone()).filter(|t| !t.is_empty())
        {
            return token;
        }
        let length = match (&exchange.request.token, exchange.messages) {
            (Token::Given(token), 0) => return self.keep_token(place, token.clone()),
            (Token::Length(length), 0) => *length,
            _ => self.settings.token_length,
        };
        let token = self.fresh_token(length.min(8).into(), peer);
        self.keep_token(place, token)
    }

    /// An observation lives under the token of its first request.
    fn keep_token(&mut self, place: usize, token: Vec<u8>) -> Vec<u8> {
        let exchange = self.exchanges.get(place);
        if let Some((Purpose::Observe(id), 0)) = exchange.map(|e| (e.purpose, e.messages)) {
            let peer = exchange.and_then(|e| self.resolve(&e.target).ok());
            if let Some(observation) = self.observations.get_mut(id.0) {
                (observation.token, observation.peer) = (token.clone(), peer);
            }
        }
        token
    }

    fn fresh_token(&mut self, length: usize, peer: Peer) -> Vec<u8> {
        for _ in 0..=255 {
            self.token_serial += 1;
            let token = self.token_serial.to_be_bytes()[8 - length..].to_vec();
            let taken =
                self.observations.iter().any(|o| o.is_alive() && o.peer == Some(peer) && o.token == token);
            if !taken {
                return token;
            }
        }
        Vec::new()
    }

    pub(super) fn resend_requests(&mut self) {
        for place in self.active.clone() {
            let now = self.now;
            let Some(exchange) = self.exchanges.get_mut(place) else { continue };
            let peer = exchange.peer;
            match &mut exchange.stage {
                Stage::Unacknowledged(transmission) => match transmission.need(now) {
                    Need::Patience => {}
                    Need::Repetition => {
                        exchange.retransmissions += 1;
                        let bytes = transmission.bytes.clone();
                        self.outbox.extend(peer.map(|peer| (peer, bytes)));
                    }
                    Need::Burial => self.finish(place, Err(Failure::TimedOut)),
                },
                Stage::Open { until, .. } if *until <= now => self.finish(place, Err(Failure::TimedOut)),
                Stage::Open { .. } | Stage::Ready | Stage::Over => {}
            }
        }
    }

    /// Ends a request and tells the observation it belongs to.
    pub(super) fn finish(&mut self, place: usize, result: Result<Response, Failure>) {
        let now = self.now;
        self.active.retain(|active| *active != place);
        let Some(exchange) = self.exchanges.get_mut(place) else { return };
        exchange.stage = Stage::Over;
        exchange.outcome = Some(Outcome {
            peer: exchange.peer,
            sent: exchange.sent,
            finished: now,
            retransmissions: exchange.retransmissions,
            messages: exchange.messages,
            result: result.clone(),
        });
        match exchange.purpose {
            Purpose::Plain => {}
            Purpose::Observe(id) => self.observing(id, result.as_ref().ok()),
            Purpose::Cancel(id) => self.cancelled(id),
            Purpose::Rest(id, number) => self.rest_arrived(id, number, result),
        }
    }

    pub(super) fn is_ping(&self, place: usize) -> bool {
        self.exchanges.get(place).is_some_and(|exchange| exchange.request.method == Code::EMPTY)
    }
}
