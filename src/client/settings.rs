//! What a bootstrap and servers wrote, on stable storage: the objects 0, 1 and 2, and those of the application that ask for it.
//!
//! The instances, one after the other as Object ID, Object Instance ID, length and TLV, are cut into pieces that fit the
//! send buffer, each a record. The manifest says which generation of each piece belongs to it; it is written last, so that
//! after a power cut the old pieces hold or the new ones. A piece that did not change is not written.

use crate::bytes;
use crate::client::account::State;
use crate::client::cards::IDENTITY;
use crate::client::features::Storing;
use crate::client::keep::Keeper;
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::format::Window;
use crate::model::definition::KEPT;
use crate::model::{Instance, impose};
use crate::path::{NONE, Path};
use crate::port::{Event, EventCode};
use crate::storage::{self, HEAD, Slots, crc32};
use crate::time::Instant;
use core::cell::Cell;

/// The record of the manifest; the pieces follow.
const MANIFEST: u16 = 128;
/// How many pieces there can be.
const PIECES: usize = 12;
/// How long after a failure storage is tried again, in milliseconds.
const AGAIN_MS: u64 = 60_000;
/// The version of what the records hold: with FORMAT_CARD some of it came from a card.
const FORMAT: u8 = 1;
const FORMAT_CARD: u8 = 2;
/// Bytes of a manifest before its lists: version, pieces, accounts, whether the bootstrap server's account is to go.
const MANIFEST_HEAD: usize = 4;
/// Bytes for each piece: generation, whether it begins with an instance.
const PIECE: usize = 5;
/// Bytes before the TLV of an instance.
const ITEM: usize = 6;
/// Beside the length of an instance of the objects 0 to 2: it came from a card.
const CARD: u16 = 0x8000;
/// A manifest with all pieces, 32 accounts and a card.
const LARGEST: usize = HEAD + MANIFEST_HEAD + PIECE * PIECES + 2 * 32 + IDENTITY;

/// One piece as it lies in storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    generation: u32,
    crc: u32,
    begins: bool,
}

/// The pieces as they are after a write, how many there are, and whether any was written.
type Written = ([Piece; PIECES], usize, bool);

/// What a manifest says beside its pieces.
struct Manifest {
    /// The Security instance of each account, by its place.
    named: [u16; 32],
    /// Whether the bootstrap server's account is to go.
    purges: bool,
    /// Whether a slot of it was not whole.
    damaged: bool,
    /// The card that something came from.
    card: Option<[u8; IDENTITY]>,
}

/// What is known of the records.
pub struct Settings {
    changed: Cell<bool>,
    /// No write before: the last one failed.
    after: Cell<Instant>,
    manifest: Cell<Slots>,
    /// A write failed: what storage holds has to be looked at again.
    unsure: Cell<bool>,
    pieces: Cell<[Piece; PIECES]>,
    count: Cell<usize>,
    /// Of the accounts, as they were written down.
    places: Cell<u32>,
}

impl Settings {
    /// Nothing is known.
    pub const fn new() -> Self {
        Self {
            changed: Cell::new(false),
            after: Cell::new(Instant::ZERO),
            manifest: Cell::new(Slots::NONE),
            unsure: Cell::new(false),
            pieces: Cell::new([Piece { generation: 0, crc: 0, begins: true }; PIECES]),
            count: Cell::new(0),
            places: Cell::new(0),
        }
    }

    /// Whether something is to be stored now.
    pub fn is_due(&self, now: Instant) -> bool {
        self.changed.get() && now >= self.after.get()
    }

    /// It could not be stored: another try follows, not at once.
    pub fn again(&self, now: Instant) {
        self.changed.set(true);
        self.after.set(now.after(AGAIN_MS));
    }
}

const fn record(piece: usize) -> u16 {
    MANIFEST.wrapping_add(1).wrapping_add(piece as u16)
}

/// Whether an instance belongs to the settings.
fn belongs(engine: &Engine<'_>, instance: &Instance) -> bool {
    instance.object < 3
        || engine.model.object(instance.object).is_some_and(|object| object.flags() & KEPT != 0)
}

/// Writes all instances into a window; tells where each ends.
fn write<'w>(
    engine: &Engine<'_>,
    mut window: Window<'w>,
    ended: &mut dyn FnMut(usize),
) -> Result<Window<'w>, Error> {
    for instance in engine.model.instances().filter(|instance| belongs(engine, instance)) {
        let length = impose::keep(&engine.model, instance, Window::new(&mut [], 0), false)?.total();
        // where it is put together again
        if length.saturating_add(ITEM).saturating_add(HEAD) > engine.outgoing.len() {
            return Err(Error::Full);
        }
        window.big_endian(instance.object.into(), 2);
        window.big_endian(instance.id.into(), 2);
        let marked = instance.object < 3 && instance.is_from_card();
        let length = u16::try_from(length).map_err(|_| Error::Full)?;
        if instance.object < 3 && length >= CARD {
            return Err(Error::Full);
        }
        window.big_endian((length | if marked { CARD } else { 0 }).into(), 2);
        window = impose::keep(&engine.model, instance, window, false)?;
        ended(window.total());
    }
    Ok(window)
}

impl Keeper<'_> {
    fn store_all(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, buffer: &mut [u8]) -> Result<(), Error> {
        let settings = &self.settings;
        settings.changed.set(false);
        if settings.unsure.get() {
            match self.read_manifest(ctx) {
                Ok(_) | Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        engine.refresh_presence();
        let done = self.store_pieces(engine, ctx, buffer);
        bytes::zeroise(buffer);
        let (pieces, count, written) = done?;
        let places = places_checksum(engine);
        if written || count != settings.count.get() || places != settings.places.get() {
            self.store_manifest(engine, ctx, &pieces, count)?;
            for piece in count..settings.count.get() {
                // keys of accounts that are gone; that nobody can read them is no reason to fail
                let _ = storage::remove(self.storage, ctx.port, record(piece), Slots::NONE);
            }
        }
        settings.pieces.set(pieces);
        settings.count.set(count);
        settings.places.set(places);
        Ok(())
    }

    fn store_pieces(
        &self,
        engine: &Engine<'_>,
        ctx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Result<Written, Error> {
        let mut pieces = self.settings.pieces.get();
        let (mut count, mut start, mut begins, mut written) = (0usize, 0usize, true, false);
        loop {
            let (_, room) = buffer.split_first_chunk_mut::<HEAD>().ok_or(Error::Full)?;
            let end = start.saturating_add(room.len());
            let mut cut = start;
            let window = write(engine, Window::new(room, start), &mut |ended| {
                // the end of a long instance ends its piece
                if ended <= end && (begins || cut == start) {
                    cut = ended;
                }
            })?;
            let total = window.total();
            // an instance that is longer than a piece goes on in the next one
            let whole = cut > start || total <= start;
            let stop = if whole { cut.max(start) } else { end.min(total) };
            let length = stop.saturating_sub(start);
            let crc = crc32(u32::MAX, window.kept().get(..length).unwrap_or(&[]));
            let piece = pieces.get_mut(count).ok_or(Error::Full)?;
            if count >= self.settings.count.get() || piece.crc != crc || piece.begins != begins {
                let generation = piece.generation.wrapping_add(1);
                storage::save_as(self.storage, ctx.port, record(count), generation, buffer, length)?;
                *piece = Piece { generation, crc, begins };
                written = true;
            }
            (count, start, begins) = (count.wrapping_add(1), stop, whole);
            if stop >= total {
                return Ok((pieces, count, written));
            }
        }
    }

    fn store_manifest(
        &self,
        engine: &Engine<'_>,
        ctx: &mut Context<'_>,
        pieces: &[Piece; PIECES],
        count: usize,
    ) -> Result<(), Error> {
        let mut image = [0u8; LARGEST];
        let places = engine.accounts.len();
        let card = identity(engine);
        let format = if card.is_some() { FORMAT_CARD } else { FORMAT };
        bytes::put(&mut image, HEAD, &[format, count as u8, places as u8, purges(engine).into()])?;
        let mut at = HEAD + MANIFEST_HEAD;
        for piece in pieces.iter().take(count) {
            bytes::put(&mut image, at, &piece.generation.to_be_bytes())?;
            bytes::put(&mut image, at.wrapping_add(4), &[piece.begins.into()])?;
            at = at.wrapping_add(PIECE);
        }
        for account in engine.accounts.iter() {
            bytes::put(&mut image, at, &security_of(account).to_be_bytes())?;
            at = at.wrapping_add(2);
        }
        if let Some(card) = card {
            bytes::put(&mut image, at, &card)?;
            at = at.wrapping_add(IDENTITY);
        }
        let mut slots = self.settings.manifest.get();
        self.settings.unsure.set(true);
        storage::save(self.storage, ctx.port, MANIFEST, &mut slots, &mut image, at.saturating_sub(HEAD))?;
        self.settings.unsure.set(false);
        self.settings.manifest.set(slots);
        Ok(())
    }

    fn tell_damage(&self, ctx: &mut Context<'_>) {
        ctx.port.event(Event::new(EventCode::StorageFailed, 0).why(Error::Malformed.to_c()));
    }

    /// Reads the manifest: how many accounts it names, and which instances of the Security object they have.
    fn read_manifest(&self, ctx: &mut Context<'_>) -> Result<Manifest, Error> {
        let settings = &self.settings;
        let mut image = [0u8; LARGEST];
        let found = storage::load(self.storage, ctx.port, MANIFEST, &mut image)?;
        settings.manifest.set(found.slots);
        settings.unsure.set(false);
        settings.count.set(0);
        if found.length.is_none() && found.damaged {
            // the first one that was ever written was cut short, or all is lost: both mean to begin anew
            self.tell_damage(ctx);
        }
        let length = found.length.ok_or(Error::NotFound)?;
        let content = image.get(HEAD..HEAD.wrapping_add(length)).unwrap_or(&[]);
        match self.take_manifest(content, found.damaged) {
            // whole, and yet not one of ours
            Err(Error::Malformed) => {
                self.tell_damage(ctx);
                Err(Error::NotFound)
            }
            taken => taken,
        }
    }

    fn take_manifest(&self, content: &[u8], damaged: bool) -> Result<Manifest, Error> {
        let settings = &self.settings;
        let ([format, count, places, purges], lists) =
            content.split_first_chunk::<MANIFEST_HEAD>().ok_or(Error::Malformed)?;
        let (lists, card) = match *format {
            FORMAT => (lists, None),
            FORMAT_CARD => lists
                .split_last_chunk::<IDENTITY>()
                .map(|(lists, card)| (lists, Some(*card)))
                .ok_or(Error::Malformed)?,
            _ => return Err(Error::NotSupported),
        };
        let mut pieces = settings.pieces.get();
        let (generations, securities) = lists
            .split_at_checked(PIECE.saturating_mul((*count).into()))
            .filter(|(_, rest)| rest.len() == usize::from(*places).saturating_mul(2))
            .ok_or(Error::Malformed)?;
        for (at, bytes) in generations.as_chunks::<PIECE>().0.iter().enumerate() {
            let [g3, g2, g1, g0, begins] = *bytes;
            // what it holds is not known before it is read, so that the next write writes it
            let piece = pieces.get_mut(at).ok_or(Error::Malformed)?;
            *piece = Piece { generation: u32::from_be_bytes([g3, g2, g1, g0]), crc: 0, begins: begins != 0 };
        }
        settings.pieces.set(pieces);
        settings.count.set((*count).into());
        let mut named = [NONE; 32];
        for (place, id) in named.iter_mut().zip(securities.as_chunks::<2>().0) {
            *place = u16::from_be_bytes(*id);
        }
        Ok(Manifest { named, purges: *purges != 0, damaged, card })
    }

    fn load_all(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) -> Result<usize, Error> {
        let Manifest { named, purges, mut damaged, card } = self.read_manifest(ctx)?;
        let room = core::mem::take(&mut engine.outgoing);
        engine.server.open.set(true);
        damaged |= self.load_pieces(engine, ctx, room);
        engine.server.open.set(false);
        bytes::zeroise(room);
        engine.outgoing = room;
        if damaged {
            self.tell_damage(ctx);
        }
        let mut accounts = 0usize;
        for (who, security) in named.iter().enumerate().take(engine.accounts.len()) {
            accounts = accounts.wrapping_add(engine.account_of(ctx.now, who, *security).into());
        }
        // those that power went before they had a place
        let mut after = None;
        while let Some(security) = engine.next_security(after) {
            after = Some(security);
            let known = engine.accounts.iter().any(|account| security_of(account) == security);
            let free = engine.accounts.iter().position(|account| account.state == State::Free);
            if let (false, Some(who)) = (known, free) {
                accounts = accounts.wrapping_add(engine.account_of(ctx.now, who, security).into());
            }
        }
        engine.drop_halves();
        if accounts == 0 {
            // without any, the factory's are needed, and its rights
            loop {
                let first = engine.model.instances_of(2).next().map(|at| at.id);
                let Some(id) = first else { break };
                engine.drop_instance(2, id);
            }
            return Err(Error::NotFound);
        }
        // without an account what the card says is needed again, though it is what it was
        if let (Some(carding), Some(card)) = (engine.config.features.carding, card) {
            carding.adopt(card);
        }
        self.settings.places.set(places_checksum(engine));
        if let Some(bootstrapping) = engine.config.features.bootstrapping {
            bootstrapping.arrange(engine, ctx, purges);
        }
        Ok(accounts)
    }

    /// Reads piece by piece, and puts back each instance that is complete. Whether something was damaged.
    fn load_pieces(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, room: &mut [u8]) -> bool {
        let mut pieces = self.settings.pieces.get();
        let (mut damaged, mut have, mut lost) = (false, 0usize, false);
        for (at, piece) in pieces.iter_mut().enumerate().take(self.settings.count.get()) {
            if piece.begins {
                // what is left of an instance before has lost its end
                damaged |= have != 0;
                (have, lost) = (0, false);
            }
            let image = room.get_mut(have..).unwrap_or(&mut []);
            match storage::load_as(self.storage, ctx.port, record(at), piece.generation, image) {
                Ok(length) => {
                    for step in 0..length {
                        let byte = image.get(HEAD.wrapping_add(step)).copied().unwrap_or(0);
                        if let Some(place) = image.get_mut(step) {
                            *place = byte;
                        }
                    }
                    piece.crc = crc32(u32::MAX, image.get(..length).unwrap_or(&[]));
                    have = have.saturating_add(length);
                }
                Err(_) => (damaged, lost) = (true, true),
            }
            if lost {
                have = 0;
                continue;
            }
            let (used, whole) = put_back_all(engine, room.get(..have).unwrap_or(&[]));
            damaged |= !whole;
            for step in used..have {
                let byte = room.get(step).copied().unwrap_or(0);
                if let Some(place) = room.get_mut(step.wrapping_sub(used)) {
                    *place = byte;
                }
            }
            have = have.saturating_sub(used);
        }
        self.settings.pieces.set(pieces);
        damaged || have != 0
    }

    /// Removes everything, the manifest first.
    fn erase_all(&self, ctx: &mut Context<'_>) -> Result<(), Error> {
        storage::remove(self.storage, ctx.port, MANIFEST, self.settings.manifest.get())?;
        for piece in 0..PIECES {
            storage::remove(self.storage, ctx.port, record(piece), Slots::NONE)?;
        }
        self.settings.count.set(0);
        self.settings.manifest.set(Slots::NONE);
        Ok(())
    }
}

/// The library's way to store the objects.
pub static SETTINGS: Stored = Stored;

/// See [`SETTINGS`].
pub struct Stored;

impl Storing for Stored {
    fn touched(&self, keeper: &Keeper<'_>, engine: &Engine<'_>, path: Path) {
        let kept = |flags: u8| flags & KEPT != 0;
        if path.object < 3 || engine.model.object(path.object).is_some_and(|object| kept(object.flags())) {
            keeper.settings.changed.set(true);
        }
    }

    fn store(
        &self,
        keeper: &Keeper<'_>,
        engine: &Engine<'_>,
        ctx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Result<(), Error> {
        keeper.store_all(engine, ctx, buffer)
    }

    fn load(
        &self,
        keeper: &Keeper<'_>,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
    ) -> Result<usize, Error> {
        keeper.load_all(engine, ctx)
    }

    fn erase(&self, keeper: &Keeper<'_>, ctx: &mut Context<'_>) -> Result<(), Error> {
        keeper.erase_all(ctx)
    }
}

/// Puts back the instances that are complete; how many bytes they have, and whether each was taken.
fn put_back_all(engine: &mut Engine<'_>, bytes: &[u8]) -> (usize, bool) {
    let (mut rest, mut used, mut whole) = (bytes, 0usize, true);
    while let Some((head, behind)) = rest.split_first_chunk::<ITEM>() {
        let [o1, o0, i1, i0, l1, l0] = *head;
        let object = u16::from_be_bytes([o1, o0]);
        let length = u16::from_be_bytes([l1, l0]);
        let marked = object < 3 && length & CARD != 0;
        let length = usize::from(if marked { length & !CARD } else { length });
        let Some((values, next)) = behind.split_at_checked(length) else { break };
        rest = next;
        used = used.saturating_add(ITEM).saturating_add(length);
        let at = Path::instance(object, u16::from_be_bytes([i1, i0]));
        // an object that the application does not have any more is no damage
        let known = engine.model.object(at.object).is_some();
        whole &= !known || impose::put_back(&mut engine.model, at, values).is_ok();
        if let Some(instance) = engine.model.instance(at.object, at.instance).filter(|_| marked) {
            instance.mark_from_card();
        }
    }
    (used, whole)
}

/// The Security instance of an account; [`NONE`] for a place that is free.
fn security_of(account: &crate::client::Account) -> u16 {
    if account.state == State::Free { NONE } else { account.security }
}

/// The card that something came from.
fn identity(engine: &Engine<'_>) -> Option<[u8; IDENTITY]> {
    engine.config.features.carding.and_then(|carding| carding.identity())
}

/// Whether the time of the bootstrap server's account has begun to run.
fn purges(engine: &Engine<'_>) -> bool {
    engine.config.features.bootstrapping.is_some_and(|bootstrapping| bootstrapping.purges())
}

fn places_checksum(engine: &Engine<'_>) -> u32 {
    let card = identity(engine).map_or(u32::MAX, |card| crc32(u32::MAX, &card));
    let before = crc32(card, &[purges(engine).into()]);
    engine.accounts.iter().fold(before, |crc, account| crc32(crc, &security_of(account).to_be_bytes()))
}

impl Engine<'_> {
    /// Makes the account that had the place, if its instances are whole.
    fn account_of(&mut self, now: Instant, who: usize, security: u16) -> bool {
        let row = self.model.instance(0, security).and_then(|instance| self.security.row(instance));
        let Some(row) = row else { return false };
        let server = row.short_server_id.get();
        let known = match row.bootstrap.get() {
            true => self.place_of_bootstrap().is_some(),
            false => matches!(server, 0 | NONE) || self.place_of_server(server).is_ok(),
        };
        if known {
            // the first one holds
            return false;
        }
        if row.bootstrap.get() {
            self.settle_account(who, 0, security, NONE, Instant::NEVER);
            return true;
        }
        let mine =
            |at: &&Instance| self.server.row(at).is_some_and(|row| row.short_server_id.get() == server);
        let Some(instance) = self.model.instances_of(1).find(mine).map(|at| at.id) else {
            // half an account is none
            self.drop_instance(0, security);
            return false;
        };
        self.settle_account(who, server, security, instance, now);
        true
    }

    /// Instances that are half an account go: the other half was lost.
    fn drop_halves(&mut self) {
        for object in 0..2 {
            loop {
                let used = |at: &&Instance| {
                    self.accounts
                        .iter()
                        .filter(|account| account.state != State::Free)
                        .any(|account| at.id == if object == 0 { account.security } else { account.server })
                };
                let half = self.model.instances_of(object).find(|at| !used(at)).map(|at| at.id);
                let Some(half) = half else { break };
                self.drop_instance(object, half);
            }
        }
    }

    /// The first instance of the Security object behind another.
    pub(crate) fn next_security(&self, after: Option<u16>) -> Option<u16> {
        self.model.instances_of(0).map(|at| at.id).find(|id| after.is_none_or(|after| *id > after))
    }

    /// What the application put into the Security object is instantiated, and nothing else.
    pub(crate) fn refresh_presence(&self) {
        for instance in self.model.instances_of(0) {
            if let Some(row) = self.security.row(instance) {
                instance.present.set(row.presence(instance.present.get()));
            }
        }
    }

    /// Stores the settings now.
    pub(crate) fn save_settings(&mut self, ctx: &mut Context<'_>, buffer: &mut [u8]) -> Result<(), Error> {
        match self.config.features.keeping {
            Some(keeping) => keeping.store(self, ctx, buffer),
            None => Ok(()),
        }
    }

    /// Takes up the settings of the last life; the number of accounts. [`Error::NotFound`] where there are none.
    pub fn load_settings(&mut self, ctx: &mut Context<'_>) -> Result<usize, Error> {
        let keeping = self.config.features.keeping.ok_or(Error::NotSupported)?;
        // only with it the Security object can be read and written
        self.config.features.bootstrapping.ok_or(Error::NotSupported)?;
        keeping.load(self, ctx, &SETTINGS)
    }

    /// Removes the settings.
    pub fn erase_settings(&mut self, ctx: &mut Context<'_>) -> Result<(), Error> {
        let keeping = self.config.features.keeping.ok_or(Error::NotSupported)?;
        keeping.erase(self, ctx, &SETTINGS)
    }
}
