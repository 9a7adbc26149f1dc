//! `lab-smsc` in real time: a host at its modem, a server behind its number, and its standard input.

use serde_json::Value;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use whimbrel_lab::sms::packet::{Association, Keys};
use whimbrel_lab::sms::tpdu::{COMMAND, Element};
use whimbrel_lab::sms::{Deliver, Submit, UserData, address, number};
use whimbrel_lab::text::hex;

const PATIENCE: Duration = Duration::from_secs(20);

struct Smsc {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Where the modems are.
    paths: Vec<String>,
}

impl Smsc {
    fn start(arguments: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab-smsc"));
        command.args(arguments).arg("--until-eof").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut smsc = Self { child, input, output: BufReader::new(output).lines(), paths: Vec::new() };
        loop {
            let line = smsc.line();
            match line["path"].as_str() {
                Some(path) => smsc.paths.push(path.to_owned()),
                None => break assert_eq!(line["ready"], true),
            }
        }
        smsc
    }

    fn line(&mut self) -> Value {
        serde_json::from_str(&self.output.next().expect("a line").unwrap()).expect("JSON")
    }

    fn order(&mut self, line: &str) -> Value {
        writeln!(self.input, "{line}").unwrap();
        self.line()
    }

    fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}

/// Reads until it ends like this.
fn until(stream: &mut impl Read, end: &str) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(end.as_bytes()) {
        let mut byte = [0];
        let read = stream.read(&mut byte);
        assert!(matches!(read, Ok(1)), "{read:?} after {:?}", String::from_utf8_lossy(&heard));
        heard.push(byte[0]);
    }
    String::from_utf8(heard).unwrap()
}

fn say(stream: &mut (impl Read + Write), line: &str, end: &str) -> String {
    stream.write_all(line.as_bytes()).unwrap();
    until(stream, end)
}

/// The TPDU of the next `+CMT`.
fn shown(stream: &mut impl Read) -> Deliver {
    until(stream, "+CMT: ,");
    until(stream, "\r\n");
    let line = until(stream, "\r\n");
    let digits: Vec<_> = line.trim().chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    Deliver::parse(address::take_centre(&bytes).unwrap().1).unwrap()
}

fn send(stream: &mut (impl Read + Write), data: UserData) {
    let tpdu = Submit::new(&number(23), data).bytes();
    assert!(say(stream, &format!("AT+CMGS={}\r", tpdu.len()), "> ").contains("> "));
    assert!(say(stream, &format!("00{}\u{1a}", hex(&tpdu)), "OK\r\n").contains("+CMGS: "));
}

fn server() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, std::net::SocketAddr) {
    let mut buffer = [0; 2048];
    let (length, from) = socket.recv_from(&mut buffer).expect("a datagram");
    (buffer[..length].to_vec(), from)
}

#[test]
fn a_unix_socket_is_a_modem_and_packets_end_in_the_centre() {
    let path: PathBuf = std::env::temp_dir().join(format!("lab-smsc-{}", std::process::id()));
    let socket = server();
    let (parameters, secret) =
        ("121216B20203", "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
    let at = socket.local_addr().unwrap();
    let mut smsc = Smsc::start(&[
        "--modem".into(),
        format!("{}=unix:{},echo=0,send=10", number(99), path.display()),
        "--server".into(),
        format!("{}={at},keys={parameters}:{secret},carrier=0004", number(23)),
        "--latency".into(),
        "10-30".into(),
    ]);
    let mut host = UnixStream::connect(&path).unwrap();
    host.set_read_timeout(Some(PATIENCE)).unwrap();
    say(&mut host, "AT+CNMI=2,2,0,0,0\r", "OK\r\n");
    let kic: Vec<u8> = (0..16).collect();
    let kid: Vec<u8> = (16..32).collect();
    let mut keys = Association::new(Keys::new(0x12, 0x12, &kic, &kid));
    let header = vec![Element { id: COMMAND, data: Vec::new() }];
    send(&mut host, UserData { header, ..UserData::plain(&keys.protect(b"\x40\x01\x00\x01coap").unwrap()) });
    let (datagram, from) = receive(&socket);
    assert_eq!(datagram, b"\x40\x01\x00\x01coap", "the server sees plain CoAP");
    socket.send_to(&[7; 200], from).unwrap();
    let parts = [shown(&mut host).data, shown(&mut host).data];
    let mut reassembly = whimbrel_lab::sms::parts::Reassembly::default();
    let whole = parts.into_iter().find_map(|data| reassembly.take(0, "server", data)).expect("two parts");
    assert_eq!(keys.open(&whole.payload), Ok(vec![7; 200]));
    send(&mut host, UserData::plain(b"not protected"));
    let mut stats = smsc.order("stats");
    while stats["servers"][0]["dropped"] == serde_json::json!([]) {
        stats = smsc.order("stats");
    }
    assert_eq!(stats["servers"][0]["dropped"][0][2], "Unprotected");
    assert_eq!(stats["submitted"], 4);
    assert_eq!(smsc.order("nonsense")["error"], "nonsense");
    drop(host);
    smsc.end();
    let _ = std::fs::remove_file(path);
}

#[test]
fn a_pseudo_terminal_is_a_modem_and_obeys_orders() {
    let socket = server();
    let mut smsc = Smsc::start(&[
        "--modem".into(),
        format!("{}=pty,send=10,boot=50", number(99)),
        "--server".into(),
        format!("{}={}", number(23), socket.local_addr().unwrap()),
    ]);
    let mut host = std::fs::File::options().read(true).write(true).open(&smsc.paths[0]).unwrap();
    assert_eq!(
        say(&mut host, "ATE0\r", "OK\r\n"),
        "ATE0\r\r\nOK\r\n",
        "a raw line, and the modem's own echo"
    );
    say(&mut host, "AT+CNMI=2,2,0,0,0\r", "OK\r\n");
    send(&mut host, UserData::plain(b"one"));
    let (datagram, from) = receive(&socket);
    assert_eq!(datagram, b"one");
    assert_eq!(smsc.order("lose 1")["ok"], true);
    send(&mut host, UserData::plain(b"two"));
    send(&mut host, UserData::plain(b"three"));
    assert_eq!(receive(&socket), (b"three".to_vec(), from), "the same peer, and one message less");
    socket.send_to(b"answer", from).unwrap();
    assert_eq!(shown(&mut host).data.payload, b"answer");
    smsc.order(&format!("fault {} AT+CSQ +CME ERROR: 100", number(99)));
    assert_eq!(say(&mut host, "AT+CSQ\r", "100\r\n"), "\r\n+CME ERROR: 100\r\n");
    smsc.order(&format!("reset {}", number(99)));
    assert_eq!(until(&mut host, "+CFUN: 1\r\n"), "\r\nRDY\r\n\r\n+CFUN: 1\r\n");
    let log = smsc.order("log");
    let lost = log.as_array().unwrap().iter().filter(|sms| sms["copies"].as_array().unwrap().is_empty());
    assert_eq!((log.as_array().unwrap().len(), lost.count()), (4, 1));
    smsc.end();
}

/// A master file and EF(ICCID).
const CARD: &str = r#"{ "format": "whimbrel-card 1",
    "root": { "id": "3F00", "files": [{ "id": "2FE2", "content": "98881000000000002143" }] } }"#;

#[test]
fn a_card_in_the_modem_is_read_pulled_out_and_put_back() {
    let file = std::env::temp_dir().join(format!("lab-smsc-card-{}", std::process::id()));
    std::fs::write(&file, CARD).unwrap();
    let device = number(99);
    let mut smsc = Smsc::start(&[
        "--modem".into(),
        format!("{device}=pty,echo=0,card={},ccho=unknown,crsm=4,start=50", file.display()),
    ]);
    let mut host = std::fs::File::options().read(true).write(true).open(&smsc.paths[0]).unwrap();
    say(&mut host, "AT+CMEE=1\r", "OK\r\n");
    assert_eq!(say(&mut host, "AT+CCHO=?\r", "ERROR\r\n"), "\r\nERROR\r\n");
    assert_eq!(say(&mut host, "AT+CRSM=176,12258,0,0,10\r", "ERROR: 4\r\n"), "\r\n+CME ERROR: 4\r\n");
    say(&mut host, "AT+CSIM=14,\"00A4000C022FE2\"\r", "+CSIM: 4,\"9000\"\r\n\r\nOK\r\n");
    say(&mut host, "AT+CSIM=10,\"00B000000A\"\r", "+CSIM: 24,\"988810000000000021439000\"\r\n\r\nOK\r\n");
    let apdus = smsc.order(&format!("apdus {device}"));
    assert_eq!(apdus["apdus"][1], serde_json::json!(["00b000000a", "988810000000000021439000"]));
    assert_eq!(smsc.order(&format!("pull {device}"))["ok"], true);
    assert_eq!(until(&mut host, "INSERTED\r\n"), "\r\n+CPIN: NOT INSERTED\r\n");
    say(&mut host, "AT+CSIM=10,\"00B000000A\"\r", "+CME ERROR: 10\r\n");
    std::fs::write(&file, CARD.replace("9888", "9899")).unwrap();
    assert_eq!(smsc.order(&format!("insert {device} {}", file.display()))["ok"], true);
    until(&mut host, "+CPIN: READY\r\n");
    say(&mut host, "AT+CSIM=14,\"00A4000C022FE2\"\r", "+CSIM: 4,\"9000\"\r\n\r\nOK\r\n");
    say(&mut host, "AT+CSIM=10,\"00B000000A\"\r", "+CSIM: 24,\"989910000000000021439000\"\r\n\r\nOK\r\n");
    smsc.end();
    let _ = std::fs::remove_file(file);
}
