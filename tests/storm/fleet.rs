//! The fleet: ten thousand devices, two servers and the air between, in one queue of what happens when.

use crate::device::{Air, Device, Host, Objects};
use crate::rules::TRANSMISSIONS;
use crate::server::{Kind, LIFETIME_S, Server, kind};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use whimbrel_lab::{Random, Type, seconds};

/// How many devices there are.
pub const DEVICES: usize = 10_000;

/// One message of a device, with its repetitions.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// What it asks for.
    pub kind: Kind,
    /// Its Message ID.
    id: u16,
    /// When it was sent first.
    pub at: u64,
    /// When it was sent the second time; 0: never.
    again: u64,
    /// How often it was sent.
    sent: u32,
    /// Whether an answer has reached the device.
    answered: bool,
}

impl Attempt {
    /// When it was given up, having been sent as often as it can be: 31 times the first timeout.
    pub fn given_up(&self) -> Option<u64> {
        let in_vain = self.sent == TRANSMISSIONS && !self.answered;
        in_vain.then(|| self.at + 31 * (self.again - self.at))
    }
}

enum What {
    Begin(usize),
    Poll(usize),
    Uplink(usize, Host, Kind, Vec<u8>),
    Downlink(usize, Host, Vec<u8>),
}

/// All of it.
pub struct Fleet {
    air: Rc<Air>,
    /// The devices.
    pub devices: Vec<Device>,
    /// By device: when it wants to be called.
    next: Vec<u64>,
    /// By device: what it has sent.
    pub attempts: Vec<Vec<Attempt>>,
    /// By device: when its datagrams were sent.
    sent: Vec<Vec<u64>>,
    /// The servers, by [`Host`].
    pub servers: [Server; 2],
    hold_off: Option<u32>,
    random: Random,
    queue: BTreeMap<(u64, u64), What>,
    count: u64,
}

impl Fleet {
    /// Devices that begin one after the other, evenly over `spread` milliseconds. `hold_off`: they have the account of a
    /// bootstrap server too, with that Client Hold Off Time in seconds.
    pub fn new(seed: u64, spread: u64, hold_off: Option<u32>) -> Self {
        let (air, objects, mut random) = (Rc::<Air>::default(), Objects::new(), Random::new(seed));
        let mut device = |n| Device::new(&air, &objects, n, random.next(), hold_off.is_some());
        let devices: Vec<_> = (0..DEVICES).map(&mut device).collect();
        let mut fleet = Self {
            air,
            devices,
            next: vec![u64::MAX; DEVICES],
            attempts: vec![Vec::new(); DEVICES],
            sent: vec![Vec::new(); DEVICES],
            servers: Default::default(),
            hold_off,
            random,
            queue: BTreeMap::new(),
            count: 0,
        };
        for n in 0..DEVICES {
            let at = fleet.random.up_to(spread);
            fleet.plan(at, What::Begin(n));
        }
        fleet
    }

    /// The time.
    pub fn now(&self) -> u64 {
        self.air.now.get()
    }

    /// The LwM2M Server.
    pub fn server(&self) -> &Server {
        &self.servers[Host::Server as usize]
    }

    /// Both servers go or come.
    pub fn away(&mut self, away: bool) {
        for server in &mut self.servers {
            server.away = away;
        }
    }

    /// The network of all devices goes or comes, at the same millisecond.
    pub fn network(&mut self, online: bool) {
        for n in 0..DEVICES {
            self.devices[n].network(online);
            self.poll(n);
        }
    }

    /// How many datagrams a device sent within a span.
    pub fn sent_within(&self, n: usize, span: Range<u64>) -> u32 {
        self.sent[n].iter().filter(|at| span.contains(at)).count() as u32
    }

    /// How many messages of a kind were begun within a span, by all devices.
    pub fn attempts_within(&self, span: Range<u64>, kind: Kind) -> usize {
        let all = self.attempts.iter().flatten();
        all.filter(|attempt| attempt.kind == kind && span.contains(&attempt.at)).count()
    }

    fn plan(&mut self, at: u64, what: What) {
        self.count += 1;
        self.queue.insert((at, self.count), what);
    }

    /// Lets everything happen that comes before `end`.
    pub fn run_until(&mut self, end: u64) {
        while let Some(first) = self.queue.first_entry().filter(|first| first.key().0 < end) {
            let ((at, _), what) = first.remove_entry();
            self.air.now.set(at);
            match what {
                What::Begin(n) => self.begin(n),
                What::Poll(n) if self.next[n] == at => self.poll(n),
                // it has been called since, and said something else
                What::Poll(_) => {}
                What::Uplink(n, host, kind, datagram) => self.uplink(n, host, kind, &datagram),
                What::Downlink(n, host, datagram) => {
                    self.note_answer(n, &datagram);
                    self.devices[n].input(host, datagram);
                    self.poll(n);
                }
            }
        }
        self.air.now.set(end);
    }

    fn begin(&mut self, n: usize) {
        self.devices[n].add_account(Host::Server, LIFETIME_S, 0);
        if let Some(hold_off) = self.hold_off {
            self.devices[n].add_account(Host::Bootstrap, 0, hold_off);
        }
        self.poll(n);
    }

    fn poll(&mut self, n: usize) {
        let now = self.now();
        for _ in 0..8 {
            let next = self.devices[n].poll();
            for (host, datagram) in self.air.sent.take() {
                let kind = self.note(n, &datagram);
                let at = now + self.latency();
                self.plan(at, What::Uplink(n, host, kind, datagram));
            }
            self.next[n] = next;
            if next > now {
                if next != u64::MAX {
                    self.plan(next, What::Poll(n));
                }
                return;
            }
        }
        panic!("device {n} finds no rest at {now}");
    }

    /// A cellular network's, one way: 50 to 250 ms.
    fn latency(&mut self) -> u64 {
        50 + self.random.up_to(200)
    }

    fn note_answer(&mut self, n: usize, datagram: &[u8]) {
        let (form, id) = head(datagram);
        if let Some(last) = self.attempts[n].last_mut().filter(|last| form == Type::Ack && last.id == id) {
            last.answered = true;
        }
    }

    fn note(&mut self, n: usize, datagram: &[u8]) -> Kind {
        let now = self.now();
        self.sent[n].push(now);
        let (form, id) = head(datagram);
        if let Some(last) = self.attempts[n].last_mut().filter(|last| form == Type::Con && last.id == id) {
            last.sent += 1;
            last.again = if last.sent == 2 { now } else { last.again };
            return last.kind;
        }
        let kind = kind(datagram);
        if kind != Kind::Answer {
            self.attempts[n].push(Attempt { kind, id, at: now, again: 0, sent: 1, answered: false });
        }
        kind
    }

    fn uplink(&mut self, n: usize, host: Host, kind: Kind, datagram: &[u8]) {
        let now = self.now();
        let answers = self.servers[host as usize].receive(now, n, kind, datagram);
        // what the server says of its own follows when the answer has arrived
        for (order, answer) in answers.into_iter().enumerate() {
            let at = now + self.latency() + seconds(order as u64);
            self.plan(at, What::Downlink(n, host, answer.bytes()));
        }
    }
}

/// Type and Message ID of a datagram, without taking it apart: most of them are repetitions.
fn head(datagram: &[u8]) -> (Type, u16) {
    let kind = if datagram[0] & 0x30 == 0 { Type::Con } else { Type::Ack };
    (kind, u16::from_be_bytes([datagram[2], datagram[3]]))
}
