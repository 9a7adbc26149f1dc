//! APDUs to the card in the modem, by +CSIM and by +CCHO, +CGLA, +CRSM (TS 27.007 sections 8.17, 8.18, 8.45 to 8.47).

use crate::bench::{Bench, CONFIG, hex, octets, receive, send};
use crate::delivery::message;
use crate::fake::Fake;
use crate::fake_card::{AID, APPLICATION_FCP, ICCID, RECORD};
use whimbrel::at::{Config, LINE_CARD_MIN, LINE_MIN, Memory, Message, Modem, Progress, Readiness, Slot, Way};
use whimbrel::error::Error;
use whimbrel::time::Instant;
use whimbrel::uicc::{Card, RESPONSE_MAX};

pub const OPEN: &str = "0070000001";
pub const CLOSE_1: &str = "00708001";
pub const SUBMIT: &str = "01000B915155550521F3000401A5";

pub fn select_1() -> String {
    format!("01A40404{:02X}{AID}00", AID.len() / 2)
}

pub fn ready(way: Way) -> Bench {
    ready_with(way, |_| {})
}

pub fn ready_with(way: Way, change: impl FnOnce(&mut Fake)) -> Bench {
    let mut fake = Fake::new();
    change(&mut fake);
    let mut bench = Bench::with_card(CONFIG, way, fake);
    bench.run(3_000);
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
    bench
}

fn since(bench: &Bench, at: usize) -> Vec<&str> {
    bench.fake.commands[at..].iter().map(String::as_str).collect()
}

/// A channel, its application, a command, and the end of it.
fn session(bench: &mut Bench, fcp: &str) {
    assert_eq!(bench.apdu(OPEN), Ok("019000".into()));
    assert_eq!(bench.apdu(&select_1()), Ok(format!("{fcp}9000")));
    assert_eq!(bench.apdu("85101234 02A5B6".replace(' ', "").as_str()), Ok("1234A5B69000".into()));
    assert_eq!(bench.apdu(CLOSE_1), Ok("9000".into()));
}

#[test]
fn with_csim_the_card_sees_each_apdu_as_it_is() {
    let mut bench = ready(Way::Generic);
    let at = bench.fake.commands.len();
    session(&mut bench, &APPLICATION_FCP.replace(' ', ""));
    assert_eq!(bench.fake.card.seen, [OPEN, &select_1(), "8510123402A5B6", CLOSE_1]);
    let select = format!("AT+CSIM=30,\"{}\"", select_1());
    let lines =
        ["AT+CSIM=10,\"0070000001\"", &select, "AT+CSIM=14,\"8510123402A5B6\"", "AT+CSIM=8,\"00708001\""];
    assert_eq!(since(&bench, at), lines);
    assert_eq!(bench.modem.state().card, Progress::Idle);
}

#[test]
fn with_sessions_the_modem_puts_its_channel_in_and_the_rest_of_the_class_is_kept() {
    for bare in [false, true] {
        let mut bench = ready_with(Way::Channels, |fake| fake.card.bare = bare);
        // another one has channel 1 of the card: it is 2 there, 1 here
        bench.fake.execute_card("AT+CSIM=10,\"0070000001\"");
        bench.run(100);
        bench.fake.card.seen.clear();
        let at = bench.fake.commands.len();
        session(&mut bench, "");
        let open = format!("AT+CCHO=\"{AID}\"");
        assert_eq!(since(&bench, at), [&open, "AT+CGLA=1,14,\"8410123402A5B6\"", "AT+CCHC=1"]);
        assert_eq!(bench.fake.card.seen.last().unwrap(), "00708002");
        assert!(bench.fake.card.seen.contains(&"8610123402A5B6".to_owned()));
    }
}

#[test]
fn a_modem_is_asked_for_its_commands_before_the_first_apdu_and_after_a_restart() {
    let cases: [(&[&str], &str); 4] = [
        (&[], "AT+CCHO=\""),
        (&["AT+CCHO"], "AT+CSIM=10"),
        (&["AT+CGLA"], "AT+CSIM=10"),
        (&["AT+CCHO", "AT+CGLA"], "AT+CSIM=10"),
    ];
    for (unknown, used) in cases {
        let mut bench = ready_with(Way::Auto, |fake| {
            fake.unknown = unknown.iter().map(|name| (*name, "ERROR")).collect();
        });
        assert_eq!(bench.commands("AT+CCHO"), 0, "not before it is needed");
        for times in 1..=2 {
            for _ in 0..2 {
                let fcp = APPLICATION_FCP.replace(' ', "");
                session(&mut bench, if unknown.is_empty() { "" } else { &fcp });
            }
            assert_eq!(bench.commands("AT+CCHO=?"), times);
            assert_eq!(bench.commands(used), 2 * times, "{unknown:?}");
            bench.fake.reset(true);
            bench.run(10_000);
        }
    }
}

#[test]
fn a_modem_that_does_not_answer_questions_is_asked_twice() {
    let mut bench = ready_with(Way::Auto, |fake| fake.deaf_to = vec!["AT+CCHO=?"]);
    assert_eq!(bench.apdu(OPEN), Err(Error::Timeout));
    assert_eq!(bench.apdu(OPEN), Err(Error::Timeout));
    assert_eq!(bench.apdu(OPEN), Ok("019000".into()));
    assert_eq!((bench.commands("AT+CCHO=?"), bench.commands("AT+CSIM")), (2, 1));
}

#[test]
fn files_on_the_basic_channel_are_read_by_crsm() {
    let mut bench = ready(Way::Channels);
    let at = bench.fake.commands.len();
    assert_eq!(bench.apdu("00B2010400"), Ok("6986".into()), "no file is selected");
    assert_eq!(bench.apdu("00A40004022F0000"), Ok("620882054221000F019000".into()));
    assert_eq!(bench.apdu("00B201040F"), Ok(format!("{RECORD}9000")));
    assert_eq!(bench.apdu("00B202040F"), Ok("6A83".into()));
    assert_eq!(bench.apdu("00A40004022F0100"), Ok("6A82".into()));
    assert_eq!(bench.apdu("00A40804022FE200"), Ok("620A8202412183022FE28002000A9000".into()));
    assert_eq!(bench.apdu("00B000020A"), Ok(format!("{}9000", &ICCID[4..])));
    let lines = [
        "AT+CRSM=192,12032,0,0,0",
        "AT+CRSM=178,12032,1,4,15",
        "AT+CRSM=178,12032,2,4,15",
        "AT+CRSM=192,12033,0,0,0",
        "AT+CRSM=192,12258,0,0,0",
        "AT+CRSM=176,12258,0,2,10",
    ];
    assert_eq!(since(&bench, at), lines);
}

#[test]
fn what_the_modem_cannot_carry_is_answered_by_a_status_word() {
    let mut bench = ready(Way::Channels);
    let at = bench.fake.commands.len();
    for (command, word) in [
        // the basic channel: other instructions and classes, short file identifiers, names, other records
        ("00C0000010", "6D00"),
        ("002000010831323334FFFFFFFF", "6D00"),
        ("80F2000000", "6E00"),
        ("A0A40000022FE2", "6E00"),
        ("00B081000A", "6A86"),
        ("00B201020A", "6A86"),
        ("00A4040402A00000", "6A86"),
        ("00A40804047FFF5031", "6A82"),
        ("00A40004", "6700"),
        ("00A40004052FE2", "6700"),
        // channels that are not open
        ("01A4040402A000", "6881"),
        ("43B0000000", "6881"),
        ("00708001", "6881"),
        ("00708000", "6881"),
        ("0070000101", "6A86"),
        ("0070400001", "6A86"),
    ] {
        assert_eq!(bench.ask(command), Ok(Some(word.into())), "{command}");
    }
    for channel in ["019000", "029000", "039000", "6881"] {
        assert_eq!(bench.ask(OPEN), Ok(Some(channel.into())));
    }
    for (command, word) in [
        ("01B0000000", "6985"),
        ("0384820000", "6985"),
        ("02A40406020102", "6A86"),
        ("02A4040400", "6700"),
        ("02A40404110102030405060708090A0B0C0D0E0F1011", "6700"),
        ("00708002", "9000"),
        ("00708002", "6881"),
        ("03708000", "9000"),
    ] {
        assert_eq!(bench.ask(command), Ok(Some(word.into())), "{command}");
    }
    assert_eq!(bench.ask(OPEN), Ok(Some("029000".into())));
    assert_eq!(since(&bench, at), [""; 0], "the modem is not asked");
    bench.run(1_000);
    assert_eq!(since(&bench, at), [""; 0]);
}

#[test]
fn an_application_that_is_not_there_is_told_by_the_status_word_of_the_card() {
    for (refusal, word) in [
        ("+CME ERROR: 22", "6A82"),
        ("ERROR", "6A82"),
        ("+CME ERROR: 20", "6A84"),
        ("+CME ERROR: 23", "6A84"),
    ] {
        let mut bench = ready_with(Way::Channels, |fake| fake.card.refusal = refusal);
        assert_eq!(bench.apdu(OPEN), Ok("019000".into()));
        assert_eq!(bench.apdu("01A4040403F0000100"), Ok(word.into()), "{refusal}");
        assert_eq!(bench.apdu(&select_1()), Ok("9000".into()));
        // another one in its place: the session of the first is closed before
        assert_eq!(bench.apdu("01A4040403F0000100"), Ok(word.into()), "{refusal}");
        assert_eq!((bench.fake.card.open().len(), bench.commands("AT+CCHC")), (0, 1));
        assert_eq!(bench.apdu("0110000000"), Ok("6985".into()), "nothing is selected any more");
    }
}

#[test]
fn the_longest_command_and_the_longest_response_pass() {
    for way in [Way::Generic, Way::Channels] {
        for grain in [1, 7, usize::MAX] {
            let mut bench = ready_with(way, |fake| fake.latency = 3);
            bench.grain = grain;
            bench.apdu(OPEN).unwrap();
            bench.apdu(&select_1()).unwrap();
            let data: Vec<u8> = (0..=254).collect();
            let long = format!("01120102FF{}00", hex(&data));
            assert_eq!(octets(&long).len(), 261);
            let response: Vec<u8> = data.iter().map(|octet| octet ^ 1).collect();
            assert_eq!(bench.apdu(&long), Ok(format!("{}9000", hex(&response))), "{way:?}");
            assert_eq!(bench.fake.card.seen.last(), Some(&long));
            let longest: Vec<u8> = (0..=255).map(|octet| octet ^ 0x5a).collect();
            assert_eq!(bench.apdu("01125A0000"), Ok(format!("{}9000", hex(&longest))));
        }
    }
}

#[test]
fn what_comes_in_the_middle_of_an_answer_is_no_part_of_it() {
    for way in [Way::Generic, Way::Channels] {
        for grain in [1, usize::MAX] {
            let mut bench = ready_with(way, |fake| fake.card.bare = true);
            bench.grain = grain;
            let (pdu, tpdu) = message(7);
            let length = tpdu.len() / 2;
            bench.fake.card.meanwhile = format!(
                "\r\n+CEREG: 5\r\n\r\n+CMT: ,{length}\r\n{pdu}\r\n\r\nRING\r\n\r\n+CMTI: \"ME\",9\r\n\r\n2F00\r\n"
            );
            session(&mut bench, if way == Way::Generic { "620D820278218409F057484D4252454C01" } else { "" });
            bench.run(5_000);
            assert_eq!(bench.inbox, [tpdu]);
            assert!(bench.commands("AT+CNMA") > 0);
            assert_eq!(bench.modem.state().registration, 5);
        }
    }
}

#[test]
fn apdus_go_before_the_network_is_there_and_before_the_init_list_is_done() {
    for way in [Way::Auto, Way::Generic, Way::Channels] {
        let mut fake = Fake::new();
        fake.registered = 2;
        fake.unknown = vec![("AT+CMGF", "+CME ERROR: 14")];
        let mut bench = Bench::with_card(CONFIG, way, fake);
        assert_eq!(bench.ask(OPEN), if way == Way::Channels { Ok(Some("019000".into())) } else { Ok(None) });
        let first = format!("01A40404{:02X}{AID}", AID.len() / 2);
        if way != Way::Channels {
            assert_eq!(bench.apdu(OPEN), Ok("019000".into()));
        }
        assert!(bench.apdu(&first).unwrap().ends_with("9000"));
        assert_eq!(bench.apdu("0110000000"), Ok("00009000".into()));
        let before = bench.now;
        // +CMGF waits for its next try, and the card does not
        bench.run(10_000);
        let again = bench.now;
        assert_eq!(bench.apdu("0110000100"), Ok("00019000".into()));
        assert!(bench.now - again < 100 && before < 3_000, "{before}");
        assert_eq!(bench.modem.state().readiness, Readiness::Starting);
        bench.fake.unknown.clear();
        bench.until(|bench| bench.modem.state().readiness == Readiness::Searching);
        assert_eq!(bench.apdu("0110000200"), Ok("00029000".into()));
        bench.fake.register(1);
        bench.until_ready();
        assert_eq!(bench.apdu("0110000300"), Ok("00039000".into()));
    }
}

#[test]
fn messages_go_on_between_apdus() {
    for way in [Way::Generic, Way::Channels] {
        let mut bench = ready(way);
        bench.apdu(OPEN).unwrap();
        bench.apdu(&select_1()).unwrap();
        for round in 0..200u8 {
            if round % 20 == 0 {
                send(&mut bench.modem, SUBMIT).unwrap();
                bench.fake.deliver(&message(round).0);
            }
            let response = bench.apdu(&format!("011000{round:02X}00"));
            assert_eq!(response, Ok(format!("00{round:02X}9000")));
        }
        // nobody waited for anything but APDUs, and asked for the next one at once
        assert!(bench.fake.sent.len() >= 9 && bench.inbox.len() >= 9, "{:?}", bench.fake.sent.len());
        bench.run(5_000);
        assert_eq!((bench.fake.sent.len(), bench.inbox.len()), (10, 10));
        assert_eq!(bench.modem.state().counters.restarts, 0);
    }
}

#[test]
fn a_modem_without_a_card_in_its_memory_carries_nothing() {
    let mut bench = Bench::ready();
    assert_eq!(bench.ask(OPEN), Err(Error::NotSupported));
    let make = |line: usize| {
        let memory = Memory {
            line: vec![0; line].leak(),
            outgoing: vec![Message::FREE; 1].leak(),
            incoming: vec![Message::FREE; 1].leak(),
            card: Some(Box::leak(Box::new(Slot::new(Way::Auto))).cards()),
        };
        Modem::new(memory, CONFIG).err()
    };
    assert_eq!(make(LINE_CARD_MIN), None);
    assert_eq!(make(LINE_CARD_MIN - 1), Some(Error::Full));
    assert_eq!(make(LINE_MIN), Some(Error::Full));
}

#[test]
fn what_is_no_command_is_refused_and_ends_the_session() {
    let mut bench = ready(Way::Generic);
    bench.apdu(OPEN).unwrap();
    assert_eq!(bench.ask("007000"), Err(Error::BadValue));
    assert_eq!(bench.ask(&"00".repeat(262)), Err(Error::BadValue));
    bench.run(1_000);
    assert_eq!(bench.fake.card.open(), [0; 0], "as it is after every error");
}

#[test]
fn a_response_that_has_no_room_is_an_error_and_ends_the_session() {
    for way in [Way::Generic, Way::Channels] {
        let mut bench = ready(way);
        bench.apdu(OPEN).unwrap();
        bench.apdu(&select_1()).unwrap();
        assert_eq!(bench.ask("0110123400"), Ok(None));
        bench.until(|bench| bench.modem.state().card == Progress::Ask);
        let mut small = [0xee; 3];
        assert_eq!(bench.modem.transmit(&octets("0110123400"), &mut small), Err(Error::Truncated));
        assert_eq!(small, [0xee; 3]);
        bench.run(1_000);
        assert_eq!(bench.fake.card.open(), [0; 0]);
        assert_eq!(bench.apdu(OPEN), Ok("019000".into()), "and the next one begins");
    }
}

#[test]
fn nothing_of_an_apdu_is_left_in_the_line() {
    let (mut line, mut outgoing, mut incoming) = ([0; LINE_CARD_MIN], [Message::FREE; 1], [Message::FREE; 1]);
    let mut slot = Slot::new(Way::Generic);
    {
        let memory = Memory {
            line: &mut line,
            outgoing: &mut outgoing,
            incoming: &mut incoming,
            card: Some(slot.cards()),
        };
        let mut modem = Modem::new(memory, Config { pin: Some(b"1234"), ..CONFIG }).unwrap();
        let mut fake = Fake::new();
        fake.always_echoes = true;
        let mut response = [0; RESPONSE_MAX];
        let mut done = false;
        for now in 0..6_000 {
            let bytes = fake.run(now);
            modem.input(Instant::from_millis(now), &bytes, &mut |_| {});
            modem.poll(Instant::from_millis(now), &mut |_| {});
            let mut out = [0; 64];
            let length = modem.output(&mut out);
            fake.feed(&out[..length]);
            done |= !done && modem.transmit(&octets("00A40004022FE200"), &mut response).unwrap().is_some();
        }
        assert!(done && receive(&mut modem).is_none());
    }
    assert!(line.iter().all(|byte| *byte == 0), "{:?}", String::from_utf8_lossy(&line));
}
