//! The objects that ship: Security (0), Server (1), Access Control (2). Device (3) is a table of the application.

mod access_control;
mod open;
mod ordered;
mod security;
pub(crate) mod server;

pub use access_control::{ACL_ENTRIES, Access, AccessControl, AclEntry, AclRow, OWNER_BOOTSTRAP};
pub use open::OpenSecurity;
pub use ordered::{OrderedServer, ServerExtra, Turn};
pub use security::{
    Credentials, Field, MODE_CERTIFICATE, MODE_NOSEC, MODE_PSK, MODE_RAW_PUBLIC_KEY, SMS_DTLS, SMS_NOSEC,
    SMS_PACKETS, Security, SecurityRow, USAGE_DOMAIN_ISSUED,
};
pub use server::{Binding, Server, ServerRow, action};

use core::cell::Cell;

/// A table row that an instance occupies: the rows of the three objects differ only in their columns.
pub(crate) trait Row {
    /// Whether an instance occupies the row.
    fn used(&self) -> &Cell<bool>;
}

/// Takes the first row that is free.
pub(crate) fn take_row<R: Row>(rows: &[R]) -> Option<usize> {
    let at = rows.iter().position(|row| !row.used().get())?;
    rows.get(at)?.used().set(true);
    Some(at)
}
