//! One server account: where its registration stands and what it waits for (TS 1.0 section 5.3).

use crate::coap::{Outgoing, Transmission, exchange::Due};
use crate::error::Error;
use crate::objects::Binding;
use crate::path::NONE;
use crate::time::Instant;

/// The longest Location-Path that is kept, in bytes with one length byte a segment.
pub const LOCATION: usize = 48;

/// What an Update must carry, as bits of [`Account::changed`].
pub mod changed {
    /// Nothing but the refresh of the lifetime.
    pub const REFRESH: u8 = 1;
    /// `lt`
    pub const LIFETIME: u8 = 2;
    /// `b`
    pub const BINDING: u8 = 4;
    /// The list of objects and object instances.
    pub const OBJECTS: u8 = 8;
    /// `sms`
    pub const NUMBER: u8 = 16;
}

/// Where a server account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No account occupies this place.
    Free,
    /// Nothing to do before `until`: a pause after a failure, a disabled server, or [`Instant::NEVER`] when stopped.
    Waiting {
        /// When to open the link.
        until: Instant,
    },
    /// The link is being opened.
    Opening,
    /// The handshake is under way.
    Securing,
    /// An Update is under way over a session that outlived a power cut or a change of address. Nothing is served.
    Resuming,
    /// The Register is under way.
    Registering,
    /// The server knows the client.
    Registered {
        /// When an Update is due.
        update: Instant,
        /// When the server forgets the client.
        expires: Instant,
    },
    /// The De-register is under way; then [`State::Waiting`] until `until`.
    Leaving {
        /// When to register again.
        until: Instant,
    },
    /// The Bootstrap-Request is under way.
    Requesting,
    /// The bootstrap server may speak first.
    Listening {
        /// When to ask it.
        until: Instant,
    },
    /// The bootstrap server commands.
    Bootstrapping {
        /// When the session has failed for want of commands.
        until: Instant,
    },
    /// The bootstrap is over; its last answer may have to be repeated.
    Finished {
        /// Until when.
        until: Instant,
    },
}

/// A Confirmable message under way to the server.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// What it is.
    pub purpose: Purpose,
    /// Its Message ID.
    pub id: u16,
    /// Its token, for requests.
    pub token: [u8; 2],
    /// How many bytes of the account's outgoing buffer it has.
    pub length: u16,
    /// Whether it goes by SMS, though the account has a link: a notification, or a response to what came so.
    pub beside: bool,
    /// Until the Acknowledgement.
    pub transmission: Transmission,
    /// After an empty Acknowledgement: how long the separate response may take.
    pub acknowledged: Option<Instant>,
}

/// What a Confirmable message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Register.
    Register,
    /// Update, with these changes.
    Update {
        /// Bits of [`changed`].
        carries: u8,
    },
    /// De-register.
    Deregister,
    /// A notification of the observation in that place.
    Notify(u8),
    /// A separate response.
    Respond,
    /// Bootstrap-Request.
    Bootstrap,
}

impl Exchange {
    /// What the exchange needs now.
    pub fn due(&self, now: Instant) -> Due {
        match self.acknowledged {
            None => self.transmission.due(now),
            Some(until) if now >= until => Due::GaveUp,
            Some(until) => Due::Wait(until),
        }
    }
}

/// One server account.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// Where it stands.
    pub state: State,
    /// Short Server ID.
    pub short_server_id: u16,
    /// Its instance of the Security object.
    pub security: u16,
    /// Its instance of the Server object.
    pub server: u16,
    /// Whether the port holds a link.
    pub linked: bool,
    /// Whether SMS is the way to the server, and no link.
    pub texts: bool,
    /// The minor version of LwM2M spoken with this server.
    pub version: u8,
    /// How many registrations failed in a row.
    pub failures: u8,
    /// What the server does not know yet: bits of [`changed`].
    pub changed: u8,
    /// The lifetime the server knows.
    pub lifetime: u32,
    /// The binding the server knows.
    pub binding: Binding,
    /// The message under way.
    pub exchange: Option<Exchange>,
    /// The object list under way in blocks.
    pub upload: Option<Outgoing>,
    /// Disabled by the server until then (TS 1.0 Appendix E.2 resource 4).
    pub disabled: Instant,
    /// Queue mode: awake until then (TS 1.0 section 8.3).
    pub awake: Instant,
    /// The registration's Location-Path.
    pub location: Location,
}

impl Account {
    /// A place that no account occupies.
    pub const FREE: Self = Self {
        state: State::Free,
        short_server_id: 0,
        security: NONE,
        server: NONE,
        linked: false,
        texts: false,
        version: 0,
        failures: 0,
        changed: 0,
        lifetime: 0,
        binding: Binding::U,
        exchange: None,
        upload: None,
        disabled: Instant::ZERO,
        awake: Instant::ZERO,
        location: Location { bytes: [0; LOCATION], length: 0 },
    };

    /// Whether nothing will happen of itself: there is no account here, or one that is not to be used any more.
    pub fn rests(&self) -> bool {
        matches!(self.state, State::Free | State::Waiting { until: Instant::NEVER })
    }

    /// Whether a message is under way by SMS, though the account has a link.
    pub fn is_beside(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.beside)
    }

    /// Whether requests of the server are served (TS 1.0 section 5.4: not before the Register is answered).
    pub fn serves(&self) -> bool {
        matches!(self.state, State::Registered { .. })
    }

    /// The same of any server, a bootstrap server included.
    pub fn listens(&self) -> bool {
        matches!(
            self.state,
            State::Registered { .. }
                | State::Listening { .. }
                | State::Bootstrapping { .. }
                | State::Finished { .. }
        )
    }

    /// Whether this is the account of the bootstrap server, which has no instance of the Server object.
    pub fn is_bootstrap(&self) -> bool {
        self.server == NONE && self.state != State::Free
    }

    /// Whether the account is registered and asleep in queue mode.
    pub fn sleeps(&self, now: Instant) -> bool {
        self.serves() && self.binding.queues() && self.exchange.is_none() && now >= self.awake
    }
}

/// A Location-Path as it came, to be sent back as Uri-Path (TS 1.0 section 8.2.4).
#[derive(Clone, Copy, Debug)]
pub struct Location {
    bytes: [u8; LOCATION],
    length: u8,
}

impl Location {
    /// Forgets the path.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Appends a segment. [`Error::Full`] where the path is longer than is kept.
    pub fn push(&mut self, segment: &[u8]) -> Result<(), Error> {
        let start = usize::from(self.length);
        let end = start.wrapping_add(1).wrapping_add(segment.len());
        let room = self.bytes.get_mut(start..end).ok_or(Error::Full)?;
        let (length, room) = room.split_first_mut().ok_or(Error::Full)?;
        *length = segment.len() as u8;
        crate::bytes::copy(room, segment);
        self.length = end as u8;
        Ok(())
    }

    /// The path as it is kept: a length byte before each segment.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or(&[])
    }

    /// The path from what [`Location::as_bytes`] gave.
    pub fn from_bytes(kept: &[u8]) -> Result<Self, Error> {
        let mut location = Self { bytes: [0; LOCATION], length: 0 };
        let mut rest = kept;
        while let Some((length, behind)) = rest.split_first() {
            let (segment, next) = behind.split_at_checked((*length).into()).ok_or(Error::Malformed)?;
            location.push(segment)?;
            rest = next;
        }
        Ok(location)
    }

    /// The segments in order.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.as_bytes();
        core::iter::from_fn(move || {
            let (length, behind) = rest.split_first()?;
            let (segment, next) = behind.split_at_checked((*length).into())?;
            rest = next;
            Some(segment)
        })
    }
}
