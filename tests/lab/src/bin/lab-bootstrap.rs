//! A bootstrap server and the server that it names, on real UDP sockets, and a device that loses power twice: what the demo
//! shows of bootstrap.
//!
//! `lab-bootstrap CLIENT DIRECTORY [--nosec] [--cut N]`: runs `CLIENT ENDPOINT DIRECTORY coaps://… KEY`
//! (examples-c/bootstrap.c), kills it after N answers in its bootstrap (3: some instances are written, it has not finished)
//! and once more when it was registered. Exits 0 if the first cut left all or nothing, and the second was followed by an
//! Update without a handshake; 1 if not, 2 if it could not begin.

use std::io::Error;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use whimbrel_lab::bootstrap::{Configuration, SecurityValues, ServerValues};
use whimbrel_lab::dtls::{Gate, Settings};
use whimbrel_lab::ladder::Ladder;
use whimbrel_lab::{BootstrapServer, Code, Node, Operation, Peer, Security, Server, seconds};

const ENDPOINT: &str = "whimbrel-factory";
const FACTORY_KEY: &[u8] = b"not a secret key";
/// What the bootstrap server hands out.
const IDENTITY: &str = "whimbrel-customer";
const KEY: &[u8] = b"no secret either";
/// Short Server ID.
const SERVER: u16 = 101;
/// The answers of a bootstrap: Discover, Delete, two Writes, Finish.
const ANSWERS: usize = 5;
/// How long each part may take, in milliseconds.
const PATIENCE: u64 = seconds(15);

/// A server of which all that it hears and says is printed, in clear.
struct Shown<S> {
    server: S,
    name: &'static str,
    ladder: Ladder,
    here: Peer,
    now: u64,
}

impl<S> Shown<S> {
    fn show(&self, from: Peer, to: Peer, message: &[u8]) {
        let line = self.ladder.line(self.now, from, to, message);
        println!("{}", line.replacen(" server  ", &format!(" {}  ", self.name), 1));
    }
}

impl<S: Node> Node for Shown<S> {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        self.now = now;
        self.show(from, self.here, datagram);
        self.server.input(now, from, datagram);
    }

    fn poll(&mut self, now: u64) {
        self.now = now;
        self.server.poll(now);
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        let (to, message) = self.server.output()?;
        self.show(self.here, to, &message);
        Some((to, message))
    }

    fn next_deadline(&self) -> Option<u64> {
        self.server.next_deadline()
    }
}

/// A server behind its socket, with DTLS or without.
struct Side<S> {
    socket: UdpSocket,
    gate: Option<Gate>,
    shown: Shown<S>,
    /// Of the handshake that goes on.
    datagrams: usize,
    bytes: usize,
}

impl<S: Node> Side<S> {
    fn new(server: S, name: &'static str, psk: Option<(&str, &[u8])>) -> Result<Self, Error> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let here = socket.local_addr()?;
        let seed = u64::from(here.port());
        let gate = psk.map(|(identity, key)| {
            Gate::new(&Settings { psks: vec![(identity.into(), key.to_vec())], ..Settings::default() }, seed)
        });
        let shown = Shown { server, name, ladder: Ladder::new(here), here, now: 0 };
        Ok(Self { socket, gate, shown, datagrams: 0, bytes: 0 })
    }

    fn uri(&self) -> String {
        format!("coap{}://{}", if self.gate.is_some() { "s" } else { "" }, self.shown.here)
    }

    fn handshakes(&self) -> u32 {
        self.gate.as_ref().map_or(0, |gate| gate.handshakes().0)
    }

    /// Lets what the function does happen to the server, behind its DTLS if it has that.
    fn with<R>(&mut self, job: impl FnOnce(&mut dyn Node) -> R) -> R {
        match &mut self.gate {
            Some(gate) => job(&mut gate.before(&mut self.shown)),
            None => job(&mut self.shown),
        }
    }

    fn count(&mut self, length: usize) {
        self.datagrams += 1;
        self.bytes += length;
    }

    /// Sends what is to be sent, and takes what comes within some milliseconds.
    fn turn(&mut self, now: u64) {
        let before = self.handshakes();
        self.with(|node| node.poll(now));
        while let Some((to, bytes)) = self.with(|node| node.output()) {
            self.count(bytes.len());
            // one that cannot be sent is a lost one
            let _ = self.socket.send_to(&bytes, to);
        }
        let mut buffer = [0; 4096];
        let _ = self.socket.set_read_timeout(Some(Duration::from_millis(5)));
        if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            self.count(length);
            self.with(|node| node.input(now, from, &buffer[..length]));
        }
        if self.handshakes() > before {
            let (datagrams, bytes, name) = (self.datagrams, self.bytes, self.shown.name);
            println!("           a handshake with the {name}: {datagrams} datagrams, {bytes} bytes");
        }
    }

    /// The count begins anew.
    fn quiet(&mut self) {
        (self.datagrams, self.bytes) = (0, 0);
    }
}

struct Stage {
    start: Instant,
    bootstrap: Side<BootstrapServer>,
    server: Side<Server>,
}

impl Stage {
    fn new(secure: bool) -> Result<Self, Error> {
        let seed = u64::from(std::process::id());
        let server = Side::new(Server::new(seed), "server", secure.then_some((IDENTITY, KEY)))?;
        let security = if secure { Security::psk(IDENTITY, KEY) } else { Security::default() };
        let mut node = BootstrapServer::new(seed);
        let named = Configuration::default()
            .security(1, SecurityValues::new(SERVER, &server.uri(), &security))
            .server(0, ServerValues { lifetime: 3600, ..ServerValues::new(SERVER) });
        node.plan(named.plan());
        let bootstrap = Side::new(node, "bootstrap", secure.then_some((ENDPOINT, FACTORY_KEY)))?;
        Ok(Self { start: Instant::now(), bootstrap, server })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis().try_into().unwrap_or(u64::MAX)
    }

    /// Goes on until the condition holds; false if it takes too long.
    fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> bool {
        let end = self.now() + PATIENCE;
        while !condition(self) {
            let now = self.now();
            if now > end {
                println!("  did not happen: {what}");
                return false;
            }
            self.bootstrap.turn(now);
            self.server.turn(now);
        }
        true
    }

    /// How many commands of the last bootstrap were answered with a success.
    fn answered(&self) -> usize {
        let last = self.bootstrap.shown.server.sessions().last();
        last.map_or(0, |session| session.codes().iter().filter(|code| code.is_success()).count())
    }

    fn sessions(&self) -> usize {
        self.bootstrap.shown.server.sessions().len()
    }

    fn count(&self, operation: Operation) -> usize {
        self.server.shown.server.count(operation)
    }

    fn reads(&mut self) -> bool {
        let request = self.server.shown.server.read_as("/3/0/1", whimbrel_lab::format::TLV);
        self.until("the answer to a Read", |stage| stage.server.shown.server.outcome(request).is_some())
            && self.server.shown.server.code(request) == Some(Code::CONTENT)
    }

    fn run(&mut self, options: &Options) -> Result<Child, Error> {
        self.bootstrap.quiet();
        self.server.quiet();
        let key: String = FACTORY_KEY.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut command = Command::new(&options.client);
        command.args([ENDPOINT, &options.directory, &self.bootstrap.uri()]);
        command.args(options.secure.then_some(key)).stdout(Stdio::null()).spawn()
    }
}

/// Kills it without a warning, by SIGKILL.
fn kill(mut device: Child) -> Result<(), Error> {
    device.kill()?;
    device.wait().map(|_| ())
}

/// Power goes in the bootstrap, and comes again: what was begun never happened, and what was finished holds.
fn first_lives(stage: &mut Stage, options: &Options) -> Result<bool, Error> {
    println!("\nA device that knows its bootstrap server and nothing else:");
    let device = stage.run(options)?;
    let cut = options.cut;
    let begun = stage.until("a bootstrap", |stage| stage.sessions() == 1 && stage.answered() == cut);
    kill(device)?;
    // a Register may be on its way from a device that is gone
    let now = stage.now();
    stage.server.turn(now);
    let registers = stage.count(Operation::Register) + 1;
    let finished = cut == ANSWERS;
    println!(
        "\nPower is cut{}. The device is started again:",
        if finished { "" } else { ": nothing of it holds" }
    );
    let device = stage.run(options)?;
    let registered =
        begun && stage.until("a Register", |stage| stage.count(Operation::Register) == registers);
    let read = registered && stage.reads();
    kill(device)?;
    let sessions = if finished { 1 } else { 2 };
    let as_it_was = stage.sessions() == sessions && stage.bootstrap.shown.server.finished() == 1;
    if !as_it_was {
        println!("  {} bootstraps, {sessions} expected, and one finished", stage.sessions());
    }
    Ok(read && as_it_was)
}

/// Power goes while the device is registered: it goes on with an Update.
fn last_life(stage: &mut Stage, options: &Options) -> Result<bool, Error> {
    println!("\nPower is cut again, and comes again. The device has another port:");
    let known =
        |stage: &Stage| (stage.sessions(), stage.server.handshakes(), stage.count(Operation::Register));
    let was = known(stage);
    let device = stage.run(options)?;
    let updated = stage.until("an Update", |stage| stage.count(Operation::Update) == 1);
    let read = updated && stage.reads();
    kill(device)?;
    let went_on = read && known(stage) == was;
    println!(
        "  {}",
        if went_on { "Neither handshake nor Register nor bootstrap." } else { "It did not go on." }
    );
    Ok(went_on)
}

struct Options {
    client: String,
    directory: String,
    secure: bool,
    cut: usize,
}

fn options() -> Option<Options> {
    let mut arguments = std::env::args().skip(1);
    let (client, directory) = (arguments.next()?, arguments.next()?);
    let mut options = Options { client, directory, secure: true, cut: 3 };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--nosec" => options.secure = false,
            "--cut" => options.cut = arguments.next()?.parse().ok().filter(|cut| *cut <= ANSWERS)?,
            _ => return None,
        }
    }
    Some(options)
}

fn play(options: &Options) -> Result<bool, Error> {
    let mut stage = Stage::new(options.secure)?;
    Ok(first_lives(&mut stage, options)? && last_life(&mut stage, options)?)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: lab-bootstrap CLIENT DIRECTORY [--nosec] [--cut N]");
        return ExitCode::from(2);
    };
    match play(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("lab-bootstrap: {error}");
            ExitCode::from(2)
        }
    }
}
