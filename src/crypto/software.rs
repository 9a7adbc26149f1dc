//! The table in Rust, by the RustCrypto crates. Key schedules live on the stack for one call and are overwritten.

use super::{BLOCK, Cipher, Crypto, PARTS};
use crate::bytes::{copy, zeroise};
use crate::error::Error;
use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::array::Array;
use cbc::cipher::{
    Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit,
};
use cmac::Mac;
use cmac::block_api::CmacCipher;
use des::TdesEde3;

/// AES and Triple DES in Rust.
pub struct Software;

impl Crypto for Software {
    fn cbc(
        &self,
        cipher: Cipher,
        encrypt: bool,
        key: &[u8],
        iv: &[u8; BLOCK],
        data: &mut [u8],
    ) -> Result<(), Error> {
        match (cipher, key.len()) {
            (Cipher::Aes, 16) => turn::<Aes128>(encrypt, key, iv, data),
            (Cipher::Aes, 24) => turn::<Aes192>(encrypt, key, iv, data),
            (Cipher::Aes, 32) => turn::<Aes256>(encrypt, key, iv, data),
            (Cipher::TripleDes, 24) => turn::<TdesEde3>(encrypt, key, iv, data),
            _ => Err(Error::Credentials),
        }
    }

    fn mac(&self, cipher: Cipher, key: &[u8], parts: &[&[u8]], out: &mut [u8; BLOCK]) -> Result<(), Error> {
        if parts.len() > PARTS {
            return Err(Error::Full);
        }
        match (cipher, key.len()) {
            (Cipher::Aes, 16) => cmac::<Aes128>(key, parts, out),
            (Cipher::Aes, 24) => cmac::<Aes192>(key, parts, out),
            (Cipher::Aes, 32) => cmac::<Aes256>(key, parts, out),
            (Cipher::TripleDes, 24) => cbc_mac(key, parts, out),
            _ => Err(Error::Credentials),
        }
    }
}

fn turn<C: BlockCipherEncrypt + BlockCipherDecrypt + KeyInit>(
    encrypt: bool,
    key: &[u8],
    iv: &[u8; BLOCK],
    data: &mut [u8],
) -> Result<(), Error> {
    let (blocks, rest) = Array::slice_as_chunks_mut(data);
    if !rest.is_empty() {
        return Err(Error::BadValue);
    }
    let iv = iv.get(..C::block_size()).ok_or(Error::BadValue)?;
    if encrypt {
        let mut cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(|_| Error::Credentials)?;
        cipher.encrypt_blocks(blocks);
    } else {
        let mut cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| Error::Credentials)?;
        cipher.decrypt_blocks(blocks);
    }
    Ok(())
}

fn cmac<C: CmacCipher + KeyInit>(key: &[u8], parts: &[&[u8]], out: &mut [u8; BLOCK]) -> Result<(), Error> {
    let mut mac = <cmac::Cmac<C> as KeyInit>::new_from_slice(key).map_err(|_| Error::Credentials)?;
    for part in parts {
        mac.update(part);
    }
    let mut whole = mac.finalize().into_bytes();
    copy(out, &whole);
    zeroise(&mut whole);
    Ok(())
}

fn cbc_mac(key: &[u8], parts: &[&[u8]], out: &mut [u8; BLOCK]) -> Result<(), Error> {
    let cipher = TdesEde3::new_from_slice(key).map_err(|_| Error::Credentials)?;
    let mut chain = Block::<TdesEde3>::default();
    let mut filled = 0usize;
    for byte in parts.iter().copied().flatten() {
        if let Some(place) = chain.get_mut(filled) {
            *place ^= byte;
        }
        filled = filled.wrapping_add(1);
        if filled == chain.len() {
            cipher.encrypt_block(&mut chain);
            filled = 0;
        }
    }
    // what is missing of a block is zeros, and they change nothing
    if filled > 0 {
        cipher.encrypt_block(&mut chain);
    }
    *out = [0; BLOCK];
    copy(out, &chain);
    zeroise(&mut chain);
    Ok(())
}
