//! CoAP: RFC 7252, 7641, 7959. Knows no LwM2M.

pub mod code;
pub use code::Code;
