//! FNV-1a: tells by a few bytes whether two long things are the same. It is no defence against anyone.

/// Of no bytes at all, with 32 bits.
pub const START_32: u32 = 0x811c_9dc5;
/// Of no bytes at all, with 64 bits.
pub const START_64: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of what came before goes on with `bytes`.
pub fn fnv_32(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The same with 64 bits.
pub fn fnv_64(hash: u64, bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
