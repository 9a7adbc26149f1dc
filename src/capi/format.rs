//! The formats that an application can name.

use super::types::whimbrel_format_t;
use crate::format::{Entry, JSON, OPAQUE, TEXT, TLV};

/// text/plain: single values as text (TS 1.0 section 6.4.1).
#[unsafe(no_mangle)]
pub static whimbrel_format_text: whimbrel_format_t = whimbrel_format_t { _entry: Entry(&TEXT) };

/// application/octet-stream: single Opaque values (TS 1.0 section 6.4.2).
#[unsafe(no_mangle)]
pub static whimbrel_format_opaque: whimbrel_format_t = whimbrel_format_t { _entry: Entry(&OPAQUE) };

/// application/vnd.oma.lwm2m+tlv (TS 1.0 section 6.4.3). Every 1.0 client needs it.
#[unsafe(no_mangle)]
pub static whimbrel_format_tlv: whimbrel_format_t = whimbrel_format_t { _entry: Entry(&TLV) };

/// application/vnd.oma.lwm2m+json (TS 1.0 section 6.4.4), of LwM2M 1.0 only.
#[unsafe(no_mangle)]
pub static whimbrel_format_json: whimbrel_format_t = whimbrel_format_t { _entry: Entry(&JSON) };
