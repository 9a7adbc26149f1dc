//! SMS as a way to a server (LwM2M-MEC-003-C-O; TS 1.0 sections 5.3.1.1, 8.4 and 8.6.2): bindings S, SQ, US, UQS, without
//! security.

use super::dtls::statuses;
use whimbrel::capi::*;
use whimbrel_lab::device::{Sms, Texting};
use whimbrel_lab::format::{OPAQUE, TEXT};
use whimbrel_lab::net::Peer;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, PHONE, SERVER_NUMBER};
use whimbrel_lab::sms::tpdu::{Submit, UserData};
use whimbrel_lab::sms::{Fate, Record, Validity, Weather};
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, minutes, seconds};

/// Of secured packets: KIc and KID, 16 bytes each.
pub const KEYS: [u8; 32] = *b"0123456789abcdefFEDCBA9876543210";

/// A client that is reached by SMS without security, and a server that repeats nothing.
pub fn setup(binding: &'static str) -> Setup {
    let texting = Texting { number: Some(PHONE.into()), ..Texting::default() };
    Setup {
        binding,
        texting: Some(texting),
        sms: [Some(Sms::clear(SERVER_NUMBER)), None],
        ..Setup::default()
    }
}

/// By SMS no side repeats CoAP messages (TS 1.0 section 8.6.2).
pub fn patient(lab: &mut Lab) {
    lab.server.settings.max_retransmit = 0;
    lab.server.settings.ack_timeout = seconds(300);
    lab.server.settings.response_wait = seconds(600);
}

pub fn registered(setup: &Setup) -> Lab {
    let mut lab = setup.switched_on();
    patient(&mut lab);
    lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
    lab
}

/// How the server sees the device's number.
pub fn number(lab: &mut Lab) -> Peer {
    lab.gateways[0].as_mut().expect("a number of the server").peer(PHONE)
}

/// What the device sent by SMS.
pub fn sent(lab: &Lab) -> Vec<Record> {
    lab.centre.sent_by(PHONE)
}

/// Sends a request of the server by SMS.
pub fn by_sms(lab: &mut Lab, request: Request) -> whimbrel_lab::RequestId {
    let peer = number(lab);
    lab.server.send_to(peer, request)
}

/// Every operation, with patience.
pub fn every_operation(lab: &mut Lab) {
    let read = lab.server.read("/3/0");
    assert_eq!(lab.code(read), Code::CONTENT);
    let discover = lab.server.discover("/3303");
    assert_eq!(lab.code(discover), Code::CONTENT);
    assert_eq!(lab.send(Request::put("/26241/0/1").content(TEXT, "7")).code, Code::CHANGED);
    assert_eq!(lab.text("/26241/0/1"), "7");
    let observation = lab.observe("/3303/0/5700");
    lab.device.set("/3303/0/5700", 3.5);
    lab.run(minutes(1));
    assert_eq!(lab.server.notified(observation), [3.5]);
    let execute = lab.server.execute("/26241/0/20", "");
    assert_eq!(lab.code(execute), Code::CHANGED);
    assert_eq!(lab.device.executed("/26241/0/20"), 1);
    let cancel = lab.server.cancel_observe(observation);
    assert_eq!(lab.code(cancel), Code::CONTENT);
    assert_eq!(lab.server.complaints(), []);
}

/// LwM2M-MEC-003-C-O, LwM2M-CR-006-C-O: the Register goes by SMS and tells the number; each SMS is 8-bit data.
#[test]
fn mec_003_c_o_registers_by_sms() {
    let lab = registered(&setup("S"));
    let client = lab.server.client();
    assert_eq!((client.binding.as_str(), client.sms.as_deref()), ("S", Some("15555550199")));
    assert_eq!(lab.network.sent_by(DEVICE), 0);
    for record in sent(&lab) {
        let submit = record.submit.expect("a SUBMIT");
        assert_eq!((submit.data.pid, submit.data.dcs), (0, 4));
        assert_eq!(submit.validity, Validity::Relative(0));
        assert!(!submit.report);
    }
    assert_eq!(lab.server.complaints(), []);
}

/// LwM2M-MEC-003-C-O: all of device management and reporting, over seconds of latency, in any order of arrival.
#[test]
fn mec_003_c_o_every_operation_by_sms() {
    for seed in 1..20 {
        let setup = Setup { seed, ..setup("S") };
        let mut lab = setup.switched_on();
        patient(&mut lab);
        lab.centre.weather(Weather { duplication: 20, ..Weather::ordinary() });
        lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
        every_operation(&mut lab);
        assert_eq!(lab.network.sent_by(DEVICE), 0);
    }
}

/// Section 8.6.2: what is longer than an SMS goes in parts, both ways.
#[test]
fn mec_003_c_o_long_messages_go_in_parts() {
    let mut lab = registered(&setup("S"));
    lab.centre.weather(Weather::ordinary());
    let before = sent(&lab).len();
    let content = lab.device.blob().content.clone();
    let read = lab.send(Request::get("/26242/0/0").accept(OPAQUE).block2_szx(5));
    assert!(read.payload == content, "the large value");
    assert!(sent(&lab).len() - before > content.len() / 140);
    let body: Vec<u8> = (0..600).map(|i| (i % 251) as u8).collect();
    let write = lab.send(Request::put("/26242/0/1").content(OPAQUE, body.clone()).upload_szx(6));
    assert_eq!(write.code, Code::CHANGED);
    assert!(lab.device.blob().complete.last() == Some(&body), "the large value");
}

/// Section 8.6.2: CoAP repeats nothing; what got lost is lost, and the client begins anew after five minutes.
#[test]
fn mec_003_c_o_nothing_is_repeated() {
    let mut lab = setup("S").switched_on();
    patient(&mut lab);
    lab.centre.drop_next(PHONE, 1);
    lab.run(seconds(299));
    assert_eq!(sent(&lab).len(), 1);
    assert_eq!(lab.device.deadline(), (seconds(300), WHIMBREL_WAKE_RETRANSMISSION));
    lab.run(minutes(3));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_REGISTER_FAILED), [WHIMBREL_ERR_TIMEOUT]);
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// A part that is lost loses the message; the others are forgotten after five minutes, and the next message is not theirs.
#[test]
fn mec_003_c_o_a_lost_part_loses_the_message() {
    let mut lab = registered(&setup("S"));
    let body = vec![7; 300];
    lab.centre.drop_after(SERVER_NUMBER, 1, 1);
    let lost = lab.server.send(Request::put("/26242/0/1").content(OPAQUE, body.clone()));
    lab.run(seconds(10));
    assert_eq!(lab.device.deadline(), (seconds(300), WHIMBREL_WAKE_SMS));
    lab.run(minutes(10));
    assert!(lab.server.outcome(lost).is_some_and(|outcome| outcome.result.is_err()));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_DROPPED), [WHIMBREL_ERR_INCOMPLETE]);
    assert_eq!(lab.device.blob().complete.len(), 0);
    let write = lab.send(Request::put("/26242/0/1").content(OPAQUE, body));
    assert_eq!(write.code, Code::CHANGED);
}

/// RFC 7959 section 2.9.3: a message that is longer than can be taken is told so, by the way it came.
#[test]
fn mec_003_c_o_a_message_that_is_too_long() {
    let mut lab = registered(&Setup { datagram: 256, ..setup("S") });
    let texts = sent(&lab).len();
    let write = lab.server.send(Request::put("/26242/0/1").content(OPAQUE, vec![9; 250]));
    lab.run(seconds(10));
    assert_eq!(lab.server.code(write).map(|code| code.to_string()).as_deref(), Some("4.13"));
    assert_eq!(sent(&lab).len(), texts + 1);
}

/// An SMS that comes twice is not done twice, however much later.
#[test]
fn mec_003_c_o_an_execute_that_comes_twice_is_done_once() {
    let mut lab = registered(&setup("S"));
    lab.centre.weather(Weather { duplication: 100, jitter: minutes(4), ..Weather::default() });
    let execute = lab.server.execute("/26241/0/20", "");
    assert_eq!(lab.code(execute), Code::CHANGED);
    lab.run(minutes(10));
    assert_eq!(lab.device.executed("/26241/0/20"), 1);
}

/// Section 7.2: who is not known is not heard, and not answered.
#[test]
fn mec_003_c_o_a_stranger_is_not_answered() {
    let mut lab = registered(&setup("S"));
    let before = sent(&lab).len();
    let get = [0x44, 1, 0x12, 0x34, 1, 2, 3, 4, 0xb1, b'3'];
    let submit = Submit::new(PHONE, UserData::plain(&get));
    lab.centre.inject(lab.now(), "+15555550177", PHONE, &submit);
    lab.run(minutes(1));
    assert_eq!(sent(&lab).len(), before);
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_DROPPED), [WHIMBREL_ERR_UNAUTHORIZED]);
    lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, &submit);
    lab.run(minutes(1));
    assert!(sent(&lab).len() > before, "the same from the server");
}

/// Section 5.3.1.1, US: each request is answered the way it came; what the client begins goes by UDP.
#[test]
fn mec_003_c_o_us_answers_on_the_way_of_the_request() {
    let mut lab = registered(&setup("US"));
    assert_eq!(lab.server.client().binding, "US");
    assert_eq!(lab.server.client().peer, DEVICE);
    assert_eq!(sent(&lab).len(), 0);
    assert_eq!(lab.text("/3/0/9"), "100");
    assert_eq!(sent(&lab).len(), 0);
    let datagrams = lab.network.sent_by(DEVICE);
    let read = by_sms(&mut lab, Request::get("/3/0/9").accept(TEXT));
    assert_eq!(lab.code(read), Code::CONTENT);
    assert_eq!((sent(&lab).len(), lab.network.sent_by(DEVICE)), (1, datagrams));
    lab.device.update(FIRST_ID);
    lab.run(seconds(1));
    assert_eq!((sent(&lab).len(), lab.network.sent_by(DEVICE)), (1, datagrams + 1));
    assert_eq!(lab.server.complaints(), []);
}

/// The same Message ID by both ways is not the same message.
#[test]
fn mec_003_c_o_us_tells_the_two_ways_apart() {
    let mut lab = registered(&setup("US"));
    let execute =
        [0x44, 2, 0x12, 0x34, 9, 9, 9, 9, 0xb5, b'2', b'6', b'2', b'4', b'1', 1, b'0', 2, b'2', b'0'];
    let peer = number(&mut lab);
    lab.server.send_raw(DEVICE, &execute);
    lab.run(seconds(1));
    lab.server.send_raw(peer, &execute);
    lab.run(seconds(1));
    assert_eq!(lab.device.executed("/26241/0/20"), 2);
}

/// An observation that was asked for by SMS is reported by SMS.
#[test]
fn mec_003_c_o_us_notifies_on_the_way_of_the_observe() {
    let mut lab = registered(&setup("US"));
    let observe = by_sms(&mut lab, Request::get("/3303/0/5700").accept(TEXT).observe(0));
    assert_eq!(lab.code(observe), Code::CONTENT);
    let (datagrams, texts) = (lab.network.sent_by(DEVICE), sent(&lab).len());
    lab.device.set("/3303/0/5700", 8.5);
    lab.run(seconds(1));
    assert_eq!((sent(&lab).len(), lab.network.sent_by(DEVICE)), (texts + 1, datagrams));
    let udp = lab.observe("/3303/0/5700");
    lab.run(seconds(1));
    lab.device.set("/3303/0/5700", 9.5);
    lab.run(seconds(1));
    assert_eq!(lab.server.notified(udp), [9.5]);
}

/// Section 8.4 figure 27: a client that sleeps in UDP is woken by an SMS, and its server sends what it had queued.
#[test]
fn mec_003_c_o_uqs_is_woken_by_a_trigger() {
    let mut lab = registered(&Setup { lifetime: 86_400, ..setup("UQS") });
    assert!(lab.server.client().queue);
    lab.run(minutes(10));
    let off = lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF);
    assert_eq!(off.len(), 1);
    let read = lab.server.read("/3/0/9");
    lab.run(minutes(10));
    assert!(lab.server.outcome(read).is_none(), "the server waits");
    lab.centre.weather(Weather::ordinary());
    let trigger = by_sms(&mut lab, Request::post("/1/0/8"));
    lab.run(seconds(30));
    assert_eq!(lab.server.code(trigger), Some(Code::CHANGED), "by SMS");
    assert_eq!(lab.server.count(Operation::Update), 1);
    assert_eq!(lab.server.code(read), Some(Code::CONTENT));
    assert_eq!(sent(&lab).len(), 1);
}

/// 1.1 resource 21, RD 1.2 LwM2M-TRIG-03 to -05: a trigger is followed and not answered; nothing else is, and nobody else.
#[test]
fn mec_003_c_o_a_trigger_by_sms_is_not_answered() {
    let sms = Sms { trigger: true, ..Sms::clear(SERVER_NUMBER) };
    let setup = Setup { sms: [Some(sms), None], versions: (10, 11), ..setup("UQ") };
    let mut lab = registered(&setup);
    assert_eq!(lab.server.client().sms.as_deref(), Some("15555550199"));
    lab.run(minutes(10));
    let read = by_sms(&mut lab, Request::get("/3/0/9"));
    lab.run(minutes(1));
    assert!(lab.server.outcome(read).is_none());
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_DROPPED), [WHIMBREL_ERR_NOT_ALLOWED]);
    let disable = by_sms(&mut lab, Request::post("/1/0/4"));
    by_sms(&mut lab, Request::post("/1/0/8"));
    lab.run(minutes(1));
    assert!(lab.server.outcome(disable).is_none());
    assert_eq!(
        lab.server.count(Operation::Update),
        0,
        "one request at a time: the server still waits for the first"
    );
    lab.server.give_up(read);
    lab.server.give_up(disable);
    lab.run(minutes(1));
    assert_eq!(lab.server.count(Operation::Update), 1);
    assert_eq!(sent(&lab).len(), 0);
}

/// Appendix E.2 resource 7: a written binding takes effect, and is refused where it cannot be kept.
#[test]
fn obj_002_c_m_a_written_binding_changes_the_way() {
    let mut lab = registered(&setup("U"));
    assert_eq!(lab.send(Request::put("/1/0/7").content(TEXT, "UQSQ")).code, Code::BAD_REQUEST);
    let peer = number(&mut lab);
    assert_eq!(lab.send(Request::put("/1/0/7").content(TEXT, "S")).code, Code::CHANGED);
    lab.run(seconds(5));
    assert_eq!(lab.server.client().binding, "S");
    assert_eq!(lab.server.client().peer, peer);
    assert_eq!(lab.device.open_links(), 0);
    assert_eq!(lab.text("/3/0/9"), "100");
    assert_eq!(lab.send(Request::put("/1/0/7").content(TEXT, "U")).code, Code::CHANGED);
    lab.run(seconds(5));
    assert_eq!(lab.server.client().peer, DEVICE);
    assert_eq!(lab.text("/3/0/9"), "100");
    let mut lab = Setup { texting: None, sms: [None, None], ..setup("U") }.registered();
    assert_eq!(lab.send(Request::put("/1/0/7").content(TEXT, "S")).code, Code::BAD_REQUEST);
}

/// SQ: the client sleeps after its last message, and the server sends what it queued after the next Update.
#[test]
fn mec_001_c_o_queue_mode_by_sms() {
    let mut lab = registered(&Setup { lifetime: 7200, ..setup("SQ") });
    assert!(lab.server.client().queue);
    lab.run(minutes(20));
    let texts = sent(&lab).len();
    let read = lab.server.read("/3/0/9");
    lab.run(minutes(30));
    assert_eq!(sent(&lab).len(), texts, "nothing is said meanwhile");
    lab.run(minutes(120));
    assert_eq!(lab.server.code(read), Some(Code::CONTENT));
}

/// The IP network's coming and going means nothing to a client that has SMS alone.
#[test]
fn mec_003_c_o_needs_no_network() {
    let mut lab = setup("S").switched_on();
    patient(&mut lab);
    lab.device.network(false, false);
    lab.run_until("registration", seconds(10), |lab| lab.device.is_registered(FIRST_ID));
    lab.device.network(true, true);
    lab.run(minutes(1));
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// `tel:` URI: SMS is the way whatever the binding says; another number is told by an Update.
#[test]
fn cr_006_c_o_a_new_number_is_told() {
    let uris = [Some(format!("tel:{SERVER_NUMBER}")), None];
    let texting = Some(Texting::default());
    let mut lab = registered(&Setup { uris, texting, ..setup("S") });
    assert_eq!(lab.server.client().sms, None);
    assert_eq!(lab.device.set_number(PHONE), WHIMBREL_OK);
    lab.run(seconds(5));
    assert_eq!(lab.server.client().sms.as_deref(), Some("15555550199"));
    assert_eq!(lab.server.count(Operation::Update), 1);
}

/// What the modem has no room for is lost, and told.
#[test]
fn mec_003_c_o_a_modem_without_room() {
    let mut lab = setup("S").switched_on();
    patient(&mut lab);
    lab.device.refuse_texts(1);
    lab.run(seconds(1));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_LINK_FAILED), [WHIMBREL_ERR_BUSY]);
    lab.run_until("registration", minutes(10), |lab| lab.device.is_registered(FIRST_ID));
}

/// A restart goes on with an Update by SMS.
#[test]
fn cr_008_c_m_a_restart_goes_on_by_sms() {
    let mut lab = registered(&Setup { persistent: true, ..setup("S") });
    lab.power_cycle();
    lab.run(seconds(10));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!((lab.server.count(Operation::Register), lab.server.count(Operation::Update)), (1, 1));
    assert_eq!(lab.network.sent_by(DEVICE), 0);
}

/// The server takes a Message ID of the last minutes for a repetition, and the number is the same after a restart: each life
/// goes on beyond the one before it (RFC 7252 section 4.4).
#[test]
fn cr_004_c_m_no_restart_uses_a_message_id_again() {
    let mut lab = registered(&Setup { persistent: true, ..setup("S") });
    for restarts in 1..=3 {
        let written = lab.storage.writes();
        lab.power_cycle();
        lab.run(seconds(10));
        assert_eq!(lab.storage.writes(), written + 1, "one write a start");
        assert_eq!(lab.server.count(Operation::Update), restarts);
    }
    let requests =
        sent(&lab).into_iter().filter_map(|record| record.submit).map(|submit| submit.data.payload);
    let mut ids: Vec<_> = requests.filter(|bytes| bytes[1] == 2).map(|bytes| [bytes[2], bytes[3]]).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "a Register and three Updates");
}

/// A message that waits longer than its validity period is not delivered: nothing stale arrives.
#[test]
fn mec_003_c_o_what_is_late_expires() {
    let mut lab = registered(&setup("S"));
    lab.centre.reachable(lab.now(), SERVER_NUMBER, false);
    lab.device.update(FIRST_ID);
    lab.run(minutes(6));
    lab.centre.reachable(lab.now(), SERVER_NUMBER, true);
    lab.run(minutes(1));
    let late = sent(&lab).into_iter().filter(|record| matches!(record.copies[..], [Fate::Expired(_)]));
    assert_eq!(late.count(), 1);
}
