//! SCP03 against `tests/vectors/scp03.json`: other implementations made and checked those (`verified_by`). By the table in
//! Rust, directly and as C sees it.
//!
//! The session of level 01 is not for us: LwM2M wants level 33 (TS 1.0 Appendix H), and the engine knows no other.

use serde_json::Value;
use whimbrel::capi::{CryptoTable, whimbrel_crypto_software};
use whimbrel::crypto::{Crypto, Software};
use whimbrel::error::Error;
use whimbrel::uicc::COMMAND_MAX;
use whimbrel::uicc::scp03::{Channel, LEVEL, MemoryKeys};

const VECTORS: &str = include_str!("vectors/scp03.json");

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

/// The table in Rust, and the same behind its C functions.
fn tables() -> [Box<dyn Crypto>; 2] {
    #[allow(unsafe_code)]
    // SAFETY: the library's own table keeps its contract
    let table = unsafe { CryptoTable::new(&whimbrel_crypto_software) };
    [Box::new(Software), Box::new(table.unwrap())]
}

/// The sessions of our level.
fn sessions(vectors: &Value) -> Vec<&Value> {
    let all = vectors["sessions"].as_array().unwrap();
    let ours: Vec<_> = all.iter().filter(|session| bytes(session, "security_level") == [LEVEL]).collect();
    assert_eq!((all.len(), ours.len()), (6, 5));
    ours
}

/// Without its status word, the response to INITIALIZE UPDATE goes in.
fn open(
    channel: &mut Channel,
    crypto: &dyn Crypto,
    session: &Value,
    response: &[u8],
) -> Result<Vec<u8>, Error> {
    let (enc, mac) = (bytes(session, "key_enc"), bytes(session, "key_mac"));
    let keys = MemoryKeys { crypto, enc: &enc, mac: &mac };
    let (challenge, aid) = (bytes(session, "host_challenge"), bytes(session, "application_aid"));
    let response = response.strip_suffix(b"\x90\x00").unwrap();
    let (cryptogram, length) = channel.open(crypto, &keys, &challenge, &aid, response)?;
    Ok(cryptogram[..length].to_vec())
}

fn wrap(channel: &mut Channel, crypto: &dyn Crypto, plain: &[u8]) -> Vec<u8> {
    let mut apdu = [0xee; COMMAND_MAX];
    apdu[..plain.len()].copy_from_slice(plain);
    let length = channel.wrap(crypto, &mut apdu, plain.len()).unwrap();
    apdu[..length].to_vec()
}

fn unwrap(channel: &mut Channel, crypto: &dyn Crypto, response: &[u8]) -> Result<Vec<u8>, Error> {
    let mut response = response.to_vec();
    let length = response.len();
    let length = channel.unwrap(crypto, &mut response, length)?;
    Ok(response[..length].to_vec())
}

/// EXTERNAL AUTHENTICATE before it has its checksum.
fn external_authenticate(session: &Value, cryptogram: &[u8]) -> Vec<u8> {
    let cla = 0x80 | session["logical_channel"].as_u64().unwrap() as u8;
    [&[cla, 0x82, LEVEL, 0x00, cryptogram.len() as u8], cryptogram].concat()
}

/// A channel over which the first `commands` of a session have gone.
fn after(session: &Value, crypto: &dyn Crypto, commands: usize) -> Channel {
    let name = &session["name"];
    let mut channel = Channel::CLOSED;
    let response = bytes(session, "initialize_update_response");
    let cryptogram = open(&mut channel, crypto, session, &response).unwrap();
    assert_eq!(cryptogram, bytes(session, "host_cryptogram"), "{name}");
    let authenticate = &session["external_authenticate"];
    let wrapped = wrap(&mut channel, crypto, &external_authenticate(session, &cryptogram));
    assert_eq!(wrapped, bytes(authenticate, "apdu"), "{name}");
    let told = unwrap(&mut channel, crypto, &bytes(authenticate, "response"));
    assert_eq!(told, Ok(vec![0x90, 0x00]));
    for command in &session["commands"].as_array().unwrap()[..commands] {
        let wrapped = wrap(&mut channel, crypto, &bytes(command, "plain"));
        assert_eq!(wrapped, bytes(command, "wrapped"), "{name}: {}", command["name"]);
        let told = unwrap(&mut channel, crypto, &bytes(command, "response"));
        assert_eq!(told, Ok(bytes(command, "plain_response")), "{name}: {}", command["name"]);
        assert!(channel.is_open());
    }
    channel
}

#[test]
fn sessions_are_the_bytes_that_others_made() {
    let vectors = vectors();
    let mut commands = 0;
    for (session, crypto) in
        sessions(&vectors).into_iter().flat_map(|session| tables().map(|table| (session, table)))
    {
        let count = session["commands"].as_array().unwrap().len();
        after(session, &*crypto, count);
        commands += count;
    }
    assert_eq!(commands, 2 * 20);
}

#[test]
fn a_card_that_fails_its_part_is_refused() {
    let vectors = vectors();
    let cases = vectors["negative_cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for (case, crypto) in cases.iter().flat_map(|case| tables().map(|table| (case, table))) {
        let sessions = sessions(&vectors);
        let session = sessions.iter().find(|session| session["name"] == case["based_on"]).unwrap();
        match case["name"].as_str().unwrap() {
            "wrong-card-cryptogram" => {
                let mut channel = Channel::CLOSED;
                let response = bytes(case, "initialize_update_response");
                assert_eq!(open(&mut channel, &*crypto, session, &response), Err(Error::Handshake));
                assert!(!channel.is_open());
            }
            // the card is who refuses: the host has sent another checksum, and is answered so
            "wrong-host-mac" => {
                for status in [[0x69, 0x82], [0x63, 0x00]] {
                    let mut channel = Channel::CLOSED;
                    let response = bytes(session, "initialize_update_response");
                    let cryptogram = open(&mut channel, &*crypto, session, &response).unwrap();
                    let wrapped = wrap(&mut channel, &*crypto, &external_authenticate(session, &cryptogram));
                    assert_ne!(wrapped, bytes(case, "external_authenticate"));
                    assert_eq!(unwrap(&mut channel, &*crypto, &status), Err(Error::Handshake));
                    assert!(!channel.is_open());
                }
            }
            "tampered-rmac" => {
                let commands = session["commands"].as_array().unwrap();
                let at = commands.iter().position(|command| command["name"] == case["command"]).unwrap();
                let mut channel = after(session, &*crypto, at);
                wrap(&mut channel, &*crypto, &bytes(&commands[at], "plain"));
                let told = unwrap(&mut channel, &*crypto, &bytes(case, "response"));
                assert_eq!(told, Err(Error::Handshake));
                assert!(!channel.is_open());
            }
            other => panic!("{other}"),
        }
    }
}

/// Every response of every session with every bit changed: none passes as it is, and the session is over.
#[test]
fn every_bit_of_a_protected_response_counts() {
    let vectors = vectors();
    let mut flips = 0;
    for session in sessions(&vectors) {
        let commands = session["commands"].as_array().unwrap();
        for (at, command) in commands.iter().enumerate().filter(|(_, command)| command["protected"] == true) {
            let response = bytes(command, "response");
            for bit in 0..8 * response.len() {
                let mut channel = after(session, &Software, at);
                wrap(&mut channel, &Software, &bytes(command, "plain"));
                let mut flipped = response.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(unwrap(&mut channel, &Software, &flipped), Err(Error::Handshake), "bit {bit}");
                assert!(!channel.is_open());
                flips += 1;
            }
        }
    }
    assert!(flips > 3_000, "{flips}");
}
