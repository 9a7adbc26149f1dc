//! What differs where messages go by SMS: their times, which way an answer goes, and which way an account has (TS 1.0
//! sections 5.3.1.1 and 8.6.2).

use crate::client::{Beside, Engine};
use crate::coap::Params;

/// Marks the peer of an account that is reached by SMS though the account has a link: Message IDs of both ways are not the
/// same (RFC 7252 section 4.4).
pub(crate) const BESIDE: u8 = 0x80;

/// The first and the longest timeout of a handshake by SMS in milliseconds (TS 1.0 section 7.2.2.1.5).
const HANDSHAKE_MS: (u32, u32) = (9_000, 60_000);

/// The datagram that one SMS carries (TS 1.0 section 7.2.2.1.1).
const MTU: u16 = 140;

impl Engine<'_> {
    /// Whether what is sent to an account now goes by SMS.
    pub(crate) fn texts(&self, who: usize) -> bool {
        self.beside == Beside::Texts || self.has_texts(who)
    }

    /// Whether SMS is the way of an account.
    pub(crate) fn has_texts(&self, who: usize) -> bool {
        self.accounts.get(who).is_some_and(|account| account.texts)
    }

    /// The peer that a message is exchanged with now, for duplicate detection.
    #[inline(never)]
    pub(crate) fn peer(&self, who: usize) -> u8 {
        who as u8 | if self.beside == Beside::No { 0 } else { BESIDE }
    }

    /// Does what follows by SMS where `beside`, else the account's own way.
    pub(crate) fn answering<R>(&mut self, beside: bool, job: impl FnOnce(&mut Self) -> R) -> R {
        self.going(if beside { Beside::Texts } else { Beside::No }, job)
    }

    pub(crate) fn going<R>(&mut self, way: Beside, job: impl FnOnce(&mut Self) -> R) -> R {
        let before = core::mem::replace(&mut self.beside, way);
        let done = job(self);
        self.beside = before;
        done
    }

    /// Whether an account can be reached: SMS needs no network that we know of.
    pub(crate) fn reachable(&self, who: usize) -> bool {
        self.is_online() || self.texts(who)
    }

    /// The transmission parameters of what is sent now. By SMS nothing is repeated (TS 1.0 section 8.6.2).
    pub(crate) fn params(&self, who: usize) -> &Params {
        if self.texts(who) { &self.config.texts.params } else { &self.config.coap }
    }

    /// How long a message may be repeated; by SMS, where a centre may deliver it late and twice, of any kind.
    #[inline(never)]
    pub(crate) fn lifetime(&self, who: usize, confirmable: bool) -> u32 {
        let params = self.params(who);
        if confirmable || self.texts(who) { params.exchange_lifetime() } else { params.non_lifetime() }
    }

    /// The largest datagram of an account's way.
    pub(crate) fn mtu(&self, who: usize) -> u16 {
        if self.has_texts(who) { MTU } else { self.config.mtu }
    }

    pub(crate) fn handshake_ms(&self, who: usize) -> (u32, u32) {
        match self.has_texts(who) {
            true => (
                self.config.handshake_ms.0.max(HANDSHAKE_MS.0),
                self.config.handshake_ms.1.max(HANDSHAKE_MS.1),
            ),
            false => self.config.handshake_ms,
        }
    }
}

const _: () = assert!(BESIDE as usize >= 32, "no account has that number");
