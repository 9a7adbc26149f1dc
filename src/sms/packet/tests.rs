//! Lengths, the table of decision 018, counters at their end. Whole packets are compared in `tests/sms_packet.rs`.

use super::*;
use crate::crypto::{Cipher, Software};

const SECRET: [u8; 64] = {
    let mut secret = [0; 64];
    let mut at = 0;
    while at < secret.len() {
        secret[at] = (at as u8).wrapping_mul(37) ^ 0x5c;
        at += 1;
    }
    secret
};
const AES: [u8; 6] = [0x12, 0x12, 0x16, 0xb2, 0x02, 0x03];
const TRIPLE: [u8; 6] = [0x39, 0x39, 0x16, 0xb2, 0x02, 0x03];

fn keys(parameters: &[u8], length: usize) -> Keys<'static> {
    Keys::from_resources(parameters, &SECRET[..length], false, false).ok().unwrap()
}

fn refused(parameters: &[u8], secret: &[u8]) -> Option<Error> {
    Keys::from_resources(parameters, secret, false, false).err()
}

/// Largest messages in 1, 2 and 3 short messages: 140 bytes each, less the user data headers.
#[test]
fn a_message_fits_as_many_short_messages_as_the_tables_of_the_vectors_say() {
    let rooms = [140 - 3, 140 - 8 + 140 - 6, 140 - 8 + 2 * (140 - 6)];
    assert_eq!(rooms.map(|room| longest(&keys(&AES, 32), room)), [96, 239, 366]);
    assert_eq!(rooms.map(|room| longest(&keys(&TRIPLE, 48), room)), [104, 239, 366]);
}

#[test]
fn longest_is_the_inverse_of_protected_length() {
    let short = Keys { mac_length: 4, ..keys(&AES, 16) };
    for keys in [keys(&AES, 32), keys(&TRIPLE, 48), short] {
        for room in 0..700 {
            let most = longest(&keys, room);
            let fits = |message: usize| protected_length(&keys, message) <= room;
            assert!(most == 0 || fits(most), "{most} in {room}");
            assert!(!fits(most + 1), "{} in {room}", most + 1);
        }
        let most = longest(&keys, usize::MAX);
        let mut packet = std::vec![0; 0x1_1000];
        let message = std::vec![7; most + 1];
        let length = protect(&Software, &keys, 1, &message[..most], &mut packet).unwrap();
        assert_eq!(open(&Software, &keys, 0, &mut packet[..length]).unwrap().length, most);
        assert_eq!(protect(&Software, &keys, 1, &message, &mut packet), Err(Error::TooLarge));
    }
}

#[test]
fn secrets_are_cut_as_the_cipher_and_their_length_say() {
    let halves = |keys: &Keys<'_>| (keys.cipher, keys.cipher_key.len(), keys.mac_key.len());
    assert_eq!(halves(&keys(&AES, 16)), (Cipher::Aes, 16, 16));
    assert_eq!(keys(&AES, 16).cipher_key, keys(&AES, 16).mac_key);
    assert_eq!(halves(&keys(&AES, 32)), (Cipher::Aes, 16, 16));
    assert_eq!((keys(&AES, 32).cipher_key, keys(&AES, 32).mac_key), (&SECRET[..16], &SECRET[16..32]));
    assert_eq!(halves(&keys(&AES, 48)), (Cipher::Aes, 24, 24));
    assert_eq!(halves(&keys(&TRIPLE, 48)), (Cipher::TripleDes, 24, 24));
    assert_eq!((keys(&TRIPLE, 48).cipher_key, keys(&TRIPLE, 48).mac_key), (&SECRET[..24], &SECRET[24..48]));
    let long = Keys::from_resources(&AES, &SECRET[..32], true, false).ok().unwrap();
    assert_eq!((long.cipher_key, long.mac_key), (&SECRET[..32], &SECRET[..32]));
    for length in (0..=64).filter(|length| ![16, 32, 48].contains(length)) {
        assert_eq!(refused(&AES, &SECRET[..length]), Some(Error::Credentials), "{length}");
    }
    for length in (0..=64).filter(|length| *length != 48) {
        assert_eq!(refused(&TRIPLE, &SECRET[..length]), Some(Error::Credentials), "{length}");
    }
}

#[test]
fn parameters_of_six_or_seven_bytes() {
    assert_eq!(keys(&AES, 16).spi, [0x16, 0x00]);
    assert_eq!(keys(&[0x12, 0x12, 0x16, 0x39, 0xb2, 0x02, 0x03], 16).spi, [0x16, 0x39]);
    for length in [0, 5, 8] {
        assert_eq!(refused(&[0x12; 8][..length], &SECRET[..16]), Some(Error::BadValue));
    }
    // reserved bits, and PoR 11
    for spi2 in [0x40, 0x80, 0x03] {
        assert_eq!(
            refused(&[0x12, 0x12, 0x16, spi2, 0xb2, 0x02, 0x03], &SECRET[..16]),
            Some(Error::BadValue)
        );
    }
}

#[test]
fn what_is_not_aes_or_triple_des_with_three_keys_is_refused() {
    for low in (0..16).filter(|low| ![2, 9].contains(low)) {
        for parameters in [[low, 2], [2, low], [low, 9], [9, low], [low, low]] {
            let [kic, kid] = parameters;
            assert_eq!(
                refused(&[0x10 | kic, 0x10 | kid, 0x16, 0xb2, 0x02, 0x03], &SECRET[..48]),
                Some(Error::BadValue)
            );
        }
    }
    // of one family each, but not of the same
    assert_eq!(refused(&[0x12, 0x19, 0x16, 0xb2, 0x02, 0x03], &SECRET[..48]), Some(Error::BadValue));
    assert_eq!(refused(&[0x19, 0x12, 0x16, 0xb2, 0x02, 0x03], &SECRET[..48]), Some(Error::BadValue));
    // the numbers of the key sets are free
    assert_eq!(refused(&[0xf2, 0x02, 0x16, 0xb2, 0x02, 0x03], &SECRET[..48]), None);
    for spi1 in (0..=255).filter(|spi1| *spi1 != 0x16) {
        assert_eq!(refused(&[0x12, 0x12, spi1, 0xb2, 0x02, 0x03], &SECRET[..16]), Some(Error::BadValue));
    }
    for tar in [[0xb2, 0x02, 0x04], [0xb0, 0x00, 0x10], [0; 3]] {
        let [t1, t2, t3] = tar;
        assert_eq!(refused(&[0x12, 0x12, 0x16, t1, t2, t3], &SECRET[..16]), Some(Error::BadValue));
    }
}

#[test]
fn three_keys_that_are_not_three_are_refused_whatever_their_parity() {
    for (from, to) in [(0, 8), (8, 16), (0, 16), (24, 32), (32, 40), (24, 40)] {
        for parity in [0, 1] {
            let mut secret: [u8; 48] = *SECRET.first_chunk().unwrap();
            secret.copy_within(from..from + 8, to);
            secret[to + 3] ^= parity;
            assert_eq!(refused(&TRIPLE, &secret), Some(Error::Credentials), "{from} {to} {parity}");
        }
    }
}

#[test]
fn a_short_checksum_is_for_aes() {
    let short = |parameters, length| Keys::from_resources(parameters, &SECRET[..length], false, true);
    assert_eq!(short(&AES, 32).ok().unwrap().mac_length, 4);
    assert_eq!(short(&TRIPLE, 48).err(), Some(Error::BadValue));
    let odd = Keys { mac_length: 5, ..keys(&AES, 32) };
    assert_eq!(protect(&Software, &odd, 1, b"", &mut [0; 64]), Err(Error::BadValue));
    assert_eq!(open(&Software, &odd, 0, &mut [0; 64]), Err(Error::BadValue));
}

#[test]
fn the_highest_counter_ends_a_key() {
    let keys = keys(&AES, 32);
    let mut packet = [0; 64];
    let length = protect(&Software, &keys, COUNTER_END - 1, b"last", &mut packet).unwrap();
    let mut again = packet;
    let opened = open(&Software, &keys, COUNTER_END - 2, &mut packet[..length]).unwrap();
    assert_eq!(opened.counter, COUNTER_END - 1);
    assert_eq!(&packet[opened.start..][..opened.length], b"last");
    assert_eq!(open(&Software, &keys, COUNTER_END, &mut again[..length]), Err(Error::Credentials));
    for counter in [COUNTER_END, COUNTER_END + 1, u64::MAX] {
        assert_eq!(protect(&Software, &keys, counter, b"", &mut again), Err(Error::Credentials));
    }
}

#[test]
fn what_was_deciphered_and_refused_is_overwritten() {
    let keys = keys(&AES, 32);
    let mut packet = [0; 64];
    let length = protect(&Software, &keys, 7, b"secret", &mut packet).unwrap();
    let mut replayed = packet;
    assert_eq!(open(&Software, &keys, 7, &mut replayed[..length]), Err(Error::Exists));
    assert!(replayed[HEAD..].iter().all(|byte| *byte == 0));
    // a packet for other keys stays as it is
    let other = Keys { kic: 0x22, ..keys };
    let before = packet;
    assert_eq!(open(&Software, &other, 0, &mut packet[..length]), Err(Error::BadValue));
    assert_eq!(packet, before);
}

#[test]
fn too_little_room_leaves_the_buffer_as_it_is() {
    let keys = keys(&AES, 32);
    let length = protected_length(&keys, 20);
    for room in 0..length {
        let mut out = [0xee; 64];
        assert_eq!(protect(&Software, &keys, 1, &[1; 20], &mut out[..room]), Err(Error::Full));
        assert_eq!(out, [0xee; 64]);
    }
}

#[test]
fn a_response_comes_only_if_it_was_asked_for_and_tells_no_reason() {
    let keys = keys(&AES, 32);
    let mut out = [0; 64];
    let mut ask = |por, status| response(&Software, &keys, (9, por), status, b"", &mut out);
    assert_eq!(ask(0x38, PROCESSED), Ok(0));
    assert_eq!(ask(0x3a, PROCESSED), Ok(0));
    assert_eq!(ask(0x3a, INSUFFICIENT_MEMORY), Ok(6 + 16));
    for status in (0..=255).filter(|status| ![PROCESSED, INSUFFICIENT_MEMORY].contains(status)) {
        assert_eq!(ask(0x39, status), Err(Error::BadValue));
    }
    // redundancy check, signature, PoR 11, reserved bits
    for (por, error) in [
        (0x05, Error::NotSupported),
        (0x0d, Error::NotSupported),
        (0x0b, Error::BadValue),
        (0x49, Error::BadValue),
        (0x89, Error::BadValue),
    ] {
        assert_eq!(ask(por, PROCESSED), Err(error), "{por:02x}");
    }
}
