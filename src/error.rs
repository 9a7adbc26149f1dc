//! Why something did not happen: one flat list, three mappings (Rust value, CoAP code, C status).

use crate::coap::Code;

/// Why something did not happen. `Copy`, no text; numbers are appended, never reused.
///
/// Noise on the wire is dropped where it is seen; what comes out as an `Error` is final for that call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Error {
    /// Bytes that do not follow their grammar.
    Malformed = -1,
    /// The path names nothing that exists.
    NotFound = -2,
    /// The target does not support the operation.
    NotAllowed = -3,
    /// A buffer or a table given by the caller is full.
    Full = -4,
    /// An application handler failed.
    Handler = -5,
    /// A C argument is NULL, out of range, or a struct says a wrong size.
    Argument = -6,
    /// Called from inside a handler or an event callback.
    Reentered = -7,
    /// The server lacks the access right (TS 1.0 section 7.3).
    Unauthorized = -8,
    /// A value of the wrong type, length or range.
    BadValue = -9,
    /// None of the formats asked for can be returned.
    NotAcceptable = -10,
    /// The payload's Content-Format is not supported.
    UnsupportedFormat = -11,
    /// The payload is larger than what can be taken.
    TooLarge = -12,
    /// A block-wise transfer lacks a part (RFC 7959 section 2.9.2).
    Incomplete = -13,
    /// Another transfer or a deferred request holds what is needed.
    Busy = -14,
    /// The feature is not part of this client.
    NotSupported = -15,
    /// A critical option is not understood (RFC 7252 section 5.4.1).
    BadOption = -16,
    /// The link cannot send or receive.
    Link = -17,
    /// A datagram did not fit into the buffer given.
    Truncated = -18,
    /// Called out of order, or the handle is not a client.
    State = -19,
    /// The identifier is already in use.
    Exists = -20,
    /// The peer did not answer in time.
    Timeout = -21,
    /// The server answered with an error code.
    Refused = -22,
    /// The handler answers later. Never leaves the engine.
    Deferred = -23,
    /// The security mode, or what goes with it, is not supported by the backend.
    SecurityMode = -24,
    /// Own keys, certificate or name cannot be used as they are.
    Credentials = -25,
    /// None of the cipher suites to be offered is supported.
    Ciphersuite = -26,
    /// The handshake failed: no common suite, a wrong key, a message that the protocol does not forgive.
    Handshake = -27,
    /// The server's certificate or key is not the one expected, or not vouched for.
    Certificate = -28,
    /// The server's certificate is for another name.
    Name = -29,
    /// The server's certificate is not valid now, or the time is not known.
    Expired = -30,
    /// The peer closed the session, by close_notify or a fatal alert.
    Closed = -31,
    /// Stable storage cannot be read or written.
    Storage = -32,
    /// Accounts, keys or access control do not fit together (TS 1.0 section 5.2.6).
    Inconsistent = -33,
}

impl Error {
    /// What a server is told (TS 1.0 section 8.5). No `_` arm: a new error must choose its code.
    pub const fn to_wire(self) -> Code {
        match self {
            Self::Malformed | Self::BadValue | Self::Exists => Code::BAD_REQUEST,
            Self::NotFound => Code::NOT_FOUND,
            Self::NotAllowed => Code::METHOD_NOT_ALLOWED,
            Self::Unauthorized => Code::UNAUTHORIZED,
            Self::NotAcceptable | Self::Inconsistent => Code::NOT_ACCEPTABLE,
            Self::UnsupportedFormat => Code::UNSUPPORTED_CONTENT_FORMAT,
            Self::TooLarge | Self::Truncated => Code::REQUEST_ENTITY_TOO_LARGE,
            Self::Incomplete => Code::REQUEST_ENTITY_INCOMPLETE,
            Self::BadOption => Code::BAD_OPTION,
            Self::Busy => Code::SERVICE_UNAVAILABLE,
            Self::NotSupported => Code::NOT_IMPLEMENTED,
            Self::Full
            | Self::Handler
            | Self::Argument
            | Self::Reentered
            | Self::Link
            | Self::State
            | Self::Timeout
            | Self::Refused
            | Self::Deferred
            | Self::SecurityMode
            | Self::Credentials
            | Self::Ciphersuite
            | Self::Handshake
            | Self::Certificate
            | Self::Name
            | Self::Expired
            | Self::Closed
            | Self::Storage => Code::INTERNAL_SERVER_ERROR,
        }
    }

    /// The `WHIMBREL_ERR_…` of the same number.
    pub const fn to_c(self) -> i32 {
        self as i32
    }

    /// From a C handler's negative status. A number that we never gave out is the handler's fault.
    pub const fn from_c(status: i32) -> Self {
        match status {
            -1 => Self::Malformed,
            -2 => Self::NotFound,
            -3 => Self::NotAllowed,
            -4 => Self::Full,
            -8 => Self::Unauthorized,
            -9 => Self::BadValue,
            -10 => Self::NotAcceptable,
            -11 => Self::UnsupportedFormat,
            -12 => Self::TooLarge,
            -13 => Self::Incomplete,
            -14 => Self::Busy,
            -15 => Self::NotSupported,
            -17 => Self::Link,
            -18 => Self::Truncated,
            -20 => Self::Exists,
            -21 => Self::Timeout,
            -24 => Self::SecurityMode,
            -25 => Self::Credentials,
            -26 => Self::Ciphersuite,
            -27 => Self::Handshake,
            -28 => Self::Certificate,
            -29 => Self::Name,
            -30 => Self::Expired,
            -31 => Self::Closed,
            -32 => Self::Storage,
            -33 => Self::Inconsistent,
            _ => Self::Handler,
        }
    }
}
