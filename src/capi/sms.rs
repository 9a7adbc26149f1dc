//! Short messages: what an account is reached and secured with, and the parts that do it.

use super::account::{slice, text};
use super::adapter::{Platform, count, done, platform};
use super::crypto::CryptoTable;
use super::handle::{enter, whimbrel_client_t};
use super::layout::{Carver, round};
use super::types::{Fitting, whimbrel_feature_t};
use crate::client::line::Line;
use crate::client::packets::{self, Counters, Packets};
use crate::client::setup::NewSms;
use crate::client::texting::{Courier, Texts};
use crate::error::Error;
use crate::port::Port;
use crate::sms::concat::{Set, Sets};
use crate::sms::number::Number;
use core::cell::Cell;
use core::ffi::c_char;
use core::mem::size_of;

/// SMS Security Mode (TS 1.0 Appendix E.1 resource 6): DTLS that ends in the device, with PSK.
pub const WHIMBREL_SMS_DTLS: u8 = 1;
/// Secured packets (TS 102 225). Without a smartcard they end in the device, by whimbrel_secured_packets.
pub const WHIMBREL_SMS_PACKETS: u8 = 2;
/// No security.
pub const WHIMBREL_SMS_NOSEC: u8 = 3;

/// How an account is reached by SMS: the resources 6 to 9 of the Security object (TS 1.0 Appendix E.1), and Trigger of the
/// Server object. Copied, not kept.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_sms_t {
    /// sizeof(whimbrel_sms_t)
    pub size: usize,
    /// SMS Security Mode, resource 6: WHIMBREL_SMS_DTLS, whose keys are those of whimbrel_account_t.security,
    /// WHIMBREL_SMS_PACKETS or WHIMBREL_SMS_NOSEC.
    pub mode: u8,
    /// 1: the server may trigger an Update or a bootstrap by SMS, whatever the binding is (`/1/x/21`, 1.1). Such an SMS is not
    /// answered.
    pub trigger: u8,
    /// LwM2M Server SMS Number, resource 9: "+15555550123". NULL where whimbrel_account_t.uri is `tel:+15555550123`.
    pub number: *const c_char,
    /// SMS Binding Key Parameters, resource 7: KIc, KID, SPI, TAR; 6 bytes with the first of SPI, or 7.
    pub parameters: *const u8,
    /// Their length in bytes.
    pub parameters_length: usize,
    /// SMS Binding Secret Key(s), resource 8: 16, 32 or 48 bytes.
    pub keys: *const u8,
    /// Their length in bytes.
    pub keys_length: usize,
}

/// Short messages as a way to servers (TS 1.0 sections 7.2 and 8.6.2): bindings S, SQ, US, UQS, `tel:` URIs, triggers. Needs
/// whimbrel_port_t.sms_send and .sms_receive and whimbrel_limits_t.sms. Named after whimbrel_dtls, where that is named. Without it
/// such bindings are refused.
#[unsafe(no_mangle)]
pub static whimbrel_sms: whimbrel_feature_t = whimbrel_feature_t { select: |_| {}, attach: Some(attach_sms) };

/// Secured packets that end in the device (TS 1.0 section 7.2.2.3). Needs whimbrel_sms, whimbrel_port_t.crypto, and the storage
/// functions: counters must outlive a power cut.
#[unsafe(no_mangle)]
pub static whimbrel_secured_packets: whimbrel_feature_t =
    whimbrel_feature_t { select: |_| {}, attach: Some(attach_packets) };

/// Tells what number the device has, where that was not known at whimbrel_client_init(): servers are told with the next Update.
///
/// @param number  "+15555550199"; copied.
/// @return WHIMBREL_OK; WHIMBREL_ERR_BAD_VALUE: not a number; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_sms is not named;
///         WHIMBREL_ERR_ARGUMENT: NULL.
///
/// Serves: TS 1.0 sections 5.3.1 and 5.3.2 (SMS Number). Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_sms_number(client: *mut whimbrel_client_t, number: *const c_char) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, _, _| {
            engine.set_sms_number(text(number)?.as_bytes())?;
            Ok(0)
        })
    }
}

/// Reads what an account says of SMS.
///
/// # Safety
/// The contract of whimbrel_sms_t.
unsafe fn read_sms(given: *const whimbrel_sms_t) -> Result<Option<NewSms<'static>>, Error> {
    // SAFETY: the contract above; what is borrowed is used during the call that hands it over
    let Some(given) = (unsafe { given.as_ref() }) else { return Ok(None) };
    if given.size != size_of::<whimbrel_sms_t>() {
        return Err(Error::Argument);
    }
    // SAFETY: the contract above
    unsafe {
        Ok(Some(NewSms {
            mode: given.mode,
            trigger: given.trigger != 0,
            number: if given.number.is_null() { "" } else { text(given.number)? },
            parameters: slice(given.parameters, given.parameters_length),
            keys: slice(given.keys, given.keys_length),
        }))
    }
}

/// Reads what an account says of SMS; only where whimbrel_sms is named something can be done with it.
pub(crate) type SmsReader = unsafe fn(given: *const whimbrel_sms_t) -> Result<Option<NewSms<'static>>, Error>;

// SAFETY: whimbrel_client_init refused a client with this part and without the functions.
impl Courier for Platform {
    fn send(&self, port: &dyn Port, tpdu: &[u8]) -> Result<(), Error> {
        let platform = platform(port);
        let send = platform.sms_send.ok_or(Error::Link)?;
        done(unsafe { send(platform.context, tpdu.as_ptr(), tpdu.len()) })
    }

    fn receive(&self, port: &dyn Port, buffer: &mut [u8]) -> Result<usize, Error> {
        let platform = platform(port);
        let (receive, room) = (platform.sms_receive.ok_or(Error::Link)?, buffer.len());
        count(unsafe { receive(platform.context, buffer.as_mut_ptr(), room) }, room)
    }
}

/// How long parts of a message are waited for.
const PARTS_MS: u64 = 300_000;

/// A message, what a packet adds, and two octets for each part: 64 octets are few for one.
const fn room_for(datagram: usize) -> usize {
    datagram.wrapping_add(datagram / 32).wrapping_add(packets::OVERHEAD)
}

/// What is there once, for each account, and for each message in parts, beside its bytes; see [`sms_size`].
const ONCE: usize = round(size_of::<Texts<'_>>()) + round(size_of::<(Packets<'_>, CryptoTable<'_>)>()) + 64;
const EACH: usize = size_of::<Cell<Line>>() + size_of::<Cell<Counters>>();
const MESSAGE: usize = 8 + size_of::<Set>();

/// Bytes for short messages of `rows` accounts: for `sets` messages in parts of up to `datagram` bytes, and one to be sent.
pub(super) const fn sms_size(rows: usize, sets: usize, datagram: usize) -> usize {
    // the limits are checked: nothing of this is large
    let messages = room_for(datagram).wrapping_add(MESSAGE).wrapping_mul(sets.wrapping_add(1));
    rows.wrapping_mul(EACH).wrapping_add(messages).wrapping_add(ONCE)
}

/// whimbrel_sms: a line for each account.
///
/// # Safety
/// The contract of whimbrel_client_init(); the place comes from the layout.
unsafe fn attach_sms(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    let (place, size) = fitting.places.sms;
    let complete = fitting.port.sms_send.is_some() && fitting.port.sms_receive.is_some();
    if place.is_null() || size == 0 || !complete {
        return Err(Error::Argument);
    }
    let message = room_for(fitting.tables.send.len());
    let mut reference = [0];
    if let (Some(random), context) = (fitting.port.random, fitting.port.context) {
        // SAFETY: the contract of whimbrel_port_t
        unsafe { random(context, reference.as_mut_ptr(), 1) }
    }
    let mut carver = Carver::new(place, size);
    // SAFETY: the place was carved for this and is used once; each reference is to what was written before
    unsafe {
        let _ = packets_place(&mut carver, fitting)?;
        let place = carver.take::<Texts<'static>>(1)?;
        let lines: &'static [Cell<Line>] =
            carver.slice(fitting.tables.accounts.len(), || Cell::new(Line::NONE))?;
        let sets = carver.slice(fitting.places.sets, || Set::FREE)?;
        let memory = carver.bytes(fitting.places.sets.saturating_mul(message))?;
        let packet = carver.bytes(message)?;
        let sets = Sets::new(sets, memory, PARTS_MS);
        let [reference] = reference;
        let own = match fitting.sms_number.is_null() {
            true => None,
            false => Some(Number::parse(text(fitting.sms_number)?.as_bytes())?),
        };
        place.write(Texts::new(&Platform, fitting.config.texts, lines, own, sets, packet, reference));
        let texts: &'static Texts<'static> = &*place;
        fitting.config.features.texting = Some(texts);
        fitting.parts.lines = Some(texts);
    }
    fitting.tables.server.texts.set(2);
    fitting.parts.read_sms = Some(read_sms);
    Ok(())
}

/// Where whimbrel_secured_packets has its part of the place: first, whether it is named or not.
fn packets_place(
    carver: &mut Carver,
    fitting: &Fitting<'_>,
) -> Result<(*mut (Packets<'static>, CryptoTable<'static>), *mut Cell<Counters>), Error> {
    Ok((carver.take(1)?, carver.take(fitting.tables.accounts.len())?))
}

/// whimbrel_secured_packets: counters for each account.
///
/// # Safety
/// As for [`attach_sms`].
unsafe fn attach_packets(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    let (place, size) = fitting.places.sms;
    let stores = fitting.port.storage_read.is_some() && fitting.port.storage_write.is_some();
    // SAFETY: the contract of whimbrel_port_t
    let crypto = unsafe { CryptoTable::new(fitting.port.crypto) };
    let Some(crypto) = crypto.filter(|_| stores && !place.is_null() && size != 0) else {
        return Err(Error::Argument);
    };
    let mut carver = Carver::new(place, size);
    // SAFETY: as above
    unsafe {
        let (place, counters) = packets_place(&mut carver, fitting)?;
        let rows = fitting.tables.accounts.len();
        for at in 0..rows {
            counters.add(at).write(Cell::new(Counters::UNKNOWN));
        }
        let counters: &'static [Cell<Counters>] = core::slice::from_raw_parts(counters, rows);
        (&raw mut (*place).1).write(crypto);
        let crypto: &'static CryptoTable<'static> = &(*place).1;
        (&raw mut (*place).0).write(Packets::new(fitting.config.texts, counters, crypto, &Platform));
        fitting.config.features.packing = Some(&(*place).0);
    }
    Ok(())
}

// The numbers above are what the engine means by them.
const _: () = {
    assert!(WHIMBREL_SMS_DTLS == crate::objects::SMS_DTLS);
    assert!(WHIMBREL_SMS_PACKETS == crate::objects::SMS_PACKETS);
    assert!(WHIMBREL_SMS_NOSEC == crate::objects::SMS_NOSEC);
};
