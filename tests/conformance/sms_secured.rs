//! SMS with security (TS 1.0 section 7.2): secured packets that end in the device, and DTLS with a record an SMS.

use super::dtls::{KEY, statuses};
use super::sms::{KEYS, by_sms, every_operation, number, patient, registered, sent, setup};
use std::collections::BTreeSet;
use whimbrel::capi::*;
use whimbrel_lab::device::{Moment, Security, Sms, Texting};
use whimbrel_lab::dtls::{Settings, records};
use whimbrel_lab::format::{OPAQUE, TEXT};
use whimbrel_lab::scene::{FIRST_ID, PHONE, SERVER_NUMBER};
use whimbrel_lab::sms::tpdu::{Submit, UserData, Validity};
use whimbrel_lab::sms::{Dropped, Record, Weather};
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, minutes, seconds};

const MOMENTS: [Moment; 4] = [Moment::Before, Moment::Torn, Moment::Garbled, Moment::After];

fn packets(binding: &'static str) -> Setup {
    let texting = Texting { number: Some(PHONE.into()), packets: true, ..Texting::default() };
    let sms = Sms::packets(SERVER_NUMBER, &KEYS);
    Setup { texting: Some(texting), sms: [Some(sms), None], persistent: true, ..setup(binding) }
}

fn dtls() -> Setup {
    let sms = Sms::dtls(SERVER_NUMBER);
    let gate = Settings { mtu: 140, ..Settings::default() };
    Setup { security: Security::psk("whimbrel", KEY), sms: [Some(sms), None], gate, ..setup("S") }
}

/// Counters of the packets that the device sent, by its own word: the gateway has checked each.
fn nothing_dropped(lab: &Lab) {
    let gateway = lab.gateways[0].as_ref().expect("a number of the server");
    assert!(gateway.dropped.is_empty(), "{:?}", gateway.dropped);
}

/// Section 7.2.2.3: everything in command packets, cut where they are long, over an ordinary network.
#[test]
fn mec_003_c_o_every_operation_in_secured_packets() {
    for (parameters, keys) in [(0x12, 32), (0x12, 16), (0x12, 48), (0x39, 48)] {
        let secret: Vec<u8> = (0..keys).map(|i| (i as u8).wrapping_mul(37) ^ 0x5a).collect();
        let sms = Sms {
            parameters: vec![parameters, parameters, 0x16, 0xb2, 0x02, 0x03],
            ..Sms::packets(SERVER_NUMBER, &secret)
        };
        let mut lab = Setup { sms: [Some(sms), None], ..packets("S") }.switched_on();
        patient(&mut lab);
        lab.centre.weather(Weather { delay: 2000, jitter: 500, ..Weather::default() });
        lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
        every_operation(&mut lab);
        nothing_dropped(&lab);
        for record in sent(&lab) {
            assert!(!record.tpdu.windows(8).any(|bytes| bytes == b"whimbrel"), "nothing in clear");
        }
    }
}

/// Large values in packets of several SMS.
#[test]
fn mec_003_c_o_long_packets_go_in_parts() {
    let mut lab = registered(&packets("S"));
    let content = lab.device.blob().content.clone();
    let read = lab.send(Request::get("/26242/0/0").accept(OPAQUE).block2_szx(6));
    assert!(read.payload == content, "the large value");
    let body: Vec<u8> = (0..600).map(|i| (i % 251) as u8).collect();
    assert_eq!(lab.send(Request::put("/26242/0/1").content(OPAQUE, body)).code, Code::CHANGED);
    nothing_dropped(&lab);
}

/// Section 7.2.2: what is not protected as it must be is discarded, and nothing is said.
#[test]
fn mec_003_c_o_what_is_not_protected_is_discarded() {
    let mut lab = registered(&packets("S"));
    lab.run(seconds(10));
    let before = sent(&lab).len();
    let get = [0x44, 1, 0x12, 0x34, 1, 2, 3, 4, 0xb1, b'3'];
    lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, &Submit::new(PHONE, UserData::plain(&get)));
    lab.run(seconds(10));
    // every SMS of the server so far once more, and with one bit changed
    let old: Vec<Submit> = lab.centre.sent_by(SERVER_NUMBER).into_iter().filter_map(|r| r.submit).collect();
    for submit in &old {
        lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, submit);
        lab.run(seconds(1));
        for at in 0..submit.data.payload.len() {
            let mut flipped = submit.clone();
            flipped.data.payload[at] ^= 0x10;
            lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, &flipped);
            lab.run(seconds(1));
        }
    }
    assert_eq!(sent(&lab).len(), before, "not a word");
    let told: BTreeSet<i32> = statuses(&lab, WHIMBREL_EVENT_DROPPED).into_iter().collect();
    let reasons =
        [WHIMBREL_ERR_EXISTS, WHIMBREL_ERR_BAD_VALUE, WHIMBREL_ERR_UNAUTHORIZED, WHIMBREL_ERR_MALFORMED];
    assert_eq!(told, reasons.into());
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// What the device sent, sent back to it under the server's number, is not taken for the server's: however long ago it was,
/// in this life or the one before, and whatever it is.
#[test]
fn mec_003_c_o_a_reflected_packet_is_not_taken() {
    for confirm in [false, true] {
        let mut lab = registered(&Setup { confirm, ..packets("S") });
        let observation = lab.observe("/3303/0/5700");
        for n in 1..=20 {
            lab.device.set("/3303/0/5700", f64::from(n));
            lab.run(seconds(10));
        }
        assert_eq!(lab.server.notified(observation).len(), 20, "our counter is far ahead of the server's");
        assert_eq!(lab.text("/3/0/9"), "100");
        lab.device.update(FIRST_ID);
        lab.run(seconds(10));
        reflect_all(&mut lab);
        lab.power_cycle();
        lab.run(minutes(1));
        assert!(lab.device.is_registered(FIRST_ID));
        reflect_all(&mut lab);
    }
}

/// Sends everything back that the device ever sent; not a word is said, and the counter of the server is where it was.
fn reflect_all(lab: &mut Lab) {
    let before = sent(lab).len();
    for submit in sent(lab).into_iter().filter_map(|record| record.submit) {
        lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, &submit);
        lab.run(seconds(1));
    }
    assert_eq!(sent(lab).len(), before);
    assert!(statuses(lab, WHIMBREL_EVENT_DROPPED).contains(&WHIMBREL_ERR_EXISTS));
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// A packet that is overtaken is late: its counter is not higher any more.
#[test]
fn mec_003_c_o_a_packet_that_is_overtaken_is_dropped() {
    let mut lab = registered(&packets("US"));
    lab.centre.hold_next(SERVER_NUMBER, 1, minutes(1));
    by_sms(&mut lab, Request::post("/26241/0/20"));
    lab.run(seconds(1));
    let number = number(&mut lab);
    lab.server.send_raw(number, &[0x44, 1, 7, 7, 1, 2, 3, 4, 0xb1, b'3', 1, b'0', 1, b'9']);
    lab.run(minutes(2));
    assert_eq!(lab.device.executed("/26241/0/20"), 0);
    assert!(statuses(&lab, WHIMBREL_EVENT_DROPPED).contains(&WHIMBREL_ERR_EXISTS));
}

/// Response packets by policy (TS 102 225): one where both want it, none where the device does not.
#[test]
fn mec_003_c_o_a_response_packet_where_it_is_wanted() {
    for (flags, answers) in [(WHIMBREL_SMS_RESPOND, 1), (0, 0)] {
        let mut setup = packets("US");
        let parameters = vec![0x12, 0x12, 0x16, 0x39, 0xb2, 0x02, 0x03];
        setup.sms = [Some(Sms { parameters, ..Sms::packets(SERVER_NUMBER, &KEYS) }), None];
        setup.texting = setup.texting.map(|texting| Texting { flags, ..texting });
        let mut lab = registered(&setup);
        let read = by_sms(&mut lab, Request::get("/3/0/9").accept(TEXT));
        assert_eq!(lab.code(read), Code::CONTENT);
        let gateway = lab.gateways[0].as_ref().expect("a number of the server");
        assert_eq!(gateway.responses.len(), answers);
        assert!(gateway.responses.iter().all(|(_, _, response)| response.status == 0));
    }
}

/// The life that is cut at every operation of storage: requests by SMS, each acting once, and answers.
fn live(lab: &mut Lab) {
    lab.run(seconds(30));
    for _ in 0..20 {
        let execute = by_sms(lab, Request::post("/26241/0/20"));
        lab.run(seconds(20));
        lab.server.give_up(execute);
    }
}

/// How many SMS of the device the gateway dropped because their counter had been used before.
fn reused(lab: &Lab) -> usize {
    let gateway = lab.gateways[0].as_ref().expect("a number of the server");
    let counter = |dropped: &&(u64, String, Dropped)| {
        matches!(dropped.2, Dropped::Command(whimbrel_lab::sms::Refusal::Counter))
    };
    gateway.dropped.iter().filter(counter).count()
}

/// The receive counter is on stable storage before the message acts, the send counter is reserved ahead: power cut at every
/// operation of storage, before it, torn, garbled and after it, no counter is used twice and no message acts twice.
#[test]
fn mec_003_c_o_power_cut_at_every_storage_operation_with_packets() {
    let setup = Setup { lifetime: 86_400, ..packets("US") };
    let mut whole = registered(&setup);
    let first = whole.storage.log().len();
    live(&mut whole);
    let last = whole.storage.log().len();
    assert!(last - first > 20, "{first} to {last}: each request is one write");
    let (mut cuts, mut again) = (0, 0);
    for at in first..last {
        for moment in MOMENTS {
            let mut lab = registered(&setup);
            lab.storage.cut_at(at, moment);
            live(&mut lab);
            assert!(lab.storage.is_off(), "operation {at} {moment:?}");
            let before = lab.device.executed("/26241/0/20");
            lab.power_cycle();
            lab.run(seconds(60));
            assert!(lab.device.is_registered(FIRST_ID), "operation {at} {moment:?}");
            // all that the server ever sent comes once more
            let old: Vec<Submit> =
                lab.centre.sent_by(SERVER_NUMBER).into_iter().filter_map(|r| r.submit).collect();
            let acted = lab.device.executed("/26241/0/20");
            for submit in &old {
                lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, submit);
                lab.run(seconds(1));
            }
            // the one whose counter was not written down yet may act now: it had not acted before
            again += lab.device.executed("/26241/0/20") - acted;
            assert!(lab.device.executed("/26241/0/20") <= acted + 1, "operation {at} {moment:?}: {before}");
            let read = by_sms(&mut lab, Request::get("/3/0/9").accept(TEXT));
            assert_eq!(lab.code(read), Code::CONTENT, "operation {at} {moment:?}");
            assert_eq!(reused(&lab), 0, "operation {at} {moment:?}");
            cuts += 1;
        }
    }
    println!(
        "{} operations of storage, {cuts} cuts, {again} messages taken up that had not acted",
        last - first
    );
}

/// Where the counter cannot be written the message does not act, and nothing is said.
#[test]
fn mec_003_c_o_needs_storage() {
    let setup = Setup { persistent: false, ..packets("S") };
    let texting = setup.texting.clone().expect("SMS");
    assert!(texting.packets);
    let mut lab = registered(&packets("US"));
    lab.storage.fail(Some(WHIMBREL_ERR_STORAGE));
    by_sms(&mut lab, Request::post("/26241/0/20"));
    lab.run(seconds(10));
    assert_eq!(lab.device.executed("/26241/0/20"), 0);
    assert_eq!(sent(&lab).len(), 0);
    assert!(statuses(&lab, WHIMBREL_EVENT_STORAGE_FAILED).contains(&WHIMBREL_ERR_STORAGE));
}

/// Section 7.2.2.1: one record an SMS, no user data header, 140 bytes at most, a validity period that covers the timer.
#[test]
fn mec_003_c_o_dtls_one_record_an_sms() {
    let mut lab = dtls().switched_on();
    patient(&mut lab);
    lab.centre.weather(Weather { delay: 2000, jitter: 1000, ..Weather::default() });
    lab.run_until("registration", minutes(10), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.handshakes(), (1, 0));
    every_operation(&mut lab);
    for record in sent(&lab) {
        let submit = record.submit.expect("a SUBMIT");
        assert!(submit.data.header.is_empty(), "no header");
        assert!(submit.data.payload.len() <= 140);
        records::parse(&submit.data.payload).expect("made of DTLS records");
        assert_eq!(submit.validity, Validity::Relative(0), "five minutes, and the longest timer is one");
    }
    assert_eq!(lab.network.sent_by(whimbrel_lab::scene::DEVICE), 0);
    nothing_dropped(&lab);
}

/// Section 7.2.2.1.5: the validity period covers the longest timer, however soon answers are expected.
#[test]
fn mec_003_c_o_dtls_records_are_valid_as_long_as_their_timer() {
    let mut setup = dtls();
    setup.texting = setup.texting.map(|texting| Texting { answer: 10, ..texting });
    for (longest, valid) in [(0, 60), (600_000, 600)] {
        let mut lab = Setup { handshake: (0, longest), ..setup.clone() }.switched_on();
        patient(&mut lab);
        lab.run_until("registration", minutes(10), |lab| lab.device.is_registered(FIRST_ID));
        for record in sent(&lab) {
            let Validity::Relative(n) = record.submit.expect("a SUBMIT").validity else { panic!("relative") };
            // TS 23.040 section 9.2.3.12.1: steps of five minutes
            assert!((u32::from(n) + 1) * 300 >= valid, "{n}");
        }
    }
}

/// Section 7.2.2.1.5: the first timer is 9 s, and it doubles; the whole flight is repeated.
#[test]
fn mec_003_c_o_dtls_repeats_after_nine_seconds() {
    let mut lab = dtls().switched_on();
    lab.centre.reachable(0, SERVER_NUMBER, false);
    lab.run(minutes(3));
    let times: Vec<u64> = sent(&lab).iter().map(|record| record.time).collect();
    assert_eq!(times[..4], [0, seconds(9), seconds(27), seconds(63)]);
}

/// Section 7.2.2.1.6: 29 bytes of DTLS leave 107 behind a CoAP header without a token, 99 with one of 8 bytes.
#[test]
fn mec_003_c_o_dtls_payload_of_one_sms() {
    for (token, behind) in [(0, 107), (8, 99)] {
        let mut lab = registered(&dtls());
        let (peer, texts) = (lab.server.client().peer, sent(&lab).len());
        let received = lab.centre.sent_by(SERVER_NUMBER).len();
        // PUT /26241/0/21 with as many bytes as fit
        let mut message = vec![0x40 | token, 3, 0x33, token];
        message.extend(std::iter::repeat_n(0xa5, token.into()));
        message.extend(*b"\xb526241\x010\x0221\x11\x2a\xff");
        message.resize(4 + usize::from(token) + behind, 0x5a);
        lab.server.send_raw(peer, &message);
        lab.run(seconds(5));
        let came = lab.centre.sent_by(SERVER_NUMBER).split_off(received);
        let length = |record: &Record| record.submit.as_ref().map_or(0, |submit| submit.data.payload.len());
        assert_eq!(came.iter().map(length).collect::<Vec<_>>(), [140]);
        assert_eq!(sent(&lab).len(), texts + 1, "{:?}", lab.device.events());
        message.push(0);
        message[2] += 1;
        lab.server.send_raw(peer, &message);
        lab.run(seconds(5));
        assert_eq!(lab.centre.sent_by(SERVER_NUMBER).len(), received + 1, "one byte more has no room");
        // what the device sends is cut to what has room: 64 bytes are the largest block
        let read = lab.server.read_as("/26242/0/0", OPAQUE);
        lab.run(minutes(1));
        assert!(lab.server.response(read).payload == lab.device.blob().content, "the large value");
        let longest = sent(&lab).iter().map(length).max();
        assert!(longest.is_some_and(|longest| (64 + 29..=140).contains(&longest)), "{longest:?}");
    }
}

/// A lost SMS of the handshake: the flight comes again, and the handshake is done.
#[test]
fn mec_003_c_o_dtls_survives_losses() {
    for lost in 0..4 {
        for number in [PHONE, SERVER_NUMBER] {
            let mut lab = dtls().switched_on();
            patient(&mut lab);
            lab.centre.drop_after(number, lost, 1);
            lab.run_until("registration", minutes(30), |lab| lab.device.is_registered(FIRST_ID));
        }
    }
}

/// After a restart with storage the session goes on: our number is what it was, and no Connection ID is needed.
#[test]
fn mec_003_c_o_dtls_outlives_a_restart() {
    let mut lab = registered(&Setup { persistent: true, ..dtls() });
    lab.run(seconds(10));
    lab.power_cycle();
    lab.run(minutes(1));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.handshakes(), (1, 0));
    assert_eq!((lab.server.count(Operation::Register), lab.server.count(Operation::Update)), (1, 1));
}

/// Messages in parts and in clear are not for an account with DTLS.
#[test]
fn mec_003_c_o_dtls_hears_records_only() {
    let mut lab = registered(&dtls());
    let texts = sent(&lab).len();
    let get = [0x44, 1, 0x12, 0x34, 1, 2, 3, 4, 0xb1, b'3'];
    lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, &Submit::new(PHONE, UserData::plain(&get)));
    lab.run(seconds(5));
    assert_eq!(sent(&lab).len(), texts);
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// What docs/sms.md says that things cost, in SMS of the device and of the server.
#[test]
fn mec_003_c_o_what_things_cost_in_messages() {
    let mut table = Vec::new();
    for (name, setup) in [("NoSec", setup("S")), ("packets", packets("S")), ("DTLS", dtls())] {
        let mut lab = setup.switched_on();
        patient(&mut lab);
        let counts = |lab: &Lab| (sent(lab).len(), lab.centre.sent_by(SERVER_NUMBER).len());
        lab.run_until("a session", minutes(5), |lab| lab.device.is_registered(FIRST_ID));
        let first = counts(&lab);
        let mut row = vec![first];
        let mut cost = |lab: &mut Lab, what: &dyn Fn(&mut Lab)| {
            let before = counts(lab);
            what(lab);
            lab.run(minutes(1));
            let after = counts(lab);
            row.push((after.0 - before.0, after.1 - before.1));
        };
        cost(&mut lab, &|lab| assert_eq!(lab.device.update(FIRST_ID), WHIMBREL_OK));
        cost(&mut lab, &|lab| assert_eq!(lab.text("/3/0/9"), "100"));
        cost(&mut lab, &|lab| _ = lab.server.read("/3/0"));
        cost(&mut lab, &|lab| _ = lab.observe("/3303/0/5700"));
        cost(&mut lab, &|lab| lab.device.set("/3303/0/5700", 2.5));
        table.push((name, row));
    }
    // Register with session, Update, Read of a resource, Read of an object with 150 bytes, Observe, Notify
    let expected = vec![
        ("NoSec", vec![(1, 1), (1, 1), (1, 1), (2, 1), (1, 1), (1, 0)]),
        ("packets", vec![(2, 1), (1, 1), (1, 1), (2, 1), (1, 1), (1, 0)]),
        ("DTLS", vec![(8, 9), (1, 1), (1, 1), (5, 5), (1, 1), (1, 0)]),
    ];
    assert_eq!(table, expected);
}
