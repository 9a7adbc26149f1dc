//! Confirmable messages until they are acknowledged, and messages that come twice (RFC 7252 sections 4.2 and 4.5).

use super::Server;
use crate::coap::{Code, Message, Type};
use crate::net::Peer;

/// EXCHANGE_LIFETIME, for which a Message ID is remembered.
const EXCHANGE_LIFETIME: u64 = 247_000;

/// A Confirmable message on its way.
#[derive(Clone, Debug)]
pub(super) struct Transmission {
    pub(super) id: u16,
    pub(super) bytes: Vec<u8>,
    pub(super) due: u64,
    timeout: u64,
    left: u32,
}

/// What a transmission needs now.
pub(super) enum Need {
    Patience,
    Repetition,
    Burial,
}

impl Transmission {
    pub(super) fn need(&mut self, now: u64) -> Need {
        if now < self.due {
            return Need::Patience;
        }
        let Some(left) = self.left.checked_sub(1) else { return Need::Burial };
        self.left = left;
        self.timeout *= 2;
        self.due = now + self.timeout;
        Need::Repetition
    }
}

/// A message that came before, and what it was answered with.
#[derive(Debug)]
pub(super) struct Seen {
    time: u64,
    reply: Option<Vec<u8>>,
}

/// A reply whose time has not come.
#[derive(Debug)]
pub(super) struct Later {
    pub(super) due: u64,
    pub(super) to: Peer,
    pub(super) reply: Message,
    /// The Message ID of the request.
    pub(super) request: u16,
}

impl Server {
    /// A message that was sent just now and is repeated until it is acknowledged.
    pub(super) fn transmission(&mut self, id: u16, bytes: Vec<u8>) -> Transmission {
        let shortest = self.settings.ack_timeout;
        let spread = shortest / 2;
        let timeout =
            shortest + if self.settings.longest_timeouts { spread } else { self.random.up_to(spread) };
        Transmission { id, bytes, due: self.now + timeout, timeout, left: self.settings.max_retransmit }
    }

    /// True if this message is new; if it is not, repeats what it was answered with.
    pub(super) fn first_time(&mut self, from: Peer, message: &Message) -> bool {
        let fresh = |seen: &&Seen| self.now < seen.time + EXCHANGE_LIFETIME;
        if let Some(seen) = self.seen.get(&(from, message.id)).filter(fresh) {
            self.duplicates += 1;
            let reply = seen.reply.clone().filter(|_| message.kind == Type::Con);
            self.outbox.extend(reply.map(|bytes| (from, bytes)));
            return false;
        }
        self.seen.insert((from, message.id), Seen { time: self.now, reply: None });
        true
    }

    /// Answers a message and remembers the answer for its duplicates.
    pub(super) fn answer(&mut self, to: Peer, request: u16, reply: &Message) {
        let bytes = reply.bytes();
        if let Some(seen) = self.seen.get_mut(&(to, request)) {
            seen.reply = Some(bytes.clone());
        }
        self.outbox.push_back((to, bytes));
    }

    /// An empty ACK or RST to a message.
    pub(super) fn answer_empty(&mut self, to: Peer, id: u16, kind: Type) {
        self.answer(to, id, &Message::new(kind, Code::EMPTY, id));
    }

    pub(super) fn send_later(&mut self) {
        let (due, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.later).into_iter().partition(|later| later.due <= self.now);
        self.later = rest;
        for Later { to, reply, request, .. } in due {
            match reply.kind {
                Type::Con => self.send_confirmable_reply(to, &reply),
                Type::Non | Type::Ack | Type::Rst => self.answer(to, request, &reply),
            }
        }
    }

    pub(super) fn send_confirmable_reply(&mut self, to: Peer, reply: &Message) {
        let transmission = self.transmission(reply.id, reply.bytes());
        self.replies.push((to, transmission));
        self.say(to, reply);
    }

    pub(super) fn resend_replies(&mut self) {
        let (now, outbox) = (self.now, &mut self.outbox);
        self.replies.retain_mut(|(to, transmission)| match transmission.need(now) {
            Need::Patience => true,
            Need::Repetition => {
                outbox.push_back((*to, transmission.bytes.clone()));
                true
            }
            Need::Burial => false,
        });
    }

    pub(super) fn forget_seen(&mut self) {
        let now = self.now;
        self.seen.retain(|_, seen| now < seen.time + EXCHANGE_LIFETIME);
    }
}
