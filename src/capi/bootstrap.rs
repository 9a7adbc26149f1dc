//! Bootstrap and stored settings, from C.

use super::handle::{enter, whimbrel_client_t};
use crate::error::Error;

/// Asks the bootstrap server for a bootstrap, as the execution of `/1/x/9` does: after its Client Hold Off Time.
///
/// @param client  From whimbrel_client_init().
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: there is no account of a bootstrap server; WHIMBREL_ERR_STATE: a bootstrap is
///         under way; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_bootstrap is not named.
///
/// What comes of it is told by WHIMBREL_EVENT_BOOTSTRAPPED or WHIMBREL_EVENT_BOOTSTRAP_FAILED. Until it has succeeded it is
/// tried again. Serves: TS 1.0 section 5.2.3.3. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_bootstrap_start(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, _| {
            engine.start_bootstrap()?;
            Ok(0)
        })
    }
}

/// Takes a provisioning blob: a bootstrap file as a production line writes it and as a UICC holds it (TS 1.0 Appendix G.3.3).
/// All of it is taken, or nothing.
///
/// Its instances are created, or replaced where there are any of the same ID; everything else stays. Resources and objects
/// that the client does not know are passed over, but for access control of several servers.
///
/// @param client  From whimbrel_client_init().
/// @param blob    Read during the call; not kept. The caller overwrites it: it holds keys.
/// @param size    Its length in bytes; what stands behind the blob's own length is not looked at.
/// @return WHIMBREL_OK; WHIMBREL_ERR_MALFORMED: lengths or numbers do not add up; WHIMBREL_ERR_BAD_VALUE: a value of the wrong
///         type or range; WHIMBREL_ERR_INCONSISTENT: an account lacks a part, a key or a mode that the backend can do, Short
///         Server IDs or access control do not fit together; WHIMBREL_ERR_FULL: a limit is exhausted, see
///         whimbrel_limits_t.servers, .credentials, .bootstrap; WHIMBREL_ERR_STATE: a bootstrap is under way;
///         WHIMBREL_ERR_STORAGE; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_bootstrap is not named; WHIMBREL_ERR_ARGUMENT: NULL.
///
/// Serves: TS 1.0 section 5.2.3.1 (factory bootstrap). Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_provision(
    client: *mut whimbrel_client_t,
    blob: *const u8,
    size: usize,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, _, context| {
            if blob.is_null() {
                return Err(Error::Argument);
            }
            engine.provision(context, core::slice::from_raw_parts(blob, size))?;
            Ok(0)
        })
    }
}

/// Takes up the accounts as the last life left them: what a bootstrap, servers and the application wrote into the objects 0, 1
/// and 2, and what servers wrote into objects with WHIMBREL_PERSISTENT. From then on each change of them is stored.
///
/// Call it once, after the objects are added and before an account is: where nothing was stored, add the accounts of the
/// factory then.
///
/// @param client  From whimbrel_client_init().
/// @return How many accounts there are, the bootstrap server's included; WHIMBREL_ERR_NOT_FOUND: nothing was stored, or nothing
///         of it is whole; WHIMBREL_ERR_STATE: there are accounts already; WHIMBREL_ERR_STORAGE: it cannot be read;
///         WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_persistence or whimbrel_bootstrap is not named, or a newer version wrote it.
///
/// WHIMBREL_EVENT_STORAGE_FAILED tells of what is damaged; the rest is taken. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_configuration_load(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, context| {
            let accounts = engine.load_settings(context)?;
            Ok(i32::try_from(accounts).unwrap_or(i32::MAX))
        })
    }
}

/// Removes what whimbrel_configuration_load() would take up. The client goes on as it is, and stores no more changes: after the
/// next start it is as the factory delivered it.
///
/// @param client  From whimbrel_client_init().
/// @return WHIMBREL_OK; WHIMBREL_ERR_STORAGE; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_persistence is not named. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_configuration_erase(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, context| {
            engine.erase_settings(context)?;
            Ok(0)
        })
    }
}
