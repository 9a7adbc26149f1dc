//! Natural numbers of up to 1,152 bits: what the exact conversion between binary64 and decimal needs at most.
//!
//! The largest number that occurs is below 2^1090: `2^1074 · 10 · 2^5` in `float`. Nothing is checked beyond that:
//! a carry out of the top is dropped, so a mistake would give a wrong digit, never a panic.

use core::cmp::Ordering;

/// How many words of 32 bits.
const WORDS: usize = 36;

/// A natural number, least word first. Words at and behind `used` are zero.
#[derive(Clone)]
pub(super) struct Big {
    words: [u32; WORDS],
    used: usize,
}

impl Big {
    /// `number · 2^shift`
    pub(super) fn new(number: u64, shift: u32) -> Self {
        let mut big = Self { words: [0; WORDS], used: 0 };
        let (skip, shift) = ((shift >> 5) as usize, shift & 31);
        let mut rest = u128::from(number) << shift;
        for word in big.words.iter_mut().skip(skip).take(3) {
            *word = rest as u32;
            rest >>= 32;
        }
        big.used = skip.wrapping_add(3).min(WORDS);
        big.trim();
        big
    }

    /// Forgets leading zeros.
    fn trim(&mut self) {
        while let Some(top) = self.used.checked_sub(1)
            && self.words.get(top) == Some(&0)
        {
            self.used = top;
        }
    }

    fn used(&self) -> &[u32] {
        self.words.get(..self.used).unwrap_or(&self.words)
    }

    /// Multiplies by a small number.
    pub(super) fn multiply(&mut self, factor: u32) {
        let mut carry = 0u64;
        for word in self.words.iter_mut().take(self.used) {
            carry = carry.wrapping_add(u64::from(*word).wrapping_mul(factor.into()));
            *word = carry as u32;
            carry >>= 32;
        }
        if carry != 0
            && let Some(word) = self.words.get_mut(self.used)
        {
            *word = carry as u32;
            self.used = self.used.wrapping_add(1);
        }
    }

    /// Multiplies by `10^power`.
    pub(super) fn scale(&mut self, mut power: u32) {
        while let Some(left) = power.checked_sub(9) {
            self.multiply(1_000_000_000);
            power = left;
        }
        for _ in 0..power {
            self.multiply(10);
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_zero(&self) -> bool {
        self.used == 0
    }

    /// This number against another.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.used.cmp(&other.used).then_with(|| self.used().iter().rev().cmp(other.used().iter().rev()))
    }

    /// `self + (more << shift)` against another number; `shift` is 0 or 1.
    pub(super) fn compare_sum(&self, more: &Self, shift: u32, other: &Self) -> Ordering {
        let (mut carry, mut result) = (0u64, Ordering::Equal);
        for ((word, more), other) in self.words.iter().zip(&more.words).zip(&other.words) {
            carry = carry.wrapping_add(u64::from(*word)).wrapping_add(u64::from(*more) << shift);
            // a higher word that differs overrules the lower ones
            result = (carry as u32).cmp(other).then(result);
            carry >>= 32;
        }
        if carry == 0 { result } else { Ordering::Greater }
    }

    /// Divides by a number that goes into this one less than ten times: keeps the rest, returns how often.
    pub(super) fn divide(&mut self, by: &Self) -> u8 {
        let mut digit = 0u8;
        while digit < 9 && self.compare(by) != Ordering::Less {
            let mut borrow = 0i64;
            for (word, by) in self.words.iter_mut().zip(&by.words).take(self.used) {
                borrow = borrow.wrapping_add(i64::from(*word)).wrapping_sub(i64::from(*by));
                *word = borrow as u32;
                borrow >>= 32;
            }
            self.trim();
            digit = digit.wrapping_add(1);
        }
        digit
    }
}
