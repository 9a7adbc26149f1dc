//! Secured packets against `tests/vectors/sms_secured_packet.json`: other implementations made and checked those
//! (`verified_by`). By the table in Rust, directly and as C sees it.

use serde_json::Value;
use whimbrel::capi::{CryptoTable, whimbrel_crypto_software};
use whimbrel::crypto::{BLOCK, Cipher, Crypto, PARTS, Software};
use whimbrel::error::Error;
use whimbrel::sms::packet::{
    Keys, Opened, longest, open, open_response, protect, protected_length, response,
};

const VECTORS: &str = include_str!("vectors/sms_secured_packet.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// The bytes of a member.
fn bytes(case: &Value, name: &str) -> Vec<u8> {
    hex(case[name].as_str().unwrap_or_else(|| panic!("{name} in {case}")))
}

/// The number that a member writes in hexadecimal.
fn counter(case: &Value, name: &str) -> u64 {
    u64::from_str_radix(case[name].as_str().unwrap(), 16).unwrap()
}

fn number(case: &Value, name: &str) -> usize {
    case[name].as_u64().unwrap().try_into().unwrap()
}

/// The keys of a case, in memory of their own.
struct Owned {
    cipher_key: Vec<u8>,
    mac_key: Vec<u8>,
    octets: [u8; 4],
    tar: [u8; 3],
    cipher: Cipher,
    mac_length: u8,
}

impl Owned {
    /// Without a KIc a case is of a response, which has none: that of its family.
    fn of(case: &Value) -> Self {
        let cipher = if case["algorithm"] == "3des" { Cipher::TripleDes } else { Cipher::Aes };
        let octet = |name, otherwise| if case[name].is_null() { otherwise } else { bytes(case, name)[0] };
        let usual = if cipher == Cipher::Aes { 0x12 } else { 0x39 };
        let spi = if case["spi"].is_null() { vec![0x16, 0x00] } else { bytes(case, "spi") };
        Self {
            cipher_key: bytes(case, "kic_key"),
            mac_key: bytes(case, "kid_key"),
            octets: [octet("kic", usual), octet("kid", usual), spi[0], spi[1]],
            tar: bytes(case, "tar").try_into().unwrap(),
            cipher,
            mac_length: case["cc_length"].as_u64().unwrap_or(8).try_into().unwrap(),
        }
    }

    fn keys(&self) -> Keys<'_> {
        let [kic, kid, spi @ ..] = self.octets;
        Keys {
            kic,
            kid,
            spi,
            tar: self.tar,
            cipher: self.cipher,
            cipher_key: &self.cipher_key,
            mac_key: &self.mac_key,
            mac_length: self.mac_length,
        }
    }
}

/// The table in Rust, and the same behind its C functions.
fn tables() -> [Box<dyn Crypto>; 2] {
    #[allow(unsafe_code)]
    // SAFETY: the library's own table keeps its contract
    let table = unsafe { CryptoTable::new(&whimbrel_crypto_software) };
    [Box::new(Software), Box::new(table.unwrap())]
}

#[test]
fn command_packets_are_the_bytes_that_others_made() {
    let vectors = vectors();
    let cases = vectors["command_packets"].as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for (case, crypto) in cases.iter().flat_map(|case| tables().map(|table| (case, table))) {
        let (owned, coap, packet) =
            (Owned::of(case), bytes(case, "coap_message"), bytes(case, "command_packet"));
        let (keys, counter) = (owned.keys(), counter(case, "cntr"));
        let mut out = vec![0xee; packet.len() + 3];
        assert_eq!(protect(&*crypto, &keys, counter, &coap, &mut out), Ok(packet.len()), "{}", case["name"]);
        assert_eq!(out[..packet.len()], packet, "{}", case["name"]);
        assert_eq!(out[packet.len()..], [0xee; 3]);
        assert_eq!(protected_length(&keys, coap.len()), packet.len());
        assert_eq!(packet.len(), number(case, "cpl") + 2);

        let mut received = packet.clone();
        let opened = open(&*crypto, &keys, counter - 1, &mut received).unwrap();
        assert_eq!(received[opened.start..][..opened.length], coap, "{}", case["name"]);
        assert_eq!((opened.counter, opened.por), (counter, bytes(case, "spi")[1]));
    }
}

/// One Command Packet goes into several short messages: cut behind their user data headers, they are the packet again.
#[test]
fn the_short_messages_of_the_vectors_hold_the_packet() {
    for case in vectors()["command_packets"].as_array().unwrap() {
        let parts = case["sms"].as_array().unwrap().iter().map(|sms| bytes(sms, "user_data"));
        let whole: Vec<u8> = parts.flat_map(|part| part[1 + usize::from(part[0])..].to_vec()).collect();
        assert_eq!(whole, bytes(case, "command_packet"), "{}", case["name"]);
    }
}

#[test]
fn keys_come_from_the_resources_where_they_fit() {
    let vectors = vectors();
    let mut fitting = 0;
    for case in vectors["command_packets"].as_array().unwrap() {
        let (parameters, secret) =
            (bytes(case, "lwm2m_resource_7_six_bytes"), bytes(case, "lwm2m_resource_8_kic_then_kid"));
        let keys = Keys::from_resources(&parameters, &secret, false, number(case, "cc_length") == 4);
        if secret.len() == 64 {
            assert_eq!(
                keys.err(),
                Some(Error::Credentials),
                "two keys of AES-256 are longer than the resource"
            );
            continue;
        }
        let keys = keys.ok().unwrap();
        let mut packet = bytes(case, "command_packet");
        let opened = open(&Software, &keys, 0, &mut packet).unwrap();
        assert_eq!(packet[opened.start..][..opened.length], bytes(case, "coap_message"));
        fitting += 1;
    }
    assert_eq!(fitting, 10);
}

#[test]
fn as_much_fits_a_short_message_as_the_vectors_say() {
    let vectors = vectors();
    let of = |name: &str| {
        let cases = vectors["command_packets"].as_array().unwrap();
        Owned::of(cases.iter().find(|case| case["name"] == name).unwrap())
    };
    let limits = vectors["limits_max_coap_bytes"]["values"].as_object().unwrap();
    assert_eq!(limits.len(), 6);
    for (limit, expected) in limits {
        let (algorithm, parts) = limit.split_once('/').unwrap();
        let owned = of(&format!("{algorithm}-mt-get"));
        // IE 70 takes 3 bytes of 140 with its header, concatenation 5 more, or 6 in the parts behind the first
        let room = match parts.parse().unwrap() {
            1 => 140 - 3,
            parts => 140 - 8 + (parts - 1) * (140 - 6),
        };
        assert_eq!(longest(&owned.keys(), room), expected.as_u64().unwrap() as usize, "{limit}");
    }
}

#[test]
fn what_must_be_discarded_is_and_says_why() {
    let vectors = vectors();
    let cases = vectors["negative_cases"].as_array().unwrap();
    assert_eq!(cases.len(), 13);
    let based_on = |name: &Value| {
        let cases = vectors["command_packets"].as_array().unwrap();
        Owned::of(cases.iter().find(|case| case["name"] == *name).unwrap())
    };
    for (case, crypto) in cases.iter().flat_map(|case| tables().map(|table| (case, table))) {
        let owned = based_on(&case["based_on"]);
        let mut packet = bytes(case, "command_packet");
        let last = counter(case, "receiver_last_counter");
        let result = open(&*crypto, &owned.keys(), last, &mut packet);
        let expected = match case["observed_in_check_decoder"].as_str().unwrap() {
            "accept" => Ok(1),
            "rejected at counter" => Err(Error::Exists),
            "rejected at CC" => Err(Error::Unauthorized),
            "rejected at single DES" | "rejected at TAR" | "rejected at SPI1" => Err(Error::BadValue),
            "rejected at CPL" | "rejected at PCNTR" | "rejected at tag" | "rejected at BER length" => {
                Err(Error::Malformed)
            }
            other => panic!("{other}"),
        };
        assert_eq!(result.map(|opened: Opened| opened.counter), expected, "{}", case["name"]);
    }
}

/// Lengths that lie, and packets that end early or late.
#[test]
fn every_cut_and_every_bit_of_a_packet_counts() {
    let vectors = vectors();
    for case in vectors["command_packets"].as_array().unwrap() {
        let (owned, packet) = (Owned::of(case), bytes(case, "command_packet"));
        let refused = |mut packet: Vec<u8>| open(&Software, &owned.keys(), 0, &mut packet).unwrap_err();
        for length in 0..packet.len() {
            assert_eq!(refused(packet[..length].to_vec()), Error::Malformed, "{} {length}", case["name"]);
        }
        for more in 1..=16 {
            assert_eq!(refused([packet.clone(), vec![0; more]].concat()), Error::Malformed);
        }
        for bit in 0..8 * packet.len() {
            let mut flipped = packet.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let expected: &[Error] = match bit / 8 {
                ..=2 => &[Error::Malformed],
                // SPI2 is the sender's to choose, but under the checksum
                4 | 10.. => &[Error::Unauthorized],
                _ => &[Error::BadValue],
            };
            assert!(expected.contains(&refused(flipped)), "{} bit {bit}", case["name"]);
        }
    }
}

#[test]
fn response_packets_are_the_bytes_that_others_made() {
    let vectors = vectors();
    let cases = vectors["response_packets"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for (case, crypto) in cases.iter().flat_map(|case| tables().map(|table| (case, table))) {
        let owned = Owned::of(case);
        let (por, status) = (bytes(case, "spi2")[0], number(case, "status") as u8);
        let (counter, data, expected) =
            (counter(case, "cntr"), bytes(case, "additional_data"), bytes(case, "response_packet"));
        let mut out = [0xee; 64];
        let written = response(&*crypto, &owned.keys(), (counter, por), status, &data, &mut out);
        if status == 0 {
            assert_eq!(written, Ok(expected.len()), "{}", case["name"]);
            assert_eq!(out[..expected.len()], expected, "{}", case["name"]);
        } else {
            assert_eq!(written, Err(Error::BadValue), "a client tells no reason");
            assert_eq!(out, [0xee; 64]);
        }
        let mut packet = expected.clone();
        let opened = open_response(&*crypto, &owned.keys(), por, &mut packet).unwrap();
        assert_eq!((opened.counter, opened.status), (counter, status));
        assert_eq!(packet[opened.start..][..opened.length], data);
        for bit in 0..8 * expected.len() {
            let mut flipped = expected.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open_response(&*crypto, &owned.keys(), por, &mut flipped).is_err(), "bit {bit}");
        }
        for length in 0..expected.len() {
            assert!(open_response(&*crypto, &owned.keys(), por, &mut expected[..length].to_vec()).is_err());
        }
    }
}

/// What a table must refuse, and what it must not read or write.
#[test]
fn tables_refuse_keys_blocks_and_chunks_that_they_do_not_know() {
    for crypto in tables() {
        let zero = [0; BLOCK];
        for (cipher, length) in [(Cipher::Aes, 8), (Cipher::Aes, 17), (Cipher::Aes, 64), (Cipher::Aes, 0)]
            .into_iter()
            .chain([(Cipher::TripleDes, 8), (Cipher::TripleDes, 16), (Cipher::TripleDes, 32)])
        {
            let key = vec![1; length];
            let (mut data, mut out) = ([7; 16], [9; BLOCK]);
            assert_eq!(crypto.cbc(cipher, true, &key, &zero, &mut data), Err(Error::Credentials));
            assert_eq!(crypto.mac(cipher, &key, &[b"a"], &mut out), Err(Error::Credentials));
            assert_eq!((data, out), ([7; 16], [9; BLOCK]));
        }
        for (cipher, length) in [(Cipher::Aes, 16), (Cipher::TripleDes, 24)] {
            let key: Vec<u8> = (0..length).collect();
            let mut data = [7; 40];
            let part = &mut data[..cipher.block() * 2 - 1];
            assert_eq!(crypto.cbc(cipher, true, &key, &zero, part), Err(Error::BadValue));
            assert_eq!(data, [7; 40]);
            assert_eq!(crypto.cbc(cipher, true, &key, &zero, &mut []), Ok(()));
            let parts = [b"part".as_slice(); PARTS + 1];
            let (mut once, mut pieces) = ([0; BLOCK], [0; BLOCK]);
            assert_eq!(crypto.mac(cipher, &key, &parts, &mut once), Err(Error::Full));
            assert_eq!(crypto.mac(cipher, &key, &parts[..PARTS], &mut pieces), Ok(()));
            assert_eq!(crypto.mac(cipher, &key, &[&parts[..PARTS].concat()], &mut once), Ok(()));
            assert_eq!(once, pieces);
            assert_eq!(once[cipher.block()..], zero[cipher.block()..]);
        }
    }
}
