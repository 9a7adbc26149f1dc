//! Access control from C.

use super::handle::{enter, whimbrel_client_t};
use super::layout::Parts;
use super::types::{Fitting, whimbrel_access_t};
use crate::client::Engine;
use crate::error::Error;
use crate::objects::{ACL_ENTRIES, AccessControl};

/// One server's rights.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_right_t {
    /// Short Server ID; 0 for all servers that have no entry of their own.
    pub short_server_id: u16,
    /// WHIMBREL_RIGHT_…
    pub rights: u16,
}

/// Who may do what with one object instance.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_access_entry_t {
    /// sizeof(whimbrel_access_entry_t)
    pub size: usize,
    /// Object ID.
    pub object: u16,
    /// Object Instance ID; WHIMBREL_NONE for the right to create instances.
    pub instance: u16,
    /// Short Server ID of the Access Control Owner; WHIMBREL_NONE: only a bootstrap may change the entry.
    pub owner: u16,
    /// How many rights follow, at most 8.
    pub right_count: u16,
    /// The rights; copied.
    pub rights: *const whimbrel_right_t,
}

/// Access control by object 2 (TS 1.0 section 7.3): with two servers or more, each has the rights that its Access
/// Control instances give, and none elsewhere.
#[unsafe(no_mangle)]
pub static whimbrel_access_control: whimbrel_access_t = whimbrel_access_t { attach, enroll };

unsafe fn attach(fitting: &mut Fitting<'_>) -> Result<(), Error> {
    let (parts, place) = (&mut *fitting.parts, fitting.places.access);
    if parts.acls.is_empty() || place.is_null() {
        return Err(Error::Argument);
    }
    // SAFETY: the place was carved for this and is used once
    let access: &'static AccessControl<'static> = unsafe {
        place.write(AccessControl { rows: parts.acls });
        &*place
    };
    parts.access = Some(access);
    parts.access_object = Some(access);
    fitting.config.access = Some(access);
    Ok(())
}

unsafe fn enroll(
    engine: &mut Engine<'static>,
    parts: &Parts,
    entry: &whimbrel_access_entry_t,
) -> Result<(), Error> {
    let access = parts.access.ok_or(Error::State)?;
    let mut entries = [(0, 0); ACL_ENTRIES];
    let count = usize::from(entry.right_count);
    let entries = entries.get_mut(..count).ok_or(Error::Argument)?;
    if entry.rights.is_null() && count != 0 {
        return Err(Error::Argument);
    }
    for (at, slot) in entries.iter_mut().enumerate() {
        // SAFETY: the caller promises `right_count` rights
        let right = unsafe { *entry.rights.add(at) };
        *slot = (right.short_server_id, right.rights as u8);
    }
    access.add(engine.model(), (entry.object, entry.instance), entry.owner, entries)
}

/// Adds an instance of the Access Control object.
///
/// @param client  From whimbrel_client_init().
/// @param entry   Copied; not kept.
/// @return WHIMBREL_OK; WHIMBREL_ERR_STATE: the configuration names no access control; WHIMBREL_ERR_EXISTS: the place
///         has an entry; WHIMBREL_ERR_FULL: whimbrel_limits_t.access is exhausted; WHIMBREL_ERR_ARGUMENT.
///
/// Serves: TS 1.0 section 7.3.1. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_access_add(
    client: *mut whimbrel_client_t,
    entry: *const whimbrel_access_entry_t,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, parts, _| {
            let entry = entry.as_ref().filter(|e| e.size == size_of::<whimbrel_access_entry_t>());
            let entry = entry.ok_or(Error::Argument)?;
            let access = parts.access_control.ok_or(Error::State)?;
            engine.settled()?;
            (access.enroll)(engine, parts, entry)?;
            engine.keep_settings();
            engine.objects_changed();
            Ok(0)
        })
    }
}
