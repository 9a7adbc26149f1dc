//! A device, the bench's server, and the wire between them.

use super::MANUFACTURER;
use super::device::Device;
use super::native::Server;
use super::net::{DEVICE, SERVER};
use super::world::{Shape, World};
use crate::world::{answer, well_formed};
use whimbrel::capi::{WHIMBREL_EVENT_RESUMED, WHIMBREL_EVENT_SECURED, WHIMBREL_EVENT_SECURITY_FAILED};
use whimbrel::coap::{Code, Kind, Writer, option};

/// How many times datagrams go to and fro at one time before we call it a storm.
const PATIENCE: usize = 400;
/// How often the device may sleep before it must be served again: each failure doubles its pause, up to an hour.
const SLEEPS: usize = 400;

/// All of it.
pub struct Scene {
    pub(super) world: *mut World,
    pub(super) device: Option<Device>,
    pub(super) server: Server,
    pub(super) shape: Shape,
    /// Whether an established session has no reason to suffer.
    pub(super) clean: bool,
    /// The latest Message ID of the server.
    id: u16,
    answers: Vec<Vec<u8>>,
}

impl Scene {
    /// Nothing has been sent yet.
    pub fn new(shape: Shape) -> Self {
        let world = Box::into_raw(Box::new(World::new(shape.mtu)));
        let device = Some(Device::new(world, shape));
        let server = Server::new(world, shape);
        Self { world, device, server, shape, clean: true, id: 0, answers: Vec::new() }
    }

    /// The world, for as long as nothing else is called.
    pub(super) fn world(&mut self) -> &mut World {
        unsafe { &mut *self.world }
    }

    pub(super) fn device(&self) -> &Device {
        self.device.as_ref().expect("power is on")
    }

    /// How often an event came.
    fn count(&mut self, event: u16) -> u32 {
        self.world().events[usize::from(event)]
    }

    /// The handshake and the registration, undisturbed. The bench's server may need to be told twice: it leaves fragments in
    /// its record buffer until the next datagram comes.
    pub fn establish(&mut self) {
        for _ in 0..4 {
            let next = self.pump();
            if self.device().is_registered() {
                break;
            }
            self.sleep(next);
        }
        assert!(self.device().is_registered());
        assert_eq!(self.count(WHIMBREL_EVENT_SECURED), 1);
        self.assert_served();
    }

    /// The next datagram to one side arrives.
    pub(super) fn deliver(&mut self, to: usize) {
        let world = self.world();
        let (now, Some(datagram)) = (world.now, world.net.flight[to].pop_front()) else { return };
        if to == SERVER {
            self.server.input(now, &datagram);
        } else if world.open && !datagram.is_empty() {
            world.socket.push_back(datagram);
        }
    }

    /// The server decrypts, answers, and does what is due.
    fn serve(&mut self) {
        let now = self.world().now;
        if self.server.deadline() <= now {
            self.server.poll(now);
        }
        while let Some(plain) = self.world().heard.pop_front() {
            let message = well_formed(&plain);
            if message.code.is_response() {
                self.answers.push(plain.clone());
            }
            let peer = self.world().peer;
            if message.kind == Kind::Confirmable
                && let Some(answer) = answer(&message)
            {
                self.server.write(peer, &answer);
            }
        }
    }

    /// Everything arrives, until nobody has anything to say at this time; when somebody will.
    pub fn pump(&mut self) -> u64 {
        for _ in 0..PATIENCE {
            let next = self.device().settle();
            self.serve();
            if self.world().net.is_quiet() {
                return next.min(self.server.deadline());
            }
            for to in [DEVICE, SERVER] {
                for _ in 0..self.world().net.flight[to].len() {
                    self.deliver(to);
                    self.serve();
                }
            }
        }
        panic!("device and server talk for ever");
    }

    /// Goes on to when somebody has something to do.
    pub(super) fn sleep(&mut self, next: u64) {
        let world = self.world();
        if next != u64::MAX {
            world.now = world.now.max(next);
        }
    }

    /// The server asks for something, or observes it.
    pub(super) fn ask(&mut self, token: &[u8], path: &[&str], observes: bool) {
        self.id = self.id.wrapping_add(1);
        let mut buffer = [0; 64];
        let Ok(mut out) = Writer::new(&mut buffer, Kind::Confirmable, Code::GET, self.id, token) else {
            return;
        };
        if observes {
            out.option_uint(option::OBSERVE, 0).expect("room");
        }
        for segment in path {
            out.option(option::URI_PATH, segment.as_bytes()).expect("room");
        }
        if !observes {
            out.option_uint(option::ACCEPT, 0).expect("room");
        }
        let length = out.finish();
        let peer = self.world().peer;
        self.server.write(peer, &buffer[..length]);
    }

    /// Whether a Read is answered, by this session.
    fn is_served(&mut self) -> bool {
        self.answers.clear();
        self.ask(b"end", &["3", "0", "0"], false);
        self.pump();
        self.answers.iter().any(|answer| {
            let message = well_formed(answer);
            message.token == b"end"
                && message.code == Code::CONTENT
                && answer.ends_with(MANUFACTURER.to_bytes())
        })
    }

    fn assert_served(&mut self) {
        assert!(self.is_served(), "a registered device does not answer");
    }

    /// Nobody interferes any more. A session that had no reason to suffer is still there; any other device comes back, sooner
    /// or later.
    pub fn finish(&mut self) {
        let world = self.world();
        world.guarded.free_since = world.now;
        world.storage.refusals.clear();
        self.device().connect();
        if self.clean {
            self.pump();
            let seen = [WHIMBREL_EVENT_SECURED, WHIMBREL_EVENT_RESUMED, WHIMBREL_EVENT_SECURITY_FAILED]
                .map(|event| self.count(event));
            assert_eq!(seen, [1, 0, 0], "what is not authentic has ended a session");
            assert!(self.device().is_registered());
            return self.assert_served();
        }
        for _ in 0..SLEEPS {
            let next = self.pump();
            if self.device().is_registered() && self.is_served() {
                return;
            }
            let next = next.min(self.pump());
            self.sleep(next);
        }
        panic!("a device that is not disturbed does not come back");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.device.take());
        // what it says at its end still goes to the world
        self.server.free();
        drop(unsafe { Box::from_raw(self.world) });
    }
}
