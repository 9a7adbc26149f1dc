//! The server as a CoAP client: retransmission, NSTART, matching, blocks (RFC 7252, RFC 7959), queue mode.

mod common;

use common::{Bench, CLIENT, Fake, SERVER};
use whimbrel_lab::format::{LINK, OPAQUE, TEXT, TLV};
use whimbrel_lab::options::{self, Block};
use whimbrel_lab::server::Failure;
use whimbrel_lab::{Code, Message, Request, Type, seconds, tlv};

fn device() -> Fake {
    Fake::new().with("/3/0/0", TEXT, b"Whimbrel").with("/3/0", TLV, &tlv::resource(0, "Whimbrel"))
}

#[test]
fn read_collects_a_piggybacked_answer() {
    let mut bench = Bench::registered(device());
    let (text, tree, none) =
        (bench.server.read("/3/0/0"), bench.server.read_as("/3/0", TLV), bench.server.read("/9"));
    bench.run(0);
    let response = bench.server.response(text);
    assert_eq!((response.text().as_str(), response.content_format()), ("Whimbrel", Some(TEXT)));
    assert!(!response.is_separate());
    assert_eq!(tlv::find(&bench.server.response(tree).tlv(), &[0]).unwrap().text(), Some("Whimbrel"));
    assert_eq!(bench.server.code(none), Some(Code::NOT_FOUND));
    assert!(bench.server.complaints().is_empty());
}

#[test]
fn operations_are_the_messages_of_the_operation_to_method_table() {
    let mut bench = Bench::registered(device());
    bench.server.discover("/3");
    bench.server.write_text("/1/0/1", "60");
    bench.server.write_partial("/1/0", TLV, tlv::integer(1, 60));
    bench.server.write_attributes("/3303/0/5700", "pmin=1&gt=25");
    bench.server.execute("/3/0/4", "");
    bench.server.create("/3303", TLV, []);
    bench.server.delete("/3303/1");
    bench.run(0);
    let heard = bench.client.received[1..].iter().map(|(_, m)| (m.code, m.path(), m.content_format()));
    let expected = [
        (Code::GET, "/3", None),
        (Code::PUT, "/1/0/1", Some(TEXT)),
        (Code::POST, "/1/0", Some(TLV)),
        (Code::PUT, "/3303/0/5700", None),
        (Code::POST, "/3/0/4", None),
        (Code::POST, "/3303", Some(TLV)),
        (Code::DELETE, "/3303/1", None),
    ];
    assert_eq!(heard.collect::<Vec<_>>(), expected.map(|(code, path, format)| (code, path.into(), format)));
    assert_eq!(bench.client.received[1].1.uint(options::ACCEPT), Some(LINK.into()));
    assert_eq!(bench.client.received[4].1.texts(options::URI_QUERY), ["pmin=1", "gt=25"]);
}

#[test]
fn retransmissions_double_from_three_seconds_and_end_after_93() {
    let mut bench = Bench::registered(device());
    bench.run(1000);
    bench.client.mute = true;
    let read = bench.server.read("/3/0/0");
    bench.run(seconds(120));
    assert_eq!(bench.server_sent_since(1), [1000, 4000, 10_000, 22_000, 46_000]);
    let outcome = bench.server.outcome(read).unwrap();
    assert_eq!((outcome.retransmissions, outcome.finished), (4, 94_000));
    assert_eq!(outcome.result, Err(Failure::TimedOut));
}

#[test]
fn a_lost_request_is_answered_after_one_retransmission() {
    let mut bench = Bench::registered(device());
    bench.network.drop_next(SERVER, 1);
    let read = bench.server.read("/3/0/0");
    bench.run(seconds(10));
    let outcome = bench.server.outcome(read).unwrap();
    assert_eq!((outcome.retransmissions, outcome.finished, outcome.messages), (1, 3000, 1));
}

#[test]
fn random_timeouts_stay_between_the_bounds_and_repeat_with_the_seed() {
    let second_sending = |seed| {
        let mut bench = Bench::registered(device());
        bench.server = whimbrel_lab::Server::new(seed);
        bench.server.settings.longest_timeouts = false;
        bench.server.send_to(CLIENT, Request::get("/3/0/0"));
        bench.client.mute = true;
        bench.run(seconds(4));
        bench.server_sent_since(1)[0]
    };
    assert!((2000..=3000).contains(&second_sending(3)));
    assert_eq!(second_sending(3), second_sending(3));
    assert_ne!(second_sending(3), second_sending(4));
}

#[test]
fn one_request_is_outstanding_at_a_time() {
    let mut bench = Bench::registered(device());
    bench.network.weather.delay = 100;
    let reads = [bench.server.read("/3/0/0"), bench.server.read("/3/0/0"), bench.server.read("/3/0/0")];
    bench.run(seconds(1));
    let sent = reads.map(|read| bench.server.outcome(read).unwrap().sent.unwrap());
    assert_eq!(sent, [0, 200, 400]);
}

#[test]
fn separate_responses_are_acknowledged_and_their_copies_too() {
    for kind in [Type::Con, Type::Non] {
        let mut bench = Bench::registered(device());
        bench.client.separate = Some(kind);
        bench.network.drop_after(SERVER, 1, 1);
        let read = bench.server.read("/3/0/0");
        bench.run(0);
        let response = bench.server.response(read);
        assert_eq!((response.kind, response.text().as_str()), (kind, "Whimbrel"));
        let response = bench.network.records().last().unwrap().bytes.clone();
        let before = bench.client.received.len();
        if kind == Type::Con {
            let con = bench.network.records().iter().rev().find(|r| r.from == CLIENT).unwrap().bytes.clone();
            bench.network.send(CLIENT, SERVER, &con);
            bench.run(0);
            let ack = (bench.heard().kind, bench.heard().code);
            assert_eq!((ack, bench.client.received.len()), ((Type::Ack, Code::EMPTY), before + 1));
        }
        drop(response);
    }
}

#[test]
fn unknown_response_is_reset_and_ping_is_ponged_both_ways() {
    let mut bench = Bench::registered(device());
    let mut stray = Message::new(Type::Con, Code::CONTENT, 77);
    stray.token = vec![9, 9];
    bench.client.say(stray);
    bench.run(1);
    assert_eq!((bench.heard().kind, bench.heard().id), (Type::Rst, 77));
    bench.client.say(Message::new(Type::Con, Code::EMPTY, 78));
    bench.run(1);
    assert_eq!((bench.heard().kind, bench.heard().id), (Type::Rst, 78));
    let ping = bench.server.ping();
    bench.run(1);
    assert!(bench.server.ponged(ping));
}

#[test]
fn token_lengths_and_types_are_the_tests_choice() {
    let mut bench = Bench::registered(device());
    for length in 0..=8 {
        let read = bench.server.send(Request::get("/3/0/0").token_length(length).non());
        bench.run(1);
        assert_eq!((bench.heard().token.len(), bench.heard().kind), (length.into(), Type::Non));
        assert_eq!(bench.server.response(read).kind, Type::Non);
    }
}

#[test]
fn raw_datagrams_go_out_as_they_are() {
    let mut bench = Bench::registered(device());
    let ping = bench.server.send_raw(CLIENT, &[0x40, 0, 0x12, 0x34]);
    let read = bench.server.send_raw(CLIENT, &[0x41, 1, 0x12, 0x35, 0xaa, 0xb1, b'3', 1, b'0', 1, b'0']);
    bench.run(1);
    assert!(bench.server.ponged(ping));
    assert_eq!(bench.server.response(read).text(), "Whimbrel");
}

#[test]
fn large_answer_is_collected_block_by_block() {
    let body: Vec<u8> = (0..300_u16).map(|n| n as u8).collect();
    let mut bench = Bench::registered(Fake::new().with("/5/0", OPAQUE, &body));
    bench.client.szx = 2;
    let whole = bench.server.read("/5/0");
    let small = bench.server.send(Request::get("/5/0").block2_szx(1));
    let tail = bench.server.send(Request::get("/5/0").from_block(4, 2));
    let single = bench.server.send(Request::get("/5/0").from_block(1, 2).by_hand());
    bench.run(0);
    assert_eq!(bench.server.response(whole).payload, body);
    assert_eq!(bench.server.outcome(whole).unwrap().messages, 5);
    assert_eq!(bench.server.response(small).payload, body);
    assert_eq!(bench.server.outcome(small).unwrap().messages, 10);
    assert_eq!(bench.server.response(tail).payload, &body[256..]);
    let response = bench.server.response(single);
    assert_eq!(response.payload, &body[64..128]);
    assert_eq!(response.block2(), Some(Block::new(1, true, 2)));
}

#[test]
fn etag_that_changes_between_blocks_is_noticed() {
    let mut bench = Bench::registered(Fake::new().with("/5/0", OPAQUE, &[1; 300]));
    (bench.client.szx, bench.client.restless) = (2, true);
    let read = bench.server.read("/5/0");
    bench.run(0);
    let failure = Failure::Blocks("the ETag changed between blocks");
    assert_eq!(bench.server.outcome(read).unwrap().result, Err(failure));
    assert_eq!(bench.server.complaints().len(), 1);
}

#[test]
fn large_body_goes_up_in_blocks_and_shrinks_when_the_client_says_so() {
    let body: Vec<u8> = (0..2500_u16).map(|n| n as u8).collect();
    let mut bench = Bench::registered(device());
    bench.client.szx = 4;
    let write = bench.server.write("/5/0/0", OPAQUE, body.clone());
    bench.run(0);
    assert_eq!(bench.server.code(write), Some(Code::CHANGED));
    assert_eq!(bench.client.resources["/5/0/0"].1, body);
    let first = &bench.client.received[1].1;
    assert_eq!(
        (first.block(options::BLOCK1), first.uint(options::SIZE1)),
        (Some(Block::new(0, true, 6)), Some(2500))
    );
    let second = &bench.client.received[2].1;
    assert_eq!(second.block(options::BLOCK1), Some(Block::new(4, true, 4)));
}

#[test]
fn blocks_can_be_sent_by_hand_repeated_and_skipped() {
    let mut bench = Bench::registered(device());
    let body: Vec<u8> = (0..40).collect();
    let mut block = |num| {
        let request = Request::put("/5/0/0").content(OPAQUE, body.clone()).one_block(num, 0);
        let id = bench.server.send(request);
        bench.run(1);
        bench.server.code(id).unwrap()
    };
    assert_eq!([block(0), block(2)], [Code::CONTINUE, Code::REQUEST_ENTITY_INCOMPLETE]);
    assert_eq!([block(0), block(1), block(2)], [Code::CONTINUE, Code::CONTINUE, Code::CHANGED]);
    assert_eq!(bench.client.resources["/5/0/0"].1, body);
}

#[test]
fn requests_wait_while_a_client_in_queue_mode_sleeps() {
    let mut bench = Bench::new(device());
    bench.client.register(&["ep=sleepy", "lt=3600", "lwm2m=1.0", "b=UQ"]);
    bench.run(seconds(92));
    let awake = bench.server.read("/3/0/0");
    bench.run(seconds(93));
    assert!(bench.server.code(awake).is_some(), "within the window");
    let asleep = [bench.server.read("/3/0/0"), bench.server.read("/3/0/0")];
    bench.run(seconds(600));
    assert_eq!(bench.server.pending(), 2);
    bench.client.update(&[], b"");
    bench.run(0);
    let sent = asleep.map(|read| bench.server.outcome(read).unwrap().sent.unwrap());
    assert_eq!(sent, [785_000, 785_000]);
}

#[test]
fn nobody_to_ask_is_a_failure_not_a_crash() {
    let mut bench = Bench::new(device());
    let read = bench.server.read("/3/0/0");
    bench.run(0);
    assert_eq!(bench.server.outcome(read).unwrap().result, Err(Failure::NoClient));
}

#[test]
fn requests_follow_a_client_to_its_new_address() {
    let mut bench = Bench::registered(device());
    let new = bench.network.rebind(CLIENT);
    let read = bench.server.read("/3/0/0");
    bench.run(seconds(1));
    assert_eq!(bench.server.code(read), None, "sent to the address the NAT has forgotten");
    bench.client.update(&[], b"");
    bench.run(seconds(3));
    assert_eq!(bench.server.client().peer, new);
    assert_eq!(bench.server.code(read), Some(Code::CONTENT));
}
