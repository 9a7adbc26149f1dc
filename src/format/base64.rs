//! Base64 (RFC 4648 sections 4 and 5) for Opaque values in text formats (TS 1.0 Appendix C).

use crate::error::Error;
use crate::format::Window;

/// Which of the two encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// `+` and `/`, padded (section 4). Read strictly.
    Standard,
    /// `-` and `_`, not padded (section 5). Read leniently: both alphabets, padded or not.
    Url,
}

/// The character of six bits.
fn character(six: u8, variant: Variant) -> u8 {
    match six & 63 {
        low @ 0..=25 => b'A'.wrapping_add(low),
        low @ 26..=51 => b'a'.wrapping_add(low).wrapping_sub(26),
        low @ 52..=61 => b'0'.wrapping_add(low).wrapping_sub(52),
        62 if variant == Variant::Url => b'-',
        62 => b'+',
        _ if variant == Variant::Url => b'_',
        _ => b'/',
    }
}

/// The six bits of a character.
fn six(character: u8, variant: Variant) -> Option<u8> {
    Some(match character {
        b'A'..=b'Z' => character.wrapping_sub(b'A'),
        b'a'..=b'z' => character.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => character.wrapping_sub(b'0').wrapping_add(52),
        b'+' => 62,
        b'/' => 63,
        b'-' if variant == Variant::Url => 62,
        b'_' if variant == Variant::Url => 63,
        _ => return None,
    })
}

/// Writes `bytes` to `window`.
pub fn encode(window: &mut Window<'_>, bytes: &[u8], variant: Variant) {
    for group in bytes.chunks(3) {
        let mut octets = group.iter();
        let mut bits = 0u32;
        for _ in 0..3 {
            bits = (bits << 8) | octets.next().map_or(0, |octet| u32::from(*octet));
        }
        for place in 0..4usize {
            if place <= group.len() {
                window.byte(character((bits >> 18) as u8, variant));
                bits <<= 6;
            } else if variant == Variant::Standard {
                window.byte(b'=');
            }
        }
    }
}

/// Reads `text` into `buffer`, which need not be larger than the text; returns how many octets there are.
pub fn decode(text: impl Iterator<Item = u8>, buffer: &mut [u8], variant: Variant) -> Result<usize, Error> {
    let mut slots = buffer.iter_mut();
    let (mut bits, mut pending, mut characters, mut padding, mut octets) = (0u32, 0u32, 0u8, 0u8, 0usize);
    for byte in text {
        if byte == b'=' {
            padding = padding.saturating_add(1);
            continue;
        }
        let value = six(byte, variant).ok_or(Error::BadValue)?;
        if padding != 0 {
            return Err(Error::BadValue);
        }
        characters = characters.wrapping_add(1) & 3;
        bits = (bits << 6) | u32::from(value);
        pending = pending.wrapping_add(6);
        if pending >= 8 {
            pending = pending.wrapping_sub(8);
            *slots.next().ok_or(Error::Full)? = bits.wrapping_shr(pending) as u8;
            octets = octets.wrapping_add(1);
        }
    }
    // characters of the last group, and the padding that completes it
    let complete = match (characters, padding) {
        (0, 0) | (2, 2) | (3, 1) => true,
        (2 | 3, 0) => variant == Variant::Url,
        _ => false,
    };
    // what the last character holds beyond whole octets must be zero, or two texts would mean one value
    let left = bits & 1u32.wrapping_shl(pending).wrapping_sub(1);
    if complete && left == 0 { Ok(octets) } else { Err(Error::BadValue) }
}
