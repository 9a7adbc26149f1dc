//! Copying bytes without a panic: at opt-level z the compiler keeps the one of `copy_from_slice`.

use crate::error::Error;

/// Puts `bytes` into `buffer` from `at` on. [`Error::Full`], and nothing done, where they do not fit.
pub fn put(buffer: &mut [u8], at: usize, bytes: &[u8]) -> Result<(), Error> {
    let end = at.checked_add(bytes.len()).ok_or(Error::Full)?;
    copy(buffer.get_mut(at..end).ok_or(Error::Full)?, bytes);
    Ok(())
}

/// Copies `from` to the equally long `to`, four bytes at a time.
///
/// One of them may be longer by whole words, which stay as they are: then the other one has whole words alone.
pub fn copy(to: &mut [u8], from: &[u8]) {
    let ((to_words, to_bytes), (from_words, from_bytes)) = (to.as_chunks_mut::<4>(), from.as_chunks::<4>());
    copy_items(to_words, from_words);
    copy_items(to_bytes, from_bytes);
}

/// Overwrites what is secret.
pub fn zeroise(bytes: &mut [u8]) {
    for byte in bytes.iter_mut() {
        *byte = 0;
    }
    // not to be optimised away because nobody reads it again
    core::hint::black_box(bytes);
}

fn copy_items<T: Copy>(to: &mut [T], from: &[T]) {
    let mut from = from.iter();
    for to in to.iter_mut() {
        match from.next() {
            Some(from) => *to = *from,
            None => break,
        }
    }
}
