//! Whole scenes over short messages: a client, the centre, a gateway, a server; and DTLS with the client under test.
//!
//! A [`Tunnel`] carries a client's datagrams as short messages, by the bench's own codecs: so the bench is shown to work
//! before a device can speak SMS by itself.

#[path = "common/mod.rs"]
mod common;

use common::Fake;
use whimbrel_lab::dtls::{self, records};
use whimbrel_lab::scene::{self, FIRST_ID};
use whimbrel_lab::sms::packet::{Association, Keys};
use whimbrel_lab::sms::parts::{Cut, Reassembly};
use whimbrel_lab::sms::{Carrier, Centre, Deliver, Dropped, Fate, Gateway, Phone, Refusal, Submit, Weather};
use whimbrel_lab::sms::{UserData, Validity, number, tpdu};
use whimbrel_lab::{Code, Network, Node, Peer, Security, Server, Setup, format, minutes, peer, seconds};

const EPOCH: i64 = 1_798_761_600;
const DEVICE: Peer = common::CLIENT;
const SERVER: Peer = common::SERVER;

/// A client that believes it speaks UDP to a server.
struct Tunnel<N> {
    client: N,
    server: Peer,
    phone: Phone,
    to: String,
    keys: Option<Association>,
    reassembly: Reassembly,
    reference: u16,
    now: u64,
}

impl<N: Node> Tunnel<N> {
    fn new(client: N, phone: Phone, to: &str, keys: Option<Keys>) -> Self {
        let keys = keys.map(Association::new);
        let reassembly = Reassembly::default();
        Self { client, server: SERVER, phone, to: to.into(), keys, reassembly, reference: 0, now: 0 }
    }

    fn send(&mut self, datagram: &[u8]) {
        let packet = self.keys.as_mut().map(|keys| keys.protect(datagram).unwrap());
        let cut = Cut { command: packet.is_some(), reference: self.reference, wide: false };
        self.reference += 1;
        for data in cut.parts(packet.as_deref().unwrap_or(datagram), 0, 4).unwrap() {
            self.phone.submit(self.now, &Submit::new(&self.to, data).bytes()).unwrap();
        }
    }
}

impl<N: Node> Node for Tunnel<N> {
    fn input(&mut self, _: u64, _: Peer, _: &[u8]) {
        panic!("nothing comes by UDP");
    }

    fn poll(&mut self, now: u64) {
        self.now = now;
        while let Some(tpdu) = self.phone.receive(now) {
            let deliver = Deliver::parse(&tpdu).unwrap();
            let Some(whole) = self.reassembly.take(now, &deliver.from.text, deliver.data) else { continue };
            let datagram = match &mut self.keys {
                Some(keys) => keys.open(&whole.payload).unwrap(),
                None => whole.payload,
            };
            self.client.input(now, self.server, &datagram);
        }
        self.client.poll(now);
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        while let Some((_, datagram)) = self.client.output() {
            self.send(&datagram);
        }
        None
    }

    fn next_deadline(&self) -> Option<u64> {
        self.phone.next_deadline().into_iter().chain(self.client.next_deadline()).min()
    }
}

struct Stage {
    centre: Centre,
    network: Network,
    gateway: Gateway,
    server: Server,
    tunnel: Tunnel<Fake>,
}

impl Stage {
    fn new(weather: Weather, keys: Option<Keys>) -> Self {
        let centre = Centre::new(1, EPOCH);
        centre.weather(weather);
        let mut gateway = Gateway::new(&centre, &number(23));
        if let Some(keys) = keys.clone() {
            gateway.protect(keys);
            gateway.secured = Carrier::PLAIN;
        }
        let fake = Fake::new().with("/3/0/0", format::TEXT, b"Open Mobile Alliance");
        let tunnel = Tunnel::new(fake, centre.phone(&number(99)), &number(23), keys);
        Self { centre, network: Network::new(1), gateway, server: Server::new(1), tunnel }
    }

    fn run(&mut self, milliseconds: u64) {
        // as a Lab holds its servers: one that may be behind a gate
        let mut behind: Box<dyn Node + '_> = Box::new(&mut self.server);
        let mut server: Box<dyn Node + '_> = Box::new(self.gateway.before(&mut *behind));
        let until = self.network.now() + milliseconds;
        self.network.run_until(until, &mut [(DEVICE, &mut self.tunnel), (SERVER, &mut *server)]);
    }

    fn read(&mut self) -> String {
        let request = self.server.read_as("/3/0/0", format::TEXT);
        self.run(minutes(10));
        self.server.response(request).text()
    }
}

fn keys() -> Keys {
    Keys::new(0x12, 0x12, b"0123456789abcdef", b"fedcba9876543210")
}

#[test]
fn a_client_registers_and_is_read_by_short_messages_in_every_protection() {
    let des: Vec<u8> = (1..25).collect();
    for keys in [None, Some(keys()), Some(Keys::new(0x39, 0x39, &des, &des))] {
        let secured = keys.is_some();
        let mut stage = Stage::new(Weather { delay: 400, jitter: 200, ..Weather::default() }, keys);
        let name = format!("ep={}", "n".repeat(130));
        stage.tunnel.client.register(&[&name, "lt=300", "b=S"]);
        stage.run(seconds(10));
        assert_eq!(stage.server.registrations().len(), 1, "secured: {secured}");
        assert_eq!(stage.centre.sent_by(&number(99)).len(), 2, "a long Register");
        assert_eq!(stage.read(), "Open Mobile Alliance");
        let peer = stage.gateway.peer(&number(99));
        assert!(stage.gateway.records().iter().all(|record| [record.from, record.to].contains(&peer)));
        assert_eq!(stage.gateway.dropped, []);
        let by_server = stage.centre.sent_by(&number(23));
        let first = by_server[0].submit.clone().unwrap();
        assert_eq!((first.validity, first.data.header.len()), (Validity::Relative(0), usize::from(secured)));
    }
}

#[test]
fn packets_that_come_twice_or_are_not_right_are_dropped_without_an_answer() {
    let mut stage = Stage::new(Weather::default(), Some(keys()));
    stage.centre.duplicate_next(&number(99), 1);
    stage.tunnel.client.register(&["ep=a", "lt=300", "b=S"]);
    stage.run(0);
    let dropped = |stage: &Stage| stage.gateway.dropped.last().map(|(_, _, why)| *why);
    assert_eq!(dropped(&stage), Some(Dropped::Command(Refusal::Counter)));
    let said = stage.centre.sent_by(&number(23)).len();
    let unprotected = Submit::new("", UserData::plain(b"\x40\x01\x00\x00"));
    stage.centre.inject(stage.network.now(), &number(99), &number(23), &unprotected);
    stage.run(0);
    assert_eq!(dropped(&stage), Some(Dropped::Unprotected));
    let mut data = UserData::plain(&[0; 40]);
    data.header.push(tpdu::Element { id: tpdu::COMMAND, data: Vec::new() });
    stage.centre.inject(stage.network.now(), &number(99), &number(23), &Submit::new("", data));
    stage.run(0);
    assert_eq!(dropped(&stage), Some(Dropped::Command(Refusal::Length)));
    assert_eq!(stage.centre.sent_by(&number(23)).len(), said);
}

#[test]
fn a_server_that_is_reached_by_both_ways_answers_by_the_way_of_the_request() {
    let mut stage = Stage::new(Weather::default(), None);
    let mut other = Fake::new();
    other.register(&["ep=udp", "lt=300", "b=U"]);
    stage.tunnel.client.register(&["ep=sms", "lt=300", "b=S"]);
    let mut server = stage.gateway.before(&mut stage.server);
    let nodes: &mut [(Peer, &mut dyn Node)] =
        &mut [(DEVICE, &mut stage.tunnel), (SERVER, &mut server), (peer(9), &mut other)];
    stage.network.run_until(1, nodes);
    assert_eq!(stage.server.registrations().len(), 2);
    assert_eq!((other.received.len(), stage.tunnel.client.received.len()), (1, 1));
    assert_eq!(stage.network.sent_by(DEVICE), 0);
}

#[test]
fn dtls_stays_within_one_short_message_a_datagram() {
    let settings = dtls::Settings {
        mtu: 140,
        timeouts: (9000, 60_000),
        connection_ids: false,
        tickets: false,
        ..dtls::Settings::default()
    };
    let security = Security::psk("whimbrel", b"0123456789abcdef");
    let setup = Setup {
        security,
        gate: settings,
        mtu: 140,
        datagram: 128,
        handshake: (9000, 60_000),
        ..Setup::default()
    };
    let mut lab = setup.switched_on();
    let centre = Centre::new(5, EPOCH);
    centre.weather(Weather { delay: 300, jitter: 100, ..Weather::default() });
    let mut gateway = Gateway::for_dtls(&centre, &number(23));
    let mut tunnel = Tunnel::new(&mut lab.device, centre.phone(&number(99)), &number(23), None);
    tunnel.server = scene::SERVER;
    let gate = lab.gates[0].as_mut().unwrap();
    let mut behind = gate.before(&mut lab.server);
    let mut server = gateway.before(&mut behind);
    lab.network.run_until(minutes(3), &mut [(scene::DEVICE, &mut tunnel), (scene::SERVER, &mut server)]);
    assert!(lab.device.is_registered(FIRST_ID));
    let request = lab.server.read_as("/3/0/0", format::TEXT);
    let mut tunnel = Tunnel::new(&mut lab.device, centre.phone(&number(99)), &number(23), None);
    tunnel.server = scene::SERVER;
    let gate = lab.gates[0].as_mut().unwrap();
    let mut behind = gate.before(&mut lab.server);
    let mut server = gateway.before(&mut behind);
    lab.network.run_until(minutes(6), &mut [(scene::DEVICE, &mut tunnel), (scene::SERVER, &mut server)]);
    assert_eq!(lab.server.code(request), Some(Code::CONTENT));
    assert_eq!((lab.handshakes(), gateway.dropped.len()), ((1, 0), 0));
    assert!(records::sent(gateway.records(), &[gateway.records()[0].from], 0).len() > 3);
    for record in centre.records().iter() {
        let data = &record.submit.as_ref().unwrap().data;
        assert!(data.header.is_empty() && data.payload.len() <= 140);
        assert!(matches!(record.copies[0], Fate::Delivered(_)));
    }
}
