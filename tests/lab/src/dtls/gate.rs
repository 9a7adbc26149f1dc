//! The DTLS server as a node: datagrams on one side, plaintext for a server on the other.

use super::native::{Counters, Native};
use crate::net::{Node, Peer};
use std::net::{IpAddr, Ipv4Addr};

/// A certificate, its private key, and who vouches for clients, all DER.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Certified {
    pub certificate: &'static [u8],
    pub key: &'static [u8],
    pub trust: &'static [u8],
}

/// How a DTLS server behaves. The default knows nobody, offers Connection IDs, and resumes by ticket and by ID.
#[derive(Clone, Debug)]
pub struct Settings {
    /// PSK identities and their keys.
    pub psks: Vec<(Vec<u8>, Vec<u8>)>,
    /// Own certificate; without one there is only PSK. A client must then have one too.
    pub certified: Option<Certified>,
    /// By IANA number, the preferred one first; empty: what the client prefers.
    pub ciphersuites: Vec<u16>,
    /// First and longest retransmission timeout of a handshake, in milliseconds.
    pub timeouts: (u32, u32),
    /// For how long a session can be resumed, in milliseconds.
    pub resumable_ms: u32,
    /// The largest datagram sent.
    pub mtu: u16,
    /// A HelloVerifyRequest comes first.
    pub cookies: bool,
    /// Session tickets.
    pub tickets: bool,
    /// Session IDs.
    pub session_ids: bool,
    /// Connection IDs.
    pub connection_ids: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            psks: Vec::new(),
            certified: None,
            ciphersuites: Vec::new(),
            timeouts: (1000, 60_000),
            resumable_ms: 86_400_000,
            mtu: 1280,
            cookies: true,
            tickets: true,
            session_ids: true,
            connection_ids: true,
        }
    }
}

/// A DTLS server in front of a [`crate::Server`] or a [`crate::BootstrapServer`].
pub struct Gate {
    native: Native,
    settings: Settings,
    seed: u64,
    heard: Vec<u32>,
}

/// The peer that stands for a session, and those that resume it, in the eyes of the server behind the gate.
pub const fn peer_of(number: u32) -> Peer {
    let [_, _, high, low] = number.to_be_bytes();
    Peer::new(IpAddr::V4(Ipv4Addr::new(198, 18, high, low)), 5684)
}

fn number_of(peer: Peer) -> u32 {
    match peer.ip() {
        IpAddr::V4(ip) => u32::from_be_bytes([0, 0, ip.octets()[2], ip.octets()[3]]),
        IpAddr::V6(_) => 0,
    }
}

impl Gate {
    /// A server with these settings. The seed chooses all that is left to chance.
    pub fn new(settings: &Settings, seed: u64) -> Self {
        Self { native: Native::new(settings, seed), settings: settings.clone(), seed, heard: Vec::new() }
    }

    /// Starts the server anew with other settings: sessions and what they could be resumed from are lost.
    pub fn restart(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.seed += 1_000_003;
        self.native = Native::new(&self.settings, self.seed);
        self.heard.clear();
    }

    /// Takes a PSK identity, or another key for it.
    pub fn know(&mut self, identity: &[u8], key: &[u8]) {
        self.settings.psks.insert(0, (identity.to_vec(), key.to_vec()));
        self.native.know(identity, key);
    }

    /// Knows no PSK identity any more.
    pub fn forget_identities(&mut self) {
        self.settings.psks.clear();
        self.native.forget_identities();
    }

    /// Loses all sessions without a word; they can still be resumed.
    pub fn forget_sessions(&mut self) {
        self.native.forget(false);
    }

    /// Loses everything without a word, as by a power failure.
    pub fn forget_all(&mut self) {
        self.native.forget(true);
    }

    /// Sends a protected alert to the peer heard last; a fatal one (level 2) ends its session.
    pub fn alert(&mut self, level: u8, description: u8) {
        let peer = *self.heard.last().expect("somebody was heard");
        assert_eq!(self.native.alert(peer, level, description), 0, "an established session");
    }

    /// Sends close_notify to the peer heard last and ends its session.
    pub fn close(&mut self) {
        let peer = *self.heard.last().expect("somebody was heard");
        assert_eq!(self.native.close(peer), 0, "an established session");
    }

    /// As [`Gate::alert`], where there is a session.
    pub fn alert_if_heard(&mut self, level: u8, description: u8) {
        if let Some(peer) = self.heard.last() {
            self.native.alert(*peer, level, description);
        }
    }

    /// As [`Gate::close`], where there is a session.
    pub fn close_if_heard(&mut self) {
        if let Some(peer) = self.heard.last() {
            self.native.close(*peer);
        }
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.native.counters()
    }

    /// How many sessions are established.
    pub fn sessions(&self) -> usize {
        self.native.sessions()
    }

    /// Handshakes that were completed: full and resumed.
    pub fn handshakes(&self) -> (u32, u32) {
        let counters = self.counters();
        (counters.full, counters.resumed)
    }

    /// The gate and what is behind it, as one node.
    pub const fn before<'a, S: Node + ?Sized>(&'a mut self, server: &'a mut S) -> Front<'a, S> {
        Front { gate: self, server }
    }

    /// When it wants to be polled next, not counting the server behind it.
    pub fn next_deadline(&self) -> Option<u64> {
        self.native.deadline()
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

/// A gate and its server, for the length of a run.
#[derive(Debug)]
pub struct Front<'a, S: ?Sized> {
    gate: &'a mut Gate,
    server: &'a mut S,
}

impl<S: Node + ?Sized> Front<'_, S> {
    fn carry(&mut self, now: u64) {
        while let Some((peer, plain)) = self.gate.native.next_message() {
            self.gate.heard.retain(|heard| *heard != peer);
            self.gate.heard.push(peer);
            self.server.input(now, peer_of(peer), &plain);
        }
        while let Some((peer, plain)) = self.server.output() {
            self.gate.native.write(number_of(peer), &plain);
        }
    }
}

impl<S: Node + ?Sized> Node for Front<'_, S> {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        self.gate.native.input(now, from, datagram);
        self.carry(now);
    }

    fn poll(&mut self, now: u64) {
        self.gate.native.poll(now);
        self.server.poll(now);
        self.carry(now);
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.gate.native.next_datagram()
    }

    fn next_deadline(&self) -> Option<u64> {
        self.gate.next_deadline().into_iter().chain(self.server.next_deadline()).min()
    }
}
