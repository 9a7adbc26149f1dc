//! Option numbers (RFC 7252 section 12.2, RFC 7641, RFC 7959, RFC 9175), the uint format, and the Block option.
//!
//! `coap-lite` keeps a block number in 16 bits; RFC 7959 section 2.2 gives it 20, so the option is coded here.

/// If-Match.
pub const IF_MATCH: u16 = 1;
/// Uri-Host.
pub const URI_HOST: u16 = 3;
/// ETag.
pub const ETAG: u16 = 4;
/// Observe.
pub const OBSERVE: u16 = 6;
/// Uri-Port.
pub const URI_PORT: u16 = 7;
/// Location-Path.
pub const LOCATION_PATH: u16 = 8;
/// OSCORE.
pub const OSCORE: u16 = 9;
/// Uri-Path.
pub const URI_PATH: u16 = 11;
/// Content-Format.
pub const CONTENT_FORMAT: u16 = 12;
/// Max-Age.
pub const MAX_AGE: u16 = 14;
/// Uri-Query.
pub const URI_QUERY: u16 = 15;
/// Accept.
pub const ACCEPT: u16 = 17;
/// Location-Query.
pub const LOCATION_QUERY: u16 = 20;
/// Block2.
pub const BLOCK2: u16 = 23;
/// Block1.
pub const BLOCK1: u16 = 27;
/// Size2.
pub const SIZE2: u16 = 28;
/// Size1.
pub const SIZE1: u16 = 60;
/// Echo.
pub const ECHO: u16 = 252;
/// No-Response.
pub const NO_RESPONSE: u16 = 258;
/// Request-Tag.
pub const REQUEST_TAG: u16 = 292;

/// The name of an option, if the lab knows it.
pub const fn name(number: u16) -> Option<&'static str> {
    Some(match number {
        IF_MATCH => "If-Match",
        URI_HOST => "Uri-Host",
        ETAG => "ETag",
        OBSERVE => "Observe",
        URI_PORT => "Uri-Port",
        LOCATION_PATH => "Location-Path",
        OSCORE => "OSCORE",
        URI_PATH => "Uri-Path",
        CONTENT_FORMAT => "Content-Format",
        MAX_AGE => "Max-Age",
        URI_QUERY => "Uri-Query",
        ACCEPT => "Accept",
        LOCATION_QUERY => "Location-Query",
        BLOCK2 => "Block2",
        BLOCK1 => "Block1",
        SIZE2 => "Size2",
        SIZE1 => "Size1",
        ECHO => "Echo",
        NO_RESPONSE => "No-Response",
        REQUEST_TAG => "Request-Tag",
        _ => return None,
    })
}

/// A number in the uint format: big-endian without leading zero bytes (RFC 7252 section 3.2).
pub fn uint(value: u32) -> Vec<u8> {
    value.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// Reads the uint format; `None` above four bytes. Leading zero bytes are allowed on input.
pub fn read_uint(bytes: &[u8]) -> Option<u32> {
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |value, byte| (value << 8) | u32::from(*byte)))
}

/// The value of a Block1 or Block2 option (RFC 7959 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Block number, 20 bits.
    pub num: u32,
    /// More blocks follow (or, in a 2.31, are expected).
    pub more: bool,
    /// Size exponent: 0 is 16 bytes, 6 is 1024; 7 is reserved over UDP.
    pub szx: u8,
}

impl Block {
    /// A block of `2^(szx + 4)` bytes.
    pub const fn new(num: u32, more: bool, szx: u8) -> Self {
        Self { num, more, szx }
    }

    /// How many bytes a block of this size exponent holds.
    pub const fn size(self) -> usize {
        16 << if self.szx < 6 { self.szx } else { 6 }
    }

    /// Where in the body this block begins.
    pub const fn offset(self) -> usize {
        self.num as usize * self.size()
    }

    /// The option's bytes.
    pub fn bytes(self) -> Vec<u8> {
        uint((self.num << 4) | (u32::from(self.more) << 3) | u32::from(self.szx & 7))
    }

    /// Reads the option; `None` if it is longer than three bytes or uses the reserved size.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let value = read_uint(bytes).filter(|_| bytes.len() <= 3)?;
        let szx = (value & 7) as u8;
        (szx < 7).then_some(Self { num: value >> 4, more: value & 8 != 0, szx })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_numbers_have_twenty_bits() {
        let block = Block::new(0xf_ffff, true, 2);
        assert_eq!(block.bytes(), [0xff, 0xff, 0xfa]);
        assert_eq!(Block::read(&block.bytes()), Some(block));
    }

    #[test]
    fn block_zero_of_the_smallest_size_is_an_empty_option() {
        assert_eq!(Block::new(0, false, 0).bytes(), [0; 0]);
        assert_eq!(Block::read(&[]), Some(Block::new(0, false, 0)));
    }

    #[test]
    fn block_refuses_the_reserved_size_and_long_values() {
        assert_eq!(Block::read(&[0x07]), None);
        assert_eq!(Block::read(&[0, 0, 0, 0]), None);
    }

    #[test]
    fn uint_has_no_leading_zeros() {
        assert_eq!(uint(0), [0; 0]);
        assert_eq!(uint(11542), [0x2d, 0x16]);
        assert_eq!(read_uint(&[0, 0x2d, 0x16]), Some(11542));
        assert_eq!(read_uint(&[1; 5]), None);
    }
}
