//! The life of a client, from C.

use super::adapter::done;
use super::handle::{Making, bury, deliver, enter, note, whimbrel_client_t};
use super::layout::{Carver, Limits, lay_out};
use super::types::*;
use crate::client::config::TextConfig;
use crate::client::features::Features;
use crate::client::{Config, Engine};
use crate::coap::Params;
use crate::error::Error;
use crate::format::Entry;
use core::ffi::c_char;

/// The version of the library, which may be newer than the header.
///
/// @return Major version * 65536 + minor version * 256 + patch level. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn whimbrel_version() -> u32 {
    0x0000_0100
}

/// How many bytes whimbrel_client_init() needs for these limits.
///
/// @param limits  NULL takes all defaults.
/// @return Bytes; 0 if a limit is out of range or `size` is wrong. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_size(limits: *const whimbrel_limits_t) -> usize {
    let mut carver = Carver::COUNTING;
    // SAFETY: the contract above; nothing is carved while counting
    unsafe {
        match Limits::read(limits).and_then(|limits| lay_out(&mut carver, &limits)) {
            Ok(_) => carver.used(),
            Err(_) => 0,
        }
    }
}

/// Makes a client in memory of the caller. It has no server yet: see whimbrel_account_add().
///
/// @param memory  Aligned to 8 bytes, `size` bytes, the client's until whimbrel_client_end().
/// @param size    whimbrel_client_size() of the limits, or more.
/// @param config  What it points to must live as long as the client; the struct itself is copied.
/// @param port    Copied; its context must live as long as the client.
/// @param client  Out: the handle, inside `memory`; NULL after an error.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, misaligned memory, a wrong `size` in a struct, a function
///         missing in the port, no endpoint name or no format, limits or timing out of range, access control with
///         whimbrel_limits_t.access 0, whimbrel_dtls without a complete whimbrel_port_t.security or with whimbrel_limits_t.mtu 0,
///         whimbrel_persistence without storage functions, whimbrel_bootstrap with whimbrel_limits_t.bootstrap 0, whimbrel_sms
///         without its functions or with whimbrel_limits_t.sms 0, whimbrel_secured_packets without a complete
///         whimbrel_port_t.crypto or without storage functions;
///         WHIMBREL_ERR_FULL: `memory` is too small;
///         WHIMBREL_ERR_BAD_VALUE: the endpoint name is not UTF-8 or longer than 128 bytes, whimbrel_config_t.sms_number is
///         no number;
///         WHIMBREL_ERR_NOT_SUPPORTED: a version other than 1.0 and 1.1.
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_init(
    memory: *mut core::ffi::c_void,
    size: usize,
    config: *const whimbrel_config_t,
    port: *const whimbrel_port_t,
    client: *mut *mut whimbrel_client_t,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        if client.is_null() {
            return WHIMBREL_ERR_ARGUMENT;
        }
        client.write(core::ptr::null_mut());
        match make(memory.cast(), size, config, port) {
            Ok(made) => {
                client.write(made);
                WHIMBREL_OK
            }
            Err(error) => error.to_c(),
        }
    }
}

unsafe fn make(
    memory: *mut u8,
    size: usize,
    config: *const whimbrel_config_t,
    port: *const whimbrel_port_t,
) -> Result<*mut whimbrel_client_t, Error> {
    // SAFETY: the contract of whimbrel_client_init
    unsafe {
        let given = config.as_ref().filter(|c| c.size == size_of::<whimbrel_config_t>());
        let given = given.ok_or(Error::Argument)?;
        let port = port.as_ref().filter(|p| p.size == size_of::<whimbrel_port_t>()).ok_or(Error::Argument)?;
        let complete = port.now.is_some()
            && port.random.is_some()
            && port.link_open.is_some()
            && port.link_send.is_some()
            && port.link_receive.is_some()
            && port.link_close.is_some()
            && port.lock.is_some() == port.unlock.is_some()
            && port.sms_send.is_some() == port.sms_receive.is_some();
        if memory.is_null() || memory.align_offset(8) != 0 || !complete {
            return Err(Error::Argument);
        }
        let limits = Limits::read(given.limits)?;
        let mut chosen = read_config(given)?;
        chosen.mtu = limits.mtu as u16;
        let mut carver = Carver::new(memory, size);
        let (place, tables, mut parts, places) = lay_out(&mut carver, &limits)?;
        let mut tables = tables.ok_or(Error::Full)?;
        let mut fitting = Fitting {
            port,
            tables: &mut tables,
            parts: &mut parts,
            places: &places,
            config: &mut chosen,
            sms_number: given.sms_number,
            uicc: given.uicc,
            seal: None,
        };
        attach(given, &mut fitting)?;
        if let Some(access) = given.access.as_ref() {
            (access.attach)(&mut fitting)?;
            parts.access_control = Some(access);
        }
        let making = Making { port: *port, event: given.event, event_context: given.event_context };
        let mut engine = Engine::new(tables, chosen, &mut &making.platform())?;
        if let Some(object) = parts.access_object {
            engine.add_object(object)?;
        }
        making.finish(place, engine, parts);
        Ok(place)
    }
}

unsafe fn read_config(given: &whimbrel_config_t) -> Result<Config<'static>, Error> {
    // SAFETY: the contract of whimbrel_config_t
    let (endpoint, formats) = unsafe {
        let endpoint: &'static str = super::account::text(given.endpoint.cast::<c_char>())?;
        if given.formats.is_null() || given.format_count == 0 || given.format_count > 16 {
            return Err(Error::Argument);
        }
        let formats = core::slice::from_raw_parts(given.formats, given.format_count);
        if formats.iter().any(|format| format.is_null()) {
            return Err(Error::Argument);
        }
        // a whimbrel_format_t is its entry, and none of the pointers is NULL
        let entries: &'static [&'static Entry] =
            core::slice::from_raw_parts(given.formats.cast::<&'static Entry>(), given.format_count);
        (endpoint, entries)
    };
    let mut features = Features::default();
    if given.feature_count > 16 || (given.features.is_null() && given.feature_count != 0) {
        return Err(Error::Argument);
    }
    for at in 0..given.feature_count {
        // SAFETY: the application promises `feature_count` features
        let feature = unsafe { given.features.add(at).read().as_ref() }.ok_or(Error::Argument)?;
        (feature.select)(&mut features);
    }
    // what outlives a power cut is sessions
    if endpoint.is_empty() {
        return Err(Error::Argument);
    }
    if endpoint.len() > 128 {
        return Err(Error::BadValue);
    }
    let version = |number: u8| match number {
        0 | 10 => Ok(0),
        11 => Ok(1),
        _ => Err(Error::NotSupported),
    };
    let versions = (version(given.version_min)?, version(given.version_max)?);
    if versions.0 > versions.1 {
        return Err(Error::NotSupported);
    }
    if given.sms_flags & !WHIMBREL_SMS_FLAGS != 0 {
        return Err(Error::Argument);
    }
    let coap = read_coap(&given.coap)?;
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    Ok(Config {
        endpoint,
        formats,
        features,
        access: None,
        versions,
        coap,
        awake_ms: or(given.awake_ms, coap.max_transmit_wait()),
        retry_s: (or(given.retry_first_s, 30), or(given.retry_longest_s, 3600)),
        handshake_ms: (
            or(given.handshake_first_ms, coap.ack_timeout_ms),
            or(given.handshake_longest_ms, 60_000),
        ),
        mtu: 0,
        confirm_notifications: given.confirm_notifications != 0,
        invites: given.server_initiated != 0,
        texts: TextConfig {
            params: Params {
                ack_timeout_ms: or(given.sms_answer_s, 300).saturating_mul(1000),
                ack_random_permille: 1000,
                max_retransmit: 0,
                nstart: 1,
            },
            record_s: or(given.sms_answer_s, 300)
                .max(60)
                .max(or(given.handshake_longest_ms, 60_000).div_ceil(1000)),
            protocol: given.sms_protocol,
            coding: if given.sms_coding == 0 { 4 } else { given.sms_coding },
            how: given.sms_flags,
        },
    })
}

/// The parts that were chosen check what they need of the platform.
unsafe fn attach(given: &whimbrel_config_t, fitting: &mut Fitting<'_>) -> Result<(), Error> {
    for at in 0..given.feature_count {
        // SAFETY: `read_config` has seen each of them
        let feature = unsafe { given.features.add(at).read().as_ref() }.ok_or(Error::Argument)?;
        if let Some(attach) = feature.attach {
            // SAFETY: the contract of whimbrel_client_init
            unsafe { attach(fitting)? };
        }
    }
    Ok(())
}

fn read_coap(given: &whimbrel_coap_t) -> Result<Params, Error> {
    let default = Params::DEFAULT;
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    let params = Params {
        ack_timeout_ms: or(given.ack_timeout_ms, default.ack_timeout_ms),
        ack_random_permille: or(given.ack_random_permille.into(), default.ack_random_permille.into()) as u16,
        max_retransmit: or(given.max_retransmit.into(), default.max_retransmit.into()) as u8,
        nstart: or(given.nstart.into(), default.nstart.into()) as u8,
    };
    let sound = params.ack_random_permille >= 1000 && params.max_retransmit <= 20 && params.nstart == 1;
    if sound { Ok(params) } else { Err(Error::Argument) }
}

/// Does what is due, then says when to call again. Never blocks.
///
/// @param client   From whimbrel_client_init(). One thread at a time, never from inside a handler.
/// @param next_ms  Out, may be NULL: when to call next, in milliseconds on the clock of whimbrel_port_t.now;
///                 UINT64_MAX if only input can wake the client. Earlier is harmless, later delays retransmissions.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: client is NULL; WHIMBREL_ERR_STATE: not a client;
///         WHIMBREL_ERR_REENTERED: called from a handler. After an error nothing was done. Trouble on a link is an
///         event, not a status.
///
/// Memory: keeps neither pointer. What a handler is shown during the call is valid until the handler returns.
/// Work: bounded; one datagram per link. If more may wait, next_ms is now.
/// Serves: RFC 7252 section 4.2; TS 1.0 sections 5.3.2 (Update in time) and 5.5.2 (Notify). Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_poll(client: *mut whimbrel_client_t, next_ms: *mut u64) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, _, context| {
            deliver(client, engine);
            let next = engine.poll(context);
            if let Some(out) = next_ms.as_mut() {
                *out = next.at.as_millis();
            }
            Ok(0)
        })
    }
}

/// When the client wants to be called next, and why: so that one can see what wakes a device.
///
/// @param deadline  Out.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_deadline(
    client: *mut whimbrel_client_t,
    deadline: *mut whimbrel_deadline_t,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, _, context| {
            let next = engine.deadline(context.now);
            let out = deadline.as_mut().ok_or(Error::Argument)?;
            *out = whimbrel_deadline_t {
                at: next.at.as_millis(),
                short_server_id: next.short_server_id,
                reason: next.reason as u8,
            };
            Ok(0)
        })
    }
}

/// The value at `path` has changed, or something below it: it is reported to the servers that observe it.
///
/// Any thread and any interrupt may call this at any time, if whimbrel_port_t has `lock` and `unlock`; handlers and
/// events may call it too. The path is only noted; the next whimbrel_client_poll() reads the value.
///
/// @param path  An object, an instance, a resource or a resource instance.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: client is NULL; WHIMBREL_ERR_STATE: not a client.
///
/// Serves: TS 1.0 section 5.5.2. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_changed(client: *mut whimbrel_client_t, path: whimbrel_path_t) -> i32 {
    // SAFETY: the contract above
    unsafe { note(client, path.into()) }
}

/// The application has the answer to what its handlers deferred at `path` (WHIMBREL_DEFERRED).
///
/// @param path    The resource whose handler deferred.
/// @param status  WHIMBREL_OK: a Write or Execute is done; a Read is read again, and the handler now has the value.
///                WHIMBREL_ERR_…: what the server is told.
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: nothing waits there (any more).
///
/// Serves: RFC 7252 section 5.2.2 (separate response). Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_complete(
    client: *mut whimbrel_client_t,
    path: whimbrel_path_t,
    status: i32,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, context| {
            engine.complete(context, path.into(), done(status))?;
            Ok(0)
        })
    }
}

/// Tells the client that the network went or came. While it is away nothing is sent.
///
/// @param online       1: there is a network. 0: there is none.
/// @param new_address  1: the device has another address than before, so that a server without security does not know
///                     it: the client registers anew. 0: the same, the client sends an Update.
/// @return WHIMBREL_OK or an error.
///
/// Serves: TS 1.0 sections 8.2.4 and Appendix E.2 resource 6 (storing while offline). Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_network(
    client: *mut whimbrel_client_t,
    online: i32,
    new_address: i32,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, context| {
            engine.set_online(context, online != 0, new_address != 0);
            Ok(0)
        })
    }
}

/// De-registers from all servers. Poll on until WHIMBREL_EVENT_STOPPED.
///
/// Serves: TS 1.0 section 5.3.3. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_stop(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, context| {
            engine.stop(context);
            Ok(0)
        })
    }
}

/// Ends the client at once, without a word to its servers: links are closed, keys are overwritten, the memory is the
/// caller's again.
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_client_end(client: *mut whimbrel_client_t) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        let ended = enter(client, |engine, _, context| {
            engine.end(context);
            Ok(0)
        });
        if ended == WHIMBREL_OK {
            bury(client);
        }
        ended
    }
}
