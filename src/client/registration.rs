//! Register, Update, De-register (TS 1.0 section 5.3): the life of a registration, and what follows a failure.

use crate::bytes;
use crate::client::account::{Account, LOCATION, Location, Purpose, State, changed};
use crate::client::features::{Bootstrapping, Fate};
use crate::client::links::object_list;
use crate::client::session::Phase;
use crate::client::uri::Uri;
use crate::client::{Context, Deadline, Engine, Reason};
use crate::coap::exchange::Due;
use crate::coap::{Answer, Block, Code, Kind, Message, Outgoing, Writer, block, option};
use crate::error::Error;
use crate::format::{CF_LINK, Window, number};
use crate::objects::server::{DEFAULT_DISABLE_TIMEOUT, DEFAULT_PMAX, DEFAULT_PMIN, DISABLE_TIMEOUT};
use crate::objects::{Field, MODE_NOSEC, ServerRow, action};
use crate::port::{Event, EventCode, Opening};
use crate::time::{Instant, seconds};

/// How soon to ask again for a link that is being opened, in milliseconds. A port can wake the client earlier.
pub(crate) const LINK_POLL_MS: u64 = 100;

/// Room that a Block1 and a Size1 option take.
const BLOCK_OPTIONS: usize = 12;

impl<'a> Engine<'a> {
    /// The Server object's row of an account.
    pub(crate) fn server_row(&self, who: usize) -> Option<&ServerRow> {
        let account = self.accounts.get(who)?;
        self.model.instance(1, account.server).and_then(|instance| self.server.row(instance))
    }

    /// A period of an account's Server instance; `None` where the resource is not instantiated.
    pub(crate) fn server_period(&self, who: usize, resource: u16) -> Option<u32> {
        let instance = self.model.instance(1, self.accounts.get(who)?.server)?;
        let row = self.server.row(instance).filter(|_| instance.has(resource.into()))?;
        match resource {
            DEFAULT_PMIN => Some(row.pmin.get()),
            DEFAULT_PMAX => Some(row.pmax.get()),
            DISABLE_TIMEOUT => Some(row.disable_timeout.get()),
            _ => None,
        }
    }

    /// Does what is due for one account.
    pub(crate) fn run_account(&mut self, ctx: &mut Context<'_>, who: usize) {
        let beside = self.accounts.get(who).is_some_and(Account::is_beside);
        if beside || self.reachable(who) {
            self.answering(beside, |engine| engine.drive_exchange(ctx, who));
        }
        if !self.reachable(who) {
            return;
        }
        if let Some((securing, _)) = self.config.features.securing {
            securing.drive(self, ctx, who);
        }
        let Some(account) = self.accounts.get(who) else { return };
        match account.state {
            State::Waiting { until } if ctx.now >= until && self.admits(ctx.now, who) => {
                self.open_link(ctx, who)
            }
            State::Opening => self.open_link(ctx, who),
            State::Registered { update, expires }
                if account.exchange.is_none() || (account.is_beside() && ctx.now >= update) =>
            {
                let due = ctx.now >= update || account.changed != 0;
                if !(due || ctx.now >= expires) || !self.admits(ctx.now, who) {
                    return;
                }
                // what may take minutes by SMS does not make the registration expire
                self.give_up_exchange(ctx, who);
                if ctx.now >= expires {
                    self.tell_about(ctx, who, EventCode::Deregistered, Error::Timeout.to_c());
                    self.register(ctx, who);
                } else {
                    self.update(ctx, who);
                }
            }
            _ => {}
        }
    }

    /// The next deadline of an account.
    pub(crate) fn account_deadline(&self, who: usize, now: Instant, next: Deadline) -> Deadline {
        let Some(account) = self.accounts.get(who) else { return next };
        let id = account.short_server_id;
        let reachable = self.reachable(who);
        if !reachable && !account.is_beside() {
            return next;
        }
        let session = self.sessions.get(who).filter(|_| reachable);
        let due = session.map_or(Instant::NEVER, |session| session.due);
        let next = next.or(due, Reason::Handshake, id);
        if let Some(exchange) = &account.exchange {
            let at = match exchange.due(now) {
                Due::Wait(at) => at,
                Due::Resend | Due::GaveUp => now,
            };
            let (at, reason) = match account.state {
                State::Registered { update, .. }
                    if exchange.beside && update < at && reachable && !self.card_holds(who) =>
                {
                    (update, Reason::Update)
                }
                _ => (at, Reason::Retransmission),
            };
            return next.or(at, reason, id);
        }
        if self.card_holds(who) {
            // the card's own deadline counts
            return next;
        }
        match account.state {
            State::Waiting { until } => next.or(until, Reason::Registration, id),
            State::Opening => next.or(now.after(LINK_POLL_MS), Reason::Link, id),
            State::Registered { .. } if account.changed != 0 => next.or(now, Reason::Work, id),
            State::Registered { update, .. } => {
                let next = next.or(update, Reason::Update, id);
                let naps = account.binding.queues() && self.radio && account.awake > now;
                if naps { next.or(account.awake, Reason::Sleep, id) } else { next }
            }
            _ => next,
        }
    }

    pub(crate) fn tell_about(&self, ctx: &mut Context<'_>, who: usize, code: EventCode, status: i32) {
        let server = self.server_id(who);
        self.tell(ctx, Event::new(code, server).why(status));
    }

    fn open_link(&mut self, ctx: &mut Context<'_>, who: usize) {
        let Some(row) = self.security_row(who) else {
            return self.account_invalid(ctx, who, Error::NotFound);
        };
        let secure = row.mode.get() != MODE_NOSEC;
        self.need_radio(ctx);
        let texts = self.has_texts(who);
        let opened = row.field(Field::Uri, |bytes| {
            if texts {
                return Ok(Opening::Ready);
            }
            let uri = Uri::from_bytes(bytes)?;
            // a mode that secures is never served in clear
            self.check_scheme(&uri, secure)?;
            if uri.texts {
                // what the account says of SMS cannot work
                return Err(Error::BadValue);
            }
            ctx.port.open(who as u8, uri.host, uri.port, secure.into())
        });
        match opened {
            Ok(Opening::Ready) => {
                if let Some(account) = self.account(who) {
                    account.linked = true;
                }
                self.link_ready(ctx, who, if texts { self.phase(who) != Phase::Clear } else { secure });
            }
            Ok(Opening::Pending) => self.enter(who, State::Opening),
            Err(
                error @ (Error::BadValue | Error::NotSupported | Error::SecurityMode | Error::Credentials),
            ) => {
                self.account_invalid(ctx, who, error);
            }
            Err(error) => {
                // what failed to open is not closed
                self.enter(who, State::Waiting { until: ctx.now });
                self.link_failed(ctx, who, error);
            }
        }
    }

    /// Datagrams can be sent: now comes the session, or without security the Register.
    fn link_ready(&mut self, ctx: &mut Context<'_>, who: usize, secure: bool) {
        if let Some((securing, _)) = self.config.features.securing.filter(|_| secure) {
            return securing.begin(self, ctx, who);
        }
        let kept = self.config.features.keeping;
        if kept.is_some_and(|keeping| keeping.restore(self, ctx, who)) {
            return self.resume_registration(ctx, who);
        }
        self.register(ctx, who);
    }

    /// An account cannot be used as it is configured; it is not tried again.
    pub(crate) fn account_invalid(&mut self, ctx: &mut Context<'_>, who: usize, error: Error) {
        self.tell_about(ctx, who, EventCode::AccountInvalid, error.to_c());
        self.enter(who, State::Waiting { until: Instant::NEVER });
        if let Some(bootstrapping) = self.config.features.bootstrapping {
            // another bootstrap may mend it
            bootstrapping.failed(self, ctx, who, error.to_c());
        }
    }

    pub(crate) fn enter(&mut self, who: usize, state: State) {
        if let Some(account) = self.account(who) {
            account.state = state;
        }
    }

    /// Begins a Register: all that the server knew is void (TS 1.0 section 5.5.1).
    pub(crate) fn register(&mut self, ctx: &mut Context<'_>, who: usize) {
        if let Some(bootstrapping) = self.bootstraps(who) {
            return bootstrapping.request(self, ctx, who);
        }
        let Some(row) = self.server_row(who) else {
            return self.account_invalid(ctx, who, Error::NotFound);
        };
        let (lifetime, binding) = (row.lifetime.get(), row.binding.get());
        self.forget_server(ctx, who, false);
        if let Some(account) = self.account(who) {
            account.state = State::Registering;
            account.changed = 0;
            account.upload = None;
            account.lifetime = lifetime;
            account.binding = binding;
            account.location.clear();
        }
        self.send_registration(ctx, who, Purpose::Register);
    }

    /// An Update over a session that is not new (TS 1.0 section 8.2.4): the server is expected to know the registration.
    pub(crate) fn resume_registration(&mut self, ctx: &mut Context<'_>, who: usize) {
        self.enter(who, State::Resuming);
        self.update(ctx, who);
    }

    fn update(&mut self, ctx: &mut Context<'_>, who: usize) {
        let Some(row) = self.server_row(who) else { return };
        let (lifetime, binding) = (row.lifetime.get(), row.binding.get());
        let Some(account) = self.account(who) else { return };
        let mut carries =
            account.changed & (changed::OBJECTS | changed::LIFETIME | changed::BINDING | changed::NUMBER);
        if account.lifetime != lifetime {
            carries |= changed::LIFETIME;
        }
        if account.binding != binding {
            carries |= changed::BINDING;
        }
        account.changed = 0;
        account.lifetime = lifetime;
        account.binding = binding;
        account.upload = None;
        self.send_registration(ctx, who, Purpose::Update { carries });
    }

    /// Writes and sends a registration message; of a long object list the next block.
    pub(super) fn send_registration(&mut self, ctx: &mut Context<'_>, who: usize, purpose: Purpose) {
        let id = self.fresh_id();
        let token = self.fresh_token(ctx);
        let written = self
            .with_outgoing(who, |engine, buffer| engine.write_registration(who, purpose, id, token, buffer));
        match written {
            Ok(length) => self.begin_exchange(ctx, who, (purpose, id, token), length),
            Err(error) => self.gave_up(ctx, who, purpose, error.to_c()),
        }
    }

    #[inline(never)]
    fn write_registration(
        &mut self,
        who: usize,
        purpose: Purpose,
        id: u16,
        token: [u8; 2],
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        let buffer = self.fitting(who, buffer);
        let account = self.accounts.get_mut(who).ok_or(Error::State)?;
        let method = if purpose == Purpose::Deregister { Code::DELETE } else { Code::POST };
        let mut writer = Writer::new(buffer, Kind::Confirmable, method, id, &token)?;
        let (registers, carries) = match purpose {
            Purpose::Register => {
                (true, changed::LIFETIME | changed::BINDING | changed::OBJECTS | changed::NUMBER)
            }
            Purpose::Update { carries } => (false, carries),
            _ => (false, 0),
        };
        if registers {
            writer.option(option::URI_PATH, b"rd")?;
        }
        for segment in account.location.segments() {
            writer.option(option::URI_PATH, segment)?;
        }
        let list = carries & changed::OBJECTS != 0;
        if list {
            writer.option_uint(option::CONTENT_FORMAT, CF_LINK.into())?;
        }
        if registers {
            query(&mut writer, b"ep=", self.config.endpoint.as_bytes())?;
        }
        if carries & changed::LIFETIME != 0 {
            query(&mut writer, b"lt=", number::digits(account.lifetime.into(), &mut [0; 20]))?;
        }
        if registers {
            writer.option(
                option::URI_QUERY,
                &[b'l', b'w', b'm', b'2', b'm', b'=', b'1', b'.', b'0'.wrapping_add(account.version)],
            )?;
        }
        if carries & changed::BINDING != 0 {
            write_binding(&mut writer, account, registers)?;
        }
        if let Some(texting) = self.config.features.texting.filter(|_| carries & changed::NUMBER != 0) {
            texting.write_number(&mut writer)?;
        }
        if !list {
            return Ok(writer.finish());
        }
        let mut counting = Window::new(&mut [], 0);
        object_list(&self.model, &mut counting);
        let total = counting.total();
        if account.upload.is_none() && total > writer.room().len() {
            let room = writer.room().len().saturating_sub(BLOCK_OPTIONS);
            account.upload = Some(Outgoing::new(block::largest_exponent(room).ok_or(Error::Full)?));
        }
        let (mut start, mut size) = (0, total);
        if let Some(upload) = account.upload.as_mut() {
            (start, size) = (upload.offset() as usize, upload.size());
            let option = upload.block(start.wrapping_add(size) < total)?;
            writer.option_uint(option::BLOCK1, option.to_uint())?;
            if start == 0 {
                writer.option_uint(option::SIZE1, total as u32)?;
            }
        }
        let mut window = Window::new(writer.room().get_mut(..size).ok_or(Error::Full)?, start);
        object_list(&self.model, &mut window);
        let kept = window.kept().len();
        writer.finish_with(kept)
    }

    /// A response to Register, Update or De-register.
    pub(crate) fn registration_answered(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        purpose: Purpose,
        message: &Message<'_>,
    ) {
        let mut location = Location::clone(&Account::FREE.location);
        let mut block1 = None;
        let mut kept = Ok(());
        let mut options = message.options();
        while let Ok(Some((number, value))) = options.next() {
            match number {
                option::LOCATION_PATH => kept = kept.and(location.push(value)),
                option::BLOCK1 => block1 = Block::decode(value).ok(),
                _ => {}
            }
        }
        if self.upload_answered(ctx, who, purpose, message.code, block1) {
            return;
        }
        match (purpose, message.code) {
            (Purpose::Register, Code::CREATED) if kept.is_ok() => self.registered(ctx, who, location),
            (Purpose::Register, Code::CREATED) => self.gave_up(ctx, who, purpose, Error::Full.to_c()),
            (Purpose::Update { .. }, Code::CHANGED) => self.refreshed(ctx, who, EventCode::Updated),
            (Purpose::Deregister, _) => self.gave_up(ctx, who, purpose, 0),
            (Purpose::Bootstrap, code) => {
                if let Some(bootstrapping) = self.bootstraps(who) {
                    bootstrapping.answered(self, ctx, who, code);
                }
            }
            (Purpose::Register, Code::PRECONDITION_FAILED) if self.step_down(who) => self.register(ctx, who),
            // the server forgot us, or does not like the Update: all that remains is a new Register
            (Purpose::Update { .. }, code) => {
                self.tell_about(ctx, who, EventCode::UpdateFailed, code.0.into());
                self.register(ctx, who);
            }
            (_, code) => self.gave_up(ctx, who, purpose, code.0.into()),
        }
    }

    /// Goes on with an object list in blocks; false where the answer is the final one.
    fn upload_answered(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        purpose: Purpose,
        code: Code,
        block1: Option<Block>,
    ) -> bool {
        let Some(upload) = self.account(who).and_then(|account| account.upload.as_mut()) else {
            return false;
        };
        match upload.answer(code, block1) {
            Answer::Next | Answer::Restart => {
                // the blocks of two lists do not go together: begin anew with the present one
                if let Some(account) = self.account(who).filter(|a| a.changed & changed::OBJECTS != 0) {
                    account.changed &= !changed::OBJECTS;
                    account.upload = None;
                }
                self.send_registration(ctx, who, purpose);
                true
            }
            Answer::Done | Answer::Failed => {
                if let Some(account) = self.account(who) {
                    account.upload = None;
                }
                false
            }
        }
    }

    /// Tries the next lower version that the configuration allows after a 4.12.
    fn step_down(&mut self, who: usize) -> bool {
        let lowest = self.config.versions.0;
        match self.account(who) {
            Some(account) if account.version > lowest => {
                account.version -= 1;
                true
            }
            _ => false,
        }
    }

    fn registered(&mut self, ctx: &mut Context<'_>, who: usize, location: Location) {
        if let Some(account) = self.account(who) {
            account.location = location;
            account.failures = 0;
        }
        self.refreshed(ctx, who, EventCode::Registered);
    }

    /// The lifetime begins anew. The Update goes out early enough for all its retransmissions, and at half of the
    /// lifetime where that is too short for them.
    fn refreshed(&mut self, ctx: &mut Context<'_>, who: usize, event: EventCode) {
        let early = u64::from(self.params(who).max_transmit_wait());
        let Some(account) = self.account(who) else { return };
        let lifetime = seconds(account.lifetime);
        account.state = if lifetime == 0 {
            State::Registered { update: Instant::NEVER, expires: Instant::NEVER }
        } else {
            let ahead = early.min(lifetime / 2);
            State::Registered {
                update: ctx.now.after(lifetime.wrapping_sub(ahead)),
                expires: ctx.now.after(lifetime),
            }
        };
        if let Some(bootstrapping) = self.config.features.bootstrapping {
            bootstrapping.registered(self, ctx, who);
        }
        // once it is told, it outlives a power cut
        if let Some(keeping) = self.config.features.keeping {
            keeping.keep(self, ctx, who);
        }
        self.tell_about(ctx, who, event, 0);
    }

    /// A message was not answered, or with an error.
    pub(crate) fn gave_up(&mut self, ctx: &mut Context<'_>, who: usize, purpose: Purpose, status: i32) {
        match purpose {
            Purpose::Register | Purpose::Bootstrap => self.retry_later(ctx, who, status),
            Purpose::Update { .. } => {
                self.tell_about(ctx, who, EventCode::UpdateFailed, status);
                match self.config.features.securing {
                    Some((securing, _)) if self.resumes(who) => securing.begin_anew(self, ctx, who),
                    _ => self.retry_later(ctx, who, status),
                }
            }
            Purpose::Deregister => {
                let until = match self.accounts.get(who).map(|account| account.state) {
                    Some(State::Leaving { until }) => until,
                    _ => Instant::NEVER,
                };
                self.left(ctx, who, until);
            }
            Purpose::Notify(at) => self.notification_ended(ctx, who, at, Fate::Lost),
            Purpose::Respond => {}
        }
    }

    fn resumes(&self, who: usize) -> bool {
        self.accounts.get(who).is_some_and(|account| account.state == State::Resuming)
    }

    /// Follows what servers wrote and executed in the Server object.
    pub(crate) fn follow_orders(&mut self, ctx: &mut Context<'_>) {
        for who in 0..self.accounts.len() {
            let Some(row) = self.server_row(who) else { continue };
            let orders = row.actions.replace(0);
            if orders & action::PERIODS != 0
                && let Some(reporting) = self.config.features.reporting
            {
                reporting.periods_changed(self, who);
            }
            if orders & !action::PERIODS == 0 {
                continue;
            }
            if let Some(account) = self.account(who) {
                // an Update brings whatever differs from what the server knows
                account.changed |= changed::REFRESH;
            }
            if let Some(texting) = self.config.features.texting.filter(|_| orders & action::BINDING != 0) {
                texting.follow(self, ctx, who);
            }
            if orders & action::DISABLE != 0 {
                let pause = self.server_period(who, DISABLE_TIMEOUT).unwrap_or(DEFAULT_DISABLE_TIMEOUT);
                let until = ctx.now.after(seconds(pause));
                if let Some(account) = self.account(who) {
                    account.disabled = until;
                }
                self.deregister(ctx, who, until);
            }
        }
    }

    /// Objects or instances came or went: every server is told.
    pub(crate) fn objects_changed(&mut self) {
        for account in self.accounts.iter_mut() {
            account.changed |= changed::OBJECTS;
        }
    }

    /// What serves an account that is the bootstrap server's.
    pub(crate) fn bootstraps(&self, who: usize) -> Option<&'a dyn Bootstrapping> {
        let bootstrapping = self.config.features.bootstrapping?;
        self.accounts.get(who).filter(|account| account.is_bootstrap()).map(|_| bootstrapping)
    }

    /// Asks for an Update to a server, or to all where `short_server_id` is 0.
    pub fn request_update(&mut self, short_server_id: u16) -> Result<(), Error> {
        let mut found = false;
        for account in self.accounts.iter_mut() {
            if account.serves() && (short_server_id == 0 || account.short_server_id == short_server_id) {
                account.changed |= changed::REFRESH;
                found = true;
            }
        }
        if found { Ok(()) } else { Err(Error::NotFound) }
    }

    /// The place of a registration that serves, for tests and queries.
    pub fn is_registered(&self, short_server_id: u16) -> bool {
        self.accounts.iter().any(|account| account.short_server_id == short_server_id && account.serves())
    }
}

const _: () = assert!(LOCATION < 256, "a length byte counts it");

/// `name=value` as one Uri-Query.
pub(crate) fn query(writer: &mut Writer<'_>, name: &[u8], value: &[u8]) -> Result<(), Error> {
    let mut text = [0u8; 255];
    let end = name.len().wrapping_add(value.len());
    bytes::put(&mut text, 0, name)?;
    bytes::put(&mut text, name.len(), value)?;
    writer.option(option::URI_QUERY, text.get(..end).unwrap_or(&[]))
}

/// `b=UQ` for 1.0; from 1.1 on the binding without its queue letter, which becomes a query of its own. The default
/// `U` is not sent with a Register.
fn write_binding(writer: &mut Writer<'_>, account: &Account, registers: bool) -> Result<(), Error> {
    let text = account.binding.as_str();
    if account.version == 0 {
        return if registers && text == "U" { Ok(()) } else { query(writer, b"b=", text.as_bytes()) };
    }
    let transports = account.binding.transports();
    if !registers || transports != "U" {
        query(writer, b"b=", transports.as_bytes())?;
    }
    if account.binding.queues() { writer.option(option::URI_QUERY, b"Q") } else { Ok(()) }
}
