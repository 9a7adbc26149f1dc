//! When a bootstrap begins, how it goes, and what happens if it does not (TS 1.0 sections 5.2.3.3, 5.2.3.4 and 5.2.4).

use super::bootstrap_commands::{empty, known, listed, session};
use whimbrel::capi::*;
use whimbrel_lab::bootstrap::{Ending, SecurityValues, ServerValues};
use whimbrel_lab::device::{BootstrapAccount, Security};
use whimbrel_lab::dtls::Settings;
use whimbrel_lab::net::Weather;
use whimbrel_lab::scene::{BOOTSTRAP, DEVICE, FIRST_ID, SECOND_ID, SERVER};
use whimbrel_lab::{Answer, Code, Lab, Operation, Plan, Request, Setup, Step, minutes, seconds};

const CHANGED: Code = Code::CHANGED;

/// EXCHANGE_LIFETIME of RFC 7252 with its default parameters.
const LIFETIME: u64 = 247_000;

/// What goes wrong, and how.
type Break = (&'static str, fn(&mut Lab));

fn held_off(hold_off: u32) -> Option<BootstrapAccount> {
    Some(BootstrapAccount { hold_off, ..BootstrapAccount::default() })
}

/// When the device asked for a bootstrap.
fn asked(lab: &Lab) -> Vec<u64> {
    lab.bootstrap.requests().iter().map(|entry| entry.time).collect()
}

fn registered_at(lab: &Lab) -> Vec<u64> {
    lab.server.asked(Operation::Register).map(|entry| entry.time).collect()
}

/// Whether the account that the device had before serves, and is what it was.
fn as_before(lab: &mut Lab, told: &str) {
    let write = lab.server.write_text("/26241/0/1", "5");
    assert_eq!(lab.code(write), CHANGED, "{told}");
    assert_eq!(lab.text("/1/0/1"), "86400", "{told}");
    assert_eq!(lab.device.update(FIRST_ID), WHIMBREL_OK, "{told}");
    lab.run(seconds(5));
    assert_eq!(lab.server.count(Operation::Register), 1, "{told}");
}

/// LwM2M-BOOT-004-C-O: nobody is known, so the bootstrap server is asked once the Client Hold Off Time is over. Devices
/// that were switched on together do not come together.
#[test]
fn boot_004_c_o_an_empty_device_asks_after_the_hold_off_time() {
    let times: Vec<_> = (1..=8)
        .map(|seed| {
            let mut lab = Setup { seed, bootstrap: held_off(100), ..empty() }.switched_on();
            lab.session(0);
            lab.run(seconds(5));
            assert!(lab.device.is_registered(FIRST_ID));
            asked(&lab)[0]
        })
        .collect();
    assert!(times.iter().all(|time| (100_000..=125_000).contains(time)), "{times:?}");
    let (least, most) = (times.iter().min(), times.iter().max());
    assert!(most.zip(least).is_some_and(|(most, least)| most - least > 5_000), "{times:?}");
}

/// LwM2M-BOOT-009-C-M, section 5.2.4: registration comes first; when it has failed for good, and the hold-off time is over,
/// the bootstrap server is asked.
#[test]
fn boot_009_c_m_registration_is_tried_before_bootstrap() {
    let mut lab = Setup { versions: (10, 10), bootstrap: held_off(200), ..known() }.switched_on();
    lab.server.always(Operation::Register, Some(Answer::code(Code::FORBIDDEN)));
    lab.run_until("a bootstrap", minutes(60), |lab| !lab.bootstrap.requests().is_empty());
    let mut tried = registered_at(&lab);
    // at once after the bootstrap, which takes no time here
    tried.retain(|time| *time < asked(&lab)[0]);
    assert_eq!(tried.len(), 5, "TS 1.1 /1/x/17: five attempts where nothing else is said");
    let pauses: Vec<_> = tried.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (n, pause) in pauses.iter().enumerate() {
        let nominal = 60_000 << n;
        assert!((nominal * 3 / 4..=nominal * 5 / 4).contains(pause), "{pauses:?}");
    }
    let waited = asked(&lab)[0] - tried[4];
    assert!((200_000..=250_000).contains(&waited), "{waited}");
    lab.server.always(Operation::Register, None);
    lab.run_until("a registration", minutes(5), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.bootstrap.last().finish(), Some(CHANGED));
}

/// As long as one server takes the device, 1.0 sees no need for a bootstrap.
#[test]
fn boot_009_c_m_one_server_that_registers_is_enough_at_1_0() {
    let mut lab = Setup { versions: (10, 10), servers: 2, ..known() }.switched_on();
    lab.second.always(Operation::Register, Some(Answer::code(Code::FORBIDDEN)));
    lab.run(minutes(180));
    assert!(lab.device.is_registered(FIRST_ID) && !lab.device.is_registered(SECOND_ID));
    assert!(lab.second.count(Operation::Register) >= 5);
    assert_eq!(asked(&lab), [0; 0]);
}

/// From 1.1 on a server that says no is reason enough (TS 1.1 `/1/x/16`, by default true): no second attempt comes before
/// the bootstrap, whatever another server says.
#[test]
fn boot_009_c_m_a_rejected_registration_is_followed_by_a_bootstrap_from_1_1_on() {
    for servers in [1, 2] {
        let mut lab = Setup { servers, bootstrap: held_off(20), ..known() }.switched_on();
        lab.server.always(Operation::Register, Some(Answer::code(Code::FORBIDDEN)));
        lab.run_until("a bootstrap", seconds(26), |lab| !lab.bootstrap.requests().is_empty());
        let before = registered_at(&lab).into_iter().filter(|time| *time < asked(&lab)[0]).count();
        assert_eq!(before, 1);
        assert_eq!(lab.device.is_registered(SECOND_ID), servers == 2);
    }
}

/// While the hold-off time runs a registration may come after all: then nobody is asked.
#[test]
fn boot_009_c_m_a_registration_in_the_hold_off_time_ends_it() {
    let mut lab = Setup { versions: (10, 10), bootstrap: held_off(20_000), ..known() }.switched_on();
    lab.server.always(Operation::Register, Some(Answer::code(Code::FORBIDDEN)));
    lab.run(minutes(30));
    lab.server.always(Operation::Register, None);
    lab.run(minutes(600));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(asked(&lab), [0; 0]);
}

/// LwM2M-BOOT-005-C-O: a client that listens is configured by a server that speaks first, empty or not.
#[test]
fn boot_005_c_o_the_server_speaks_first() {
    for factory in [false, true] {
        let setup = Setup { factory, bootstrap: held_off(3600), server_initiated: true, ..known() };
        let mut lab = setup.switched_on();
        lab.run(seconds(10));
        assert_eq!(lab.device.is_registered(FIRST_ID), factory);
        let server = ServerValues { lifetime: 500, ..ServerValues::new(FIRST_ID) };
        let mut plan = setup.configuration().plan();
        plan.steps.insert(4, Step::write("/1/0", server.resources()));
        let number = lab.bootstrap.begin(DEVICE, plan);
        assert_eq!(lab.session(number).finish(), Some(CHANGED));
        lab.run(seconds(5));
        assert_eq!((lab.text("/1/0/1"), lab.server.client().lifetime), ("500".into(), 500));
        assert_eq!(lab.server.count(Operation::Register), 1);
        lab.run(minutes(120));
        assert_eq!(asked(&lab), [0; 0], "nobody needs another");
    }
}

/// Its session fails as any other, and then all is as it was; the server may come again.
#[test]
fn boot_005_c_o_a_server_that_stops_half_way_may_come_again() {
    let setup = Setup { server_initiated: true, ..known() };
    let mut lab = setup.registered();
    let number = lab.bootstrap.begin(DEVICE, setup.configuration().plan().broken_off_after(3));
    assert_eq!(lab.session(number).ended.map(|(_, ending)| ending), Some(Ending::Through));
    lab.run(minutes(6));
    as_before(&mut lab, "half a session");
    let number = lab.bootstrap.begin(DEVICE, setup.configuration().plan());
    assert_eq!(lab.session(number).finish(), Some(CHANGED));
    assert_eq!(asked(&lab), [0; 0]);
}

/// A client that was not told to listen is not reached.
#[test]
fn boot_005_c_o_nobody_speaks_first_to_one_that_does_not_listen() {
    let mut lab = known().registered();
    let number = lab.bootstrap.begin(DEVICE, [Step::delete("/"), Step::finish()]);
    assert_eq!(lab.session(number).ended.map(|(_, ending)| ending), Some(Ending::NoAnswer));
    as_before(&mut lab, "nobody listened");
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_STARTED), []);
}

/// In a session nothing goes out but answers to the bootstrap server: neither notifications nor answers to others nor
/// Updates. All of it comes after.
#[test]
fn boot_009_c_m_only_the_bootstrap_server_is_heard_in_a_session() {
    let mut lab = Setup { lifetime: 60, ..known() }.registered();
    let observation = lab.observe("/3303/0/5700");
    lab.bootstrap.plan([Step::discover("/"), Step::Pause(seconds(25)), Step::finish()]);
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
    lab.run(seconds(1));
    let began = lab.now();
    lab.device.set("/3303/0/5700", 40.0);
    let request = lab.server.send(Request::get("/3303/0/5700"));
    lab.run(seconds(22));
    let spoken = lab.network.records().iter().filter(|record| record.from == DEVICE && record.time >= began);
    assert_eq!(spoken.filter(|record| record.to != BOOTSTRAP).count(), 0);
    let heard = lab.network.records().iter().filter(|record| record.from == SERVER && record.time >= began);
    assert!(heard.count() >= 3, "the server repeats itself");
    assert_eq!((lab.server.outcome(request).is_none(), lab.server.notified(observation)), (true, vec![]));
    assert_eq!(lab.session(0).finish(), Some(CHANGED));
    lab.run(seconds(60));
    assert_eq!(lab.server.notified(observation), [40.0]);
    assert_eq!(lab.answer(request).code, Code::CONTENT);
    assert!(lab.device.is_registered(FIRST_ID));
}

/// Section 5.2.3.3 step 2: EXCHANGE_LIFETIME counts from the last command, not from the first.
#[test]
fn boot_009_c_m_a_session_lasts_as_long_as_commands_come() {
    let pause = || Step::Pause(LIFETIME - 2000);
    let slow = [Step::discover("/"), pause(), Step::read("/1"), pause(), Step::read("/1"), pause()];
    let mut lab = known().registered();
    let done = session(&mut lab, Plan::new(slow.clone()).then(Step::finish()));
    assert_eq!(done.codes(), [Code::CONTENT, Code::CONTENT, Code::CONTENT, CHANGED]);

    let mut lab = known().registered();
    lab.bootstrap.plan(slow.to_vec());
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
    lab.run_until("a failure", minutes(60), |lab| {
        !lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED).is_empty()
    });
    let last = lab.bootstrap.last().answered().last().expect("a command").time;
    let failed = lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED)[0].clone();
    assert!((LIFETIME..=LIFETIME + 1000).contains(&(failed.time - last)), "{}", failed.time - last);
    assert_eq!(failed.status, WHIMBREL_ERR_TIMEOUT);
}

/// Also from the Bootstrap-Request on, where no command comes at all.
#[test]
fn boot_009_c_m_a_server_that_never_commands_is_given_up() {
    let mut lab = empty().switched_on();
    lab.bootstrap.plan([]);
    lab.run(LIFETIME - 1000);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED), []);
    lab.run(seconds(5));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED).len(), 1);
}

/// The pause after the n-th failure in a row: 30 s, doubled up to an hour, a quarter up and down.
fn assert_pauses(lab: &Lab, told: &str) {
    let failed = lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED);
    assert!(failed.len() >= 10, "{told}: {} failures", failed.len());
    for (n, event) in failed.iter().enumerate() {
        let nominal = (30_000u64 << n.min(16)).min(3_600_000);
        let pause = event.at - event.time;
        assert!((nominal * 3 / 4..=nominal * 5 / 4).contains(&pause), "{told}: {pause} is the {n}th");
        assert_ne!(event.status, WHIMBREL_OK, "{told}");
    }
}

/// LwM2M-BOOT-004-C-O: whatever is wrong with the bootstrap server, it is left alone for longer and longer, and the
/// accounts that there are go on.
#[test]
fn boot_004_c_o_the_pause_grows_with_every_failure() {
    let breaks: [Break; 4] = [
        ("refused", |lab| lab.bootstrap.always(Some(Answer::code(Code::BAD_REQUEST)))),
        ("silent", |lab| lab.bootstrap.always(Some(Answer::silence()))),
        ("cut off", |lab| lab.network.partition_until(BOOTSTRAP, u64::MAX)),
        ("never at an end", |lab| lab.bootstrap.plan([Step::delete("/"), Step::discover("/")])),
    ];
    for (told, break_it) in breaks {
        let mut lab = known().registered();
        break_it(&mut lab);
        assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
        lab.run(minutes(9 * 60));
        assert_pauses(&lab, told);
        as_before(&mut lab, told);
    }
}

/// The same where the handshake comes to nothing.
#[test]
fn boot_010_c_m_a_handshake_that_fails_is_tried_later() {
    let account =
        BootstrapAccount { security: Security::psk("bootstrap", &[1; 16]), ..BootstrapAccount::default() };
    let gate = Settings { psks: vec![(b"bootstrap".to_vec(), vec![2; 16])], ..Settings::default() };
    let mut lab = Setup { bootstrap: Some(account), bootstrap_gate: gate, ..known() }.registered();
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
    lab.run(minutes(12 * 60));
    assert_pauses(&lab, "another key");
    as_before(&mut lab, "another key");
    assert_eq!(asked(&lab), [0; 0]);
    let gate = lab.bootstrap_gate.as_mut().expect("a gate");
    gate.forget_identities();
    gate.know(b"bootstrap", &[1; 16]);
    lab.bootstrap.plan([Step::finish()]);
    lab.run(minutes(90));
    assert_eq!(lab.bootstrap.finished(), 1);
}

/// Devices that failed together do not come again together, and one that succeeds begins with the short pause again.
#[test]
fn boot_004_c_o_pauses_differ_and_begin_anew() {
    let pauses: Vec<_> = (1..=6)
        .map(|seed| {
            let mut lab = Setup { seed, ..empty() }.switched_on();
            lab.bootstrap.on_next(Answer::code(Code::BAD_REQUEST));
            lab.run(seconds(5));
            let failed = &lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED)[0];
            let pause = failed.at - failed.time;
            lab.run(minutes(1));
            assert!(lab.device.is_registered(FIRST_ID));
            lab.bootstrap.on_next(Answer::code(Code::BAD_REQUEST));
            assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
            lab.run(seconds(5));
            let again = &lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED)[1];
            assert!((22_500..=37_500).contains(&(again.at - again.time)), "seed {seed}");
            pause
        })
        .collect();
    assert!(pauses.iter().any(|pause| pause.abs_diff(pauses[0]) > 1000), "{pauses:?}");
}

/// A session whose network goes, or whose link breaks, is over; the next one does it all.
#[test]
fn boot_009_c_m_a_session_does_not_outlive_its_connection() {
    let breaks: [Break; 3] = [
        ("off and on", |lab| {
            lab.device.network(false, false);
            lab.run(seconds(20));
            lab.device.network(true, true);
        }),
        ("another address", |lab| lab.device.network(true, true)),
        ("a broken link", |lab| lab.device.links_die(WHIMBREL_ERR_LINK)),
    ];
    for (told, break_it) in breaks {
        let mut lab = known().registered();
        let half = Plan::new([Step::delete("/"), Step::Pause(seconds(20)), Step::finish()]);
        let whole = [half, known().configuration().plan()];
        lab.bootstrap.plans(whole);
        assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
        lab.run(seconds(5));
        break_it(&mut lab);
        lab.run(minutes(10));
        assert_ne!(lab.bootstrap.sessions()[0].finish(), Some(CHANGED), "{told}");
        assert_eq!(lab.bootstrap.finished(), 1, "{told}");
        assert!(lab.device.is_registered(FIRST_ID), "{told}");
        assert_eq!(lab.text("/1/0/1"), "86400", "{told}");
    }
}

/// Garbage and a server that stops half-way leave everything as it was, byte for byte.
#[test]
fn boot_009_c_m_a_session_that_fails_leaves_every_byte_as_it_was() {
    let setup = Setup { servers: 2, pmin: 2, pmax: 30, ..known() };
    let mut lab = setup.registered();
    let look =
        || Plan::new(["/", "/0", "/1"].map(Step::discover)).then(Step::read("/1")).then(Step::finish());
    let before = session(&mut lab, look());
    let other = SecurityValues::new(7, "coap://10.0.0.9", &Security::default());
    let server = ServerValues { lifetime: 1, binding: "UQ".into(), ..ServerValues::new(7) };
    let steps = [
        Step::Datagram(b"\x40garbage".to_vec()),
        Step::write("/0/1", other.resources()),
        Step::write("/0/6", other.resources()),
        Step::Datagram(vec![0xff; 40]),
        Step::write("/1/0", server.resources()),
        Step::write("/1/3", server.resources()),
        Step::delete("/0/2"),
        Step::write_text("/1/0/2", "9"),
        Step::write("/26241/0", b"\x00".to_vec()),
        Step::delete("/"),
        Step::finish(),
    ];
    for n in 1..=steps.len() {
        let broken = session(&mut lab, steps[..n].to_vec());
        assert_ne!(broken.finish(), Some(CHANGED));
        lab.run(seconds(248));
        let after = session(&mut lab, look());
        for (step, (one, other)) in before.answered().zip(after.answered()).enumerate() {
            let of =
                |done: &whimbrel_lab::bootstrap::Done| done.response().expect("an answer").payload.clone();
            assert_eq!(of(one), of(other), "step {step} after {n}");
        }
        assert_eq!(listed(before.response(0)), listed(after.response(0)));
        assert!(lab.device.is_registered(FIRST_ID) && lab.device.is_registered(SECOND_ID), "{n}");
    }
    assert_eq!((lab.server.count(Operation::Register), lab.second.count(Operation::Register)), (1, 1));
}

/// Losses, doubles and datagrams out of order: each device is configured in the end, once or more often.
#[test]
fn boot_009_c_m_every_weather_ends_in_a_bootstrap() {
    let storms = [
        Weather { loss: 25, ..Weather::default() },
        Weather { duplication: 50, ..Weather::default() },
        Weather { delay: 50, jitter: 5000, ..Weather::default() },
        Weather { loss: 20, duplication: 20, delay: 100, jitter: 2000 },
    ];
    for (seed, weather) in (0..24).zip(storms.into_iter().cycle()) {
        let mut lab = Setup { seed, servers: 2, ..empty() }.switched_on();
        lab.weather(weather);
        lab.run_until(&format!("seed {seed}"), minutes(600), |lab| {
            lab.device.is_registered(FIRST_ID) && lab.device.is_registered(SECOND_ID)
        });
        // the server may miss the answer to its Finish
        assert!(!lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAPPED).is_empty(), "seed {seed}");
        assert_eq!(lab.bootstrap.server.complaints(), [], "seed {seed}");
    }
}

/// Section 5.2.3.3 step 3: the Bootstrap-Server Account Timeout counts from the success; 0 is for ever.
#[test]
fn boot_009_c_m_the_bootstrap_account_times_out_after_a_success_only() {
    let timeout = |account_timeout| BootstrapAccount { account_timeout, ..BootstrapAccount::default() };
    let mut lab = Setup { bootstrap: Some(timeout(600)), ..empty() }.switched_on();
    lab.bootstrap.always(Some(Answer::code(Code::BAD_REQUEST)));
    lab.run(minutes(300));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_PURGED), []);
    lab.bootstrap.always(None);
    lab.run_until("a registration", minutes(90), |lab| lab.device.is_registered(FIRST_ID));
    let done = lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAPPED)[0].time;
    lab.run(minutes(20));
    let purged = lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_PURGED);
    assert_eq!(purged.iter().map(|event| event.time - done).collect::<Vec<_>>(), [600_000]);
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_ERR_NOT_FOUND);
    assert_eq!(lab.text("/1/0/1"), "86400");

    let mut lab = Setup { bootstrap: Some(timeout(0)), ..empty() }.registered();
    lab.run(minutes(60 * 24 * 60));
    assert_eq!(session(&mut lab, [Step::finish()]).finish(), Some(CHANGED));
}

/// The place that the bootstrap server's account leaves takes no orders that another server gives.
#[test]
fn obj_002_c_m_orders_are_followed_after_the_bootstrap_account_went() {
    let account = BootstrapAccount { account_timeout: 60, ..BootstrapAccount::default() };
    let mut lab = Setup { bootstrap: Some(account), ..empty() }.registered();
    lab.run(minutes(5));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_PURGED).len(), 1);
    let updates = lab.server.count(Operation::Update);
    let trigger = lab.server.execute("/1/0/8", "");
    assert_eq!(lab.code(trigger), CHANGED);
    lab.run(minutes(1));
    assert_eq!(lab.server.count(Operation::Update), updates + 1);
    let disable = lab.server.execute("/1/0/4", "");
    assert_eq!(lab.code(disable), CHANGED);
    lab.run(minutes(1));
    assert!(!lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.server.count(Operation::Deregister), 1);
}

/// An answer that a server waits for is ready in a session: it goes out after it.
#[test]
fn boot_009_c_m_what_was_under_way_ends_after_the_session() {
    let mut lab = known().registered();
    lab.device.trouble().defer = true;
    lab.device.trouble().number = 77;
    let read = lab.server.read("/26243/0/3");
    lab.run(seconds(1));
    lab.bootstrap.plan([Step::discover("/"), Step::Pause(seconds(20)), Step::finish()]);
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
    lab.run(seconds(5));
    let since = lab.now();
    lab.device.trouble().defer = false;
    assert_eq!(lab.device.complete("/26243/0/3", WHIMBREL_OK), WHIMBREL_OK);
    lab.run(seconds(10));
    let spoken = lab.network.records().iter().filter(|record| record.from == DEVICE && record.time >= since);
    let spoken: Vec<_> = spoken.filter(|record| record.to == SERVER).collect();
    assert_eq!(spoken, [] as [&whimbrel_lab::net::Record; 0]);
    assert_eq!(lab.session(0).finish(), Some(CHANGED));
    let answer = lab.answer(read);
    assert_eq!((answer.code, answer.integer()), (Code::CONTENT, Some(77)));
}

/// The same with DTLS in front of both servers.
#[test]
fn boot_010_c_m_every_weather_ends_in_a_bootstrap_with_dtls() {
    let account =
        BootstrapAccount { security: Security::psk("bootstrap", &[1; 16]), ..BootstrapAccount::default() };
    let setup = Setup { bootstrap: Some(account), security: Security::psk("server", &[2; 16]), ..empty() };
    for seed in 0..12 {
        let mut lab = Setup { seed, ..setup.clone() }.switched_on();
        lab.weather(Weather { loss: 20, duplication: 20, delay: 100, jitter: 2000 });
        lab.run_until(&format!("seed {seed}"), minutes(600), |lab| lab.device.is_registered(FIRST_ID));
        assert!(!lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAPPED).is_empty(), "seed {seed}");
        assert_eq!(lab.bootstrap.server.complaints(), [], "seed {seed}");
    }
}

/// An upload that stops in the middle changes nothing, and the session may end all the same.
#[test]
fn boot_009_c_m_half_an_upload_is_none() {
    let mut lab = known().registered();
    let server = ServerValues { lifetime: 99, disable_timeout: Some(70_000), ..ServerValues::new(FIRST_ID) }
        .resources();
    let half = Request::put("/1/0")
        .content(whimbrel_lab::format::TLV, &server[..16])
        .option(27, vec![0x08])
        .by_hand();
    let done = session(&mut lab, [Step::Ask(half), Step::read("/1/0"), Step::finish()]);
    assert_eq!(done.codes()[1..], [Code::CONTENT, CHANGED]);
    assert_eq!(lab.text("/1/0/1"), "86400");
}
