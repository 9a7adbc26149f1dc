//! Bootstrap from a smartcard (TS 1.0 section 5.2.3.2, Appendix G): what its file says goes into the objects one resource at a
//! time, and all of it comes to hold, or nothing.
//!
//! Instances of the objects 0, 1 and 2 that a card brought are marked ([`Instance::is_from_card`]). When its data changes or the card goes,
//! those go and no others. Where an instance of somebody else has the number that the file gives to an account, the
//! account gets another number: numbers of these instances mean something to the bootstrap interface alone.

use super::Bootstrap;
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::format::TLV;
use crate::model::{Change, Instance};
use crate::path::{NONE, Path};
use crate::port::{Event, EventCode};
use crate::time::Instant;
use crate::uicc::file::Item;

/// How many instances of the Server object may get other numbers than the file gives them, while rights name them.
const MOVED: usize = 8;
/// Access Control, `Object ID` of which the rights are: the object that is known by other numbers.
const SERVER: u16 = 1;

/// Where the loading of a file is.
#[derive(Clone, Copy)]
pub struct Loading {
    /// The instance that resources belong to; its object is [`NONE`] where the client does not know it.
    at: Path,
    /// Numbers that the file gives to instances of the Server object, and those that they have got.
    moved: [(u16, u16); MOVED],
    count: usize,
}

impl Loading {
    /// Before the first object.
    pub const BEGIN: Self = Self { at: Path::ROOT, moved: [(NONE, NONE); MOVED], count: 0 };
}

/// Whether an instance came from a card.
fn is_marked(engine: &Engine<'_>, at: Path) -> bool {
    engine.model.instance(at.object, at.instance).is_some_and(Instance::is_from_card)
}

/// The first instance from a card.
fn first_marked(engine: &Engine<'_>) -> Option<Path> {
    let marked = |object| engine.model.instances_of(object).find(|at| at.is_from_card());
    (0..3).find_map(marked).map(|at| Path::instance(at.object, at.id))
}

impl Engine<'_> {
    /// Whether the account in that place came from a card.
    pub(crate) fn is_from_card(&self, who: usize) -> bool {
        self.accounts.get(who).is_some_and(|account| is_marked(self, Path::instance(0, account.security)))
    }

    /// Whether anything that holds came from a card.
    pub(crate) fn has_card_data(&self) -> bool {
        first_marked(self).is_some()
    }
}

impl Bootstrap<'_> {
    /// What came from a card before goes, and what its file says now is written. Until [`Bootstrap::end_load`] all of it can
    /// be undone. [`Error::State`]: a session is under way.
    pub fn begin_load(&self, engine: &mut Engine<'_>) -> Result<(), Error> {
        engine.settled()?;
        self.hold(engine);
        self.loading.set(true);
        while let Some(at) = first_marked(engine) {
            self.log.remember(engine, at)?;
            engine.drop_instance(at.object, at.instance);
        }
        Ok(())
    }

    /// Whether the client was stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// Takes one item of the file; `bytes` are a resource's TLV.
    pub fn load(
        &self,
        engine: &mut Engine<'_>,
        loading: &mut Loading,
        item: &Item,
        bytes: &[u8],
    ) -> Result<(), Error> {
        match item {
            Item::Object { id, version } => {
                let mine = engine.model.object(*id).filter(|mine| mine.version().0 == version.0);
                // optional objects may be unknown, but for access control of several servers (TS 1.0 section 5.2.6)
                self.uncontrolled.set(self.uncontrolled.get() || (mine.is_none() && *id == 2));
                loading.at = Path::object(if mine.is_some() { *id } else { NONE });
                Ok(())
            }
            Item::Instance { id } if loading.at.object != NONE => self.load_instance(engine, loading, *id),
            Item::Resource if loading.at.object != NONE => self.load_resource(engine, loading, bytes),
            _ => Ok(()),
        }
    }

    fn load_instance(&self, engine: &mut Engine<'_>, loading: &mut Loading, named: u16) -> Result<(), Error> {
        let object = loading.at.object;
        let taken = object < 3 && engine.model.instance(object, named).is_some();
        let id = if taken { engine.model.free_id(object).ok_or(Error::Full)? } else { named };
        if object == SERVER && id != named {
            *loading.moved.get_mut(loading.count).ok_or(Error::Full)? = (named, id);
            loading.count = loading.count.wrapping_add(1);
        }
        loading.at = Path::instance(object, id);
        let change = Change { format: &TLV, base: loading.at, payload: &[], replace: true };
        self.impose(engine, &change, &mut [])?;
        if let Some(instance) = engine.model.instance(object, id).filter(|_| object < 3) {
            instance.mark_from_card();
        }
        Ok(())
    }

    fn load_resource(&self, engine: &mut Engine<'_>, loading: &Loading, bytes: &[u8]) -> Result<(), Error> {
        // bit 6 of a TLV's type: the identifier has two octets (TS 1.0 section 6.4.3)
        let resource = match *bytes {
            [head, id, ..] if head & 0x20 == 0 => id.into(),
            [_, high, low, ..] => u16::from_be_bytes([high, low]),
            _ => return Err(Error::Malformed),
        };
        let base = Path { resource, ..loading.at };
        let change = Change { format: &TLV, base, payload: bytes, replace: true };
        match self.impose(engine, &change, &mut []) {
            // a resource that the client does not know, or that nobody writes
            Err(Error::NotFound | Error::NotAllowed) => Ok(()),
            done => done,
        }
    }

    /// The file was read as a whole: what it says holds from now on if it is consistent. After an error all is as before.
    pub fn end_load(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        loading: &Loading,
    ) -> Result<(), Error> {
        rename(engine, loading);
        let done = self.settle_loaded(engine, ctx);
        if done.is_err() {
            self.give_back(engine, ctx);
        }
        self.loading.set(false);
        self.resume(engine);
        done
    }

    /// The file could not be read: all is as it was.
    pub fn undo_load(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        if self.loading.replace(false) {
            self.give_back(engine, ctx);
        }
    }

    /// All that came from a card goes (TS 1.0 section 5.2.3.2): other accounts stay.
    pub fn remove_card_data(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) -> Result<(), Error> {
        engine.settled()?;
        self.hold(engine);
        let bootstrap = engine.place_of_bootstrap();
        let gone = bootstrap.filter(|who| engine.is_from_card(*who));
        // nothing of it is to come back: it goes however little room there is for old values
        while let Some(at) = first_marked(engine).filter(|at| at.object == 0) {
            engine.drop_instance(at.object, at.instance);
        }
        if let Some(who) = gone {
            engine.release(ctx, who);
            self.purge.set(Instant::NEVER);
        }
        self.take_over(engine, ctx, bootstrap.unwrap_or(usize::MAX));
        // who observed them is told, but for those whose accounts went
        while let Some(at) = first_marked(engine) {
            engine.drop_instance(at.object, at.instance);
            engine.instance_gone(ctx, at);
        }
        // that it cannot be kept is told, and tried again: it must go in any case
        if let Err(error) = engine.with_send(|engine, buffer| engine.save_settings(ctx, buffer)) {
            engine.tell(ctx, Event::new(EventCode::StorageFailed, 0).why(error.to_c()));
        }
        self.resume(engine);
        Ok(())
    }
}

/// Rights name instances of the Server object by the numbers that they have got.
fn rename(engine: &Engine<'_>, loading: &Loading) {
    let Some(access) = engine.config.access else { return };
    let moved = loading.moved.get(..loading.count).unwrap_or(&[]);
    for instance in engine.model.instances_of(2).filter(|at| at.is_from_card()) {
        let Some(mut entry) = access.entry(instance).filter(|entry| entry.object == SERVER) else { continue };
        if let Some((_, id)) = moved.iter().find(|(named, _)| *named == entry.instance) {
            entry.instance = *id;
            access.amend(instance, &entry);
        }
    }
}
