//! Methods, response codes and signals (RFC 7252 section 12.1, RFC 7959 section 2.9, RFC 8132, RFC 8323
//! section 5).

/// A method or a response code: class in the upper three bits, detail in the lower five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u8);

impl Code {
    /// 0.00
    pub const EMPTY: Self = Self(0);
    /// 0.01
    pub const GET: Self = Self(1);
    /// 0.02
    pub const POST: Self = Self(2);
    /// 0.03
    pub const PUT: Self = Self(3);
    /// 0.04
    pub const DELETE: Self = Self(4);
    /// 0.05 (RFC 8132 section 2)
    pub const FETCH: Self = Self(5);
    /// 0.06 (RFC 8132 section 3)
    pub const PATCH: Self = Self(6);
    /// 0.07 (RFC 8132 section 3)
    pub const IPATCH: Self = Self(7);
    /// 2.01
    pub const CREATED: Self = Self(0x41);
    /// 2.02
    pub const DELETED: Self = Self(0x42);
    /// 2.03
    pub const VALID: Self = Self(0x43);
    /// 2.04
    pub const CHANGED: Self = Self(0x44);
    /// 2.05
    pub const CONTENT: Self = Self(0x45);
    /// 2.31
    pub const CONTINUE: Self = Self(0x5f);
    /// 4.00
    pub const BAD_REQUEST: Self = Self(0x80);
    /// 4.01
    pub const UNAUTHORIZED: Self = Self(0x81);
    /// 4.02
    pub const BAD_OPTION: Self = Self(0x82);
    /// 4.03
    pub const FORBIDDEN: Self = Self(0x83);
    /// 4.04
    pub const NOT_FOUND: Self = Self(0x84);
    /// 4.05
    pub const METHOD_NOT_ALLOWED: Self = Self(0x85);
    /// 4.06
    pub const NOT_ACCEPTABLE: Self = Self(0x86);
    /// 4.08
    pub const REQUEST_ENTITY_INCOMPLETE: Self = Self(0x88);
    /// 4.09 (RFC 8132 section 3.4)
    pub const CONFLICT: Self = Self(0x89);
    /// 4.12
    pub const PRECONDITION_FAILED: Self = Self(0x8c);
    /// 4.13
    pub const REQUEST_ENTITY_TOO_LARGE: Self = Self(0x8d);
    /// 4.15
    pub const UNSUPPORTED_CONTENT_FORMAT: Self = Self(0x8f);
    /// 4.22 (RFC 8132 section 3.4; not an LwM2M code)
    pub const UNPROCESSABLE_ENTITY: Self = Self(0x96);
    /// 5.00
    pub const INTERNAL_SERVER_ERROR: Self = Self(0xa0);
    /// 5.01
    pub const NOT_IMPLEMENTED: Self = Self(0xa1);
    /// 5.03
    pub const SERVICE_UNAVAILABLE: Self = Self(0xa3);
    /// 7.01, over TCP only (RFC 8323 section 5.3)
    pub const CSM: Self = Self(0xe1);
    /// 7.02, over TCP only (RFC 8323 section 5.4)
    pub const PING: Self = Self(0xe2);
    /// 7.03, over TCP only (RFC 8323 section 5.4)
    pub const PONG: Self = Self(0xe3);
    /// 7.04, over TCP only (RFC 8323 section 5.5)
    pub const RELEASE: Self = Self(0xe4);
    /// 7.05, over TCP only (RFC 8323 section 5.6)
    pub const ABORT: Self = Self(0xe5);

    /// The class: 0 request, 2 success, 4 and 5 failure.
    pub const fn class(self) -> u8 {
        self.0 >> 5
    }

    /// Whether this is a request method.
    pub const fn is_request(self) -> bool {
        self.class() == 0 && self.0 != 0
    }

    /// Whether this is a response: classes 2 to 5 (RFC 7252 section 4.2 reserves 1, 6 and 7).
    pub const fn is_response(self) -> bool {
        matches!(self.class(), 2..=5)
    }

    /// Whether this is a success (class 2).
    pub const fn is_success(self) -> bool {
        self.class() == 2
    }
}
