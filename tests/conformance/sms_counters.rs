//! Counters of secured packets (TS 1.0 section 7.2.2.3) are those of keys, wherever an account with these keys is.

use super::dtls::statuses;
use super::sms::{by_sms, patient, registered, setup};
use whimbrel::capi::*;
use whimbrel_lab::device::{Sms, Texting};
use whimbrel_lab::format::TEXT;
use whimbrel_lab::scene::{FIRST_ID, PHONE, SECOND, SECOND_ID, SECOND_NUMBER, SERVER, SERVER_NUMBER};
use whimbrel_lab::sms::tpdu::Submit;
use whimbrel_lab::sms::{Association, Dropped, Keys, Refusal};
use whimbrel_lab::{Code, Lab, Request, Setup, minutes, seconds};

const KEYS: [[u8; 16]; 3] = [*b"0123456789abcdef", *b"FEDCBA9876543210", *b"another, a third"];

fn sms(number: &str, keys: usize) -> Sms {
    Sms::packets(number, &KEYS[keys])
}

fn packets() -> Setup {
    let texting = Texting { number: Some(PHONE.into()), packets: true, ..Texting::default() };
    let sms = [Some(sms(SERVER_NUMBER, 0)), None];
    Setup { texting: Some(texting), sms, persistent: true, ..setup("S") }
}

/// The server counts on with keys that it knows; others are new.
fn count_on(lab: &mut Lab, known: Option<Association>, keys: usize) {
    let sms = sms(SERVER_NUMBER, keys);
    let new = || Association::new(Keys::from_resources(&sms.parameters, &sms.keys).expect("keys that fit"));
    let gateway = lab.gateways[0].as_mut().expect("a number of the server");
    gateway.protect_one(PHONE, known.unwrap_or_else(new));
}

fn association(lab: &mut Lab) -> Association {
    let gateway = lab.gateways[0].as_mut().expect("a number of the server");
    gateway.association(PHONE).expect("keys").clone()
}

/// How many packets of the device a gateway dropped because their counter had been used before.
fn reused(lab: &Lab, gateway: usize) -> usize {
    let dropped = &lab.gateways[gateway].as_ref().expect("a number of the server").dropped;
    dropped.iter().filter(|dropped| dropped.2 == Dropped::Command(Refusal::Counter)).count()
}

/// Everything that a server ever sent comes once more.
fn replay(lab: &mut Lab, number: &str) {
    let old: Vec<Submit> =
        lab.centre.sent_by(number).into_iter().filter_map(|record| record.submit).collect();
    for submit in &old {
        lab.centre.inject(lab.now(), number, PHONE, submit);
        lab.run(seconds(1));
    }
}

/// Gives the account other keys: by the application, or by a factory after a restart.
fn rekey(lab: &mut Lab, restart: bool, keys: usize) {
    lab.setup.sms[0] = Some(sms(SERVER_NUMBER, keys));
    if restart {
        lab.power_cycle();
    } else {
        assert_eq!(lab.device.remove_account(FIRST_ID), WHIMBREL_OK);
        let account = lab.setup.account(FIRST_ID, SERVER);
        assert_eq!(lab.device.add_account(&account), WHIMBREL_OK);
    }
}

/// Keys that were replaced and come back go on where they were: no old packet acts, and no counter is used twice.
#[test]
fn mec_003_c_o_keys_that_come_back_count_on() {
    for restart in [false, true] {
        let mut lab = registered(&packets());
        for _ in 0..20 {
            let execute = lab.server.execute("/26241/0/20", "");
            assert_eq!(lab.code(execute), Code::CHANGED);
        }
        let old = association(&mut lab);
        rekey(&mut lab, restart, 1);
        count_on(&mut lab, None, 1);
        lab.run(minutes(20));
        assert_eq!(lab.text("/3/0/9"), "100");
        rekey(&mut lab, restart, 0);
        count_on(&mut lab, Some(old), 0);
        let acted = lab.device.executed("/26241/0/20");
        replay(&mut lab, SERVER_NUMBER);
        assert_eq!(lab.device.executed("/26241/0/20"), acted, "restart: {restart}");
        assert!(statuses(&lab, WHIMBREL_EVENT_DROPPED).contains(&WHIMBREL_ERR_EXISTS));
        lab.run(minutes(20));
        assert!(lab.device.is_registered(FIRST_ID));
        assert_eq!(lab.text("/3/0/9"), "100");
        assert_eq!(reused(&lab, 0), 0, "restart: {restart}");
    }
}

/// Accounts that are added in another order are the same: their counters are found in the other place.
#[test]
fn mec_003_c_o_counters_move_with_their_keys() {
    let both = [Some(sms(SERVER_NUMBER, 0)), Some(sms(SECOND_NUMBER, 1))];
    let setup = Setup { servers: 2, factory: false, sms: both, ..packets() };
    let accounts = [setup.account(FIRST_ID, SERVER), setup.account(SECOND_ID, SECOND)];
    let mut lab = setup.switched_on();
    patient(&mut lab);
    for order in [[0, 1], [1, 0], [0, 1]] {
        for account in order {
            assert_eq!(lab.device.add_account(&accounts[account]), WHIMBREL_OK);
        }
        let acted = lab.device.executed("/26241/0/20");
        replay(&mut lab, SERVER_NUMBER);
        replay(&mut lab, SECOND_NUMBER);
        assert_eq!(lab.device.executed("/26241/0/20"), acted, "{order:?}");
        lab.run(minutes(2));
        for _ in 0..20 {
            let execute = lab.server.execute("/26241/0/20", "");
            assert_eq!(lab.code(execute), Code::CHANGED);
        }
        assert!(lab.device.is_registered(FIRST_ID) && lab.device.is_registered(SECOND_ID), "{order:?}");
        assert_eq!((reused(&lab, 0), reused(&lab, 1)), (0, 0), "{order:?}");
        lab.power_cycle();
    }
}

/// Two servers with the same keys count for themselves.
#[test]
fn mec_003_c_o_servers_with_the_same_keys_count_for_themselves() {
    let both = [Some(sms(SERVER_NUMBER, 0)), Some(sms(SECOND_NUMBER, 0))];
    let mut lab = Setup { servers: 2, sms: both, ..packets() }.switched_on();
    patient(&mut lab);
    lab.run(minutes(2));
    for _ in 0..20 {
        assert_eq!(lab.text("/3/0/9"), "100");
    }
    lab.power_cycle();
    lab.run(minutes(2));
    let read = lab.second.read_as("/3/0/9", TEXT);
    assert_eq!(lab.second_code(read), Code::CONTENT);
    assert_eq!((reused(&lab, 0), reused(&lab, 1)), (0, 0));
}

/// Both slots of the counters are damaged: nothing is taken and nothing is sent, until there are new keys.
#[test]
fn mec_003_c_o_lost_counters_need_new_keys() {
    let mut lab = registered(&Setup { binding: "US", ..packets() });
    let execute = by_sms(&mut lab, Request::post("/26241/0/20"));
    assert_eq!(lab.code(execute), Code::CHANGED);
    let execute = by_sms(&mut lab, Request::post("/26241/0/20"));
    assert_eq!(lab.code(execute), Code::CHANGED);
    for slot in [6, 7] {
        lab.storage.tamper(slot, |content| content.iter_mut().for_each(|byte| *byte ^= 0x55));
    }
    lab.power_cycle();
    lab.run(minutes(1));
    let acted = lab.device.executed("/26241/0/20");
    replay(&mut lab, SERVER_NUMBER);
    assert_eq!(lab.device.executed("/26241/0/20"), acted);
    assert!(statuses(&lab, WHIMBREL_EVENT_STORAGE_FAILED).contains(&WHIMBREL_ERR_STORAGE));
    // the same once more are the same
    rekey(&mut lab, false, 0);
    replay(&mut lab, SERVER_NUMBER);
    assert_eq!(lab.device.executed("/26241/0/20"), acted);
    rekey(&mut lab, false, 1);
    count_on(&mut lab, None, 1);
    lab.run(minutes(1));
    let execute = by_sms(&mut lab, Request::post("/26241/0/20"));
    assert_eq!(lab.code(execute), Code::CHANGED);
    lab.power_cycle();
    lab.run(minutes(1));
    let execute = by_sms(&mut lab, Request::post("/26241/0/20"));
    assert_eq!(lab.code(execute), Code::CHANGED);
    assert_eq!(reused(&lab, 0), 0);
}
