//! A bench server behind DTLS on a real UDP socket, and a client that loses power in the middle: what the demo shows of
//! security.
//!
//! `lab-dtls CLIENT DIRECTORY`: runs `CLIENT coaps://… IDENTITY KEY DIRECTORY` (examples-c/psk.c), kills it once it was read, and runs
//! it again. Exits 0 if it registered by one handshake, and went on after the power cut with an Update and none; 1 if not,
//! 2 if it could not begin.

use std::io::Error;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use whimbrel_lab::dtls::{Gate, Settings, records};
use whimbrel_lab::{Code, Node, Operation, Server, seconds};

const IDENTITY: &str = "whimbrel-demo";
const KEY: [u8; 16] = *b"not a secret key";
/// How long each part may take, in milliseconds.
const PATIENCE: u64 = seconds(15);

struct Stage {
    socket: UdpSocket,
    start: Instant,
    gate: Gate,
    server: Server,
    datagrams: usize,
    bytes: usize,
}

impl Stage {
    fn new() -> Result<Self, Error> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let settings = Settings { psks: vec![(IDENTITY.into(), KEY.to_vec())], ..Settings::default() };
        let seed = u64::from(std::process::id());
        let (gate, server) = (Gate::new(&settings, seed), Server::new(seed));
        Ok(Self { socket, start: Instant::now(), gate, server, datagrams: 0, bytes: 0 })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn show(&mut self, arrow: &str, datagram: &[u8]) {
        self.datagrams += 1;
        self.bytes += datagram.len();
        println!("  {:>6} ms  {arrow}  {:>4} bytes  {}", self.now(), datagram.len(), describe(datagram));
    }

    /// Sends what is to be sent, and takes what comes within some milliseconds.
    fn turn(&mut self) {
        let now = self.now();
        self.gate.before(&mut self.server).poll(now);
        while let Some((to, bytes)) = self.gate.before(&mut self.server).output() {
            self.show("<--", &bytes);
            // one that cannot be sent is a lost one
            let _ = self.socket.send_to(&bytes, to);
        }
        let mut buffer = [0; 4096];
        let _ = self.socket.set_read_timeout(Some(Duration::from_millis(20)));
        if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            self.show("-->", &buffer[..length]);
            let now = self.now();
            self.gate.before(&mut self.server).input(now, from, &buffer[..length]);
        }
    }

    /// Goes on until the condition holds; false if it takes too long.
    fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> bool {
        let end = self.now() + PATIENCE;
        while !condition(self) {
            if self.now() > end {
                println!("  did not happen: {what}");
                return false;
            }
            self.turn();
        }
        true
    }

    fn reads(&mut self) -> bool {
        let request = self.server.read_as("/3/0/1", whimbrel_lab::format::TLV);
        let read = self.until("the answer to a Read", |stage| stage.server.outcome(request).is_some());
        read && self.server.code(request) == Some(Code::CONTENT)
    }

    /// What was on air since the last call.
    fn cost(&mut self) -> (usize, usize) {
        let cost = (self.datagrams, self.bytes);
        (self.datagrams, self.bytes) = (0, 0);
        cost
    }
}

/// The records of a datagram in words, as far as they can be seen from outside.
fn describe(datagram: &[u8]) -> String {
    let hello = |body: &[u8]| match body.first() {
        Some(1) => "ClientHello",
        Some(2) => "ServerHello",
        Some(3) => "HelloVerifyRequest",
        Some(12) => "ServerKeyExchange",
        Some(14) => "ServerHelloDone",
        Some(16) => "ClientKeyExchange",
        _ => "handshake",
    };
    let Some(found) = records::parse(datagram) else { return "NOT DTLS".into() };
    let names = found.iter().map(|record| match (record.kind, record.epoch) {
        (records::HANDSHAKE, 0) => hello(&record.body).to_owned(),
        (records::HANDSHAKE, _) => "Finished".to_owned(),
        (records::CHANGE_CIPHER_SPEC, _) => "ChangeCipherSpec".to_owned(),
        (records::ALERT, _) => "alert".to_owned(),
        (records::WITH_CID, _) => format!("record {} with Connection ID", record.sequence),
        _ => format!("record {}", record.sequence),
    });
    names.collect::<Vec<_>>().join(", ")
}

fn run(client: &str, stage: &Stage, directory: &str) -> Result<Child, Error> {
    let address = stage.socket.local_addr()?;
    let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    Command::new(client)
        .args([&format!("coaps://{address}"), IDENTITY, &key, directory])
        .stdout(Stdio::null())
        .spawn()
}

fn play(client: &str, directory: &str) -> Result<bool, Error> {
    let mut stage = Stage::new()?;
    println!("A device with a pre-shared key, for the first time:");
    let mut device = run(client, &stage, directory)?;
    let began = stage.until("a Register", |stage| stage.server.count(Operation::Register) == 1) && {
        // the answer is on its way
        stage.turn();
        let (datagrams, bytes) = stage.cost();
        println!("  registered: {datagrams} datagrams, {bytes} bytes. The server reads /3/0/1:");
        stage.reads()
    };
    device.kill()?;
    device.wait()?;
    stage.cost();
    println!("Power is cut, and comes again; the device has another port:");
    let mut device = run(client, &stage, directory)?;
    let went_on = began && stage.until("an Update", |stage| stage.server.count(Operation::Update) == 1) && {
        stage.turn();
        let (datagrams, bytes) = stage.cost();
        println!("  updated: {datagrams} datagrams, {bytes} bytes, no handshake. The server reads /3/0/1:");
        stage.reads()
    };
    device.kill()?;
    device.wait()?;
    Ok(went_on && stage.gate.handshakes() == (1, 0) && stage.server.count(Operation::Register) == 1)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [client, directory] = arguments.as_slice() else {
        eprintln!("usage: lab-dtls CLIENT DIRECTORY");
        return ExitCode::from(2);
    };
    match play(client, directory) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("lab-dtls: {error}");
            ExitCode::from(2)
        }
    }
}
