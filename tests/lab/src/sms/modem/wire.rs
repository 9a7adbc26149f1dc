//! What a modem says, with the time of each byte.

/// Texts that are to be said. A text is never broken up by another one.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    /// At most so many bytes at a time, and so many milliseconds between them.
    pub chunk: (usize, u64),
    texts: Vec<(u64, Vec<u8>)>,
    /// What is being said, and when its next bytes are due.
    current: Option<(u64, Vec<u8>)>,
    free_at: u64,
}

impl Wire {
    pub const fn new(chunk: (usize, u64)) -> Self {
        Self { chunk, texts: Vec::new(), current: None, free_at: 0 }
    }

    /// Says something at this time, after all that is due before.
    pub fn put(&mut self, at: u64, text: &[u8]) {
        let place = self.texts.iter().position(|(due, _)| *due > at).unwrap_or(self.texts.len());
        self.texts.insert(place, (at, text.to_vec()));
    }

    /// The bytes that are due by now.
    pub fn take(&mut self, now: u64) -> Vec<u8> {
        let mut said = Vec::new();
        while let Some((due, mut rest)) = self.current.take().or_else(|| self.next(now)) {
            if due > now {
                self.current = Some((due, rest));
                break;
            }
            let tail = rest.split_off(rest.len().min(self.chunk.0.max(1)));
            said.extend(rest);
            self.free_at = due + self.chunk.1;
            self.current = Some((self.free_at, tail)).filter(|(_, tail)| !tail.is_empty());
        }
        said
    }

    fn next(&mut self, now: u64) -> Option<(u64, Vec<u8>)> {
        self.texts.first().filter(|(due, _)| *due <= now)?;
        let (due, text) = self.texts.remove(0);
        Some((due.max(self.free_at), text))
    }

    pub fn deadline(&self) -> Option<u64> {
        let next = || self.texts.first().map(|(due, _)| (*due).max(self.free_at));
        self.current.as_ref().map(|(due, _)| *due).or_else(next)
    }

    /// Says nothing of it any more.
    pub fn clear(&mut self) {
        (self.texts, self.current) = (Vec::new(), None);
    }
}
