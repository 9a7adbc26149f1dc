//! PKCS#15 v1.1 as far as a bootstrap file is found by it: EF(DIR), ODF, DODF-bootstrap (TS 1.0 Appendix G.2 and G.3).

use crate::error::Error;

/// The AID of the PKCS#15 application.
pub const AID: [u8; 12] = *b"\xa0\0\0\0\x63PKCS-15";

/// Where a file is (PKCS#15 `Path`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilePath {
    path: [u8; 16],
    length: u8,
    /// Where its content begins in the file.
    pub index: u16,
    /// How long its content is; `None`: to the end of the file.
    pub size: Option<u16>,
}

impl FilePath {
    /// P1 and data of the SELECT that finds it, in a channel in which the PKCS#15 application is selected.
    pub fn select<'b>(&self, _buffer: &'b mut [u8; 18]) -> Result<(u8, &'b [u8]), Error> {
        Err(Error::NotSupported)
    }
}

/// The data object that names the bootstrap file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootstrapObject {
    /// Where the file is.
    pub file: FilePath,
    /// It can be read after a PIN only.
    pub private: bool,
    /// It can be changed, after a PIN.
    pub modifiable: bool,
}

/// The AID of a record of EF(DIR) if it is the PKCS#15 application's; the whole AID, which may be longer.
pub fn application(_record: &[u8]) -> Result<Option<&[u8]>, Error> {
    Err(Error::NotSupported)
}

/// Whether an element of the ODF names data objects, and where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory<'b> {
    /// Another class of objects.
    Other,
    /// In that file.
    File(FilePath),
    /// In place: elements as a DODF has them.
    Here(&'b [u8]),
}

/// What one whole element of the ODF says.
pub fn directory(_element: &[u8]) -> Result<Directory<'_>, Error> {
    Err(Error::NotSupported)
}

/// The bootstrap file that one whole element of a DODF names; `None`: it is another object.
pub fn object(_element: &[u8]) -> Result<Option<BootstrapObject>, Error> {
    Err(Error::NotSupported)
}

/// Digits of an ICCID as they stand in EF(ICCID): 10 octets, nibbles swapped. How many there are.
pub fn iccid(_file: &[u8], _digits: &mut [u8; 20]) -> usize {
    0
}
