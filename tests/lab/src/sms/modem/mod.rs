//! An AT modem on the bench (V.250; TS 27.005 in PDU mode; TS 27.007): bytes in, bytes out, in virtual time.
//!
//! It is as unfriendly as modems are: it forgets everything when it resets, loses bytes that come while it works, has few
//! places for messages, and turns direct delivery off when nobody acknowledges. What a model lacks is said in [`Options`],
//! what goes wrong is ordered as a [`Fault`].
//!
//! Files: `wire` (bytes with times), `line` (the line discipline), `general` and `messages` (commands), `delivery`
//! (messages from the centre), `storage`, `slot` (the card).

#[cfg(test)]
mod card_tests;
mod delivery;
mod general;
mod line;
mod messages;
mod options;
mod slot;
mod storage;
#[cfg(test)]
mod tests;
mod wire;

pub use options::{Access, Fault, Options};

use super::phone::{Delivery, Phone};
use crate::net::Peer;
use line::Prompt;
use slot::Slot;
use std::collections::VecDeque;
use storage::Storage;
use wire::Wire;

/// What a reset forgets.
#[derive(Clone, Debug)]
struct Settings {
    echo: bool,
    verbose: bool,
    quiet: bool,
    /// `+CMEE`.
    errors: u8,
    /// `+CSMS`: 1 wants `+CNMA`.
    service: u8,
    text_mode: bool,
    /// `+CNMI`: mode, mt, bm, ds, bfr.
    routing: [u8; 5],
    /// `+CPMS`: to read and delete, to write, to receive.
    memories: [&'static str; 3],
    /// `+CEREG`, `+CREG`, `+CGREG`.
    reports: [u8; 3],
    domain: u8,
}

/// What the card wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Card {
    Ready,
    Pin,
    Puk,
    Missing,
}

/// The modem of one phone.
#[derive(Debug)]
pub struct Modem {
    options: Options,
    phone: Phone,
    now: u64,
    settings: Settings,
    storage: Storage,
    card: Card,
    tries: u8,
    slot: Slot,
    /// `+CFUN`.
    function: u8,
    centre: String,
    /// The registration once it is attached.
    registration: u8,
    attached_at: Option<u64>,
    booted_at: Option<u64>,
    reference: u8,
    line: Vec<u8>,
    last_line: String,
    prompt: Option<Prompt>,
    busy_until: u64,
    silent_until: u64,
    ahead: VecDeque<u8>,
    wire: Wire,
    /// Shown to the host, who has to acknowledge it by this time.
    unacknowledged: Option<(u64, Delivery)>,
    /// Indications kept while `+CNMI` says so.
    kept: Vec<String>,
    plugged: bool,
    faults: Vec<(options::When, Fault)>,
    commands: Vec<(u64, String)>,
    acknowledgements: Vec<Vec<u8>>,
    for_card: Vec<Vec<u8>>,
    lost_bytes: usize,
}

impl Modem {
    /// A modem that has been on for a while: ready, registered, with the settings of a reset.
    pub fn new(phone: Phone, options: Options) -> Self {
        let settings = options.settings();
        let card = options.card();
        let modem = Self {
            storage: Storage::new(options.places),
            settings,
            card,
            tries: 3,
            slot: Slot::default(),
            function: 1,
            centre: options.centre.clone(),
            registration: 1,
            attached_at: None,
            booted_at: None,
            reference: 0,
            line: Vec::new(),
            last_line: String::new(),
            prompt: None,
            busy_until: 0,
            silent_until: 0,
            ahead: VecDeque::new(),
            wire: Wire::new(options.chunk),
            unacknowledged: None,
            kept: Vec::new(),
            plugged: true,
            faults: Vec::new(),
            commands: Vec::new(),
            acknowledgements: Vec::new(),
            for_card: Vec::new(),
            lost_bytes: 0,
            now: 0,
            phone,
            options,
        };
        modem.radio();
        modem
    }

    /// Takes bytes from the host.
    pub fn input(&mut self, now: u64, bytes: &[u8]) {
        self.tick(now);
        for byte in bytes {
            self.byte(*byte);
        }
    }

    /// Does what is due by now.
    pub fn poll(&mut self, now: u64) {
        self.tick(now);
        self.receive();
        self.serve_card(None);
    }

    /// What the host hears by now.
    pub fn output(&mut self, now: u64) -> Vec<u8> {
        self.poll(now);
        let said = self.wire.take(now);
        if self.plugged { said } else { Vec::new() }
    }

    /// When to poll and to look at the output next; a time that has come means at once.
    pub fn next_deadline(&self) -> Option<u64> {
        let message = if self.takes_messages() { self.phone.next_deadline() } else { None };
        let ahead = (!self.ahead.is_empty()).then_some(self.busy_until);
        let acknowledgement = self.unacknowledged.as_ref().map(|(due, _)| *due);
        let rest = [
            self.wire.deadline(),
            ahead,
            acknowledgement,
            self.booted_at,
            self.attached_at,
            self.slot.starts,
        ];
        rest.into_iter().flatten().chain(message).min()
    }

    fn tick(&mut self, now: u64) {
        self.now = self.now.max(now);
        if let Some(at) = self.booted_at.filter(|at| *at <= self.now) {
            self.booted_at = None;
            for line in self.options.banner.clone() {
                self.unsolicited(at, &line);
            }
            self.attached_at = Some(at + self.options.attach);
        }
        if self.attached_at.is_some_and(|at| at <= self.now) {
            self.attached_at = None;
            self.radio();
            self.tell_registration();
        }
        self.start_card();
        if let Some((_, delivery)) = self.unacknowledged.take_if(|(due, _)| *due <= self.now) {
            // TS 27.005 section 3.4.1: nobody listens, so nothing more is routed
            self.phone.refuse(self.now, &delivery);
            (self.settings.routing[1], self.settings.routing[3]) = (0, 0);
        }
        while self.now >= self.busy_until && self.booted_at.is_none() {
            let Some(byte) = self.ahead.pop_front() else { break };
            self.byte(byte);
        }
    }

    /// Says to the network whether the phone can be reached.
    fn radio(&self) {
        self.phone.reachable(self.now, self.is_attached());
    }

    /// The `stat` of `+CEREG`.
    fn status(&self) -> u8 {
        match (self.function, self.card, self.booted_at, self.attached_at) {
            _ if self.slot.starts.is_some() => 0,
            (1, Card::Ready, None, None) => self.registration,
            (1, Card::Ready, ..) => 2,
            _ => 0,
        }
    }

    fn is_attached(&self) -> bool {
        matches!(self.status(), 1 | 5 | 6 | 7)
    }

    /// A line that nobody asked for.
    fn unsolicited(&mut self, at: u64, line: &str) {
        let text = self.framed(&[line]);
        self.wire.put(at, &text);
    }
}

/// What a test orders.
impl Modem {
    /// The n-th command line from now on, 1 is the next one, meets this fault. A PDU after a prompt counts as one.
    pub fn fault(&mut self, n: u32, fault: Fault) {
        self.faults.push((options::When::Nth(n), fault));
    }

    /// The next command line that begins like this meets this fault: `AT+CMGS`. `\x1a` is the PDU after a prompt.
    pub fn fault_on(&mut self, prefix: &str, fault: Fault) {
        self.faults.push((options::When::Prefix(prefix.to_owned()), fault));
    }

    /// Crashes and starts again: what was to be said is lost, the banner comes when it is up.
    pub fn reset(&mut self, now: u64) {
        self.now = self.now.max(now);
        if let Some((_, delivery)) = self.unacknowledged.take() {
            self.phone.refuse(self.now, &delivery);
        }
        self.wire.clear();
        (self.settings, self.card, self.function) = (self.options.settings(), self.options.card(), 1);
        self.slot.reset();
        (self.prompt, self.busy_until, self.silent_until) = (None, 0, 0);
        self.centre.clone_from(&self.options.centre);
        self.attached_at = None;
        self.booted_at = Some(self.now + self.options.boot);
        self.line.clear();
        self.ahead.clear();
        self.kept.clear();
        self.radio();
    }

    /// Hears nothing and says nothing new until this time.
    pub fn silent_until(&mut self, time: u64) {
        self.silent_until = time;
    }

    /// Says a line that nobody asked for.
    pub fn say(&mut self, now: u64, line: &str) {
        self.now = self.now.max(now);
        self.unsolicited(self.now, line);
    }

    /// Says bytes as they are: noise.
    pub fn noise(&mut self, now: u64, bytes: &[u8]) {
        self.now = self.now.max(now);
        self.wire.put(self.now, bytes);
    }

    /// The network says this registration from now on: 1 home, 2 searching, 3 denied, 5 roaming.
    pub fn register(&mut self, now: u64, status: u8) {
        self.now = self.now.max(now);
        self.registration = status;
        self.radio();
        self.tell_registration();
    }

    /// The host is switched off, or on again. While it is off, messages are stored as unread and nothing is heard.
    pub fn plug(&mut self, now: u64, plugged: bool) {
        self.tick(now);
        if self.plugged != plugged {
            self.wire.clear();
            self.line.clear();
        }
        self.plugged = plugged;
    }

    /// Puts text messages of others into all places that are free.
    pub fn fill(&mut self) {
        let text = super::tpdu::Deliver::parse(&TEXT).expect("a text message").bytes();
        for memory in ["ME", "SM"] {
            while self.storage.add(memory, storage::READ, line::with_centre(&text)).is_some() {}
        }
    }

    /// Stores a TPDU as unread, as if it had come while the host was off. Its index; `None` if the memory is full.
    pub fn store(&mut self, memory: &str, tpdu: &[u8]) -> Option<usize> {
        self.storage.add(memory, storage::UNREAD, line::with_centre(tpdu))
    }
}

/// "hello" from +15555550123, 7 bits a character.
const TEXT: [u8; 24] = [
    0x04, 0x0b, 0x91, 0x51, 0x55, 0x55, 0x05, 0x21, 0xf3, 0x00, 0x00, 0x62, 0x10, 0x20, 0x30, 0x40, 0x50,
    0x80, 0x05, 0xe8, 0x32, 0x9b, 0xfd, 0x06,
];

/// What a test sees.
impl Modem {
    /// Its phone.
    pub const fn phone(&self) -> &Phone {
        &self.phone
    }

    /// Every command line so far, and the PDUs after prompts with `\x1a` before them.
    pub fn commands(&self) -> &[(u64, String)] {
        &self.commands
    }

    /// The PDUs given with `+CNMA`.
    pub fn acknowledgements(&self) -> &[Vec<u8>] {
        &self.acknowledgements
    }

    /// TPDUs that went to the card and were never shown: class 2 with TP-PID 7F.
    pub fn for_card(&self) -> &[Vec<u8>] {
        &self.for_card
    }

    /// Bytes of the host that came while the modem did not listen.
    pub const fn lost_bytes(&self) -> usize {
        self.lost_bytes
    }

    /// Places taken in a memory, and places in all.
    pub fn used(&self, memory: &str) -> (usize, usize) {
        self.storage.used(memory)
    }

    /// Whether it waits for `+CNMA`.
    pub const fn waits_for_acknowledgement(&self) -> bool {
        self.unacknowledged.is_some()
    }

    /// `+CNMI` as it is set: mode, mt, bm, ds, bfr.
    pub const fn routing(&self) -> [u8; 5] {
        self.settings.routing
    }
}

/// The modem with its host's serial line as two peers of a [`crate::Network`]: what is sent to it are the host's bytes, what
/// it says are datagrams to `host`.
#[derive(Debug)]
pub struct Serial<'a> {
    /// The modem.
    pub modem: &'a mut Modem,
    /// Where the host is.
    pub host: Peer,
}

impl crate::Node for Serial<'_> {
    fn input(&mut self, now: u64, _: Peer, bytes: &[u8]) {
        self.modem.input(now, bytes);
    }

    fn poll(&mut self, now: u64) {
        self.modem.poll(now);
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        let said = self.modem.output(self.modem.now);
        (!said.is_empty()).then_some((self.host, said))
    }

    fn next_deadline(&self) -> Option<u64> {
        self.modem.next_deadline()
    }
}
