//! The fake client with the manners that the demo expects: it updates, notifies and says goodbye.

#![allow(dead_code, reason = "each test file uses its part")]

use super::Fake;
use whimbrel_lab::format::{LINK, TEXT, TLV};
use whimbrel_lab::{Code, Node, Peer, Type, tlv};

const LIST: &[u8] = b"</1/0>,</3/0>,</3303/0>,</26241>";
const LONGER_LIST: &[u8] = b"</1/0>,</3/0>,</3303/0>,</26241/1>";

/// A [`Fake`] that reacts.
pub struct Polite {
    pub fake: Fake,
    /// The path on which it forgets its manners.
    pub rude: &'static str,
}

impl Polite {
    /// About to register.
    pub fn new(rude: &'static str) -> Self {
        let device = tlv::resource(0, "Whimbrel");
        let fake = Fake::new().with("/3/0", TLV, &device).with("/3/0/0", TEXT, b"Whimbrel");
        let mut fake = fake.with("/3303/0/5700", TEXT, b"20");
        fake.codes.insert("/26241".into(), Code::CREATED);
        fake.request(Code::POST, "/rd", &["ep=polite", "lt=300", "lwm2m=1.0"], LIST);
        Self { fake, rude }
    }
}

impl Node for Polite {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        let message = whimbrel_lab::Message::parse(datagram).unwrap();
        let (path, discover) =
            (message.path(), message.uint(whimbrel_lab::options::ACCEPT) == Some(LINK.into()));
        if discover {
            self.fake.resources.insert("/3".into(), (LINK, b"</3>,</3/0>,</3/0/0>".to_vec()));
        }
        self.fake.input(now, from, datagram);
        if path == self.rude {
            return;
        }
        match (message.code, path.as_str()) {
            (Code::PUT, "/1/0/1") => {
                let lt = format!("lt={}", String::from_utf8_lossy(&message.payload));
                self.fake.update(&[&lt], b"");
            }
            (Code::GET, "/3303/0/5700") => {
                self.fake.notify("/3303/0/5700", Type::Non, b"25.5");
                self.fake.notify("/3303/0/5700", Type::Con, b"24.5");
            }
            (Code::POST, "/26241") => {
                let inner = tlv::decode(&message.payload).unwrap().remove(0).value;
                self.fake.resources.insert("/26241/1".into(), (TLV, inner));
                self.fake.update(&[], LONGER_LIST);
            }
            (Code::DELETE, "/26241/1") => self.fake.update(&[], LIST),
            (Code::POST, "/1/0/8") => self.fake.update(&[], b""),
            (Code::POST, "/3/0/4") => drop(self.fake.request(Code::DELETE, "/rd/1", &[], b"")),
            _ => {}
        }
    }

    fn poll(&mut self, now: u64) {
        self.fake.poll(now);
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.fake.output()
    }

    fn next_deadline(&self) -> Option<u64> {
        self.fake.next_deadline()
    }
}
