//! A UICC on the bench: files, logical channels, PKCS#15, SCP03 and the LwM2M application behind command APDUs (ETSI
//! TS 102 221; TS 1.0 section 7.2.2.2, Appendix G and H; GlobalPlatform Amendment D).
//!
//! A [`Profile`] says how a bootstrap file is to be found, in every form that cards have; it makes a [`Description`], all
//! that a card keeps without power. `tools/card/card.py make` writes one as JSON. [`Uicc`] is the card in power: a test
//! may change its description at any time, look at `trace`, and let APDUs go wrong by [`Fault`].
//!
//! Nothing here is built on the client's reading of cards: BER, SCP03 and the packets are written a second time.

mod apdu;
pub mod ber;
mod card;
mod description;
mod fault;
mod files;
mod messages;
mod profile;
mod scp03;
mod select;
#[cfg(test)]
mod tests;
pub mod vpcd;

pub use apdu::{ins, sw};
pub use card::Uicc;
pub use description::{Description, KeySet, Messages, Pin, Reading, Scp03};
pub use fault::Fault;
pub use files::{Access, Content, Directory, File};
pub use messages::Dropped;
pub use profile::{Form, Label, OID, PKCS15, Profile, USIM, Way};
pub use vpcd::Vpcd;

/// What takes command APDUs: a card in a slot.
pub trait Chip: Send {
    /// The response with its status word; `None`: the card does not answer.
    fn apdu(&mut self, command: &[u8]) -> Option<Vec<u8>>;

    /// Resets the card; its ATR.
    fn reset(&mut self) -> Vec<u8>;
}
