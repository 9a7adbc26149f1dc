//! A world around one client behind the C API: a clock, links, servers that answer registrations and bootstrap requests,
//! storage, and checks of everything that the client says.

mod bench;
pub(crate) mod objects;
pub(crate) mod port;

pub use bench::Bench;

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;
use whimbrel::capi::{WHIMBREL_EVENT_NOTIFY_FAILED, whimbrel_event_t};
use whimbrel::coap::{Code, Kind, Message, Writer, option};

/// How many accounts a client of this world can have.
pub const LINKS: usize = 4;

/// `TRACE=1` shows what happens, to understand a finding.
static TRACE: LazyLock<bool> = LazyLock::new(|| std::env::var_os("TRACE").is_some());

/// One link, seen from the server.
#[derive(Default)]
pub struct Link {
    /// Whether the client waits for it, which it must not forget.
    opening: bool,
    /// Whether it can be used.
    pub open: bool,
    /// Whether a bootstrap server is at its other end.
    pub bootstraps: bool,
    /// What the client has not taken yet.
    pub inbox: VecDeque<Vec<u8>>,
    /// What the client said last: Message ID and token.
    pub last: (u16, Vec<u8>),
    /// Responses by Message ID and token, since somebody looked.
    pub answers: Vec<Vec<u8>>,
}

impl Link {
    /// Whether the client has not closed it.
    pub fn is_used(&self) -> bool {
        self.open || self.opening
    }
}

/// Stable storage.
#[derive(Default)]
pub struct Shelf {
    /// What it holds.
    pub records: BTreeMap<u16, Vec<u8>>,
    /// What it held before, in the order of the writes.
    pub history: Vec<(u16, Vec<u8>)>,
    /// Bits: reads fail, writes fail, a write is torn.
    pub trouble: u8,
}

/// Everything that port functions, handlers and events touch.
pub struct World {
    /// Milliseconds.
    pub now: u64,
    chance: u32,
    /// One for each server.
    pub links: [Link; LINKS],
    /// Bits: send fails, receive fails, datagrams are truncated, links stay pending, links fail to open.
    pub trouble: u8,
    /// Whether the server answers registrations and acknowledges notifications.
    pub serves: bool,
    /// What the bootstrap server answers to a request for a bootstrap.
    pub bootstraps: Option<Code>,
    /// A bootstrap is under way: nobody else is told anything.
    pub quiet: bool,
    /// The client is looking at a Bootstrap-Finish: then observations may end.
    finishing: bool,
    /// The highest number of an event that may happen.
    pub most: u16,
    /// What links may be opened with: bits of WHIMBREL_LINK_….
    pub ways: u8,
    /// How many datagrams the client has taken.
    pub taken: usize,
    /// What has happened since somebody looked.
    pub events: Vec<whimbrel_event_t>,
    /// Stable storage.
    pub shelf: Shelf,
    /// What the next handlers return instead of doing their work.
    pub refusals: VecDeque<i32>,
    /// Whether events and handlers note changes.
    pub nosy: bool,
    /// The client, for them.
    pub client: *mut whimbrel::capi::whimbrel_client_t,
    /// How far the stream has come.
    stream: usize,
    /// The data of the instances of object 1000.
    pub things: Vec<*mut core::ffi::c_void>,
    /// Message IDs of the server's requests.
    next_id: u16,
}

impl World {
    /// All is well, and nothing has happened.
    pub fn new() -> Self {
        Self {
            now: 1000,
            chance: 1,
            links: Default::default(),
            trouble: 0,
            serves: true,
            bootstraps: Some(Code::CHANGED),
            quiet: false,
            finishing: false,
            most: WHIMBREL_EVENT_NOTIFY_FAILED,
            ways: 0,
            taken: 0,
            events: Vec::new(),
            shelf: Shelf::default(),
            refusals: VecDeque::new(),
            nosy: false,
            client: core::ptr::null_mut(),
            stream: 0,
            things: Vec::new(),
            next_id: 1,
        }
    }

    /// A Message ID that no request has had.
    pub fn fresh_id(&mut self) -> u16 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    /// What the next handler is to return, if not its own.
    fn refusal(&mut self) -> Option<i32> {
        self.refusals.pop_front().filter(|status| *status != 0)
    }

    /// A line of the trace.
    fn trace(&self, what: &str, link: usize, bytes: &[u8]) {
        if *TRACE {
            eprintln!("{:>9} {what} {link} {bytes:02x?}", self.now);
        }
    }

    /// The client has sent a datagram: it must be well-formed, and the server may answer.
    fn said(&mut self, link: usize, datagram: &[u8]) {
        self.trace("says", link, datagram);
        let message = well_formed(datagram);
        let (serves, link) = (self.serves, &mut self.links[link]);
        link.bootstraps |= find(&message, option::URI_PATH) == Some(b"bs");
        let silent = self.quiet && !self.finishing;
        assert!(!silent || link.bootstraps, "a server is told something during a bootstrap");
        link.last = (message.id, message.token.to_vec());
        if message.code.is_response() {
            link.answers.push(datagram.to_vec());
        }
        if !serves || message.kind != Kind::Confirmable {
            return;
        }
        link.inbox.extend(match find(&message, option::URI_PATH) {
            Some(b"bs") => self.bootstraps.and_then(|code| respond(&message, code)),
            _ => answer(&message),
        });
    }

    /// The client has taken a datagram.
    fn heard(&mut self, link: usize, datagram: &[u8]) {
        self.taken += 1;
        self.trace("hears", link, datagram);
        let finishes = |message: &Message<'_>| {
            message.code == Code::POST && find(message, option::URI_PATH) == Some(b"bs")
        };
        self.finishing =
            self.links[link].bootstraps && Message::parse(datagram).is_ok_and(|message| finishes(&message));
    }

    /// The link to the bootstrap server, if there is one.
    pub fn bootstrap_link(&self) -> Option<usize> {
        self.links.iter().position(|link| link.open && link.bootstraps)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// What the client says, after a look at it.
pub fn well_formed(datagram: &[u8]) -> Message<'_> {
    let message = Message::parse(datagram).expect("the client says what is no message");
    let mut options = message.options();
    let mut last = 0;
    while let Some((number, value)) = options.next().expect("the client says what has no end") {
        assert!(option::length_fits(number, value.len()), "option {number} of {} bytes", value.len());
        assert!(number != last || option::is_repeatable(number), "option {number} twice");
        last = number;
    }
    assert!(message.code != Code::POST || !message.token.is_empty(), "a Register without token");
    message
}

/// How a server answers a Confirmable message of the client: registrations are accepted, the rest is acknowledged.
pub fn answer(message: &Message<'_>) -> Option<Vec<u8>> {
    let code = match message.code {
        Code::POST => accept(message),
        Code::DELETE => Some(Code::DELETED),
        _ => None,
    };
    let [high, low] = message.id.to_be_bytes();
    match code {
        Some(code) => respond(message, code),
        None => Some(vec![0x60, 0, high, low]),
    }
}

fn respond(message: &Message<'_>, code: Code) -> Option<Vec<u8>> {
    let mut buffer = [0; 64];
    let mut writer = Writer::new(&mut buffer, Kind::Acknowledgement, code, message.id, message.token).ok()?;
    if code == Code::CREATED {
        let _ = writer.option(option::LOCATION_PATH, b"rd");
        let _ = writer.option(option::LOCATION_PATH, b"5");
    } else if let Some(block) = find(message, option::BLOCK1) {
        let _ = writer.option(option::BLOCK1, block);
    }
    let length = writer.finish();
    Some(buffer[..length].to_vec())
}

/// The value of an option.
fn find<'a>(message: &Message<'a>, wanted: u16) -> Option<&'a [u8]> {
    let mut options = message.options();
    while let Ok(Some((number, value))) = options.next() {
        if number == wanted {
            return Some(value);
        }
    }
    None
}

/// How a server answers Register (to `/rd`, with `ep=`) and Update, also in blocks.
fn accept(message: &Message<'_>) -> Option<Code> {
    let more =
        find(message, option::BLOCK1).is_some_and(|value| value.last().is_some_and(|last| last & 8 != 0));
    let registers = find(message, option::URI_QUERY).is_some_and(|query| query.starts_with(b"ep="));
    Some(match (more, registers) {
        (true, _) => Code::CONTINUE,
        (_, true) => Code::CREATED,
        _ => Code::CHANGED,
    })
}
