//! Update, De-register, and the ends of a registration (TS 1.0 sections 5.3.2, 5.3.3 and 8.4).

use whimbrel::capi::*;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SECOND_ID, SERVER};
use whimbrel_lab::server::{Answer, Entry, Parameters};
use whimbrel_lab::{Code, Lab, Operation, Setup, minutes, seconds};

fn update(lab: &Lab) -> &Entry {
    lab.server.last(Operation::Update).expect("an Update")
}

/// An Update that says nothing.
fn is_empty(said: &Parameters) -> bool {
    said.queries.is_empty() && said.payload.is_empty()
}

/// LwM2M-CR-008-C-M, Figure 10: no parameters, and early enough for all retransmissions (MAX_TRANSMIT_WAIT, 93 s).
#[test]
fn cr_008_c_m_refreshes_the_lifetime_in_time_to_survive_retransmission() {
    let mut lab = Setup { lifetime: 300, ..Setup::default() }.registered();
    lab.run(seconds(206));
    assert_eq!(lab.server.count(Operation::Update), 0);
    lab.run(seconds(2));
    assert_eq!(lab.server.count(Operation::Update), 1);
    assert!(is_empty(&update(&lab).said));
    lab.run(minutes(60));
    assert_eq!(lab.server.expiries(), 0);
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// Four transmissions of the Update are lost, the fifth arrives before the lifetime ends.
#[test]
fn cr_008_c_m_an_update_that_needs_every_retransmission_is_in_time() {
    let mut lab = Setup { lifetime: 300, ..Setup::default() }.registered();
    lab.network.drop_next(DEVICE, 4);
    lab.run(seconds(299));
    assert_eq!(lab.server.count(Operation::Update), 1);
    lab.run(seconds(10));
    assert_eq!(lab.server.expiries(), 0);
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// A lifetime too short for that is refreshed at its half.
#[test]
fn cr_008_c_m_short_lifetimes_are_kept_too() {
    let mut lab = Setup { lifetime: 60, ..Setup::default() }.registered();
    lab.run(minutes(10));
    assert_eq!(lab.server.expiries(), 0);
    let updates = lab.server.count(Operation::Update);
    assert!((10..=20).contains(&updates), "{updates} Updates in ten minutes");
}

/// LwM2M-CR-008-C-M, interop case 102: only what changed.
#[test]
fn cr_008_c_m_a_written_lifetime_is_told_at_once_and_alone() {
    let mut lab = Lab::registered();
    let write = lab.server.write_text("/1/0/1", "120");
    assert_eq!(lab.code(write), Code::CHANGED);
    lab.run(seconds(1));
    assert_eq!(update(&lab).said.queries, ["lt=120"]);
    assert!(update(&lab).payload.is_empty());
    lab.run(minutes(10));
    assert_eq!(lab.server.expiries(), 0, "and it is kept");
    assert!(lab.server.asked(Operation::Update).skip(1).all(|entry| is_empty(&entry.said)), "and said once");
}

/// The same lifetime again: there is nothing to tell (TS 1.0: only parameters that have changed).
#[test]
fn cr_008_c_m_an_unchanged_lifetime_is_not_repeated() {
    let mut lab = Lab::registered();
    let write = lab.server.write_text("/1/0/1", "86400");
    assert_eq!(lab.code(write), Code::CHANGED);
    lab.run(seconds(1));
    assert!(lab.server.asked(Operation::Update).all(|entry| is_empty(&entry.said)));
}

/// LwM2M-CR-008-C-M: the binding, alone.
#[test]
fn cr_008_c_m_a_written_binding_is_told_alone() {
    let mut lab = Lab::registered();
    let write = lab.server.write_text("/1/0/7", "UQ");
    assert_eq!(lab.code(write), Code::CHANGED);
    lab.run(seconds(1));
    assert_eq!(update(&lab).said.queries, ["b=UQ"]);
    assert!(update(&lab).payload.is_empty());
    assert!(lab.server.client().queue);
}

/// A binding that the client cannot serve is refused.
#[test]
fn cr_005_c_m_a_binding_that_is_not_supported_is_refused() {
    let mut lab = Lab::registered();
    for binding in ["S", "UQS", "T", "", "Q", "UU"] {
        let write = lab.server.write_text("/1/0/7", binding);
        assert_eq!(lab.code(write), Code::BAD_REQUEST, "{binding}");
    }
    assert_eq!(lab.text("/1/0/7"), "U");
    assert_eq!(lab.server.count(Operation::Update), 0);
}

/// Interop case 104: Registration Update Trigger.
#[test]
fn case_104_update_trigger_brings_an_empty_update_to_that_server() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    let execute = lab.server.execute("/1/0/8", "");
    assert_eq!(lab.code(execute), Code::CHANGED);
    lab.run(seconds(1));
    assert!(is_empty(&update(&lab).said));
    assert_eq!(lab.server.count(Operation::Update), 1);
    assert_eq!(lab.second.count(Operation::Update), 0);
}

/// Interop case 105: 4.04 to an Update.
#[test]
fn case_105_registers_again_after_4_04() {
    let mut lab = Lab::registered();
    lab.server.lose("whimbrel");
    assert_eq!(lab.device.update(FIRST_ID), 0);
    lab.run(seconds(1));
    assert_eq!(update(&lab).answer, Some(Code::NOT_FOUND));
    assert_eq!(lab.server.count(Operation::Register), 2);
    assert!(lab.server.registered("whimbrel").is_some());
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_UPDATE_FAILED)[0].status, 0x84);
}

/// An Update that nobody answers ends in a new Register once the server is back.
#[test]
fn cr_008_c_m_an_unanswered_update_ends_in_a_register() {
    let mut lab = Setup { lifetime: 300, ..Setup::default() }.registered();
    lab.network.partition_until(SERVER, seconds(600));
    lab.run(seconds(599));
    assert_eq!(lab.server.expiries(), 1, "after 300 s");
    assert!(!lab.device.is_registered(FIRST_ID), "the client knows");
    lab.run(seconds(400));
    assert_eq!(lab.server.count(Operation::Register), 2);
    assert!(lab.device.is_registered(FIRST_ID));
}

/// TS 1.0 section 5.3: after the lifetime ended, Update is not sufficient.
#[test]
fn cr_008_c_m_after_expiry_the_client_registers() {
    let mut lab = Setup { lifetime: 300, ..Setup::default() }.registered();
    lab.device.network(false, false);
    lab.run(seconds(1000));
    assert_eq!(lab.server.expiries(), 1);
    lab.device.network(true, false);
    lab.run(seconds(1));
    assert_eq!(lab.server.count(Operation::Update), 0);
    assert_eq!(lab.server.count(Operation::Register), 2);
}

/// LwM2M-CR-008-C-M, Figure 11: the whole list whenever instances come and go, and nothing else.
#[test]
fn cr_008_c_m_objects_and_instances_that_come_and_go_are_told_with_the_whole_list() {
    let mut lab = Lab::registered();
    lab.device.create(3);
    lab.run(seconds(1));
    assert_eq!(update(&lab).said.queries, [] as [String; 0]);
    let all = [(1, 0), (3, 0), (3303, 0), (26241, 0), (26241, 3), (26242, 0), (26243, 0)];
    assert_eq!(lab.server.client().instances(), all);
    lab.device.remove(0);
    lab.run(seconds(1));
    assert!(!lab.server.client().instances().contains(&(26241, 0)));
    lab.device.remove_object(3303);
    lab.run(seconds(1));
    assert!(!lab.server.client().objects().contains(&3303));
    lab.device.add_sensor();
    lab.run(seconds(1));
    assert!(lab.server.client().instances().contains(&(3303, 0)));
    assert_eq!(lab.server.count(Operation::Update), 4);
}

/// Several changes before the client is polled make one Update.
#[test]
fn cr_008_c_m_changes_at_one_time_make_one_update() {
    let mut lab = Lab::registered();
    lab.device.create(1);
    lab.device.create(2);
    lab.device.remove(0);
    lab.run(seconds(1));
    assert_eq!(lab.server.count(Operation::Update), 1);
}

/// A change while an Update is under way is told by another one.
#[test]
fn cr_008_c_m_a_change_during_an_update_is_not_lost() {
    let mut lab = Lab::registered();
    lab.server.on_next(Operation::Update, Answer::right().after(5000).separately());
    lab.device.create(1);
    lab.run(seconds(1));
    lab.device.create(2);
    lab.run(seconds(10));
    assert_eq!(lab.server.count(Operation::Update), 2);
    assert!(lab.server.client().instances().contains(&(26241, 2)));
}

/// The same of a lifetime that is written while an Update is under way.
#[test]
fn cr_008_c_m_a_lifetime_written_during_an_update_is_not_lost() {
    let mut lab = Lab::registered();
    lab.server.on_next(Operation::Update, Answer::right().after(5000).separately());
    assert_eq!(lab.device.update(0), 0);
    lab.run(seconds(1));
    let write = lab.server.write_text("/1/0/1", "500");
    assert_eq!(lab.code(write), Code::CHANGED);
    lab.run(seconds(10));
    assert_eq!(update(&lab).said.queries, ["lt=500"]);
    assert_eq!(lab.server.client().lifetime, 500);
}

/// An Update that fails must not leave the server with the old parameters: the Register has the new ones.
#[test]
fn cr_008_c_m_a_refused_update_is_made_good_by_a_register() {
    let mut lab = Lab::registered();
    lab.server.on_next(Operation::Update, Answer::code(Code::BAD_REQUEST));
    let write = lab.server.write_text("/1/0/1", "500");
    assert_eq!(lab.code(write), Code::CHANGED);
    lab.run(seconds(1));
    assert_eq!(lab.server.last(Operation::Register).unwrap().said.lifetime, Some(500));
    assert_eq!(lab.server.count(Operation::Register), 2);
}

/// LwM2M-CR-009-C-O.
#[test]
fn cr_009_c_o_says_goodbye_to_every_server() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    let location = lab.server.client().location.clone();
    lab.device.stop();
    lab.run(seconds(1));
    let goodbye = lab.server.last(Operation::Deregister).unwrap();
    assert_eq!((goodbye.path.as_str(), goodbye.answer), (location.as_str(), Some(Code::DELETED)));
    assert_eq!(lab.second.count(Operation::Deregister), 1);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_DEREGISTERED).len(), 2);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED).len(), 1);
    let before = lab.network.sent_by(DEVICE);
    lab.run(minutes(2000));
    assert_eq!(lab.network.sent_by(DEVICE), before, "silence");
}

/// Nobody answers the De-register: the client stops all the same.
#[test]
fn cr_009_c_o_stops_also_when_the_server_is_gone() {
    let mut lab = Lab::registered();
    lab.network.partition_until(SERVER, u64::MAX);
    lab.device.stop();
    lab.run(seconds(100));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED).len(), 1);
}

/// Interop case 103: Disable (TS 1.0 Appendix E.2 resource 4), back after `/1/x/5`.
#[test]
fn case_103_disable_deregisters_and_comes_back_after_the_timeout() {
    let mut lab = Setup { disable_timeout: 600, ..Setup::default() }.registered();
    let execute = lab.server.execute("/1/0/4", "");
    assert_eq!(lab.code(execute), Code::CHANGED, "the answer comes before the De-register");
    lab.run(seconds(1));
    assert_eq!(lab.server.count(Operation::Deregister), 1);
    let disabled = &lab.device.events_of(WHIMBREL_EVENT_DISABLED)[0];
    assert_eq!((disabled.server, disabled.at - disabled.time), (FIRST_ID, 600_000));
    lab.run(seconds(598));
    assert_eq!(lab.server.count(Operation::Register), 1);
    lab.run(seconds(2));
    assert_eq!(lab.server.count(Operation::Register), 2);
}

/// The Disable Timeout may be written, and counts; without it the account rests for a day.
#[test]
fn case_103_the_disable_timeout_can_be_written() {
    let mut lab = Setup { disable_timeout: 600, servers: 2, ..Setup::default() }.registered();
    let write = lab.server.write_text("/1/0/5", "20");
    assert_eq!(lab.code(write), Code::CHANGED);
    let execute = lab.server.execute("/1/0/4", "");
    lab.code(execute);
    lab.run(seconds(19));
    assert!(!lab.device.is_registered(FIRST_ID));
    assert!(lab.device.is_registered(SECOND_ID), "the other account goes on");
    lab.run(seconds(3));
    assert!(lab.device.is_registered(FIRST_ID));
    let mut lab = Lab::registered();
    let execute = lab.server.execute("/1/0/4", "");
    lab.code(execute);
    lab.run(seconds(86_390));
    assert_eq!(lab.server.count(Operation::Register), 1);
    lab.run(seconds(20));
    assert_eq!(lab.server.count(Operation::Register), 2);
}

/// TS 1.0 section 8.2.1: a new address is told by a Register in NoSec mode, the same one by an Update.
#[test]
fn cr_008_c_m_the_network_comes_back() {
    let mut lab = Lab::registered();
    lab.device.network(false, false);
    lab.run(seconds(10));
    lab.device.network(true, false);
    lab.run(seconds(1));
    assert_eq!((lab.server.count(Operation::Update), lab.server.count(Operation::Register)), (1, 1));
    lab.device.network(true, true);
    lab.run(seconds(1));
    assert_eq!((lab.server.count(Operation::Update), lab.server.count(Operation::Register)), (1, 2));
}

/// Without a network nothing is sent, and the device is not woken for it.
#[test]
fn cr_008_c_m_offline_nothing_is_sent() {
    let mut lab = Setup { lifetime: 300, ..Setup::default() }.registered();
    lab.device.network(false, false);
    lab.run(0);
    let before = lab.network.sent_by(DEVICE);
    lab.device.create(7);
    lab.run(minutes(100));
    assert_eq!(lab.network.sent_by(DEVICE), before);
    assert_eq!(lab.device.deadline().0, u64::MAX);
}

/// A lifetime of 0 does not make the client talk for ever.
#[test]
fn cr_003_c_m_a_lifetime_of_zero_is_no_livelock() {
    let mut lab = Lab::registered();
    let write = lab.server.write_text("/1/0/1", "0");
    lab.code(write);
    let before = lab.network.sent_by(DEVICE);
    lab.run(minutes(60));
    assert!(lab.network.sent_by(DEVICE) - before < 5);
    let write = lab.server.write_text("/1/0/1", "1");
    lab.code(write);
    lab.run(seconds(60));
    assert!(lab.network.sent_by(DEVICE) - before < 200);
}

/// Values that are no lifetime.
#[test]
fn cr_003_c_m_what_is_no_lifetime_is_refused() {
    let mut lab = Lab::registered();
    for text in ["-1", "", "x", "1.5", "99999999999999999999"] {
        let write = lab.server.write_text("/1/0/1", text);
        assert_eq!(lab.code(write), Code::BAD_REQUEST, "{text:?}");
    }
    assert_eq!(lab.text("/1/0/1"), "86400");
}
