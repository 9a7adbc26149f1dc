//! All that the lab has, the clock and the network, and the orders that belong to none of the parts.

use super::cards::Card;
use super::order::{Order, unhex};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use whimbrel_lab::dtls::{Gate, keys};
use whimbrel_lab::ladder::Ladder;
use whimbrel_lab::net::Weather;
use whimbrel_lab::scene::NEW_YEAR;
use whimbrel_lab::sms::{Centre, Gateway, Modem, Phone};
use whimbrel_lab::text::hex;
use whimbrel_lab::{BootstrapServer, Network, Node, ObservationId, Peer, RequestId, Server, peer};

/// A server, and what stands before it.
pub struct Party {
    pub peer: Peer,
    pub kind: Kind,
    pub gate: Option<Gate>,
    pub gateway: Option<Gateway>,
    /// Requests and observations by the numbers that the other process knows them by.
    pub requests: Vec<RequestId>,
    pub observations: Vec<ObservationId>,
    said: VecDeque<(Peer, Vec<u8>)>,
}

/// What kind of server.
pub enum Kind {
    Management(Box<Server>),
    Bootstrap(Box<BootstrapServer>),
}

impl Party {
    pub fn new(peer: Peer, kind: Kind) -> Self {
        let (requests, observations) = (Vec::new(), Vec::new());
        Self { peer, kind, gate: None, gateway: None, requests, observations, said: VecDeque::new() }
    }

    pub const fn server(&mut self) -> &mut Server {
        match &mut self.kind {
            Kind::Management(server) => server,
            Kind::Bootstrap(bootstrap) => &mut bootstrap.server,
        }
    }

    /// Does something with the server as others see it, then collects what it has to say.
    fn with(&mut self, job: impl FnOnce(&mut dyn Node)) {
        let Self { kind, gate, gateway, said, .. } = self;
        let run = |node: &mut dyn Node| {
            job(node);
            said.extend(std::iter::from_fn(|| node.output()));
        };
        let node: &mut dyn Node = match kind {
            Kind::Management(server) => &mut **server,
            Kind::Bootstrap(bootstrap) => &mut **bootstrap,
        };
        // messages end before the gate, DTLS records behind it
        match (gate, gateway) {
            (None, None) => run(node),
            (Some(gate), None) => run(&mut gate.before(node)),
            (None, Some(gateway)) => run(&mut gateway.before(node)),
            (Some(gate), Some(gateway)) if gateway.concatenation => {
                run(&mut gate.before(&mut gateway.before(node)));
            }
            (Some(gate), Some(gateway)) => run(&mut gateway.before(&mut gate.before(node))),
        }
    }
}

impl Node for Party {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        self.with(|node| node.input(now, from, datagram));
    }

    fn poll(&mut self, now: u64) {
        self.with(|node| node.poll(now));
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.said.pop_front()
    }

    fn next_deadline(&self) -> Option<u64> {
        let server = match &self.kind {
            Kind::Management(server) => server.next_deadline(),
            Kind::Bootstrap(bootstrap) => bootstrap.next_deadline(),
        };
        let gate = self.gate.as_ref().and_then(Gate::next_deadline);
        let gateway = self.gateway.as_ref().and_then(Gateway::next_deadline);
        server.into_iter().chain(gate).chain(gateway).min()
    }
}

/// What has arrived for an address whose device is in the other process.
#[derive(Default)]
struct Mailbox(Vec<(Peer, Vec<u8>)>);

impl Node for Mailbox {
    fn input(&mut self, _: u64, from: Peer, datagram: &[u8]) {
        self.0.push((from, datagram.to_vec()));
    }

    fn poll(&mut self, _: u64) {}

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        None
    }

    fn next_deadline(&self) -> Option<u64> {
        None
    }
}

/// The lab.
pub struct Bench {
    pub seed: u64,
    pub network: Network,
    pub parties: BTreeMap<String, Party>,
    pub centre: Centre,
    /// Numbers whose devices are in the other process.
    pub phones: BTreeMap<String, Phone>,
    pub modems: BTreeMap<String, Modem>,
    pub cards: BTreeMap<String, Card>,
    mailboxes: BTreeMap<Peer, Mailbox>,
    devices: u8,
}

impl Bench {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            network: Network::new(seed),
            parties: BTreeMap::new(),
            centre: Centre::new(seed + 4, NEW_YEAR),
            phones: BTreeMap::new(),
            modems: BTreeMap::new(),
            cards: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            devices: 0,
        }
    }

    /// A server by its name.
    pub fn party(&mut self, order: &Order<'_>) -> Result<&mut Party, String> {
        let name = order.text("server")?;
        self.parties.get_mut(name).ok_or_else(|| format!("there is no server {name}"))
    }

    /// Adds a server under a new name; its address.
    pub fn add_party(&mut self, name: &str, kind: Kind) -> Result<&mut Party, String> {
        if self.parties.contains_key(name) || self.parties.len() > 90 {
            return Err(format!("there is a server {name} already, or too many"));
        }
        let peer = peer(2 + self.parties.len() as u8);
        Ok(self.parties.entry(name.into()).or_insert_with(|| Party::new(peer, kind)))
    }

    pub fn order(&mut self, op: &str, order: &Order<'_>) -> Result<Value, String> {
        match op {
            "hello" => Ok(json!({ "epoch": NEW_YEAR, "keys": certificates() })),
            "step" => self.step(order),
            "device" => {
                self.devices = self.devices.checked_add(1).filter(|n| *n < 150).ok_or("too many devices")?;
                let peer = peer(100 + self.devices);
                self.mailboxes.entry(peer).or_default();
                Ok(json!({ "peer": peer.to_string() }))
            }
            "weather" => self.weather(order),
            "lose" | "double" => self.fault(op, order),
            "partition" => {
                let peer = order.peer("peer")?;
                match order.number_if("until")? {
                    Some(until) => self.network.partition_until(peer, until),
                    None => self.network.heal(peer),
                }
                Ok(Value::Null)
            }
            "rebind" => Ok(json!({ "peer": self.network.rebind(order.peer("peer")?).to_string() })),
            "inject" => {
                let (from, to) = (order.peer("from")?, order.peer("to")?);
                self.network.inject(from, to, &order.bytes("datagram")?);
                Ok(Value::Null)
            }
            "records" => self.records(order),
            _ => Err(format!("there is no order {op}")),
        }
    }

    fn weather(&mut self, order: &Order<'_>) -> Result<Value, String> {
        let percent = |name| order.number_or(name, 0).and_then(|n: u8| in_percent(name, n));
        self.network.weather = Weather {
            loss: percent("loss")?,
            duplication: percent("duplication")?,
            delay: order.number_or("delay", 0)?,
            jitter: order.number_or("jitter", 0)?,
        };
        self.network.largest = order.number_or("largest", usize::MAX)?;
        Ok(Value::Null)
    }

    fn fault(&mut self, op: &str, order: &Order<'_>) -> Result<Value, String> {
        let (from, count, skip) = (order.peer("from")?, order.number("count")?, order.number_or("skip", 0)?);
        match (op, skip) {
            ("lose", skip) => self.network.drop_after(from, skip, count),
            (_, 0) => self.network.duplicate_next(from, count),
            _ => return Err("skip: only what is lost can be let pass".into()),
        }
        Ok(Value::Null)
    }

    /// Datagrams on the wire from a number on, as data and as lines of a ladder.
    fn records(&self, order: &Order<'_>) -> Result<Value, String> {
        let since = order.number_or("since", 0)?;
        let servers: Vec<Peer> = self.parties.values().map(|party| party.peer).collect();
        let records = self.network.records().iter().skip(since).map(|record| {
            let server = servers.iter().find(|server| [record.from, record.to].contains(server));
            let line = Ladder::new(server.copied().unwrap_or(record.to)).record(record);
            json!({
                "time": record.time, "from": record.from.to_string(), "to": record.to.to_string(),
                "datagram": hex(&record.bytes), "arrivals": record.arrivals, "line": line,
            })
        });
        Ok(records.collect())
    }

    /// Takes what devices sent, lets the servers work until `now`, and gives what has arrived.
    fn step(&mut self, order: &Order<'_>) -> Result<Value, String> {
        let now = order.number("now")?;
        let peer = |text: &str| text.parse::<Peer>().map_err(|_| format!("send: {text} is no address"));
        let octets = |text| unhex(text).ok_or("send: hexadecimal is expected");
        let mut sent = Vec::new();
        for [from, to, datagram] in order.rows("send")? {
            sent.push((peer(from)?, peer(to)?, octets(datagram)?));
        }
        let serial = order.rows::<2>("serial")?;
        self.pass(now);
        for (from, to, datagram) in sent {
            self.mailboxes.entry(from).or_default();
            self.network.send(from, to, &datagram);
        }
        for [number, bytes] in serial {
            let modem = self.modems.get_mut(number).ok_or("serial: no such modem")?;
            modem.input(now, &octets(bytes)?);
        }
        self.pass(now);
        let mut received = Vec::new();
        for (to, mailbox) in &mut self.mailboxes {
            let arrived = mailbox.0.drain(..);
            received.extend(arrived.map(|(from, b)| json!([to.to_string(), from.to_string(), hex(&b)])));
        }
        let (sms, serial) = (self.arrived(now), self.typed(now));
        Ok(json!({ "received": received, "sms": sms, "serial": serial, "next": self.next() }))
    }

    fn pass(&mut self, now: u64) {
        let mut nodes: Vec<(Peer, &mut dyn Node)> = Vec::new();
        nodes.extend(self.parties.values_mut().map(|party| (party.peer, party as &mut dyn Node)));
        nodes.extend(self.mailboxes.iter_mut().map(|(peer, mailbox)| (*peer, mailbox as &mut dyn Node)));
        self.network.run_until(now, &mut nodes);
    }

    fn next(&self) -> Option<u64> {
        let parties = self.parties.values().filter_map(Node::next_deadline);
        let phones = self.phones.values().filter_map(Phone::next_deadline);
        let modems = self.modems.values().filter_map(Modem::next_deadline);
        self.network.next_deadline().into_iter().chain(parties).chain(phones).chain(modems).min()
    }
}

pub fn in_percent(name: &str, number: u8) -> Result<u8, String> {
    Some(number).filter(|number| *number <= 100).ok_or_else(|| format!("{name}: 0 to 100 is expected"))
}

/// The bench's certificates and the keys of devices, DER.
fn certificates() -> Value {
    json!({
        "authority": hex(keys::AUTHORITY), "server": hex(keys::SERVER), "elsewhere": hex(keys::ELSEWHERE),
        "client": hex(keys::CLIENT), "client_key": hex(keys::CLIENT_KEY),
        "stranger": hex(keys::STRANGER), "stranger_key": hex(keys::STRANGER_KEY),
    })
}
