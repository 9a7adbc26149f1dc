//! Readings of a card, right and wrong.

mod card;
mod faults;
mod host;
mod messages;
mod pins;
mod secured;
mod session;

use super::*;
use crate::uicc::file::Item;
use card::{Fault, TestCard, sw};
use host::{ICCID, MINIMAL, Run, TestHost, card, hex, object, read, transparent};
use std::vec;
use std::vec::Vec;

const CLEAR: Config = Config { secure: Secure::Never, ..Config::DEFAULT };
const WINDOW: usize = 512;

fn load(card: &mut TestCard, host: &mut TestHost) -> Run {
    read(Goal::Load, CLEAR, WINDOW, card, host)
}

fn found(run: &Run) -> Found {
    match run.result {
        Ok(Outcome::Read(found)) => found,
        other => panic!("{other:?}"),
    }
}

fn is_empty(run: &Run) -> bool {
    matches!(run.result, Ok(Outcome::Empty { .. }))
}

/// Section E.8 of the facts: Security 0 to 2 and Server 0 to 1, 331 bytes.
const FULL: &str = "00020147000000011908005CC8001E636F6170733A2F2F6C776D326D2E6578616D706C652E6F72673A35363834C10100C10200
C803086465762D30303031C004C8051000112233445566778899AABBCCDDEEFFC10601C8090C2B3135353535353530313233C10A6508014AC8001B636F6170
733A2F2F62732E6578616D706C652E6F72673A35363834C10101C10200C8030B6465762D303030312D6273C004C80510FFEEDDCCBBAA998877665544332211
00C10B0A08026AC8001B636F61703A2F2F736D732E6578616D706C652E6F72673A35363833C10100C10203C003C004C005C10602C607121216B20203C80820
0C1A2B3D4F5061728394A5B6C7D8E9F0F1E2D3C4B5A69788796A5B4C3D2E1F00C8090C2B3135353535353530313234C10A66000100002408000FC10065C401
00015180C10601C1075508010FC10066C40100015180C10601C10753";

#[test]
fn the_whole_procedure_command_by_command() {
    let mut card = card(hex(FULL), None);
    card.waits = true;
    let mut host = TestHost::new();
    let run = load(&mut card, &mut host);
    let expected = [
        "00A40004022FE200",
        "00C0000018",
        "00B000000A",
        "00A40004022F0000",
        "00C000001C",
        "00B2010430",
        "00B2020430",
        "0070000001",
        "01A404040CA000000063504B43532D313500",
        "01C0000027",
        "01A40804047FFF503100",
        "01C0000018",
        "01B0000020",
        "01A40804047FFF643000",
        "01C0000018",
        "01B0000040",
        "01A40804047FFF643200",
        "01C0000018",
        "01B00000FF",
        "01B000FF4C",
        "00708001",
    ];
    assert_eq!(card.wire, expected.map(hex));
    let found = found(&run);
    assert_eq!((found.iccid, found.size, usize::from(found.apdus)), (ICCID, 331, expected.len()));
    assert_eq!(host.bytes(), hex(FULL));
    let of = |id| {
        host.items
            .iter()
            .filter(|(item, _)| matches!(item, Item::Object { id: own, .. } if *own == id))
            .count()
    };
    assert_eq!((of(0), of(1)), (1, 1));
    assert_eq!(host.items.iter().filter(|(item, _)| matches!(item, Item::Instance { .. })).count(), 5);
    assert_eq!(host.items.iter().filter(|(item, _)| matches!(item, Item::Resource)).count(), 35);
    assert!(!run.unclosed && card.open_channels() == 0);
}

#[test]
fn a_check_reads_the_same_and_hands_nothing_over() {
    let mut host = TestHost::new();
    let loaded = found(&load(&mut card(hex(FULL), None), &mut host));
    let mut host = TestHost::new();
    let checked = found(&read(Goal::Check, CLEAR, WINDOW, &mut card(hex(FULL), None), &mut host));
    assert_eq!(loaded, checked);
    assert!(host.items.is_empty());
}

#[test]
fn the_fingerprint_is_that_of_what_counts_and_no_other() {
    let mut host = TestHost::new();
    let mut of = |file: Vec<u8>, window| {
        let run = read(Goal::Check, CLEAR, window, &mut card(file, None), &mut host);
        found(&run).fingerprint
    };
    let file = hex(FULL);
    let own = of(file.clone(), WINDOW);
    // FNV-1a written out once more
    let mut expected = 0xcbf2_9ce4_8422_2325u64;
    for byte in &file {
        expected = (expected ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    }
    assert_eq!(own, expected);
    let mut padded = file.clone();
    padded.resize(1000, 0xff);
    assert_eq!(of(padded, 2000), own, "neither padding nor the window counts");
    // every byte of a value does; those of the grammar make another file of it, or none
    for at in file.len() - 19..file.len() {
        let mut other = file.clone();
        other[at] ^= 1;
        let run = read(Goal::Check, CLEAR, WINDOW, &mut card(other, None), &mut TestHost::new());
        if let Ok(Outcome::Read(found)) = run.result {
            assert_ne!(found.fingerprint, own, "byte {at}");
        }
    }
}

#[test]
fn a_card_without_bootstrap_data_is_empty_and_known() {
    type Change = fn(&mut TestCard);
    let changes: [(&str, Change); 8] = [
        ("no EF(DIR)", |card| card.files.retain(|file| file.id != 0x2f00)),
        ("no PKCS#15 application", |card| card.files[1] = host::directory(false)),
        ("no EF(ODF)", |card| card.files.retain(|file| file.id != 0x5031)),
        ("no data objects", |card| card.files[2] = transparent(0x5031, true, hex("A506300404024404FFFF"))),
        ("no DODF", |card| card.files.retain(|file| file.id != 0x6430)),
        ("a blank DODF", |card| card.files[3] = transparent(0x6430, true, vec![0xff; 64])),
        ("no file", |card| card.files.retain(|file| file.id != 0x6432)),
        ("a DODF of nothing", |card| card.files[3] = transparent(0x6430, true, Vec::new())),
    ];
    for (name, change) in changes {
        let mut card = card(hex(MINIMAL), None);
        change(&mut card);
        let mut host = TestHost::new();
        let run = load(&mut card, &mut host);
        assert!(is_empty(&run), "{name}: {run:?}");
        assert!(host.items.is_empty() && card.open_channels() == 0, "{name}");
        let Ok(Outcome::Empty { iccid, apdus }) = run.result else { panic!() };
        assert_eq!((iccid, usize::from(apdus)), (ICCID, card.wire.len()), "{name}");
    }
    for file in [vec![0xff; 64], vec![0; 4], vec![0; 64], Vec::new()] {
        let mut host = TestHost::new();
        assert!(is_empty(&load(&mut card(file, None), &mut host)));
        assert!(host.items.is_empty());
    }
}

#[test]
fn a_card_without_an_iccid_is_read_all_the_same() {
    let mut card = card(hex(MINIMAL), None);
    card.files.remove(0);
    assert_eq!(found(&load(&mut card, &mut TestHost::new())).iccid, [0; 10]);
    // by its identifier, by its path, and so EF(DIR)
    assert_eq!(card.wire[1], hex("00A40804022FE200"));
    assert_eq!(card.wire[2], hex("00A40004022F0000"));
}

#[test]
fn files_of_the_mf_are_found_from_inside_the_terminals_application() {
    let mut card = card(hex(MINIMAL), None);
    card.terminal_is_elsewhere = true;
    assert_eq!(found(&load(&mut card, &mut TestHost::new())).iccid, ICCID);
    assert_eq!(card.wire[1], hex("00A40804022FE200"));
    assert_eq!(card.wire[3], hex("00A40804022F0000"), "learnt from the first");
}

#[test]
fn nothing_is_known_of_the_files_and_all_is_read() {
    let mut card = card(hex(FULL), None);
    for file in card.files.iter_mut() {
        file.fcp.clear();
    }
    card.application_fcp.clear();
    let mut host = TestHost::new();
    assert_eq!(found(&load(&mut card, &mut host)).size, 331);
    assert_eq!(host.bytes(), hex(FULL));
    assert!(card.wire.contains(&hex("00B2010400")), "a record of unknown length");
}

#[test]
fn a_slice_of_the_file_is_all_that_counts() {
    let file = hex(MINIMAL);
    let mut body = vec![0x55; 100];
    body.extend_from_slice(&file);
    body.resize(400, 0x55);
    let mut card = card(body, None);
    let mut dodf = hex("3020 3007 0C05 4C774D324D 3006 0604 672B0901 A10D 300B 0402 6432 0201 64 8002 0045");
    dodf[1] = dodf.len() as u8 - 2;
    card.files[3] = transparent(0x6430, true, dodf);
    let mut host = TestHost::new();
    assert_eq!(found(&load(&mut card, &mut host)).size, 69);
    assert_eq!(host.bytes(), file);
    assert_eq!(card.wire[card.wire.len() - 2], hex("01B0006445"));
}

#[test]
fn directories_are_tried_in_their_order_until_one_has_the_object() {
    let mut card = card(hex(MINIMAL), None);
    // a DODF that is not there, one with another object, and ours; then one that would be wrong
    card.files[2] = transparent(
        0x5031,
        true,
        hex("A706300404026401 A506300404024404 A706300404026402 A706300404026430 A706300404026403 FFFFFFFF"),
    );
    card.files.push(transparent(
        0x6402,
        true,
        hex("3019 3008 0C064F4D4120444D 3005 0603672B01 A106 3004 0402 6431 FFFF"),
    ));
    card.files.push(transparent(0x6403, true, object(0x7777, None)));
    assert_eq!(found(&load(&mut card, &mut TestHost::new())).size, 69);
    let selected: Vec<&[u8]> = card
        .wire
        .iter()
        .filter(|apdu| apdu[0] == 1 && apdu[1] == 0xa4)
        .map(|apdu| &apdu[5..apdu.len() - 1])
        .collect();
    let expected =
        ["7FFF5031", "7FFF6401", "7FFF5031", "7FFF6402", "7FFF5031", "7FFF6430", "7FFF6432"].map(hex);
    assert_eq!(selected[1..], expected);
}

#[test]
fn objects_that_lie_in_the_odf_itself_are_found_there() {
    let mut card = card(hex(MINIMAL), None);
    let own = object(0x6432, None);
    let mut odf = vec![0xa7, own.len() as u8 + 2, 0xa0, own.len() as u8];
    odf.extend_from_slice(&own);
    odf.resize(0x60, 0xff);
    card.files[2] = transparent(0x5031, true, odf);
    card.files.remove(3);
    assert_eq!(found(&load(&mut card, &mut TestHost::new())).size, 69);
}

#[test]
fn an_object_behind_one_that_is_longer_than_the_window_is_found() {
    let mut card = card(hex(MINIMAL), None);
    let mut dodf = vec![0x30, 0x82, 0x01, 0x2c];
    dodf.resize(304, 0x11);
    dodf.extend(object(0x6432, None));
    card.files[3] = transparent(0x6430, true, dodf.clone());
    let run = read(Goal::Load, CLEAR, WINDOW_MIN, &mut card, &mut TestHost::new());
    assert_eq!(found(&run).size, 69);
    // where nothing is found, what was left out may have been it
    dodf.truncate(304);
    card.reset();
    card.files[3] = transparent(0x6430, true, dodf);
    let run = read(Goal::Load, CLEAR, WINDOW_MIN, &mut card, &mut TestHost::new());
    assert_eq!(run.result, Err(Failure { step: Step::Dodf, status: 0, error: Error::Full }));
}

/// A file with one Opaque resource of that length, which is 4 bytes longer as TLV.
fn file_with(length: u16) -> Vec<u8> {
    let sized = |head: &[u8], body: Vec<u8>| [head, &(body.len() as u16).to_be_bytes(), &body].concat();
    let resource = sized(&[0xd0, 5], vec![0x77; length.into()]);
    let instance = sized(&[0x10, 0], resource);
    let object = sized(&[0, 0, 0], instance);
    sized(&[0, 1], object)
}

#[test]
fn the_window_has_to_hold_the_longest_resource_and_no_more() {
    for length in [300u16, 700, 20_000] {
        let enough = usize::from(length) + 4 + WINDOW_SPARE;
        let mut host = TestHost::new();
        let run = read(Goal::Load, CLEAR, enough, &mut card(file_with(length), None), &mut host);
        assert_eq!(usize::from(found(&run).size), usize::from(length) + 17, "{length}");
        assert_eq!(host.bytes(), file_with(length));
        let mut card = card(file_with(length), None);
        let run = read(Goal::Load, CLEAR, enough - 1, &mut card, &mut TestHost::new());
        assert_eq!(run.result, Err(Failure { step: Step::File, status: 0, error: Error::Full }), "{length}");
        assert_eq!(card.open_channels(), 0);
    }
    assert_eq!(Reader::new(&mut [0; WINDOW_MIN - 1]).err(), Some(Error::Full));
}

#[test]
fn the_largest_file_is_read_in_any_window() {
    // 32 kB of resources of 100 bytes
    let sized = |head: &[u8], body: Vec<u8>| [head, &(body.len() as u16).to_be_bytes(), &body].concat();
    let mut resources = Vec::new();
    for id in 0..314u32 {
        resources.extend_from_slice(&[0xc8, (id & 0xff) as u8, 100]);
        resources.extend((0..100u32).map(|at| (id * 7 + at) as u8));
    }
    let mut file = sized(&[0, 1], sized(&[0x80, 1, 0], sized(&[0x10, 0], resources)));
    file.resize(0x8000, 0xff);
    for window in [WINDOW_MIN, 300, 317, 700, 4096] {
        let mut host = TestHost::new();
        let run = read(Goal::Load, CLEAR, window, &mut card(file.clone(), None), &mut host);
        let size = usize::from(found(&run).size);
        assert_eq!(size, 314 * 103 + 13);
        assert!(host.bytes() == file[..size], "window {window}");
    }
}

#[test]
fn answers_that_are_short_are_gone_on_from() {
    /// A card that never gives more than some bytes of a file.
    struct Sparing(TestCard, usize);
    impl Card for Sparing {
        fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
            let mut command = command.to_vec();
            if command.len() == 5 && command[1] == 0xb0 {
                command[4] = command[4].min(self.1 as u8);
            }
            self.0.transmit(&command, response)
        }
    }
    for most in [1, 7, 100] {
        let mut window = [0; WINDOW];
        let mut reader = Reader::new(&mut window).unwrap();
        let mut sparing = Sparing(card(hex(FULL), None), most);
        let mut host = TestHost::new();
        reader.start(Goal::Load, CLEAR);
        let outcome = loop {
            match reader.step(Instant::ZERO, &mut sparing, &mut host) {
                Progress::Done(outcome) => break outcome,
                Progress::Again => {}
                other => panic!("{other:?}"),
            }
        };
        // EF(ICCID) is read in one piece or not at all
        let Outcome::Read(found) = outcome else { panic!("{outcome:?}") };
        assert_eq!((found.size, found.iccid == ICCID), (331, most >= 10));
        assert_eq!(host.bytes(), hex(FULL));
    }
}

#[test]
fn a_card_that_answers_late_is_waited_for() {
    let mut card = card(hex(FULL), None);
    card.delay = 3;
    let run = load(&mut card, &mut TestHost::new());
    assert_eq!(found(&run).size, 331);
    assert_eq!(run.elapsed, 3 * POLL_MS * card.wire.len() as u64);
}

#[test]
fn a_deactivated_file_or_application_is_a_failure() {
    for (at, step) in [(2usize, Step::Odf), (3, Step::Dodf), (4, Step::Select)] {
        let mut card = card(hex(MINIMAL), None);
        // life cycle 04
        let fcp = &mut card.files[at].fcp;
        let place = fcp.windows(3).position(|three| three == [0x8a, 0x01, 0x05]).unwrap();
        fcp[place + 2] = 0x04;
        let run = load(&mut card, &mut TestHost::new());
        assert_eq!(run.result, Err(Failure { step, status: 0, error: Error::Refused }));
        assert_eq!(card.open_channels(), 0);
    }
}

#[test]
fn a_file_that_is_cut_short_is_malformed_and_ends_the_reading() {
    let whole = hex(FULL);
    for length in 1..whole.len() {
        let mut card = card(whole[..length].to_vec(), None);
        let mut host = TestHost::new();
        let run = load(&mut card, &mut host);
        assert_eq!(
            run.result,
            Err(Failure { step: Step::File, status: 0, error: Error::Malformed }),
            "{length}"
        );
        assert_eq!(card.open_channels(), 0);
        // and the same where the card does not tell how long the file is
        card.reset();
        card.files[4].fcp.clear();
        let run = load(&mut card, &mut host);
        assert_eq!(
            run.result,
            Err(Failure { step: Step::File, status: 0, error: Error::Malformed }),
            "{length}"
        );
    }
}

#[test]
fn what_the_host_refuses_ends_the_reading() {
    let mut host = TestHost::new();
    load(&mut card(hex(FULL), None), &mut host);
    for at in 0..host.items.len() {
        let mut host = TestHost { refuses_item: Some(at), ..TestHost::new() };
        let mut card = card(hex(FULL), None);
        let run = load(&mut card, &mut host);
        assert_eq!(run.result, Err(Failure { step: Step::File, status: 0, error: Error::Storage }));
        assert_eq!((host.items.len(), card.open_channels()), (at, 0));
    }
}

#[test]
fn abandoning_gives_up_what_is_under_way_and_closes_the_channel() {
    let total = {
        let mut card = card(hex(FULL), None);
        load(&mut card, &mut TestHost::new());
        card.wire.len()
    };
    let mut closed = 0;
    for stop in 0..total {
        let mut window = [0; WINDOW];
        let mut reader = Reader::new(&mut window).unwrap();
        let mut card = card(hex(FULL), None);
        card.fault = Some((stop, Fault::Never));
        reader.start(Goal::Load, CLEAR);
        while card.wire.len() <= stop {
            reader.step(Instant::ZERO, &mut card, &mut TestHost::new());
        }
        let opened = card.open_channels();
        reader.abandon(&mut card);
        assert!(reader.is_idle());
        reader.abandon(&mut card);
        assert_eq!(card.open_channels(), 0, "abandoned at command {stop}");
        // the pending one, that it is given up, the close, and that nothing follows; nothing by the second time
        assert_eq!(card.wire.len(), stop + 3 + opened);
        assert!(card.wire[stop + 1].is_empty() && card.wire[stop + 2 + opened].is_empty());
        closed += opened;
        assert_eq!(window, [0; WINDOW]);
    }
    assert!(closed > 5);
}

#[test]
fn a_reader_that_was_not_started_says_so_and_one_that_works_is_not_restarted() {
    let mut window = [0; WINDOW];
    let mut reader = Reader::new(&mut window).unwrap();
    let (mut card, mut host) = (card(hex(MINIMAL), None), TestHost::new());
    let progress = reader.step(Instant::ZERO, &mut card, &mut host);
    assert!(matches!(progress, Progress::Failed(Failure { error: Error::State, .. })));
    reader.start(Goal::Load, CLEAR);
    reader.step(Instant::ZERO, &mut card, &mut host);
    reader.start(Goal::Messages, CLEAR);
    let run = host::drive(&mut reader, Goal::Messages, CLEAR, &mut card, &mut host);
    assert_eq!(found(&run).size, 69);
}
