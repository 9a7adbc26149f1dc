//! JSON text (RFC 8259): a scanner that pulls what it is asked for and skips the rest, and strings both ways.
//!
//! Lenient where nothing can be misunderstood: numbers are checked by whoever wants one, unknown values are skipped
//! by their brackets. Nothing recurses.

use crate::error::Error;
use crate::format::Window;
use crate::format::number::find;

/// How deeply values may nest that nobody asked for.
const DEPTH: u8 = 16;

/// A place in a JSON text.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    /// Where the next byte is.
    pub(super) at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// The next byte that is no whitespace; stays in front of it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at = self.at.wrapping_add(1),
                byte => return Some(*byte),
            }
        }
    }

    /// Takes that byte if it is the next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at = self.at.wrapping_add(usize::from(taken));
        taken
    }

    /// Takes that byte, which must be the next.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.take(byte) { Ok(()) } else { Err(Error::Malformed) }
    }

    /// Whether another member or element follows; takes the comma in front of it, or the end.
    pub(super) fn more(&mut self, first: bool, end: u8) -> Result<bool, Error> {
        if self.take(end) {
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// A member's name as it stands, and the colon behind it.
    pub(super) fn key(&mut self) -> Result<&'a [u8], Error> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// A string as it stands between its quotes.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Error> {
        self.expect(b'"')?;
        let rest = self.text.get(self.at..).unwrap_or(&[]);
        let (mut length, mut escaped) = (0usize, false);
        for byte in rest {
            match byte {
                0..0x20 => return Err(Error::Malformed),
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.at = self.at.wrapping_add(length).wrapping_add(1);
                    return rest.get(..length).ok_or(Error::Malformed);
                }
                _ => {}
            }
            length = length.wrapping_add(1);
        }
        Err(Error::Malformed)
    }

    /// A number or a word, as it stands.
    pub(super) fn scalar(&mut self) -> Result<&'a [u8], Error> {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or(&[]);
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let length = find(rest, |byte| !inside(byte)).unwrap_or(rest.len());
        self.at = self.at.wrapping_add(length);
        if length == 0 { Err(Error::Malformed) } else { rest.get(..length).ok_or(Error::Malformed) }
    }

    /// Passes over any value.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        // the open brackets, the innermost in the lowest bit: 1 for an object
        let (mut depth, mut objects) = (0u8, 0u32);
        loop {
            let byte = self.peek().ok_or(Error::Malformed)?;
            match byte {
                b'"' => drop(self.string()?),
                b'{' | b'[' if depth < DEPTH => {
                    depth = depth.wrapping_add(1);
                    objects = (objects << 1) | u32::from(byte == b'{');
                }
                b'}' | b']' if depth > 0 && objects & 1 == u32::from(byte == b'}') => {
                    depth = depth.wrapping_sub(1);
                    objects >>= 1;
                }
                b',' | b':' if depth > 0 => {}
                _ => drop(self.scalar()?),
            }
            if matches!(byte, b'{' | b'[' | b'}' | b']' | b',' | b':') {
                self.at = self.at.wrapping_add(1);
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// The bytes that a string stands for. Where an escape stands for nothing, the byte ff comes out: no UTF-8 has it,
/// so that whoever reads on refuses it.
#[derive(Clone)]
pub(super) struct Unescaped<'a> {
    rest: &'a [u8],
    /// The rest of a character of several bytes, the next one lowest.
    pending: u32,
}

const NOTHING: u8 = 0xff;

impl<'a> Unescaped<'a> {
    /// `raw` is what stands between the quotes.
    pub(super) fn new(raw: &'a [u8]) -> Self {
        Self { rest: raw, pending: 0 }
    }

    /// Takes four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        digits.iter().try_fold(0, |unit, digit| Some((unit << 4) | char::from(*digit).to_digit(16)?))
    }

    /// The character behind `\u`, two of them where it needs a surrogate pair.
    fn character(&mut self) -> Option<u32> {
        match self.unit()? {
            high @ 0xd800..0xdc00 => {
                self.rest = self.rest.strip_prefix(b"\\u")?;
                let low = self.unit().filter(|low| (0xdc00..0xe000).contains(low))?;
                Some(0x1_0000u32.wrapping_add((high & 0x3ff) << 10) | (low & 0x3ff))
            }
            0xdc00..0xe000 => None,
            unit => Some(unit),
        }
    }

    /// The first byte of a character in UTF-8; the others are pending.
    fn encode(&mut self, character: u32) -> u8 {
        let tail = |shift: u32| 0x80 | ((character >> shift) & 0x3f);
        let (first, pending) = match character {
            0..0x80 => (character, 0),
            0x80..0x800 => (0xc0 | (character >> 6), tail(0)),
            0x800..0x1_0000 => (0xe0 | (character >> 12), tail(6) | (tail(0) << 8)),
            _ => (0xf0 | (character >> 18), tail(12) | (tail(6) << 8) | (tail(0) << 16)),
        };
        self.pending = pending;
        first as u8
    }
}

impl Iterator for Unescaped<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.pending != 0 {
            let byte = self.pending as u8;
            self.pending >>= 8;
            return Some(byte);
        }
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        if *byte != b'\\' {
            return Some(*byte);
        }
        let Some((escape, rest)) = rest.split_first() else { return Some(NOTHING) };
        self.rest = rest;
        Some(match escape {
            b'"' | b'\\' | b'/' => *escape,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => match self.character() {
                Some(character) => self.encode(character),
                None => NOTHING,
            },
            _ => NOTHING,
        })
    }
}

/// What a string stands for; without escapes it is the text as it lies there.
pub(super) fn unescape<'a>(raw: &'a [u8], scratch: &'a mut [u8]) -> Result<&'a str, Error> {
    let bytes = if raw.contains(&b'\\') {
        let (mut slots, mut length) = (scratch.iter_mut(), 0usize);
        for byte in Unescaped::new(raw) {
            *slots.next().ok_or(Error::Full)? = byte;
            length = length.wrapping_add(1);
        }
        scratch.get(..length).unwrap_or(&[])
    } else {
        raw
    };
    core::str::from_utf8(bytes).map_err(|_| Error::BadValue)
}

/// Writes a string with its quotes: what must be escaped is, and nothing else (RFC 8259 section 7).
pub(super) fn put(window: &mut Window<'_>, text: &str) {
    window.byte(b'"');
    let mut rest = text.as_bytes();
    loop {
        let plain = find(rest, |byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(rest.len());
        let Some((head, tail)) = rest.split_at_checked(plain) else { break };
        window.put(head);
        let Some((special, tail)) = tail.split_first() else { break };
        rest = tail;
        match special {
            b'\n' => window.put(b"\\n"),
            b'\r' => window.put(b"\\r"),
            b'\t' => window.put(b"\\t"),
            0..0x20 => {
                window.put(if *special < 0x10 { b"\\u000" } else { b"\\u001" });
                let low = special & 0x0f;
                window.byte(if low < 10 { b'0' | low } else { b'a'.wrapping_add(low.wrapping_sub(10)) });
            }
            _ => window.put(&[b'\\', *special]),
        }
    }
    window.byte(b'"');
}
