//! The smartcard behind the engine's traits.

use super::adapter::done;
use super::card::*;
use super::crypto::CryptoTable;
use super::handle::{enter, whimbrel_client_t};
use super::layout::{BootstrapPlace, Carver, Places, round};
use super::types::{Fitting, WHIMBREL_PENDING, whimbrel_feature_t};
use crate::client::cards::{Cards, Choice, Slot};
use crate::crypto::{BLOCK, Cipher, Crypto};
use crate::error::Error;
use crate::uicc::SEALING;
use crate::uicc::reader::{Aid, Config, Secure, WINDOW_MIN};
use crate::uicc::scp03::{Key, StaticKeys};
use core::ffi::c_void;
use core::mem::size_of;
use core::slice;

/// Bootstrap from a smartcard (TS 1.0 section 5.2.3.2 and Appendix G): its file is read before anybody is spoken to, and looked
/// at again before each Register and Update with a server that came from it. Needs whimbrel_port_t.uicc_transmit and
/// whimbrel_limits_t.uicc; named after whimbrel_bootstrap. With whimbrel_limits_t.uicc_messages and whimbrel_sms, short messages
/// of the mode WHIMBREL_SMS_PACKETS end on the card (TS 1.0 section 7.2.2.2).
#[unsafe(no_mangle)]
pub static whimbrel_uicc: whimbrel_feature_t =
    whimbrel_feature_t { select: |_| {}, attach: Some(attach_uicc) };

/// A secure channel with the smartcard, SCP03 (TS 1.0 Appendix H). Named before whimbrel_uicc; needs whimbrel_port_t.crypto. Without
/// it whimbrel_uicc_t.secure can only be WHIMBREL_UICC_CLEAR.
#[unsafe(no_mangle)]
pub static whimbrel_secure_channel: whimbrel_feature_t =
    whimbrel_feature_t { select: |_| {}, attach: Some(attach_channel) };

/// The card may be another one, or there is one now, or none: it is looked at with the next poll.
///
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_uicc is not named; WHIMBREL_ERR_ARGUMENT, WHIMBREL_ERR_STATE,
///         WHIMBREL_ERR_REENTERED as for whimbrel_client_poll().
///
/// What comes of it is told by WHIMBREL_EVENT_CARD_…. Serves: TS 1.0 section 5.2.3.2. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_card_changed(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe { enter(client, |engine, _, _| engine.card_changed().map(|()| 0)) }
}

/// Messages may wait on the card: they are fetched with the next poll. For a modem that tells so (ETSI TS 102 223).
///
/// @return As for whimbrel_card_changed().
///
/// Serves: TS 1.0 section 7.2.2.2.1. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_card_message(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe { enter(client, |engine, _, _| engine.card_messages().map(|()| 0)) }
}

/// Whether messages wait until the card takes them, so that a device that is to restart can wait for its last answer.
///
/// @return 1: poll on. 0: none waits. Or an error as for whimbrel_card_changed().
///
/// Serves: TS 1.0 section 7.2.2.2.2. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_card_unsent(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe { enter(client, |engine, _, _| engine.card_unsent().map(i32::from)) }
}

type Transmit = unsafe extern "C" fn(
    context: *mut c_void,
    command: *const u8,
    command_length: usize,
    response: *mut u8,
    room: usize,
    length: *mut usize,
) -> i32;

/// The platform's card behind the engine's trait.
struct CardSlot {
    transmit: Transmit,
    context: *mut c_void,
    given: whimbrel_uicc_t,
    crypto: Option<CryptoTable<'static>>,
}

impl Slot for CardSlot {
    fn transmit(&self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        let mut length = 0;
        // SAFETY: the contract of whimbrel_port_t; the lengths are those of the slices
        let status = unsafe {
            (self.transmit)(
                self.context,
                command.as_ptr(),
                command.len(),
                response.as_mut_ptr(),
                response.len(),
                &mut length,
            )
        };
        match status {
            WHIMBREL_PENDING => Ok(None),
            status if status < 0 => Err(Error::from_c(status)),
            _ if command.is_empty() => Ok(None),
            _ if length > response.len() => Err(Error::Truncated),
            _ => Ok(Some(length)),
        }
    }

    fn pin(&self, reference: u8, tries: u8, pin: &mut [u8; 8]) -> Option<usize> {
        let ask = self.given.pin?;
        // SAFETY: the contract of whimbrel_uicc_t
        let length = unsafe { ask(self.given.context, reference, tries, pin.as_mut_ptr()) };
        usize::try_from(length).ok().filter(|length| (4..=8).contains(length))
    }

    fn crypto(&self) -> Option<&dyn Crypto> {
        self.crypto.as_ref().map(|crypto| crypto as &dyn Crypto)
    }

    fn keys(&self) -> Option<&dyn StaticKeys> {
        (self.given.key_length != 0).then_some(self as &dyn StaticKeys)
    }
}

impl StaticKeys for CardSlot {
    fn length(&self) -> usize {
        self.given.key_length.into()
    }

    fn cmac(&self, key: Key, message: &[u8], out: &mut [u8; BLOCK]) -> Result<(), Error> {
        let (number, bytes) = match key {
            Key::Enc => (WHIMBREL_KEY_ENC, self.given.key_enc),
            Key::Mac => (WHIMBREL_KEY_MAC, self.given.key_mac),
        };
        if let Some(cmac) = self.given.cmac {
            // SAFETY: the contract of whimbrel_uicc_t; `out` has the 16 bytes
            let status = unsafe {
                cmac(self.given.context, number, message.as_ptr(), message.len(), out.as_mut_ptr())
            };
            return done(status);
        }
        let crypto = self.crypto.as_ref().ok_or(Error::NotSupported)?;
        // SAFETY: the application promised keys of that length, for as long as the client lives; `attach_uicc` saw them
        let bytes = unsafe { slice::from_raw_parts(bytes, self.given.key_length.into()) };
        crypto.mac(Cipher::Aes, bytes, &[message], out)
    }
}

/// Bytes for a card: what is there once, a window of `uicc` bytes, and `messages` bytes for what waits.
pub(super) const fn uicc_size(uicc: usize, messages: usize) -> usize {
    let once = round(size_of::<CardSlot>()).wrapping_add(round(size_of::<Cards<'_>>()));
    once.wrapping_add(round(uicc)).wrapping_add(round(messages))
}

/// The least whimbrel_limits_t.uicc.
pub(super) const UICC_MIN: usize = WINDOW_MIN;

/// What the application says of the card, checked.
fn choice(given: &whimbrel_uicc_t, has_crypto: bool, has_channel: bool) -> Result<Choice, Error> {
    let secure = match given.secure {
        WHIMBREL_UICC_CLEAR => Secure::Never,
        WHIMBREL_UICC_PREFERRED => Secure::Preferred,
        WHIMBREL_UICC_REQUIRED => Secure::Required,
        _ => return Err(Error::Argument),
    };
    let keys = given.cmac.is_some() || !(given.key_enc.is_null() || given.key_mac.is_null());
    let sound = keys && has_crypto && has_channel && matches!(given.key_length, 16 | 24 | 32);
    if secure != Secure::Never && !sound {
        return Err(Error::Argument);
    }
    let aid = if given.message_aid.is_null() {
        Aid::LWM2M
    } else {
        // SAFETY: the application promised that many bytes
        Aid::new(unsafe { slice::from_raw_parts(given.message_aid, given.message_aid_length.into()) })
            .map_err(|_| Error::Argument)?
    };
    let reading = Config {
        secure,
        key_version: given.key_version,
        s16: given.s16 != 0,
        timeout_ms: if given.timeout_ms == 0 { 30_000 } else { given.timeout_ms },
        message_aid: aid,
        message_p1p2: if given.message_object == 0 { 5 } else { given.message_object },
        message_tag: if given.message_tag == 0 { 5 } else { given.message_tag },
    };
    Ok(Choice { reading, look_s: given.look_s, ask_s: given.ask_s })
}

/// whimbrel_secure_channel.
///
/// # Safety
/// None is needed: nothing of C is touched.
unsafe fn attach_channel(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    fitting.seal = Some(&SEALING);
    Ok(())
}

/// whimbrel_uicc.
///
/// # Safety
/// The contract of whimbrel_client_init(); the place comes from the layout.
unsafe fn attach_uicc(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    const ZERO: whimbrel_uicc_t = whimbrel_uicc_t {
        size: size_of::<whimbrel_uicc_t>(),
        context: core::ptr::null_mut(),
        secure: 0,
        key_version: 0,
        s16: 0,
        key_length: 0,
        key_enc: core::ptr::null(),
        key_mac: core::ptr::null(),
        cmac: None,
        pin: None,
        timeout_ms: 0,
        look_s: 0,
        ask_s: 0,
        message_aid: core::ptr::null(),
        message_aid_length: 0,
        message_tag: 0,
        message_object: 0,
    };
    let Places { uicc: (place, size), uicc_parts: (window, outbox), bootstrap: (bootstrap, _), .. } =
        *fitting.places;
    // SAFETY: the contract of whimbrel_config_t; behind a size that is not ours there may be less than we know
    let given = match unsafe { fitting.uicc.as_ref() } {
        None => ZERO,
        Some(given) if given.size == size_of::<whimbrel_uicc_t>() => *given,
        Some(_) => return Err(Error::Argument),
    };
    let (Some(transmit), Some(_)) = (fitting.port.uicc_transmit, fitting.config.features.bootstrapping)
    else {
        return Err(Error::Argument);
    };
    if place.is_null() || size == 0 {
        return Err(Error::Argument);
    }
    // SAFETY: the contract of whimbrel_port_t
    let crypto = unsafe { CryptoTable::new(fitting.port.crypto) };
    let choice = choice(&given, crypto.is_some(), fitting.seal.is_some())?;
    let mut carver = Carver::new(place, size);
    // SAFETY: the places were carved for this and are used once; `bootstrapping` is there, and so is what it points into
    unsafe {
        let slot = carver.take::<CardSlot>(1)?;
        let cards = carver.take::<Cards<'static>>(1)?;
        let (window, outbox) = (carver.bytes(window)?, carver.bytes(outbox)?);
        slot.write(CardSlot { transmit, context: fitting.port.context, given, crypto });
        let bootstrap = &(*bootstrap.cast::<BootstrapPlace>()).bootstrap;
        let made = Cards::new(&*slot, bootstrap, choice, fitting.seal, window, outbox)?;
        cards.write(made);
        fitting.config.features.carding = Some(&*cards);
    }
    Ok(())
}
