//! A window into a representation: drops what lies before, keeps what fits, counts what follows.

/// Takes a stream of bytes and keeps the part that lies in a window of the buffer's size.
///
/// Writing never fails: [`Window::total`] tells how long the whole is, [`Window::kept`] what lies in the window.
pub struct Window<'a> {
    buffer: &'a mut [u8],
    start: usize,
    total: usize,
}

impl<'a> Window<'a> {
    /// A window that begins `start` bytes into the stream. An empty buffer only counts.
    pub fn new(buffer: &'a mut [u8], start: usize) -> Self {
        Self { buffer, start, total: 0 }
    }

    /// Appends bytes to the stream.
    pub fn put(&mut self, bytes: &[u8]) {
        let from = self.total;
        self.total = from.saturating_add(bytes.len());
        // the common case first: everything so far lies in the window
        let at = from.wrapping_sub(self.start);
        if from >= self.start {
            if let Some(room) = self.buffer.get_mut(at..) {
                for (slot, byte) in room.iter_mut().zip(bytes) {
                    *slot = *byte;
                }
            }
        } else if let Some(rest) = bytes.get(self.start - from..) {
            for (slot, byte) in self.buffer.iter_mut().zip(rest) {
                *slot = *byte;
            }
        }
    }

    /// Appends one byte.
    pub fn byte(&mut self, byte: u8) {
        self.put(&[byte]);
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

    /// Whether this window keeps nothing and only counts.
    pub fn counts_only(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The bytes of the stream that lie in the window.
    pub fn kept(&self) -> &[u8] {
        let n = self.total.saturating_sub(self.start).min(self.buffer.len());
        self.buffer.get(..n).unwrap_or(&[])
    }

    /// Inserts a header before the last `tail` bytes of a stream that began at 0 and has not overflowed; else counts.
    pub fn insert(&mut self, tail: usize, header: &[u8]) {
        let at = self.total.saturating_sub(tail);
        self.total = self.total.saturating_add(header.len());
        if self.start == 0 && self.total <= self.buffer.len() {
            self.buffer.copy_within(at..at + tail, at + header.len());
            if let Some(slot) = self.buffer.get_mut(at..at + header.len()) {
                slot.copy_from_slice(header);
            }
        }
    }
}
