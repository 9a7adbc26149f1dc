//! The LwM2M_Bootstrap file: objects with their instances as TLV (TS 1.0 Appendix G.3.3), on a card or from a production line.
//!
//! Number of objects, length of all that follows, then for each object: Object ID, version, length, instances.

use crate::error::Error;

/// One object of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileObject<'b> {
    /// Object ID.
    pub id: u16,
    /// Object version as major and minor.
    pub version: (u8, u8),
    /// Its instances, TLV.
    pub instances: &'b [u8],
}

/// The objects of a file that was read as a whole.
#[derive(Clone, Debug)]
pub struct Objects<'b> {
    rest: &'b [u8],
}

/// Checks a file as a whole. Behind what it says of its length there may be more: a card's file has one size.
pub fn objects(file: &[u8]) -> Result<Objects<'_>, Error> {
    let ([c1, c0, s1, s0], rest) = file.split_first_chunk::<4>().ok_or(Error::Malformed)?;
    let size = u16::from_be_bytes([*s1, *s0]);
    let content = rest.get(..size.into()).ok_or(Error::Malformed)?;
    let mut all = Objects { rest: content };
    let mut left = u16::from_be_bytes([*c1, *c0]);
    while all.read()?.is_some() {
        left = left.checked_sub(1).ok_or(Error::Malformed)?;
    }
    if left == 0 { Ok(Objects { rest: content }) } else { Err(Error::Malformed) }
}

impl<'b> Objects<'b> {
    fn read(&mut self) -> Result<Option<FileObject<'b>>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let ([high, low, major], rest) = self.rest.split_first_chunk::<3>().ok_or(Error::Malformed)?;
        // one octet of 0 says 1.0; else the minor version follows
        let (version, rest) = match major {
            0 => ((1, 0), rest),
            major => {
                let (minor, rest) = rest.split_first().ok_or(Error::Malformed)?;
                ((*major, *minor), rest)
            }
        };
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(Error::Malformed)?;
        let length = u16::from_be_bytes(*length);
        let (instances, rest) = rest.split_at_checked(length.into()).ok_or(Error::Malformed)?;
        self.rest = rest;
        Ok(Some(FileObject { id: u16::from_be_bytes([*high, *low]), version, instances }))
    }
}

impl<'b> Iterator for Objects<'b> {
    type Item = FileObject<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        // the file was checked as a whole
        self.read().ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOSEC: &[u8] = b"\x00\x02\x00\x18\
        \x00\x00\x00\x00\x05\x08\x00\x02\xc1\x0a\
        \x01\x23\x02\x05\x00\x03\x08\x01\x00\
        \x00\x01\x00\x00\x00";

    #[test]
    fn objects_come_with_their_versions() {
        let mut file = NOSEC.to_vec();
        file[3] = (file.len() - 4) as u8;
        file[1] = 3;
        // a card's file is longer than what it holds
        file.extend([0xff; 7]);
        let all: std::vec::Vec<_> = objects(&file).unwrap().collect();
        assert_eq!(all[0], FileObject { id: 0, version: (1, 0), instances: b"\x08\x00\x02\xc1\x0a" });
        assert_eq!(all[1], FileObject { id: 0x0123, version: (2, 5), instances: b"\x08\x01\x00" });
        assert_eq!(all[2], FileObject { id: 1, version: (1, 0), instances: b"" });
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        for file in [
            &b""[..],
            b"\x00\x00\x00",
            // longer than the file
            b"\x00\x01\x00\x06\x00\x00\x00\x00\x00",
            // an object longer than all
            b"\x00\x01\x00\x05\x00\x00\x00\x00\x01",
            // too few, too many
            b"\x00\x02\x00\x05\x00\x00\x00\x00\x00",
            b"\x00\x00\x00\x05\x00\x00\x00\x00\x00",
            // cut in a head
            b"\x00\x01\x00\x04\x00\x00\x00\x00",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(objects(file).err(), Some(Error::Malformed), "{file:02x?}");
        }
        assert_eq!(objects(b"\0\0\0\0").unwrap().count(), 0);
    }
}
