//! Reading: from a place in the tree to its representation (TS 1.0 sections 5.4.1 and 7.3.2.2 to 7.3.2.4).

use crate::error::Error;
use crate::format::{Container, Encoder, Format, Window};
use crate::model::definition::{Instance, MULTIPLE, Object, READ, Resource};
use crate::model::output::Output;
use crate::model::probe::{Nothing, Numeric};
use crate::model::registry::Model;
use crate::path::{NONE, Path};

/// One way of reading the tree: for whom, and in which format.
pub struct Reading<'r, 'a> {
    /// The tree.
    pub model: &'r Model<'a>,
    /// The format of the representation.
    pub format: &'r dyn Format,
    /// Which instances of an object the reader may see.
    pub may: &'r dyn Fn(&Instance) -> bool,
}

impl Reading<'_, '_> {
    /// Writes the representation of `out.base()`. The instance rights of a path with an instance are the caller's
    /// to check; at object level instances without the right are left out.
    pub fn run(&self, out: &mut Encoder<'_>) -> Result<(), Error> {
        let base = out.base();
        let object = self.model.object(base.object).ok_or(Error::NotFound)?;
        let depth = base.depth();
        if depth < 3 && !self.format.structured() {
            return Err(Error::NotAcceptable);
        }
        self.format.begin(out);
        if depth == 1 {
            for instance in self.model.instances_of(base.object).filter(|i| (self.may)(i)) {
                self.wrapped(object, instance, out)?;
            }
        } else {
            let instance = self.model.instance(base.object, base.instance).ok_or(Error::NotFound)?;
            if depth == 2 {
                self.instance(object, instance, out)?;
            } else {
                self.target(object, instance, base, out)?;
            }
        }
        self.format.end(out);
        Ok(())
    }

    fn wrapped(&self, object: &dyn Object, instance: &Instance, out: &mut Encoder<'_>) -> Result<(), Error> {
        let at = Path::instance(instance.object, instance.id);
        let mut length = 0;
        if out.exact() {
            let mut counting = Encoder::new(Window::new(&mut [], 0), out.base(), false);
            self.instance(object, instance, &mut counting)?;
            length = counting.window.total();
        }
        self.format.open(out, Container::Instance, at, length);
        self.instance(object, instance, out)?;
        self.format.close(out, Container::Instance, at);
        Ok(())
    }

    fn instance(&self, object: &dyn Object, instance: &Instance, out: &mut Encoder<'_>) -> Result<(), Error> {
        let mut index = 0;
        let mut present = instance.present.get();
        while present != 0
            && let Some(resource) = object.resource(index)
        {
            if present & 1 != 0 && resource.allows(READ) {
                match self.resource(object, instance, (index, resource), NONE, out) {
                    Ok(_) | Err(Error::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
            present >>= 1;
            index = index.wrapping_add(1);
        }
        Ok(())
    }

    fn target(
        &self,
        object: &dyn Object,
        instance: &Instance,
        base: Path,
        out: &mut Encoder<'_>,
    ) -> Result<(), Error> {
        let index = object.find(base.resource).ok_or(Error::NotFound)?;
        let resource = object.resource(index).ok_or(Error::NotFound)?;
        if !resource.allows(READ) {
            return Err(Error::NotAllowed);
        }
        if !instance.has(index) {
            return Err(Error::NotFound);
        }
        let one = base.resource_instance != NONE;
        if one && !resource.is(MULTIPLE) {
            return Err(Error::NotAllowed);
        }
        let single = one || !resource.is(MULTIPLE);
        if !(self.format.structured() || single && self.format.carries(resource.data_type)) {
            return Err(Error::NotAcceptable);
        }
        let count = self.resource(object, instance, (index, resource), base.resource_instance, out)?;
        if single && count == 0 { Err(Error::NotFound) } else { Ok(()) }
    }

    /// Writes one resource; tells how many values it has.
    pub(crate) fn resource(
        &self,
        object: &dyn Object,
        instance: &Instance,
        (index, resource): (usize, Resource),
        only: u16,
        out: &mut Encoder<'_>,
    ) -> Result<u16, Error> {
        let at = Path::resource(instance.object, instance.id, resource.id);
        if !resource.is(MULTIPLE) {
            let mut output = Output::new(self.format, out, at, false, NONE);
            object.read(instance, index, &mut output)?;
            return if output.count() == 0 { Err(Error::NotFound) } else { Ok(1) };
        }
        let mut length = 0;
        if out.exact() {
            let mut counting = Encoder::new(Window::new(&mut [], 0), out.base(), false);
            object.read(instance, index, &mut Output::new(self.format, &mut counting, at, true, only))?;
            length = counting.window.total();
        }
        self.format.open(out, Container::Multiple, at, length);
        let mut output = Output::new(self.format, out, at, true, only);
        object.read(instance, index, &mut output)?;
        let count = output.count();
        self.format.close(out, Container::Multiple, at);
        Ok(count)
    }
}

/// How many instances a multiple resource has now, for `dim` (TS 1.0 table 3).
pub fn dimension(model: &Model<'_>, object: &dyn Object, instance: &Instance, index: usize) -> u16 {
    let Some(resource) = object.resource(index) else { return 0 };
    let reading = Reading { model, format: &Nothing, may: &|_| true };
    let mut out = Encoder::new(Window::new(&mut [], 0), Path::ROOT, false);
    reading.resource(object, instance, (index, resource), NONE, &mut out).unwrap_or(0)
}

/// Whether a multiple resource has that instance now.
pub fn has_resource_instance(
    model: &Model<'_>,
    object: &dyn Object,
    instance: &Instance,
    index: usize,
    id: u16,
) -> bool {
    let Some(resource) = object.resource(index) else { return false };
    let reading = Reading { model, format: &Nothing, may: &|_| true };
    let mut out = Encoder::new(Window::new(&mut [], 0), Path::ROOT, false);
    let count = reading.resource(object, instance, (index, resource), id, &mut out);
    instance.has(index) && count.is_ok_and(|count| count != 0)
}

/// The value at `path` as a number, where it is a single one.
pub fn number_of(model: &Model<'_>, path: Path) -> Option<f64> {
    let mut bytes = [0u8; 8];
    let reading = Reading { model, format: &Numeric, may: &|_| true };
    let mut out = Encoder::new(Window::new(&mut bytes, 0), path, false);
    if path.depth() < 3 || reading.run(&mut out).is_err() || out.window.total() != 8 {
        return None;
    }
    Some(f64::from_bits(u64::from_ne_bytes(bytes)))
}
