//! A small table of primitives, which a library or the SDK fills: what secured packets (TS 102 225) and SCP03
//! (GlobalPlatform Amendment D) are made of. Nothing here keeps a key.

#[cfg(feature = "crypto")]
mod software;

#[cfg(feature = "crypto")]
pub use software::Software;

use crate::bytes::copy;
use crate::error::Error;

/// The longest block there is.
pub const BLOCK: usize = 16;

/// How many parts a message for [`Crypto::mac`] may come in.
pub const PARTS: usize = 6;

/// A block cipher. The length of its key says which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// AES with a key of 16, 24 or 32 bytes.
    Aes,
    /// Triple DES with three keys, 24 bytes. The parity bits count for nothing.
    TripleDes,
}

impl Cipher {
    /// How long a block is.
    pub const fn block(self) -> usize {
        match self {
            Self::Aes => BLOCK,
            Self::TripleDes => 8,
        }
    }
}

/// The primitives. [`Error::Credentials`] where a key has a length that the cipher does not know,
/// [`Error::NotSupported`] where the table lacks the cipher.
pub trait Crypto {
    /// Enciphers or deciphers `data` in place, by CBC. [`Error::BadValue`] unless it is whole blocks.
    ///
    /// Of `iv` Triple DES uses the first 8 bytes. One block with a zero `iv` is the block cipher itself.
    fn cbc(
        &self,
        cipher: Cipher,
        encrypt: bool,
        key: &[u8],
        iv: &[u8; BLOCK],
        data: &mut [u8],
    ) -> Result<(), Error>;

    /// The checksum of `parts`, one behind the other; [`Error::Full`] if they are more than [`PARTS`].
    ///
    /// AES: CMAC (NIST SP 800-38B), 16 bytes. Triple DES: the last block of CBC with a zero IV over the zero-padded
    /// parts, 8 bytes, and `out` ends with zeros. Without a byte of input that is a block of zeros.
    fn mac(&self, cipher: Cipher, key: &[u8], parts: &[&[u8]], out: &mut [u8; BLOCK]) -> Result<(), Error>;
}

/// Whether two checksums are equal; how long that takes tells only how long they are.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    let mut differences = u8::from(a.len() != b.len());
    for (a, b) in a.iter().zip(b) {
        // an optimiser that saw through this could stop at the first difference
        differences = core::hint::black_box(differences | (a ^ b));
    }
    core::hint::black_box(differences) == 0
}

/// The first bytes of a checksum into `out`, which is at most a block.
pub(crate) fn shortened(
    crypto: &dyn Crypto,
    cipher: Cipher,
    key: &[u8],
    parts: &[&[u8]],
    out: &mut [u8],
) -> Result<(), Error> {
    let mut whole = [0; BLOCK];
    let done = crypto.mac(cipher, key, parts, &mut whole);
    if done.is_ok() {
        copy(out, &whole);
    }
    crate::bytes::zeroise(&mut whole);
    done
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn equal_is_every_bit_and_the_length() {
        let cc = [0x5a; 8];
        assert!(same(&cc, &[0x5a; 8]));
        assert!(same(&[], &[]));
        assert!(!same(&cc, &[0x5a; 4]));
        assert!(!same(&[], &cc));
        for bit in 0..64 {
            let mut other = cc;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!same(&cc, &other), "bit {bit}");
        }
    }
}
