//! TLV for the bench (TS 1.0 section 6.4.3, table 21): an own reader into a tree and a few writers.

/// What an entry is: bits 7 and 6 of its type byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An object instance, which holds resources.
    ObjectInstance,
    /// A value inside a multiple resource.
    ResourceInstance,
    /// A resource with instances.
    MultipleResource,
    /// A resource with a value.
    Resource,
}

/// Why bytes are not TLV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTlv {
    /// An identifier, length or value runs past the end.
    Short,
    /// A kind that may not stand where it stands.
    Nesting,
}

/// One entry and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Object instance, resource …
    pub kind: Kind,
    /// Identifier.
    pub id: u16,
    /// The value's bytes, also of an entry with children.
    pub value: Vec<u8>,
    /// Entries inside; empty for a resource or resource instance.
    pub children: Vec<Entry>,
}

/// Reads a payload as a list of entries.
pub fn decode(bytes: &[u8]) -> Result<Vec<Entry>, NotTlv> {
    entries(bytes, None)
}

fn entries(mut bytes: &[u8], parent: Option<Kind>) -> Result<Vec<Entry>, NotTlv> {
    let mut list = Vec::new();
    while let Some((&first, rest)) = bytes.split_first() {
        let kind = match first >> 6 {
            0 => Kind::ObjectInstance,
            1 => Kind::ResourceInstance,
            2 => Kind::MultipleResource,
            _ => Kind::Resource,
        };
        let fits = match parent {
            None => true,
            Some(Kind::ObjectInstance) => matches!(kind, Kind::Resource | Kind::MultipleResource),
            Some(_) => kind == Kind::ResourceInstance,
        };
        if !fits {
            return Err(NotTlv::Nesting);
        }
        let (id, rest) = number(rest, if first & 0x20 != 0 { 2 } else { 1 })?;
        let (length, rest) = match (first >> 3) & 3 {
            0 => (usize::from(first & 7), rest),
            n => number(rest, n.into())?,
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(NotTlv::Short)?;
        let children = match kind {
            Kind::ObjectInstance | Kind::MultipleResource => entries(value, Some(kind))?,
            Kind::ResourceInstance | Kind::Resource => Vec::new(),
        };
        list.push(Entry { kind, id: id as u16, value: value.to_vec(), children });
        bytes = rest;
    }
    Ok(list)
}

fn number(bytes: &[u8], length: usize) -> Result<(usize, &[u8]), NotTlv> {
    let (head, rest) = bytes.split_at_checked(length).ok_or(NotTlv::Short)?;
    Ok((head.iter().fold(0, |n, byte| (n << 8) | usize::from(*byte)), rest))
}

/// The entry at a path of identifiers, such as `[0, 6, 1]` for instance 0, resource 6, resource instance 1.
pub fn find<'a>(entries: &'a [Entry], path: &[u16]) -> Option<&'a Entry> {
    let (first, rest) = path.split_first()?;
    let entry = entries.iter().find(|entry| entry.id == *first)?;
    if rest.is_empty() { Some(entry) } else { find(&entry.children, rest) }
}

impl Entry {
    /// The value as an Integer, Boolean or Time: 1, 2, 4 or 8 bytes, two's complement.
    pub fn integer(&self) -> Option<i64> {
        let sign = match self.value.first() {
            Some(first) if first & 0x80 != 0 => -1,
            _ => 0,
        };
        matches!(self.value.len(), 1 | 2 | 4 | 8)
            .then(|| self.value.iter().fold(sign, |n, byte| (n << 8) | i64::from(*byte)))
    }

    /// The value as a Float: 4 or 8 bytes.
    pub fn float(&self) -> Option<f64> {
        match self.value.len() {
            4 => self.value.as_slice().try_into().ok().map(f32::from_be_bytes).map(f64::from),
            8 => self.value.as_slice().try_into().ok().map(f64::from_be_bytes),
            _ => None,
        }
    }

    /// The value as a String.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.value).ok()
    }
}

/// Writes one entry.
pub fn entry(kind: Kind, id: u16, value: &[u8]) -> Vec<u8> {
    let kind = match kind {
        Kind::ObjectInstance => 0x00,
        Kind::ResourceInstance => 0x40,
        Kind::MultipleResource => 0x80,
        Kind::Resource => 0xc0,
    };
    let length = (value.len() as u32).to_be_bytes();
    let (bits, length): (u8, &[u8]) = match value.len() {
        short @ 0..=7 => (short as u8, &[]),
        8..=0xff => (0x08, &length[3..]),
        0x100..=0xffff => (0x10, &length[2..]),
        _ => (0x18, &length[1..]),
    };
    let wide = if id > 0xff { 0x20 } else { 0 };
    let id = id.to_be_bytes();
    let id = if wide == 0 { &id[1..] } else { &id[..] };
    [&[kind | wide | bits], id, length, value].concat()
}

/// A resource with these bytes as its value.
pub fn resource(id: u16, value: impl AsRef<[u8]>) -> Vec<u8> {
    entry(Kind::Resource, id, value.as_ref())
}

/// A resource with an Integer in the fewest of 1, 2, 4 or 8 bytes.
pub fn integer(id: u16, value: i64) -> Vec<u8> {
    resource(id, integer_bytes(value))
}

/// A resource with an Unsigned Integer in the fewest of 1, 2, 4 or 8 bytes.
pub fn unsigned(id: u16, value: u64) -> Vec<u8> {
    resource(id, unsigned_bytes(value))
}

/// The bytes of an Unsigned Integer.
pub fn unsigned_bytes(value: u64) -> Vec<u8> {
    let length = [1, 2, 4].into_iter().find(|n| value >> (8 * n) == 0).unwrap_or(8);
    value.to_be_bytes()[8 - length..].to_vec()
}

/// A resource with a Boolean.
pub fn boolean(id: u16, value: bool) -> Vec<u8> {
    resource(id, [u8::from(value)])
}

/// A resource with a Float of 8 bytes.
pub fn float(id: u16, value: f64) -> Vec<u8> {
    resource(id, value.to_be_bytes())
}

/// A multiple resource; each instance has an identifier and bytes.
pub fn multiple(id: u16, instances: &[(u16, &[u8])]) -> Vec<u8> {
    let inner: Vec<u8> =
        instances.iter().flat_map(|(id, value)| entry(Kind::ResourceInstance, *id, value)).collect();
    entry(Kind::MultipleResource, id, &inner)
}

/// An object instance around resources that are already written.
pub fn instance(id: u16, resources: &[Vec<u8>]) -> Vec<u8> {
    entry(Kind::ObjectInstance, id, &resources.concat())
}

/// The bytes of an Integer.
pub fn integer_bytes(value: i64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let length = [1, 2, 4].into_iter().find(|n| value >> (8 * n - 1) == 0 || value >> (8 * n - 1) == -1);
    bytes[8 - length.unwrap_or(8)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TS 1.0 section 6.4.3.1: the beginning of the Device object.
    #[test]
    fn decode_reads_strings_and_multiple_resources() {
        let mut bytes = vec![0xc8, 0x00, 0x14];
        bytes.extend(b"Open Mobile Alliance");
        bytes.extend([0x86, 0x06, 0x41, 0x00, 0x01, 0x41, 0x01, 0x05]);
        let tree = decode(&bytes).unwrap();
        assert_eq!(find(&tree, &[0]).unwrap().text(), Some("Open Mobile Alliance"));
        assert_eq!(find(&tree, &[6, 1]).unwrap().integer(), Some(5));
        assert_eq!(
            bytes,
            [resource(0, "Open Mobile Alliance"), multiple(6, &[(0, &[1]), (1, &[5])])].concat()
        );
    }

    #[test]
    fn numbers_come_back_as_written() {
        for value in [0, 1, -1, 127, 128, -128, -129, 40_000, -40_000, i64::MAX, i64::MIN] {
            assert_eq!(decode(&integer(300, value)).unwrap()[0].integer(), Some(value));
        }
        assert_eq!(unsigned(17, 0xc0a8), [0xc2, 17, 0xc0, 0xa8]);
        assert_eq!(unsigned(19, u32::MAX.into()), [0xc4, 19, 255, 255, 255, 255]);
        assert_eq!((unsigned_bytes(255).len(), unsigned_bytes(1 << 32).len()), (1, 8));
        assert_eq!(decode(&float(1, -2.5)).unwrap()[0].float(), Some(-2.5));
        let long = instance(1, &[resource(0, vec![7; 70_000])]);
        assert_eq!(find(&decode(&long).unwrap(), &[1, 0]).unwrap().value.len(), 70_000);
    }

    #[test]
    fn decode_refuses_cut_entries_and_wrong_nesting() {
        let whole = instance(1, &[multiple(6, &[(0, &[1])])]);
        for end in 1..whole.len() {
            assert_eq!(decode(&whole[..end]), Err(NotTlv::Short));
        }
        assert_eq!(decode(&instance(1, &[instance(2, &[])])), Err(NotTlv::Nesting));
        assert_eq!(decode(&entry(Kind::MultipleResource, 6, &resource(0, [1]))), Err(NotTlv::Nesting));
    }
}
