//! Sessions that last: Connection ID (RFC 9146), resumption (RFC 5077, RFC 5246 section 7.3), queue mode and slow modems.

use super::dtls::{every_operation, psk, statuses, x509};
use whimbrel::capi::*;
use whimbrel_lab::device::Options;
use whimbrel_lab::dtls::{Settings, records};
use whimbrel_lab::net::Weather;
use whimbrel_lab::scene::{DEVICE, FIRST_ID};
use whimbrel_lab::{Code, Lab, Operation, Setup, minutes, seconds};

fn without_cid(setup: Setup) -> Setup {
    Setup { backend: Options { no_connection_id: true, ..setup.backend }, ..setup }
}

/// When the device sent handshake records, as far as they can be told from outside.
fn handshake_records(lab: &Lab, after: u64) -> Vec<u64> {
    let sent = records::sent(lab.network.records(), &lab.network.addresses_of(DEVICE), after);
    let shakes = |records: &[records::Record]| records.iter().any(|record| record.kind == records::HANDSHAKE);
    sent.iter().filter(|(_, records)| shakes(records)).map(|(datagram, _)| datagram.time).collect()
}

/// The NAT gives the device another port every few messages: one handshake, and all operations go on.
#[test]
fn sec_006_c_o_a_connection_id_outlives_every_address() {
    for setup in [psk(), x509()] {
        let mut lab = Setup { lifetime: 3600, ..setup }.registered();
        let established = lab.now();
        for round in 0..30 {
            lab.network.rebind(DEVICE);
            assert_eq!(lab.device.update(FIRST_ID), WHIMBREL_OK);
            lab.run(seconds(5));
            every_operation(&mut lab, round);
        }
        assert_eq!(lab.handshakes(), (1, 0));
        assert_eq!(lab.gate().counters().moved, 30);
        assert_eq!(handshake_records(&lab, established + 1), [] as [u64; 0]);
        assert_eq!(lab.server.count(Operation::Register), 1);
        assert_eq!(lab.server.expiries(), 0);
    }
}

/// A notification from a new address finds its way, and the server's requests find theirs after it.
#[test]
fn sec_006_c_o_notifications_follow_the_device_to_its_address() {
    let mut lab = Setup { confirm: true, ..psk() }.registered();
    let observation = lab.observe("/3303/0/5700");
    for celsius in 0..20 {
        lab.network.rebind(DEVICE);
        lab.device.set("/3303/0/5700", f64::from(celsius));
        lab.run(seconds(10));
        assert_eq!(lab.text("/3303/0/5700"), celsius.to_string());
    }
    let expected: Vec<f64> = (0..20).map(f64::from).collect();
    assert_eq!(lab.server.notified(observation), expected);
    assert_eq!(lab.handshakes(), (1, 0));
}

/// Our own Connection ID is empty: what the server sends carries none. What we send carries the server's.
#[test]
fn sec_006_c_o_the_own_connection_id_is_empty() {
    let mut lab = psk().registered();
    every_operation(&mut lab, 1);
    for datagram in lab.network.records() {
        let records = records::parse(&datagram.bytes).expect("made of DTLS records");
        for record in records.iter().filter(|record| record.epoch > 0) {
            assert_eq!(record.cid.is_some(), datagram.from == DEVICE, "{record:?}");
        }
    }
}

/// A record that an attacker repeats from elsewhere does not lead the server astray.
#[test]
fn sec_006_c_o_a_replay_from_elsewhere_moves_nothing() {
    let mut lab = psk().registered();
    every_operation(&mut lab, 1);
    let records = lab.network.records().to_vec();
    for record in records.iter().filter(|record| record.from == DEVICE) {
        lab.network.inject(whimbrel_lab::peer(66), record.to, &record.bytes);
        lab.run(1);
    }
    assert_eq!(lab.gate().counters().moved, 0);
    every_operation(&mut lab, 2);
}

/// The application says that the address is a new one: an Update on the same session, observations go on.
#[test]
fn sec_006_c_o_a_new_address_with_a_connection_id_is_an_update() {
    let mut lab = psk().registered();
    let observation = lab.observe("/3303/0/5700");
    lab.device.network(false, false);
    lab.run(seconds(20));
    lab.network.rebind(DEVICE);
    lab.device.network(true, true);
    lab.run(seconds(5));
    assert_eq!((lab.server.count(Operation::Register), lab.server.count(Operation::Update)), (1, 1));
    assert_eq!(lab.handshakes(), (1, 0));
    lab.device.set("/3303/0/5700", 7.0);
    lab.run(seconds(5));
    assert_eq!(lab.server.notified(observation), [7.0]);
    every_operation(&mut lab, 1);
}

/// Without a Connection ID, on either side, a new address is a handshake; resumed by ticket or by ID it is an Update.
#[test]
fn sec_006_c_o_a_new_address_without_a_connection_id_is_a_short_handshake() {
    let settings = |tickets, session_ids| Settings { tickets, session_ids, ..Settings::default() };
    for (tickets, ids) in [(true, false), (false, true), (true, true)] {
        let backend = Options { psk_tickets: tickets, ..Options::default() };
        for setup in [Setup { backend: backend.clone(), ..psk() }, Setup { backend, ..x509() }] {
            let server_has_none =
                Setup { gate: Settings { connection_ids: false, ..settings(tickets, ids) }, ..setup.clone() };
            let client_has_none = without_cid(Setup { gate: settings(tickets, ids), ..setup });
            for setup in [server_has_none, client_has_none] {
                let mut lab = setup.registered();
                lab.network.rebind(DEVICE);
                lab.device.network(true, true);
                lab.run(seconds(5));
                assert_eq!(lab.handshakes(), (1, 1), "tickets {tickets} IDs {ids}");
                assert_eq!(statuses(&lab, WHIMBREL_EVENT_RESUMED).len(), 1);
                let said = (lab.server.count(Operation::Register), lab.server.count(Operation::Update));
                assert_eq!(said, (1, 1), "tickets {tickets} IDs {ids}");
                every_operation(&mut lab, 1);
            }
        }
    }
}

/// A server that resumes nothing: a full handshake, and a Register, for it is a new session.
#[test]
fn sec_006_c_o_a_new_address_without_resumption_is_a_registration() {
    for lost in [false, true] {
        let gate = Settings { tickets: lost, session_ids: lost, ..Settings::default() };
        let mut lab = without_cid(Setup { gate, ..psk() }).registered();
        if lost {
            lab.gate().forget_all();
        }
        lab.network.rebind(DEVICE);
        lab.device.network(true, true);
        lab.run(seconds(5));
        assert_eq!(lab.handshakes(), (2, 0));
        assert_eq!((lab.server.count(Operation::Register), lab.server.count(Operation::Update)), (2, 0));
        every_operation(&mut lab, 1);
    }
}

/// What resumes a session ends too: after the server's time it is a full handshake.
#[test]
fn sec_006_c_o_a_ticket_that_has_ended_is_a_full_handshake() {
    let gate = Settings { resumable_ms: 60_000, ..Settings::default() };
    let mut lab = without_cid(Setup { gate, ..psk() }).registered();
    lab.run(minutes(2));
    lab.network.rebind(DEVICE);
    lab.device.network(true, true);
    lab.run(seconds(5));
    assert_eq!(lab.handshakes(), (2, 0));
    every_operation(&mut lab, 1);
}

/// A resumed session is known to the server that binds registrations to who spoke.
#[test]
fn sec_006_c_o_a_resumed_session_is_the_same_client() {
    let mut lab = without_cid(psk()).registered();
    lab.server.settings.address_bound = true;
    for _ in 0..5 {
        lab.network.rebind(DEVICE);
        lab.device.network(true, true);
        lab.run(seconds(10));
    }
    assert_eq!(lab.handshakes(), (1, 5));
    assert_eq!((lab.server.count(Operation::Register), lab.server.count(Operation::Update)), (1, 5));
}

/// A short handshake is shorter.
#[test]
fn sec_006_c_o_resumption_costs_less_than_a_handshake() {
    for setup in [psk(), x509()] {
        let mut lab = without_cid(setup).registered();
        let (_, first) = records::on_air(lab.network.records());
        lab.network.clear_records();
        lab.network.rebind(DEVICE);
        lab.device.network(true, true);
        lab.run(seconds(5));
        let (_, again) = records::on_air(lab.network.records());
        assert!(again < first, "{again} of {first} bytes");
    }
}

/// Offline and back at the same address: the session is the same.
#[test]
fn sec_006_c_o_offline_and_back_keeps_the_session() {
    for setup in [psk(), without_cid(psk())] {
        let mut lab = setup.registered();
        lab.device.network(false, false);
        lab.run(minutes(30));
        lab.device.network(true, false);
        lab.run(seconds(5));
        assert_eq!(lab.handshakes(), (1, 0));
        every_operation(&mut lab, 1);
    }
}

/// Queue mode, asleep for days: the NAT forgets the device every night, and no handshake is made.
#[test]
fn mec_001_c_o_days_of_sleep_cost_no_handshake() {
    for setup in [psk(), x509()] {
        let mut lab = Setup { binding: "UQ", lifetime: 86_400, ..setup }.registered();
        let established = lab.now();
        lab.run(minutes(5));
        for day in 0..14 {
            lab.network.rebind(DEVICE);
            let read = lab.server.read("/3/0/9");
            lab.run(minutes(24 * 60));
            assert_eq!(lab.server.code(read), Some(Code::CONTENT), "day {day}");
        }
        assert_eq!(lab.handshakes(), (1, 0));
        assert_eq!(handshake_records(&lab, established + 1), [] as [u64; 0]);
        assert_eq!((lab.server.count(Operation::Register), lab.server.expiries()), (1, 0));
        let updates = lab.server.count(Operation::Update);
        let (datagrams, bytes) = records::on_air(lab.network.records());
        assert!((14..=15).contains(&updates), "{updates}");
        assert!(datagrams < 100, "{datagrams} datagrams, {bytes} bytes in a fortnight");
    }
}

/// A modem that hands datagrams over long after they came: poll never waits, and the handshake completes.
#[test]
fn sec_006_c_o_a_slow_modem_completes_the_handshake() {
    for setup in [psk(), x509()] {
        for latency in [200, 900, 2500, 7000] {
            let mut lab = setup.switched_on();
            lab.device.modem_latency(latency);
            lab.run_until("registration", minutes(5), |lab| lab.device.is_registered(FIRST_ID));
            assert_eq!(lab.handshakes().0, 1, "{latency} ms");
            lab.run(seconds(30));
            let read = lab.server.read("/3/0/9");
            assert_eq!(lab.code(read), Code::CONTENT, "{latency} ms");
        }
    }
}

/// A link that takes its time to open, then the handshake.
#[test]
fn sec_006_c_o_a_link_that_opens_slowly_is_waited_for() {
    let mut lab = psk().switched_on();
    lab.device.links_pending(20);
    lab.run_until("registration", minutes(2), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.handshakes(), (1, 0));
}

/// With jitter above the sending gap records overtake each other, and none is lost for it.
#[test]
fn sec_006_c_o_records_out_of_order_are_taken() {
    let mut lab = psk().registered();
    let observation = lab.observe("/3303/0/5700");
    lab.weather(Weather { delay: 10, jitter: 2000, ..Weather::default() });
    for celsius in 0..40 {
        lab.device.set("/3303/0/5700", f64::from(celsius));
        lab.run(100);
    }
    lab.run(seconds(20));
    let mut values = lab.server.notified(observation);
    values.sort_by(f64::total_cmp);
    let expected: Vec<f64> = (0..40).map(f64::from).collect();
    assert_eq!(values, expected);
    assert_eq!(lab.gate().counters().dropped, 0);
}

/// Datagrams and bytes that cross the network from now on until `end` has happened.
fn cost(lab: &mut Lab, end: impl Fn(&Lab) -> bool) -> (usize, usize) {
    lab.run_until("the end", minutes(120), end);
    lab.run(seconds(5));
    let cost = records::on_air(lab.network.records());
    lab.network.clear_records();
    cost
}

/// What is on air: a first contact, a wake-up after sleep, and a wake-up after a power cycle, UDP and IP not counted.
#[test]
fn sec_006_c_o_a_wake_up_costs_two_datagrams() {
    for (name, setup, most) in [("PSK", psk(), 900), ("X.509", x509(), 2600)] {
        let setup = Setup { binding: "UQ", persistent: true, lifetime: 3600, ..setup };
        let mut lab = setup.switched_on();
        let first = cost(&mut lab, |lab| lab.device.is_registered(FIRST_ID));
        let sleep = cost(&mut lab, |lab| lab.server.count(Operation::Update) == 1);
        lab.network.rebind(DEVICE);
        lab.power_cycle();
        let reboot = cost(&mut lab, |lab| lab.server.count(Operation::Update) == 2);
        println!("on air, {name}: first contact {first:?}, after sleep {sleep:?}, after a reboot {reboot:?}");
        assert!(first.1 < most, "{first:?}");
        for wake_up in [sleep, reboot] {
            assert_eq!(wake_up.0, 2, "an Update and its answer");
            assert!(wake_up.1 < 90, "{wake_up:?}");
        }
    }
}
