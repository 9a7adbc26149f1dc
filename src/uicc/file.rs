//! The LwM2M_Bootstrap file, piece by piece (TS 1.0 Appendix G.3.3): of a file of up to 32 kB one resource is in memory.

use crate::error::Error;

/// What the file goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// More has to be read: the window must hold that many bytes.
    More(usize),
    /// An object of which instances follow.
    Object {
        /// Object ID.
        id: u16,
        /// Object version as major and minor.
        version: (u8, u8),
    },
    /// An instance of that object; its resources follow.
    Instance {
        /// Object Instance ID.
        id: u16,
    },
    /// One resource of the instance, as TLV: the first bytes of the window.
    Resource,
    /// The file has ended.
    End,
}

/// How far the reading of a file has come.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Octets of the file behind the head that are still to come.
    pub left: u32,
}

impl File {
    /// Before the head; the file has `size` bytes as the card says, padding included.
    pub const fn new(_size: u16) -> Self {
        Self { left: 0 }
    }

    /// What the window begins with, and how many of its bytes belong to it: they are to be dropped before the next call.
    /// [`Error::Malformed`]: lengths that do not fit together, anything between objects or instances that is neither.
    pub fn next(&mut self, _window: &[u8]) -> Result<(Item, usize), Error> {
        Err(Error::NotSupported)
    }
}
