//! The state of one representation being written, shared by all formats.

use crate::format::Window;
use crate::path::Path;

/// Where a representation is written to, and what its format must remember between values.
pub struct Encoder<'a> {
    /// The bytes.
    pub window: Window<'a>,
    base: Path,
    exact: bool,
    /// Stream positions at which the open containers' content began; at most two are open.
    pub marks: [usize; 2],
    /// How many containers are open.
    pub open: usize,
    /// Whether a value has been written (the comma of JSON).
    pub started: bool,
}

impl<'a> Encoder<'a> {
    /// A representation of `base`, written to `window`. With `exact`, containers are opened with the length of
    /// their content, which a window that lost bytes cannot mend afterwards.
    pub fn new(window: Window<'a>, base: Path, exact: bool) -> Self {
        Self { window, base, exact, marks: [0; 2], open: 0, started: false }
    }

    /// The place represented.
    pub fn base(&self) -> Path {
        self.base
    }

    /// Whether lengths of containers must be known when they are opened. Never while only counting.
    pub fn exact(&self) -> bool {
        self.exact && !self.window.counts_only()
    }
}
