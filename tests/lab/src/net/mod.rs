//! A virtual datagram network: a clock in milliseconds, weather with a seed, and a recorder of all that was sent.
//!
//! `send` decides at once what becomes of a datagram (lost, delayed, twice); `receive` gives what has arrived by now.
//! Every datagram draws the same number of random values, so changing one percentage leaves the rest of a run alone.

mod nat;
mod run;

use crate::Random;
use nat::Nat;
pub use run::Node;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

/// An address: virtual in tests, a real UDP address in the tools.
pub type Peer = SocketAddr;

/// The n-th peer of a virtual network: `10.0.0.n`, port 5683.
pub const fn peer(n: u8) -> Peer {
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, n), 5683))
}

/// What happens to datagrams on the way. The default is a perfect wire: nothing lost, no time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Percentage of datagrams that vanish.
    pub loss: u8,
    /// Percentage of datagrams that arrive twice.
    pub duplication: u8,
    /// Milliseconds from sending to arrival.
    pub delay: u64,
    /// Up to so many milliseconds more, chosen for each copy: a jitter above the sending gap reorders.
    pub jitter: u64,
}

/// One datagram as the recorder saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it was sent.
    pub time: u64,
    /// Who sent it, as the receiver sees the address.
    pub from: Peer,
    /// Where to.
    pub to: Peer,
    /// Its content.
    pub bytes: Vec<u8>,
    /// When its copies arrive; empty if it was lost.
    pub arrivals: Vec<u64>,
}

/// A datagram that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Source address, after any NAT.
    pub from: Peer,
    /// The peer it is for.
    pub to: Peer,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The network, its clock and its recorder.
#[derive(Debug)]
pub struct Network {
    /// What happens to each datagram from now on.
    pub weather: Weather,
    /// Larger datagrams vanish, as on a link that cannot carry them.
    pub largest: usize,
    now: u64,
    random: Random,
    /// By arrival time, then by the order of sending; the number is the record's.
    in_flight: BTreeMap<(u64, u64), (Datagram, usize)>,
    serial: u64,
    records: Vec<Record>,
    faults: Vec<Fault>,
    /// Who cannot be reached, and until when.
    partitions: Vec<(Peer, u64)>,
    nat: Nat,
}

/// A fault ordered by the test: the next datagrams from a peer.
#[derive(Clone, Copy, Debug)]
struct Fault {
    from: Peer,
    skip: u32,
    left: u32,
    copies: u32,
}

impl Network {
    /// A perfect wire at time 0.
    pub fn new(seed: u64) -> Self {
        Self {
            weather: Weather::default(),
            largest: usize::MAX,
            now: 0,
            random: Random::new(seed),
            in_flight: BTreeMap::new(),
            serial: 0,
            records: Vec::new(),
            faults: Vec::new(),
            partitions: Vec::new(),
            nat: Nat::default(),
        }
    }

    /// The time.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// Moves the clock forward; never back.
    pub fn advance_to(&mut self, time: u64) {
        self.now = self.now.max(time);
    }

    /// When the next datagram arrives.
    pub fn next_deadline(&self) -> Option<u64> {
        self.in_flight.keys().next().map(|(time, _)| *time)
    }

    /// Puts a datagram on the wire, now.
    pub fn send(&mut self, from: Peer, to: Peer, bytes: &[u8]) {
        let copies = self.copies(from, to);
        let arrivals: Vec<u64> =
            copies.into_iter().flatten().filter(|_| bytes.len() <= self.largest).collect();
        let from = self.nat.outside(from);
        let record = self.records.len();
        for time in &arrivals {
            let datagram = Datagram { from, to, bytes: bytes.to_vec() };
            self.in_flight.insert((*time, self.serial), (datagram, record));
            self.serial += 1;
        }
        self.records.push(Record { time: self.now, from, to, bytes: bytes.to_vec(), arrivals });
    }

    /// Delivers a datagram now, unseen by weather and recorder: what an attacker sends under somebody's name.
    pub fn inject(&mut self, from: Peer, to: Peer, bytes: &[u8]) {
        let datagram = Datagram { from, to, bytes: bytes.to_vec() };
        self.in_flight.insert((self.now, self.serial), (datagram, usize::MAX));
        self.serial += 1;
    }

    /// The arrival times of up to two copies.
    fn copies(&mut self, from: Peer, to: Peer) -> [Option<u64>; 2] {
        let Weather { loss, duplication, delay, jitter } = self.weather;
        let (lost, twice) = (self.random.happens(loss), self.random.happens(duplication));
        let times = [(); 2].map(|()| self.now + delay + self.random.up_to(jitter));
        let receiver = self.nat.inside(to).unwrap_or(to);
        let copies = match self.fault(from) {
            Some(copies) => copies,
            None if lost || self.cut_off(from, self.now) || self.cut_off(receiver, self.now) => 0,
            None => 1 + u32::from(twice),
        };
        [(copies > 0).then_some(times[0]), (copies > 1).then_some(times[1])]
    }

    fn fault(&mut self, from: Peer) -> Option<u32> {
        let fault = self.faults.iter_mut().find(|fault| fault.from == from && fault.left > 0)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.left -= 1;
        Some(fault.copies)
    }

    /// What has arrived by now, one datagram at a time.
    pub fn receive(&mut self) -> Option<Datagram> {
        while let Some(entry) = self.in_flight.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let (time, _) = *entry.key();
            let (mut datagram, record) = entry.remove();
            let receiver = self.nat.inside(datagram.to);
            if let Some(to) = receiver.filter(|to| !self.cut_off(*to, time)) {
                datagram.to = to;
                return Some(datagram);
            }
            if let Some(record) = self.records.get_mut(record) {
                record.arrivals.retain(|arrival| *arrival != time);
            }
        }
        None
    }

    /// Loses the next `n` datagrams that a peer sends.
    pub fn drop_next(&mut self, from: Peer, n: u32) {
        self.faults.push(Fault { from, skip: 0, left: n, copies: 0 });
    }

    /// Lets `skip` datagrams from a peer pass and loses the `n` that follow.
    pub fn drop_after(&mut self, from: Peer, skip: u32, n: u32) {
        self.faults.push(Fault { from, skip, left: n, copies: 0 });
    }

    /// Delivers each of the next `n` datagrams that a peer sends twice.
    pub fn duplicate_next(&mut self, from: Peer, n: u32) {
        self.faults.push(Fault { from, skip: 0, left: n, copies: 2 });
    }

    /// Nobody reaches this peer, nor it them, until `time`; also what is under way to it is lost.
    pub fn partition_until(&mut self, peer: Peer, time: u64) {
        self.partitions.push((peer, time));
    }

    /// Ends a peer's partition.
    pub fn heal(&mut self, peer: Peer) {
        self.partitions.retain(|(cut, _)| *cut != peer);
    }

    fn cut_off(&self, peer: Peer, time: u64) -> bool {
        self.partitions.iter().any(|(cut, until)| *cut == peer && time < *until)
    }

    /// The NAT in front of a peer forgets it: from now on others see a new source port, and what they send to the
    /// old address is lost. Returns the new address.
    pub fn rebind(&mut self, peer: Peer) -> Peer {
        self.nat.rebind(peer)
    }

    /// The address by which others see a peer now.
    pub fn address_of(&self, peer: Peer) -> Peer {
        self.nat.outside(peer)
    }

    /// All datagrams sent so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// All addresses by which a peer was seen.
    pub fn addresses_of(&self, peer: Peer) -> Vec<Peer> {
        self.nat.all_of(peer)
    }

    /// How many datagrams a peer has sent, lost ones included.
    pub fn sent_by(&self, peer: Peer) -> usize {
        let all = self.nat.all_of(peer);
        self.records.iter().filter(|record| all.contains(&record.from)).count()
    }

    /// Forgets the records, so that a test looks at what comes next only.
    pub fn clear_records(&mut self) {
        self.in_flight.values_mut().for_each(|(_, record)| *record = usize::MAX);
        self.records.clear();
    }
}

#[cfg(test)]
mod tests;
