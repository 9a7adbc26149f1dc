//! What the formats of a single value share: the payload is the value, its place is the request's.

use crate::error::Error;
use crate::format::{Cursor, Encoder, Raw, Record};

/// Begins the only value. A second one has no room in such a format.
pub(super) fn start(out: &mut Encoder<'_>) -> Result<(), Error> {
    if out.started {
        return Err(Error::NotAcceptable);
    }
    out.started = true;
    Ok(())
}

/// The only record: the whole payload. An empty payload is one too: an empty string, or no octets.
pub(super) fn next<'a>(cursor: &mut Cursor<'a>) -> Option<Record<'a>> {
    if cursor.state != 0 {
        return None;
    }
    cursor.state = 1;
    cursor.at = cursor.payload.len();
    Some(Record { path: cursor.base, raw: Some(Raw { bytes: cursor.payload, tag: 0 }) })
}
