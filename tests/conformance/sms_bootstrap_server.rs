//! A bootstrap server that is reached by SMS: its own account is replaced, it speaks first, its account cannot work, the IP network
//! comes and goes (TS 1.0 sections 5.2.3, 5.2.5 and 5.2.6).

use super::dtls::statuses;
use super::sms::{KEYS, patient, sent, setup};
use whimbrel::capi::*;
use whimbrel_lab::bootstrap::SecurityValues;
use whimbrel_lab::device::{BootstrapAccount, Security, Sms, Texting};
use whimbrel_lab::scene::{BOOTSTRAP, BOOTSTRAP_NUMBER, FIRST_ID, PHONE, SERVER_NUMBER};
use whimbrel_lab::sms::{Association, Keys, Weather};
use whimbrel_lab::{Answer, Code, Lab, Setup, minutes, seconds};

const NEW: [u8; 32] = *b"fedcba98765432100123456789ABCDEF";

fn tel() -> Option<String> {
    Some(format!("tel:{BOOTSTRAP_NUMBER}"))
}

/// An empty device; its server is reached by UDP, its bootstrap server as `sms` and `uri` say.
fn empty(uri: Option<String>, sms: Sms) -> Setup {
    let texting = Texting { number: Some(PHONE.into()), packets: true, ..Texting::default() };
    Setup {
        factory: false,
        bootstrap: Some(BootstrapAccount { uri, sms: Some(sms), ..BootstrapAccount::default() }),
        texting: Some(texting),
        versions: (10, 11),
        persistent: true,
        load: true,
        credentials: Some(200),
        ..setup("U")
    }
}

/// The account of the bootstrap server as a bootstrap writes it.
fn account(uri: Option<String>, sms: &Sms) -> SecurityValues {
    let uri = uri.unwrap_or_else(|| Security::default().uri(BOOTSTRAP));
    let values = SecurityValues::of_bootstrap_server(&uri, &Security::default());
    SecurityValues { more: sms.resources(), ..values }
}

/// The bootstrap server uses these keys from now on.
fn rekey(lab: &mut Lab, sms: &Sms) {
    let keys = Keys::from_resources(&sms.parameters, &sms.keys).expect("keys that fit");
    let gateway = lab.gateways[2].as_mut().expect("a number of the bootstrap server");
    gateway.protect_one(PHONE, Association::new(keys));
}

fn none_dropped(lab: &Lab) {
    let gateway = lab.gateways[2].as_ref().expect("a number of the bootstrap server");
    assert!(gateway.dropped.is_empty(), "{:?}", gateway.dropped);
}

fn bootstrapped(lab: &mut Lab, times: usize) {
    lab.run_until("a bootstrap", minutes(60), |lab| lab.bootstrap.finished() == times);
    lab.run_until("registration", minutes(60), |lab| lab.device.is_registered(FIRST_ID));
}

/// By `/1/x/9`, once the session before is over.
fn again(lab: &mut Lab) {
    lab.run(minutes(20));
    let execute = lab.server.execute("/1/0/9", "");
    assert_eq!(lab.code(execute), Code::CHANGED);
}

/// The session is one of the old keys to its end, wherever the new ones are written; the next one is one of the new keys.
#[test]
fn boot_010_c_m_a_bootstrap_server_replaces_its_own_keys_by_sms() {
    for instance in [0, 7] {
        let (old, new) = (Sms::packets(BOOTSTRAP_NUMBER, &KEYS), Sms::packets(BOOTSTRAP_NUMBER, &NEW));
        let setup = Setup { places: Some(3), ..empty(tel(), old) };
        let mut lab = setup.switched_on();
        patient(&mut lab);
        let mut configuration = setup.configuration();
        configuration.security.insert(0, (instance, account(tel(), &new)));
        lab.bootstrap.plan(configuration.plan());
        bootstrapped(&mut lab, 1);
        none_dropped(&lab);
        lab.bootstrap.plan(setup.configuration().plan());
        rekey(&mut lab, &new);
        again(&mut lab);
        bootstrapped(&mut lab, 2);
        none_dropped(&lab);
        assert_eq!(lab.bootstrap.requests().len(), 2, "/0/{instance}");
    }
}

/// A session that wrote new keys and came to nothing leaves the old ones.
#[test]
fn boot_009_c_m_a_session_by_sms_that_fails_leaves_the_old_keys() {
    let (old, new) = (Sms::packets(BOOTSTRAP_NUMBER, &KEYS), Sms::packets(BOOTSTRAP_NUMBER, &NEW));
    let setup = empty(tel(), old);
    let mut lab = setup.switched_on();
    patient(&mut lab);
    let mut configuration = setup.configuration();
    configuration.security.insert(0, (0, account(tel(), &new)));
    lab.bootstrap.plans([configuration.plan().broken_off_after(3), setup.configuration().plan()]);
    bootstrapped(&mut lab, 1);
    none_dropped(&lab);
    assert_eq!(lab.bootstrap.requests().len(), 2);
}

/// An account that moves from UDP to SMS, or back, is asked by its new way the next time, without a restart.
#[test]
fn boot_010_c_m_a_bootstrap_server_moves_to_another_way() {
    let sms = Sms::clear(BOOTSTRAP_NUMBER);
    for (before, after) in [(None, tel()), (tel(), None)] {
        let setup = empty(before.clone(), sms.clone());
        let mut lab = setup.switched_on();
        patient(&mut lab);
        let mut configuration = setup.configuration();
        configuration.security.insert(0, (0, account(after, &sms)));
        lab.bootstrap.plan(configuration.plan());
        bootstrapped(&mut lab, 1);
        assert_eq!(sent(&lab).is_empty(), before.is_none());
        let texts = sent(&lab).len();
        lab.bootstrap.plan(setup.configuration().plan());
        again(&mut lab);
        bootstrapped(&mut lab, 2);
        assert_eq!(sent(&lab).len() > texts, before.is_none(), "{before:?}");
    }
}

/// The IP network means nothing to a session by SMS.
#[test]
fn boot_004_c_o_a_bootstrap_by_sms_needs_no_network() {
    let setup = empty(tel(), Sms::clear(BOOTSTRAP_NUMBER));
    let mut lab = setup.switched_on();
    patient(&mut lab);
    lab.centre.weather(Weather { delay: 2000, ..Weather::default() });
    for _ in 0..6 {
        lab.run(seconds(2));
        lab.device.network(false, false);
        lab.run(seconds(1));
        lab.device.network(true, true);
    }
    bootstrapped(&mut lab, 1);
    assert_eq!(lab.bootstrap.requests().len(), 1);
    assert!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED).is_empty());
}

/// 4.06: a number as URI where the rest of the account says nothing that can work, of a server and of the bootstrap server.
#[test]
fn boot_016_c_o_a_number_that_cannot_be_called_is_inconsistent() {
    let flaw = Sms { mode: 4, ..Sms::clear(BOOTSTRAP_NUMBER) };
    for own in [true, false] {
        let setup = empty(None, Sms::clear(BOOTSTRAP_NUMBER));
        let mut configuration = setup.configuration();
        if own {
            configuration.security.insert(0, (0, account(tel(), &flaw)));
        } else {
            configuration.security[0].1.uri = tel().expect("a number");
            configuration.security[0].1.more = flaw.resources();
        }
        let mut lab = setup.switched_on();
        lab.bootstrap.plan(configuration.plan());
        lab.run(minutes(5));
        assert_eq!(lab.bootstrap.finished(), 0, "own: {own}");
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_ACCOUNT_ADDED).len(), 0, "own: {own}");
    }
}

/// A number that cannot be called any more, as the product was built without what it needs, is no name to be looked up.
#[test]
fn boot_016_c_o_a_number_that_cannot_be_called_any_more_is_told() {
    let packets = Sms::packets(SERVER_NUMBER, &KEYS);
    let uri = Some(format!("tel:{SERVER_NUMBER}"));
    let setup = Setup {
        uris: [uri, None],
        sms: [Some(packets), None],
        binding: "S",
        ..empty(None, Sms::clear(BOOTSTRAP_NUMBER))
    };
    let mut lab = setup.switched_on();
    patient(&mut lab);
    bootstrapped(&mut lab, 1);
    lab.setup.texting = lab.setup.texting.clone().map(|texting| Texting { packets: false, ..texting });
    lab.bootstrap.always(Some(Answer::code(Code::BAD_REQUEST)));
    lab.power_cycle();
    lab.run(seconds(10));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_ACCOUNT_INVALID), [WHIMBREL_ERR_BAD_VALUE]);
}

/// Section 5.2.3.4: a bootstrap that the server begins by SMS; nothing is opened for that.
#[test]
fn boot_005_c_o_a_bootstrap_server_speaks_first_by_sms() {
    for sms in [Sms::clear(BOOTSTRAP_NUMBER), Sms::packets(BOOTSTRAP_NUMBER, &KEYS)] {
        let setup = Setup { server_initiated: true, factory: true, ..empty(tel(), sms) };
        let mut lab = setup.switched_on();
        patient(&mut lab);
        lab.run_until("registration", minutes(5), |lab| lab.device.is_registered(FIRST_ID));
        assert_eq!(lab.device.open_links(), 1);
        let peer = lab.gateways[2].as_mut().expect("a number of the bootstrap server").peer(PHONE);
        lab.device.network(false, false);
        lab.bootstrap.begin(peer, setup.configuration().plan());
        lab.run_until("a bootstrap", minutes(5), |lab| lab.bootstrap.finished() == 1);
        assert!(lab.bootstrap.requests().is_empty());
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAPPED).len(), 1);
        none_dropped(&lab);
    }
}
