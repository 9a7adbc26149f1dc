//! What the fuzz targets share.

pub mod boot;
pub mod bytes;
pub mod dtls;
pub mod formats;
pub mod owned;
pub mod request;
pub mod sms;
pub mod world;
