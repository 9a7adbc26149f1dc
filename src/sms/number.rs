//! Telephone numbers as the addresses of short messages carry them (TS 23.040 section 9.1.2.5), and as text.
//!
//! A number is its digits and whether they are international. The other types of number (national, network specific,
//! subscriber, abbreviated, unknown) are one kind here, and the numbering plan does not count: a number that is configured
//! as text says neither.

use crate::bytes::put;
use crate::error::Error;

/// How many digits an address can have (TS 23.040 section 9.1.2.5: ten octets).
pub const DIGITS: u8 = 20;
/// How many octets the longest TP-DA or TP-OA has.
pub const ADDRESS: usize = 12;
/// How many digits at least [`Number::is_similar`] wants to see: a subscriber's number without its area.
const ENOUGH: u8 = 7;

/// Type of address: an international number of the ISDN plan (E.164).
const INTERNATIONAL: u8 = 0x91;
/// Type of address: a number of unknown type of the ISDN plan.
const UNKNOWN: u8 = 0x81;
/// In place of a digit: none.
const FILLER: u8 = 0x0f;

/// A telephone number: 1 to 20 digits, and whether they are international.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// As on the wire: the first digit in the low nibble. What is not used is [`FILLER`], so that equal numbers are
    /// equal bytes.
    nibbles: [u8; 10],
    count: u8,
    international: bool,
}

impl Number {
    /// No digits: what comes before a number is known.
    pub(super) const EMPTY: Self = Self { nibbles: [0xff; 10], count: 0, international: false };

    /// From text as people write it: `+1 555 555-0123`. Spaces and `-.()` are skipped, a leading `+` makes the number
    /// international. [`Error::BadValue`] for anything else, and unless there are 1 to 20 digits.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let mut number = Self::EMPTY;
        for letter in text {
            match *letter {
                digit @ b'0'..=b'9' => number.push(digit & FILLER).ok_or(Error::BadValue)?,
                b'+' if number.count == 0 && !number.international => number.international = true,
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                _ => return Err(Error::BadValue),
            }
        }
        if number.count == 0 { Err(Error::BadValue) } else { Ok(number) }
    }

    /// From an address: its type, what follows, and how many semi-octets of that are used.
    ///
    /// `None` for what cannot be compared with a number: alphanumeric and reserved types, `*`, `#` and letters, no digits
    /// or more than 20, fewer octets than `digits` needs. What fills the last octet of an odd count is not looked at.
    pub fn from_address(type_of_address: u8, semi_octets: &[u8], digits: u8) -> Option<Self> {
        let kind = type_of_address >> 4 & 7;
        // 101 is alphanumeric, 111 reserved; without the top bit another octet of type would follow
        if type_of_address & 0x80 == 0 || kind == 5 || kind == 7 {
            return None;
        }
        let mut number = Self { international: kind == 1, ..Self::EMPTY };
        for at in 0..digits {
            let octet = semi_octets.get(usize::from(at / 2))?;
            let digit = if at.is_multiple_of(2) { octet & FILLER } else { octet >> 4 };
            if digit > 9 {
                return None;
            }
            number.push(digit)?;
        }
        if number.count == 0 { None } else { Some(number) }
    }

    /// From a whole address as in a TPDU: how many digits, its type, the digits. [`Error::Malformed`] for what is no number.
    pub fn read_address(address: &[u8]) -> Result<Self, Error> {
        let [digits, type_of_address, semi_octets @ ..] = address else { return Err(Error::Malformed) };
        Self::from_address(*type_of_address, semi_octets, *digits).ok_or(Error::Malformed)
    }

    /// One digit more. `None`: there is no place for it.
    fn push(&mut self, digit: u8) -> Option<()> {
        let octet = self.nibbles.get_mut(usize::from(self.count / 2))?;
        *octet = if self.count.is_multiple_of(2) { 0xf0 | digit } else { (*octet & FILLER) | (digit << 4) };
        self.count = self.count.wrapping_add(1);
        Some(())
    }

    /// The digit at `at`, [`FILLER`] behind the last one.
    fn digit(&self, at: u8) -> u8 {
        let octet = self.nibbles.get(usize::from(at / 2)).copied().unwrap_or(0xff);
        if at.is_multiple_of(2) { octet & FILLER } else { octet >> 4 }
    }

    /// Whether the country code is part of the digits.
    pub const fn is_international(&self) -> bool {
        self.international
    }

    /// Whether both are the same number: the same digits, and both international or neither.
    ///
    /// A national number is never the same as an international one: which country's it is, only the network knows, and a
    /// sender in another country must not pass for the one that is meant. [`Number::is_similar`] is laxer.
    pub fn is_same(&self, other: &Self) -> bool {
        self == other
    }

    /// Whether both may be the same number, written with and without country or area: they end alike, over all digits
    /// of the shorter one, which are at least seven. Two international numbers are similar only if they are the same.
    ///
    /// For networks that deliver a sender's number in another form than the configured one; by choice only, since
    /// senders whose numbers merely end alike pass too. The zeros that lead a national number are a trunk prefix or an
    /// international one, and do not count.
    pub fn is_similar(&self, other: &Self) -> bool {
        if self.international && other.international {
            return self.is_same(other);
        }
        let common = self.significant().min(other.significant());
        let alike = |back: u8| {
            self.digit(self.count.wrapping_sub(back)) == other.digit(other.count.wrapping_sub(back))
        };
        common >= ENOUGH && (1..=common).all(alike)
    }

    /// How many digits count for a comparison.
    fn significant(&self) -> u8 {
        let mut zeros = 0u8;
        while !self.international && self.digit(zeros) == 0 {
            zeros = zeros.wrapping_add(1);
        }
        self.count.wrapping_sub(zeros)
    }

    /// Writes the digits as ASCII, without a plus; returns how many they are.
    pub fn digits(&self, out: &mut [u8; DIGITS as usize]) -> usize {
        let mut at = 0u8;
        for letter in out.iter_mut() {
            if at == self.count {
                break;
            }
            *letter = b'0' | self.digit(at);
            at = at.wrapping_add(1);
        }
        usize::from(at)
    }

    const fn type_of_address(&self) -> u8 {
        if self.international { INTERNATIONAL } else { UNKNOWN }
    }

    /// The octets that the digits fill.
    fn semi_octets(&self) -> &[u8] {
        self.nibbles.get(..usize::from(self.count.div_ceil(2))).unwrap_or(&[])
    }

    /// Writes the number as TP-DA: how many digits, the type, the digits. Returns the length, 3 to 12.
    pub fn write_address(&self, out: &mut [u8]) -> Result<usize, Error> {
        self.write(self.count, out)
    }

    /// Writes the number as the address of a service centre, in front of a TPDU in PDU mode (TS 27.005 section 3.1):
    /// here the first octet counts octets. Returns the length. `None`, the modem's own service centre, is the octet 0.
    pub fn write_smsc(smsc: Option<&Self>, out: &mut [u8]) -> Result<usize, Error> {
        match smsc {
            Some(smsc) => smsc.write(smsc.count.div_ceil(2).wrapping_add(1), out),
            None => put(out, 0, &[0]).map(|()| 1),
        }
    }

    fn write(&self, first: u8, out: &mut [u8]) -> Result<usize, Error> {
        let digits = self.semi_octets();
        let length = digits.len().wrapping_add(2);
        let out = out.get_mut(..length).ok_or(Error::Full)?;
        put(out, 0, &[first, self.type_of_address()])?;
        put(out, 2, digits)?;
        Ok(length)
    }
}

/// Splits a line of PDU mode, as octets, into the service centre's address and the TPDU (TS 27.005 section 3.1).
///
/// No address, and one that is not a number (it is of no use here), come out as `None`.
pub fn split_smsc(line: &[u8]) -> Result<(Option<Number>, &[u8]), Error> {
    let (length, rest) = line.split_first().ok_or(Error::Malformed)?;
    if usize::from(*length) >= ADDRESS {
        return Err(Error::Malformed);
    }
    let (address, tpdu) = rest.split_at_checked(usize::from(*length)).ok_or(Error::Malformed)?;
    let Some((type_of_address, digits)) = address.split_first() else { return Ok((None, tpdu)) };
    let odd = digits.last().is_some_and(|last| last >> 4 == FILLER);
    // at most ten octets
    let count = (digits.len() as u8).wrapping_mul(2).wrapping_sub(odd.into());
    Ok((Number::from_address(*type_of_address, digits, count), tpdu))
}

#[cfg(test)]
#[path = "number_tests.rs"]
mod tests;
