//! The card behind the modem: which APDUs come out of AT commands, and what becomes of the responses.

use super::slot::class_on;
use super::tests::Stage;
use super::{Access, Options};
use crate::text::hex;
use crate::uicc::{Chip, Description, Profile, Uicc};
use std::sync::{Arc, Mutex};

/// A card that expects commands in this order and gives the response beside each; a response of "" is no answer.
#[derive(Clone)]
struct Script {
    lines: Arc<Mutex<Vec<(&'static str, &'static str)>>>,
    resets: Arc<Mutex<usize>>,
}

impl Script {
    fn new(lines: &[(&'static str, &'static str)]) -> Self {
        Self { lines: Arc::new(Mutex::new(lines.to_vec())), resets: Arc::default() }
    }

    fn is_over(&self) -> bool {
        self.lines.lock().unwrap().is_empty()
    }
}

impl Chip for Script {
    fn apdu(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        let mut lines = self.lines.lock().unwrap();
        assert!(!lines.is_empty(), "unexpected {}", hex(command));
        let (expected, response) = lines.remove(0);
        assert_eq!(hex(command), expected.to_ascii_lowercase());
        let pairs = response.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        (!response.is_empty()).then(|| pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect())
    }

    fn reset(&mut self) -> Vec<u8> {
        *self.resets.lock().unwrap() += 1;
        vec![0x3b, 0x00]
    }
}

fn stage(lines: &[(&'static str, &'static str)], change: impl FnOnce(&mut Options)) -> (Stage, Script) {
    let mut stage = Stage::with(change);
    let script = Script::new(lines);
    stage.modem.fit(Box::new(script.clone()));
    assert_eq!(stage.answers(&["AT+CMEE=1"]), ["OK"]);
    (stage, script)
}

const OPEN: (&str, &str) = ("0070000001", "019000");
const SELECT: (&str, &str) = ("01a404040ca000000063504b43532d313500", "62009000");
const CCHO: &str = "AT+CCHO=\"A000000063504B43532D3135\"";

#[test]
fn generic_access_carries_apdus_as_they_are() {
    let (mut stage, script) = stage(&[OPEN, ("01b0000020", "6110"), ("01c0000001", "")], |_| ());
    let answers = stage.answers(&[
        "AT+CSIM=?",
        "AT+CSIM=10,\"0070000001\"",
        "AT+CSIM=10,01b0000020",
        "AT+CSIM=10,\"01C0000001\"",
        "AT+CSIM=8,\"0070000001\"",
        "AT+CSIM=6,\"007000\"",
        "AT+CSIM=9,\"007000000\"",
        "AT+CSIM=10,\"00700000xx\"",
        "AT+CSIM=10",
        "AT+CSIM",
    ]);
    let expected = [
        "OK",
        "+CSIM: 6,\"019000\"||OK",
        "+CSIM: 4,\"6110\"||OK",
        "+CME ERROR: 13",
        "+CME ERROR: 50",
        "+CME ERROR: 50",
        "+CME ERROR: 50",
        "+CME ERROR: 50",
        "+CME ERROR: 50",
        "ERROR",
    ];
    assert_eq!(answers, expected);
    assert!(script.is_over());
}

#[test]
fn a_session_is_a_channel_with_the_application_selected() {
    let exchanges = [
        OPEN,
        SELECT,
        ("01a40804047fff503100", "61189000"),
        ("85e2000000", "9000"),
        ("81f2000000", "6985"),
        ("00708001", "9000"),
    ];
    let (mut stage, script) = stage(&exchanges, |_| ());
    let answers = stage.answers(&["AT+CCHO=?", "AT+CGLA=?", "AT+CCHC=?", CCHO]);
    assert_eq!(answers, ["OK", "OK", "OK", "1||OK"]);
    assert_eq!(stage.modem.card_channels(), [1]);
    let answers = stage.answers(&[
        "AT+CGLA=1,20,\"00A40804047FFF503100\"",
        "AT+CGLA=1,10,\"84E2000000\"",
        "AT+CGLA=1,10,\"80F2000000\"",
        "AT+CGLA=1,10,\"0070000001\"",
        "AT+CGLA=2,10,\"80F2000000\"",
        "AT+CGLA=1,12,\"80F2000000\"",
        "AT+CCHC=1",
        "AT+CCHC=1",
        "AT+CGLA=1,10,\"80F2000000\"",
    ]);
    let expected = [
        "+CGLA: 8,\"61189000\"||OK",
        "+CGLA: 4,\"9000\"||OK",
        "+CGLA: 4,\"6985\"||OK",
        "+CME ERROR: 3",
        "+CME ERROR: 21",
        "+CME ERROR: 50",
        "OK",
        "+CME ERROR: 21",
        "+CME ERROR: 21",
    ];
    assert_eq!(answers, expected);
    assert!(script.is_over());
}

#[test]
fn models_name_sessions_and_fetch_responses_in_their_own_way() {
    let exchanges = [OPEN, SELECT, ("01b2010400", "6103"), ("01c0000003", "0102039000")];
    let (mut stage, script) = stage(&exchanges, |options| {
        (options.bare_session, options.first_session, options.fetches) = (false, 33, true);
        (options.lower_hex, options.quotes) = (true, false);
    });
    let answers = stage.answers(&[CCHO, "AT+CGLA=33,10,\"00B2010400\"", "AT+CGLA=1,10,\"00B2010400\""]);
    assert_eq!(answers, ["+CCHO: 33||OK", "+CGLA: 10,0102039000||OK", "+CME ERROR: 21"]);
    assert!(script.is_over());
}

#[test]
fn a_session_that_cannot_be_opened_leaves_no_channel_behind() {
    let exchanges =
        [("0070000001", "6a81"), OPEN, (SELECT.0, "6a82"), ("00708001", "9000"), ("0070000001", "")];
    let (mut stage, script) = stage(&exchanges, |_| ());
    let answers = stage.answers(&[CCHO, CCHO, CCHO, "AT+CCHO=\"\"", "AT+CCHO=\"A0\",1"]);
    assert_eq!(
        answers,
        ["+CME ERROR: 20", "+CME ERROR: 22", "+CME ERROR: 13", "+CME ERROR: 50", "+CME ERROR: 50"]
    );
    assert!(script.is_over() && stage.modem.card_channels().is_empty());
}

#[test]
fn restricted_access_selects_and_reads_on_the_basic_channel() {
    let exchanges = [
        ("00a40804022fe200", "6203820141"),
        ("00a40804022fe200", "61059000"),
        ("00b000000a", "981000000000001234f59000"),
        ("00a40804022f0000", "6104"),
        ("00c0000004", "620282009000"),
        ("00b2010430", "6a83"),
        ("00a40804047fff6f0700", "6a82"),
        ("00a40004026f0700", "9000"),
        ("00b0000009", "6b00"),
    ];
    let (mut stage, script) = stage(&exchanges, |_| ());
    let answers = stage.answers(&[
        "AT+CRSM=?",
        "AT+CRSM=192,12258,0,0,0",
        "AT+CRSM=176,12258,0,0,10",
        "AT+CRSM=178,12032,1,4,48",
        "AT+CRSM=176,28423,0,0,9,\"\",\"3F007FFF\"",
        "AT+CRSM=176,28423,0,0,9",
        "AT+CRSM=214,12258,0,0,1,\"00\"",
        "AT+CRSM=176,12258,0,300,1",
        "AT+CRSM=256,12258",
    ]);
    let expected = [
        "+CRSM: 1,65,\"620382\"||OK",
        "+CRSM: 144,0,\"981000000000001234F5\"||OK",
        "+CRSM: 106,131||OK",
        "+CRSM: 106,130||OK",
        "+CRSM: 107,0||OK",
        "+CME ERROR: 4",
        "+CME ERROR: 50",
        "+CME ERROR: 50",
    ];
    assert_eq!(answers[0], "OK");
    assert_eq!(answers[1..], expected);
    assert!(script.is_over());
}

#[test]
fn lesser_models_lack_or_refuse_a_way() {
    let (mut stage, _) = stage(&[], |options| {
        (options.channels, options.generic) = (Access::Unknown, Access::Refused(3));
        options.restricted = Access::Refused(4);
    });
    let lines =
        ["AT+CCHO=?", CCHO, "AT+CGLA=?", "AT+CSIM=?", "AT+CSIM=10,\"0070000001\"", "AT+CRSM=192,12258"];
    let expected = ["ERROR", "ERROR", "ERROR", "OK", "+CME ERROR: 3", "+CME ERROR: 4"];
    assert_eq!(stage.answers(&lines), expected);
    let mut bare = Stage::new();
    assert_eq!(bare.answers(&["AT+CSIM=?", "AT+CRSM=?"]), ["ERROR", "ERROR"], "no card was ever fitted");
}

#[test]
fn a_card_that_is_taken_out_is_missed_and_told_of() {
    let (mut stage, script) = stage(&[OPEN, SELECT], |options| options.card_start = 500);
    assert_eq!(stage.answers(&["AT+CEREG=1", CCHO]), ["OK", "1||OK"]);
    let chip = stage.modem.remove_card(stage.now).unwrap();
    assert_eq!(stage.hear(), "\r\n+CPIN: NOT INSERTED\r\n\r\n+CEREG: 0\r\n");
    let lines = ["AT+CPIN?", "AT+CGLA=1,10,\"80F2000000\"", "AT+CSIM=10,\"0070000001\"", "AT+CSIM=?"];
    let missing = "+CME ERROR: 10";
    assert_eq!(stage.answers(&lines), [missing, missing, missing, "OK"]);
    let before = *script.resets.lock().unwrap();
    stage.modem.insert_card(stage.now, chip);
    assert_eq!(*script.resets.lock().unwrap(), before + 1);
    stage.modem.input(stage.now, b"AT+CPIN?\r");
    assert_eq!(stage.wait(499), "\r\n+CME ERROR: 14\r\n", "it is being started");
    assert_eq!(stage.wait(1), "\r\n+CPIN: READY\r\n\r\n+CEREG: 1\r\n");
    assert_eq!(stage.answers(&["AT+CGLA=1,10,\"80F2000000\""]), ["+CME ERROR: 21"], "sessions ended");
}

#[test]
fn a_model_may_keep_silent_about_its_card() {
    let (mut stage, _) = stage(&[], |options| options.tells_card = false);
    let chip = stage.modem.remove_card(stage.now).unwrap();
    assert_eq!(stage.hear(), "");
    assert_eq!(stage.answers(&["AT+CPIN?"]), ["+CME ERROR: 10"]);
    stage.modem.reset(stage.now);
    stage.wait(4000);
    assert_eq!(stage.answers(&["AT+CMEE=1", "AT+CPIN?"])[1], "+CME ERROR: 10", "a reset brings no card");
    stage.modem.insert_card(stage.now, chip);
    assert_eq!((stage.hear().as_str(), stage.answers(&["AT+CPIN?"])[0].as_str()), ("", "+CPIN: READY||OK"));
}

#[test]
fn a_reset_of_the_modem_resets_the_card_and_ends_sessions() {
    let (mut stage, script) = stage(&[OPEN, SELECT], |options| options.pin = Some("1234".into()));
    let locked = stage.answers(&[CCHO, "AT+CSIM=10,\"0070000001\"", "AT+CRSM=192,12258", "AT+CPIN=1234"]);
    assert_eq!(locked, ["+CME ERROR: 11", "+CME ERROR: 11", "+CME ERROR: 11", "OK"]);
    assert_eq!(stage.answers(&[CCHO]), ["1||OK"]);
    stage.modem.reset(stage.now);
    stage.wait(4000);
    assert_eq!(*script.resets.lock().unwrap(), 2);
    let answers = stage.answers(&["AT+CMEE=2", "AT+CPIN=1234", "AT+CGLA=1,10,\"80F2000000\""]);
    assert_eq!(answers, ["OK", "OK", "+CME ERROR: invalid index"]);
}

#[test]
fn a_card_takes_its_time_and_may_be_busy() {
    let (mut stage, script) = stage(&[OPEN], |options| options.card_delay = 200);
    stage.modem.busy_card(2);
    let lines = ["AT+CSIM=10,\"0070000001\"", CCHO, "AT+CMEE?"];
    assert_eq!(stage.answers(&lines), ["+CME ERROR: 14", "+CME ERROR: 14", "+CMEE: 1||OK"]);
    stage.modem.input(stage.now, b"AT+CSIM=10,\"0070000001\"\r");
    assert_eq!(stage.wait(219), "");
    assert_eq!(stage.wait(1), "\r\n+CSIM: 6,\"019000\"\r\n\r\nOK\r\n");
    assert!(script.is_over());
}

/// The bench's card, and the modem in which it is.
fn with_uicc(description: Description, change: impl FnOnce(&mut Options)) -> (Stage, Arc<Mutex<Uicc>>) {
    let mut stage = Stage::with(change);
    let card = Arc::new(Mutex::new(Uicc::new(description)));
    stage.modem.fit(Box::new(Arc::clone(&card)));
    assert_eq!(stage.answers(&["AT+CMEE=1"]), ["OK"]);
    (stage, card)
}

/// A bootstrap file that says nothing.
const EMPTY_FILE: [u8; 4] = [0, 0, 0, 0];

#[test]
fn the_benchs_card_is_read_through_sessions() {
    let (mut stage, card) = with_uicc(Profile::new(EMPTY_FILE).description(), |_| ());
    let answers =
        stage.answers(&[CCHO, "AT+CGLA=1,20,\"00A40804047FFF643200\"", "AT+CGLA=1,10,\"00B0000004\""]);
    assert_eq!(answers[0], "1||OK");
    assert!(answers[1].starts_with("+CGLA: ") && answers[1].ends_with("9000\"||OK"), "{}", answers[1]);
    assert_eq!(answers[2], "+CGLA: 12,\"000000009000\"||OK");
    assert_eq!(card.lock().unwrap().open_channels(), [1]);
    assert_eq!(stage.answers(&["AT+CCHC=1", "AT+CCHO=\"A00000000001\""]), ["OK", "+CME ERROR: 22"]);
    assert!(card.lock().unwrap().open_channels().is_empty());
    let answers = stage.answers(&["AT+CRSM=176,12258,0,0,10", "AT+CRSM=178,12032,3,4,48"]);
    assert_eq!(answers[0], format!("+CRSM: 144,0,\"{}\"||OK", "98000000000000000010"));
    assert_eq!(answers[1], "+CRSM: 106,131||OK");
}

#[test]
fn a_card_that_waits_is_fetched_from_by_those_who_have_to() {
    let waiting = || Description { waits: true, ..Profile::new(EMPTY_FILE).description() };
    let line = "AT+CSIM=14,\"00A40004022F00\"";
    let (mut stage, _) = with_uicc(waiting(), |_| ());
    assert_eq!(stage.answers(&[line]), ["+CSIM: 4,\"611C\"||OK"]);
    let (mut stage, _) = with_uicc(waiting(), |options| options.fetches = true);
    let answer = &stage.answers(&[line])[0];
    assert!(answer.starts_with("+CSIM: 60,\"621A8205422100300283022F00"), "{answer}");
}

#[test]
fn a_card_without_channels_left_refuses_a_session() {
    let (mut stage, _) = with_uicc(Profile::new(EMPTY_FILE).description(), |_| ());
    let answers = stage.answers(&[CCHO, CCHO, CCHO, CCHO, "AT+CCHC=2", CCHO]);
    assert_eq!(answers, ["1||OK", "2||OK", "3||OK", "+CME ERROR: 20", "OK", "2||OK"]);
}

/// ETSI TS 102 221 table 10.3: 0X and 4X, with GlobalPlatform's bit and secure messaging.
#[test]
fn the_class_byte_names_the_channel() {
    let on = |class| [0, 1, 3, 4, 19].map(|channel| class_on(class, channel));
    assert_eq!(on(0x00), [0x00, 0x01, 0x03, 0x40, 0x4f]);
    assert_eq!(on(0x02), [0x00, 0x01, 0x03, 0x40, 0x4f]);
    assert_eq!(on(0x80), [0x80, 0x81, 0x83, 0xc0, 0xcf]);
    assert_eq!(on(0x84), [0x84, 0x85, 0x87, 0xe0, 0xef]);
    assert_eq!(on(0x0c), [0x0c, 0x0d, 0x0f, 0x60, 0x6f]);
    assert_eq!(on(0x10), [0x10, 0x11, 0x13, 0x50, 0x5f]);
    assert_eq!(on(0xe5), [0x84, 0x85, 0x87, 0xe0, 0xef]);
}
