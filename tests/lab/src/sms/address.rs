//! Address fields (TS 23.040 section 9.1.2.5) and the service centre's address before a PDU (TS 27.005).

use super::tpdu::Malformed;

/// Type of address: international, ISDN.
pub const INTERNATIONAL: u8 = 0x91;
/// Type of address: unknown, ISDN.
pub const UNKNOWN: u8 = 0x81;
/// Type of address: alphanumeric.
pub const ALPHANUMERIC: u8 = 0xd0;

/// A number, or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Type of address: type of number and numbering plan.
    pub kind: u8,
    /// Digits as they are dialled, `+` before an international number; a name as text.
    pub text: String,
}

/// What the semi-octets 0 to 14 stand for.
const DIGITS: &[u8; 15] = b"0123456789*#abc";

impl Address {
    /// A number: international if it begins with `+`.
    pub fn number(text: &str) -> Self {
        let kind = if text.starts_with('+') { INTERNATIONAL } else { UNKNOWN };
        Self { kind, text: text.to_owned() }
    }

    /// A name of letters and digits of ASCII, at most eleven.
    pub fn name(text: &str) -> Self {
        Self { kind: ALPHANUMERIC, text: text.to_owned() }
    }

    const fn is_name(&self) -> bool {
        self.kind & 0x70 == 0x50
    }

    /// Takes an address field from the front: a count of semi-octets, the type, the semi-octets.
    pub fn take(bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (&[count, kind], rest) = bytes.split_first_chunk::<2>().ok_or(Malformed::Short)?;
        let (digits, rest) = rest.split_at_checked(usize::from(count).div_ceil(2)).ok_or(Malformed::Short)?;
        if kind & 0x80 == 0 || count > 20 {
            return Err(Malformed::Address);
        }
        if kind & 0x70 == 0x50 {
            let text = unpack(digits, usize::from(count) * 4 / 7);
            return Ok((Self { kind, text }, rest));
        }
        Ok((Self { kind, text: plus(kind) + &digits_of(digits, count.into())? }, rest))
    }

    /// The address field.
    pub fn bytes(&self) -> Vec<u8> {
        let (count, digits) = if self.is_name() {
            ((self.text.len() * 7).div_ceil(4), pack(&self.text))
        } else {
            let digits = self.text.trim_start_matches('+');
            (digits.len(), semi_octets(digits))
        };
        [&[count as u8, self.kind], &digits[..]].concat()
    }
}

fn plus(kind: u8) -> String {
    if kind & 0x70 == 0x10 { "+".into() } else { String::new() }
}

fn digits_of(octets: &[u8], count: usize) -> Result<String, Malformed> {
    let nibbles = octets.iter().flat_map(|octet| [octet & 0x0f, octet >> 4]);
    let digits = nibbles.clone().take(count).map(|nibble| DIGITS.get(usize::from(nibble)).copied());
    let text: Option<String> = digits.map(|digit| digit.map(char::from)).collect();
    let filled = nibbles.skip(count).all(|nibble| nibble == 0x0f);
    text.filter(|_| filled).ok_or(Malformed::Address)
}

fn semi_octets(digits: &str) -> Vec<u8> {
    let nibble = |digit: u8| DIGITS.iter().position(|known| *known == digit).unwrap_or(0) as u8;
    let nibbles: Vec<u8> = digits.bytes().map(nibble).collect();
    nibbles.chunks(2).map(|pair| pair[0] | pair.get(1).unwrap_or(&0x0f) << 4).collect()
}

/// Seven bits a character, the first in the lowest bits (TS 23.038 section 6.1.2.1). ASCII letters and digits only.
fn pack(text: &str) -> Vec<u8> {
    let mut octets = vec![0; (text.len() * 7).div_ceil(8)];
    for (n, byte) in text.bytes().enumerate() {
        for bit in (0..7).filter(|bit| byte >> bit & 1 == 1) {
            octets[(n * 7 + bit) / 8] |= 1 << ((n * 7 + bit) % 8);
        }
    }
    octets
}

fn unpack(octets: &[u8], count: usize) -> String {
    let bit = |at: usize| octets.get(at / 8).map_or(0, |octet| octet >> (at % 8) & 1);
    (0..count).map(|n| char::from((0..7).map(|k| bit(n * 7 + k) << k).sum::<u8>())).collect()
}

/// The service centre's address before a TPDU: a count of octets; `None` if the count is 0: the one that is set.
pub fn take_centre(bytes: &[u8]) -> Result<(Option<Address>, &[u8]), Malformed> {
    let (&count, rest) = bytes.split_first().ok_or(Malformed::Short)?;
    let (field, rest) = rest.split_at_checked(count.into()).ok_or(Malformed::Short)?;
    let Some((&kind, digits)) = field.split_first() else { return Ok((None, rest)) };
    let odd = digits.last().is_some_and(|last| last >> 4 == 0x0f);
    let count = digits.len() * 2 - usize::from(odd);
    Ok((Some(Address { kind, text: plus(kind) + &digits_of(digits, count)? }), rest))
}

/// The same, written.
pub fn centre(number: &str) -> Vec<u8> {
    let address = Address::number(number);
    let digits = semi_octets(address.text.trim_start_matches('+'));
    [&[digits.len() as u8 + 1, address.kind], &digits[..]].concat()
}
