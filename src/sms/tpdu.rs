//! stub
use super::number::Number;
use crate::error::Error;
pub const TPDU_MAX: usize = 176;
pub struct Deliver<'a> {
    pub from: Option<Number>,
    pub protocol: u8,
    pub coding: u8,
    pub header: &'a [u8],
    pub data: &'a [u8],
}
pub struct StatusReport<'a>(&'a [u8]);
pub enum Incoming<'a> {
    Deliver(Deliver<'a>),
    StatusReport(StatusReport<'a>),
}
pub fn parse(_: &[u8]) -> Result<Incoming<'_>, Error> {
    Err(Error::Malformed)
}
pub fn is_8_bit(_: u8) -> bool {
    true
}
pub struct Submit<'a> {
    pub to: Number,
    pub protocol: u8,
    pub coding: u8,
    pub validity_s: u32,
    pub precise: bool,
    pub report: bool,
    pub header: &'a [u8],
    pub data: &'a [u8],
}
impl Submit<'_> {
    pub fn write(&self, _: &mut [u8]) -> Result<usize, Error> {
        Ok(0)
    }
}
