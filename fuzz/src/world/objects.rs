//! The objects of the world: 1000, whose instances servers create, with every type as a member and as a list; and 1001,
//! with handlers that fail, defer, stream and give more than a datagram holds.

use super::World;
use super::port::{note, world};
use core::ffi::{c_char, c_void};
use core::mem::offset_of;
use core::ptr::{null, null_mut};
use whimbrel::capi::*;

pub const THING: u16 = 1000;
pub const MACHINE: u16 = 1001;
/// How many instances the application can make.
const ROOM: usize = 3;
/// What the large resource has: more than the largest datagram.
const LARGE: usize = 1500;

#[repr(C)]
struct Thing {
    text: [u8; 12],
    guard: [u8; 4],
    byte: i8,
    short: i16,
    int: i32,
    long: i64,
    unsigned: u32,
    float: f32,
    double: f64,
    boolean: u8,
    time: i64,
    link: [u16; 2],
    bytes: whimbrel_bytes_t,
    list: whimbrel_list_t,
    texts: whimbrel_list_t,
    // pieces of their own, so that the sanitizer sees a byte too many
    octets: Box<[u8; 10]>,
    ids: Box<[u16; 4]>,
    numbers: Box<[i32; 4]>,
    name_ids: Box<[u16; 4]>,
    names: Box<[[u8; 8]; 4]>,
}

impl Thing {
    fn new() -> *mut Self {
        let empty = || whimbrel_list_t { count: 0, capacity: 4, ids: null_mut(), values: null_mut() };
        let thing = Box::into_raw(Box::new(Self {
            text: *b"thing\0\0\0\0\0\0\0",
            guard: *b"wall",
            byte: 0,
            short: 0,
            int: 0,
            long: 0,
            unsigned: 0,
            float: 0.0,
            double: 0.0,
            boolean: 0,
            time: 0,
            link: [0xffff; 2],
            bytes: whimbrel_bytes_t { length: 0, capacity: 10, bytes: null_mut() },
            list: empty(),
            texts: empty(),
            octets: Box::default(),
            ids: Box::default(),
            numbers: Box::default(),
            name_ids: Box::default(),
            names: Box::default(),
        }));
        let inner = unsafe { &mut *thing };
        inner.bytes.bytes = inner.octets.as_mut_ptr();
        inner.list.ids = inner.ids.as_mut_ptr();
        inner.list.values = inner.numbers.as_mut_ptr().cast();
        inner.texts.ids = inner.name_ids.as_mut_ptr();
        inner.texts.values = inner.names.as_mut_ptr().cast();
        thing
    }
}

const READ_WRITE: u8 = WHIMBREL_READ | WHIMBREL_WRITE;

const fn member(id: u16, data_type: u8, flags: u8, capacity: usize, offset: usize) -> whimbrel_resource_t {
    whimbrel_resource_t {
        id,
        data_type,
        operations: READ_WRITE,
        flags: flags | WHIMBREL_MEMBER,
        reserved: 0,
        capacity: capacity as u16,
        value: offset as *const c_void,
        read: None,
        write: None,
        execute: None,
    }
}

const fn handled(id: u16, data_type: u8, operations: u8, flags: u8) -> whimbrel_resource_t {
    let reads = operations & WHIMBREL_READ != 0;
    let writes = operations & WHIMBREL_WRITE != 0;
    let executes = operations & WHIMBREL_EXECUTE != 0;
    whimbrel_resource_t {
        id,
        data_type,
        operations,
        flags,
        reserved: 0,
        capacity: 0,
        value: null(),
        read: if reads { Some(read) } else { None },
        write: if writes { Some(write) } else { None },
        execute: if executes { Some(execute) } else { None },
    }
}

const THINGS: [whimbrel_resource_t; 15] = [
    member(0, WHIMBREL_STRING, WHIMBREL_MANDATORY, 12, offset_of!(Thing, text)),
    member(1, WHIMBREL_INTEGER, 0, 1, offset_of!(Thing, byte)),
    member(2, WHIMBREL_INTEGER, 0, 2, offset_of!(Thing, short)),
    member(3, WHIMBREL_INTEGER, 0, 4, offset_of!(Thing, int)),
    member(4, WHIMBREL_INTEGER, 0, 8, offset_of!(Thing, long)),
    member(5, WHIMBREL_UNSIGNED, 0, 4, offset_of!(Thing, unsigned)),
    member(6, WHIMBREL_FLOAT, 0, 4, offset_of!(Thing, float)),
    member(7, WHIMBREL_FLOAT, 0, 8, offset_of!(Thing, double)),
    member(8, WHIMBREL_BOOLEAN, 0, 0, offset_of!(Thing, boolean)),
    member(9, WHIMBREL_TIME, 0, 8, offset_of!(Thing, time)),
    member(10, WHIMBREL_OBJLNK, 0, 0, offset_of!(Thing, link)),
    member(11, WHIMBREL_OPAQUE, 0, 0, offset_of!(Thing, bytes)),
    member(12, WHIMBREL_INTEGER, WHIMBREL_MULTIPLE, 4, offset_of!(Thing, list)),
    member(13, WHIMBREL_STRING, WHIMBREL_MULTIPLE, 8, offset_of!(Thing, texts)),
    handled(14, WHIMBREL_NO_TYPE, WHIMBREL_EXECUTE, 0),
];

const MACHINES: [whimbrel_resource_t; 16] = [
    handled(0, WHIMBREL_STRING, READ_WRITE, 0),
    handled(1, WHIMBREL_INTEGER, READ_WRITE, 0),
    handled(2, WHIMBREL_UNSIGNED, READ_WRITE, 0),
    handled(3, WHIMBREL_FLOAT, READ_WRITE, 0),
    handled(4, WHIMBREL_BOOLEAN, READ_WRITE, 0),
    handled(5, WHIMBREL_OPAQUE, READ_WRITE, 0),
    handled(6, WHIMBREL_TIME, READ_WRITE, 0),
    handled(7, WHIMBREL_OBJLNK, READ_WRITE, 0),
    handled(8, WHIMBREL_CORELNK, READ_WRITE, 0),
    handled(9, WHIMBREL_INTEGER, READ_WRITE, WHIMBREL_MULTIPLE),
    handled(10, WHIMBREL_OPAQUE, WHIMBREL_WRITE, WHIMBREL_STREAM),
    handled(11, WHIMBREL_OPAQUE, WHIMBREL_READ, 0),
    handled(12, WHIMBREL_NO_TYPE, WHIMBREL_EXECUTE, 0),
    handled(13, WHIMBREL_STRING, WHIMBREL_READ, WHIMBREL_MULTIPLE),
    handled(14, WHIMBREL_FLOAT, WHIMBREL_READ, 0),
    handled(15, WHIMBREL_INTEGER, WHIMBREL_WRITE, 0),
];

/// The tables, at one place for the length of the program.
pub struct Tables {
    things: [whimbrel_resource_t; 15],
    machines: [whimbrel_resource_t; 16],
}

// SAFETY: only pointers that nobody writes through, and offsets
unsafe impl Sync for Tables {}
static TABLES: Tables = Tables { things: THINGS, machines: MACHINES };

pub fn thing() -> whimbrel_object_t {
    whimbrel_object_t {
        size: size_of::<whimbrel_object_t>(),
        id: THING,
        version_major: 1,
        version_minor: 1,
        flags: WHIMBREL_CREATABLE,
        resource_count: 15,
        resources: TABLES.things.as_ptr(),
        create: Some(create),
        remove: Some(remove),
    }
}

pub fn machine() -> whimbrel_object_t {
    whimbrel_object_t {
        id: MACHINE,
        version_major: 0,
        version_minor: 0,
        flags: 0,
        resource_count: 16,
        resources: TABLES.machines.as_ptr(),
        create: None,
        remove: None,
        ..thing()
    }
}

unsafe extern "C" fn create(context: *mut c_void, _: u16, data: *mut *mut c_void) -> i32 {
    let world = unsafe { world(context) };
    if let Some(status) = world.refusal().filter(|status| *status < 0) {
        return status;
    }
    if is_full(world) {
        return WHIMBREL_ERR_FULL;
    }
    unsafe { data.write(add(world)) };
    WHIMBREL_OK
}

unsafe extern "C" fn remove(context: *mut c_void, _: u16, data: *mut c_void) -> i32 {
    let world = unsafe { world(context) };
    if let Some(status) = world.refusal().filter(|status| *status < 0) {
        return status;
    }
    let place = world.things.iter().position(|thing| *thing == data).expect("an instance goes twice");
    free(world.things.swap_remove(place));
    WHIMBREL_OK
}

/// Whether the application makes no more of them, for whomever.
pub fn is_full(world: &World) -> bool {
    world.things.len() >= ROOM
}

/// What an instance has for data; the world frees it.
pub fn add(world: &mut World) -> *mut c_void {
    let thing = Thing::new().cast();
    world.things.push(thing);
    thing
}

/// Ends what [`add`] gave, after a look at its walls.
pub fn free(thing: *mut c_void) {
    let thing = unsafe { Box::from_raw(thing.cast::<Thing>()) };
    assert_eq!(&thing.guard, b"wall", "a text is longer than its variable");
    assert!(thing.text.contains(&0), "a text has no end");
}

unsafe extern "C" fn read(context: *mut c_void, call: *mut whimbrel_call_t) -> i32 {
    let world = unsafe { world(context) };
    if let Some(status) = world.refusal() {
        return status;
    }
    let bytes: Vec<u8> = (0..LARGE).map(|at| at as u8).collect();
    unsafe {
        assert_eq!(whimbrel_client_poll(world.client, null_mut()), WHIMBREL_ERR_REENTERED);
        match whimbrel_call_path(call).resource {
            0 => whimbrel_reply_string(call, c"a \"quoted\" text".as_ptr(), 15),
            1 => whimbrel_reply_integer(call, -70_000),
            2 => whimbrel_reply_unsigned(call, u64::MAX),
            3 => whimbrel_reply_float(call, 0.1),
            4 => whimbrel_reply_boolean(call, 2),
            5 => whimbrel_reply_opaque(call, bytes.as_ptr(), 20),
            6 => whimbrel_reply_time(call, 1_500_000_000),
            7 => whimbrel_reply_objlnk(call, 3, 0),
            8 => whimbrel_reply_string(call, c"</3/0>;x".as_ptr(), 8),
            9 => {
                for id in [0, 300] {
                    whimbrel_reply_instance(call, id);
                    whimbrel_reply_integer(call, (world.now % 100) as i64);
                }
                WHIMBREL_OK
            }
            11 => whimbrel_reply_opaque(call, bytes.as_ptr(), LARGE),
            13 => WHIMBREL_OK,
            _ => whimbrel_reply_float(call, f64::NAN),
        }
    }
}

unsafe extern "C" fn write(context: *mut c_void, call: *mut whimbrel_call_t) -> i32 {
    let world = unsafe { world(context) };
    if let Some(status) = world.refusal() {
        return status;
    }
    let (mut data, mut length, mut offset, mut last) = (null(), 0, 0, 0);
    unsafe {
        if whimbrel_value_clears(call) == 1 {
            return WHIMBREL_OK;
        }
        let path = whimbrel_call_path(call);
        if world.nosy {
            note(world.client, path);
        }
        match path.resource {
            0 | 5 | 8 => whimbrel_value_bytes(call, &mut data, &mut length),
            1 | 6 | 9 | 15 => whimbrel_value_integer(call, &mut 0),
            2 => whimbrel_value_unsigned(call, &mut 0),
            3 => whimbrel_value_float(call, &mut 0.0),
            4 => whimbrel_value_boolean(call, &mut 0),
            7 => whimbrel_value_objlnk(call, &mut 0, &mut 0),
            _ => {
                assert_eq!(whimbrel_value_part(call, &mut offset, &mut last), WHIMBREL_OK);
                assert_eq!(whimbrel_value_bytes(call, &mut data, &mut length), WHIMBREL_OK);
                assert!(
                    offset == 0 || offset == world.stream,
                    "a chunk at {offset}, {} have come",
                    world.stream
                );
                world.stream = offset + length;
                WHIMBREL_OK
            }
        }
    }
}

unsafe extern "C" fn execute(context: *mut c_void, call: *mut whimbrel_call_t) -> i32 {
    let world = unsafe { world(context) };
    let (mut value, mut length): (*const c_char, usize) = (null(), 0);
    for digit in 0..=10 {
        let found = unsafe { whimbrel_argument(call, digit, &mut value, &mut length) };
        assert!(matches!(found, WHIMBREL_OK | WHIMBREL_ERR_NOT_FOUND | WHIMBREL_ERR_ARGUMENT), "{found}");
    }
    world.refusal().unwrap_or(WHIMBREL_OK)
}
