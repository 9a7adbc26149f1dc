//! LwM2M Device, object 3 (TS 1.0 Appendix E.4), from one table of the application.

use super::adapter::done;
use super::handle::{enter, whimbrel_client_t};
use super::types::WHIMBREL_DEFERRED;
use crate::error::Error;
use crate::model::definition::{EXECUTE, MANDATORY, MULTIPLE, READ, SINGLE, WRITE};
use crate::model::{Incoming, Instance, Object, Output, Resource};
use crate::path::Path;
use crate::value::{DataType, Value};
use core::cell::Cell;
use core::ffi::{CStr, c_char, c_void};

/// How many error codes are kept.
const ERRORS: usize = 8;

/// The Device object: a constant table. What is NULL or 0 is not instantiated, unless said otherwise.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_device_t {
    /// sizeof(whimbrel_device_t)
    pub size: usize,
    /// Resource 0.
    pub manufacturer: *const c_char,
    /// Resource 1.
    pub model_number: *const c_char,
    /// Resource 2.
    pub serial_number: *const c_char,
    /// Resource 3.
    pub firmware_version: *const c_char,
    /// Resource 17.
    pub device_type: *const c_char,
    /// Resource 18.
    pub hardware_version: *const c_char,
    /// Resource 19.
    pub software_version: *const c_char,
    /// Resource 16; NULL is "U".
    pub binding: *const c_char,
    /// Resource 4, needed: asks for a reboot. The answer goes out after it has returned, so it only takes note.
    pub reboot: Option<unsafe extern "C" fn(context: *mut c_void) -> i32>,
    /// Resource 5: asks for a factory reset, as `reboot`.
    pub factory_reset: Option<unsafe extern "C" fn(context: *mut c_void) -> i32>,
    /// Resource 13: the time in seconds since 1970; negative where it is not known.
    pub get_time: Option<unsafe extern "C" fn(context: *mut c_void) -> i64>,
    /// Resource 13 written: sets the clock. NULL: a Write is refused.
    pub set_time: Option<unsafe extern "C" fn(context: *mut c_void, seconds: i64) -> i32>,
    /// Resource 14, such as "+02:00": a variable.
    pub utc_offset: *mut c_char,
    /// Size of the variable, with room for the NUL.
    pub utc_offset_capacity: u16,
    /// Size of `timezone`, with room for the NUL.
    pub timezone_capacity: u16,
    /// How many power sources there are.
    pub power_source_count: u16,
    /// Resource 15, such as "Europe/Berlin": a variable.
    pub timezone: *mut c_char,
    /// Resource 6: their kinds, 0 to 7.
    pub power_sources: *const i32,
    /// Resource 7: their voltages in mV.
    pub power_voltages: *const i32,
    /// Resource 8: their currents in mA.
    pub power_currents: *const i32,
    /// Resource 9, in %: a variable.
    pub battery_level: *const i32,
    /// Resource 20, 0 to 6: a variable.
    pub battery_status: *const i32,
    /// Resource 10, in kB: a variable.
    pub memory_free: *const i32,
    /// Resource 21, in kB: a variable.
    pub memory_total: *const i32,
}

/// The table with what the object remembers.
pub(crate) struct Device {
    table: *const whimbrel_device_t,
    context: *mut c_void,
    errors: Cell<[u8; ERRORS]>,
    error_count: Cell<u8>,
}

const RESOURCES: [Resource; 22] = [
    Resource::new(0, DataType::String, READ, 0),
    Resource::new(1, DataType::String, READ, 0),
    Resource::new(2, DataType::String, READ, 0),
    Resource::new(3, DataType::String, READ, 0),
    Resource::new(4, DataType::None, EXECUTE, MANDATORY),
    Resource::new(5, DataType::None, EXECUTE, 0),
    Resource::new(6, DataType::Integer, READ, MULTIPLE),
    Resource::new(7, DataType::Integer, READ, MULTIPLE),
    Resource::new(8, DataType::Integer, READ, MULTIPLE),
    Resource::new(9, DataType::Integer, READ, 0),
    Resource::new(10, DataType::Integer, READ, 0),
    Resource::new(11, DataType::Integer, READ, MULTIPLE | MANDATORY),
    Resource::new(12, DataType::None, EXECUTE, 0),
    Resource::new(13, DataType::Time, READ | WRITE, 0),
    Resource::new(14, DataType::String, READ | WRITE, 0),
    Resource::new(15, DataType::String, READ | WRITE, 0),
    Resource::new(16, DataType::String, READ, MANDATORY),
    Resource::new(17, DataType::String, READ, 0),
    Resource::new(18, DataType::String, READ, 0),
    Resource::new(19, DataType::String, READ, 0),
    Resource::new(20, DataType::Integer, READ, 0),
    Resource::new(21, DataType::Integer, READ, 0),
];

// SAFETY of this block: the application promised in whimbrel_device_add() that the table, its texts and variables
// outlive the client.
impl Device {
    fn table(&self) -> &whimbrel_device_t {
        unsafe { &*self.table }
    }

    /// Resources that are there: bits by index, which is the Resource ID.
    fn present(&self) -> u64 {
        (0..RESOURCES.len()).filter(|index| self.has(*index)).fold(0, |bits, index| bits | 1 << index)
    }

    fn has(&self, index: usize) -> bool {
        let table = self.table();
        match index {
            4 | 11 | 12 | 16 => true,
            5 => table.factory_reset.is_some(),
            13 => table.get_time.is_some(),
            6..=8 => !self.list(index).is_null(),
            9 | 10 | 20 | 21 => !self.number(index).is_null(),
            _ => !self.text(index).is_null(),
        }
    }

    fn text(&self, index: usize) -> *const c_char {
        let table = self.table();
        match index {
            0 => table.manufacturer,
            1 => table.model_number,
            2 => table.serial_number,
            3 => table.firmware_version,
            14 => table.utc_offset,
            15 => table.timezone,
            16 if table.binding.is_null() => c"U".as_ptr(),
            16 => table.binding,
            17 => table.device_type,
            18 => table.hardware_version,
            _ => table.software_version,
        }
    }

    fn number(&self, index: usize) -> *const i32 {
        let table = self.table();
        match index {
            9 => table.battery_level,
            10 => table.memory_free,
            20 => table.battery_status,
            _ => table.memory_total,
        }
    }

    fn list(&self, index: usize) -> *const i32 {
        let table = self.table();
        match index {
            6 => table.power_sources,
            7 => table.power_voltages,
            _ => table.power_currents,
        }
    }

    fn ask(&self, wanted: Option<unsafe extern "C" fn(*mut c_void) -> i32>) -> Result<(), Error> {
        let wanted = wanted.ok_or(Error::NotAllowed)?;
        match unsafe { wanted(self.context) } {
            WHIMBREL_DEFERRED => Err(Error::Deferred),
            status => done(status),
        }
    }

    fn variable(&self, index: usize) -> (*mut c_char, u16) {
        let table = self.table();
        if index == 14 {
            (table.utc_offset, table.utc_offset_capacity)
        } else {
            (table.timezone, table.timezone_capacity)
        }
    }

    fn raise(&self, code: u8) {
        let mut errors = self.errors.get();
        let count = usize::from(self.error_count.get());
        let known = errors.iter().take(count).any(|known| *known == code);
        if let (false, Some(place)) = (known, errors.get_mut(count)) {
            *place = code;
            self.errors.set(errors);
            self.error_count.set(count as u8 + 1);
        }
    }
}

impl Object for Device {
    fn id(&self) -> u16 {
        3
    }

    fn flags(&self) -> u8 {
        SINGLE
    }

    fn resource(&self, index: usize) -> Option<Resource> {
        RESOURCES.get(index).copied()
    }

    fn find(&self, id: u16) -> Option<usize> {
        (usize::from(id) < RESOURCES.len()).then_some(id.into())
    }

    fn read(&self, _: &Instance, index: usize, out: &mut Output<'_, '_>) -> Result<(), Error> {
        match index {
            6..=8 => {
                let values = self.list(index);
                for id in 0..self.table().power_source_count {
                    out.resource_instance(id);
                    // SAFETY: `power_source_count` values each
                    out.value(Value::Integer(unsafe { values.add(id.into()).read() }.into()))?;
                }
                Ok(())
            }
            9 | 10 | 20 | 21 => out.value(Value::Integer(unsafe { self.number(index).read() }.into())),
            11 => {
                let count = self.error_count.get();
                // no error is told as the code 0
                for (id, code) in (0..).zip(self.errors.get()).take(count.max(1).into()) {
                    out.resource_instance(id);
                    out.value(Value::Integer(code.into()))?;
                }
                Ok(())
            }
            13 => {
                let get = self.table().get_time.ok_or(Error::NotFound)?;
                match unsafe { get(self.context) } {
                    seconds if seconds < 0 => Err(Error::NotFound),
                    seconds => out.value(Value::Time(seconds)),
                }
            }
            _ => {
                let text = unsafe { CStr::from_ptr(self.text(index)) };
                out.value(Value::String(text.to_str().map_err(|_| Error::Handler)?))
            }
        }
    }

    fn check(&self, _: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        match (index, incoming.value) {
            (13, Value::Time(_)) if self.table().set_time.is_some() => Ok(()),
            (14 | 15, Value::String(text)) => {
                let (place, capacity) = self.variable(index);
                let fits =
                    !place.is_null() && text.len() < capacity.into() && !text.bytes().any(|byte| byte == 0);
                if fits { Ok(()) } else { Err(Error::BadValue) }
            }
            _ => Err(Error::NotAllowed),
        }
    }

    fn write(&self, instance: &Instance, index: usize, incoming: &Incoming<'_>) -> Result<(), Error> {
        self.check(instance, index, incoming)?;
        match incoming.value {
            Value::Time(seconds) => {
                let set = self.table().set_time.ok_or(Error::NotAllowed)?;
                let status = unsafe { set(self.context, seconds) };
                done(status)
            }
            Value::String(text) => {
                let (place, _) = self.variable(index);
                // SAFETY: `check` found room for it and the NUL
                unsafe {
                    core::ptr::copy_nonoverlapping(text.as_ptr(), place.cast(), text.len());
                    place.add(text.len()).write(0);
                }
                Ok(())
            }
            _ => Err(Error::BadValue),
        }
    }

    fn execute(&self, _: &Instance, index: usize, _: &[u8]) -> Result<(), Error> {
        match index {
            4 => self.ask(self.table().reboot),
            5 => self.ask(self.table().factory_reset),
            12 => {
                self.errors.set([0; ERRORS]);
                self.error_count.set(0);
                Ok(())
            }
            _ => Err(Error::NotAllowed),
        }
    }
}

/// Adds the Device object.
///
/// @param device   Must live as long as the client; so must its texts and variables.
/// @param context  Given to its functions.
/// @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, a wrong `size`, or no `reboot`; WHIMBREL_ERR_EXISTS: it was added
///         before; WHIMBREL_ERR_FULL: whimbrel_limits_t.objects or .instances.
///
/// Serves: TS 1.0 Appendix E.4. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_device_add(
    client: *mut whimbrel_client_t,
    device: *const whimbrel_device_t,
    context: *mut c_void,
) -> i32 {
    // SAFETY: the contract above
    unsafe {
        enter(client, |engine, parts, _| {
            let sound =
                |d: &&whimbrel_device_t| d.size == size_of::<whimbrel_device_t>() && d.reboot.is_some();
            let table = device.as_ref().filter(sound).ok_or(Error::Argument)?;
            if engine.model().object(3).is_some() {
                return Err(Error::Exists);
            }
            let place = parts.device_place;
            if place.is_null() {
                return Err(Error::Full);
            }
            let errors = Cell::new([0; ERRORS]);
            // the place is used once: the object cannot be added again while it is there
            place.write(Device { table, context, errors, error_count: Cell::new(0) });
            let device: &'static Device = &*place;
            engine.add_object(device)?;
            if let Some(instance) = engine.model().instance(3, 0) {
                instance.present.set(device.present());
            }
            Ok(0)
        })
    }
}

/// Adds an error code to the Device object's Error Code, resource 11; one that is there already stays alone. Up to 8
/// are kept until a server executes Reset Error Code.
///
/// @param code  1 to 255; TS 1.0 defines 1 to 8.
/// @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no Device object; WHIMBREL_ERR_ARGUMENT: code 0.
///
/// Servers that observe it are told at the next poll. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_device_error(client: *mut whimbrel_client_t, code: u8) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(client, |engine, parts, _| {
            if code == 0 {
                return Err(Error::Argument);
            }
            if parts.device_place.is_null() || engine.model().object(3).is_none() {
                return Err(Error::NotFound);
            }
            (*parts.device_place).raise(code);
            engine.changed(Path::resource(3, 0, 11));
            Ok(0)
        })
    }
}
