//! The LwM2M Server URI: `coap://host:port` (RFC 7252 section 6; TS 1.0 Appendix E.1 resource 0), or `tel:+number` for a
//! server that is reached by SMS alone (RFC 3966).

use crate::error::Error;
use crate::format::number;

/// A server's address as its URI gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// A name or an address literal, without brackets; what should be a telephone number.
    pub host: &'a str,
    /// The port, 5683 or 5684 where the URI gives none.
    pub port: u16,
    /// Whether the scheme is `coaps`.
    pub secure: bool,
    /// Whether the scheme is `tel` or `sms`.
    pub texts: bool,
}

impl<'a> Uri<'a> {
    /// As [`Uri::parse`], from the bytes of a resource.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse(core::str::from_utf8(bytes).map_err(|_| Error::BadValue)?)
    }

    /// Takes a URI apart. A path behind the authority is ignored.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        if let Some(number) = text.strip_prefix("tel:").or_else(|| text.strip_prefix("sms:")) {
            // what is no number, only a client with SMS needs to know
            return Ok(Self { host: number, port: 0, secure: false, texts: true });
        }
        let (secure, rest) = match (text.strip_prefix("coap://"), text.strip_prefix("coaps://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(Error::BadValue),
        };
        let authority = cut(rest, |byte| matches!(byte, b'/' | b'?' | b'#')).0;
        let (host, behind) = match authority.strip_prefix('[') {
            Some(literal) => {
                let (host, behind) = cut(literal, |byte| byte == b']');
                (host, behind.strip_prefix(']').ok_or(Error::BadValue)?)
            }
            None => cut(authority, |byte| byte == b':'),
        };
        let port = match (behind, behind.strip_prefix(':')) {
            ("" | ":", _) if secure => 5684,
            ("" | ":", _) => 5683,
            (_, Some(digits)) => {
                number::short(digits.as_bytes()).filter(|port| *port != 0).ok_or(Error::BadValue)?
            }
            _ => return Err(Error::BadValue),
        };
        if host.is_empty() { Err(Error::BadValue) } else { Ok(Self { host, port, secure, texts: false }) }
    }
}

/// What stands before the first byte that `ends`, and the rest with it.
fn cut(text: &str, ends: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().take_while(|byte| !ends(*byte)).fold(0usize, |n, _| n.wrapping_add(1));
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_literals_and_default_ports() {
        let uri = |host, port, secure| Ok(Uri { host, port, secure, texts: false });
        assert_eq!(Uri::parse("coap://leshan.example"), uri("leshan.example", 5683, false));
        assert_eq!(Uri::parse("coaps://leshan.example/base"), uri("leshan.example", 5684, true));
        assert_eq!(Uri::parse("coap://127.0.0.1:1234"), uri("127.0.0.1", 1234, false));
        assert_eq!(Uri::parse("coap://[::1]:1234"), uri("::1", 1234, false));
        assert_eq!(Uri::parse("coap://[::1]"), uri("::1", 5683, false));
        assert_eq!(Uri::parse("coaps://a:"), uri("a", 5684, true));
        let tel = Uri { host: "+15555550123", port: 0, secure: false, texts: true };
        assert_eq!(Uri::parse("tel:+15555550123"), Ok(tel));
    }

    #[test]
    fn what_is_no_server_uri_is_refused() {
        for text in [
            "",
            "http://a",
            "coap://",
            "coap://a:0",
            "coap://a:65536",
            "coap://a:x",
            "coap://[::1",
            "coap://[::1]x",
        ] {
            assert_eq!(Uri::parse(text), Err(Error::BadValue), "{text}");
        }
    }
}
