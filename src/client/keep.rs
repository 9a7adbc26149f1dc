//! What outlives a power cut: the DTLS association of each account, and the registration that goes with it.
//!
//! Two records an account. The association is written once a session: keys, Connection ID. What changes along with it is a
//! short record: up to which number records may be sent, and the registration. A number is used only if a higher one is on
//! stable storage, so that after a power cut the session goes on beyond all that was sent. What was received is not written
//! down: a session that was loaded serves nothing until the server has answered our first request, which proves that it is
//! there now, and then all records up to that answer count as received.

use crate::bytes;
use crate::client::account::{LOCATION, Location, changed};
use crate::client::features::{Keeping, Library};
use crate::client::links;
use crate::client::session::{Phase, Session};
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::objects::Binding;
use crate::port::{Event, EventCode};
use crate::secure::can;
use crate::storage::{self, HEAD, Slots, crc32};

/// How many record numbers are reserved at a time: one write of storage for so many messages.
const RESERVED: u64 = 64;
/// How many records a backend may send of its own accord between two looks at its number: alerts, a repeated flight.
const MARGIN: u64 = 8;

/// The first record that belongs to associations; each account has two.
const FIRST_RECORD: u16 = 0x40;
const ASSOCIATION: usize = 0;
const PROGRESS: usize = 1;

/// Bytes before what the backend saved: mark, Short Server ID, checksum of the credentials.
const ASSOCIATION_HEAD: usize = 10;
/// Bytes before the Location-Path: mark, Short Server ID, reserved, lifetime, objects, version, observed, binding.
const PROGRESS_HEAD: usize = 28;

fn record(who: usize, kind: usize) -> u16 {
    FIRST_RECORD.wrapping_add((who as u16).wrapping_shl(1)).wrapping_add(kind as u16)
}

/// What changes along with an association.
struct Progress {
    mark: u32,
    server: u16,
    reserved: u64,
    lifetime: u32,
    /// Checksum of the object list that the server knows.
    objects: u32,
    version: u8,
    /// Whether the server observes something, which does not outlive a power cut: the client then registers anew.
    observed: bool,
    binding: Binding,
    location: Location,
}

impl Progress {
    fn of(engine: &Engine<'_>, who: usize) -> Result<Self, Error> {
        let (account, session) = (engine.accounts.get(who), engine.sessions.get(who));
        let (account, session) = (account.ok_or(Error::State)?, session.ok_or(Error::State)?);
        Ok(Self {
            mark: session.kept.mark,
            server: account.short_server_id,
            reserved: session.kept.reserved,
            lifetime: account.lifetime,
            objects: engine.objects_checksum(),
            version: account.version,
            observed: engine.observations.iter().any(|place| place.is_of(who)),
            binding: account.binding,
            location: account.location,
        })
    }

    /// Writes it behind the head of a record; gives its length.
    fn put(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut letters = [b' '; 4];
        bytes::copy(
            letters.get_mut(..self.binding.as_str().len()).ok_or(Error::Full)?,
            self.binding.as_str().as_bytes(),
        );
        bytes::put(buffer, HEAD, &self.mark.to_be_bytes())?;
        bytes::put(buffer, HEAD + 4, &self.server.to_be_bytes())?;
        bytes::put(buffer, HEAD + 6, &self.reserved.to_be_bytes())?;
        bytes::put(buffer, HEAD + 14, &self.lifetime.to_be_bytes())?;
        bytes::put(buffer, HEAD + 18, &self.objects.to_be_bytes())?;
        bytes::put(buffer, HEAD + 22, &[self.version, self.observed.into()])?;
        bytes::put(buffer, HEAD + 24, &letters)?;
        let location = self.location.as_bytes();
        bytes::put(buffer, HEAD + PROGRESS_HEAD, location)?;
        Ok(PROGRESS_HEAD.wrapping_add(location.len()))
    }

    fn get(content: &[u8]) -> Result<Self, Error> {
        let (head, location) = content.split_first_chunk::<PROGRESS_HEAD>().ok_or(Error::Malformed)?;
        let word = |at: usize| {
            let bytes = head.get(at..).and_then(|rest| rest.first_chunk::<4>());
            u32::from_be_bytes(bytes.copied().unwrap_or_default())
        };
        let [_, _, _, _, s1, s0, ..] = *head;
        let letters = head.get(24..).and_then(|letters| core::str::from_utf8(letters).ok());
        Ok(Self {
            mark: word(0),
            server: u16::from_be_bytes([s1, s0]),
            reserved: u64::from(word(6)) << 32 | u64::from(word(10)),
            lifetime: word(14),
            objects: word(18),
            version: head.get(22).copied().unwrap_or(0),
            observed: head.get(23) != Some(&0),
            binding: Binding::parse(letters.unwrap_or("").trim_ascii_end())?,
            location: Location::from_bytes(location)?,
        })
    }

    /// What tells one registration from another.
    fn checksum(&self) -> u32 {
        let mut image = [0; HEAD + PROGRESS_HEAD + LOCATION];
        let length = Self { reserved: 0, ..*self }.put(&mut image).unwrap_or(0);
        crc32(u32::MAX, image.get(HEAD..HEAD.wrapping_add(length)).unwrap_or(&[]))
    }
}

impl Engine<'_> {
    /// A checksum of what a Register would tell of objects and instances.
    fn objects_checksum(&self) -> u32 {
        let mut crc = u32::MAX;
        for object in links::listed(&self.model) {
            let ([high, low], (major, minor)) = (object.id().to_be_bytes(), object.version());
            crc = crc32(crc, &[high, low, major, minor]);
            for instance in self.model.instances_of(object.id()) {
                crc = crc32(crc, &instance.id.to_be_bytes());
            }
        }
        crc
    }

    /// A checksum of what an account is secured with.
    fn credentials_checksum(&self, who: usize) -> u32 {
        self.security_row(who).map_or(0, |row| {
            row.credentials(|uri, given| {
                let fields =
                    [uri, given.identity, given.server_key, given.secret_key, given.sni, given.ciphersuites];
                let numbers = crc32(u32::MAX, &[given.mode, given.usage, given.matching]);
                fields
                    .iter()
                    .fold(numbers, |crc, field| crc32(crc32(crc, &(field.len() as u32).to_be_bytes()), field))
            })
        })
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
        let storage = self.config.features.storage.ok_or(Error::NotSupported)?;
        let found = storage::load(storage, ctx.port, record(who, kind), self.send)?;
        if found.damaged {
            self.tell_storage(ctx, who, Error::Malformed);
        }
        Ok((found.slots, found.length.unwrap_or(0)))
    }

    /// Writes the `length` bytes that stand in the send buffer.
    fn save_record(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        kind: usize,
        length: usize,
    ) -> Result<(), Error> {
        let storage = self.config.features.storage.ok_or(Error::NotSupported)?;
        let session = self.sessions.get_mut(who).ok_or(Error::State)?;
        let slots = session.kept.slots.as_mut().and_then(|slots| slots.get_mut(kind)).ok_or(Error::State)?;
        storage::save(storage, ctx.port, record(who, kind), slots, self.send, length)
    }

    fn save_progress(&mut self, ctx: &mut Context<'_>, who: usize) -> Result<(), Error> {
        let progress = Progress::of(self, who)?;
        // the buffer of responses may hold one just now
        let mut own = [0; HEAD + PROGRESS_HEAD + LOCATION];
        let length = progress.put(&mut own)?;
        let storage = self.config.features.storage.ok_or(Error::NotSupported)?;
        let session = self.sessions.get_mut(who).ok_or(Error::State)?;
        let slots =
            session.kept.slots.as_mut().and_then(|slots| slots.get_mut(PROGRESS)).ok_or(Error::State)?;
        storage::save(storage, ctx.port, record(who, PROGRESS), slots, &mut own, length)?;
        session.kept.registration = progress.checksum();
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
        session.kept.saved = true;
        self.save_progress(ctx, who)?;
        let head = self.send.get_mut(HEAD.saturating_add(ASSOCIATION_HEAD)..).ok_or(Error::Full)?;
        let saved = backend.save(ctx.port, who as u8, head)?;
        let (server, credentials) = (self.server_id(who), self.credentials_checksum(who));
        bytes::put(self.send, HEAD, &mark)?;
        bytes::put(self.send, HEAD + 4, &server.to_be_bytes())?;
        bytes::put(self.send, HEAD + 6, &credentials.to_be_bytes())?;
        let done = self.save_record(ctx, who, ASSOCIATION, ASSOCIATION_HEAD.saturating_add(saved));
        bytes::zeroise(self.send);
        done
    }

    /// Takes a session up where the last life left it. `None` where there is none that fits the account.
    fn load_association(&mut self, ctx: &mut Context<'_>, who: usize) -> Result<Option<Progress>, Error> {
        let backend = self.backend().ok_or(Error::State)?;
        let (progress_slots, length) = self.load_record(ctx, who, PROGRESS)?;
        let progress = self.send.get(HEAD..HEAD.wrapping_add(length)).map(Progress::get);
        let (slots, length) = self.load_record(ctx, who, ASSOCIATION)?;
        if let Some(session) = self.session(who) {
            session.kept.slots = Some([slots, progress_slots]);
        }
        let Some(Ok(progress)) = progress.filter(|_| length != 0) else { return Ok(None) };
        let content = self.send.get(HEAD..HEAD.wrapping_add(length)).unwrap_or(&[]);
        let Some((head, data)) = content.split_first_chunk::<ASSOCIATION_HEAD>() else { return Ok(None) };
        let [m3, m2, m1, m0, s1, s0, c3, c2, c1, c0] = *head;
        let fits = u32::from_be_bytes([m3, m2, m1, m0]) == progress.mark
            && u16::from_be_bytes([s1, s0]) == progress.server
            && progress.server == self.server_id(who)
            && u32::from_be_bytes([c3, c2, c1, c0]) == self.credentials_checksum(who);
        if !fits {
            return Ok(None);
        }
        let loaded = self
            .with_setup(who, |setup| backend.load(ctx.port, who as u8, setup, data, progress.reserved))
            .and_then(|loaded| loaded);
        bytes::zeroise(self.send);
        Ok(loaded.is_ok().then_some(progress))
    }
}

impl Keeping for Library {
    fn restore(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> bool {
        let Some(backend) = engine.backend() else { return false };
        match engine.session(who) {
            Some(session) if !session.asked => session.asked = true,
            _ => return false,
        }
        if backend.capabilities(ctx.port) & can::SAVE == 0 {
            return false;
        }
        let progress = match engine.load_association(ctx, who) {
            Ok(Some(progress)) => progress,
            Ok(None) => return false,
            Err(error) => {
                engine.tell_storage(ctx, who, error);
                return false;
            }
        };
        let standing = backend.state(ctx.port, who as u8);
        if !standing.connection_id {
            // our address is a new one, and the server knows us by it: it would not answer
            backend.end(ctx.port, who as u8, ctx.now, crate::secure::end::FORGET);
            return false;
        }
        let objects = engine.objects_checksum();
        let registration = progress.checksum();
        let room = engine.config.mtu.saturating_sub(standing.overhead);
        if let Some(session) = engine.session(who) {
            session.phase = Phase::Established;
            session.room = room;
            session.connection_id = true;
            session.loaded = true;
            session.registered = !progress.observed;
            session.kept.saved = true;
            session.kept.mark = progress.mark;
            session.kept.reserved = progress.reserved;
            session.kept.registration = registration;
        }
        if let Some(account) = engine.account(who) {
            account.location = progress.location;
            account.lifetime = progress.lifetime;
            account.binding = progress.binding;
            account.version = progress.version;
            account.changed = if objects == progress.objects { 0 } else { changed::OBJECTS };
        }
        engine.tell_about(ctx, who, EventCode::Resumed, standing.ciphersuite.into());
        true
    }

    fn keep(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(backend) = engine.backend() else { return };
        let Some(session) = engine.session(who).filter(|session| session.phase == Phase::Established) else {
            return;
        };
        if core::mem::take(&mut session.loaded) {
            backend.fence(ctx.port, who as u8);
        }
        if session.kept.saved {
            return self.refresh(engine, ctx, who);
        }
        let savable = session.kept.slots.is_some() && backend.state(ctx.port, who as u8).savable;
        if savable && let Err(error) = engine.save_association(ctx, who) {
            engine.tell_storage(ctx, who, error);
            if let (Error::Full, Some(session)) = (error, engine.session(who)) {
                // it will not fit the next time either
                session.asked = true;
            }
            // whether something was written nobody knows: the reservation holds until it is certainly gone
            self.discard(engine, ctx, who);
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
        let Some(storage) = engine.config.features.storage else { return };
        let Some(session) = engine.sessions.get(who) else { return };
        let (saved, slots) = (session.kept.saved, session.kept.slots);
        let Some([association, _]) = slots.filter(|_| saved) else { return };
        match storage::remove(storage, ctx.port, record(who, ASSOCIATION), association) {
            Ok(()) => {
                if let Some(session) = engine.session(who) {
                    session.kept.saved = false;
                    session.kept.reserved = Session::CLEAR.kept.reserved;
                }
            }
            Err(error) => engine.tell_storage(ctx, who, error),
        }
    }
}
