//! The line discipline (V.250 sections 5 and 6): lines, echo, prompts, responses, and where faults strike.

use super::options::When;
use super::{Fault, Modem};
use crate::sms::{CENTRE, address};
use crate::text::hex;

const BACKSPACE: u8 = 0x08;
const CTRL_Z: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;

/// What is asked for by `> `.
#[derive(Clone, Debug)]
pub(super) enum Prompt {
    Send { length: usize },
    Write { length: usize, status: u8 },
    Acknowledge { length: usize, fine: bool },
}

/// How a command ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ok,
    Error,
    /// `+CME ERROR`.
    Equipment(u16),
    /// `+CMS ERROR`.
    Message(u16),
    Result(String),
}

/// What a command says.
pub(super) enum Reply {
    Said(Vec<String>),
    Prompt(Prompt),
    /// The modem is gone: it resets.
    Gone,
}

/// The service centre's address before a TPDU.
pub(super) fn with_centre(tpdu: &[u8]) -> Vec<u8> {
    [&address::centre(CENTRE), tpdu].concat()
}

pub(super) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let nibble = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let nibbles: Option<Vec<u8>> =
        text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(nibble).collect();
    let nibbles = nibbles.filter(|nibbles| nibbles.len().is_multiple_of(2))?;
    Some(nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Splits a command line's body at semicolons outside quotes.
fn split(body: &str) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for c in body.chars() {
        quoted ^= c == '"';
        match parts.last_mut() {
            Some(part) if c != ';' || quoted => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

impl Modem {
    /// One byte of the host.
    pub(super) fn byte(&mut self, byte: u8) {
        if self.booted_at.is_some() || self.now < self.silent_until {
            self.lost_bytes += 1;
        } else if self.prompt.is_some() {
            self.prompted(byte);
        } else if self.now < self.busy_until {
            if self.options.type_ahead {
                self.ahead.push_back(byte);
            } else {
                // the line feed after a carriage return is no loss
                self.lost_bytes += usize::from(byte != b'\n');
            }
        } else {
            self.typed(byte);
        }
    }

    fn typed(&mut self, byte: u8) {
        if self.settings.echo {
            self.wire.put(self.now, &[byte]);
        }
        match byte {
            b'\r' => {
                let line = std::mem::take(&mut self.line);
                self.command_line(String::from_utf8_lossy(&line).trim());
            }
            BACKSPACE => _ = self.line.pop(),
            b'\n' | ESCAPE | CTRL_Z => {}
            _ if self.line.len() < 1024 => self.line.push(byte),
            _ => self.lost_bytes += 1,
        }
    }

    fn prompted(&mut self, byte: u8) {
        if self.settings.echo && !matches!(byte, CTRL_Z | ESCAPE) {
            self.wire.put(self.now, &[byte]);
        }
        match byte {
            ESCAPE => {
                (self.prompt, self.line) = (None, Vec::new());
                self.respond(&[], &End::Ok, self.options.delay, None);
            }
            CTRL_Z => {
                let line = std::mem::take(&mut self.line);
                if let Some(prompt) = self.prompt.take() {
                    self.body(prompt, &line);
                }
            }
            _ if self.line.len() < 1024 => self.line.push(byte),
            _ => self.lost_bytes += 1,
        }
    }

    /// The fault that is ordered for this command line.
    fn strike(&mut self, line: &str) -> Option<Fault> {
        let mut struck = None;
        for (place, (when, _)) in self.faults.iter_mut().enumerate() {
            let now = match when {
                When::Nth(n) => {
                    *n = n.saturating_sub(1);
                    *n == 0
                }
                When::Prefix(prefix) => line.starts_with(prefix.as_str()),
            };
            struck = struck.or(now.then_some(place));
        }
        struck.map(|place| self.faults.remove(place).1)
    }

    fn command_line(&mut self, line: &str) {
        let line = if line.eq_ignore_ascii_case("A/") { self.last_line.clone() } else { line.to_owned() };
        // what is before AT is noise
        let upper = line.to_ascii_uppercase();
        let Some(start) = upper.find("AT") else { return };
        let line = line[start..].to_owned();
        self.last_line.clone_from(&line);
        self.commands.push((self.now, line.clone()));
        let fault = self.strike(&line);
        match &fault {
            Some(Fault::Silence) => return,
            Some(Fault::Reset) => return self.reset(self.now),
            Some(Fault::Result(result)) => {
                return self.respond(&[], &End::Result(result.clone()), self.options.delay, None);
            }
            _ => {}
        }
        self.slot.asked = false;
        let mut said = Vec::new();
        for command in split(&line[2..]) {
            match self.command(command.trim()) {
                Ok(Reply::Said(lines)) => said.extend(lines),
                Ok(Reply::Prompt(prompt)) => return self.ask(prompt, fault.as_ref()),
                Ok(Reply::Gone) => return,
                Err(end) => return self.respond(&said, &end, self.delay(), fault.as_ref()),
            }
        }
        self.respond(&said, &End::Ok, self.delay(), fault.as_ref());
    }

    /// How long the command line takes.
    const fn delay(&self) -> u64 {
        self.options.delay + if self.slot.asked { self.options.card_delay } else { 0 }
    }

    fn ask(&mut self, prompt: Prompt, fault: Option<&Fault>) {
        let mut at = self.now + self.options.delay;
        match fault {
            Some(Fault::Slow(more)) => at += more,
            Some(Fault::Noise(bytes)) => self.wire.put(at, bytes),
            Some(Fault::Unsolicited(lines)) => {
                let text = self.framed(lines);
                self.wire.put(at, &text);
            }
            _ => {}
        }
        if fault != Some(&Fault::NoResult) {
            self.wire.put(at, b"\r\n> ");
        }
        self.prompt = Some(prompt);
    }

    /// What came after a prompt.
    fn body(&mut self, prompt: Prompt, text: &[u8]) {
        let line = format!("\x1a{}", String::from_utf8_lossy(text).trim());
        self.commands.push((self.now, line.clone()));
        let fault = self.strike(&line);
        match &fault {
            Some(Fault::Silence) => return,
            Some(Fault::Reset) => return self.reset(self.now),
            Some(Fault::Result(result)) => {
                return self.respond(&[], &End::Result(result.clone()), self.options.delay, None);
            }
            _ => {}
        }
        let sends = matches!(prompt, Prompt::Send { .. });
        let delay = if sends { self.options.send_delay } else { self.options.delay };
        match from_hex(text).ok_or(End::Message(304)).and_then(|bytes| self.pdu(&prompt, bytes)) {
            Ok(lines) => self.respond(&lines, &End::Ok, delay, fault.as_ref()),
            Err(end) => self.respond(&[], &end, delay, fault.as_ref()),
        }
    }

    /// Lines as they are framed: `CR LF text CR LF`, or `text CR LF` with ATV0.
    pub(super) fn framed(&self, lines: &[impl AsRef<str>]) -> Vec<u8> {
        let mut text = if self.settings.verbose { b"\r\n".to_vec() } else { Vec::new() };
        for line in lines {
            text.extend(line.as_ref().bytes().chain(*b"\r\n"));
        }
        text
    }

    /// A PDU as it is shown.
    pub(super) fn shown(&self, line: &[u8]) -> String {
        let text = hex(line);
        if self.options.lower_hex { text } else { text.to_ascii_uppercase() }
    }

    /// A text in a response.
    pub(super) fn quoted(&self, text: &str) -> String {
        if self.options.quotes { format!("\"{text}\"") } else { text.to_owned() }
    }

    fn respond(&mut self, lines: &[String], end: &End, delay: u64, fault: Option<&Fault>) {
        let mut at = self.now + delay;
        if let Some(Fault::Slow(more)) = fault {
            at += more;
        }
        self.busy_until = at;
        if let Some(Fault::Noise(bytes)) = fault {
            self.wire.put(at, bytes);
        }
        if !lines.is_empty() {
            let text = self.framed(lines);
            self.wire.put(at, &text);
        }
        if let Some(Fault::Unsolicited(lines)) = fault {
            let text = self.framed(lines);
            self.wire.put(at, &text);
        }
        if fault != Some(&Fault::NoResult) && !self.settings.quiet {
            let text = self.result(end);
            self.wire.put(at, &text);
        }
    }

    /// A final result code (V.250 section 5.7.1, TS 27.007 section 9.2, TS 27.005 section 3.2.5).
    fn result(&self, end: &End) -> Vec<u8> {
        let (word, digit) = match end {
            End::Ok => ("OK".to_owned(), Some(b'0')),
            End::Error => ("ERROR".to_owned(), Some(b'4')),
            End::Equipment(_) if self.settings.errors == 0 => ("ERROR".to_owned(), Some(b'4')),
            End::Equipment(n) if self.settings.errors == 2 => (format!("+CME ERROR: {}", in_words(*n)), None),
            End::Equipment(n) => (format!("+CME ERROR: {n}"), None),
            End::Message(n) => (format!("+CMS ERROR: {n}"), None),
            End::Result(text) => (text.clone(), None),
        };
        match digit.filter(|_| !self.settings.verbose) {
            Some(digit) => vec![digit, b'\r'],
            None => self.framed(&[word]),
        }
    }
}

/// `+CMEE=2` (TS 27.007 section 9.2.1).
const fn in_words(error: u16) -> &'static str {
    match error {
        3 => "operation not allowed",
        4 => "operation not supported",
        10 => "SIM not inserted",
        11 => "SIM PIN required",
        12 => "SIM PUK required",
        13 => "SIM failure",
        14 => "SIM busy",
        16 => "incorrect password",
        20 => "memory full",
        21 => "invalid index",
        22 => "not found",
        50 => "incorrect parameters",
        _ => "unknown",
    }
}
