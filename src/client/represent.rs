//! A place of the tree as a response payload, in blocks where it is long (RFC 7959 section 2.4).

use crate::client::respond::{GAP, Reply, Slot};
use crate::client::{Account, Engine};
use crate::coap::{Block, Code, block};
use crate::error::Error;
use crate::format::{Encoder, Format, Window, Written};
use crate::model::{Instance, Reading, rights};
use crate::path::Path;
use crate::time::Instant;

/// Whose representation: for which account, of what, in which format.
pub(crate) type Place<'a> = (usize, Path, &'a dyn Format);

impl Engine<'_> {
    /// The rights of an account's server on an instance (TS 1.0 section 7.3.2.1).
    pub(crate) fn rights(&self, who: usize, object: u16, instance: u16) -> u8 {
        let Some(access) = self.config.access else { return rights::ALL };
        if self.accounts.get(who).is_some_and(Account::is_bootstrap) {
            return rights::ALL;
        }
        let mut servers = self.accounts.iter().filter(|account| account.short_server_id != 0);
        if servers.next().is_some() && servers.next().is_none() {
            return rights::ALL;
        }
        let server = self.server_id(who);
        access.rights(&self.model, server, object, instance)
    }

    /// As much of a buffer as a datagram to the server can carry: DTLS takes some of it, a card takes no more than it can.
    pub(crate) fn fitting<'b>(&self, who: usize, buffer: &'b mut [u8]) -> &'b mut [u8] {
        let mut room = self.sessions.get(who).map_or(usize::MAX, |session| session.room.into());
        if let Some(carding) = self.config.features.carding.filter(|_| self.texts(who)) {
            room = room.min(carding.room());
        }
        let room = room.min(buffer.len());
        buffer.get_mut(..room).unwrap_or(&mut [])
    }

    /// Writes the representation of `path`, or the block of it that was asked for, behind [`GAP`] in `buffer`. With
    /// `now`, all blocks are of one moment where there is room for that.
    pub(crate) fn represent(
        &mut self,
        now: Option<Instant>,
        who: usize,
        path: Path,
        format: &dyn Format,
        asked: Option<Block>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let reply = Reply::code(Code::CONTENT).with(Slot::ContentFormat, format.content_format().into());
        let buffer = self.fitting(who, buffer);
        let place = (who, path, format);
        in_blocks(reply, asked, buffer, &mut |window, exact| {
            if exact { self.cut(now, &place, window) } else { self.write_down(&place, window, false) }
        })
    }

    /// Writes a block.
    #[cold]
    #[inline(never)]
    fn cut(&mut self, now: Option<Instant>, place: &Place<'_>, window: Window<'_>) -> Result<Written, Error> {
        // without room for bodies there is nothing to keep it in
        let now = now.filter(|_| !self.body.is_empty());
        match now.zip(self.config.features.transfers) {
            Some((now, transfers)) => transfers.cut(self, now, place, window),
            None => self.write_exactly(place, window),
        }
    }

    /// Writes what `path` is now. With `exact`, lengths are known before what they are of is written.
    #[inline(always)] // a stack frame less under every Read
    fn write_down(&self, place: &Place<'_>, window: Window<'_>, exact: bool) -> Result<Written, Error> {
        let (who, path, format) = *place;
        let may = |instance: &Instance| self.rights(who, instance.object, instance.id) & rights::READ != 0;
        let mut out = Encoder::new(window, path, exact);
        Reading { model: &self.model, format, may: &may }.run(&mut out)?;
        Ok(out.window.written())
    }

    /// The same with lengths known before, as it must be where not all fits.
    #[inline(never)]
    pub(crate) fn write_exactly(&self, place: &Place<'_>, window: Window<'_>) -> Result<Written, Error> {
        self.write_down(place, window, true)
    }
}

/// Produces a payload: whole where it fits, else the block asked for, the first one if none was.
///
/// `write` is run again for each block, so it should write the same each time; the ETag tells when it did not. For a
/// block it is called with `exact`: it must know the length of what it encloses.
pub(crate) fn in_blocks(
    mut reply: Reply,
    asked: Option<Block>,
    buffer: &mut [u8],
    write: &mut dyn FnMut(Window<'_>, bool) -> Result<Written, Error>,
) -> Result<Reply, Error> {
    let room = buffer.get_mut(GAP..).ok_or(Error::Full)?;
    let largest = block::largest_exponent(room.len()).ok_or(Error::Full)?;
    let exponent = asked.map_or(largest, |asked| asked.exponent.min(largest));
    let offset = asked.map_or(0, Block::offset);
    let size = Block { number: 0, more: false, exponent }.size();
    if offset == 0 {
        let first = if asked.is_some() { room.get_mut(..size).ok_or(Error::Full)? } else { &mut *room };
        let written = write(Window::new(first, 0), false)?;
        if !written.overflowed {
            reply.length = written.kept as u16;
            if asked.is_some() {
                reply.set(Slot::Block2, Block { number: 0, more: false, exponent }.to_uint());
            }
            return Ok(reply);
        }
    }
    let block = room.get_mut(..size).ok_or(Error::Full)?;
    let written = write(Window::hashing(block, offset as usize), true)?;
    if offset != 0 && written.total <= offset as usize {
        return Err(Error::Malformed);
    }
    reply.length = written.kept as u16;
    reply.set(Slot::Block2, Block::at(offset, written.overflowed, exponent)?.to_uint());
    reply.set(Slot::ETag, written.hash & 0x7fff_ffff);
    if offset == 0 {
        reply.set(Slot::Size2, written.total as u32);
    }
    Ok(reply)
}
