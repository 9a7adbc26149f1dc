//! Short messages that end on the card (TS 1.0 section 7.2.2.2): the lab's card packs and opens them, the client fetches and
//! hands over.

use super::sms::{KEYS, every_operation, patient};
use super::uicc::{ENC, MAC, count, scp03, setup};
use std::sync::{Arc, Mutex};
use whimbrel::capi::*;
use whimbrel_lab::device::{Fault, Reader, Slot, Sms, Texting};
use whimbrel_lab::scene::{DEVICE, FIRST_ID, PHONE, SERVER_NUMBER};
use whimbrel_lab::sms::{Carrier, Keys};
use whimbrel_lab::uicc::{Messages, Profile, Uicc};
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, minutes, seconds};

/// A device that is reached through its card alone. The Security object has no keys of the messages: they are the card's.
pub fn by_card(secured: bool, change: impl FnOnce(&mut Setup)) -> (Setup, Slot, Arc<Mutex<Uicc>>) {
    let slot = Slot::default();
    let mut setup = Setup {
        binding: "S",
        texting: Some(Texting { number: Some(PHONE.into()), ..Texting::default() }),
        sms: [Some(Sms::packets(SERVER_NUMBER, &KEYS)), None],
        ..setup(&slot)
    };
    let reader = if secured {
        Reader { key_version: 0x30, ..Reader::secured(&slot, &ENC, &MAC) }
    } else {
        Reader::clear(&slot)
    };
    setup.card = Some(Reader { messages: 1400, ..reader });
    change(&mut setup);
    let on_card = Setup {
        sms: [Some(Sms { mode: WHIMBREL_SMS_PACKETS, number: SERVER_NUMBER.into(), ..Sms::default() }), None],
        ..setup.clone()
    };
    let mut description = Profile::new(on_card.configuration().file()).description();
    let sms = setup.sms[0].as_ref().expect("how the server is reached");
    let keys = Keys::from_resources(&sms.parameters, &sms.keys).expect("keys that fit");
    description.messages = Some(Messages::new([(SERVER_NUMBER.to_string(), keys)]));
    if secured {
        description.scp03 = Some(scp03(&ENC, &MAC, false));
    }
    let uicc = Arc::new(Mutex::new(Uicc::new(description)));
    (setup, slot, uicc)
}

pub fn switched_on(setup: &Setup) -> Lab {
    let mut lab = setup.switched_on();
    patient(&mut lab);
    // to the card, and not to the device
    lab.gateways[0].as_mut().expect("a number of the server").secured = Carrier::SMARTCARD;
    lab
}

/// LwM2M-MEC-003-C-O, section 7.2.2.2: the whole protocol, with a modem that tells of messages and with polling, in clear and
/// through a secure channel.
#[test]
fn mec_003_c_o_every_operation_through_the_card() {
    for (secured, tells) in [(false, true), (true, true), (true, false)] {
        let (mut setup, slot, uicc) = by_card(secured, |_| {});
        if !tells {
            setup.card.as_mut().expect("a reader").ask = 5;
        }
        slot.serve(&uicc, tells);
        let mut lab = switched_on(&setup);
        lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
        every_operation(&mut lab);
        assert_eq!(lab.network.sent_by(DEVICE), 0, "nothing but SMS");
        assert!(!lab.centre.sent_by(PHONE).is_empty());
        for record in lab.centre.sent_by(PHONE) {
            let submit = record.submit.expect("a SUBMIT");
            assert_eq!((submit.data.pid, submit.data.dcs), (0x7f, 0xf6), "as section 7.2.2.2 has it");
            assert!(!record.tpdu.windows(8).any(|bytes| bytes == b"whimbrel"), "nothing in clear");
        }
        let uicc = uicc.lock().expect("nobody panicked with it");
        assert!(uicc.open_channels().is_empty() && uicc.dropped.is_empty(), "{:?}", uicc.dropped);
        assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_FAILED), 0);
        assert!(lab.gateways[0].as_ref().expect("a number").dropped.is_empty());
    }
}

/// A message of several blocks of STORE DATA, and of several SMS.
#[test]
fn mec_003_c_o_long_messages_go_through_the_card() {
    let (setup, slot, uicc) = by_card(true, |setup| setup.datagram = 700);
    slot.serve(&uicc, true);
    let mut lab = switched_on(&setup);
    lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
    let text = "x".repeat(290);
    let id = lab.server.send(Request::put("/26241/0/0").content(whimbrel_lab::format::TEXT, text.as_str()));
    assert_eq!(lab.code(id), Code::CHANGED);
    assert_eq!(lab.text("/26241/0/0"), text);
    assert!(
        slot.trace().iter().filter(|(command, _)| command[1] == 0xe2).count()
            > lab.server.count(Operation::Register) + 2
    );
}

/// What comes from a number that no account has is dropped; what the card takes from a server is the server's alone.
#[test]
fn mec_003_c_o_foreign_messages_on_the_card_are_dropped() {
    let (setup, slot, uicc) = by_card(false, |_| {});
    {
        // the card knows another server, of which the client has no account
        let mut uicc = uicc.lock().expect("nobody panicked with it");
        let keys = Keys::from_resources(&[0x12, 0x12, 0x16, 0xb2, 2, 3], &KEYS).expect("keys");
        uicc.description
            .messages
            .as_mut()
            .expect("messages")
            .peers
            .push(("+15555550777".into(), whimbrel_lab::sms::Association::new(keys)));
    }
    slot.serve(&uicc, true);
    let mut lab = switched_on(&setup);
    lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
    let keys = Keys::from_resources(&[0x12, 0x12, 0x16, 0xb2, 2, 3], &KEYS).expect("keys");
    let mut stranger = whimbrel_lab::sms::Gateway::new(&lab.centre, "+15555550777");
    stranger.protect(keys);
    stranger.secured = Carrier::SMARTCARD;
    let now = lab.now();
    let request = [0x40, 0x01, 0x77, 0x77, 0xb1, b'3'];
    let sent = lab.centre.sent_by(PHONE).len();
    stranger.send(now, PHONE, &request);
    lab.run(minutes(2));
    assert_eq!(lab.centre.sent_by(PHONE).len(), sent, "nobody is answered");
    let dropped = lab.device.events_of(WHIMBREL_EVENT_DROPPED);
    assert_eq!(dropped.iter().filter(|event| event.status == WHIMBREL_ERR_UNAUTHORIZED).count(), 1);
}

/// The card is busy, silent, refuses: a message is tried again, then dropped, and the next one goes.
#[test]
fn mec_003_c_o_a_card_that_does_not_take_a_message() {
    let (mut setup, slot, uicc) = by_card(true, |_| {});
    setup.card.as_mut().expect("a reader").timeout = 2_000;
    slot.serve(&uicc, true);
    let mut lab = switched_on(&setup);
    lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
    let before = slot.count();
    assert_eq!(lab.send(Request::get("/3/0/0")).code, Code::CONTENT);
    let price = slot.count() - before;
    let (mut cases, mut lost) = (0, 0);
    for fault in [
        Fault::Status(0x6f00),
        Fault::Status(0x9300),
        Fault::Status(0x6985),
        Fault::Silence,
        Fault::Reset,
        Fault::Garbage,
        Fault::Fragment(1),
    ] {
        for n in 0..price {
            slot.fail(n, fault);
            let id = lab.server.send(Request::get("/3/0/0"));
            lab.run(minutes(12));
            // what a card does not hand over, or says that it has taken, nobody repeats on this link
            let answered = lab.server.outcome(id).is_some_and(|outcome| outcome.result.is_ok());
            (cases, lost) = (cases + 1, lost + usize::from(!answered));
            assert_eq!(
                lab.send(Request::get("/3/0/0")).code,
                Code::CONTENT,
                "{fault:?} at {n}: the next one goes"
            );
            let mut uicc = uicc.lock().expect("nobody panicked with it");
            whimbrel_lab::uicc::Chip::reset(&mut *uicc);
        }
    }
    assert!(lab.device.is_registered(FIRST_ID));
    println!("{cases} cases, {lost} requests without an answer");
    assert!(lost * 10 < cases, "most are answered all the same");
}

/// The card is pulled while messages wait for it.
#[test]
fn mec_003_c_o_a_card_that_is_pulled_takes_its_messages_with_it() {
    let (setup, slot, uicc) = by_card(false, |_| {});
    slot.serve(&uicc, true);
    let mut lab = switched_on(&setup);
    lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
    slot.pull();
    lab.device.set("/3303/0/5700", 9.5);
    lab.device.update(FIRST_ID);
    lab.run(minutes(5));
    assert!(!lab.device.is_registered(FIRST_ID));
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_GONE), 1);
    slot.serve(&uicc, true);
    lab.device.card_changed();
    lab.run_until("registration", minutes(30), |lab| lab.device.is_registered(FIRST_ID));
}
