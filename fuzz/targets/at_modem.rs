//! The AT dialogue with any bytes between good answers, with time, sends and a line that comes and goes.
//!
//! What must hold: one command in flight; a body only after a prompt, as long as announced; a PIN once until it was
//! accepted; a deadline that is never in the past; TPDUs out of the queue that fit; a response that fits, and belongs to the
//! APDU that was asked for unless the line was forged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::at::{Config, LINE_CARD_MIN, LINE_MIN, Line, Memory, Message, Modem, Slot, TPDU_MAX, Way};
use whimbrel::error::Error;
use whimbrel::time::Instant;
use whimbrel::uicc::{COMMAND_MAX, Card};
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
    /// Something came since the command that nobody has meant as its answer.
    forged: bool,
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
                let written = std::mem::take(&mut self.written);
                // what was broken off by a restart stands before it
                let at = written.windows(2).rposition(|pair| pair == b"AT").unwrap_or(0);
                self.command = written[at..].to_vec();
                self.ended = Some(self.now);
                self.answered = false;
                self.prompted = false;
                self.forged &= !self.line.is_empty();
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
            () if message > 244 && starts(b"AT+C") => (
                String::new(),
                ["+CME ERROR: 14", "+CME ERROR: 10", "+CME ERROR: 22", "ERROR"][usize::from(message % 4)],
            ),
            () if starts(b"AT+CCHO=\"") && message % 2 == 0 => (message.to_string(), "OK"),
            () if starts(b"AT+CCHO=\"") => (format!("+CCHO: {message}"), "OK"),
            () if starts(b"AT+CSIM=") || starts(b"AT+CGLA=") && !command.ends_with(b"?") => {
                let text = command.split(|byte| *byte == b'"').nth(1).unwrap();
                let response = given(&octets(text), message);
                let name = std::str::from_utf8(&command[2..7]).unwrap();
                (format!("{name}: {},\"{response}\"", response.len()), "OK")
            }
            () if starts(b"AT+CRSM=") => {
                let numbers = std::str::from_utf8(&command[8..]).unwrap().split(',');
                let numbers: Vec<u16> = numbers.map(|number| number.parse().unwrap()).collect();
                let [instruction, file, p1, p2, p3] = numbers[..] else { panic!("+CRSM") };
                let data = if instruction == 192 {
                    format!("{file:04X}")
                } else {
                    format!("{p1:02X}{p2:02X}{p3:02X}")
                };
                (format!("+CRSM: 144,0,\"{data}\""), "OK")
            }
            () if message == 255 => (String::new(), "ERROR"),
            () => (String::new(), "OK"),
        };
        format!("\r\n{info}\r\n\r\n{result}\r\n").into_bytes()
    }
}

/// A line on which nothing comes, and which takes some bytes once.
struct Wire<'w> {
    watcher: &'w mut Watcher,
    piece: usize,
    gone: bool,
}

impl Line for Wire<'_> {
    fn receive(&mut self, _: &mut [u8]) -> Result<usize, Error> {
        if self.gone { Err(Error::Link) } else { Ok(0) }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        assert!((1..=64).contains(&bytes.len()));
        let taken = &bytes[..bytes.len().min(std::mem::take(&mut self.piece))];
        taken.iter().for_each(|byte| self.watcher.writes(*byte));
        Ok(taken.len())
    }
}

fn octets(hex: &[u8]) -> Vec<u8> {
    assert!(hex.len() % 2 == 0, "half an octet");
    hex.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The card's response to an APDU: a channel, or a digest of it but for its channel.
fn given(apdu: &[u8], channel: u8) -> String {
    assert!((4..=COMMAND_MAX).contains(&apdu.len()), "no APDU");
    match apdu[1] {
        0x70 if apdu[2] == 0 => format!("{:02X}9000", 1 + channel % 19),
        0x70 => "9000".into(),
        _ => format!("{:08X}9000", digest(apdu)),
    }
}

fn digest(apdu: &[u8]) -> u32 {
    let start = u32::from(apdu[0] & !3) ^ 0x811c_9dc5;
    apdu[1..].iter().fold(start, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Some of what a reader sends, or anything.
fn apdu(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let channel = bytes.byte() & 3;
    match bytes.byte() % 12 {
        0 | 1 => vec![0, 0x70, 0, 0, 1],
        2 => vec![0, 0x70, 0x80, channel],
        3 | 4 => vec![channel, 0xa4, 4, 4, 3, 0xa0, 0, bytes.byte(), 0],
        5 => vec![0, 0xa4, 0, 4, 2, 0x2f, bytes.byte(), 0],
        6 => vec![channel, 0xb0, bytes.byte(), 0, bytes.byte()],
        7 => vec![channel, 0xb2, bytes.byte(), 4, bytes.byte()],
        8 | 9 => vec![0x84 | channel, 0x50, bytes.byte(), 0, 2, 1, 2, 0],
        10 => bytes.chunk().to_vec(),
        _ => vec![],
    }
}

fn transmit(modem: &mut Modem<'_>, bytes: &mut Bytes<'_>, watcher: &Watcher, generic: bool) {
    let (command, room) = (apdu(bytes), usize::from(bytes.byte()) + 3);
    let mut response = vec![0xee; room];
    let Ok(Some(length)) = modem.transmit(&command, &mut response) else { return };
    assert!((2..=room).contains(&length) && !command.is_empty(), "{length} of {room} to {command:02x?}");
    let response = &response[..length];
    if watcher.forged {
        return;
    }
    match (command[1], length) {
        (0x70, 2 | 3) => {}
        (_, 6) => assert_eq!(response[..4], digest(&command).to_be_bytes(), "another command's"),
        (_, _) if generic => panic!("not what the card said"),
        (0xb0 | 0xb2, 5) => assert_eq!(response[..3], command[2..5], "another command's"),
        (0xa4, 4) => assert_eq!(response[..2], command[5..7], "another command's"),
        (_, length) => assert_eq!(length, 2),
    }
}

const SCRIPT: &[&[u8]] = &[b"AT+CFUN=1"];
const EMPTY: &[&[u8]] = &[];

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let choice = bytes.byte();
    let way = [None, Some(Way::Auto), Some(Way::Generic), Some(Way::Channels)][usize::from(bytes.byte() % 4)];
    let mut slot = way.map(Slot::new);
    let mut line = vec![0; if slot.is_some() { LINE_CARD_MIN } else { LINE_MIN }];
    let (mut outgoing, mut incoming) = ([Message::FREE; 2], [Message::FREE; 3]);
    let memory = Memory {
        line: &mut line,
        outgoing: &mut outgoing,
        incoming: &mut incoming,
        card: slot.as_mut().map(Slot::cards),
    };
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
                watcher.forged = true;
                modem.input(now, chunk, &mut |_| {});
            }
            140..=179 => {
                let next = modem.poll(now, &mut |_| {}).as_millis();
                watcher.now = if next == u64::MAX { watcher.now + 1 } else { next };
            }
            180..=185 => watcher.now += u64::from(bytes.pair()),
            186..=199 => transmit(&mut modem, &mut bytes, &watcher, way == Some(Way::Generic)),
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
        if pull % 2 == 1 {
            let mut wire = Wire { watcher: &mut watcher, piece: pull, gone: pull == 15 };
            let served = modem.serve(now, &mut wire, &mut |_| {});
            assert!(wire.gone || served.is_ok());
            if served.is_err() {
                watcher.ended = None;
                watcher.written.clear();
                watcher.line.clear();
            }
        }
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
