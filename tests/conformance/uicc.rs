//! Bootstrap from a smartcard (TS 1.0 sections 5.2.3.2 and 5.2.4, Appendix G and H): the lab's card in the device's slot.

use super::dtls::KEY;
use std::sync::{Arc, Mutex, MutexGuard};
use whimbrel::capi::*;
use whimbrel_lab::bootstrap::{Configuration, file};
use whimbrel_lab::device::{Fault, Reader, Right, Security, Slot};
use whimbrel_lab::scene::{FIRST_ID, SECOND_ID};
use whimbrel_lab::uicc::{
    Content, Description, Form, KeySet, Label, PKCS15, Pin, Profile, Reading, Scp03, Uicc, Way,
};
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, minutes, seconds};

pub const ENC: [u8; 16] = *b"@ABCDEFGHIJKLMNO";
pub const MAC: [u8; 16] = *b"`abcdefghijklmno";

/// A card that the test looks at while it is in the slot.
pub struct Card(Arc<Mutex<Uicc>>);

impl Card {
    pub fn new(description: Description) -> Self {
        Self(Arc::new(Mutex::new(Uicc::new(description))))
    }

    pub fn uicc(&self) -> MutexGuard<'_, Uicc> {
        self.0.lock().expect("nobody panicked with it")
    }

    pub fn shared(&self) -> Arc<Mutex<Uicc>> {
        self.0.clone()
    }

    pub fn put_into(&self, slot: &Slot) {
        slot.insert(self.0.clone());
    }

    /// Another file, as the operator writes it over the air.
    pub fn rewrite(&self, file: Vec<u8>) {
        *self.uicc().description.bytes(Profile::FILE) = file;
    }
}

/// A device without any account of the factory's, whose servers the card names.
pub fn setup(slot: &Slot) -> Setup {
    Setup {
        factory: false,
        card: Some(Reader::clear(slot)),
        persistent: true,
        load: true,
        ..Setup::default()
    }
}

/// The plainest card with what the setup's accounts are.
pub fn card(setup: &Setup) -> Card {
    Card::new(Profile::new(setup.configuration().file()).description())
}

/// Setup, slot and card of one server.
pub fn one() -> (Setup, Slot, Card) {
    let slot = Slot::default();
    let setup = Setup { lifetime: 600, ..setup(&slot) };
    let card = card(&setup);
    card.put_into(&slot);
    (setup, slot, card)
}

pub fn count(lab: &Lab, code: u16) -> usize {
    lab.device.events_of(code).len()
}

pub fn registered(setup: &Setup) -> Lab {
    let mut lab = setup.switched_on();
    run_until_registered(&mut lab);
    lab
}

pub fn run_until_registered(lab: &mut Lab) {
    lab.run_until("registration", seconds(600), |lab| lab.device.is_registered(FIRST_ID));
}

/// LwM2M-BOOT-003-C-O, -012-C-O: what the card says is what the device does, in so many commands.
#[test]
fn boot_003_c_o_a_device_with_nothing_but_a_card_registers() {
    let (setup, slot, card) = one();
    let lab = registered(&setup);
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_READ), 1);
    assert_eq!(count(&lab, WHIMBREL_EVENT_ACCOUNT_ADDED), 1);
    assert_eq!(
        lab.device.events_of(WHIMBREL_EVENT_CARD_READ)[0].status as usize,
        slot.count(),
        "the price is told"
    );
    assert!(card.uicc().open_channels().is_empty(), "the channel is closed");
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.bootstrap.requests().len(), 0);
}

/// The same in every form in which cards have it.
#[test]
fn boot_012_c_o_every_form_of_a_card_is_read() {
    let slot = Slot::default();
    let setup = setup(&slot);
    let plain = Profile::new(setup.configuration().file());
    let length = plain.bootstrap.len() as u16;
    let sliced = [vec![0xee; 7], plain.bootstrap.clone(), vec![0xdd; 9]].concat();
    let profiles = [
        plain.clone(),
        Profile { form: Form::Oid, ..plain.clone() },
        Profile { form: Form::Oid, object_label: Label::Second, double_oid: true, ..plain.clone() },
        Profile { double_oid: true, ..plain.clone() },
        Profile { object_label: Label::None, flags: Some(0), ..plain.clone() },
        Profile { in_place: true, ..plain.clone() },
        Profile { other_directories: 3, other_class: true, other_object: true, ..plain.clone() },
        Profile { way: Way::Current, usim: false, ..plain.clone() },
        Profile { way: Way::Master, name: Some("LwM2M".into()), ..plain.clone() },
        Profile { slice: Some((7, length)), bootstrap: sliced, ..plain.clone() },
        Profile { rooms: [700, 600, 32_000], ..plain.clone() },
        Profile { rooms: [300, 300, 900], pad: 0, ..plain.clone() },
        Profile { label: None, aid: [&PKCS15[..], b"-ABC"].concat(), ..plain.clone() },
    ];
    let mut read = 0;
    for (n, profile) in profiles.iter().enumerate() {
        let ways = [
            |_: &mut Description| {},
            |card: &mut Description| card.waits = true,
            |card: &mut Description| card.reading = Reading::Exact,
            |card: &mut Description| card.reading = Reading::Generous,
            |card: &mut Description| card.most = Some(20),
            |card: &mut Description| card.mute = true,
        ];
        for (m, way) in ways.iter().enumerate() {
            let mut description = profile.description();
            way(&mut description);
            let card = Card::new(description);
            card.put_into(&slot);
            let lab = registered(&setup);
            assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_FAILED), 0, "profile {n}, way {m}");
            assert!(card.uicc().open_channels().is_empty(), "profile {n}, way {m}");
            read += 1;
        }
    }
    println!("{read} cards read");
}

/// A file as large as cards have them, through a window of a few hundred bytes.
#[test]
fn boot_012_c_o_a_file_of_32_kilobytes_is_read_in_pieces() {
    let slot = Slot::default();
    let setup = setup(&slot);
    let mut objects = setup.configuration().objects();
    // objects that the device does not have, one after the other
    let filler: Vec<u8> =
        (0..7).flat_map(|n| instance(n, &[whimbrel_lab::tlv::resource(5, vec![n as u8; 500])])).collect();
    objects.extend((0..8).map(|n| (30_000 + n, filler.clone())));
    let objects: Vec<_> = objects.into_iter().map(|(id, instances)| file_object(id, instances)).collect();
    let made = file(&objects);
    assert!(made.len() > 28_000 && made.len() <= 32_768, "{}", made.len());
    let card = Card::new(Profile::new(made).description());
    card.put_into(&slot);
    let lab = registered(&setup);
    assert!(lab.device.events_of(WHIMBREL_EVENT_CARD_READ)[0].status > 110, "in pieces of 255");
}

pub fn instance(id: u16, resources: &[Vec<u8>]) -> Vec<u8> {
    whimbrel_lab::tlv::instance(id, resources)
}

pub fn file_object(id: u16, instances: Vec<u8>) -> whimbrel_lab::bootstrap::FileObject {
    whimbrel_lab::bootstrap::FileObject::new(id, instances)
}

/// LwM2M-BOOT-013-C-O, CR-010-C-O: before each Register and Update the card is looked at, and nothing else is done.
#[test]
fn cr_010_c_o_the_card_is_looked_at_before_each_update() {
    let (setup, slot, _card) = one();
    let mut lab = registered(&setup);
    let before = slot.count();
    lab.run(minutes(60));
    let updates = lab.server.count(Operation::Update);
    assert!(updates >= 5, "{updates} Updates");
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_CHECKED), updates);
    let each = lab.device.events_of(WHIMBREL_EVENT_CARD_CHECKED)[0].status as usize;
    assert_eq!(slot.count() - before, each * updates);
    assert_eq!(each, 14, "as docs/uicc.md says");
    assert_eq!(lab.server.count(Operation::Register), 1);
    // with a network that goes and comes, there is a look again
    lab.device.network(false, false);
    lab.run(seconds(5));
    lab.device.network(true, true);
    lab.run(seconds(30));
    assert!(lab.device.is_registered(FIRST_ID));
    assert!(count(&lab, WHIMBREL_EVENT_CARD_CHECKED) > updates);
}

/// The order is that of a real card: it takes a second for each command, and the Update waits.
#[test]
fn cr_010_c_o_a_slow_card_delays_the_update_and_loses_nothing() {
    let (setup, slot, _card) = one();
    slot.set_latency(800);
    let mut lab = registered(&setup);
    lab.run(minutes(30));
    assert_eq!(lab.server.count(Operation::Register), 1, "no registration ran out");
    assert!(lab.server.count(Operation::Update) >= 2);
    let answer = lab.send(Request::get("/3/0/0"));
    assert_eq!(answer.code, Code::CONTENT);
}

/// LwM2M-BOOT-013-C-O: changed data: what came from the card is disabled, and the new applied.
#[test]
fn boot_013_c_o_the_device_follows_what_the_card_says() {
    let (setup, _slot, card) = one();
    let mut lab = registered(&setup);
    // the second server instead of the first
    let both = Setup { servers: 2, ..setup.clone() };
    let accounts = both.configuration();
    let second = Configuration {
        security: accounts.security[1..].to_vec(),
        servers: accounts.servers[1..].to_vec(),
        ..Configuration::default()
    };
    card.rewrite(second.file());
    lab.run_until("the other server", minutes(30), |lab| {
        lab.second.count(Operation::Register) == 1 && lab.device.is_registered(SECOND_ID)
    });
    assert_eq!(count(&lab, WHIMBREL_EVENT_ACCOUNT_REMOVED), 1);
    assert!(!lab.device.is_registered(FIRST_ID));
    // and back, when the platform says so
    card.rewrite(setup.configuration().file());
    lab.device.card_changed();
    run_until_registered(&mut lab);
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_READ), 3);
}

/// A key that changed: a new session with it (section 5.2.5); values of the Server object too.
#[test]
fn boot_013_c_o_a_new_key_on_the_card_is_used() {
    let slot = Slot::default();
    let old = Setup { security: Security::psk("whimbrel", KEY), ..setup(&slot) };
    let new = Setup { security: Security::psk("another", b"fedcba9876543210"), lifetime: 777, ..old.clone() };
    let card = card(&old);
    card.put_into(&slot);
    let mut lab = old.switched_on();
    let keys = [&old, &new].map(|setup| (setup.security.identity.clone(), setup.security.secret_key.clone()));
    for (identity, key) in &keys {
        lab.gate().know(identity, key);
    }
    run_until_registered(&mut lab);
    card.rewrite(new.configuration().file());
    lab.device.card_changed();
    lab.run_until("a new session", seconds(120), |lab| {
        lab.handshakes().0 == 2 && lab.device.is_registered(FIRST_ID)
    });
    assert_eq!(lab.text("/1/0/1"), "777");
}

/// Section 5.2.3.2: a card that is pulled takes its accounts with it; those of the factory stay. Another one comes.
#[test]
fn boot_013_c_o_a_card_that_is_pulled_takes_its_accounts_with_it() {
    let slot = Slot::default();
    let mut setup = Setup { servers: 2, lifetime: 600, ..setup(&slot) };
    setup.card.as_mut().expect("a reader").look = 60;
    let all = setup.configuration();
    let first = Configuration {
        security: all.security[..1].to_vec(),
        servers: all.servers[..1].to_vec(),
        ..Configuration::default()
    };
    let card = Card::new(Profile::new(first.file()).description());
    card.put_into(&slot);
    let mut lab = setup.switched_on();
    // the factory's account is that of the second server
    assert_eq!(lab.device.add_account(&setup.account(SECOND_ID, whimbrel_lab::scene::SECOND)), 0);
    let both = |lab: &Lab| lab.device.is_registered(FIRST_ID) && lab.device.is_registered(SECOND_ID);
    lab.run_until("both", seconds(60), both);
    slot.pull();
    lab.run_until("no card", minutes(20), |lab| count(lab, WHIMBREL_EVENT_CARD_GONE) == 1);
    lab.run(minutes(30));
    assert!(!lab.device.is_registered(FIRST_ID) && lab.device.is_registered(SECOND_ID));
    assert_eq!(lab.second.count(Operation::Register), 1, "nobody else was disturbed");
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_GONE), 1, "told once");
    let updates = lab.server.count(Operation::Update);
    lab.run(minutes(30));
    assert_eq!(lab.server.count(Operation::Update), updates, "nothing goes to the server of the card");
    // another card, with the same accounts: found when it is looked for
    let other = Card::new(
        Profile { iccid: "89000000000000000002".into(), ..Profile::new(first.file()) }.description(),
    );
    other.put_into(&slot);
    lab.run_until("the other card", minutes(3), both);
    // after a power cut all is as it was
    lab.run(seconds(1));
    lab.power_cycle();
    lab.run_until("both again", seconds(120), both);
    slot.pull();
    lab.run(seconds(1));
    lab.power_cycle();
    lab.run(minutes(5));
    assert!(
        !lab.device.is_registered(FIRST_ID),
        "what came from the card goes, also when it is pulled without power"
    );
    assert!(lab.device.is_registered(SECOND_ID));
}

/// What a pulled card brought goes also where there is no room for its old values: it is not to come back.
#[test]
fn boot_013_c_o_a_card_goes_however_little_room_there_is() {
    let (setup, slot, card) = one();
    let setup = Setup { old_values: 60, ..setup };
    let mut lab = registered(&setup);
    slot.pull();
    lab.device.card_changed();
    lab.run_until("no card", minutes(1), |lab| count(lab, WHIMBREL_EVENT_CARD_GONE) == 1);
    assert_eq!(count(&lab, WHIMBREL_EVENT_ACCOUNT_REMOVED), 1);
    assert!(!lab.device.is_registered(FIRST_ID));
    card.put_into(&slot);
    lab.device.card_changed();
    lab.run_until("registration again", minutes(1), |lab| lab.device.is_registered(FIRST_ID));
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_READ), 2);
}

/// Accounts whose numbers somebody else has get others, and the rights that the card gives go with them.
#[test]
fn boot_003_c_o_numbers_that_are_taken_are_given_anew() {
    let slot = Slot::default();
    let rights = vec![Right { object: 1, instance: 0, owner: FIRST_ID, entries: vec![(FIRST_ID, 1)] }];
    let setup = Setup { servers: 2, rights: Some(rights), ..setup(&slot) };
    let all = setup.configuration();
    let first = Configuration {
        // the same numbers as the factory's account has: /0/0 and /1/0
        security: vec![(0, all.security[0].1.clone())],
        servers: all.servers[..1].to_vec(),
        access: all.access.clone(),
    };
    let card = Card::new(Profile::new(first.file()).description());
    card.put_into(&slot);
    let mut lab = setup.switched_on();
    assert_eq!(lab.device.add_account(&setup.account(SECOND_ID, whimbrel_lab::scene::SECOND)), 0);
    lab.run_until("both", seconds(60), |lab| {
        lab.device.is_registered(FIRST_ID) && lab.device.is_registered(SECOND_ID)
    });
    assert_eq!(lab.text("/1/1/0"), FIRST_ID.to_string(), "the card's server may read its own account");
}

/// Section 5.2.4: nobody is spoken to before the card was tried, and without one the next mode follows.
#[test]
fn boot_009_c_m_the_card_comes_first() {
    let slot = Slot::default();
    let mut setup = Setup { factory: true, ..setup(&slot) };
    setup.load = false;
    // no card: the factory's account
    let lab = registered(&setup);
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_GONE), 1);
    // a card that does not answer: bounded
    let card = card(&setup);
    card.put_into(&slot);
    slot.fail(0, Fault::Silence);
    let mut lab = setup.switched_on();
    lab.run(seconds(20));
    assert_eq!(lab.network.records().len(), 0, "the card may still answer");
    run_until_registered(&mut lab);
    assert!(count(&lab, WHIMBREL_EVENT_CARD_FAILED) >= 1);
}

/// LwM2M-BOOT-011-C-O, SEC-007-C-O, SEC-009-C-O: through a secure channel, with every key length, in both sizes of
/// challenge, with the keys in a secure element too; a card that only speaks secured.
#[test]
fn sec_009_c_o_the_card_is_read_through_a_secure_channel() {
    for length in [16, 24, 32] {
        for (s16, element) in [(false, false), (true, false), (false, true)] {
            let slot = Slot::default();
            let (enc, mac): (Vec<u8>, Vec<u8>) =
                ((0..length).map(|n| 0x40 + n).collect(), (0..length).map(|n| 0x80 ^ n).collect());
            let base = setup(&slot);
            let reader = Reader { s16, element, key_version: 0x30, ..Reader::secured(&slot, &enc, &mac) };
            let setup = Setup { card: Some(reader), ..base };
            let mut description = Profile::new(setup.configuration().file()).description();
            description.scp03 = Some(scp03(&enc, &mac, s16));
            // in clear nothing of it can be read
            description.application(&PKCS15).secured = true;
            let card = Card::new(description);
            card.put_into(&slot);
            let lab = registered(&setup);
            assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_FAILED), 0, "{length} {s16} {element}");
            let secret = setup.configuration().file();
            let shown = slot.trace().iter().any(|(_, answer)| {
                answer.windows(16).any(|bytes| secret.windows(16).any(|part| part == bytes))
            });
            assert!(!shown, "nothing of the file goes in clear");
        }
    }
}

pub fn scp03(enc: &[u8], mac: &[u8], s16: bool) -> Scp03 {
    let mut scp03 = Scp03::new(enc, mac);
    scp03.i |= u8::from(s16);
    scp03.keys = vec![KeySet { version: 0x30, enc: enc.into(), mac: mac.into() }];
    scp03
}

/// A card that has other keys fails the cryptogram: it is not read, also where the channel is only preferred.
#[test]
fn sec_009_c_o_a_card_with_other_keys_is_not_read() {
    for secure in [WHIMBREL_UICC_REQUIRED, WHIMBREL_UICC_PREFERRED] {
        let slot = Slot::default();
        let base = setup(&slot);
        let reader = Reader { secure, ..Reader::secured(&slot, &ENC, &MAC) };
        let setup = Setup { card: Some(reader), ..base };
        let mut description = Profile::new(setup.configuration().file()).description();
        description.scp03 = Some(scp03(&MAC, &ENC, false));
        Card::new(description).put_into(&slot);
        let mut lab = setup.switched_on();
        lab.run(minutes(5));
        assert!(!lab.device.is_registered(FIRST_ID));
        let failed = lab.device.events_of(WHIMBREL_EVENT_CARD_FAILED);
        assert_eq!(failed[0].status >> 16, i32::from(WHIMBREL_UICC_SECURE));
        assert!(
            slot.trace().iter().all(|(command, _)| command[1] != 0xb0 || command[0] & 3 == 0),
            "nothing was read there"
        );
    }
}

/// A card that knows no secure channel: read where it is preferred, not where it is required.
#[test]
fn sec_009_c_o_a_required_channel_is_never_left_out() {
    for (secure, reads) in [(WHIMBREL_UICC_REQUIRED, false), (WHIMBREL_UICC_PREFERRED, true)] {
        let slot = Slot::default();
        let base = setup(&slot);
        let setup = Setup { card: Some(Reader { secure, ..Reader::secured(&slot, &ENC, &MAC) }), ..base };
        card(&setup).put_into(&slot);
        let mut lab = setup.switched_on();
        lab.run(minutes(5));
        assert_eq!(lab.device.is_registered(FIRST_ID), reads);
    }
}

/// Appendix G.2.4: a private file takes a PIN, which is asked for once; a wrong one is never repeated by itself.
#[test]
fn boot_012_c_o_a_pin_is_asked_for_once() {
    let slot = Slot::default();
    let base = setup(&slot);
    let with = |known: Option<&str>| {
        let mut setup = base.clone();
        setup.card.as_mut().expect("a reader").pin = known.map(str::to_string);
        let profile = Profile::new(setup.configuration().file()).private(Pin::new(0x81, "4711"));
        let card = Card::new(profile.description());
        card.put_into(&slot);
        let mut lab = setup.switched_on();
        lab.run(seconds(1));
        (lab, card)
    };
    let (lab, _) = with(Some("4711"));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.device.pins(), (1, 3));
    let (lab, card) = with(Some("0815"));
    assert_eq!(lab.device.pins().0, 1);
    assert_eq!(card.uicc().description.pins[0].left, 2);
    assert_eq!(
        lab.device.events_of(WHIMBREL_EVENT_CARD_FAILED)[0].status >> 16,
        i32::from(WHIMBREL_UICC_PIN)
    );
    assert!(card.uicc().open_channels().is_empty());
    let (lab, card) = with(None);
    assert_eq!(
        lab.device.events_of(WHIMBREL_EVENT_CARD_FAILED)[0].status >> 16,
        i32::from(WHIMBREL_UICC_PIN)
    );
    assert_eq!(card.uicc().description.pins[0].left, 3, "nobody guessed");
}

/// Data that cannot be used: nothing of it is applied, and what the card brought before does not go on for ever.
#[test]
fn boot_013_c_o_data_that_cannot_be_used_is_not_applied() {
    let (setup, _slot, card) = one();
    let mut lab = registered(&setup);
    let good = setup.configuration();
    let lonely = Configuration { servers: Vec::new(), ..good.clone() };
    let mut cut = good.file();
    cut.truncate(cut.len() - 3);
    let mut wrong = good.file();
    wrong[1] = 9;
    for (n, bad) in [lonely.file(), cut, wrong].into_iter().enumerate() {
        card.rewrite(bad);
        lab.device.card_changed();
        lab.run(seconds(1));
        assert!(
            lab.device.is_registered(FIRST_ID),
            "case {n}: one failure is not the end: {:?}",
            lab.device.events()
        );
        lab.run_until("the end of what came before", minutes(5), |lab| !lab.device.is_registered(FIRST_ID));
        assert!(
            lab.device
                .events_of(WHIMBREL_EVENT_CARD_FAILED)
                .iter()
                .all(|event| event.status >> 16 == i32::from(WHIMBREL_UICC_FILE))
        );
        card.rewrite(good.file());
        lab.device.card_changed();
        run_until_registered(&mut lab);
    }
}

/// A client that was stopped has no business with a card any more.
#[test]
fn boot_009_c_m_a_stopped_client_leaves_the_card_alone() {
    let (mut setup, slot, card) = one();
    setup.card.as_mut().expect("a reader").look = 60;
    let mut lab = registered(&setup);
    lab.device.stop();
    lab.run(seconds(10));
    assert_eq!(lab.server.count(Operation::Deregister), 1);
    let before = slot.count();
    card.rewrite(Setup { lifetime: 700, ..setup }.configuration().file());
    lab.device.card_changed();
    lab.run(minutes(60));
    assert_eq!((slot.count(), lab.server.count(Operation::Register)), (before, 1));
}

/// A card without bootstrap data is as none.
#[test]
fn boot_003_c_o_a_card_without_data_is_as_none() {
    let slot = Slot::default();
    let mut setup = Setup { factory: true, ..setup(&slot) };
    setup.load = false;
    let plain = Profile::new(setup.configuration().file());
    let mut without_dir = plain.description();
    without_dir.root.directories.retain(|directory| directory.aid != PKCS15);
    if let Content::Records(_, records) = &mut without_dir.root.files[0].content {
        records.pop();
    }
    let zero = Profile::new(vec![0; 4]).description();
    let mut no_object = plain.description();
    *no_object.bytes(Profile::DODF) = vec![0xff; 64];
    let mut no_odf = plain.description();
    *no_odf.bytes(Profile::ODF) = vec![0xff; 32];
    for (n, description) in [without_dir, zero, no_object, no_odf].into_iter().enumerate() {
        let card = Card::new(description);
        card.put_into(&slot);
        let lab = registered(&setup);
        assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_GONE), 1, "case {n}");
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_CARD_GONE)[0].status, 1, "case {n}");
        assert!(card.uicc().open_channels().is_empty(), "case {n}");
    }
}

/// Appendix G.3.3 has any object: those of the application that the client knows are written.
#[test]
fn boot_012_c_o_an_object_of_the_application_is_written_too() {
    let (setup, slot, _card) = one();
    let mut objects = setup.configuration().objects();
    objects.push((3303, instance(0, &[whimbrel_lab::tlv::resource(5700, 1.0f64.to_be_bytes())])));
    let objects: Vec<_> = objects.into_iter().map(|(id, instances)| file_object(id, instances)).collect();
    Card::new(Profile::new(file(&objects)).description()).put_into(&slot);
    let lab = registered(&setup);
    assert_eq!(count(&lab, WHIMBREL_EVENT_CARD_FAILED), 0);
}
