//! Observations and what was notified (RFC 7641; TS 1.0 section 5.5; blocks of notifications: RFC 7959 section 3.4).

use super::Server;
use super::exchange::{Purpose, Target};
use super::request::{Failure, Request, RequestId, Response};
use crate::coap::{Code, Message, Type};
use crate::format;
use crate::net::Peer;
use crate::options;

/// Names an observation for as long as the server lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObservationId(pub(crate) usize);

/// Where an observation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No answer yet.
    Asked,
    /// The client agreed; notifications may come.
    Active,
    /// The next notification will be answered with a Reset.
    ResetNext,
    /// Cancelled by the server.
    Cancelled,
    /// Refused or ended by the client, or void because the client registered anew.
    Ended,
}

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// When it arrived (or its last block).
    pub time: u64,
    /// Response code.
    pub code: Code,
    /// CON or NON.
    pub kind: Type,
    /// The Observe sequence number.
    pub sequence: Option<u32>,
    /// False if a later one overtook it, by the rule of RFC 7641 section 3.4.
    pub fresh: bool,
    /// Content-Format.
    pub content_format: Option<u16>,
    /// All options.
    pub options: Vec<(u16, Vec<u8>)>,
    /// The payload; until `whole`, the first block of it.
    pub payload: Vec<u8>,
    /// False while further blocks are fetched, and if that failed.
    pub whole: bool,
}

impl Notification {
    /// The one number in the payload (see [`format::float`]).
    pub fn float(&self) -> Option<f64> {
        format::float(self.content_format, &self.payload)
    }

    /// The one Integer in the payload (see [`format::integer`]).
    pub fn integer(&self) -> Option<i64> {
        format::integer(self.content_format, &self.payload)
    }

    /// The payload as a TLV tree; empty if it is not TLV.
    pub fn tlv(&self) -> Vec<crate::tlv::Entry> {
        crate::tlv::decode(&self.payload).unwrap_or_default()
    }
}

/// An observation: what was asked, where it stands, what came.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The path observed.
    pub path: String,
    /// The request that began it.
    pub request: RequestId,
    /// Where it stands.
    pub standing: Standing,
    /// What came after the first answer, in order of arrival.
    pub notifications: Vec<Notification>,
    pub(super) asked: Request,
    pub(super) target: Target,
    pub(super) token: Vec<u8>,
    pub(super) peer: Option<Peer>,
    /// Sequence and time of the freshest so far.
    freshest: Option<(u32, u64)>,
}

impl Observation {
    /// True while its token is known to the server.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.standing, Standing::Asked | Standing::Active | Standing::ResetNext)
    }

    /// RFC 7641 section 3.4.
    fn is_fresh(&mut self, sequence: Option<u32>, now: u64) -> bool {
        let Some(v2) = sequence else { return true };
        let fresh = self.freshest.is_none_or(|(v1, t1)| {
            (v1 < v2 && v2 - v1 < 1 << 23) || (v1 > v2 && v1 - v2 > 1 << 23) || now > t1 + 128_000
        });
        if fresh {
            self.freshest = Some((v2, now));
        }
        fresh
    }
}

impl Server {
    pub(super) fn begin_observation(&mut self, path: &str, target: Target, asked: Request) -> ObservationId {
        let id = ObservationId(self.observations.len());
        let request = RequestId(self.exchanges.len());
        self.observations.push(Observation {
            path: path.into(),
            request,
            standing: Standing::Asked,
            notifications: Vec::new(),
            asked: asked.clone(),
            target: target.clone(),
            token: Vec::new(),
            peer: None,
            freshest: None,
        });
        self.queue(target, asked, Purpose::Observe(id));
        id
    }

    pub(super) fn begin_cancellation(&mut self, id: ObservationId) -> RequestId {
        let observation = &self.observations[id.0];
        let mut request = observation.asked.clone().token(observation.token.clone());
        request.options.retain(|(number, _)| *number != options::OBSERVE);
        let target = observation.target.clone();
        self.queue(target, request.observe(1), Purpose::Cancel(id))
    }

    /// The first answer has come, or will not come.
    pub(super) fn observing(&mut self, id: ObservationId, response: Option<&Response>) {
        let now = self.now;
        let Some(observation) = self.observations.get_mut(id.0) else { return };
        let sequence = response.filter(|response| response.code.is_success()).and_then(Response::observe);
        if observation.standing == Standing::Asked {
            observation.standing = if sequence.is_some() { Standing::Active } else { Standing::Ended };
        }
        if sequence.is_some() {
            observation.is_fresh(sequence, now);
        }
    }

    pub(super) fn cancelled(&mut self, id: ObservationId) {
        if let Some(observation) = self.observations.get_mut(id.0).filter(|o| o.is_alive()) {
            observation.standing = Standing::Cancelled;
        }
    }

    pub(super) fn observed(&self, from: Peer, token: &[u8]) -> Option<ObservationId> {
        let mine = |o: &Observation| o.is_alive() && o.peer == Some(from) && o.token == token;
        self.observations.iter().position(mine).map(ObservationId)
    }

    pub(super) fn forget_observations(&mut self, of: Peer) {
        for observation in self.observations.iter_mut().filter(|o| o.peer == Some(of) && o.is_alive()) {
            observation.standing = Standing::Ended;
        }
    }

    pub(super) fn notification(&mut self, from: Peer, id: ObservationId, message: Message) {
        let now = self.now;
        let Some(observation) = self.observations.get_mut(id.0) else { return };
        if observation.standing == Standing::ResetNext {
            observation.standing = Standing::Cancelled;
            return self.answer_empty(from, message.id, Type::Rst);
        }
        let sequence = message.uint(options::OBSERVE);
        if sequence.is_none() || !message.code.is_success() {
            observation.standing = Standing::Ended;
        }
        let block = message.block(options::BLOCK2).filter(|block| block.more);
        let fresh = observation.is_fresh(sequence, now);
        observation.notifications.push(Notification {
            time: now,
            code: message.code,
            kind: message.kind,
            sequence,
            fresh,
            content_format: message.content_format(),
            options: message.options,
            payload: message.payload,
            whole: block.is_none(),
        });
        let number = observation.notifications.len() - 1;
        let (target, mut asked) = (observation.target.clone(), observation.asked.clone());
        if message.kind == Type::Con {
            self.answer_empty(from, message.id, Type::Ack);
        }
        if let Some(block) = block {
            asked.options.retain(|(number, _)| ![options::OBSERVE, options::BLOCK2].contains(number));
            asked.token = super::request::Token::Usual;
            self.queue(target, asked.from_block(1, block.szx), Purpose::Rest(id, number));
        }
    }

    pub(super) fn rest_arrived(&mut self, id: ObservationId, number: usize, rest: Result<Response, Failure>) {
        let observation = self.observations.get_mut(id.0);
        let Some(notification) = observation.and_then(|o| o.notifications.get_mut(number)) else { return };
        let first = crate::coap::find(&notification.options, options::ETAG);
        match rest {
            Ok(rest) if rest.code == Code::CONTENT && rest.etag() == first => {
                notification.payload.extend(rest.payload);
                notification.time = rest.time;
                notification.whole = true;
            }
            Ok(_) => self.complain("the blocks after a notification's first do not belong to it"),
            Err(_) => {}
        }
    }
}
