//! Whole numbers as text, without `core::fmt` (TS 1.0 Appendix C, column Text Format).

/// The decimal digits of `number`, in `buffer`.
pub fn digits(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    for slot in buffer.iter_mut().rev() {
        let digit;
        (number, digit) = divide_by_ten(number);
        *slot = b'0'.wrapping_add(digit);
        at = at.wrapping_sub(1);
        if number == 0 {
            break;
        }
    }
    buffer.get(at..).unwrap_or(&[])
}

/// Quotient and remainder, in steps of 32 bits: on the devices we serve a division of 64 bits is a library call.
fn divide_by_ten(number: u64) -> (u64, u8) {
    let (high, low) = ((number >> 32) as u32, number as u32);
    if high == 0 {
        return (u64::from(low / 10), (low % 10) as u8);
    }
    let middle = ((high % 10) << 16) | (low >> 16);
    let low = ((middle % 10) << 16) | (low & 0xffff);
    let quotient = (u64::from(high / 10) << 32) | (u64::from(middle / 10) << 16) | u64::from(low / 10);
    (quotient, (low % 10) as u8)
}

/// Where the first byte of that kind is. (`Iterator::position` counts with a check that can panic.)
pub(super) fn find(text: &[u8], kind: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = 0usize;
    for byte in text {
        if kind(*byte) {
            return Some(at);
        }
        at = at.wrapping_add(1);
    }
    None
}

/// The value of an ASCII digit.
pub fn digit(byte: u8) -> Option<u8> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(value)
}

/// A number of decimal digits only, at least one.
pub fn unsigned(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| append(number, digit(*byte)?))
}

/// A number of one to five decimal digits, below 65536: an identifier or a port, without 64-bit arithmetic.
pub fn short(text: &[u8]) -> Option<u16> {
    if text.is_empty() || text.len() > 5 {
        return None;
    }
    let mut value = 0u32;
    for byte in text {
        value = value.wrapping_mul(10).wrapping_add(digit(*byte)?.into());
    }
    u16::try_from(value).ok()
}

/// `number` with one more decimal digit.
pub fn append(number: u64, digit: u8) -> Option<u64> {
    number.checked_mul(10)?.checked_add(u64::from(digit))
}

/// A signed number: an optional sign, then digits only.
pub fn signed(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    with_sign(negative, unsigned(digits)?)
}

/// The sign, whether it is a minus, and what follows it.
pub fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    }
}

/// Magnitude and sign as one number, if it fits.
pub fn with_sign(negative: bool, magnitude: u64) -> Option<i64> {
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// An object link `object:instance` (TS 1.0 Appendix C). The example of section 6.4.4 writes the null link as
/// `FFFF:FFFF`, which is taken too.
pub fn object_link(text: &[u8]) -> Option<(u16, u16)> {
    if text.eq_ignore_ascii_case(b"FFFF:FFFF") {
        return Some((0xffff, 0xffff));
    }
    let colon = find(text, |byte| byte == b':')?;
    let (object, rest) = text.split_at_checked(colon)?;
    let id = |text| unsigned(text).and_then(|id| u16::try_from(id).ok());
    Some((id(object)?, id(rest.get(1..)?)?))
}
