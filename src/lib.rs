//! Whimbrel, an LwM2M client for cellular modems.
#![no_std]
#[cfg(feature = "std")]
extern crate std;
