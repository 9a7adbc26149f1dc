//! Faults that were there once, each found by writing the documentation: none of them comes back.

use whimbrel::capi::*;
use whimbrel_lab::device::{Event, Right};
use whimbrel_lab::format::TLV;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SECOND_ID, SERVER};
use whimbrel_lab::server::Answer;
use whimbrel_lab::{Code, Lab, Message, Operation, Request, Setup, Type, minutes, seconds, tlv};

const LATER: &str = "/26243/0/3";
const CELSIUS: &str = "/3303/0/5700";

fn registers(lab: &Lab) -> usize {
    lab.server.count(Operation::Register)
}

fn places(events: &[Event]) -> Vec<(u16, &str)> {
    events.iter().map(|event| (event.server, event.path.as_str())).collect()
}

/// A write handler defers during a Create: the instance is undone, the server is told at once, and nobody can complete
/// it later.
#[test]
fn dmse_012_c_m_a_create_that_defers_is_undone() {
    let mut lab = Lab::registered();
    let payload = [tlv::resource(0, "x"), tlv::resource(21, [7])].concat();
    let create = lab.server.create("/26241", TLV, payload);
    assert_eq!(lab.code(create), Code::INTERNAL_SERVER_ERROR);
    assert_eq!(lab.device.instances(), [0]);
    assert_eq!(lab.device.complete("/26241/1/21", WHIMBREL_OK), WHIMBREL_ERR_NOT_FOUND);
    assert_eq!(lab.device.complete("/26241", WHIMBREL_OK), WHIMBREL_ERR_NOT_FOUND);
    lab.run(seconds(10));
    assert_eq!(lab.server.count(Operation::Update), 0, "nothing came into being");
    assert_eq!(lab.server.complaints(), []);
}

/// The network's coming and going, with or without a new address, does not end a Disable early.
#[test]
fn case_103_a_disable_outlives_the_network() {
    for new_address in [false, true] {
        let mut lab = Setup { disable_timeout: 600, ..Setup::default() }.registered();
        let execute = lab.server.execute("/1/0/4", "");
        assert_eq!(lab.code(execute), Code::CHANGED);
        lab.run(seconds(100));
        let until = lab.device.events_of(WHIMBREL_EVENT_DISABLED)[0].at;
        lab.device.network(false, false);
        lab.run(seconds(100));
        lab.device.network(true, new_address);
        lab.run(until - lab.now() - 1);
        assert_eq!(registers(&lab), 1, "new address: {new_address}");
        lab.run(seconds(2));
        assert_eq!(registers(&lab), 2, "new address: {new_address}");
        assert!(lab.device.is_registered(FIRST_ID));
    }
}

/// The same while the De-register of the Disable is under way.
#[test]
fn case_103_a_disable_outlives_a_new_address_during_its_goodbye() {
    let mut lab = Setup { disable_timeout: 600, ..Setup::default() }.registered();
    lab.deaf(Operation::Deregister, 9);
    let execute = lab.server.execute("/1/0/4", "");
    lab.code(execute);
    let asked = lab.now();
    lab.run(seconds(1));
    lab.device.network(true, true);
    lab.run(asked + seconds(599) - lab.now());
    assert_eq!(registers(&lab), 1);
    lab.run(seconds(2));
    assert_eq!(registers(&lab), 2);
}

/// A new address while the client takes its leave: it stops, and does not register again.
#[test]
fn cr_009_c_o_a_new_address_does_not_call_back_a_client_that_stops() {
    for offline in [false, true] {
        let mut lab = Lab::registered();
        lab.network.partition_until(SERVER, seconds(10));
        lab.device.stop();
        lab.run(seconds(1));
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED), [], "the De-register is under way");
        if offline {
            lab.device.network(false, false);
            lab.run(seconds(1));
        }
        lab.device.network(true, true);
        lab.run(seconds(1));
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED).len(), 1);
        lab.run(minutes(2000));
        assert_eq!(registers(&lab), 1);
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED).len(), 1);
        assert_eq!(lab.device.open_links(), 0);
    }
}

/// The radio is on before a link is opened: its name may have to be looked up.
#[test]
fn mec_001_c_o_the_radio_is_on_before_a_link_is_opened() {
    let mut lab = Setup { binding: "UQ", disable_timeout: 7200, ..Setup::default() }.registered();
    let disable = lab.server.execute("/1/0/4", "");
    lab.code(disable);
    lab.run(minutes(30));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF).len(), 1);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_RADIO_ON), []);
    lab.device.links_pending(3);
    lab.run(minutes(100));
    assert!(lab.device.is_registered(FIRST_ID));
    let opened = lab.device.opened();
    assert_eq!(opened.len(), 5, "once at first, then until it is there");
    let (time, told) = opened[1];
    let events = lab.device.events();
    let on = events.iter().position(|event| event.code == WHIMBREL_EVENT_RADIO_ON).expect("RADIO_ON");
    assert!(on < told, "the port is called after it");
    assert_eq!(events[on].time, time);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_RADIO_ON).len(), 1);
}

/// The application takes an object out: what said who may do what with it goes too, nothing else does.
#[test]
fn obj_003_c_o_an_object_that_goes_takes_its_access_control_along() {
    let right = |object, instance| Right { object, instance, owner: FIRST_ID, entries: vec![(SECOND_ID, 1)] };
    let rights = vec![right(26241, 0), right(3303, 0), right(26241, 3), right(26241, 65535)];
    let mut lab = Setup { servers: 2, rights: Some(rights), ..Setup::default() }.registered();
    lab.device.create(3);
    lab.run(seconds(1));
    let entries = |lab: &mut Lab| {
        let objects = lab.server.client().instances().into_iter().filter(|place| place.0 == 2);
        let ids: Vec<_> = objects.map(|place| place.1).collect();
        ids.iter().map(|id| lab.text(&format!("/2/{id}/0"))).collect::<Vec<_>>()
    };
    let before = entries(&mut lab);
    assert_eq!(before.iter().filter(|object| *object == "26241").count(), 3, "{before:?}");
    lab.device.remove_object(26241);
    lab.run(seconds(1));
    assert!(!lab.server.client().objects().contains(&26241));
    let mut expected = before;
    expected.retain(|object| object != "26241");
    assert_eq!(entries(&mut lab), expected);
    let read = lab.second.send(Request::get(CELSIUS));
    assert_eq!(lab.second_code(read), Code::CONTENT, "the other object's entry counts as before");
}

/// A link that died is told once, closed, opened again after a pause, and the client registers anew.
#[test]
fn mec_002_c_m_a_dead_link_is_told_once_and_opened_again() {
    for status in [WHIMBREL_ERR_LINK, WHIMBREL_ERR_HANDLER] {
        let mut lab = Setup { retry: (60, 3600), ..Setup::default() }.registered();
        lab.run(minutes(1));
        let died = lab.now();
        lab.device.links_die(status);
        lab.run(seconds(44));
        let failed = lab.device.events_of(WHIMBREL_EVENT_LINK_FAILED);
        assert_eq!(failed.len(), 1);
        assert_eq!((failed[0].server, failed[0].time), (FIRST_ID, died));
        assert!(!lab.device.is_registered(FIRST_ID));
        assert_eq!((lab.device.open_links(), lab.device.opened().len()), (0, 1), "a pause");
        lab.run(seconds(32));
        assert_eq!((lab.device.open_links(), lab.device.opened().len()), (1, 2));
        assert!(lab.device.is_registered(FIRST_ID));
        assert_eq!(registers(&lab), 2);
        let told: Vec<_> =
            lab.device.events().iter().filter(|e| e.time >= died).map(|event| event.code).collect();
        let expected = [
            WHIMBREL_EVENT_LINK_FAILED,
            WHIMBREL_EVENT_REGISTER_FAILED,
            WHIMBREL_EVENT_RADIO_OFF,
            WHIMBREL_EVENT_RADIO_ON,
            WHIMBREL_EVENT_REGISTERED,
        ];
        assert_eq!(told, expected);
        assert_eq!(lab.text("/3/0/9"), "100");
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_LINK_FAILED).len(), 1);
    }
}

/// A link that dies during the goodbye: there is nobody to wait for.
#[test]
fn cr_009_c_o_a_dead_link_does_not_keep_a_client_from_stopping() {
    let mut lab = Lab::registered();
    lab.network.partition_until(SERVER, seconds(10));
    lab.device.stop();
    lab.run(seconds(1));
    lab.device.links_die(WHIMBREL_ERR_LINK);
    lab.run(seconds(1));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED).len(), 1);
    lab.run(minutes(2000));
    assert_eq!((registers(&lab), lab.device.open_links()), (1, 0));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_LINK_FAILED).len(), 1);
}

/// A deferred Write is done when it is completed: observers hear of it then, and the application its event.
#[test]
fn dmse_003_c_m_a_deferred_write_is_told_when_it_is_done() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    lab.device.trouble().defer = false;
    let observation = lab.second.observe(LATER);
    lab.run(seconds(1));
    lab.device.trouble().defer = true;
    let write = lab.server.write_text(LATER, "5");
    lab.run(seconds(5));
    assert!(lab.server.outcome(write).is_none());
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_WRITTEN), [], "not yet");
    assert_eq!(lab.second.notifications(observation).len(), 0);
    lab.device.trouble().defer = false;
    lab.device.complete(LATER, WHIMBREL_OK);
    assert_eq!(lab.code(write), Code::CHANGED);
    lab.run(seconds(1));
    assert_eq!(places(&lab.device.events_of(WHIMBREL_EVENT_WRITTEN)), [(FIRST_ID, LATER)]);
    assert_eq!(lab.second.notified_integers(observation), [Some(5)]);
}

/// One that failed was not done.
#[test]
fn dmse_003_c_m_a_deferred_write_that_fails_is_not_told() {
    let mut lab = Lab::registered();
    let write = lab.server.write_text(LATER, "5");
    let execute = lab.server.execute("/26243/0/5", "");
    lab.run(seconds(5));
    lab.device.complete(LATER, WHIMBREL_ERR_NOT_ALLOWED);
    lab.device.complete("/26243/0/5", WHIMBREL_ERR_NOT_ALLOWED);
    assert_eq!(lab.code(write), Code::METHOD_NOT_ALLOWED);
    assert_eq!(lab.code(execute), Code::METHOD_NOT_ALLOWED);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_WRITTEN), []);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_EXECUTED), []);
}

/// The same of an Execute.
#[test]
fn dmse_011_c_m_a_deferred_execute_is_told_when_it_is_done() {
    let mut lab = Lab::registered();
    let execute = lab.server.execute("/26243/0/5", "");
    lab.run(seconds(5));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_EXECUTED), []);
    lab.device.complete("/26243/0/5", WHIMBREL_OK);
    assert_eq!(lab.code(execute), Code::CHANGED);
    assert_eq!(places(&lab.device.events_of(WHIMBREL_EVENT_EXECUTED)), [(FIRST_ID, "/26243/0/5")]);
}

/// TS 1.0 Figure 26: the notification of a sleeper waits for the answer to the Update, also if it is Non-confirmable.
#[test]
fn mec_001_c_o_a_notification_from_sleep_waits_for_the_answer_to_the_update() {
    let mut lab = Setup { binding: "UQ", ..Setup::default() }.registered();
    let observation = lab.observe(CELSIUS);
    lab.run(minutes(10));
    lab.network.clear_records();
    lab.server.on_next(Operation::Update, Answer::right().after(5000).separately());
    lab.device.set(CELSIUS, 25.0);
    lab.run(seconds(4));
    assert_eq!(lab.server.count(Operation::Update), 1);
    assert_eq!(lab.server.notified(observation), [] as [f64; 0], "the Update is not answered");
    lab.run(seconds(4));
    assert_eq!(lab.server.notified(observation), [25.0]);
    let mine = lab.network.records().iter().filter(|record| record.from == DEVICE);
    let mine: Vec<_> = mine.map(|record| Message::parse(&record.bytes).expect("a message")).collect();
    let said: Vec<_> = mine.iter().map(|message| (message.kind, message.code)).collect();
    assert_eq!(said, [(Type::Con, Code::POST), (Type::Ack, Code::EMPTY), (Type::Non, Code::CONTENT)]);
}
