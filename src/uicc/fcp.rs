//! What a card says of a selected file: file control parameters (ETSI TS 102 221 section 11.1.1.3).

use crate::error::Error;

/// The references of PINs that are remembered.
pub const PINS: usize = 4;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory or an application.
    Directory,
    /// Bytes, by READ BINARY.
    Transparent,
    /// Records of `length` bytes, `count` of them, by READ RECORD.
    Records {
        /// Bytes of each.
        length: u8,
        /// How many.
        count: u8,
    },
}

/// A PIN that a directory names (tag C6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinRef {
    /// The reference for VERIFY PIN.
    pub reference: u8,
    /// Whether it is wanted: a disabled one is not.
    pub enabled: bool,
}

/// File control parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fcp {
    /// How it is read.
    pub kind: Kind,
    /// Size of the file's content, where it is told.
    pub size: Option<u16>,
    /// It is activated, or nothing says that it is not.
    pub active: bool,
    /// The PINs of a directory, the first ones.
    pub pins: [Option<PinRef>; PINS],
}

impl Fcp {
    /// Reads the answer to SELECT, without its status word.
    pub fn parse(_response: &[u8]) -> Result<Self, Error> {
        Err(Error::NotSupported)
    }
}
