//! Exchanges (RFC 7252): deferred responses, retransmitted and malformed messages (LwM2M-MEC-002-C-M).

use whimbrel::capi::*;
use whimbrel_lab::format::TEXT;
use whimbrel_lab::scene::{DEVICE, SECOND, SERVER};
use whimbrel_lab::{Code, Lab, Message, Operation, Request, Setup, Type, options, seconds};

const LATER: &str = "/26243/0/3";

fn by_device(lab: &Lab) -> Vec<Message> {
    let mine = lab.network.records().iter().filter(|record| record.from == DEVICE);
    mine.map(|record| Message::parse(&record.bytes).expect("a message")).collect()
}

/// RFC 7252 section 5.2.2: an empty acknowledgement, then a Confirmable response with the request's token.
#[test]
fn dmse_011_c_m_a_deferred_execute_is_answered_later() {
    let mut lab = Lab::registered();
    lab.network.clear_records();
    let execute = lab.server.execute("/26243/0/5", "");
    lab.run(seconds(30));
    assert!(lab.server.outcome(execute).is_none());
    assert_eq!(by_device(&lab).len(), 1, "one empty acknowledgement");
    assert_eq!((by_device(&lab)[0].kind, by_device(&lab)[0].code), (Type::Ack, Code::EMPTY));
    assert_eq!(lab.device.complete("/26243/0/5", WHIMBREL_OK), 0);
    let answer = lab.answer(execute);
    assert_eq!((answer.code, answer.kind), (Code::CHANGED, Type::Con));
    assert_eq!(lab.device.executed("/26243/0/5"), 1);
    assert_eq!(lab.device.complete("/26243/0/5", WHIMBREL_OK), WHIMBREL_ERR_NOT_FOUND, "nothing waits");
}

/// The application says why it failed.
#[test]
fn dmse_011_c_m_a_deferred_execute_may_fail() {
    let mut lab = Lab::registered();
    let execute = lab.server.execute("/26243/0/5", "");
    lab.run(seconds(1));
    lab.device.complete("/26243/0/5", WHIMBREL_ERR_NOT_ALLOWED);
    assert_eq!(lab.code(execute), Code::METHOD_NOT_ALLOWED);
}

/// A deferred Read is read again, and a deferred Write is done.
#[test]
fn dmse_001_c_m_reads_and_writes_may_be_deferred() {
    let mut lab = Lab::registered();
    let read = lab.server.read_as(LATER, TEXT);
    lab.run(seconds(3));
    lab.device.trouble().defer = false;
    lab.device.trouble().number = 77;
    lab.device.complete(LATER, WHIMBREL_OK);
    let answer = lab.answer(read);
    assert_eq!(
        (answer.code, answer.text(), answer.content_format()),
        (Code::CONTENT, "77".into(), Some(TEXT))
    );
    lab.device.trouble().defer = true;
    let write = lab.server.write_text(LATER, "5");
    lab.run(seconds(3));
    assert!(lab.server.outcome(write).is_none());
    lab.device.complete(LATER, WHIMBREL_OK);
    assert_eq!(lab.code(write), Code::CHANGED);
    assert_eq!(lab.device.trouble().writes, 1);
}

/// The request comes again while it is deferred: acknowledged again, not run again.
#[test]
fn dmse_011_c_m_a_deferred_request_that_comes_again_is_acknowledged_and_not_run() {
    let mut lab = Lab::registered();
    lab.network.clear_records();
    lab.network.drop_next(DEVICE, 2);
    let execute = lab.server.execute("/26243/0/5", "");
    lab.run(seconds(20));
    let acknowledgements =
        by_device(&lab).iter().filter(|m| m.kind == Type::Ack && m.code == Code::EMPTY).count();
    assert_eq!(acknowledgements, 3);
    assert_eq!(lab.device.executed("/26243/0/5"), 1);
    lab.network.drop_next(DEVICE, 2);
    lab.device.complete("/26243/0/5", WHIMBREL_OK);
    assert_eq!(lab.code(execute), Code::CHANGED, "the response is Confirmable and sent again");
}

/// More than can be deferred at a time: 5.03, nothing is lost of the others.
#[test]
fn dmse_011_c_m_too_many_deferred_requests_are_5_03() {
    let mut lab = Lab::registered();
    lab.server.settings.nstart = 5;
    let requests = [0; 3].map(|_| lab.server.execute("/26243/0/5", ""));
    lab.run(seconds(1));
    assert_eq!(lab.server.code(requests[2]), Some(Code::SERVICE_UNAVAILABLE));
    lab.device.complete("/26243/0/5", WHIMBREL_OK);
    lab.run(seconds(10));
    assert_eq!(
        requests[..2].iter().map(|id| lab.server.code(*id)).collect::<Vec<_>>(),
        [Some(Code::CHANGED); 2]
    );
}

/// A deferred answer waits for the exchange that is under way (NSTART), and comes.
#[test]
fn dmse_011_c_m_a_deferred_answer_waits_for_its_turn() {
    let mut lab = Lab::registered();
    let execute = lab.server.execute("/26243/0/5", "");
    lab.run(seconds(1));
    lab.deaf(Operation::Update, 1);
    assert_eq!(lab.device.update(0), 0);
    lab.run(seconds(1));
    lab.device.complete("/26243/0/5", WHIMBREL_OK);
    lab.run(seconds(1));
    assert!(lab.server.outcome(execute).is_none());
    lab.run(seconds(200));
    assert!(lab.server.outcome(execute).is_some());
}

/// RFC 7252 section 4.5: the answer was lost; a retransmitted Execute runs once.
#[test]
fn dmse_011_c_m_a_retransmitted_execute_runs_once() {
    let mut lab = Lab::registered();
    lab.network.drop_next(DEVICE, 3);
    let execute = lab.server.execute("/26241/0/20", "1='a'");
    assert_eq!(lab.code(execute), Code::CHANGED);
    assert_eq!(lab.server.outcome(execute).unwrap().retransmissions, 3);
    assert_eq!(lab.device.executed("/26241/0/20"), 1);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_EXECUTED).len(), 1);
}

/// The same of Create, Write and Delete: the second time has the first one's answer.
#[test]
fn dmse_012_c_m_retransmitted_changes_happen_once() {
    let mut lab = Lab::registered();
    for (request, code) in [
        (Request::post("/26241").content(11542, [0xc1, 0, b'x']), Code::CREATED),
        (Request::delete("/26241/1"), Code::DELETED),
        (Request::put(LATER).content(TEXT, "5"), Code::CHANGED),
    ] {
        lab.device.trouble().defer = false;
        lab.network.drop_next(DEVICE, 1);
        assert_eq!(lab.send(request).code, code);
    }
    assert_eq!(lab.device.instances(), [0]);
    assert_eq!(lab.device.trouble().writes, 1);
}

/// A duplicate far later, with the Message ID used anew, is a new request (EXCHANGE_LIFETIME, 247 s).
#[test]
fn mec_002_c_m_a_message_id_may_come_again_after_its_lifetime() {
    let mut lab = Lab::registered();
    let mut execute = Message::new(Type::Con, Code::POST, 4711);
    execute.token = vec![1];
    for segment in ["26241", "0", "20"] {
        execute.push(options::URI_PATH, segment);
    }
    for (wait, count) in [(0, 1), (246, 1), (2, 2)] {
        lab.run(seconds(wait));
        lab.network.send(SERVER, DEVICE, &execute.bytes());
        lab.run(10);
        assert_eq!(lab.device.executed("/26241/0/20"), count, "after {wait} s");
    }
}

/// Two servers may use one Message ID.
#[test]
fn mec_002_c_m_message_ids_belong_to_their_server() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    let mut execute = Message::new(Type::Con, Code::POST, 4711);
    for segment in ["26241", "0", "20"] {
        execute.push(options::URI_PATH, segment);
    }
    lab.network.send(SERVER, DEVICE, &execute.bytes());
    lab.network.send(SECOND, DEVICE, &execute.bytes());
    lab.run(seconds(1));
    assert_eq!(lab.device.executed("/26241/0/20"), 2);
}

/// RFC 7252 sections 3 and 4.2: what a datagram is answered with, as type and code.
fn answer_to(datagram: &[u8]) -> Option<(Type, Code)> {
    let mut lab = Lab::registered();
    lab.network.clear_records();
    lab.network.send(SERVER, DEVICE, datagram);
    lab.run(0);
    assert!(lab.device.is_registered(101));
    by_device(&lab).first().map(|message| (message.kind, message.code))
}

#[test]
fn mec_002_c_m_malformed_messages_are_reset_or_ignored() {
    let reset = Some((Type::Rst, Code::EMPTY));
    assert_eq!(answer_to(&[]), None);
    assert_eq!(answer_to(&[0x40, 1, 0]), None, "not even a header");
    assert_eq!(answer_to(&[0x80, 1, 0, 1]), None, "another version is ignored in silence");
    assert_eq!(answer_to(&[0x00, 1, 0, 1]), None);
    assert_eq!(answer_to(&[0x49, 1, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]), reset, "token length 9");
    assert_eq!(answer_to(&[0x44, 1, 0, 1, 1]), reset, "a token that is cut");
    assert_eq!(answer_to(&[0x40, 1, 0, 1, 0xb5, b'3']), reset, "an option that is cut");
    assert_eq!(answer_to(&[0x40, 1, 0, 1, 0xf1, b'3']), reset, "the reserved delta");
    assert_eq!(answer_to(&[0x40, 1, 0, 1, 0xbf, b'3']), reset, "the reserved length");
    assert_eq!(answer_to(&[0x40, 1, 0, 1, 0xb1, b'3', 0xff]), reset, "a marker without a payload");
    assert_eq!(answer_to(&[0x40, 0, 0, 1]), reset, "a ping");
    assert_eq!(answer_to(&[0x40, 0, 0, 1, 0xff, 1]), reset, "an empty message that is not empty");
    assert_eq!(answer_to(&[0x60, 0, 0, 1]), None, "an acknowledgement of nothing");
    assert_eq!(answer_to(&[0x70, 0, 0, 1]), None, "a reset of nothing");
    assert_eq!(answer_to(&[0x60, 1, 0, 1, 0xb1, b'3']), None, "a request in an acknowledgement");
    assert_eq!(answer_to(&[0x40, 0x45, 0, 1]), reset, "a Confirmable response to nothing");
    assert_eq!(answer_to(&[0x60, 0x45, 0, 1]), None);
    assert_eq!(answer_to(&[0x40, 0x21, 0, 1]), reset, "a reserved class");
    assert_eq!(answer_to(&[0x40, 0xe1, 0, 1]), reset, "a signal, which UDP has not");
}
