//! BER as a card writes it (ITU-T X.690): definite lengths in their shortest form.

/// An element with a tag of one octet.
pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = match value.len() {
        n @ 0..=0x7f => vec![n as u8],
        n @ 0x80..=0xff => vec![0x81, n as u8],
        n => vec![0x82, (n >> 8) as u8, n as u8],
    };
    [&[tag], &length[..], value].concat()
}

/// An element that holds others.
pub fn group(tag: u8, elements: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &elements.concat())
}

/// Tag and value of the first element of one octet of tag, and what follows it.
pub fn take(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (length, rest) = match *rest {
        [length @ 0..=0x7f, ref rest @ ..] => (length.into(), rest),
        [0x81, length, ref rest @ ..] => (length.into(), rest),
        [0x82, high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

/// The elements, one after the other; `None` if they are not whole.
pub fn elements(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (tag, value, rest) = take(bytes)?;
        found.push((tag, value));
        bytes = rest;
    }
    Some(found)
}
