//! The stage for bootstrap, from an empty device to a registration: the bootstrap server, its gate, the factory's part.

use whimbrel::capi::*;
use whimbrel_lab::bootstrap::{Ending, SecurityValues};
use whimbrel_lab::device::{BootstrapAccount, CREATABLE, Right, Security};
use whimbrel_lab::net::Weather;
use whimbrel_lab::scene::{BOOTSTRAP, DEVICE, FIRST_ID, SECOND_ID, SERVER};
use whimbrel_lab::{Code, Lab, Operation, Plan, Request, Setup, Step, minutes, seconds, tlv};

/// A device that knows a bootstrap server and nobody else.
fn empty() -> Setup {
    let bootstrap = Some(BootstrapAccount::default());
    Setup { factory: false, bootstrap, versions: (10, 11), ..Setup::default() }
}

fn secured(security: &Security) -> Setup {
    let bootstrap = BootstrapAccount { security: security.clone(), ..BootstrapAccount::default() };
    Setup { bootstrap: Some(bootstrap), security: Security::psk("server", &[0xaa; 16]), ..empty() }
}

fn events(lab: &Lab) -> Vec<u16> {
    lab.device.events().iter().map(|event| event.code).collect()
}

#[test]
fn an_empty_device_is_bootstrapped_and_registers() {
    let entries = vec![(FIRST_ID, 1), (SECOND_ID, 2)];
    let rights = Some(vec![Right { object: 3303, instance: 0, owner: FIRST_ID, entries }]);
    let mut lab = Setup { servers: 2, rights, ..empty() }.registered();
    let session = lab.session(0);
    assert_eq!((session.endpoint.as_str(), session.peer), ("whimbrel", DEVICE));
    assert_eq!(session.queries(), ["ep=whimbrel", "pct=11542"]);
    let put = Code::CHANGED;
    assert_eq!(session.codes(), [Code::CONTENT, Code::DELETED, put, put, put, put]);
    assert_eq!(session.ended.map(|(_, ending)| ending), Some(Ending::Through));
    let paths: Vec<_> = session.links(0).into_iter().map(|link| link.path).collect();
    assert!(paths.contains(&"/0/0".into()) && !paths.contains(&"/0/1".into()), "{paths:?}");
    assert!(lab.device.is_registered(FIRST_ID) && lab.device.is_registered(SECOND_ID));
    assert_eq!((lab.server.count(Operation::Register), lab.second.count(Operation::Register)), (1, 1));
    assert_eq!(lab.text("/3303/0/5701"), "Cel", "the first server's right");
    let told = events(&lab);
    for event in [WHIMBREL_EVENT_BOOTSTRAP_STARTED, WHIMBREL_EVENT_BOOTSTRAPPED, WHIMBREL_EVENT_ACCOUNT_ADDED]
    {
        assert!(told.contains(&event), "{event} in {told:?}");
    }
}

/// The account of the bootstrap server has one key, that of the server another.
#[test]
fn keys_for_bootstrap_and_keys_handed_out_are_different_ones() {
    let mut lab = secured(&Security::psk("bootstrap", &[0xbb; 16])).registered();
    assert_eq!(lab.session(0).finish(), Some(Code::CHANGED));
    assert_eq!(lab.bootstrap_gate.as_ref().unwrap().handshakes(), (1, 0));
    assert_eq!(lab.handshakes(), (1, 0));
    let written = tlv::decode(&lab.setup.configuration().objects()[0].1).unwrap();
    assert_eq!(tlv::find(&written, &[1, 3]).unwrap().text(), Some("server"));
    assert_eq!(tlv::find(&written, &[1, 0]).unwrap().text(), Some("coaps://10.0.0.2:5683"));
    let clear =
        lab.network.records().iter().filter(|record| record.bytes.windows(8).any(|part| part == [0xaa; 8]));
    assert_eq!(clear.count(), 0, "the key travels under another");
}

/// A certificate for the bootstrap server, a key for the server.
#[test]
fn a_certificate_may_bring_a_key() {
    let mut lab = secured(&Security::certificate()).registered();
    assert_eq!(lab.session(0).finish(), Some(Code::CHANGED));
    assert_eq!(lab.bootstrap_gate.as_ref().unwrap().handshakes(), (1, 0));
    assert_eq!(lab.handshakes(), (1, 0));
}

/// Without security for bootstrap, with a key for one server and none for the other.
#[test]
fn servers_may_be_secured_differently() {
    let setup = Setup {
        servers: 2,
        security: Security::psk("server", &[1; 16]),
        second_security: Some(Security::default()),
        ..empty()
    };
    let lab = setup.registered();
    assert!(lab.bootstrap_gate.is_none() && lab.gates[0].is_some() && lab.gates[1].is_none());
    assert_eq!((lab.handshakes(), lab.second.count(Operation::Register)), ((1, 0), 1));
}

/// A gate takes credentials while it runs, as a server does whose bootstrap server hands out new ones.
#[test]
fn a_gate_learns_the_credentials_of_a_later_bootstrap() {
    let mut lab = secured(&Security::psk("bootstrap", &[0xbb; 16])).registered();
    lab.gate().forget_identities();
    lab.gate().know(b"anew", &[0xcc; 16]);
    let anew = SecurityValues::new(FIRST_ID, "coaps://10.0.0.2:5683", &Security::psk("anew", &[0xcc; 16]));
    lab.bootstrap.plan([Step::write("/0/1", anew.resources()), Step::finish()]);
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
    assert_eq!(lab.session(1).codes(), [Code::CHANGED, Code::CHANGED]);
    lab.run_until("a second registration", minutes(5), |lab| lab.server.count(Operation::Register) == 2);
    assert_eq!(lab.gate().counters().full, 2);
}

#[test]
fn a_factory_with_both_kinds_of_accounts_needs_no_bootstrap() {
    let lab = Setup { factory: true, ..empty() }.registered();
    assert_eq!((lab.bootstrap.requests().len(), lab.server.count(Operation::Register)), (0, 1));
}

#[test]
fn hold_off_and_account_timeout_are_the_accounts() {
    let account = BootstrapAccount { hold_off: 100, account_timeout: 50, ..BootstrapAccount::default() };
    let mut lab = Setup { bootstrap: Some(account), ..empty() }.registered();
    let asked = lab.bootstrap.requests()[0].time;
    assert!((100_000..=125_000).contains(&asked), "{asked}");
    lab.run(seconds(51));
    assert!(events(&lab).contains(&WHIMBREL_EVENT_BOOTSTRAP_PURGED));
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_ERR_NOT_FOUND);
}

#[test]
fn a_blob_of_the_factory_makes_an_empty_device_register() {
    let blob = empty().configuration().file();
    let lab = Setup { factory: false, provision: Some(blob.clone()), ..Setup::default() }.registered();
    assert_eq!((lab.provisioned, lab.server.count(Operation::Register)), (Some(WHIMBREL_OK), 1));
    let broken = Setup { factory: false, provision: Some(blob[..60].to_vec()), ..Setup::default() };
    assert_eq!(broken.switched_on().provisioned, Some(WHIMBREL_ERR_MALFORMED));
}

/// What was stored is taken up at the next power-up, with DTLS and without; then the factory does nothing.
#[test]
fn settings_outlive_a_power_cut() {
    for setup in [empty(), secured(&Security::psk("bootstrap", &[0xbb; 16]))] {
        let mut lab = Setup { load: true, ..setup }.registered();
        assert_eq!(lab.device.loaded(), Some(WHIMBREL_ERR_NOT_FOUND));
        lab.run(seconds(10));
        lab.power_cycle();
        assert_eq!(lab.device.loaded(), Some(2), "a server and the bootstrap server");
        lab.run(minutes(1));
        assert!(lab.device.is_registered(FIRST_ID));
        assert_eq!(lab.bootstrap.sessions().len(), 1);
        assert_eq!(lab.device.erase_configuration(), WHIMBREL_OK);
        lab.power_cycle();
        assert_eq!(lab.device.loaded(), Some(WHIMBREL_ERR_NOT_FOUND));
        lab.run(minutes(1));
        assert_eq!(lab.bootstrap.sessions().len(), 2, "as the factory made it");
    }
}

/// The values of an object of the application too, where it says so.
#[test]
fn what_servers_write_is_stored_where_the_object_says_so() {
    for (persistent_objects, after) in [(vec![CREATABLE], "7"), (vec![], "0")] {
        let setup = Setup { factory: true, load: true, persistent_objects, ..empty() };
        let mut lab = setup.registered();
        let write = lab.server.write_text("/26241/0/1", "7");
        assert_eq!(lab.code(write), Code::CHANGED);
        lab.run(seconds(10));
        lab.power_cycle();
        lab.run_until("a registration", minutes(1), |lab| lab.device.is_registered(FIRST_ID));
        assert_eq!(lab.device.values(0).expect("an instance").integer.to_string(), after);
    }
}

/// TS 1.0 section 5.2.3.4: the server speaks first, while the client would still wait.
#[test]
fn the_bootstrap_server_may_speak_first() {
    let account = BootstrapAccount { hold_off: 3600, ..BootstrapAccount::default() };
    let setup = Setup { bootstrap: Some(account), server_initiated: true, ..empty() };
    let mut lab = setup.switched_on();
    lab.run(seconds(5));
    let session = lab.bootstrap.begin(DEVICE, setup.configuration().plan());
    assert_eq!(lab.session(session).finish(), Some(Code::CHANGED));
    lab.run(seconds(5));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.bootstrap.requests().len(), 0);
}

/// A session that breaks off leaves the device as it was, and it asks anew.
#[test]
fn a_session_that_breaks_off_is_followed_by_another() {
    let setup = empty();
    let mut lab = setup.switched_on();
    let whole = setup.configuration().plan();
    lab.bootstrap.plans([whole.clone().broken_off_after(3), whole]);
    lab.session(0);
    lab.run_until("a registration", minutes(30), |lab| lab.device.is_registered(FIRST_ID));
    let [first, second] = lab.bootstrap.sessions() else { panic!("two sessions") };
    assert_eq!((first.finish(), second.finish()), (None, Some(Code::CHANGED)));
    assert!(second.began >= 247_000, "{}", second.began);
    assert!(events(&lab).contains(&WHIMBREL_EVENT_BOOTSTRAP_FAILED));
}

/// Several devices, one of them with a plan of its own.
#[test]
fn each_device_is_bootstrapped_by_its_plan() {
    let setup = Setup { others: 2, ..empty() };
    let mut lab = setup.switched_on();
    lab.bootstrap.plans_of("whimbrel-2", [Plan::new([Step::delete("/"), Step::finish()])]);
    lab.run(minutes(1));
    let codes: Vec<_> = lab.bootstrap.sessions().iter().map(|s| (s.endpoint.as_str(), s.finish())).collect();
    let (good, bad) = (Some(Code::CHANGED), Some(Code::NOT_ACCEPTABLE));
    assert_eq!(codes, [("whimbrel", good), ("whimbrel-1", good), ("whimbrel-2", bad)]);
    assert_eq!(lab.server.registrations().len(), 2);
}

/// A server asks for a bootstrap by `/1/x/9`, and its account stays as it is where the plan changes nothing.
#[test]
fn a_server_triggers_a_bootstrap_that_reads_what_there_is() {
    let mut lab = empty().registered();
    lab.bootstrap.plan([Step::discover("/1"), Step::read("/1"), Step::read("/0"), Step::finish()]);
    assert_eq!(lab.send(Request::post("/1/0/9")).code, Code::CHANGED);
    let session = lab.session(1);
    assert_eq!(session.response(1).tlv().iter().map(|entry| entry.id).collect::<Vec<_>>(), [0]);
    let id = tlv::find(&session.response(1).tlv(), &[0, 0]).unwrap().integer();
    assert_eq!(id, Some(FIRST_ID.into()));
    assert!(!session.response(2).code.is_success(), "keys are for nobody");
    assert_eq!(session.finish(), Some(Code::CHANGED));
    let (from, to): (Vec<_>, Vec<_>) =
        lab.network.records().iter().map(|record| (record.from, record.to)).unzip();
    assert!(from.contains(&BOOTSTRAP) && to.contains(&SERVER));
}

/// Small blocks, repetitions, garbage and foreign methods on the way to a Finish that holds, and one Finish more.
#[test]
fn odd_steps_on_the_way_do_no_harm() {
    let setup = empty();
    let mut lab = setup.switched_on();
    let [security, server] = setup.configuration().writes().try_into().expect("two objects");
    lab.bootstrap.plan([
        Step::delete("/"),
        Step::Again,
        Step::Datagram(b"garbage".to_vec()),
        security.in_blocks(1),
        Step::Again,
        Step::Pause(seconds(60)),
        Step::Ask(Request::new(Code::PATCH, "/1/0").content(110, *b"[]")),
        Step::finish(),
        server.in_blocks(0),
        Step::finish(),
        Step::Again,
        Step::finish(),
    ]);
    let session = lab.session(0);
    let (delete, put) = (Code::DELETED, Code::CHANGED);
    let codes = session.codes();
    assert_eq!(codes[..4], [delete, delete, put, put]);
    assert!(!codes[4].is_success(), "{:?}", codes[4]);
    assert_eq!(codes[5..9], [Code::NOT_ACCEPTABLE, put, put, put]);
    let blocks: Vec<_> = session.answered().map(|done| done.outcome.as_ref().unwrap().messages).collect();
    assert!(blocks[2] > 1 && blocks[6] > 1, "{blocks:?}");
    lab.run_until("a registration", minutes(1), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.text("/1/0/1"), "86400");
}

/// In bad weather, with DTLS and without, each device is configured in the end, and nothing is done that is against the rules.
#[test]
fn bad_weather_delays_a_bootstrap_and_no_more() {
    for (seed, setup) in (0..10).flat_map(|seed| [(seed, empty()), (seed, secured(&Security::certificate()))])
    {
        let mut lab = Setup { seed, ..setup }.switched_on();
        lab.weather(Weather { loss: 15, duplication: 5, delay: 100, jitter: 200 });
        let told = format!("seed {seed}: a registration");
        lab.run_until(&told, minutes(120), |lab| lab.device.is_registered(FIRST_ID));
        assert!(lab.bootstrap.finished() >= 1, "seed {seed}");
        assert_eq!(lab.bootstrap.server.complaints(), [], "seed {seed}");
    }
}
