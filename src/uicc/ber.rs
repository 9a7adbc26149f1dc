//! BER as cards write it: tags of one or two octets, definite lengths of up to three octets (ITU-T X.690; ETSI TS 102 221
//! section 11.1.1.3).

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

/// Tag, bytes of tag and length, and length of the content; or how many bytes are needed to tell.
enum Head {
    Known { tag: u16, head: usize, length: usize },
    Short(usize),
    End,
}

fn head(bytes: &[u8]) -> Result<Head, Error> {
    let Some((first, rest)) = bytes.split_first() else { return Ok(Head::Short(2)) };
    if matches!(first, 0 | 0xff) {
        // no tag: what fills a file up
        return Ok(Head::End);
    }
    let (tag, at) = match (first & 0x1f, rest.first()) {
        (0x1f, None) => return Ok(Head::Short(3)),
        // a third octet would follow
        (0x1f, Some(second)) if second & 0x80 != 0 => return Err(Error::NotSupported),
        (0x1f, Some(second)) => (u16::from_be_bytes([*first, *second]), 2usize),
        _ => (u16::from(*first), 1),
    };
    let Some(length) = bytes.get(at) else { return Ok(Head::Short(at.wrapping_add(1))) };
    let more = match length {
        0..=0x7f => return Ok(Head::Known { tag, head: at.wrapping_add(1), length: usize::from(*length) }),
        0x81..=0x83 => usize::from(length & 3),
        // of an indefinite length, or longer than any card
        _ => return Err(Error::Malformed),
    };
    let end = at.wrapping_add(1).wrapping_add(more);
    let Some(octets) = bytes.get(at.wrapping_add(1)..end) else { return Ok(Head::Short(end)) };
    let length = octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    Ok(Head::Known { tag, head: end, length })
}

/// The first element of `bytes`; `None` at the end and where padding begins.
pub fn first(bytes: &[u8]) -> Result<Option<Tlv<'_>>, Error> {
    if bytes.is_empty() {
        return Ok(None);
    }
    match head(bytes)? {
        Head::End => Ok(None),
        Head::Short(_) => Err(Error::Malformed),
        Head::Known { tag, head, length } => {
            let size = head.wrapping_add(length);
            let value = bytes.get(head..size).ok_or(Error::Malformed)?;
            Ok(Some(Tlv { tag, value, size }))
        }
    }
}

/// The value of the first element of that tag among those of `bytes`, at this level.
pub fn find(bytes: &[u8], tag: u16) -> Result<Option<&[u8]>, Error> {
    let mut rest = bytes;
    while let Some(element) = first(rest)? {
        if element.tag == tag {
            return Ok(Some(element.value));
        }
        rest = rest.get(element.size..).unwrap_or(&[]);
    }
    Ok(None)
}

/// What a window of a file begins with; `last`: nothing follows behind the window.
pub fn front(window: &[u8], last: bool) -> Result<Front, Error> {
    if window.is_empty() && last {
        return Ok(Front::End);
    }
    let needed = match head(window)? {
        Head::End => return Ok(Front::End),
        Head::Short(needed) => needed,
        Head::Known { head, length, .. } => head.wrapping_add(length),
    };
    match needed <= window.len() {
        true => Ok(Front::Whole(needed)),
        false if last => Err(Error::Malformed),
        false => Ok(Front::Longer(needed)),
    }
}
