//! The card in the scripted modem, and the modem's commands for it (TS 27.007 sections 8.17, 8.18, 8.45 to 8.47).

use crate::bench::{hex, octets};
use crate::fake::Fake;
use std::collections::BTreeMap;

/// The application on it: a proprietary AID.
pub const AID: &str = "F057484D4252454C01";
/// What SELECT of it tells.
pub const APPLICATION_FCP: &str = "620D8202782184 09F057484D4252454C01";
pub const ICCID: &str = "89101000000000000000";
pub const RECORD: &str = "610B4F09F057484D4252454C01FFFF";
const FILES: [(u16, &str, &str); 2] =
    [(0x2f00, "6208820542210 00F01", RECORD), (0x2fe2, "620A8202412183022FE28002000A", ICCID)];

#[derive(Clone, Copy, Default)]
struct Channel {
    open: bool,
    application: bool,
    file: Option<usize>,
}

/// A card with one application: INS 10 gives back what it is given, INS 12 a response of the length asked for.
pub struct CardModel {
    channels: [Channel; 4],
    /// The commands that it saw.
    pub seen: Vec<String>,
    sessions: BTreeMap<u32, u8>,
    next_session: u32,
    /// There is none.
    pub missing: bool,
    /// How often it is busy.
    pub busy: usize,
    /// What +CCHO says if there is no such application.
    pub refusal: &'static str,
    /// +CCHO answers with a number alone.
    pub bare: bool,
    /// What comes before the answer line, and again behind it.
    pub meanwhile: String,
    /// The answer line is another one.
    pub twist: Option<fn(&str) -> String>,
}

impl CardModel {
    pub fn new() -> Self {
        Self {
            channels: Default::default(),
            seen: vec![],
            sessions: BTreeMap::new(),
            next_session: 1,
            missing: false,
            busy: 0,
            refusal: "+CME ERROR: 22",
            bare: false,
            meanwhile: String::new(),
            twist: None,
        }
    }

    /// Power off and on.
    pub fn reset(&mut self) {
        self.channels = Default::default();
        self.sessions.clear();
    }

    /// Which channels are open.
    pub fn open(&self) -> Vec<usize> {
        (1..4).filter(|channel| self.channels[*channel].open).collect()
    }

    fn command(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.seen.push(hex(apdu));
        let (class, head) = (apdu[0], [apdu[1], apdu[2], apdu[3]]);
        let number = usize::from(class & 3);
        if number > 0 && !self.channels[number].open {
            return vec![0x68, 0x81];
        }
        let length = apdu.get(4).map_or(0, |length| usize::from(*length));
        let data = apdu.get(5..5 + length).unwrap_or(&[]);
        let channel = &mut self.channels[number];
        match head {
            [0x70, 0, 0] => match (1..4).find(|channel| !self.channels[*channel].open) {
                Some(free) => {
                    self.channels[free] = Channel { open: true, ..Channel::default() };
                    vec![free as u8, 0x90, 0]
                }
                None => vec![0x6a, 0x81],
            },
            [0x70, 0x80, closed @ 1..4] => {
                self.channels[usize::from(closed)] = Channel::default();
                vec![0x90, 0]
            }
            [0xa4, 4, _] if data == octets(AID) => {
                channel.application = true;
                with(&octets(&APPLICATION_FCP.replace(' ', "")), 0x9000)
            }
            [0xa4, 0, _] => match FILES.iter().position(|(file, ..)| file.to_be_bytes() == data) {
                Some(file) => {
                    channel.file = Some(file);
                    with(&octets(&FILES[file].1.replace(' ', "")), 0x9000)
                }
                None => vec![0x6a, 0x82],
            },
            [0xa4, ..] => vec![0x6a, 0x82],
            [0xb0 | 0xb2, p1, p2] => {
                let Some((_, _, content)) = channel.file.map(|file| FILES[file]) else {
                    return vec![0x69, 0x86];
                };
                let content = octets(content);
                let from = if head[0] == 0xb0 { usize::from(p1) << 8 | usize::from(p2) } else { 0 };
                if head[0] == 0xb2 && p1 != 1 {
                    return vec![0x6a, 0x83];
                }
                let end = if length == 0 { content.len() } else { content.len().min(from + length) };
                content.get(from..end).map_or(vec![0x6b, 0], |part| with(part, 0x9000))
            }
            [0x10, p1, p2] if channel.application => with(&[&[p1, p2], data].concat(), 0x9000),
            [0x12, p1, _] if channel.application => {
                let length = if length == 0 { 256 } else { length };
                with(&(0..length).map(|at| p1 ^ at as u8).collect::<Vec<_>>(), 0x9000)
            }
            [0x10 | 0x12, ..] => vec![0x69, 0x85],
            _ => vec![0x6d, 0],
        }
    }
}

fn with(data: &[u8], word: u16) -> Vec<u8> {
    [data, &word.to_be_bytes()].concat()
}

impl Fake {
    /// Does what a command for the card says; `None`: it is none of them.
    pub fn execute_card(&mut self, line: &str) -> Option<&'static str> {
        let (name, rest) = line.strip_prefix("AT")?.split_once('=')?;
        if !["+CSIM", "+CCHO", "+CGLA", "+CCHC", "+CRSM"].contains(&name) {
            return None;
        }
        if rest == "?" {
            return Some("OK");
        }
        if self.card.missing {
            return Some("+CME ERROR: 10");
        }
        if self.card.busy > 0 {
            self.card.busy -= 1;
            return Some("+CME ERROR: 14");
        }
        let parts: Vec<&str> = rest.split(',').collect();
        let answer = match (name, parts.as_slice()) {
            ("+CSIM", [digits, text]) => self.apdu(None, digits, text),
            ("+CGLA", [session, digits, text]) => {
                let channel = self.card.sessions.get(&session.parse().unwrap()).copied();
                channel.and_then(|channel| self.apdu(Some(channel), digits, text))
            }
            ("+CCHO", [name]) => match self.open_session(name.trim_matches('"')) {
                Ok(answer) => Some(answer),
                Err(refusal) => return Some(refusal),
            },
            ("+CCHC", [session]) => {
                let Some(channel) = self.card.sessions.remove(&session.parse().unwrap()) else {
                    return Some("+CME ERROR: 21");
                };
                self.card.command(&[0, 0x70, 0x80, channel]);
                return Some("OK");
            }
            ("+CRSM", [instruction, file, p1, p2, p3]) => {
                let [instruction, p1, p2, p3] =
                    [instruction, p1, p2, p3].map(|part| part.parse::<u8>().unwrap());
                let file: u16 = file.parse().unwrap();
                let [high, low] = file.to_be_bytes();
                let mut response = self.card.command(&[0, 0xa4, 0, 4, 2, high, low]);
                if instruction != 192 && response.ends_with(&[0x90, 0]) {
                    response = self.card.command(&[0, instruction, p1, p2, p3]);
                }
                let word = response.split_off(response.len() - 2);
                let data =
                    if response.is_empty() { String::new() } else { format!(",\"{}\"", hex(&response)) };
                Some(format!("+CRSM: {},{}{data}", word[0], word[1]))
            }
            _ => None,
        };
        let Some(answer) = answer else { return Some("+CME ERROR: 50") };
        let answer = self.card.twist.map_or(answer.clone(), |twist| twist(&answer));
        let meanwhile = self.card.meanwhile.clone();
        self.say(&format!("{meanwhile}\r\n{answer}\r\n{meanwhile}"));
        Some("OK")
    }

    /// An APDU as +CSIM has it, or as +CGLA has it for that channel.
    fn apdu(&mut self, channel: Option<u8>, digits: &str, text: &str) -> Option<String> {
        let text = text.strip_prefix('"')?.strip_suffix('"')?;
        if digits.parse() != Ok(text.len()) || text.len() % 2 != 0 || text.len() < 8 {
            return None;
        }
        let mut apdu = octets(text);
        if let Some(channel) = channel {
            assert_eq!(apdu[0] & 3, 0, "the channel is the modem's: {text}");
            apdu[0] |= channel;
        }
        let response = hex(&self.card.command(&apdu));
        let name = if channel.is_some() { "+CGLA" } else { "+CSIM" };
        Some(format!("{name}: {},\"{response}\"", response.len()))
    }

    fn open_session(&mut self, name: &str) -> Result<String, &'static str> {
        let channel = match self.card.command(&[0, 0x70, 0, 0, 1])[..] {
            [channel, 0x90, 0] => channel,
            _ => return Err("+CME ERROR: 20"),
        };
        let name = octets(name);
        let select = [&[channel, 0xa4, 4, 0, name.len() as u8], &name[..]].concat();
        if !self.card.command(&select).ends_with(&[0x90, 0]) {
            self.card.command(&[0, 0x70, 0x80, channel]);
            return Err(self.card.refusal);
        }
        let session = self.card.next_session;
        self.card.next_session += 1;
        self.card.sessions.insert(session, channel);
        Ok(if self.card.bare { session.to_string() } else { format!("+CCHO: {session}") })
    }
}
