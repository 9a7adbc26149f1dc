//! Dialogues with the modem, byte for byte where TS 27.005 says bytes.

use super::*;
use crate::seconds;
use crate::sms::tpdu::{Element, UserData};
use crate::sms::{Centre, Fate, Submit, Validity};

const DEVICE: &str = "+15555550199";
const SERVER: &str = "+15555550123";
/// CON GET /3/0/0, from the vectors.
const GET: &[u8] = &[0x44, 0x01, 0x12, 0x34, 0xa1, 0xb2, 0xc3, 0xd4, 0xb1, 0x33, 0x01, 0x30, 0x01, 0x30];
/// 2026-01-02 01:04:05 UTC.
const EPOCH: i64 = 1_767_315_845;
/// The example of the facts, with this centre's time zone.
const CMT: &str =
    "\r\n+CMT: ,33\r\n07915155550501F0040B915155550521F30004621020104050000E44011234A1B2C3D4B13301300130\r\n";

pub(super) struct Stage {
    centre: Centre,
    server: crate::sms::Phone,
    pub modem: Modem,
    pub now: u64,
}

impl Stage {
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let centre = Centre::new(1, EPOCH);
        let mut options = Options { echo: false, ..Options::default() };
        change(&mut options);
        let modem = Modem::new(centre.phone(DEVICE), options);
        Self { server: centre.phone(SERVER), centre, modem, now: 0 }
    }

    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// A modem that delivers directly.
    fn direct(service: u8) -> Self {
        let mut stage = Self::new();
        stage.say(&format!("AT+CSMS={service}\r"));
        stage.say("AT+CNMI=2,2,0,1,0\r");
        stage
    }

    /// What is said until nothing more is due within two seconds.
    pub fn hear(&mut self) -> String {
        let (mut heard, end) = (Vec::new(), self.now + 2000);
        loop {
            heard.extend(self.modem.output(self.now));
            match self.modem.next_deadline().filter(|due| *due <= end) {
                Some(due) => self.now = self.now.max(due),
                None => break,
            }
        }
        String::from_utf8_lossy(&heard).into_owned()
    }

    pub fn say(&mut self, text: &str) -> String {
        self.modem.input(self.now, text.as_bytes());
        self.hear()
    }

    pub fn wait(&mut self, milliseconds: u64) -> String {
        let end = self.now + milliseconds;
        let mut heard = Vec::new();
        while let Some(due) = self.modem.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            heard.extend(self.modem.output(self.now));
        }
        self.now = end;
        heard.extend(self.modem.output(self.now));
        String::from_utf8_lossy(&heard).into_owned()
    }

    fn get(&mut self, data: UserData) {
        self.server.submit(self.now, &Submit::new(DEVICE, data).bytes()).unwrap();
    }

    /// The answers to several command lines, without frames.
    pub fn answers(&mut self, lines: &[&str]) -> Vec<String> {
        let plain = |text: String| text.trim().replace("\r\n", "|");
        lines.iter().map(|line| plain(self.say(&format!("{line}\r")))).collect()
    }
}

#[test]
fn echo_verbosity_and_unknown_commands() {
    let mut stage = Stage::with(|options| options.echo = true);
    assert_eq!(stage.say("AT\r"), "AT\r\r\nOK\r\n");
    assert_eq!(stage.say("ATE0\r"), "ATE0\r\r\nOK\r\n");
    assert_eq!(stage.say("at+nonsense=1\r"), "\r\nERROR\r\n");
    assert_eq!(stage.say("ATV0\r"), "0\r");
    assert_eq!(stage.say("AT+CIMI\r"), "001010123456789\r\n0\r");
    assert_eq!(stage.say("AT+NONSENSE\r"), "4\r");
    assert_eq!(stage.say("ATE0V1\r"), "\r\nOK\r\n");
    assert_eq!(stage.say("AT+CMEE=1;+CMEE?;+CPIN?\r"), "\r\n+CMEE: 1\r\n+CPIN: READY\r\n\r\nOK\r\n");
    assert_eq!(stage.say("\0\u{7f}xAT\u{8}T\r"), "\r\nOK\r\n", "noise before AT, a backspace");
}

#[test]
fn the_suggested_init_list() {
    let mut stage = Stage::new();
    let answers = stage.answers(&[
        "ATE0",
        "ATV1",
        "AT+CMEE=1",
        "AT+CPIN?",
        "AT+CGSN=1",
        "AT+CIMI",
        "AT+CSMS=1",
        "AT+CMGF=0",
        "AT+CPMS=\"ME\",\"ME\",\"ME\"",
        "AT+CNMI=2,2,0,1,0",
        "AT+CSCA?",
        "AT+CEREG=2",
        "AT+CEREG?",
    ]);
    let expected = [
        "OK",
        "OK",
        "OK",
        "+CPIN: READY||OK",
        "+CGSN: \"004999010640000\"||OK",
        "001010123456789||OK",
        "+CSMS: 1,1,1||OK",
        "OK",
        "+CPMS: 0,10,0,10,0,10||OK",
        "OK",
        "+CSCA: \"+15555550100\",145||OK",
        "OK",
        "+CEREG: 2,1,\"0001\",\"00000001\",7||OK",
    ];
    assert_eq!(answers, expected);
}

#[test]
fn a_message_is_shown_as_in_the_facts() {
    let mut stage = Stage::direct(0);
    stage.get(UserData::plain(GET));
    assert_eq!(stage.hear(), CMT);
    assert_eq!(stage.centre.records()[0].copies, [Fate::Delivered(stage.now)]);
    assert_eq!(stage.say("AT+CNMA\r"), "\r\n+CMS ERROR: 340\r\n");
}

#[test]
fn a_pdu_is_sent_and_gets_the_modems_reference() {
    let mut stage = Stage::new();
    assert_eq!(stage.say("AT+CMGS=44\r"), "\r\n> ");
    let pdu = "0011010B915155550521F30004001E64451234A1B2C3D4C0FF4F70656E204D6F62696C6520416C6C69616E6365";
    let before = stage.now;
    assert_eq!(stage.say(&format!("{pdu}\u{1a}")), "\r\n+CMGS: 1\r\n\r\nOK\r\n");
    let sent = stage.centre.sent_by(DEVICE);
    assert_eq!((sent.len(), sent[0].to.as_str(), sent[0].time), (1, SERVER, before));
    let submit = sent[0].submit.clone().unwrap();
    assert_eq!((submit.validity, submit.data.payload.len()), (Validity::Relative(0), 30));
    assert_eq!(stage.say("AT+CMGS=43\r"), "\r\n> ");
    assert_eq!(stage.say(&format!("{pdu}\u{1a}")), "\r\n+CMS ERROR: 304\r\n", "the length is wrong");
    assert_eq!(stage.say("AT+CMGS=44\r"), "\r\n> ");
    assert_eq!(stage.say("0011\u{1b}"), "\r\nOK\r\n", "cancelled");
    assert_eq!(stage.say("AT+CMGS=0\r"), "\r\n+CMS ERROR: 304\r\n");
    stage.centre.refuse_next(DEVICE, 1, 42);
    stage.say("AT+CMGS=44\r");
    assert_eq!(stage.say(&format!("{pdu}\u{1a}")), "\r\n+CMS ERROR: 42\r\n");
    stage.modem.register(stage.now, 3);
    stage.say("AT+CMGS=44\r");
    assert_eq!(stage.say(&format!("{pdu}\u{1a}")), "\r\n+CMS ERROR: 331\r\n");
    assert_eq!(stage.centre.statistics().submitted, 1);
}

#[test]
fn with_service_1_every_message_is_acknowledged_before_the_next() {
    let mut stage = Stage::direct(1);
    stage.get(UserData::plain(GET));
    stage.get(UserData::plain(GET));
    assert_eq!(stage.hear(), CMT.replacen("F0040B", "F0000B", 1), "more are waiting");
    assert_eq!(stage.say("AT+CNMA=1,2\r"), "\r\n> ");
    assert_eq!(stage.say("0000\u{1a}"), format!("{CMT}\r\nOK\r\n"));
    assert_eq!(stage.say("AT+CNMA\r"), "\r\nOK\r\n");
    assert_eq!(stage.modem.acknowledgements(), [vec![0, 0]]);
    assert_eq!(stage.centre.statistics().delivered, 2);
}

#[test]
fn without_acknowledgement_direct_delivery_ends_and_the_message_comes_again() {
    let mut stage = Stage::direct(1);
    stage.get(UserData::plain(GET));
    assert_eq!(stage.hear(), CMT);
    assert_eq!(stage.wait(seconds(14)), "");
    assert_eq!(stage.modem.routing(), [2, 2, 0, 1, 0]);
    stage.wait(seconds(2));
    assert_eq!(stage.modem.routing(), [2, 0, 0, 0, 0]);
    assert_eq!(stage.say("AT+CNMA\r"), "\r\n+CMS ERROR: 340\r\n");
    assert_eq!(stage.say("AT+CNMI=2,2,0,1,0\r"), "\r\nOK\r\n");
    assert_eq!(stage.wait(seconds(30)), CMT, "the centre tries again");
    assert_eq!(stage.centre.records()[0].refusals, 1);
}

#[test]
fn stored_messages_are_told_of_listed_read_and_deleted() {
    let mut stage = Stage::new();
    stage.say("AT+CNMI=2,1,0,0,0\r");
    stage.get(UserData::plain(GET));
    assert_eq!(stage.hear(), "\r\n+CMTI: \"ME\",1\r\n");
    let pdu = &CMT[13..];
    assert_eq!(stage.say("AT+CMGL=4\r"), format!("\r\n+CMGL: 1,0,,33\r\n{pdu}\r\nOK\r\n"));
    assert_eq!(stage.say("AT+CMGR=1\r"), format!("\r\n+CMGR: 1,,33\r\n{pdu}\r\nOK\r\n"), "read before");
    assert_eq!(stage.say("AT+CMGL\r"), "\r\nOK\r\n", "nothing is unread");
    assert_eq!(stage.say("AT+CMGD=1\r"), "\r\nOK\r\n");
    assert_eq!(stage.say("AT+CMGR=1\r"), "\r\n+CMS ERROR: 321\r\n");
    assert_eq!(stage.say("AT+CMGD=11\r"), "\r\n+CMS ERROR: 321\r\n");
}

#[test]
fn a_full_memory_keeps_messages_at_the_centre_until_there_is_room() {
    let mut stage = Stage::with(|options| options.places = 2);
    stage.say("AT+CNMI=2,1,0,0,0\r");
    stage.modem.fill();
    stage.get(UserData::plain(GET));
    assert_eq!(stage.hear(), "");
    stage.say("AT+CMGW=33\r");
    let pdu = format!("{}\u{1a}", &CMT[13..CMT.len() - 2]);
    assert_eq!(stage.say(&pdu), "\r\n+CMS ERROR: 322\r\n");
    assert_eq!(stage.answers(&["AT+CPMS?"]), ["+CPMS: \"ME\",2,2,\"ME\",2,2,\"ME\",2,2||OK"]);
    assert_eq!(stage.say("AT+CMGD=2\r"), "\r\n+CMTI: \"ME\",2\r\n\r\nOK\r\n");
    assert_eq!(stage.centre.records()[0].refusals, 1);
}

#[test]
fn what_is_for_the_card_is_never_shown() {
    let mut stage = Stage::direct(0);
    let header = vec![Element { id: 0x70, data: Vec::new() }];
    let data = UserData { pid: 0x7f, dcs: 0xf6, header, payload: vec![1], septets: None };
    stage.get(data.clone());
    assert_eq!((stage.hear(), stage.modem.for_card().len()), (String::new(), 1));
    stage.get(UserData { pid: 0, ..data });
    assert_eq!(stage.hear(), "\r\n+CMTI: \"SM\",1\r\n", "class 2 is stored on the card and told of");
}

#[test]
fn status_reports_are_shown() {
    let mut stage = Stage::direct(0);
    stage.say("AT+CMGS=16\r");
    stage.say("0031000B915155550521F3000400027062\u{1a}");
    assert_eq!(stage.wait(0), "", "not yet");
    assert_eq!(stage.server.receive(stage.now).map(|tpdu| tpdu[0]), Some(0x24), "TP-SRI");
    let heard = stage.hear();
    assert!(heard.starts_with("\r\n+CDS: 25\r\n07915155550501F006010B915155550521F36210201"), "{heard}");
    assert!(heard.ends_with("00\r\n"), "{heard}");
}

#[test]
fn a_pin_is_asked_for_and_three_wrong_ones_block_the_card() {
    let mut stage = Stage::with(|options| options.pin = Some("1234".into()));
    let lines =
        ["AT+CMEE=1", "AT+CPIN?", "AT+CIMI", "AT+CMGF=0", "AT+CEREG?", "AT+CPIN=\"1234\"", "AT+CEREG?"];
    let expected = [
        "OK",
        "+CPIN: SIM PIN||OK",
        "+CME ERROR: 11",
        "+CMS ERROR: 311",
        "+CEREG: 0,0||OK",
        "OK",
        "+CEREG: 0,1||OK",
    ];
    assert_eq!(stage.answers(&lines), expected);
    stage.modem.reset(stage.now);
    stage.wait(seconds(4));
    let lines = ["AT+CMEE=1", "AT+CPIN=1", "AT+CPIN=2", "AT+CPIN=3", "AT+CPIN?", "AT+CPIN=1234", "AT+CMGF=0"];
    let wrong = "+CME ERROR: 16";
    let expected = ["OK", wrong, wrong, wrong, "+CPIN: SIM PUK||OK", "+CME ERROR: 12", "+CMS ERROR: 316"];
    assert_eq!(stage.answers(&lines), expected);
}

#[test]
fn a_reset_forgets_settings_and_keeps_messages() {
    let mut stage = Stage::direct(1);
    stage.modem.store("ME", &[0; 20]);
    stage.get(UserData::plain(GET));
    assert_eq!(stage.hear(), CMT);
    stage.modem.reset(stage.now);
    assert_eq!(stage.say("AT\r"), "", "nobody is there");
    assert_eq!(stage.modem.lost_bytes(), 3);
    assert_eq!(stage.wait(seconds(3)), "\r\nRDY\r\n\r\n+CFUN: 1\r\n");
    assert_eq!(stage.answers(&["AT+CNMI?", "AT+CSMS?"]), ["+CNMI: 0,0,0,0,0||OK", "+CSMS: 0,1,1,1||OK"]);
    stage.wait(seconds(60));
    assert_eq!(stage.modem.used("ME"), (2, 10), "the message that nobody acknowledged was stored");
}

#[test]
fn faults_strike_the_command_they_are_for() {
    let mut stage = Stage::new();
    stage.modem.fault(2, Fault::Silence);
    assert_eq!(stage.answers(&["AT", "AT", "AT"]), ["OK", "", "OK"]);
    stage.modem.fault_on("AT+CMGS", Fault::Result("+CMS ERROR: 500".into()));
    assert_eq!(stage.answers(&["AT+CSCA?", "AT+CMGS=44"])[1], "+CMS ERROR: 500");
    let lines = vec!["+CMT: ,1".into(), "0000".into()];
    stage.modem.fault(1, Fault::Unsolicited(lines));
    assert_eq!(stage.say("AT+CIMI\r"), "\r\n001010123456789\r\n\r\n+CMT: ,1\r\n0000\r\n\r\nOK\r\n");
    stage.modem.fault(1, Fault::NoResult);
    assert_eq!(stage.say("AT+CIMI\r"), "\r\n001010123456789\r\n");
    stage.modem.fault(1, Fault::Noise(b"\xff\x00".to_vec()));
    assert_eq!(stage.say("AT\r"), "\u{fffd}\0\r\nOK\r\n");
    stage.modem.fault_on("\x1a", Fault::Reset);
    stage.say("AT+CMGS=20\r");
    assert_eq!(stage.say("00\u{1a}"), "");
    assert_eq!(stage.wait(seconds(3)), "\r\nRDY\r\n\r\n+CFUN: 1\r\n");
    let now = stage.now;
    stage.modem.silent_until(now + 500);
    assert_eq!(stage.say("AT\r"), "");
}

#[test]
fn bytes_come_slowly_and_lines_stay_whole() {
    let mut stage = Stage::with(|options| options.chunk = (3, 10));
    stage.modem.input(0, b"AT+CIMI\r");
    stage.modem.say(20, "+CEREG: 1");
    let mut pieces = Vec::new();
    while let Some(due) = stage.modem.next_deadline() {
        pieces.push((due, stage.modem.output(due)));
    }
    assert!(pieces.iter().all(|(_, piece)| piece.len() <= 3));
    assert!(pieces.windows(2).all(|pair| pair[0].0 + 10 == pair[1].0), "{pieces:?}");
    let all = pieces.into_iter().flat_map(|(_, piece)| piece).collect::<Vec<_>>();
    assert_eq!(String::from_utf8(all).unwrap(), "\r\n001010123456789\r\n\r\nOK\r\n\r\n+CEREG: 1\r\n");
}

#[test]
fn lesser_models_lack_what_is_said() {
    let mut stage = Stage::with(|options| {
        (options.phase_2_plus, options.direct, options.quotes, options.lower_hex) =
            (false, false, false, true);
        options.unknown = vec!["+CGSMS"];
    });
    let lines =
        ["AT+CSMS=1", "AT+CSMS=0", "AT+CNMI=2,2,0,1,0", "AT+CNMI=2,1,0,1,0", "AT+CGSMS=1", "AT+CSCA?"];
    let expected = [
        "+CMS ERROR: 303",
        "+CSMS: 1,1,1||OK",
        "+CMS ERROR: 303",
        "OK",
        "ERROR",
        "+CSCA: +15555550100,145||OK",
    ];
    assert_eq!(stage.answers(&lines), expected);
    stage.get(UserData::plain(GET));
    assert_eq!(stage.hear(), "\r\n+CMTI: ME,1\r\n");
    assert!(stage.say("AT+CMGR=1\r").contains("0004621020104050000e44011234a1b2c3d4b1"));
}

#[test]
fn while_the_host_is_off_messages_are_stored_unread() {
    let mut stage = Stage::direct(1);
    stage.modem.plug(0, false);
    stage.get(UserData::plain(GET));
    assert_eq!(stage.hear(), "");
    stage.modem.plug(stage.now, true);
    assert_eq!(stage.say("AT+CMGL=0\r").matches("+CMGL: 1,0,,33").count(), 1);
}

#[test]
fn flight_mode_leaves_the_network() {
    let mut stage = Stage::direct(0);
    assert_eq!(stage.answers(&["AT+CEREG=1", "AT+CFUN=4"]), ["OK", "+CEREG: 0||OK"]);
    stage.get(UserData::plain(GET));
    assert_eq!(stage.wait(seconds(60)), "");
    assert_eq!(stage.say("AT+CFUN=1\r"), format!("\r\n+CEREG: 1\r\n{CMT}\r\nOK\r\n"));
}
