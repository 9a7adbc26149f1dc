//! Secured packets: what arrives never panics, and opens only if someone with the key made it just so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::crypto::{BLOCK, Cipher, Crypto, Software};
use whimbrel::error::Error;
use whimbrel::sms::packet::{
    COUNTER_END, Keys, longest, open, open_response, protect, protected_length, response,
};
use whimbrel_fuzz::bytes::Bytes;

/// What nobody who sends knows.
const SECRET: &[u8; 64] = b"0123456789abcdef.0123456789ABCDEF,fedcba9876543210;FEDCBA9876543";

/// No protection at all, so that what lies behind the checksum is reached: enciphered is plain, and a checksum is zeros.
struct Nothing;

impl Crypto for Nothing {
    fn cbc(&self, _: Cipher, _: bool, _: &[u8], _: &[u8; BLOCK], _: &mut [u8]) -> Result<(), Error> {
        Ok(())
    }

    fn mac(&self, _: Cipher, _: &[u8], _: &[&[u8]], out: &mut [u8; BLOCK]) -> Result<(), Error> {
        *out = [0; BLOCK];
        Ok(())
    }
}

/// AES with three lengths of keys and two of the checksum, and Triple DES.
fn keys(bytes: &mut Bytes<'_>) -> Keys<'static> {
    let (cipher, length, octet, mac_length) = bytes.pick(&[
        (Cipher::Aes, 16, 0x12, 8),
        (Cipher::Aes, 16, 0x12, 4),
        (Cipher::Aes, 24, 0x22, 8),
        (Cipher::Aes, 32, 0x32, 8),
        (Cipher::TripleDes, 24, 0x49, 8),
    ]);
    let (cipher_key, mac_key) = (&SECRET[..length], &SECRET[32..][..length]);
    let (spi, tar) = ([0x16, bytes.byte() & 0x39], [0xb2, 0x02, 0x03]);
    Keys { kic: octet, kid: octet, spi, tar, cipher, cipher_key, mac_key, mac_length }
}

fn counter(bytes: &mut Bytes<'_>) -> u64 {
    match bytes.byte() {
        0..=99 => u64::from(bytes.byte()),
        100..=199 => COUNTER_END - u64::from(bytes.byte()),
        _ => u64::from(bytes.pair()) << bytes.byte() % 48,
    }
}

/// A packet of a stranger. With the true head it gets as far as the checksum.
fn stranger(keys: &Keys<'_>, bytes: &mut Bytes<'_>) {
    let (last, with_head, por) = (counter(bytes), bytes.byte() & 1 == 0, bytes.byte());
    let mut packet = bytes.0.to_vec();
    if with_head {
        let length = (packet.len() + 8) as u16;
        let [t1, t2, t3] = keys.tar;
        let chl = 13 + keys.mac_length;
        let lengths = [(length >> 8) as u8, length as u8];
        packet.splice(..0, [lengths[0], lengths[1], chl, 0x16, por, keys.kic, keys.kid, t1, t2, t3]);
    }
    let opened = open(&Software, keys, last, &mut packet);
    // four bytes are guessed once in four billion packets
    assert!(opened.is_err() || keys.mac_length < 8, "opened without the key");

    let mut answer = bytes.0.to_vec();
    let opened = open_response(&Software, keys, por, &mut answer);
    assert!(opened.is_err() || keys.mac_length < 8 || por & 0x0c != 0x08, "a response without the key");
    check_nothing(keys, last, &mut packet_of(bytes.0, keys, por));
}

/// The stranger's bytes behind a head, and zeros where the checksum is.
fn packet_of(body: &[u8], keys: &Keys<'_>, por: u8) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(keys.cipher.block()), 0);
    if let Some(cc) = body.get_mut(6..6 + usize::from(keys.mac_length)) {
        cc.fill(0);
    }
    let [high, low] = ((body.len() + 8) as u16).to_be_bytes();
    let [t1, t2, t3] = keys.tar;
    let head = [high, low, 13 + keys.mac_length, 0x16, por, keys.kic, keys.kid, t1, t2, t3];
    [head.as_slice(), &body].concat()
}

/// Authentic nonsense: what opens lies inside, and is what a packet made anew says.
fn check_nothing(keys: &Keys<'_>, last: u64, packet: &mut Vec<u8>) {
    let Ok(opened) = open(&Nothing, keys, last, packet) else { return };
    assert!(opened.counter > last && opened.counter < COUNTER_END);
    let message = &packet[opened.start..][..opened.length];
    let mut again = vec![0; protected_length(keys, message.len())];
    assert!(again.len() <= packet.len(), "the least of all lengths and of all padding");
    let length = protect(&Nothing, keys, opened.counter, message, &mut again).expect("it was opened");
    let found = open(&Nothing, keys, last, &mut again[..length]).expect("it is ours");
    assert_eq!(&again[found.start..][..found.length], message);
}

/// Our own packet opens once, and not with a bit changed.
fn round_trip(keys: &Keys<'_>, bytes: &mut Bytes<'_>) {
    let (counter, flip, room) = (counter(bytes), bytes.pair(), usize::from(bytes.pair() % 600));
    let message = bytes.0;
    let mut packet = vec![0xee; room];
    let written = protect(&Software, keys, counter, message, &mut packet);
    if counter >= COUNTER_END {
        return assert_eq!(written, Err(Error::Credentials));
    }
    assert_eq!(written.is_ok(), protected_length(keys, message.len()) <= room);
    assert_eq!(written.is_ok(), message.len() <= longest(keys, room) && room >= protected_length(keys, 0));
    let Ok(length) = written else { return };
    packet.truncate(length);

    if let Some(before) = counter.checked_sub(1) {
        let mut copy = packet.clone();
        let opened = open(&Software, keys, before, &mut copy).expect("it is ours");
        assert_eq!((opened.counter, opened.por), (counter, keys.spi[1]));
        assert_eq!(&copy[opened.start..][..opened.length], message);
        let mut flipped = packet.clone();
        let bit = usize::from(flip) % (8 * length);
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&Software, keys, before, &mut flipped).is_err() || keys.mac_length < 8);
    }
    assert_eq!(open(&Software, keys, counter, &mut packet), Err(Error::Exists));
}

/// A response to what asked for it so.
fn answer(keys: &Keys<'_>, bytes: &mut Bytes<'_>) {
    let (counter, por, status) = (counter(bytes) % COUNTER_END, bytes.byte(), bytes.byte() & 0x0f);
    let mut packet = [0; 300];
    let room = usize::from(bytes.pair() % 300);
    let data = bytes.0;
    let written = response(&Software, keys, (counter, por), status, data, &mut packet[..room]);
    let Ok(length @ 1..) = written else { return };
    assert!((por & 3 == 1 || por & 3 == 2) && (status == 0 || status == 7));
    let opened = open_response(&Software, keys, por, &mut packet[..length]).expect("it is ours");
    assert_eq!((opened.counter, opened.status), (counter, status));
    assert_eq!(&packet[opened.start..][..opened.length], data);
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let (what, keys) = (bytes.byte(), keys(&mut bytes));
    match what % 4 {
        0 => stranger(&keys, &mut bytes),
        1 => round_trip(&keys, &mut bytes),
        2 => answer(&keys, &mut bytes),
        _ => {
            let (parameters, secret, how) = (bytes.chunk(), bytes.chunk(), bytes.byte());
            let Ok(keys) = Keys::from_resources(parameters, secret, how & 1 != 0, how & 2 != 0) else {
                return;
            };
            assert!([6, 7].contains(&parameters.len()) && [16, 32, 48].contains(&secret.len()));
            assert!(parameters[2] == 0x16 && parameters.ends_with(&[0xb2, 0x02, 0x03]));
            round_trip(&keys, &mut bytes);
        }
    }
});
