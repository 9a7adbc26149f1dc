//! The bench of Whimbrel: peers and weather, on virtual or real time.
//!
//! [`Server`] is a scriptable LwM2M server, [`BootstrapServer`] one that configures clients, [`Network`] a virtual
//! datagram network with a clock and a seed, [`dtls::Gate`] a DTLS server in front of a server, [`ladder`] prints what
//! was said. None of them does I/O, and none uses Whimbrel's own codec: CoAP comes from `coap-lite`, TLV and the other
//! formats are decoded here a second time, so that the two sides check each other.
//!
//! A test joins them by one loop, which is [`Network::run_until`]: advance to the earliest of all deadlines, deliver what
//! arrives, let each [`Node`] do what is due, send what it says.
//!
//! The lab judges a client that may be hostile: nothing that comes from the network may panic. What the *test* gets
//! wrong (asking for the answer of a request that has none) panics with a sentence, as in any test helper.

pub mod bootstrap;
mod clock;
pub mod coap;
pub mod demo;
pub mod device;
pub mod dtls;
pub mod format;
pub mod ladder;
mod links;
pub mod net;
pub mod options;
pub mod proxy;
mod random;
pub mod scene;
pub mod server;
pub mod sms;
pub mod text;
pub mod tlv;
pub mod uicc;

pub use bootstrap::{BootstrapServer, Plan, Step};
pub use clock::{minutes, seconds};
pub use coap::{Code, Message, Type};
pub use device::{Device, Security};
pub use links::Link;
pub use net::{Network, Node, Peer, peer};
pub use random::Random;
pub use scene::{Lab, Setup};
pub use server::{Answer, ObservationId, Operation, Request, RequestId, Response, Server};
