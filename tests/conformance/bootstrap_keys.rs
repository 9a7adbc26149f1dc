//! What a bootstrap does to sessions with servers and to its own keys (TS 1.0 sections 5.2.1, 5.2.3.3 and 5.2.5), and what
//! happens where there is no room for it.

use super::bootstrap_commands::{empty, instance_paths, known, session};
use whimbrel::capi::*;
use whimbrel_lab::bootstrap::{SecurityValues, ServerValues};
use whimbrel_lab::device::{BootstrapAccount, Security};
use whimbrel_lab::dtls::Gate;
use whimbrel_lab::net::Peer;
use whimbrel_lab::scene::{BOOTSTRAP, DEVICE, FIRST_ID, SECOND, SECOND_ID, SERVER};
use whimbrel_lab::{Code, Lab, Operation, Setup, Step, minutes, seconds};

const CHANGED: Code = Code::CHANGED;
const DELETED: Code = Code::DELETED;
const REFUSED: Code = Code::NOT_ACCEPTABLE;

fn server_key() -> Security {
    Security::psk("server", &[0xaa; 16])
}

fn bootstrap_key() -> Security {
    Security::psk("bootstrap", &[0xbb; 16])
}

/// Both the server and the bootstrap server have a key.
fn keyed() -> Setup {
    let bootstrap = BootstrapAccount { security: bootstrap_key(), ..BootstrapAccount::default() };
    Setup { bootstrap: Some(bootstrap), security: server_key(), ..known() }
}

/// The first server's account with other security, at a place of its own.
fn security(peer: Peer, security: &Security) -> Step {
    Step::write("/0/1", SecurityValues::new(FIRST_ID, &security.uri(peer), security).resources())
}

fn bootstrap_gate(lab: &mut Lab) -> &mut Gate {
    lab.bootstrap_gate.as_mut().expect("a gate")
}

/// How many datagrams the device sent there since then.
fn sent(lab: &Lab, to: Peer, since: u64) -> usize {
    let records = lab.network.records().iter();
    records.filter(|record| record.from == DEVICE && record.to == to && record.time > since).count()
}

/// LwM2M-BOOT-006-C-M: the account comes from a bootstrap server, with its keys and its Server instance.
#[test]
fn boot_006_c_m_an_account_comes_from_the_bootstrap_server() {
    let setup = Setup { factory: false, lifetime: 1234, pmin: 3, disable_timeout: 9, ..keyed() };
    let mut lab = setup.registered();
    assert_eq!(lab.session(0).finish(), Some(CHANGED));
    let values = ["/1/0/0", "/1/0/1", "/1/0/2", "/1/0/5", "/1/0/7"].map(|path| lab.text(path));
    assert_eq!(values, ["101", "1234", "3", "9", "U"]);
    assert_eq!(lab.server.client().lifetime, 1234);
    let added = lab.device.events_of(WHIMBREL_EVENT_ACCOUNT_ADDED);
    assert_eq!(added.iter().map(|event| event.server).collect::<Vec<_>>(), [FIRST_ID]);
}

/// LwM2M-BOOT-010-C-M, section 5.2.5: the bootstrap has a session and a key of its own, and what it hands out is not to be
/// seen on the way.
#[test]
fn boot_010_c_m_bootstrap_has_a_session_and_a_key_of_its_own() {
    let mut lab = Setup { factory: false, ..keyed() }.registered();
    assert_eq!(lab.session(0).finish(), Some(CHANGED));
    assert_eq!((bootstrap_gate(&mut lab).handshakes(), lab.handshakes()), ((1, 0), (1, 0)));
    let holds = |bytes: &[u8]| bytes.windows(8).any(|part| part == [0xaa; 8] || part == [0xbb; 8]);
    assert!(!lab.network.records().iter().any(|record| holds(&record.bytes)));
    lab.run(minutes(5));
    assert_eq!(bootstrap_gate(&mut lab).sessions(), 0, "it ends with the bootstrap");
    assert_eq!(lab.gate().sessions(), 1);
}

/// A new key for a server: the session ends, and another begins with the new one.
#[test]
fn boot_010_c_m_a_new_key_begins_a_new_session() {
    let mut lab = keyed().registered();
    let anew = Security::psk("anew", &[0xcc; 16]);
    lab.gate().know(b"anew", &[0xcc; 16]);
    let observation = lab.observe("/3303/0/5700");
    let done = session(&mut lab, [security(SERVER, &anew), Step::finish()]);
    assert_eq!(done.codes(), [CHANGED; 2]);
    lab.run_until("a registration", minutes(5), |lab| lab.server.count(Operation::Register) == 2);
    let counters = lab.gate().counters();
    assert_eq!((counters.full, counters.resumed, counters.closed), (2, 0, 1));
    lab.device.set("/3303/0/5700", 3.0);
    lab.run(seconds(5));
    assert!(lab.server.notified(observation).is_empty(), "observations end with the registration");
    assert_eq!(lab.text("/3303/0/5700"), "3");
}

/// From no security to a key, and from a key to certificates; the server moves meanwhile. Who was left hears no more.
#[test]
fn boot_010_c_m_a_server_may_change_its_mode_and_its_place() {
    let modes = [
        (Security::default(), server_key()),
        (server_key(), Security::certificate()),
        (Security::certificate(), server_key()),
        (server_key(), Security::default()),
    ];
    for (before, after) in modes {
        let setup = Setup { security: before.clone(), second_security: Some(after.clone()), ..known() };
        let mut lab = setup.registered();
        let told = format!("from {} to {}", before.mode, after.mode);
        let done = session(&mut lab, [security(SECOND, &after), Step::finish()]);
        assert_eq!(done.codes(), [CHANGED; 2], "{told}");
        lab.run_until(&told, minutes(5), |lab| lab.second.count(Operation::Register) == 1);
        lab.run(minutes(1));
        assert!(lab.device.is_registered(FIRST_ID), "{told}");
        if before.secures() {
            assert_eq!(lab.gate().sessions(), 0, "{told}");
        }
        if let Some(gate) = &lab.gates[1] {
            assert_eq!(gate.handshakes(), (1, 0), "{told}");
        }
        let left = lab.now();
        lab.run(minutes(24 * 60));
        assert_eq!((sent(&lab, SERVER, left), lab.second.expiries()), (0, 0), "{told}");
        assert!(lab.second.count(Operation::Update) >= 1, "{told}");
    }
}

/// What is written once more as it is changes nothing: the session goes on, and an Update says that it does.
#[test]
fn boot_010_c_m_an_account_that_stays_is_updated() {
    let setup = keyed();
    let mut lab = setup.registered();
    let observation = lab.observe("/3303/0/5700");
    let mut steps = vec![Step::delete("/0")];
    steps.extend(setup.configuration().writes());
    let done = session(&mut lab, [steps, vec![Step::finish()]].concat());
    assert_eq!(done.finish(), Some(CHANGED));
    lab.run(minutes(1));
    assert_eq!((lab.server.count(Operation::Register), lab.server.count(Operation::Update)), (1, 1));
    assert_eq!(lab.server.count(Operation::Deregister), 0);
    assert_eq!((lab.handshakes(), lab.gate().sessions()), ((1, 0), 1));
    lab.device.set("/3303/0/5700", 3.0);
    lab.run(seconds(5));
    assert_eq!(lab.server.notified(observation), [3.0]);
}

/// A server whose account goes is left: its session ends, its link is closed, and it hears no more.
#[test]
fn boot_010_c_m_an_account_that_goes_takes_its_session_along() {
    let rights = Some(Vec::new());
    let mut lab = Setup { servers: 2, rights, ..keyed() }.registered();
    assert_eq!(lab.device.open_links(), 2);
    let done = session(&mut lab, [Step::delete("/0/2"), Step::finish()]);
    assert_eq!(done.codes(), [DELETED, CHANGED]);
    lab.run(minutes(5));
    assert_eq!(lab.device.open_links(), 1);
    assert_eq!(lab.gates[1].as_ref().map(Gate::sessions), Some(0));
    assert_eq!(lab.gate().sessions(), 1);
    let left = lab.now();
    lab.run(minutes(48 * 60));
    assert_eq!(sent(&lab, SECOND, left), 0);
    let removed = lab.device.events_of(WHIMBREL_EVENT_ACCOUNT_REMOVED);
    assert_eq!(removed.iter().map(|event| event.server).collect::<Vec<_>>(), [SECOND_ID]);
    assert!(lab.device.is_registered(FIRST_ID));
}

/// Section 5.2.3.3 step 3: the bootstrap server's own key changes, in the instance that is there or in a new one; the session
/// that did it comes to its end, the next one has the new key.
#[test]
fn boot_010_c_m_the_bootstrap_servers_own_key_is_replaced() {
    let anew = Security::psk("rotated", &[0xdd; 16]);
    for path in ["/0/0", "/0/9"] {
        let mut lab = keyed().registered();
        bootstrap_gate(&mut lab).know(b"rotated", &[0xdd; 16]);
        let values = SecurityValues::of_bootstrap_server(&anew.uri(BOOTSTRAP), &anew).resources();
        let done = session(&mut lab, [Step::write(path, values), Step::finish()]);
        assert_eq!(done.codes(), [CHANGED; 2], "{path}");
        lab.run(minutes(5));
        bootstrap_gate(&mut lab).restart(|settings| {
            settings.psks = vec![(b"rotated".to_vec(), vec![0xdd; 16])];
        });
        let again = session(&mut lab, [Step::discover("/0"), Step::finish()]);
        assert_eq!(instance_paths(&again, 0).iter().filter(|at| *at != "/0/1").collect::<Vec<_>>(), [path]);
        assert_eq!(again.finish(), Some(CHANGED), "{path}");
        assert_eq!((lab.server.count(Operation::Register), lab.handshakes()), (1, (1, 0)), "{path}");
    }
}

/// "The Bootstrap-Server Account MUST retain the values it had" where the session does not succeed.
#[test]
fn boot_010_c_m_a_failed_session_keeps_the_bootstrap_servers_old_key() {
    let anew = Security::psk("rotated", &[0xdd; 16]);
    let values = || SecurityValues::of_bootstrap_server(&anew.uri(BOOTSTRAP), &anew).resources();
    let plans = [
        (vec![Step::write("/0/0", values())], None),
        (vec![Step::write("/0/9", values())], None),
        (vec![Step::write("/0/8", values()), Step::write("/0/9", values()), Step::finish()], Some(REFUSED)),
        (vec![Step::write("/0/9", values()), Step::delete("/0/1"), Step::finish()], Some(REFUSED)),
    ];
    for (plan, finish) in plans {
        let mut lab = keyed().registered();
        let done = session(&mut lab, plan);
        assert_eq!(done.finish(), finish);
        lab.bootstrap.plan([Step::discover("/0"), Step::finish()]);
        lab.run(minutes(10));
        assert_eq!(lab.bootstrap.finished(), 1, "the gate knows the old key only");
        assert_eq!(instance_paths(lab.bootstrap.last(), 0), ["/0/0", "/0/1"]);
        assert_eq!(lab.server.count(Operation::Register), 1);
    }
}

/// Keys that are larger than the limit: the Write is refused, and the old ones stay in use.
#[test]
fn boot_010_c_m_keys_that_are_too_large_are_refused() {
    let mut lab = Setup { credentials: Some(64), ..keyed() }.registered();
    let large = Security::psk("a name that is long, and longer, and too long", &[1; 60]);
    let done = session(&mut lab, [security(SERVER, &large), Step::finish()]);
    assert_eq!(done.codes(), [Code::INTERNAL_SERVER_ERROR, REFUSED]);
    lab.bootstrap.plan([Step::finish()]);
    lab.run(minutes(10));
    lab.gate().forget_sessions();
    lab.device.network(false, false);
    lab.run(seconds(5));
    lab.device.network(true, true);
    lab.run(minutes(10));
    assert_eq!(lab.text("/1/0/0"), FIRST_ID.to_string());
    assert!(lab.device.is_registered(FIRST_ID));
}

/// No room for old values: what cannot be undone is not done, and said so; what was done before holds if the server wants it.
#[test]
fn boot_009_c_m_what_cannot_be_undone_is_not_done() {
    let setup = Setup { old_values: 60, servers: 2, ..known() };
    let server = ServerValues { lifetime: 99, ..ServerValues::new(FIRST_ID) };
    for finishes in [false, true] {
        let mut lab = setup.registered();
        let mut plan = vec![Step::write("/1/0", server.resources()), Step::delete("/0/1"), Step::delete("/")];
        plan.extend(finishes.then(Step::finish));
        let codes = session(&mut lab, plan).codes();
        let full = Code::INTERNAL_SERVER_ERROR;
        let expected = [CHANGED, full, full, CHANGED];
        assert_eq!(codes, expected[..codes.len()]);
        lab.run(seconds(248));
        let after = session(&mut lab, [Step::discover("/"), Step::finish()]);
        assert_eq!(after.finish(), Some(CHANGED));
        let paths = instance_paths(&after, 0);
        for path in ["/0/0", "/0/1", "/0/2", "/1/0", "/1/1", "/26241/0"] {
            assert!(paths.contains(&path.into()), "{path} in {paths:?}");
        }
        lab.run(seconds(5));
        assert_eq!(lab.text("/1/0/1"), if finishes { "99" } else { "86400" });
        assert_eq!((lab.server.count(Operation::Register), lab.second.count(Operation::Register)), (1, 1));
    }
}

/// A third account where there is a place for two: refused, and nothing is lost.
#[test]
fn boot_009_c_m_an_account_without_a_place_is_refused() {
    let mut lab = Setup { places: Some(2), ..empty() }.registered();
    let second = SecurityValues::new(SECOND_ID, "coap://10.0.0.3:5683", &Security::default());
    let plan = [
        Step::write("/0/2", second.resources()),
        Step::write("/1/1", ServerValues::new(SECOND_ID).resources()),
        Step::finish(),
    ];
    let codes = session(&mut lab, plan).codes();
    assert!(codes.iter().any(|code| !code.is_success()), "{codes:?}");
    lab.bootstrap.plan([Step::discover("/0"), Step::finish()]);
    lab.run(minutes(10));
    assert_eq!(instance_paths(lab.bootstrap.last(), 0), ["/0/0", "/0/1"]);
    assert!(lab.device.is_registered(FIRST_ID) && !lab.device.is_registered(SECOND_ID));
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// A bootstrap server's account that loses its key is used as it is now.
#[test]
fn boot_010_c_m_the_bootstrap_account_changes_its_mode() {
    let anew = Security::default();
    let mut lab = keyed().registered();
    let values = SecurityValues::of_bootstrap_server(&anew.uri(BOOTSTRAP), &anew).resources();
    let done = session(&mut lab, [Step::write("/0/0", values), Step::finish()]);
    assert_eq!(done.codes(), [CHANGED; 2]);
    lab.run(minutes(5));
    let since = lab.network.records().last().map_or(0, |record| record.time);
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
    lab.run(minutes(60));
    assert!(sent(&lab, BOOTSTRAP, since) > 0, "it is asked");
}
