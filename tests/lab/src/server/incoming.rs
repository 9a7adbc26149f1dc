//! Requests of clients: Register, Update, De-register (TS 1.0 sections 5.3 and 8.2.3), whole or in blocks (RFC 7959
//! section 2.5), and what else they may send: `/bs`, `/bspack` and `/dp`.
//!
//! Flow: duplicate? → assemble → classify → script or the right thing → log → reply.

use super::answer::{Answer, Operation};
use super::registry::{Entry, Event, Parameters, Registration};
use super::reliability::Later;
use super::{Failure, Server};
use crate::coap::{Code, Message, Type};
use crate::format;
use crate::net::Peer;
use crate::options::{self, Block};

/// The most a client may upload.
const LARGEST_UPLOAD: usize = 1 << 20;
/// How many uploads are kept at a time, over all clients.
const MOST_UPLOADS: usize = 64;
/// `lt` if a Register does not say.
const DEFAULT_LIFETIME: u32 = 86_400;

/// A body that comes in blocks.
#[derive(Debug)]
pub(super) struct Assembly {
    from: Peer,
    path: String,
    body: Vec<u8>,
}

/// What one message adds to a body.
enum Part {
    Whole(Vec<u8>),
    Answered(Code),
}

type Options = Vec<(u16, Vec<u8>)>;

impl Server {
    pub(super) fn request(&mut self, from: Peer, mut message: Message) {
        if !self.first_time(from, &message) {
            return;
        }
        let block = message.block(options::BLOCK1);
        let echo = block.map(|b| Block::new(b.num, b.more, b.szx.min(self.settings.upload_szx)));
        let echo: Options = echo.map(|b| (options::BLOCK1, b.bytes())).into_iter().collect();
        match self.assemble(from, &mut message, block) {
            Part::Answered(code) => self.reply(from, &message, code, echo, Answer::right()),
            Part::Whole(body) => self.whole_request(from, &message, body, echo),
        }
    }

    fn assemble(&mut self, from: Peer, message: &mut Message, block: Option<Block>) -> Part {
        let part = std::mem::take(&mut message.payload);
        let Some(block) = block else { return Part::Whole(part) };
        let path = message.path();
        let place = self.assemblies.iter().position(|a| a.from == from && a.path == path);
        let mut body = place.map(|place| self.assemblies.swap_remove(place).body).unwrap_or_default();
        if block.num == 0 {
            body.clear();
        }
        if body.len() != block.offset() || (block.more && part.len() != block.size()) {
            self.complain(format!("block {} of an upload does not fit what came before", block.num));
            return Part::Answered(Code::REQUEST_ENTITY_INCOMPLETE);
        }
        body.extend(part);
        if body.len() > LARGEST_UPLOAD || self.assemblies.len() >= MOST_UPLOADS {
            return Part::Answered(Code::REQUEST_ENTITY_TOO_LARGE);
        }
        if !block.more {
            return Part::Whole(body);
        }
        self.assemblies.push(Assembly { from, path, body });
        Part::Answered(Code::CONTINUE)
    }

    fn whole_request(&mut self, from: Peer, message: &Message, body: Vec<u8>, mut options: Options) {
        let operation = self.classify(message);
        let said = Parameters::parse(message.texts(options::URI_QUERY), body.clone());
        let answer = self.scripted(operation);
        let endpoint = self.endpoint_of(from, message, said.as_ref());
        let (code, location) = match (answer.code, answer.silent, &said) {
            (_, true, _) => (Code::EMPTY, Vec::new()),
            (Some(code), ..) => (self.refuse(operation, message, code), Vec::new()),
            (None, _, None) => (Code::BAD_REQUEST, Vec::new()),
            (None, _, Some(said)) => self.carry_out(operation, from, message, said),
        };
        self.registry.log.push(Entry {
            time: self.now,
            event: Event::Asked(operation),
            peer: from,
            endpoint,
            path: message.path(),
            said: said.unwrap_or_default(),
            content_format: message.content_format(),
            payload: body,
            answer: (!answer.silent).then_some(code),
            answered: (!answer.silent).then_some(self.now + answer.delay),
        });
        if !answer.silent {
            options.extend(location.into_iter().map(|s: String| (options::LOCATION_PATH, s.into_bytes())));
            self.reply(from, message, code, options, answer);
        }
    }

    fn classify(&mut self, message: &Message) -> Operation {
        let path = message.path();
        let location = path.starts_with("/rd/") || self.registry.by_location(&path).is_some();
        match (message.code, path.as_str()) {
            (Code::POST, "/rd") => Operation::Register,
            (Code::POST, "/bs") | (Code::GET, "/bspack") => Operation::Bootstrap,
            (Code::POST, "/dp") => Operation::Send,
            (Code::POST, _) if location => Operation::Update,
            (Code::DELETE, _) if location => Operation::Deregister,
            _ => Operation::Other,
        }
    }

    fn scripted(&mut self, operation: Operation) -> Answer {
        let place = self.script.iter().position(|(of, _)| *of == operation);
        let scripted = place.map(|place| self.script.remove(place).1);
        scripted.or_else(|| self.habits.get(&operation).copied()).unwrap_or_default()
    }

    fn endpoint_of(&mut self, from: Peer, message: &Message, said: Option<&Parameters>) -> String {
        let known =
            self.registry.by_location(&message.path()).map(|registration| registration.endpoint.clone());
        let known = known.or_else(|| said.and_then(|said| said.endpoint.clone()));
        known.or_else(|| self.registry.by_peer(from).map(|r| r.endpoint.clone())).unwrap_or_default()
    }

    /// A scripted code. A server that answers an Update with 4.04 has forgotten the client.
    fn refuse(&mut self, operation: Operation, message: &Message, code: Code) -> Code {
        if operation == Operation::Update && code == Code::NOT_FOUND {
            self.remove(&message.path());
        }
        code
    }

    fn carry_out(
        &mut self,
        what: Operation,
        from: Peer,
        m: &Message,
        said: &Parameters,
    ) -> (Code, Vec<String>) {
        let listed = !said.payload.is_empty() && matches!(what, Operation::Register | Operation::Update);
        if listed && m.content_format() != Some(format::LINK) {
            return (Code::UNSUPPORTED_CONTENT_FORMAT, Vec::new());
        }
        let code = match what {
            Operation::Register => return self.register(from, said),
            Operation::Update => self.update(from, &m.path(), said),
            Operation::Deregister if self.remove(&m.path()) => Code::DELETED,
            Operation::Bootstrap if m.code == Code::GET => Code::NOT_IMPLEMENTED,
            Operation::Bootstrap | Operation::Send => Code::CHANGED,
            Operation::Deregister | Operation::Other => Code::NOT_FOUND,
        };
        (code, Vec::new())
    }

    fn register(&mut self, from: Peer, said: &Parameters) -> (Code, Vec<String>) {
        let version = said.version.clone().unwrap_or_else(|| "1.0".into());
        let number = version.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match number {
            None => return (Code::BAD_REQUEST, Vec::new()),
            Some(number) if number > self.settings.max_version => {
                return (Code::PRECONDITION_FAILED, Vec::new());
            }
            Some((1, 0)) if said.endpoint.is_none() => return (Code::BAD_REQUEST, Vec::new()),
            Some::<(u32, u32)>(_) => {}
        }
        let endpoint = said.endpoint.clone().unwrap_or_else(|| from.to_string());
        self.forget(&endpoint);
        self.registry.serial += 1;
        let serial = self.registry.serial.to_string();
        let location = self.settings.location.clone().unwrap_or_else(|| vec!["rd".into(), serial]);
        let binding = said.binding.clone().unwrap_or_else(|| "U".into());
        self.registry.list.push(Registration {
            endpoint,
            location: crate::coap::joined(&location),
            peer: from,
            lifetime: said.lifetime.unwrap_or(DEFAULT_LIFETIME),
            queue: said.queue || binding.contains('Q'),
            version,
            binding,
            sms: said.sms.clone(),
            links: said.links.clone().unwrap_or_default(),
            register: said.clone(),
            registered: self.now,
            refreshed: self.now,
            awake_until: self.now + self.settings.awake_window,
        });
        (Code::CREATED, location)
    }

    /// A new Register voids the old one and its observations (TS 1.0 section 5.3.1).
    pub(super) fn forget(&mut self, endpoint: &str) {
        if let Some(location) = self.registry.by_endpoint(endpoint).map(|old| old.location.clone()) {
            self.remove(&location);
        }
    }

    fn remove(&mut self, location: &str) -> bool {
        let place = self.registry.list.iter().position(|registration| registration.location == location);
        let Some(place) = place else { return false };
        let gone = self.registry.list.remove(place);
        self.forget_observations(gone.peer);
        true
    }

    fn update(&mut self, from: Peer, location: &str, said: &Parameters) -> Code {
        let (now, window, bound) = (self.now, self.settings.awake_window, self.settings.address_bound);
        let Some(registration) = self.registry.by_location(location) else { return Code::NOT_FOUND };
        let before = registration.peer;
        if bound && before != from {
            return Code::NOT_FOUND;
        }
        registration.apply(said);
        registration.peer = from;
        registration.refreshed = now;
        registration.awake_until = now + window;
        if before != from {
            self.move_to(before, from);
        }
        Code::CHANGED
    }

    /// What is under way to a client follows it to its new address.
    fn move_to(&mut self, before: Peer, after: Peer) {
        for place in &self.active {
            let exchange = &mut self.exchanges[*place];
            exchange.peer = exchange.peer.map(|peer| if peer == before { after } else { peer });
        }
        for observation in self.observations.iter_mut().filter(|observation| observation.peer == Some(before))
        {
            observation.peer = Some(after);
        }
    }

    fn reply(&mut self, to: Peer, request: &Message, code: Code, options: Options, answer: Answer) {
        let separate = answer.separate && request.kind == Type::Con;
        let (kind, id) = match request.kind {
            Type::Con if separate => (Type::Con, self.next_message_id()),
            Type::Con => (Type::Ack, request.id),
            _ => (Type::Non, self.next_message_id()),
        };
        let token = request.token.clone();
        let reply = Message { kind, code, id, token, options, payload: Vec::new() };
        if separate {
            self.answer_empty(to, request.id, Type::Ack);
        }
        match (answer.delay, separate) {
            (0, true) => self.send_confirmable_reply(to, &reply),
            (0, false) => self.answer(to, request.id, &reply),
            (delay, _) => self.later.push(Later { due: self.now + delay, to, reply, request: request.id }),
        }
    }

    /// Whether a request's target is registered, and where.
    pub(super) fn address_of(&self, endpoint: &str) -> Result<Peer, Failure> {
        self.registry.by_endpoint(endpoint).map(|registration| registration.peer).ok_or(Failure::NoClient)
    }
}
