//! Smartcards, modems and secure elements that behave oddly (TS 1.0 sections 5.2.3.2 and 7.2.2.2): what they do costs a look at
//! the card, not an account, and no battery.

use super::uicc::*;
use super::uicc_messages::{by_card, switched_on};
use std::slice;
use whimbrel::capi::*;
use whimbrel_lab::device::{Reader, Slot};
use whimbrel_lab::format::TEXT;
use whimbrel_lab::scene::{FIRST_ID, PHONE};
use whimbrel_lab::server::Failure;
use whimbrel_lab::uicc::{Chip, Pin, Profile};
use whimbrel_lab::{Code, Lab, Operation, Request, RequestId, Setup, minutes, seconds};

const OPEN: [u8; 2] = [0x70, 0x00];
const STORE_DATA: u8 = 0xe2;
const GET_DATA: u8 = 0xca;

/// Of the bootstrap file, READ BINARY is answered so.
fn reads_give(slot: &Slot, answer: Result<Vec<u8>, i32>) {
    let mut is_file = false;
    slot.answer_by(move |command| {
        if command[1] == 0xa4 {
            is_file = command.windows(2).any(|at| at == [0x64, 0x32]);
        }
        (is_file && command[1] == 0xb0).then(|| answer.clone())
    });
}

/// A line that garbles answers says nothing of the card's data, however often it does.
#[test]
fn boot_013_c_o_a_bad_line_is_no_other_data() {
    let answers: [(&str, Result<Vec<u8>, i32>); 5] = [
        ("one byte", Ok(vec![0x90])),
        ("6f00", Ok(vec![0x6f, 0])),
        ("garbled", Err(WHIMBREL_ERR_MALFORMED)),
        ("no memory", Err(WHIMBREL_ERR_FULL)),
        ("no line", Err(WHIMBREL_ERR_LINK)),
    ];
    for (name, answer) in answers {
        let (setup, slot, _card) = one();
        let mut lab = registered(&setup);
        reads_give(&slot, answer);
        lab.device.card_changed();
        lab.run(minutes(3));
        assert!(count(&lab, WHIMBREL_EVENT_CARD_FAILED) >= 3, "{name}");
        assert!(lab.device.is_registered(FIRST_ID), "{name}");
        assert_eq!(count(&lab, WHIMBREL_EVENT_ACCOUNT_REMOVED), 0, "{name}");
    }
}

/// "Not found" is no card only where the port says it of the card.
#[test]
fn boot_013_c_o_a_secure_element_that_finds_no_key_is_no_missing_card() {
    let slot = Slot::default();
    let reader = Reader { key_version: 0x30, element: true, ..Reader::secured(&slot, &ENC, &MAC) };
    let setup = Setup { card: Some(reader), ..setup(&slot) };
    let mut description = Profile::new(setup.configuration().file()).description();
    description.scp03 = Some(scp03(&ENC, &MAC, false));
    Card::new(description).put_into(&slot);
    let mut lab = registered(&setup);
    slot.set_element(WHIMBREL_ERR_NOT_FOUND);
    lab.device.card_changed();
    lab.run(seconds(1));
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_FAILED), 1);
    slot.set_element(WHIMBREL_OK);
    lab.run(minutes(1));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_GONE), 0);
}

/// Section 5.2.3.2: what another card brought goes, even if this one cannot be read.
#[test]
fn boot_013_c_o_another_card_that_cannot_be_read_ends_the_accounts_of_the_first() {
    for kind in ["other keys", "a PIN", "no secure channel"] {
        let slot = Slot::default();
        let reader = Reader { key_version: 0x30, ..Reader::secured(&slot, &ENC, &MAC) };
        let setup = Setup { lifetime: 600, card: Some(reader), ..setup(&slot) };
        let profile = Profile::new(setup.configuration().file());
        let mut description = profile.description();
        description.scp03 = Some(scp03(&ENC, &MAC, false));
        Card::new(description).put_into(&slot);
        let mut lab = registered(&setup);
        slot.pull();
        let mut profile = Profile { iccid: "89000000000000000002".into(), ..profile };
        if kind == "a PIN" {
            profile = profile.private(Pin::new(0x81, "4711"));
        }
        let mut description = profile.description();
        description.scp03 = match kind {
            "other keys" => Some(scp03(&MAC, &ENC, false)),
            "a PIN" => Some(scp03(&ENC, &MAC, false)),
            _ => None,
        };
        if kind == "no secure channel" {
            // preferred, it would be read in the clear
            lab = Setup {
                card: setup.card.clone().map(|card| Reader { secure: WHIMBREL_UICC_REQUIRED, ..card }),
                ..setup.clone()
            }
            .switched_on();
            slot.pull();
            let mut first = Profile::new(setup.configuration().file()).description();
            first.scp03 = Some(scp03(&ENC, &MAC, false));
            Card::new(first).put_into(&slot);
            run_until_registered(&mut lab);
            slot.pull();
        }
        Card::new(description).put_into(&slot);
        lab.device.card_changed();
        lab.run(minutes(2));
        assert_eq!(count(&lab, WHIMBREL_EVENT_ACCOUNT_REMOVED), 1, "{kind}");
        assert!(!lab.device.is_registered(FIRST_ID), "{kind}");
    }
}

/// A PIN that was wrong is not given again, whatever the callback says, before somebody says that all is new.
#[test]
fn boot_012_c_o_a_wrong_pin_is_given_once() {
    let slot = Slot::default();
    let mut setup = setup(&slot);
    setup.card.as_mut().expect("a reader").pin = Some("0815".into());
    let profile = Profile::new(setup.configuration().file()).private(Pin::new(0x81, "4711"));
    let card = Card::new(profile.description());
    card.put_into(&slot);
    let mut lab = setup.switched_on();
    lab.run(minutes(30));
    assert_eq!(lab.device.pins().0, 1);
    assert_eq!(card.uicc().description.pins[0].left, 2);
    assert!(count(&lab, WHIMBREL_EVENT_CARD_FAILED) > 3, "it is looked at all the same");
    lab.device.card_changed();
    lab.run(seconds(1));
    assert_eq!((lab.device.pins().0, card.uicc().description.pins[0].left), (2, 1));
}

/// One reading without data after trouble of another kind is one, not the last of three.
#[test]
fn boot_013_c_o_trouble_does_not_make_a_card_empty() {
    let (setup, slot, _card) = one();
    let mut lab = registered(&setup);
    slot.answer_by(|command| (command[1..3] == OPEN).then(|| Ok(vec![0x6f, 0])));
    lab.device.card_changed();
    lab.run(seconds(5));
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_FAILED), 3);
    let mut once = false;
    slot.answer_by(move |command| {
        let odf = !once && command.windows(2).any(|at| at == [0x50, 0x31]);
        once |= odf;
        odf.then(|| Ok(vec![0x6a, 0x82]))
    });
    lab.run(minutes(10));
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_GONE), 0);
    assert!(lab.device.is_registered(FIRST_ID));
}

/// Section 5.2.3.2: new data disables the old, whatever keeps it from being applied.
#[test]
fn boot_013_c_o_an_instance_that_cannot_be_made_disables_the_old_data() {
    let (setup, _slot, card) = one();
    let mut lab = registered(&setup);
    let mut objects = Setup { lifetime: 700, ..setup.clone() }.configuration().objects();
    objects.push((3303, instance(77, &[])));
    let objects: Vec<_> = objects.into_iter().map(|(id, instances)| file_object(id, instances)).collect();
    card.rewrite(whimbrel_lab::bootstrap::file(&objects));
    lab.device.card_changed();
    lab.run(minutes(2));
    assert_eq!(count(&lab, WHIMBREL_EVENT_ACCOUNT_REMOVED), 1);
    assert!(!lab.device.is_registered(FIRST_ID));
}

/// A client that is stopped while it reads a card says so once, and does not come back.
#[test]
fn boot_013_c_o_a_client_that_stops_does_not_begin_again() {
    let mut cases = 0;
    for pulled in [false, true] {
        for rewritten in [false, true] {
            for wait in (10..2000).step_by(120) {
                let (setup, slot, card) = one();
                let mut lab = registered(&setup);
                lab.run(minutes(1));
                slot.set_latency(60);
                if rewritten {
                    card.rewrite(Setup { lifetime: 700, ..setup.clone() }.configuration().file());
                }
                lab.device.card_changed();
                lab.run(wait);
                let registers = lab.server.count(Operation::Register);
                lab.device.stop();
                if pulled {
                    slot.pull();
                }
                lab.run(minutes(30));
                let case = format!("pulled {pulled}, rewritten {rewritten}, after {wait} ms");
                assert_eq!(count(&lab, WHIMBREL_EVENT_STOPPED), 1, "{case}");
                assert_eq!(lab.server.count(Operation::Register), registers, "{case}");
                assert_eq!(lab.server.count(Operation::Deregister), 1, "{case}");
                cases += 1;
            }
        }
    }
    println!("stopped at {cases} moments");
}

/// A channel that the card does not close is told.
#[test]
fn boot_013_c_o_a_channel_that_stays_open_is_told() {
    let (setup, slot, _card) = one();
    let mut lab = registered(&setup);
    slot.answer_by(|command| (command[1..3] == [0x70, 0x80]).then(|| Ok(vec![0x6f, 0])));
    lab.device.card_changed();
    lab.run(seconds(1));
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_CHECKED), 1, "it was read all the same");
    let told = lab.device.events_of(WHIMBREL_EVENT_CARD_FAILED);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].status, i32::from(WHIMBREL_UICC_CLOSE) << 16 | 0x6f00);
}

/// What is larger than the card can take goes in blocks.
#[test]
fn boot_003_c_o_a_message_that_the_card_cannot_take_goes_in_blocks() {
    let (mut setup, slot, uicc) = by_card(false, |setup| setup.datagram = 700);
    setup.card.as_mut().expect("a reader").window = 320;
    slot.serve(&uicc, true);
    let mut lab = switched_on(&setup);
    lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
    lab.run(minutes(1));
    for path in ["/26241", "/3"] {
        let before = slot.count();
        let found = lab.server.discover(path);
        assert_eq!(answer_to(&mut lab, found), Ok(Code::CONTENT), "{path}");
        let commands = slot.count() - before;
        assert!(commands < 60, "{path}: {commands} commands");
    }
    // one that comes and is too long is lost, and nothing else
    let text = "x".repeat(290);
    lab.server.send(Request::put("/26241/0/0").content(TEXT, text.as_str()));
    let before = slot.count();
    lab.run(minutes(5));
    assert!(slot.count() - before < 100);
    let read = lab.server.send(Request::get("/3/0/0"));
    assert_eq!(answer_to(&mut lab, read), Ok(Code::CONTENT));
}

/// The toolkit's word behind a checksum (91xx: a proactive command waits) is the terminal's, not ours.
#[test]
fn boot_003_c_o_a_card_with_a_proactive_command_has_taken_the_message() {
    for secured in [false, true] {
        let (setup, slot, uicc) = by_card(secured, |_| {});
        slot.serve(&uicc, true);
        let card = uicc.clone();
        slot.answer_by(move |command| {
            let mut answer = (command[1] == STORE_DATA)
                .then(|| Chip::apdu(&mut *card.lock().expect("nobody panicked with it"), command))??;
            if let Some(word) = answer.last_chunk_mut::<2>().filter(|word| **word == [0x90, 0]) {
                *word = [0x91, 0x10];
            }
            Some(Ok(answer))
        });
        let mut lab = switched_on(&setup);
        lab.run_until("registration", minutes(3), |lab| lab.device.is_registered(FIRST_ID));
        lab.run(minutes(1));
        assert_eq!(lab.server.count(Operation::Register), 1, "secured {secured}");
        assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_FAILED), 0, "secured {secured}");
    }
}

/// The code of the answer, or why there is none.
fn answer_to(lab: &mut Lab, request: RequestId) -> Result<Code, Failure> {
    lab.run_until("an answer", minutes(15), |lab| lab.server.outcome(request).is_some());
    let outcome = lab.server.outcome(request).expect("it is there");
    outcome.result.as_ref().map(|answer| answer.code).map_err(Clone::clone)
}

fn registered_by_card(slot: &Slot, setup: &Setup) -> Lab {
    let mut lab = switched_on(setup);
    lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
    lab.run(minutes(1));
    assert!(slot.count() > 0);
    lab
}

/// Tries are counted for the message that is tried, not for those behind it.
#[test]
fn boot_003_c_o_a_message_that_was_not_offered_is_not_dropped() {
    let (setup, slot, uicc) = by_card(false, |setup| setup.lifetime = 86_400);
    slot.serve(&uicc, true);
    let mut lab = registered_by_card(&slot, &setup);
    lab.server.observe("/3303/0/5700");
    lab.run(minutes(1));
    let (mut sessions, mut stored) = (0, 0);
    slot.answer_by(move |command| {
        sessions += u32::from(command[1..3] == OPEN);
        stored += u32::from(command[1] == STORE_DATA);
        let fails = (command[1..3] == OPEN && sessions <= 2) || (command[1] == GET_DATA && stored == 1);
        fails.then(|| Ok(vec![0x6f, 0]))
    });
    let before = lab.centre.sent_by(PHONE).len();
    lab.device.card_message();
    // two sessions have failed, and then there is something to send
    lab.run(2_500);
    lab.device.update(FIRST_ID);
    lab.device.set("/3303/0/5700", 9.5);
    lab.run(minutes(1));
    assert_eq!(lab.centre.sent_by(PHONE).len() - before, 2);
}

/// More messages than a session takes, and no word but one: all are fetched.
#[test]
fn boot_003_c_o_all_messages_of_the_card_are_fetched() {
    let (setup, slot, uicc) = by_card(false, |_| {});
    slot.serve(&uicc, true);
    let mut lab = registered_by_card(&slot, &setup);
    lab.server.settings.nstart = 100;
    slot.serve(&uicc, false);
    for _ in 0..20 {
        lab.server.send(Request::get("/3/0/0"));
        lab.run(seconds(20));
    }
    let waiting = || uicc.lock().expect("nobody panicked with it").waiting();
    assert_eq!(waiting(), 20);
    lab.device.card_message();
    lab.run(minutes(2));
    assert_eq!(waiting(), 0);
}

/// A word of the modem is not lost while something is under way.
#[test]
fn boot_003_c_o_a_message_that_is_told_during_a_session_is_fetched() {
    let (setup, slot, uicc) = by_card(false, |setup| setup.lifetime = 86_400);
    slot.serve(&uicc, true);
    let mut lab = registered_by_card(&slot, &setup);
    lab.server.observe("/3303/0/5700");
    lab.run(minutes(2));
    slot.serve(&uicc, false);
    slot.set_latency(5_000);
    let under_way = |what: u8| slot.trace().last().is_some_and(|(command, _)| command[1] == what);
    lab.device.card_message();
    lab.run_until("GET DATA", minutes(5), |_| under_way(GET_DATA));
    // it finds nothing; meanwhile there is something to send
    lab.device.set("/3303/0/5700", 9.5);
    slot.set_latency(25_000);
    lab.run_until("STORE DATA", minutes(5), |_| under_way(STORE_DATA));
    let read = lab.server.send(Request::get("/3/0/0"));
    lab.run_until("an SMS", minutes(5), |_| uicc.lock().expect("nobody panicked with it").waiting() > 0);
    assert!(under_way(STORE_DATA));
    lab.device.card_message();
    lab.run(10);
    slot.set_latency(0);
    assert_eq!(answer_to(&mut lab, read), Ok(Code::CONTENT));
}

/// A body of another form is taken off the card, and told.
#[test]
fn boot_003_c_o_what_is_no_message_is_told() {
    let (setup, slot, uicc) = by_card(false, |_| {});
    slot.serve(&uicc, true);
    let mut lab = registered_by_card(&slot, &setup);
    let mut once = false;
    slot.answer_by(move |command| {
        let first = command[1] == GET_DATA && !std::mem::replace(&mut once, true);
        first.then(|| Ok([&[0x0b, 0x91, 1, 2, 3][..], slice::from_ref(&0xff), &[0x90, 0]].concat()))
    });
    let before = count(&lab, WHIMBREL_EVENT_DROPPED);
    lab.device.card_message();
    lab.run(minutes(1));
    assert_eq!(count(&lab, WHIMBREL_EVENT_DROPPED), before + 1);
}
