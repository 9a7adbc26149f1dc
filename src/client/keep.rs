//! What outlives a power cut: the DTLS association of each account, the registration that goes with it, and what the server
//! observes.
//!
//! Three records an account. The association is written once a session: keys, Connection ID. What changes along with it is a
//! short record: up to which number records may be sent, and the registration. Observations and attributes are written when
//! they change; before a server is told of a change, the short record says that they are not to be trusted.
//!
//! A record number is used only if a higher one is on stable storage, so that after a power cut the session goes on beyond
//! all that was sent. What was received is not written down: a session that was loaded serves nothing until the server has
//! answered our first request, which proves that it is there now, and then all records up to that answer count as received.

use crate::bytes;
use crate::client::account::{Account, LOCATION, State, changed};
use crate::client::checksums::NOTHING;
use crate::client::features::{Keeping, Storing};
use crate::client::progress::{PROGRESS_HEAD, Progress};
use crate::client::session::{Phase, Session};
use crate::client::settings::Settings;
use crate::client::{Context, Engine};
use crate::coap::dedup::Ids;
use crate::coap::observe::Sequence;
use crate::error::Error;
use crate::path::Path;
use crate::port::{Event, EventCode};
use crate::secure::can;
use crate::storage::{self, HEAD, Slots, Storage, crc32};
use core::cell::Cell;

/// How many record numbers are reserved at a time: one write of storage for all but [`MARGIN`] of them.
const RESERVED: u64 = 96;
/// How many records a backend may send of its own accord at one record that came: alerts, a repeated flight.
const MARGIN: u64 = 32;

/// How far Observe values and Message IDs of another life may be ahead of what was written down.
const AHEAD: u16 = 4096;

/// Each account has four records; the last one is that of [`packets`](crate::client::packets).
const RECORDS: u16 = 4;
const ASSOCIATION: usize = 0;
const PROGRESS: usize = 1;
const OBSERVATIONS: usize = 2;
/// Bytes before what was packed of observations: the mark.
const OBSERVATIONS_HEAD: usize = 4;

/// Bytes before what the backend saved: mark, Short Server ID, checksum of the credentials.
const ASSOCIATION_HEAD: usize = 10;

fn record(who: usize, kind: usize) -> u16 {
    (who as u16).wrapping_mul(RECORDS).wrapping_add(kind as u16)
}

impl Engine<'_> {
    /// Writes down what a server observes; the record that changes along says so.
    fn save_observations(&mut self, ctx: &mut Context<'_>, who: usize) -> Result<(), Error> {
        let session = self.sessions.get(who).ok_or(Error::State)?;
        let mark = session.kept.mark.to_be_bytes();
        let crc = self.with_send(|engine, buffer| {
            let start = HEAD.wrapping_add(OBSERVATIONS_HEAD);
            let (mut written, mut end, mut crc) = (bytes::put(buffer, HEAD, &mark), start, NOTHING);
            if let Some(reporting) = engine.config.features.reporting {
                reporting.pack(engine, who, &mut |piece| {
                    written = written.and_then(|()| bytes::put(buffer, end, piece));
                    end = end.wrapping_add(piece.len());
                    crc = crc32(crc, piece);
                });
            }
            if end != start {
                written?;
                engine.save_record(ctx, who, OBSERVATIONS, buffer, end.wrapping_sub(HEAD))?;
            }
            Ok(crc)
        })?;
        if let Some(session) = self.session(who) {
            session.kept.observations = crc;
            session.kept.dirty = false;
        }
        self.save_progress(ctx, who)
    }

    /// Goes on counting beyond all that a server may have seen in the last life.
    fn count_on(&mut self, progress: &Progress) {
        if self.sessions.iter().filter(|session| session.kept.saved).nth(1).is_none() {
            // the first session: what was drawn at the start was seen by nobody
            self.sequence = Sequence::at(progress.sequence);
            self.ids = Ids::new(progress.id.into());
        }
        self.sequence.advance(progress.sequence.wrapping_add(AHEAD.into()));
        self.ids.advance(progress.id.wrapping_add(AHEAD));
    }

    /// Takes up what a server observed in the last life; false where storage does not have it.
    fn load_observations(&mut self, ctx: &mut Context<'_>, who: usize, progress: &Progress) -> bool {
        let Some(reporting) = self.config.features.reporting else { return progress.observations == NOTHING };
        if progress.observations == NOTHING {
            return true;
        }
        let Ok((slots, length)) = self.load_record(ctx, who, OBSERVATIONS) else { return false };
        if let Some(kept) = self.session(who).and_then(|session| session.kept.slots.as_mut())
            && let Some(place) = kept.get_mut(OBSERVATIONS)
        {
            *place = slots;
        }
        self.with_send(|engine, buffer| {
            let content = buffer.get(HEAD..HEAD.wrapping_add(length)).unwrap_or(&[]);
            let fits = content.split_first_chunk::<OBSERVATIONS_HEAD>().filter(|(mark, packed)| {
                u32::from_be_bytes(**mark) == progress.mark && crc32(NOTHING, packed) == progress.observations
            });
            fits.is_some_and(|(_, packed)| reporting.unpack(engine, ctx, who, packed).is_ok())
        })
    }

    /// Goes on with a registration where the last life left it. Whether what the server observes is known.
    fn take_up(&mut self, ctx: &mut Context<'_>, who: usize, progress: &Progress) -> bool {
        let objects = self.objects_checksum();
        if let Some(session) = self.session(who) {
            session.kept.saved = true;
            session.kept.mark = progress.mark;
            session.kept.reserved = progress.reserved;
            session.kept.registration = progress.checksum();
            session.kept.observations = progress.observations;
            session.kept.dirty = progress.dirty;
        }
        self.count_on(progress);
        if let Some(account) = self.account(who) {
            account.location = progress.location;
            account.lifetime = progress.lifetime;
            account.binding = progress.binding;
            account.version = progress.version;
            account.changed = progress.changed;
            if objects != progress.objects {
                account.changed |= changed::OBJECTS;
            }
        }
        !progress.dirty && self.load_observations(ctx, who, progress)
    }

    fn tell_storage(&self, ctx: &mut Context<'_>, who: usize, error: Error) {
        let server = self.server_id(who);
        self.tell(ctx, Event::new(EventCode::StorageFailed, server).why(error.to_c()));
    }

    /// Reads a record into the send buffer; tells of damage.
    fn load_record(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        kind: usize,
    ) -> Result<(Slots, usize), Error> {
        let storage = self.config.features.keeping.ok_or(Error::NotSupported)?.storage();
        let found = storage::load(storage, ctx.port, record(who, kind), self.send)?;
        if found.damaged {
            self.tell_storage(ctx, who, Error::Malformed);
        }
        Ok((found.slots, found.length.unwrap_or(0)))
    }

    /// Writes the `length` bytes that stand behind [`HEAD`] in `image`.
    fn save_record(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        kind: usize,
        image: &mut [u8],
        length: usize,
    ) -> Result<(), Error> {
        let storage = self.config.features.keeping.ok_or(Error::NotSupported)?.storage();
        let session = self.sessions.get_mut(who).ok_or(Error::State)?;
        let slots = session.kept.slots.as_mut().and_then(|slots| slots.get_mut(kind)).ok_or(Error::State)?;
        storage::save(storage, ctx.port, record(who, kind), slots, image, length)
    }

    fn save_progress(&mut self, ctx: &mut Context<'_>, who: usize) -> Result<(), Error> {
        let progress = Progress::of(self, who)?;
        // the buffer of responses may hold one just now
        let mut own = [0; HEAD + PROGRESS_HEAD + LOCATION];
        let length = progress.put(&mut own)?;
        self.save_record(ctx, who, PROGRESS, &mut own, length)?;
        if let Some(session) = self.session(who) {
            session.kept.registration = progress.checksum();
        }
        Ok(())
    }

    /// Writes the association of a session for the first time.
    fn save_association(&mut self, ctx: &mut Context<'_>, who: usize) -> Result<(), Error> {
        let backend = self.backend().ok_or(Error::State)?;
        let mut mark = [0; 4];
        ctx.port.random(&mut mark);
        let sequence = backend.state(ctx.port, who as u8).sequence;
        let session = self.sessions.get_mut(who).ok_or(Error::State)?;
        session.kept.mark = u32::from_be_bytes(mark);
        session.kept.reserved = sequence.saturating_add(RESERVED);
        session.kept.observations = NOTHING;
        session.kept.dirty = false;
        self.reporting_changed = true;
        // alone it lets nobody load anything
        self.save_progress(ctx, who)?;
        if let Some(session) = self.session(who) {
            session.kept.saved = true;
        }
        self.with_send(|engine, buffer| {
            let done = engine.put_association(ctx, who, mark, buffer);
            bytes::zeroise(buffer);
            done
        })
    }

    fn put_association(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        mark: [u8; 4],
        buffer: &mut [u8],
    ) -> Result<(), Error> {
        let backend = self.backend().ok_or(Error::State)?;
        let room = buffer.get_mut(HEAD.saturating_add(ASSOCIATION_HEAD)..).ok_or(Error::Full)?;
        let saved = backend.save(ctx.port, who as u8, room)?;
        bytes::put(buffer, HEAD, &mark)?;
        bytes::put(buffer, HEAD + 4, &self.server_id(who).to_be_bytes())?;
        bytes::put(buffer, HEAD + 6, &self.credentials_checksum(who).to_be_bytes())?;
        self.save_record(ctx, who, ASSOCIATION, buffer, ASSOCIATION_HEAD.saturating_add(saved))
    }

    /// Takes a session up where the last life left it. `None` where there is none that fits the account.
    fn load_association(&mut self, ctx: &mut Context<'_>, who: usize) -> Result<Option<Progress>, Error> {
        let (progress_slots, length) = self.load_record(ctx, who, PROGRESS)?;
        let progress = self.send.get(HEAD..HEAD.wrapping_add(length)).map(Progress::get);
        let found = self.load_record(ctx, who, ASSOCIATION);
        let slots = found.map_or(Slots::NONE, |(slots, _)| slots);
        if let Some(session) = self.session(who) {
            session.kept.slots = Some([slots, progress_slots, Slots::NONE]);
            // until it is known to fit, it is there to be removed
            session.kept.saved = slots != Slots::NONE || found.is_err();
        }
        let loaded = match (progress, found) {
            (Some(Ok(progress)), Ok((_, length))) => self.take_association(ctx, who, length, progress),
            (_, Err(error)) => Err(error),
            _ => Ok(None),
        };
        bytes::zeroise(self.send);
        loaded
    }

    /// Has the backend load the association that lies in the send buffer, if it is the one of that progress and account.
    fn take_association(
        &self,
        ctx: &Context<'_>,
        who: usize,
        length: usize,
        progress: Progress,
    ) -> Result<Option<Progress>, Error> {
        let backend = self.backend().ok_or(Error::State)?;
        let content = self.send.get(HEAD..HEAD.wrapping_add(length)).unwrap_or(&[]);
        let Some((head, data)) = content.split_first_chunk::<ASSOCIATION_HEAD>() else { return Ok(None) };
        let [m3, m2, m1, m0, s1, s0, c3, c2, c1, c0] = *head;
        let (lowest, highest) = self.config.versions;
        let fits = u32::from_be_bytes([m3, m2, m1, m0]) == progress.mark
            && u16::from_be_bytes([s1, s0]) == progress.server
            && progress.server == self.server_id(who)
            && (lowest..=highest).contains(&progress.version)
            && u32::from_be_bytes([c3, c2, c1, c0]) == self.credentials_checksum(who);
        if !fits {
            return Ok(None);
        }
        let loaded = self
            .with_setup(who, |setup| backend.load(ctx.port, who as u8, setup, data, progress.reserved))
            .and_then(|loaded| loaded);
        Ok(loaded.is_ok().then_some(progress))
    }
}

/// The part of a client that keeps, and what it remembers of its records.
pub struct Keeper<'a> {
    pub(super) storage: &'a dyn Storage,
    pub(super) settings: Settings,
    /// Stores the objects, once the application has asked for what was stored.
    storing: Cell<Option<&'static dyn Storing>>,
}

impl<'a> Keeper<'a> {
    /// Nothing was looked at yet.
    pub fn new(storage: &'a dyn Storage) -> Self {
        Self { storage, settings: Settings::new(), storing: Cell::new(None) }
    }

    /// Of an account without security there is the registration alone: whether it can be gone on with.
    fn restore_clear(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> bool {
        let found = engine.load_record(ctx, who, PROGRESS);
        let slots = found.map_or(Slots::NONE, |(slots, _)| slots);
        let mark = engine.credentials_checksum(who);
        if let Some(session) = engine.session(who) {
            session.kept.slots = Some([Slots::NONE, slots, Slots::NONE]);
            session.kept.mark = mark;
        }
        let length = match found {
            Ok((_, length)) => length,
            Err(error) => {
                engine.tell_storage(ctx, who, error);
                return false;
            }
        };
        let progress = engine.send.get(HEAD..HEAD.wrapping_add(length)).map(Progress::get);
        let (lowest, highest) = engine.config.versions;
        match progress {
            Some(Ok(progress))
                if progress.mark == mark
                    && progress.server == engine.server_id(who)
                    && (lowest..=highest).contains(&progress.version) =>
            {
                let known = engine.take_up(ctx, who, &progress);
                // the next life goes on beyond what this one will send
                if let Err(error) = engine.save_progress(ctx, who) {
                    engine.tell_storage(ctx, who, error);
                }
                known
            }
            _ => false,
        }
    }

    fn keep_clear(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(session) = engine.session(who) else { return };
        if session.kept.slots.is_none() {
            return;
        }
        if session.kept.saved {
            return self.refresh(engine, ctx, who);
        }
        session.kept.saved = true;
        session.kept.observations = NOTHING;
        session.kept.dirty = false;
        engine.reporting_changed = true;
        if let Err(error) = engine.save_progress(ctx, who) {
            engine.tell_storage(ctx, who, error);
        }
    }

    /// There is no association in storage: any number may be used.
    fn unbind(&self, engine: &mut Engine<'_>, who: usize) {
        if let Some(session) = engine.session(who) {
            session.kept.saved = false;
            session.kept.reserved = Session::CLEAR.kept.reserved;
        }
    }
}

impl Keeping for Keeper<'_> {
    fn touched(&self, engine: &Engine<'_>, path: Path) {
        if let Some(storing) = self.storing.get() {
            storing.touched(self, engine, path);
        }
    }

    fn flush(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, buffer: &mut [u8]) {
        // what a session has staged is stored when it ends well
        if self.settings.is_due(ctx.now)
            && engine.settled().is_ok()
            && let Err(error) = self.store(engine, ctx, buffer)
        {
            self.settings.again(ctx.now);
            engine.tell(ctx, Event::new(EventCode::StorageFailed, 0).why(error.to_c()));
        }
    }

    fn store(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, buffer: &mut [u8]) -> Result<(), Error> {
        self.storing.get().map_or(Ok(()), |storing| storing.store(self, engine, ctx, buffer))
    }

    fn load(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        storing: &'static dyn Storing,
    ) -> Result<usize, Error> {
        if engine.accounts.iter().any(|account| account.state != State::Free) {
            return Err(Error::State);
        }
        let loaded = storing.load(self, engine, ctx);
        // what could not be read is not to be written over
        if matches!(loaded, Ok(_) | Err(Error::NotFound)) {
            self.storing.set(Some(storing));
        }
        loaded
    }

    fn erase(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        storing: &'static dyn Storing,
    ) -> Result<(), Error> {
        storing.erase(self, ctx)?;
        self.storing.set(None);
        for who in 0..engine.sessions.len() {
            // the association last of all: with it gone, the rest is nothing
            for kind in [ASSOCIATION, PROGRESS, OBSERVATIONS] {
                storage::remove(self.storage, ctx.port, record(who, kind), Slots::NONE)?;
            }
            self.unbind(engine, who);
            if let Some(session) = engine.session(who) {
                // what lives on is not kept any more
                session.asked = true;
                session.kept.slots = None;
            }
        }
        Ok(())
    }

    fn storage(&self) -> &dyn Storage {
        self.storage
    }

    fn restore(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> bool {
        match engine.session(who) {
            Some(session) if !session.asked => session.asked = true,
            _ => return false,
        }
        if engine.accounts.get(who).is_some_and(Account::is_bootstrap) {
            return false;
        }
        if engine.phase(who) == Phase::Clear {
            return self.restore_clear(engine, ctx, who);
        }
        let Some(backend) = engine.backend() else { return false };
        if backend.capabilities(ctx.port) & can::SAVE == 0 {
            return false;
        }
        let progress = match engine.load_association(ctx, who) {
            Ok(Some(progress)) => progress,
            other => {
                if let Err(error) = other {
                    engine.tell_storage(ctx, who, error);
                }
                self.discard(engine, ctx, who);
                return false;
            }
        };
        let standing = backend.state(ctx.port, who as u8);
        let mtu = engine.mtu(who);
        if let Some(session) = engine.session(who) {
            session.establish(&standing, mtu);
            session.loaded = true;
        }
        let known = engine.take_up(ctx, who, &progress);
        if let Some(session) = engine.session(who) {
            session.registered = known;
        }
        engine.tell_about(ctx, who, EventCode::Resumed, standing.ciphersuite.into());
        true
    }

    fn keep(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        if engine.phase(who) == Phase::Clear {
            return self.keep_clear(engine, ctx, who);
        }
        let Some(backend) = engine.backend() else { return };
        // our number stays
        let texts = engine.accounts.get(who).is_some_and(|account| account.texts);
        let Some(session) = engine.session(who).filter(|session| session.phase == Phase::Established) else {
            return;
        };
        if core::mem::take(&mut session.loaded) {
            backend.fence(ctx.port, who as u8);
        }
        if session.kept.saved {
            return self.refresh(engine, ctx, who);
        }
        // without a Connection ID the server would not know us after a restart: our address is another one then
        let savable = (session.connection_id || texts)
            && session.kept.slots.is_some()
            && backend.state(ctx.port, who as u8).savable;
        if savable && let Err(error) = engine.save_association(ctx, who) {
            engine.tell_storage(ctx, who, error);
            // whether something was written nobody knows: the reservation holds until it is certainly gone
            self.discard(engine, ctx, who);
            if let (Error::Full, Some(session)) = (error, engine.session(who)) {
                // it will not fit the next time either
                session.kept.slots = None;
            }
        }
    }

    fn refresh(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(kept) = engine.session(who).map(|session| session.kept).filter(|kept| kept.saved) else {
            return;
        };
        if Progress::of(engine, who).is_ok_and(|progress| progress.checksum() != kept.registration)
            && let Err(error) = engine.save_progress(ctx, who)
        {
            engine.tell_storage(ctx, who, error);
        }
    }

    fn observed(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(kept) = engine.sessions.get(who).map(|session| session.kept) else { return };
        if !kept.saved || kept.dirty || kept.observations == engine.observations_checksum(who) {
            return;
        }
        if let Some(session) = engine.session(who) {
            session.kept.dirty = true;
        }
        if let Err(error) = engine.save_progress(ctx, who) {
            engine.tell_storage(ctx, who, error);
            // storage would say otherwise after a power cut
            self.discard(engine, ctx, who);
        }
    }

    fn settle(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        if self.settings.is_due(ctx.now) {
            engine.with_send(|engine, buffer| self.flush(engine, ctx, buffer));
        }
        if !core::mem::take(&mut engine.reporting_changed) {
            return;
        }
        for who in 0..engine.sessions.len() {
            self.observed(engine, ctx, who);
            if engine.sessions.get(who).is_some_and(|session| session.kept.saved && session.kept.dirty)
                && let Err(error) = engine.save_observations(ctx, who)
            {
                // they stay untrusted: after a power cut the client registers
                engine.tell_storage(ctx, who, error);
            }
        }
    }

    fn reserve(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> Result<(), Error> {
        let (Some(backend), Some(session)) = (engine.backend(), engine.sessions.get(who)) else {
            return Ok(());
        };
        let before = session.kept.reserved;
        if before == u64::MAX {
            return Ok(());
        }
        let sequence = backend.state(ctx.port, who as u8).sequence;
        if sequence.saturating_add(MARGIN) < before {
            return Ok(());
        }
        if let Some(session) = engine.session(who) {
            session.kept.reserved = sequence.saturating_add(RESERVED);
        }
        let done = engine.save_progress(ctx, who);
        if let Err(error) = done {
            if let Some(session) = engine.session(who) {
                session.kept.reserved = before;
            }
            engine.tell_storage(ctx, who, error);
        }
        done
    }

    fn discard(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let storage = self.storage;
        if engine.phase(who) == Phase::Clear {
            if engine.session(who).is_some_and(|session| core::mem::take(&mut session.kept.saved))
                && let Err(error) = storage::remove(storage, ctx.port, record(who, PROGRESS), Slots::NONE)
            {
                engine.tell_storage(ctx, who, error);
            }
            return;
        }
        let Some(session) = engine.sessions.get(who) else { return };
        // where nobody looked, there may be one
        let association = match (session.asked, session.kept.slots) {
            (false, _) => Slots::NONE,
            (true, Some([association, ..])) if session.kept.saved => association,
            _ => return self.unbind(engine, who),
        };
        match storage::remove(storage, ctx.port, record(who, ASSOCIATION), association) {
            Ok(()) => self.unbind(engine, who),
            Err(error) => engine.tell_storage(ctx, who, error),
        }
    }
}
