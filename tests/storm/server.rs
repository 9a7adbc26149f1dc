//! A server that accepts everybody, as often as it can, and counts who comes.

use std::collections::BTreeMap;
use whimbrel_lab::{Code, Message, Type, options, seconds};

/// What a datagram asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `POST /rd`
    Register,
    /// `POST /rd/…`
    Update,
    /// `POST /bs`
    Bootstrap,
    /// An answer of the client.
    Answer,
}

/// What a datagram of a client is.
pub fn kind(datagram: &[u8]) -> Kind {
    let message = Message::parse(datagram).expect("CoAP");
    if !message.code.is_request() {
        return Kind::Answer;
    }
    assert_eq!((message.kind, message.code), (Type::Con, Code::POST), "a request of this fleet");
    match message.texts(options::URI_PATH).as_slice() {
        [one] if one == "rd" => Kind::Register,
        [one] if one == "bs" => Kind::Bootstrap,
        [one, _] if one == "rd" => Kind::Update,
        path => panic!("nothing that this fleet sends: {path:?}"),
    }
}

/// The LwM2M Server or the LwM2M Bootstrap-Server; it lives at the end of the link and not on a clock of its own.
#[derive(Default)]
pub struct Server {
    /// Datagrams get lost on the way.
    pub away: bool,
    /// How many requests it answers in a second; the others are dropped without a word.
    pub capacity: Option<u32>,
    /// The second that is under way, and how many were answered in it.
    current: (u64, u32),
    /// By device: when its registration ends.
    registrations: BTreeMap<usize, u64>,
    /// By second and kind: how many datagrams arrived, or would have.
    pub arrivals: BTreeMap<(u64, Kind), u32>,
    /// By second: how many requests were answered.
    pub answered: BTreeMap<u64, u32>,
}

impl Server {
    /// A datagram of a device: what it is answered with, at once and then by a message of our own.
    pub fn receive(&mut self, now: u64, device: usize, kind: Kind, datagram: &[u8]) -> Vec<Message> {
        *self.arrivals.entry((now / 1000, kind)).or_default() += 1;
        if self.away || kind == Kind::Answer || !self.has_time(now) {
            return Vec::new();
        }
        *self.answered.entry(now / 1000).or_default() += 1;
        let message = Message::parse(datagram).expect("CoAP");
        let mut answer = Message::new(Type::Ack, Code::CHANGED, message.id);
        answer.token.clone_from(&message.token);
        match kind {
            Kind::Register => {
                self.registrations.insert(device, now + lifetime(&message));
                answer.code = Code::CREATED;
                answer.push(options::LOCATION_PATH, "rd");
                answer.push(options::LOCATION_PATH, device.to_string());
            }
            Kind::Update => match self.registrations.get_mut(&device).filter(|ends| **ends > now) {
                Some(ends) => *ends = now + seconds(LIFETIME_S.into()),
                None => answer.code = Code::NOT_FOUND,
            },
            // nothing is to be changed: the bootstrap ends with its beginning
            _ => return vec![answer, finish(message.id)],
        }
        vec![answer]
    }

    fn has_time(&mut self, now: u64) -> bool {
        if self.current.0 != now / 1000 {
            self.current = (now / 1000, 0);
        }
        self.current.1 += 1;
        self.capacity.is_none_or(|capacity| self.current.1 <= capacity)
    }

    /// How many devices it knows.
    pub fn registered(&self, now: u64) -> usize {
        self.registrations.values().filter(|ends| **ends > now).count()
    }
}

/// The lifetime of all accounts, in seconds.
pub const LIFETIME_S: u32 = 3600;

/// The lifetime of a Register, in milliseconds.
fn lifetime(message: &Message) -> u64 {
    let queries = message.texts(options::URI_QUERY);
    let given = queries.iter().find_map(|query| query.strip_prefix("lt="));
    seconds(given.and_then(|digits| digits.parse().ok()).expect("a lifetime"))
}

/// Bootstrap-Finish (TS 1.0 section 5.2.3.3 step 3).
fn finish(id: u16) -> Message {
    let mut message = Message::new(Type::Con, Code::POST, id);
    message.token = vec![1];
    message.push(options::URI_PATH, "bs");
    message
}
