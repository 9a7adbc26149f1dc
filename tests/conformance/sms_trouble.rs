//! SMS where something else goes on: numbers that two accounts share, accounts that went, a modem that fails, an IP network that
//! went, messages that wait for their answer (LwM2M-MEC-003-C-O; TS 1.0 sections 5.3.1.1 and 8.6.2).

use super::dtls::statuses;
use super::sms::{by_sms, registered, sent, setup};
use whimbrel::capi::*;
use whimbrel_lab::device::{BootstrapAccount, Sms, Texting};
use whimbrel_lab::net::Node;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, PHONE, SERVER_NUMBER};
use whimbrel_lab::sms::tpdu::{Submit, UserData};
use whimbrel_lab::{Code, Lab, Request, Setup, minutes, seconds};

const KEYS: [u8; 32] = *b"0123456789abcdefFEDCBA9876543210";
const OTHERS: [u8; 32] = *b"fedcba98765432100123456789ABCDEF";

/// A bootstrap server that rests and has the number of the server does not take the server's messages.
#[test]
fn mec_003_c_o_an_account_that_rests_takes_no_message() {
    let clear = Sms::clear(SERVER_NUMBER);
    let packets = Sms::packets(SERVER_NUMBER, &KEYS);
    for (rests, serves) in [
        (clear.clone(), clear.clone()),
        (Sms::packets(SERVER_NUMBER, &OTHERS), packets.clone()),
        (packets.clone(), packets),
    ] {
        let uri = Some(format!("tel:{SERVER_NUMBER}"));
        let bootstrap = BootstrapAccount { uri, sms: Some(rests), ..BootstrapAccount::default() };
        let texting = Texting { number: Some(PHONE.into()), packets: true, ..Texting::default() };
        let setup = Setup {
            bootstrap: Some(bootstrap),
            texting: Some(texting),
            sms: [Some(serves), None],
            persistent: true,
            ..setup("S")
        };
        let mut lab = registered(&setup);
        assert_eq!(lab.text("/3/0/9"), "100");
    }
}

/// The number of an account that was removed is a stranger's.
#[test]
fn mec_003_c_o_who_was_removed_is_not_heard() {
    let mut lab = registered(&setup("US"));
    assert_eq!(lab.device.remove_account(FIRST_ID), WHIMBREL_OK);
    let get = [0x44, 1, 0x12, 0x34, 1, 2, 3, 4, 0xb1, b'3'];
    lab.centre.inject(lab.now(), SERVER_NUMBER, PHONE, &Submit::new(PHONE, UserData::plain(&get)));
    lab.run(minutes(1));
    assert_eq!(sent(&lab).len(), 0);
    assert_eq!(statuses(&lab, WHIMBREL_EVENT_DROPPED), [WHIMBREL_ERR_UNAUTHORIZED]);
}

/// A modem that fails is told once, and nobody is kept awake by it.
#[test]
fn mec_003_c_o_a_modem_that_fails_is_told_once() {
    let mut lab = registered(&setup("S"));
    lab.run(seconds(1));
    let poll = |lab: &mut Lab, status, told: usize| {
        lab.device.fail_texts(status);
        let now = lab.now();
        lab.device.poll(now);
        assert_ne!(lab.device.deadline().1, WHIMBREL_WAKE_WORK);
        assert_eq!(statuses(lab, WHIMBREL_EVENT_DROPPED), vec![WHIMBREL_ERR_LINK; told]);
    };
    for _ in 0..3 {
        poll(&mut lab, Some(WHIMBREL_ERR_LINK), 1);
    }
    poll(&mut lab, None, 1);
    poll(&mut lab, Some(WHIMBREL_ERR_LINK), 2);
    lab.device.fail_texts(None);
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// The last notification of an observation goes the way of its Observe, whichever way the Delete came.
#[test]
fn dmse_013_c_m_observations_of_what_is_deleted_end_on_their_way() {
    for by_texts in [false, true] {
        let mut lab = registered(&setup("US"));
        lab.device.create(4);
        lab.run(seconds(1));
        if by_texts {
            lab.observe("/26241/4");
        } else {
            let observe = by_sms(&mut lab, Request::get("/26241/4").observe(0));
            assert_eq!(lab.code(observe), Code::CONTENT);
        }
        lab.run(seconds(10));
        let (datagrams, texts) = (lab.network.sent_by(DEVICE), sent(&lab).len());
        let deletes = if by_texts {
            by_sms(&mut lab, Request::delete("/26241/4"))
        } else {
            lab.server.send(Request::delete("/26241/4"))
        };
        assert_eq!(lab.code(deletes), Code::DELETED);
        let went = (lab.network.sent_by(DEVICE) - datagrams, sent(&lab).len() - texts);
        assert_eq!(went, (2, 1), "an answer, a notification and an Update; Delete by SMS: {by_texts}");
    }
}
