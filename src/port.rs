//! What the engine needs from a platform.

use crate::error::Error;
use crate::path::Path;

/// How far the opening of a link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Datagrams can be sent.
    Ready,
    /// A name is being resolved or a bearer comes up: ask again.
    Pending,
}

/// How a link is opened, as bits: `WHIMBREL_LINK_…`.
pub mod link {
    /// The datagrams are those of the security backend.
    pub const SECURE: u8 = 1;
    /// The server speaks first.
    pub const LISTEN: u8 = 2;
}

/// The platform: chance, datagram links, events. Nothing here may block.
///
/// A link is a small number that the engine chooses, below the number of accounts.
pub trait Port {
    /// Fills `buffer` with bytes nobody can guess.
    fn random(&mut self, buffer: &mut [u8]);

    /// Opens a link to a server, or asks how far that has come. `host` is a name or an address literal without
    /// brackets; `how` is bits of [`link`].
    fn open(&mut self, link: u8, host: &str, port: u16, how: u8) -> Result<Opening, Error>;

    /// Sends one datagram whole. An error is taken as a loss.
    fn send(&mut self, link: u8, datagram: &[u8]) -> Result<(), Error>;

    /// Takes one datagram that waits; 0 if none does. [`Error::Truncated`] where it did not fit:
    /// `buffer` then holds its beginning, and the rest is lost.
    fn receive(&mut self, link: u8, buffer: &mut [u8]) -> Result<usize, Error>;

    /// Closes a link, also one that is still being opened. It may be opened again.
    fn close(&mut self, link: u8);

    /// Tells the application what happened.
    fn event(&mut self, event: Event);

    /// The platform's own table, for the parts of the client that reach further than this trait.
    fn table(&self) -> *const core::ffi::c_void;
}

/// What happened. The numbers are those of `WHIMBREL_EVENT_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum EventCode {
    /// A server accepted the registration.
    Registered = 1,
    /// A Register failed; it is tried again at `at`.
    RegisterFailed = 2,
    /// A server accepted an Update.
    Updated = 3,
    /// An Update failed; the client registers again.
    UpdateFailed = 4,
    /// The registration was given up, by De-register or because it ran out.
    Deregistered = 5,
    /// A server disabled its account until `at`.
    Disabled = 6,
    /// A server observes `path`.
    Observed = 7,
    /// The observation of `path` has ended.
    ObservationEnded = 8,
    /// A server wrote to `path`.
    Written = 9,
    /// A server executed `path`.
    Executed = 10,
    /// A server created `path`.
    Created = 11,
    /// A server deleted `path`.
    Deleted = 12,
    /// Nothing will be sent or expected before `at`: the radio may be switched off.
    RadioOff = 13,
    /// Something is about to be sent: the radio is needed.
    RadioOn = 14,
    /// The link of an account cannot be opened or used; `status` says why.
    LinkFailed = 15,
    /// All servers are left: the client has stopped.
    Stopped = 16,
    /// An account cannot be used as configured; `status` says why.
    AccountInvalid = 17,
    /// A datagram was dropped; `status` says why.
    Dropped = 18,
    /// A confirmable notification of `path` was not acknowledged in time.
    NotifyFailed = 19,
    /// A session is established by a full handshake; `status` is the cipher suite.
    Secured = 20,
    /// A session goes on without a full handshake; `status` is the cipher suite.
    Resumed = 21,
    /// A session could not be established, or is over; `status` says why.
    SecurityFailed = 22,
    /// The server sent an alert; `status` is its description.
    Alert = 23,
    /// Stable storage failed; `status` says why.
    StorageFailed = 24,
    /// A bootstrap server has taken the client on: a session begins.
    BootstrapStarted = 25,
    /// A bootstrap has succeeded.
    Bootstrapped = 26,
    /// A bootstrap failed; it is tried again at `at`.
    BootstrapFailed = 27,
    /// The account of the bootstrap server has timed out and is gone.
    BootstrapPurged = 28,
    /// A bootstrap brought an account.
    AccountAdded = 29,
    /// A bootstrap removed an account.
    AccountRemoved = 30,
    /// The bootstrap data of a card was read and holds; `status` is the number of APDUs.
    CardRead = 31,
    /// The bootstrap data of a card is what it was; `status` is the number of APDUs.
    CardChecked = 32,
    /// There is no card (`status` 0), or one without bootstrap data (1): what came from a card is gone.
    CardGone = 33,
    /// A card could not be read, or what it holds cannot be used; `status` says where and why, `at` when it is tried again.
    CardFailed = 34,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub code: EventCode,
    /// The server concerned, 0 for none.
    pub short_server_id: u16,
    /// 0, or why: an [`Error`] as a negative number, or a CoAP code as it stands on the wire (0x84 is 4.04).
    pub status: i32,
    /// The place concerned.
    pub path: Path,
    /// The time concerned, in milliseconds on the port's clock; 0 for none.
    pub at: u64,
}

impl Event {
    /// An event about a server.
    pub const fn new(code: EventCode, short_server_id: u16) -> Self {
        Self { code, short_server_id, status: 0, path: Path::ROOT, at: 0 }
    }

    /// The same with the reason.
    pub const fn why(self, status: i32) -> Self {
        Self { status, ..self }
    }

    /// The same with the place.
    pub const fn on(self, path: Path) -> Self {
        Self { path, ..self }
    }

    /// The same with the time.
    pub const fn until(self, at: u64) -> Self {
        Self { at, ..self }
    }
}
