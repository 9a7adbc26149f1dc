//! Numbers as text against the standard library: bit patterns at random, the ends of the range, and points half way.

mod format_common;

use format_common::Random;
use whimbrel::format::{Window, float, number};

const ROUNDS: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

fn print(number: f64) -> String {
    let mut buffer = [0; 1200];
    let mut window = Window::new(&mut buffer, 0);
    float::put(&mut window, number).unwrap();
    assert!(!window.overflowed());
    String::from_utf8(window.kept().to_vec()).unwrap()
}

#[track_caller]
fn check_text(text: &str) {
    let expected = text.parse::<f64>().unwrap();
    let expected = expected.is_finite().then_some(expected.to_bits());
    assert_eq!(float::parse(text.as_bytes()).map(f64::to_bits), expected, "{text}");
}

#[track_caller]
fn check(number: f64) {
    let text = number.to_string();
    assert_eq!(print(number), text);
    check_text(&text);
}

/// Decimal digits of `(2 * mantissa + 1) * 2^exponent`, and their power of ten: half way to the next number.
fn half_way(number: f64) -> (String, i32) {
    let bits = number.to_bits();
    let field = (bits >> 52) as i32 & 0x7ff;
    let mantissa = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if field == 0 { (mantissa, -1074) } else { (mantissa | 1 << 52, field - 1075) };
    let mut digits: Vec<u8> =
        (2 * mantissa + 1).to_string().bytes().rev().map(|digit| digit - b'0').collect();
    let exponent = exponent - 1;
    for _ in 0..exponent.abs() {
        let mut carry = 0;
        for digit in &mut digits {
            carry += *digit * if exponent < 0 { 5 } else { 2 };
            *digit = carry % 10;
            carry /= 10;
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    (digits.iter().rev().map(|digit| char::from(digit + b'0')).collect(), exponent.min(0))
}

#[track_caller]
fn check_half_way(number: f64) {
    let (digits, power) = half_way(number);
    for tail in ["", "0", "1", "000000000000000000000000000000000000001"] {
        check_text(&format!("{digits}{tail}e{}", power - tail.len() as i32));
    }
    let mut less = digits.into_bytes();
    let last = less.last_mut().unwrap();
    if *last > b'0' {
        *last -= 1; // with nines behind it: just below
    }
    check_text(&format!("{}9999e{}", String::from_utf8(less).unwrap(), power - 4));
}

/// TS 1.0 Appendix C. Its example prints 6.667e-11 as 0.000000000006667, one zero too many.
#[test]
fn examples() {
    for number in
        [0.1, 22.5, -3.0, 42.2, 6.667e-11, 0.0, -0.0, 1e21, 1e23, 123_456.789, 9_007_199_254_740_993.0]
    {
        check(number);
    }
    assert_eq!(print(6.667e-11), "0.00000000006667");
    assert_eq!(print(-3.0), "-3");
    assert_eq!(float::parse(b"0.000000000006667"), Some(6.667e-12));
}

#[test]
fn ends_of_the_range() {
    for number in [f64::MAX, f64::MIN, f64::MIN_POSITIVE, f64::from_bits(1), f64::from_bits(2), f64::EPSILON]
    {
        check(number);
        check(f64::from_bits(number.to_bits() - 1));
        check_half_way(number.abs());
    }
    for text in [
        "1e309",
        "1.7976931348623159e308",
        "1e99999999999",
        "1e-99999999999",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.4703282292062327208e-324",
        "-1e-400",
        "0e999",
        "0.000e5",
    ] {
        check_text(text);
    }
    for exponent in -1074..1024 {
        let number = f64::from_bits(if exponent < -1022 {
            1 << (exponent + 1074)
        } else {
            ((exponent + 1023) as u64) << 52
        });
        check(number);
        check(f64::from_bits(number.to_bits() + 1));
        check(f64::from_bits(number.to_bits().saturating_sub(1)));
        if exponent % 16 == 0 {
            check_half_way(number);
        }
    }
    for power in -330..312 {
        check_text(&format!("1e{power}"));
        check_text(&format!("9.999999999999999999999e{power}"));
    }
}

#[test]
fn what_is_no_number() {
    for text in [
        "", "-", ".", "-.", "e5", "1e", "1e+", "1.2.3", "0x10", "1 ", " 1", "NaN", "inf", "1,5", "--1",
        "1e5.0",
    ] {
        assert_eq!(float::parse(text.as_bytes()), None, "{text}");
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut window = Window::new(&mut [], 0);
        assert!(float::put(&mut window, number).is_err());
        assert_eq!(window.total(), 0);
    }
}

#[test]
fn bit_patterns_at_random() {
    let mut random = Random(0x5eed);
    for _ in 0..ROUNDS {
        let number = f64::from_bits(random.next());
        if number.is_finite() {
            check(number);
        }
    }
}

#[test]
fn everyday_numbers_at_random() {
    let mut random = Random(0xda7);
    for _ in 0..ROUNDS {
        let number = (random.next() as i32 >> random.below(32)) as f64;
        check(number / random.pick(&[1.0, 10.0, 100.0, 1000.0, 3.0, 7.0, 1024.0, 1e9]));
        check(f64::from(number as f32 / 10.0));
    }
}

#[test]
fn texts_at_random() {
    let mut random = Random(0x7e47);
    for _ in 0..ROUNDS {
        let digits: String =
            (0..=random.below(30)).map(|_| char::from(b'0' + random.below(10) as u8)).collect();
        let at = random.below(digits.len() + 1);
        let power = random.below(700) as i32 - 350;
        check_text(&format!("{}.{}e{power}", &digits[..at], &digits[at..]));
        check_text(&digits);
    }
}

#[test]
fn points_half_way_at_random() {
    let mut random = Random(0x4a1f);
    for _ in 0..ROUNDS / 200 {
        let number = f64::from_bits(random.next() >> 1);
        if number.is_finite() {
            check_half_way(number);
        }
    }
}

#[test]
fn whole_numbers() {
    for number in [i64::MIN, i64::MAX, 0, -1, 750] {
        assert_eq!(number::signed(number.to_string().as_bytes()), Some(number));
    }
    for text in ["9223372036854775808", "-9223372036854775809", "", "-", "1.0", "1e3", "0x1", " 1", "--1"] {
        assert_eq!(number::signed(text.as_bytes()), None, "{text}");
    }
    assert_eq!(number::unsigned(b"18446744073709551615"), Some(u64::MAX));
    assert_eq!(number::unsigned(b"18446744073709551616"), None);
    assert_eq!(number::object_link(b"66:0"), Some((66, 0)));
    assert_eq!(number::object_link(b"FFFF:FFFF"), Some((0xffff, 0xffff)));
    for text in ["66", "66:", ":1", "65536:0", "1:2:3", "a:b"] {
        assert_eq!(number::object_link(text.as_bytes()), None, "{text}");
    }
    let mut random = Random(1);
    for _ in 0..1000 {
        let number = random.next() >> random.below(64);
        assert_eq!(number::digits(number, &mut [0; 20]), number.to_string().as_bytes());
    }
}
