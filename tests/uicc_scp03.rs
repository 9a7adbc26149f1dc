//! SCP03 against `tests/vectors/scp03.json`: pySim made and checked those (`verified_by`).

use serde_json::Value;
use whimbrel::crypto::Software;
use whimbrel::error::Error;
use whimbrel::uicc::scp03::{Channel, MemoryKeys};
use whimbrel::uicc::{COMMAND_MAX, RESPONSE_MAX};

const VECTORS: &str = include_str!("vectors/scp03.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn bytes(case: &Value, name: &str) -> Vec<u8> {
    hex(case[name].as_str().unwrap_or_else(|| panic!("{name} in {case}")))
}

fn wrap(channel: &mut Channel, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let mut apdu = [0; COMMAND_MAX];
    apdu[..plain.len()].copy_from_slice(plain);
    channel.wrap(&Software, &mut apdu, plain.len()).map(|length| apdu[..length].to_vec())
}

fn unwrap(channel: &mut Channel, answer: &[u8]) -> Result<Vec<u8>, Error> {
    let mut response = [0; RESPONSE_MAX + 32];
    response[..answer.len()].copy_from_slice(answer);
    channel.unwrap(&Software, &mut response, answer.len()).map(|length| response[..length].to_vec())
}

/// Opens the session of a case with the card's response, which may be another.
fn open(case: &Value, response: &[u8]) -> Result<(Channel, Vec<u8>), Error> {
    let (enc, mac) = (bytes(case, "key_enc"), bytes(case, "key_mac"));
    let keys = MemoryKeys { crypto: &Software, enc: &enc, mac: &mac };
    let mut channel = Channel::CLOSED;
    let data = &response[..response.len() - 2];
    let (cryptogram, length) = channel.open(&Software, &keys, &bytes(case, "host_challenge"), data)?;
    Ok((channel, cryptogram[..length].to_vec()))
}

/// Opens it as the case has it, up to a good answer to EXTERNAL AUTHENTICATE.
fn opened(case: &Value) -> Channel {
    let (mut channel, cryptogram) = open(case, &bytes(case, "initialize_update_response")).unwrap();
    let external = bytes(&case["external_authenticate"], "apdu");
    let plain =
        [&[external[0] & !4, external[1], external[2], external[3], cryptogram.len() as u8], &cryptogram[..]]
            .concat();
    assert_eq!(wrap(&mut channel, &plain).unwrap(), external, "{}", case["name"]);
    assert_eq!(unwrap(&mut channel, &[0x90, 0]).unwrap(), [0x90, 0]);
    channel
}

/// Sessions at the level that LwM2M wants; the others of the file are at a lower one, which we do not speak.
fn sessions(vectors: &Value) -> Vec<&Value> {
    let all = vectors["sessions"].as_array().unwrap();
    let ours: Vec<_> = all.iter().filter(|case| case["security_level"] == "33").collect();
    assert!(ours.len() >= 5, "{}", ours.len());
    ours
}

#[test]
fn sessions_go_as_they_are_written() {
    let vectors = vectors();
    let mut commands = 0;
    for case in sessions(&vectors) {
        let mut channel = opened(case);
        for command in case["commands"].as_array().unwrap() {
            let name = format!("{} {}", case["name"], command["name"]);
            assert_eq!(
                wrap(&mut channel, &bytes(command, "plain")).unwrap(),
                bytes(command, "wrapped"),
                "{name}"
            );
            let plain = unwrap(&mut channel, &bytes(command, "response")).unwrap();
            assert_eq!(plain, bytes(command, "plain_response"), "{name}");
            commands += 1;
        }
    }
    assert!(commands >= 13, "{commands}");
}

#[test]
fn a_card_without_the_keys_is_known() {
    let vectors = vectors();
    let all = sessions(&vectors);
    for case in vectors["negative_cases"].as_array().unwrap() {
        let base = all.iter().find(|session| session["name"] == case["based_on"]).unwrap();
        if let Some(response) = case["initialize_update_response"].as_str() {
            assert_eq!(open(base, &hex(response)).err(), Some(Error::Handshake), "{}", case["name"]);
        } else if let Some(response) = case["response"].as_str() {
            let mut channel = opened(base);
            let commands = base["commands"].as_array().unwrap();
            let at = commands.iter().position(|command| command["name"] == case["command"]).unwrap();
            for command in &commands[..at] {
                wrap(&mut channel, &bytes(command, "plain")).unwrap();
                unwrap(&mut channel, &bytes(command, "response")).unwrap();
            }
            wrap(&mut channel, &bytes(&commands[at], "plain")).unwrap();
            assert_eq!(unwrap(&mut channel, &hex(response)), Err(Error::Handshake), "{}", case["name"]);
            assert!(!channel.is_open(), "the session is over");
            assert_eq!(wrap(&mut channel, &bytes(&commands[at], "plain")), Err(Error::State));
        }
    }
    // every bit of what the card proves itself with
    for case in all {
        let response = bytes(case, "initialize_update_response");
        let challenge = bytes(case, "host_challenge").len();
        for at in 13..13 + 2 * challenge {
            for bit in 0..8 {
                let mut other = response.clone();
                other[at] ^= 1 << bit;
                assert_eq!(open(case, &other).err(), Some(Error::Handshake), "{} byte {at}", case["name"]);
            }
        }
    }
}

/// Every bit of every protected answer, every length: nothing but the right one is taken.
#[test]
fn answers_that_were_touched_are_not_taken() {
    let vectors = vectors();
    let mut touched = 0;
    for case in sessions(&vectors) {
        let commands = case["commands"].as_array().unwrap();
        for at in (0..commands.len()).filter(|at| commands[*at]["protected"] == true) {
            let answer = bytes(&commands[at], "response");
            let mut others: Vec<Vec<u8>> = (0..answer.len() * 8)
                .map(|bit| {
                    let mut other = answer.clone();
                    other[bit / 8] ^= 1 << (bit % 8);
                    other
                })
                .collect();
            let data = answer.len() - 2;
            others.extend((0..data).map(|end| [&answer[..end], &answer[data..]].concat()));
            for other in others {
                let mut channel = opened(case);
                for command in &commands[..at] {
                    wrap(&mut channel, &bytes(command, "plain")).unwrap();
                    unwrap(&mut channel, &bytes(command, "response")).unwrap();
                }
                wrap(&mut channel, &bytes(&commands[at], "plain")).unwrap();
                let taken = unwrap(&mut channel, &other);
                assert!(matches!(taken, Err(Error::Handshake)), "{} {at}: {taken:?}", case["name"]);
                touched += 1;
            }
        }
    }
    println!("{touched} answers");
}

#[test]
fn commands_have_their_limits() {
    let vectors = vectors();
    let case = sessions(&vectors)[0];
    let data = |length: usize| [&[0x80, 0xe2, 0x80, 0, length as u8][..], &vec![7; length]].concat();
    assert_eq!(wrap(&mut opened(case), &data(239)).unwrap().len(), 5 + 240 + 8);
    assert_eq!(wrap(&mut opened(case), &data(240)), Err(Error::TooLarge));
    for bad in [&[0x80, 0xe2][..], &[0x80, 0xe2, 0, 0, 3, 1], &[0x80, 0xe2, 0, 0, 1, 1, 0, 0], &[]] {
        assert_eq!(wrap(&mut opened(case), bad), Err(Error::Malformed), "{bad:?}");
    }
    // nothing but EXTERNAL AUTHENTICATE comes first
    let (mut channel, _) = open(case, &bytes(case, "initialize_update_response")).unwrap();
    assert_eq!(wrap(&mut channel, &[0, 0xb0, 0, 0, 0]), Err(Error::State));
    let mut closed = Channel::CLOSED;
    assert_eq!(wrap(&mut closed, &[0, 0xb0, 0, 0, 0]), Err(Error::State));
    // a card that refuses ends the session; one that answers with more than its status is none
    let refusing = |answer: &[u8]| {
        let mut channel = opened(case);
        wrap(&mut channel, &[0, 0xb0, 0, 0, 0]).unwrap();
        let taken = unwrap(&mut channel, answer);
        (taken, channel.is_open())
    };
    assert_eq!(refusing(&[0x69, 0x82]), (Ok(vec![0x69, 0x82]), false));
    assert_eq!(refusing(&[0x6a, 0x82]), (Ok(vec![0x6a, 0x82]), true));
    assert_eq!(refusing(&[1, 2, 0x6a, 0x82]), (Err(Error::Handshake), false));
    assert_eq!(refusing(&[0x90, 0]), (Err(Error::Handshake), false));
}

#[test]
fn channels_above_three_have_classes_of_their_own() {
    let vectors = vectors();
    let case = sessions(&vectors)[0];
    let mut first = opened(case);
    let on_channel_1 = wrap(&mut first, &[0x01, 0xb0, 0, 0, 0]).unwrap();
    let mut second = opened(case);
    let on_channel_7 = wrap(&mut second, &[0x43, 0xb0, 0, 0, 0]).unwrap();
    assert_eq!((on_channel_1[0], on_channel_7[0]), (0x05, 0x63));
    assert_eq!(on_channel_1[1..], on_channel_7[1..], "the channel is not part of the checksum");
}
