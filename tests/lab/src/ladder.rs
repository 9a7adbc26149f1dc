//! An exchange as a message ladder: one line a datagram, the client on the left, the server on the right.
//!
//! ```text
//!    0.012  client ──▶ server  CON 1  POST /rd?ep=node&lt=60 [4a] link-format  </1/0>,</3/0>
//!    0.013  client ◀── server  ACK 1  2.01 Created [4a] Location /rd/1
//! ```

use crate::coap::{self, Code, Message, Type};
use crate::format;
use crate::net::{Peer, Record};
use crate::options::{self, Block, read_uint};
use crate::text::{cut, hex, payload};

/// How wide a line may be.
const WIDTH: usize = 120;

/// Prints datagrams; knows who is the server and what the others are called.
#[derive(Clone, Debug)]
pub struct Ladder {
    server: Peer,
    names: Vec<(Peer, String)>,
}

impl Ladder {
    /// A ladder in which everyone but this peer is called `client`, unless named.
    pub fn new(server: Peer) -> Self {
        Self { server, names: Vec::new() }
    }

    /// Calls a client by a name.
    pub fn name(mut self, peer: Peer, name: &str) -> Self {
        self.names.push((peer, name.into()));
        self
    }

    /// One line.
    pub fn line(&self, time: u64, from: Peer, to: Peer, datagram: &[u8]) -> String {
        cut(&self.draw(time, from, to, datagram, "──"), WIDTH)
    }

    /// One line for a datagram of a [`crate::Network`]; a lost one has a broken arrow.
    pub fn record(&self, record: &Record) -> String {
        let shaft = if record.arrivals.is_empty() { "╌×" } else { "──" };
        let twice = if record.arrivals.len() > 1 { "  (arrives twice)" } else { "" };
        let line = self.draw(record.time, record.from, record.to, &record.bytes, shaft);
        cut(&line, WIDTH - twice.len()) + twice
    }

    /// All lines of a recording, each ended by a line feed.
    pub fn all(&self, records: &[Record]) -> String {
        records.iter().map(|record| self.record(record) + "\n").collect()
    }

    fn draw(&self, time: u64, from: Peer, to: Peer, datagram: &[u8], shaft: &str) -> String {
        let client = if from == self.server { to } else { from };
        let named = self.names.iter().find(|(peer, _)| *peer == client);
        let client = named.map_or("client", |(_, name)| name.as_str());
        let arrow = if from == self.server { format!("◀{shaft}") } else { format!("{shaft}▶") };
        let seconds = time as f64 / 1000.0;
        format!("{seconds:>9.3}  {client} {arrow} server  {}", describe(datagram))
    }
}

/// A datagram in words: type, ID, method or code, path, token, options, payload.
pub fn describe(datagram: &[u8]) -> String {
    match Message::parse(datagram) {
        Ok(message) => words(&message),
        Err(why) => format!("not CoAP ({why:?}): {}", hex(datagram)),
    }
}

fn words(message: &Message) -> String {
    let kind = match message.kind {
        Type::Con => "CON",
        Type::Non => "NON",
        Type::Ack => "ACK",
        Type::Rst => "RST",
    };
    let mut line = format!("{kind} {:<5} ", message.id);
    if message.code == Code::EMPTY {
        return line + if message.kind == Type::Con { "ping" } else { "empty" };
    }
    line += &first_words(message);
    if !message.token.is_empty() {
        line += &format!(" [{}]", hex(&message.token));
    }
    for (number, value) in &message.options {
        line += &option_words(*number, value, message.code);
    }
    let location = message.texts(options::LOCATION_PATH);
    if !location.is_empty() {
        line += &format!(" Location {}", coap::joined(&location));
    }
    if !message.payload.is_empty() {
        line += &format!("  {}", payload(message.content_format(), &message.payload));
    }
    line
}

/// `POST /rd?ep=node` or `2.05 Content`.
fn first_words(message: &Message) -> String {
    if !message.code.is_request() {
        return format!("{:?}", message.code);
    }
    let queries = message.texts(options::URI_QUERY);
    let query = if queries.is_empty() { String::new() } else { format!("?{}", queries.join("&")) };
    let path = payload(None, (message.path() + &query).as_bytes());
    match message.code.name() {
        "" => format!("{} {path}", message.code),
        name => format!("{name} {path}"),
    }
}

fn option_words(number: u16, value: &[u8], code: Code) -> String {
    let number_of = |value| read_uint(value).unwrap_or_default();
    let format_of = |value| format::name(number_of(value) as u16);
    match number {
        options::URI_PATH | options::URI_QUERY | options::LOCATION_PATH => String::new(),
        options::CONTENT_FORMAT => format!(" {}", format_of(value)),
        options::ACCEPT => format!(" accept {}", format_of(value)),
        options::OBSERVE if code.is_request() => match number_of(value) {
            0 => " observe".into(),
            1 => " stop observing".into(),
            n => format!(" Observe {n}"),
        },
        options::OBSERVE => format!(" notification {}", number_of(value)),
        options::BLOCK1 | options::BLOCK2 => match (options::name(number), Block::read(value)) {
            (Some(name), Some(block)) => {
                format!(" {name} {}{}/{}", block.num, if block.more { "+" } else { "" }, block.size())
            }
            _ => " bad block".into(),
        },
        options::SIZE1 | options::SIZE2 | options::MAX_AGE | options::URI_PORT => {
            format!(" {} {}", options::name(number).unwrap_or_default(), number_of(value))
        }
        _ => match options::name(number) {
            Some(name) => format!(" {name} {}", hex(value)),
            None => format!(" option {number} {}", hex(value)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::peer;

    /// The byte example of the fact sheet, section A.3.
    const REGISTER: &[u8] = b"\x41\x02\x7d\x34\x4a\xb2rd\x11\x28\x39ep=node-1\x06lt=300\x09lwm2m=1.2\x03b=U\x01Q\xff</1/0>,</3/0>";

    #[test]
    fn register_reads_as_an_engineer_would_write_it() {
        let ladder = Ladder::new(peer(1));
        assert_eq!(
            ladder.line(12_340, peer(2), peer(1), REGISTER),
            "   12.340  client ──▶ server  CON 32052 POST /rd?ep=node-1&lt=300&lwm2m=1.2&b=U&Q [4a] link-format  </1/0>,</3/0>"
        );
        assert_eq!(
            ladder.name(peer(2), "node").line(0, peer(1), peer(2), b"\x61\x41\x7d\x34\x4a\x82rd\x045a3f"),
            "    0.000  node ◀── server  ACK 32052 2.01 Created [4a] Location /rd/5a3f"
        );
    }

    #[test]
    fn options_have_names_and_values() {
        let mut message = Message::new(Type::Con, Code::GET, 1);
        message.push(options::OBSERVE, []);
        message.push(options::URI_PATH, "3");
        message.push(options::ACCEPT, options::uint(11542));
        message.push(options::BLOCK2, Block::new(1, true, 2).bytes());
        message.push(options::ETAG, [0xab]);
        message.push(2049, [1]);
        let line = describe(&message.bytes());
        assert_eq!(line, "CON 1     GET /3 ETag ab observe accept TLV Block2 1+/64 option 2049 01");
        assert_eq!(describe(&[0x70, 0, 0, 9]), "RST 9     empty");
        assert_eq!(describe(&[1, 2]), "not CoAP (Short): 0102");
    }

    #[test]
    fn losses_show_and_long_lines_are_cut() {
        let ladder = Ladder::new(peer(1));
        let mut message = Message::new(Type::Con, Code::POST, 1);
        message.payload = vec![b'x'; 500];
        let mut record =
            Record { time: 0, from: peer(2), to: peer(1), bytes: message.bytes(), arrivals: Vec::new() };
        assert!(ladder.record(&record).contains("╌×▶"));
        record.arrivals = vec![1, 2];
        let line = ladder.record(&record);
        assert_eq!(line.chars().count(), WIDTH);
        assert!(line.ends_with("…  (arrives twice)"));
    }
}
