//! The AT dialogue with any bytes between good answers, with time, sends and a line that comes and goes.
//!
//! What must hold: one command in flight; a body only after a prompt, as long as announced; a PIN once until it was
//! accepted; a deadline that is never in the past; TPDUs out of the queue that fit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::at::{Config, LINE_MIN, Memory, Message, Modem, TPDU_MAX};
use whimbrel::error::Error;
use whimbrel::time::Instant;
use whimbrel_fuzz::bytes::Bytes;

/// What stands on the line, as somebody sees it who looks on.
#[derive(Default)]
struct Watcher {
    now: u64,
    /// What the engine has written since the last end of a command.
    written: Vec<u8>,
    command: Vec<u8>,
    /// When the last command ended, and whether something came since that can be its end.
    ended: Option<u64>,
    answered: bool,
    prompted: bool,
    pin_spent: bool,
    /// The line that comes in.
    line: Vec<u8>,
}

impl Watcher {
    fn hears(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\r' | b'\n' => self.line_ends(),
                b'>' if self.line.is_empty() => self.prompted = true,
                b' ' if self.line.is_empty() => {}
                0..=0x1f | 0x7f => {}
                _ => self.line.push(byte),
            }
        }
    }

    fn line_ends(&mut self) {
        let line = std::mem::take(&mut self.line);
        let starts = |start: &[u8]| line.starts_with(start);
        self.answered |=
            starts(b"OK") || starts(b"ERROR") || starts(b"+CM") || starts(b"NO ") || starts(b"BUSY");
        self.answered |= starts(b"ABORTED") || line == b"0" || line == b"4";
        let has = |word: &[u8]| line.windows(word.len()).any(|window| window == word);
        // accepted, or a SIM that had no time, or a modem that knows no SIM
        let accepted = [&b"READY"[..], b"PIN2", b"PUK2", b"14", b"4"].iter().any(|word| has(word));
        self.pin_spent &= !accepted;
    }

    fn writes(&mut self, byte: u8) {
        match byte {
            0x1b => self.written.clear(),
            b'\r' => {
                if let Some(ended) = self.ended {
                    assert!(self.answered || self.now >= ended + 1_000, "two commands in flight");
                }
                self.command = std::mem::take(&mut self.written);
                self.ended = Some(self.now);
                self.answered = false;
                self.prompted = false;
                if self.command.windows(8).any(|window| window == b"AT+CPIN=") {
                    assert!(!self.pin_spent, "a PIN that may be wrong is entered again");
                    self.pin_spent = true;
                }
            }
            0x1a => {
                assert!(self.prompted, "a body without a prompt");
                let body = std::mem::take(&mut self.written);
                let length = self.command.rsplit(|byte| *byte == b'=').next().unwrap();
                let length: usize = std::str::from_utf8(length).unwrap().parse().unwrap();
                assert!(body.starts_with(b"00") && body.len() == 2 + 2 * length, "a body of another length");
                assert!(body.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F')));
                self.ended = Some(self.now);
                self.answered = false;
            }
            _ => self.written.push(byte),
        }
    }

    /// What a good modem would say now.
    fn good(&self, message: u8) -> Vec<u8> {
        let command = &self.command;
        let starts = |start: &[u8]| command.starts_with(start);
        let pdu = format!("0004{message:02X}A5");
        let (info, result) = match () {
            () if starts(b"AT+CMGS") && !self.prompted => return b"\r\n> ".to_vec(),
            () if starts(b"AT+CPIN?") && message > 250 => ("+CPIN: SIM PIN".into(), "OK"),
            () if starts(b"AT+CPIN?") => ("+CPIN: READY".into(), "OK"),
            () if starts(b"AT+CEREG?") => (format!("+CEREG: 1,{}", if message > 230 { 2 } else { 1 }), "OK"),
            () if starts(b"AT+CSCA?") => ("+CSCA: \"+1555\",145".into(), "OK"),
            () if starts(b"AT+CNMI?") => {
                (format!("+CNMI: 2,{},0,1,0", if message > 250 { 0 } else { 2 }), "OK")
            }
            () if starts(b"AT+CPMS") => ("+CPMS: 1,2,3".into(), "OK"),
            () if starts(b"AT+CMGL") && message % 2 == 0 => (format!("+CMGL: {message},1,,3\r\n{pdu}"), "OK"),
            () if starts(b"AT+CMGR") => (format!("+CMGR: 1,,3\r\n{pdu}"), "OK"),
            () if message == 255 => (String::new(), "ERROR"),
            () => (String::new(), "OK"),
        };
        format!("\r\n{info}\r\n\r\n{result}\r\n").into_bytes()
    }
}

const SCRIPT: &[&[u8]] = &[b"AT+CFUN=1"];
const EMPTY: &[&[u8]] = &[];

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let (mut line, mut outgoing, mut incoming) = ([0; LINE_MIN], [Message::FREE; 2], [Message::FREE; 3]);
    let memory = Memory { line: &mut line, outgoing: &mut outgoing, incoming: &mut incoming };
    let choice = bytes.byte();
    let config = Config {
        pin: (choice & 1 != 0).then_some(b"1234"),
        centre: (choice & 2 != 0).then_some(b"+15555550100"),
        storage: if choice & 4 != 0 { *b"SM" } else { *b"ME" },
        direct: choice & 8 == 0,
        bearer: (choice & 16 != 0).then_some(1),
        script: if choice & 32 != 0 { &SCRIPT } else { &EMPTY },
        check_ms: if choice & 64 != 0 { 60_000 } else { 0 },
    };
    let mut modem = Modem::new(memory, config).unwrap();
    let mut watcher = Watcher::default();
    while !bytes.is_empty() {
        let now = Instant::from_millis(watcher.now);
        let mut pull = 64;
        match bytes.byte() {
            0..=99 => {
                let answer = watcher.good(bytes.byte());
                watcher.hears(&answer);
                modem.input(now, &answer, &mut |_| {});
            }
            100..=139 => {
                let chunk = bytes.chunk();
                watcher.hears(chunk);
                modem.input(now, chunk, &mut |_| {});
            }
            140..=179 => {
                let next = modem.poll(now, &mut |_| {}).as_millis();
                watcher.now = if next == u64::MAX { watcher.now + 1 } else { next };
            }
            180..=199 => watcher.now += u64::from(bytes.pair()),
            200..=219 => {
                let length = usize::from(bytes.byte());
                match modem.send(&vec![bytes.byte(); length]) {
                    Ok(()) => assert!((1..=TPDU_MAX).contains(&length)),
                    Err(Error::Busy) => assert!((1..=TPDU_MAX).contains(&length)),
                    Err(error) => assert!(length == 0 || length > TPDU_MAX, "{error:?}"),
                }
            }
            220..=239 => {
                let mut buffer = [0; 200];
                let size = usize::from(bytes.byte()) % 200;
                if let Ok(length) = modem.receive(&mut buffer[..size]) {
                    assert!(length <= size.min(TPDU_MAX));
                }
            }
            240..=247 => pull = usize::from(bytes.byte()) % 16,
            choice => {
                modem.line(now, choice & 1 != 0, &mut |_| {});
                watcher.ended = None;
                watcher.written.clear();
                watcher.line.clear();
            }
        }
        let now = Instant::from_millis(watcher.now);
        let next = modem.poll(now, &mut |_| {});
        assert!(next > now, "a deadline in the past");
        let mut buffer = [0; 64];
        loop {
            let length = modem.output(&mut buffer[..pull]);
            buffer[..length].iter().for_each(|byte| watcher.writes(*byte));
            if length == 0 || pull < 64 {
                break;
            }
        }
        assert_eq!(
            modem.poll(now, &mut |_| panic!("an event out of nothing")),
            next,
            "progress out of nothing"
        );
        let state = modem.state();
        assert!(state.centre.len() <= 24);
    }
});
