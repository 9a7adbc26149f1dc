//! Two sessions of the backend without a client around them: the role of the DTLS server, which a bootstrap that the server
//! begins needs (TS 1.0 section 7.1.6), against the role of the client.

use super::guard::{check_state, tell};
use super::native::Backend;
use super::net::{DEVICE, Net, SERVER};
use super::world::{Shape, World};
use super::{FIRST_TIMEOUT, IDENTITY, KEY, LONGEST_HANDSHAKE, LONGEST_TIMEOUT, WALL_CLOCK, device, keys};
use crate::bytes::Bytes;
use core::ffi::c_void;
use core::ptr::null;
use core::slice::from_raw_parts;
use whimbrel::capi::*;

/// How many times datagrams go to and fro at one time.
const PATIENCE: usize = 200;
const QUESTION: &[u8] = b"a question of the peer";
const ANSWER: &[u8] = b"and what the device answers";

/// One end. The one under test, which has the server's role, is `DEVICE`, as if it were the device.
struct End {
    backend: Backend,
    serves: bool,
    live: bool,
    over: bool,
    established: bool,
    /// How many messages it was given to send, and how many it gave.
    written: usize,
    read: usize,
}

/// Both ends.
pub struct Pair {
    world: *mut World,
    ends: [End; 2],
    shape: Shape,
}

/// Where the datagrams of an end go.
struct Outlet {
    world: *mut World,
    to: usize,
}

unsafe extern "C" fn send(context: *mut c_void, datagram: *const u8, size: usize) -> i32 {
    let (outlet, datagram) = unsafe { (&*context.cast::<Outlet>(), from_raw_parts(datagram, size)) };
    let world = unsafe { &mut *outlet.world };
    world.trace(["peer sends", "device sends"][outlet.to], datagram);
    world.net.send(outlet.to, datagram);
    WHIMBREL_OK
}

impl Pair {
    /// Two backends, with a session each that has begun.
    pub fn new(shape: Shape) -> Self {
        let world = Box::into_raw(Box::new(World::new(shape.mtu)));
        let port = whimbrel_port_t {
            size: size_of::<whimbrel_port_t>(),
            context: world.cast(),
            random: Some(device::random),
            // SAFETY: a table of pointers, where zero is nothing
            ..unsafe { core::mem::zeroed() }
        };
        let end = |serves| End {
            backend: Backend::open(&port, shape),
            serves,
            live: false,
            over: false,
            established: false,
            written: 0,
            read: 0,
        };
        let mut pair = Self { world, ends: [end(true), end(false)], shape };
        pair.begin();
        pair
    }

    fn net(&mut self) -> &mut Net {
        unsafe { &mut (*self.world).net }
    }

    fn now(&self) -> u64 {
        unsafe { (*self.world).now }
    }

    fn table(&self, who: usize) -> whimbrel_security_t {
        unsafe { *self.ends[who].backend.table() }
    }

    /// Begins the sessions that are not there.
    fn begin(&mut self) {
        for who in [DEVICE, SERVER] {
            let setup = setup(self.shape, self.ends[who].serves);
            let table = self.table(who);
            if !self.ends[who].live {
                let status = unsafe { table.start.expect("a whole table")(table.context, 0, &setup) };
                assert_eq!(status, WHIMBREL_OK, "a session cannot begin");
                let end = &mut self.ends[who];
                (end.live, end.over, end.established) = (true, false, false);
            }
        }
    }

    /// Does something with one end, and looks at what it says then.
    fn call(
        &mut self,
        who: usize,
        job: impl FnOnce(&whimbrel_security_t, u64, &whimbrel_outlet_t) -> i32,
    ) -> i32 {
        let (table, now) = (self.table(who), self.now());
        let outlet = Outlet { world: self.world, to: 1 - who };
        let out = whimbrel_outlet_t { context: (&raw const outlet).cast_mut().cast(), send: Some(send) };
        let status = job(&table, now, &out);
        let told = unsafe { tell(&table, 0) };
        let end = &mut self.ends[who];
        if status < 0 && status != WHIMBREL_ERR_TRUNCATED {
            unsafe { (*self.world).trace(["device over", "peer over"][who], &status.to_be_bytes()) };
            end.over = true;
        } else {
            check_state(&told, end.established, now, end.serves);
            end.established = told.established != 0;
        }
        status
    }

    fn step(&mut self, who: usize) {
        if self.ends[who].over {
            return;
        }
        self.call(who, |table, now, out| unsafe {
            table.step.expect("a whole table")(table.context, 0, now, out)
        });
    }

    /// The next datagram arrives; the plaintext of its records.
    fn deliver(&mut self, who: usize) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let Some(datagram) = self.net().flight[who].pop_front() else { return found };
        let mut size = datagram.len();
        // no more records than a datagram can hold
        for _ in 0..=datagram.len() / 13 {
            if self.ends[who].over {
                break;
            }
            let mut plain = [0; 1500];
            let length = self.call(who, |table, now, out| unsafe {
                let feed = table.feed.expect("a whole table");
                feed(table.context, 0, now, datagram.as_ptr(), size, plain.as_mut_ptr(), plain.len(), out)
            });
            if length <= 0 && length != WHIMBREL_ERR_TRUNCATED {
                break;
            }
            assert!(self.ends[who].established, "content without a session");
            found.extend(plain.get(..length as usize).map(<[u8]>::to_vec));
            self.ends[who].read += 1;
            assert!(self.ends[who].read <= self.ends[1 - who].written, "a replay is taken for a message");
            size = 0;
        }
        found
    }

    /// Everything arrives; what one end has read.
    fn pump(&mut self) -> [Vec<Vec<u8>>; 2] {
        let mut found = [Vec::new(), Vec::new()];
        for _ in 0..PATIENCE {
            for who in [DEVICE, SERVER] {
                if self.deadline(who) <= self.now() {
                    self.step(who);
                }
            }
            if self.net().is_quiet() {
                return found;
            }
            for who in [DEVICE, SERVER] {
                for _ in 0..self.net().flight[who].len() {
                    found[who].extend(self.deliver(who));
                }
            }
        }
        panic!("the two talk for ever");
    }

    fn deadline(&self, who: usize) -> u64 {
        let end = &self.ends[who];
        if end.over || !end.live { u64::MAX } else { unsafe { tell(&self.table(who), 0) }.deadline_ms }
    }

    /// Does what the next bytes say.
    pub fn act(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        let who = usize::from(choice >> 4 & 1);
        match choice & 0x0f {
            // twice as often to the one under test
            0..=4 => self.net().inject(if choice & 0x20 == 0 { DEVICE } else { who }, bytes),
            5 | 6 => drop({
                let mtu = self.shape.mtu;
                self.net().disturb(who, bytes, mtu)
            }),
            7..=10 => drop(self.deliver(who)),
            11 => drop(self.pump()),
            12 => self.step(who),
            13 => {
                let steps = [1, 1_000, 2_000, 60_000];
                unsafe { (*self.world).now += bytes.pick(&steps) };
            }
            14 => self.write(who, bytes.chunk()),
            _ => self.end(who, bytes.byte().into()),
        }
        self.begin();
    }

    fn write(&mut self, who: usize, plain: &[u8]) {
        if self.ends[who].established && !self.ends[who].over {
            self.ends[who].written += 1;
            self.call(who, |table, now, out| unsafe {
                table.write.expect("a whole table")(table.context, 0, now, plain.as_ptr(), plain.len(), out)
            });
        }
    }

    fn end(&mut self, who: usize, how: u32) {
        let (table, now) = (self.table(who), self.now());
        let outlet = Outlet { world: self.world, to: 1 - who };
        let out = whimbrel_outlet_t { context: (&raw const outlet).cast_mut().cast(), send: Some(send) };
        unsafe { table.end.expect("a whole table")(table.context, 0, now, how & 3, &out) };
        self.ends[who].live = false;
    }

    /// Nobody interferes any more: a handshake ends in its time, sessions that are established serve, and after those that
    /// are over a new one comes about.
    pub fn finish(&mut self) {
        let until = self.now() + LONGEST_HANDSHAKE;
        self.pump();
        loop {
            let next = self.deadline(DEVICE).min(self.deadline(SERVER));
            if next == u64::MAX {
                break;
            }
            assert!(next <= until, "a handshake has no end");
            unsafe { (*self.world).now = next.max((*self.world).now) };
            self.pump();
        }
        let client = &self.ends[SERVER];
        assert!(client.established || client.over, "a handshake without a result");
        for end in [DEVICE, SERVER] {
            self.end(end, WHIMBREL_END_FORGET);
        }
        self.net().flight.iter_mut().for_each(std::collections::VecDeque::clear);
        self.begin();
        self.pump();
        assert!(self.ends.iter().all(|end| end.established && !end.over), "no session after the last one");
        self.write(SERVER, QUESTION);
        assert_eq!(self.pump()[DEVICE], [QUESTION]);
        self.write(DEVICE, ANSWER);
        assert_eq!(self.pump()[SERVER], [ANSWER]);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for who in [DEVICE, SERVER] {
            self.end(who, WHIMBREL_END_NOTIFY | WHIMBREL_END_FORGET);
        }
        drop(unsafe { Box::from_raw(self.world) });
    }
}

fn setup(shape: Shape, serves: bool) -> whimbrel_session_t {
    let (own, key, other) = match serves {
        true => (keys::SERVER, keys::SERVER_KEY, keys::CLIENT),
        false => (keys::CLIENT, keys::CLIENT_KEY, keys::SERVER),
    };
    let (mode, identity, secret_key, server_key) = match shape.certificates {
        true => (WHIMBREL_CERTIFICATE, own, key, other),
        false => (WHIMBREL_PSK, IDENTITY, KEY, &[][..]),
    };
    let suites = shape.suites();
    whimbrel_session_t {
        size: size_of::<whimbrel_session_t>(),
        mode,
        serves: serves.into(),
        certificate_usage: WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE,
        matching_type: 0,
        check_name: 0,
        name_is_address: 1,
        mtu: shape.mtu,
        first_timeout_ms: FIRST_TIMEOUT,
        longest_timeout_ms: LONGEST_TIMEOUT,
        wall_clock_s: WALL_CLOCK,
        ciphersuites: if suites.is_empty() { null() } else { suites.as_ptr() },
        ciphersuite_count: suites.len(),
        identity: identity.as_ptr(),
        identity_length: identity.len(),
        server_key: server_key.as_ptr(),
        server_key_length: server_key.len(),
        secret_key: secret_key.as_ptr(),
        secret_key_length: secret_key.len(),
        name: c"10.0.0.2".as_ptr(),
        name_length: 8,
    }
}
