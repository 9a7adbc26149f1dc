//! The bench server on a real UDP socket of this machine, playing the demo with whichever client comes first.
//!
//! `lab-server [PORT] [--limit SECONDS]`: port 5683 if not said, 0 for any free one. Exits 0 if every step of
//! [`whimbrel_lab::demo`] happened, 1 if one did not, 2 if it could not begin.

use std::io::{Error, ErrorKind};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use whimbrel_lab::demo::{self, Wire};
use whimbrel_lab::ladder::Ladder;
use whimbrel_lab::{Server, seconds};

/// A UDP socket, a clock, and a ladder of what passes.
struct Udp {
    socket: UdpSocket,
    start: Instant,
    ladder: Ladder,
}

impl Udp {
    fn bind(port: u16) -> Result<Self, Error> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
        let ladder = Ladder::new(socket.local_addr()?);
        Ok(Self { socket, start: Instant::now(), ladder })
    }

    /// Whatever the server has to say. A datagram that cannot be sent is a lost one.
    fn flush(&self, server: &mut Server) {
        while let Some((to, bytes)) = server.output() {
            if let Ok(from) = self.socket.local_addr() {
                println!("{}", self.ladder.line(self.now(), from, to, &bytes));
            }
            if let Err(error) = self.socket.send_to(&bytes, to) {
                println!("    (not sent: {error})");
            }
        }
    }

    fn receive(&self, server: &mut Server, patience: Duration) {
        let mut buffer = [0; 65_536];
        // A timeout of zero would wait for ever.
        let patience = patience.max(Duration::from_millis(1));
        let received =
            self.socket.set_read_timeout(Some(patience)).and_then(|()| self.socket.recv_from(&mut buffer));
        match received {
            Ok((length, from)) => {
                let datagram = &buffer[..length];
                if let Ok(to) = self.socket.local_addr() {
                    println!("{}", self.ladder.line(self.now(), from, to, datagram));
                }
                server.input(self.now(), from, datagram);
            }
            // A client that is gone answers with ICMP; the server's timers decide.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::Interrupted) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => {
                println!("    (socket: {error})");
                std::thread::sleep(patience.min(Duration::from_millis(100)));
            }
        }
    }
}

impl Wire for Udp {
    fn now(&self) -> u64 {
        self.start.elapsed().as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn step(&mut self, server: &mut Server, until: u64) {
        server.poll(self.now());
        self.flush(server);
        let wake = server.next_deadline().map_or(until, |deadline| deadline.min(until));
        self.receive(server, Duration::from_millis(wake.saturating_sub(self.now())));
        server.poll(self.now());
        self.flush(server);
    }

    fn print(&mut self, line: &str) {
        println!("{line}");
    }
}

/// Port and limit in milliseconds; `None` if the arguments make no sense.
fn arguments() -> Option<(u16, u64)> {
    let (mut port, mut limit) = (5683, seconds(40));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--limit" => limit = seconds(arguments.next()?.parse::<u32>().ok()?.into()),
            number => port = number.parse().ok()?,
        }
    }
    Some((port, limit))
}

fn main() -> ExitCode {
    let Some((port, limit)) = arguments() else {
        eprintln!("usage: lab-server [PORT] [--limit SECONDS]");
        return ExitCode::from(2);
    };
    let bound = Udp::bind(port).and_then(|wire| wire.socket.local_addr().map(|address| (wire, address)));
    let (mut wire, address) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            eprintln!("lab-server: port {port}: {error}");
            return ExitCode::from(2);
        }
    };
    println!("The bench server listens on coap://{address}");
    let mut server = Server::new(u64::from(std::process::id()));
    if demo::play(demo::STEPS, &mut wire, &mut server, limit) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
