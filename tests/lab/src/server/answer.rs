//! What the server does with the next request of a kind, if not what a good server does.

use crate::coap::Code;

/// What a client may ask of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// POST `/rd`.
    Register,
    /// POST on a location.
    Update,
    /// DELETE on a location.
    Deregister,
    /// POST `/bs` (or GET `/bspack`): recorded and answered; what follows is for [`crate::BootstrapServer`].
    Bootstrap,
    /// POST `/dp`.
    Send,
    /// Anything else.
    Other,
}

/// How to answer. By default: at once, piggybacked, with what is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub(crate) code: Option<Code>,
    pub(crate) silent: bool,
    pub(crate) separate: bool,
    pub(crate) delay: u64,
}

impl Answer {
    /// With what is right; useful to say when or how.
    pub fn right() -> Self {
        Self::default()
    }

    /// With this code, and no effect on the registrations: except that 4.04 to an Update also forgets the
    /// registration, as a server that says so has.
    pub fn code(code: Code) -> Self {
        Self { code: Some(code), ..Self::default() }
    }

    /// Not at all, however often the client repeats the message.
    pub fn silence() -> Self {
        Self { silent: true, ..Self::default() }
    }

    /// So many milliseconds later. Without [`Answer::separately`] nothing is said until then, not even an empty
    /// acknowledgement, so the client repeats itself.
    pub fn after(mut self, milliseconds: u64) -> Self {
        self.delay = milliseconds;
        self
    }

    /// As a separate response: an empty acknowledgement at once, then a Confirmable message.
    pub fn separately(mut self) -> Self {
        self.separate = true;
        self
    }
}
