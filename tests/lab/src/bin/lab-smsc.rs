//! A service centre in real time: AT modems on pseudo-terminals or Unix sockets, and UDP servers that have phone numbers.
//!
//! ```text
//! lab-smsc [--modem NUMBER=pty|unix:PATH[,OPTION…]]… [--server NUMBER=HOST:PORT[,OPTION…]]…
//!          [--latency MS-MS] [--loss %] [--duplicate %] [--seed N] [--trace] [--until-eof]
//! ```
//!
//! Options of a modem: `pin=DIGITS`, `places=N`, `echo=0`, `send=MS` (until `+CMGS`), `boot=MS`, `visible` (messages for the
//! card are shown), `stored` (no direct delivery), `phase2` (no `+CSMS=1`). A card is in it with `card=FILE` (what
//! `tools/card/card.py make` writes); then `csim=WAY`, `ccho=WAY` and `crsm=WAY` say how far the modem goes: `open`, `unknown`,
//! or the number of the `+CME ERROR` that refuses it; `named` (`+CCHO: 1`), `fetches` (what 61xx announces), `mute` (about a
//! card that is taken out), `start=MS` (until a card that is put in can be used), `apdu=MS` (that it takes). Of a server: `keys=PARAMETERS:SECRET` (`/0/x/7` and
//! `/0/x/8` in hexadecimal: secured packets end here), `carrier=PIDDCS` (of what it sends), `dtls` (nothing is cut), `vp=N`
//! (TP-VP).
//!
//! What a device sends to a server's number goes as one UDP datagram from a socket of the device's own, so the server sees a
//! peer; what comes back to that socket goes to the device as short messages. Lines on standard output are JSON: where the
//! modems are, `{"ready":true}`, then an answer for each line of standard input: `stats`, `log`, `reset NUMBER`,
//! `full NUMBER`, `offline NUMBER`, `online NUMBER`, `unplug NUMBER`, `plug NUMBER`, `silent NUMBER MS`,
//! `fault NUMBER PREFIX RESULT`, `pull NUMBER` and `insert NUMBER [FILE]` (the card), `rewrite NUMBER FILE` (other files on the
//! same card, as an operator does over the air: keys, counters and channels stay, nobody is told), `apdus NUMBER` (the card's
//! trace, with PINs and whatever else is secret), `card NUMBER` (what becomes of its messages), `lose N [NUMBER]`, `double N [NUMBER]`, `hold N MS [NUMBER]`, and `peer NUMBER SERVER`: the
//! port where that server reaches the number, also one that was silent so far. `--trace` prints each short message on standard
//! error. A socket's modem stores messages while nobody is connected.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use whimbrel_lab::sms::modem::{Access, Options};
use whimbrel_lab::sms::{
    Carrier, Centre, Fate, Fault, Gateway, Keys, Modem, Record, Validity, Weather, tpdu,
};
use whimbrel_lab::text::hex;
use whimbrel_lab::uicc::Uicc;

/// What the threads tell the one that does the work.
enum Event {
    /// Somebody listens to a modem from now on.
    Opened(usize, Sender<Vec<u8>>),
    Bytes(usize, Vec<u8>),
    Closed(usize),
    /// To a server's socket for this number.
    Datagram(usize, String, Vec<u8>),
    Line(String),
    End,
}

/// A modem and who listens to it.
struct Port {
    number: String,
    modem: Modem,
    /// What is in it, or was last.
    card: Option<Card>,
    listener: Option<Sender<Vec<u8>>>,
}

type Card = Arc<Mutex<Uicc>>;

/// A server that has a number.
struct Behind {
    gateway: Gateway,
    address: SocketAddr,
    sockets: HashMap<String, Arc<UdpSocket>>,
}

/// The command line.
struct Arguments {
    modems: Vec<(String, String)>,
    servers: Vec<(String, String)>,
    weather: Weather,
    seed: u64,
    trace: bool,
    until_eof: bool,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let (modems, servers, weather) = (Vec::new(), Vec::new(), Weather::default());
        let mut all = Self { modems, servers, weather, seed: 1, trace: false, until_eof: false };
        while let Some(word) = words.next() {
            let mut pair = || words.next()?.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned()));
            match word.as_str() {
                "--modem" => all.modems.push(pair()?),
                "--server" => all.servers.push(pair()?),
                "--latency" => {
                    let text = words.next()?;
                    let (least, most) = text.split_once('-').unwrap_or((&text, &text));
                    all.weather.delay = least.parse().ok()?;
                    all.weather.jitter = most.parse::<u64>().ok()?.checked_sub(all.weather.delay)?;
                }
                "--loss" => all.weather.loss = words.next()?.parse().ok().filter(|n| *n <= 100)?,
                "--duplicate" => {
                    all.weather.duplication = words.next()?.parse().ok().filter(|n| *n <= 100)?
                }
                "--seed" => all.seed = words.next()?.parse().ok()?,
                "--trace" => all.trace = true,
                "--until-eof" => all.until_eof = true,
                _ => return None,
            }
        }
        Some(all)
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_owned())
}

fn from_hex(text: &str) -> io::Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
    pairs.map(|pair| u8::from_str_radix(pair, 16).map_err(|_| wrong(text))).collect()
}

/// How far a modem goes with a way to its card.
fn access(word: &str) -> io::Result<Access> {
    match word {
        "open" => Ok(Access::Open),
        "unknown" => Ok(Access::Unknown),
        _ => word.parse().map(Access::Refused).map_err(|_| wrong(word)),
    }
}

/// The card that `card.py make` wrote.
fn card(path: &str) -> io::Result<Card> {
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&format!("{path}: {error}")))?;
    let card = Uicc::from_json(&text).map_err(|error| wrong(&format!("{path}: {error}")))?;
    Ok(Arc::new(Mutex::new(card)))
}

/// A model of modem, from `pty,pin=1234,places=5`.
fn model(words: &[&str]) -> io::Result<Options> {
    let mut options = Options { type_ahead: true, ..Options::default() };
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let number = || value.parse::<u64>().map_err(|_| wrong(word));
        match key {
            "pin" => options.pin = Some(value.to_owned()),
            "places" => options.places = number()? as usize,
            "echo" => options.echo = number()? != 0,
            "send" => options.send_delay = number()?,
            "boot" => options.boot = number()?,
            "visible" => options.card_takes = false,
            "stored" => options.direct = false,
            "phase2" => options.phase_2_plus = false,
            "card" => {}
            "csim" => options.generic = access(value)?,
            "ccho" => options.channels = access(value)?,
            "crsm" => options.restricted = access(value)?,
            "named" => options.bare_session = false,
            "fetches" => options.fetches = true,
            "mute" => options.tells_card = false,
            "start" => options.card_start = number()?,
            "apdu" => options.card_delay = number()?,
            _ => return Err(wrong(word)),
        }
    }
    Ok(options)
}

fn server(centre: &Centre, number: &str, text: &str) -> io::Result<Behind> {
    let mut words = text.split(',');
    let address = words.next().unwrap_or_default().to_socket_addrs()?.find(SocketAddr::is_ipv4);
    let address = address.ok_or_else(|| wrong(text))?;
    let mut gateway = Gateway::new(centre, number);
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "keys" => {
                let (parameters, secret) = value.split_once(':').ok_or_else(|| wrong(word))?;
                let keys = Keys::from_resources(&from_hex(parameters)?, &from_hex(secret)?);
                gateway.protect(keys.map_err(wrong)?);
            }
            "carrier" => {
                let [pid, dcs] = from_hex(value)?[..] else { return Err(wrong(word)) };
                (gateway.carrier, gateway.secured) = (Carrier { pid, dcs }, Carrier { pid, dcs });
            }
            "dtls" => gateway.concatenation = false,
            "vp" => gateway.validity = Validity::Relative(value.parse().map_err(|_| wrong(word))?),
            _ => return Err(wrong(word)),
        }
    }
    Ok(Behind { gateway, address, sockets: HashMap::new() })
}

/// A thread that writes what it is told, so that a host that does not read holds up nobody else.
fn writer(mut to: impl Write + Send + 'static) -> Sender<Vec<u8>> {
    let (sender, receiver) = channel::<Vec<u8>>();
    thread::spawn(move || receiver.iter().try_for_each(|bytes| to.write_all(&bytes)));
    sender
}

/// Reads until the end.
fn reader(mut from: impl Read, place: usize, events: &Sender<Event>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let _ = events.send(Event::Bytes(place, buffer[..length].to_vec()));
    }
}

/// A pseudo-terminal without line discipline; the path of its other side.
fn pty(place: usize, events: &Sender<Event>) -> io::Result<String> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())).to_path_buf();
    let slave = File::options().read(true).write(true).open(&path)?;
    let mut settings = tcgetattr(&slave)?;
    settings.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &settings)?;
    let (from, to) = (File::from(master.try_clone()?), File::from(master));
    let _ = events.send(Event::Opened(place, writer(to)));
    let events = events.clone();
    thread::spawn(move || {
        // while this side holds it too, a host that closes it hangs up nothing
        let _slave = slave;
        reader(from, place, &events);
    });
    Ok(path.display().to_string())
}

/// A Unix socket that takes one host after the other.
fn unix(path: &str, place: usize, events: &Sender<Event>) -> io::Result<()> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    let events = events.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(to) = stream.try_clone() else { continue };
            let _ = events.send(Event::Opened(place, writer(to)));
            reader(stream, place, &events);
            let _ = events.send(Event::Closed(place));
        }
    });
    Ok(())
}

struct Exchange {
    start: Instant,
    centre: Centre,
    ports: Vec<Port>,
    servers: Vec<Behind>,
    events: Sender<Event>,
    trace: bool,
    traced: usize,
}

impl Exchange {
    fn new(arguments: &Arguments, events: &Sender<Event>) -> io::Result<Self> {
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let centre = Centre::new(arguments.seed, time.as_secs() as i64);
        centre.weather(arguments.weather);
        let servers = arguments.servers.iter().map(|(number, text)| server(&centre, number, text));
        let servers = servers.collect::<io::Result<_>>()?;
        let mut ports = Vec::new();
        for (place, (number, text)) in arguments.modems.iter().enumerate() {
            let words: Vec<&str> = text.split(',').collect();
            let mut modem = Modem::new(centre.phone(number), model(&words[1..])?);
            modem.plug(0, false);
            let file = words.iter().find_map(|word| word.strip_prefix("card="));
            let card = file.map(card).transpose()?;
            if let Some(card) = &card {
                modem.fit(Box::new(Arc::clone(card)));
            }
            ports.push(Port { number: number.clone(), modem, card, listener: None });
            let path = match words[0].strip_prefix("unix:") {
                Some(path) => unix(path, place, events).map(|()| path.to_owned())?,
                None if words[0] == "pty" => pty(place, events)?,
                None => return Err(wrong(text)),
            };
            println!("{}", json!({ "modem": number, "path": path }));
        }
        let (events, trace) = (events.clone(), arguments.trace);
        Ok(Self { start: Instant::now(), centre, ports, servers, events, trace, traced: 0 })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn run(&mut self, events: &Receiver<Event>) -> io::Result<()> {
        loop {
            let now = self.now();
            self.step(now)?;
            let modems = self.ports.iter().filter_map(|port| port.modem.next_deadline());
            let servers = self.servers.iter().filter_map(|server| server.gateway.next_deadline());
            let next = modems.chain(servers).min().unwrap_or(u64::MAX);
            let patience = next.saturating_sub(self.now()).clamp(1, 60_000);
            match events.recv_timeout(Duration::from_millis(patience)) {
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Ok(event) => self.event(event),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Does what is due.
    fn step(&mut self, now: u64) -> io::Result<()> {
        for port in &mut self.ports {
            let said = port.modem.output(now);
            if let (Some(listener), false) = (&port.listener, said.is_empty()) {
                let _ = listener.send(said);
            }
        }
        for place in 0..self.servers.len() {
            while let Some((number, datagram)) = self.servers[place].gateway.receive(now) {
                let socket = self.socket(place, &number)?;
                // one that cannot be sent is a lost one
                let _ = socket.send(&datagram);
            }
        }
        self.show();
        Ok(())
    }

    /// The socket by which a server sees a number, and the thread that reads from it.
    fn socket(&mut self, place: usize, number: &str) -> io::Result<Arc<UdpSocket>> {
        let server = &mut self.servers[place];
        if let Some(socket) = server.sockets.get(number) {
            return Ok(Arc::clone(socket));
        }
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(server.address)?;
        let socket = Arc::new(socket);
        server.sockets.insert(number.to_owned(), Arc::clone(&socket));
        let (own, number, events) = (Arc::clone(&socket), number.to_owned(), self.events.clone());
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            loop {
                match own.recv(&mut buffer) {
                    Ok(length) => {
                        let datagram = buffer[..length].to_vec();
                        let _ = events.send(Event::Datagram(place, number.clone(), datagram));
                    }
                    // nobody is there yet
                    Err(_) => thread::sleep(Duration::from_millis(50)),
                }
            }
        });
        Ok(socket)
    }

    fn event(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Opened(place, listener) => {
                self.ports[place].listener = Some(listener);
                self.ports[place].modem.plug(now, true);
            }
            Event::Closed(place) => {
                self.ports[place].listener = None;
                self.ports[place].modem.plug(now, false);
            }
            Event::Bytes(place, bytes) => self.ports[place].modem.input(now, &bytes),
            Event::Datagram(place, number, datagram) => {
                self.servers[place].gateway.send(now, &number, &datagram);
            }
            Event::Line(line) => {
                let words: Vec<&str> = line.split_whitespace().collect();
                let answer = self.order(now, &words).unwrap_or_else(|| json!({ "error": line }));
                println!("{answer}");
            }
            Event::End => {}
        }
    }

    /// A line of standard input; `None` if it makes no sense.
    fn order(&mut self, now: u64, words: &[&str]) -> Option<Value> {
        let number = |at: usize| words.get(at)?.parse::<u64>().ok();
        let whose = |at: usize| words.get(at).copied().unwrap_or("");
        match *words.first()? {
            "stats" => return Some(self.statistics()),
            "log" => return Some(self.centre.records().iter().map(in_json).collect()),
            "lose" => self.centre.drop_next(whose(2), number(1)? as u32),
            "double" => self.centre.duplicate_next(whose(2), number(1)? as u32),
            "hold" => self.centre.hold_next(whose(3), number(1)? as u32, number(2)?),
            "peer" => {
                let server = |server: &Behind| server.gateway.phone().number() == whose(2);
                let place = self.servers.iter().position(server)?;
                let socket = self.socket(place, words.get(1)?).ok()?;
                return Some(json!({ "port": socket.local_addr().ok()?.port() }));
            }
            order => {
                let port = self.ports.iter_mut().find(|port| port.number == whose(1));
                match (order, port) {
                    ("offline", None) => self.centre.reachable(now, words.get(1)?, false),
                    ("online", None) => self.centre.reachable(now, words.get(1)?, true),
                    ("apdus", Some(port)) => return port.apdus(),
                    ("card", Some(port)) => return port.messages(),
                    ("rewrite", Some(port)) => port.rewrite(words.get(2)?)?,
                    ("insert", Some(port)) => port.insert(now, words.get(2).copied())?,
                    (_, Some(port)) => to_modem(&mut port.modem, now, words)?,
                    _ => return None,
                }
            }
        }
        Some(json!({ "ok": true }))
    }

    fn statistics(&self) -> Value {
        let sums = self.centre.statistics();
        let modems = self.ports.iter().map(|port| {
            let (used, places) = port.modem.used("ME");
            json!({
                "number": port.number, "commands": port.modem.commands().len(), "used": used, "places": places,
                "for_card": port.modem.for_card().len(), "lost_bytes": port.modem.lost_bytes(),
                "routing": port.modem.routing(),
            })
        });
        let servers = self.servers.iter().map(|server| {
            let dropped = server.gateway.dropped.iter();
            let dropped: Vec<_> =
                dropped.map(|(at, from, why)| json!([at, from, format!("{why:?}")])).collect();
            let (number, datagrams) = (server.gateway.phone().number(), server.gateway.records().len());
            json!({ "number": number, "datagrams": datagrams, "dropped": dropped })
        });
        json!({
            "submitted": sums.submitted, "refused": sums.refused, "octets": sums.octets, "lost": sums.lost,
            "duplicated": sums.duplicated, "delivered": sums.delivered, "expired": sums.expired,
            "unknown": sums.unknown, "reports": sums.reports,
            "modems": modems.collect::<Vec<_>>(), "servers": servers.collect::<Vec<_>>(),
        })
    }

    /// Prints the short messages that are new.
    fn show(&mut self) {
        let records = self.centre.records();
        for record in records.iter().skip(self.traced).filter(|_| self.trace) {
            eprintln!("{}", line(record));
        }
        self.traced = records.len();
    }
}

impl Port {
    /// Puts a card in: another one, or the one that was there.
    fn insert(&mut self, now: u64, file: Option<&str>) -> Option<()> {
        if let Some(file) = file {
            self.card = Some(card(file).ok()?);
        }
        self.modem.insert_card(now, Box::new(Arc::clone(self.card.as_ref()?)));
        Some(())
    }

    /// Gives the card the files of another one.
    fn rewrite(&self, file: &str) -> Option<()> {
        let other = card(file).ok()?;
        let root = other.lock().unwrap_or_else(PoisonError::into_inner).description.root.clone();
        self.card.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).description.root = root;
        Some(())
    }

    /// How many messages wait on the card, and why it dropped others.
    fn messages(&self) -> Option<Value> {
        let card = self.card.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = card.dropped.iter().map(|why| format!("{why:?}"));
        Some(json!({ "waiting": card.waiting(), "dropped": dropped.collect::<Vec<_>>() }))
    }

    /// What was said to the card and what it answered.
    fn apdus(&self) -> Option<Value> {
        let card = self.card.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = card.trace.iter().map(|(command, response)| json!([hex(command), hex(response)]));
        Some(json!({ "apdus": lines.collect::<Vec<_>>() }))
    }
}

fn to_modem(modem: &mut Modem, now: u64, words: &[&str]) -> Option<()> {
    match *words.first()? {
        "reset" => modem.reset(now),
        "full" => modem.fill(),
        "offline" => modem.register(now, 2),
        "online" => modem.register(now, 1),
        "unplug" => modem.plug(now, false),
        "plug" => modem.plug(now, true),
        "pull" => _ = modem.remove_card(now),
        "silent" => modem.silent_until(now + words.get(2)?.parse::<u64>().ok()?),
        "fault" => modem.fault_on(words.get(2)?, Fault::Result(words.get(3..)?.join(" "))),
        _ => return None,
    }
    Some(())
}

/// Which part of how many.
fn part(record: &Record) -> (u8, u8) {
    let data = record.submit.as_ref().map(|submit| &submit.data);
    let element = |id| data.and_then(|data| data.element(id));
    match (element(tpdu::CONCATENATION), element(tpdu::CONCATENATION_16)) {
        (Some(&[_, total, part]), _) | (_, Some(&[_, _, total, part])) => (part, total),
        _ => (1, 1),
    }
}

/// A short message on one line: time, from, to, part, octets of user data, the first of them.
fn line(record: &Record) -> String {
    let Record { time, from, to, submit, tpdu, .. } = record;
    let seconds = format!("{:>5}.{:03}", time / 1000, time % 1000);
    let Some(submit) = submit else {
        return format!("{seconds}  {from} -> {to}  status report {:02x}", tpdu.last().unwrap_or(&0));
    };
    let (part, total) = part(record);
    let lost = if record.copies.is_empty() { "  lost" } else { "" };
    let first = hex(&submit.data.payload[..submit.data.payload.len().min(16)]);
    format!("{seconds}  {from} -> {to}  {part}/{total}  {:>3} bytes  {first}{lost}", submit.data.octets())
}

fn in_json(record: &Record) -> Value {
    let (part, total) = part(record);
    let copies = record.copies.iter().map(|fate| match fate {
        Fate::Arriving(at) => json!({ "arriving": at }),
        Fate::Delivered(at) => json!({ "delivered": at }),
        Fate::Expired(at) => json!({ "expired": at }),
        Fate::Unknown(at) => json!({ "unknown": at }),
    });
    json!({
        "time": record.time, "from": record.from, "to": record.to, "part": part, "parts": total,
        "tpdu": hex(&record.tpdu), "report": record.submit.is_none(), "copies": copies.collect::<Vec<_>>(),
    })
}

/// Lines of standard input, as long as there are some.
fn listen(events: &Sender<Event>, until_eof: bool) {
    let events = events.clone();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
            let _ = events.send(Event::Line(line));
        }
        if until_eof {
            let _ = events.send(Event::End);
        }
    });
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let (events, received) = channel();
    let mut exchange = Exchange::new(arguments, &events)?;
    listen(&events, arguments.until_eof);
    println!("{}", json!({ "ready": true }));
    exchange.run(&received)
}

fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(std::env::args().skip(1)) else {
        eprintln!(
            "usage: lab-smsc [--modem NUMBER=pty|unix:PATH[,OPTION...]]... [--server NUMBER=HOST:PORT[,OPTION...]]...\n\
             \x20               [--latency MS-MS] [--loss %] [--duplicate %] [--seed N] [--trace] [--until-eof]"
        );
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-smsc: {error}");
            ExitCode::from(2)
        }
    }
}
