//! Where a server's number is: short messages in, datagrams out, and back. Secured packets end here, so that the server
//! sees plain CoAP (TS 1.0 section 7.2.2.2 has them end in the device's smartcard and at the server's side).
//!
//! A device's number is a [`Peer`] in the eyes of the server, always the same. What the server says to another peer is not
//! touched: it goes to the network as before, so that one server can be reached by UDP and by SMS.

use super::packet::{Association, Keys, Refusal, Response};
use super::parts::{Cut, Reassembly, Whole};
use super::tpdu::{self, COMMAND, Deliver, LARGEST, RESPONSE, Submit, Validity};
use super::{Centre, Phone};
use crate::net::{self, Node, Peer};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// TP-PID and TP-DCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Carrier {
    pub pid: u8,
    pub dcs: u8,
}

impl Carrier {
    /// 8-bit data without a class: a modem shows it to its host.
    pub const PLAIN: Self = Self { pid: 0x00, dcs: 0x04 };
    /// 8-bit data of class 1, for the device.
    pub const DEVICE: Self = Self { pid: 0x00, dcs: 0xf5 };
    /// (U)SIM data download, class 2: a modem hands it to its smartcard and never shows it.
    pub const SMARTCARD: Self = Self { pid: 0x7f, dcs: 0xf6 };
}

/// Why something was dropped at the gateway, without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// No TPDU of the kind.
    Malformed(tpdu::Malformed),
    /// Not 8-bit data.
    Coding(u8),
    /// It has port numbers, which nothing here uses.
    Ports,
    /// A plain message from a number that has keys.
    Unprotected,
    /// A secured packet from a number that has none.
    NoKeys,
    /// A Command Packet that is not right.
    Command(Refusal),
    /// A Response Packet that is not right.
    Response(Refusal),
    /// A datagram that would need concatenation, which is off, or more than 255 parts, or a counter that is used up.
    TooLong(usize),
    /// The centre refused what the server sent.
    Refused(u16),
}

/// The gateway in front of one server.
#[derive(Debug)]
pub struct Gateway {
    /// How plain messages go out.
    pub carrier: Carrier,
    /// How secured packets go out.
    pub secured: Carrier,
    /// TP-VP of what goes out.
    pub validity: Validity,
    /// TP-SRR of what goes out.
    pub report: bool,
    /// Long messages are cut. With DTLS they must not be (RFC 7925 appendix A; TS 1.0 section 7.2.2.1).
    pub concatenation: bool,
    /// References are 16 bits wide.
    pub wide: bool,
    /// What was dropped: when, whose, why.
    pub dropped: Vec<(u64, String, Dropped)>,
    /// Response Packets: when, whose, what.
    pub responses: Vec<(u64, String, Response)>,
    /// Status reports that came.
    pub reports: Vec<(u64, tpdu::StatusReport)>,
    phone: Phone,
    keys: Option<Keys>,
    associations: BTreeMap<String, Association>,
    reassembly: Reassembly,
    references: BTreeMap<String, u16>,
    message: u8,
    numbers: Vec<String>,
    records: Vec<net::Record>,
}

/// The n-th number that spoke to a gateway, or was spoken to, in the eyes of the server. 65535 is the server's own.
pub const fn peer_of(n: u16) -> Peer {
    let [high, low] = n.to_be_bytes();
    Peer::new(IpAddr::V4(Ipv4Addr::new(198, 19, high, low)), 5683)
}

/// The server's side in [`Gateway::records`].
const SERVER: Peer = peer_of(u16::MAX);

impl Gateway {
    /// A gateway at this number: no keys, long messages are cut, five minutes of validity.
    pub fn new(centre: &Centre, number: &str) -> Self {
        Self {
            carrier: Carrier::PLAIN,
            secured: Carrier::SMARTCARD,
            validity: Validity::Relative(0),
            report: false,
            concatenation: true,
            wide: false,
            dropped: Vec::new(),
            responses: Vec::new(),
            reports: Vec::new(),
            phone: centre.phone(number),
            keys: None,
            associations: BTreeMap::new(),
            reassembly: Reassembly::default(),
            references: BTreeMap::new(),
            message: 0,
            numbers: Vec::new(),
            records: Vec::new(),
        }
    }

    /// The same before a [`crate::dtls::Gate`]: one datagram is one short message or none.
    pub fn for_dtls(centre: &Centre, number: &str) -> Self {
        Self { concatenation: false, ..Self::new(centre, number) }
    }

    /// Its phone, and by that its number and the centre.
    pub const fn phone(&self) -> &Phone {
        &self.phone
    }

    /// Uses these keys with every number that has none of its own.
    pub fn protect(&mut self, keys: Keys) {
        self.keys = Some(keys);
    }

    /// Uses these keys and counters with one number.
    pub fn protect_one(&mut self, number: &str, association: Association) {
        self.associations.insert(number.to_owned(), association);
    }

    /// The keys and counters of a number.
    pub fn association(&mut self, number: &str) -> Option<&mut Association> {
        if let (Some(keys), false) = (&self.keys, self.associations.contains_key(number)) {
            self.associations.insert(number.to_owned(), Association::new(keys.clone()));
        }
        self.associations.get_mut(number)
    }

    /// How the server sees a number.
    ///
    /// # Panics
    ///
    /// If there are more than 65,535.
    pub fn peer(&mut self, number: &str) -> Peer {
        let known = self.numbers.iter().position(|known| known == number);
        let place = known.unwrap_or_else(|| {
            self.numbers.push(number.to_owned());
            self.numbers.len() - 1
        });
        peer_of(u16::try_from(place).expect("not so many numbers"))
    }

    /// The number that the server sees as this peer.
    pub fn number(&self, peer: Peer) -> Option<String> {
        let place = |n: &usize| peer_of(*n as u16) == peer;
        (0..self.numbers.len()).find(place).map(|place| self.numbers[place].clone())
    }

    /// What passed: datagrams as the server sees them, for [`crate::ladder::Ladder`] and [`crate::dtls::records`]. The
    /// server is `peer_of(65535)`.
    pub fn records(&self) -> &[net::Record] {
        &self.records
    }

    /// Parts that wait for others, that came twice, and sets that were given up.
    pub fn reassembly(&self) -> (usize, u32, u32) {
        (self.reassembly.waiting(), self.reassembly.ignored, self.reassembly.abandoned)
    }

    fn drop(&mut self, now: u64, number: &str, why: Dropped) {
        self.dropped.push((now, number.to_owned(), why));
    }

    fn record(&mut self, now: u64, from: Peer, to: Peer, datagram: &[u8]) {
        self.records.push(net::Record { time: now, from, to, bytes: datagram.to_vec(), arrivals: vec![now] });
    }

    /// Takes one TPDU from the centre; the datagram that is whole by it, and whose it is.
    pub fn from_device(&mut self, now: u64, tpdu: &[u8]) -> Option<(String, Vec<u8>)> {
        if let Ok(report) = tpdu::StatusReport::parse(tpdu) {
            self.reports.push((now, report));
            return None;
        }
        let deliver = match Deliver::parse(tpdu) {
            Ok(deliver) => deliver,
            Err(why) => {
                self.drop(now, "", Dropped::Malformed(why));
                return None;
            }
        };
        let number = deliver.from.text;
        if !tpdu::is_eight_bit(deliver.data.dcs) {
            self.drop(now, &number, Dropped::Coding(deliver.data.dcs));
            return None;
        }
        let whole = self.reassembly.take(now, &number, deliver.data)?;
        match self.open(now, &number, whole) {
            Ok(datagram) => {
                let datagram = datagram?;
                let from = self.peer(&number);
                self.record(now, from, SERVER, &datagram);
                Some((number, datagram))
            }
            Err(why) => {
                self.drop(now, &number, why);
                None
            }
        }
    }

    /// The datagram in a whole message; `None` if it is a Response Packet.
    fn open(&mut self, now: u64, number: &str, whole: Whole) -> Result<Option<Vec<u8>>, Dropped> {
        let has = |id| whole.header.iter().any(|element| element.id == id);
        let association = self.association(number);
        if has(COMMAND) {
            let opened = association.ok_or(Dropped::NoKeys)?.open(&whole.payload);
            return opened.map(Some).map_err(Dropped::Command);
        }
        if has(RESPONSE) {
            let keys = &association.ok_or(Dropped::NoKeys)?.keys;
            let response = keys.response(keys.spi[1], &whole.payload).map_err(Dropped::Response)?;
            self.responses.push((now, number.to_owned(), response));
            return Ok(None);
        }
        if association.is_some() {
            return Err(Dropped::Unprotected);
        }
        if has(0x04) || has(0x05) {
            return Err(Dropped::Ports);
        }
        Ok(Some(whole.payload))
    }

    /// What the server says to a number, as SMS-SUBMITs in order: cut, protected where the number has keys.
    pub fn to_device(&mut self, now: u64, number: &str, datagram: &[u8]) -> Vec<Submit> {
        let protected = self.association(number).map(|association| association.protect(datagram));
        let (command, carrier) =
            if protected.is_some() { (true, self.secured) } else { (false, self.carrier) };
        let message = match &protected {
            Some(None) => None,
            Some(Some(packet)) => Some(packet.as_slice()),
            None => Some(datagram),
        };
        let reference = self.references.entry(number.to_owned()).or_default();
        let cut = Cut { command, reference: *reference, wide: self.wide };
        let single = LARGEST - if command { 3 } else { 0 };
        let parts = message
            .filter(|message| self.concatenation || message.len() <= single)
            .and_then(|message| cut.parts(message, carrier.pid, carrier.dcs));
        let Some(parts) = parts else {
            self.drop(now, number, Dropped::TooLong(datagram.len()));
            return Vec::new();
        };
        *reference = reference.wrapping_add(u16::from(parts.len() > 1));
        let submits = parts.into_iter().map(|data| {
            self.message = self.message.wrapping_add(1);
            let (validity, report) = (self.validity, self.report);
            Submit { reference: self.message, validity, report, ..Submit::new(number, data) }
        });
        submits.collect()
    }

    /// The same, handed to the centre.
    pub fn send(&mut self, now: u64, number: &str, datagram: &[u8]) {
        let to = self.peer(number);
        let submits = self.to_device(now, number, datagram);
        if !submits.is_empty() {
            self.record(now, SERVER, to, datagram);
        }
        for submit in submits {
            if let Err(cause) = self.phone.submit(now, &submit.bytes()) {
                self.drop(now, number, Dropped::Refused(cause));
            }
        }
    }

    /// The next datagram that has arrived by now, and whose it is.
    pub fn receive(&mut self, now: u64) -> Option<(String, Vec<u8>)> {
        while let Some(tpdu) = self.phone.receive(now) {
            if let Some(datagram) = self.from_device(now, &tpdu) {
                return Some(datagram);
            }
        }
        None
    }

    /// When something arrives.
    pub fn next_deadline(&self) -> Option<u64> {
        self.phone.next_deadline()
    }

    /// The gateway and the server behind it, as one node. With DTLS the server is a [`crate::dtls::Front`].
    pub const fn before<'a, S: Node + ?Sized>(&'a mut self, server: &'a mut S) -> Front<'a, S> {
        Front { gateway: self, server, now: 0 }
    }
}

/// A gateway and its server, for the length of a run.
#[derive(Debug)]
pub struct Front<'a, S: ?Sized> {
    gateway: &'a mut Gateway,
    server: &'a mut S,
    now: u64,
}

impl<S: Node + ?Sized> Node for Front<'_, S> {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        self.now = now;
        self.server.input(now, from, datagram);
    }

    fn poll(&mut self, now: u64) {
        self.now = now;
        while let Some((number, datagram)) = self.gateway.receive(now) {
            let from = self.gateway.peer(&number);
            self.server.input(now, from, &datagram);
        }
        self.server.poll(now);
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        while let Some((to, datagram)) = self.server.output() {
            match self.gateway.number(to) {
                Some(number) => self.gateway.send(self.now, &number, &datagram),
                None => return Some((to, datagram)),
            }
        }
        None
    }

    fn next_deadline(&self) -> Option<u64> {
        self.gateway.next_deadline().into_iter().chain(self.server.next_deadline()).min()
    }
}
