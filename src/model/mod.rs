//! The object tree: definitions, instances, reading, writing as a whole, access rights (TS 1.0 sections 6 and 7.3).

pub mod definition;
pub mod impose;
pub mod output;
pub mod probe;
mod read;
mod registry;
mod write;

pub use definition::{Incoming, Instance, Object, Resource};
pub use output::Output;
pub use read::{Reading, dimension, number_of};
pub use registry::Model;
pub(crate) use write::select;
pub use write::{Change, Created, Undo};

/// Rights on an object instance, as bits of an ACL (TS 1.0 Appendix E.3).
pub mod rights {
    /// Read, Observe, Discover, Write-Attributes.
    pub const READ: u8 = 1;
    /// Write.
    pub const WRITE: u8 = 2;
    /// Execute.
    pub const EXECUTE: u8 = 4;
    /// Delete.
    pub const DELETE: u8 = 8;
    /// Create, on the object.
    pub const CREATE: u8 = 16;
    /// All that a server can have on an object instance.
    pub const ALL: u8 = 31;
}
