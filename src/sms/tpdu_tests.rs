use super::*;
use std::vec::Vec;

fn to() -> Number {
    Number::parse(b"+15555550123").unwrap()
}

fn submit(data: &[u8]) -> Submit<'_> {
    Submit { to: to(), protocol: 0, coding: 4, validity_s: 0, report: false, header: &[], data }
}

fn written(submit: &Submit<'_>, options: Options) -> Vec<u8> {
    let mut out = [0xaa; TPDU_MAX];
    let length = submit.write_with(options, &mut out).unwrap();
    out[..length].to_vec()
}

/// An SMS-DELIVER by hand: 13 octets before TP-UDL.
fn delivered(first: u8, coding: u8, length: u8, user_data: &[u8]) -> Vec<u8> {
    let mut tpdu = Vec::from([first, 0x05, 0x81, 0x21, 0x43, 0xf5, 0x00, coding]);
    tpdu.extend([0x62, 0x10, 0x20, 0x30, 0x40, 0x50, 0x80, length]);
    tpdu.extend(user_data);
    tpdu
}

fn deliver(tpdu: &[u8]) -> Deliver<'_> {
    match parse(tpdu) {
        Ok(Incoming::Deliver(deliver)) => deliver,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_bits_of_a_deliver() {
    for (first, expected) in [
        (0x04, (false, false, false)),
        (0x00, (true, false, false)),
        (0x24, (false, true, false)),
        (0x84, (false, false, true)),
        (0xa8, (true, true, true)),
    ] {
        let tpdu = delivered(first, 4, 2, &[1, 2]);
        let deliver = deliver(&tpdu);
        assert_eq!((deliver.more, deliver.report, deliver.reply), expected, "{first:x}");
        assert_eq!((deliver.from, deliver.data), (Number::parse(b"12345").ok(), &[1, 2][..]));
    }
}

#[test]
fn lengths_that_contradict_each_other() {
    assert_eq!(deliver(&delivered(0x44, 4, 4, &[2, 0x70, 0, 9])).header, [0x70, 0]);
    assert_eq!(deliver(&delivered(0x44, 4, 1, &[0])).header, [], "a header without elements");
    assert_eq!(deliver(&delivered(0x04, 4, 2, &[1, 2, 3])).data, [1, 2], "filled up");
    assert_eq!(deliver(&delivered(0x04, 4, 140, &[9; 140])).data, [9; 140]);
    for (first, length, user_data) in [
        (0x44, 0, &[][..]),       // no room for UDHL
        (0x44, 1, &[1, 0x70]),    // UDHL beyond TP-UDL
        (0x44, 3, &[3, 0x70, 0]), // the same
        (0x04, 3, &[1, 2]),       // TP-UDL beyond the end
        (0x04, 141, &[0; 141]),   // TP-UDL beyond what it may be
        (0x04, 255, &[0; 255]),
    ] {
        assert_eq!(parse(&delivered(first, 4, length, user_data)), Err(Error::Malformed), "{length}");
    }
    let mut address = delivered(0x04, 4, 0, &[]);
    address[1] = 21;
    address.extend([0; 20]);
    assert_eq!(parse(&address), Err(Error::Malformed), "an address of 21 digits");
}

#[test]
fn text_is_measured_in_septets() {
    for (septets, octets) in [(0, 0), (1, 1), (7, 7), (8, 7), (9, 8), (160, 140)] {
        let tpdu = delivered(0x04, 0, septets, &[0x55; 140]);
        assert_eq!(deliver(&tpdu).data.len(), octets, "{septets}");
        let short = &tpdu[..16 + octets - usize::from(octets > 0)];
        assert_eq!(parse(short).is_err(), octets > 0, "{septets}");
    }
    assert_eq!(parse(&delivered(0x04, 0, 161, &[0; 160])), Err(Error::Malformed));
    let header = delivered(0x44, 0, 9, &[5, 0, 3, 1, 2, 1, 0xe8, 0x32]);
    assert_eq!((deliver(&header).header.len(), deliver(&header).data), (5, &[0xe8, 0x32][..]));
}

#[test]
fn codings() {
    for coding in [0x04, 0x05, 0x06, 0x07, 0x14, 0x15, 0x16, 0x17, 0xf4, 0xf5, 0xf6, 0xf7] {
        assert!(is_8_bit(coding) && !counts_septets(coding), "{coding:x}");
    }
    for coding in [0x00, 0x01, 0x10, 0x13, 0x0c, 0x40, 0x80, 0xb4, 0xc0, 0xd8, 0xf0, 0xf3] {
        assert!(!is_8_bit(coding) && counts_septets(coding), "{coding:x}: 7-bit");
    }
    for coding in [0x08, 0x18, 0x20, 0x24, 0x30, 0x44, 0xe0] {
        assert!(!is_8_bit(coding) && !counts_septets(coding), "{coding:x}: octets of something else");
    }
    assert!((0..=255).all(|coding| !is_8_bit(coding) || !counts_septets(coding)), "never both");
}

#[test]
fn other_kinds_of_message() {
    assert_eq!(parse(&[]), Err(Error::Malformed));
    assert_eq!(parse(&[0x01, 0, 0]), Err(Error::NotSupported), "SMS-SUBMIT-REPORT");
    assert_eq!(parse(&[0x03; 30]), Err(Error::NotSupported), "reserved");
}

#[test]
fn status_reports() {
    let status = |status, first| {
        let mut tpdu = Vec::from([first, 42, 0x05, 0x81, 0x21, 0x43, 0xf5]);
        tpdu.extend([1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17, status]);
        for length in 0..tpdu.len() {
            assert_eq!(parse(&tpdu[..length]), Err(Error::Malformed), "{length} octets");
        }
        tpdu.extend([0x01, 0x00]); // TP-PI and what it announces
        match parse(&tpdu) {
            Ok(Incoming::StatusReport(report)) => {
                assert_eq!(
                    (report.reference, report.status, report.to),
                    (42, status, Number::parse(b"12345").ok())
                );
                assert_eq!(
                    (report.time, report.discharge),
                    (&[1, 2, 3, 4, 5, 6, 7], &[11, 12, 13, 14, 15, 16, 17])
                );
                (report.outcome(), report.more, report.of_command)
            }
            other => panic!("{other:?}"),
        }
    };
    for (from, to, expected) in [
        (0x00, 0x1f, Outcome::Delivered),
        (0x20, 0x3f, Outcome::Trying),
        (0x40, 0x5f, Outcome::Failed),
        (0x60, 0xff, Outcome::Failed),
    ] {
        for octet in from..=to {
            assert_eq!(status(octet, 0x06), (expected, false, false), "{octet:x}");
        }
    }
    assert_eq!(status(0, 0x02), (Outcome::Delivered, true, false));
    assert_eq!(status(0, 0x26), (Outcome::Delivered, false, true));
}

#[test]
fn what_does_not_fit() {
    let longest = Submit {
        to: Number::parse(b"+12345678901234567890").unwrap(),
        validity_s: 30,
        header: &[0x70, 0],
        ..submit(&[7; 137])
    };
    let precise = Options { precise: true, ..Options::default() };
    let mut out = [0; TPDU_MAX];
    assert_eq!(longest.write_with(precise, &mut out), Ok(TPDU_MAX));
    for room in 0..TPDU_MAX {
        assert_eq!(longest.write_with(precise, &mut out[..room]), Err(Error::Full), "{room}");
    }
    assert_eq!(Submit { data: &[7; 138], ..longest }.write(&mut out), Err(Error::TooLarge));
    assert_eq!(submit(&[7; 141]).write(&mut out), Err(Error::TooLarge));
    assert_eq!(submit(&[7; 140]).write(&mut out), Ok(13 + 140));
    assert_eq!(Submit { header: &[0; 140], ..submit(&[]) }.write(&mut out), Err(Error::TooLarge));
    assert!(Submit { header: &[0; 139], ..submit(&[]) }.write(&mut out).is_ok());
    assert_eq!(Submit { coding: 0, ..submit(&[1]) }.write(&mut out), Err(Error::NotSupported));
}

#[test]
fn each_bit_of_a_submit() {
    let plain = written(&submit(&[9]), Options::default());
    assert_eq!(plain, [0x01, 0, 0x0b, 0x91, 0x51, 0x55, 0x55, 0x05, 0x21, 0xf3, 0, 4, 1, 9]);
    let report = written(&Submit { report: true, ..submit(&[9]) }, Options { reference: 42, precise: true });
    assert_eq!((report[0], report[1], report.len()), (0x21, 42, plain.len()), "precise about nothing");
    let header = written(&Submit { header: &[0x70, 0], ..submit(&[9]) }, Options::default());
    assert_eq!((header[0], &header[12..]), (0x41, &[4, 2, 0x70, 0, 9][..]));
}

/// From the formulas of TS 23.040 section 9.2.3.12.1.
fn seconds_of(octet: u8) -> u32 {
    let n = u32::from(octet);
    match octet {
        0..=143 => (n + 1) * 300,
        144..=167 => 12 * 3600 + (n - 143) * 1800,
        168..=196 => (n - 166) * 86_400,
        197..=255 => (n - 192) * 7 * 86_400,
    }
}

#[test]
fn the_smallest_validity_that_lasts() {
    for octet in 0..=254 {
        assert_eq!(relative_validity(seconds_of(octet)), octet);
        assert_eq!(relative_validity(seconds_of(octet) + 1), octet + 1);
    }
    assert_eq!(relative_validity(seconds_of(255)), 255);
    assert_eq!(relative_validity(1), 0);
    for longer in [seconds_of(255) + 1, u32::MAX] {
        assert_eq!(relative_validity(longer), 255, "there is no longer one");
    }
}

#[test]
fn validity_in_seconds() {
    let period = |seconds| {
        let tpdu = written(
            &Submit { validity_s: seconds, ..submit(&[]) },
            Options { precise: true, ..Options::default() },
        );
        (tpdu[0] & 0x18, tpdu[12..tpdu.len() - 1].to_vec())
    };
    assert_eq!(period(36), (0x08, [2, 36, 0, 0, 0, 0, 0].to_vec()));
    assert_eq!(period(255), (0x08, [2, 255, 0, 0, 0, 0, 0].to_vec()));
    assert_eq!(period(256), (0x08, [3, 0x00, 0x40, 0x61, 0, 0, 0].to_vec()), "4 minutes 16");
    assert_eq!(period(99 * 3600 + 59 * 60 + 58), (0x08, [3, 0x99, 0x95, 0x85, 0, 0, 0].to_vec()));
    assert_eq!(period(100 * 3600), (0x10, [171].to_vec()), "5 days");
    assert_eq!(period(0), (0, [].to_vec()));
}
