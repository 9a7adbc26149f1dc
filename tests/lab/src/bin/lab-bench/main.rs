//! The lab for a test in another language: orders and answers as lines of JSON, and the time in them.
//!
//! Servers, bootstrap servers, a service centre, modems and cards live here; devices live in the process that starts this one
//! and reads and writes its pipes. That process owns the clock: it says what the devices sent and how late it is by `step`, and is told what
//! has arrived for them and when something happens next. So an hour takes as long as a few lines.
//!
//! ```text
//! > {"op":"server.new","name":"one"}
//! < {"ok":{"peer":"10.0.0.2:5683"}}
//! > {"op":"step","now":1000,"send":[["10.0.0.101:5683","10.0.0.2:5683","4402..."]]}
//! < {"ok":{"received":[["10.0.0.101:5683","10.0.0.2:5683","6441..."]],"sms":[],"serial":[],"next":61000}}
//! ```
//!
//! Times are milliseconds, bytes hexadecimal, addresses `IP:PORT`. An order that makes no sense is answered by
//! `{"error":"..."}` and changes nothing. The process ends with its standard input.
//!
//! Traces show short messages and APDUs as they are, with keys and PINs: it is for a bench.

mod bench;
mod bootstrap;
mod cards;
mod order;
mod phones;
mod servers;

use bench::Bench;
use order::Order;
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

fn answer(bench: &mut Bench, line: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let order = Order::new(&value);
    let op = order.text("op")?;
    match op.split_once('.').map_or(op, |(area, _)| area) {
        "server" => bench.server_order(op, &order),
        "bootstrap" => bench.bootstrap_order(op, &order),
        "sms" | "modem" => bench.phone_order(op, &order),
        "card" => bench.card_order(op, &order),
        _ => bench.order(op, &order),
    }
}

fn run() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let seed = words.next().and_then(|word| word.parse().ok()).unwrap_or(1);
    let mut bench = Bench::new(seed);
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let said = match answer(&mut bench, &line?) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error }),
        };
        writeln!(out, "{said}")?;
        out.flush()?;
    }
    Ok(())
}

fn main() -> ExitCode {
    // whoever has closed the pipes needs no answer any more
    if run().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
