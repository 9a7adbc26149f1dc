//! Readings through a secure channel.

use super::*;
use crate::crypto::Software;
use crate::uicc::scp03::MemoryKeys;
use host::{ENC, MAC, read};

const REQUIRED: Config = Config { secure: Secure::Required, key_version: 0x30, ..Config::DEFAULT };
const PREFERRED: Config = Config { secure: Secure::Preferred, ..REQUIRED };

fn secured_card(file: Vec<u8>) -> TestCard {
    let mut card = card(file, None);
    card.keys = Some((ENC, MAC));
    card
}

/// Commands on our channel that went in the clear and are no part of opening it.
fn in_clear(card: &TestCard) -> Vec<Vec<u8>> {
    let opens = |command: &[u8]| matches!(command, [_, 0xa4, 0x04, ..] | [_, 0x50 | 0x82, ..]);
    let is_ours = |command: &[u8]| !command.is_empty() && command[0] & 0x7f != 0;
    let clear =
        card.wire.iter().filter(|command| is_ours(command) && command[0] & 0x04 == 0 && !opens(command));
    clear.cloned().collect()
}

/// Commands and answers, which have to come as they are written.
struct Script(Vec<(&'static str, &'static str)>, usize);

impl Card for Script {
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        let (expected, answer) = self.0[self.1];
        assert_eq!(command, hex(expected), "command {}", self.1);
        self.1 += 1;
        let answer = hex(answer);
        response[..answer.len()].copy_from_slice(&answer);
        Ok(Some(answer.len()))
    }
}

/// What comes before a session.
const OPENING: [(&str, &str); 6] = [
    ("00A40004022FE200", "6A82"),
    ("00A40804022FE200", "6A82"),
    ("00A40004022F0000", "9000"),
    ("00B2010400", "610E4F0CA000000063504B43532D31359000"),
    ("0070000001", "019000"),
    ("01A404040CA000000063504B43532D313500", "9000"),
];

/// Reads by a published session as far as it goes: to the ODF, which names the DODF 6430.
fn follow(session: [(&'static str, &'static str); 4], enc: &'static [u8], mac: &'static [u8], s16: bool) {
    let mut script = Script([OPENING.as_slice(), &session].concat(), 0);
    let mut window = [0; WINDOW];
    let mut reader = Reader::new(&mut window).unwrap();
    let keys = Some(MemoryKeys { crypto: &Software, enc, mac });
    let mut host = TestHost { keys, ..TestHost::new() };
    reader.start(Goal::Load, Config { s16, ..REQUIRED });
    while script.1 < script.0.len() {
        assert_eq!(reader.step(Instant::ZERO, &mut script, &mut host), Progress::Again);
    }
    assert!(reader.state == State::SelectFile(Source::Dodf) && reader.odf_ended);
    assert!(reader.session.is_open());
}

#[test]
fn the_session_that_others_have_verified() {
    // section F.8 of the facts: key version 30, i 70, sequence counter 00002A
    let session = [
        (
            "8150300008010203040506070800",
            "000102030405060708093003703118F901FD5544898C800CE95665BCEB00002A9000",
        ),
        ("858233001082AD05128E2D3C674C29A489083CB332", "9000"),
        (
            "05A408041870E7A7C03A125492E4A75F9A710A75B539E99E84EC02C84F00",
            "4ACCDC82AA9CC2D5806EDC92DDB49CDBED56377C14B2E207FD5DE96620C6FB25C375353F9C554F4B9000",
        ),
        ("05B0000008725125F53D9E6BCA0A", "A8085546597857918D66507E1662DC49A6363CDF238D76359000"),
    ];
    follow(session, &ENC, &MAC, false);
}

// the two that follow were published for the basic channel, whose number is no part of what is computed

#[test]
fn the_session_with_keys_of_32_bytes() {
    let session = [
        (
            "8150300008010203040506070800",
            "000102030405060708093003707F546005FD97218FB1628748BE8D78E700002D9000",
        ),
        ("858233001092ED97B5AFADDBCB1C9197E798D19E26", "9000"),
        (
            "05A40804181E476967B38FB46C477ACB61633EB31657E6DCDC64621EE600",
            "EF72DA8727A1F58AF618851C297BD221D80130EA9EA838C984E14BF2C0B7AB72070015776DDF0A359000",
        ),
        ("05B00000084F5C1C6AACC0AE840A", "C1CD2BB96AC5F742EF0B2C2AB8105B8F6F8052C39A0FB6079000"),
    ];
    follow(session, b"@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_", b"`abcdefghijklmnopqrstuvwxyz{|}~\x7f", false);
}

#[test]
fn the_session_with_challenges_of_16_bytes() {
    let session = [
        (
            "81503000100102030405060708FEFDFCFBFAF9F8F700",
            "000102030405060708093003710379A409708D51E2672070EB63B3B44A341D707DA079D800F1A6E3C536E6D98200002E9000",
        ),
        ("8582330020A98669F91C749F5F5940962B8E1BB84D1B6C53CDA8F1C353685C29098D5C69B1", "9000"),
        (
            "05A40804203DD25A6DB921F279683FDA7541B45B10DDE6F1C141C4EE9C1D2572A5DACA485F00",
            "EC0824368CEE24F7255E8CC576A1E372A4A86BED35FEE888C768925365BD15CD0FBC232CC24CF98C5355F21FB5ABA7379000",
        ),
        (
            "05B0000010A3E73C075E289D29403323E1ED0609A00A",
            "7F2A10EA990B71A1D151C11752A6AF61723A486C190E7E0ECE29EBD9A13B68979000",
        ),
    ];
    follow(session, &ENC, &MAC, true);
}

#[test]
fn the_session_with_messages() {
    let mut script = Script(
        vec![
            ("0070000001", "019000"),
            ("01A4040407F04C574D324D0100", "9000"),
            (
                "8150300008010203040506070800",
                "00010203040506070809300370229109239DACBA94E0E513C383B87FE50000079000",
            ),
            ("8582330010587FCEDF9942C6AAC52B1BBA0B337642", "9000"),
            (
                "85CA000508399126A5EAD75B0600",
                "D4F94F1B2391E425FAB49C1105604E7DAE8A8BAEC4699FF4200D8B6221B1A871000377ADA971C5DE9000",
            ),
            ("85CA0005082E949FEE46CB176000", "6A88"),
            (
                "85E2800028D2A29CB4850F9C4BD936112216ED6A63206C95C318FD0E975EAEB4BBED8D7D6C0725F2348F569A8C",
                "1B5C49F76DCB35ED9000",
            ),
            ("00708001", "9000"),
        ],
        0,
    );
    let outgoing = vec![hex("0B915155550521F305000C64451234A1B2C3D4C0FF4F4B")];
    // the answer is there when the card has nothing more
    let mut host = TestHost { outgoing, holds: 2, ..TestHost::with_keys() };
    let mut window = [0; WINDOW];
    let mut reader = Reader::new(&mut window).unwrap();
    reader.start(Goal::Messages, REQUIRED);
    let outcome = loop {
        match reader.step(Instant::ZERO, &mut script, &mut host) {
            Progress::Again => {}
            Progress::Done(outcome) => break outcome,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(outcome, Outcome::Messages { apdus: 8 });
    assert_eq!(host.messages, [hex("0B915155550521F305000E44011234A1B2C3D4B133013001309000")[..25].to_vec()]);
    assert_eq!(host.stored, [Ok(())]);
}

#[test]
fn a_file_is_read_through_the_channel_and_nothing_past_it() {
    for (file, window) in [(hex(FULL), WINDOW), (hex(MINIMAL), WINDOW_MIN), (file_with(5000), 6000)] {
        let mut card = secured_card(file.clone());
        let mut host = TestHost::with_keys();
        let run = read(Goal::Load, REQUIRED, window, &mut card, &mut host);
        assert_eq!(usize::from(found(&run).size), file.len());
        assert_eq!(host.bytes(), file);
        assert!(in_clear(&card).is_empty());
        for (plain, _) in card.trace.iter().filter(|(plain, _)| plain[1] == 0xb0 && plain[0] != 0) {
            assert!(plain[4] != 0 && plain[4] <= 0xef, "{plain:02x?}");
        }
    }
}

#[test]
fn preferred_is_clear_only_where_the_card_does_not_know_it() {
    let initialize = 7;
    for (status, known) in [
        (0x6d00, false),
        (0x6e00, false),
        (0x6a88, false),
        (0x6985, false),
        (0x6300, true),
        (0x6f00, true),
        (0x6982, true),
    ] {
        for config in [PREFERRED, REQUIRED] {
            let mut card = secured_card(hex(MINIMAL));
            card.fault = Some((initialize, Fault::Status(status)));
            let mut host = TestHost::with_keys();
            let run = read(Goal::Load, config, WINDOW, &mut card, &mut host);
            assert_eq!(card.wire[initialize][1], 0x50);
            if config == PREFERRED && !known {
                assert_eq!(found(&run).size, 69, "{status:04x}");
            } else {
                let Err(failure) = run.result else { panic!("{status:04x}") };
                assert_eq!((failure.step, failure.status), (Step::Secure, status));
                assert!(host.items.is_empty() && in_clear(&card).is_empty());
            }
            assert_eq!(card.open_channels(), 0);
        }
    }
}

#[test]
fn a_card_that_refuses_to_be_authenticated_says_why() {
    for (status, error) in [(0x6300, Error::Unauthorized), (0x6f00, Error::Refused), (0x9300, Error::Busy)] {
        let mut card = secured_card(hex(MINIMAL));
        card.fault = Some((8, Fault::Status(status)));
        let run = read(Goal::Load, PREFERRED, WINDOW, &mut card, &mut TestHost::with_keys());
        assert_eq!(card.wire[8][1], 0x82);
        assert_eq!(run.result, Err(Failure { step: Step::Secure, status, error }));
        assert!(in_clear(&card).is_empty() && card.open_channels() == 0);
    }
}

#[test]
fn a_card_with_other_keys_is_never_read() {
    for config in [PREFERRED, REQUIRED] {
        for (enc, mac) in [(ENC, ENC), (MAC, MAC)] {
            let mut card = secured_card(hex(MINIMAL));
            card.keys = Some((enc, mac));
            let mut host = TestHost::with_keys();
            let run = read(Goal::Load, config, WINDOW, &mut card, &mut host);
            let Err(failure) = run.result else { panic!("{run:?}") };
            assert!(host.items.is_empty());
            if mac == MAC {
                // Key-ENC makes S-ENC only: the first response cannot be deciphered
                assert_eq!(failure.step, Step::Odf);
            } else {
                assert_eq!(failure, Failure { step: Step::Secure, status: 0, error: Error::Handshake });
                assert_eq!(card.wire.iter().filter(|command| command.get(1) == Some(&0x82)).count(), 0);
            }
            assert!(in_clear(&card).is_empty() && card.open_channels() == 0);
        }
    }
}

#[test]
fn without_keys_preferred_is_clear_and_required_is_nothing() {
    let mut card = secured_card(hex(MINIMAL));
    let run = read(Goal::Load, PREFERRED, WINDOW, &mut card, &mut TestHost::new());
    assert_eq!(found(&run).size, 69);
    card.reset();
    let run = read(Goal::Load, REQUIRED, WINDOW, &mut card, &mut TestHost::new());
    assert_eq!(run.result, Err(Failure { step: Step::Secure, status: 0, error: Error::Credentials }));
    assert!(in_clear(&card).is_empty() && card.open_channels() == 0);
}

/// Changes what the card says to one command.
struct Between<'c>(&'c mut TestCard, usize, Change<'c>);

type Change<'c> = &'c dyn Fn(&mut Vec<u8>);

impl Card for Between<'_> {
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        let number = self.0.wire.len();
        let Some(length) = self.0.transmit(command, response)? else { return Ok(None) };
        if number != self.1 {
            return Ok(Some(length));
        }
        let mut reply = response[..length].to_vec();
        (self.2)(&mut reply);
        response[..reply.len()].copy_from_slice(&reply);
        Ok(Some(reply.len()))
    }
}

#[test]
fn who_sits_between_is_found_out_and_gets_nothing_in_the_clear() {
    let mut plain = secured_card(hex(FULL));
    let mut host = TestHost::with_keys();
    read(Goal::Load, PREFERRED, WINDOW, &mut plain, &mut host);
    let protected: Vec<usize> = (0..plain.wire.len()).filter(|at| plain.wire[*at][0] == 0x05).collect();
    let changes: [(&str, Change<'_>); 7] = [
        ("the first bit", &|reply| reply[0] ^= 0x80),
        ("the checksum", &|reply| {
            let at = reply.len() - 3;
            reply[at] ^= 1;
        }),
        ("the status word", &|reply| {
            let at = reply.len() - 1;
            reply[at] ^= 0x20;
        }),
        ("a bare 9000", &|reply| *reply = sw(0x9000)),
        ("a bare 9110", &|reply| *reply = sw(0x9110)),
        ("a bare warning", &|reply| *reply = sw(0x6282)),
        ("in the clear", &|reply| *reply = hex("A706300404026430 9000")),
    ];
    let mut cases = 0;
    for at in protected.iter().copied() {
        for (name, change) in &changes {
            let mut card = secured_card(hex(FULL));
            let mut host = TestHost::with_keys();
            let mut window = [0; WINDOW];
            let mut reader = Reader::new(&mut window).unwrap();
            reader.start(Goal::Load, PREFERRED);
            let failure = loop {
                match reader.step(Instant::ZERO, &mut Between(&mut card, at, *change), &mut host) {
                    Progress::Again => {}
                    Progress::Failed(failure) => break failure,
                    other => panic!("{name} at {at}: {other:?}"),
                }
            };
            assert_eq!(failure.error, Error::Handshake, "{name} at {at}");
            assert!(in_clear(&card).is_empty() && card.open_channels() == 0);
            // what comes after it is the close
            assert_eq!(card.wire.len(), at + 2);
            cases += 1;
        }
    }
    std::println!("{cases} changed responses");
    assert_eq!(cases, protected.len() * changes.len());
}

#[test]
fn a_session_that_broke_down_is_not_followed_by_the_clear() {
    let mut plain = secured_card(hex(FULL));
    read(Goal::Load, PREFERRED, WINDOW, &mut plain, &mut TestHost::with_keys());
    for at in (0..plain.wire.len()).filter(|at| plain.wire[*at][0] == 0x05) {
        let mut card = secured_card(hex(FULL));
        card.fault = Some((at, Fault::Status(0x6982)));
        let mut host = TestHost { pin: Some(b"1234".to_vec()), ..TestHost::with_keys() };
        let run = read(Goal::Load, PREFERRED, WINDOW, &mut card, &mut host);
        assert!(run.result.is_err());
        assert!(in_clear(&card).is_empty() && host.asked.is_empty() && card.open_channels() == 0);
    }
}

#[test]
fn the_right_le_is_asked_for_with_a_new_command() {
    let mut plain = secured_card(hex(FULL));
    let mut host = TestHost::with_keys();
    read(Goal::Load, REQUIRED, WINDOW, &mut plain, &mut host);
    let reads = plain.wire.iter().enumerate().filter(|(_, command)| command[..2] == [0x05, 0xb0]);
    let at = reads.map(|(at, _)| at).next_back().unwrap();
    let mut card = secured_card(hex(FULL));
    let mut host = TestHost::with_keys();
    let mut window = [0; WINDOW];
    let mut reader = Reader::new(&mut window).unwrap();
    reader.start(Goal::Load, REQUIRED);
    // the card counts the command, and answers that its Le is wrong
    let change = |reply: &mut Vec<u8>| *reply = sw(0x6c0a);
    let outcome = loop {
        match reader.step(Instant::ZERO, &mut Between(&mut card, at, &change), &mut host) {
            Progress::Again => {}
            Progress::Done(outcome) => break outcome,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(outcome, Outcome::Read(Found { size: 331, .. })));
    assert_eq!(host.bytes(), hex(FULL));
    let lengths: Vec<u8> =
        card.trace.iter().filter(|(plain, _)| plain[..2] == [1, 0xb0]).map(|(plain, _)| plain[4]).collect();
    assert_eq!(lengths[lengths.len() - 3..], [92, 10, 82]);
}

#[test]
fn a_pin_goes_through_the_channel() {
    let mut card = host::card(hex(MINIMAL), Some(0x80));
    card.keys = Some((ENC, MAC));
    card.pin = Some((0x81, b"1234\xff\xff\xff\xff".to_vec(), 3));
    let mut host = TestHost { pin: Some(b"1234".to_vec()), ..TestHost::with_keys() };
    let run = read(Goal::Load, REQUIRED, WINDOW, &mut card, &mut host);
    assert_eq!(found(&run).size, 69);
    assert!(card.verified && in_clear(&card).is_empty());
    assert!(!card.wire.iter().any(|command| command.windows(4).any(|four| four == b"1234")));
}

#[test]
fn messages_go_through_the_channel() {
    let mut card = TestCard::new(Vec::new());
    card.aid = hex("F04C574D324D01");
    card.keys = Some((ENC, MAC));
    let body = [hex("0B915155550521F3 05 0190"), vec![0x42; 400]].concat();
    let short = [hex("0B915155550521F3 05 0010"), vec![0x42; 16]].concat();
    card.incoming = [short.clone()].into();
    let mut host = TestHost { outgoing: vec![body.clone()], ..TestHost::with_keys() };
    let run = read(Goal::Messages, REQUIRED, 1024, &mut card, &mut host);
    assert!(run.result.is_ok(), "{run:?}");
    assert_eq!((card.taken.clone(), host.messages), (vec![body], vec![short]));
    assert!(in_clear(&card).is_empty() && card.open_channels() == 0);
}
