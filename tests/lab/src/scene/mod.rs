//! The stage of a conformance test: a network, two servers, a bootstrap server, one device or more, and one clock.

mod setup;

pub use setup::{NEW_YEAR, Setup};

use crate::bootstrap::{BootstrapServer, Session};
use crate::device::{Device, Storage};
use crate::dtls::Gate;
use crate::net::{Network, Node, Peer, Weather, peer};
use crate::server::{Answer, ObservationId, Request, RequestId, Response, Server};
use crate::sms::{Centre, Gateway};
use crate::{Code, minutes, seconds};

/// Where the (first) device is.
pub const DEVICE: Peer = peer(1);
/// Where the first server is.
pub const SERVER: Peer = peer(2);
/// Where the second server is.
pub const SECOND: Peer = peer(3);
/// Where the bootstrap server is.
pub const BOOTSTRAP: Peer = peer(4);
/// The number of the device.
pub const PHONE: &str = "+15555550199";
/// The number of the first server.
pub const SERVER_NUMBER: &str = "+15555550123";
/// The number of the bootstrap server.
pub const BOOTSTRAP_NUMBER: &str = "+15555550125";
/// The number of the second server.
pub const SECOND_NUMBER: &str = "+15555550124";
/// The first server's Short Server ID, Server object instance 0.
pub const FIRST_ID: u16 = 101;
/// The second server's Short Server ID, Server object instance 1.
pub const SECOND_ID: u16 = 102;

/// The stage. Its parts are public: a test speaks to them, then lets time pass.
#[derive(Debug)]
pub struct Lab {
    /// The wire and the clock.
    pub network: Network,
    /// The first server.
    pub server: Server,
    /// The second server; nobody calls it unless the setup says so.
    pub second: Server,
    /// The bootstrap server; nobody calls it unless the setup says so.
    pub bootstrap: BootstrapServer,
    /// The device.
    pub device: Device,
    /// Further devices.
    pub others: Vec<Device>,
    /// The DTLS servers in front of the first and the second server.
    pub gates: [Option<Gate>; 2],
    /// The DTLS server in front of the bootstrap server.
    pub bootstrap_gate: Option<Gate>,
    /// The short message service centre.
    pub centre: Centre,
    /// Where the numbers of the first, the second and the bootstrap server are.
    pub gateways: [Option<Gateway>; 3],
    /// Stable storage of the first device, and the switch of its power.
    pub storage: Storage,
    /// How it was set; what a device is made with at the next power-up.
    pub setup: Setup,
    /// What `whimbrel_provision` said of the factory's blob at the last power-up, if it was called.
    pub provisioned: Option<i32>,
    boots: u64,
}

impl Lab {
    /// One device registered with one server over a perfect wire.
    pub fn registered() -> Self {
        Setup::default().registered()
    }

    /// The time.
    pub fn now(&self) -> u64 {
        self.network.now()
    }

    /// Sets the weather from now on.
    pub fn weather(&mut self, weather: Weather) {
        self.network.weather = weather;
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, milliseconds: u64) {
        self.run_to(self.network.now() + milliseconds);
    }

    fn run_to(&mut self, time: u64) {
        let [first, second] = &mut self.gates;
        let [(number, records), (other, more), (third, most)] = self.gateways.each_mut().map(either);
        let mut server = dialled(number, &mut self.server);
        let mut server = behind(first.as_mut(), &mut *server);
        let mut server = dialled(records, &mut *server);
        let mut second_server = dialled(other, &mut self.second);
        let mut second_server = behind(second.as_mut(), &mut *second_server);
        let mut second = dialled(more, &mut *second_server);
        let mut bootstrap = dialled(third, &mut self.bootstrap);
        let mut bootstrap = behind(self.bootstrap_gate.as_mut(), &mut *bootstrap);
        let mut bootstrap = dialled(most, &mut *bootstrap);
        let mut nodes: Vec<(Peer, &mut dyn Node)> = vec![
            (DEVICE, &mut self.device),
            (SERVER, &mut *server),
            (SECOND, &mut *second),
            (BOOTSTRAP, &mut *bootstrap),
        ];
        for (n, other) in self.others.iter_mut().enumerate() {
            nodes.push((peer(11 + n as u8), other));
        }
        self.network.run_until(time, &mut nodes);
    }

    /// When anything happens next.
    fn next(&self) -> Option<u64> {
        let devices = std::iter::once(&self.device).chain(&self.others).filter_map(Node::next_deadline);
        let servers = [&self.server, &self.second].into_iter().filter_map(Server::next_deadline);
        let servers = servers.chain(self.bootstrap.next_deadline());
        let gates = self.gates.iter().chain([&self.bootstrap_gate]).flatten();
        devices
            .chain(servers)
            .chain(gates.filter_map(Gate::next_deadline))
            .chain(self.network.next_deadline())
            .chain(self.gateways.iter().flatten().filter_map(Gateway::next_deadline))
            .min()
    }

    /// The DTLS server in front of the first server.
    ///
    /// # Panics
    ///
    /// If there is none: the setup has no security.
    pub fn gate(&mut self) -> &mut Gate {
        self.gates[0].as_mut().expect("a gate")
    }

    /// Full and abbreviated handshakes that the first gate has completed.
    pub fn handshakes(&self) -> (u32, u32) {
        self.gates[0].as_ref().expect("a gate").handshakes()
    }

    /// Power goes, if it has not gone before, and comes again: a new device, with the same factory and storage, whose
    /// clock begins anew.
    pub fn power_cycle(&mut self) {
        self.boots += 1;
        (self.device, self.provisioned) = self.setup.device(0, self.now(), self.boots, &self.storage);
        self.device.plug(self.centre.phone(PHONE));
    }

    /// Lets time pass until the condition holds.
    ///
    /// # Panics
    ///
    /// If it does not within `limit` milliseconds.
    pub fn run_until(&mut self, what: &str, limit: u64, condition: impl Fn(&Self) -> bool) {
        let end = self.now() + limit;
        self.run(0);
        while !condition(self) {
            let next = self.next().unwrap_or(u64::MAX);
            assert!(next <= end, "{what} did not happen within {limit} ms; it is {} ms", self.now());
            self.run_to(next.max(self.now()));
        }
    }

    /// Lets time pass until the bootstrap session of this number, counted from 0, is over; what came of it.
    pub fn session(&mut self, number: usize) -> Session {
        self.run_until("a bootstrap session", minutes(60), |lab| {
            lab.bootstrap.sessions().get(number).is_some_and(Session::is_over)
        });
        self.bootstrap.sessions()[number].clone()
    }

    /// The outcome of a request to the first server's client, after as much time as it needs.
    pub fn done(&mut self, request: RequestId) -> Result<Response, crate::server::Failure> {
        self.run_until("the answer", seconds(600), |lab| lab.server.outcome(request).is_some());
        self.server.outcome(request).expect("just seen").result.clone()
    }

    /// The response to a request of the first server, after as much time as it needs.
    pub fn answer(&mut self, request: RequestId) -> Response {
        self.done(request).unwrap_or_else(|failure| panic!("no response: {failure:?}"))
    }

    /// Its code.
    pub fn code(&mut self, request: RequestId) -> Code {
        self.answer(request).code
    }

    /// The response to a request of the second server.
    pub fn second_answer(&mut self, request: RequestId) -> Response {
        self.run_until("the answer", seconds(600), |lab| lab.second.outcome(request).is_some());
        self.second.response(request).clone()
    }

    /// Its code.
    pub fn second_code(&mut self, request: RequestId) -> Code {
        self.second_answer(request).code
    }

    /// Sends a request from the first server.
    pub fn send(&mut self, request: Request) -> Response {
        let id = self.server.send(request);
        self.answer(id)
    }

    /// Observes from the first server, and lets the answer arrive.
    pub fn observe(&mut self, path: &str) -> ObservationId {
        let observation = self.server.observe(path);
        let request = self.server.observation(observation).request;
        self.answer(request);
        observation
    }

    /// Write-Attributes from the first server, which must succeed.
    pub fn attributes(&mut self, path: &str, attributes: &str) {
        let id = self.server.write_attributes(path, attributes);
        assert_eq!(self.code(id), Code::CHANGED, "PUT {path}?{attributes}");
    }

    /// The text that a Read by the first server gives.
    pub fn text(&mut self, path: &str) -> String {
        let id = self.server.read_as(path, crate::format::TEXT);
        let response = self.answer(id);
        assert_eq!(response.code, Code::CONTENT, "GET {path}");
        response.text()
    }

    /// The first server will not answer the next `n` requests of this kind.
    pub fn deaf(&mut self, operation: crate::Operation, n: usize) {
        for _ in 0..n {
            self.server.on_next(operation, Answer::silence());
        }
    }
}

/// A server as others see it: through its gate, where it has one.
fn behind<'a, S: Node + ?Sized>(gate: Option<&'a mut Gate>, server: &'a mut S) -> Box<dyn Node + 'a> {
    match gate {
        Some(gate) => Box::new(gate.before(server)),
        None => Box::new(server),
    }
}

/// A server as others see it: at its number too, where it has one.
fn dialled<'a, S: Node + ?Sized>(gateway: Option<&'a mut Gateway>, server: &'a mut S) -> Box<dyn Node + 'a> {
    match gateway {
        Some(gateway) => Box::new(gateway.before(server)),
        None => Box::new(server),
    }
}

/// Messages end before the gate, DTLS records behind it.
fn either(gateway: &mut Option<Gateway>) -> (Option<&mut Gateway>, Option<&mut Gateway>) {
    let cuts = gateway.as_ref().is_some_and(|gateway| gateway.concatenation);
    if cuts { (gateway.as_mut(), None) } else { (None, gateway.as_mut()) }
}
