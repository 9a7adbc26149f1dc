//! A client just good enough to test the lab with: it answers from a table and does what the test says.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod polite;

use std::collections::{BTreeMap, VecDeque};
use whimbrel_lab::options::{self, Block, uint};
use whimbrel_lab::{Code, Message, Network, Node, Peer, Server, Type, peer};

pub const SERVER: Peer = peer(1);
pub const CLIENT: Peer = peer(2);

#[derive(Default)]
pub struct Fake {
    pub now: u64,
    /// Path to content format and payload.
    pub resources: BTreeMap<String, (u16, Vec<u8>)>,
    /// All that came, with its time.
    pub received: Vec<(u64, Message)>,
    /// Largest block it sends or takes.
    pub szx: u8,
    /// Answers nothing.
    pub mute: bool,
    /// Answers by an empty ACK and a CON or NON response.
    pub separate: Option<Type>,
    /// Another ETag for each block.
    pub restless: bool,
    pub location: Vec<String>,
    /// Codes to answer with, by path, instead of the usual ones.
    pub codes: BTreeMap<String, Code>,
    outbox: VecDeque<Message>,
    upload: Vec<u8>,
    observers: BTreeMap<String, Vec<u8>>,
    id: u16,
    sequence: u32,
}

impl Fake {
    pub fn new() -> Self {
        Self { szx: 6, ..Self::default() }
    }

    pub fn with(mut self, path: &str, format: u16, payload: &[u8]) -> Self {
        self.resources.insert(path.into(), (format, payload.to_vec()));
        self
    }

    pub fn say(&mut self, message: Message) {
        self.outbox.push_back(message);
    }

    fn next_id(&mut self) -> u16 {
        self.id += 1;
        self.id
    }

    /// A CON request with a one-byte token; returns its Message ID.
    pub fn request(&mut self, code: Code, path: &str, queries: &[&str], payload: &[u8]) -> u16 {
        let mut message = Message::new(Type::Con, code, self.next_id());
        message.token = vec![0xc0];
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            message.push(options::URI_PATH, segment);
        }
        if !payload.is_empty() {
            message.push(options::CONTENT_FORMAT, [40]);
        }
        for query in queries {
            message.push(options::URI_QUERY, *query);
        }
        message.payload = payload.to_vec();
        self.say(message);
        self.id
    }

    pub fn register(&mut self, queries: &[&str]) {
        self.request(Code::POST, "/rd", queries, b"</1/0>,</3/0>");
    }

    pub fn update(&mut self, queries: &[&str], payload: &[u8]) {
        let location = self.location.join("/");
        self.request(Code::POST, &location, queries, payload);
    }

    /// A notification to whoever observes the path.
    pub fn notify(&mut self, path: &str, kind: Type, payload: &[u8]) {
        self.sequence += 1;
        let mut message = Message::new(kind, Code::CONTENT, self.next_id());
        message.token = self.observers.get(path).cloned().unwrap_or_default();
        message.push(options::OBSERVE, uint(self.sequence));
        self.resources.insert(path.into(), (0, payload.to_vec()));
        self.fill(&mut message, path, Block::new(0, false, self.szx));
        self.say(message);
    }

    pub fn observes(&self, path: &str) -> bool {
        self.observers.contains_key(path)
    }

    fn fill(&self, message: &mut Message, path: &str, asked: Block) {
        let Some((format, payload)) = self.resources.get(path) else {
            message.code = Code::NOT_FOUND;
            return;
        };
        message.push(options::CONTENT_FORMAT, uint((*format).into()));
        let szx = asked.szx.min(self.szx);
        let start = asked.offset();
        let size = Block::new(0, false, szx).size();
        let end = (start + size).min(payload.len());
        if start > 0 || end < payload.len() {
            let block = Block::new((start / size) as u32, end < payload.len(), szx);
            message.push(options::BLOCK2, block.bytes());
            message.push(options::ETAG, [if self.restless { block.num as u8 } else { 7 }]);
        }
        message.payload = payload.get(start..end).unwrap_or_default().to_vec();
    }

    fn answer(&mut self, request: &Message) -> Message {
        let path = request.path();
        let mut answer = Message::new(Type::Ack, Code::CHANGED, request.id);
        answer.token.clone_from(&request.token);
        match request.code {
            Code::GET => self.get(request, &path, &mut answer),
            Code::DELETE => {
                self.resources.remove(&path);
                answer.code = Code::DELETED;
            }
            _ => self.put(request, &path, &mut answer),
        }
        answer.code = self.codes.get(&path).copied().unwrap_or(answer.code);
        answer
    }

    fn get(&mut self, request: &Message, path: &str, answer: &mut Message) {
        answer.code = Code::CONTENT;
        match request.uint(options::OBSERVE) {
            Some(0) => {
                self.observers.insert(path.into(), request.token.clone());
                answer.push(options::OBSERVE, uint(self.sequence));
            }
            Some(_) => drop(self.observers.remove(path)),
            None => {}
        }
        let block = request.block(options::BLOCK2).unwrap_or(Block::new(0, false, self.szx));
        self.fill(answer, path, block);
    }

    fn put(&mut self, request: &Message, path: &str, answer: &mut Message) {
        let Some(block) = request.block(options::BLOCK1) else {
            self.resources.insert(path.into(), (0, request.payload.clone()));
            return;
        };
        if block.num == 0 {
            self.upload.clear();
        }
        if block.offset() != self.upload.len() {
            answer.code = Code::REQUEST_ENTITY_INCOMPLETE;
            return;
        }
        self.upload.extend(&request.payload);
        if block.more {
            answer.code = Code::CONTINUE;
        } else {
            self.resources.insert(path.into(), (0, self.upload.clone()));
        }
        answer.push(options::BLOCK1, Block::new(block.num, block.more, block.szx.min(self.szx)).bytes());
    }
}

impl Node for Fake {
    fn input(&mut self, now: u64, _: Peer, datagram: &[u8]) {
        self.now = now;
        let message = Message::parse(datagram).expect("the lab speaks CoAP");
        self.received.push((now, message.clone()));
        if message.code == Code::CREATED {
            self.location = message.texts(options::LOCATION_PATH);
        }
        if message.kind == Type::Rst {
            self.observers.clear();
        }
        if self.mute || !matches!(message.kind, Type::Con | Type::Non) {
            return;
        }
        if message.code == Code::EMPTY {
            return self.say(Message::new(Type::Rst, Code::EMPTY, message.id));
        }
        if message.code.is_response() {
            return self.say(Message::new(Type::Ack, Code::EMPTY, message.id));
        }
        let mut answer = self.answer(&message);
        if let Some(kind) = self.separate {
            self.say(Message::new(Type::Ack, Code::EMPTY, message.id));
            (answer.kind, answer.id) = (kind, self.next_id());
        } else if message.kind == Type::Non {
            (answer.kind, answer.id) = (Type::Non, self.next_id());
        }
        self.say(answer);
    }

    fn poll(&mut self, now: u64) {
        self.now = now;
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.outbox.pop_front().map(|message| (SERVER, message.bytes()))
    }

    fn next_deadline(&self) -> Option<u64> {
        (!self.outbox.is_empty()).then_some(self.now)
    }
}

/// A server, a fake client and the wire between them.
pub struct Bench {
    pub network: Network,
    pub server: Server,
    pub client: Fake,
}

impl Bench {
    pub fn new(client: Fake) -> Self {
        Self { network: Network::new(1), server: Server::new(1), client }
    }

    /// Time 0, one client registered with `lt=300`, LwM2M 1.1.
    pub fn registered(client: Fake) -> Self {
        let mut bench = Self::new(client);
        bench.client.register(&["ep=fake", "lt=300", "lwm2m=1.1", "b=U"]);
        bench.run(0);
        bench
    }

    pub fn run(&mut self, milliseconds: u64) {
        let until = self.network.now() + milliseconds;
        self.network.run_until(until, &mut [(SERVER, &mut self.server), (CLIENT, &mut self.client)]);
    }

    /// What the client received last.
    pub fn heard(&self) -> &Message {
        &self.client.received.last().expect("the client heard something").1
    }

    /// When the server sent each of its datagrams since `time`.
    pub fn server_sent_since(&self, time: u64) -> Vec<u64> {
        let mine =
            self.network.records().iter().filter(|record| record.from == SERVER && record.time >= time);
        mine.map(|record| record.time).collect()
    }
}
