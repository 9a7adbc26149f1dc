//! The end of a bootstrap: is what is there consistent, and if it is, the accounts follow it (TS 1.0 sections 5.2.3.3
//! step 3, 5.2.5 and 5.2.6).

use super::Bootstrap;
use crate::client::account::{Account, State, changed};
use crate::client::respond::Reply;
use crate::client::uri::Uri;
use crate::client::{Context, Engine};
use crate::coap::Code;
use crate::count::items;
use crate::error::Error;
use crate::model::definition::{EXECUTE, MANDATORY};
use crate::model::{Instance, select};
use crate::objects::{AclEntry, Field, MODE_NOSEC, SecurityRow, Turn};
use crate::path::{NONE, Path};
use crate::port::{Event, EventCode};
use crate::secure::end;
use crate::time::Instant;

impl Bootstrap<'_> {
    /// Bootstrap-Finish.
    pub(super) fn finish(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let Ok(security) = self.consistent(engine, ctx, true) else {
            // the server may mend it, and come again
            return Err(Error::NotAcceptable);
        };
        if let Err(error) = self.replace(engine, who, security) {
            return Err(if error == Error::Full { Error::NotAcceptable } else { error });
        }
        if let Err(error) = engine.save_settings(ctx, buffer) {
            engine.tell(ctx, Event::new(EventCode::StorageFailed, 0).why(error.to_c()));
            // what cannot be kept over a power cut is not begun: the session fails once this is answered
            engine.enter(who, State::Bootstrapping { until: ctx.now });
            return Err(error);
        }
        self.take_over(engine, ctx, who);
        self.settle_bootstrap_account(engine, ctx, who);
        Ok(Reply::code(Code::CHANGED))
    }

    fn settle_bootstrap_account(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        self.resume(engine);
        self.wanted.set(false);
        let until = ctx.now.after(engine.params(who).max_transmit_wait().into());
        if let Some(account) = engine.account(who) {
            // until a server takes the client, it has come to nothing yet
            account.failures = account.failures.saturating_add(1);
            account.state = State::Finished { until };
        }
        self.set_purge(engine, ctx, who);
        engine.keep_settings();
        engine.tell(ctx, Event::new(EventCode::Bootstrapped, 0));
    }

    /// Where there are two accounts of bootstrap servers, the new one replaces the old.
    pub(super) fn replace(&self, engine: &mut Engine<'_>, who: usize, security: u16) -> Result<(), Error> {
        let old = engine.accounts.get(who).map_or(NONE, |account| account.security);
        let seal = self.server.extras.get(who).map_or(0, |extra| extra.seal.get());
        if security != old && security != NONE {
            let instance = engine.model.instance(0, old);
            let left = instance.and_then(|at| engine.security.row(at)).is_some_and(|row| row.bootstrap.get());
            if left {
                self.log.remember(engine, Path::instance(0, old))?;
                engine.drop_instance(0, old);
            }
            if let Some(account) = engine.account(who) {
                account.security = security;
            }
        }
        self.replaced.set(engine.credentials_checksum(who) != seal);
        Ok(())
    }

    /// Whether the configuration is one that the client can live with; the Security instance of the bootstrap server
    /// that is to be. `finishes`: it must have a server to register with.
    pub(super) fn consistent(
        &self,
        engine: &Engine<'_>,
        ctx: &Context<'_>,
        finishes: bool,
    ) -> Result<u16, Error> {
        for instance in engine.model.instances() {
            let Some(object) = engine.model.object(instance.object) else { continue };
            let needed = select(object, |resource| resource.is(MANDATORY) && !resource.allows(EXECUTE));
            if needed & !instance.present.get() != 0 {
                return Err(Error::Inconsistent);
            }
        }
        let mine = engine.place_of_bootstrap().and_then(|who| engine.accounts.get(who));
        let mine = mine.map_or(NONE, |account| account.security);
        let (mut servers, mut bootstrap) = (0usize, NONE);
        for instance in engine.model.instances_of(0) {
            let row = engine.security.row(instance).ok_or(Error::Inconsistent)?;
            usable(engine, ctx, row)?;
            let server = if row.bootstrap.get() { NONE } else { paired(engine, row.short_server_id.get())? };
            reachable(engine, row, server)?;
            if server != NONE {
                servers = servers.wrapping_add(1);
            } else if bootstrap == NONE || bootstrap == mine {
                bootstrap = instance.id;
            } else if instance.id != mine {
                return Err(Error::Inconsistent);
            }
        }
        let registrable = items(engine.model.instances_of(1));
        // the account of the bootstrap server is replaced, or stays
        let enough =
            if finishes { servers > 0 && bootstrap != NONE } else { servers > 0 || bootstrap != NONE };
        if !enough || registrable != servers || (servers > 1 && self.uncontrolled.get()) {
            return Err(Error::Inconsistent);
        }
        controlled(engine, servers)?;
        Ok(bootstrap)
    }

    /// The accounts become what the objects say.
    pub(super) fn take_over(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, bootstrap: usize) {
        for who in (0..engine.accounts.len()).filter(|who| *who != bootstrap) {
            self.follow(engine, ctx, who);
        }
        let mut after = None;
        while let Some(id) = engine.next_security(after) {
            after = Some(id);
            let instance = engine.model.instance(0, id);
            let Some(row) = instance.and_then(|instance| engine.security.row(instance)) else { continue };
            let server = row.short_server_id.get();
            let known = row.bootstrap.get() || engine.place_of_server(server).is_ok();
            let free = engine.accounts.iter().position(|account| account.state == State::Free);
            if let (false, Some(who), Ok(instance)) = (known, free, paired(engine, server)) {
                engine.settle_account(who, server, id, instance, Instant::NEVER);
                if let Some(extra) = self.extra(engine, who) {
                    extra.turn.set(Turn::Queued);
                }
                engine.tell(ctx, Event::new(EventCode::AccountAdded, server));
            }
        }
        self.log.each(|at, existed| {
            let exists = engine.model.instance(at.object, at.instance).is_some();
            if at.object != 0 && existed && !exists {
                engine.instance_gone(ctx, at);
            } else if at.object != 0 {
                engine.note_change(at);
            }
        });
        self.log.clear();
        engine.objects_changed();
        // which place each account has
        engine.keep_settings();
        self.begin_order(engine, ctx, true);
    }

    /// One account: it goes, begins anew, sends an Update, or stays as it is.
    fn follow(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(account) = engine.accounts.get(who).filter(|account| account.state != State::Free) else {
            return;
        };
        let server = account.short_server_id;
        let security = engine.model.instances_of(0).find(|at| secures(engine, at, server)).map(|at| at.id);
        let (Some(security), Ok(instance)) = (security, paired(engine, server)) else {
            engine.release(ctx, who);
            return engine.tell(ctx, Event::new(EventCode::AccountRemoved, server));
        };
        if let Some(account) = engine.account(who) {
            account.security = security;
            account.server = instance;
        }
        let seal = self.server.extras.get(who).map_or(0, |extra| extra.seal.get());
        if engine.credentials_checksum(who) != seal {
            // TS 1.0 section 5.2.5: a new session with the new keys
            engine.forget_server(ctx, who, false);
            engine.end_session(ctx, who, end::NOTIFY | end::FORGET);
            engine.unlink(ctx, who);
            engine.settle_account(who, server, security, instance, Instant::NEVER);
        }
        let serves = engine.accounts.get(who).is_some_and(Account::serves);
        let waits =
            matches!(engine.accounts.get(who).map(|account| account.state), Some(State::Waiting { .. }));
        if let Some(account) = engine.account(who).filter(|_| serves) {
            // an Update brings what differs from what the server knows
            account.changed |= changed::REFRESH | changed::OBJECTS;
        }
        if let Some(extra) = self.extra(engine, who) {
            extra.turn.set(match (serves, waits) {
                (true, _) => Turn::Done,
                (_, true) => Turn::Queued,
                _ => Turn::Trying,
            });
        }
    }
}

/// Whether an account can be used as it is.
fn usable(engine: &Engine<'_>, ctx: &Context<'_>, row: &SecurityRow<'_>) -> Result<(), Error> {
    let server = row.short_server_id.get();
    if !row.bootstrap.get() && matches!(server, 0 | NONE) {
        return Err(Error::Inconsistent);
    }
    row.credentials(|uri, credentials| {
        engine.check_scheme(&Uri::from_bytes(uri)?, credentials.mode != MODE_NOSEC)?;
        match engine.config.features.securing {
            Some((securing, backend)) => securing.accepts(ctx, backend, credentials),
            None => Ok(()),
        }
    })
    .map_err(|_| Error::Inconsistent)
}

/// Whether the binding of a server can be kept (TS 1.0 section 5.3.1.1), and a URI that is a number be called.
fn reachable(engine: &Engine<'_>, row: &SecurityRow<'_>, server: u16) -> Result<(), Error> {
    let server = engine.model.instance(1, server).and_then(|instance| engine.server.row(instance));
    let named = row.field(Field::Uri, |uri| Uri::from_bytes(uri).is_ok_and(|uri| uri.texts));
    let needs = server.map_or(0, |server| server.binding.get().needs()).max(named.into());
    let texting = engine.config.features.texting;
    let keeps = texting.and_then(|texting| texting.accepts(engine, row).ok()).unwrap_or(0);
    if keeps >= needs { Ok(()) } else { Err(Error::Inconsistent) }
}

/// Whether an instance of the Security object is that of a server.
fn secures(engine: &Engine<'_>, at: &Instance, server: u16) -> bool {
    engine.security.row(at).is_some_and(|row| !row.bootstrap.get() && row.short_server_id.get() == server)
}

/// The one instance of the Server object with that Short Server ID; it must have one instance of the Security object.
fn paired(engine: &Engine<'_>, server: u16) -> Result<u16, Error> {
    let named = |at: &&Instance| engine.server.row(at).is_some_and(|row| row.short_server_id.get() == server);
    let mut instances = engine.model.instances_of(1).filter(named);
    let alone = items(engine.model.instances_of(0).filter(|at| secures(engine, at, server))) == 1;
    match (instances.next(), instances.next()) {
        (Some(instance), None) if alone => Ok(instance.id),
        _ => Err(Error::Inconsistent),
    }
}

/// Whether access control suits the servers (TS 1.0 sections 7.3.1.2 and 7.3.1.3): with several of them there is some, each
/// place has one entry, and only known servers are named.
fn controlled(engine: &Engine<'_>, servers: usize) -> Result<(), Error> {
    let Some(access) = engine.config.access else { return Ok(()) };
    let known = |server: u16| {
        matches!(server, 0 | NONE) || engine.model.instances_of(0).any(|at| secures(engine, at, server))
    };
    let mut entries = 0usize;
    for instance in engine.model.instances_of(2) {
        let entry = access.entry(instance).ok_or(Error::Inconsistent)?;
        entries = entries.wrapping_add(1);
        let same = engine.model.instances_of(2).filter_map(|at| access.entry(at));
        let here = |other: &AclEntry| (other.object, other.instance) == (entry.object, entry.instance);
        if items(same.filter(here)) != 1
            || entry.owner == 0
            || !known(entry.owner)
            || entry.rights.iter().any(|right| !known(right.0))
        {
            return Err(Error::Inconsistent);
        }
    }
    if servers > 1 && entries == 0 { Err(Error::Inconsistent) } else { Ok(()) }
}
