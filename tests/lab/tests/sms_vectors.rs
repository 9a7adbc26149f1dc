//! The bench's codecs of short messages and secured packets against the vectors, which other implementations agree with.

use serde_json::Value;
use whimbrel_lab::sms::packet::Keys;
use whimbrel_lab::sms::parts::{Cut, Reassembly};
use whimbrel_lab::sms::tpdu::{COMMAND, RESPONSE, is_eight_bit};
use whimbrel_lab::sms::{Association, Deliver, Refusal, StatusReport, Submit, Validity, address};

fn load(name: &str) -> Value {
    let path = format!("{}/../vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16).expect("hexadecimal")).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn hex(value: &Value, key: &str) -> Vec<u8> {
    bytes(text(value, key))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().expect("a list")
}

#[test]
fn every_tpdu_is_read_and_written_back() {
    let file = load("sms_pdu");
    for vector in list(&file, "tpdus") {
        let (name, tpdu) = (text(vector, "name"), hex(vector, "tpdu"));
        assert_eq!(vector["tpdu_octets"], tpdu.len(), "{name}");
        let fields = &vector["fields"];
        let (number, data) = if name.starts_with("submit") {
            let submit = Submit::parse(&tpdu).unwrap();
            assert_eq!(submit.bytes(), tpdu, "{name}");
            if let Some(seconds) = fields["tp_vp_seconds"].as_u64() {
                assert_eq!(submit.validity.milliseconds(0), Some(seconds * 1000), "{name}");
            }
            assert_eq!(submit.report, name.contains("report"), "{name}");
            if let Some(reference) = fields["tp_mr"].as_u64() {
                assert_eq!(u64::from(submit.reference), reference, "{name}");
            }
            (submit.to.text, Some(submit.data))
        } else if name.starts_with("deliver") {
            let deliver = Deliver::parse(&tpdu).unwrap();
            assert_eq!(deliver.bytes(), tpdu, "{name}");
            (deliver.from.text, Some(deliver.data))
        } else {
            let report = StatusReport::parse(&tpdu).unwrap();
            assert_eq!(report.bytes(), tpdu, "{name}");
            let status = bytes(fields["tp_st"].as_str().expect("a status"))[0];
            assert_eq!(report.status, status, "{name}");
            (report.to.text, None)
        };
        for key in ["tp_da", "tp_oa", "tp_ra", "tp_oa_text"] {
            if let Some(expected) = fields[key].as_str() {
                assert_eq!(number, expected, "{name}");
            }
        }
        let Some(data) = data else { continue };
        assert_eq!(is_eight_bit(data.dcs), name != "deliver-7bit-text", "{name}");
        if let (Some(coap), false) = (vector["coap_message"].as_str(), name.contains("concat")) {
            assert_eq!(data.payload, bytes(coap), "{name}");
        }
    }
    assert_eq!(list(&file, "tpdus").len(), 18);
}

#[test]
fn time_stamps_are_those_of_the_vectors() {
    let file = load("sms_pdu");
    let find = |name| list(&file, "tpdus").iter().find(|vector| vector["name"] == name).unwrap();
    // 2026-01-02 03:04:05, two hours before and five hours after UTC
    let local = 1_767_323_045;
    let get = Deliver::parse(&hex(find("deliver-8bit-get"), "tpdu")).unwrap();
    assert_eq!(get.time.seconds(), local - 2 * 3600);
    let trigger = Deliver::parse(&hex(find("deliver-trigger-8bit-class1"), "tpdu")).unwrap();
    assert_eq!(trigger.time.seconds(), local + 5 * 3600);
}

#[test]
fn validity_periods_are_those_of_the_vectors() {
    for period in list(&load("sms_pdu"), "validity_period_relative") {
        let validity = Validity::Relative(period["octet"].as_u64().unwrap() as u8);
        assert_eq!(validity.milliseconds(0), period["seconds"].as_u64().map(|s| s * 1000), "{period}");
    }
}

#[test]
fn lines_for_a_modem_begin_with_the_centre() {
    for vector in list(&load("sms_pdu"), "tpdus") {
        let tpdu = hex(vector, "tpdu");
        let name = text(vector, "name");
        if let Some(line) = vector["pdu_mode_line_default_smsc"].as_str() {
            assert_eq!(address::take_centre(&bytes(line)), Ok((None, &tpdu[..])), "{name}");
        }
        let explicit = ["pdu_mode_line_explicit_smsc", "pdu_mode_line"];
        let line = explicit.into_iter().find_map(|key| vector[key].as_str()).expect("a line");
        assert_eq!([address::centre("+15555550100"), tpdu].concat(), bytes(line), "{name}");
        assert_eq!(address::take_centre(&bytes(line)).unwrap().0.unwrap().text, "+15555550100");
    }
}

#[test]
fn concatenated_messages_come_out_in_any_order_and_are_cut_the_same_way() {
    let file = load("sms_pdu");
    let find = |name| list(&file, "tpdus").iter().find(|vector| vector["name"] == name).unwrap();
    let parts = ["submit-concat8-part1", "submit-concat8-part2"].map(find);
    let message = hex(parts[0], "coap_message");
    let submits = parts.map(|part| Submit::parse(&hex(part, "tpdu")).unwrap().data);
    let cut = Cut { command: false, reference: 0x5c, wide: false };
    assert_eq!(cut.parts(&message, 0, 4).unwrap(), submits);
    let wide = ["deliver-concat16-part1", "deliver-concat16-part2"].map(find);
    let wide = wide.map(|part| Deliver::parse(&hex(part, "tpdu")).unwrap().data);
    let cut = Cut { command: false, reference: 0x1a2b, wide: true };
    assert_eq!(cut.parts(&message, 0, 4).unwrap(), wide);
    let mut reassembly = Reassembly::default();
    for [first, second] in [submits, wide] {
        assert_eq!(reassembly.take(0, "a", second.clone()), None);
        assert_eq!(reassembly.take(0, "b", first.clone()), None, "somebody else's");
        assert_eq!(reassembly.take(0, "a", second), None, "twice");
        assert_eq!(reassembly.take(0, "a", first).unwrap().payload, message);
    }
    assert_eq!((reassembly.waiting(), reassembly.ignored), (2, 2));
}

fn keys(vector: &Value) -> Keys {
    let octet = |key| hex(vector, key)[0];
    let (kic, kid) = if vector["kic"].is_null() {
        if text(vector, "algorithm") == "3des" { (0x39, 0x39) } else { (0x12, 0x12) }
    } else {
        (octet("kic"), octet("kid"))
    };
    let mut keys = Keys::new(kic, kid, &hex(vector, "kic_key"), &hex(vector, "kid_key"));
    if !vector["spi"].is_null() {
        keys.spi = hex(vector, "spi").try_into().unwrap();
    }
    keys.checksum = vector["cc_length"].as_u64().map_or(8, |n| n as usize);
    keys
}

fn counter(vector: &Value, key: &str) -> u64 {
    u64::from_str_radix(text(vector, key), 16).unwrap()
}

#[test]
fn every_command_packet_is_built_opened_and_cut() {
    let file = load("sms_secured_packet");
    for vector in list(&file, "command_packets") {
        let name = text(vector, "name");
        let (coap, packet) = (hex(vector, "coap_message"), hex(vector, "command_packet"));
        let last = counter(vector, "cntr") - 1;
        let mut association = Association { sent: last, accepted: last, ..Association::new(keys(vector)) };
        assert_eq!(association.protect(&coap).unwrap(), packet, "{name}");
        assert_eq!(association.open(&packet), Ok(coap.clone()), "{name}");
        assert_eq!(association.open(&packet), Err(Refusal::Counter), "{name} again");
        for bit in 0..packet.len() * 8 {
            let mut flipped = packet.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let fresh = &mut Association { accepted: last, ..association.clone() };
            assert!(fresh.open(&flipped).is_err(), "{name}, bit {bit}");
            assert_eq!(fresh.accepted, last, "{name}, bit {bit}");
        }
        let sms = list(vector, "sms");
        let mut reassembly = Reassembly::default();
        let mut whole = None;
        let cut = Cut { command: true, reference: 0x5c, wide: false };
        let parts = cut.parts(&packet, 0x7f, 0xf6).unwrap();
        assert_eq!(parts.len(), sms.len(), "{name}");
        for (sms, part) in sms.iter().zip(parts) {
            let tpdu = hex(sms, "tpdu");
            let data = if text(vector, "direction") == "server_to_client" {
                Deliver::parse(&tpdu).unwrap().data
            } else {
                Submit::parse(&tpdu).unwrap().data
            };
            assert_eq!(data, part, "{name}");
            whole = reassembly.take(0, "a", data);
        }
        let whole = whole.expect("whole");
        assert_eq!((whole.payload, whole.header[0].id), (packet, COMMAND), "{name}");
    }
    assert_eq!(list(&file, "command_packets").len(), 12);
}

#[test]
fn the_largest_messages_are_those_of_the_vectors() {
    let limits = &load("sms_secured_packet")["limits_max_coap_bytes"]["values"];
    let aes = Keys::new(0x12, 0x12, &[1; 16], &[2; 16]);
    let des: Vec<u8> = (0..24).collect();
    for (name, keys) in [("aes128", aes), ("3des", Keys::new(0x39, 0x39, &des, &des))] {
        for count in 1..=3 {
            let parts = |length| {
                let packet = Association::new(keys.clone()).protect(&vec![0; length]).unwrap();
                Cut { command: true, reference: 0, wide: false }.parts(&packet, 0, 4).unwrap().len()
            };
            let limit = limits[format!("{name}/{count}")].as_u64().unwrap() as usize;
            assert_eq!((parts(limit), parts(limit + 1)), (count, count + 1), "{name}/{count}");
        }
    }
}

#[test]
fn every_response_packet_is_read() {
    let file = load("sms_secured_packet");
    for vector in list(&file, "response_packets") {
        let name = text(vector, "name");
        let (keys, packet) = (keys(vector), hex(vector, "response_packet"));
        let protection = hex(vector, "spi2")[0];
        let response = keys.response(protection, &packet).unwrap();
        assert_eq!(response.counter, counter(vector, "cntr"), "{name}");
        assert_eq!(u64::from(response.status), vector["status"].as_u64().unwrap(), "{name}");
        assert_eq!(response.data, hex(vector, "additional_data"), "{name}");
        for bit in 0..packet.len() * 8 {
            let mut flipped = packet.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(keys.response(protection, &flipped).is_err(), "{name}, bit {bit}");
        }
        if name != "por-ok-deliver-report" {
            let submit = Submit::parse(&hex(vector, "tpdu")).unwrap();
            assert_eq!((submit.data.header[0].id, submit.data.payload), (RESPONSE, packet), "{name}");
        }
    }
}

#[test]
fn every_negative_case_is_refused_for_its_reason() {
    let file = load("sms_secured_packet");
    let named = |name: &str| list(&file, "command_packets").iter().find(|v| v["name"] == name).unwrap();
    for vector in list(&file, "negative_cases") {
        let accepted = counter(vector, "receiver_last_counter");
        let keys = keys(named(text(vector, "based_on")));
        let mut association = Association { accepted, ..Association::new(keys) };
        let expected = match text(vector, "observed_in_check_decoder") {
            "accept" => None,
            "rejected at counter" => Some(Refusal::Counter),
            "rejected at CC" => Some(Refusal::Checksum),
            "rejected at single DES" => Some(Refusal::Kic),
            "rejected at TAR" => Some(Refusal::Tar),
            "rejected at SPI1" => Some(Refusal::Spi),
            "rejected at CPL" => Some(Refusal::Length),
            "rejected at PCNTR" => Some(Refusal::Padding),
            "rejected at tag" => Some(Refusal::Tag),
            "rejected at BER length" => Some(Refusal::Tlv),
            other => panic!("{other}"),
        };
        let opened = association.open(&hex(vector, "command_packet"));
        assert_eq!(opened.err(), expected, "{}", text(vector, "name"));
    }
    assert_eq!(list(&file, "negative_cases").len(), 13);
}

#[test]
fn key_parameters_give_the_vectors_keys() {
    let file = load("sms_secured_packet");
    for vector in list(&file, "command_packets") {
        let secret = hex(vector, "lwm2m_resource_8_kic_then_kid");
        if secret.len() == 64 {
            continue; // two AES-256 keys do not fit the resource
        }
        let given = Keys::from_resources(&hex(vector, "lwm2m_resource_7_six_bytes"), &secret).unwrap();
        let expected = keys(vector);
        assert_eq!((given.kic_key, given.kid_key), (expected.kic_key, expected.kid_key));
        assert_eq!((given.kic, given.kid, given.tar), (expected.kic, expected.kid, expected.tar));
    }
    assert!(Keys::from_resources(&[0x12, 0x12, 0x16, 0xb2, 2], &[0; 16]).is_err());
    assert!(Keys::from_resources(&[0x11, 0x12, 0x16, 0xb2, 2, 3], &[0; 16]).is_err(), "single DES");
}
