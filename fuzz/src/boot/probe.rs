//! What the client holds at a moment, read from the inside: the objects 0, 1, 2 and the application's, resource by resource.
//!
//! The way in is a part of the client that keeps settings as `whimbrel_persistence` does, but for one thing: asked to load
//! them, it may look at the tree instead.

use crate::world::World;
use crate::world::objects::THING;
use crate::world::port::{storage_read, storage_write};
use std::cell::{Cell, RefCell};
use std::mem::{size_of, transmute_copy};
use whimbrel::capi::{WHIMBREL_OK, whimbrel_client_t, whimbrel_configuration_load, whimbrel_feature_t};
use whimbrel::client::features::{Features, Keeping, Storing};
use whimbrel::client::keep::Keeper;
use whimbrel::client::{Context, Engine};
use whimbrel::error::Error;
use whimbrel::format::{Encoder, TLV, Window};
use whimbrel::model::definition::MULTIPLE;
use whimbrel::model::{Instance, Model, Object, Output};
use whimbrel::path::{NONE, Path};
use whimbrel::port::Port;
use whimbrel::storage::Storage;

/// Room for one instance.
const LARGEST: usize = 2048;

/// Where in an instance's bytes a resource lies; the error where it cannot be read.
type Place = Result<(usize, usize), Error>;

/// One object instance: its resources in the order of the definition, as TLV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Object ID.
    pub object: u16,
    /// Object Instance ID.
    pub id: u16,
    /// Which resources are instantiated. Of the Security object, those that every instance has.
    pub present: u64,
    /// Resource IDs, and where their values lie.
    resources: Vec<(u16, Place)>,
    bytes: Vec<u8>,
}

impl Held {
    /// The value of a single resource.
    pub fn value(&self, resource: u16) -> Option<&[u8]> {
        let (_, place) = self.resources.iter().find(|(id, _)| *id == resource)?;
        let (from, to) = place.ok()?;
        let held = &self.bytes[from..to];
        // type, identifier of one byte, length: none, or one or two bytes
        let head = match held.first()? >> 3 & 3 {
            0 => 2,
            1 => 3,
            _ => 4,
        };
        held.get(head..)
    }

    /// The same as a number that is not negative.
    pub fn number(&self, resource: u16) -> Option<u64> {
        Some(self.value(resource)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }
}

thread_local! {
    static WANTED: RefCell<Option<Vec<Held>>> = const { RefCell::new(None) };
    static NEXT: Cell<*const Probe> = const { Cell::new(std::ptr::null()) };
}

/// Looks at a client with a probe in it. Handlers of the application are not called.
pub fn look(client: *mut whimbrel_client_t) -> Vec<Held> {
    WANTED.set(Some(Vec::new()));
    assert_eq!(unsafe { whimbrel_configuration_load(client) }, WHIMBREL_OK);
    WANTED.take().expect("it was put there")
}

fn take(model: &Model<'_>) -> Vec<Held> {
    let mine = |instance: &&Instance| instance.object < 3 || instance.object == THING;
    let mut buffer = vec![0; LARGEST];
    model
        .instances()
        .filter(mine)
        .map(|instance| {
            let object = model.object(instance.object).expect("an instance has an object");
            let defined = (0..63).filter(|index| object.resource(*index).is_some()).count();
            let known = if instance.object == 0 { 0b11_1111 } else { (1u64 << defined) - 1 };
            let (resources, length) = resources(object, instance, &mut buffer);
            Held {
                object: instance.object,
                id: instance.id,
                present: instance.present.get() & known,
                resources,
                bytes: buffer[..length].to_vec(),
            }
        })
        .collect()
}

/// Reads an instance into `buffer`: what lies where, and how much it is.
fn resources(object: &dyn Object, instance: &Instance, buffer: &mut [u8]) -> (Vec<(u16, Place)>, usize) {
    let (mut all, mut end, mut index) = (Vec::new(), 0, 0);
    while let Some(resource) = object.resource(index) {
        // of object 0 all: which of the optional ones are there follows from their values
        if object.id() == 0 || instance.has(index) {
            let at = Path::resource(instance.object, instance.id, resource.id);
            let mut encoder = Encoder::new(Window::new(&mut buffer[end..], 0), Path::ROOT, false);
            let multiple = resource.is(MULTIPLE);
            let done = object.read(instance, index, &mut Output::new(&TLV, &mut encoder, at, multiple, NONE));
            let length = encoder.window.kept().len();
            assert_eq!(length, encoder.window.total(), "room for all resources");
            all.push((resource.id, done.map(|()| (end, end + length))));
            end += length;
        }
        index += 1;
    }
    (all, end)
}

/// Storage of the world.
struct Drawer(*mut World);
// SAFETY: a world, its client and this live in one thread
unsafe impl Sync for Drawer {}

fn done(status: i32) -> Result<usize, Error> {
    if status < 0 { Err(Error::from_c(status)) } else { Ok(status as usize) }
}

impl Storage for Drawer {
    fn read(&self, _: &dyn Port, slot: u16, buffer: &mut [u8]) -> Result<usize, Error> {
        done(unsafe { storage_read(self.0.cast(), slot, buffer.as_mut_ptr(), buffer.len()) })
    }

    fn write(&self, _: &dyn Port, slot: u16, data: &[u8]) -> Result<(), Error> {
        done(unsafe { storage_write(self.0.cast(), slot, data.as_ptr(), data.len()) }).map(|_| ())
    }
}

/// The probe of one client, which must live as long.
pub struct Probe {
    keeper: Option<Keeper<'static>>,
    drawer: *mut Drawer,
}

impl Probe {
    /// A probe for the next client that is made. `keeps`: settings are stored.
    pub fn new(world: *mut World, keeps: bool) -> Box<Self> {
        let drawer = Box::into_raw(Box::new(Drawer(world)));
        // SAFETY: it goes with the probe
        let storage: &'static Drawer = unsafe { &*drawer };
        let probe = Box::new(Self { keeper: keeps.then(|| Keeper::new(storage)), drawer });
        NEXT.set(&raw const *probe);
        probe
    }

    fn keeper(&self) -> Result<&dyn Keeping, Error> {
        self.keeper.as_ref().map(|keeper| keeper as &dyn Keeping).ok_or(Error::NotSupported)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.keeper = None;
        drop(unsafe { Box::from_raw(self.drawer) });
    }
}

/// A `whimbrel_feature_t` that selects the probe. It is two words, whose order is the compiler's: a function that selects
/// the part, and one that attaches it to the platform, which this one does not need.
#[repr(align(8))]
pub struct Feature([usize; 2]);

impl Feature {
    /// Like `model`, which needs nothing of the platform either.
    pub fn like(model: &whimbrel_feature_t) -> Self {
        const { assert!(size_of::<whimbrel_feature_t>() == size_of::<[usize; 2]>()) };
        // SAFETY: a pointer to a function, and none
        let mut words: [usize; 2] = unsafe { transmute_copy(model) };
        let at = words.iter().position(|word| *word != 0).expect("a part is selected by a function");
        assert_eq!(words[1 - at], 0, "the model needs nothing of the platform");
        words[at] = select as fn(&mut Features<'static>) as usize;
        Self(words)
    }

    /// For whimbrel_config_t.features.
    pub fn pointer(&self) -> *const whimbrel_feature_t {
        self.0.as_ptr().cast()
    }
}

fn select(features: &mut Features<'static>) {
    // SAFETY: whoever made the probe holds it longer than the client
    features.keeping = unsafe { NEXT.get().as_ref() }.map(|probe| probe as &dyn Keeping);
}

impl Keeping for Probe {
    fn load(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        storing: &'static dyn Storing,
    ) -> Result<usize, Error> {
        if WANTED.with_borrow(Option::is_some) {
            WANTED.set(Some(take(engine.model())));
            return Ok(0);
        }
        self.keeper()?.load(engine, ctx, storing)
    }

    fn touched(&self, engine: &Engine<'_>, path: Path) {
        if let Ok(keeper) = self.keeper() {
            keeper.touched(engine, path);
        }
    }

    fn flush(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, buffer: &mut [u8]) {
        if let Ok(keeper) = self.keeper() {
            keeper.flush(engine, ctx, buffer);
        }
    }

    fn store(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, buffer: &mut [u8]) -> Result<(), Error> {
        self.keeper().map_or(Ok(()), |keeper| keeper.store(engine, ctx, buffer))
    }

    fn erase(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        storing: &'static dyn Storing,
    ) -> Result<(), Error> {
        self.keeper()?.erase(engine, ctx, storing)
    }

    fn storage(&self) -> &dyn Storage {
        unsafe { &*self.drawer }
    }

    fn restore(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> bool {
        self.keeper().is_ok_and(|keeper| keeper.restore(engine, ctx, who))
    }

    fn keep(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        if let Ok(keeper) = self.keeper() {
            keeper.keep(engine, ctx, who);
        }
    }

    fn refresh(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        if let Ok(keeper) = self.keeper() {
            keeper.refresh(engine, ctx, who);
        }
    }

    fn observed(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        if let Ok(keeper) = self.keeper() {
            keeper.observed(engine, ctx, who);
        }
    }

    fn settle(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        if let Ok(keeper) = self.keeper() {
            keeper.settle(engine, ctx);
        }
    }

    fn reserve(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> Result<(), Error> {
        self.keeper().map_or(Ok(()), |keeper| keeper.reserve(engine, ctx, who))
    }

    fn discard(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        if let Ok(keeper) = self.keeper() {
            keeper.discard(engine, ctx, who);
        }
    }
}
