//! Lines out of the bytes of a serial line (V.250 sections 5.7.1 and 6.2; TS 27.005 section 4.3 for the prompt).
//!
//! A line ends at CR or LF, so that it does not matter whether the modem sends both, and empty ones are not shown. Control
//! characters are dropped: a modem that starts sends zeros, one that echoes a message body sends Ctrl-Z. A line longer than
//! the buffer is dropped to its end, and the next one is whole again.

use crate::bytes::zeroise;
use core::mem;

/// What a byte completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Nothing yet.
    None,
    /// A line of so many bytes: [`Reader::lend`] has it.
    Line(usize),
    /// A line that was too long.
    Cut,
    /// `>` at the beginning of a line, which no line end follows.
    Prompt,
}

/// The line that is coming in.
pub(super) struct Reader<'m> {
    buffer: &'m mut [u8],
    length: usize,
    cut: bool,
}

impl<'m> Reader<'m> {
    /// Lines of at most as many bytes as `buffer` has.
    pub const fn new(buffer: &'m mut [u8]) -> Self {
        Self { buffer, length: 0, cut: false }
    }

    /// Takes one byte.
    pub fn push(&mut self, byte: u8) -> Token {
        let empty = self.length == 0 && !self.cut;
        match byte {
            b'\r' | b'\n' => self.end(),
            b'>' if empty => Token::Prompt,
            b' ' if empty => Token::None,
            0..=0x1f | 0x7f => Token::None,
            _ => {
                match self.buffer.get_mut(self.length) {
                    Some(place) => {
                        *place = byte;
                        self.length = self.length.wrapping_add(1);
                    }
                    None => self.cut = true,
                }
                Token::None
            }
        }
    }

    fn end(&mut self) -> Token {
        let length = mem::take(&mut self.length);
        if mem::take(&mut self.cut) {
            Token::Cut
        } else if length == 0 {
            Token::None
        } else {
            Token::Line(length)
        }
    }

    /// Forgets what has come of a line.
    pub const fn clear(&mut self) {
        self.length = 0;
        self.cut = false;
    }

    /// Forgets and overwrites it.
    pub fn wipe(&mut self) {
        self.clear();
        zeroise(self.buffer);
    }

    /// The buffer, with the line that was told last. To be given back.
    pub fn lend(&mut self) -> &'m mut [u8] {
        mem::take(&mut self.buffer)
    }

    /// Takes the buffer back.
    pub const fn give(&mut self, buffer: &'m mut [u8]) {
        self.buffer = buffer;
    }
}
