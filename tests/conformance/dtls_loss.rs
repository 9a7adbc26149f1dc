//! DTLS on a bad network: handshakes under loss, duplication and reordering, with small datagrams, and the timers of flights
//! (RFC 6347 sections 4.1.1 and 4.2.4).

use super::dtls::{every_operation, nothing_in_clear, psk, statuses, x509};
use whimbrel::capi::*;
use whimbrel_lab::device::Options;
use whimbrel_lab::dtls::{Settings, records};
use whimbrel_lab::net::Weather;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SERVER};
use whimbrel_lab::{Code, Lab, Setup, minutes, seconds};

const STORM: Weather = Weather { loss: 30, duplication: 20, delay: 50, jitter: 400 };

/// The smallest datagrams that a link may have: an SMS (TS 1.0 section 6.4 of the bindings).
const SMALL: u16 = 140;

/// Both sides send no larger datagrams.
fn with_mtu(setup: &Setup, mtu: u16) -> Setup {
    let gate = Settings { mtu, ..setup.gate.clone() };
    Setup { mtu, gate, ..setup.clone() }
}

/// No datagram of the device is larger than it may be, but for a ClientHello, which Mbed TLS does not cut.
fn datagrams_fit(lab: &Lab, mtu: u16) {
    let sent = records::sent(lab.network.records(), &[DEVICE], 0);
    let cut = sent.iter().filter(|(_, records)| records.iter().all(|record| record.client_hello().is_none()));
    let largest = cut.map(|(datagram, _)| datagram.bytes.len()).max().expect("it spoke");
    assert!(largest <= usize::from(mtu), "{largest} bytes");
}

/// A link that carries no more than 140 bytes. A first contact with a pre-shared key fits, cookie and all; with certificates
/// without a cookie. A ClientHello that resumes does not: when that has failed, a full handshake follows.
#[test]
fn sec_006_c_o_a_link_of_140_bytes_is_enough() {
    for (setup, cookies) in [(psk(), true), (psk(), false), (x509(), false)] {
        let setup = Setup { gate: Settings { cookies, ..setup.gate.clone() }, ..setup };
        let mut lab = with_mtu(&setup, SMALL).switched_on();
        lab.network.largest = SMALL.into();
        lab.run_until("registration", seconds(10), |lab| lab.device.is_registered(FIRST_ID));
        every_operation(&mut lab, 1);
        lab.gate().close();
        lab.run(seconds(1));
        assert!(!lab.device.is_registered(FIRST_ID));
        lab.run_until("registration", minutes(10), |lab| lab.device.is_registered(FIRST_ID));
        every_operation(&mut lab, 2);
    }
}

/// Registers in a storm, and works when it is over.
fn registers_in_a_storm(setup: &Setup, mtu: u16, seeds: u64) {
    let (mut handshakes, mut latest) = (0, 0);
    for seed in 0..seeds {
        let mut lab = with_mtu(&Setup { seed, ..setup.clone() }, mtu).switched_on();
        lab.weather(STORM);
        lab.run_until("registration", minutes(60), |lab| lab.device.is_registered(FIRST_ID));
        latest = latest.max(lab.now());
        handshakes += records::handshakes_begun(lab.network.records(), &[DEVICE]).len();
        lab.weather(Weather::default());
        lab.run(minutes(5));
        let read = lab.server.read("/3303/0/5700");
        assert_eq!(lab.code(read), Code::CONTENT, "seed {seed}");
        assert_eq!(lab.gate().sessions(), 1, "seed {seed}");
        datagrams_fit(&lab, mtu);
        nothing_in_clear(&lab);
        let (reused, _) = records::reused(lab.network.records(), &[DEVICE]);
        assert_eq!(reused, [], "seed {seed}");
    }
    println!(
        "storm, MTU {mtu}: {seeds} seeds, {handshakes} handshakes begun, the latest registration after {latest} ms"
    );
}

#[test]
fn sec_002_c_o_registers_in_a_storm() {
    registers_in_a_storm(&psk(), 1280, 60);
}

#[test]
fn sec_002_c_o_registers_in_a_storm_with_small_datagrams() {
    registers_in_a_storm(&psk(), SMALL, 60);
}

#[test]
fn sec_004_c_o_registers_in_a_storm() {
    registers_in_a_storm(&x509(), 1280, 40);
}

#[test]
fn sec_004_c_o_registers_in_a_storm_with_small_datagrams() {
    registers_in_a_storm(&x509(), SMALL, 40);
}

/// Short handshakes too: a device that moves all the time, without Connection IDs.
#[test]
fn sec_006_c_o_resumes_in_a_storm() {
    let backend = Options { no_connection_id: true, ..Options::default() };
    let mut resumed = 0;
    for seed in 0..20 {
        let mut lab = Setup { seed, backend: backend.clone(), ..psk() }.registered();
        lab.weather(STORM);
        for _ in 0..3 {
            lab.network.rebind(DEVICE);
            lab.device.network(true, true);
            lab.run(seconds(1));
            lab.run_until("registration", minutes(60), |lab| lab.device.is_registered(FIRST_ID));
            lab.run(minutes(2));
        }
        resumed += lab.handshakes().1;
        lab.weather(Weather::default());
        lab.run(minutes(10));
        lab.run_until("registration", minutes(60), |lab| lab.device.is_registered(FIRST_ID));
        let read = lab.server.read("/3303/0/5700");
        assert_eq!(lab.code(read), Code::CONTENT, "seed {seed}");
    }
    assert!(resumed >= 20, "{resumed} of 60");
}

/// With the smallest datagrams, on a good network, all operations work, and CoAP's blocks are cut to what a record takes.
#[test]
fn sec_006_c_o_every_operation_with_small_datagrams() {
    for setup in [psk(), x509()] {
        let mut lab = with_mtu(&setup, SMALL).registered();
        every_operation(&mut lab, 1);
        datagrams_fit(&lab, SMALL);
        assert_eq!(lab.gate().counters().unsent, 0);
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_SECURITY_FAILED), []);
    }
}

/// Each flight is lost once, one after the other: the handshake completes by itself.
#[test]
fn sec_006_c_o_every_single_lost_datagram_is_repeated() {
    for setup in [psk(), x509()] {
        for mtu in [1280, SMALL] {
            let setup = with_mtu(&setup, mtu);
            let calm = setup.registered();
            let of = |peer| calm.network.records().iter().filter(|record| record.from == peer).count() as u32;
            for (peer, datagrams) in [(DEVICE, of(DEVICE)), (SERVER, of(SERVER))] {
                for lost in 0..datagrams {
                    let mut lab = setup.switched_on();
                    lab.network.drop_after(peer, lost, 1);
                    lab.run_until("registration", seconds(20), |lab| lab.device.is_registered(FIRST_ID));
                    assert_eq!(lab.handshakes(), (1, 0), "{peer} {lost}");
                    let read = lab.server.read("/3303/0/5700");
                    assert_eq!(lab.code(read), Code::CONTENT, "{peer} {lost}");
                }
            }
        }
    }
}

/// When the device sends, where nobody answers.
fn unanswered(handshake: (u32, u32)) -> (Lab, Vec<u64>) {
    let mut lab = Setup { handshake, retry: (3600, 3600), ..psk() }.switched_on();
    lab.network.partition_until(SERVER, u64::MAX);
    lab.run(0);
    let mut deadlines = Vec::new();
    while lab.device.events_of(WHIMBREL_EVENT_SECURITY_FAILED).is_empty() {
        let (at, reason) = lab.device.deadline();
        assert_eq!(reason, WHIMBREL_WAKE_HANDSHAKE);
        deadlines.push(at);
        lab.run(at - lab.now());
    }
    (lab, deadlines)
}

/// RFC 6347 section 4.2.4.1: the timeout doubles, and the deadline says when and why.
#[test]
fn sec_006_c_o_flights_are_repeated_on_the_clock_of_the_engine() {
    let (lab, deadlines) = unanswered((1000, 60_000));
    assert_eq!(deadlines, [1, 3, 7, 15, 31, 63, 123].map(seconds));
    let sent: Vec<u64> = lab.network.records().iter().map(|record| record.time).collect();
    assert_eq!(sent, [0, 1, 3, 7, 15, 31, 63].map(seconds));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED), [WHIMBREL_ERR_TIMEOUT]);
    let failed = lab.device.events_of(WHIMBREL_EVENT_REGISTER_FAILED);
    assert_eq!(failed.len(), 1);
    assert_eq!(lab.device.deadline(), (failed[0].at, WHIMBREL_WAKE_REGISTRATION));
}

/// What a link is slow with is a parameter: the SMS link asks for 9 s.
#[test]
fn sec_006_c_o_the_timeouts_of_flights_are_parameters() {
    let (_, deadlines) = unanswered((9000, 36_000));
    assert_eq!(deadlines, [9, 27, 63].map(seconds));
    let (_, deadlines) = unanswered((500, 1000));
    assert_eq!(deadlines, [500, 1500]);
}

/// Without parameters they are those of CoAP and a minute.
#[test]
fn sec_006_c_o_flights_begin_with_the_timeout_of_coap() {
    let (_, deadlines) = unanswered((0, 0));
    assert_eq!(deadlines, [2, 6, 14, 30, 62, 122].map(seconds));
}

/// Between two deadlines nothing is sent and nobody need call, however often somebody does.
#[test]
fn sec_006_c_o_polling_more_often_changes_nothing() {
    let (lab, _) = unanswered((1000, 60_000));
    let seldom: Vec<_> = lab.network.records().iter().map(|record| record.time).collect();
    let mut lab = Setup { handshake: (1000, 60_000), retry: (3600, 3600), ..psk() }.switched_on();
    lab.network.partition_until(SERVER, u64::MAX);
    for _ in 0..1300 {
        lab.device.changed("/3303/0/5700");
        lab.run(100);
    }
    let often: Vec<_> = lab.network.records().iter().map(|record| record.time).collect();
    assert_eq!(often, seldom);
}
