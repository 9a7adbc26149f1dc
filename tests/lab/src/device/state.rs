//! What the application holds: the values behind the objects.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::collections::BTreeMap;
use whimbrel::capi::{whimbrel_bytes_t, whimbrel_list_t};

/// Device.
pub const DEVICE: u16 = 3;
/// Temperature sensor, version 1.1.
pub const SENSOR: u16 = 3303;
/// One resource of each data type, single and multiple; servers create and delete instances.
pub const CREATABLE: u16 = 26241;
/// A large value to be read and one to be written as a stream.
pub const BLOB: u16 = 26242;
/// Handlers that fail, defer, and have nothing.
pub const TROUBLE: u16 = 26243;

/// The large values of `/26242/0`.
#[derive(Clone, Debug, Default)]
pub struct Blob {
    /// What resource 0 gives.
    pub content: Vec<u8>,
    /// Chunks of the upload under way: offset and bytes.
    pub chunks: Vec<(usize, Vec<u8>)>,
    /// Uploads that ended with a last chunk.
    pub complete: Vec<Vec<u8>>,
    /// A chunk at this offset is refused.
    pub refuse_at: Option<usize>,
}

/// The switches and values of `/26243/0`.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What resource 1 holds.
    pub text: String,
    /// Resource 1 refuses to be written.
    pub fail: bool,
    /// Resource 3 answers later.
    pub defer: bool,
    /// What resource 3 holds.
    pub number: i64,
    /// How often a Write reached resource 3.
    pub writes: u32,
    /// What resource 8 (write only) took.
    pub secrets: Vec<String>,
    /// Resource 8 refuses.
    pub refuse: bool,
}

/// A list of up to three values, which the client fills.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct List {
    pub list: whimbrel_list_t,
}

/// The values of one instance of [`CREATABLE`], as C sees them.
#[derive(Clone)]
#[repr(C)]
#[allow(missing_docs, missing_debug_implementations)]
pub struct Values {
    pub text: [u8; 301],
    pub integer: i64,
    pub float: f64,
    pub boolean: u8,
    pub(super) opaque: whimbrel_bytes_t,
    pub time: i64,
    pub link: [u16; 2],
    pub(super) lists: [List; 7],
    pub bytes: [u8; 16],
    pub ids: [[u16; 3]; 7],
    pub texts: [[u8; 33]; 3],
    pub integers: [i64; 3],
    pub floats: [f64; 3],
    pub booleans: [u8; 3],
    pub(super) opaques: [whimbrel_bytes_t; 3],
    pub opaque_bytes: [[u8; 16]; 3],
    pub times: [i64; 3],
    pub links: [[u16; 2]; 3],
}

impl Values {
    /// Empty values at their place in memory: the lists point into it.
    fn at_home() -> Box<UnsafeCell<Self>> {
        let bytes = whimbrel_bytes_t { length: 0, capacity: 16, bytes: std::ptr::null_mut() };
        let list = whimbrel_list_t {
            count: 0,
            capacity: 3,
            ids: std::ptr::null_mut(),
            values: std::ptr::null_mut(),
        };
        let home = Box::new(UnsafeCell::new(Self {
            text: [0; 301],
            integer: 0,
            float: 0.0,
            boolean: 0,
            opaque: bytes,
            time: 0,
            link: [0xffff; 2],
            lists: [List { list }; 7],
            bytes: [0; 16],
            ids: [[0; 3]; 7],
            texts: [[0; 33]; 3],
            integers: [0; 3],
            floats: [0.0; 3],
            booleans: [0; 3],
            opaques: [bytes; 3],
            opaque_bytes: [[0; 16]; 3],
            times: [0; 3],
            links: [[0xffff; 2]; 3],
        }));
        let all = home.get();
        // SAFETY: the box keeps its place, and nobody else refers to it yet
        unsafe {
            (*all).opaque.bytes = (&raw mut (*all).bytes).cast();
            for n in 0..3 {
                (*all).opaques[n].bytes = (&raw mut (*all).opaque_bytes[n]).cast();
            }
            for n in 0..7 {
                (*all).lists[n].list.ids = (&raw mut (*all).ids[n]).cast();
            }
            (*all).lists[0].list.values = (&raw mut (*all).texts).cast();
            (*all).lists[1].list.values = (&raw mut (*all).integers).cast();
            (*all).lists[2].list.values = (&raw mut (*all).floats).cast();
            (*all).lists[3].list.values = (&raw mut (*all).booleans).cast();
            (*all).lists[4].list.values = (&raw mut (*all).opaques).cast();
            (*all).lists[5].list.values = (&raw mut (*all).times).cast();
            (*all).lists[6].list.values = (&raw mut (*all).links).cast();
        }
        home
    }

    /// The text of resource 0.
    pub fn text(&self) -> String {
        self.text.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
    }
}

/// An instance's values at their place.
pub(super) struct Home(Box<UnsafeCell<Values>>);

impl std::ops::Deref for Home {
    type Target = Values;

    fn deref(&self) -> &Values {
        // SAFETY: only between calls of the client, which writes only during them
        unsafe { &*self.0.get() }
    }
}

/// A resource that was executed, and its arguments.
pub(super) type Execution = (String, Vec<(u8, Option<String>)>);

/// All of it.
pub(super) struct State {
    pub celsius: Cell<f64>,
    pub lowest: Cell<f64>,
    pub highest: Cell<f64>,
    pub battery: Cell<i32>,
    pub memory_free: Cell<i32>,
    pub time: Cell<i64>,
    pub utc_offset: UnsafeCell<[u8; 8]>,
    pub timezone: UnsafeCell<[u8; 33]>,
    pub before: Cell<i32>,
    pub after: Cell<i32>,
    pub instances: RefCell<BTreeMap<u16, Home>>,
    pub refusals: Cell<u32>,
    pub blob: RefCell<Blob>,
    pub trouble: RefCell<Trouble>,
    pub executions: RefCell<Vec<Execution>>,
}

impl State {
    pub fn new() -> Self {
        let content = (0..6000_u32).map(|i| (7 * i + 3) as u8).collect();
        let mut utc_offset = [0; 8];
        utc_offset[..6].copy_from_slice(b"+02:00");
        let mut timezone = [0; 33];
        timezone[..13].copy_from_slice(b"Europe/Berlin");
        Self {
            celsius: Cell::new(20.0),
            lowest: Cell::new(20.0),
            highest: Cell::new(20.0),
            battery: Cell::new(100),
            memory_free: Cell::new(15),
            time: Cell::new(1_367_491_215),
            utc_offset: UnsafeCell::new(utc_offset),
            timezone: UnsafeCell::new(timezone),
            before: Cell::new(0),
            after: Cell::new(0),
            instances: RefCell::default(),
            refusals: Cell::new(0),
            blob: RefCell::new(Blob { content, ..Blob::default() }),
            trouble: RefCell::new(Trouble {
                text: "fine".into(),
                fail: false,
                defer: true,
                number: 0,
                writes: 0,
                secrets: Vec::new(),
                refuse: false,
            }),
            executions: RefCell::default(),
        }
    }

    /// Makes an instance's values; where they lie.
    pub fn new_instance(&self, id: u16) -> *mut Values {
        let home = Values::at_home();
        let place = home.get();
        self.instances.borrow_mut().insert(id, Home(home));
        place
    }

    fn float(&self, path: &str) -> Option<&Cell<f64>> {
        Some(match path {
            "/3303/0/5700" => &self.celsius,
            "/3303/0/5601" => &self.lowest,
            "/3303/0/5602" => &self.highest,
            _ => return None,
        })
    }

    fn integer(&self, path: &str) -> &Cell<i32> {
        match path {
            "/3/0/9" => &self.battery,
            "/3/0/10" => &self.memory_free,
            "/26243/0/0" => &self.before,
            "/26243/0/2" => &self.after,
            _ => panic!("{path} is no number that the application holds"),
        }
    }

    pub fn set(&self, path: &str, value: f64) {
        match self.float(path) {
            Some(cell) => cell.set(value),
            None => self.integer(path).set(value as i32),
        }
    }

    pub fn number(&self, path: &str) -> f64 {
        self.float(path).map_or_else(|| self.integer(path).get().into(), Cell::get)
    }
}
