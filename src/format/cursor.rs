//! Reading a payload record by record.

use crate::path::Path;

/// A payload being read, and what its format must remember between records.
pub struct Cursor<'a> {
    /// The whole payload.
    pub payload: &'a [u8],
    /// Where the next record begins.
    pub at: usize,
    /// The place that the request addresses; records lie at or below it.
    pub base: Path,
    /// Where the current record lies, for formats that nest.
    pub here: Path,
    /// Ends of the open containers, for formats that nest; at most two are open.
    pub ends: [usize; 2],
    /// How many containers are open.
    pub open: usize,
    /// Base Name, for formats that have one: a range of `payload`.
    pub base_name: (usize, usize),
    /// Free for the format.
    pub state: u8,
}

impl<'a> Cursor<'a> {
    /// A cursor at the beginning of `payload`, which a request to `base` carried.
    pub fn new(payload: &'a [u8], base: Path) -> Self {
        Self { payload, at: 0, base, here: base, ends: [0; 2], open: 0, base_name: (0, 0), state: 0 }
    }
}

/// The bytes of a value as its format packs them; only that format can tell what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// How they are packed: the format's own number.
    pub tag: u8,
}

/// One record of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The place, absolute. `instance` is NONE where a Create leaves the choice to the client.
    pub path: Path,
    /// The value. `None` announces a container, which may stay empty: an Object Instance (no resource in the
    /// path) or a multiple-instance resource. Formats that do not nest announce nothing.
    pub raw: Option<Raw<'a>>,
}
