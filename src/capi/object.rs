//! Objects as tables of the application.

use super::adapter::done;
use super::call::whimbrel_call_t;
use super::handle::{enter, whimbrel_client_t};
use super::storage::{fits, load, store, stride};
use super::types::*;
use crate::error::Error;
use crate::model::definition::{CREATABLE, KEPT, OPAQUE_STATE, SINGLE};
use crate::model::{Incoming, Instance, Object, Output, Resource};
use crate::path::{NONE, Path};
use crate::value::{DataType, Value};
use core::ffi::{c_char, c_void};
use core::ptr;

/// What a resource handler looks like. Returns WHIMBREL_OK, WHIMBREL_DEFERRED or a WHIMBREL_ERR_…, which becomes the
/// answer of the same meaning. `call` is valid until it returns.
pub type whimbrel_handler_t =
    Option<unsafe extern "C" fn(context: *mut c_void, call: *mut whimbrel_call_t) -> i32>;

/// One resource of an object. It names a variable, or handlers, or both: a handler goes first.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_resource_t {
    /// Resource ID. Resources stand in ascending order, at most 64 an object.
    pub id: u16,
    /// WHIMBREL_STRING … WHIMBREL_CORELNK; WHIMBREL_NO_TYPE for an executable one.
    pub data_type: u8,
    /// WHIMBREL_READ, WHIMBREL_WRITE, WHIMBREL_EXECUTE.
    pub operations: u8,
    /// WHIMBREL_MULTIPLE, WHIMBREL_MANDATORY, WHIMBREL_STREAM, WHIMBREL_MEMBER.
    pub flags: u8,
    /// 0
    pub reserved: u8,
    /// Size of the variable in bytes, see the types; of one element for a list.
    pub capacity: u16,
    /// The variable, NULL for none. It must be writable where the resource is. With WHIMBREL_MULTIPLE a whimbrel_list_t.
    pub value: *const c_void,
    /// Gives the value: by whimbrel_reply_…(), for each resource instance after whimbrel_reply_instance().
    /// WHIMBREL_ERR_NOT_FOUND: there is none now.
    pub read: whimbrel_handler_t,
    /// Takes the value: by whimbrel_value_…(). A failed request may write the old value back.
    pub write: whimbrel_handler_t,
    /// Does it; arguments by whimbrel_argument().
    pub execute: whimbrel_handler_t,
}

/// An Opaque variable.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_bytes_t {
    /// How many bytes there are.
    pub length: u16,
    /// How many fit.
    pub capacity: u16,
    /// The bytes.
    pub bytes: *mut u8,
}

/// The variable of a resource with WHIMBREL_MULTIPLE.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_list_t {
    /// How many resource instances there are.
    pub count: u16,
    /// How many fit; 0 for a list that is not written.
    pub capacity: u16,
    /// Their IDs; NULL: 0, 1, 2 …, for a list that is not written.
    pub ids: *mut u16,
    /// Their values, one after the other, each whimbrel_resource_t.capacity bytes; for constant texts (capacity 0) an
    /// array of const char *.
    pub values: *mut c_void,
}

/// An object: a constant table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_object_t {
    /// sizeof(whimbrel_object_t)
    pub size: usize,
    /// Object ID, 3 to 65534.
    pub id: u16,
    /// Object version; both 0 for 1.0. Each 0 to 9.
    pub version_major: u8,
    /// Minor version.
    pub version_minor: u8,
    /// 0: one instance, with ID 0, from the start. WHIMBREL_INSTANCES, WHIMBREL_CREATABLE, WHIMBREL_PERSISTENT.
    pub flags: u8,
    /// How many resources there are, 1 to 64.
    pub resource_count: u16,
    /// The resources, in ascending order.
    pub resources: *const whimbrel_resource_t,
    /// WHIMBREL_CREATABLE: makes room for an instance that a server creates and gives its data, which handlers and
    /// WHIMBREL_MEMBER then use; its resources are written next. An error refuses it.
    pub create:
        Option<unsafe extern "C" fn(context: *mut c_void, instance: u16, data: *mut *mut c_void) -> i32>,
    /// WHIMBREL_CREATABLE: an instance goes, deleted by a server or because its creation failed.
    pub remove: Option<unsafe extern "C" fn(context: *mut c_void, instance: u16, data: *mut c_void) -> i32>,
}

/// An object of the application as the engine sees it.
#[derive(Clone, Copy)]
pub(crate) struct CObject {
    table: *const whimbrel_object_t,
    context: *mut c_void,
}

// SAFETY of this block: the application promised in whimbrel_object_add() that table and context outlive the object,
// and whimbrel_object_add() checked the table.
impl CObject {
    fn table(&self) -> &whimbrel_object_t {
        unsafe { &*self.table }
    }

    fn entry(&self, index: usize) -> Option<&whimbrel_resource_t> {
        let table = self.table();
        (index < usize::from(table.resource_count)).then(|| unsafe { &*table.resources.add(index) })
    }

    fn variable(resource: &whimbrel_resource_t, instance: &Instance) -> Option<*mut u8> {
        if resource.flags & WHIMBREL_MEMBER != 0 {
            let data = instance.data as *mut u8;
            return (!data.is_null()).then(|| data.wrapping_add(resource.value as usize));
        }
        (!resource.value.is_null()).then_some(resource.value.cast_mut().cast())
    }

    fn call(&self, handler: whimbrel_handler_t, call: &mut whimbrel_call_t) -> Result<(), Error> {
        let handler = handler.ok_or(Error::NotAllowed)?;
        match unsafe { handler(self.context, call) } {
            WHIMBREL_DEFERRED => Err(Error::Deferred),
            status => done(status),
        }
    }

    fn read_list(resource: &whimbrel_resource_t, at: *mut u8, out: &mut Output<'_, '_>) -> Result<(), Error> {
        let list: whimbrel_list_t = unsafe { ptr::read_unaligned(at.cast()) };
        for index in 0..list.count {
            let id = if list.ids.is_null() { index } else { unsafe { list.ids.add(index.into()).read() } };
            out.resource_instance(id);
            out.value(unsafe { load(resource, element(resource, &list, index)) }?)?;
        }
        Ok(())
    }

    fn write_list(
        resource: &whimbrel_resource_t,
        at: *mut u8,
        id: u16,
        value: Value<'_>,
    ) -> Result<(), Error> {
        let mut list: whimbrel_list_t = unsafe { ptr::read_unaligned(at.cast()) };
        if list.ids.is_null() || list.values.is_null() {
            return Err(Error::NotAllowed);
        }
        let ids = unsafe { core::slice::from_raw_parts_mut(list.ids, list.capacity.into()) };
        let known = crate::count::place_of(ids.iter().take(list.count.into()), |known| *known == id);
        let index = known.unwrap_or(list.count.into());
        let slot = ids.get_mut(index).ok_or(Error::Full)?;
        unsafe { store(resource, element(resource, &list, index as u16), value) }?;
        *slot = id;
        if known.is_none() {
            list.count = list.count.wrapping_add(1);
            unsafe { ptr::write_unaligned(at.cast(), list) };
        }
        Ok(())
    }
}

/// Where an element of a list lies.
unsafe fn element(resource: &whimbrel_resource_t, list: &whimbrel_list_t, index: u16) -> *mut u8 {
    let textual = matches!(resource.data_type, WHIMBREL_STRING | WHIMBREL_CORELNK);
    if textual && resource.capacity == 0 {
        // SAFETY: the contract of whimbrel_list_t for constant texts
        return unsafe { list.values.cast::<*mut c_char>().add(index.into()).read() }.cast();
    }
    list.values.cast::<u8>().wrapping_add(usize::from(index).wrapping_mul(stride(resource)))
}

impl Object for CObject {
    fn id(&self) -> u16 {
        self.table().id
    }

    fn version(&self) -> (u8, u8) {
        let table = self.table();
        if table.version_major == 0 { (1, 0) } else { (table.version_major, table.version_minor) }
    }

    fn flags(&self) -> u8 {
        let flags = self.table().flags;
        let single = if flags & (WHIMBREL_INSTANCES | WHIMBREL_CREATABLE) == 0 { SINGLE } else { 0 };
        let kept = if flags & WHIMBREL_PERSISTENT != 0 { KEPT } else { 0 };
        single | kept | if flags & WHIMBREL_CREATABLE != 0 { CREATABLE } else { 0 }
    }

    fn resource(&self, index: usize) -> Option<Resource> {
        let entry = self.entry(index)?;
        let data_type = DataType::from_u8(entry.data_type).unwrap_or(DataType::None);
        // the first flags are the engine's own; what has no way to be read cannot be put back
        let blind = entry.read.is_none() && entry.value.is_null() && entry.flags & WHIMBREL_MEMBER == 0;
        let flags = entry.flags & 7 | if blind { OPAQUE_STATE } else { 0 };
        Some(Resource { id: entry.id, data_type, operations: entry.operations, flags })
    }

    fn find(&self, id: u16) -> Option<usize> {
        let table = self.table();
        // SAFETY: as for `entry`
        let entries = unsafe { core::slice::from_raw_parts(table.resources, table.resource_count.into()) };
        entries.iter().position(|entry| entry.id == id)
    }

    fn read(&self, instance: &Instance, index: usize, out: &mut Output<'_, '_>) -> Result<(), Error> {
        let resource = self.entry(index).ok_or(Error::NotFound)?;
        if resource.read.is_some() {
            return self.call(resource.read, &mut whimbrel_call_t::reading(out.path(), instance.data, out));
        }
        let at = Self::variable(resource, instance).ok_or(Error::NotFound)?;
        if resource.flags & WHIMBREL_MULTIPLE != 0 {
            return Self::read_list(resource, at, out);
        }
        out.value(unsafe { load(resource, at) }?)
    }

    fn check(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let resource = self.entry(index).ok_or(Error::NotFound)?;
        if resource.write.is_some() {
            return Ok(());
        }
        match Self::variable(resource, instance) {
            Some(at) if resource.flags & WHIMBREL_MULTIPLE == 0 => unsafe {
                fits(resource, at, incoming.value)
            },
            // a list element is checked when it has its place, an instance to be created when it exists
            _ => Ok(()),
        }
    }

    fn write(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        let resource = self.entry(index).ok_or(Error::NotFound)?;
        let at = Path::resource(instance.object, instance.id, resource.id)
            .with_resource_instance(incoming.resource_instance);
        if resource.write.is_some() {
            return self.call(resource.write, &mut whimbrel_call_t::writing(at, instance.data, incoming));
        }
        let variable = Self::variable(resource, instance).ok_or(Error::NotAllowed)?;
        if incoming.resource_instance != NONE {
            return Self::write_list(resource, variable, incoming.resource_instance, incoming.value);
        }
        if incoming.offset != 0 || !incoming.last {
            return Err(Error::TooLarge);
        }
        unsafe { store(resource, variable, incoming.value) }
    }

    fn clear(&self, instance: &Instance, index: usize) -> Result<(), Error> {
        let resource = self.entry(index).ok_or(Error::NotFound)?;
        if resource.write.is_some() {
            let at = Path::resource(instance.object, instance.id, resource.id);
            return self.call(resource.write, &mut whimbrel_call_t::clearing(at, instance.data));
        }
        let at = Self::variable(resource, instance).ok_or(Error::NotAllowed)?;
        unsafe {
            let mut list: whimbrel_list_t = ptr::read_unaligned(at.cast());
            list.count = 0;
            ptr::write_unaligned(at.cast(), list);
        }
        Ok(())
    }

    fn execute(&self, instance: &Instance, index: usize, arguments: &[u8]) -> Result<(), Error> {
        let resource = self.entry(index).ok_or(Error::NotFound)?;
        let at = Path::resource(instance.object, instance.id, resource.id);
        self.call(resource.execute, &mut whimbrel_call_t::executing(at, instance.data, arguments))
    }

    fn create(&self, id: u16) -> Result<usize, Error> {
        let create = self.table().create.ok_or(Error::NotAllowed)?;
        let mut data = ptr::null_mut();
        let status = unsafe { create(self.context, id, &mut data) };
        done(status).map(|()| data as usize)
    }

    fn delete(&self, instance: &Instance) -> Result<(), Error> {
        let remove = self.table().remove.ok_or(Error::NotAllowed)?;
        let status = unsafe { remove(self.context, instance.id, instance.data as *mut c_void) };
        done(status)
    }
}

/// Whether a table keeps its promises, as far as that can be seen.
unsafe fn is_sound(table: &whimbrel_object_t) -> bool {
    if table.size != size_of::<whimbrel_object_t>() || table.id < 3 || table.id == NONE {
        return false;
    }
    if table.resources.is_null() || table.resource_count == 0 || table.resource_count > 64 {
        return false;
    }
    // SAFETY: the application promises `resource_count` resources
    let resources = unsafe { core::slice::from_raw_parts(table.resources, table.resource_count.into()) };
    let ascending = resources.windows(2).all(|pair| matches!(pair, [a, b] if a.id < b.id));
    let instances = table.flags & (WHIMBREL_INSTANCES | WHIMBREL_CREATABLE) != 0;
    let creatable =
        table.flags & WHIMBREL_CREATABLE == 0 || (table.create.is_some() && table.remove.is_some());
    // members lie in the data of an instance, and the one instance of a single object has none
    let members = |resource: &whimbrel_resource_t| instances || resource.flags & WHIMBREL_MEMBER == 0;
    ascending
        && creatable
        && table.flags & !(WHIMBREL_INSTANCES | WHIMBREL_CREATABLE | WHIMBREL_PERSISTENT) == 0
        && table.version_major < 10
        && table.version_minor < 10
        && resources.iter().all(|resource| members(resource) && resource_is_sound(resource))
}

/// All bits of `flags` and `operations` that mean something.
const FLAGS: u8 = WHIMBREL_MULTIPLE | WHIMBREL_MANDATORY | WHIMBREL_STREAM | WHIMBREL_MEMBER;
const OPERATIONS: u8 = WHIMBREL_READ | WHIMBREL_WRITE | WHIMBREL_EXECUTE;

fn resource_is_sound(resource: &whimbrel_resource_t) -> bool {
    let has = |flag: u8| resource.flags & flag != 0;
    let may = |operation: u8| resource.operations & operation != 0;
    let known =
        resource.flags & !FLAGS == 0 && resource.operations & !OPERATIONS == 0 && resource.reserved == 0;
    let variable = !resource.value.is_null() || has(WHIMBREL_MEMBER);
    let typed = (WHIMBREL_STRING..=WHIMBREL_CORELNK).contains(&resource.data_type);
    let textual = matches!(resource.data_type, WHIMBREL_STRING | WHIMBREL_CORELNK);
    let readable = !may(WHIMBREL_READ) || resource.read.is_some() || variable;
    // a text without a capacity is constant
    let storable = variable && !(textual && resource.capacity == 0);
    let writable = !may(WHIMBREL_WRITE) || resource.write.is_some() || storable;
    let width = match resource.data_type {
        WHIMBREL_INTEGER | WHIMBREL_UNSIGNED => matches!(resource.capacity, 0 | 1 | 2 | 4 | 8),
        WHIMBREL_FLOAT | WHIMBREL_TIME => matches!(resource.capacity, 0 | 4 | 8),
        _ => true,
    };
    let stream = !has(WHIMBREL_STREAM)
        || (resource.data_type == WHIMBREL_OPAQUE && resource.write.is_some() && !has(WHIMBREL_MULTIPLE));
    let kind = if may(WHIMBREL_EXECUTE) { resource.execute.is_some() } else { typed };
    resource.id != NONE && known && kind && readable && writable && width && stream
}

/// Adds an object. Without WHIMBREL_INSTANCES and WHIMBREL_CREATABLE its one instance exists at once.
///
/// @param object   Must live as long as the client, or until whimbrel_object_remove(); so must all it points to.
/// @param context  Given to each of its functions.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: the table is not as whimbrel_object_t and whimbrel_resource_t say;
///         WHIMBREL_ERR_EXISTS: the Object ID is taken; WHIMBREL_ERR_FULL: whimbrel_limits_t.objects or .instances.
///
/// Registered servers are told by an Update. Serves: TS 1.0 sections 5.3.2 and 6.1. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_object_add(
    client: *mut whimbrel_client_t,
    object: *const whimbrel_object_t,
    context: *mut c_void,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, parts, _| {
            let table = object.as_ref().filter(|table| is_sound(table)).ok_or(Error::Argument)?;
            let free = parts.c_objects.iter_mut().find(|place| place.is_none()).ok_or(Error::Full)?;
            let place: *mut Option<CObject> = free;
            *place = Some(CObject { table, context });
            // the place is the engine's until the object is removed; nobody else writes to it
            let object: &'static CObject = (*place).as_ref().ok_or(Error::Full)?;
            if let Err(error) = engine.add_object(object) {
                *place = None;
                return Err(error);
            }
            Ok(0)
        })
    }
}

/// Takes an object out, with all its instances; whimbrel_object_t.remove is not called.
///
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND; WHIMBREL_ERR_NOT_ALLOWED: a built-in object. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_object_remove(client: *mut whimbrel_client_t, id: u16) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, parts, context| {
            engine.remove_object(context, id)?;
            let mine = |place: &&mut Option<CObject>| place.as_ref().is_some_and(|object| object.id() == id);
            if let Some(place) = parts.c_objects.iter_mut().find(mine) {
                *place = None;
            }
            Ok(0)
        })
    }
}

/// Adds an object instance, with all its resources.
///
/// @param object    Object ID of an object with WHIMBREL_INSTANCES or WHIMBREL_CREATABLE.
/// @param instance  Object Instance ID, 0 to 65534.
/// @param data      For WHIMBREL_MEMBER and whimbrel_call_data(); may be NULL. Must live as long as the instance.
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no such object; WHIMBREL_ERR_EXISTS; WHIMBREL_ERR_BAD_VALUE: not a
///         possible ID; WHIMBREL_ERR_FULL: whimbrel_limits_t.instances; WHIMBREL_ERR_NOT_ALLOWED: objects 0 to 2.
///
/// Registered servers are told by an Update. Serves: TS 1.0 section 5.3.2. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_instance_add(
    client: *mut whimbrel_client_t,
    object: u16,
    instance: u16,
    data: *mut c_void,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, _, _| {
            if object < 3 {
                return Err(Error::NotAllowed);
            }
            engine.add_instance(object, instance, None, data as usize)?;
            Ok(0)
        })
    }
}

/// Takes an object instance out; whimbrel_object_t.remove is not called. Observations of it end.
///
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND; WHIMBREL_ERR_NOT_ALLOWED: objects 0 to 2. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_instance_remove(
    client: *mut whimbrel_client_t,
    object: u16,
    instance: u16,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, _, context| {
            engine.remove_instance(context, object, instance)?;
            Ok(0)
        })
    }
}
