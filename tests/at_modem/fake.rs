//! A modem as a script of what TS 27.005 and TS 27.007 say, with faults on demand, and the network behind it.

use crate::fake_card::CardModel;
use std::collections::{BTreeMap, VecDeque};

/// What goes wrong with one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `ERROR`, and nothing is done.
    Error,
    /// `+CME ERROR: n`
    Equipment(u16),
    /// `+CMS ERROR: n`
    Message(u16),
    /// Neither done nor answered.
    Silence,
    /// Done, but not answered.
    Mute,
    /// Not done; bytes that mean nothing come instead.
    Garbage,
    /// Done, and the answer stops in the middle.
    Half,
    /// Not done: the modem starts anew and says so.
    Banner,
    /// Not done: the modem starts anew and does not say so.
    Reset,
    /// Not done, but answered with OK.
    Lie,
}

pub const FAULTS: [Fault; 10] = [
    Fault::Error,
    Fault::Equipment(14),
    Fault::Message(500),
    Fault::Silence,
    Fault::Mute,
    Fault::Garbage,
    Fault::Half,
    Fault::Banner,
    Fault::Reset,
    Fault::Lie,
];

/// What a start leaves of the settings.
#[derive(Clone, Default)]
struct Settings {
    no_echo: bool,
    numbers: bool,
    digits: bool,
    pdu_mode: bool,
    service: u8,
    /// `mt` and `ds` of +CNMI.
    routing: (u8, u8),
    unlocked: bool,
    packet_reports: bool,
    selected: String,
}

pub struct Fake {
    settings: Settings,
    line: Vec<u8>,
    body: Option<usize>,
    out: VecDeque<(u64, Vec<u8>)>,
    pub now: u64,
    pub latency: u64,
    /// Each command line and each body that came, in order.
    pub commands: Vec<String>,
    /// Faults of the commands to come, by their number.
    pub faults: BTreeMap<usize, Fault>,
    /// Commands, by their beginning, that this modem does not know, and what it says then.
    pub unknown: Vec<(&'static str, &'static str)>,
    /// Commands that always are left without an answer.
    pub deaf_to: Vec<&'static str>,
    pub storage: BTreeMap<(String, u16), (u8, String)>,
    pub capacity: u16,
    pub registered: u8,
    pub pin: Option<&'static str>,
    pub pins_entered: usize,
    pub always_echoes: bool,
    pub starts_in_digits: bool,
    /// Nothing at all is answered.
    pub dead: bool,
    /// What the network was given: TPDUs.
    pub sent: Vec<String>,
    /// What the network has for us: whole PDUs with the service centre's address.
    network: VecDeque<String>,
    /// A direct delivery that waits for +CNMA until then.
    unacknowledged: Option<u64>,
    next_delivery: u64,
    pub repeats: usize,
    pub card: CardModel,
}

impl Fake {
    pub fn new() -> Self {
        Self {
            settings: Settings { selected: "SM".into(), ..Settings::default() },
            line: vec![],
            body: None,
            out: VecDeque::new(),
            now: 0,
            latency: 10,
            commands: vec![],
            faults: BTreeMap::new(),
            unknown: vec![],
            deaf_to: vec![],
            storage: BTreeMap::new(),
            capacity: 10,
            registered: 1,
            pin: None,
            pins_entered: 0,
            always_echoes: false,
            starts_in_digits: false,
            dead: false,
            sent: vec![],
            network: VecDeque::new(),
            unacknowledged: None,
            next_delivery: 0,
            repeats: 0,
            card: CardModel::new(),
        }
    }

    /// Bytes that the modem sends now.
    pub fn say(&mut self, text: &str) {
        self.out.push_back((self.now + self.latency, text.as_bytes().to_vec()));
    }

    fn line_out(&mut self, text: &str) {
        self.say(&format!("\r\n{text}\r\n"));
    }

    /// A message from the network for this modem.
    pub fn deliver(&mut self, pdu: &str) {
        self.network.push_back(pdu.to_owned());
    }

    /// What the network has not got rid of yet.
    pub fn undelivered(&self) -> usize {
        self.network.len()
    }

    pub fn store(&mut self, storage: &str, index: u16, pdu: &str) {
        self.storage.insert((storage.into(), index), (0, pdu.into()));
    }

    pub fn register(&mut self, stat: u8) {
        self.registered = stat;
        if self.settings.packet_reports {
            self.line_out(&format!("+CEREG: {stat}"));
        }
    }

    pub fn reset(&mut self, banner: bool) {
        self.settings =
            Settings { selected: "SM".into(), digits: self.starts_in_digits, ..Settings::default() };
        self.line.clear();
        self.body = None;
        self.unacknowledged = None;
        self.out.clear();
        self.card.reset();
        if banner {
            self.line_out("RDY");
        }
    }

    /// When something will come by itself.
    pub fn next(&self) -> Option<u64> {
        let out = self.out.front().map(|(at, _)| *at);
        let delivery = (!self.network.is_empty()).then_some(self.next_delivery.max(self.now + 1));
        let waiting = self.unacknowledged;
        [out, if waiting.is_some() { waiting } else { delivery }].into_iter().flatten().min()
    }

    /// Lets time pass; what comes out meanwhile.
    pub fn run(&mut self, now: u64) -> Vec<u8> {
        self.now = now;
        if self.unacknowledged.is_some_and(|until| now >= until) {
            // TS 27.005: without an acknowledgement the modem ends the routing, and the network tries again later
            self.unacknowledged = None;
            self.settings.routing = (0, 0);
            self.next_delivery = now + 30_000;
            self.repeats += 1;
        }
        if self.unacknowledged.is_none() && now >= self.next_delivery && !self.dead {
            self.deliver_next();
        }
        let mut bytes = vec![];
        while self.out.front().is_some_and(|(at, _)| *at <= now) {
            bytes.extend(self.out.pop_front().unwrap().1);
        }
        bytes
    }

    fn deliver_next(&mut self) {
        let Some(pdu) = self.network.front().cloned() else { return };
        let report = is_report(&pdu);
        let direct = if report { self.settings.routing.1 == 1 } else { self.settings.routing.0 == 2 };
        if direct {
            let length = pdu.len() / 2 - 1 - usize::from(octet(&pdu, 0));
            let head = if report { format!("+CDS: {length}") } else { format!("+CMT: ,{length}") };
            self.say(&format!("\r\n{head}\r\n{pdu}\r\n"));
            if self.settings.service == 1 {
                self.unacknowledged = Some(self.now + 15_000);
            } else {
                self.network.pop_front();
            }
            return;
        }
        let free = (1..=self.capacity).find(|index| !self.storage.contains_key(&("ME".into(), *index)));
        match free {
            Some(index) => {
                self.network.pop_front();
                self.store("ME", index, &pdu);
                if self.settings.routing.0 == 1 {
                    self.line_out(&format!("+CMTI: \"ME\",{index}"));
                }
            }
            None => self.next_delivery = self.now + 30_000,
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match (byte, self.body) {
                (0x1a, Some(length)) => {
                    let body = String::from_utf8(std::mem::take(&mut self.line)).unwrap();
                    self.body = None;
                    self.commands.push(format!("body {body}"));
                    self.body_came(length, &body);
                }
                (0x1b, Some(_)) => {
                    self.body = None;
                    self.line.clear();
                    self.line_out("OK");
                }
                (0x1b, None) => {}
                (b'\r', None) => {
                    let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                    self.command_came(&line);
                }
                _ => self.line.push(byte),
            }
        }
    }

    fn command_came(&mut self, line: &str) {
        let at = line.to_uppercase().rfind("AT").unwrap_or(0);
        let line = &line[at..];
        if self.dead {
            return;
        }
        self.commands.push(line.to_owned());
        if !self.settings.no_echo || self.always_echoes {
            self.say(&format!("{line}\r"));
        }
        if self.deaf_to.iter().any(|start| line.starts_with(start)) {
            return;
        }
        if let Some((_, answer)) = self.unknown.iter().find(|(start, _)| line.starts_with(start)) {
            return self.line_out(answer);
        }
        let number = self.commands.len() - 1;
        let fault = self.faults.remove(&number);
        let before = self.out.len();
        match fault {
            Some(fault) => self.fail(fault, line),
            None => {
                if let Some(result) = self.execute(line) {
                    self.end(result);
                }
            }
        }
        if matches!(fault, Some(Fault::Half)) {
            let answer: Vec<u8> = self.out.drain(before..).flat_map(|(_, bytes)| bytes).collect();
            self.out.push_back((self.now + self.latency, answer[..answer.len() / 2].to_vec()));
        } else if matches!(fault, Some(Fault::Mute)) {
            self.out.truncate(before);
        }
    }

    fn end(&mut self, result: &str) {
        match (result, self.settings.digits) {
            ("OK", true) => self.say("0\r"),
            ("ERROR", true) => self.say("4\r"),
            _ => self.line_out(result),
        }
    }

    fn fail(&mut self, fault: Fault, line: &str) {
        match fault {
            Fault::Error => self.end("ERROR"),
            Fault::Equipment(code) => self.line_out(&format!("+CME ERROR: {code}")),
            Fault::Message(code) => self.line_out(&format!("+CMS ERROR: {code}")),
            Fault::Silence => {}
            Fault::Garbage => {
                self.out.push_back((self.now, b"\xff\x00\x80~~\r\n+CM\xe7: ,,,\"\r\n0123456789\r\n".to_vec()))
            }
            Fault::Mute | Fault::Half => {
                if let Some(result) = self.execute(line) {
                    self.end(result);
                }
            }
            Fault::Banner => self.reset(true),
            Fault::Reset => self.reset(false),
            Fault::Lie => self.end("OK"),
        }
    }

    /// Does what a command says; its result, `None` for a prompt.
    fn execute(&mut self, line: &str) -> Option<&'static str> {
        let sim = self.pin.is_none() || self.settings.unlocked;
        if let Some(result) = self.execute_card(line) {
            return Some(result);
        }
        Some(match line {
            "AT" => "OK",
            "ATE0" => {
                self.settings.no_echo = true;
                "OK"
            }
            "ATV1" => {
                self.settings.digits = false;
                "OK"
            }
            "AT+CMEE=1" => {
                self.settings.numbers = true;
                "OK"
            }
            "AT+CPIN?" if self.card.missing => "+CME ERROR: 10",
            "AT+CPIN?" => {
                self.line_out(if sim { "+CPIN: READY" } else { "+CPIN: SIM PIN" });
                "OK"
            }
            _ if line.starts_with("AT+CPIN=") => {
                self.pins_entered += 1;
                if Some(line.trim_start_matches("AT+CPIN=").trim_matches('"')) == self.pin {
                    self.settings.unlocked = true;
                    "OK"
                } else {
                    "+CME ERROR: 16"
                }
            }
            "AT+CEREG=1" => {
                self.settings.packet_reports = true;
                "OK"
            }
            "AT+CREG=1" => "OK",
            "AT+CEREG?" => {
                self.line_out(&format!("+CEREG: 1,{}", self.registered));
                "OK"
            }
            "AT+CREG?" => {
                self.line_out("+CREG: 1,0");
                "OK"
            }
            _ if !sim => "+CMS ERROR: 311",
            "AT+CSMS=1" => {
                self.settings.service = 1;
                self.line_out("+CSMS: 1,1,1");
                "OK"
            }
            "AT+CSMS=0" | "AT+CGSMS=2" => "OK",
            "AT+CMGF=0" => {
                self.settings.pdu_mode = true;
                "OK"
            }
            "AT+CSCA?" => {
                self.line_out("+CSCA: \"+15555550100\",145");
                "OK"
            }
            _ => return self.execute_message(line),
        })
    }

    fn execute_message(&mut self, line: &str) -> Option<&'static str> {
        if line.starts_with("AT+CSCA=") {
            return Some("OK");
        }
        if let Some(storage) = line.strip_prefix("AT+CPMS=\"") {
            self.settings.selected = storage[..2].to_owned();
            self.line_out("+CPMS: 0,10,0,10,0,10");
            return Some("OK");
        }
        if let Some(values) = line.strip_prefix("AT+CNMI=") {
            let values: Vec<u8> = values.split(',').map(|value| value.parse().unwrap()).collect();
            self.settings.routing = (values[1], values[3]);
            return Some("OK");
        }
        if line == "AT+CNMI?" {
            let (messages, reports) = self.settings.routing;
            self.line_out(&format!("+CNMI: 2,{messages},0,{reports},0"));
            return Some("OK");
        }
        if line == "AT+CNMA" || line == "AT+CNMA=0" {
            return Some(match self.unacknowledged.take() {
                Some(_) => {
                    self.network.pop_front();
                    self.next_delivery = self.now + 100;
                    "OK"
                }
                None => "+CMS ERROR: 340",
            });
        }
        if self.settings.pdu_mode { self.execute_in_pdu_mode(line) } else { Some("ERROR") }
    }

    fn execute_in_pdu_mode(&mut self, line: &str) -> Option<&'static str> {
        let number = |text: &str| line.trim_start_matches(text).parse::<u16>().ok();
        let selected = self.settings.selected.clone();
        if line == "AT+CMGL=4" {
            for ((_, index), (stat, pdu)) in self.storage.clone().iter().filter(|((s, _), _)| *s == selected)
            {
                let length = pdu.len() / 2 - 1 - usize::from(octet(pdu, 0));
                self.say(&format!("\r\n+CMGL: {index},{stat},,{length}\r\n{pdu}\r\n"));
            }
            return Some("OK");
        }
        if let Some(index) = number("AT+CMGR=").filter(|_| line.starts_with("AT+CMGR=")) {
            return Some(match self.storage.get_mut(&(selected, index)) {
                Some((stat, pdu)) => {
                    let (was, pdu) = (std::mem::replace(stat, 1), pdu.clone());
                    let length = pdu.len() / 2 - 1 - usize::from(octet(&pdu, 0));
                    self.say(&format!("\r\n+CMGR: {was},,{length}\r\n{pdu}\r\n"));
                    "OK"
                }
                None => "+CMS ERROR: 321",
            });
        }
        if let Some(index) = number("AT+CMGD=").filter(|_| line.starts_with("AT+CMGD=")) {
            return Some(match self.storage.remove(&(selected, index)) {
                Some(_) => "OK",
                None => "+CMS ERROR: 321",
            });
        }
        if let Some(length) = number("AT+CMGS=").filter(|_| line.starts_with("AT+CMGS=")) {
            self.body = Some(length.into());
            self.say("\r\n> ");
            return None;
        }
        Some("ERROR")
    }

    fn body_came(&mut self, length: usize, body: &str) {
        let number = self.commands.len() - 1;
        if !self.settings.no_echo {
            self.say(&format!("{body}\x1a"));
        }
        let good = body.len() == 2 + 2 * length && body.starts_with("00");
        let fault = self.faults.remove(&number);
        let before = self.out.len();
        match fault {
            Some(Fault::Mute | Fault::Half) | None => {
                if good && matches!(self.registered, 1 | 5 | 6 | 7) {
                    self.sent.push(body[2..].to_owned());
                    self.line_out("+CMGS: 7");
                    self.line_out("OK");
                } else {
                    self.line_out(if good { "+CMS ERROR: 331" } else { "+CMS ERROR: 304" });
                }
            }
            Some(fault) => self.fail(fault, "AT"),
        }
        match fault {
            Some(Fault::Mute) => self.out.truncate(before),
            Some(Fault::Half) => {
                let answer: Vec<u8> = self.out.drain(before..).flat_map(|(_, bytes)| bytes).collect();
                self.out.push_back((self.now + self.latency, answer[..answer.len() / 2].to_vec()));
            }
            _ => {}
        }
    }
}

fn octet(pdu: &str, at: usize) -> u8 {
    u8::from_str_radix(&pdu[at * 2..at * 2 + 2], 16).unwrap()
}

/// TP-MTI of what the network sends: 2 is SMS-STATUS-REPORT.
fn is_report(pdu: &str) -> bool {
    octet(pdu, 1 + usize::from(octet(pdu, 0))) & 3 == 2
}
