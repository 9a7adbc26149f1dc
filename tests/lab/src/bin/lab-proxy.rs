//! Bad weather for real sockets: a UDP proxy on this machine that loses, doubles and reorders datagrams, and changes
//! the source port that the upstream sees, as a NAT does when it forgets a binding.
//!
//! ```text
//! lab-proxy LISTEN-PORT UPSTREAM-PORT [--loss %] [--duplicate %] [--reorder %] [--seed N]
//!           [--rebind-every MESSAGES] [--until-eof]
//! ```
//!
//! Each client gets a socket of its own towards the upstream. Ends on SIGTERM or SIGINT, or with `--until-eof` when
//! its standard input is closed, and prints what it did. Loopback only.

use signal_hook::consts::{SIGINT, SIGTERM};
use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use whimbrel_lab::proxy::{Chances, Dice, Lane};

/// How long a datagram waits to be overtaken.
const OVERTAKING: Duration = Duration::from_millis(100);

/// The command line.
#[derive(Clone, Copy, Default)]
struct Arguments {
    listen: u16,
    upstream: u16,
    chances: Chances,
    seed: u64,
    rebind_every: Option<u32>,
    until_eof: bool,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let listen = words.next()?.parse().ok()?;
        let upstream = words.next()?.parse().ok()?;
        let mut arguments = Self { listen, upstream, ..Self::default() };
        while let Some(word) = words.next() {
            let percent = |text: String| text.parse().ok().filter(|n| *n <= 100);
            match word.as_str() {
                "--loss" => arguments.chances.loss = percent(words.next()?)?,
                "--duplicate" => arguments.chances.duplicate = percent(words.next()?)?,
                "--reorder" => arguments.chances.reorder = percent(words.next()?)?,
                "--seed" => arguments.seed = words.next()?.parse().ok()?,
                "--rebind-every" => {
                    arguments.rebind_every = Some(words.next()?.parse().ok().filter(|n| *n > 0)?)
                }
                "--until-eof" => arguments.until_eof = true,
                _ => return None,
            }
        }
        Some(arguments)
    }
}

/// A client's way up. Its way down is a thread that reads from the same socket.
struct Client {
    socket: Arc<UdpSocket>,
    lane: Lane,
    messages: u32,
}

/// What the threads share.
struct Proxy {
    listener: UdpSocket,
    upstream: SocketAddr,
    rebind_every: Option<u32>,
    dice: Mutex<Dice>,
}

impl Proxy {
    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From clients to the upstream, for ever.
    fn up(self: &Arc<Self>) -> io::Result<()> {
        let mut clients: HashMap<SocketAddr, Client> = HashMap::new();
        let mut buffer = [0; 65_536];
        loop {
            let waiting = clients.values().any(|client| client.lane.holds());
            self.listener.set_read_timeout(waiting.then_some(OVERTAKING))?;
            match self.listener.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    let client = match clients.remove(&from) {
                        Some(client) => client,
                        None => Client { socket: self.open(from)?, lane: Lane::default(), messages: 0 },
                    };
                    clients.insert(from, self.forward(client, from, &buffer[..length])?);
                }
                Err(error) if is_timeout(&error) => {
                    for client in clients.values_mut() {
                        let late = self.dice().release(&mut client.lane);
                        send(&client.socket, late, self.upstream);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn forward(
        self: &Arc<Self>,
        mut client: Client,
        from: SocketAddr,
        datagram: &[u8],
    ) -> io::Result<Client> {
        if self.rebind_every.is_some_and(|n| client.messages > 0 && client.messages.is_multiple_of(n)) {
            let old = std::mem::replace(&mut client.socket, self.open(from)?);
            // Wakes the thread that reads from the old socket, so that it ends.
            old.send_to(&[], old.local_addr()?)?;
            self.dice().counts.rebound += 1;
        }
        client.messages = client.messages.wrapping_add(1);
        let now = self.dice().pass(&mut client.lane, datagram);
        send(&client.socket, now, self.upstream);
        Ok(client)
    }

    /// A socket towards the upstream, and the thread that carries answers back.
    fn open(self: &Arc<Self>, client: SocketAddr) -> io::Result<Arc<UdpSocket>> {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?);
        let (proxy, own) = (Arc::clone(self), Arc::clone(&socket));
        thread::spawn(move || proxy.down(&own, client));
        Ok(socket)
    }

    /// From the upstream to one client, until the socket is replaced.
    fn down(&self, socket: &UdpSocket, client: SocketAddr) -> io::Result<()> {
        let (mut lane, mut buffer) = (Lane::default(), [0; 65_536]);
        let own = socket.local_addr()?;
        loop {
            socket.set_read_timeout(lane.holds().then_some(OVERTAKING))?;
            match socket.recv_from(&mut buffer) {
                Ok((_, from)) if from == own => return Ok(()),
                Ok((length, from)) if from == self.upstream => {
                    let now = self.dice().pass(&mut lane, &buffer[..length]);
                    send(&self.listener, now, client);
                }
                Ok(_) => {}
                Err(error) if is_timeout(&error) => {
                    let late = self.dice().release(&mut lane);
                    send(&self.listener, late, client);
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A datagram that cannot be sent is a lost one.
fn send(socket: &UdpSocket, datagrams: impl IntoIterator<Item = Vec<u8>>, to: SocketAddr) {
    for datagram in datagrams {
        let _ = socket.send_to(&datagram, to);
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

/// Prints the counts and ends the process when told to.
fn end_on_signal(proxy: Arc<Proxy>) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    thread::spawn(move || {
        signals.forever().next();
        finish(&proxy);
    });
    Ok(())
}

fn end_on_eof(proxy: Arc<Proxy>) {
    thread::spawn(move || {
        let mut rest = [0; 256];
        while matches!(io::stdin().read(&mut rest), Ok(1..)) {}
        finish(&proxy);
    });
}

fn finish(proxy: &Proxy) -> ! {
    println!("{}", proxy.dice().counts);
    std::process::exit(0)
}

fn run(arguments: Arguments) -> io::Result<()> {
    let listener = UdpSocket::bind((Ipv4Addr::LOCALHOST, arguments.listen))?;
    println!("The proxy listens on {}", listener.local_addr()?);
    let proxy = Arc::new(Proxy {
        listener,
        upstream: (Ipv4Addr::LOCALHOST, arguments.upstream).into(),
        rebind_every: arguments.rebind_every,
        dice: Mutex::new(Dice::new(arguments.chances, arguments.seed)),
    });
    end_on_signal(Arc::clone(&proxy))?;
    if arguments.until_eof {
        end_on_eof(Arc::clone(&proxy));
    }
    proxy.up()
}

fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(std::env::args().skip(1)) else {
        eprintln!(
            "usage: lab-proxy LISTEN-PORT UPSTREAM-PORT [--loss %] [--duplicate %] [--reorder %] [--seed N] \
             [--rebind-every MESSAGES] [--until-eof]"
        );
        return ExitCode::from(2);
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-proxy: {error}");
            ExitCode::FAILURE
        }
    }
}
