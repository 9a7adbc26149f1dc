//! Everything that C functions of both sides touch.

use super::net::Net;
use core::ffi::c_void;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::LazyLock;
use whimbrel::capi::{
    WHIMBREL_ERR_FULL, WHIMBREL_ERR_NOT_FOUND, WHIMBREL_ERR_STORAGE, WHIMBREL_OK, whimbrel_client_t,
    whimbrel_security_t,
};

/// `TRACE=1` shows what happens, to understand a finding.
static TRACE: LazyLock<bool> = LazyLock::new(|| std::env::var_os("TRACE").is_some());

/// What a run is made of.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Certificates instead of a pre-shared key.
    pub certificates: bool,
    /// A CBC suite, which cannot be saved, instead of CCM_8.
    pub cbc: bool,
    /// What the server does: HelloVerifyRequest, session tickets, session IDs, Connection IDs.
    pub cookies: bool,
    pub tickets: bool,
    pub session_ids: bool,
    pub connection_ids: bool,
    /// Of both sides.
    pub mtu: u16,
    /// The device has storage.
    pub persistent: bool,
}

impl Shape {
    /// By the bits of two bytes. Zero is what is most usual.
    pub fn new(bits: u16) -> Self {
        let bit = |number: u16| bits >> number & 1 != 0;
        Self {
            // seldom: they cost twenty times as much
            certificates: bit(0) && bit(8) && bit(9),
            cbc: bit(1),
            cookies: !bit(2),
            tickets: bit(3),
            session_ids: !bit(4),
            connection_ids: !bit(5),
            // what a CBC suite adds to 140 bytes leaves no room for a Register
            mtu: [1280, if bit(1) { 256 } else { 140 }][usize::from(bit(6))],
            persistent: bit(7),
        }
    }

    /// The server's cipher suites: one, if the device is not to choose.
    pub fn suites(self) -> &'static [u16] {
        match (self.cbc, self.certificates) {
            (false, _) => &[],
            (_, false) => &[0x00ae],
            (_, true) => &[0xc023],
        }
    }
}

/// What the backend was asked for and what it said, by the table in between (guard.rs).
pub struct Guarded {
    pub inner: *const whimbrel_security_t,
    /// How many calls are under way: the device sends only in one.
    pub depth: u32,
    /// Begun and not ended.
    pub live: bool,
    /// A status has said that it is over.
    pub over: bool,
    pub established: bool,
    /// When the handshake began, and since when nobody has disturbed it.
    pub begun: u64,
    pub free_since: u64,
    /// Number of the next record.
    pub sequence: u64,
    /// Records with content: how many the server has sent since the handshake began, and how many were let in.
    pub offered: usize,
    pub taken: usize,
    /// What a session that was loaded takes may be a replay, until it is fenced.
    pub loaded: bool,
    /// Numbers of records that were sent, by association; the one of the session.
    pub numbers: Vec<HashSet<(u16, u64)>>,
    pub current: usize,
    /// Which association an image is of.
    pub images: HashMap<Vec<u8>, usize>,
    /// Storage does not hold what was written: numbers may come again.
    pub forged: bool,
}

/// The device's storage.
#[derive(Default)]
pub struct Storage {
    pub records: BTreeMap<u16, Vec<u8>>,
    /// What the next calls answer, instead of doing what they should: 0 as they should, 1 fails, 2 writes half and fails.
    pub refusals: VecDeque<u8>,
}

/// The world.
pub struct World {
    /// Milliseconds.
    pub now: u64,
    chance: u64,
    pub mtu: u16,
    pub net: Net,
    /// What the device has in its socket.
    pub socket: VecDeque<Vec<u8>>,
    pub open: bool,
    /// What the server has decrypted and not looked at, and from whom.
    pub heard: VecDeque<Vec<u8>>,
    pub peer: u32,
    pub client: *mut whimbrel_client_t,
    /// How often each event came.
    pub events: [u32; 32],
    pub guarded: Guarded,
    pub storage: Storage,
}

impl World {
    pub fn new(mtu: u16) -> Self {
        Self {
            now: 1_000,
            chance: 1,
            mtu,
            net: Net::default(),
            socket: VecDeque::new(),
            open: false,
            heard: VecDeque::new(),
            peer: 0,
            client: core::ptr::null_mut(),
            events: [0; 32],
            guarded: Guarded {
                inner: core::ptr::null(),
                depth: 0,
                live: false,
                over: false,
                established: false,
                begun: 0,
                free_since: u64::MAX,
                sequence: 0,
                offered: 0,
                taken: 0,
                loaded: false,
                numbers: vec![HashSet::new()],
                current: 0,
                images: HashMap::new(),
                forged: false,
            },
            storage: Storage::default(),
        }
    }

    /// The world behind a context. Nothing keeps the reference beyond a line that calls C or the client.
    ///
    /// # Safety
    /// `context` is a world that lives.
    pub unsafe fn at<'w>(context: *mut c_void) -> &'w mut Self {
        unsafe { &mut *context.cast::<Self>() }
    }

    /// The same in every run (xorshift64).
    pub fn random(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.chance ^= self.chance << 13;
            self.chance ^= self.chance >> 7;
            self.chance ^= self.chance << 17;
            *byte = (self.chance >> 32) as u8;
        }
    }

    /// A line of the trace.
    pub fn trace(&self, what: &str, bytes: &[u8]) {
        if *TRACE {
            eprintln!("{:>9} {what} ({}) {bytes:02x?}", self.now, bytes.len());
        }
    }
}

impl Storage {
    pub fn read(&mut self, record: u16, buffer: &mut [u8]) -> i32 {
        if self.refusals.pop_front().is_some_and(|refusal| refusal != 0) {
            return WHIMBREL_ERR_STORAGE;
        }
        let Some(held) = self.records.get(&record) else { return WHIMBREL_ERR_NOT_FOUND };
        let Some(place) = buffer.get_mut(..held.len()) else { return WHIMBREL_ERR_FULL };
        place.copy_from_slice(held);
        held.len() as i32
    }

    pub fn write(&mut self, record: u16, data: &[u8]) -> i32 {
        let half = match self.refusals.pop_front() {
            None | Some(0) => None,
            Some(1) => return WHIMBREL_ERR_STORAGE,
            Some(_) => Some(data.len() / 2),
        };
        if data.is_empty() {
            self.records.remove(&record);
        } else {
            self.records.insert(record, data[..half.unwrap_or(data.len())].to_vec());
        }
        if half.is_some() { WHIMBREL_ERR_STORAGE } else { WHIMBREL_OK }
    }
}
