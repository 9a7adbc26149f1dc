//! Device management: which operation a request is, and doing it (TS 1.0 sections 5.4, 7.3.2 and 8.2.5).
//!
//! The order of the checks, which no text fixes: path, protected object, existence, right, resource,
//! operation, format, value.

use crate::client::request::Request;
use crate::client::respond::{GAP, Reply, Slot};
use crate::client::{Context, Engine};
use crate::coap::{Code, observe};
use crate::error::Error;
use crate::format::{CF_LINK, CF_TEXT, arguments::Arguments};
use crate::model::definition::{CREATABLE, EXECUTE, HIDDEN, MULTIPLE, Object, READ};
use crate::model::{Change, Created, Instance, Undo, rights};
use crate::path::{NONE, Path};
use crate::port::{Event, EventCode};
use crate::value::DataType;

impl<'a> Engine<'a> {
    /// Serves a request; the payload of the reply lies behind [`GAP`] in `buffer`.
    pub(crate) fn serve(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        if let Some(stray) = request.stray {
            return Err(stray);
        }
        match request.block1 {
            Some(block) if request.method != Code::GET => match self.config.features.transfers {
                Some(transfers) => transfers.block(self, ctx, who, request, block, buffer),
                None if block.number == 0 && !block.more => self.serve_whole(ctx, who, request, buffer),
                None => Err(Error::TooLarge),
            },
            _ => self.serve_whole(ctx, who, request, buffer),
        }
    }

    /// Serves a request whose payload is complete.
    pub(crate) fn serve_whole(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let path = request.path;
        if let Some(bootstrapping) = self.bootstraps(who) {
            return bootstrapping.command(self, who, request, buffer);
        }
        let object = self.target(who, path)?;
        match (request.method, path.depth()) {
            (Code::GET, _) if request.accept == Some(CF_LINK) => self.discover(who, request, buffer),
            (Code::GET, _) => self.read(ctx, who, request, buffer),
            (Code::PUT, _) if request.content_format.is_none() && request.payload.is_empty() => {
                match request.queries {
                    Some(_) => match self.config.features.reporting {
                        Some(reporting) => {
                            let done = reporting.write_attributes(self, who, request);
                            if let (Ok(_), Some(keeping)) = (&done, self.config.features.keeping) {
                                keeping.observed(self, ctx, who);
                            }
                            done
                        }
                        None => Err(Error::NotAllowed),
                    },
                    None => Err(Error::BadValue),
                }
            }
            (Code::PUT, 2..) => self.write(ctx, who, request, true, buffer),
            (Code::POST, 1) => match self.config.features.creation {
                Some(creation) => creation.create(self, ctx, who, request, object, buffer),
                None => Err(Error::NotAllowed),
            },
            (Code::POST, 2) => self.write(ctx, who, request, false, buffer),
            (Code::POST, 3) => self.execute(ctx, who, request, object),
            (Code::DELETE, 2) => match self.config.features.creation {
                Some(creation) => creation.delete(self, ctx, who, path, object),
                None => Err(Error::NotAllowed),
            },
            _ => Err(Error::NotAllowed),
        }
    }

    /// The object addressed, if the request may concern it at all.
    fn target(&self, who: usize, path: Path) -> Result<&'a dyn Object, Error> {
        let version = self.accounts.get(who).map_or(0, |account| account.version);
        // resource instances are addressed from 1.1 on
        if path == Path::ROOT || (path.depth() == 4 && version == 0) {
            return Err(Error::NotAllowed);
        }
        let object = self.model.object(path.object).ok_or(Error::NotFound)?;
        if object.flags() & HIDDEN != 0 {
            return Err(Error::Unauthorized);
        }
        if path.instance != NONE {
            self.model.instance(path.object, path.instance).ok_or(Error::NotFound)?;
        }
        Ok(object)
    }

    /// [`Error::Unauthorized`] where the server lacks the right on the instance.
    pub(crate) fn demand(&self, who: usize, path: Path, right: u8) -> Result<(), Error> {
        if self.rights(who, path.object, path.instance) & right == 0 {
            Err(Error::Unauthorized)
        } else {
            Ok(())
        }
    }

    /// What a Read of `path` gives: the type of a single value, `None` for more. Checks that it can be read.
    pub(crate) fn readable(&self, who: usize, path: Path) -> Result<Option<DataType>, Error> {
        if path.instance == NONE {
            let mut instances = self.model.instances_of(path.object).peekable();
            let nothing = instances.peek().is_none();
            let visible = |at: &Instance| self.rights(who, at.object, at.id) & rights::READ != 0;
            return if nothing || instances.any(visible) { Ok(None) } else { Err(Error::Unauthorized) };
        }
        self.demand(who, path, rights::READ)?;
        if path.resource == NONE {
            return Ok(None);
        }
        let object = self.model.object(path.object).ok_or(Error::NotFound)?;
        let index = object.find(path.resource).ok_or(Error::NotFound)?;
        let resource = object.resource(index).ok_or(Error::NotFound)?;
        if !resource.allows(READ) {
            return Err(Error::NotAllowed);
        }
        // what is not there has no format: 4.04 comes before 4.06
        self.model
            .instance(path.object, path.instance)
            .filter(|instance| instance.has(index))
            .ok_or(Error::NotFound)?;
        Ok((path.resource_instance != NONE || !resource.is(MULTIPLE)).then_some(resource.data_type))
    }

    fn read(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let observes = request.observe == Some(observe::request::REGISTER);
        // attributes of an observation belong to 1.2: not to be ignored in silence
        if observes && request.queries.is_some() {
            return Err(Error::BadValue);
        }
        let single = self.readable(who, request.path)?;
        let format = self.config.choose(request.accept, single)?;
        let mut reply = self.represent(Some(ctx.now), who, request.path, format, request.block2, buffer)?;
        if let (Some(_), Some(reporting)) = (request.observe, self.config.features.reporting)
            && let Some(sequence) = reporting.observe(self, ctx, who, request, format.content_format())
        {
            reply.set(Slot::Observe, sequence);
        }
        if let (Some(_), Some(keeping)) = (request.observe, self.config.features.keeping) {
            keeping.observed(self, ctx, who);
        }
        Ok(reply)
    }

    fn write(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        replace: bool,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let path = request.path;
        self.demand(who, path, rights::WRITE)?;
        let format = match request.content_format {
            Some(number) => self.config.format(number).ok_or(Error::UnsupportedFormat)?,
            None => return Err(Error::BadValue),
        };
        if path.depth() == 2 && !format.structured() {
            return Err(Error::UnsupportedFormat);
        }
        let change = Change { format, base: path, payload: request.payload, replace };
        self.end_stream(path);
        let scratch = buffer.get_mut(GAP..).ok_or(Error::Full)?;
        let touched = change.write(&self.model, scratch, &mut Undo::new(self.undo))?;
        self.wrote(ctx, who, path, touched);
        Ok(Reply::code(Code::CHANGED))
    }

    /// Reports the resources that a write touched: bits in the order of the definition.
    pub(crate) fn wrote(&mut self, ctx: &mut Context<'_>, who: usize, path: Path, touched: u64) {
        let Some(object) = self.model.object(path.object) else { return };
        let mut index = 0;
        while let Some(resource) = object.resource(index) {
            if touched.wrapping_shr(index as u32) & 1 != 0 {
                let at = path.with_resource(resource.id);
                self.note_change(at);
                self.tell_from(ctx, who, EventCode::Written, at);
            }
            index = index.wrapping_add(1);
        }
    }

    pub(crate) fn tell_from(&self, ctx: &mut Context<'_>, who: usize, code: EventCode, path: Path) {
        if let Some(keeping) = self.config.features.keeping {
            keeping.touched(self, path);
        }
        let server = self.server_id(who);
        self.tell(ctx, Event::new(code, server).on(path));
    }

    fn execute(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        object: &dyn Object,
    ) -> Result<Reply, Error> {
        let path = request.path;
        self.demand(who, path, rights::EXECUTE)?;
        let index = object.find(path.resource).ok_or(Error::NotFound)?;
        let instance = self.model.instance(path.object, path.instance).ok_or(Error::NotFound)?;
        if !instance.has(index) {
            return Err(Error::NotFound);
        }
        if !object.resource(index).is_some_and(|resource| resource.allows(EXECUTE)) {
            return Err(Error::NotAllowed);
        }
        if request.content_format.is_some_and(|number| number != CF_TEXT) {
            return Err(Error::UnsupportedFormat);
        }
        Arguments::parse(request.payload)?;
        object.execute(instance, index, request.payload)?;
        self.tell_from(ctx, who, EventCode::Executed, path);
        Ok(Reply::code(Code::CHANGED))
    }

    pub(crate) fn create(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        object: &dyn Object,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        self.demand(who, request.path, rights::CREATE)?;
        if object.flags() & CREATABLE == 0 {
            return Err(Error::NotAllowed);
        }
        let format = match request.content_format {
            Some(number) => self.config.format(number).ok_or(Error::UnsupportedFormat)?,
            None => return Err(Error::BadValue),
        };
        if !format.structured() {
            return Err(Error::UnsupportedFormat);
        }
        let change = Change { format, base: request.path, payload: request.payload, replace: true };
        let scratch = buffer.get_mut(GAP..).ok_or(Error::Full)?;
        let created = change.create(&mut self.model, scratch)?;
        self.own(who, object, &created)?;
        for id in created.ids() {
            let path = Path::instance(object.id(), *id);
            self.note_change(path);
            self.tell_from(ctx, who, EventCode::Created, path);
        }
        self.objects_changed();
        let mut reply = Reply::code(Code::CREATED);
        if let (true, Some(id)) = (created.chosen, created.ids().first()) {
            reply.set(Slot::Location, u32::from(object.id()) << 16 | u32::from(*id));
        }
        Ok(reply)
    }

    /// Makes the server the owner of what it created (TS 1.0 section 5.4.6). Without room for that, nothing is.
    fn own(&mut self, who: usize, object: &dyn Object, created: &Created) -> Result<(), Error> {
        let Some(access) = self.config.access else { return Ok(()) };
        if crate::count::items(self.accounts.iter().filter(|account| account.short_server_id != 0)) < 2 {
            return Ok(());
        }
        let server = self.server_id(who);
        for id in created.ids() {
            if let Err(error) = access.created(&mut self.model, server, object.id(), *id) {
                for id in created.ids() {
                    self.forget_instance(object, *id)?;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn forget_instance(&mut self, object: &dyn Object, id: u16) -> Result<(), Error> {
        let instance = self.model.instance(object.id(), id).ok_or(Error::NotFound)?;
        object.delete(instance)?;
        self.model.remove_instance(object.id(), id)?;
        if let Some(access) = self.config.access {
            access.deleted(&mut self.model, object.id(), id);
        }
        Ok(())
    }

    pub(crate) fn delete(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        path: Path,
        object: &dyn Object,
    ) -> Result<Reply, Error> {
        self.demand(who, path, rights::DELETE)?;
        if object.flags() & CREATABLE == 0 {
            return Err(Error::NotAllowed);
        }
        self.forget_instance(object, path.instance)?;
        self.instance_gone(ctx, path);
        self.tell_from(ctx, who, EventCode::Deleted, path);
        Ok(Reply::code(Code::DELETED))
    }

    /// An instance is gone: what was kept about it goes too, and servers are told.
    pub(crate) fn instance_gone(&mut self, ctx: &mut Context<'_>, path: Path) {
        if let Some(transfers) = self.config.features.transfers {
            transfers.gone(self, path);
        }
        if let Some(reporting) = self.config.features.reporting {
            reporting.gone(self, ctx, path);
        }
        self.note_change(Path::object(path.object));
        self.objects_changed();
    }
}
