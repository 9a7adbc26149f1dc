//! Secured packets line by line, for tests in other languages: `tests/sms/test_packet_vectors.py` makes its own packets and
//! compares.
//!
//! ```text
//! protect aes|3des KIC KID SPI TAR CIPHER-KEY MAC-KEY MAC-LENGTH COUNTER MESSAGE    -> {"packet":"…"}
//! open    aes|3des KIC KID SPI TAR CIPHER-KEY MAC-KEY MAC-LENGTH LAST PACKET        -> {"counter":…,"message":"…","por":…}
//! flip    the same: opens the packet once for each of its bits, with that bit changed -> {"opened":…,"refused":…}
//! keys    PARAMETERS SECRET AES256 SHORT-MAC                       -> {"cipher_key":"…","mac_key":"…","mac_length":…}
//! ```
//!
//! Bytes are hexadecimal and `-` where there are none, numbers decimal. What is refused is `{"error":"…"}`.

use serde_json::{Value, json};
use std::io::{self, BufRead, Write};
use whimbrel::crypto::{Cipher, Software};
use whimbrel::error::Error;
use whimbrel::sms::packet::{Keys, open, protect, protected_length};

/// The words of a line, taken one by one.
struct Words<'l>(std::str::SplitAsciiWhitespace<'l>);

impl<'l> Words<'l> {
    fn word(&mut self) -> Result<&'l str, String> {
        self.0.next().ok_or_else(|| "a word is missing".to_owned())
    }

    fn bytes(&mut self) -> Result<Vec<u8>, String> {
        let word = self.word()?;
        if word == "-" {
            return Ok(Vec::new());
        }
        let pairs = word.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|error| error.to_string())?;
            u8::from_str_radix(pair, 16).map_err(|error| format!("{pair}: {error}"))
        });
        pairs.collect()
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.bytes()?.try_into().map_err(|bytes| format!("not {N} bytes: {bytes:?}"))
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let word = self.word()?;
        word.parse().map_err(|_| format!("no number: {word}"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn refusal(error: Error) -> Value {
    json!({ "error": format!("{error:?}") })
}

fn answer(line: &str) -> Result<Value, String> {
    let mut words = Words(line.split_ascii_whitespace());
    let what = words.word()?;
    if what == "keys" {
        return from_resources(&mut words);
    }
    let cipher = match words.word()? {
        "aes" => Cipher::Aes,
        "3des" => Cipher::TripleDes,
        other => return Err(format!("no cipher: {other}")),
    };
    let ([kic], [kid], spi, tar) = (words.array()?, words.array()?, words.array()?, words.array()?);
    let (cipher_key, mac_key) = (words.bytes()?, words.bytes()?);
    let mac_length = words.number()?;
    let keys = Keys { kic, kid, spi, tar, cipher, cipher_key: &cipher_key, mac_key: &mac_key, mac_length };
    let (counter, bytes) = (words.number()?, words.bytes()?);
    match what {
        "protect" => Ok(protected(&keys, counter, &bytes)),
        "open" => Ok(opened(&keys, counter, bytes)),
        "flip" => Ok(flipped(&keys, counter, &bytes)),
        other => Err(format!("cannot {other}")),
    }
}

fn from_resources(words: &mut Words<'_>) -> Result<Value, String> {
    let (parameters, secret) = (words.bytes()?, words.bytes()?);
    let (aes256, short): (u8, u8) = (words.number()?, words.number()?);
    Ok(match Keys::from_resources(&parameters, &secret, aes256 != 0, short != 0) {
        Ok(keys) => json!({
            "cipher_key": hex(keys.cipher_key), "mac_key": hex(keys.mac_key), "mac_length": keys.mac_length,
        }),
        Err(error) => refusal(error),
    })
}

fn protected(keys: &Keys<'_>, counter: u64, message: &[u8]) -> Value {
    let mut packet = vec![0; protected_length(keys, message.len())];
    match protect(&Software, keys, counter, message, &mut packet) {
        Ok(length) if length == packet.len() => json!({ "packet": hex(&packet) }),
        Ok(length) => json!({ "error": format!("{length} bytes, not {}", packet.len()) }),
        Err(error) => refusal(error),
    }
}

fn opened(keys: &Keys<'_>, last: u64, mut packet: Vec<u8>) -> Value {
    match open(&Software, keys, last, &mut packet) {
        Ok(opened) => json!({
            "counter": opened.counter,
            "message": hex(&packet[opened.start..][..opened.length]),
            "por": opened.por,
        }),
        Err(error) => refusal(error),
    }
}

fn flipped(keys: &Keys<'_>, last: u64, packet: &[u8]) -> Value {
    let (mut opened, mut refused) = (0, 0);
    for bit in 0..8 * packet.len() {
        let mut changed = packet.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        match open(&Software, keys, last, &mut changed) {
            Ok(_) => opened += 1,
            Err(_) => refused += 1,
        }
    }
    json!({ "opened": opened, "refused": refused })
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = answer(&line).unwrap_or_else(|error| json!({ "usage": error }));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
