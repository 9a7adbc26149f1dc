//! Chance with a seed: SplitMix64 (Steele, Lea and Flood, 2014), so that each run can be repeated.

/// A small generator. The same seed gives the same sequence on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator at the beginning of the sequence that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `most`, both included.
    pub const fn up_to(&mut self, most: u64) -> u64 {
        match most.checked_add(1) {
            Some(n) => self.next() % n,
            None => self.next(),
        }
    }

    /// True in `percent` of all cases.
    pub const fn happens(&mut self, percent: u8) -> bool {
        self.up_to(99) < percent as u64
    }
}
