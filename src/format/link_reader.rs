//! Reading CoRE link format (RFC 6690): what a server or another device lists, and values of type Corelnk.
//!
//! Lenient: spaces around commas and semicolons, empty entries, targets without a slash in front, entries that are no
//! link. Refused: a target or a quoted string without its end, text between a target and its attributes.

use crate::error::Error;
use crate::format::number::find;

/// The links of a list. Behind an error nothing more comes. Every byte is looked at a bounded number of times.
#[derive(Clone)]
pub struct Links<'a> {
    rest: &'a [u8],
}

/// One link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// What stands between `<` and `>`; empty for an entry that is no link, such as `lwm2m="1.0"`.
    pub target: &'a [u8],
    attributes: &'a [u8],
}

/// The attributes of a link.
#[derive(Clone)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

/// One attribute of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value without the quotes, escapes as they stand; `None` where there is no `=`.
    pub value: Option<&'a [u8]>,
}

impl<'a> Links<'a> {
    /// Reads a list.
    pub fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }
}

impl<'a> Iterator for Links<'a> {
    type Item = Result<Link<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = skip(self.rest, b',');
        self.rest = &[];
        if entry.is_empty() {
            return None;
        }
        Some(link(entry).map(|(link, rest)| {
            self.rest = rest;
            link
        }))
    }
}

/// One entry and what follows it.
fn link(entry: &[u8]) -> Result<(Link<'_>, &[u8]), Error> {
    let Some((b'<', inner)) = entry.split_first() else {
        let (attributes, rest) = until(entry, b',')?;
        return Ok((Link { target: &[], attributes }, rest));
    };
    let end = find(inner, |byte| byte == b'>').ok_or(Error::Malformed)?;
    let (target, rest) = inner.split_at_checked(end).ok_or(Error::Malformed)?;
    let (attributes, rest) = until(rest.get(1..).unwrap_or(&[]), b',')?;
    let attributes = attributes.trim_ascii();
    match attributes.first() {
        None | Some(b';') => Ok((Link { target, attributes }, rest)),
        Some(_) => Err(Error::Malformed),
    }
}

impl<'a> Link<'a> {
    /// Its attributes, in order.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.attributes }
    }

    /// The value of the first attribute of that name: `Some(None)` where it stands without one.
    pub fn attribute(&self, name: &str) -> Option<Option<&'a [u8]>> {
        self.attributes().find(|attribute| attribute.name == name.as_bytes()).map(|attribute| attribute.value)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = skip(self.rest, b';');
        self.rest = &[];
        if entry.is_empty() {
            return None;
        }
        // quotes were closed when the link was read
        let (attribute, rest) = until(entry, b';').ok()?;
        self.rest = rest;
        let equals = find(attribute, |byte| byte == b'=').unwrap_or(attribute.len());
        let (name, value) = attribute.split_at_checked(equals)?;
        let value = value.split_first().map(|(_, value)| unquoted(value.trim_ascii()));
        Some(Attribute { name: name.trim_ascii(), value })
    }
}

/// What follows spaces and separators.
fn skip(mut bytes: &[u8], separator: u8) -> &[u8] {
    while let Some((byte, rest)) = bytes.split_first()
        && (byte.is_ascii_whitespace() || *byte == separator)
    {
        bytes = rest;
    }
    bytes
}

/// Cuts at the first separator that is not quoted, or at the end; the separator goes with the rest.
fn until(bytes: &[u8], separator: u8) -> Result<(&[u8], &[u8]), Error> {
    let (mut quoted, mut escaped, mut length) = (false, false, 0usize);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if *byte == separator && !quoted => break,
            _ => {}
        }
        length = length.wrapping_add(1);
    }
    if quoted { Err(Error::Malformed) } else { bytes.split_at_checked(length).ok_or(Error::Malformed) }
}

/// A value without the quotes around it.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}
