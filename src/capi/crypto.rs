//! Primitives of secured short messages and of secure channels: a table that a library or the SDK fills.

use super::adapter::done;
use crate::crypto::{BLOCK, Cipher, Crypto, PARTS};
use crate::error::Error;
use core::ffi::c_void;
use core::ptr;

#[cfg(feature = "crypto")]
use crate::crypto::Software;
#[cfg(feature = "crypto")]
use core::slice;

/// A block cipher (whimbrel_crypto_t): AES with a key of 16, 24 or 32 bytes.
pub const WHIMBREL_AES: u8 = 1;
/// Triple DES with three keys, 24 bytes together. Their parity bits count for nothing.
pub const WHIMBREL_TRIPLE_DES: u8 = 2;

/// A piece of a message.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_chunk_t {
    /// Its bytes; may be NULL if there are none.
    pub data: *const u8,
    /// How many.
    pub size: usize,
}

/// A table of primitives: whimbrel_crypto_software, whimbrel_mbedtls_crypto, an SDK's own, a secure element.
///
/// No function may block for long or call the client. What a pointer refers to is valid during the call only, and keys are not kept.
/// Each function returns WHIMBREL_OK; WHIMBREL_ERR_CREDENTIALS: the cipher knows no key of that length;
/// WHIMBREL_ERR_NOT_SUPPORTED: the table lacks the cipher, or keys of that length; WHIMBREL_ERR_FULL: no memory.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_crypto_t {
    /// sizeof(whimbrel_crypto_t)
    pub size: usize,
    /// Given to each function.
    pub context: *mut c_void,
    /// Enciphers (`encrypt` 1) or deciphers (0) `size` bytes in place by CBC. `iv` has the length of a block: 16 bytes for
    /// WHIMBREL_AES, 8 for WHIMBREL_TRIPLE_DES; it is not changed. One block with an IV of zeros is the block cipher itself.
    /// WHIMBREL_ERR_BAD_VALUE: `size` is not a multiple of a block.
    pub cbc: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            cipher: u8,
            encrypt: u8,
            key: *const u8,
            key_length: usize,
            iv: *const u8,
            data: *mut u8,
            size: usize,
        ) -> i32,
    >,
    /// Computes the checksum of `count` chunks, at most 6, one behind the other, into the 16 bytes of `out`.
    /// WHIMBREL_AES: CMAC (NIST SP 800-38B). WHIMBREL_TRIPLE_DES: 8 bytes, the last block of CBC with an IV of zeros over the
    /// chunks, which zeros fill up to whole blocks; `out` ends with 8 zeros.
    pub mac: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            cipher: u8,
            key: *const u8,
            key_length: usize,
            chunks: *const whimbrel_chunk_t,
            count: usize,
            out: *mut u8,
        ) -> i32,
    >,
}

// SAFETY: a table is constant; what its context may be used for is the platform's to say, as for whimbrel_port_t
unsafe impl Sync for whimbrel_crypto_t {}

/// A platform's table behind the engine's trait.
#[derive(Clone, Copy)]
pub struct CryptoTable<'t> {
    table: &'t whimbrel_crypto_t,
}

impl<'t> CryptoTable<'t> {
    /// `None` unless the table is there, of the size that is known here, and complete.
    ///
    /// # Safety
    /// `table` is NULL or points to a whimbrel_crypto_t whose functions keep their contracts for as long as `'t`.
    pub unsafe fn new(table: *const whimbrel_crypto_t) -> Option<Self> {
        // SAFETY: the contract above; behind a size that is not ours there may be less than we know
        let table = unsafe { table.as_ref() }.filter(|table| table.size == size_of::<whimbrel_crypto_t>())?;
        (table.cbc.is_some() && table.mac.is_some()).then_some(Self { table })
    }
}

fn number(cipher: Cipher) -> u8 {
    match cipher {
        Cipher::Aes => WHIMBREL_AES,
        Cipher::TripleDes => WHIMBREL_TRIPLE_DES,
    }
}

impl Crypto for CryptoTable<'_> {
    fn cbc(
        &self,
        cipher: Cipher,
        encrypt: bool,
        key: &[u8],
        iv: &[u8; BLOCK],
        data: &mut [u8],
    ) -> Result<(), Error> {
        let cbc = self.table.cbc.ok_or(Error::NotSupported)?;
        // SAFETY: `new` was promised that the function keeps its contract; the lengths are those of the slices
        done(unsafe {
            cbc(
                self.table.context,
                number(cipher),
                encrypt.into(),
                key.as_ptr(),
                key.len(),
                iv.as_ptr(),
                data.as_mut_ptr(),
                data.len(),
            )
        })
    }

    fn mac(&self, cipher: Cipher, key: &[u8], parts: &[&[u8]], out: &mut [u8; BLOCK]) -> Result<(), Error> {
        let mac = self.table.mac.ok_or(Error::NotSupported)?;
        if parts.len() > PARTS {
            return Err(Error::Full);
        }
        let mut chunks = [whimbrel_chunk_t { data: ptr::null(), size: 0 }; PARTS];
        for (chunk, part) in chunks.iter_mut().zip(parts) {
            *chunk = whimbrel_chunk_t { data: part.as_ptr(), size: part.len() };
        }
        // SAFETY: as above; `out` has the 16 bytes that the contract speaks of
        done(unsafe {
            mac(
                self.table.context,
                number(cipher),
                key.as_ptr(),
                key.len(),
                chunks.as_ptr(),
                parts.len(),
                out.as_mut_ptr(),
            )
        })
    }
}

/// AES and Triple DES in Rust, without the context. In the library of a host; firmware has it if it was built with the feature
/// `crypto`, and otherwise brings whimbrel_mbedtls_crypto or a table of its own.
#[cfg(feature = "crypto")]
#[unsafe(no_mangle)]
pub static whimbrel_crypto_software: whimbrel_crypto_t = whimbrel_crypto_t {
    size: size_of::<whimbrel_crypto_t>(),
    context: ptr::null_mut(),
    cbc: Some(software_cbc),
    mac: Some(software_mac),
};

#[cfg(feature = "crypto")]
fn cipher_of(number: u8) -> Result<Cipher, Error> {
    match number {
        WHIMBREL_AES => Ok(Cipher::Aes),
        WHIMBREL_TRIPLE_DES => Ok(Cipher::TripleDes),
        _ => Err(Error::NotSupported),
    }
}

#[cfg(feature = "crypto")]
fn status(result: Result<(), Error>) -> i32 {
    result.map_or_else(Error::to_c, |()| 0)
}

/// What C gives as a pointer and a length, which may be NULL and 0.
#[cfg(feature = "crypto")]
unsafe fn bytes<'b>(data: *const u8, size: usize) -> &'b [u8] {
    if data.is_null() || size == 0 {
        return &[];
    }
    // SAFETY: the contract of the table: `size` bytes that stay during the call
    unsafe { slice::from_raw_parts(data, size) }
}

#[cfg(feature = "crypto")]
unsafe extern "C" fn software_cbc(
    _context: *mut c_void,
    cipher: u8,
    encrypt: u8,
    key: *const u8,
    key_length: usize,
    iv: *const u8,
    data: *mut u8,
    size: usize,
) -> i32 {
    status(cipher_of(cipher).and_then(|cipher| {
        if size == 0 {
            return Ok(());
        }
        let mut whole = [0; BLOCK];
        // SAFETY: the contract of the table: an IV of one block, `size` bytes that are nobody else's during the call
        let (key, iv, data) = unsafe {
            let data = slice::from_raw_parts_mut(data, size);
            (bytes(key, key_length), bytes(iv, cipher.block()), data)
        };
        crate::bytes::copy(&mut whole, iv);
        Software.cbc(cipher, encrypt != 0, key, &whole, data)
    }))
}

#[cfg(feature = "crypto")]
unsafe extern "C" fn software_mac(
    _context: *mut c_void,
    cipher: u8,
    key: *const u8,
    key_length: usize,
    chunks: *const whimbrel_chunk_t,
    count: usize,
    out: *mut u8,
) -> i32 {
    status(cipher_of(cipher).and_then(|cipher| {
        let mut parts: [&[u8]; PARTS] = [&[]; PARTS];
        let parts = parts.get_mut(..count).ok_or(Error::Full)?;
        // SAFETY: the contract of the table: `count` chunks, and 16 bytes that are nobody else's during the call
        let (key, out) = unsafe {
            for (at, part) in parts.iter_mut().enumerate() {
                let chunk = &*chunks.add(at);
                *part = bytes(chunk.data, chunk.size);
            }
            (bytes(key, key_length), &mut *out.cast::<[u8; BLOCK]>())
        };
        Software.mac(cipher, key, parts, out)
    }))
}
