//! BER as cards write it: tags of one or two octets, definite lengths of up to three octets (ISO/IEC 7816-4 annex, X.690).

use crate::error::Error;

/// An element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'b> {
    /// Its tag, of one or two octets.
    pub tag: u16,
    /// Its content.
    pub value: &'b [u8],
    /// How long it is with tag and length.
    pub size: usize,
}

/// What a window begins with, of which the rest may still have to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// An element that is there as a whole, of that many bytes.
    Whole(usize),
    /// More has to be read: that many bytes in all, as far as is known.
    Longer(usize),
    /// Nothing any more: the end, or padding (FF or 00).
    End,
}

/// The first element of `bytes`; `None` at the end and where padding begins.
pub fn first(_bytes: &[u8]) -> Result<Option<Tlv<'_>>, Error> {
    Err(Error::NotSupported)
}

/// The value of the first element of that tag among those of `bytes`, at this level.
pub fn find(_bytes: &[u8], _tag: u16) -> Result<Option<&[u8]>, Error> {
    Err(Error::NotSupported)
}

/// What a window of a file begins with; `last`: nothing follows behind the window.
pub fn front(_window: &[u8], _last: bool) -> Result<Front, Error> {
    Err(Error::NotSupported)
}
