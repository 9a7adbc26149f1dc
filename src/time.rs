//! Points in time on the port's clock, in milliseconds. The engine never reads a clock itself.

/// A point on the port's monotonic clock, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// The clock's zero.
    pub const ZERO: Self = Self(0);
    /// A point that is never reached: only input can change anything.
    pub const NEVER: Self = Self(u64::MAX);

    /// The point `ms` milliseconds after the clock's zero.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the clock's zero.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// `ms` milliseconds later; sticks at [`Instant::NEVER`].
    pub const fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to here, 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whether this point is [`Instant::NEVER`].
    pub const fn is_never(self) -> bool {
        self.0 == u64::MAX
    }

    /// The earlier of two points.
    pub fn earlier(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    /// The later of the two.
    pub fn later(self, other: Self) -> Self {
        if other.0 > self.0 { other } else { self }
    }
}

/// Seconds as milliseconds, saturating.
pub const fn seconds(s: u32) -> u64 {
    s as u64 * 1000
}
