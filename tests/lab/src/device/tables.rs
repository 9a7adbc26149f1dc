//! The tables that describe the objects to the client.

use super::objects as handler;
use super::platform::Platform;
use super::state::{BLOB, CREATABLE, SENSOR, TROUBLE, Values};
use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr;
use whimbrel::capi::*;

const R: u8 = WHIMBREL_READ;
const W: u8 = WHIMBREL_WRITE;

/// The device's tables; they keep their place as long as it lives.
pub(super) struct Tables {
    device: whimbrel_device_t,
    objects: Vec<whimbrel_object_t>,
    _resources: Vec<Vec<whimbrel_resource_t>>,
}

static POWER: [[i32; 2]; 3] = [[1, 5], [3800, 5000], [125, 900]];

const NOTHING: whimbrel_resource_t = whimbrel_resource_t {
    id: 0,
    data_type: 0,
    operations: 0,
    flags: 0,
    reserved: 0,
    capacity: 0,
    value: ptr::null(),
    read: None,
    write: None,
    execute: None,
};

fn variable<T>(id: u16, data_type: u8, operations: u8, value: *const T) -> whimbrel_resource_t {
    whimbrel_resource_t { id, data_type, operations, value: value.cast(), ..NOTHING }
}

fn member(id: u16, data_type: u8, capacity: usize, offset: usize) -> whimbrel_resource_t {
    let value: *const c_void = ptr::without_provenance(offset);
    let flags = WHIMBREL_MEMBER;
    whimbrel_resource_t { capacity: capacity as u16, flags, ..variable(id, data_type, R | W, value) }
}

fn executable(id: u16, execute: whimbrel_handler_t) -> whimbrel_resource_t {
    whimbrel_resource_t { id, operations: WHIMBREL_EXECUTE, execute, ..NOTHING }
}

fn handled(
    id: u16,
    data_type: u8,
    read: whimbrel_handler_t,
    write: whimbrel_handler_t,
) -> whimbrel_resource_t {
    let operations = if read.is_some() { R } else { 0 } | if write.is_some() { W } else { 0 };
    whimbrel_resource_t { id, data_type, operations, read, write, ..NOTHING }
}

impl Tables {
    /// The tables; what servers write into the objects named is stored.
    pub fn new(platform: &Platform, persistent: &[u16]) -> Box<Self> {
        let resources = vec![sensor(platform), creatable(), blob(), trouble(platform)];
        let plain = whimbrel_object_t {
            size: size_of::<whimbrel_object_t>(),
            id: 0,
            version_major: 0,
            version_minor: 0,
            flags: 0,
            resource_count: 0,
            resources: ptr::null(),
            create: None,
            remove: None,
        };
        let mut objects = vec![
            whimbrel_object_t { id: SENSOR, version_major: 1, version_minor: 1, ..plain },
            whimbrel_object_t {
                id: CREATABLE,
                flags: WHIMBREL_CREATABLE,
                create: Some(handler::create),
                remove: Some(handler::remove),
                ..plain
            },
            whimbrel_object_t { id: BLOB, ..plain },
            whimbrel_object_t { id: TROUBLE, ..plain },
        ];
        for (object, resources) in objects.iter_mut().zip(&resources) {
            object.resource_count = resources.len() as u16;
            object.resources = resources.as_ptr();
            if persistent.contains(&object.id) {
                object.flags |= WHIMBREL_PERSISTENT;
            }
        }
        Box::new(Self { device: device(platform), objects, _resources: resources })
    }

    pub fn device(&self) -> &whimbrel_device_t {
        &self.device
    }

    pub fn objects(&self) -> &[whimbrel_object_t] {
        &self.objects
    }

    pub fn sensor(&self) -> &whimbrel_object_t {
        &self.objects[0]
    }

    /// The formats: TLV first, then text, the others last.
    pub fn formats(&self) -> &'static [*const whimbrel_format_t] {
        struct List([*const whimbrel_format_t; 4]);
        // SAFETY: the formats are constants
        unsafe impl Sync for List {}
        static FORMATS: List = List([
            &raw const whimbrel_format_tlv,
            &raw const whimbrel_format_text,
            &raw const whimbrel_format_opaque,
            &raw const whimbrel_format_json,
        ]);
        &FORMATS.0
    }
}

/// Object 3 with the values of TS 1.0 Appendix F.
fn device(platform: &Platform) -> whimbrel_device_t {
    let state = &platform.state;
    whimbrel_device_t {
        size: size_of::<whimbrel_device_t>(),
        manufacturer: c"Open Mobile Alliance".as_ptr(),
        model_number: c"Lightweight M2M Client".as_ptr(),
        serial_number: c"345000123".as_ptr(),
        firmware_version: c"1.0".as_ptr(),
        device_type: ptr::null(),
        hardware_version: ptr::null(),
        software_version: ptr::null(),
        binding: c"U".as_ptr(),
        reboot: Some(handler::reboot),
        factory_reset: Some(handler::factory_reset),
        get_time: Some(handler::get_time),
        set_time: Some(handler::set_time),
        utc_offset: state.utc_offset.get().cast(),
        utc_offset_capacity: 8,
        timezone_capacity: 33,
        power_source_count: 2,
        timezone: state.timezone.get().cast(),
        power_sources: POWER[0].as_ptr(),
        power_voltages: POWER[1].as_ptr(),
        power_currents: POWER[2].as_ptr(),
        battery_level: state.battery.as_ptr(),
        battery_status: ptr::null(),
        memory_free: state.memory_free.as_ptr(),
        memory_total: ptr::null(),
    }
}

fn sensor(platform: &Platform) -> Vec<whimbrel_resource_t> {
    let state = &platform.state;
    vec![
        variable(5601, WHIMBREL_FLOAT, R, state.lowest.as_ptr()),
        variable(5602, WHIMBREL_FLOAT, R, state.highest.as_ptr()),
        executable(5605, Some(handler::reset_extremes)),
        variable(5700, WHIMBREL_FLOAT, R, state.celsius.as_ptr()),
        variable(5701, WHIMBREL_STRING, R, c"Cel".as_ptr()),
    ]
}

/// 0 to 6 single, 10 to 16 multiple, in the order of types of TS 1.0 Appendix C.
fn creatable() -> Vec<whimbrel_resource_t> {
    let mut resources = vec![
        member(0, WHIMBREL_STRING, 301, offset_of!(Values, text)),
        member(1, WHIMBREL_INTEGER, 8, offset_of!(Values, integer)),
        member(2, WHIMBREL_FLOAT, 8, offset_of!(Values, float)),
        member(3, WHIMBREL_BOOLEAN, 1, offset_of!(Values, boolean)),
        member(4, WHIMBREL_OPAQUE, 0, offset_of!(Values, opaque)),
        member(5, WHIMBREL_TIME, 8, offset_of!(Values, time)),
        member(6, WHIMBREL_OBJLNK, 4, offset_of!(Values, link)),
    ];
    resources[0].flags |= WHIMBREL_MANDATORY;
    let lists = [33, 8, 8, 1, 0, 8, 4];
    for (n, capacity) in lists.into_iter().enumerate() {
        let offset = offset_of!(Values, lists) + n * size_of::<whimbrel_list_t>();
        let mut list = member(10 + n as u16, resources[n].data_type, capacity, offset);
        list.flags |= WHIMBREL_MULTIPLE;
        resources.push(list);
    }
    resources.push(executable(20, Some(handler::execute)));
    resources.push(handled(21, WHIMBREL_INTEGER, None, Some(handler::write_never)));
    resources.push(handled(22, WHIMBREL_INTEGER, Some(handler::count), None));
    resources
}

fn blob() -> Vec<whimbrel_resource_t> {
    let mut stream = handled(1, WHIMBREL_OPAQUE, None, Some(handler::write_blob));
    stream.flags = WHIMBREL_STREAM;
    vec![
        handled(0, WHIMBREL_OPAQUE, Some(handler::read_blob), None),
        stream,
        handled(2, WHIMBREL_INTEGER, Some(handler::blob_length), None),
    ]
}

fn trouble(platform: &Platform) -> Vec<whimbrel_resource_t> {
    let state = &platform.state;
    vec![
        variable(0, WHIMBREL_INTEGER, R | W, state.before.as_ptr()),
        handled(1, WHIMBREL_STRING, Some(handler::read_text), Some(handler::write_text)),
        variable(2, WHIMBREL_INTEGER, R | W, state.after.as_ptr()),
        handled(3, WHIMBREL_INTEGER, Some(handler::read_later), Some(handler::write_later)),
        executable(4, Some(handler::execute_in_vain)),
        executable(5, Some(handler::execute_later)),
        handled(6, WHIMBREL_INTEGER, Some(handler::read_in_vain), None),
        handled(7, WHIMBREL_STRING, Some(handler::read_nothing), None),
        handled(8, WHIMBREL_STRING, None, Some(handler::write_secret)),
    ]
}
