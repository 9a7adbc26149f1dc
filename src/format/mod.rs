//! Content formats: each turns values into payload bytes and back, streaming (TS 1.0 section 6.4).
//!
//! Writing goes value by value into a [`Window`], so that a representation larger than any buffer is produced
//! window by window (RFC 7959). Reading goes record by record over the payload as it lies in the datagram.
//! A format is a `&'static dyn Format`; the configuration names those wanted, and only they are linked.

pub mod arguments;
pub mod base64;
mod big;
pub mod bootstrap_file;
mod cursor;
mod decimal;
mod encoder;
pub mod float;
mod json;
mod json_reader;
mod json_text;
pub mod link;
mod link_reader;
pub mod number;
mod opaque;
mod single;
mod text;
mod tlv;
mod tlv_reader;
mod window;

pub use cursor::{Cursor, Raw, Record};
pub use encoder::Encoder;
pub use json::{JSON, Json};
pub use link::LinkWriter;
pub use link_reader::{Attribute, Attributes, Link, Links};
pub use opaque::{OPAQUE, Opaque};
pub use text::{TEXT, Text};
pub use tlv::{TLV, Tlv};
pub use window::{Window, Written};

use crate::error::Error;
use crate::path::Path;
use crate::value::{DataType, Value};

/// text/plain
pub const CF_TEXT: u16 = 0;
/// application/link-format
pub const CF_LINK: u16 = 40;
/// application/octet-stream
pub const CF_OPAQUE: u16 = 42;
/// application/vnd.oma.lwm2m+tlv
pub const CF_TLV: u16 = 11542;
/// application/vnd.oma.lwm2m+json (1.0 only)
pub const CF_JSON: u16 = 11543;

/// A format as the configuration names it.
pub struct Entry(pub &'static dyn Format);

/// What encloses values: opened before its content, closed after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// An Object Instance, named by the last level of the path.
    Instance,
    /// A resource with several instances, named by the last level of the path.
    Multiple,
}

/// One content format, both ways.
pub trait Format: Sync {
    /// Its CoAP Content-Format number.
    fn content_format(&self) -> u16;

    /// Whether it can carry more than one value. A single-value format serves only a single resource, or a
    /// resource instance, of a type for which [`Format::carries`] is true.
    fn structured(&self) -> bool;

    /// Whether a value of this type can be carried.
    fn carries(&self, data_type: DataType) -> bool;

    /// Begins a representation of the place `out.base()`.
    fn begin(&self, out: &mut Encoder<'_>);

    /// Opens a container at `at`. Where `out.exact()` is true, `length` is the size of the content to come.
    fn open(&self, out: &mut Encoder<'_>, container: Container, at: Path, length: usize);

    /// Writes one value. `at` is absolute, with a resource, and with a resource instance inside a
    /// [`Container::Multiple`].
    fn value(&self, out: &mut Encoder<'_>, at: Path, value: Value<'_>) -> Result<(), Error>;

    /// Closes the container opened last.
    fn close(&self, out: &mut Encoder<'_>, container: Container, at: Path);

    /// Ends the representation.
    fn end(&self, out: &mut Encoder<'_>);

    /// The next record of a payload; `None` at its end.
    fn next<'a>(&self, cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error>;

    /// The value of a record as `data_type`. `scratch` takes what must be unpacked (escaped or Base64 text) and
    /// is as large as the payload; [`Error::BadValue`] where the bytes are no such value.
    fn decode<'a>(
        &self,
        raw: Raw<'a>,
        data_type: DataType,
        scratch: &'a mut [u8],
    ) -> Result<Value<'a>, Error>;
}
