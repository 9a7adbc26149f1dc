//! DTLS sessions (TS 1.0 section 7.1): which account has one, the handshake inside poll, records in and out, the end.
//!
//! The flow: the link is ready, [`Securing::begin`] starts a session or goes on with one; [`Securing::drive`] and
//! [`Securing::take`] run the handshake; then the client registers, or sends an Update where the server still knows it.

use crate::client::account::State;
use crate::client::features::{Library, Securing};
use crate::client::uri::Uri;
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::objects::{
    Credentials, Field, MODE_CERTIFICATE, MODE_NOSEC, MODE_PSK, MODE_RAW_PUBLIC_KEY, SecurityRow,
    USAGE_DOMAIN_ISSUED,
};
use crate::port::EventCode;
use crate::secure::{Backend, Setup, Standing, can, end};
use crate::storage::Slots;
use crate::time::Instant;

/// The shortest record: its header (RFC 6347 section 4.1).
const RECORD: usize = 13;

/// Where the protection of an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// NoSec: datagrams go in clear.
    Clear,
    /// The account is to be secured and has no session: nothing goes.
    Off,
    /// The handshake is under way.
    Handshaking,
    /// There is a session.
    Established,
}

/// What is kept about the session of an account.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Where it stands.
    pub phase: Phase,
    /// When the backend wants to be called.
    pub due: Instant,
    /// The longest message that a datagram can carry.
    pub room: u16,
    /// Whether our address may change under it.
    pub connection_id: bool,
    /// Whether the server's registration outlives a handshake that resumes.
    pub registered: bool,
    /// Whether it was loaded from storage, and what arrives may be a replay until our first request is answered.
    pub loaded: bool,
    /// Whether storage was asked for it since the start.
    pub asked: bool,
    /// The last alert that was told.
    pub alert: i32,
    /// Why it is over, until the account is told.
    pub broken: Option<Error>,
    /// What is on stable storage about it.
    pub kept: Kept,
}

/// What is on stable storage about a session.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Whether there is an association.
    pub saved: bool,
    /// Which association it is: both its records say so.
    pub mark: u32,
    /// Records with lower numbers may be sent.
    pub reserved: u64,
    /// What the record says of the registration, as a checksum.
    pub registration: u32,
    /// What the record of observations holds, as a checksum.
    pub observations: u32,
    /// Whether that is not what the server observes.
    pub dirty: bool,
    /// Slots of the association, of what changes along with it, and of observations.
    pub slots: Option<[Slots; 3]>,
}

impl Session {
    /// An account without security.
    pub const CLEAR: Self = Self {
        phase: Phase::Clear,
        due: Instant::NEVER,
        room: u16::MAX,
        connection_id: false,
        registered: false,
        loaded: false,
        asked: false,
        alert: -1,
        broken: None,
        kept: Kept {
            saved: false,
            mark: 0,
            reserved: u64::MAX,
            registration: 0,
            observations: u32::MAX,
            dirty: false,
            slots: None,
        },
    };

    /// There is a session, over datagrams of at most `mtu` bytes.
    pub fn establish(&mut self, standing: &Standing, mtu: u16) {
        self.phase = Phase::Established;
        self.connection_id = standing.connection_id;
        self.room = mtu.saturating_sub(standing.overhead);
    }

    /// The same account before its next session: what storage holds is still known.
    fn over(&self) -> Self {
        let kept = Kept { slots: self.kept.slots, ..Self::CLEAR.kept };
        Self { phase: Phase::Off, asked: self.asked, kept, ..Self::CLEAR }
    }
}

impl<'a> Engine<'a> {
    /// `coaps` and nothing else is secured (RFC 7252 section 6.2), and only where the client can.
    pub(crate) fn check_scheme(&self, uri: &Uri<'_>, secure: bool) -> Result<(), Error> {
        if secure && self.config.features.securing.is_none() {
            return Err(Error::SecurityMode);
        }
        if uri.texts {
            return if self.config.features.texting.is_some() { Ok(()) } else { Err(Error::BadValue) };
        }
        if uri.secure == secure { Ok(()) } else { Err(Error::BadValue) }
    }

    pub(crate) fn session(&mut self, who: usize) -> Option<&mut Session> {
        self.sessions.get_mut(who)
    }

    pub(crate) fn phase(&self, who: usize) -> Phase {
        self.sessions.get(who).map_or(Phase::Clear, |session| session.phase)
    }

    /// Whether the account is the bootstrap server's, which may speak first.
    fn is_listening(&self, who: usize) -> bool {
        matches!(self.accounts.get(who).map(|account| account.state), Some(State::Listening { .. }))
    }

    /// The row of an account's Security instance.
    pub(crate) fn security_row(&self, who: usize) -> Option<&'a SecurityRow<'a>> {
        let account = self.accounts.get(who)?;
        self.model.instance(0, account.security).and_then(|instance| self.security.row(instance))
    }

    /// The backend, where there is one.
    pub(crate) fn backend(&self) -> Option<&'a dyn Backend> {
        self.config.features.securing.map(|(_, backend)| backend)
    }

    /// What the backend can do, as bits of [`can`].
    pub fn capabilities(&self, ctx: &Context<'_>) -> u32 {
        self.backend().map_or(0, |backend| backend.capabilities(ctx.port))
    }

    /// Ends the session of an account, if it has one; [`end`] says how. What storage holds of it goes too.
    pub(crate) fn end_session(&mut self, ctx: &mut Context<'_>, who: usize, how: u32) {
        if let Some((securing, _)) = self.config.features.securing {
            securing.end(self, ctx, who, how);
        }
    }

    /// Shows what the session of an account is to be made of.
    pub(crate) fn with_setup<R>(&self, who: usize, show: impl FnOnce(&Setup<'_>) -> R) -> Result<R, Error> {
        let row = self.security_row(who).ok_or(Error::State)?;
        let texts = self.accounts.get(who).is_some_and(|account| account.texts);
        row.credentials(|uri, given| {
            let uri = Uri::from_bytes(uri)?;
            let sni = core::str::from_utf8(given.sni).map_err(|_| Error::BadValue)?;
            let name = if sni.is_empty() { uri.host } else { sni };
            Ok(show(&Setup {
                // PSK is all there is for SMS (TS 1.0 section 7.2.2.1.4)
                mode: if texts { MODE_PSK } else { given.mode },
                usage: if given.usage == 0 { USAGE_DOMAIN_ISSUED } else { given.usage },
                matching: given.matching,
                // TS 1.0 section 7.1.9 asks for it also where the certificate is the very one; 1.1 does not
                check_name: given.mode == MODE_CERTIFICATE && self.config.versions.1 == 0,
                name_is_address: sni.is_empty() && is_address(uri.host),
                serves: self.is_listening(who),
                mtu: self.mtu(who),
                timeouts_ms: self.handshake_ms(who),
                ciphersuites: given.ciphersuites,
                identity: given.identity,
                server_key: given.server_key,
                secret_key: given.secret_key,
                name,
            }))
        })
    }

    /// The backend has done something: alerts are told, and a handshake that is done is followed by a registration.
    fn look(&mut self, ctx: &mut Context<'_>, who: usize, backend: &dyn Backend) {
        if !matches!(self.phase(who), Phase::Handshaking | Phase::Established) {
            return;
        }
        let standing = backend.state(ctx.port, who as u8);
        self.tell_alert(ctx, who, &standing);
        let mtu = self.mtu(who);
        let Some(session) = self.sessions.get_mut(who) else { return };
        session.due = standing.deadline;
        if session.phase == Phase::Handshaking && standing.established && session.broken.is_none() {
            session.establish(&standing, mtu);
            session.registered &= standing.resumed;
            let code = if standing.resumed { EventCode::Resumed } else { EventCode::Secured };
            self.tell_about(ctx, who, code, standing.ciphersuite.into());
            Library.go_on(self, ctx, who);
        }
    }

    fn tell_alert(&mut self, ctx: &mut Context<'_>, who: usize, standing: &Standing) {
        let Some(session) = self.session(who) else { return };
        if standing.alert >= 0 && standing.alert != session.alert {
            session.alert = standing.alert;
            self.tell_about(ctx, who, EventCode::Alert, standing.alert);
        }
    }

    /// Notes that the session is over; the account is told at the next turn of the poll, not in the middle of something.
    fn note_broken(&mut self, who: usize, error: Error) {
        if let Some(session) = self.session(who)
            && session.broken.is_none()
        {
            session.broken = Some(error);
            self.busy = true;
        }
    }

    /// The session is over, for that reason.
    fn session_over(&mut self, ctx: &mut Context<'_>, who: usize, error: Error) {
        let closed =
            error == Error::Closed && self.sessions.get(who).is_some_and(|session| session.alert == 0);
        self.tell_about(ctx, who, EventCode::SecurityFailed, error.to_c());
        // a peer that said goodbye, or nothing, may be visited again by a short handshake
        let may_resume = closed || error == Error::Timeout;
        self.end_session(ctx, who, if may_resume { end::QUIETLY } else { end::FORGET });
        match self.accounts.get(who).map(|account| account.state) {
            Some(State::Leaving { until }) => self.left(ctx, who, until),
            Some(_) if matches!(error, Error::SecurityMode | Error::Credentials | Error::Ciphersuite) => {
                self.unlink(ctx, who);
                self.account_invalid(ctx, who, error);
            }
            // the server does not know a session of ours that outlived a power cut: a new one, at once
            Some(State::Resuming) => Library.begin_anew(self, ctx, who),
            Some(_) => self.retry_later(ctx, who, error.to_c()),
            None => {}
        }
    }

    /// Replaces what an account is secured with: its session ends and a new handshake follows (TS 1.0 section 5.2.5).
    pub fn secure_account(
        &mut self,
        ctx: &mut Context<'_>,
        short_server_id: u16,
        new: &Credentials<'_>,
    ) -> Result<(), Error> {
        self.settled()?;
        let who = self.place_of_server(short_server_id)?;
        let row = self.security_row(who).ok_or(Error::State)?;
        row.field(Field::Uri, |uri| self.check_scheme(&Uri::from_bytes(uri)?, new.mode != MODE_NOSEC))?;
        match self.config.features.securing {
            Some((securing, backend)) => securing.install(ctx, backend, row, new)?,
            None => return Err(Error::SecurityMode),
        }
        self.keep_settings();
        let disabled = self.accounts.get(who).map_or(Instant::ZERO, |account| account.disabled);
        self.forget_server(ctx, who, false);
        self.end_session(ctx, who, end::NOTIFY | end::FORGET);
        self.unlink(ctx, who);
        let at_once = if disabled > ctx.now { disabled } else { ctx.now };
        self.enter(who, State::Waiting { until: if self.stopping { Instant::NEVER } else { at_once } });
        self.tell_stopped(ctx);
        Ok(())
    }
}

/// Whether a host is an address literal, and no name.
fn is_address(host: &str) -> bool {
    host.contains(':') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

impl Library {
    /// No number may be used that a power cut would let us use again.
    fn reserve(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> Result<(), Error> {
        match engine.config.features.keeping {
            Some(keeping) => keeping.reserve(engine, ctx, who),
            None => Ok(()),
        }
    }

    /// Begins a handshake.
    fn start(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        backend: &dyn Backend,
    ) -> bool {
        let started = engine.with_setup(who, |setup| backend.start(ctx.port, who as u8, setup));
        let Some(session) = engine.session(who) else { return false };
        match started.and_then(|started| started) {
            Ok(()) => {
                session.phase = Phase::Handshaking;
                session.due = ctx.now;
                true
            }
            Err(error) => {
                engine.session_over(ctx, who, error);
                false
            }
        }
    }

    /// Registers over a session that is there, or sends an Update where the server knows the registration.
    fn go_on(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let known = engine.session(who).is_some_and(|session| core::mem::take(&mut session.registered));
        if known { engine.resume_registration(ctx, who) } else { engine.register(ctx, who) }
    }
}

impl Securing for Library {
    fn accepts(
        &self,
        ctx: &Context<'_>,
        backend: &dyn Backend,
        credentials: &Credentials<'_>,
    ) -> Result<(), Error> {
        credentials.check()?;
        let known = match credentials.mode {
            MODE_PSK => can::PSK,
            MODE_RAW_PUBLIC_KEY => can::RAW_PUBLIC_KEY,
            MODE_CERTIFICATE => can::CERTIFICATE,
            _ => u32::MAX,
        };
        if backend.capabilities(ctx.port) & known == 0 { Err(Error::SecurityMode) } else { Ok(()) }
    }

    fn install(
        &self,
        ctx: &Context<'_>,
        backend: &dyn Backend,
        row: &SecurityRow<'_>,
        credentials: &Credentials<'_>,
    ) -> Result<(), Error> {
        self.accepts(ctx, backend, credentials)?;
        row.set_credentials(credentials)
    }

    fn leave(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> bool {
        let registered = match engine.accounts.get(who).map(|account| account.state) {
            Some(State::Registered { expires, .. }) => ctx.now < expires,
            Some(State::Resuming) => true,
            // it was kept once already, and is not used again yet
            _ => engine.sessions.get(who).is_some_and(|session| session.registered),
        };
        let Some(session) = engine.sessions.get(who) else { return false };
        if session.phase != Phase::Established || session.broken.is_some() || !registered {
            return false;
        }
        if session.connection_id {
            engine.give_up_exchange(ctx, who);
            engine.close_link(ctx, who);
        } else {
            engine.unlink(ctx, who);
        }
        if let Some(session) = engine.session(who) {
            session.registered = true;
        }
        true
    }

    fn begin_anew(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        engine.forget_server(ctx, who, false);
        engine.end_session(ctx, who, end::FORGET);
        engine.unlink(ctx, who);
        engine.enter(who, State::Waiting { until: ctx.now });
    }

    fn begin(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(backend) = engine.backend() else { return };
        if engine.phase(who) == Phase::Established {
            // the link is a new one, the session is not
            return self.go_on(engine, ctx, who);
        }
        if let Some(keeping) = engine.config.features.keeping
            && keeping.restore(engine, ctx, who)
        {
            return self.go_on(engine, ctx, who);
        }
        engine.enter(who, State::Securing);
        if self.start(engine, ctx, who, backend) {
            self.drive(engine, ctx, who);
        }
    }

    fn drive(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let (Some(backend), Some(session)) = (engine.backend(), engine.sessions.get(who)) else { return };
        if let Some(error) = session.broken {
            return engine.session_over(ctx, who, error);
        }
        let live = matches!(session.phase, Phase::Handshaking | Phase::Established);
        if live && ctx.now >= session.due {
            engine.need_radio(ctx);
            let done = backend.step(ctx.port, who as u8, ctx.now);
            engine.look(ctx, who, backend);
            if let Err(error) = done {
                engine.session_over(ctx, who, error);
            }
        }
    }

    fn take(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        buffer: &mut [u8],
        length: usize,
    ) {
        let Some(backend) = engine.backend() else { return };
        if engine.phase(who) == Phase::Off && engine.is_listening(who) {
            // the bootstrap server speaks first
            self.start(engine, ctx, who, backend);
        }
        let (records, mut length) = (length / RECORD, length);
        for _ in 0..=records {
            let live = matches!(engine.phase(who), Phase::Handshaking | Phase::Established);
            if !live || engine.sessions.get(who).is_some_and(|session| session.broken.is_some()) {
                return;
            }
            let fed = backend.feed(ctx.port, who as u8, ctx.now, buffer, length);
            engine.look(ctx, who, backend);
            // the backend may have answered of its own accord
            if let Err(error) = self.reserve(engine, ctx, who) {
                return engine.note_broken(who, error);
            }
            match fed {
                Ok(0) => return,
                Ok(plain) => engine.input(ctx, who, buffer.get(..plain).unwrap_or(&[])),
                Err(Error::Truncated) => engine.refuse_large(ctx, who, buffer),
                Err(error) => return engine.note_broken(who, error),
            }
            length = 0;
        }
    }

    fn send(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        plain: &[u8],
    ) -> Result<(), Error> {
        let (Some(backend), Some(session)) = (engine.backend(), engine.sessions.get(who)) else {
            return Err(Error::State);
        };
        if session.phase != Phase::Established || session.broken.is_some() {
            return Err(Error::State);
        }
        if let Err(error) = self.reserve(engine, ctx, who) {
            engine.note_broken(who, error);
            return Err(error);
        }
        match backend.write(ctx.port, who as u8, ctx.now, plain) {
            Err(error) if error != Error::TooLarge => {
                engine.note_broken(who, error);
                Err(error)
            }
            done => done,
        }
    }

    fn end(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, how: u32) {
        let Some(backend) = engine.backend() else { return };
        let phase = engine.phase(who);
        if phase == Phase::Clear {
            return;
        }
        let linked = engine.reachable(who) && engine.accounts.get(who).is_some_and(|account| account.linked);
        let told = if linked { how } else { how & !end::NOTIFY };
        if phase != Phase::Off || how & end::FORGET != 0 {
            if told & end::NOTIFY != 0 && phase == Phase::Established {
                engine.need_radio(ctx);
            }
            backend.end(ctx.port, who as u8, ctx.now, told);
        }
        // what an account that is left for good has in storage goes, also if it was not looked at yet
        let asked = engine.sessions.get(who).is_some_and(|session| session.asked);
        if let Some(keeping) = engine.config.features.keeping.filter(|_| asked || how != end::QUIETLY) {
            keeping.discard(engine, ctx, who);
        }
        if let Some(session) = engine.session(who) {
            *session = session.over();
        }
    }
}
