//! CoAP: RFC 7252, 7641, 7959. Knows no LwM2M.
//!
//! In: [`Message::parse`] checks the header, [`Message::options`] is walked once and leaves the payload. Out:
//! a [`Writer`] over the datagram buffer. The rest are small state machines that the engine owns: they are
//! told the time, the chance and what arrived, and answer what to do.

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
