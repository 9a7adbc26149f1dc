use super::*;
use crate::crypto::Software;
use std::vec;
use std::vec::Vec;

/// The other side, of one session: everything from the keys, nothing from [`Channel`] but what travels.
struct Card {
    mac_length: usize,
    enc: Vec<u8>,
    mac: Vec<u8>,
    rmac: Vec<u8>,
    chain: [u8; BLOCK],
    counter: u128,
    context: Vec<u8>,
    greeting: Vec<u8>,
}

const AID: &[u8] = b"\xa0\0\0\0\x63PKCS-15";
const SEQUENCE: &[u8] = b"\x00\x00\x2a";

fn cmac(key: &[u8], parts: &[&[u8]]) -> [u8; BLOCK] {
    let mut out = [0; BLOCK];
    Software.mac(Cipher::Aes, key, parts, &mut out).unwrap();
    out
}

/// `bits / 8` bytes of the derivation.
fn kdf(key: &[u8], constant: u8, length: usize, context: &[u8]) -> Vec<u8> {
    let bits = (length as u16 * 8).to_be_bytes();
    let block = |i: u8| cmac(key, &[&[0; 11], &[constant, 0], &bits, &[i], context]);
    let mut out = [block(1), block(2)].concat();
    out.truncate(length);
    out
}

impl Card {
    fn new(keys: &MemoryKeys<'_>, host: &[u8], i: u8) -> Self {
        let size = host.len();
        let challenge = kdf(keys.enc, 2, size, &[SEQUENCE, AID].concat());
        let context = [host, &challenge].concat();
        let length = keys.enc.len();
        let mac = kdf(keys.mac, 6, length, &context);
        let cryptogram = kdf(&mac, 0, size, &context);
        let mut greeting = [&[0x55; 10][..], &[0x30, 0x03, i], &challenge, &cryptogram].concat();
        if i & 0x10 != 0 {
            greeting.extend(SEQUENCE);
        }
        Self {
            mac_length: size,
            enc: kdf(keys.enc, 4, length, &context),
            rmac: kdf(keys.mac, 7, length, &context),
            mac,
            chain: [0; BLOCK],
            counter: 0,
            context,
            greeting,
        }
    }

    /// What of a command is plain, if its checksum is right.
    fn takes(&mut self, wrapped: &[u8], enciphered: bool) -> Option<Vec<u8>> {
        let end = wrapped[4] as usize + 5 - self.mac_length;
        let covered = [&[wrapped[0] & 0x80 | 4], &wrapped[1..end]].concat();
        let chain = cmac(&self.mac, &[&self.chain, &covered]);
        if wrapped[end..][..self.mac_length] != chain[..self.mac_length] {
            return None;
        }
        self.chain = chain;
        let mut data = wrapped[5..end].to_vec();
        if enciphered {
            self.counter += 1;
            if !data.is_empty() {
                self.cbc(false, 0, &mut data);
                while data.pop() == Some(0) {}
            }
        }
        Some(data)
    }

    fn cbc(&self, encrypt: bool, top: u8, data: &mut [u8]) {
        let mut iv = self.counter.to_be_bytes();
        iv[0] |= top;
        Software.cbc(Cipher::Aes, true, &self.enc, &[0; BLOCK], &mut iv).unwrap();
        Software.cbc(Cipher::Aes, encrypt, &self.enc, &iv, data).unwrap();
    }

    /// A protected answer of data that is padded already.
    fn answers_padded(&self, mut data: Vec<u8>, status: [u8; 2]) -> Vec<u8> {
        let whole = data.len() / BLOCK * BLOCK;
        self.cbc(true, 0x80, &mut data[..whole]);
        let mac = cmac(&self.rmac, &[&self.chain, &data, &status]);
        [&data, &mac[..self.mac_length], &status].concat()
    }

    fn answers(&self, data: &[u8], status: [u8; 2]) -> Vec<u8> {
        let mut padded = data.to_vec();
        if !data.is_empty() {
            padded.push(0x80);
            padded.resize(padded.len().next_multiple_of(BLOCK), 0);
        }
        self.answers_padded(padded, status)
    }
}

const ENC: [u8; 32] = *b"Key-ENC of 32 bytes, or fewer...";
const MAC: [u8; 32] = *b"Key-MAC of 32 bytes, or fewer...";
const HOST: [u8; 16] = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6];

fn keys(length: usize) -> MemoryKeys<'static> {
    MemoryKeys { crypto: &Software, enc: &ENC[..length], mac: &MAC[..length] }
}

fn wrap(channel: &mut Channel, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let mut apdu = [0xee; COMMAND_MAX];
    apdu[..plain.len()].copy_from_slice(plain);
    channel.wrap(&Software, &mut apdu, plain.len()).map(|length| apdu[..length].to_vec())
}

fn unwrap(channel: &mut Channel, response: &[u8]) -> Result<Vec<u8>, Error> {
    let mut response = response.to_vec();
    let length = response.len();
    let opened = channel.unwrap(&Software, &mut response, length);
    if opened.is_err() && opened != Err(Error::State) {
        assert!(response.iter().all(|byte| *byte == 0), "nothing of it is left");
    }
    opened.map(|length| response[..length].to_vec())
}

fn authenticate(cryptogram: &[u8]) -> Vec<u8> {
    [&[0x81, 0x82, LEVEL, 0x00, cryptogram.len() as u8], cryptogram].concat()
}

/// A session as far as the card's 9000.
fn opened(length: usize, size: usize) -> (Channel, Card) {
    let (keys, i) = (keys(length), if size == 16 { 0x71 } else { 0x70 });
    let mut card = Card::new(&keys, &HOST[..size], i);
    let mut channel = Channel::CLOSED;
    let (host, told) = channel.open(&Software, &keys, &HOST[..size], AID, &card.greeting).unwrap();
    assert_eq!(told, size);
    assert_eq!(host[..size], kdf(&card.mac, 1, size, &card.context));
    let wrapped = wrap(&mut channel, &authenticate(&host[..size])).unwrap();
    assert_eq!(card.takes(&wrapped, false).unwrap(), host[..size]);
    assert_eq!(unwrap(&mut channel, b"\x90\x00").unwrap(), b"\x90\x00");
    (channel, card)
}

fn is_clean(channel: &Channel) -> bool {
    let keys = [&channel.enc, &channel.mac, &channel.rmac].map(|key| *key == [0; KEY_MAX]);
    !channel.is_open() && keys == [true; 3] && channel.chain == [0; BLOCK]
}

#[test]
fn every_length_of_a_command_and_of_a_response() {
    for (key_length, size) in [(16, 8), (24, 8), (32, 8), (16, 16), (24, 16), (32, 16)] {
        let (mut channel, mut card) = opened(key_length, size);
        let most = channel.data_max();
        assert_eq!(most, if size == 8 { 239 } else { 223 });
        for length in 0..=DATA_MAX {
            let data: Vec<u8> = (0..length).map(|at| (at * 7 + length) as u8).collect();
            let sent = &data[..length.min(most)];
            let mut plain = vec![0x01, 0xa4, 0x08, 0x04];
            if !sent.is_empty() {
                plain.push(sent.len() as u8);
            }
            plain.extend(sent);
            if length % 3 > 0 {
                plain.push((length % 3 - 1) as u8);
            }
            let wrapped = wrap(&mut channel, &plain).unwrap();
            assert_eq!(wrapped[..4], [0x05, 0xa4, 0x08, 0x04]);
            assert_eq!(card.takes(&wrapped, true).unwrap(), sent);
            let le = &wrapped[5 + wrapped[4] as usize..];
            assert_eq!(le, &[(length % 3).wrapping_sub(1) as u8][..(length % 3).min(1)]);
            for status in [[0x90, 0x00], [0x62, 0x82], [0x63, 0xc2]] {
                let answer = card.answers(&data, status);
                assert!(answer.len() <= length + RESPONSE_OVERHEAD + 2 && answer.len() <= 258);
                assert_eq!(unwrap(&mut channel, &answer).unwrap(), [&data, &status[..]].concat());
            }
        }
    }
}

/// Table 11-11 of ETSI TS 102 221 and GlobalPlatform's classes: what is sent, and that the checksum knows no channel.
#[test]
fn classes_of_all_channels() {
    let (mut channel, mut card) = opened(16, 8);
    for (first, secured) in [(0x00, 0x04), (0x80, 0x84), (0x10, 0x14)] {
        for number in 0..4 {
            let wrapped = wrap(&mut channel, &[first + number, 0xb0, 0, 0, 16]).unwrap();
            assert_eq!(wrapped[0], secured + number);
            let mut covered = wrapped.clone();
            covered[0] = secured;
            let chain = cmac(&card.mac, &[&card.chain, &covered[..5]]);
            assert_eq!(wrapped[5..13], chain[..8]);
            (card.chain, card.counter) = (chain, card.counter + 1);
        }
    }
    for (first, secured, covered) in [(0x40, 0x60, 0x04), (0xc0, 0xe0, 0x84)] {
        for number in 0..16 {
            let wrapped = wrap(&mut channel, &[first + number, 0xb0, 0, 0, 16]).unwrap();
            assert_eq!(wrapped[0], secured + number);
            let chain = cmac(&card.mac, &[&card.chain, &[covered], &wrapped[1..5]]);
            assert_eq!(wrapped[5..13], chain[..8]);
            card.chain = chain;
        }
    }
}

#[test]
fn a_card_without_the_keys_is_refused() {
    for size in [8, 16] {
        let (keys, other) = (keys(16), MemoryKeys { enc: &MAC[..16], ..keys(16) });
        let greeting = Card::new(&keys, &HOST[..size], 0x70).greeting;
        let answer = |keys: &MemoryKeys<'_>, aid: &[u8], greeting: &[u8]| {
            let mut channel = Channel::CLOSED;
            let told = channel.open(&Software, keys, &HOST[..size], aid, greeting);
            assert_eq!(told.is_err(), is_clean(&channel));
            told.map(|_| ())
        };
        assert_eq!(answer(&keys, AID, &greeting), Ok(()));
        assert_eq!(answer(&keys, b"", &greeting), Ok(()), "without the AID the challenge is any");
        assert_eq!(
            answer(&keys, &AID[..11], &greeting),
            Err(Error::Handshake),
            "the challenge of another AID"
        );
        assert_eq!(answer(&other, AID, &greeting), Err(Error::Handshake));
        assert_eq!(answer(&MemoryKeys { mac: &ENC[..16], ..keys }, AID, &greeting), Err(Error::Handshake));
        // every bit of challenge, cryptogram and counter
        for bit in 8 * 13..8 * greeting.len() {
            let mut flipped = greeting.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(answer(&keys, AID, &flipped), Err(Error::Handshake), "bit {bit}");
        }
        for length in 0..greeting.len() {
            assert_eq!(answer(&keys, AID, &greeting[..length]), Err(Error::Malformed), "{length}");
        }
        assert_eq!(answer(&keys, AID, &[&greeting[..], b"\0"].concat()), Err(Error::Malformed));
        // a challenge of chance: no counter, and nothing to compare
        let chance = Card::new(&keys, &HOST[..size], 0x60).greeting;
        assert_eq!(answer(&keys, b"any", &chance), Ok(()));
        assert_eq!(answer(&keys, b"any", &[&chance[..], SEQUENCE].concat()), Err(Error::Malformed));
        for (at, to) in [(11, 0x02), (12, 0x10), (12, 0x30), (12, 0x50)] {
            let mut changed = greeting.clone();
            changed[at] = to;
            assert_eq!(answer(&keys, AID, &changed), Err(Error::NotSupported));
        }
    }
}

#[test]
fn keys_and_challenges_have_their_lengths() {
    let greeting = Card::new(&keys(16), &HOST[..8], 0x70).greeting;
    let mut channel = Channel::CLOSED;
    for length in [0, 8, 15, 17, 31] {
        let told = channel.open(&Software, &keys(length), &HOST[..8], AID, &greeting);
        assert_eq!(told, Err(Error::Credentials));
    }
    let uneven = MemoryKeys { mac: &MAC[..24], ..keys(16) };
    assert_eq!(channel.open(&Software, &uneven, &HOST[..8], AID, &greeting), Err(Error::Credentials));
    for length in [0, 7, 9, 15] {
        assert_eq!(channel.open(&Software, &keys(16), &HOST[..length], AID, &greeting), Err(Error::BadValue));
    }
    let long = [0xa0; 17];
    assert_eq!(channel.open(&Software, &keys(16), &HOST[..8], &long, &greeting), Err(Error::Full));
    assert!(is_clean(&channel));
}

#[test]
fn commands_come_in_their_order() {
    let keys = keys(16);
    let card = Card::new(&keys, &HOST[..8], 0x70);
    let read = [0x01, 0xb0, 0, 0, 10];
    let mut channel = Channel::CLOSED;
    assert_eq!(wrap(&mut channel, &read), Err(Error::State));
    assert_eq!(unwrap(&mut channel, b"\x90\x00"), Err(Error::State));
    let (host, size) = channel.open(&Software, &keys, &HOST[..8], AID, &card.greeting).unwrap();
    assert!(channel.is_open());
    assert_eq!(wrap(&mut channel, &read), Err(Error::State), "not yet");
    assert_eq!(unwrap(&mut channel, b"\x90\x00"), Err(Error::State));
    let mut weaker = authenticate(&host[..size]);
    weaker[2] = 0x01;
    assert_eq!(wrap(&mut channel, &weaker), Err(Error::State), "no other level");
    wrap(&mut channel, &authenticate(&host[..size])).unwrap();
    assert_eq!(wrap(&mut channel, &read), Err(Error::State), "the card has not answered");
    assert_eq!(unwrap(&mut channel, b"\x90\x00").unwrap(), b"\x90\x00");
    assert_eq!(wrap(&mut channel, &authenticate(&host[..size])), Err(Error::State), "it is open");
    wrap(&mut channel, &read).unwrap();
    channel.close();
    assert!(is_clean(&channel));
    assert_eq!(wrap(&mut channel, &read), Err(Error::State));
}

#[test]
fn a_card_that_refuses_the_host_ends_the_session() {
    for answer in
        [&b"\x63\x00"[..], b"\x69\x82", b"\x61\x00", b"\x90\x01", b"", b"\x90", b"\0\0\0\0\0\0\0\0\x90\x00"]
    {
        let keys = keys(16);
        let mut channel = Channel::CLOSED;
        let greeting = Card::new(&keys, &HOST[..8], 0x70).greeting;
        let (host, size) = channel.open(&Software, &keys, &HOST[..8], AID, &greeting).unwrap();
        wrap(&mut channel, &authenticate(&host[..size])).unwrap();
        let mut response = answer.to_vec();
        let told = channel.unwrap(&Software, &mut response, answer.len());
        assert_eq!(told, Err(Error::Handshake), "{answer:02x?}");
        assert!(is_clean(&channel) && response.iter().all(|byte| *byte == 0));
    }
}

#[test]
fn commands_that_are_none_leave_the_session_as_it_is() {
    let (mut channel, mut card) = opened(16, 8);
    for plain in [
        &b""[..],
        b"\x01",
        b"\x01\xa4\x00",
        b"\x01\xa4\x00\x00\x00\x00",
        b"\x01\xa4\x00\x00\x02\x01",
        b"\x01\xa4\x00\x00\x01\x01\x00\x00",
    ] {
        assert_eq!(wrap(&mut channel, plain), Err(Error::Malformed), "{plain:02x?}");
    }
    for length in DATA_MAX + 1..=255 {
        let plain = [&[0x01, 0xa4, 0, 0, length as u8][..], &vec![0; length]].concat();
        assert_eq!(wrap(&mut channel, &plain), Err(Error::TooLarge));
    }
    assert_eq!(channel.wrap(&Software, &mut [0; COMMAND_MAX], COMMAND_MAX + 1), Err(Error::Malformed));
    let wrapped = wrap(&mut channel, b"\x01\xb0\x00\x00\x0a").unwrap();
    assert_eq!(card.takes(&wrapped, true).unwrap(), b"");
    assert_eq!(unwrap(&mut channel, &card.answers(b"ok", [0x90, 0x00])).unwrap(), b"ok\x90\x00");
}

/// A response as it ought to be, and then one bit of it, its length, or the state it belongs to is another.
#[test]
fn a_response_that_is_not_the_card_s_is_refused() {
    for size in [8, 16] {
        let answer = |change: &dyn Fn(&mut Vec<u8>)| {
            let (mut channel, mut card) = opened(16, size);
            let wrapped = wrap(&mut channel, b"\x01\xb0\x00\x00\x0a").unwrap();
            card.takes(&wrapped, true).unwrap();
            let mut answer = card.answers(b"twenty bytes of data", [0x90, 0x00]);
            change(&mut answer);
            let told = unwrap(&mut channel, &answer);
            assert_eq!(told.is_err(), is_clean(&channel));
            told.map(|plain| plain.len())
        };
        assert_eq!(answer(&|_| {}), Ok(22));
        let length = 32 + size + 2;
        for bit in 0..8 * length {
            assert_eq!(answer(&|sent| sent[bit / 8] ^= 1 << (bit % 8)), Err(Error::Handshake), "bit {bit}");
        }
        // two bytes are a status word, which anybody can send
        for cut in 3..length {
            assert!(answer(&|sent| sent.truncate(cut)).is_err(), "{cut}");
            assert_eq!(answer(&|sent| _ = sent.drain(..length - cut)), Err(Error::Handshake), "{cut}");
        }
        assert_eq!(answer(&|sent| *sent = b"\x90\x00".to_vec()), Err(Error::Handshake), "bare");
        assert_eq!(answer(&|sent| *sent = b"\x62\x82".to_vec()), Err(Error::Handshake));
        assert_eq!(answer(&|sent| *sent = b"\x90".to_vec()), Err(Error::Malformed));
        assert_eq!(answer(&|sent| sent.clear()), Err(Error::Malformed));
    }
    // to another command
    let (mut channel, mut card) = opened(16, 8);
    card.takes(&wrap(&mut channel, b"\x01\xb0\x00\x00\x0a").unwrap(), true).unwrap();
    let late = card.answers(b"late", [0x90, 0x00]);
    wrap(&mut channel, b"\x01\xb0\x00\x00\x0a").unwrap();
    assert_eq!(unwrap(&mut channel, &late), Err(Error::Handshake));
}

#[test]
fn status_words_that_bear_no_checksum() {
    let (mut channel, mut card) = opened(16, 8);
    card.takes(&wrap(&mut channel, b"\x01\xb0\x00\x00\x0a").unwrap(), true).unwrap();
    for status in
        [[0x6a, 0x82], [0x6b, 0x00], [0x69, 0x85], [0x61, 0x20], [0x6c, 0x20], [0x91, 0x10], [0x90, 0x01]]
    {
        assert_eq!(unwrap(&mut channel, &status).unwrap(), status);
        assert!(channel.is_open());
    }
    assert_eq!(unwrap(&mut channel, &card.answers(b"on", [0x90, 0x00])).unwrap(), b"on\x90\x00");
    for status in [[0x69, 0x82], [0x69, 0x87], [0x69, 0x88]] {
        let (mut channel, _) = opened(16, 8);
        wrap(&mut channel, b"\x01\xb0\x00\x00\x0a").unwrap();
        assert_eq!(unwrap(&mut channel, &status).unwrap(), status);
        assert!(is_clean(&channel));
    }
    // data under a status word that has none
    let answer = card.answers(b"data", [0x6a, 0x82]);
    assert_eq!(unwrap(&mut channel, &answer), Err(Error::Handshake));
}

/// The card's checksum is right, and the padding under it is not.
#[test]
fn padding_is_a_single_80_and_zeros_in_the_last_block() {
    let answer = |padded: &[u8]| {
        let (mut channel, mut card) = opened(16, 8);
        card.takes(&wrap(&mut channel, b"\x01\xb0\x00\x00\x0a").unwrap(), true).unwrap();
        let told = unwrap(&mut channel, &card.answers_padded(padded.to_vec(), [0x90, 0x00]));
        assert_eq!(told.is_err(), is_clean(&channel));
        told.map(|plain| plain.len() - 2)
    };
    let block = |bytes: &[u8]| [bytes, &vec![0; BLOCK - bytes.len()]].concat();
    assert_eq!(answer(&block(b"a\x80")), Ok(1));
    assert_eq!(answer(&block(b"0123456789abcde\x80")), Ok(15));
    assert_eq!(answer(&block(b"\x80")), Ok(0));
    assert_eq!(answer(&[block(b"a"), block(b"\x80")].concat()), Ok(16));
    assert_eq!(answer(&block(b"\x80\x80")), Ok(1), "data that looks like padding");
    for padded in [block(b""), block(b"a"), block(b"a\x80\x01"), [block(b"\x80"), block(b"")].concat()] {
        assert_eq!(answer(&padded), Err(Error::Malformed), "{padded:02x?}");
    }
    for length in [1, 15, 17, 31] {
        assert_eq!(answer(&vec![0x80; length]), Err(Error::Malformed));
    }
}

/// A table that fails at its nth use.
struct Fails(core::cell::Cell<u32>);

impl Fails {
    fn used(&self) -> Result<(), Error> {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        if left == 0 { Err(Error::Handler) } else { Ok(()) }
    }
}

impl Crypto for Fails {
    fn cbc(
        &self,
        cipher: Cipher,
        encrypt: bool,
        key: &[u8],
        iv: &[u8; BLOCK],
        data: &mut [u8],
    ) -> Result<(), Error> {
        self.used()?;
        Software.cbc(cipher, encrypt, key, iv, data)
    }

    fn mac(&self, cipher: Cipher, key: &[u8], parts: &[&[u8]], out: &mut [u8; BLOCK]) -> Result<(), Error> {
        self.used()?;
        Software.mac(cipher, key, parts, out)
    }
}

#[test]
fn where_cryptography_fails_no_key_stays() {
    let mut reached = [0; 3];
    for uses in 0..16 {
        let fails = Fails(core::cell::Cell::new(uses));
        let own = keys(32);
        let own = MemoryKeys { crypto: &fails, ..own };
        let greeting = Card::new(&keys(32), &HOST[..8], 0x70).greeting;
        let mut channel = Channel::CLOSED;
        let Ok((host, size)) = channel.open(&fails, &own, &HOST[..8], AID, &greeting) else {
            assert!(is_clean(&channel));
            reached[0] += 1;
            continue;
        };
        let command = authenticate(&host[..size]);
        let mut apdu = [0; COMMAND_MAX];
        apdu[..command.len()].copy_from_slice(&command);
        let done = channel.wrap(&fails, &mut apdu, command.len()).is_ok()
            && channel.unwrap(&fails, &mut [0x90, 0x00], 2).is_ok()
            && {
                apdu[..7].copy_from_slice(b"\x01\xa4\x00\x00\x02ab");
                channel.wrap(&fails, &mut apdu, 7).is_ok()
            };
        reached[if done { 2 } else { 1 }] += 1;
        assert_eq!(!done, is_clean(&channel));
    }
    // seven blocks of keys, one of the challenge, two cryptograms; then two checksums, an IV, the data
    assert_eq!(reached, [9, 4, 3]);
}
