//! SCP03: a card that is modelled here by the keys, and a stranger in the line. What the stranger makes never passes; what
//! the card makes does, and each side finds what the other one meant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::crypto::{BLOCK, Cipher, Crypto, Software};
use whimbrel::error::Error;
use whimbrel::uicc::COMMAND_MAX;
use whimbrel::uicc::scp03::{Channel, DATA_MAX, LEVEL, MemoryKeys};
use whimbrel_fuzz::bytes::Bytes;

/// What nobody in the line knows.
const SECRET: &[u8; 64] = b"0123456789abcdef.0123456789ABCDEF,fedcba9876543210;FEDCBA9876543";
const CHALLENGE: &[u8; 16] = b"a challenge of S";
const AID: &[u8] = b"\xa0\0\0\0\x63PKCS-15";

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

fn cmac(key: &[u8], parts: &[&[u8]]) -> [u8; BLOCK] {
    let mut out = [0; BLOCK];
    Software.mac(Cipher::Aes, key, parts, &mut out).expect("a key");
    out
}

fn derive(key: &[u8], constant: u8, length: usize, context: &[u8]) -> Vec<u8> {
    let bits = (8 * length as u16).to_be_bytes();
    let block = |number| cmac(key, &[&[0; 11], &[constant, 0], &bits, &[number], context]);
    let mut out = [block(1), block(2)].concat();
    out.truncate(length);
    out
}

struct Card {
    size: usize,
    enc: Vec<u8>,
    mac: Vec<u8>,
    rmac: Vec<u8>,
    cryptograms: [Vec<u8>; 2],
    chain: [u8; BLOCK],
    counter: u128,
}

impl Card {
    fn new(enc: &[u8], mac: &[u8], size: usize, challenge: &[u8]) -> Self {
        let context = [&CHALLENGE[..size], challenge].concat();
        let [s_enc, s_mac, s_rmac] =
            [(enc, 4), (mac, 6), (mac, 7)].map(|(key, constant)| derive(key, constant, key.len(), &context));
        let cryptograms = [0, 1].map(|constant| derive(&s_mac, constant, size, &context));
        Self { size, enc: s_enc, mac: s_mac, rmac: s_rmac, cryptograms, chain: [0; BLOCK], counter: 0 }
    }

    fn greeting(&self, challenge: &[u8]) -> Vec<u8> {
        [&[0x55; 10][..], b"\x30\x03\x60", challenge, &self.cryptograms[0]].concat()
    }

    fn cbc(&self, encrypt: bool, top: u8, data: &mut [u8]) {
        let mut iv = self.counter.to_be_bytes();
        iv[0] |= top;
        Software.cbc(Cipher::Aes, true, &self.enc, &[0; BLOCK], &mut iv).expect("a block");
        Software.cbc(Cipher::Aes, encrypt, &self.enc, &iv, data).expect("blocks");
    }

    /// The data of a wrapped command; it has to be authentic.
    fn take(&mut self, wrapped: &[u8], enciphered: bool) -> Vec<u8> {
        let end = usize::from(wrapped[4]) + 5 - self.size;
        self.chain = cmac(&self.mac, &[&self.chain, &[wrapped[0] & 0x90 | 0x04], &wrapped[1..end]]);
        assert_eq!(wrapped[end..][..self.size], self.chain[..self.size]);
        let mut data = wrapped[5..end].to_vec();
        if enciphered {
            self.counter += 1;
            self.cbc(false, 0x00, &mut data);
            let kept = data.iter().rposition(|byte| *byte != 0).unwrap_or(0);
            assert!(data.is_empty() || data[kept] == 0x80 && data.len() - kept <= BLOCK);
            data.truncate(kept);
        }
        data
    }

    fn answer(&self, data: &[u8], status: [u8; 2]) -> Vec<u8> {
        if !protected(status) {
            return status.to_vec();
        }
        let mut body = data.to_vec();
        if !data.is_empty() {
            body.push(0x80);
            body.resize(body.len().next_multiple_of(BLOCK), 0);
            self.cbc(true, 0x80, &mut body);
        }
        let mac = cmac(&self.rmac, &[&self.chain, &body, &status]);
        [&body, &mac[..self.size], &status].concat()
    }
}

fn protected(status: [u8; 2]) -> bool {
    status == [0x90, 0x00] || matches!(status[0], 0x62 | 0x63)
}

fn wrap(channel: &mut Channel, crypto: &dyn Crypto, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let mut apdu = [0xee; COMMAND_MAX];
    let length = plain.len().min(COMMAND_MAX);
    apdu[..length].copy_from_slice(&plain[..length]);
    let length = channel.wrap(crypto, &mut apdu, length)?;
    Ok(apdu[..length].to_vec())
}

/// With the response, whether the session goes on.
fn unwrap(channel: &mut Channel, crypto: &dyn Crypto, response: &[u8]) -> Result<Vec<u8>, Error> {
    let mut room = response.to_vec();
    let told = channel.unwrap(crypto, &mut room, response.len());
    assert!(told.is_ok() || !channel.is_open());
    assert!(told.is_ok() || room.iter().all(|byte| *byte == 0));
    told.map(|length| room[..length].to_vec())
}

fn authenticate(cryptogram: &[u8]) -> Vec<u8> {
    [&[0x81, 0x82, LEVEL, 0x00, cryptogram.len() as u8], cryptogram].concat()
}

/// A greeting of a stranger: it passes if it is the card's.
fn stranger(keys: &MemoryKeys<'_>, size: usize, response: &[u8]) {
    let mut channel = Channel::CLOSED;
    let told = channel.open(&Software, keys, &CHALLENGE[..size], b"", response);
    assert_eq!(told.is_ok(), channel.is_open());
    if let Ok((host, length)) = told {
        let challenge = &response[13..][..size];
        let card = Card::new(keys.enc, keys.mac, size, challenge);
        assert_eq!(response[13 + size..][..size], card.cryptograms[0], "it does not have the keys");
        assert_eq!(host[..length], card.cryptograms[1]);
    }
}

/// Commands and answers over a session, until one of the answers is a stranger's.
fn session(keys: &MemoryKeys<'_>, size: usize, bytes: &mut Bytes<'_>) {
    let challenge = &SECRET[40..][..size];
    let mut card = Card::new(keys.enc, keys.mac, size, challenge);
    let mut channel = Channel::CLOSED;
    let greeting = card.greeting(challenge);
    let (host, length) =
        channel.open(&Software, keys, &CHALLENGE[..size], AID, &greeting).expect("the card has the keys");
    assert_eq!(host[..length], card.cryptograms[1]);
    let wrapped = wrap(&mut channel, &Software, &authenticate(&host[..length])).expect("it is its turn");
    assert_eq!(card.take(&wrapped, false), card.cryptograms[1]);
    let early = bytes.chunk();
    if !early.is_empty() {
        let told = unwrap(&mut channel, &Software, early);
        assert_eq!(told.is_ok(), early == b"\x90\x00");
    } else {
        unwrap(&mut channel, &Software, b"\x90\x00").expect("the card lets us in");
    }
    let mut old = Vec::new();
    while !bytes.is_empty() && channel.is_open() {
        command(&mut channel, &mut card, bytes);
        response(&mut channel, &card, bytes, &mut old);
    }
}

fn command(channel: &mut Channel, card: &mut Card, bytes: &mut Bytes<'_>) {
    let (plain, data) = (bytes.chunk(), bytes.chunk());
    // whatever it is: it is refused and nothing happens, or it is a command
    let told = if plain.len() == 4 && !data.is_empty() {
        let plain = [plain, &[data.len() as u8], data].concat();
        let told = wrap(channel, &Software, &plain);
        assert_eq!(told.is_ok(), data.len() <= channel.data_max() && plain[1] != 0x82);
        told.map(|wrapped| (wrapped, data.to_vec()))
    } else {
        wrap(channel, &Software, plain).map(|wrapped| {
            let lc = usize::from(if plain.len() > 5 { plain[4] } else { 0 });
            (wrapped, plain[plain.len().min(5)..][..lc].to_vec())
        })
    };
    assert!(channel.is_open());
    if let Ok((wrapped, data)) = told {
        assert!(wrapped[0] & if wrapped[0] & 0x40 == 0 { 0x04 } else { 0x20 } != 0);
        assert_eq!(card.take(&wrapped, true), data);
    } else {
        // something has to be under way
        let wrapped = wrap(channel, &Software, b"\x01\xb0\0\0\0").expect("a command");
        card.take(&wrapped, true);
    }
}

fn response(channel: &mut Channel, card: &Card, bytes: &mut Bytes<'_>, old: &mut Vec<u8>) {
    let (how, status) =
        (bytes.byte(), bytes.pick(&[[0x90, 0], [0x62, 0x82], [0x63, 0xc1], [0x6a, 0x82], [0x61, 9]]));
    let data = bytes.chunk();
    let data = &data[..data.len().min(DATA_MAX)];
    let right = card.answer(data, status);
    let sent = match how % 4 {
        0 | 1 => right.clone(),
        2 => {
            let mut changed = right.clone();
            let bit = usize::from(bytes.pair()) % (8 * changed.len());
            changed[bit / 8] ^= 1 << (bit % 8);
            changed
        }
        _ if how & 4 == 0 => old.clone(),
        _ => bytes.chunk().to_vec(),
    };
    let told = unwrap(channel, &Software, &sent);
    let bare = matches!(*sent, [a, b] if !protected([a, b]));
    if bare {
        assert_eq!(told.as_ref(), Ok(&sent));
    } else if sent == right {
        assert_eq!(told, Ok([data, &status].concat()));
    } else {
        assert!(told.is_err(), "nobody with the keys made this");
    }
    *old = right;
}

/// Authentic nonsense: what passes is what was padded.
fn nonsense(size: usize, body: &[u8]) {
    let keys = MemoryKeys { crypto: &Nothing, enc: &SECRET[..16], mac: &SECRET[16..32] };
    let mut channel = Channel::CLOSED;
    let greeting = [&[0; 10][..], b"\0\x03\x60", &[0; BLOCK][..size], &[0; BLOCK][..size]].concat();
    let (host, length) = channel.open(&Nothing, &keys, &CHALLENGE[..size], AID, &greeting).expect("zeros");
    wrap(&mut channel, &Nothing, &authenticate(&host[..length])).expect("it is its turn");
    unwrap(&mut channel, &Nothing, b"\x90\x00").expect("so it is");
    wrap(&mut channel, &Nothing, b"\x01\xb0\0\0\0").expect("a command");
    let sent = [body, &[0; BLOCK][..size], b"\x90\x00"].concat();
    let Ok(plain) = unwrap(&mut channel, &Nothing, &sent) else { return };
    let data = plain.strip_suffix(b"\x90\x00").expect("the status word");
    let padding = body.strip_prefix(data).expect("its beginning");
    assert!(body.len().is_multiple_of(BLOCK) && padding.len() <= BLOCK);
    assert!(body.is_empty() || padding[0] == 0x80 && padding[1..].iter().all(|byte| *byte == 0));
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let (what, length, size) = (bytes.byte(), bytes.pick(&[16, 24, 32]), bytes.pick(&[8, 16]));
    let keys = MemoryKeys { crypto: &Software, enc: &SECRET[..length], mac: &SECRET[32..][..length] };
    match what % 4 {
        0 => stranger(&keys, size, bytes.0),
        1 => nonsense(size, bytes.0),
        _ => session(&keys, size, &mut bytes),
    }
});
