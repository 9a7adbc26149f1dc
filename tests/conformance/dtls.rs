//! Security on the UDP channel (TS 1.0 sections 7.1 and 7.2): the key modes, every operation over each, and what is refused.

use whimbrel::capi::*;
use whimbrel_lab::device::{Account, Options, Security, Started};
use whimbrel_lab::dtls::{self, Settings, keys, records};
use whimbrel_lab::format::{OPAQUE, TEXT, TLV};
use whimbrel_lab::scene::{DEVICE, FIRST_ID, NEW_YEAR, SECOND_ID, SERVER};
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, minutes, seconds, tlv};

/// The name by which servers know the device's key.
pub const IDENTITY: &str = "urn:dev:os:whimbrel-1";
/// The key.
pub const KEY: &[u8] = b"sixteen bytes ok";

/// A device with a pre-shared key, and servers that know it.
pub fn psk() -> Setup {
    Setup { security: Security::psk(IDENTITY, KEY), ..Setup::default() }
}

/// A device with a certificate, and servers that trust its authority.
pub fn x509() -> Setup {
    Setup { security: Security::certificate(), ..Setup::default() }
}

/// Every operation of the device management and reporting interfaces, once. `round` makes values new.
pub fn every_operation(lab: &mut Lab, round: u16) {
    let read = lab.server.read("/3/0");
    assert_eq!(lab.code(read), Code::CONTENT);
    let discover = lab.server.discover("/3303");
    assert_eq!(lab.code(discover), Code::CONTENT);
    let number = round.to_string();
    assert_eq!(lab.send(Request::put("/26241/0/1").content(TEXT, number.clone())).code, Code::CHANGED);
    assert_eq!(lab.text("/26241/0/1"), number);
    lab.attributes("/3303/0/5700", "pmin=1");
    let observation = lab.observe("/3303/0/5700");
    lab.run(seconds(2));
    lab.device.set("/3303/0/5700", f64::from(round) + 0.5);
    lab.run(seconds(2));
    assert_eq!(lab.server.notified(observation), [f64::from(round) + 0.5]);
    let cancel = lab.server.cancel_observe(observation);
    assert_eq!(lab.code(cancel), Code::CONTENT);
    let before = lab.device.executed("/26241/0/20");
    let execute = lab.server.execute("/26241/0/20", "");
    assert_eq!(lab.code(execute), Code::CHANGED);
    assert_eq!(lab.device.executed("/26241/0/20"), before + 1);
    let create = Request::post("/26241").content(TLV, tlv::instance(3, &[tlv::resource(0, "a")]));
    assert_eq!(lab.send(create).code, Code::CREATED);
    assert_eq!(lab.send(Request::delete("/26241/3")).code, Code::DELETED);
    large_values(lab);
}

/// Large values both ways, in blocks that fit into the smallest datagram.
fn large_values(lab: &mut Lab) {
    let read = lab.send(Request::get("/26242/0/0").accept(OPAQUE).block2_szx(2));
    assert!(read.payload == lab.device.blob().content, "the large value");
    let body: Vec<u8> = (0..500).map(|i| (i % 253) as u8).collect();
    let write = lab.send(Request::put("/26242/0/1").content(OPAQUE, body.clone()).upload_szx(2));
    assert_eq!(write.code, Code::CHANGED);
    assert!(lab.device.blob().complete.last() == Some(&body), "the large value");
}

/// The statuses of the events with a code.
pub fn statuses(lab: &Lab, code: u16) -> Vec<i32> {
    lab.device.events_of(code).iter().map(|event| event.status).collect()
}

/// All that was said on the wire is made of DTLS records, and none carries data without protection.
pub fn nothing_in_clear(lab: &Lab) {
    assert!(!lab.network.records().is_empty());
    for datagram in lab.network.records() {
        let records = records::parse(&datagram.bytes).expect("made of DTLS records");
        assert!(records.iter().all(|record| record.kind != records::APPLICATION || record.epoch > 0));
        let name = b"whimbrel";
        let protected = records.iter().filter(|record| record.epoch > 0);
        assert!(protected.flat_map(|record| record.body.windows(name.len())).all(|bytes| bytes != name));
    }
}

/// LwM2M-SEC-001-C-M, -002-C-O: a handshake, then the registration, all of it protected.
#[test]
fn sec_002_c_o_registers_with_a_pre_shared_key() {
    let lab = psk().registered();
    assert_eq!(lab.handshakes(), (1, 0));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURED), [i32::from(dtls::PSK_CCM_8)]);
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_SECURITY_FAILED), []);
    nothing_in_clear(&lab);
}

/// LwM2M-SEC-006-C-O: the interfaces are the same over DTLS.
#[test]
fn sec_006_c_o_every_operation_over_a_pre_shared_key() {
    let mut lab = psk().registered();
    for round in 0..3 {
        every_operation(&mut lab, round);
    }
    let before = lab.server.count(Operation::Update);
    assert_eq!(lab.device.update(FIRST_ID), WHIMBREL_OK);
    lab.run(seconds(5));
    assert_eq!(lab.server.count(Operation::Update), before + 1);
    assert_eq!(lab.handshakes(), (1, 0));
    assert_eq!(lab.server.complaints(), []);
    nothing_in_clear(&lab);
}

/// TS 1.0 section 7.1.7: both suites of PSK, as the account or the server chooses.
#[test]
fn sec_002_c_o_both_cipher_suites() {
    for suite in [dtls::PSK_CCM_8, dtls::PSK_CBC_SHA256] {
        let security = Security::psk(IDENTITY, KEY).with_suites(&[suite]);
        let mut lab = Setup { security, ..Setup::default() }.registered();
        assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURED), [i32::from(suite)]);
        assert_eq!(lab.gate().counters().suite, i32::from(suite));
        every_operation(&mut lab, 1);
        let gate = Settings { ciphersuites: vec![suite], ..Settings::default() };
        let mut lab = Setup { gate, ..psk() }.registered();
        assert_eq!(lab.gate().counters().suite, i32::from(suite));
        every_operation(&mut lab, 1);
    }
}

/// No suite in common: an alert, and no fall-back to anything.
#[test]
fn sec_002_c_o_no_common_cipher_suite_is_a_failure() {
    let security = Security::psk(IDENTITY, KEY).with_suites(&[dtls::PSK_CCM_8]);
    let gate = Settings { ciphersuites: vec![dtls::PSK_CBC_SHA256], ..Settings::default() };
    let mut lab = Setup { security, gate, ..Setup::default() }.switched_on();
    lab.run(seconds(10));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_ALERT), [40], "handshake_failure");
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED), [WHIMBREL_ERR_CLOSED]);
    nothing_in_clear(&lab);
}

/// Appendix E.1: keys and identities of other lengths than the usual.
#[test]
fn sec_002_c_o_keys_and_identities_of_many_lengths() {
    let long = "i".repeat(128);
    for (identity, length) in [("i", 1), ("urn:x", 8), ("urn:imei:123456789012345", 32), (long.as_str(), 64)]
    {
        let security = Security::psk(identity, &vec![0x5a; length]);
        let lab = Setup { security, ..Setup::default() }.registered();
        assert_eq!(lab.handshakes(), (1, 0), "{identity} {length}");
    }
}

/// LwM2M-SEC-004-C-O: both sides show certificates, the server's equals Server Public Key.
#[test]
fn sec_004_c_o_registers_with_a_certificate() {
    let mut lab = x509().registered();
    assert_eq!(lab.handshakes(), (1, 0));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURED), [i32::from(dtls::ECDSA_CCM_8)]);
    every_operation(&mut lab, 1);
    nothing_in_clear(&lab);
}

/// TS 1.0 section 7.1.9: both suites of certificates.
#[test]
fn sec_004_c_o_both_cipher_suites() {
    for suite in [dtls::ECDSA_CCM_8, dtls::ECDSA_CBC_SHA256] {
        let security = Security::certificate().with_suites(&[suite]);
        let mut lab = Setup { security, ..Setup::default() }.registered();
        assert_eq!(lab.gate().counters().suite, i32::from(suite));
        every_operation(&mut lab, 1);
    }
}

fn shown(certificate: &'static [u8], key: &'static [u8]) -> Settings {
    let certified = dtls::Certified { certificate, key, trust: keys::AUTHORITY };
    Settings { certified: Some(certified), ..Settings::default() }
}

/// What a device that is not content says, within ten seconds.
fn refusal(setup: &Setup) -> Vec<i32> {
    let mut lab = setup.switched_on();
    lab.run(seconds(10));
    assert_eq!(lab.server.count(Operation::Register), 0);
    assert!(!lab.device.is_registered(FIRST_ID));
    nothing_in_clear(&lab);
    statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED)
}

/// TS 1.0 section 7.1.9: another certificate than the one configured, whoever signed it.
#[test]
fn sec_004_c_o_another_certificate_of_the_server_is_refused() {
    let setup = Setup { gate: shown(keys::ELSEWHERE, keys::ELSEWHERE_KEY), ..x509() };
    assert_eq!(refusal(&setup), [WHIMBREL_ERR_CERTIFICATE]);
}

/// TS 1.0 section 7.1.9: the very certificate, but for another name than the URI's.
#[test]
fn sec_004_c_o_a_certificate_for_another_name_is_refused() {
    let gate = shown(keys::ELSEWHERE, keys::ELSEWHERE_KEY);
    let security = Security { server_key: keys::ELSEWHERE.into(), ..Security::certificate() };
    let setup = Setup { gate, security, ..x509() };
    assert_eq!(refusal(&setup), [WHIMBREL_ERR_NAME]);
}

/// A certificate is judged by the platform's clock; without one it is refused unless the product chose otherwise.
#[test]
fn sec_004_c_o_dates_are_judged_where_the_time_is_known() {
    let hundred_years = 36_500 * 86_400;
    for wrong in [Some(NEW_YEAR - 366 * 86_400), Some(NEW_YEAR + hundred_years), None] {
        assert_eq!(refusal(&Setup { wall_clock: wrong, ..x509() }), [WHIMBREL_ERR_EXPIRED], "{wrong:?}");
    }
    let backend = Options { ignore_dates: true, ..Options::default() };
    let lab = Setup { wall_clock: None, backend: backend.clone(), ..x509() }.registered();
    assert_eq!(lab.handshakes(), (1, 0));
    let setup = Setup { wall_clock: Some(NEW_YEAR + hundred_years), backend, ..x509() };
    assert_eq!(refusal(&setup), [WHIMBREL_ERR_EXPIRED], "the time is known");
}

/// A device that learns the time tries again, and the certificate is good.
#[test]
fn sec_004_c_o_once_the_time_is_known_it_registers() {
    let mut lab = Setup { wall_clock: None, ..x509() }.switched_on();
    lab.run(seconds(10));
    lab.device.set_wall_clock(Some(NEW_YEAR));
    lab.run_until("registration", minutes(2), |lab| lab.device.is_registered(FIRST_ID));
}

/// A client whose certificate nobody vouches for: the server says so.
#[test]
fn sec_004_c_o_a_stranger_is_refused_by_the_server() {
    let (identity, secret_key) = (keys::STRANGER.into(), keys::STRANGER_KEY.into());
    let security = Security { identity, secret_key, ..Security::certificate() };
    let mut lab = Setup { security, ..Setup::default() }.switched_on();
    lab.run(seconds(10));
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_ALERT), [48], "unknown_ca");
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURITY_FAILED), [WHIMBREL_ERR_CLOSED]);
    assert_eq!(lab.gate().counters().failed, 1);
}

/// LwM2M 1.1, Certificate Usage: who must vouch for the server, and by which name it is known (SNI, `/0/x/14`).
#[test]
fn sec_004_c_o_certificate_usages_of_1_1() {
    let name = |name: &str| Some(std::ffi::CString::new(name).expect("no NUL"));
    let authority = || Security { server_key: keys::AUTHORITY.into(), ..Security::certificate() };
    let backend = Options { trust_store: keys::AUTHORITY, ..Options::default() };
    let with = |certificate_usage, server_key: &[u8], sni| {
        let server_key = server_key.to_vec();
        let security = Security { certificate_usage, server_key, sni, ..authority() };
        Setup { versions: (11, 11), security, backend: backend.clone(), ..Setup::default() }
    };
    for usage in 1..=4 {
        let own = [WHIMBREL_USAGE_SERVICE_CERTIFICATE_CONSTRAINT, WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE];
        let (right, wrong) = if own.contains(&usage) {
            (keys::SERVER, keys::ELSEWHERE)
        } else {
            (keys::AUTHORITY, keys::STRANGER)
        };
        assert_eq!(with(usage, right, None).registered().handshakes(), (1, 0), "usage {usage}");
        assert_eq!(with(usage, right, name("lwm2m.example")).registered().handshakes(), (1, 0), "{usage}");
        assert_eq!(refusal(&with(usage, wrong, None)), [WHIMBREL_ERR_CERTIFICATE], "usage {usage}");
    }
    for usage in [WHIMBREL_USAGE_CA_CONSTRAINT, WHIMBREL_USAGE_TRUST_ANCHOR_ASSERTION] {
        let elsewhere = with(usage, keys::AUTHORITY, name("elsewhere.example"));
        assert_eq!(refusal(&elsewhere), [WHIMBREL_ERR_NAME], "usage {usage}");
    }
}

/// RFC 6347 section 4.2.1: with and without HelloVerifyRequest.
#[test]
fn sec_006_c_o_a_cookie_is_sent_back() {
    for (cookies, flights) in [(true, 2), (false, 1)] {
        let gate = Settings { cookies, ..Settings::default() };
        let lab = Setup { gate, ..psk() }.registered();
        let sent = records::sent(lab.network.records(), &[DEVICE], 0);
        let hellos = sent.iter().flat_map(|(_, records)| records).filter(|r| r.client_hello().is_some());
        assert_eq!(hellos.count(), flights);
        assert_eq!(records::handshakes_begun(lab.network.records(), &[DEVICE]).len(), 1);
    }
}

/// A device with no account yet, and an account with this URI and security.
fn add(setup: &Setup, uri: &str, security: &Security) -> i32 {
    let mut lab = Setup { servers: 0, ..setup.clone() }.switched_on();
    let uri = Some(uri.to_owned());
    let account = Account { uri, security: security.clone(), ..setup.account(FIRST_ID, SERVER) };
    let status = lab.device.add_account(&account);
    lab.run(minutes(10));
    assert_eq!(
        lab.network.records().is_empty(),
        status != WHIMBREL_OK,
        "{uri:?} speaks only if it is taken",
        uri = account.uri
    );
    status
}

/// TS 1.0 section 7.1: the scheme says whether there is DTLS, and nothing falls back silently.
#[test]
fn sec_005_c_o_scheme_and_mode_must_agree() {
    let secured = Security::psk(IDENTITY, KEY);
    assert_eq!(add(&psk(), "coaps://10.0.0.2:5683", &Security::default()), WHIMBREL_ERR_BAD_VALUE);
    assert_eq!(add(&psk(), "coap://10.0.0.2:5683", &secured), WHIMBREL_ERR_BAD_VALUE);
    assert_eq!(add(&psk(), "coaps://10.0.0.2:5683", &secured), WHIMBREL_OK);
    assert_eq!(add(&psk(), "coap://10.0.0.2:5683", &Security::default()), WHIMBREL_OK);
}

/// A mode that the backend cannot do, or no backend at all, is an error that the application sees.
#[test]
fn sec_001_c_m_an_unsupported_mode_is_refused() {
    let uri = "coaps://10.0.0.2:5683";
    let rpk = Security::raw_public_key(b"own", b"server's", b"private");
    assert_eq!(add(&psk(), uri, &rpk), WHIMBREL_ERR_SECURITY_MODE);
    assert_eq!(add(&psk(), uri, &Security { mode: 4, ..rpk }), WHIMBREL_ERR_SECURITY_MODE);
    assert_eq!(add(&Setup::default(), uri, &Security::psk(IDENTITY, KEY)), WHIMBREL_ERR_SECURITY_MODE);
    let modem = Setup { modem: true, ..psk() };
    assert_eq!(add(&modem, uri, &Security::psk(IDENTITY, KEY)), WHIMBREL_ERR_SECURITY_MODE);
}

/// What a mode needs must be there.
#[test]
fn sec_001_c_m_missing_keys_are_refused() {
    let uri = "coaps://10.0.0.2:5683";
    for missing in [
        Security::psk("", KEY),
        Security::psk(IDENTITY, b""),
        Security { server_key: Vec::new(), ..Security::certificate() },
        Security { identity: Vec::new(), ..Security::certificate() },
        Security { secret_key: Vec::new(), ..Security::certificate() },
    ] {
        assert_eq!(add(&x509(), uri, &missing), WHIMBREL_ERR_CREDENTIALS, "{missing:?}");
    }
}

/// Capabilities are asked of the backend.
#[test]
fn sec_001_c_m_capabilities_are_those_of_the_backend() {
    let can = |setup: &Setup| setup.switched_on().device.capabilities() as u32;
    let mbedtls = can(&psk());
    for bit in [WHIMBREL_CAN_PSK, WHIMBREL_CAN_CERTIFICATE, WHIMBREL_CAN_CONNECTION_ID, WHIMBREL_CAN_SAVE] {
        assert_ne!(mbedtls & bit, 0, "{bit}");
    }
    assert_eq!(mbedtls & WHIMBREL_CAN_RAW_PUBLIC_KEY, 0);
    let modem =
        Setup { modem: true, security: Security::raw_public_key(b"o", b"s", b"p"), ..Setup::default() };
    assert_eq!(can(&modem), WHIMBREL_CAN_RAW_PUBLIC_KEY);
    assert_eq!(can(&Setup::default()), 0);
}

/// LwM2M-SEC-003-C-O: identity and server key reach a backend that can, unchanged; it may be a modem's own.
#[test]
fn sec_003_c_o_raw_public_keys_reach_the_backend() {
    let [own, server, private] = [&[0x30, 0x59, 0, 1][..], &[0x30, 0x59, 0, 2], &[0x30, 0x77, 0, 3]];
    let security = Security::raw_public_key(own, server, private);
    let mut lab = Setup { modem: true, security, mtu: 600, ..Setup::default() }.registered();
    let expected = Started {
        session: 0,
        mode: WHIMBREL_RAW_PUBLIC_KEY,
        mtu: 600,
        identity: own.into(),
        server_key: server.into(),
        secret_key: private.into(),
        name: "10.0.0.2".into(),
    };
    assert_eq!(lab.device.started(), [expected]);
    every_operation(&mut lab, 1);
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_SECURED).len(), 1);
}

/// Two accounts have two sessions, and what one carries is nothing to the other.
#[test]
fn sec_006_c_o_two_accounts_have_two_sessions() {
    for setup in [psk(), x509()] {
        let mut lab = Setup { servers: 2, ..setup }.registered();
        for gate in lab.gates.iter().flatten() {
            assert_eq!((gate.handshakes(), gate.sessions()), ((1, 0), 1));
        }
        every_operation(&mut lab, 1);
        let read = lab.second.read("/3/0/9");
        assert_eq!(lab.second_code(read), Code::CONTENT);
        lab.gates[0].as_mut().unwrap().close();
        let read = lab.second.read("/3/0/9");
        assert_eq!(lab.second_code(read), Code::CONTENT);
        assert!(lab.device.is_registered(SECOND_ID));
        assert_eq!(lab.gates[1].as_ref().unwrap().handshakes(), (1, 0));
    }
}

/// The Security object's secrets cannot be read over the session that they protect (TS 1.0 Appendix E.1).
#[test]
fn sec_006_c_o_no_server_reads_the_keys() {
    let mut lab = psk().registered();
    for path in ["/0", "/0/0", "/0/0/3", "/0/0/5"] {
        let read = lab.server.read(path);
        assert_eq!(lab.code(read), Code::UNAUTHORIZED, "{path}");
    }
}
