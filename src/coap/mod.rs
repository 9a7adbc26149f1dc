//! CoAP: RFC 7252, 7641, 7959. Knows no LwM2M.
//!
//! In: [`Message::parse`] checks the header, [`Message::options`] is walked once and leaves the payload.
//! Out: a [`Writer`] over the datagram buffer. The rest are small state machines that the engine owns: they are told
//! the time, the chance and what arrived, and answer what to do.

pub mod block;
mod body;
pub mod code;
pub mod dedup;
pub mod exchange;
pub mod message;
pub mod observe;
pub mod option;
pub mod writer;

pub use block::Block;
pub use body::{Answer, Arrival, Fetch, Fetched, Incoming, Outgoing};
pub use code::Code;
pub use dedup::{Dedup, Ids, Known, Recent};
pub use exchange::{Due, Params, Transmission};
pub use message::{Kind, Message, OptionReader};
pub use writer::Writer;

/// Copies as many bytes as both have. Callers cut `to` to the length of `from`; at opt-level z the compiler would not see
/// that, and `copy_from_slice` would keep its panic.
fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
