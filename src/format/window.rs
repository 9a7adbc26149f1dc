//! A window into a representation: drops what lies before, keeps what fits, counts what follows.

use crate::fnv::{START_32, fnv_32};

/// Takes a stream of bytes and keeps the part that lies in a window of the buffer's size.
///
/// Writing never fails: [`Window::total`] tells how long the whole is, [`Window::kept`] what lies in the window.
/// So a block of a large representation (RFC 7959) costs one more pass, not a larger buffer.
pub struct Window<'a> {
    buffer: &'a mut [u8],
    start: usize,
    total: usize,
    /// FNV-1a over all bytes of the stream; 0 where nobody asked for it.
    hash: u32,
}

/// What a window has seen.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// How many bytes of the stream lie in the window.
    pub kept: usize,
    /// How many bytes the stream has.
    pub total: usize,
    /// Whether some lie behind the window.
    pub overflowed: bool,
    /// The hash of the stream, 0 where nobody asked for it.
    pub hash: u32,
}

impl<'a> Window<'a> {
    /// A window that begins `start` bytes into the stream. An empty buffer only counts.
    pub fn new(buffer: &'a mut [u8], start: usize) -> Self {
        Self { buffer, start, total: 0, hash: 0 }
    }

    /// A window that also hashes the whole stream, for the ETag of a representation in blocks (RFC 7959 section 2.4).
    pub fn hashing(buffer: &'a mut [u8], start: usize) -> Self {
        Self { hash: START_32, ..Self::new(buffer, start) }
    }

    /// The hash of the stream so far; of one that was mended by [`Window::amend`] or [`Window::insert`] it says nothing.
    pub fn hash(&self) -> u32 {
        self.hash
    }

    fn mix(&mut self, bytes: &[u8]) {
        if self.hash != 0 {
            self.hash = fnv_32(self.hash, bytes);
        }
    }

    /// Appends bytes to the stream.
    pub fn put(&mut self, bytes: &[u8]) {
        let from = self.total;
        self.mix(bytes);
        self.total = from.saturating_add(bytes.len());
        // where they fall in the buffer, less those that lie before the window
        let (at, bytes) = match from.checked_sub(self.start) {
            Some(at) => (at, bytes),
            None => (0, bytes.get(self.start.wrapping_sub(from)..).unwrap_or(&[])),
        };
        let Some(room) = self.buffer.get_mut(at..) else { return };
        // both cut to one length: the compiler sees a plain memory copy
        let n = room.len().min(bytes.len());
        if let (Some(room), Some(bytes)) = (room.get_mut(..n), bytes.get(..n)) {
            crate::bytes::copy(room, bytes);
        }
    }

    /// Appends one byte.
    pub fn byte(&mut self, byte: u8) {
        self.mix(&[byte]);
        if let Some(at) = self.total.checked_sub(self.start)
            && let Some(slot) = self.buffer.get_mut(at)
        {
            *slot = byte;
        }
        self.total = self.total.saturating_add(1);
    }

    /// Appends the last `count` bytes of a number, one to four, the highest first.
    pub fn big_endian(&mut self, number: u32, count: usize) {
        // Most of what a representation consists of is one to four bytes long. Where there is room, four are
        // stored at once: the surplus lies behind what is kept, and is written over next.
        if self.hash == 0
            && let Some(at) = self.total.checked_sub(self.start)
            && let Some(room) = self.buffer.get_mut(at..)
            && let Some(slots) = room.first_chunk_mut::<4>()
        {
            let unused = 32usize.wrapping_sub(count.wrapping_mul(8)) as u32;
            *slots = number.wrapping_shl(unused).to_be_bytes();
            self.total = self.total.wrapping_add(count);
        } else {
            self.at_the_edge(number, count);
        }
    }

    /// The same where not all of it lies in the window, or where it is hashed.
    #[cold]
    #[inline(never)]
    fn at_the_edge(&mut self, number: u32, count: usize) {
        self.put(number.to_be_bytes().get(4usize.wrapping_sub(count)..).unwrap_or(&[]));
    }

    /// Appends a decimal number.
    pub fn decimal(&mut self, number: u64) {
        let mut digits = [0u8; 20];
        self.put(crate::format::number::digits(number, &mut digits));
    }

    /// How many bytes the stream had so far.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Where the window begins in the stream.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Whether bytes of the stream lie behind the window.
    pub fn overflowed(&self) -> bool {
        self.total > self.start.saturating_add(self.buffer.len())
    }

    /// The sum of it, once the stream has ended.
    pub fn written(&self) -> Written {
        Written { kept: self.kept().len(), total: self.total, overflowed: self.overflowed(), hash: self.hash }
    }

    /// Whether this window keeps nothing and only counts.
    pub fn counts_only(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The bytes of the stream that lie in the window.
    pub fn kept(&self) -> &[u8] {
        let n = self.total.saturating_sub(self.start).min(self.buffer.len());
        self.buffer.get(..n).unwrap_or(&[])
    }

    /// Sets bits in a byte that was written before, if it lies in the window.
    pub fn amend(&mut self, at: usize, bits: u8) {
        if let Some(at) = at.checked_sub(self.start)
            && let Some(slot) = self.buffer.get_mut(at)
        {
            *slot |= bits;
        }
    }

    /// Inserts bytes before the last `tail` bytes of a stream whose window began at 0 and has not overflowed.
    /// Of any other stream, and of one that overflows by it, only the length stays true.
    pub fn insert(&mut self, tail: usize, bytes: &[u8]) {
        let at = self.total.saturating_sub(tail);
        self.total = self.total.saturating_add(bytes.len());
        if self.start != 0 {
            return;
        }
        // the tail, and behind it the room that it moves into
        let Some(room) = self.buffer.get_mut(at..self.total) else { return };
        if tail <= room.len() && bytes.len() <= room.len().wrapping_sub(tail) {
            // backwards, so that nothing is overwritten unread; by hand, because the library's memmove is as large as
            // all of this file and nothing else needs it
            for from in (0..tail).rev() {
                let byte = room.get(from).copied().unwrap_or(0);
                if let Some(slot) = room.get_mut(from.wrapping_add(bytes.len())) {
                    *slot = byte;
                }
            }
            for (slot, byte) in room.iter_mut().zip(bytes) {
                *slot = *byte;
            }
        }
    }
}
