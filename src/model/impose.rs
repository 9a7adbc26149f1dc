//! Writing without asking: what a bootstrap, a provisioning blob or storage does to an instance (TS 1.0 section 5.2.7.4).
//!
//! Neither rights nor operations of a resource count for the objects 0, 1 and 2, and what is not there is created. What
//! an instance holds can be written down, and be put back.

use crate::error::Error;
use crate::format::{Cursor, Encoder, Record, TLV, Window};
use crate::model::definition::{
    EXECUTE, Incoming, Instance, MULTIPLE, OPAQUE_STATE, Object, Resource, WRITE,
};
use crate::model::read::Reading;
use crate::model::registry::Model;
use crate::model::write::{Change, give_up, initially_present, remove_unnamed, select};
use crate::path::{NONE, Path};

/// Objects below belong to the client: a bootstrap may write all their resources.
const OWN: u16 = 3;

/// A resource that the client has, and its place in the definition.
type Known = (usize, Resource);

/// What is done with each record.
type Taker<'t> = dyn FnMut(Option<Known>, Record<'_>) -> Result<(), Error> + 't;

/// Whether a bootstrap can write a resource of an object.
fn takes(object: &dyn Object, resource: Resource) -> bool {
    if object.id() < OWN { !resource.allows(EXECUTE) } else { resource.allows(WRITE) }
}

impl Change<'_> {
    /// Checks the payload against the definition without touching anything, and names the instances that it concerns.
    pub fn survey(
        &self,
        model: &Model<'_>,
        scratch: &mut [u8],
        name: &mut dyn FnMut(u16) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let object = model.object(self.base.object).ok_or(Error::NotFound)?;
        let (depth, nobody) = (self.base.depth(), Instance::FREE);
        let mut current = self.base.instance;
        if current != NONE {
            name(current)?;
        }
        self.all(object, &mut |known, record| {
            let id = record.path.instance;
            if id == NONE {
                return Err(Error::BadValue);
            }
            if id != current {
                current = id;
                name(id)?;
            }
            let Some((index, resource)) = known else {
                // an instance that is announced; or a resource that the client does not know
                return if depth > 2 { Err(Error::NotFound) } else { Ok(()) };
            };
            if !takes(object, resource) {
                return if depth > 2 { Err(Error::NotAllowed) } else { Ok(()) };
            }
            let Some(raw) = record.raw else { return Ok(()) };
            let value = self.format.decode(raw, resource.data_type, scratch)?;
            let resource_instance = record.path.resource_instance;
            let instance = model.instance(object.id(), id).unwrap_or(&nobody);
            object.check(instance, index, &Incoming { resource_instance, value, offset: 0, last: true })
        })
    }

    /// Writes what the payload says of one instance, which is created where it is not there. At object and instance
    /// level nothing else stays instantiated. An instance that cannot be written as a whole is not there.
    pub fn impose(&self, model: &mut Model<'_>, id: u16, scratch: &mut [u8]) -> Result<(), Error> {
        let object = model.object(self.base.object).ok_or(Error::NotFound)?;
        let whole = self.base.depth() < 3;
        if whole && object.id() < OWN && model.instance(object.id(), id).is_some() {
            give_up(model, object, id);
        }
        let created = model.instance(object.id(), id).is_none();
        if created {
            let data = object.create(id)?;
            let present = if object.id() < OWN {
                select(object, |resource| resource.allows(EXECUTE))
            } else {
                initially_present(object)
            };
            if let Err(error) = model.add_instance(object.id(), id, present, data) {
                let place = Instance { object: object.id(), id, data, ..Instance::FREE };
                // a table that refuses to free its place leaves nothing to be done
                let _ = object.delete(&place);
                return Err(error);
            }
        }
        let instance = model.instance(object.id(), id).ok_or(Error::NotFound)?;
        let done = self.put_all(object, instance, id, scratch);
        if done.is_err() && (created || object.id() < OWN) {
            give_up(model, object, id);
        }
        // nobody can finish it later
        done.map_err(|error| if error == Error::Deferred { Error::Handler } else { error })
    }

    fn put_all(
        &self,
        object: &dyn Object,
        instance: &Instance,
        id: u16,
        scratch: &mut [u8],
    ) -> Result<(), Error> {
        let mut touched = 0u64;
        self.all(object, &mut |known, record| {
            let Some((index, resource)) = known else { return Ok(()) };
            if record.path.instance != id || !takes(object, resource) {
                return Ok(());
            }
            let bit = 1u64.wrapping_shl(index as u32);
            if resource.is(MULTIPLE) && touched & bit == 0 {
                object.clear(instance, index)?;
            }
            touched |= bit;
            if let Some(raw) = record.raw {
                let value = self.format.decode(raw, resource.data_type, scratch)?;
                let resource_instance = record.path.resource_instance;
                object.write(
                    instance,
                    index,
                    &Incoming { resource_instance, value, offset: 0, last: true },
                )?;
            }
            instance.set(index, true);
            Ok(())
        })?;
        if self.base.depth() < 3 && object.id() >= OWN {
            remove_unnamed(object, instance, touched);
        }
        Ok(())
    }

    /// Runs over all records; those of resources that the client does not know have no place in the definition.
    fn all(&self, object: &dyn Object, take: &mut Taker<'_>) -> Result<(), Error> {
        let mut cursor = Cursor::new(self.payload, self.base);
        while let Some(record) = self.format.next(&mut cursor)? {
            let index = object.find(record.path.resource).filter(|_| record.path.resource != NONE);
            let known = index.and_then(|index| Some((index, object.resource(index)?)));
            let many = record.raw.is_none() || record.path.resource_instance != NONE;
            if known.is_some_and(|(_, resource)| takes(object, resource) && many != resource.is(MULTIPLE)) {
                // a variable of an application has the shape that the definition names, and no other
                return Err(Error::BadValue);
            }
            take(known, record)?;
        }
        Ok(())
    }
}

/// Writes down, as TLV, what can be put back of an instance. What cannot be read now is an error where `whole`, and else is
/// passed over.
pub fn keep<'w>(
    model: &Model<'_>,
    instance: &Instance,
    window: Window<'w>,
    whole: bool,
) -> Result<Window<'w>, Error> {
    let object = model.object(instance.object).ok_or(Error::NotFound)?;
    let reading = Reading { model, format: &TLV, may: &|_| true };
    let mut out = Encoder::new(window, Path::instance(instance.object, instance.id), true);
    let mut index = 0;
    while let Some(resource) = object.resource(index) {
        if instance.has(index) && takes(object, resource) && !resource.is(OPAQUE_STATE) {
            match reading.resource(object, instance, (index, resource), NONE, &mut out) {
                Ok(_) | Err(Error::NotFound) => {}
                Err(Error::Deferred) if whole => return Err(Error::Handler),
                Err(error) if whole => return Err(error),
                Err(_) => {}
            }
        }
        index = index.wrapping_add(1);
    }
    Ok(out.window)
}

/// Puts back what [`keep`] wrote down.
pub fn put_back(model: &mut Model<'_>, at: Path, kept: &[u8]) -> Result<(), Error> {
    Change { format: &TLV, base: at, payload: kept, replace: true }.impose(model, at.instance, &mut [])
}
