//! Server accounts from C.

use super::handle::{enter, whimbrel_client_t};
use crate::client::NewAccount;
use crate::error::Error;
use crate::objects::{Binding, MODE_NOSEC};
use core::ffi::{CStr, c_char};

/// A server account: one instance of the Security object and one of the Server object (TS 1.0 Appendix E.1, E.2).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_account_t {
    /// sizeof(whimbrel_account_t)
    pub size: usize,
    /// LwM2M Server URI, `coap://host:port`.
    pub uri: *const c_char,
    /// Binding: "U" or "UQ"; NULL is "U".
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

/// Adds a server account without security (NoSec); the client registers at the next poll.
///
/// @param client   From whimbrel_client_init().
/// @param account  Copied; not kept.
/// @return WHIMBREL_OK; WHIMBREL_ERR_EXISTS: the Short Server ID is in use; WHIMBREL_ERR_BAD_VALUE: the URI is no
///         `coap://` URI, the Short Server ID is 0 or 65535, or the binding is not supported;
///         WHIMBREL_ERR_NOT_SUPPORTED: `coaps://`; WHIMBREL_ERR_FULL: whimbrel_limits_t.servers is exhausted or
///         .credentials is too small for the URI; WHIMBREL_ERR_ARGUMENT.
///
/// All of it is added, or nothing. Serves: TS 1.0 section 5.2.3.1 (factory bootstrap). Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_account_add(
    client: *mut whimbrel_client_t,
    account: *const whimbrel_account_t,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, _, context| {
            let given = account.as_ref().filter(|a| a.size == size_of::<whimbrel_account_t>());
            let given = given.ok_or(Error::Argument)?;
            let uri = text(given.uri)?;
            if uri.starts_with("coaps://") {
                return Err(Error::NotSupported);
            }
            let binding =
                if given.binding.is_null() { Binding::U } else { Binding::parse(text(given.binding)?)? };
            let new = NewAccount {
                short_server_id: given.short_server_id,
                uri,
                mode: MODE_NOSEC,
                identity: &[],
                server_key: &[],
                secret_key: &[],
                lifetime: if given.lifetime_s == 0 { 86_400 } else { given.lifetime_s },
                pmin: given.pmin_s,
                pmax: given.pmax_s,
                disable_timeout: given.disable_timeout_s,
                storing: given.discard_offline == 0,
                binding,
            };
            engine.add_account(context, &new)?;
            Ok(0)
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
