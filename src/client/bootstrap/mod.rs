//! Bootstrap (TS 1.0 section 5.2): when a bootstrap server is asked, the session with it, and what follows.
//!
//! The account of the bootstrap server is one of the accounts, without an instance of the Server object:
//!
//! ```text
//! Waiting (never) -> Waiting (hold-off) -> Opening -> Securing -> Requesting -> Bootstrapping -> Finished -> Waiting (never)
//!                    ^------ a pause after each failure ------------------------------'
//! ```
//!
//! `commands` does what the server commands, `log` keeps what was there before, `settle` checks and takes over what is
//! there after, `order` says when each server's registration is tried.

mod card;
mod commands;
mod log;
mod order;
mod provision;
mod settle;

pub use card::Loading;
pub use log::Log;

use crate::bytes;
use crate::client::account::{Account, Purpose, State};
use crate::client::features::Bootstrapping;
use crate::client::network::{chance, spread};
use crate::client::registration::{LINK_POLL_MS, query};
use crate::client::request::Request;
use crate::client::respond::Reply;
use crate::client::upload::Upload;
use crate::client::uri::Uri;
use crate::client::{Context, Deadline, Engine, Reason};
use crate::coap::{Code, Kind, Message, Writer, option};
use crate::error::Error;
use crate::format::number;
use crate::model::Instance;
use crate::objects::{Field, MODE_NOSEC, OrderedServer, ServerExtra, Turn};
use crate::path::NONE;
use crate::port::{Event, EventCode, Opening, link};
use crate::secure::end;
use crate::time::{Instant, seconds};
use core::cell::Cell;

/// A session that lasts longer, in milliseconds, has failed: nobody else is heard meanwhile.
const LONGEST_SESSION: u64 = 3_600_000;

/// The part of a client that does bootstrap, and what it remembers.
pub struct Bootstrap<'a> {
    /// The Server object.
    pub server: &'a OrderedServer<'a>,
    log: Log<'a>,
    /// A session is under way: what it changes can be undone, and nothing else happens.
    held: Cell<bool>,
    /// What is under way is the loading of a card's file.
    loading: Cell<bool>,
    /// Somebody asked for a bootstrap.
    wanted: Cell<bool>,
    /// The client was stopped: none begins by itself.
    stopped: Cell<bool>,
    /// The bootstrap server does not like `pct`.
    plain: Cell<bool>,
    /// Access control was written to a client that has none.
    uncontrolled: Cell<bool>,
    /// The account was replaced: the session under way is one of the old.
    replaced: Cell<bool>,
    /// When the account of the bootstrap server goes (Bootstrap-Server Account Timeout).
    purge: Cell<Instant>,
    /// When the server may be listened for.
    listen_after: Cell<Instant>,
    /// When a session has failed, however busy it is.
    ends: Cell<Instant>,
}

impl<'a> Bootstrap<'a> {
    /// Nothing has happened yet.
    pub fn new(server: &'a OrderedServer<'a>, old: &'a mut [u8]) -> Self {
        Self {
            server,
            log: Log::new(old),
            held: Cell::new(false),
            loading: Cell::new(false),
            wanted: Cell::new(false),
            stopped: Cell::new(false),
            plain: Cell::new(false),
            uncontrolled: Cell::new(false),
            replaced: Cell::new(false),
            purge: Cell::new(Instant::NEVER),
            listen_after: Cell::new(Instant::ZERO),
            ends: Cell::new(Instant::NEVER),
        }
    }

    /// What 1.1 says of the server of an account.
    fn extra(&self, engine: &Engine<'_>, who: usize) -> Option<&ServerExtra> {
        let account = engine.accounts.get(who).filter(|account| !account.is_bootstrap())?;
        engine.model.instance(1, account.server).and_then(|instance| self.server.extra(instance).ok())
    }

    /// Whether a bootstrap is all that is left: no server is known, or all were tried in vain (TS 1.0 section 5.2.4); from
    /// 1.1 on, one that wants it so (Bootstrap on Registration Failure) is enough.
    fn is_lost(&self, engine: &Engine<'_>) -> bool {
        let servers = || (0..engine.accounts.len()).filter_map(|who| self.extra(engine, who));
        let gone = |extra: &ServerExtra| extra.turn.get() == Turn::GivenUp;
        let wants = |extra: &ServerExtra| gone(extra) && extra.bootstrap.get();
        let one = engine.config.versions.1 > 0;
        servers().next().is_none() || (servers().any(wants) && (one || servers().all(gone)))
    }

    /// Whether a bootstrap is to begin.
    fn begins(&self, engine: &Engine<'_>) -> bool {
        !self.held.get()
            && engine.card_tried()
            && (self.wanted.get() || (!self.stopped.get() && self.is_lost(engine)))
    }

    /// Takes note of executed triggers.
    fn collect_triggers(&self) {
        for extra in self.server.extras {
            if extra.trigger.take() {
                self.wanted.set(true);
            }
        }
    }

    /// Waits for the Client Hold Off Time, and up to a quarter longer, so that not all devices come at once.
    fn hold_off(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, who: usize) -> Instant {
        let hold_off = engine.security_row(who).map_or(0, |row| seconds(row.hold_off.get()));
        let until = ctx.now.after(hold_off.saturating_add(chance(ctx, hold_off / 4)));
        // the last one brought no registration: another that does not is not to follow at once
        match engine.accounts.get(who).map_or(0, |account| account.failures) {
            0 => until,
            _ if self.wanted.get() => until,
            failures => until.after(spread(ctx, engine.growing(failures.wrapping_sub(1)))),
        }
    }

    /// Whether the bootstrap server is to be listened for now (TS 1.0 section 5.2.3.4).
    fn listens(&self, engine: &Engine<'_>, now: Instant, who: usize) -> bool {
        engine.config.invites
            && engine.reachable(who)
            && !self.stopped.get()
            && !self.held.get()
            && engine.card_tried()
            && now >= self.listen_after.get()
    }

    /// Opens the link on which the bootstrap server may speak first.
    fn listen(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(row) = engine.security_row(who) else { return };
        let secure = if row.mode.get() == MODE_NOSEC { 0 } else { link::SECURE };
        engine.need_radio(ctx);
        let texts = engine.has_texts(who);
        let opened = row.field(Field::Uri, |bytes| {
            let uri = Uri::from_bytes(bytes)?;
            if texts || uri.texts {
                return if texts { Ok(Opening::Ready) } else { Err(Error::BadValue) };
            }
            ctx.port.open(who as u8, uri.host, uri.port, secure | link::LISTEN)
        });
        match opened {
            Ok(Opening::Ready) => {
                engine.enter(who, State::Listening { until: Instant::NEVER });
                if let Some(account) = engine.account(who) {
                    account.linked = true;
                }
            }
            Ok(Opening::Pending) => self.listen_after.set(ctx.now.after(LINK_POLL_MS)),
            Err(error) => {
                self.listen_after.set(ctx.now.after(seconds(engine.config.retry_s.1)));
                engine.tell_about(ctx, who, EventCode::LinkFailed, error.to_c());
            }
        }
    }

    fn begin(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        self.hold(engine);
        if let Some(packing) = engine.config.features.packing {
            packing.hold(engine, who);
        }
        self.ends.set(ctx.now.after(LONGEST_SESSION));
        // half a body of a server that is not heard now
        engine.upload = Upload::IDLE;
        engine.held.clear();
        self.extend(engine, ctx, who);
        engine.tell(ctx, Event::new(EventCode::BootstrapStarted, 0));
    }

    /// What is there now is what a failure brings back; until [`Bootstrap::resume`] nothing else happens.
    fn hold(&self, engine: &Engine<'_>) {
        self.held.set(true);
        engine.server.open.set(true);
        self.log.clear();
        self.uncontrolled.set(false);
        engine.refresh_presence();
        for who in 0..engine.accounts.len() {
            let Some(extra) = self.server.extras.get(who) else { break };
            extra.seal.set(engine.credentials_checksum(who));
            if let Some(mine) = self.extra(engine, who) {
                extra.before.set(mine.turn.get());
            }
        }
    }

    fn resume(&self, engine: &Engine<'_>) {
        self.held.set(false);
        engine.server.open.set(false);
    }

    /// Leaves the bootstrap server until it is needed again.
    fn rest(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let replaced = self.replaced.take();
        engine.end_session(ctx, who, if replaced { end::NOTIFY | end::FORGET } else { end::NOTIFY });
        engine.unlink(ctx, who);
        engine.enter(who, State::Waiting { until: Instant::NEVER });
        settle_texts(engine, who);
        if replaced {
            engine.set_phase(who);
        }
        // keys came this way
        bytes::zeroise(engine.receive);
        bytes::zeroise(engine.body);
        engine.held.clear();
    }

    /// The session fails EXCHANGE_LIFETIME after the last command (TS 1.0 section 5.2.3.3 step 2).
    fn extend(&self, engine: &mut Engine<'_>, ctx: &Context<'_>, who: usize) {
        let until = ctx.now.after(engine.lifetime(who, true).into()).earlier(self.ends.get());
        engine.enter(who, State::Bootstrapping { until });
    }

    /// The session is over without success: everything is as it was before.
    fn give_back(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        if !self.held.get() {
            return;
        }
        self.resume(engine);
        if !self.log.roll_back(engine) {
            // a handler of the application did not take its own old value
            engine.tell(ctx, Event::new(EventCode::BootstrapFailed, 0).why(Error::Handler.to_c()));
        }
        for who in 0..engine.accounts.len() {
            if let (Some(mine), Some(extra)) = (self.extra(engine, who), self.server.extras.get(who)) {
                mine.turn.set(extra.before.get());
            }
        }
        // one that was about to be replaced is the one again
        let mine = |at: &&Instance| engine.security.row(at).is_some_and(|row| row.bootstrap.get());
        let security = engine.model.instances_of(0).find(mine).map(|at| at.id);
        if let (Some(security), Some(who)) = (security, engine.place_of_bootstrap()) {
            if let Some(account) = engine.account(who) {
                account.security = security;
            }
            settle_texts(engine, who);
        }
        // storage may have been told otherwise
        engine.keep_settings();
    }

    /// The same of a session that nobody has called a failure yet.
    fn break_off(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        if self.held.get() && !self.loading.get() {
            self.give_back(engine, ctx);
            engine.tell(ctx, Event::new(EventCode::BootstrapFailed, 0).why(Error::Closed.to_c()));
        }
    }

    /// The account of the bootstrap server goes after its Bootstrap-Server Account Timeout.
    fn set_purge(&self, engine: &Engine<'_>, ctx: &Context<'_>, who: usize) {
        let timeout = engine.security_row(who).map_or(0, |row| row.account_timeout.get());
        self.purge.set(if timeout == 0 { Instant::NEVER } else { ctx.now.after(seconds(timeout)) });
    }

    fn purge_account(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        self.purge.set(Instant::NEVER);
        let security = engine.accounts.get(who).map_or(NONE, |account| account.security);
        engine.release(ctx, who);
        engine.drop_instance(0, security);
        engine.tell(ctx, Event::new(EventCode::BootstrapPurged, 0));
        engine.keep_settings();
    }

    /// Only the bootstrap server is heard.
    fn run_session(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        engine.receive_one(ctx, who);
        if let Some(texting) = engine.config.features.texting {
            texting.receive(engine, ctx, Some(who));
        }
        for other in 0..engine.accounts.len() {
            let linked = |account: &Account| account.linked && !account.texts;
            if other != who && engine.accounts.get(other).is_some_and(linked) {
                let buffer = core::mem::take(&mut engine.receive);
                // what comes meanwhile is lost, and will be repeated
                engine.busy |= ctx.port.receive(other as u8, buffer).is_ok_and(|length| length != 0);
                engine.receive = buffer;
            }
        }
        engine.run_account(ctx, who);
    }

    fn write_request(
        &self,
        engine: &Engine<'_>,
        id: u16,
        token: [u8; 2],
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        let mut writer = Writer::new(buffer, Kind::Confirmable, Code::POST, id, &token)?;
        writer.option(option::URI_PATH, b"bs")?;
        query(&mut writer, b"ep=", engine.config.endpoint.as_bytes())?;
        let preferred = engine.config.formats.iter().find(|entry| entry.0.structured());
        if let Some(entry) = preferred.filter(|_| engine.config.versions.1 > 0 && !self.plain.get()) {
            query(&mut writer, b"pct=", number::digits(entry.0.content_format().into(), &mut [0; 20]))?;
        }
        Ok(writer.finish())
    }
}

/// How an account is reached by SMS is what its instance says now.
fn settle_texts(engine: &mut Engine<'_>, who: usize) {
    if let Some(texting) = engine.config.features.texting {
        texting.settle(engine, who);
    }
}

impl Engine<'_> {
    /// The place of the bootstrap server's account.
    pub(crate) fn place_of_bootstrap(&self) -> Option<usize> {
        self.accounts.iter().position(Account::is_bootstrap)
    }
}

impl Bootstrapping for Bootstrap<'_> {
    fn turn(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) -> bool {
        self.collect_triggers();
        let Some(who) = engine.place_of_bootstrap() else {
            self.wanted.set(false);
            return false;
        };
        match engine.accounts.get(who).map(|account| account.state) {
            Some(State::Waiting { until: Instant::NEVER }) if self.listens(engine, ctx.now, who) => {
                self.listen(engine, ctx, who);
            }
            Some(State::Waiting { until: Instant::NEVER }) if self.begins(engine) => {
                let until = self.hold_off(engine, ctx, who);
                engine.enter(who, State::Waiting { until });
            }
            Some(State::Listening { until: Instant::NEVER }) if self.begins(engine) => {
                let until = self.hold_off(engine, ctx, who);
                engine.enter(who, State::Listening { until });
            }
            Some(State::Listening { until }) if ctx.now >= until => {
                engine.unlink(ctx, who);
                engine.enter(who, State::Waiting { until: ctx.now });
            }
            // one that is asked for once more does not wait for the end of the last
            Some(State::Finished { until }) if ctx.now >= until || self.wanted.get() => {
                self.rest(engine, ctx, who);
            }
            Some(State::Bootstrapping { until }) if ctx.now >= until => {
                engine.retry_later(ctx, who, Error::Timeout.to_c());
            }
            _ => {}
        }
        let session = |account: &Account| matches!(account.state, State::Bootstrapping { .. });
        if self.held.get() && !engine.accounts.get(who).is_some_and(session) {
            // the session went with its link, or the client was stopped
            self.break_off(engine, ctx);
        }
        if self.held.get() {
            self.run_session(engine, ctx, who);
        } else if ctx.now >= self.purge.get() {
            self.purge_account(engine, ctx, who);
        }
        self.held.get()
    }

    fn deadline(&self, engine: &Engine<'_>, now: Instant, next: Deadline) -> (Deadline, bool) {
        let Some(who) = engine.place_of_bootstrap() else { return (next, false) };
        let pending = self.server.extras.iter().any(|extra| extra.trigger.get());
        let mut next = if pending { next.or(now, Reason::Work, 0) } else { next };
        next =
            match engine.accounts.get(who).map(|account| account.state) {
                Some(State::Finished { .. }) if self.wanted.get() => next.or(now, Reason::Work, 0),
                Some(
                    State::Waiting { until: Instant::NEVER } | State::Listening { until: Instant::NEVER },
                ) if self.begins(engine) => next.or(now, Reason::Work, 0),
                Some(
                    State::Listening { until } | State::Bootstrapping { until } | State::Finished { until },
                ) => next.or(until, Reason::Bootstrap, 0),
                Some(State::Waiting { until: Instant::NEVER })
                    if engine.config.invites && !self.stopped.get() && engine.reachable(who) =>
                {
                    next.or(self.listen_after.get().later(now), Reason::Link, 0)
                }
                _ => next,
            };
        if self.held.get() {
            return (engine.account_deadline(who, now, next), true);
        }
        (next.or(self.purge.get(), Reason::Bootstrap, 0), false)
    }

    fn request(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        if matches!(engine.accounts.get(who).map(|account| account.state), Some(State::Listening { .. })) {
            // it came by itself, and needs no invitation
            return;
        }
        engine.enter(who, State::Requesting);
        let (id, token) = (engine.fresh_id(), engine.fresh_token(ctx));
        let written = engine.with_outgoing(who, |engine, buffer| {
            let buffer = engine.fitting(who, buffer);
            self.write_request(engine, id, token, buffer)
        });
        match written {
            Ok(length) => engine.begin_exchange(ctx, who, (Purpose::Bootstrap, id, token), length),
            Err(error) => engine.retry_later(ctx, who, error.to_c()),
        }
    }

    fn answered(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, code: Code) {
        match code {
            Code::CHANGED => self.begin(engine, ctx, who),
            Code::UNSUPPORTED_CONTENT_FORMAT if !self.plain.replace(true) => self.request(engine, ctx, who),
            code => engine.retry_later(ctx, who, code.0.into()),
        }
    }

    fn failed(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, status: i32) -> bool {
        if !engine.accounts.get(who).is_some_and(Account::is_bootstrap) {
            return self.registration_failed(engine, ctx, who, status);
        }
        self.give_back(engine, ctx);
        let Some(account) = engine.accounts.get(who) else { return true };
        if matches!(account.state, State::Finished { .. } | State::Listening { .. }) {
            // the server has left before we did, or came to nothing
            self.listen_after.set(ctx.now.after(seconds(engine.config.retry_s.0)));
            self.rest(engine, ctx, who);
            return true;
        }
        let pause = engine.growing(account.failures);
        let until = ctx.now.after(spread(ctx, pause));
        if let Some(account) = engine.account(who) {
            account.failures = account.failures.saturating_add(1);
        }
        // one that the server began, and nobody needs, is not tried again by us
        let until = if self.begins(engine) { until } else { Instant::NEVER };
        engine.enter(who, State::Waiting { until });
        let at = if until.is_never() { 0 } else { until.as_millis() };
        engine.tell(ctx, Event::new(EventCode::BootstrapFailed, 0).why(status).until(at));
        true
    }

    fn registered(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        self.registration_succeeded(engine, ctx, who);
    }

    fn serve(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        (message, request): (&Message<'_>, &Request<'_>),
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        let finishes = commands::is_finish(message);
        if let Some(State::Listening { .. }) = engine.accounts.get(who).map(|account| account.state) {
            self.begin(engine, ctx, who);
        }
        if !self.held.get() {
            // the session is over: its end may be repeated, and nothing else comes
            return if finishes { Ok(Reply::code(Code::CHANGED)) } else { Err(Error::NotAllowed) };
        }
        self.extend(engine, ctx, who);
        if finishes { self.finish(engine, ctx, who, buffer) } else { engine.serve(ctx, who, request, buffer) }
    }

    fn command(
        &self,
        engine: &mut Engine<'_>,
        who: usize,
        request: &Request<'_>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        self.obey(engine, who, request, buffer)
    }

    fn start(&self, engine: &mut Engine<'_>) -> Result<(), Error> {
        let who = engine.place_of_bootstrap().ok_or(Error::NotFound)?;
        self.stopped.set(false);
        match engine.accounts.get(who).map(|account| account.state) {
            // also one that pauses begins anew
            Some(State::Waiting { .. }) => engine.enter(who, State::Waiting { until: Instant::NEVER }),
            Some(State::Finished { .. } | State::Listening { .. }) => {}
            _ => return Err(Error::State),
        }
        self.wanted.set(true);
        Ok(())
    }

    fn stop(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, for_good: bool) {
        if for_good {
            self.stopped.set(true);
            self.wanted.set(false);
        }
        // another network is nothing to a session by SMS
        if let Some(who) = engine.place_of_bootstrap().filter(|who| for_good || !engine.has_texts(*who)) {
            self.rest(engine, ctx, who);
            self.break_off(engine, ctx);
        }
    }

    fn wipe(&self) {
        self.log.clear();
    }

    fn is_held(&self) -> bool {
        self.held.get()
    }

    fn adopt(&self, engine: &Engine<'_>, security: u16, times: (u32, u32)) -> Result<u16, Error> {
        let instance = engine.model.instance(0, security).ok_or(Error::NotFound)?;
        let row = engine.security.row(instance).ok_or(Error::NotFound)?;
        row.bootstrap.set(true);
        row.hold_off.set(times.0);
        row.account_timeout.set(times.1);
        Ok(NONE)
    }

    fn provision(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, blob: &[u8]) -> Result<(), Error> {
        self.apply(engine, ctx, blob)
    }

    fn purges(&self) -> bool {
        !self.purge.get().is_never()
    }

    fn arrange(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, purges: bool) {
        self.begin_order(engine, ctx, false);
        // how long ago the bootstrap was nobody knows: the time runs anew
        if let Some(who) = engine.place_of_bootstrap().filter(|_| purges) {
            self.set_purge(engine, ctx, who);
        }
    }
}
