//! A decimal number as it is written, taken apart but not yet rounded (TS 1.0 Appendix C; RFC 8259 section 6).

use crate::format::number;

/// How many decimal digits always fit 64 bits.
const DIGITS: i32 = 19;

/// `0.d1 d2 d3 … * 10^point`, where `d1` is not zero.
pub(super) struct Decimal<'a> {
    /// Whether a minus stands in front.
    pub(super) negative: bool,
    /// Where the decimal point belongs, counted from the first digit that is not zero.
    pub(super) point: i32,
    /// Digits and at most one point.
    body: &'a [u8],
    /// How many digits to skip: leading zeros.
    zeros: usize,
}

impl<'a> Decimal<'a> {
    /// Takes a number apart: sign, digits with at most one point, exponent. At least one digit is needed.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, rest) = number::sign(text);
        let end = number::find(rest, |byte| matches!(byte, b'e' | b'E'));
        let (body, exponent) = match end {
            Some(end) => (rest.get(..end)?, exponent(rest.get(end.wrapping_add(1)..)?)?),
            None => (rest, 0),
        };
        let (mut whole, mut zeros, mut digits, mut fraction) = (0i32, 0usize, 0usize, false);
        for byte in body {
            match number::digit(*byte) {
                Some(digit) => {
                    if digit == 0 && zeros == digits {
                        zeros = zeros.wrapping_add(1);
                    }
                    digits = digits.wrapping_add(1);
                    whole = whole.saturating_add(i32::from(!fraction));
                }
                None if *byte == b'.' && !fraction => fraction = true,
                None => return None,
            }
        }
        let point = whole.saturating_sub(zeros as i32).saturating_add(exponent);
        (digits != 0).then_some(Self { negative, point, body, zeros })
    }

    /// The digits, from the first that is not zero.
    pub(super) fn digits(&self) -> impl Iterator<Item = u8> {
        self.body.iter().filter_map(|byte| number::digit(*byte)).skip(self.zeros)
    }

    /// As many digits as fit 64 bits, the power of ten of the last of them, and whether more than zeros were cut off.
    pub(super) fn approximate(&self) -> (u64, i32, bool) {
        let (mut significand, mut taken, mut cut) = (0u64, 0i32, false);
        for digit in self.digits() {
            if taken == DIGITS {
                cut |= digit != 0;
            } else {
                significand = significand.wrapping_mul(10).wrapping_add(u64::from(digit));
                taken = taken.wrapping_add(1);
            }
        }
        (significand, self.point.saturating_sub(taken), cut)
    }

    /// The number's magnitude, if it is whole and fits: `22.0` and `1e3` are whole.
    pub(super) fn whole(&self) -> Option<u64> {
        let (mut whole, mut left) = (0u64, self.point);
        for digit in self.digits() {
            if left > 0 {
                whole = number::append(whole, digit)?;
            } else if digit != 0 {
                return None;
            }
            left = left.saturating_sub(1);
        }
        // zeros that only the exponent tells of
        while left > 0 && whole != 0 {
            whole = number::append(whole, 0)?;
            left = left.wrapping_sub(1);
        }
        Some(whole)
    }
}

/// The digits of an exponent, bounded: what is beyond is no finite number, or zero.
fn exponent(text: &[u8]) -> Option<i32> {
    const BOUND: i32 = 100_000;
    let (negative, digits) = number::sign(text);
    if digits.is_empty() {
        return None;
    }
    let magnitude = digits.iter().try_fold(0i32, |sum, byte| {
        Some(sum.wrapping_mul(10).wrapping_add(number::digit(*byte)?.into()).min(BOUND))
    })?;
    Some(if negative { magnitude.wrapping_neg() } else { magnitude })
}
