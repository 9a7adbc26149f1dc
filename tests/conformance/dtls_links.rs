//! A session and the link under it: moving twice, flapping, leaving while the link is closed, and what is left in storage.

use super::dtls::{every_operation, psk, statuses};
use whimbrel::capi::*;
use whimbrel_lab::device::Options;
use whimbrel_lab::dtls::Settings;
use whimbrel_lab::scene::{DEVICE, FIRST_ID};
use whimbrel_lab::{Lab, Operation, Setup, minutes, seconds};

fn persistent() -> Setup {
    Setup { persistent: true, lifetime: 7200, ..psk() }
}

/// Whether the association of the only account is in storage: the record of that number has two slots.
fn has_association(lab: &Lab) -> bool {
    lab.storage.records().iter().any(|(slot, content)| *slot < 2 && !content.is_empty())
}

fn one_session(lab: &mut Lab) {
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!((lab.handshakes(), lab.server.count(Operation::Register)), ((1, 0), 1));
    every_operation(lab, 1);
}

/// IPv4 first, IPv6 a moment later: the session outlives both, and so do observations.
#[test]
fn mec_001_c_m_a_new_address_twice_is_one_session() {
    let mut lab = psk().registered();
    let observation = lab.observe("/3303/0/5700");
    lab.network.rebind(DEVICE);
    lab.device.network(true, true);
    lab.device.network(true, true);
    lab.run(seconds(5));
    lab.device.set("/3303/0/5700", 44.0);
    lab.run(seconds(5));
    assert_eq!(lab.server.notified(observation).last(), Some(&44.0));
    one_session(&mut lab);
}

/// The network goes while the Update after a move is under way.
#[test]
fn mec_001_c_m_a_network_that_flaps_keeps_the_session() {
    let mut lab = psk().registered();
    lab.network.rebind(DEVICE);
    lab.device.network(true, true);
    lab.run(1);
    lab.device.network(false, false);
    lab.run(seconds(5));
    lab.device.network(true, false);
    lab.run(seconds(5));
    one_session(&mut lab);
}

/// The link fails for minutes: after the pause the session goes on.
#[test]
fn mec_001_c_m_a_link_that_fails_keeps_the_session() {
    let mut lab = psk().registered();
    lab.device.links_die(WHIMBREL_ERR_LINK);
    lab.run(seconds(1));
    lab.network.rebind(DEVICE);
    lab.run(minutes(3));
    assert!(!lab.device.events_of(WHIMBREL_EVENT_LINK_FAILED).is_empty());
    one_session(&mut lab);
}

/// Nothing is sent over a link that is not open: the bench's port fails the test if anything is.
#[test]
fn sec_006_c_o_leaving_while_the_link_is_closed_says_nothing() {
    for leave in [
        (|lab: &mut Lab| assert_eq!(lab.device.remove_account(FIRST_ID), 0)) as fn(&mut Lab),
        |lab| lab.device.stop(),
        |lab| {
            let same = lab.setup.security.clone();
            assert_eq!(lab.device.secure(FIRST_ID, &same), 0);
        },
    ] {
        let mut lab = psk().registered();
        lab.device.links_pending(50);
        lab.device.network(true, true);
        lab.run(1000);
        lab.network.clear_records();
        leave(&mut lab);
        lab.run(500);
        assert_eq!(lab.network.sent_by(DEVICE), 0);
    }
}

/// While the network is away nothing is sent, no close_notify either.
#[test]
fn sec_006_c_o_stopping_offline_sends_nothing() {
    let mut lab = psk().registered();
    lab.run(seconds(5));
    lab.device.network(false, false);
    lab.run(seconds(5));
    let before = lab.network.sent_by(DEVICE);
    lab.device.stop();
    lab.run(seconds(5));
    assert_eq!(lab.network.sent_by(DEVICE), before);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED).len(), 1);
}

/// Other credentials for an account that is being left: it stays left.
#[test]
fn sec_006_c_o_credentials_replaced_while_stopping_do_not_start_it_again() {
    let mut lab = psk().registered();
    lab.network.drop_next(DEVICE, 1);
    lab.device.stop();
    lab.run(100);
    let same = lab.setup.security.clone();
    assert_eq!(lab.device.secure(FIRST_ID, &same), 0);
    lab.run(minutes(10));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED).len(), 1);
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// A server that was away for the length of a handshake is met by a short one.
#[test]
fn sec_006_c_o_a_handshake_that_timed_out_does_not_forget_the_session() {
    let gate = Settings { connection_ids: false, tickets: false, ..Settings::default() };
    let backend = Options { no_connection_id: true, ..Options::default() };
    let mut lab = Setup { gate, backend, ..psk() }.registered();
    lab.network.drop_next(DEVICE, 8);
    lab.network.rebind(DEVICE);
    lab.device.network(true, true);
    lab.run(minutes(20));
    assert!(statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED).contains(&WHIMBREL_ERR_TIMEOUT));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.handshakes(), (1, 1));
}

/// Power goes while the server does not know yet of a new instance: it is told after the restart.
#[test]
fn sec_006_c_o_what_the_server_did_not_hear_is_told_after_a_power_cut() {
    let mut met = 0;
    for notifications in 50..80 {
        let mut lab = persistent().registered();
        lab.observe("/3303/0/5700");
        lab.run(seconds(1));
        for n in 0..notifications {
            lab.device.set("/3303/0/5700", f64::from(n));
            lab.run(10);
        }
        let writes = lab.storage.writes();
        lab.network.drop_next(DEVICE, 1);
        lab.device.create(7);
        lab.run(10);
        // the cases in which the reservation of record numbers fell on that Update
        met += usize::from(lab.storage.writes() != writes);
        lab.power_cycle();
        lab.device.create(7);
        lab.run(seconds(20));
        let known = lab.server.client().instances();
        assert!(known.contains(&(26241, 7)), "after {notifications} notifications: {known:?}");
    }
    assert!(met > 0, "no reservation fell on an Update");
}

/// What would never be used is not stored, and what is not used any more is removed.
#[test]
fn sec_006_c_o_no_association_stays_in_storage_for_nothing() {
    let gate = Settings { connection_ids: false, ..Settings::default() };
    let mut lab = Setup { gate, ..persistent() }.registered();
    every_operation(&mut lab, 1);
    assert!(!has_association(&lab), "without a Connection ID");

    let mut lab = persistent().registered();
    lab.run(seconds(5));
    assert!(has_association(&lab));
    lab.power_cycle();
    assert_eq!(lab.device.remove_account(FIRST_ID), 0, "before the link was opened");
    lab.run(seconds(5));
    assert!(!has_association(&lab), "the account is removed");

    let mut lab = persistent().registered();
    lab.run(seconds(5));
    lab.device.stop();
    lab.run(seconds(5));
    assert!(!has_association(&lab), "the account is left");
}

/// An association that does not fit the buffer is tried once a session.
#[test]
fn sec_006_c_o_an_association_that_does_not_fit_is_told_once() {
    let mut lab = Setup { lifetime: 600, datagram: 240, ..persistent() }.registered();
    lab.run(minutes(60));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_STORAGE_FAILED), [WHIMBREL_ERR_FULL]);
    assert!(!has_association(&lab));
    assert_eq!(lab.server.count(Operation::Register), 1);
}
