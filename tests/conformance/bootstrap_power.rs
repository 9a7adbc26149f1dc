//! Power cuts in a whole life that begins with a bootstrap over DTLS and has another one in its middle: at every operation of
//! storage, before it, torn, garbled, after it. The device is then in the state before or in the state after, reaches the
//! server again by itself, and uses no record number twice. Without DTLS the Python bench walks the same way.

use super::dtls::KEY;
use std::collections::BTreeMap;
use whimbrel::capi::{WHIMBREL_ERR_FULL, WHIMBREL_EVENT_STORAGE_FAILED};
use whimbrel_lab::bootstrap::{Plan, SecurityValues, Step};
use whimbrel_lab::device::{BootstrapAccount, Moment, Security};
use whimbrel_lab::dtls::{Settings, records};
use whimbrel_lab::format::TLV;
use whimbrel_lab::scene::{DEVICE, FIRST_ID};
use whimbrel_lab::{Code, Lab, Setup, minutes, seconds, tlv};

const MOMENTS: [Moment; 4] = [Moment::Before, Moment::Torn, Moment::Garbled, Moment::After];
const FIRST_KEY: (&str, &[u8; 16]) = ("first", &[0xaa; 16]);
const SECOND_KEY: (&str, &[u8; 16]) = ("second", &[0xcc; 16]);

fn setup() -> Setup {
    let account = BootstrapAccount { security: Security::psk("boot", KEY), ..BootstrapAccount::default() };
    let psks = [FIRST_KEY, SECOND_KEY].map(|(name, key)| (name.as_bytes().to_vec(), key.to_vec()));
    Setup {
        versions: (10, 11),
        lifetime: 7200,
        persistent: true,
        load: true,
        factory: false,
        bootstrap: Some(account),
        security: Security::psk(FIRST_KEY.0, FIRST_KEY.1),
        gate: Settings { psks: psks.to_vec(), ..Settings::default() },
        persistent_objects: vec![26241],
        ..Setup::default()
    }
}

/// The whole configuration with the second key, everything else deleted first.
fn anew(setup: &Setup) -> Plan {
    let mut configuration = setup.configuration();
    let (instance, old) = configuration.security.remove(0);
    let security = Security::psk(SECOND_KEY.0, SECOND_KEY.1);
    configuration.security.push((instance, SecurityValues::new(FIRST_ID, &old.uri, &security)));
    let writes = configuration.plan().steps;
    Plan::new(std::iter::once(Step::delete("/")).chain(writes))
}

/// Bootstrap, register, write, observe, sleep, bootstrap anew, write. Nothing here needs power to be there.
fn live(lab: &mut Lab) {
    lab.run(seconds(30));
    lab.server.write_text("/1/0/1", "3600");
    lab.run(seconds(5));
    lab.server.create("/26241", TLV, tlv::instance(0, &[tlv::resource(0, "a")]));
    lab.run(seconds(5));
    lab.server.write_text("/26241/0/1", "7");
    lab.run(seconds(5));
    lab.server.observe("/3303/0/5700");
    lab.run(seconds(5));
    lab.device.set("/3303/0/5700", 1.5);
    lab.run(minutes(100));
    let plan = anew(&lab.setup);
    lab.bootstrap.plan(plan);
    lab.server.execute("/1/0/9", "");
    lab.run(minutes(2));
    lab.server.write_text("/1/0/1", "1800");
    lab.run(minutes(60));
}

fn no_number_twice(lab: &Lab, what: &str) -> usize {
    let (reused, looked_at) = records::reused(lab.network.records(), &lab.network.addresses_of(DEVICE));
    assert_eq!(reused, [], "{what}");
    looked_at
}

/// What the next life began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// No account: the factory's bootstrap account, and a bootstrap.
    Empty,
    /// The stored account, with the first key or the second, and how many handshakes it took.
    Stored { second: bool, handshakes: u32 },
}

/// Power comes again, and the device is back by itself.
fn recover(lab: &mut Lab, what: &str) -> Outcome {
    let finished = lab.bootstrap.finished();
    let (before, _) = lab.handshakes();
    lab.network.rebind(DEVICE);
    lab.power_cycle();
    let loaded = lab.device.loaded();
    lab.run_until(what, minutes(60), |lab| lab.device.is_registered(FIRST_ID));
    lab.run(seconds(5));
    let lifetime = lab.text("/1/0/1");
    let again = lab.bootstrap.finished() - finished;
    assert!(["7200", "3600", "1800"].contains(&lifetime.as_str()), "{what}: {lifetime}");
    // what the bootstrap server was told holds, and is not asked for again
    assert_eq!(again == 0, loaded == Some(2), "{what}: {loaded:?} accounts, {again} bootstraps");
    lab.device.set("/3303/0/5700", 99.5);
    assert_eq!(lab.text("/3303/0/5700"), "99.5", "{what}");
    no_number_twice(lab, what);
    if again != 0 {
        return Outcome::Empty;
    }
    let second = lab.storage.records().values().any(|record| record.windows(6).any(|w| w == b"second"));
    Outcome::Stored { second, handshakes: lab.handshakes().0 - before }
}

#[test]
fn boot_009_c_m_power_cut_at_every_storage_operation_of_a_life_with_two_bootstraps() {
    let setup = setup();
    let mut whole = setup.switched_on();
    live(&mut whole);
    assert_eq!(whole.bootstrap.finished(), 2, "the life itself");
    assert_eq!(whole.text("/1/0/1"), "1800");
    let operations = whole.storage.log().len();
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    // the first reads come when the device is made, and find nothing
    let begin = setup.switched_on().storage.log().len();
    for operation in begin..operations {
        for moment in MOMENTS {
            let mut lab = setup.switched_on();
            lab.storage.cut_at(operation, moment);
            live(&mut lab);
            let what = format!("a cut at {operation} {moment:?}");
            assert!(lab.storage.is_off(), "power went: {what}");
            let outcome = recover(&mut lab, &what);
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    let points: usize = outcomes.values().sum();
    println!("power cuts: {operations} operations, {points} points; {outcomes:?}");
    assert!(outcomes.len() > 3, "before the first bootstrap, between the two, after the second");
}

/// A server that was promised something finds it, whenever power goes.
#[test]
fn boot_009_c_m_power_cut_after_an_answer_loses_nothing() {
    for (path, value) in [("/1/0/1", "3600"), ("/26241/0/1", "7")] {
        let mut lab = setup().registered();
        lab.run(seconds(5));
        let create = lab.server.create("/26241", TLV, tlv::instance(0, &[tlv::resource(0, "a")]));
        assert_eq!(lab.code(create), Code::CREATED);
        let write = lab.server.write_text(path, value);
        assert_eq!(lab.code(write), Code::CHANGED);
        lab.storage.power_off();
        lab.power_cycle();
        lab.run_until(path, minutes(30), |lab| lab.device.is_registered(FIRST_ID));
        lab.run(seconds(1));
        assert_eq!(lab.text(path), value);
    }
}

/// Certificates that are longer than a datagram are stored in several pieces; where they could not be put together again, the
/// bootstrap fails with a reason, and everything is as before.
#[test]
fn boot_009_c_m_long_keys_are_stored_in_pieces_or_not_at_all() {
    let with = |datagram| Setup {
        datagram,
        security: Security::certificate(),
        gate: Settings::default(),
        old_values: 4096,
        ..setup()
    };
    for datagram in [640, 1152] {
        let mut lab = with(datagram).registered();
        lab.run(seconds(5));
        lab.power_cycle();
        assert_eq!(lab.device.loaded(), Some(2), "{datagram}");
        lab.run_until("a registration", minutes(5), |lab| lab.device.is_registered(FIRST_ID));
        assert_eq!(lab.bootstrap.finished(), 1);
    }
    let mut lab = with(400).switched_on();
    lab.run(minutes(5));
    assert_eq!(lab.bootstrap.sessions()[0].finish(), Some(Code::INTERNAL_SERVER_ERROR));
    assert!(!lab.device.is_registered(FIRST_ID));
    let reasons: Vec<_> = lab
        .device
        .events()
        .iter()
        .filter(|e| e.code == WHIMBREL_EVENT_STORAGE_FAILED)
        .map(|e| e.status)
        .collect();
    assert_eq!(reasons.first(), Some(&WHIMBREL_ERR_FULL));
}
