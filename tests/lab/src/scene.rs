//! The stage of a conformance test: a network, two servers, one device or more, and one clock.

use crate::device::{Account, Backend, Config, Device, Options, Right, Security, Storage};
use crate::dtls::{Certified, Gate, Settings, keys};
use crate::net::{Network, Node, Peer, Weather, peer};
use crate::server::{Answer, ObservationId, Request, RequestId, Response, Server};
use crate::{Code, seconds};
use whimbrel::capi::{WHIMBREL_CERTIFICATE, WHIMBREL_PSK, whimbrel_limits_t};

/// Where the (first) device is.
pub const DEVICE: Peer = peer(1);
/// Where the first server is.
pub const SERVER: Peer = peer(2);
/// Where the second server is.
pub const SECOND: Peer = peer(3);
/// The first server's Short Server ID, Server object instance 0.
pub const FIRST_ID: u16 = 101;
/// The second server's Short Server ID, Server object instance 1.
pub const SECOND_ID: u16 = 102;

/// How a stage is set. The default: one server, LwM2M 1.0, binding U, a perfect wire.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Seed of everything.
    pub seed: u64,
    /// The device's endpoint name is this; further devices add a number.
    pub endpoint: &'static str,
    /// Lowest and highest version, 10 or 11.
    pub versions: (u8, u8),
    /// Binding of all accounts.
    pub binding: &'static str,
    /// Lifetime of all accounts in seconds.
    pub lifetime: u32,
    /// Default Minimum Period.
    pub pmin: u32,
    /// Default Maximum Period.
    pub pmax: u32,
    /// Disable Timeout.
    pub disable_timeout: u32,
    /// The inverse of `/1/x/6`.
    pub discard_offline: bool,
    /// How many servers the device has accounts with: 0, 1 or 2.
    pub servers: u16,
    /// How many devices there are beside the first.
    pub others: u8,
    /// Access control with these entries.
    pub rights: Option<Vec<Right>>,
    /// Every notification Confirmable.
    pub confirm: bool,
    /// The device's largest datagram.
    pub datagram: u16,
    /// The largest body that it assembles.
    pub body: u32,
    /// How many observations it takes.
    pub observations: u16,
    /// Bytes to undo a write with.
    pub undo: u16,
    /// How many instances of its objects there can be.
    pub instances: u16,
    /// First and longest pause after a failed registration in seconds; 0: the defaults.
    pub retry: (u32, u32),
    /// Only TLV and text.
    pub few_formats: bool,
    /// What all accounts are secured with. Where it secures, each server is behind a [`Gate`], unless a modem does it.
    pub security: Security,
    /// How the gates behave. Without PSKs and certificate they take what fits `security`.
    pub gate: Settings,
    /// How the backend is opened.
    pub backend: Options,
    /// The backend is a modem's TLS.
    pub modem: bool,
    /// The device's largest datagram with DTLS.
    pub mtu: u16,
    /// First and longest retransmission timeout of a handshake in milliseconds; 0: the defaults.
    pub handshake: (u32, u32),
    /// Associations are kept in storage.
    pub persistent: bool,
    /// The time of day when the bench is switched on, where it is known.
    pub wall_clock: Option<i64>,
}

/// New Year 2027, when the bench's certificates are valid.
pub const NEW_YEAR: i64 = 1_798_761_600;

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: 1,
            endpoint: "whimbrel",
            versions: (10, 10),
            binding: "U",
            lifetime: 86_400,
            pmin: 0,
            pmax: 0,
            disable_timeout: 0,
            discard_offline: false,
            servers: 1,
            others: 0,
            rights: None,
            confirm: false,
            datagram: 1152,
            body: 4096,
            observations: 8,
            undo: 1024,
            instances: 12,
            retry: (0, 0),
            few_formats: false,
            security: Security::default(),
            gate: Settings::default(),
            backend: Options::default(),
            modem: false,
            mtu: 1280,
            handshake: (0, 0),
            persistent: false,
            wall_clock: Some(NEW_YEAR),
        }
    }
}

impl Setup {
    /// The device and the servers before a word was said.
    pub fn switched_on(&self) -> Lab {
        let storage = Storage::default();
        let device = self.device(0, 0, 0, &storage);
        let (server, second) = (Server::new(self.seed + 1), Server::new(self.seed + 2));
        let others = (1..=self.others).map(|n| self.device(n, 0, 0, &Storage::default())).collect();
        let gated = self.security.secures() && !self.modem;
        let gates = [11, 12].map(|n| gated.then(|| Gate::new(&self.gate_settings(), self.seed + n)));
        let network = Network::new(self.seed);
        Lab { network, server, second, device, others, gates, setup: self.clone(), storage, boots: 0 }
    }

    /// The gates' settings, with what the accounts need.
    fn gate_settings(&self) -> Settings {
        let mut settings = self.gate.clone();
        let security = &self.security;
        if security.mode == WHIMBREL_PSK && settings.psks.is_empty() {
            settings.psks = vec![(security.identity.clone(), security.secret_key.clone())];
        }
        if security.mode == WHIMBREL_CERTIFICATE && settings.certified.is_none() {
            let (certificate, key) = (keys::SERVER, keys::SERVER_KEY);
            settings.certified = Some(Certified { certificate, key, trust: keys::AUTHORITY });
        }
        settings
    }

    /// The same, run until every account is registered.
    pub fn registered(&self) -> Lab {
        let mut lab = self.switched_on();
        let servers = self.servers;
        let ids = [FIRST_ID, SECOND_ID];
        lab.run_until("registration", seconds(600), |lab| {
            let all = |device: &Device| ids.iter().take(servers.into()).all(|id| device.is_registered(*id));
            all(&lab.device) && lab.others.iter().all(all)
        });
        lab
    }

    fn device(&self, number: u8, booted: u64, boots: u64, storage: &Storage) -> Device {
        let secured = self.security.secures();
        let limits = whimbrel_limits_t {
            size: 0,
            servers: self.servers.max(1),
            objects: 6,
            instances: self.instances,
            access: if self.rights.is_some() { 16 } else { 0 },
            observations: self.observations,
            attributes: 12,
            recent: 8,
            deferred: 2,
            changes: 0,
            datagram: self.datagram,
            credentials: if secured { 64 + self.security.length() as u16 } else { 0 },
            undo: self.undo,
            body: self.body,
            mtu: if secured { self.mtu } else { 0 },
            bootstrap: 0,
        };
        let endpoint = if number == 0 { self.endpoint.into() } else { format!("{}-{number}", self.endpoint) };
        let mut device = Device::new(&Config {
            endpoint,
            seed: self.seed.wrapping_mul(1000) + u64::from(number) + 1_000_003 * boots,
            versions: self.versions,
            confirm: self.confirm,
            access: self.rights.is_some(),
            limits,
            retry: self.retry,
            few_formats: self.few_formats,
            backend: match (secured, self.modem) {
                (false, _) => Backend::None,
                (true, true) => Backend::Modem,
                (true, false) => Backend::MbedTls(self.backend.clone()),
            },
            handshake: self.handshake,
            persistent: self.persistent,
            wall_clock: self.wall_clock,
            storage: storage.clone(),
            booted,
        });
        for right in self.rights.iter().flatten() {
            assert_eq!(device.add_right(right), 0, "an access control entry");
        }
        for (id, peer) in [(FIRST_ID, SERVER), (SECOND_ID, SECOND)].into_iter().take(self.servers.into()) {
            assert_eq!(device.add_account(&self.account(id, peer)), 0, "an account");
        }
        device
    }

    /// The account of a server as this setup has it.
    pub fn account(&self, id: u16, peer: Peer) -> Account {
        Account {
            id,
            peer,
            lifetime: self.lifetime,
            binding: self.binding,
            pmin: self.pmin,
            pmax: self.pmax,
            disable_timeout: self.disable_timeout,
            discard_offline: self.discard_offline,
            security: self.security.clone(),
            uri: None,
        }
    }
}

/// The stage. Its parts are public: a test speaks to them, then lets time pass.
#[derive(Debug)]
pub struct Lab {
    /// The wire and the clock.
    pub network: Network,
    /// The first server.
    pub server: Server,
    /// The second server; nobody calls it unless the setup says so.
    pub second: Server,
    /// The device.
    pub device: Device,
    /// Further devices.
    pub others: Vec<Device>,
    /// The DTLS servers in front of the first and the second server.
    pub gates: [Option<Gate>; 2],
    /// Stable storage of the first device, and the switch of its power.
    pub storage: Storage,
    /// How it was set; what a device is made with at the next power-up.
    pub setup: Setup,
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
        let mut first = first.as_mut().map(|gate| gate.before(&mut self.server));
        let mut second = second.as_mut().map(|gate| gate.before(&mut self.second));
        let server: &mut dyn Node = match &mut first {
            Some(front) => front,
            None => &mut self.server,
        };
        let behind: &mut dyn Node = match &mut second {
            Some(front) => front,
            None => &mut self.second,
        };
        let mut nodes: Vec<(Peer, &mut dyn Node)> =
            vec![(DEVICE, &mut self.device), (SERVER, server), (SECOND, behind)];
        for (n, other) in self.others.iter_mut().enumerate() {
            nodes.push((peer(11 + n as u8), other));
        }
        self.network.run_until(time, &mut nodes);
    }

    /// When anything happens next.
    fn next(&self) -> Option<u64> {
        let devices = std::iter::once(&self.device).chain(&self.others).filter_map(Node::next_deadline);
        let servers = [&self.server, &self.second].into_iter().filter_map(Server::next_deadline);
        let gates = self.gates.iter().flatten().filter_map(Gate::next_deadline);
        devices.chain(servers).chain(gates).chain(self.network.next_deadline()).min()
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

    /// Power goes, if it has not gone before, and comes again: a new device, with the same accounts and storage, whose
    /// clock begins anew.
    pub fn power_cycle(&mut self) {
        self.boots += 1;
        self.device = self.setup.device(0, self.now(), self.boots, &self.storage);
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
