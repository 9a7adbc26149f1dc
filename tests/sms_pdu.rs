//! The vectors of tests/vectors/sms_pdu.json (TS 23.040, PDU mode of TS 27.005), read and written by `whimbrel::sms`; and what
//! becomes of them when octets are missing or changed.

use serde_json::Value;
use std::fs;
use whimbrel::sms::concat::{Cut, Set, Sets, Taken};
use whimbrel::sms::header::{Concat, Header};
use whimbrel::sms::number::{Number, split_smsc};
use whimbrel::sms::tpdu::{self, Deliver, Incoming, Options, Outcome, StatusReport, Submit, TPDU_MAX};
use whimbrel::time::Instant;

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/sms_pdu.json");
    serde_json::from_str(&fs::read_to_string(path).expect("the vectors")).expect("JSON")
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn text<'a>(vector: &'a Value, key: &str) -> Option<&'a str> {
    vector.get(key).map(|value| value.as_str().unwrap_or_else(|| panic!("{key} is text")))
}

fn bytes(vector: &Value, key: &str) -> Option<Vec<u8>> {
    text(vector, key).map(hex)
}

fn octet(vector: &Value, key: &str) -> Option<u8> {
    bytes(vector, key).map(|bytes| bytes[0])
}

fn whole(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

fn number(text: &str) -> Number {
    Number::parse(text.as_bytes()).expect("a number")
}

/// The vectors whose name begins so, as name, vector and TPDU.
fn named(vectors: &Value, prefix: &str) -> Vec<(String, Value, Vec<u8>)> {
    let all = vectors["tpdus"].as_array().expect("a list");
    let named = all.iter().filter(|vector| text(vector, "name").unwrap().starts_with(prefix));
    named
        .map(|vector| (text(vector, "name").unwrap().into(), vector.clone(), bytes(vector, "tpdu").unwrap()))
        .collect()
}

/// The information elements in a vector's `udh`, which begins with UDHL.
fn elements(fields: &Value) -> Vec<u8> {
    let header = bytes(fields, "udh").unwrap_or_default();
    if let Some((length, elements)) = header.split_first() {
        assert_eq!(usize::from(*length), elements.len());
    }
    header.get(1..).unwrap_or_default().to_vec()
}

fn concat(fields: &Value) -> Option<Concat> {
    let reference = text(fields, "ref")?;
    Some(Concat {
        wide: reference.len() == 4,
        reference: u16::from_str_radix(reference, 16).unwrap(),
        total: whole(&fields["total"]) as u8,
        sequence: whole(&fields["seq"]) as u8,
    })
}

/// Which octets of the CoAP message a part has, when a header of so many octets (with UDHL) goes in front of each part.
fn slice_of_part(message: &[u8], header: usize, sequence: u8) -> &[u8] {
    let size = 140 - header;
    let start = usize::from(sequence - 1) * size;
    &message[start..message.len().min(start + size)]
}

/// What a vector's user data is, after the header.
fn data(vector: &Value) -> Vec<u8> {
    let message = bytes(vector, "coap_message").unwrap();
    match concat(&vector["fields"]) {
        Some(concat) => slice_of_part(&message, if concat.wide { 7 } else { 6 }, concat.sequence).to_vec(),
        None => message,
    }
}

fn deliver(tpdu: &[u8]) -> Deliver<'_> {
    match tpdu::parse(tpdu) {
        Ok(Incoming::Deliver(deliver)) => deliver,
        other => panic!("{other:?}"),
    }
}

fn report(tpdu: &[u8]) -> StatusReport<'_> {
    match tpdu::parse(tpdu) {
        Ok(Incoming::StatusReport(report)) => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_vector_is_one_that_is_tested() {
    let vectors = vectors();
    let tested: usize =
        ["submit-", "deliver-", "status-report-"].map(|prefix| named(&vectors, prefix).len()).iter().sum();
    assert_eq!((vectors["tpdus"].as_array().unwrap().len(), tested), (18, 18));
}

#[test]
fn submits_are_written_as_the_vectors_have_them() {
    let vectors = vectors();
    let server = text(&vectors["numbers"], "server").unwrap();
    let submits = named(&vectors, "submit-");
    assert_eq!(submits.len(), 7);
    for (name, vector, tpdu) in submits {
        let fields = &vector["fields"];
        let header = elements(fields);
        let data = data(&vector);
        // what the vector does not say, its first octet and TP-MR do
        let (has_validity, is_enhanced) = (tpdu[0] & 0x18 != 0, tpdu[0] & 0x18 == 0x08);
        let seconds = fields.get("tp_vp_seconds").map_or(300, whole) as u32;
        let submit = Submit {
            to: number(text(fields, "tp_da").unwrap_or(server)),
            protocol: octet(fields, "tp_pid").unwrap_or(0x00),
            coding: octet(fields, "tp_dcs").unwrap_or(0x04),
            validity_s: if has_validity { seconds } else { 0 },
            report: name == "submit-status-report-request",
            header: &header,
            data: &data,
        };
        let mut out = [0xaa; TPDU_MAX];
        let options = Options { reference: tpdu[1], precise: is_enhanced };
        let length = submit.write_with(options, &mut out).unwrap();
        assert_eq!(out[..length], tpdu, "{name}");
        assert_eq!(length as u64, whole(&vector["tpdu_octets"]), "{name}");
        if tpdu[1] == 0 {
            assert_eq!(submit.write(&mut out), Ok(length));
            assert_eq!(out[..length], tpdu, "{name}");
        }
    }
}

#[test]
fn submits_are_cut_as_the_vectors_have_them() {
    let parts = named(&vectors(), "submit-concat8-part");
    let message = bytes(&parts[0].1, "coap_message").unwrap();
    let cut = Cut::new(message.len(), false, 0x5c).unwrap();
    assert_eq!(usize::from(cut.count()), parts.len());
    for (n, (name, vector, tpdu)) in (0..).zip(parts) {
        let mut header = [0; 8];
        let (length, range) = cut.part(n, &mut header).unwrap();
        assert_eq!(header[..length], elements(&vector["fields"]), "{name}");
        assert!(tpdu.ends_with(&message[range]), "{name}");
    }
}

#[test]
fn delivers_are_read_as_the_vectors_say() {
    let vectors = vectors();
    let server = text(&vectors["numbers"], "server").unwrap();
    let delivers = named(&vectors, "deliver-");
    assert_eq!(delivers.len(), 9);
    for (name, vector, tpdu) in delivers {
        let fields = &vector["fields"];
        let deliver = deliver(&tpdu);
        let from = text(fields, "tp_oa").unwrap_or(server);
        let is_name = fields.get("tp_oa_text").is_some();
        assert_eq!(deliver.from, if is_name { None } else { Some(number(from)) }, "{name}");
        assert_eq!(deliver.protocol, octet(fields, "tp_pid").unwrap_or(0), "{name}");
        assert_eq!(deliver.coding, octet(fields, "tp_dcs").unwrap_or(4), "{name}");
        let zone = if fields["timezone_quarters"] == -20 { 0x0a } else { 0x80 };
        assert_eq!(deliver.time, [0x62, 0x10, 0x20, 0x30, 0x40, 0x50, zone], "{name}");
        assert_eq!((deliver.more, deliver.report, deliver.reply), (tpdu[0] & 4 == 0, false, false), "{name}");
        assert_eq!(deliver.header, elements(fields), "{name}");
        let header = Header::parse(deliver.header).unwrap();
        assert_eq!(header.concat, concat(fields), "{name}");
        let port = |key| fields.get(key).map(|port| whole(port) as u16);
        assert_eq!(header.ports, port("dest_port").zip(port("src_port")), "{name}");
        assert!(!header.command_packet && !header.response_packet);
        if name == "deliver-7bit-text" {
            assert!(!tpdu::is_8_bit(deliver.coding));
            assert_eq!(deliver.data, [0xe8, 0x32, 0x9b, 0xfd, 0x06], "five septets, to be skipped");
        } else {
            assert!(tpdu::is_8_bit(deliver.coding), "{name}");
            assert_eq!(deliver.data, data(&vector), "{name}");
        }
    }
}

/// The three that must be ignored, each by what the reader is told.
#[test]
fn what_is_to_be_ignored_can_be_told() {
    let vectors = vectors();
    let server = number(text(&vectors["numbers"], "server").unwrap());
    let mut ignored = Vec::new();
    for (name, vector, tpdu) in named(&vectors, "deliver-") {
        let deliver = deliver(&tpdu);
        let is_known = deliver.from.is_some_and(|from| from.is_same(&server));
        let wanted = is_known && tpdu::is_8_bit(deliver.coding);
        assert_eq!(wanted, vector["fields"].get("expect").is_none(), "{name}");
        if !wanted {
            ignored.push(name);
        }
    }
    assert_eq!(ignored, ["deliver-unknown-sender", "deliver-alphanumeric-sender", "deliver-7bit-text"]);
}

#[test]
fn the_parts_come_together() {
    let parts = named(&vectors(), "deliver-concat16-part");
    let message = bytes(&parts[0].1, "coap_message").unwrap();
    for order in [[0, 1], [1, 0]] {
        let (mut slots, mut memory) = ([Set::FREE; 1], [0; 160]);
        let mut sets = Sets::new(&mut slots, &mut memory, 300_000);
        let taken = order.map(|n: usize| {
            let deliver = deliver(&parts[n].2);
            let header = Header::parse(deliver.header).unwrap();
            sets.take(Instant::ZERO, &deliver.from.unwrap(), &header, deliver.data)
        });
        let whole = Taken::Whole { slot: 0, length: message.len(), packet: false };
        assert_eq!(taken, [Taken::Waiting, whole]);
        assert_eq!(sets.bytes_mut(0, message.len()), message);
    }
}

#[test]
fn status_reports_are_read_as_the_vectors_say() {
    let vectors = vectors();
    let server = number(text(&vectors["numbers"], "server").unwrap());
    let reports = named(&vectors, "status-report-");
    assert_eq!(reports.len(), 2);
    let expected = [
        (Outcome::Delivered, &[0x62, 0x10, 0x20, 0x30, 0x40, 0x90, 0x80]),
        (Outcome::Failed, &[0x62, 0x10, 0x20, 0x30, 0x90, 0x90, 0x80]),
    ];
    for ((name, vector, tpdu), (outcome, discharge)) in reports.iter().zip(expected) {
        let (report, fields) = (report(tpdu), &vector["fields"]);
        assert_eq!(u64::from(report.reference), whole(&fields["tp_mr"]), "{name}");
        assert_eq!((report.to, report.status), (Some(server), octet(fields, "tp_st").unwrap()), "{name}");
        assert_eq!((report.outcome(), report.more, report.of_command), (outcome, false, false), "{name}");
        assert_eq!(report.time, &[0x62, 0x10, 0x20, 0x30, 0x40, 0x50, 0x80], "{name}");
        assert_eq!(report.discharge, discharge, "{name}");
    }
}

#[test]
fn lines_carry_the_service_centre() {
    let vectors = vectors();
    let smsc = number(text(&vectors["numbers"], "smsc").unwrap());
    let mut lines = 0;
    for (name, vector, tpdu) in named(&vectors, "") {
        for (key, smsc) in [
            ("pdu_mode_line", Some(smsc)),
            ("pdu_mode_line_explicit_smsc", Some(smsc)),
            ("pdu_mode_line_default_smsc", None),
        ] {
            let Some(line) = bytes(&vector, key) else { continue };
            assert_eq!(split_smsc(&line), Ok((smsc, &tpdu[..])), "{name}");
            let mut out = [0; 12];
            let length = Number::write_smsc(smsc.as_ref(), &mut out).unwrap();
            assert_eq!(out[..length], line[..line.len() - tpdu.len()], "{name}");
            lines += 1;
        }
    }
    assert_eq!(lines, 7 * 2 + 11);
}

/// A secured packet as a terminal hands it to the card (the vector of the ENVELOPE).
#[test]
fn the_message_of_the_envelope() {
    let vector = &vectors()["envelope"];
    let tpdu = bytes(vector, "sms_tpdu").unwrap();
    let deliver = deliver(&tpdu);
    assert_eq!((deliver.protocol, deliver.coding), (0x7f, 0xf6));
    assert!(tpdu::is_8_bit(deliver.coding));
    let header = Header::parse(deliver.header).unwrap();
    assert!(header.command_packet && header.concat.is_none());
    assert_eq!(deliver.data[..2], [0x00, 0x28], "CPL");
    assert_eq!(deliver.data.len(), 42);
    assert!(bytes(vector, "envelope").unwrap().ends_with(&tpdu));
}

#[test]
fn validity_periods() {
    let vectors = vectors();
    let table = vectors["validity_period_relative"].as_array().unwrap();
    assert_eq!(table.len(), 10);
    for row in table {
        let (octet, seconds) = (whole(&row["octet"]) as u8, whole(&row["seconds"]) as u32);
        assert_eq!(tpdu::relative_validity(seconds), octet);
        assert_eq!(tpdu::relative_validity(seconds - 1), octet, "rounded up");
        let longer = tpdu::relative_validity(seconds + 1);
        assert_eq!(longer, octet.saturating_add(1));
    }
}

/// Cut anywhere, a TPDU is refused; with a bit changed anywhere, it is read or refused, and lengths still hold.
#[test]
fn octets_that_are_missing_or_changed() {
    let vectors = vectors();
    let incoming = [named(&vectors, "deliver-"), named(&vectors, "status-report-")].concat();
    for (name, _, tpdu) in &incoming {
        for length in 0..tpdu.len() {
            assert!(tpdu::parse(&tpdu[..length]).is_err(), "{name}: {length} of {} octets", tpdu.len());
        }
        let mut read = 0;
        for bit in 0..tpdu.len() * 8 {
            let mut changed = tpdu.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(Incoming::Deliver(deliver)) = tpdu::parse(&changed) {
                let user_data = [deliver.header, deliver.data].concat();
                assert!(user_data.len() <= 140, "{name}: bit {bit}");
                let is_there =
                    user_data.is_empty() || changed.windows(user_data.len()).any(|part| part == user_data);
                assert!(is_there, "{name}: bit {bit}");
                read += 1;
            }
        }
        // a changed number, time or payload is no matter of form
        assert!(read > 0 || name.starts_with("status"), "{name}");
    }
}
