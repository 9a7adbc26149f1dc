//! TPDUs: whatever reads as an SMS-DELIVER is written anew here and reads as the same; an SMS-SUBMIT of any parts is taken
//! apart by hand; numbers keep their digits in every form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::error::Error;
use whimbrel::sms::header::Header;
use whimbrel::sms::number::{Number, split_smsc};
use whimbrel::sms::tpdu::{self, Deliver, Incoming, Options, StatusReport, Submit, TPDU_MAX};
use whimbrel_fuzz::bytes::Bytes;

/// The digits as text.
fn digits(number: &Number) -> String {
    let mut out = [0; 20];
    let count = number.digits(&mut out);
    String::from_utf8(out[..count].to_vec()).expect("ASCII")
}

/// The digits as semi-octets, by way of text.
fn semi_octets(number: &Number) -> Vec<u8> {
    let text = digits(number) + if digits(number).len() % 2 == 1 { "F" } else { "" };
    let nibble = |letter: char| letter.to_digit(16).expect("a digit") as u8;
    let nibbles: Vec<u8> = text.chars().map(nibble).collect();
    nibbles.chunks(2).map(|pair| pair[0] | pair[1] << 4).collect()
}

/// TP-OA, TP-RA, TP-DA. In place of what is no number: a name of five letters.
fn address(number: Option<Number>) -> Vec<u8> {
    let Some(number) = number else { return vec![0x09, 0xd0, 0xcc, 0x7b, 0x53, 0xd6, 0x04] };
    let mut address = vec![digits(&number).len() as u8, if number.is_international() { 0x91 } else { 0x81 }];
    address.extend(semi_octets(&number));
    address
}

/// Forms of the same number.
fn number(number: &Number) {
    let text = digits(number);
    assert!((1..=20).contains(&text.len()), "{text}");
    let text = if number.is_international() { format!("+{text}") } else { text };
    assert_eq!(Number::parse(text.as_bytes()).as_ref(), Ok(number));
    assert!(number.is_same(number));
    let mut out = [0xaa; 12];
    let length = number.write_address(&mut out).expect("it fits");
    assert_eq!(out[..length], address(Some(*number)));
    let length = Number::write_smsc(Some(number), &mut out).expect("it fits");
    assert_eq!(split_smsc(&out[..length]), Ok((Some(*number), &[][..])));
}

/// SMS-DELIVER, written from the table of TS 23.040 section 9.2.2.1.
fn write_deliver(deliver: &Deliver<'_>, has_header: bool) -> Vec<u8> {
    let mut user_data = Vec::new();
    if has_header {
        user_data.push(deliver.header.len() as u8);
        user_data.extend(deliver.header);
    }
    user_data.extend(deliver.data);
    let bit = |is_set: bool, mask: u8| if is_set { mask } else { 0 };
    let mut tpdu = vec![
        bit(!deliver.more, 0x04)
            | bit(deliver.report, 0x20)
            | bit(has_header, 0x40)
            | bit(deliver.reply, 0x80),
    ];
    tpdu.extend(address(deliver.from));
    tpdu.extend([deliver.protocol, deliver.coding]);
    tpdu.extend(deliver.time);
    tpdu.push(user_data.len() as u8);
    tpdu.extend(user_data);
    tpdu
}

fn deliver(deliver: &Deliver<'_>, has_header: bool) {
    let total = usize::from(has_header) + deliver.header.len() + deliver.data.len();
    assert!(total <= 140, "{total} octets of user data");
    assert!(has_header || deliver.header.is_empty());
    if let Ok(header) = Header::parse(deliver.header)
        && let Some(concat) = header.concat
    {
        assert!(1 <= concat.sequence && concat.sequence <= concat.total);
        assert!(concat.wide || concat.reference <= 0xff);
        assert!(!(header.command_packet && header.response_packet));
    }
    let mut again = write_deliver(deliver, has_header);
    let at = again.len() - total - 1;
    // TP-UDL in septets: so many whole ones begin in the last octet
    if tpdu::parse(&again) != Ok(Incoming::Deliver(*deliver)) {
        assert!(!tpdu::is_8_bit(deliver.coding), "{deliver:x?}");
        again[at] = (total * 8 / 7) as u8;
    }
    assert_eq!(tpdu::parse(&again), Ok(Incoming::Deliver(*deliver)));
    assert!(tpdu::parse(&again[..again.len() - 1]).is_err(), "an octet less");
}

fn status_report(first: u8, report: &StatusReport<'_>) {
    let mut again = vec![first, report.reference];
    again.extend(address(report.to));
    again.extend(report.time);
    again.extend(report.discharge);
    again.push(report.status);
    assert_eq!(tpdu::parse(&again), Ok(Incoming::StatusReport(*report)));
}

/// How long TP-VP says, and how many octets it has.
fn validity(format: u8, octets: &[u8]) -> (u64, usize) {
    let clock = |octet: u8| u64::from(octet & 0x0f) * 10 + u64::from(octet >> 4);
    match (format, octets) {
        (0x00, _) => (0, 0),
        (0x10, &[n, ..]) => {
            let minutes = match u64::from(n) {
                n @ 0..=143 => (n + 1) * 5,
                n @ 144..=167 => 12 * 60 + (n - 143) * 30,
                n @ 168..=196 => (n - 166) * 24 * 60,
                n => (n - 192) * 7 * 24 * 60,
            };
            (minutes * 60, 1)
        }
        (0x08, &[2, seconds, 0, 0, 0, 0, 0, ..]) => (seconds.into(), 7),
        (0x08, &[3, h, m, s, 0, 0, 0, ..]) => {
            assert!(clock(m) < 60 && clock(s) < 60);
            (clock(h) * 3600 + clock(m) * 60 + clock(s), 7)
        }
        other => panic!("{other:x?}"),
    }
}

fn submit(mut bytes: Bytes<'_>) {
    let Some(to) = Number::from_address(bytes.byte(), bytes.chunk(), bytes.byte()) else { return };
    let options = Options { reference: bytes.byte(), precise: bytes.byte() & 1 != 0 };
    let submit = Submit {
        to,
        protocol: bytes.byte(),
        coding: bytes.byte(),
        validity_s: u32::from(bytes.pair()) << (bytes.byte() % 17),
        report: bytes.byte() & 1 != 0,
        header: bytes.chunk(),
        data: bytes.chunk(),
    };
    let mut out = [0xaa; TPDU_MAX];
    let udhl = usize::from(!submit.header.is_empty());
    let total = udhl + submit.header.len() + submit.data.len();
    let length = match submit.write_with(options, &mut out) {
        Ok(length) => length,
        Err(Error::TooLarge) => return assert!(total > 140),
        Err(Error::NotSupported) => return assert!(!tpdu::is_8_bit(submit.coding)),
        Err(error) => panic!("{error:?}"),
    };
    let mut small = vec![0; length - 1];
    assert_eq!(submit.write_with(options, &mut small), Err(Error::Full));
    let tpdu = &out[..length];
    assert_eq!(tpdu[0] & !0x78, 0x01);
    assert_eq!((tpdu[0] & 0x20 != 0, tpdu[0] & 0x40 != 0), (submit.report, udhl == 1));
    assert_eq!(tpdu[1], options.reference);
    let rest = tpdu[2..].strip_prefix(&address(Some(to))[..]).expect("TP-DA");
    assert_eq!((rest[0], rest[1]), (submit.protocol, submit.coding));
    let (seconds, octets) = validity(tpdu[0] & 0x18, &rest[2..]);
    let longest = 63 * 7 * 24 * 3600;
    assert!(seconds >= u64::from(submit.validity_s) || seconds == longest, "{seconds} s");
    assert_eq!(seconds == 0, submit.validity_s == 0);
    if options.precise && submit.validity_s < 360_000 {
        assert_eq!(seconds, submit.validity_s.into());
    }
    let (count, user_data) = rest[2 + octets..].split_first().expect("TP-UDL");
    assert_eq!((usize::from(*count), user_data.len()), (total, total));
    let (header, data) = user_data.split_at(udhl + submit.header.len());
    assert_eq!((header.get(udhl..).unwrap_or(&[]), data), (submit.header, submit.data));
    assert_eq!(header.first().map(|length| usize::from(*length)).unwrap_or(0), submit.header.len());
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    match choice {
        0 => submit(Bytes(rest)),
        1 => _ = Number::parse(rest).map(|parsed| number(&parsed)),
        2 => {
            if let Ok((Some(smsc), tpdu)) = split_smsc(rest) {
                number(&smsc);
                assert!(rest.ends_with(tpdu));
            }
        }
        3 => _ = Header::parse(rest),
        _ => match tpdu::parse(data) {
            Ok(Incoming::Deliver(found)) => {
                found.from.iter().for_each(number);
                deliver(&found, choice & 0x40 != 0);
            }
            Ok(Incoming::StatusReport(report)) => {
                report.to.iter().for_each(number);
                status_report(choice, &report);
            }
            Err(_) => {}
        },
    }
});
