//! Short messages (TS 23.040) and what protects them (TS 102 225, TS 31.115): pure codecs over byte slices.

pub mod concat;
pub mod header;
pub mod number;
pub mod packet;
pub mod tpdu;
