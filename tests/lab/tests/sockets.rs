//! The two programs on real sockets: the demo, played by a fake client through the proxy.

mod common;

use common::polite::Polite;
use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use whimbrel_lab::Node;

type Output = BufReader<ChildStdout>;

/// Starts a program and reads its port from the first line.
fn start(program: &str, arguments: &[&str]) -> (Child, ChildStdin, Output, String) {
    let mut command = Command::new(program);
    let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let port = line.trim().rsplit(':').next().unwrap().to_owned();
    let input = child.stdin.take().unwrap();
    (child, input, output, port)
}

fn serve(port: &str, server: &mut Child) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(format!("127.0.0.1:{port}")).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut client = Polite::new("");
    let (mut buffer, upstream) = ([0; 2048], socket.peer_addr().unwrap());
    while server.try_wait().unwrap().is_none() {
        while let Some((_, bytes)) = client.output() {
            socket.send(&bytes).unwrap();
        }
        if let Ok(length) = socket.recv(&mut buffer) {
            client.input(0, upstream, &buffer[..length]);
        }
    }
}

#[test]
fn the_demo_passes_over_udp_and_through_the_proxy() {
    let (mut server, _, mut report, port) = start(env!("CARGO_BIN_EXE_lab-server"), &["0", "--limit", "20"]);
    let weather = ["0", port.as_str(), "--duplicate", "20", "--reorder", "10", "--seed", "3", "--until-eof"];
    let (mut proxy, end, mut counts, port) = start(env!("CARGO_BIN_EXE_lab-proxy"), &weather);
    serve(&port, &mut server);
    let mut printed = String::new();
    report.read_to_string(&mut printed).unwrap();
    assert!(server.wait().unwrap().success(), "{printed}");
    drop(end);
    let mut line = String::new();
    counts.read_to_string(&mut line).unwrap();
    assert!(proxy.wait().unwrap().success());
    assert!(line.starts_with("received "), "{line}");
    assert!(!line.contains("duplicated 0"), "{line}");
    if std::env::var_os("LAB_SHOW").is_some() {
        println!("{printed}{line}");
    }
}
