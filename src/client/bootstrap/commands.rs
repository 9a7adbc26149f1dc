//! What a bootstrap server commands: Discover, Read, Write, Delete (TS 1.0 section 5.2.7; Read is of 1.1).

use super::Bootstrap;
use crate::client::Engine;
use crate::client::links;
use crate::client::represent::in_blocks;
use crate::client::request::Request;
use crate::client::respond::{GAP, Reply, Slot};
use crate::coap::{Code, Message, option};
use crate::error::Error;
use crate::format::link::LinkWriter;
use crate::format::{CF_LINK, Window};
use crate::model::definition::{CREATABLE, Object};
use crate::model::{Change, Instance};
use crate::objects::{AclEntry, Field};
use crate::path::{NONE, Path};

/// `POST /bs`
pub fn is_finish(message: &Message<'_>) -> bool {
    let mut options = message.options();
    let mut segments = 0u32;
    let mut named = false;
    while let Ok(Some((number, value))) = options.next() {
        if number == option::URI_PATH {
            segments = segments.wrapping_add(1);
            named = value == b"bs";
        }
    }
    message.code == Code::POST && segments == 1 && named
}

impl Bootstrap<'_> {
    /// Does one command; what it changes is written down first.
    pub(super) fn obey(
        &self,
        engine: &mut Engine<'_>,
        who: usize,
        request: &Request<'_>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let path = request.path;
        match (request.method, path.depth()) {
            (Code::GET, 0 | 1) if request.accept == Some(CF_LINK) => discover(engine, who, request, buffer),
            (Code::GET, 1 | 2) if engine.config.versions.1 > 0 && matches!(path.object, 1 | 2) => {
                read(engine, who, request, buffer)
            }
            (Code::PUT, 1..=3) => self.write(engine, request, buffer),
            (Code::DELETE, 0..=2) => self.delete(engine, who, path),
            _ => Err(Error::NotAllowed),
        }
    }

    fn write(
        &self,
        engine: &mut Engine<'_>,
        request: &Request<'_>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let path = request.path;
        if engine.model.object(path.object).is_none() {
            // that is an inconsistency of the whole, and shows at the end (TS 1.0 section 5.2.6)
            self.uncontrolled.set(self.uncontrolled.get() || path.object == 2);
            return Err(Error::NotFound);
        }
        let format = match request.content_format {
            Some(number) => engine.config.format(number).ok_or(Error::UnsupportedFormat)?,
            None => return Err(Error::BadValue),
        };
        if path.depth() < 3 && !format.structured() {
            return Err(Error::UnsupportedFormat);
        }
        let change = Change { format, base: path, payload: request.payload, replace: true };
        self.impose(engine, &change, buffer.get_mut(GAP..).ok_or(Error::Full)?)?;
        Ok(Reply::code(Code::CHANGED))
    }

    /// Checks a payload as a whole, writes down what its instances are, and then writes.
    pub(super) fn impose(
        &self,
        engine: &mut Engine<'_>,
        change: &Change<'_>,
        scratch: &mut [u8],
    ) -> Result<(), Error> {
        let at = |id| Path::instance(change.base.object, id);
        change.survey(&engine.model, scratch, &mut |id| self.log.remember(engine, at(id)))?;
        if change.base.instance != NONE {
            return self.impose_one(engine, change, change.base.instance, scratch);
        }
        let mut last = None;
        loop {
            // the payload is walked once an instance, in ascending order: the list of them would have to be kept somewhere
            let mut next = None;
            change.survey(&engine.model, scratch, &mut |id| {
                if last.is_none_or(|last| id > last) && next.is_none_or(|next| id < next) {
                    next = Some(id);
                }
                Ok(())
            })?;
            let Some(id) = next else { return Ok(()) };
            self.impose_one(engine, change, id, scratch)?;
            last = next;
        }
    }

    fn impose_one(
        &self,
        engine: &mut Engine<'_>,
        change: &Change<'_>,
        id: u16,
        scratch: &mut [u8],
    ) -> Result<(), Error> {
        let done = change.impose(&mut engine.model, id, scratch);
        if done.is_err() && change.base.object >= 3 {
            // a handler of the application refused one value, and took others before
            self.log.put_back(engine, Path::instance(change.base.object, id));
        }
        done
    }

    fn delete(&self, engine: &mut Engine<'_>, who: usize, path: Path) -> Result<Reply, Error> {
        if path != Path::ROOT {
            engine.model.object(path.object).ok_or(Error::NotFound)?;
        }
        let mut after = None;
        let mut found = false;
        while let Some(at) = next_instance(engine, path, after) {
            after = Some(at);
            found = true;
            if is_spared(engine, who, at) {
                continue;
            }
            let deletable = at.object < 3
                || engine.model.object(at.object).is_some_and(|object| object.flags() & CREATABLE != 0);
            if deletable {
                self.delete_one(engine, at)?;
            } else if path.depth() == 2 {
                return Err(Error::NotAllowed);
            }
        }
        if !found && path.depth() == 2 {
            return Err(Error::NotFound);
        }
        Ok(Reply::code(Code::DELETED))
    }

    fn delete_one(&self, engine: &mut Engine<'_>, at: Path) -> Result<(), Error> {
        let server = match at.object {
            0 => engine.model.instance(0, at.instance).and_then(|instance| engine.security.row(instance)),
            _ => None,
        };
        let server = server.filter(|row| !row.bootstrap.get()).map(|row| row.short_server_id.get());
        self.log.remember(engine, at)?;
        if let Some(server) = server {
            self.unbootstrap(engine, server)?;
        }
        engine.drop_instance(at.object, at.instance);
        Ok(())
    }

    /// The Security instance of a server goes, and with it what belonged to that server alone (TS 1.0 Appendix E.1.3).
    fn unbootstrap(&self, engine: &mut Engine<'_>, server: u16) -> Result<(), Error> {
        let mine = |engine: &Engine<'_>, instance: &Instance| {
            engine.server.row(instance).is_some_and(|row| row.short_server_id.get() == server)
        };
        let instance = engine.model.instances_of(1).find(|instance| mine(engine, instance));
        if let Some(id) = instance.map(|instance| instance.id) {
            self.log.remember(engine, Path::instance(1, id))?;
            engine.drop_instance(1, id);
        }
        let mut after = None;
        while let Some(at) = next_instance(engine, Path::object(2), after) {
            after = Some(at);
            let entry = engine.config.access.zip(engine.model.instance(2, at.instance));
            let Some(mut entry) = entry.and_then(|(access, instance)| access.entry(instance)) else {
                continue;
            };
            let named = entry.rights.iter().any(|right| right.0 == server);
            if !named && entry.owner != server {
                continue;
            }
            self.log.remember(engine, at)?;
            let others = entry.rights.iter().any(|right| right.0 != server && right.0 != NONE);
            if entry.owner == server && !others {
                self.orphan(engine, at, &entry)?;
                continue;
            }
            for right in entry.rights.iter_mut().filter(|right| right.0 == server) {
                *right = (NONE, 0);
            }
            if entry.owner == server {
                entry.owner = heir(&entry);
            }
            if let (Some(access), Some(instance)) =
                (engine.config.access, engine.model.instance(2, at.instance))
            {
                access.amend(instance, &entry);
            }
        }
        Ok(())
    }

    /// Nobody is left who may do anything with an instance: it goes, and its access control instance with it.
    fn orphan(&self, engine: &mut Engine<'_>, acl: Path, entry: &AclEntry) -> Result<(), Error> {
        let creatable =
            engine.model.object(entry.object).is_some_and(|object| object.flags() & CREATABLE != 0);
        if creatable && engine.model.instance(entry.object, entry.instance).is_some() {
            self.log.remember(engine, Path::instance(entry.object, entry.instance))?;
            engine.drop_instance(entry.object, entry.instance);
        }
        engine.drop_instance(2, acl.instance);
        Ok(())
    }
}

/// The server with the most of the rights Write and Delete, the first of several.
fn heir(entry: &AclEntry) -> u16 {
    let sum = |rights: u8| (rights >> 1 & 1).wrapping_add(rights >> 3 & 1);
    let servers = entry.rights.iter().filter(|right| !matches!(right.0, 0 | NONE));
    servers
        .fold((NONE, None), |best, (server, rights)| {
            let better = best.1.is_none_or(|most| sum(*rights) > most);
            if better { (*server, Some(sum(*rights))) } else { best }
        })
        .0
}

/// The first instance at `path` or below that comes after another.
fn next_instance(engine: &Engine<'_>, path: Path, after: Option<Path>) -> Option<Path> {
    let later = |at: &Instance| {
        after.is_none_or(|after| (at.object, at.id) > (after.object, after.instance))
            && (path.object == NONE || at.object == path.object)
            && (path.instance == NONE || at.id == path.instance)
    };
    engine.model.instances().find(|at| later(at)).map(|at| Path::instance(at.object, at.id))
}

/// The account of the bootstrap server, and the Device object, are never deleted (TS 1.0 section 5.2.7.5).
fn is_spared(engine: &Engine<'_>, who: usize, at: Path) -> bool {
    let mine = engine.accounts.get(who).is_some_and(|account| account.security == at.instance);
    (at.object == 0 && mine) || at.object == 3
}

/// 1.1, on the objects 1 and 2 only.
fn read(
    engine: &mut Engine<'_>,
    who: usize,
    request: &Request<'_>,
    buffer: &mut [u8],
) -> Result<Reply, Error> {
    let path = request.path;
    engine.model.object(path.object).ok_or(Error::NotFound)?;
    if path.instance != NONE {
        engine.model.instance(path.object, path.instance).ok_or(Error::NotFound)?;
    }
    let format = engine.config.choose(request.accept, None)?;
    engine.represent(None, who, path, format, request.block2, buffer)
}

/// All instances, with the servers that they belong to (TS 1.0 section 5.2.7.3).
fn discover(
    engine: &Engine<'_>,
    who: usize,
    request: &Request<'_>,
    buffer: &mut [u8],
) -> Result<Reply, Error> {
    let path = request.path;
    if path != Path::ROOT {
        engine.model.object(path.object).ok_or(Error::NotFound)?;
    }
    let reply = Reply::code(Code::CONTENT).with(Slot::ContentFormat, CF_LINK.into());
    let buffer = engine.fitting(who, buffer);
    in_blocks(reply, request.block2, buffer, &mut |mut window, _| {
        list(engine, path, &mut window);
        Ok(window.written())
    })
}

fn list(engine: &Engine<'_>, path: Path, window: &mut Window<'_>) {
    let minor = engine.config.versions.1;
    let version = [b'1', b'.', b'0'.wrapping_add(minor)];
    let version = core::str::from_utf8(&version).unwrap_or("");
    let mut out = LinkWriter::new(window, "");
    // TS 1.0 prints the parameter alone, which is no link: RFC 6690 has no room for it, and servers stumble
    out.link(Path::ROOT);
    out.token("lwm2m", version);
    for object in engine.model.objects().filter(|object| path.object == NONE || path.object == object.id()) {
        list_object(engine, object, minor, &mut out);
    }
}

fn list_object(engine: &Engine<'_>, object: &dyn Object, minor: u8, out: &mut LinkWriter<'_, '_>) {
    let id = object.id();
    if links::shows_version(object) || engine.model.instances_of(id).next().is_none() {
        out.link(Path::object(id));
        links::version(object, out);
    }
    for instance in engine.model.instances_of(id) {
        out.link(Path::instance(id, instance.id));
        match id {
            0 => {
                let Some(row) = engine.security.row(instance).filter(|row| !row.bootstrap.get()) else {
                    continue;
                };
                out.number("ssid", row.short_server_id.get().into());
                if minor > 0 {
                    row.field(Field::Uri, |uri| out.text("uri", core::str::from_utf8(uri).unwrap_or("")));
                }
            }
            1 => {
                if let Some(row) = engine.server.row(instance) {
                    out.number("ssid", row.short_server_id.get().into());
                }
            }
            _ => {}
        }
    }
}
