//! BER as cards write it: tags of one or two octets, definite lengths of up to three octets (ISO/IEC 7816-4 annex, X.690).
//!
//! A length need not be in its shortest form: cards differ there, and it says the same. Behind the last element of a file
//! there is padding; no tag begins with its octets.

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

/// What tag and length say, as far as they are there.
enum Head {
    End,
    /// So many octets would say more; 1: there is none.
    Cut(usize),
    Element {
        tag: u16,
        /// Tag and length.
        head: usize,
        length: usize,
    },
}

/// The first element of `bytes`; `None` at the end and where padding begins.
pub fn first(bytes: &[u8]) -> Result<Option<Tlv<'_>>, Error> {
    match head(bytes)? {
        Head::End | Head::Cut(1) => Ok(None),
        Head::Cut(_) => Err(Error::Malformed),
        Head::Element { tag, head, length } => {
            let size = head.wrapping_add(length);
            let value = bytes.get(head..size).ok_or(Error::Malformed)?;
            Ok(Some(Tlv { tag, value, size }))
        }
    }
}

/// The value of the first element of that tag among those of `bytes`, at this level.
pub fn find(bytes: &[u8], tag: u16) -> Result<Option<&[u8]>, Error> {
    let mut rest = bytes;
    while let Some(tlv) = first(rest)? {
        if tlv.tag == tag {
            return Ok(Some(tlv.value));
        }
        rest = rest.get(tlv.size..).unwrap_or(&[]);
    }
    Ok(None)
}

/// What a window of a file begins with; `last`: nothing follows behind the window.
pub fn front(window: &[u8], last: bool) -> Result<Front, Error> {
    let needed = match head(window)? {
        Head::End => return Ok(Front::End),
        Head::Cut(1) if last => return Ok(Front::End),
        Head::Cut(needed) => needed,
        Head::Element { head, length, .. } => head.wrapping_add(length),
    };
    match (needed <= window.len(), last) {
        (true, _) => Ok(Front::Whole(needed)),
        (false, false) => Ok(Front::Longer(needed)),
        (false, true) => Err(Error::Malformed),
    }
}

fn head(bytes: &[u8]) -> Result<Head, Error> {
    let Some((&one, rest)) = bytes.split_first() else { return Ok(Head::Cut(1)) };
    if one == 0x00 || one == 0xff {
        return Ok(Head::End);
    }
    // a tag whose number does not fit into the first octet
    let wide = one & 0x1f == 0x1f;
    let (tag, rest) = match rest.split_first() {
        _ if !wide => (u16::from(one), rest),
        None => return Ok(Head::Cut(3)),
        Some((&two, rest)) if two & 0x80 == 0 => (u16::from_be_bytes([one, two]), rest),
        Some(_) => return Err(Error::Malformed),
    };
    let tag_size = if wide { 2usize } else { 1 };
    let (length, length_size) = match *rest {
        [] => return Ok(Head::Cut(tag_size.wrapping_add(1))),
        [length @ ..=0x7f, ..] => (usize::from(length), 1),
        [0x81, length, ..] => (usize::from(length), 2),
        [0x82, high, low, ..] => (usize::from(u16::from_be_bytes([high, low])), 3),
        [0x81] => return Ok(Head::Cut(tag_size.wrapping_add(2))),
        [0x82, ..] => return Ok(Head::Cut(tag_size.wrapping_add(3))),
        // a length without end, or longer than any file
        _ => return Err(Error::Malformed),
    };
    Ok(Head::Element { tag, head: tag_size.wrapping_add(length_size), length })
}

#[cfg(test)]
#[path = "ber_tests.rs"]
mod tests;
