//! What goes wrong with a smartcard (TS 1.0 section 5.2.3.2): every command of a reading in every way, and power cuts while
//! cards come and go.

use super::uicc::{Card, ENC, MAC, count, registered, run_until_registered, scp03, setup};
use whimbrel::capi::*;
use whimbrel_lab::bootstrap::{Configuration, SecurityValues};
use whimbrel_lab::device::{Access, Fault, Moment, Reader, Slot};
use whimbrel_lab::scene::{FIRST_ID, SECOND_ID};
use whimbrel_lab::uicc::{Chip, Profile};
use whimbrel_lab::{Lab, Operation, Setup, minutes, seconds};

/// Every command of a reading goes wrong in turn, in every way: a defined end, channels closed, what held before holds, and an
/// event that names the step.
#[test]
fn boot_013_c_o_whatever_goes_wrong_nothing_is_lost() {
    let faults = [
        Fault::Status(0x6f00),
        Fault::Status(0x6a82),
        Fault::Status(0x6982),
        Fault::Status(0x6881),
        Fault::Short,
        Fault::Long,
        Fault::Garbage,
        Fault::Fragment(0),
        Fault::Fragment(1),
        Fault::Silence,
        Fault::Reset,
        Fault::Broken,
    ];
    let (mut cases, mut told, mut empty) = (0, 0, 0);
    for secured in [false, true] {
        let slot = Slot::default();
        let base = setup(&slot);
        let mut setup = Setup { lifetime: 600, ..base };
        let mut description = Profile::new(setup.configuration().file()).description();
        if secured {
            setup.card = Some(Reader { key_version: 0x30, ..Reader::secured(&slot, &ENC, &MAC) });
            description.scp03 = Some(scp03(&ENC, &MAC, false));
        }
        let card = Card::new(description);
        card.put_into(&slot);
        let mut lab = registered(&setup);
        let mut gone = 0;
        let open = slot.trace().iter().position(|(command, _)| command[1] == 0x70).expect("MANAGE CHANNEL");
        let price = lab.device.events_of(WHIMBREL_EVENT_CARD_READ)[0].status as usize;
        for fault in faults {
            for n in 0..price {
                let (failed, read) =
                    (count(&lab, WHIMBREL_EVENT_CARD_FAILED), count(&lab, WHIMBREL_EVENT_CARD_GONE));
                slot.fail(n, fault);
                lab.device.card_changed();
                lab.run(seconds(100));
                let failed = count(&lab, WHIMBREL_EVENT_CARD_FAILED) - failed;
                let lost = count(&lab, WHIMBREL_EVENT_CARD_GONE) - read;
                let after = format!("{fault:?} at {n}, secured {secured}: {:?}", slot.trace().last());
                assert!(failed <= 1, "{after}");
                if lost == 0 {
                    assert_eq!(lab.server.count(Operation::Register), 1 + gone, "{after}");
                }
                assert!(lab.device.is_registered(FIRST_ID) || lost > 0, "{after}");
                // a number that never came, or another one, nobody can close
                assert!(card.uicc().open_channels().is_empty() || n == open, "{after}");
                card.uicc().reset();
                (cases, told) = (cases + 1, told + failed);
                if lost > 0 {
                    // a card that says that it has no such file says that it has no data
                    empty += lost;
                    lab.device.card_changed();
                    run_until_registered(&mut lab);
                    gone = lab.server.count(Operation::Register) - 1;
                }
            }
        }
    }
    println!("{cases} cases, {told} told as failures, {empty} taken for a card without data");
}

/// The life of a device and its cards: one is read, changes its mind, is pulled; another one comes.
fn live(lab: &mut Lab, slot: &Slot, files: &[Vec<u8>; 2]) {
    let card = Card::new(Profile::new(files[0].clone()).description());
    card.put_into(slot);
    lab.run(minutes(20));
    card.rewrite(files[1].clone());
    lab.run(minutes(20));
    slot.pull();
    lab.run(minutes(20));
    let profile = Profile { iccid: "89000000000000000002".into(), ..Profile::new(files[0].clone()) };
    Card::new(profile.description()).put_into(slot);
    lab.run(minutes(20));
}

/// A power cut at every storage operation of that life: whatever card is in the slot when power comes again, the device does
/// what it says, and has nothing of another.
#[test]
fn boot_013_c_o_power_cuts_leave_nothing_of_another_card() {
    let slot = Slot::default();
    let mut setup = Setup { lifetime: 600, servers: 2, ..setup(&slot) };
    setup.card.as_mut().expect("a reader").look = 30;
    let one = |id: u16| {
        let all = setup.configuration();
        let mine = |values: &SecurityValues| values.short_server_id == Some(id);
        Configuration {
            security: all.security.into_iter().filter(|(_, values)| mine(values)).collect(),
            servers: all.servers.into_iter().filter(|(_, values)| values.short_server_id == id).collect(),
            ..Configuration::default()
        }
        .file()
    };
    let files = [one(FIRST_ID), one(SECOND_ID)];
    let mut whole = setup.switched_on();
    live(&mut whole, &slot, &files);
    assert!(whole.device.is_registered(FIRST_ID) && !whole.device.is_registered(SECOND_ID));
    let writes: Vec<usize> = (0..)
        .zip(whole.storage.log())
        .filter(|(_, (access, _))| *access != Access::Read)
        .map(|(at, _)| at)
        .collect();
    let mut cuts = 0;
    for at in writes.iter().copied() {
        for moment in [Moment::Before, Moment::Torn, Moment::Garbled, Moment::After] {
            for (n, file) in files.iter().map(Some).chain([None]).enumerate() {
                slot.pull();
                let mut lab = setup.switched_on();
                lab.storage.cut_at(at, moment);
                live(&mut lab, &slot, &files);
                let what = format!("{moment:?} at {at}, card {n}");
                assert!(lab.storage.is_off(), "{what}: no power cut");
                slot.pull();
                if let Some(file) = file {
                    Card::new(Profile::new(file.clone()).description()).put_into(&slot);
                }
                lab.storage.cut_never();
                lab.power_cycle();
                lab.run(minutes(15));
                let known = [FIRST_ID, SECOND_ID].map(|id| lab.device.is_registered(id));
                assert_eq!(known, [n == 0, n == 1], "{what}");
                cuts += 1;
            }
        }
    }
    println!("{} storage operations that write, {cuts} power cuts", writes.len());
    assert!(writes.len() >= 8);
}
