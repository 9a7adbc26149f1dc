//! stub
use crate::error::Error;
pub struct Concat;
pub struct Header {
    pub concat: Option<Concat>,
    pub ports: Option<(u16, u16)>,
    pub command_packet: bool,
    pub response_packet: bool,
}
impl Header {
    pub fn parse(_: &[u8]) -> Result<Self, Error> {
        Err(Error::Malformed)
    }
}
