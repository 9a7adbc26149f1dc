//! What the application sets up: accounts, objects, instances.

use crate::client::account::{Account, State};
use crate::client::session::{Phase, Session};
use crate::client::uri::Uri;
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::model::definition::{Instance, MANDATORY, SINGLE};
use crate::model::{Object, select};
use crate::objects::{Binding, Credentials, Field, MODE_NOSEC, SMS_DTLS, SecurityRow};
use crate::path::{NONE, Path};
use crate::secure::end;
use crate::time::Instant;

/// A server account as the application gives it: an instance of the Security and one of the Server object.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'s> {
    /// Short Server ID, 1 to 65534; 0 for a bootstrap server.
    pub short_server_id: u16,
    /// LwM2M Server URI.
    pub uri: &'s str,
    /// Lifetime in seconds.
    pub lifetime: u32,
    /// Default Minimum Period in seconds, 0 for none.
    pub pmin: u32,
    /// Default Maximum Period in seconds, 0 for none.
    pub pmax: u32,
    /// Disable Timeout in seconds, 0 for one day.
    pub disable_timeout: u32,
    /// Whether notifications are stored while the server cannot be reached.
    pub storing: bool,
    /// Binding.
    pub binding: Binding,
    /// How it is reached by SMS.
    pub sms: Option<NewSms<'s>>,
}

/// How an account is reached by SMS.
#[derive(Clone, Copy, Debug)]
pub struct NewSms<'s> {
    /// SMS Security Mode.
    pub mode: u8,
    /// Whether the server may trigger by SMS whatever the binding is.
    pub trigger: bool,
    /// LwM2M Server SMS Number.
    pub number: &'s str,
    /// SMS Binding Key Parameters.
    pub parameters: &'s [u8],
    /// SMS Binding Secret Key(s).
    pub keys: &'s [u8],
}

impl<'a> Engine<'a> {
    /// Adds a server account, secured or not; it registers at once. All of it is added, or nothing. With `times`, Client
    /// Hold Off Time and Bootstrap-Server Account Timeout in seconds, it is the account of the bootstrap server.
    pub fn add_account(
        &mut self,
        ctx: &mut Context<'_>,
        new: &NewAccount<'_>,
        credentials: Option<&Credentials<'_>>,
        times: Option<(u32, u32)>,
    ) -> Result<(), Error> {
        if new.short_server_id == NONE || (new.short_server_id == 0) != times.is_some() {
            return Err(Error::BadValue);
        }
        self.settled()?;
        let secure = credentials.is_some_and(|credentials| credentials.mode != MODE_NOSEC);
        self.check_scheme(&Uri::parse(new.uri)?, secure)?;
        let same = |account: &Account| {
            account.state != State::Free && account.short_server_id == new.short_server_id
        };
        if self.accounts.iter().any(same) {
            return Err(Error::Exists);
        }
        let who = self.accounts.iter().position(|place| place.state == State::Free).ok_or(Error::Full)?;
        let security = self.add_security(ctx, new, credentials)?;
        let added = match (times, self.config.features.bootstrapping) {
            (None, _) => self.add_server(new),
            (Some(times), Some(bootstrapping)) => bootstrapping.adopt(self, security, times),
            (Some(_), None) => Err(Error::NotSupported),
        };
        let server = match added {
            Ok(server) => server,
            Err(error) => {
                self.drop_instance(0, security);
                return Err(error);
            }
        };
        let until = if server == NONE { Instant::NEVER } else { ctx.now };
        self.settle_account(who, new.short_server_id, security, server, until);
        self.keep_settings();
        self.objects_changed();
        Ok(())
    }

    /// Makes an account out of its instances.
    pub(crate) fn settle_account(
        &mut self,
        who: usize,
        short_server_id: u16,
        security: u16,
        server: u16,
        until: Instant,
    ) {
        let version = self.config.versions.1;
        if let Some(account) = self.account(who) {
            *account = Account {
                state: State::Waiting { until },
                short_server_id,
                security,
                server,
                version,
                ..Account::FREE
            };
        }
        if let Some(texting) = self.config.features.texting {
            texting.settle(self, who);
        }
        self.set_phase(who);
    }

    /// An account has no session yet; whether it is to have one, its Security instance says.
    pub(crate) fn set_phase(&mut self, who: usize) {
        let texts = self.accounts.get(who).is_some_and(|account| account.texts);
        let secure = self.security_row(who).is_some_and(|row| match texts {
            true => row.sms_mode.get() == SMS_DTLS,
            false => row.mode.get() != MODE_NOSEC,
        });
        if let Some(session) = self.session(who) {
            *session = Session { phase: if secure { Phase::Off } else { Phase::Clear }, ..Session::CLEAR };
        }
    }

    /// The server does not know a registration any more that storage tells of.
    pub(crate) fn forget_registration(&mut self, ctx: &mut Context<'_>, who: usize) {
        if let Some(keeping) = self.config.features.keeping.filter(|_| self.phase(who) == Phase::Clear) {
            keeping.discard(self, ctx, who);
        }
    }

    /// Frees the place of an account: what it observes, its session and its link go.
    pub(crate) fn release(&mut self, ctx: &mut Context<'_>, who: usize) {
        self.forget_server(ctx, who, true);
        self.end_session(ctx, who, end::NOTIFY | end::FORGET);
        self.forget_registration(ctx, who);
        self.unlink(ctx, who);
        if let Some(session) = self.session(who) {
            // what storage holds of this place is looked at no more: it belongs to an account that is gone
            session.phase = Phase::Clear;
        }
        if let Some(account) = self.account(who) {
            *account = Account::FREE;
        }
        if let Some(texting) = self.config.features.texting {
            // its number is nobody's now
            texting.settle(self, who);
        }
    }

    /// [`Error::State`] while accounts are a bootstrap server's to change.
    pub(crate) fn settled(&self) -> Result<(), Error> {
        match self.config.features.bootstrapping {
            Some(bootstrapping) if bootstrapping.is_held() => Err(Error::State),
            _ => Ok(()),
        }
    }

    /// Has what changed in the objects 0 to 2 stored with the next poll.
    pub(crate) fn keep_settings(&self) {
        if let Some(keeping) = self.config.features.keeping {
            keeping.touched(self, Path::object(0));
        }
    }

    fn add_security(
        &mut self,
        ctx: &Context<'_>,
        new: &NewAccount<'_>,
        credentials: Option<&Credentials<'_>>,
    ) -> Result<u16, Error> {
        let id = self.model.free_id(0).ok_or(Error::Full)?;
        let at = self.security.create(id)?;
        let row = self.security.rows.get(at).ok_or(Error::Full)?;
        row.short_server_id.set(new.short_server_id);
        let added = row
            .set_field(Field::Uri, new.uri.as_bytes())
            .and_then(|()| match (credentials, self.config.features.securing) {
                (Some(credentials), Some((securing, backend))) => {
                    securing.install(ctx, backend, row, credentials)
                }
                _ => Ok(()),
            })
            .and_then(|()| self.add_sms(new, row))
            .and_then(|()| self.model.add_instance(0, id, 0b100_0011_1111, at));
        if added.is_err() {
            let place = Instance { object: 0, id, data: at, ..Instance::FREE };
            self.security.delete(&place)?;
        }
        added.map(|()| id)
    }

    /// What the account says of SMS; whether it can keep its binding.
    fn add_sms(&self, new: &NewAccount<'_>, row: &SecurityRow<'_>) -> Result<(), Error> {
        let keeps = match self.config.features.texting {
            None if new.sms.is_some() => return Err(Error::NotSupported),
            None => 0,
            Some(texting) => texting.install(self, row, new.sms.as_ref())?,
        };
        if keeps >= new.binding.needs() { Ok(()) } else { Err(Error::BadValue) }
    }

    fn add_server(&mut self, new: &NewAccount<'_>) -> Result<u16, Error> {
        let id = self.model.free_id(1).ok_or(Error::Full)?;
        let at = self.server.create(id)?;
        let row = self.server.rows.get(at).ok_or(Error::Full)?;
        row.trigger.set(new.sms.as_ref().is_some_and(|sms| sms.trigger));
        row.short_server_id.set(new.short_server_id);
        row.lifetime.set(new.lifetime);
        row.pmin.set(new.pmin);
        row.pmax.set(new.pmax);
        row.storing.set(new.storing);
        row.binding.set(new.binding);
        if new.disable_timeout != 0 {
            row.disable_timeout.set(new.disable_timeout);
        }
        let optional = u64::from(new.pmin != 0) << 2
            | u64::from(new.pmax != 0) << 3
            | u64::from(new.disable_timeout != 0) << 5;
        // Trigger, resource 21, stands behind what a bootstrap brings
        let sms = u64::from(row.trigger.get() && self.config.features.bootstrapping.is_some()) << 18;
        // Disable, resource 4, is always there, and the Bootstrap-Request Trigger where it can do something
        let trigger = u64::from(self.config.features.bootstrapping.is_some()) << 9;
        let added = self.model.add_instance(1, id, 0b1_1101_0011 | optional | trigger | sms, at);
        if added.is_err() {
            let place = Instance { object: 1, id, data: at, ..Instance::FREE };
            self.server.delete(&place)?;
        }
        added.map(|()| id)
    }

    pub(crate) fn drop_instance(&mut self, object: u16, id: u16) {
        if let (Some(definition), Some(instance)) =
            (self.model.object(object), self.model.instance(object, id))
        {
            // built-in objects free any row
            let _ = definition.delete(instance);
        }
        let _ = self.model.remove_instance(object, id);
    }

    /// The place of the account with that Short Server ID.
    pub(crate) fn place_of_server(&self, short_server_id: u16) -> Result<usize, Error> {
        let mine = |account: &Account| short_server_id != 0 && account.short_server_id == short_server_id;
        self.accounts.iter().position(mine).ok_or(Error::NotFound)
    }

    /// Gives up an account without a word to the server; see [`Engine::stop`] for a friendly leave.
    pub fn remove_account(&mut self, ctx: &mut Context<'_>, short_server_id: u16) -> Result<(), Error> {
        self.settled()?;
        let who = self.place_of_server(short_server_id)?;
        let account = self.accounts.get(who).ok_or(Error::NotFound)?;
        let (security, server) = (account.security, account.server);
        self.release(ctx, who);
        self.drop_instance(0, security);
        self.drop_instance(1, server);
        self.keep_settings();
        self.objects_changed();
        self.tell_stopped(ctx);
        Ok(())
    }

    /// Adds an object. Where it can have only one instance, that one exists at once.
    pub fn add_object(&mut self, object: &'a dyn Object) -> Result<(), Error> {
        self.settled()?;
        self.model.add_object(object)?;
        if object.flags() & SINGLE != 0
            && let Err(error) = self.add_instance(object.id(), 0, None, 0)
        {
            self.model.remove_object(object.id())?;
            return Err(error);
        }
        self.objects_changed();
        Ok(())
    }

    /// Takes an object out with all its instances; the built-in ones stay.
    pub fn remove_object(&mut self, ctx: &mut Context<'_>, id: u16) -> Result<(), Error> {
        if id < 3 {
            return Err(Error::NotAllowed);
        }
        self.settled()?;
        loop {
            let first = self.model.instances_of(id).next().map(|instance| instance.id);
            let Some(first) = first else { break };
            self.model.remove_instance(id, first)?;
            if let Some(access) = self.config.access {
                access.deleted(&mut self.model, id, first);
            }
        }
        self.model.remove_object(id)?;
        if let Some(access) = self.config.access {
            // the entry that says who may create
            access.deleted(&mut self.model, id, NONE);
        }
        self.instance_gone(ctx, Path::object(id));
        Ok(())
    }

    /// Adds an object instance with the resources of `present`, by default all. `data` is the object's own word.
    pub fn add_instance(
        &mut self,
        object: u16,
        id: u16,
        present: Option<u64>,
        data: usize,
    ) -> Result<(), Error> {
        self.settled()?;
        let definition = self.model.object(object).ok_or(Error::NotFound)?;
        let mandatory = select(definition, |resource| resource.is(MANDATORY));
        let present = present.unwrap_or_else(|| select(definition, |_| true)) | mandatory;
        self.model.add_instance(object, id, present, data)?;
        self.note_change(Path::instance(object, id));
        self.objects_changed();
        Ok(())
    }

    /// Takes an object instance out. The object's own `delete` is not asked: the application does this itself.
    pub fn remove_instance(&mut self, ctx: &mut Context<'_>, object: u16, id: u16) -> Result<(), Error> {
        if object < 3 {
            return Err(Error::NotAllowed);
        }
        self.settled()?;
        self.model.remove_instance(object, id)?;
        if let Some(access) = self.config.access {
            access.deleted(&mut self.model, object, id);
        }
        self.instance_gone(ctx, Path::instance(object, id));
        Ok(())
    }

    /// The tree, for queries.
    pub fn model(&mut self) -> &mut crate::model::Model<'a> {
        &mut self.model
    }
}
