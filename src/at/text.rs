//! What stands in a line: parameters (V.250 section 5.4), result codes (V.250 section 5.7, TS 27.007 section 9,
//! TS 27.005 section 3.2.5), and the PDU of a short message (TS 27.005 section 4).

use super::TPDU_MAX;
use crate::count::place_of;
use crate::fnv::{START_64, fnv_64};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// `OK`
    Ok,
    /// `ERROR`, or a result code of calls.
    Error,
    /// `+CME ERROR`; 0 where it comes with words.
    Equipment(u16),
    /// `+CMS ERROR`; 0 where it comes with words.
    Message(u16),
}

/// The result code that ends a command, if the line is one.
pub(super) fn outcome(line: &[u8]) -> Option<Outcome> {
    let code = |rest: &[u8]| number(rest).and_then(|code| u16::try_from(code).ok()).unwrap_or(0);
    match line {
        b"OK" => return Some(Outcome::Ok),
        b"ERROR" | b"NO CARRIER" | b"BUSY" | b"NO ANSWER" | b"NO DIALTONE" | b"NO DIAL TONE" | b"ABORTED" => {
            return Some(Outcome::Error);
        }
        _ => {}
    }
    if let Some(rest) = after(line, b"+CME ERROR:") {
        return Some(Outcome::Equipment(code(rest)));
    }
    after(line, b"+CMS ERROR:").map(|rest| Outcome::Message(code(rest)))
}

/// What follows `prefix`, without blanks around it.
pub(super) fn after<'l>(line: &'l [u8], prefix: &[u8]) -> Option<&'l [u8]> {
    line.strip_prefix(prefix).map(<[u8]>::trim_ascii)
}

/// The parameters of a line: cut at commas outside quotes; there is no escape for a quote inside them.
#[derive(Clone)]
pub(super) struct Parameters<'l>(Option<&'l [u8]>);

impl<'l> Parameters<'l> {
    pub const fn of(text: &'l [u8]) -> Self {
        Self(Some(text))
    }
}

impl<'l> Iterator for Parameters<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        let text = self.0.take()?;
        let mut inside = false;
        let comma = place_of(text.iter(), |&byte| {
            inside ^= byte == b'"';
            byte == b',' && !inside
        });
        let (first, rest) = match comma.and_then(|at| text.split_at_checked(at)) {
            Some((first, rest)) => (first, rest.split_first().map(|(_, rest)| rest)),
            None => (text, None),
        };
        self.0 = rest;
        Some(first.trim_ascii())
    }
}

/// A decimal number and nothing else; a text in quotes is none.
pub(super) fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    let mut value = 0u32;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(digit.into())?;
    }
    Some(value)
}

/// A text without its quotes, or as it is where it has none.
pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").map_or(text, |text| text.strip_suffix(b"\"").unwrap_or(text))
}

/// Whether a line can be a PDU: octets in hex. The letters may be of either case.
pub(super) fn is_hex(line: &[u8]) -> bool {
    let (pairs, rest) = line.as_chunks::<2>();
    !pairs.is_empty() && rest.is_empty() && line.iter().all(|&byte| nibble(byte).is_some())
}

fn nibble(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}

/// The octet that two hex digits are.
pub(super) fn octet(pair: [u8; 2]) -> u8 {
    let [high, low] = pair.map(|digit| nibble(digit).unwrap_or(0));
    high.wrapping_shl(4) | low
}

/// The digit for the upper or the lower half of an octet.
pub(super) const fn hex_digit(octet: u8, upper: bool) -> u8 {
    let value = if upper { octet.wrapping_shr(4) } else { octet & 15 };
    if value < 10 { b'0'.wrapping_add(value) } else { b'A'.wrapping_sub(10).wrapping_add(value) }
}

/// The TPDU in a line of hex digits as pairs of them: what follows the service centre's address (its length first), if it
/// has the length that was announced.
pub(super) fn tpdu(line: &[u8], announced: usize) -> Option<&[[u8; 2]]> {
    let (pairs, _) = line.as_chunks::<2>();
    let (first, rest) = pairs.split_first()?;
    let (_, tpdu) = rest.split_at_checked(octet(*first).into())?;
    (tpdu.len() == announced && (1..=TPDU_MAX).contains(&announced)).then_some(tpdu)
}

/// What long things are told apart by; 0 stands for none.
pub(super) fn digest(octets: impl IntoIterator<Item = u8>) -> u64 {
    fnv_64(START_64, octets).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &[u8]) -> std::vec::Vec<&[u8]> {
        Parameters::of(text).collect()
    }

    #[test]
    fn parameters_are_cut_at_commas_outside_quotes() {
        assert_eq!(parameters(b"1,\"a,b\",,33"), [&b"1"[..], b"\"a,b\"", b"", b"33"]);
        assert_eq!(parameters(b" 2 , 3 "), [&b"2"[..], b"3"]);
        assert_eq!(parameters(b""), [b""]);
        assert_eq!(parameters(b",33"), [&b""[..], b"33"]);
        assert_eq!(parameters(b"\"never closed,1"), [b"\"never closed,1"]);
    }

    #[test]
    fn numbers_are_decimal_and_bounded() {
        assert_eq!(number(b"4294967295"), Some(u32::MAX));
        for wrong in [&b"4294967296"[..], b"", b"-1", b"1a", b"\"1\"", b"0x1"] {
            assert_eq!(number(wrong), None);
        }
    }

    #[test]
    fn result_codes_with_words_or_without_a_blank_are_known() {
        assert_eq!(outcome(b"+CMS ERROR: 322"), Some(Outcome::Message(322)));
        assert_eq!(outcome(b"+CMS ERROR:322"), Some(Outcome::Message(322)));
        assert_eq!(outcome(b"+CME ERROR: SIM busy"), Some(Outcome::Equipment(0)));
        assert_eq!(outcome(b"NO CARRIER"), Some(Outcome::Error));
        assert_eq!(outcome(b"OKAY"), None);
    }

    #[test]
    fn a_pdu_has_the_announced_length_behind_the_service_centre() {
        let line = b"0791515555010F0004aB";
        assert!(is_hex(line));
        assert_eq!(
            tpdu(line, 2).map(|pairs| pairs.iter().map(|pair| octet(*pair)).collect()),
            Some(vec![4, 0xab])
        );
        for wrong in [0, 1, 3, 177] {
            assert_eq!(tpdu(line, wrong), None);
        }
        assert_eq!(tpdu(b"07915155", 1), None, "the address is cut");
        assert!(!is_hex(b"123") && !is_hex(b"") && !is_hex(b"0g"));
    }

    use std::vec;
}
