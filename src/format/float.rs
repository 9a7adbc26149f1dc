//! Float as text (TS 1.0 Appendix C): the shortest decimal that means the same number, and back, exactly rounded.
//!
//! Integer arithmetic only: firmware that names no text format links no float code at all, one that does links no
//! float library. Printing is Steele and White's and Dragon4's: the digits of `R / S` are drawn until what is left is
//! inside the rounding interval `M`. Parsing multiplies the digits out in 64 bits, counts the error, and only where
//! the error leaves the rounding open compares the digits with those of the point half way between two numbers.

use core::cmp::Ordering;

use crate::error::Error;
use crate::format::Window;
use crate::format::big::Big;
use crate::format::decimal::Decimal;

const MANTISSA_BITS: u32 = 52;
const HIDDEN: u64 = 1 << MANTISSA_BITS;
/// The exponent of the last bit of the smallest numbers.
const LOWEST: i32 = -1074;

/// Mantissa and exponent of a finite number: `mantissa · 2^exponent`.
fn take_apart(bits: u64) -> (u64, i32) {
    let exponent = (bits >> MANTISSA_BITS) as i32 & 0x7ff;
    let mantissa = bits & (HIDDEN - 1);
    if exponent == 0 { (mantissa, LOWEST) } else { (mantissa | HIDDEN, exponent.wrapping_sub(1075)) }
}

/// `mantissa · 2^exponent` as a fraction, and the numerator of half the gap to its neighbours.
fn fraction(mantissa: u64, exponent: i32) -> (Big, Big, Big) {
    let up = exponent.max(0).unsigned_abs();
    let down = exponent.min(0).unsigned_abs();
    (Big::new(mantissa, up.wrapping_add(1)), Big::new(1, down.wrapping_add(1)), Big::new(1, up))
}

/// Whether a number is neither infinite nor NaN, without float arithmetic.
pub fn is_finite(number: f64) -> bool {
    (number.to_bits() >> MANTISSA_BITS) & 0x7ff != 0x7ff
}

/// Writes a number: the fewest digits that read back as the same number, no exponent (Appendix C).
/// Infinities and NaN have no text: [`Error::BadValue`].
pub fn put(window: &mut Window<'_>, number: f64) -> Result<(), Error> {
    write(window, number, i32::MAX)
}

/// The same for JSON, where a number may have an exponent: one far from 1 gets it. Leshan refuses a whole number of so
/// many digits that a binary64 does not hold it exactly.
pub fn put_json(window: &mut Window<'_>, number: f64) -> Result<(), Error> {
    write(window, number, 16)
}

fn write(window: &mut Window<'_>, number: f64, longest: i32) -> Result<(), Error> {
    if !is_finite(number) {
        return Err(Error::BadValue);
    }
    let bits = number.to_bits();
    if bits >> 63 != 0 {
        window.byte(b'-');
    }
    let (mantissa, exponent) = take_apart(bits);
    match whole(mantissa, exponent) {
        Some(whole) => window.decimal(whole),
        None => put_digits(window, mantissa, exponent, longest),
    }
    Ok(())
}

/// The number as an integer of at most 53 bits, if it is one.
fn whole(mantissa: u64, exponent: i32) -> Option<u64> {
    if mantissa == 0 {
        return Some(0);
    }
    let down = exponent.checked_neg()?;
    (0..=52).contains(&down).then_some(())?;
    let down = down as u32 & 63;
    (mantissa.trailing_zeros() >= down).then_some(mantissa >> down)
}

/// Draws the digits of a positive number and puts the decimal point; with an exponent where the point is more than
/// `longest` places away.
fn put_digits(window: &mut Window<'_>, mantissa: u64, exponent: i32, longest: i32) {
    let (mut r, mut s, mut m) = fraction(mantissa, exponent);
    // an even mantissa takes the ends of its interval too: a tie is rounded to it
    let even = mantissa & 1 == 0;
    // below a power of two the neighbours are half as far; all is doubled, and the way up once more
    let uneven = u32::from(mantissa == HIDDEN && exponent != LOWEST);
    if uneven != 0 {
        r.multiply(2);
        s.multiply(2);
    }
    let reaches = |order| order == Ordering::Greater || (even && order == Ordering::Equal);
    let mut point = estimate(mantissa, exponent);
    let scale = point.unsigned_abs();
    if point >= 0 {
        s.scale(scale);
    } else {
        r.scale(scale);
        m.scale(scale);
    }
    // up to the power of ten that neither the number nor what rounds to it reaches
    while reaches(r.compare_sum(&m, uneven, &s)) {
        s.multiply(10);
        point = point.wrapping_add(1);
    }
    let mut power = 0;
    if point.unsigned_abs() as i32 > longest {
        power = point.wrapping_sub(1);
        point = 1;
    }
    if point <= 0 {
        window.put(b"0.");
        for _ in point..0 {
            window.byte(b'0');
        }
    }
    loop {
        r.multiply(10);
        m.multiply(10);
        let digit = r.divide(&s);
        let low = reaches(m.compare(&r));
        let high = reaches(r.compare_sum(&m, uneven, &s));
        // both ends in reach: the nearer one
        let up = high && (!low || r.compare_sum(&r, 0, &s) != Ordering::Less);
        window.byte(b'0'.wrapping_add(digit).wrapping_add(u8::from(up)));
        point = point.wrapping_sub(1);
        if low || high {
            break;
        }
        if point == 0 {
            window.byte(b'.');
        }
    }
    for _ in 0..point {
        window.byte(b'0');
    }
    if power != 0 {
        window.put(if power < 0 { b"e-" } else { b"e" });
        window.decimal(power.unsigned_abs().into());
    }
}

/// At most `floor(log10)` of a positive number, and at least one less.
fn estimate(mantissa: u64, exponent: i32) -> i32 {
    let log2 = exponent.wrapping_add(63).wrapping_sub(mantissa.leading_zeros() as i32);
    // log10 2 is between the two; the product errs downwards
    log2.wrapping_mul(if log2 < 0 { 1234 } else { 1233 }) >> 12
}

/// Reads a decimal number, with an exponent or without. `None` where the text is none, or none that is finite.
pub fn parse(text: &[u8]) -> Option<f64> {
    round(&Decimal::parse(text)?)
}

/// The number nearest to a decimal; of two, the one with the even mantissa.
pub(super) fn round(decimal: &Decimal<'_>) -> Option<f64> {
    let magnitude = magnitude(decimal)?;
    Some(f64::from_bits(magnitude | (u64::from(decimal.negative) << 63)))
}

/// Powers of ten as 64 bits with the top one set, and what the product's exponent gains.
const TEN: (u64, i32) = (0xa000_0000_0000_0000, 4);
const TENTH: (u64, i32) = (0xcccc_cccc_cccc_cccd, -3);
const TEN_16: (u64, i32) = (10_000_000_000_000_000 << 10, 54);
const TENTH_16: (u64, i32) = (0xe695_94be_c44d_e15b, -53);

/// The bits of the nearest number, without the sign.
fn magnitude(decimal: &Decimal<'_>) -> Option<u64> {
    let (significand, mut power, cut) = decimal.approximate();
    if significand == 0 || decimal.point < -323 {
        return Some(0);
    }
    if decimal.point > 309 {
        return None;
    }
    // the number is `m * 2^exponent`, with the top bit of `m` set
    let zeros = significand.leading_zeros();
    let mut m = significand.wrapping_shl(zeros);
    let mut exponent = 0i32.wrapping_sub(zeros as i32);
    // how far off, in units of 2^-63 of the number: up to 16 for digits cut off, up to 2 a step; at most 100
    let mut error = u128::from(cut) << 4;
    while power != 0 {
        let (factor, gain, step) = match power {
            16.. => (TEN_16.0, TEN_16.1, 16),
            1..16 => (TEN.0, TEN.1, 1),
            -15..=0 => (TENTH.0, TENTH.1, -1),
            _ => (TENTH_16.0, TENTH_16.1, -16),
        };
        let product = u128::from(m).wrapping_mul(factor.into());
        let low = (product >> 127) as u32 ^ 1;
        m = (product >> (64 - low)) as u64;
        exponent = exponent.wrapping_add(gain).wrapping_sub(low as i32);
        error = error.wrapping_add(2);
        power = power.wrapping_sub(step);
    }
    // 53 bits stay, fewer at the lower end of the range
    let drop = LOWEST.wrapping_sub(exponent).max(11) as u32 & 127;
    let lowest = exponent.wrapping_add(drop as i32);
    let kept = u128::from(m).wrapping_shr(drop) as u64;
    let half = 1u128.wrapping_shl(drop.wrapping_sub(1));
    let rest = u128::from(m) & (half << 1).wrapping_sub(1);
    // `m` is below 2^64, so its unit is at most two of the error's
    let up = if rest.abs_diff(half) > error << 1 {
        rest > half
    } else {
        match compare(decimal, kept << 1 | 1, lowest.wrapping_sub(1)) {
            Ordering::Greater => true,
            Ordering::Equal => kept & 1 == 1,
            Ordering::Less => false,
        }
    };
    // a carry out of the mantissa goes into the exponent, where it belongs
    let exponent = (lowest.wrapping_sub(LOWEST) as u64) << MANTISSA_BITS;
    let bits = exponent.wrapping_add(kept).wrapping_add(u64::from(up));
    (bits < 0x7ff << MANTISSA_BITS).then_some(bits)
}

/// A decimal against `mantissa * 2^exponent`, exactly, however many digits it has.
fn compare(decimal: &Decimal<'_>, mantissa: u64, exponent: i32) -> Ordering {
    let (mut r, mut s, _) = fraction(mantissa, exponent);
    let power = decimal.point.unsigned_abs();
    if decimal.point >= 0 {
        s.scale(power)
    } else {
        r.scale(power)
    }
    if r.compare(&s) != Ordering::Less {
        return Ordering::Less;
    }
    for digit in decimal.digits() {
        r.multiply(10);
        let order = digit.cmp(&r.divide(&s));
        if order != Ordering::Equal {
            return order;
        }
    }
    if r.is_zero() { Ordering::Equal } else { Ordering::Less }
}
