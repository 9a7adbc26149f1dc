//! Block-wise transfer (RFC 7959) of reads, writes and notifications.

use whimbrel_lab::format::{OPAQUE, TLV};
use whimbrel_lab::options::{self, Block};
use whimbrel_lab::scene::{DEVICE, SERVER};
use whimbrel_lab::{Code, Lab, Message, Request, Response, Setup, Type, seconds, tlv};

const LARGE: &str = "/26242/0/0";
const UPLOAD: &str = "/26242/0/1";

fn content() -> Vec<u8> {
    (0..6000_u32).map(|i| (7 * i + 3) as u8).collect()
}

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 % 251) as u8).collect()
}

/// A large Read comes window by window and is whole.
#[test]
fn df_002_c_o_a_large_value_is_read_in_blocks_of_any_size() {
    for szx in 0..=6 {
        let mut lab = Lab::registered();
        let whole = lab.send(Request::get(LARGE).accept(OPAQUE).block2_szx(szx));
        assert_eq!((whole.code, whole.payload == content()), (Code::CONTENT, true), "size exponent {szx}");
        assert_eq!(whole.block2().unwrap().szx, szx);
    }
    let mut lab = Lab::registered();
    let whole = lab.send(Request::get(LARGE).accept(OPAQUE));
    assert_eq!(whole.payload, content(), "not asked for: the client begins");
    assert_eq!(whole.size2(), Some(6000));
    assert!(whole.etag().is_some());
}

/// The same as TLV, whose lengths must be known before.
#[test]
fn df_003_c_m_a_large_instance_is_read_in_blocks() {
    let mut lab = Setup { datagram: 256, ..Setup::default() }.registered();
    let entries = lab.send(Request::get("/26242/0").accept(TLV)).tlv();
    assert_eq!(tlv::find(&entries, &[0]).unwrap().value, content());
    let object = lab.send(Request::get("/26242").accept(TLV)).tlv();
    assert_eq!(tlv::find(&object, &[0, 0]).unwrap().value, content());
    assert_eq!(object[0].children.len(), 2);
    assert!(lab.network.records().iter().filter(|r| r.from == DEVICE).all(|r| r.bytes.len() <= 256));
}

/// JSON and link format in blocks of 16 bytes are what they are in one.
#[test]
fn df_004_c_o_every_format_is_the_same_in_blocks() {
    let mut lab = Lab::registered();
    for (path, format) in [
        ("/3/0", 11543),
        ("/3", 40),
        ("/3303", TLV),
        ("/3/0", TLV),
        ("/26241", 11543),
        ("/3/0/0", 0),
        ("/3/0/0", 11543),
    ] {
        let whole = lab.send(Request::get(path).accept(format));
        for szx in [0, 1, 3] {
            let blocks = lab.send(Request::get(path).accept(format).block2_szx(szx));
            assert_eq!(blocks.payload, whole.payload, "{path} in {format}, size exponent {szx}");
        }
    }
}

/// RFC 7959 section 2.4: any block may be asked for, at any time, in any size.
#[test]
fn df_002_c_o_any_block_may_be_asked_for() {
    let mut lab = Lab::registered();
    for (number, szx) in [(5, 6), (0, 6), (93, 2), (374, 0), (46, 3), (1, 4)] {
        let one = lab.send(Request::get(LARGE).accept(OPAQUE).from_block(number, szx).by_hand());
        let (start, size) = (number as usize * (16 << szx), 16 << szx);
        let end = (start + size).min(6000);
        assert_eq!(one.payload, content()[start..end], "block {number} of {size}");
        assert_eq!(one.block2(), Some(Block::new(number, end < 6000, szx)));
    }
    let beyond = lab.send(Request::get(LARGE).accept(OPAQUE).from_block(6, 6).by_hand());
    assert_eq!(beyond.code.class(), 4, "behind the end");
}

/// The size is negotiated down, never up: to what the datagram holds.
#[test]
fn df_002_c_o_the_size_is_negotiated_down() {
    for (datagram, szx) in [(128, 2), (256, 3), (512, 4), (1152, 6)] {
        let mut lab = Setup { datagram, ..Setup::default() }.registered();
        let whole = lab.send(Request::get(LARGE).accept(OPAQUE).block2_szx(6));
        assert_eq!(whole.payload, content(), "datagram {datagram}");
        assert_eq!(whole.block2().unwrap().szx, szx);
    }
}

/// RFC 7959 section 2.4: the ETag stays while the value does, and changes with it.
#[test]
fn df_002_c_o_the_etag_follows_the_value() {
    let mut lab = Lab::registered();
    let block =
        |lab: &mut Lab, number| lab.send(Request::get(LARGE).accept(OPAQUE).from_block(number, 6).by_hand());
    let (first, second) = (block(&mut lab, 0), block(&mut lab, 1));
    assert!(first.etag().is_some());
    assert_eq!(first.etag(), second.etag());
    lab.device.blob().content[5999] ^= 1;
    let third = block(&mut lab, 2);
    assert_ne!(first.etag(), third.etag(), "although this block is the same");
    lab.device.blob().content[5999] ^= 1;
    assert_eq!(block(&mut lab, 3).etag(), first.etag());
}

/// A streamed write: each chunk once and in order, nothing kept.
#[test]
fn dmse_003_c_m_a_streamed_write_hands_over_each_chunk_once() {
    for szx in [2, 4, 6] {
        let mut lab = Setup { body: 0, ..Setup::default() }.registered();
        let payload = body(20_480);
        let write = lab.send(Request::put(UPLOAD).content(OPAQUE, payload.clone()).upload_szx(szx));
        assert_eq!(write.code, Code::CHANGED);
        let blob = lab.device.blob().clone();
        assert_eq!(blob.complete, [payload]);
        assert!(
            blob.chunks
                .iter()
                .enumerate()
                .all(|(n, (offset, chunk))| *offset == n * (16 << szx) && chunk.len() == 16 << szx)
        );
    }
}

/// The same under loss and duplication (RFC 7959 section 2.3, RFC 7252 section 4.5).
#[test]
fn dmse_003_c_m_a_streamed_write_survives_the_weather() {
    for seed in 0..10 {
        let mut lab = Setup { seed, ..Setup::default() }.registered();
        lab.network.weather =
            whimbrel_lab::net::Weather { loss: 10, duplication: 30, delay: 50, jitter: 100 };
        let payload = body(5000);
        let write = lab.server.send(Request::put(UPLOAD).content(OPAQUE, payload.clone()).upload_szx(4));
        assert_eq!(lab.code(write), Code::CHANGED, "seed {seed}");
        let blob = lab.device.blob().clone();
        assert_eq!(blob.complete, [payload], "seed {seed}");
        assert!(blob.chunks.iter().enumerate().all(|(n, (offset, _))| *offset == n * 256), "seed {seed}");
    }
}

/// A stream whose handler refuses a chunk ends with 5.00, and can begin again.
#[test]
fn dmse_003_c_m_a_refused_chunk_ends_the_stream() {
    let mut lab = Lab::registered();
    lab.device.blob().refuse_at = Some(2048);
    let upload = || Request::put(UPLOAD).content(OPAQUE, body(5000)).upload_szx(6);
    assert_eq!(lab.send(upload()).code, Code::INTERNAL_SERVER_ERROR);
    lab.device.blob().refuse_at = None;
    assert_eq!(lab.send(upload()).code, Code::CHANGED);
    assert_eq!(lab.device.blob().complete.len(), 1);
}

/// A small value for a streaming resource comes in one piece.
#[test]
fn dmse_003_c_m_a_small_write_is_a_stream_of_one() {
    let mut lab = Lab::registered();
    assert_eq!(lab.send(Request::put(UPLOAD).content(OPAQUE, "abc")).code, Code::CHANGED);
    assert_eq!(lab.device.blob().chunks, [(0, b"abc".to_vec())]);
    let only = Request::put(UPLOAD).content(OPAQUE, "abcd").one_block(0, 6);
    assert_eq!(lab.send(only).code, Code::CHANGED);
    assert_eq!(lab.device.blob().complete.len(), 2);
}

/// An assembled TLV write takes effect with the last block, as a whole.
#[test]
fn dmse_003_c_m_an_assembled_write_is_atomic() {
    let mut lab = Lab::registered();
    let long = "x".repeat(300);
    let payload = [tlv::integer(1, 42), tlv::resource(0, &long)].concat();
    for number in 0..4 {
        let part = Request::post("/26241/0").content(TLV, payload.clone()).one_block(number, 2);
        assert_eq!(lab.send(part).code, Code::CONTINUE);
        assert_eq!(lab.device.values(0).unwrap().integer, 0);
    }
    assert_eq!(
        lab.send(Request::post("/26241/0").content(TLV, payload.clone()).upload_szx(2)).code,
        Code::CHANGED
    );
    assert_eq!(
        (lab.device.values(0).unwrap().text(), lab.device.values(0).unwrap().integer),
        (long.clone(), 42)
    );
    let spoilt = [tlv::integer(1, 43), tlv::resource(0, &long), tlv::integer(22, 1)].concat();
    assert_eq!(
        lab.send(Request::post("/26241/0").content(TLV, spoilt).upload_szx(2)).code,
        Code::METHOD_NOT_ALLOWED
    );
    assert_eq!(lab.device.values(0).unwrap().integer, 42);
    let create = tlv::instance(3, &[tlv::resource(0, &long)]);
    assert_eq!(lab.send(Request::post("/26241").content(TLV, create).upload_szx(1)).code, Code::CREATED);
    assert_eq!(lab.text("/26241/3/0"), long);
}

/// RFC 7959 section 2.9.2: a block is missing.
#[test]
fn dmse_003_c_m_a_gap_is_4_08() {
    let mut lab = Lab::registered();
    for path in [UPLOAD, "/26241/0/4"] {
        let block = |number| Request::put(path).content(OPAQUE, body(200)).one_block(number, 2);
        assert_eq!(lab.send(block(1)).code, Code::REQUEST_ENTITY_INCOMPLETE, "{path}: no beginning");
        assert_eq!(lab.send(block(0)).code, Code::CONTINUE);
        assert_eq!(lab.send(block(2)).code, Code::REQUEST_ENTITY_INCOMPLETE, "{path}: a gap");
    }
    assert_eq!(lab.device.blob().complete.len(), 0);
    let other = Request::put(UPLOAD).content(0, body(200)).one_block(1, 2);
    lab.send(Request::put(UPLOAD).content(OPAQUE, body(200)).one_block(0, 2));
    assert_eq!(lab.send(other).code, Code::REQUEST_ENTITY_INCOMPLETE, "another format is another body");
}

/// A body larger than the buffer: 4.13 as soon as it is known, and nothing is written.
#[test]
fn dmse_003_c_m_a_body_too_large_is_4_13() {
    let mut lab = Setup { body: 200, ..Setup::default() }.registered();
    let payload = tlv::resource(0, "y".repeat(280));
    let told = Request::post("/26241/0")
        .content(TLV, payload.clone())
        .option(options::SIZE1, options::uint(283))
        .one_block(0, 2);
    assert_eq!(lab.send(told).code, Code::REQUEST_ENTITY_TOO_LARGE, "it was said before");
    let untold = lab.send(Request::post("/26241/0").content(TLV, payload).upload_szx(2));
    assert_eq!(untold.code, Code::REQUEST_ENTITY_TOO_LARGE);
    assert_eq!(untold.uint(options::SIZE1), Some(200), "how much could be taken");
    assert_eq!(lab.device.values(0).unwrap().text(), "");
}

/// RFC 7959 section 2.9.3: a datagram larger than the buffer is 4.13 with the block size that would do.
#[test]
fn dmse_003_c_m_a_datagram_too_large_is_4_13_with_a_hint() {
    let mut lab = Setup { datagram: 256, ..Setup::default() }.registered();
    let large = lab.send(Request::put(UPLOAD).content(OPAQUE, body(900)).by_hand());
    assert_eq!(large.code, Code::REQUEST_ENTITY_TOO_LARGE);
    let hint = large.block1().expect("a Block1 option");
    assert!(hint.size() <= 192, "{hint:?}");
    let again = lab.send(Request::put(UPLOAD).content(OPAQUE, body(900)).upload_szx(6));
    assert_eq!(again.code, Code::CHANGED, "the lab follows the hint");
    assert_eq!(lab.device.blob().complete, [body(900)]);
    let non = lab.server.send(Request::put(UPLOAD).content(OPAQUE, body(900)).by_hand().non());
    lab.run(seconds(100));
    assert!(lab.server.outcome(non).is_some_and(|outcome| outcome.result.is_err()));
}

/// Two servers upload at one time: one is asked to come back, and both arrive whole in the end.
#[test]
fn dmse_003_c_m_two_servers_upload_at_once() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    let first = lab.server.send(Request::put(UPLOAD).content(OPAQUE, body(400)).one_block(0, 4));
    assert_eq!(lab.code(first), Code::CONTINUE);
    let second = lab.second.send(Request::put(UPLOAD).content(OPAQUE, body(300)).upload_szx(4));
    let code = lab.second_code(second);
    assert_eq!(code, Code::SERVICE_UNAVAILABLE);
    let rest = lab.send(Request::put(UPLOAD).content(OPAQUE, body(400)).one_block(1, 4));
    assert_eq!(rest.code, Code::CHANGED);
    let second = lab.second.send(Request::put(UPLOAD).content(OPAQUE, body(300)).upload_szx(4));
    assert_eq!(lab.second_code(second), Code::CHANGED);
    assert_eq!(lab.device.blob().complete, [body(400), body(300)]);
}

/// An upload that its server gave up does not bar others for ever (EXCHANGE_LIFETIME, 247 s).
#[test]
fn dmse_003_c_m_an_upload_given_up_expires() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    let first = lab.server.send(Request::put(UPLOAD).content(OPAQUE, body(400)).one_block(0, 4));
    assert_eq!(lab.code(first), Code::CONTINUE);
    lab.run(seconds(248));
    let second = lab.second.send(Request::put(UPLOAD).content(OPAQUE, body(300)).upload_szx(4));
    assert_eq!(lab.second_code(second), Code::CHANGED);
    let late = lab.send(Request::put(UPLOAD).content(OPAQUE, body(400)).one_block(1, 4));
    assert_eq!(late.code, Code::REQUEST_ENTITY_INCOMPLETE);
}

/// RFC 7959 section 3.4: a notification larger than a block; the server fetches the rest.
#[test]
fn ir_002_c_m_a_large_notification_begins_with_its_first_block() {
    for confirm in [false, true] {
        let mut lab = Setup { confirm, datagram: 512, ..Setup::default() }.registered();
        let observation = lab.server.observe_as(LARGE, OPAQUE);
        lab.run(seconds(1));
        assert!(lab.server.first_answer(observation).payload == content());
        lab.device.blob().content[10] = 99;
        lab.device.changed(LARGE);
        lab.run(seconds(5));
        let notifications = lab.server.notifications(observation);
        assert_eq!(notifications.len(), 1, "the blocks after the first are no notifications");
        assert!(notifications[0].whole);
        assert!(notifications[0].payload == *lab.device.blob().content);
        assert_eq!(lab.server.complaints(), []);
    }
}

/// A wrong Block option: the reserved size, or a payload that does not suit it.
#[test]
fn dmse_003_c_m_wrong_block_options_are_refused() {
    let mut lab = Lab::registered();
    let reserved = lab.send(Request::get(LARGE).option(options::BLOCK2, [0x07]).by_hand());
    assert_eq!(reserved.code.class(), 4);
    let short = Request::put(UPLOAD)
        .content(OPAQUE, "abc")
        .option(options::BLOCK1, Block::new(0, true, 2).bytes())
        .by_hand();
    assert_eq!(lab.send(short).code, Code::BAD_REQUEST, "RFC 7959 section 2.3: 64 bytes if more follow");
    assert_eq!(lab.device.blob().chunks.len(), 0);
}

/// The last block's answer is lost: the repeated block is answered again and not taken again.
#[test]
fn dmse_003_c_m_a_repeated_last_block_is_not_taken_again() {
    let mut lab = Lab::registered();
    let block = |number: u32, id: u16| {
        let mut message = Message::new(Type::Con, Code::PUT, id);
        message.token = vec![9];
        for segment in ["26242", "0", "1"] {
            message.push(options::URI_PATH, segment);
        }
        message.push(options::CONTENT_FORMAT, [42]);
        message.push(options::BLOCK1, Block::new(number, number == 0, 0).bytes());
        message.payload = vec![b'a' + number as u8; 16];
        message.bytes()
    };
    for (number, id) in [(0, 1000), (1, 1001), (1, 1001), (1, 1002)] {
        lab.network.send(SERVER, DEVICE, &block(number, id));
        lab.run(10);
    }
    assert_eq!(lab.device.blob().complete.len(), 1);
    let answers: Vec<Code> = lab
        .network
        .records()
        .iter()
        .filter(|r| r.from == DEVICE)
        .skip(1)
        .map(|r| Message::parse(&r.bytes).unwrap().code)
        .collect();
    assert_eq!(answers, [Code::CONTINUE, Code::CHANGED, Code::CHANGED, Code::CHANGED]);
}

/// A value that fits the buffer for bodies, and is another one at each moment.
fn restless(lab: &mut Lab, round: u8) {
    lab.device.blob().content = vec![round; 2000];
}

fn one_block(lab: &mut Lab, number: u32) -> Response {
    lab.send(Request::get(LARGE).accept(OPAQUE).from_block(number, 5).by_hand())
}

/// RFC 7959 section 2.4: all blocks are of the moment of the first, whatever the value is meanwhile.
#[test]
fn df_002_c_o_a_value_that_changes_is_read_as_it_was() {
    let mut lab = Lab::registered();
    for begin in [1, 11] {
        restless(&mut lab, begin);
        let first = one_block(&mut lab, 0);
        assert_eq!(first.size2(), Some(2000));
        for number in 1..4 {
            restless(&mut lab, begin + number as u8);
            let next = one_block(&mut lab, number);
            assert_eq!(next.etag(), first.etag(), "block {number}");
            assert!(next.payload.iter().all(|byte| *byte == begin), "block {number}");
            assert_eq!(next.block2(), Some(Block::new(number, number < 3, 5)));
        }
    }
    let again = one_block(&mut lab, 3);
    assert_eq!(again.payload[0], 11, "the last block may be asked for once more");
}

/// The clock goes on while a slow network carries /3/0: the server, which minds ETags, has it at the first attempt.
#[test]
fn df_003_c_m_the_device_is_read_through_a_network_that_takes_seconds() {
    let mut lab = Setup { datagram: 128, ..Setup::default() }.registered();
    lab.network.weather = whimbrel_lab::net::Weather { loss: 0, duplication: 0, delay: 1500, jitter: 0 };
    let before = lab.network.records().len();
    let read = lab.send(Request::get("/3/0").accept(TLV));
    assert_eq!(read.code, Code::CONTENT);
    assert!(tlv::find(&read.tlv(), &[13]).is_some(), "Current Time is in it");
    assert!(lab.network.records().len() - before > 4, "in blocks");
}

/// A body that arrives needs the place for itself: then each block is of its own moment, as the ETag says.
#[test]
fn dmse_003_c_m_a_read_in_blocks_does_not_disturb_a_write() {
    let mut lab = Lab::registered();
    let payload = tlv::resource(0, "x".repeat(300));
    let part = |number| Request::post("/26241/0").content(TLV, payload.clone()).one_block(number, 4);
    assert_eq!(lab.send(part(0)).code, Code::CONTINUE);
    restless(&mut lab, 1);
    let first = one_block(&mut lab, 0);
    restless(&mut lab, 2);
    let second = one_block(&mut lab, 1);
    assert_ne!(second.etag(), first.etag());
    assert_eq!(second.payload[0], 2);
    assert_eq!(lab.send(part(1)).code, Code::CHANGED);
    assert_eq!(lab.device.values(0).unwrap().text(), "x".repeat(300));

    let first = one_block(&mut lab, 0);
    assert_eq!(lab.send(part(0)).code, Code::CONTINUE);
    restless(&mut lab, 3);
    let second = one_block(&mut lab, 1);
    assert_ne!(second.etag(), first.etag(), "the write has taken the place");
    assert_eq!((second.payload[0], second.payload.len()), (3, 512));
}

/// A stream has no need of it.
#[test]
fn dmse_003_c_m_a_stream_and_a_read_in_blocks_go_together() {
    let mut lab = Lab::registered();
    let part = |number| Request::put(UPLOAD).content(OPAQUE, body(400)).one_block(number, 4);
    assert_eq!(lab.send(part(0)).code, Code::CONTINUE);
    restless(&mut lab, 1);
    let first = one_block(&mut lab, 0);
    restless(&mut lab, 2);
    assert_eq!(lab.send(part(1)).code, Code::CHANGED);
    assert_eq!(one_block(&mut lab, 1).etag(), first.etag());
    assert_eq!(lab.device.blob().complete, [body(400)]);
}

/// Two servers: who has begun keeps the place until it has all blocks, or has not asked for EXCHANGE_LIFETIME.
#[test]
fn df_002_c_o_what_one_server_reads_is_not_what_another_reads() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    let other = |lab: &mut Lab, number| {
        let asked = lab.second.send(Request::get(LARGE).accept(OPAQUE).from_block(number, 5).by_hand());
        lab.second_answer(asked)
    };
    restless(&mut lab, 1);
    let first = one_block(&mut lab, 0);
    restless(&mut lab, 2);
    assert_eq!(other(&mut lab, 0).payload[0], 2);
    restless(&mut lab, 3);
    assert_eq!(other(&mut lab, 1).payload[0], 3, "no room for two");
    assert_eq!(one_block(&mut lab, 1).etag(), first.etag());
    assert_eq!(one_block(&mut lab, 3).payload[0], 1, "the last");
    let first = other(&mut lab, 0);
    restless(&mut lab, 4);
    assert_eq!(other(&mut lab, 1).etag(), first.etag());
    lab.run(seconds(248));
    assert_eq!(other(&mut lab, 2).payload[0], 4, "too late for what it began with");
    restless(&mut lab, 5);
    let first = one_block(&mut lab, 0);
    restless(&mut lab, 6);
    assert_eq!(one_block(&mut lab, 1).etag(), first.etag(), "the other one does not bar it");
}

/// The rest of a notification is of the moment at which it went out (RFC 7959 section 2.6).
#[test]
fn ir_002_c_m_the_rest_of_a_notification_is_of_its_moment() {
    let mut lab = Setup { datagram: 512, ..Setup::default() }.registered();
    restless(&mut lab, 1);
    let observation = lab.server.observe_as(LARGE, OPAQUE);
    lab.run(seconds(1));
    lab.network.weather = whimbrel_lab::net::Weather { loss: 0, duplication: 0, delay: 300, jitter: 0 };
    restless(&mut lab, 2);
    lab.device.changed(LARGE);
    // the first block is on its way, and the value is another one already
    lab.run(400);
    restless(&mut lab, 3);
    lab.run(seconds(10));
    let notifications = lab.server.notifications(observation);
    assert_eq!(notifications.len(), 1);
    assert!(notifications[0].whole);
    assert_eq!(notifications[0].payload, vec![2; 2000]);
    assert_eq!(lab.server.complaints(), []);
}

/// A body that was given up makes room; when its server goes on with it all the same, it does not go on behind what another
/// server has read since.
#[test]
fn dmse_003_c_m_a_write_given_up_does_not_go_on_behind_a_read() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    let part = |number| Request::put("/26241/0/4").content(OPAQUE, body(128)).one_block(number, 2);
    assert_eq!(lab.send(part(0)).code, Code::CONTINUE);
    lab.run(seconds(248));
    restless(&mut lab, 1);
    let asked = lab.second.send(Request::get(LARGE).accept(OPAQUE).from_block(0, 5).by_hand());
    assert_eq!(lab.second_answer(asked).payload[0], 1);
    let short = Request::put("/26241/0/4")
        .content(OPAQUE, "abc")
        .option(options::BLOCK1, Block::new(0, true, 2).bytes())
        .by_hand();
    assert_eq!(lab.send(short).code, Code::BAD_REQUEST);
    assert_eq!(lab.send(part(1)).code, Code::REQUEST_ENTITY_INCOMPLETE);
    assert_eq!(lab.send(Request::get("/26241/0/4").accept(OPAQUE)).payload, b"");
}

/// An instance that is deleted is not shown any more, though its object was read before.
#[test]
fn df_003_c_m_what_is_gone_is_not_read_from_what_was_held() {
    let mut lab = Lab::registered();
    let create = tlv::instance(1, &[tlv::resource(0, "q".repeat(40))]);
    assert_eq!(lab.send(Request::post("/26241").content(TLV, create)).code, Code::CREATED);
    let block = |number| Request::get("/26241").accept(TLV).from_block(number, 1).by_hand();
    let first = lab.send(block(0));
    assert_eq!(lab.send(block(1)).etag(), first.etag());
    assert_eq!(lab.send(Request::delete("/26241/1")).code, Code::DELETED);
    let next = lab.send(block(1));
    assert_ne!(next.etag(), first.etag());
    assert!(!next.payload.contains(&b'q'));
}

/// A notification that goes in blocks leaves a Read under way alone.
#[test]
fn ir_002_c_m_a_notification_does_not_end_a_read_under_way() {
    let mut lab = Setup { datagram: 128, ..Setup::default() }.registered();
    restless(&mut lab, 1);
    let observation = lab.server.observe_as(LARGE, OPAQUE);
    lab.run(seconds(5));
    let block = |number| Request::get("/3/0").accept(TLV).from_block(number, 2).by_hand();
    let first = lab.send(block(0));
    lab.run(seconds(2));
    restless(&mut lab, 2);
    lab.device.changed(LARGE);
    lab.run(seconds(2));
    assert_eq!(lab.server.notifications(observation).len(), 1);
    assert_eq!(lab.send(block(1)).etag(), first.etag(), "two seconds later, and a notification between");
}
