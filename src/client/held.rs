//! A representation that goes out in blocks is of one moment: it is written once, and all blocks are cut from that.
//!
//! Else a value that changes while they go out, Current Time (/3/0/13) above all, changes the ETag from one block to the
//! next, and a server has to begin anew for ever where a block takes a second (RFC 7959 section 2.4).

use crate::client::Engine;
use crate::client::represent::Place;
use crate::error::Error;
use crate::fnv::{START_32, fnv_32};
use crate::format::{Window, Written};
use crate::model::rights;
use crate::path::{NONE, Path};
use crate::time::Instant;

/// What lies in the engine's buffer for bodies. There is one for the client, and a body that arrives needs the place
/// itself: without it each block is written anew.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    who: u8,
    /// Whether blocks of it are still to be asked for.
    open: bool,
    length: u16,
    path: Path,
    /// What [`Engine::seen`] said: a right that was withdrawn, or an instance that is gone, ends it.
    seen: u32,
    /// Who has not asked until then does not ask any more.
    expires: Instant,
}

impl Held {
    /// Nothing.
    pub const NONE: Self =
        Self { who: 0, open: false, length: 0, path: Path::ROOT, seen: 0, expires: Instant::ZERO };

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

    /// Whether blocks of it are still to be asked for.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        self.open && now < self.expires
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
        let (who, path, _) = *place;
        let seen = self.seen(place);
        if window.start() == 0 {
            self.hold(now, place, seen)?;
        }
        let held = &self.held;
        let mine = usize::from(held.who) == who && held.path == path && held.seen == seen;
        if !mine || now >= held.expires {
            return self.write_exactly(place, window);
        }
        window.put(self.body.get(..self.held.length.into()).unwrap_or(&[]));
        self.held.expires = now.after(self.lifetime(who, true).into());
        self.held.open &= window.overflowed();
        Ok(window.written())
    }

    /// Writes what is there now to where its blocks are cut from, if it fits and nobody else needs the room.
    fn hold(&mut self, now: Instant, place: &Place<'_>, seen: u32) -> Result<(), Error> {
        let who = place.0;
        if usize::from(self.held.who) == who {
            self.held.clear();
        }
        if self.held.is_open(now) || self.upload.needs_body(now) {
            return Ok(());
        }
        self.held.clear();
        // one that has expired is not to go on behind what is written here
        self.upload.leave_body();
        let body = core::mem::take(&mut self.body);
        let written = self.write_exactly(place, Window::new(body, 0));
        self.body = body;
        let written = written?;
        if let Ok(length) = u16::try_from(written.total)
            && !written.overflowed
        {
            let (who, path) = (who as u8, place.1);
            self.held = Held { who, open: true, length, path, seen, expires: Instant::NEVER };
        }
        Ok(())
    }

    /// A hash of the format, and of the instances that the server may read.
    fn seen(&self, (who, path, format): &Place<'_>) -> u32 {
        let start = fnv_32(START_32, &format.content_format().to_be_bytes());
        let instances = self.model.instances_of(path.object);
        let mine = instances.filter(|instance| path.instance == NONE || path.instance == instance.id);
        mine.filter(|instance| self.rights(*who, instance.object, instance.id) & rights::READ != 0)
            .fold(start, |hash, instance| fnv_32(hash, &instance.id.to_be_bytes()))
    }
}
