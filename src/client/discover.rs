//! Discover: which resources there are, and which attributes the asking server set (TS 1.0 section 5.4.2).

use crate::client::Engine;
use crate::client::links::version;
use crate::client::represent::in_blocks;
use crate::client::request::Request;
use crate::client::respond::{Reply, Slot};
use crate::coap::Code;
use crate::error::Error;
use crate::format::CF_LINK;
use crate::format::link::LinkWriter;
use crate::model::definition::{MULTIPLE, Object};
use crate::model::{Instance, dimension};
use crate::path::{NONE, Path};

impl Engine<'_> {
    /// Lists what lies at the path and below. No right is needed (TS 1.0 section 7.3.2.4).
    pub(crate) fn discover(
        &self,
        who: usize,
        request: &Request<'_>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let path = request.path;
        let object = self.model.object(path.object).ok_or(Error::NotFound)?;
        if path.depth() == 4 {
            return Err(Error::NotAllowed);
        }
        if path.resource != NONE {
            let index = object.find(path.resource).ok_or(Error::NotFound)?;
            let instance = self.model.instance(path.object, path.instance).ok_or(Error::NotFound)?;
            if !instance.has(index) {
                return Err(Error::NotFound);
            }
        }
        let reply = Reply::code(Code::CONTENT).with(Slot::ContentFormat, CF_LINK.into());
        let buffer = self.fitting(who, buffer);
        in_blocks(reply, request.block2, buffer, &mut |mut window, _| {
            self.list(who, path, object, &mut LinkWriter::new(&mut window, ""))?;
            Ok(window.written())
        })
    }

    fn list(
        &self,
        who: usize,
        path: Path,
        object: &dyn Object,
        out: &mut LinkWriter<'_, '_>,
    ) -> Result<(), Error> {
        if path.instance == NONE {
            out.link(path);
            version(object, out);
            self.attributes_of(who, path, false, out)?;
        }
        for instance in self.model.instances_of(path.object) {
            if path.instance == NONE || path.instance == instance.id {
                self.list_instance(who, path, object, instance, out)?;
            }
        }
        Ok(())
    }

    fn attributes_of(
        &self,
        who: usize,
        path: Path,
        inherited: bool,
        out: &mut LinkWriter<'_, '_>,
    ) -> Result<(), Error> {
        match self.config.features.reporting {
            Some(reporting) => reporting.link(self, who, path, inherited, out),
            None => Ok(()),
        }
    }

    fn list_instance(
        &self,
        who: usize,
        target: Path,
        object: &dyn Object,
        instance: &Instance,
        out: &mut LinkWriter<'_, '_>,
    ) -> Result<(), Error> {
        let at = Path::instance(instance.object, instance.id);
        if target.resource == NONE {
            out.link(at);
            self.attributes_of(who, at, target == at, out)?;
        }
        let mut index = 0;
        while let Some(resource) = object.resource(index) {
            let wanted = target.resource == NONE || target.resource == resource.id;
            if wanted && instance.has(index) {
                let at = at.with_resource(resource.id);
                out.link(at);
                if resource.is(MULTIPLE) {
                    out.number("dim", dimension(&self.model, object, instance, index).into());
                }
                self.attributes_of(who, at, target == at, out)?;
            }
            index = index.wrapping_add(1);
        }
        Ok(())
    }
}
