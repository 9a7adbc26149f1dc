//! Between a modem and its line: bytes both ways, so that no port has to write this again.

use super::{Event, Modem, Phase, Progress};
use crate::bytes::zeroise;
use crate::error::Error;
use crate::time::Instant;

/// How many bytes are moved at a time. They may be keys: they are overwritten.
const PIECE: usize = 64;
/// How many pieces are taken at most, so that it ends even if a modem never stops to speak.
const PIECES: usize = 32;
/// When a line that has no room is asked again, should it not say that it has.
const FULL_MS: u64 = 20;

/// A serial line. It does not wait; an error says that it is gone.
pub trait Line {
    /// Fills `buffer` with bytes that came; how many, 0 if there are none now.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Error>;
    /// Takes bytes for the modem; how many, fewer if there is no room for more now.
    fn send(&mut self, bytes: &[u8]) -> Result<usize, Error>;
}

impl Modem<'_> {
    /// Moves bytes both ways and does what is due; when to call again. That is now if there may be more bytes, or if there is a
    /// message or something about an APDU that this has not told before.
    ///
    /// [`Error::Link`]: the line is gone, and the modem knows it now; it is to be served once more, for what follows from that. Later
    /// it is as a line on which nothing moves.
    pub fn serve(
        &mut self,
        now: Instant,
        line: &mut dyn Line,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Instant, Error> {
        let mut bytes = [0; PIECE];
        let moved = self.exchange(now, line, &mut bytes, tell);
        zeroise(&mut bytes);
        let next = match moved {
            Ok(next) => next,
            Err(_) if matches!(self.phase, Phase::Off) => self.poll(now, tell),
            Err(_) => {
                self.line(now, false, tell);
                return Err(Error::Link);
            }
        };
        Ok(if self.news() { now } else { next })
    }

    fn exchange(
        &mut self,
        now: Instant,
        line: &mut dyn Line,
        bytes: &mut [u8; PIECE],
        tell: &mut dyn FnMut(Event),
    ) -> Result<Instant, Error> {
        let mut pieces = 0usize;
        while pieces < PIECES {
            let got = line.receive(bytes)?;
            if got == 0 {
                break;
            }
            self.input(now, bytes.get(..got).unwrap_or(bytes), tell);
            pieces = pieces.wrapping_add(1);
        }
        let next = self.poll(now, tell);
        let full = self.drain(line, bytes)?;
        Ok(match (pieces == PIECES, full) {
            (true, _) => now,
            (_, true) => next.earlier(now.after(FULL_MS)),
            _ => next,
        })
    }

    /// Whether the line takes no more now. What it did not take stays where it is.
    fn drain(&mut self, line: &mut dyn Line, bytes: &mut [u8; PIECE]) -> Result<bool, Error> {
        loop {
            let length = self.output(bytes);
            let piece = bytes.get(..length).unwrap_or(&[]);
            if piece.is_empty() {
                return Ok(false);
            }
            let sent = line.send(piece)?.min(length);
            self.output.take_back(length.wrapping_sub(sent));
            if sent < length {
                return Ok(true);
            }
        }
    }

    /// Whether the client has something to take that was not told before.
    fn news(&mut self) -> bool {
        let asks = self.state().card == Progress::Ask;
        let news = self.counters.received != self.told.0 || (asks && !self.told.1);
        self.told = (self.counters.received, asks);
        news
    }
}
