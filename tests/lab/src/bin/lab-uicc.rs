//! The bench's card in the virtual reader of vsmartcard: `pcscd` and whatever uses PC/SC see a card in a reader.
//!
//! ```text
//! lab-uicc --card FILE [--vpcd HOST:PORT] [--out] [--until-eof]
//! ```
//!
//! The file is what `tools/card/card.py make` writes. The card is in from the beginning, unless `--out`. Lines on standard
//! output are JSON: `{"ready":true}`, then an answer for each line of standard input: `remove`, `insert`, `replace FILE`
//! (another card, put in where one was), `fault silent` or `fault SW1SW2` (what becomes of the next command), `trace` (the commands since the last `trace`, and what
//! they got), `status`.
//!
//! A trace shows APDUs as they are, with PINs and whatever secrets the files hold. It is for a bench.

use serde_json::{Value, json};
use std::io::{self, BufRead};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use whimbrel_lab::text::hex;
use whimbrel_lab::uicc::{Fault, Uicc, Vpcd};

/// How long a reader may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// The command line.
struct Arguments {
    card: String,
    reader: SocketAddr,
    out: bool,
    until_eof: bool,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let (mut card, mut reader, mut out, mut until_eof) =
            (None, "127.0.0.1:35963".to_owned(), false, false);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--card" => card = Some(words.next()?),
                "--vpcd" => reader = words.next()?,
                "--out" => out = true,
                "--until-eof" => until_eof = true,
                _ => return None,
            }
        }
        let reader = reader.to_socket_addrs().ok()?.next()?;
        Some(Self { card: card?, reader, out, until_eof })
    }
}

fn load(path: &str) -> Result<Uicc, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    Uicc::from_json(&text).map_err(|error| format!("{path}: {error}"))
}

/// The card and its reader.
struct Slot {
    card: Arc<Mutex<Uicc>>,
    reader: Vpcd<Uicc>,
    traced: usize,
}

impl Slot {
    fn card(&self) -> MutexGuard<'_, Uicc> {
        self.card.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&mut self) -> Result<(), String> {
        self.reader.insert(PATIENCE).map_err(|error| format!("no reader: {error}"))
    }

    /// What a line of standard input asks for.
    fn order(&mut self, line: &str) -> Result<Value, String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "insert" => self.insert()?,
            "remove" => self.reader.remove(),
            "fault" => {
                let fault = match u16::from_str_radix(rest, 16) {
                    Ok(status) => Fault::Status(status),
                    Err(_) if rest == "silent" => Fault::Silent,
                    Err(_) => return Err(format!("no fault: {rest}")),
                };
                self.card().fault(0, fault);
            }
            "replace" => {
                let other = load(rest.trim())?;
                let was_in = self.reader.is_in();
                self.reader.remove();
                *self.card() = other;
                self.traced = 0;
                if was_in {
                    self.insert()?;
                }
            }
            "trace" => {
                let card = self.card();
                let news = card.trace.iter().skip(self.traced);
                let lines: Vec<_> = news.map(|(command, got)| json!([hex(command), hex(got)])).collect();
                let end = card.trace.len();
                drop(card);
                self.traced = end;
                return Ok(json!({ "trace": lines }));
            }
            "status" => {
                let (card, is_in) = (self.card(), self.reader.is_in());
                return Ok(json!({
                    "in": is_in, "commands": card.trace.len(), "channels": card.open_channels(),
                }));
            }
            _ => return Err(format!("unknown: {word}")),
        }
        Ok(json!({ "ok": true }))
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let card = Arc::new(Mutex::new(load(&arguments.card)?));
    let reader = Vpcd::new(arguments.reader, Arc::clone(&card));
    let mut slot = Slot { card, reader, traced: 0 };
    if !arguments.out {
        slot.insert()?;
    }
    println!("{}", json!({ "ready": true }));
    for line in io::stdin().lock().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
        println!("{}", slot.order(line.trim()).unwrap_or_else(|error| json!({ "error": error })));
    }
    if !arguments.until_eof {
        loop {
            std::thread::park();
        }
    }
    slot.reader.remove();
    Ok(())
}

fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(std::env::args().skip(1)) else {
        eprintln!("usage: lab-uicc --card FILE [--vpcd HOST:PORT] [--out] [--until-eof]");
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-uicc: {error}");
            ExitCode::FAILURE
        }
    }
}
