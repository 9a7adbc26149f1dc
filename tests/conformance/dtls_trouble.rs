//! DTLS when something is wrong (TS 1.0 section 7.1, RFC 6347, RFC 5246 section 7.2): keys that do not fit, servers that
//! forget, close or complain, and strangers who send datagrams of their own.

use super::dtls::{IDENTITY, KEY, every_operation, nothing_in_clear, psk, statuses, x509};
use whimbrel::capi::*;
use whimbrel_lab::device::Security;
use whimbrel_lab::dtls::{Settings, records};
use whimbrel_lab::net::Record;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SERVER};
use whimbrel_lab::{Code, Lab, Operation, Random, Setup, minutes, seconds};

fn knowing(identity: &str, key: &[u8]) -> Setup {
    let psks = vec![(identity.into(), key.to_vec())];
    Setup { gate: Settings { psks, ..Settings::default() }, ..psk() }
}

/// The pauses between the handshakes that the device began, in seconds.
fn pauses(lab: &Lab) -> Vec<u64> {
    let begun = records::handshakes_begun(lab.network.records(), &[DEVICE]);
    begun.windows(2).map(|pair| (pair[1] - pair[0]) / 1000).collect()
}

/// The device tries again after 30 s, then after pauses that double up to an hour, each spread by a quarter.
fn tries_again_with_growing_pauses(setup: &Setup, alert: i32) {
    let mut lab = setup.switched_on();
    lab.run(minutes(240));
    let begun = pauses(&lab);
    let expected = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600];
    assert!(begun.len() >= 8, "{begun:?}");
    for (pause, expected) in begun.iter().zip(expected) {
        assert!((expected * 3 / 4..=expected * 5 / 4 + 1).contains(pause), "{begun:?}");
    }
    let failed = statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED);
    assert_eq!(failed, vec![WHIMBREL_ERR_CLOSED; begun.len() + 1]);
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_ALERT), vec![alert; begun.len() + 1]);
    let again = lab.device.events_of(WHIMBREL_EVENT_REGISTER_FAILED);
    assert_eq!(again.len(), begun.len() + 1);
    let times = records::handshakes_begun(lab.network.records(), &[DEVICE]);
    let told: Vec<u64> = again.iter().map(|event| event.at).take(begun.len()).collect();
    assert_eq!(told, times[1..], "it said when");
    assert_eq!(lab.server.log().len(), 0);
    nothing_in_clear(&lab);
}

/// RFC 4279 section 2: an identity that the server does not know.
#[test]
fn sec_002_c_o_an_unknown_identity_is_told_and_tried_again() {
    tries_again_with_growing_pauses(&knowing("urn:somebody-else", KEY), 115);
}

/// RFC 4279 section 2: a key that does not fit shows at Finished.
#[test]
fn sec_002_c_o_a_wrong_key_is_told_and_tried_again() {
    tries_again_with_growing_pauses(&knowing(IDENTITY, b"another sixteen."), 20);
}

/// Once the server knows the key the next attempt succeeds.
#[test]
fn sec_002_c_o_an_identity_learnt_later_registers() {
    let mut lab = knowing("urn:somebody-else", KEY).switched_on();
    lab.run(seconds(20));
    lab.gate().know(IDENTITY.as_bytes(), KEY);
    lab.run_until("registration", minutes(2), |lab| lab.device.is_registered(FIRST_ID));
    every_operation(&mut lab, 1);
}

/// A server that lost everything does not answer: the client finds out by its Update, and begins anew.
#[test]
fn sec_006_c_o_a_server_that_forgot_everything_is_registered_with_anew() {
    for setup in [psk(), x509()] {
        let mut lab = Setup { lifetime: 3600, ..setup }.registered();
        lab.gate().forget_all();
        lab.run_until("the second registration", minutes(75), |lab| {
            lab.server.count(Operation::Register) == 2
        });
        lab.run(seconds(5));
        assert_eq!(lab.handshakes(), (2, 0));
        every_operation(&mut lab, 2);
    }
}

/// A server that lost the sessions but not what resumes them.
#[test]
fn sec_006_c_o_a_server_that_lost_its_sessions_is_told_by_a_short_handshake_or_a_long_one() {
    let mut lab = Setup { lifetime: 3600, ..psk() }.registered();
    lab.gate().forget_sessions();
    lab.run(minutes(80));
    let (full, resumed) = lab.handshakes();
    assert_eq!(full + resumed, 2);
    assert_eq!(lab.gate().sessions(), 1);
    every_operation(&mut lab, 2);
}

/// RFC 5246 section 7.2.1: the server closes.
#[test]
fn sec_006_c_o_close_notify_of_the_server_is_told_and_followed_by_a_handshake() {
    let mut lab = psk().registered();
    lab.gate().close();
    lab.run(seconds(1));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_ALERT), [0]);
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED), [WHIMBREL_ERR_CLOSED]);
    lab.run_until("the second registration", minutes(2), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.gate().sessions(), 1);
    every_operation(&mut lab, 2);
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED).len(), 1);
}

/// RFC 5246 section 7.2.2: a fatal alert ends the session, which is not resumed.
#[test]
fn sec_006_c_o_a_fatal_alert_is_told_and_the_session_not_resumed() {
    let mut lab = psk().registered();
    lab.gate().alert(2, 80);
    lab.run(seconds(1));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_ALERT), [80]);
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED), [WHIMBREL_ERR_CLOSED]);
    lab.run_until("the second registration", minutes(2), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.handshakes(), (2, 0));
    every_operation(&mut lab, 2);
}

/// A warning changes nothing.
#[test]
fn sec_006_c_o_a_warning_changes_nothing() {
    let mut lab = psk().registered();
    lab.gate().alert(1, 90);
    lab.run(seconds(1));
    every_operation(&mut lab, 1);
    assert_eq!(lab.handshakes(), (1, 0));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_SECURITY_FAILED), []);
}

/// De-register, then close_notify.
#[test]
fn sec_006_c_o_stopping_says_goodbye_twice() {
    for setup in [psk(), x509()] {
        let mut lab = setup.registered();
        lab.device.stop();
        lab.run(seconds(5));
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_STOPPED).len(), 1);
        assert_eq!(lab.server.count(Operation::Deregister), 1);
        assert_eq!((lab.gate().counters().closed, lab.gate().sessions()), (1, 0));
        assert_eq!(lab.device.open_links(), 0);
    }
}

/// Account removed: no word to the LwM2M server, and none that a session was there is kept.
#[test]
fn sec_006_c_o_a_removed_account_leaves_no_session() {
    let mut lab = psk().registered();
    assert_eq!(lab.device.remove_account(FIRST_ID), WHIMBREL_OK);
    lab.run(seconds(5));
    let before = lab.network.sent_by(DEVICE);
    let read = lab.server.read("/3/0/9");
    lab.run(minutes(3));
    assert_eq!(lab.server.code(read), None);
    assert_eq!(lab.network.sent_by(DEVICE), before);
}

/// TS 1.0 section 5.2.4.2: other credentials take effect by a new handshake, and the old session is over.
#[test]
fn sec_002_c_o_replaced_credentials_take_effect_by_a_handshake() {
    let mut lab = psk().registered();
    let new = Security::psk("urn:new", b"another sixteen.");
    lab.gate().know(b"urn:new", b"another sixteen.");
    assert_eq!(lab.device.secure(FIRST_ID, &new), WHIMBREL_OK);
    lab.run(seconds(5));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.handshakes(), (2, 0));
    assert_eq!((lab.gate().counters().closed, lab.gate().sessions()), (1, 1));
    assert_eq!(lab.server.count(Operation::Register), 2);
    every_operation(&mut lab, 1);
}

/// What cannot be used is refused, and the session goes on as if nothing had been said.
#[test]
fn sec_002_c_o_replaced_credentials_that_cannot_be_used_change_nothing() {
    let mut lab = psk().registered();
    let device = &mut lab.device;
    let rpk = Security::raw_public_key(b"own", b"server's", b"private");
    assert_eq!(device.secure(FIRST_ID, &rpk), WHIMBREL_ERR_SECURITY_MODE);
    assert_eq!(device.secure(FIRST_ID, &Security::psk("urn:new", b"")), WHIMBREL_ERR_CREDENTIALS);
    assert_eq!(device.secure(FIRST_ID, &Security::default()), WHIMBREL_ERR_BAD_VALUE);
    assert_eq!(device.secure(7, &Security::psk("urn:new", KEY)), WHIMBREL_ERR_NOT_FOUND);
    lab.run(minutes(5));
    every_operation(&mut lab, 1);
    assert_eq!(lab.handshakes(), (1, 0));
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// A session in which something happened, and the datagrams of it.
fn eventful() -> (Lab, Vec<Record>) {
    let mut lab = psk().registered();
    every_operation(&mut lab, 1);
    let execute = lab.server.execute("/26241/0/20", "");
    assert_eq!(lab.code(execute), Code::CHANGED);
    lab.run(minutes(10));
    let records = lab.network.records().to_vec();
    assert!(records.len() > 50);
    (lab, records)
}

/// After an attack: the device said nothing, its session is the same, and it works.
fn unmoved(mut lab: Lab, sent: usize, executed: usize) {
    lab.run(seconds(5));
    assert_eq!(lab.network.sent_by(DEVICE), sent, "not a word");
    assert_eq!(lab.device.executed("/26241/0/20"), executed);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_SECURITY_FAILED), []);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_ALERT), []);
    every_operation(&mut lab, 2);
    assert_eq!(lab.handshakes(), (1, 0));
}

/// RFC 6347 section 4.1.2.6: what comes a second time is dropped, on both sides, before CoAP sees it.
#[test]
fn sec_006_c_o_replayed_records_are_dropped() {
    let (mut lab, records) = eventful();
    let (sent, executed) = (lab.network.sent_by(DEVICE), lab.device.executed("/26241/0/20"));
    let dropped = lab.gate().counters().dropped;
    for Record { from, to, bytes, .. } in &records {
        lab.network.inject(*from, *to, bytes);
        lab.run(1);
    }
    assert_eq!(lab.server.duplicates(), 0);
    let application = |record: &&Record| record.from == DEVICE && record.bytes[0] == records::WITH_CID;
    let expected = records.iter().filter(application).count() as u32;
    assert!(lab.gate().counters().dropped - dropped >= expected - 1, "all but Finished are data");
    unmoved(lab, sent, executed);
}

/// A record that comes back to its sender is nothing.
#[test]
fn sec_006_c_o_reflected_records_are_dropped() {
    let (mut lab, records) = eventful();
    let (sent, executed) = (lab.network.sent_by(DEVICE), lab.device.executed("/26241/0/20"));
    for record in records.iter().filter(|record| record.from == DEVICE) {
        lab.network.inject(SERVER, DEVICE, &record.bytes);
        lab.run(1);
    }
    unmoved(lab, sent, executed);
}

/// One bit changed in each record: none is accepted.
#[test]
fn sec_006_c_o_forged_records_are_dropped() {
    let (mut lab, records) = eventful();
    let (sent, executed) = (lab.network.sent_by(DEVICE), lab.device.executed("/26241/0/20"));
    let mut random = Random::new(5);
    for record in records.iter().filter(|record| record.to == DEVICE) {
        let mut bytes = record.bytes.clone();
        let at = random.up_to(bytes.len() as u64 - 1) as usize;
        bytes[at] ^= 1 << random.up_to(7);
        lab.network.inject(SERVER, DEVICE, &bytes);
        lab.run(1);
    }
    unmoved(lab, sent, executed);
}

/// A datagram that looks like the beginning of something: a header that makes sense, then chance.
fn rubbish(random: &mut Random, hello: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..random.up_to(200)).map(|_| random.next() as u8).collect();
    match random.up_to(4) {
        0 => return bytes,
        1 => {
            let length = hello.len() as u64 - 1;
            bytes = hello.to_vec();
            bytes[random.up_to(length) as usize] = random.next() as u8;
        }
        kind => {
            let epoch = u8::from(kind > 2);
            let mut record = vec![20 + random.up_to(5) as u8, 254, 253, 0, epoch, 0, 0, 0, 0, 0];
            record.push(random.next() as u8);
            record.extend((bytes.len() as u16).to_be_bytes());
            record.extend(&bytes);
            return record;
        }
    }
    bytes
}

/// A flood of ClientHello-like rubbish under the server's name leaves the session as it is.
#[test]
fn sec_006_c_o_a_flood_of_rubbish_leaves_the_session_intact() {
    let (mut lab, records) = eventful();
    let (sent, executed) = (lab.network.sent_by(DEVICE), lab.device.executed("/26241/0/20"));
    let deadline = lab.device.deadline();
    let mut random = Random::new(9);
    for _ in 0..5000 {
        let bytes = rubbish(&mut random, &records[0].bytes);
        lab.network.inject(SERVER, DEVICE, &bytes);
    }
    lab.run(0);
    assert_eq!(lab.device.deadline(), deadline, "it wants to be called as before");
    unmoved(lab, sent, executed);
}

/// Thirty datagrams of rubbish for each of a handshake's round trips; `change` spares what it likes.
fn flooded_handshake(setup: &Setup, change: impl Fn(&mut Vec<u8>)) -> Lab {
    let mut lab = setup.switched_on();
    lab.network.weather.delay = 50;
    let mut random = Random::new(setup.seed);
    lab.run(1);
    let hello = lab.network.records()[0].bytes.clone();
    for _ in 0..60 {
        for _ in 0..3 {
            let mut bytes = rubbish(&mut random, &hello);
            change(&mut bytes);
            lab.network.inject(SERVER, DEVICE, &bytes);
        }
        lab.run(10);
    }
    lab.run_until("registration", minutes(30), |lab| lab.device.is_registered(FIRST_ID));
    lab
}

/// Rubbish that belongs to no handshake does not disturb one.
#[test]
fn sec_006_c_o_a_flood_of_rubbish_does_not_stop_a_handshake() {
    for (seed, setup) in (0..10).flat_map(|seed| [(seed, psk()), (seed, x509())]) {
        let lab = flooded_handshake(&Setup { seed, ..setup }, |bytes| {
            if bytes.first().is_some_and(|kind| (20..=22).contains(kind)) {
                bytes[0] = 23;
            }
        });
        assert_eq!(lab.handshakes(), (1, 0), "seed {seed}");
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_SECURITY_FAILED), [], "seed {seed}");
    }
}

/// Handshake messages and alerts in clear can end a handshake, for nothing protects it yet; the next one succeeds.
#[test]
fn sec_006_c_o_after_a_flood_of_forged_handshakes_it_registers() {
    for (seed, setup) in (0..10).flat_map(|seed| [(seed, psk()), (seed, x509())]) {
        let mut lab = flooded_handshake(&Setup { seed, ..setup }, |_| {});
        every_operation(&mut lab, 1);
    }
}

/// RFC 6347 section 4.1.2.7: an alert without protection means nothing to a session.
#[test]
fn sec_006_c_o_alerts_in_clear_do_not_end_a_session() {
    let (mut lab, _) = eventful();
    let (sent, executed) = (lab.network.sent_by(DEVICE), lab.device.executed("/26241/0/20"));
    for (level, description) in [(2, 40), (1, 0), (2, 20), (1, 100)] {
        for sequence in [0, 5, 200] {
            let alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, sequence, 0, 2, level, description];
            lab.network.inject(SERVER, DEVICE, &alert);
            lab.run(1);
        }
    }
    unmoved(lab, sent, executed);
}

/// Plain CoAP to a secured account is nothing, whatever it asks for.
#[test]
fn sec_006_c_o_plain_coap_is_not_heard() {
    let (mut lab, _) = eventful();
    let (sent, executed) = (lab.network.sent_by(DEVICE), lab.device.executed("/26241/0/20"));
    let mut plain = Setup::default().registered();
    plain.server.execute("/26241/0/20", "");
    plain.server.read("/3/0");
    plain.run(seconds(5));
    for record in plain.network.records().iter().filter(|record| record.to == DEVICE) {
        lab.network.inject(SERVER, DEVICE, &record.bytes);
        lab.run(1);
    }
    unmoved(lab, sent, executed);
}
