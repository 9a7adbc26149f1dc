//! A representation that goes out in blocks is of one moment: it is written once, and all blocks are cut from that.
//!
//! Else a value that changes while they go out, Current Time (/3/0/13) above all, changes the ETag from one block to the
//! next, and a server has to begin anew for ever where a block takes a second (RFC 7959 section 2.4).

use crate::client::Engine;
use crate::client::represent::Place;
use crate::error::Error;
use crate::format::{Window, Written};
use crate::path::Path;
use crate::time::Instant;

/// What lies in the engine's buffer for bodies. There is one for the client, and a body that arrives needs the place
/// itself: without it each block is written anew.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    who: u8,
    /// Whether blocks of it are still to be asked for.
    open: bool,
    format: u16,
    path: Path,
    length: u32,
    /// Who has not asked until then does not ask any more.
    expires: Instant,
}

impl Held {
    /// Nothing.
    pub const NONE: Self =
        Self { who: 0, open: false, format: 0, path: Path::ROOT, length: 0, expires: Instant::ZERO };

    /// The place is needed for something else.
    pub(crate) fn clear(&mut self) {
        self.expires = Instant::ZERO;
    }

    /// The server is left: it will not ask for more.
    pub(crate) fn forget(&mut self, who: usize) {
        if usize::from(self.who) == who {
            self.clear();
        }
    }

    /// Whether blocks of it are still to be asked for, by another server.
    fn is_in_use(&self, now: Instant, who: usize) -> bool {
        self.open && usize::from(self.who) != who && now < self.expires
    }

    fn is_of(&self, (who, path, format): &Place<'_>) -> bool {
        usize::from(self.who) == *who && self.path == *path && self.format == format.content_format()
    }
}

impl Engine<'_> {
    /// Writes a block of what was there when the first one went out.
    pub(crate) fn cut_held(
        &mut self,
        now: Instant,
        place: &Place<'_>,
        mut window: Window<'_>,
    ) -> Result<Written, Error> {
        if window.start() == 0 {
            self.hold(now, place)?;
        }
        if !self.held.is_of(place) || now >= self.held.expires {
            return self.write_exactly(place, window);
        }
        window.put(self.body.get(..self.held.length as usize).unwrap_or(&[]));
        self.held.expires = now.after(self.lifetime(place.0, true).into());
        self.held.open &= window.overflowed();
        Ok(window.written())
    }

    /// Writes what is there now to where its blocks are cut from, if it fits and nobody else needs the room.
    fn hold(&mut self, now: Instant, place: &Place<'_>) -> Result<(), Error> {
        let (who, path, format) = *place;
        if self.held.is_in_use(now, who) || self.upload.needs_body(now) {
            return Ok(());
        }
        self.held.clear();
        let body = core::mem::take(&mut self.body);
        let written = self.write_exactly(place, Window::new(body, 0));
        self.body = body;
        let written = written?;
        if !written.overflowed {
            let (who, format, length) = (who as u8, format.content_format(), written.total as u32);
            self.held = Held { who, open: true, format, path, length, expires: Instant::NEVER };
        }
        Ok(())
    }
}
