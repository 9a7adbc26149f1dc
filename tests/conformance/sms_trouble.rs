//! SMS where something else goes on: numbers that two accounts share, accounts that went, a modem that fails, an IP network that
//! went, messages that wait for their answer (LwM2M-MEC-003-C-O; TS 1.0 sections 5.3.1.1 and 8.6.2).

use super::dtls::statuses;
use super::sms::{KEYS, by_sms, number, registered, sent, setup};
use whimbrel::capi::*;
use whimbrel_lab::device::{BootstrapAccount, Moment, Sms, Texting};
use whimbrel_lab::format::TEXT;
use whimbrel_lab::net::Node;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, PHONE, SECOND_NUMBER, SERVER_NUMBER};
use whimbrel_lab::server::ObservationId;
use whimbrel_lab::sms::tpdu::{Submit, UserData};
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, minutes, seconds};

const OTHERS: [u8; 32] = *b"fedcba98765432100123456789ABCDEF";

/// Observes by SMS, and lets the answer arrive.
fn observe_by_sms(lab: &mut Lab, path: &str) -> ObservationId {
    let peer = number(lab);
    let observation = lab.server.observe_at(peer, path);
    let request = lab.server.observation(observation).request;
    assert_eq!(lab.code(request), Code::CONTENT);
    observation
}

/// A bootstrap server that rests and has the number of the server does not take the server's messages.
#[test]
fn mec_003_c_o_an_account_that_rests_takes_no_message() {
    let clear = Sms::clear(SERVER_NUMBER);
    let packets = Sms::packets(SERVER_NUMBER, &KEYS);
    for (rests, serves) in [
        (clear.clone(), clear.clone()),
        (Sms::packets(SERVER_NUMBER, &OTHERS), packets.clone()),
        (packets.clone(), packets),
    ] {
        let uri = Some(format!("tel:{SERVER_NUMBER}"));
        let bootstrap = BootstrapAccount { uri, sms: Some(rests), ..BootstrapAccount::default() };
        let texting = Texting { number: Some(PHONE.into()), packets: true, ..Texting::default() };
        let setup = Setup {
            bootstrap: Some(bootstrap),
            texting: Some(texting),
            sms: [Some(serves), None],
            persistent: true,
            ..setup("S")
        };
        let mut lab = registered(&setup);
        assert_eq!(lab.text("/3/0/9"), "100");
    }
}

/// The number of an account that was removed is a stranger's.
#[test]
fn mec_003_c_o_who_was_removed_is_not_heard() {
    let mut lab = registered(&setup("US"));
    assert_eq!(lab.device.remove_account(FIRST_ID), WHIMBREL_OK);
    let get = [0x44, 1, 0x12, 0x34, 1, 2, 3, 4, 0xb1, b'3'];
    lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, &Submit::new(PHONE, UserData::plain(&get)));
    lab.run(minutes(1));
    assert_eq!(sent(&lab).len(), 0);
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_DROPPED), [WHIMBREL_ERR_UNAUTHORIZED]);
}

/// A modem that fails is told once, and nobody is kept awake by it.
#[test]
fn mec_003_c_o_a_modem_that_fails_is_told_once() {
    let mut lab = registered(&setup("S"));
    lab.run(seconds(1));
    let poll = |lab: &mut Lab, status, told: usize| {
        lab.device.fail_texts(status);
        let now = lab.now();
        lab.device.poll(now);
        assert_ne!(lab.device.deadline().1, WHIMBREL_WAKE_WORK);
        assert_eq!(statuses(lab, WHIMBREL_EVENT_DROPPED), vec![WHIMBREL_ERR_LINK; told]);
    };
    for _ in 0..3 {
        poll(&mut lab, Some(WHIMBREL_ERR_LINK), 1);
    }
    poll(&mut lab, None, 1);
    poll(&mut lab, Some(WHIMBREL_ERR_LINK), 2);
    lab.device.fail_texts(None);
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// The last notification of an observation goes the way of its Observe, whichever way the Delete came.
#[test]
fn dmse_013_c_m_observations_of_what_is_deleted_end_on_their_way() {
    for by_texts in [false, true] {
        let mut lab = registered(&setup("US"));
        lab.device.create(4);
        lab.run(seconds(1));
        if by_texts {
            lab.observe("/26241/4");
        } else {
            observe_by_sms(&mut lab, "/26241/4");
        }
        lab.run(seconds(10));
        let (datagrams, texts) = (lab.network.sent_by(DEVICE), sent(&lab).len());
        let deletes = if by_texts {
            by_sms(&mut lab, Request::delete("/26241/4"))
        } else {
            lab.server.send(Request::delete("/26241/4"))
        };
        assert_eq!(lab.code(deletes), Code::DELETED);
        let went = (lab.network.sent_by(DEVICE) - datagrams, sent(&lab).len() - texts);
        assert_eq!(went, (2, 1), "an answer, a notification and an Update; Delete by SMS: {by_texts}");
    }
}

/// The IP network is gone: what goes by SMS goes on, notifications and answers that come later (bindings US and UQS).
#[test]
fn mec_003_c_o_us_reports_by_sms_without_a_network() {
    for binding in ["US", "UQS"] {
        for confirm in [false, true] {
            let mut lab = registered(&Setup { confirm, lifetime: 86_400, ..setup(binding) });
            let observation = observe_by_sms(&mut lab, "/3303/0/5700");
            lab.run(minutes(10));
            lab.device.network(false, false);
            let (datagrams, texts) = (lab.network.sent_by(DEVICE), sent(&lab).len());
            for n in 1..=3 {
                lab.device.set("/3303/0/5700", f64::from(n));
                lab.run(seconds(10));
            }
            let went = (lab.network.sent_by(DEVICE) - datagrams, sent(&lab).len() - texts);
            assert_eq!(went, (0, 3), "{binding}, confirm: {confirm}");
            assert_eq!(lab.server.notified(observation), [1.0, 2.0, 3.0]);
            assert!(lab.device.events_of(WHIMBREL_EVENT_NOTIFY_FAILED).is_empty());
            lab.device.network(true, false);
            lab.run(minutes(1));
            assert_eq!(lab.server.count(Operation::Register), 1);
        }
    }
}

/// The same of a notification that is not acknowledged: it is given up in time, and the client does not run hot meanwhile.
#[test]
fn mec_003_c_o_us_gives_up_by_sms_without_a_network() {
    let mut lab = registered(&Setup { confirm: true, ..setup("US") });
    observe_by_sms(&mut lab, "/3303/0/5700");
    lab.run(seconds(10));
    lab.device.network(false, false);
    lab.centre.drop_next(PHONE, 1);
    lab.device.set("/3303/0/5700", 7.5);
    lab.run(seconds(1));
    assert_eq!(lab.device.deadline(), (seconds(310), WHIMBREL_WAKE_RETRANSMISSION));
    lab.run(minutes(6));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_NOTIFY_FAILED).len(), 1);
}

/// An answer that comes later goes the way of its request, also without an IP network.
#[test]
fn mec_003_c_o_us_answers_later_by_sms_without_a_network() {
    let mut lab = registered(&setup("US"));
    let execute = by_sms(&mut lab, Request::post("/26243/0/5"));
    lab.run(seconds(10));
    lab.device.network(false, false);
    assert_eq!(lab.device.complete("/26243/0/5", WHIMBREL_OK), WHIMBREL_OK);
    lab.run(seconds(10));
    assert_eq!(lab.server.code(execute), Some(Code::CHANGED));
}

/// A message that waits for minutes for its answer by SMS does not let the registration expire: the Update by UDP goes out in
/// time, and the notification once more after it.
#[test]
fn cr_008_c_m_an_update_does_not_wait_for_an_sms() {
    let mut lab = registered(&Setup { confirm: true, lifetime: 600, ..setup("US") });
    observe_by_sms(&mut lab, "/3303/0/5700");
    lab.run(seconds(490));
    let texts = sent(&lab).len();
    lab.centre.drop_next(PHONE, 1);
    lab.device.set("/3303/0/5700", 7.5);
    lab.run(seconds(1));
    assert_eq!((sent(&lab).len() - texts, lab.server.count(Operation::Update)), (1, 0));
    assert_eq!(lab.device.deadline().1, WHIMBREL_WAKE_UPDATE);
    lab.run(seconds(60));
    assert_eq!((sent(&lab).len() - texts, lab.server.count(Operation::Update)), (2, 1));
    lab.run(minutes(8));
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_DEREGISTERED).len(), 0);
}

/// A binding that changes the way is followed by a Register on the new one, also where power goes before it.
#[test]
fn obj_002_c_m_a_change_of_the_way_outlives_a_power_cut() {
    let setup = Setup { persistent: true, load: true, bootstrap_named: true, ..setup("U") };
    let life = |cut: Option<usize>| {
        let mut lab = registered(&setup);
        lab.run(seconds(1));
        let first = lab.storage.log().len();
        if let Some(cut) = cut {
            lab.storage.cut_at(first + cut, Moment::After);
        }
        let write = lab.server.send(Request::put("/1/0/7").content(TEXT, "S"));
        lab.run(seconds(10));
        lab.server.give_up(write);
        (lab.storage.log().len() - first, lab)
    };
    let (operations, _) = life(None);
    assert!(operations > 3, "{operations}");
    for cut in 0..operations {
        let (_, mut lab) = life(Some(cut));
        lab.power_cycle();
        lab.run(seconds(10));
        assert!(lab.device.is_registered(FIRST_ID), "{cut}");
        let (peer, client) = (number(&mut lab), lab.server.client());
        let registers = if client.binding == "S" { 2 } else { 1 };
        assert_eq!(client.peer == peer, client.binding == "S", "{cut}");
        assert_eq!(lab.server.count(Operation::Register), registers, "{cut}: {}", client.binding);
        assert_eq!(lab.text("/3/0/9"), "100");
    }
}

/// Where an account hears everybody, only who asked is answered: another server's last notification goes to that server.
#[test]
fn mec_003_c_o_only_who_asked_is_answered() {
    let both = [Some(Sms::clear(SERVER_NUMBER)), Some(Sms::packets(SECOND_NUMBER, &KEYS))];
    let texting = Texting {
        number: Some(PHONE.into()),
        flags: WHIMBREL_SMS_ANYONE,
        packets: true,
        ..Texting::default()
    };
    let setup = Setup { servers: 2, sms: both, texting: Some(texting), persistent: true, ..setup("S") };
    let mut lab = setup.registered();
    lab.device.create(4);
    lab.run(seconds(10));
    let observation = lab.second.observe("/26241/4");
    lab.run(seconds(10));
    let delete = [0x44, 4, 0x12, 0x34, 1, 2, 3, 4, 0xb5, b'2', b'6', b'2', b'4', b'1', 1, b'4'];
    lab.centre.inject(lab.now(), "+15555550177", PHONE, &Submit::new(PHONE, UserData::plain(&delete)));
    lab.run(seconds(10));
    assert_eq!(sent(&lab).iter().filter(|record| record.to == "+15555550177").count(), 1);
    let codes: Vec<Code> = lab.second.notifications(observation).iter().map(|last| last.code).collect();
    assert_eq!(codes, [Code::NOT_FOUND]);
}

/// Section 7.2.2.2: the address of an answer is that of the request, also where it only resembles the configured one.
#[test]
fn mec_003_c_o_an_answer_goes_where_the_request_came_from() {
    let texting = Texting { number: Some(PHONE.into()), flags: WHIMBREL_SMS_SIMILAR, ..Texting::default() };
    let mut lab = registered(&Setup { texting: Some(texting), ..setup("S") });
    let national = SERVER_NUMBER.strip_prefix("+1").expect("a number of that country");
    let get = [0x44, 1, 0x12, 0x34, 1, 2, 3, 4, 0xb1, b'3', 1, b'0', 1, b'9'];
    let before = sent(&lab).len();
    lab.centre.inject(lab.now(), national, PHONE, &Submit::new(PHONE, UserData::plain(&get)));
    lab.run(minutes(1));
    let to: Vec<String> = sent(&lab)[before..].iter().map(|record| record.to.clone()).collect();
    assert_eq!(to, [national]);
}
