//! The DTLS server without a client: what it must say by itself. The rest is shown by the conformance tests.

use super::records::{self, HANDSHAKE};
use super::{Gate, Settings};
use crate::net::{Node, Peer, peer};
use crate::{Server, seconds};

const CLIENT: Peer = peer(1);

/// A ClientHello by hand (RFC 5246 section 7.4.1.2, RFC 6347 section 4.3.2): PSK with CCM_8, no extensions.
fn client_hello(random: u8, message: u16, cookie: &[u8]) -> Vec<u8> {
    let mut body = vec![254, 253];
    body.extend([random; 32]);
    body.push(0); // no session ID
    body.push(cookie.len() as u8);
    body.extend(cookie);
    body.extend([0, 2, 0xc0, 0xa8, 1, 0]);
    let length = (body.len() as u32).to_be_bytes();
    let mut hello = vec![1, length[1], length[2], length[3]];
    hello.extend(message.to_be_bytes());
    hello.extend([0, 0, 0, length[1], length[2], length[3]]);
    hello.extend(body);
    hello
}

fn record(sequence: u8, body: &[u8]) -> Vec<u8> {
    let mut record = vec![HANDSHAKE, 254, 253, 0, 0, 0, 0, 0, 0, 0, sequence];
    record.extend((body.len() as u16).to_be_bytes());
    record.extend(body);
    record
}

/// The same message in fragments of so many bytes.
fn fragments(hello: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (header, body) = hello.split_at(12);
    let parts = body.chunks(size).enumerate();
    parts
        .map(|(n, part)| {
            let mut fragment = header[..6].to_vec();
            fragment.extend(&((n * size) as u32).to_be_bytes()[1..]);
            fragment.extend(&(part.len() as u32).to_be_bytes()[1..]);
            fragment.extend(part);
            record(n as u8, &fragment)
        })
        .collect()
}

struct Bench {
    gate: Gate,
    server: Server,
}

impl Bench {
    fn new(cookies: bool) -> Self {
        let psks = vec![(b"me".to_vec(), b"0123456789abcdef".to_vec())];
        let settings = Settings { psks, cookies, ..Settings::default() };
        Self { gate: Gate::new(&settings, 7), server: Server::new(1) }
    }

    /// Gives one datagram to the server; the types of the handshake messages that come back.
    fn say(&mut self, now: u64, datagram: &[u8]) -> Vec<Vec<u8>> {
        let mut front = self.gate.before(&mut self.server);
        front.input(now, CLIENT, datagram);
        front.poll(now);
        std::iter::from_fn(|| front.output()).map(|(_, bytes)| bytes).collect()
    }
}

fn types(datagrams: &[Vec<u8>]) -> Vec<u8> {
    let records = datagrams.iter().flat_map(|bytes| records::parse(bytes).expect("DTLS"));
    records.filter(|record| record.kind == HANDSHAKE).map(|record| record.body[0]).collect()
}

/// The cookie of a HelloVerifyRequest.
fn cookie(datagram: &[u8]) -> Vec<u8> {
    let record = records::parse(datagram).expect("DTLS").remove(0);
    assert_eq!(record.body[0], 3, "a HelloVerifyRequest");
    record.body[15..].to_vec()
}

#[test]
fn a_cookie_comes_first_and_costs_no_state() {
    let mut bench = Bench::new(true);
    let asked = bench.say(0, &record(0, &client_hello(1, 0, &[])));
    assert_eq!(types(&asked), [3]);
    assert_eq!(bench.gate.next_deadline(), None, "nothing is remembered");
    let cookie = cookie(&asked[0]);
    assert_eq!(types(&bench.say(10, &record(1, &client_hello(1, 1, &cookie)))), [2, 14], "ServerHello, Done");
    assert_eq!(bench.gate.next_deadline(), Some(1010));
    let wrong = vec![0; cookie.len()];
    assert_eq!(types(&bench.say(20, &record(0, &client_hello(2, 1, &wrong)))), [3]);
}

#[test]
fn a_client_hello_in_fragments_is_put_together() {
    let hello = client_hello(1, 0, &[]);
    for size in [7, 20, 33] {
        let mut bench = Bench::new(false);
        let mut parts = fragments(&hello, size);
        parts.reverse();
        let (last, before) = parts.split_last().expect("some");
        for part in before {
            assert_eq!(bench.say(0, part), Vec::<Vec<u8>>::new());
        }
        assert_eq!(types(&bench.say(0, last)), [2, 14], "{size}");
    }
}

#[test]
fn timers_are_the_benchs() {
    let mut bench = Bench::new(false);
    bench.say(500, &record(0, &client_hello(1, 0, &[])));
    let mut front = bench.gate.before(&mut bench.server);
    let mut times = Vec::new();
    while let Some(next) = front.next_deadline() {
        front.poll(next);
        times.extend(front.output().map(|_| next));
        while front.output().is_some() {}
    }
    let expected: Vec<u64> = [1, 2, 4, 8, 16, 32]
        .iter()
        .scan(500, |at, pause| {
            *at += seconds(*pause);
            Some(*at)
        })
        .collect();
    assert_eq!(times, expected);
    assert_eq!(bench.gate.counters().failed, 1);
}

#[test]
fn rubbish_changes_nothing() {
    let mut bench = Bench::new(true);
    for datagram in [&b""[..], b"\x16", &[22; 40], &[25; 40], b"\x44\x01\x00\x00coap", &[23, 254, 253, 0, 1]]
    {
        assert_eq!(bench.say(0, datagram), Vec::<Vec<u8>>::new());
    }
    assert_eq!((bench.gate.sessions(), bench.gate.next_deadline()), (0, None));
}

#[test]
fn the_same_seed_says_the_same() {
    let said = || {
        let mut bench = Bench::new(false);
        bench.say(0, &record(0, &client_hello(1, 0, &[])))
    };
    assert_eq!(said(), said());
    assert!(!said().is_empty());
}

#[test]
fn records_are_told_apart() {
    let hello = client_hello(9, 0, &[]);
    let two = [record(3, &hello), vec![25, 254, 253, 0, 1, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 0, 1, 0xaa]]
        .concat();
    let records = records::parse(&two).unwrap();
    assert_eq!((records[0].epoch, records[0].sequence, records[0].cid.is_none()), (0, 3, true));
    assert_eq!(records[0].client_hello(), Some(&[9; 32][..]));
    assert_eq!((records[1].epoch, records[1].sequence), (1, 7));
    assert_eq!(records[1].cid.as_deref(), Some(&[1, 2, 3, 4, 5, 6][..]));
    assert_eq!(records[1].body, [0xaa]);
    assert_eq!(records::parse(b"\x40\x01coap and more"), None);
    assert_eq!(records::parse(&two[..two.len() - 1]), None);
}
