//! Queue mode (TS 1.0 section 8.3, LwM2M-MEC-001-C-O), and when the radio may be switched off.

use whimbrel::capi::*;
use whimbrel_lab::scene::{DEVICE, FIRST_ID};
use whimbrel_lab::{Code, Lab, Operation, Setup, minutes, seconds};

/// MAX_TRANSMIT_WAIT.
const AWAKE: u64 = seconds(93);

fn asleep() -> Lab {
    let mut lab = Setup { binding: "UQ", lifetime: 3600, ..Setup::default() }.registered();
    lab.run(AWAKE + seconds(1));
    lab
}

/// LwM2M-MEC-001-C-O: it says so when it registers.
#[test]
fn mec_001_c_o_registers_with_uq() {
    let lab = asleep();
    assert!(lab.server.client().queue);
    assert_eq!(lab.server.client().binding, "UQ");
}

/// TS 1.0 section 8.3 step 2: MAX_TRANSMIT_WAIT after the last message, and the application is told how long.
#[test]
fn mec_001_c_o_the_radio_goes_off_after_the_awake_window() {
    let lab = asleep();
    let off = lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF);
    assert_eq!(off.len(), 1);
    assert_eq!(off[0].time, AWAKE);
    assert_eq!(off[0].at, seconds(3600) - AWAKE, "the next Update");
    assert_eq!(lab.device.deadline().0, off[0].at);
}

/// A message on either way begins the window anew.
#[test]
fn mec_001_c_o_every_message_begins_the_window_anew() {
    let mut lab = Setup { binding: "UQ", lifetime: 3600, ..Setup::default() }.registered();
    lab.run(seconds(60));
    assert_eq!(lab.text("/3/0/9"), "100");
    let last = lab.now();
    lab.run(minutes(5));
    let off = lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF);
    assert_eq!(off.iter().map(|event| event.time).collect::<Vec<_>>(), [last + AWAKE]);
}

/// It wakes for the Update, the server sends what it queued, and it sleeps again.
#[test]
fn mec_001_c_o_queued_requests_are_answered_after_the_update() {
    let mut lab = asleep();
    let read = lab.server.read("/3/0/9");
    lab.run(minutes(50));
    assert_eq!(lab.server.outcome(read).map(|_| ()), None, "the server waits");
    lab.run(minutes(12));
    assert_eq!(lab.server.code(read), Some(Code::CONTENT));
    assert_eq!(lab.server.outcome(read).unwrap().retransmissions, 0);
    let (on, off) =
        (lab.device.events_of(WHIMBREL_EVENT_RADIO_ON), lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF));
    assert_eq!((on.len(), off.len()), (1, 2));
    assert_eq!(on[0].time, off[0].at, "when it said it would");
    assert_eq!(lab.server.expiries(), 0);
}

/// TS 1.0 Figure 26: a notification wakes it, and an Update goes first.
#[test]
fn mec_001_c_o_a_notification_sends_an_update_first() {
    let mut lab = Setup { binding: "UQ", lifetime: 3600, ..Setup::default() }.registered();
    let observation = lab.observe("/3303/0/5700");
    lab.run(minutes(10));
    lab.network.clear_records();
    lab.device.set("/3303/0/5700", 25.0);
    lab.run(seconds(5));
    assert_eq!(lab.server.notified(observation), [25.0]);
    let first = lab.network.records().iter().find(|record| record.from == DEVICE).unwrap();
    let first = whimbrel_lab::Message::parse(&first.bytes).unwrap();
    assert_eq!(first.code, Code::POST);
    assert_eq!(lab.server.count(Operation::Update), 1);
    lab.device.set("/3303/0/5700", 26.0);
    lab.run(seconds(5));
    assert_eq!(lab.server.count(Operation::Update), 1, "it is awake now");
    assert_eq!(lab.server.notified(observation), [25.0, 26.0]);
}

/// pmax while asleep: the radio event names the time, and it is kept.
#[test]
fn mec_001_c_o_pmax_wakes_it() {
    let mut lab = Setup { binding: "UQ", lifetime: 86_400, ..Setup::default() }.registered();
    lab.attributes("/3303/0/5700", "pmax=600");
    let observation = lab.observe("/3303/0/5700");
    let start = lab.now();
    lab.run(minutes(60));
    let times = lab.server.notified_at(observation);
    assert_eq!(
        times.iter().map(|time| time - start).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6].map(|n| n * seconds(600))
    );
    let off = lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF);
    assert_eq!(off[0].at, start + seconds(600));
}

/// Asleep, the device is not woken for nothing.
#[test]
fn mec_001_c_o_asleep_nothing_wakes_it_before_the_update() {
    let mut lab = asleep();
    let before = lab.network.sent_by(DEVICE);
    let (at, reason) = lab.device.deadline();
    assert_eq!((at, reason), (seconds(3600) - AWAKE, WHIMBREL_WAKE_UPDATE));
    lab.run(at - lab.now() - 1);
    assert_eq!(lab.network.sent_by(DEVICE), before);
    lab.run(1);
    assert_eq!(lab.network.sent_by(DEVICE), before + 1);
}

/// A request that comes while it sleeps is answered all the same: the window is a promise to be awake, not to be deaf.
#[test]
fn mec_001_c_o_a_request_while_asleep_wakes_it() {
    let mut lab = asleep();
    lab.server.settings.respect_queue_mode = false;
    assert_eq!(lab.text("/3/0/9"), "100");
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_RADIO_ON).len(), 1);
    lab.run(minutes(3));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF).len(), 2);
}

/// Without queue mode the radio stays on.
#[test]
fn mec_001_c_o_binding_u_keeps_the_radio_on() {
    let mut lab = Lab::registered();
    lab.run(minutes(600));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF), []);
}

/// Queue mode can be switched on and off by the server.
#[test]
fn mec_001_c_o_queue_mode_follows_the_binding_written() {
    let mut lab = Lab::registered();
    let write = lab.server.write_text("/1/0/7", "UQ");
    assert_eq!(lab.code(write), Code::CHANGED);
    lab.run(minutes(5));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF).len(), 1);
    lab.server.settings.respect_queue_mode = false;
    let write = lab.server.write_text("/1/0/7", "U");
    assert_eq!(lab.code(write), Code::CHANGED);
    lab.run(minutes(5));
    assert!(!lab.server.client().queue);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF).len(), 1);
}

/// With two servers the radio is needed until both windows are over.
#[test]
fn mec_001_c_o_the_radio_waits_for_every_server() {
    let mut lab = Setup { binding: "UQ", servers: 2, ..Setup::default() }.registered();
    lab.run(seconds(60));
    let read = lab.second.read("/3/0/9");
    lab.second_answer(read);
    let last = lab.now();
    lab.run(minutes(5));
    let off = lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF);
    assert_eq!(off.iter().map(|event| event.time).collect::<Vec<_>>(), [last + AWAKE]);
}

/// A pause before the next attempt needs no radio either, and the application learns its end.
#[test]
fn mec_001_c_o_the_radio_is_off_during_a_pause() {
    let mut lab = Setup { binding: "UQ", disable_timeout: 7200, ..Setup::default() }.registered();
    let disable = lab.server.execute("/1/0/4", "");
    lab.code(disable);
    lab.run(minutes(30));
    let off = lab.device.events_of(WHIMBREL_EVENT_RADIO_OFF);
    let disabled = lab.device.events_of(WHIMBREL_EVENT_DISABLED);
    assert_eq!(off.len(), 1);
    assert_eq!(off[0].at, disabled[0].at);
    assert!(!lab.device.is_registered(FIRST_ID));
}
