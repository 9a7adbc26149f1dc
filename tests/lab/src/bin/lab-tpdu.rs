//! The codec of short messages for other programs: commands on standard input, a line of JSON for each on standard output.
//!
//! ```text
//! parse TPDU
//! line SMSC-AND-TPDU
//! submit NUMBER PID DCS VALIDITY HEADER DATA
//! cut NUMBER PID DCS VALIDITY packet|plain REFERENCE DATA
//! ```
//!
//! Octets are hex, `-` is none of them. VALIDITY is in seconds, `=36` asks for exactly so many. HEADER is whole information
//! elements without UDHL. `cut` answers with as many TPDUs as it takes.

use serde_json::{Value, json};
use std::io::{self, BufRead, Write};
use whimbrel::error::Error;
use whimbrel::sms::concat::Cut;
use whimbrel::sms::header::Header;
use whimbrel::sms::number::{Number, split_smsc};
use whimbrel::sms::tpdu::{self, Incoming, Options, Submit, TPDU_MAX};

/// Why there is no answer.
enum Trouble {
    /// The codec refused.
    Codec(Error),
    /// The command makes no sense.
    Command,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Codec(error)
    }
}

fn octets(hex: &str) -> Result<Vec<u8>, Trouble> {
    if hex == "-" {
        return Ok(Vec::new());
    }
    let digits: Option<Vec<u8>> =
        hex.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let (pairs, []) = digits.as_deref().ok_or(Trouble::Command)?.as_chunks::<2>() else {
        return Err(Trouble::Command);
    };
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn octet(hex: &str) -> Result<u8, Trouble> {
    u8::from_str_radix(hex, 16).map_err(|_| Trouble::Command)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

fn number(number: Option<Number>) -> Value {
    let Some(number) = number else { return Value::Null };
    let mut out = [0; 20];
    let count = number.digits(&mut out);
    let plus = if number.is_international() { "+" } else { "" };
    json!(format!("{plus}{}", String::from_utf8_lossy(&out[..count])))
}

fn header(ies: &[u8]) -> Value {
    let Ok(header) = Header::parse(ies) else { return Value::Null };
    json!({
        "concat": header.concat.map(|concat| json!({
            "wide": concat.wide, "reference": concat.reference, "total": concat.total, "sequence": concat.sequence,
        })),
        "ports": header.ports.map(|(to, from)| [to, from]),
        "command_packet": header.command_packet,
        "response_packet": header.response_packet,
    })
}

fn parse(tpdu: &[u8]) -> Result<Value, Trouble> {
    Ok(match tpdu::parse(tpdu)? {
        Incoming::Deliver(deliver) => json!({
            "type": "deliver", "from": number(deliver.from), "pid": deliver.protocol, "dcs": deliver.coding,
            "is_8_bit": tpdu::is_8_bit(deliver.coding), "time": hex(&deliver.time), "header": header(deliver.header),
            "elements": hex(deliver.header), "data": hex(deliver.data),
            "more": deliver.more, "report": deliver.report, "reply": deliver.reply,
        }),
        Incoming::StatusReport(report) => json!({
            "type": "status-report", "reference": report.reference, "to": number(report.to),
            "time": hex(report.time), "discharge": hex(report.discharge), "status": report.status,
            "outcome": format!("{:?}", report.outcome()), "more": report.more, "of_command": report.of_command,
        }),
    })
}

fn line(octets: &[u8]) -> Result<Value, Trouble> {
    let (smsc, tpdu) = split_smsc(octets)?;
    let mut parsed = parse(tpdu)?;
    parsed["smsc"] = number(smsc);
    Ok(parsed)
}

/// What both ways to send have in common: NUMBER PID DCS VALIDITY.
fn submit<'a>(words: &[&str; 4]) -> Result<(Submit<'a>, Options), Trouble> {
    let [to, protocol, coding, validity] = *words;
    let seconds = validity.trim_start_matches('=');
    let submit = Submit {
        to: Number::parse(to.as_bytes())?,
        protocol: octet(protocol)?,
        coding: octet(coding)?,
        validity_s: seconds.parse().map_err(|_| Trouble::Command)?,
        report: false,
        header: &[],
        data: &[],
    };
    Ok((submit, Options { precise: seconds != validity, ..Options::default() }))
}

fn write(submit: &Submit<'_>, options: Options) -> Result<String, Trouble> {
    let mut out = [0; TPDU_MAX];
    let length = submit.write_with(options, &mut out)?;
    Ok(hex(&out[..length]))
}

fn cut(submit: &Submit<'_>, options: Options, is_packet: bool, reference: u8) -> Result<Value, Trouble> {
    let cut = Cut::new(submit.data.len(), is_packet, reference)?;
    let mut tpdus = Vec::new();
    let mut header = [0; 8];
    while let Some((length, range)) = cut.part(tpdus.len() as u8, &mut header) {
        let part = Submit { header: &header[..length], data: &submit.data[range], ..*submit };
        tpdus.push(write(&part, options)?);
    }
    Ok(json!(tpdus))
}

fn answer(command: &str) -> Result<Value, Trouble> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match *words.as_slice() {
        ["parse", tpdu] => parse(&octets(tpdu)?),
        ["line", hex] => line(&octets(hex)?),
        ["submit", to, protocol, coding, validity, header, data] => {
            let (submit, options) = submit(&[to, protocol, coding, validity])?;
            let (header, data) = (octets(header)?, octets(data)?);
            write(&Submit { header: &header, data: &data, ..submit }, options).map(|tpdu| json!(tpdu))
        }
        ["cut", to, protocol, coding, validity, kind @ ("packet" | "plain"), reference, data] => {
            let (submit, options) = submit(&[to, protocol, coding, validity])?;
            let data = octets(data)?;
            cut(&Submit { data: &data, ..submit }, options, kind == "packet", octet(reference)?)
        }
        _ => Err(Trouble::Command),
    }
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for command in io::stdin().lock().lines() {
        let answer = answer(&command?).unwrap_or_else(|trouble| match trouble {
            Trouble::Codec(error) => json!({ "error": format!("{error:?}") }),
            Trouble::Command => json!({ "error": "command" }),
        });
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
