//! Time in the lab is a number of milliseconds since the bench was switched on.

/// So many seconds, in milliseconds.
pub const fn seconds(n: u64) -> u64 {
    n * 1000
}

/// So many minutes, in milliseconds.
pub const fn minutes(n: u64) -> u64 {
    seconds(60) * n
}
