//! The C skin: pointers in, engine calls, status out. The only unsafe code.
//!
//! Each function's comment stands in the header as it is here. `enter` answers NULL, dead handles and re-entry, and
//! reads the clock once a call.
#![allow(unsafe_code)]
#![allow(non_camel_case_types)]
#![allow(non_upper_case_globals)]
#![allow(clippy::missing_safety_doc)]

// The order is that of the header; blank lines keep it.
mod handle;

mod security;

mod crypto;

mod card;

mod types;

mod sms;

mod uicc;

mod client;

mod account;

mod call;

mod object;

mod device;

mod format;

mod access;

mod bootstrap;

mod at;

mod at_line;

mod adapter;
mod layout;
mod storage;

pub use access::*;
pub use account::*;
pub use bootstrap::*;
pub use call::*;
pub use card::*;
pub use client::*;
pub use crypto::*;
pub use device::*;
pub use format::*;
pub use handle::whimbrel_client_t;
pub use object::*;
pub use security::*;
pub use sms::*;
pub use types::*;
pub use uicc::*;

pub use at::*;
pub use at_line::*;
