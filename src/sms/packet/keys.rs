//! What a packet is protected with: SMS Binding Key Parameters and Secret Keys (TS 1.0 Appendix E.1.2, resources 7 and 8 of
//! the Security object), as docs/decisions/018 reads them; KIc and KID as TS 102 225 section 5.1 has them.

use super::{CC, SPI1, TAR};
use crate::crypto::{Cipher, Crypto, same, shortened};
use crate::error::Error;

/// What protects packets in both directions. It refers to the keys, and copies none.
#[derive(Clone, Copy)]
pub struct Keys<'k> {
    /// KIc: number of the key set, and the cipher.
    pub kic: u8,
    /// KID: number of the key set, and how the checksum is made.
    pub kid: u8,
    /// SPI. The second byte is which Response Packet we ask for; what others ask for is theirs to say.
    pub spi: [u8; 2],
    /// TAR.
    pub tar: [u8; 3],
    /// Which of the two families both keys are for.
    pub cipher: Cipher,
    /// For ciphering.
    pub cipher_key: &'k [u8],
    /// For the checksum.
    pub mac_key: &'k [u8],
    /// How long the checksum is: 8 bytes, or 4 where an AES key was provisioned so.
    pub mac_length: u8,
}

/// The family that the low bits of KIc or KID name (TS 102 225 sections 5.1.2 and 5.1.3). Single DES, two keys, and what has no name here
/// or needs none are refused.
fn family(octet: u8) -> Result<Cipher, Error> {
    match octet & 0x0f {
        0x2 => Ok(Cipher::Aes),
        0x9 => Ok(Cipher::TripleDes),
        _ => Err(Error::BadValue),
    }
}

/// SPI2 can be sent: no reserved bit, and PoR neither 11 nor with what is no checksum.
pub(super) fn is_por(spi2: u8) -> bool {
    spi2 & 0xc0 == 0 && spi2 & 0x03 != 0x03
}

/// The three keys of Triple DES differ, whatever their parity bits say.
fn differ(key: &[u8]) -> bool {
    let [a, b, c] = key.as_chunks::<8>().0 else { return false };
    let equal = |a: &[u8; 8], b: &[u8; 8]| {
        let mut differences = 0;
        for (a, b) in a.iter().zip(b) {
            differences |= (a ^ b) & 0xfe;
        }
        differences == 0
    };
    !equal(a, b) && !equal(b, c) && !equal(a, c)
}

impl<'k> Keys<'k> {
    /// From the resources `/0/x/7` and `/0/x/8`.
    ///
    /// `aes256`: 32 bytes of secret are one key for both purposes, and not two. `short_mac`: the checksum has 4 bytes.
    /// [`Error::BadValue`] where the parameters, [`Error::Credentials`] where the keys do not follow decision 018.
    #[inline(never)]
    pub fn from_resources(
        parameters: &[u8],
        secret: &'k [u8],
        aes256: bool,
        short_mac: bool,
    ) -> Result<Self, Error> {
        let (kic, kid, spi, tar) = match *parameters {
            [kic, kid, spi1, t1, t2, t3] => (kic, kid, [spi1, 0], [t1, t2, t3]),
            [kic, kid, spi1, spi2, t1, t2, t3] => (kic, kid, [spi1, spi2], [t1, t2, t3]),
            _ => return Err(Error::BadValue),
        };
        let cipher = family(kic)?;
        let (cipher_key, mac_key) = match (cipher, secret.len()) {
            (Cipher::Aes, 16) => (secret, secret),
            (Cipher::Aes, 32) if aes256 => (secret, secret),
            (Cipher::Aes, 32 | 48) | (Cipher::TripleDes, 48) => {
                secret.split_at_checked(secret.len() / 2).ok_or(Error::Credentials)?
            }
            _ => return Err(Error::Credentials),
        };
        let mac_length = if short_mac { 4 } else { 8 };
        let keys = Self { kic, kid, spi, tar, cipher, cipher_key, mac_key, mac_length };
        keys.check()?;
        if cipher == Cipher::TripleDes && !(differ(cipher_key) && differ(mac_key)) {
            return Err(Error::Credentials);
        }
        Ok(keys)
    }

    /// Whether the parameters are such as LwM2M allows (TS 1.0 section 7.2.2.3).
    pub(super) fn check(&self) -> Result<(), Error> {
        let fits = family(self.kic)? == self.cipher && family(self.kid)? == self.cipher;
        let mac = match self.cipher {
            Cipher::Aes => matches!(self.mac_length, 4 | 8),
            Cipher::TripleDes => self.mac_length == 8,
        };
        let [spi1, spi2] = self.spi;
        if fits && mac && spi1 == SPI1 && is_por(spi2) && self.tar == TAR {
            Ok(())
        } else {
            Err(Error::BadValue)
        }
    }

    /// The checksum of `parts`, as long as `cc`.
    pub(super) fn checksum(&self, crypto: &dyn Crypto, parts: &[&[u8]], cc: &mut [u8]) -> Result<(), Error> {
        shortened(crypto, self.cipher, self.mac_key, parts, cc)
    }

    /// [`Error::Unauthorized`] unless `cc` is the checksum of `parts`.
    pub(super) fn verify(&self, crypto: &dyn Crypto, parts: &[&[u8]], cc: &[u8]) -> Result<(), Error> {
        let mut own = [0; CC];
        let own = own.get_mut(..self.mac_length.into()).ok_or(Error::BadValue)?;
        let done = self.checksum(crypto, parts, own);
        let equal = same(own, cc);
        crate::bytes::zeroise(own);
        done?;
        if equal { Ok(()) } else { Err(Error::Unauthorized) }
    }
}
