//! Option numbers, which of them are critical, and how long they may be (RFC 7252 sections 5.4 and 5.10).
//!
//! For every option of a request, in this order: a known number? [`length_fits`]? a second one of its kind
//! ([`is_repeatable`])? If it fails, [`is_critical`] decides between 4.02 (Bad Option) and ignoring it.

use crate::error::Error;

/// If-Match (RFC 7252 section 5.10.8.1)
pub const IF_MATCH: u16 = 1;
/// Uri-Host (RFC 7252 section 5.10.1)
pub const URI_HOST: u16 = 3;
/// ETag (RFC 7252 section 5.10.6)
pub const ETAG: u16 = 4;
/// If-None-Match (RFC 7252 section 5.10.8.2)
pub const IF_NONE_MATCH: u16 = 5;
/// Observe (RFC 7641 section 2)
pub const OBSERVE: u16 = 6;
/// Uri-Port (RFC 7252 section 5.10.1)
pub const URI_PORT: u16 = 7;
/// Location-Path (RFC 7252 section 5.10.7)
pub const LOCATION_PATH: u16 = 8;
/// OSCORE (RFC 8613 section 2)
pub const OSCORE: u16 = 9;
/// Uri-Path (RFC 7252 section 5.10.1)
pub const URI_PATH: u16 = 11;
/// Content-Format (RFC 7252 section 5.10.3)
pub const CONTENT_FORMAT: u16 = 12;
/// Max-Age (RFC 7252 section 5.10.5)
pub const MAX_AGE: u16 = 14;
/// Uri-Query (RFC 7252 section 5.10.1)
pub const URI_QUERY: u16 = 15;
/// Hop-Limit (RFC 8768 section 3)
pub const HOP_LIMIT: u16 = 16;
/// Accept (RFC 7252 section 5.10.4)
pub const ACCEPT: u16 = 17;
/// Location-Query (RFC 7252 section 5.10.7)
pub const LOCATION_QUERY: u16 = 20;
/// Block2 (RFC 7959 section 2.1)
pub const BLOCK2: u16 = 23;
/// Block1 (RFC 7959 section 2.1)
pub const BLOCK1: u16 = 27;
/// Size2 (RFC 7959 section 4)
pub const SIZE2: u16 = 28;
/// Proxy-Uri (RFC 7252 section 5.10.2)
pub const PROXY_URI: u16 = 35;
/// Proxy-Scheme (RFC 7252 section 5.10.2)
pub const PROXY_SCHEME: u16 = 39;
/// Size1 (RFC 7959 section 4)
pub const SIZE1: u16 = 60;
/// Echo (RFC 9175 section 2.2)
pub const ECHO: u16 = 252;
/// No-Response (RFC 7967 section 2)
pub const NO_RESPONSE: u16 = 258;
/// Request-Tag (RFC 9175 section 3.2)
pub const REQUEST_TAG: u16 = 292;

/// Whether a message with this option must be refused if the option is not understood (RFC 7252 section 5.4.1).
pub const fn is_critical(number: u16) -> bool {
    number & 1 == 1
}

/// Whether the option may stand there more than once; a second one of the others is treated as unrecognised
/// (RFC 7252 section 5.4.5).
pub const fn is_repeatable(number: u16) -> bool {
    matches!(number, IF_MATCH | ETAG | LOCATION_PATH | URI_PATH | URI_QUERY | LOCATION_QUERY | REQUEST_TAG)
}

/// Whether the option's value may be that long. If not, it is treated as unrecognised (RFC 7252 section
/// 5.4.3). Numbers that are not in this file fit at any length.
pub const fn length_fits(number: u16, length: usize) -> bool {
    let (least, most) = match number {
        URI_PATH | URI_QUERY | LOCATION_PATH | LOCATION_QUERY | OSCORE => (0, 255),
        ACCEPT | CONTENT_FORMAT | URI_PORT => (0, 2),
        OBSERVE | BLOCK1 | BLOCK2 => (0, 3),
        MAX_AGE | SIZE1 | SIZE2 => (0, 4),
        IF_MATCH | REQUEST_TAG => (0, 8),
        ETAG => (1, 8),
        URI_HOST | PROXY_SCHEME => (1, 255),
        NO_RESPONSE => (0, 1),
        HOP_LIMIT => (1, 1),
        IF_NONE_MATCH => (0, 0),
        ECHO => (1, 40),
        PROXY_URI => (1, 1034),
        _ => (0, usize::MAX),
    };
    least <= length && length <= most
}

/// The value of an option of the `uint` format (RFC 7252 section 3.2): 0 to 4 bytes, leading zeros accepted,
/// `BadOption` if longer.
pub fn uint(value: &[u8]) -> Result<u32, Error> {
    if value.len() > 4 {
        return Err(Error::BadOption);
    }
    Ok(value.iter().fold(0, |sum, &byte| (sum << 8) | u32::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_numbers_are_critical() {
        let critical = [
            IF_MATCH,
            URI_HOST,
            IF_NONE_MATCH,
            URI_PORT,
            OSCORE,
            URI_PATH,
            URI_QUERY,
            ACCEPT,
            BLOCK2,
            BLOCK1,
        ];
        assert!(critical.iter().all(|&number| is_critical(number)));
        let elective = [
            ETAG,
            OBSERVE,
            LOCATION_PATH,
            CONTENT_FORMAT,
            MAX_AGE,
            HOP_LIMIT,
            SIZE2,
            SIZE1,
            ECHO,
            NO_RESPONSE,
        ];
        assert!(!elective.iter().any(|&number| is_critical(number)));
    }

    #[test]
    fn a_uint_has_up_to_four_bytes() {
        for (value, expected) in [
            (&[][..], Ok(0)),
            (&[0], Ok(0)),
            (&[7], Ok(7)),
            (&[0x2d, 0x16], Ok(11542)),
            (&[0, 0, 1], Ok(1)),
            (&[0xff, 0xff, 0xff, 0xff], Ok(u32::MAX)),
            (&[0, 0, 0, 0, 1], Err(Error::BadOption)),
        ] {
            assert_eq!(uint(value), expected, "{value:?}");
        }
    }

    #[test]
    fn lengths_at_and_beyond_the_limits() {
        for (number, least, most) in [
            (IF_MATCH, 0, 8),
            (URI_HOST, 1, 255),
            (ETAG, 1, 8),
            (IF_NONE_MATCH, 0, 0),
            (OBSERVE, 0, 3),
            (URI_PORT, 0, 2),
            (LOCATION_PATH, 0, 255),
            (URI_PATH, 0, 255),
            (CONTENT_FORMAT, 0, 2),
            (MAX_AGE, 0, 4),
            (URI_QUERY, 0, 255),
            (HOP_LIMIT, 1, 1),
            (ACCEPT, 0, 2),
            (LOCATION_QUERY, 0, 255),
            (BLOCK2, 0, 3),
            (BLOCK1, 0, 3),
            (SIZE2, 0, 4),
            (PROXY_URI, 1, 1034),
            (PROXY_SCHEME, 1, 255),
            (SIZE1, 0, 4),
            (ECHO, 1, 40),
            (NO_RESPONSE, 0, 1),
            (REQUEST_TAG, 0, 8),
        ] {
            assert!(length_fits(number, least) && length_fits(number, most), "{number}");
            assert!(!length_fits(number, most + 1), "{number} + 1");
            assert!(least == 0 || !length_fits(number, least - 1), "{number} - 1");
        }
        assert!(length_fits(2048, 65_804));
    }

    #[test]
    fn only_paths_queries_and_tags_repeat() {
        let repeatable = (0..400).filter(|&number| is_repeatable(number));
        assert!(repeatable.eq([1, 4, 8, 11, 15, 20, 292]));
    }
}
