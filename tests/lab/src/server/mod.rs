//! A scriptable LwM2M server without I/O (TS 1.0 and 1.2: registration, device management, information reporting).
//!
//! Datagrams go in by `input`, time by `poll`, datagrams come out by `output`; `next_deadline` says when to poll
//! again. Operations only queue a request; the next `poll` sends it, and its result is kept under its [`RequestId`].
//!
//! Files, in the order of a message's way: `incoming` (requests of clients), `registry`, `answer` (the script),
//! `operations` (what a test calls), `request`, `exchange` (sending, NSTART, queue mode), `responses` (matching,
//! blocks), `observe`, `reliability` (retransmission, duplicates).

mod answer;
mod exchange;
mod incoming;
mod observe;
mod operations;
mod registry;
mod reliability;
mod request;
mod responses;

pub use answer::{Answer, Operation};
pub use observe::{Notification, Observation, ObservationId, Standing};
pub use registry::{Entry, Event, Parameters, Registration};
pub use request::{Failure, Outcome, Request, RequestId, Response};

use crate::Random;
use crate::coap::{Malformed, Message, Type};
use crate::net::{Node, Peer};
use exchange::Exchange;
use incoming::Assembly;
use registry::Registry;
use reliability::{Later, Seen, Transmission};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// How the server behaves where a specification leaves a choice. The defaults are RFC 7252's parameters.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The highest `lwm2m` version taken; above it a Register is answered 4.12.
    pub max_version: (u32, u32),
    /// ACK_TIMEOUT in milliseconds.
    pub ack_timeout: u64,
    /// The first timeout is ACK_TIMEOUT times 1.5 exactly; or, if false, times 1 to 1.5 by the server's seed.
    pub longest_timeouts: bool,
    /// MAX_RETRANSMIT.
    pub max_retransmit: u32,
    /// NSTART: requests outstanding at one client.
    pub nstart: usize,
    /// How long to wait for a response after an empty ACK or to a Non-confirmable request, in milliseconds.
    pub response_wait: u64,
    /// Length of tokens the server chooses.
    pub token_length: u8,
    /// Asks for blocks no larger than this exponent when a client uploads a list (6 is 1,024 bytes).
    pub upload_szx: u8,
    /// Holds requests for clients in queue mode while they sleep.
    pub respect_queue_mode: bool,
    /// How long a client in queue mode can be reached after its last message, in milliseconds.
    pub awake_window: u64,
    /// The segments given as Location-Path; `["rd", "1"]` and so on if `None`.
    pub location: Option<Vec<String>>,
    /// Answers 4.04 to an Update from an address other than the registered one, as a NoSec server may.
    pub address_bound: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_version: (1, 2),
            ack_timeout: 2000,
            longest_timeouts: true,
            max_retransmit: 4,
            nstart: 1,
            response_wait: 93_000,
            token_length: 2,
            upload_szx: 6,
            respect_queue_mode: true,
            awake_window: 93_000,
            location: None,
            address_bound: false,
        }
    }
}

/// The server. See the module for how it is driven, `operations` for what it can be told.
#[derive(Debug)]
pub struct Server {
    /// Behaviour; may be changed at any time.
    pub settings: Settings,
    now: u64,
    random: Random,
    message_id: u16,
    token_serial: u64,
    outbox: VecDeque<(Peer, Vec<u8>)>,
    registry: Registry,
    script: Vec<(Operation, Answer)>,
    habits: BTreeMap<Operation, Answer>,
    assemblies: Vec<Assembly>,
    seen: HashMap<(Peer, u16), Seen>,
    duplicates: u32,
    later: Vec<Later>,
    replies: Vec<(Peer, Transmission)>,
    /// All requests ever made; a [`RequestId`] is a place in it.
    exchanges: Vec<Exchange>,
    /// The places of those that are not over.
    active: Vec<usize>,
    observations: Vec<Observation>,
    selected: Option<String>,
    complaints: Vec<(u64, String)>,
}

impl Default for Server {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Server {
    /// A server at time 0 that knows nobody. The seed chooses Message IDs and timeouts.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            settings: Settings::default(),
            now: 0,
            message_id: random.next() as u16,
            random,
            token_serial: 0,
            outbox: VecDeque::new(),
            registry: Registry::default(),
            script: Vec::new(),
            habits: BTreeMap::new(),
            assemblies: Vec::new(),
            seen: HashMap::new(),
            duplicates: 0,
            later: Vec::new(),
            replies: Vec::new(),
            exchanges: Vec::new(),
            active: Vec::new(),
            observations: Vec::new(),
            selected: None,
            complaints: Vec::new(),
        }
    }

    /// Takes one datagram.
    pub fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        self.now = self.now.max(now);
        match Message::parse(datagram) {
            Ok(message) => self.message(from, message),
            Err(why) => self.malformed(from, datagram, why),
        }
        self.start();
    }

    fn message(&mut self, from: Peer, message: Message) {
        self.touch(from);
        match (message.kind, message.code) {
            (Type::Ack | Type::Rst, _) => self.acknowledged(from, message),
            (Type::Con, crate::Code::EMPTY) => {
                self.say(from, &Message::new(Type::Rst, message.code, message.id))
            }
            (Type::Non, crate::Code::EMPTY) => {}
            (Type::Con | Type::Non, code) if code.is_request() => self.request(from, message),
            (Type::Con | Type::Non, _) => self.message_of_its_own(from, message),
        }
    }

    /// RFC 7252 section 4.2: a Confirmable message with a format error is rejected, anything else ignored.
    fn malformed(&mut self, from: Peer, datagram: &[u8], why: Malformed) {
        self.complain(format!("a malformed datagram of {} bytes: {why:?}", datagram.len()));
        if let (Some([first, _, high, low]), true) = (datagram.first_chunk(), why != Malformed::Version)
            && first & 0x30 == 0
        {
            let reset = Message::new(Type::Rst, crate::Code::EMPTY, u16::from_be_bytes([*high, *low]));
            self.say(from, &reset);
        }
    }

    /// Does what is due by now.
    pub fn poll(&mut self, now: u64) {
        self.now = self.now.max(now);
        for gone in self.registry.expire(self.now) {
            self.forget_observations(gone.peer);
        }
        self.send_later();
        self.resend_replies();
        self.resend_requests();
        self.start();
        self.forget_seen();
    }

    /// The next datagram to send, and to whom.
    pub fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.outbox.pop_front()
    }

    /// When to poll next; `None` if only input or an operation can change anything.
    pub fn next_deadline(&self) -> Option<u64> {
        let ready = self.startable().map(|_| self.now);
        let later = self.later.iter().map(|later| later.due);
        let replies = self.replies.iter().map(|(_, transmission)| transmission.due);
        let requests = self.active.iter().filter_map(|place| self.exchanges[*place].due());
        ready.into_iter().chain(self.registry.next_expiry()).chain(later).chain(replies).chain(requests).min()
    }

    /// What clients did against the rules, as far as the server noticed: time and a sentence.
    pub fn complaints(&self) -> &[(u64, String)] {
        &self.complaints
    }

    /// How many datagrams came a second time.
    pub const fn duplicates(&self) -> u32 {
        self.duplicates
    }

    fn complain(&mut self, sentence: impl Into<String>) {
        self.complaints.push((self.now, sentence.into()));
    }

    fn say(&mut self, to: Peer, message: &Message) {
        self.outbox.push_back((to, message.bytes()));
    }

    fn next_message_id(&mut self) -> u16 {
        self.message_id = self.message_id.wrapping_add(1);
        self.message_id
    }

    /// A client that speaks is awake for a while (TS 1.2 section 6.5).
    fn touch(&mut self, from: Peer) {
        let awake_until = self.now + self.settings.awake_window;
        if let Some(registration) = self.registry.by_peer(from) {
            registration.awake_until = awake_until;
        }
    }
}

impl Node for Server {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        Self::input(self, now, from, datagram);
    }

    fn poll(&mut self, now: u64) {
        Self::poll(self, now);
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        Self::output(self)
    }

    fn next_deadline(&self) -> Option<u64> {
        Self::next_deadline(self)
    }
}
