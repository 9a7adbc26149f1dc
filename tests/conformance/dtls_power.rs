//! Power cuts: the association outlives them, no record number is used twice, and a wake-up costs no handshake.

use super::dtls::{KEY, every_operation, psk, statuses, x509};
use std::collections::BTreeMap;
use whimbrel::capi::*;
use whimbrel_lab::device::{Access, Moment, Security};
use whimbrel_lab::dtls::{PSK_CCM_8, Settings, records};
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SERVER};
use whimbrel_lab::{Code, Lab, Operation, Random, Setup, minutes, seconds};

fn persistent(setup: Setup) -> Setup {
    Setup { persistent: true, lifetime: 7200, ..setup }
}

fn said(lab: &Lab) -> (usize, usize) {
    (lab.server.count(Operation::Register), lab.server.count(Operation::Update))
}

/// No record of the device had a number that was used before under the same keys. How many were looked at.
fn no_number_twice(lab: &Lab, what: &str) -> usize {
    let (reused, looked_at) = records::reused(lab.network.records(), &lab.network.addresses_of(DEVICE));
    assert_eq!(reused, [], "{what}");
    looked_at
}

/// The device is back: the server knows it, and it serves.
fn is_back(lab: &mut Lab, what: &str) {
    lab.run_until(what, minutes(30), |lab| lab.device.is_registered(FIRST_ID));
    lab.run(seconds(1));
    let read = lab.server.read("/3/0/9");
    assert_eq!(lab.code(read), Code::CONTENT, "{what}");
    no_number_twice(lab, what);
}

/// After a clean power cycle: no handshake at all, an Update and not a Register, from whatever address.
#[test]
fn sec_006_c_o_a_power_cycle_costs_an_update_and_no_handshake() {
    for setup in [psk(), x509()] {
        let mut lab = persistent(setup).registered();
        every_operation(&mut lab, 1);
        lab.run(minutes(10));
        let (_, updates) = said(&lab);
        let suite = lab.gate().counters().suite;
        lab.network.rebind(DEVICE);
        let cycled = lab.now();
        lab.power_cycle();
        lab.run(seconds(2));
        assert!(lab.device.is_registered(FIRST_ID));
        assert_eq!(said(&lab), (1, updates + 1));
        assert_eq!(lab.handshakes(), (1, 0));
        assert_eq!(statuses(&lab, WHIMBREL_EVENT_RESUMED), [suite]);
        let sent = records::sent(lab.network.records(), &lab.network.addresses_of(DEVICE), cycled);
        assert!(sent.iter().flat_map(|(_, records)| records).all(|record| record.kind == records::WITH_CID));
        every_operation(&mut lab, 2);
        no_number_twice(&lab, "a power cycle");
    }
}

/// One association through a hundred power cycles.
#[test]
fn sec_006_c_o_a_hundred_power_cycles_need_one_handshake() {
    let mut lab = persistent(psk()).registered();
    let mut random = Random::new(3);
    for cycle in 0..100 {
        lab.run(random.up_to(seconds(600)));
        lab.power_cycle();
        lab.run(seconds(1 + random.up_to(5)));
        assert!(lab.device.is_registered(FIRST_ID), "cycle {cycle}");
    }
    assert_eq!(lab.handshakes(), (1, 0));
    assert_eq!(lab.server.count(Operation::Register), 1);
    every_operation(&mut lab, 1);
    assert!(no_number_twice(&lab, "a hundred cycles") > 200);
}

/// TS 1.0 section 5.5.1: observations and attributes outlive a power cut. The server gets the value as it is now, and
/// notifications go on as it asked for, without a Register.
#[test]
fn sec_006_c_o_observations_and_attributes_outlive_a_power_cycle() {
    let mut lab = persistent(psk()).registered();
    lab.attributes("/3303/0/5700", "pmin=10&st=2");
    let observation = lab.observe("/3303/0/5700");
    lab.run(seconds(30));
    for life in 1..=3 {
        let heard = lab.server.notified(observation).len();
        lab.power_cycle();
        lab.device.set("/3303/0/5700", 20.5 + f64::from(life));
        lab.run(seconds(30));
        let values = lab.server.notified(observation);
        assert_eq!(values.len(), heard + 1, "life {life}: the value as it is now");
        assert_eq!(values.last(), Some(&(20.5 + f64::from(life))));
        // st=2 still holds: one is too little, three are enough
        lab.device.set("/3303/0/5700", 21.5 + f64::from(life));
        lab.run(seconds(30));
        assert_eq!(lab.server.notified(observation).len(), heard + 1, "life {life}");
        lab.device.set("/3303/0/5700", 24.0 + f64::from(life));
        lab.run(seconds(30));
        assert_eq!(lab.server.notified(observation).len(), heard + 2, "life {life}");
    }
    assert_eq!((lab.server.count(Operation::Register), lab.handshakes()), (1, (1, 0)));
    no_number_twice(&lab, "with an observation");
}

/// An observation that was cancelled does not come back.
#[test]
fn sec_006_c_o_a_cancelled_observation_stays_cancelled() {
    let mut lab = persistent(psk()).registered();
    let observation = lab.observe("/3303/0/5700");
    let cancelled = lab.server.cancel_observe(observation);
    lab.answer(cancelled);
    lab.power_cycle();
    lab.run(seconds(5));
    let heard = lab.server.notified(observation).len();
    lab.device.set("/3303/0/5700", 33.0);
    lab.run(seconds(30));
    assert_eq!(lab.server.notified(observation).len(), heard);
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// Without a Connection ID the server would not know the device at its new address: it begins anew.
#[test]
fn sec_006_c_o_without_a_connection_id_a_power_cycle_is_a_handshake() {
    let gate = Settings { connection_ids: false, ..Settings::default() };
    let mut lab = persistent(Setup { gate, ..psk() }).registered();
    lab.network.rebind(DEVICE);
    lab.power_cycle();
    lab.run(seconds(5));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.handshakes(), (2, 0));
    every_operation(&mut lab, 1);
    no_number_twice(&lab, "without a Connection ID");
}

/// Without persistence nothing is stored, and a power cycle is a handshake.
#[test]
fn sec_006_c_o_without_persistence_nothing_is_stored() {
    let mut lab = psk().registered();
    every_operation(&mut lab, 1);
    assert_eq!(lab.storage.log(), []);
    lab.power_cycle();
    lab.run(seconds(5));
    assert_eq!((lab.handshakes(), said(&lab).0), ((2, 0), 2));
}

/// The server lost the session while the device was off.
#[test]
fn sec_006_c_o_a_session_that_the_server_forgot_is_made_anew() {
    let mut lab = persistent(psk()).registered();
    lab.gate().forget_all();
    lab.power_cycle();
    is_back(&mut lab, "the server forgot");
    assert_eq!(lab.handshakes(), (2, 0));
    lab.power_cycle();
    lab.run(seconds(2));
    assert_eq!(lab.handshakes(), (2, 0), "and the new one outlives the next cut");
}

/// Other credentials at the next power-up: the old association is not used.
#[test]
fn sec_006_c_o_an_association_of_other_credentials_is_not_used() {
    let mut lab = persistent(psk()).registered();
    lab.gate().know(b"urn:new", b"another sixteen.");
    lab.setup.security = Security::psk("urn:new", b"another sixteen.");
    lab.power_cycle();
    is_back(&mut lab, "other credentials");
    assert_eq!(lab.handshakes(), (2, 0));
    assert_eq!(said(&lab).0, 2);
}

/// A device that said goodbye keeps nothing, and secrets of the account are never stored.
#[test]
fn sec_006_c_o_after_a_goodbye_no_key_is_left_in_storage() {
    let holds = |lab: &Lab, what: &[u8]| {
        lab.storage.records().values().any(|record| record.windows(what.len()).any(|bytes| bytes == what))
    };
    let mut lab = persistent(psk()).registered();
    lab.run(seconds(5));
    let largest = lab.storage.records().values().map(Vec::len).max();
    assert!(largest > Some(100), "an association: {largest:?}");
    assert!(!holds(&lab, KEY));
    lab.device.stop();
    lab.run(seconds(5));
    assert!(!holds(&lab, KEY));
    let largest = lab.storage.records().values().map(Vec::len).max();
    assert!(largest < Some(100), "no association: {largest:?}");
    lab.power_cycle();
    lab.run(seconds(5));
    assert_eq!(lab.handshakes(), (2, 0));
}

/// Records of the life before, repeated after the power cut, are not served: not before the server has answered, nor after.
#[test]
fn sec_006_c_o_what_came_before_a_power_cut_is_not_served_after_it() {
    for setup in [psk(), x509()] {
        let mut lab = persistent(setup).registered();
        let execute = lab.server.execute("/26241/0/20", "");
        assert_eq!(lab.code(execute), Code::CHANGED);
        every_operation(&mut lab, 1);
        let old: Vec<_> =
            lab.network.records().iter().filter(|record| record.to == DEVICE).cloned().collect();
        lab.storage.power_off();
        lab.run(minutes(30));
        lab.power_cycle();
        lab.network.partition_until(SERVER, lab.now() + seconds(3));
        let replay = |lab: &mut Lab| {
            for record in &old {
                lab.network.inject(SERVER, DEVICE, &record.bytes);
                lab.run(1);
            }
        };
        replay(&mut lab);
        assert_eq!(lab.device.executed("/26241/0/20"), 0, "before the first answer");
        is_back(&mut lab, "a replay");
        let sent = lab.network.sent_by(DEVICE);
        replay(&mut lab);
        assert_eq!(lab.device.executed("/26241/0/20"), 0, "after the first answer");
        assert_eq!(lab.network.sent_by(DEVICE), sent, "not a word");
        assert_eq!(lab.handshakes(), (1, 0));
        every_operation(&mut lab, 2);
    }
}

/// A life: register, observe, a hundred notifications, sleep, an Update. Power may go at any time.
fn live(lab: &mut Lab) {
    lab.run_until("registration", minutes(10), |lab| {
        lab.device.is_registered(FIRST_ID) || lab.storage.is_off()
    });
    lab.run(seconds(1));
    if lab.storage.is_off() {
        return;
    }
    lab.server.observe("/3303/0/5700");
    for celsius in 0..100 {
        lab.run(seconds(2));
        if lab.storage.is_off() {
            return;
        }
        lab.device.set("/3303/0/5700", f64::from(celsius));
    }
    lab.run(minutes(150));
}

/// What a power cut led to: handshakes, Registers and Updates of the next life.
type Outcome = (u32, u32, usize, usize);

/// Power comes again, and the device is back, with no number used twice.
fn recover(lab: &mut Lab, what: &str) -> Outcome {
    let ((full, resumed), (registers, updates)) = (lab.handshakes(), said(lab));
    lab.network.rebind(DEVICE);
    lab.power_cycle();
    is_back(lab, what);
    lab.device.set("/3303/0/5700", 1000.0);
    assert_eq!(lab.text("/3303/0/5700"), "1000", "{what}");
    no_number_twice(lab, what);
    let ((full_now, resumed_now), (registers_now, updates_now)) = (lab.handshakes(), said(lab));
    (full_now - full, resumed_now - resumed, registers_now - registers, updates_now - updates)
}

/// Power goes at every operation of storage in a life: before it, in its middle, after it. The next life begins well,
/// and numbers are never used twice.
#[test]
fn sec_006_c_o_power_cut_at_every_storage_operation() {
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    let mut points = 0;
    for setup in [persistent(psk()), Setup { binding: "UQ", ..persistent(psk()) }, persistent(x509())] {
        let mut lab = setup.switched_on();
        live(&mut lab);
        let operations = lab.storage.log().len();
        let log = lab.storage.log();
        let writes: Vec<_> = (0..operations).filter(|at| log[*at].0 == Access::Write).collect();
        assert!(writes.len() >= 4, "an association and reservations: {log:?}");
        for operation in 0..operations {
            for moment in [Moment::Before, Moment::Torn, Moment::Garbled, Moment::After] {
                let mut lab = setup.switched_on();
                lab.storage.cut_at(operation, moment);
                live(&mut lab);
                assert!(lab.storage.is_off(), "power went at {operation} {moment:?}");
                let outcome = recover(&mut lab, &format!("a cut at {operation} {moment:?}"));
                // the first two writes make the association, and from then on it outlives everything
                assert_eq!(
                    outcome.0 == 0,
                    (operation, moment) >= (writes[1], Moment::After),
                    "{operation} {moment:?}"
                );
                *outcomes.entry(outcome).or_default() += 1;
                points += 1;
            }
        }
    }
    println!("power cuts: {points} points, {} outcomes", outcomes.len());
    for ((full, resumed, registers, updates), times) in &outcomes {
        println!(
            "  {times} times: {full} full and {resumed} short handshakes, {registers} Registers, {updates} Updates"
        );
        assert!(full + resumed <= 1, "one handshake is enough");
        assert!((1..=2).contains(&(registers + updates)), "one is enough, or an Update and then a Register");
    }
}

/// Power goes again while the device is coming back, at every operation.
#[test]
fn sec_006_c_o_power_cut_at_every_storage_operation_of_a_recovery() {
    let setup = persistent(psk());
    let first_life = || {
        let mut lab = setup.switched_on();
        live(&mut lab);
        lab
    };
    let mut lab = first_life();
    let begin = lab.storage.log().len();
    recover(&mut lab, "no cut");
    let end = lab.storage.log().len();
    assert!(end > begin + 2);
    for operation in begin..end {
        for moment in [Moment::Before, Moment::Torn, Moment::Garbled, Moment::After] {
            let mut lab = first_life();
            lab.storage.cut_at(operation, moment);
            lab.power_cycle();
            lab.run(minutes(5));
            lab.device.set("/3303/0/5700", 1.0);
            lab.run(minutes(1));
            recover(&mut lab, &format!("a second cut at {operation} {moment:?}"));
        }
    }
}

/// Power goes at any time, not only where storage is used: between sending and saving too.
#[test]
fn sec_006_c_o_power_cut_at_any_time() {
    let mut looked_at = 0;
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let mut lab = Setup { seed, ..persistent(psk()) }.registered();
        for _ in 0..8 {
            for _ in 0..random.up_to(30) {
                lab.device.set("/3303/0/5700", random.up_to(100) as f64);
                lab.run(random.up_to(500));
            }
            lab.storage.power_off();
            lab.run(random.up_to(minutes(5)));
            lab.power_cycle();
            is_back(&mut lab, &format!("seed {seed}"));
            lab.server.observe("/3303/0/5700");
            lab.run(random.up_to(seconds(2)));
        }
        looked_at += no_number_twice(&lab, "any time");
        assert_eq!(lab.handshakes(), (1, 0), "seed {seed}");
    }
    assert!(looked_at > 3000, "{looked_at} records");
}

/// Each byte of each record damaged, one after the other: the device is back, perhaps with a handshake.
#[test]
fn sec_006_c_o_damaged_storage_is_noticed() {
    let mut lab = persistent(psk()).registered();
    lab.run(seconds(5));
    let records = lab.storage.records();
    let whole: usize = records.values().map(Vec::len).sum();
    assert!(whole > 100);
    for (record, content) in &records {
        for at in (0..content.len()).step_by(3) {
            let mut lab = persistent(psk()).registered();
            lab.run(seconds(5));
            lab.storage.tamper(*record, |bytes| bytes[at] ^= 0x10);
            lab.power_cycle();
            is_back(&mut lab, &format!("record {record:#x} byte {at}"));
            assert!(lab.handshakes().0 <= 2);
        }
    }
}

/// Storage that fails is told, and the device stays reachable.
#[test]
fn sec_006_c_o_failing_storage_is_told_and_survived() {
    let mut lab = persistent(psk()).registered();
    lab.run(seconds(5));
    lab.storage.fail(Some(WHIMBREL_ERR_STORAGE));
    let observation = lab.observe("/3303/0/5700");
    for celsius in 0..200 {
        lab.device.set("/3303/0/5700", f64::from(celsius));
        lab.run(seconds(2));
    }
    assert!(!statuses(&lab, WHIMBREL_EVENT_STORAGE_FAILED).is_empty());
    assert!(
        statuses(&lab, WHIMBREL_EVENT_STORAGE_FAILED).iter().all(|status| *status == WHIMBREL_ERR_STORAGE)
    );
    assert!(!lab.server.notified(observation).is_empty());
    is_back(&mut lab, "failing storage");
    lab.storage.fail(None);
    lab.power_cycle();
    is_back(&mut lab, "after failing storage");
}

/// Storage put back to an older state: what is sent then is a replay to the server, and the device begins anew.
#[test]
fn sec_006_c_o_storage_of_yesterday_ends_in_a_handshake() {
    let mut lab = persistent(psk()).registered();
    lab.run(seconds(5));
    let yesterday = lab.storage.records();
    lab.observe("/3303/0/5700");
    for celsius in 0..300 {
        lab.device.set("/3303/0/5700", f64::from(celsius));
        lab.run(seconds(2));
    }
    lab.storage.restore(yesterday);
    lab.power_cycle();
    lab.run_until("registration", minutes(30), |lab| lab.device.is_registered(FIRST_ID));
    every_operation(&mut lab, 1);
}

/// How often flash is written: a reservation for many messages, not a write for each.
#[test]
fn sec_006_c_o_storage_is_written_seldom() {
    let mut lab = persistent(psk()).registered();
    let observation = lab.observe("/3303/0/5700");
    lab.run(seconds(5));
    let before = lab.storage.writes();
    for celsius in 0..500 {
        lab.device.set("/3303/0/5700", f64::from(celsius));
        lab.run(seconds(2));
    }
    assert_eq!(lab.server.notified(observation).len(), 500);
    let writes = lab.storage.writes() - before;
    assert!((500 / 64..=500 / 40).contains(&writes), "{writes} writes for 500 notifications");
}

/// Two accounts: each association has its own records, and both are back.
#[test]
fn sec_006_c_o_two_associations_outlive_a_power_cut() {
    let mut lab = persistent(Setup { servers: 2, ..psk() }).registered();
    lab.run(seconds(5));
    lab.power_cycle();
    lab.run(seconds(5));
    assert!(lab.device.is_registered(FIRST_ID) && lab.device.is_registered(FIRST_ID + 1));
    for gate in lab.gates.iter().flatten() {
        assert_eq!(gate.handshakes(), (1, 0));
    }
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_RESUMED), [i32::from(PSK_CCM_8); 2]);
    assert_eq!(lab.second.count(Operation::Register), 1);
    no_number_twice(&lab, "two associations");
}

/// Asleep for days, and switched off between wake-ups: no handshake in a month.
#[test]
fn mec_001_c_o_a_month_of_switching_off_costs_no_handshake() {
    let mut lab = Setup { binding: "UQ", lifetime: 86_400 * 2, persistent: true, ..psk() }.registered();
    lab.run(minutes(5));
    for day in 0..30 {
        lab.storage.power_off();
        lab.network.rebind(DEVICE);
        let read = lab.server.read("/3/0/9");
        lab.run(minutes(24 * 60));
        lab.power_cycle();
        lab.run(minutes(3));
        assert_eq!(lab.server.code(read), Some(Code::CONTENT), "day {day}");
    }
    assert_eq!(lab.handshakes(), (1, 0));
    assert_eq!((said(&lab), lab.server.expiries()), ((1, 30), 0));
    no_number_twice(&lab, "a month");
}
