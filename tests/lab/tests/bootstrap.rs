//! The bootstrap server as a client sees it (TS 1.0 section 5.2): who is configured, in what order, and by what messages.

mod common;

use common::{CLIENT, Fake, SERVER};
use std::collections::HashMap;
use whimbrel_lab::bootstrap::{Ending, Session};
use whimbrel_lab::format::{LINK, OPAQUE, TEXT, TLV};
use whimbrel_lab::net::Weather;
use whimbrel_lab::options::{self, Block};
use whimbrel_lab::server::Failure;
use whimbrel_lab::{
    Answer, BootstrapServer, Code, Message, Network, Node, Operation, Peer, Plan, Request, Step, Type, peer,
    seconds,
};

/// A bootstrap server, a client that answers all it is asked, and the wire between them.
struct Bench {
    network: Network,
    bootstrap: BootstrapServer,
    client: Fake,
}

impl Bench {
    fn new(plan: impl Into<Plan>) -> Self {
        let mut bootstrap = BootstrapServer::new(1);
        bootstrap.plan(plan);
        let client = Fake::new().with("/", LINK, b"</>;lwm2m=1.1,</0/0>").with("/1", TLV, b"");
        Self { network: Network::new(1), bootstrap, client }
    }

    fn run(&mut self, milliseconds: u64) {
        let until = self.network.now() + milliseconds;
        self.network.run_until(until, &mut [(SERVER, &mut self.bootstrap), (CLIENT, &mut self.client)]);
    }

    fn ask(&mut self, endpoint: &str) {
        self.client.request(Code::POST, "/bs", &[&format!("ep={endpoint}"), "pct=11542"], b"");
    }

    /// The same client asks, and all that follows happens.
    fn session(&mut self) -> &Session {
        self.ask("fake");
        self.run(seconds(1));
        self.bootstrap.last()
    }

    /// What the client was asked, such as `PUT /0`.
    fn heard(&self) -> Vec<String> {
        let requests = self.client.received.iter().filter(|(_, message)| message.code.is_request());
        requests.map(|(_, message)| format!("{} {}", message.code.name(), message.path())).collect()
    }

    fn requests(&self) -> Vec<(u64, Message)> {
        self.client.received.iter().filter(|(_, message)| message.code.is_request()).cloned().collect()
    }
}

/// A client that does nothing twice: what it has answered it answers again from memory (RFC 7252 section 4.5).
struct Careful {
    fake: Fake,
    answered: HashMap<u16, Vec<u8>>,
    outbox: Vec<(Peer, Vec<u8>)>,
}

impl Default for Careful {
    fn default() -> Self {
        Self { fake: Fake::new(), answered: HashMap::new(), outbox: Vec::new() }
    }
}

impl Node for Careful {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        let id = u16::from_be_bytes([datagram[2], datagram[3]]);
        if !self.answered.contains_key(&id) {
            self.fake.input(now, from, datagram);
            self.answered.extend(self.fake.output().map(|(_, answer)| (id, answer)));
        }
        self.outbox.extend(self.answered.get(&id).map(|answer| (from, answer.clone())));
    }

    fn poll(&mut self, _: u64) {}

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.outbox.pop()
    }

    fn next_deadline(&self) -> Option<u64> {
        None
    }
}

fn whole() -> [Step; 9] {
    [
        Step::discover("/"),
        Step::delete("/"),
        Step::write("/0", [8, 1, 0]),
        Step::write("/1/0", [0xc1, 0, 101]),
        Step::write_text("/0/1/0", "coap://10.0.0.2"),
        Step::write_opaque("/0/1/5", &[1, 2, 3]),
        Step::read("/1"),
        Step::Ask(Request::post("/1/0/8")),
        Step::finish(),
    ]
}

#[test]
fn a_request_is_answered_and_then_the_plan_is_followed_step_by_step() {
    let mut bench = Bench::new(whole());
    let session = bench.session().clone();
    assert_eq!(bench.client.received[0].1.code, Code::CHANGED);
    let order = [
        "GET /",
        "DELETE /",
        "PUT /0",
        "PUT /1/0",
        "PUT /0/1/0",
        "PUT /0/1/5",
        "GET /1",
        "POST /1/0/8",
        "POST /bs",
    ];
    assert_eq!(bench.heard(), order);
    assert_eq!((session.endpoint.as_str(), session.peer), ("fake", CLIENT));
    assert_eq!(
        (session.queries(), session.preferred_format()),
        (&["ep=fake".into(), "pct=11542".into()][..], Some(TLV))
    );
    let (get, put) = (Code::CONTENT, Code::CHANGED);
    assert_eq!(session.codes(), [get, Code::DELETED, put, put, put, put, get, put, put]);
    assert_eq!((session.finish(), session.ended), (Some(put), Some((0, Ending::Through))));
    let root = &session.links(0)[0];
    assert_eq!((root.path.as_str(), root.attribute("lwm2m")), ("/", Some("1.1")));
    assert_eq!(session.response(0).content_format(), Some(LINK));
    let formats: Vec<_> = bench.requests().iter().map(|(_, message)| message.content_format()).collect();
    assert_eq!(formats, [None, None, Some(TLV), Some(TLV), Some(TEXT), Some(OPAQUE), None, None, None]);
    let accepts: Vec<_> = bench.requests().iter().map(|(_, message)| message.uint(options::ACCEPT)).collect();
    assert_eq!((accepts[0], accepts[6]), (Some(LINK.into()), Some(TLV.into())));
    assert_eq!((bench.bootstrap.requests().len(), bench.bootstrap.finished()), (1, 1));
}

/// One command is outstanding at a time: with 100 ms each way, a step begins every 200 ms.
#[test]
fn each_step_waits_for_the_answer_of_the_one_before() {
    let mut bench =
        Bench::new([Step::delete("/0"), Step::Pause(500), Step::write("/1", [8, 0, 0]), Step::finish()]);
    bench.network.weather = Weather { delay: 100, ..Weather::default() };
    bench.ask("fake");
    bench.run(seconds(2));
    let arrivals: Vec<_> = bench.requests().iter().map(|(time, _)| *time).collect();
    assert_eq!(arrivals, [200, 900, 1100]);
    let times: Vec<_> = bench.bootstrap.last().done.iter().map(|done| done.time).collect();
    assert_eq!(times, [100, 300, 800, 1000]);
}

#[test]
fn a_payload_goes_up_in_blocks_of_the_size_asked_for() {
    let payload: Vec<u8> = (0..300u16).map(|n| n as u8).collect();
    let mut bench = Bench::new([Step::write("/0", payload.clone()).in_blocks(2), Step::finish()]);
    let outcome = bench.session().done[0].outcome.clone().unwrap();
    assert_eq!((outcome.messages, outcome.result.unwrap().code), (5, Code::CHANGED));
    assert_eq!(bench.client.resources["/0"].1, payload);
    let blocks: Vec<_> =
        bench.requests().iter().filter_map(|(_, message)| message.block(options::BLOCK1)).collect();
    assert_eq!(blocks, [0, 1, 2, 3, 4].map(|num| Block::new(num, num < 4, 2)));
}

#[test]
fn lost_commands_are_repeated_and_keep_their_order() {
    let mut repeated = 0;
    for seed in 0..20 {
        let (mut bench, mut client) = (Bench::new(whole()), Careful::default());
        bench.network = Network::new(seed);
        bench.network.weather = Weather { loss: 10, duplication: 10, delay: 20, jitter: 40 };
        let steps = [Step::write("/0", vec![9; 200]).in_blocks(1), Step::delete("/2"), Step::finish()];
        bench.bootstrap.begin(CLIENT, steps);
        bench.network.run_until(seconds(300), &mut [(SERVER, &mut bench.bootstrap), (CLIENT, &mut client)]);
        let session = bench.bootstrap.last();
        let (asked, ended) = (&session.asked, session.ended.map(|(_, ending)| ending));
        assert!(asked.is_none(), "the server spoke first");
        assert_eq!(ended, Some(Ending::Through), "seed {seed}: {:?}", session.codes());
        assert_eq!(session.codes(), [Code::CHANGED, Code::DELETED, Code::CHANGED]);
        let heard: Vec<_> = client.fake.received.iter().map(|(_, message)| message.path()).collect();
        assert_eq!(heard, ["/0", "/0", "/0", "/0", "/0", "/0", "/0", "/2", "/bs"], "seed {seed}");
        repeated +=
            session.done.iter().map(|done| done.outcome.as_ref().unwrap().retransmissions).sum::<u32>();
    }
    assert!(repeated > 20, "{repeated} repetitions");
}

#[test]
fn a_client_that_falls_silent_ends_the_session() {
    let mut bench = Bench::new(whole());
    bench.ask("fake");
    bench.run(0);
    bench.client.mute = true;
    bench.bootstrap.begin(CLIENT, whole());
    bench.run(seconds(92));
    assert!(!bench.bootstrap.last().is_over());
    bench.run(seconds(1));
    let session = bench.bootstrap.last();
    assert_eq!((session.ended, session.codes()), (Some((93_000, Ending::NoAnswer)), vec![Code::EMPTY]));
    assert_eq!(session.done[0].outcome.as_ref().unwrap().result, Err(Failure::TimedOut));
    assert_eq!(session.finish(), None);
}

/// A repetition has the same Message ID, token and bytes; garbage goes out as it is and waits for nothing.
#[test]
fn oddities_go_out_as_told() {
    let ping = Message::new(Type::Con, Code::EMPTY, 77).bytes();
    let mut bench = Bench::new([
        Step::delete("/0/1"),
        Step::Again,
        Step::Datagram(ping.clone()),
        Step::Ask(Request::new(Code::PATCH, "/x/y?a=b").content(60, [0xa0])),
        Step::finish(),
        Step::finish(),
    ]);
    let session = bench.session();
    let codes = [Code::DELETED, Code::DELETED, Code::CHANGED, Code::CHANGED, Code::CHANGED];
    assert_eq!(session.codes(), codes);
    assert_eq!(session.done[2].outcome.as_ref().unwrap().result, Err(Failure::Reset));
    let words: Vec<_> = session.done.iter().map(|done| done.step.to_string()).collect();
    let expected = ["DELETE /0/1", "the same once more", "4 bytes", "PATCH /x/y?a=b", "POST /bs", "POST /bs"];
    assert_eq!(words, expected);
    let sent: Vec<_> = bench.client.received[1..].iter().map(|(_, message)| message.bytes()).collect();
    assert_eq!((&sent[0], &sent[2], sent.len()), (&sent[1], &ping, 6));
    assert_ne!(bench.requests()[3].1.id, bench.requests()[4].1.id, "two Finishes are two requests");
}

#[test]
fn a_plan_may_stop_half_way_or_at_the_first_error() {
    let mut bench = Bench::new(Plan::from(whole()).broken_off_after(2));
    assert_eq!((bench.session().codes().len(), bench.bootstrap.last().finish()), (2, None));
    bench.client.resources.insert("/".into(), (LINK, b"</>".to_vec()));
    bench.client.codes.insert("/0".into(), Code::BAD_REQUEST);
    bench.bootstrap.plan(Plan::from(whole()).careful());
    let session = bench.session();
    assert_eq!(session.codes(), [Code::CONTENT, Code::DELETED, Code::BAD_REQUEST]);
    assert_eq!(session.ended, Some((1000, Ending::Refused)));
    bench.bootstrap.plan(whole());
    assert_eq!(bench.session().codes().len(), 9, "without care an error is written down, and that is all");
}

#[test]
fn commands_may_overlap_where_the_server_allows_it() {
    let mut bench = Bench::new([Step::write("/0", [8, 1, 0]).without_waiting(), Step::finish()]);
    bench.bootstrap.server.settings.nstart = 2;
    bench.network.weather = Weather { delay: 100, ..Weather::default() };
    bench.ask("fake");
    bench.run(seconds(1));
    let arrivals: Vec<_> = bench.requests().iter().map(|(time, _)| *time).collect();
    assert_eq!(arrivals, [200, 200]);
    assert_eq!(bench.bootstrap.last().codes(), [Code::CHANGED, Code::CHANGED]);
}

#[test]
fn a_refused_or_ignored_request_begins_nothing() {
    let mut bench = Bench::new(whole());
    bench.bootstrap.on_next(Answer::code(Code::BAD_REQUEST));
    bench.bootstrap.on_next(Answer::silence());
    for _ in 0..2 {
        bench.ask("fake");
        bench.run(seconds(1));
    }
    assert_eq!((bench.bootstrap.sessions().len(), bench.bootstrap.requests().len()), (0, 2));
    assert_eq!(bench.client.received.len(), 1, "a code, then nothing");
    bench.bootstrap.always(Some(Answer::code(Code::FORBIDDEN)));
    for _ in 0..3 {
        bench.ask("fake");
        bench.run(seconds(1));
        assert_eq!(bench.client.received.last().unwrap().1.code, Code::FORBIDDEN);
    }
    bench.bootstrap.always(None);
    assert_eq!(bench.session().finish(), Some(Code::CHANGED));
}

/// The commands come behind the answer, also when it is late or a separate one.
#[test]
fn a_session_begins_when_the_answer_goes_out() {
    let mut bench = Bench::new([Step::finish()]);
    bench.bootstrap.on_next(Answer::right().after(700));
    bench.ask("fake");
    bench.run(seconds(1));
    let codes: Vec<_> = bench.client.received.iter().map(|(time, message)| (*time, message.code)).collect();
    assert_eq!(codes, [(700, Code::CHANGED), (700, Code::POST)]);
    assert_eq!(bench.bootstrap.last().began, 700);
    bench.client.received.clear();
    bench.bootstrap.on_next(Answer::right().separately());
    bench.session();
    let kinds: Vec<_> =
        bench.client.received.iter().map(|(_, message)| (message.kind, message.code)).collect();
    assert_eq!(kinds, [(Type::Ack, Code::EMPTY), (Type::Con, Code::CHANGED), (Type::Con, Code::POST)]);
}

#[test]
fn plans_follow_one_another_and_may_be_one_clients_own() {
    let mut bench = Bench::new([Step::finish()]);
    let plan = |path| Plan::new([Step::delete(path)]);
    bench.bootstrap.plans([plan("/0"), plan("/1")]);
    bench.bootstrap.plans_of("special", [plan("/2"), plan("/3")]);
    for endpoint in ["a", "special", "b", "c", "special", "special"] {
        bench.ask(endpoint);
        bench.run(1);
    }
    bench.bootstrap.plans_of("special", []);
    bench.ask("special");
    bench.run(1);
    assert_eq!(
        bench.heard().join(" "),
        "DELETE /0 DELETE /2 DELETE /1 DELETE /1 DELETE /3 DELETE /3 DELETE /1"
    );
    assert_eq!(bench.bootstrap.sessions()[1].endpoint, "special");
}

/// A client that lost its memory asks anew: what was under way for it is given up, and the new session is heard at once.
#[test]
fn a_second_request_supersedes_the_session_before() {
    let mut bench = Bench::new(whole());
    bench.client.mute = true;
    bench.ask("fake");
    bench.run(seconds(10));
    bench.client.mute = false;
    bench.ask("fake");
    bench.run(0);
    let [first, second] = bench.bootstrap.sessions() else { panic!("two sessions") };
    assert_eq!((first.ended, first.codes()), (Some((10_000, Ending::Superseded)), vec![Code::EMPTY]));
    assert_eq!(first.done[0].outcome.as_ref().unwrap().result, Err(Failure::GivenUp));
    assert_eq!((second.finish(), second.ended), (Some(Code::CHANGED), Some((10_000, Ending::Through))));
    assert_eq!(bench.bootstrap.server.pending(), 0);
}

/// Two clients at a time have a session each.
#[test]
fn sessions_of_different_clients_do_not_wait_for_each_other() {
    let mut bench = Bench::new(whole());
    let (other, mut second) = (peer(9), Fake::new());
    bench.client.mute = true;
    bench.ask("fake");
    second.request(Code::POST, "/bs", &["ep=other"], b"");
    let nodes: &mut [(_, &mut dyn Node)] =
        &mut [(SERVER, &mut bench.bootstrap), (CLIENT, &mut bench.client), (other, &mut second)];
    bench.network.run_until(seconds(1), nodes);
    let [first, second] = bench.bootstrap.sessions() else { panic!("two sessions") };
    assert_eq!((first.peer, first.is_over(), second.peer, second.is_over()), (CLIENT, false, other, true));
}

#[test]
fn a_pack_is_not_supported_and_begins_nothing() {
    let mut bench = Bench::new(whole());
    bench.client.request(Code::GET, "/bspack", &["ep=fake"], b"");
    bench.run(seconds(1));
    assert_eq!(bench.client.received[0].1.code, Code::NOT_IMPLEMENTED);
    assert_eq!(
        (bench.bootstrap.sessions().len(), bench.bootstrap.server.count(Operation::Bootstrap)),
        (0, 1)
    );
}

#[test]
fn hostile_datagrams_do_not_crash_it() {
    let mut bench = Bench::new(whole());
    let mut random = whimbrel_lab::Random::new(5);
    for n in 0..1500 {
        let request = Message::new(Type::Con, Code::POST, n);
        let mut bytes = request.bytes();
        bytes.extend(b"\xb2bs\x43ep=");
        for _ in 0..random.up_to(6) {
            let place = random.up_to(bytes.len() as u64 - 1) as usize;
            bytes[place] = random.next() as u8;
        }
        bench.network.inject(CLIENT, SERVER, &bytes);
        bench.run(random.up_to(50));
    }
    bench.run(seconds(300));
    assert!(bench.bootstrap.sessions().iter().all(Session::is_over));
    assert_eq!(bench.session().finish(), Some(Code::CHANGED));
}
