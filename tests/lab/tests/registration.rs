//! The server's registration interface as a client sees it (TS 1.0 section 5.3).

mod common;

use common::{Bench, CLIENT, Fake};
use whimbrel_lab::options::{self, Block};
use whimbrel_lab::{Answer, Code, Message, Operation, Type, seconds};

#[test]
fn register_is_stored_with_all_it_said() {
    let mut bench = Bench::new(Fake::new());
    let list = br#"</>;ct="60 11542",</1/0>,</3>;ver=1.2,</3/0>"#;
    let queries = ["ep=node", "lt=60", "lwm2m=1.0", "b=UQS", "sms=4915", "x=y"];
    bench.client.request(Code::POST, "/rd", &queries, list);
    bench.run(0);
    assert_eq!(bench.heard().code, Code::CREATED);
    assert_eq!(bench.client.location, ["rd", "1"]);
    let client = bench.server.registered("node").unwrap();
    assert_eq!((client.lifetime, client.version.as_str(), client.binding.as_str()), (60, "1.0", "UQS"));
    assert!(client.queue);
    assert_eq!(client.sms.as_deref(), Some("4915"));
    assert_eq!((client.instances(), client.objects()), (vec![(1, 0), (3, 0)], vec![1, 3]));
    assert_eq!((client.object_version(3), client.content_formats()), (Some("1.2"), vec![60, 11542]));
    assert_eq!(client.register.queries, queries);
    assert_eq!(client.register.payload, list);
}

#[test]
fn update_changes_what_it_carries_and_logs_the_rest_as_absent() {
    let mut bench = Bench::registered(Fake::new());
    bench.run(seconds(10));
    bench.client.update(&["lt=20"], b"</1/0>,</3/0>,</5>");
    bench.run(seconds(19));
    assert_eq!(bench.heard().code, Code::CHANGED);
    let update = bench.server.last(Operation::Update).unwrap();
    assert_eq!((update.time, update.said.lifetime, &update.said.binding), (10_000, Some(20), &None));
    assert_eq!(bench.server.client().objects(), [1, 3, 5]);
    bench.run(seconds(2));
    assert_eq!((bench.server.registrations().len(), bench.server.expiries()), (0, 1));
    assert_eq!(bench.server.log().last().unwrap().time, 30_000);
}

#[test]
fn deregister_ends_the_registration_and_a_second_one_finds_nothing() {
    let mut bench = Bench::registered(Fake::new());
    for code in [Code::DELETED, Code::NOT_FOUND] {
        bench.client.request(Code::DELETE, "/rd/1", &[], b"");
        bench.run(1);
        assert_eq!(bench.heard().code, code);
    }
    assert_eq!((bench.server.registrations().len(), bench.server.count(Operation::Deregister)), (0, 2));
}

#[test]
fn version_above_the_maximum_is_refused_and_numbers_must_be_numbers() {
    let mut bench = Bench::new(Fake::new());
    bench.server.settings.max_version = (1, 1);
    for (version, code) in
        [("1.2", Code::PRECONDITION_FAILED), ("one", Code::BAD_REQUEST), ("1.1", Code::CREATED)]
    {
        bench.client.register(&["ep=a", "lt=60", &format!("lwm2m={version}")]);
        bench.run(1);
        assert_eq!(bench.heard().code, code, "{version}");
    }
    bench.client.register(&["ep=a", "lt=soon", "lwm2m=1.1"]);
    bench.run(1);
    assert_eq!(bench.heard().code, Code::BAD_REQUEST);
}

#[test]
fn script_answers_with_codes_then_the_right_thing_again() {
    let mut bench = Bench::new(Fake::new());
    let refusals = [Code::FORBIDDEN, Code::INTERNAL_SERVER_ERROR];
    refusals.iter().for_each(|code| bench.server.on_next(Operation::Register, Answer::code(*code)));
    for code in [refusals[0], refusals[1], Code::CREATED] {
        bench.client.register(&["ep=a", "lt=60", "lwm2m=1.1"]);
        bench.run(1);
        assert_eq!(bench.heard().code, code);
    }
    bench.server.on_next(Operation::Update, Answer::code(Code::NOT_FOUND));
    bench.client.update(&[], b"");
    bench.run(1);
    assert_eq!((bench.heard().code, bench.server.registrations().len()), (Code::NOT_FOUND, 0));
}

#[test]
fn silence_lasts_for_all_copies_of_one_message() {
    let mut bench = Bench::new(Fake::new());
    bench.server.on_next(Operation::Register, Answer::silence());
    bench.network.duplicate_next(CLIENT, 1);
    bench.client.register(&["ep=a", "lt=60", "lwm2m=1.1"]);
    bench.run(seconds(60));
    assert_eq!((bench.client.received.len(), bench.server.count(Operation::Register)), (0, 1));
    assert_eq!(bench.server.log()[0].answer, None);
    bench.client.register(&["ep=a", "lt=60", "lwm2m=1.1"]);
    bench.run(0);
    assert_eq!(bench.heard().code, Code::CREATED);
}

#[test]
fn delayed_answer_comes_once_and_a_late_copy_gets_it_from_the_cache() {
    let mut bench = Bench::new(Fake::new());
    bench.server.on_next(Operation::Register, Answer::right().after(3000));
    bench.client.register(&["ep=a", "lt=60", "lwm2m=1.1"]);
    bench.run(2999);
    assert_eq!(bench.client.received.len(), 0);
    bench.run(1);
    assert_eq!((bench.heard().kind, bench.heard().code), (Type::Ack, Code::CREATED));
    let again = bench.network.records()[0].bytes.clone();
    bench.network.send(CLIENT, common::SERVER, &again);
    bench.run(1);
    assert_eq!((bench.client.received.len(), bench.server.registrations().len()), (2, 1));
    assert_eq!(bench.server.duplicates(), 1);
}

#[test]
fn separate_answer_is_an_empty_ack_then_a_con_repeated_until_acknowledged() {
    let mut bench = Bench::new(Fake::new());
    bench.server.on_next(Operation::Register, Answer::right().separately().after(1000));
    bench.network.drop_after(common::SERVER, 1, 1);
    bench.client.register(&["ep=a", "lt=60", "lwm2m=1.1"]);
    bench.run(seconds(30));
    let got: Vec<_> = bench.client.received.iter().map(|(time, m)| (*time, m.kind, m.code)).collect();
    assert_eq!(got, [(0, Type::Ack, Code::EMPTY), (4000, Type::Con, Code::CREATED)]);
    assert_eq!(bench.server_sent_since(0), [0, 1000, 4000], "no more after the acknowledgement");
}

fn register_block(bench: &mut Bench, block: Block, part: &[u8]) -> Message {
    let mut message = Message::new(Type::Con, Code::POST, 1000 + block.num as u16);
    message.token = vec![1];
    message.push(options::URI_PATH, "rd");
    message.push(options::CONTENT_FORMAT, [40]);
    ["ep=big", "lt=60", "lwm2m=1.1"].iter().for_each(|query| message.push(options::URI_QUERY, *query));
    message.push(options::BLOCK1, block.bytes());
    message.payload = part.to_vec();
    bench.client.say(message);
    bench.run(1);
    bench.heard().clone()
}

#[test]
fn large_register_is_put_together_in_the_size_the_server_asks_for() {
    let mut bench = Bench::new(Fake::new());
    bench.server.settings.upload_szx = 1;
    let list: String = (0..30).map(|n| format!("</3303/{n}>,")).collect();
    let list = list.trim_end_matches(',').as_bytes();
    let answer = register_block(&mut bench, Block::new(0, true, 2), &list[..64]);
    assert_eq!((answer.code, answer.block(options::BLOCK1)), (Code::CONTINUE, Some(Block::new(0, true, 1))));
    for (n, part) in list[64..].chunks(32).enumerate() {
        let num = n as u32 + 2;
        let more = 64 + (n + 1) * 32 < list.len();
        let answer = register_block(&mut bench, Block::new(num, more, 1), part);
        assert_eq!(answer.block(options::BLOCK1), Some(Block::new(num, more, 1)));
        assert_eq!(answer.code, if more { Code::CONTINUE } else { Code::CREATED });
    }
    assert_eq!(bench.server.client().instances().len(), 30);
    assert_eq!(bench.server.last(Operation::Register).unwrap().payload, list);
}

#[test]
fn upload_with_a_missing_block_is_incomplete() {
    let mut bench = Bench::new(Fake::new());
    register_block(&mut bench, Block::new(0, true, 0), &[b'<'; 16]);
    let answer = register_block(&mut bench, Block::new(2, false, 0), b">");
    assert_eq!(answer.code, Code::REQUEST_ENTITY_INCOMPLETE);
    assert_eq!(bench.server.complaints().len(), 1);
}

#[test]
fn hostile_datagrams_do_not_crash_the_server() {
    let mut bench = Bench::registered(Fake::new());
    let mut random = whimbrel_lab::Random::new(5);
    let seeds: Vec<_> = bench.network.records().iter().map(|record| record.bytes.clone()).collect();
    bench.server.observe("/3/0/9");
    for n in 0..20_000 {
        let mut bytes = seeds[n % seeds.len()].clone();
        for _ in 0..=random.up_to(3) {
            let place = random.up_to(bytes.len() as u64 - 1) as usize;
            bytes[place] = random.next() as u8;
        }
        bytes.truncate(1 + random.up_to(bytes.len() as u64 - 1) as usize);
        bench.server.input(n as u64, CLIENT, &bytes);
        while bench.server.output().is_some() {}
    }
}
