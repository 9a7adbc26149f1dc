//! How a stage is set.

use super::{
    BOOTSTRAP_NUMBER, FIRST_ID, Lab, PHONE, SECOND, SECOND_ID, SECOND_NUMBER, SERVER, SERVER_NUMBER,
};
use crate::bootstrap::{AccessValues, BootstrapServer, Configuration, SecurityValues, ServerValues};
use crate::device::{
    Account, Backend, BootstrapAccount, Config, Device, Options, Reader, Right, Security, Sms, Storage,
    Texting,
};
use crate::dtls::{Certified, Gate, Settings, keys};
use crate::net::{Network, Peer};
use crate::seconds;
use crate::server::Server;
use crate::sms::{Carrier, Centre, Gateway, Keys};
use whimbrel::capi::{
    WHIMBREL_CERTIFICATE, WHIMBREL_ERR_NOT_FOUND, WHIMBREL_PSK, WHIMBREL_SMS_DTLS, WHIMBREL_SMS_PACKETS,
    whimbrel_limits_t,
};

/// New Year 2027, when the bench's certificates are valid.
pub const NEW_YEAR: i64 = 1_798_761_600;

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
    /// How many servers the device has accounts with, from the factory or by a bootstrap: 0, 1 or 2.
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
    /// What the accounts of servers are secured with. A server whose account is secured is behind a [`Gate`], unless a
    /// modem does it.
    pub security: Security,
    /// What the second account is secured with, if not with the same.
    pub second_security: Option<Security>,
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
    /// Settings too: at power-up what is stored is loaded, and only where nothing is, the device is as the factory made it.
    pub load: bool,
    /// Objects of the application whose values are stored when servers write them.
    pub persistent_objects: Vec<u16>,
    /// The factory set the accounts of the servers, and their rights. If not, a bootstrap or a blob brings them.
    pub factory: bool,
    /// The factory set the account of a bootstrap server. It is the first account: `/0/0`.
    pub bootstrap: Option<BootstrapAccount>,
    /// How the gate of the bootstrap server behaves, as `gate`.
    pub bootstrap_gate: Settings,
    /// A provisioning blob that the factory left, and what became of it is in [`Lab::provisioned`].
    pub provision: Option<Vec<u8>>,
    /// Bootstrap is named also where there is neither a bootstrap server nor a blob.
    pub bootstrap_named: bool,
    /// The bootstrap server may speak first.
    pub server_initiated: bool,
    /// Bytes for what a bootstrap changes.
    pub old_values: u32,
    /// Places for accounts, if not as many as there are servers.
    pub places: Option<u16>,
    /// Bytes for URI and keys of an account, if not as many as the accounts of the setup need.
    pub credentials: Option<u16>,
    /// The time of day when the bench is switched on, where it is known.
    pub wall_clock: Option<i64>,
    /// SMS is named, and there is a service centre.
    pub texting: Option<Texting>,
    /// How the servers are reached by SMS.
    pub sms: [Option<Sms>; 2],
    /// The device reads a smartcard.
    pub card: Option<Reader>,
    /// Whether the backend is there though no account of the factory needs it.
    pub backend_named: bool,
    /// The URIs of the servers, where they are not those of their peers.
    pub uris: [Option<String>; 2],
}

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
            second_security: None,
            gate: Settings::default(),
            backend: Options::default(),
            modem: false,
            mtu: 1280,
            handshake: (0, 0),
            persistent: false,
            load: false,
            persistent_objects: Vec::new(),
            factory: true,
            bootstrap: None,
            bootstrap_gate: Settings::default(),
            provision: None,
            bootstrap_named: false,
            server_initiated: false,
            old_values: 2048,
            places: None,
            credentials: None,
            wall_clock: Some(NEW_YEAR),
            texting: None,
            sms: [None, None],
            card: None,
            backend_named: false,
            uris: [None, None],
        }
    }
}

impl Setup {
    /// The device and the servers before a word was said. The bootstrap server hands out [`Setup::configuration`].
    pub fn switched_on(&self) -> Lab {
        let storage = Storage::default();
        let (device, provisioned) = self.device(0, 0, 0, &storage);
        let (server, second) = (Server::new(self.seed + 1), Server::new(self.seed + 2));
        let others = (1..=self.others).map(|n| self.device(n, 0, 0, &Storage::default()).0).collect();
        let [first, behind] = self.securities();
        let gates = [self.gate(first, &self.gate, 11), self.gate(behind, &self.gate, 12)];
        let account = self.bootstrap.as_ref();
        let bootstrap_gate =
            account.and_then(|account| self.gate(&account.security, &self.bootstrap_gate, 13));
        let mut bootstrap = BootstrapServer::new(self.seed + 3);
        bootstrap.plan(self.configuration().plan());
        let centre = Centre::new(self.seed + 4, NEW_YEAR);
        let account = self.bootstrap.as_ref().and_then(|account| account.sms.as_ref());
        let gateways = [
            gateway(&centre, SERVER_NUMBER, self.sms[0].as_ref()),
            gateway(&centre, SECOND_NUMBER, self.sms[1].as_ref()),
            gateway(&centre, BOOTSTRAP_NUMBER, account),
        ];
        let mut device = device;
        device.plug(centre.phone(PHONE));
        Lab {
            centre,
            gateways,
            network: Network::new(self.seed),
            server,
            second,
            bootstrap,
            device,
            others,
            gates,
            bootstrap_gate,
            setup: self.clone(),
            storage,
            provisioned,
            boots: 0,
        }
    }

    /// What the accounts of the two servers are secured with.
    fn securities(&self) -> [&Security; 2] {
        [&self.security, self.second_security.as_ref().unwrap_or(&self.security)]
    }

    /// The gate in front of a server whose account is secured.
    fn gate(&self, security: &Security, settings: &Settings, seed: u64) -> Option<Gate> {
        let gated = security.secures() && !self.modem;
        gated.then(|| Gate::new(&gate_settings(security, settings), self.seed + seed))
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

    /// All that accounts are secured with, from the factory or by a bootstrap.
    fn all_securities(&self) -> Vec<&Security> {
        let bootstrap = self.bootstrap.iter().map(|account| &account.security);
        self.securities().into_iter().chain(bootstrap).collect()
    }

    fn limits(&self, secured: bool) -> whimbrel_limits_t {
        let longest = self.all_securities().iter().map(|security| security.length()).max();
        let credentials = if secured { 64 + longest.unwrap_or_default() as u16 } else { 0 };
        let stores = (self.persistent || self.load) && !secured;
        whimbrel_limits_t {
            size: 0,
            servers: self.places.unwrap_or(self.servers.max(1) + u16::from(self.bootstrap.is_some())),
            objects: 6,
            instances: self.instances,
            access: if self.rights.is_some() { 16 } else { 0 },
            observations: self.observations,
            attributes: 12,
            recent: 8,
            deferred: 2,
            changes: 0,
            datagram: self.datagram,
            credentials: self.credentials.unwrap_or(credentials),
            undo: self.undo,
            body: self.body,
            mtu: if secured { self.mtu } else { 0 },
            bootstrap: if self.names_bootstrap() || stores { self.old_values } else { 0 },
            sms: self.texting.as_ref().map_or(0, |texting| texting.sets),
            uicc: self.card.as_ref().map_or(0, |reader| reader.window),
            uicc_messages: self.card.as_ref().map_or(0, |reader| reader.messages),
        }
    }

    const fn names_bootstrap(&self) -> bool {
        self.bootstrap.is_some() || self.provision.is_some() || self.bootstrap_named || self.card.is_some()
    }

    fn config(&self, number: u8, booted: u64, boots: u64, storage: &Storage) -> Config {
        let secured = self.backend_named || self.all_securities().iter().any(|security| security.secures());
        let endpoint = if number == 0 { self.endpoint.into() } else { format!("{}-{number}", self.endpoint) };
        Config {
            endpoint,
            seed: self.seed.wrapping_mul(1000) + u64::from(number) + 1_000_003 * boots,
            versions: self.versions,
            confirm: self.confirm,
            access: self.rights.is_some(),
            limits: self.limits(secured),
            retry: self.retry,
            few_formats: self.few_formats,
            backend: match (secured, self.modem) {
                (false, _) => Backend::None,
                (true, true) => Backend::Modem,
                (true, false) => Backend::MbedTls(self.backend.clone()),
            },
            handshake: self.handshake,
            persistent: self.persistent || self.load,
            bootstrap: self.names_bootstrap(),
            server_initiated: self.server_initiated,
            persistent_objects: self.persistent_objects.clone(),
            wall_clock: self.wall_clock,
            texting: self.texting.clone(),
            card: self.card.clone(),
            storage: storage.clone(),
            booted,
        }
    }

    /// A device that comes to power, and what became of the factory's blob.
    pub(super) fn device(
        &self,
        number: u8,
        booted: u64,
        boots: u64,
        storage: &Storage,
    ) -> (Device, Option<i32>) {
        let mut device = Device::new(&self.config(number, booted, boots, storage));
        let new = !self.load || device.load_configuration() == WHIMBREL_ERR_NOT_FOUND;
        let provisioned = new.then(|| self.deliver(&mut device, storage)).flatten();
        (device, provisioned)
    }

    /// What the factory does. Power may go meanwhile.
    fn deliver(&self, device: &mut Device, storage: &Storage) -> Option<i32> {
        let fine = |what, status| assert!(status == 0 || storage.is_off(), "{what}: {status}");
        for right in self.rights.iter().flatten().filter(|_| self.factory) {
            fine("an access control entry", device.add_right(right));
        }
        if let Some(account) = &self.bootstrap {
            fine("the account of the bootstrap server", device.add_bootstrap_account(account));
        }
        for account in self.accounts().iter().filter(|_| self.factory) {
            fine("an account", device.add_account(account));
        }
        self.provision.as_ref().map(|blob| device.provision(blob))
    }

    /// The accounts of the servers.
    fn accounts(&self) -> Vec<Account> {
        let all = [self.account(FIRST_ID, SERVER), self.account(SECOND_ID, SECOND)];
        all.into_iter().take(self.servers.into()).collect()
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
            security: self.securities()[usize::from(id == SECOND_ID)].clone(),
            uri: self.uris[usize::from(id == SECOND_ID)].clone(),
            sms: self.sms[usize::from(id == SECOND_ID)].clone(),
        }
    }

    /// The accounts of the servers and their rights as a bootstrap brings them: Security instances from 1 on (0 is the
    /// bootstrap server's), the others from 0 on.
    pub fn configuration(&self) -> Configuration {
        let mut configuration = Configuration::default();
        for (n, account) in (0..).zip(self.accounts()) {
            let security = SecurityValues {
                more: account.sms.iter().flat_map(Sms::resources).collect(),
                ..SecurityValues::new(account.id, &account.uri(), &account.security)
            };
            let some = |seconds: u32| Some(seconds).filter(|seconds| *seconds != 0);
            let server = ServerValues {
                lifetime: account.lifetime,
                pmin: some(account.pmin),
                pmax: some(account.pmax),
                disable_timeout: some(account.disable_timeout),
                storing: !account.discard_offline,
                binding: account.binding.into(),
                ..ServerValues::new(account.id)
            };
            configuration = configuration.security(n + 1, security).server(n, server);
        }
        for (n, right) in (0..).zip(self.rights.iter().flatten()) {
            let access = AccessValues::new(right.object, right.instance, right.owner, &right.entries);
            configuration = configuration.access(n, access);
        }
        configuration
    }
}

/// A gate's settings, with what the account needs.
fn gate_settings(security: &Security, settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if security.mode == WHIMBREL_PSK && settings.psks.is_empty() {
        settings.psks = vec![(security.identity.clone(), security.secret_key.clone())];
    }
    if security.mode == WHIMBREL_CERTIFICATE && settings.certified.is_none() {
        let (certificate, key) = (keys::SERVER, keys::SERVER_KEY);
        settings.certified = Some(Certified { certificate, key, trust: keys::AUTHORITY });
    }
    settings
}

/// Where the number of a server is, if it has one.
fn gateway(centre: &Centre, number: &str, sms: Option<&Sms>) -> Option<Gateway> {
    let sms = sms?;
    if sms.mode == WHIMBREL_SMS_DTLS {
        return Some(Gateway::for_dtls(centre, number));
    }
    let mut gateway = Gateway::new(centre, number);
    if sms.mode == WHIMBREL_SMS_PACKETS {
        gateway.protect(Keys::from_resources(&sms.parameters, &sms.keys).expect("keys that fit"));
        gateway.secured = Carrier::DEVICE;
    }
    Some(gateway)
}
