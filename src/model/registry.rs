//! Which objects and object instances exist, in ascending order.

use crate::count::{items, place_of};
use crate::error::Error;
use crate::model::definition::{Instance, Object, SINGLE};
use crate::path::NONE;

/// The tables of objects and object instances, in memory of the caller.
pub struct Model<'a> {
    objects: &'a mut [Option<&'a dyn Object>],
    instances: &'a mut [Instance],
}

impl<'a> Model<'a> {
    /// An empty tree that can hold as much as the slices.
    pub fn new(objects: &'a mut [Option<&'a dyn Object>], instances: &'a mut [Instance]) -> Self {
        objects.fill(None);
        for place in instances.iter_mut() {
            *place = Instance::FREE;
        }
        Self { objects, instances }
    }

    /// The objects, in ascending order.
    pub fn objects(&self) -> impl Iterator<Item = &'a dyn Object> + '_ {
        self.objects.iter().map_while(|place| *place)
    }

    /// The object of that ID.
    pub fn object(&self, id: u16) -> Option<&'a dyn Object> {
        self.objects().find(|object| object.id() == id)
    }

    /// Adds an object, without instances. [`Error::Exists`], [`Error::Full`].
    pub fn add_object(&mut self, object: &'a dyn Object) -> Result<(), Error> {
        let id = object.id();
        if self.object(id).is_some() {
            return Err(Error::Exists);
        }
        let at = items(self.objects().take_while(|other| other.id() < id));
        if self.objects.last().is_none_or(|last| last.is_some()) {
            return Err(Error::Full);
        }
        insert(self.objects.get_mut(at..).ok_or(Error::Full)?, Some(object));
        Ok(())
    }

    /// Takes an object out, with all its instances (which are not deleted, only forgotten).
    pub fn remove_object(&mut self, id: u16) -> Result<(), Error> {
        let at = place_of(self.objects(), |object| object.id() == id).ok_or(Error::NotFound)?;
        remove(self.objects.get_mut(at..).ok_or(Error::NotFound)?, None);
        loop {
            let first = self.instances_of(id).next().map(|instance| instance.id);
            let Some(first) = first else { return Ok(()) };
            self.remove_instance(id, first)?;
        }
    }

    /// All instances, in ascending order.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> + '_ {
        self.instances.iter().take_while(|place| place.object != NONE)
    }

    /// The instances of one object, in ascending order.
    pub fn instances_of(&self, object: u16) -> impl Iterator<Item = &Instance> + '_ {
        self.instances().filter(move |place| place.object == object)
    }

    /// One instance.
    pub fn instance(&self, object: u16, id: u16) -> Option<&Instance> {
        self.instances().find(|place| place.object == object && place.id == id)
    }

    /// Adds an instance. [`Error::NotFound`] without its object, [`Error::Exists`], [`Error::Full`],
    /// [`Error::BadValue`] for 65535 and for another ID than 0 where only one instance may exist.
    pub fn add_instance(&mut self, object: u16, id: u16, present: u64, data: usize) -> Result<(), Error> {
        let flags = self.object(object).ok_or(Error::NotFound)?.flags();
        if id == NONE || (flags & SINGLE != 0 && id != 0) {
            return Err(Error::BadValue);
        }
        if self.instance(object, id).is_some() {
            return Err(Error::Exists);
        }
        if self.instances.last().is_none_or(|last| last.object != NONE) {
            return Err(Error::Full);
        }
        let at = items(self.instances().take_while(|place| (place.object, place.id) < (object, id)));
        let place = Instance { object, id, present: core::cell::Cell::new(present), data };
        insert(self.instances.get_mut(at..).ok_or(Error::Full)?, place);
        Ok(())
    }

    /// Forgets an instance.
    pub fn remove_instance(&mut self, object: u16, id: u16) -> Result<(), Error> {
        let at = place_of(self.instances(), |place| place.object == object && place.id == id);
        let at = at.ok_or(Error::NotFound)?;
        remove(self.instances.get_mut(at..).ok_or(Error::NotFound)?, Instance::FREE);
        Ok(())
    }

    /// The lowest instance ID of an object that is free.
    pub fn free_id(&self, object: u16) -> Option<u16> {
        let mut id = 0u16;
        for instance in self.instances_of(object) {
            if instance.id != id {
                break;
            }
            id = id.checked_add(1)?;
        }
        (id != NONE).then_some(id)
    }
}

/// Puts `new` first and moves the rest up; the last falls off.
fn insert<T>(tail: &mut [T], new: T) {
    let mut carried = new;
    for place in tail {
        core::mem::swap(place, &mut carried);
    }
}

/// Takes the first out and moves the rest down; `free` comes last.
fn remove<T>(tail: &mut [T], free: T) {
    let mut carried = free;
    for place in tail.iter_mut().rev() {
        core::mem::swap(place, &mut carried);
    }
}
