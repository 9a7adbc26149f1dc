//! Short messages on the bench: a service centre between phone numbers, AT modems, and the way from a number to a server.
//!
//! [`Centre`] stores and forwards TPDUs (TS 23.040) in virtual time, with weather. A [`Phone`] is one number at it: a device
//! whose modem has an API of its own submits and receives by it; a [`Modem`] does so behind a byte stream of AT commands.
//! A [`Gateway`] stands at a server's number: it puts datagrams together, opens secured packets (TS 102 225), and hands
//! them to the [`crate::Node`] behind it; what that says goes back as short messages.
//!
//! Nothing here is built on Whimbrel's own codecs: [`tpdu`], [`packet`] and [`parts`] are written a second time.
//!
//! ```text
//! device ── Phone ─┐                       ┌─ Gateway ── [dtls::Gate] ── Server
//!                  ├── Centre (weather) ───┤
//! host ── Modem ───┘                       └─ Gateway ── UDP (lab-smsc)
//! ```

pub mod address;
mod centre;
mod gateway;
pub mod modem;
pub mod packet;
pub mod parts;
mod phone;
pub mod tpdu;

pub use address::Address;
pub use centre::{Centre, Fate, Record, Statistics, Weather};
pub use gateway::{Carrier, Dropped, Front, Gateway, peer_of};
pub use modem::{Access, Fault, Modem};
pub use packet::{Association, Keys, Refusal};
pub use phone::{Delivery, Phone};
pub use tpdu::{Deliver, StatusReport, Submit, UserData, Validity};

/// What a service centre says: the first is its own number (TS 23.040 calls it the SC address).
pub const CENTRE: &str = "+15555550100";

/// The n-th fictional number, 0 to 99: `+155555501nn`. 0 is [`CENTRE`].
///
/// # Panics
///
/// If there is no such number.
pub fn number(n: u8) -> String {
    assert!(n < 100, "a hundred numbers are set aside for fiction");
    format!("+155555501{n:02}")
}
