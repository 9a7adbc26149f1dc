//! Server accounts from C.

use super::handle::{enter, whimbrel_client_t};
use super::sms::whimbrel_sms_t;
use crate::client::NewAccount;
use crate::error::Error;
use crate::objects::{Binding, Credentials};
use crate::secure::CIPHERSUITES;
use core::ffi::{CStr, c_char};

/// What an account is secured with: the resources of the Security object that have to do with it (TS 1.0 section 7.1,
/// Appendix E.1). Copied, not kept.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_credentials_t {
    /// sizeof(whimbrel_credentials_t)
    pub size: usize,
    /// Security Mode, resource 2: WHIMBREL_PSK, WHIMBREL_RAW_PUBLIC_KEY, WHIMBREL_CERTIFICATE, WHIMBREL_NOSEC.
    pub mode: u8,
    /// Certificate Usage, resource 15 (1.1): WHIMBREL_USAGE_…; 0: not instantiated, a domain-issued certificate.
    pub certificate_usage: u8,
    /// Matching Type, resource 13 (1.1): 0 `server_key` itself; 1, 2, 3 its SHA-256, SHA-384, SHA-512.
    pub matching_type: u8,
    /// Public Key or Identity, resource 3: PSK identity, own SubjectPublicKeyInfo, or own certificate, DER.
    pub identity: *const u8,
    /// Its length in bytes.
    pub identity_length: usize,
    /// Server Public Key, resource 4: the server's SubjectPublicKeyInfo, certificate or trust anchor, DER, or a hash.
    pub server_key: *const u8,
    /// Its length in bytes.
    pub server_key_length: usize,
    /// Secret Key, resource 5: the PSK, or the private key, DER.
    pub secret_key: *const u8,
    /// Its length in bytes.
    pub secret_key_length: usize,
    /// SNI, resource 14 (1.1): the name that the server's certificate must be for, instead of the URI's host. NULL: none.
    pub sni: *const c_char,
    /// DTLS/TLS Ciphersuite, resource 16 (1.1): what to offer, by IANA number, the preferred one first. NULL: the
    /// backend's own list.
    pub ciphersuites: *const u16,
    /// How many there are, at most 16.
    pub ciphersuite_count: usize,
}

/// A server account: one instance of the Security object and one of the Server object (TS 1.0 Appendix E.1, E.2).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_account_t {
    /// sizeof(whimbrel_account_t)
    pub size: usize,
    /// LwM2M Server URI: `coap://host:port`, or `coaps://host:port` where `security` secures; `tel:+15555550123` for a server
    /// that is reached by SMS alone.
    pub uri: *const c_char,
    /// Binding: "U" or "UQ"; with `sms` also "S", "SQ", "US", "UQS" (TS 1.0 section 5.3.1.1); NULL is "U".
    pub binding: *const c_char,
    /// Lifetime in seconds; 0 takes 86400.
    pub lifetime_s: u32,
    /// Default Minimum Period in seconds, 0 for none.
    pub pmin_s: u32,
    /// Default Maximum Period in seconds, 0 for none.
    pub pmax_s: u32,
    /// Disable Timeout in seconds; 0 takes one day.
    pub disable_timeout_s: u32,
    /// Short Server ID, 1 to 65534.
    pub short_server_id: u16,
    /// 0: changes are stored while the server cannot be reached. 1: they are discarded (the inverse of `/1/x/6`).
    pub discard_offline: u8,
    /// What the account is secured with; NULL is NoSec.
    pub security: *const whimbrel_credentials_t,
    /// 1: the account is that of the LwM2M Bootstrap-Server: an instance of the Security object alone. `short_server_id` is 0,
    /// and what belongs to the Server object is not used.
    pub bootstrap_server: u8,
    /// Of a bootstrap server: Client Hold Off Time in seconds, resource 11. The pause before a bootstrap that the client
    /// begins, and up to a quarter more.
    pub hold_off_s: u32,
    /// Of a bootstrap server: Bootstrap-Server Account Timeout in seconds, resource 12; 0: the account stays.
    pub account_timeout_s: u32,
    /// How the server is reached by SMS; NULL: not at all.
    pub sms: *const whimbrel_sms_t,
}

/// # Safety
/// `text` is NULL or ends with NUL.
pub(super) unsafe fn text<'t>(text: *const c_char) -> Result<&'t str, Error> {
    if text.is_null() {
        return Err(Error::Argument);
    }
    // SAFETY: the contract above
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| Error::BadValue)
}

/// Cipher suites as the Security object keeps them.
struct Suites([u8; 2 * CIPHERSUITES], usize);

impl Suites {
    /// # Safety
    /// `first` points to `count` numbers, or is NULL.
    unsafe fn read(first: *const u16, count: usize) -> Result<Self, Error> {
        let mut suites = Self([0; 2 * CIPHERSUITES], 0);
        if first.is_null() {
            return Ok(suites);
        }
        for at in 0..count {
            // SAFETY: the contract above
            let suite = unsafe { first.add(at).read() };
            crate::bytes::put(&mut suites.0, suites.1, &suite.to_be_bytes()).map_err(|_| Error::Argument)?;
            suites.1 = suites.1.wrapping_add(2);
        }
        Ok(suites)
    }

    fn bytes(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or(&[])
    }
}

/// # Safety
/// `bytes` points to `length` bytes, or is NULL.
pub(super) unsafe fn slice<'b>(bytes: *const u8, length: usize) -> &'b [u8] {
    // SAFETY: the contract above
    if bytes.is_null() || length == 0 { &[] } else { unsafe { core::slice::from_raw_parts(bytes, length) } }
}

/// Shows credentials of the application to the engine; only where whimbrel_dtls is named there is one.
pub(crate) type CredentialsReader = unsafe fn(
    given: &whimbrel_credentials_t,
    job: &mut dyn FnMut(&Credentials<'_>) -> Result<(), Error>,
) -> Result<(), Error>;

/// # Safety
/// The contract of whimbrel_credentials_t.
pub(super) unsafe fn read_credentials(
    given: &whimbrel_credentials_t,
    job: &mut dyn FnMut(&Credentials<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    if given.size != size_of::<whimbrel_credentials_t>() {
        return Err(Error::Argument);
    }
    // SAFETY: the contract above
    unsafe {
        let suites = Suites::read(given.ciphersuites, given.ciphersuite_count)?;
        job(&Credentials {
            mode: given.mode,
            usage: given.certificate_usage,
            matching: given.matching_type,
            identity: slice(given.identity, given.identity_length),
            server_key: slice(given.server_key, given.server_key_length),
            secret_key: slice(given.secret_key, given.secret_key_length),
            sni: if given.sni.is_null() { &[] } else { text(given.sni)?.as_bytes() },
            ciphersuites: suites.bytes(),
        })
    }
}

/// Adds a server account; the client registers at the next poll, after a DTLS handshake where the account is secured.
///
/// @param client   From whimbrel_client_init().
/// @param account  Copied; not kept.
/// @return WHIMBREL_OK; WHIMBREL_ERR_EXISTS: the Short Server ID is in use, or there is a bootstrap server's account already;
///         WHIMBREL_ERR_NOT_SUPPORTED: a bootstrap server's account without whimbrel_bootstrap; WHIMBREL_ERR_BAD_VALUE: the URI is no
///         `coap://` or `coaps://` URI, or its scheme and the Security Mode contradict each other, the Short Server ID is 0
///         or 65535, the binding is not supported, or a Certificate Usage or Matching Type is out of range;
///         WHIMBREL_ERR_SECURITY_MODE: whimbrel_dtls is not named, or the backend cannot do the Security Mode;
///         the same of an SMS Security Mode and whimbrel_secured_packets; WHIMBREL_ERR_CREDENTIALS: what the mode needs is missing,
///         or keys of secured packets are not those that their parameters need; WHIMBREL_ERR_FULL: whimbrel_limits_t.servers is exhausted
///         or .credentials is too small for URI and keys; WHIMBREL_ERR_ARGUMENT. Keys that cannot be parsed show when the
///         session begins, as WHIMBREL_EVENT_ACCOUNT_INVALID.
///
/// All of it is added, or nothing. Serves: TS 1.0 sections 5.2.3.1 (factory bootstrap) and 7.1. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_account_add(
    client: *mut whimbrel_client_t,
    account: *const whimbrel_account_t,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, parts, context| {
            let given = account.as_ref().filter(|a| a.size == size_of::<whimbrel_account_t>());
            let given = given.ok_or(Error::Argument)?;
            let uri = text(given.uri)?;
            let binding =
                if given.binding.is_null() { Binding::U } else { Binding::parse(text(given.binding)?)? };
            let new = NewAccount {
                short_server_id: given.short_server_id,
                uri,
                lifetime: if given.lifetime_s == 0 { 86_400 } else { given.lifetime_s },
                pmin: given.pmin_s,
                pmax: given.pmax_s,
                disable_timeout: given.disable_timeout_s,
                storing: given.discard_offline == 0,
                binding,
                sms: match parts.read_sms {
                    Some(read) => read(given.sms)?,
                    None if given.sms.is_null() => None,
                    None => return Err(Error::NotSupported),
                },
            };
            let times = (given.bootstrap_server != 0).then_some((given.hold_off_s, given.account_timeout_s));
            match given.security.as_ref() {
                None => engine.add_account(context, &new, None, times)?,
                Some(security) => parts.reader()?(security, &mut |credentials| {
                    engine.add_account(context, &new, Some(credentials), times)
                })?,
            }
            Ok(0)
        })
    }
}

/// Replaces what a server account is secured with. Its session ends, with a close_notify, and a full handshake follows at
/// the next poll, then a Register.
///
/// @param credentials  Copied; not kept. Its mode must fit the scheme of the account's URI.
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no such Short Server ID; else as whimbrel_account_add(), and then nothing has
///         changed.
///
/// Serves: TS 1.0 section 5.2.5 (changed security materials). Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_account_secure(
    client: *mut whimbrel_client_t,
    short_server_id: u16,
    credentials: *const whimbrel_credentials_t,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, parts, context| {
            let given = credentials.as_ref().ok_or(Error::Argument)?;
            parts.reader()?(given, &mut |new| engine.secure_account(context, short_server_id, new))?;
            Ok(0)
        })
    }
}

/// What the security backend can do.
///
/// @return WHIMBREL_CAN_… as bits; 0 without whimbrel_dtls; an error, which is negative. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_capabilities(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, context| {
            let known = engine.capabilities(context);
            Ok(i32::try_from(known).unwrap_or(i32::MAX))
        })
    }
}

/// Forgets a server account without a word to the server.
///
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no such Short Server ID. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_account_remove(
    client: *mut whimbrel_client_t,
    short_server_id: u16,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, context| {
            engine.remove_account(context, short_server_id)?;
            Ok(0)
        })
    }
}

/// Whether a server has accepted the registration.
///
/// @return 1 or 0; an error. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_account_registered(
    client: *mut whimbrel_client_t,
    short_server_id: u16,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe { enter(client, |engine, _, _| Ok(engine.is_registered(short_server_id).into())) }
}

/// Asks for an Update at the next poll.
///
/// @param short_server_id  The server, or 0 for all that the client is registered with.
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: the client is not registered there.
///
/// Serves: TS 1.0 section 5.3.2. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_account_update(
    client: *mut whimbrel_client_t,
    short_server_id: u16,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, _| {
            engine.request_update(short_server_id)?;
            Ok(0)
        })
    }
}
