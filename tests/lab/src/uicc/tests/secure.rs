//! SCP03 against sessions that other implementations confirmed.

use super::*;
use crate::sms::packet::Keys;

/// The card of a session: an ODF that the vectors cut short, and bytes far behind.
fn session_card(session: &Value) -> Uicc {
    let mut card = Profile::default().description();
    let mut file = hex("A706300404026430FFFF");
    file.resize(16, 0xff);
    file.extend(0..16);
    file.resize(256, 0xff);
    file.extend([0xaa, 0xbb, 0xcc]);
    *card.bytes(Profile::ODF) = file;
    card.file(Profile::ODF).told = Some(10);
    let mut keys = Scp03::new(&bytes(session, "key_enc"), &bytes(session, "key_mac"));
    keys.i = bytes(session, "i_parameter")[0];
    keys.counter = u32::from_str_radix(session["sequence_counter"].as_str().unwrap(), 16).unwrap();
    card.scp03 = Some(keys);
    card.messages = Some(Messages::new([("+15555550123".to_owned(), packet_keys())]));
    Uicc::new(card)
}

fn packet_keys() -> Keys {
    let vectors = vectors(PACKETS);
    let packet = named(&vectors["command_packets"], "aes128-mt-get");
    Keys::new(0x12, 0x12, &bytes(packet, "kic_key"), &bytes(packet, "kid_key"))
}

fn session(name: &str) -> Value {
    named(&vectors(SESSIONS)["sessions"], name).clone()
}

/// Up to INITIALIZE UPDATE.
fn begun(session: &Value) -> Uicc {
    let mut card = session_card(session);
    let channel = session["logical_channel"].as_u64().unwrap() as u8;
    for number in 1..=channel {
        assert_eq!(card.answer(&hex("0070000001")), [number, 0x90, 0]);
    }
    let aid = bytes(session, "application_aid");
    let select = [&[channel, 0xa4, 0x04, 0x0c, aid.len() as u8], &aid[..]].concat();
    assert_eq!(card.answer(&select), [0x90, 0]);
    let answer = card.answer(&bytes(session, "initialize_update"));
    assert_eq!(answer, bytes(session, "initialize_update_response"));
    card
}

/// Up to EXTERNAL AUTHENTICATE.
fn opened(session: &Value) -> Uicc {
    let mut card = begun(session);
    let authenticate = &session["external_authenticate"];
    assert_eq!(card.answer(&bytes(authenticate, "apdu")), bytes(authenticate, "response"));
    assert!(card.is_secured(session["logical_channel"].as_u64().unwrap() as u8));
    card
}

#[test]
fn every_session_of_the_vectors_is_answered_octet_by_octet() {
    let vectors = vectors(SESSIONS);
    let mut commands = 0;
    for session in vectors["sessions"].as_array().unwrap() {
        let mut card = opened(session);
        // the request that the vectors have waiting is that of a secured packet of theirs
        card.envelope(&bytes(&super::vectors(PDUS)["envelope"], "sms_tpdu")).unwrap();
        for step in session["commands"].as_array().unwrap() {
            let answer = card.answer(&bytes(step, "wrapped"));
            assert_eq!(answer, bytes(step, "response"), "{} of {}", step["name"], session["name"]);
            commands += 1;
        }
    }
    assert_eq!((vectors["sessions"].as_array().unwrap().len(), commands), (6, 22));
}

#[test]
fn a_host_that_does_not_have_the_keys_is_sent_away() {
    let vectors = vectors(SESSIONS);
    let case = named(&vectors["negative_cases"], "wrong-host-mac");
    let session = session(case["based_on"].as_str().unwrap());
    let mut card = begun(&session);
    assert_eq!(card.answer(&bytes(case, "external_authenticate")), [0x63, 0x00]);
    // what would have been right is too late
    assert_eq!(card.answer(&bytes(&session["external_authenticate"], "apdu")), [0x69, 0x85]);
    // the cryptogram is checked too, not only the checksum: another session's
    let mut card = begun(&session);
    let other = super::secure::session("aes128-s8-level33-channel0");
    let mut apdu = bytes(&other["external_authenticate"], "apdu");
    apdu[0] = 0x85;
    assert_eq!(card.answer(&apdu), [0x63, 0x00]);
    assert!(!card.is_secured(1));
}

#[test]
fn a_wrong_checksum_ends_the_session() {
    let session = session("aes128-s8-level33-channel1");
    let steps = session["commands"].as_array().unwrap();
    for octet in [0, 5, 20, 28] {
        let mut card = opened(&session);
        let mut wrapped = bytes(&steps[0], "wrapped");
        // the class by its upper bit: the same command of the other kind
        wrapped[octet] ^= if octet == 0 { 0x80 } else { 1 };
        assert_eq!(card.answer(&wrapped), [0x69, 0x82], "octet {octet}");
        assert!(!card.is_secured(1));
        assert_eq!(card.answer(&bytes(&steps[0], "wrapped")), [0x69, 0x82]);
    }
    // a command left out, or sent twice, is a wrong checksum as well
    let mut card = opened(&session);
    assert_eq!(card.answer(&bytes(&steps[1], "wrapped")), [0x69, 0x82]);
    let mut card = opened(&session);
    assert_eq!(card.answer(&bytes(&steps[0], "wrapped")), bytes(&steps[0], "response"));
    assert_eq!(card.answer(&bytes(&steps[0], "wrapped")), [0x69, 0x82]);
}

#[test]
fn a_command_in_clear_ends_the_session_of_its_channel_only() {
    let session = session("aes128-s8-level33-channel1");
    let steps = session["commands"].as_array().unwrap();
    let mut card = opened(&session);
    talk(&mut card, &[(SELECT_PKCS15, ask(&mut session_card(&session), SELECT_PKCS15).as_str())]);
    talk(&mut card, &[("00A4000C025031", "9000"), ("00B000000A", "A706300404026430FFFF9000")]);
    talk(&mut card, &[("81F2000C", "9000"), ("0070000001", "029000"), ("0070800200", "9000")]);
    assert_eq!(card.answer(&bytes(&steps[0], "wrapped")), bytes(&steps[0], "response"));
    talk(&mut card, &[("01B000000A", "6982")]);
    assert!(!card.is_secured(1));
    assert_eq!(card.answer(&bytes(&steps[1], "wrapped")), [0x69, 0x82]);
    talk(&mut card, &[("01B000000A", "A706300404026430FFFF9000")]);
}

#[test]
fn selecting_an_application_closing_the_channel_and_a_reset_end_the_session() {
    let session = session("aes128-s8-level33-channel1");
    let first = bytes(&session["commands"][0], "wrapped");
    for end in ["01A4040C0CA000000063504B43532D3135", "0070800100"] {
        let mut card = opened(&session);
        talk(&mut card, &[(end, "9000")]);
        assert!(!card.is_secured(1), "{end}");
        ask(&mut card, "0070000001");
        assert_eq!(card.answer(&first), [0x69, 0x82]);
    }
    let mut card = opened(&session);
    Chip::reset(&mut card);
    assert_eq!(card.answer(&first), [0x68, 0x81]);
}

#[test]
fn the_sequence_counter_goes_on_over_a_reset() {
    let session = session("aes128-s8-level33-channel0");
    let mut card = begun(&session);
    Chip::reset(&mut card);
    ask(&mut card, SELECT_PKCS15);
    let answer = card.answer(&bytes(&session, "initialize_update"));
    assert_eq!(answer.len(), 34);
    assert_eq!(answer[29..], [0x00, 0x00, 0x2c, 0x90, 0x00], "it was 2B");
    // the vectors know the challenge of that number
    let next = super::secure::session("aes128-s8-level01-channel0");
    assert_eq!(answer, bytes(&next, "initialize_update_response"));
}

#[test]
fn initialize_update_has_its_own_status_words() {
    let session = session("aes128-s8-level33-channel0");
    let mut card = session_card(&session);
    let update = "8050300008010203040506070800";
    talk(&mut card, &[(update, "6985"), ("00A4040C0CA000000063504B43532D3135", "9000")]);
    talk(&mut card, &[("8050310008010203040506070800", "6A88"), ("80503000040102030400", "6700")]);
    talk(&mut card, &[("8050300108010203040506070800", "6A86"), ("0050300008010203040506070800", "6E00")]);
    talk(&mut card, &[("848233001082AD05128E2D3C674C29A489083CB332", "6985")]);
    // version 00 is the first; without pseudo-random challenges there is no counter
    card.description.scp03.as_mut().unwrap().i = 0x60;
    let answer = card.answer(&hex("8050000008010203040506070800"));
    assert_eq!((answer.len(), &answer[10..13]), (31, &[0x30, 0x03, 0x60][..]));
    let again = card.answer(&hex("8050000008010203040506070800"));
    assert_ne!(answer[13..21], again[13..21], "another challenge");
    // a level that the card does not have
    card.description.scp03.as_mut().unwrap().i = 0x00;
    ask(&mut card, update);
    talk(&mut card, &[("848211001082AD05128E2D3C674C29A489083CB332", "6A86"), ("8082330000", "6E00")]);
    card.description.waits = true;
    talk(&mut card, &[(update, "611D")]);
}

#[test]
fn a_card_that_is_secured_only_reads_nothing_in_clear() {
    let session = session("aes128-s8-level33-channel1");
    let mut card = begun(&session);
    card.description.application(&PKCS15).secured = true;
    talk(&mut card, &[("01A4080C047FFF5031", "9000"), ("01B000000A", "6982")]);
    talk(&mut card, &[("00A4000C022FE2", "9000"), ("00B000000A", "980000000000000000109000")]);
    let authenticate = &session["external_authenticate"];
    assert_eq!(card.answer(&bytes(authenticate, "apdu")), [0x90, 0]);
    for step in &session["commands"].as_array().unwrap()[..2] {
        assert_eq!(card.answer(&bytes(step, "wrapped")), bytes(step, "response"));
    }
}

#[test]
fn protected_answers_are_fetched_in_clear() {
    let session = session("aes128-s8-level33-channel1");
    let mut card = opened(&session);
    card.description.waits = true;
    let steps = session["commands"].as_array().unwrap();
    for step in steps {
        let (mut answer, wanted) = (card.answer(&bytes(step, "wrapped")), bytes(step, "response"));
        if let [0x61, size] = answer[..] {
            answer = card.answer(&[0x01, ins::GET_RESPONSE, 0, 0, size]);
        }
        assert_eq!(answer, wanted, "{}", step["name"]);
    }
}

/// AES-CMAC under the session's key, for commands that the vectors do not have.
fn checksum(session: &Value, message: &[u8]) -> Vec<u8> {
    use cmac::{Cmac, Mac};
    let key = bytes(session, "s_mac");
    let mut mac = <Cmac<aes::Aes128> as aes::cipher::KeyInit>::new_from_slice(&key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn a_protected_answer_always_fits_a_short_response() {
    for (name, le, data) in [
        ("aes128-s8-level33-channel0", 0x00, 239),
        ("aes128-s8-level33-channel0", 0xff, 239),
        ("aes128-s8-level33-channel0", 0xef, 239),
        ("aes128-s16-level33-channel0", 0xff, 239),
    ] {
        let session = session(name);
        let mut card = begun(&session);
        talk(&mut card, &[("00A4000C025031", "9000")]);
        let authenticate = &session["external_authenticate"];
        assert_eq!(card.answer(&bytes(authenticate, "apdu")), [0x90, 0]);
        let width = if name.contains("s16") { 16 } else { 8 };
        let head = [0x04, 0xb0, 0, 0, width as u8];
        let sum = checksum(&session, &[&bytes(authenticate, "full_cmac")[..], &head].concat());
        let answer = card.answer(&[&head[..], &sum[..width], &[le]].concat());
        assert_eq!(answer[answer.len() - 2..], [0x90, 0], "{name} {le:02X}");
        // padded to whole blocks, checksum, status word
        let padded: usize = data + 1;
        assert_eq!(answer.len(), padded.next_multiple_of(16) + width + 2, "{name} {le:02X}");
    }
}
