//! Bootstrap and SMS (TS 1.0 sections 5.2, 7.2.2 and Appendix E.1 resources 6 to 9): accounts that a bootstrap brings, and a bootstrap
//! server that is reached by SMS alone.

use super::sms::{KEYS, patient, sent, setup};
use whimbrel::capi::*;
use whimbrel_lab::bootstrap::SecurityValues;
use whimbrel_lab::device::{BootstrapAccount, Sms, Texting};
use whimbrel_lab::format::TEXT;
use whimbrel_lab::scene::{BOOTSTRAP_NUMBER, DEVICE, FIRST_ID, PHONE, SERVER_NUMBER};
use whimbrel_lab::sms::Weather;
use whimbrel_lab::{Code, Lab, Request, Setup, minutes, seconds};

/// An empty device that a bootstrap gives an account with SMS.
fn empty(binding: &'static str, sms: Sms) -> Setup {
    let texting = Texting { number: Some(PHONE.into()), packets: true, ..Texting::default() };
    Setup {
        factory: false,
        bootstrap: Some(BootstrapAccount::default()),
        texting: Some(texting),
        sms: [Some(sms), None],
        versions: (10, 11),
        persistent: true,
        load: true,
        credentials: Some(200),
        ..setup(binding)
    }
}

fn runs(setup: &Setup) -> Lab {
    let mut lab = setup.switched_on();
    patient(&mut lab);
    lab.run_until("registration", minutes(60), |lab| lab.device.is_registered(FIRST_ID));
    lab
}

/// LwM2M-BOOT-004-C-O: the account and its keys for secured packets come by a bootstrap over UDP; from then on all is SMS, also after
/// a restart.
#[test]
fn boot_004_c_o_a_bootstrap_brings_keys_for_packets() {
    let mut lab = runs(&empty("S", Sms::packets(SERVER_NUMBER, &KEYS)));
    assert_eq!(lab.bootstrap.finished(), 1);
    let datagrams = lab.network.sent_by(DEVICE);
    assert_eq!(lab.text("/3/0/9"), "100");
    assert_eq!(lab.server.client().binding, "S");
    assert_eq!(lab.network.sent_by(DEVICE), datagrams);
    lab.power_cycle();
    lab.run(minutes(2));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.text("/3/0/9"), "100");
    assert_eq!(lab.bootstrap.finished(), 1);
    let gateway = lab.gateways[0].as_ref().expect("a number");
    assert!(gateway.dropped.is_empty(), "no counter twice: {:?}", gateway.dropped);
}

/// Sections 5.2.5 and 5.2.6: new keys by `/1/x/9` and a second bootstrap; counters begin anew with them.
#[test]
fn boot_004_c_o_new_keys_for_packets() {
    let mut lab = runs(&empty("S", Sms::packets(SERVER_NUMBER, &KEYS)));
    for _ in 0..20 {
        assert_eq!(lab.text("/3/0/9"), "100");
    }
    let sms = Sms::packets(SERVER_NUMBER, &[0x77; 16]);
    lab.setup.sms = [Some(sms.clone()), None];
    let plan = lab.setup.configuration().plan();
    lab.bootstrap.plan(plan);
    let gateway = lab.gateways[0].as_mut().expect("a number");
    let old = gateway.association(PHONE).expect("keys").clone();
    let execute = lab.server.execute("/1/0/9", "");
    assert_eq!(lab.code(execute), Code::CHANGED);
    lab.run_until("the bootstrap", minutes(10), |lab| lab.bootstrap.finished() == 2);
    let gateway = lab.gateways[0].as_mut().expect("a number");
    let keys = whimbrel_lab::sms::Keys::from_resources(&sms.parameters, &sms.keys).expect("keys");
    gateway.protect_one(PHONE, whimbrel_lab::sms::Association::new(keys));
    lab.run_until("registration", minutes(60), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.text("/3/0/9"), "100");
    let gateway = lab.gateways[0].as_mut().expect("a number");
    let new = gateway.association(PHONE).expect("keys");
    assert!(old.accepted > 20 && new.accepted < old.accepted, "{} {}", old.accepted, new.accepted);
}

/// 4.06: a binding with S that the account cannot keep is an inconsistency, and the old configuration stays.
#[test]
fn boot_004_c_o_a_binding_that_cannot_be_kept_is_inconsistent() {
    let flaws: [(&str, Sms); 5] = [
        ("no number", Sms { number: String::new(), ..Sms::packets("", &KEYS) }),
        ("no keys", Sms { keys: Vec::new(), parameters: Vec::new(), ..Sms::packets(SERVER_NUMBER, &KEYS) }),
        ("a wrong length", Sms { keys: vec![1; 17], ..Sms::packets(SERVER_NUMBER, &KEYS) }),
        (
            "single DES",
            Sms { parameters: vec![0x11, 0x11, 0x16, 0xb2, 2, 3], ..Sms::packets(SERVER_NUMBER, &KEYS) },
        ),
        ("a reserved mode", Sms { mode: 4, ..Sms::clear(SERVER_NUMBER) }),
    ];
    for (name, sms) in flaws {
        // the gateway is not asked for: it would refuse such keys
        let mut setup = empty("S", Sms::clear(SERVER_NUMBER));
        setup.sms = [Some(sms), None];
        let plan = setup.configuration().plan();
        setup.sms = [Some(Sms::clear(SERVER_NUMBER)), None];
        let mut lab = setup.switched_on();
        lab.bootstrap.plan(plan);
        lab.run(minutes(5));
        assert_eq!(lab.bootstrap.finished(), 0, "{name}");
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_ACCOUNT_ADDED).len(), 0, "{name}");
        assert_eq!(sent(&lab).len(), 0, "{name}");
    }
}

/// With a binding without S the same is no reason to refuse: optional resources that the client cannot use are ignored.
#[test]
fn boot_004_c_o_sms_that_is_not_used_is_no_inconsistency() {
    let mut setup = empty("U", Sms { mode: 4, ..Sms::clear(SERVER_NUMBER) });
    setup.sms = [None, None];
    let account = Sms { mode: 4, ..Sms::clear(SERVER_NUMBER) };
    let mut configuration = setup.configuration();
    let (instance, security) = configuration.security.remove(0);
    configuration.security.push((instance, SecurityValues { more: account.resources(), ..security }));
    let mut lab = setup.switched_on();
    lab.bootstrap.plan(configuration.plan());
    lab.run_until("registration", minutes(5), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.send(Request::put("/1/0/7").content(TEXT, "US")).code, Code::BAD_REQUEST);
}

/// A bootstrap server that is reached by SMS alone, over an ordinary network, in clear and in packets.
#[test]
fn boot_004_c_o_a_bootstrap_by_sms() {
    for sms in [Sms::clear(BOOTSTRAP_NUMBER), Sms::packets(BOOTSTRAP_NUMBER, &KEYS)] {
        let account = BootstrapAccount {
            uri: Some(format!("tel:{BOOTSTRAP_NUMBER}")),
            sms: Some(sms),
            ..BootstrapAccount::default()
        };
        let setup = Setup { bootstrap: Some(account), ..empty("S", Sms::packets(SERVER_NUMBER, &KEYS)) };
        let mut lab = setup.switched_on();
        patient(&mut lab);
        lab.centre.weather(Weather { delay: 1000, jitter: 300, ..Weather::default() });
        lab.run_until("registration", minutes(60), |lab| lab.device.is_registered(FIRST_ID));
        assert_eq!(lab.network.sent_by(DEVICE), 0);
        assert_eq!(lab.text("/3/0/9"), "100");
    }
}

/// Resource 21 (1.1): a bootstrap lets the server trigger by SMS, and a server may take it back.
#[test]
fn mec_003_c_o_trigger_as_a_resource() {
    let setup = empty("UQ", Sms::clear(SERVER_NUMBER));
    let mut lab = runs(&setup);
    assert_eq!(lab.send(Request::put("/1/0/21").content(TEXT, "1")).code, Code::CHANGED);
    assert_eq!(lab.text("/1/0/21"), "1");
    lab.run(minutes(10));
    let peer = super::sms::number(&mut lab);
    lab.server.send_raw(peer, &[0x51, 2, 0x77, 1, 9, 0xb1, b'1', 1, b'0', 1, b'8']);
    lab.run(seconds(30));
    assert_eq!(lab.server.count(whimbrel_lab::Operation::Update), 1);
    assert_eq!(sent(&lab).len(), 0);
}

/// RD 1.2 LwM2M-TRIG-03 to -05: Bootstrap-Request Trigger by SMS, from a server that may; not answered either.
#[test]
fn mec_003_c_o_a_bootstrap_is_triggered_by_sms() {
    for may in [true, false] {
        let mut lab = runs(&empty("UQ", Sms::clear(SERVER_NUMBER)));
        if may {
            assert_eq!(lab.send(Request::put("/1/0/21").content(TEXT, "1")).code, Code::CHANGED);
        }
        lab.run(minutes(10));
        let peer = super::sms::number(&mut lab);
        lab.server.send_raw(peer, &[0x51, 2, 0x77, 2, 9, 0xb1, b'1', 1, b'0', 1, b'9']);
        lab.run(minutes(1));
        assert_eq!(lab.bootstrap.requests().len(), if may { 2 } else { 1 }, "may: {may}");
        assert_eq!(sent(&lab).len(), 0);
    }
}
