//! A card behind a modem that speaks AT: bootstrap from it, over each of the ways that modems have, and messages that end on it.

use super::sms::{KEYS, every_operation, patient};
use super::sms_modem::options;
use super::uicc::{Card, ENC, MAC, count, scp03, setup};
use std::sync::{Arc, Mutex};
use whimbrel::capi::*;
use whimbrel_lab::device::{Reader, Serial, Slot, Sms, Texting};
use whimbrel_lab::scene::{FIRST_ID, PHONE, SERVER_NUMBER};
use whimbrel_lab::sms::modem::{Modem, Options};
use whimbrel_lab::sms::{Carrier, Keys};
use whimbrel_lab::uicc::{Messages, Profile, Uicc};
use whimbrel_lab::{Lab, Setup, minutes, seconds};

fn at_a_modem(
    setup: &Setup,
    options: Options,
    card: *const whimbrel_modem_card_t,
    uicc: &Arc<Mutex<Uicc>>,
) -> Lab {
    let mut lab = setup.switched_on();
    patient(&mut lab);
    let mut modem = Modem::new(lab.centre.phone(PHONE), options);
    modem.fit(Box::new(uicc.clone()));
    lab.device.plug_serial(Serial::with_card(modem, false, card));
    if let Some(gateway) = &mut lab.gateways[0] {
        gateway.secured = Carrier::SMARTCARD;
    }
    lab
}

fn uicc(setup: &Setup, secured: bool, messages: Option<Messages>) -> Arc<Mutex<Uicc>> {
    let mut description = Profile::new(setup.configuration().file()).description();
    if secured {
        description.scp03 = Some(scp03(&ENC, &MAC, false));
    }
    description.messages = messages;
    Arc::new(Mutex::new(Uicc::new(description)))
}

/// LwM2M-BOOT-012-C-O at modems of several kinds, in clear and through a secure channel.
#[test]
fn boot_012_c_o_a_card_behind_a_modem_is_read() {
    let ways: [(&str, &whimbrel_modem_card_t, Options); 6] = [
        ("automatically", &whimbrel_modem_card_auto, options()),
        ("by +CSIM", &whimbrel_modem_card_generic, options()),
        ("by +CCHO", &whimbrel_modem_card_channels, options()),
        (
            "slow",
            &whimbrel_modem_card_auto,
            Options { delay: 300, card_delay: 900, chunk: (7, 3), ..options() },
        ),
        (
            "without +CCHO",
            &whimbrel_modem_card_auto,
            Options { unknown: vec!["+CCHO", "+CGLA", "+CCHC"], ..options() },
        ),
        ("without +CSIM", &whimbrel_modem_card_auto, Options { unknown: vec!["+CSIM"], ..options() }),
    ];
    for (name, way, options) in ways {
        for secured in [false, true] {
            let slot = Slot::default();
            let base = setup(&slot);
            let reader = Reader { key_version: 0x30, ..Reader::secured(&slot, &ENC, &MAC) };
            let card = if secured { Some(reader) } else { base.card.clone() };
            let setup = Setup { lifetime: 600, texting: Some(Texting::default()), card, ..base };
            let uicc = uicc(&setup, secured, None);
            let mut lab = at_a_modem(&setup, options.clone(), way, &uicc);
            lab.run_until(name, minutes(10), |lab| lab.device.is_registered(FIRST_ID));
            lab.run(minutes(30));
            assert_eq!(
                count(&lab, WHIMBREL_EVENT_CARD_FAILED),
                0,
                "{name}: {:?}",
                lab.device.events_of(WHIMBREL_EVENT_CARD_FAILED)
            );
            assert!(count(&lab, WHIMBREL_EVENT_CARD_CHECKED) >= 2, "{name}");
            assert!(uicc.lock().expect("nobody panicked with it").open_channels().is_empty(), "{name}");
        }
    }
}

/// The whole way of a message: service centre, modem, card, GET DATA over AT, client, and back.
#[test]
fn mec_003_c_o_every_operation_through_a_card_behind_a_modem() {
    let slot = Slot::default();
    let mut setup = Setup {
        binding: "S",
        texting: Some(Texting { number: Some(PHONE.into()), ..Texting::default() }),
        sms: [Some(Sms::packets(SERVER_NUMBER, &KEYS)), None],
        ..setup(&slot)
    };
    setup.card =
        Some(Reader { messages: 1400, ask: 10, key_version: 0x30, ..Reader::secured(&slot, &ENC, &MAC) });
    let keys = Keys::from_resources(&[0x12, 0x12, 0x16, 0xb2, 2, 3], &KEYS).expect("keys");
    let uicc = uicc(&setup, true, Some(Messages::new([(SERVER_NUMBER.to_string(), keys)])));
    let mut lab = at_a_modem(&setup, options(), &whimbrel_modem_card_auto, &uicc);
    lab.run_until("registration", minutes(30), |lab| lab.device.is_registered(FIRST_ID));
    every_operation(&mut lab);
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_FAILED), 0);
    let closed = |_: &Lab| uicc.lock().expect("nobody panicked with it").open_channels().is_empty();
    lab.run_until("no channel is open", minutes(1), closed);
    assert!(uicc.lock().expect("nobody panicked with it").dropped.is_empty());
}

/// The card is taken out of the modem: its accounts go. Another one is put in. The modem restarts in the middle of a look.
#[test]
fn boot_013_c_o_a_card_is_pulled_out_of_the_modem() {
    for way in [&whimbrel_modem_card_generic, &whimbrel_modem_card_channels] {
        let slot = Slot::default();
        let mut setup = Setup { lifetime: 600, texting: Some(Texting::default()), ..setup(&slot) };
        setup.card.as_mut().expect("a reader").look = 60;
        let uicc = uicc(&setup, false, None);
        let mut lab = at_a_modem(&setup, options(), way, &uicc);
        lab.run_until("registration", minutes(10), |lab| lab.device.is_registered(FIRST_ID));
        // a restart is not a card that is gone
        for wait in [0, 40, 200, 1000] {
            lab.device.card_changed();
            lab.run(wait);
            let now = lab.now();
            lab.device.serial().modem.reset(now);
            lab.run(minutes(5));
            assert!(lab.device.is_registered(FIRST_ID), "{wait}");
            assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_GONE), 0, "{wait}");
        }
        let now = lab.now();
        lab.device.serial().modem.remove_card(now);
        lab.run_until("no card", minutes(20), |lab| count(lab, WHIMBREL_EVENT_CARD_GONE) == 1);
        assert!(!lab.device.is_registered(FIRST_ID));
        let now = lab.now();
        let other = Card::new(
            Profile { iccid: "89000000000000000002".into(), ..Profile::new(setup.configuration().file()) }
                .description(),
        );
        lab.device.serial().modem.insert_card(now, Box::new(other.shared()));
        lab.run_until("another card", minutes(10), |lab| lab.device.is_registered(FIRST_ID));
        lab.run(seconds(10));
    }
}
