//! The client: accounts and registration, device management, reporting, queue mode (TS 1.0 sections 5.3 to 5.5, 8.3).
//!
//! Everything begins in [`Engine::poll`]: a datagram from each link, then what servers asked for, then what is due.

pub mod account;
mod attributes;
mod binding;
pub mod bootstrap;
pub mod cards;
mod checksums;
pub mod config;
mod discover;
mod exchange;
pub mod features;
mod held;
pub mod keep;
mod keep_reporting;
mod leave;
pub mod line;
mod links;
mod manage;
mod network;
pub mod packets;
mod pending;
mod progress;
mod receive;
mod registration;
mod reporting;
mod represent;
mod request;
mod respond;
pub mod session;
mod settings;
pub mod setup;
pub mod texting;
mod texts;
mod upload;
pub mod uri;

pub use account::Account;
pub use attributes::AttributeSet;
pub use config::Config;
pub use held::Held;
pub use pending::Pending;
pub use reporting::Observation;
pub use session::Session;
pub use setup::NewAccount;
pub use upload::Upload;

use crate::client::features::Features;
use crate::coap::dedup::{Dedup, Ids, Recent};
use crate::coap::observe::Sequence;
use crate::error::Error;
use crate::model::{Instance, Model, Object};
use crate::objects::{Security, Server};
use crate::path::Path;
use crate::port::{Event, Port};
use crate::time::Instant;

/// Time and platform, for the length of one call.
pub struct Context<'p> {
    /// The time.
    pub now: Instant,
    /// The platform.
    pub port: &'p mut dyn Port,
}

/// Why the client wants to be called next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// Only input can change anything.
    Nothing = 0,
    /// More input may wait, or a change is to be reported at once.
    Work = 1,
    /// A message is repeated or given up.
    Retransmission = 2,
    /// A link is being opened.
    Link = 3,
    /// A pause before a registration ends.
    Registration = 4,
    /// An Update is due.
    Update = 5,
    /// pmin or pmax of an observation ends.
    Notification = 6,
    /// The awake window of queue mode ends.
    Sleep = 7,
    /// A handshake message is repeated or given up.
    Handshake = 8,
    /// A bootstrap begins, is given up, or its account times out.
    Bootstrap = 9,
    /// Parts of a long SMS are given up.
    Sms = 10,
    /// A card is read, looked for, or asked for messages.
    Card = 11,
}

/// When the client wants to be called, why, and for which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: Reason,
    /// For whom; 0 for nobody in particular.
    pub short_server_id: u16,
}

impl Deadline {
    /// Nothing to do.
    pub const NEVER: Self = Self { at: Instant::NEVER, reason: Reason::Nothing, short_server_id: 0 };

    /// The earlier of two.
    fn or(self, at: Instant, reason: Reason, short_server_id: u16) -> Self {
        if at < self.at { Self { at, reason, short_server_id } } else { self }
    }
}

/// The memory that a client works in. Every slice's length is a limit.
pub struct Memory<'a> {
    /// Objects, the built-in ones included.
    pub objects: &'a mut [Option<&'a dyn Object>],
    /// Object instances, the built-in ones included.
    pub instances: &'a mut [Instance],
    /// The Security object.
    pub security: &'a Security<'a>,
    /// The Server object.
    pub server: &'a Server<'a>,
    /// The objects 0 and 1 as they are reached: the two above, or what a bootstrap needs over their rows.
    pub first: [&'a dyn Object; 2],
    /// Server accounts; at most 32.
    pub accounts: &'a mut [Account],
    /// DTLS sessions: one an account, or none.
    pub sessions: &'a mut [Session],
    /// Observations.
    pub observations: &'a mut [Observation],
    /// Attributes written, one entry a server and path.
    pub attributes: &'a mut [AttributeSet],
    /// Requests remembered for duplicate detection.
    pub recent: &'a mut [Recent],
    /// Requests whose answer comes later.
    pub pending: &'a mut [Pending],
    /// A datagram received.
    pub receive: &'a mut [u8],
    /// A datagram to be sent.
    pub send: &'a mut [u8],
    /// Confirmable messages under way: one datagram an account.
    pub outgoing: &'a mut [u8],
    /// A body received in blocks.
    pub body: &'a mut [u8],
    /// Old values during a write.
    pub undo: &'a mut [u8],
}

/// The client.
pub struct Engine<'a> {
    pub(crate) config: Config<'a>,
    pub(crate) model: Model<'a>,
    pub(crate) security: &'a Security<'a>,
    pub(crate) server: &'a Server<'a>,
    pub(crate) accounts: &'a mut [Account],
    pub(crate) sessions: &'a mut [Session],
    pub(crate) observations: &'a mut [Observation],
    pub(crate) attributes: &'a mut [AttributeSet],
    pub(crate) pending: &'a mut [Pending],
    pub(crate) upload: Upload,
    pub(crate) held: Held,
    recent: Dedup<'a>,
    receive: &'a mut [u8],
    send: &'a mut [u8],
    outgoing: &'a mut [u8],
    body: &'a mut [u8],
    undo: &'a mut [u8],
    /// How large a datagram can be that is received.
    receive_room: usize,
    pub(crate) ids: Ids,
    pub(crate) sequence: Sequence,
    /// Whether an observation or an attribute came or went since storage was last told.
    pub(crate) reporting_changed: bool,
    online: bool,
    radio: bool,
    /// Whether the last poll took input, so that more may wait.
    busy: bool,
    /// Whether all servers are being left for good.
    stopping: bool,
    /// Whether what is done now goes another way than that of the account.
    beside: Beside,
}

/// Which way an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// That of the account.
    No,
    /// By SMS, though the account has a link: the request came so.
    Texts,
    /// None: what was asked for is done, and not answered.
    Mute,
}

impl<'a> Engine<'a> {
    /// A client without servers and with the objects 0 and 1 (and 2 where the configuration names it).
    pub fn new(memory: Memory<'a>, config: Config<'a>, port: &mut dyn Port) -> Result<Self, Error> {
        let mut seed = [0u8; 4];
        port.random(&mut seed);
        for (place, free) in memory.accounts.iter_mut().zip(core::iter::repeat(Account::FREE)) {
            *place = free;
        }
        let mut model = Model::new(memory.objects, memory.instances);
        for object in memory.first {
            model.add_object(object)?;
        }
        // of a DTLS datagram, the receive buffer holds more than of a message
        let receive_room = memory.send.len();
        Ok(Self {
            receive_room,
            config,
            model,
            security: memory.security,
            server: memory.server,
            accounts: memory.accounts,
            sessions: memory.sessions,
            observations: memory.observations,
            attributes: memory.attributes,
            pending: memory.pending,
            upload: Upload::IDLE,
            held: Held::NONE,
            recent: Dedup::new(memory.recent),
            receive: memory.receive,
            send: memory.send,
            outgoing: memory.outgoing,
            body: memory.body,
            undo: memory.undo,
            ids: Ids::new(u32::from_ne_bytes(seed)),
            sequence: Sequence::new(),
            reporting_changed: false,
            online: true,
            radio: true,
            busy: false,
            stopping: false,
            beside: Beside::No,
        })
    }

    /// Does what is due, with at most one datagram from each link, and tells when to be called next.
    pub fn poll(&mut self, ctx: &mut Context<'_>) -> Deadline {
        self.busy = false;
        let Features { carding, bootstrapping, .. } = self.config.features;
        let held = carding.is_some_and(|carding| carding.turn(self, ctx))
            || bootstrapping.is_some_and(|bootstrapping| bootstrapping.turn(self, ctx));
        if !held {
            self.turn(ctx);
        }
        if let Some(keeping) = self.config.features.keeping {
            keeping.settle(self, ctx);
        }
        self.tell_radio(ctx);
        self.deadline(ctx.now)
    }

    /// What is due between the client and its servers.
    fn turn(&mut self, ctx: &mut Context<'_>) {
        for who in 0..self.accounts.len() {
            self.receive_one(ctx, who);
            if self.settled().is_err() {
                // a bootstrap session has just begun: nobody else is heard
                self.busy = true;
                return;
            }
        }
        if let Some(texting) = self.config.features.texting {
            texting.receive(self, ctx, None);
            if self.settled().is_err() {
                self.busy = true;
                return;
            }
        }
        self.follow_orders(ctx);
        for who in 0..self.accounts.len() {
            self.run_account(ctx, who);
        }
        if let Some(deferral) = self.config.features.deferral {
            deferral.answer(self, ctx);
        }
        if let Some(reporting) = self.config.features.reporting {
            reporting.report(self, ctx);
        }
    }

    /// When the client wants to be called next, and why.
    pub fn deadline(&self, now: Instant) -> Deadline {
        let mut next = Deadline::NEVER;
        if self.busy {
            next = next.or(now, Reason::Work, 0);
        }
        if let Some(texting) = self.config.features.texting {
            next = texting.deadline(next);
        }
        if let Some(carding) = self.config.features.carding {
            let (sooner, held) = carding.deadline(next);
            if held {
                return sooner;
            }
            next = sooner;
        }
        if let Some(bootstrapping) = self.config.features.bootstrapping {
            let (sooner, held) = bootstrapping.deadline(self, now, next);
            if held {
                return sooner;
            }
            next = sooner;
        }
        for who in 0..self.accounts.len() {
            next = self.account_deadline(who, now, next);
        }
        if let Some(reporting) = self.config.features.reporting {
            next = reporting.deadline(self, now, next);
        }
        next
    }

    /// Short Server ID of the account in that place, 0 for none.
    pub(crate) fn server_id(&self, who: usize) -> u16 {
        self.accounts.get(who).map_or(0, |account| account.short_server_id)
    }

    /// Input was taken, and more may wait.
    pub(crate) fn note_busy(&mut self) {
        self.busy = true;
    }

    /// The account in that place.
    pub(crate) fn account(&mut self, who: usize) -> Option<&mut Account> {
        self.accounts.get_mut(who)
    }

    /// The value at `path` has changed: it is reported to those who observe it.
    pub fn changed(&mut self, path: Path) {
        self.note_change(path);
    }

    pub(crate) fn note_change(&mut self, path: Path) {
        if let Some(reporting) = self.config.features.reporting {
            reporting.note(self, path);
        }
    }

    /// Observations of a server end with its registration; with the account, all that it set.
    pub(crate) fn forget_server(&mut self, ctx: &mut Context<'_>, who: usize, account: bool) {
        if let Some(reporting) = self.config.features.reporting {
            reporting.forget(self, ctx, who, account);
        }
    }

    pub(crate) fn tell(&self, ctx: &mut Context<'_>, event: Event) {
        ctx.port.event(event);
    }
}
