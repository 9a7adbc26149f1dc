//! The demo's script, played with a fake client in virtual time.

mod common;

use common::{Bench, CLIENT, Fake, SERVER};
use whimbrel_lab::demo::{STEPS, Wire, play};
use whimbrel_lab::format::{LINK, TEXT, TLV};
use whimbrel_lab::{Code, Network, Node, Peer, Server, Type, seconds, tlv};

const LIST: &[u8] = b"</1/0>,</3/0>,</3303/0>,</26241>";
const LONGER_LIST: &[u8] = b"</1/0>,</3/0>,</3303/0>,</26241/1>";

/// The fake client with the manners that the demo expects: it updates, notifies and says goodbye.
struct Polite {
    fake: Fake,
    /// The path on which it forgets its manners.
    rude: &'static str,
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

/// A virtual network as the demo's wire.
struct Virtual {
    network: Network,
    client: Polite,
    printed: Vec<String>,
}

impl Wire for Virtual {
    fn now(&self) -> u64 {
        self.network.now()
    }

    fn step(&mut self, server: &mut Server, until: u64) {
        let until = until.min(self.network.now() + 10);
        self.network.run_until(until, &mut [(SERVER, server), (CLIENT, &mut self.client)]);
    }

    fn print(&mut self, line: &str) {
        self.printed.push(line.into());
    }
}

fn perform(rude: &'static str) -> (bool, Vec<String>) {
    let device = tlv::resource(0, "Whimbrel");
    let fake = Fake::new().with("/3/0", TLV, &device).with("/3/0/0", TEXT, b"Whimbrel");
    let mut fake = fake.with("/3303/0/5700", TEXT, b"20");
    fake.codes.insert("/26241".into(), Code::CREATED);
    fake.request(Code::POST, "/rd", &["ep=polite", "lt=300", "lwm2m=1.0"], LIST);
    let Bench { network, mut server, client } = Bench::new(fake);
    let mut wire = Virtual { network, client: Polite { fake: client, rude }, printed: Vec::new() };
    (play(STEPS, &mut wire, &mut server, seconds(40)), wire.printed)
}

#[test]
fn a_client_with_manners_passes_every_step() {
    let (passed, printed) = perform("");
    assert!(passed, "{printed:#?}");
    assert_eq!(printed.iter().filter(|line| line.trim() == "ok").count(), STEPS.len());
}

#[test]
fn the_step_that_did_not_happen_is_named() {
    for (rude, step) in
        [("/1/0/1", "Step 5 of 15"), ("/3303/0/5700", "Step 7 of 15"), ("/3/0/4", "Step 15 of 15")]
    {
        let (passed, printed) = perform(rude);
        assert!(!passed);
        assert!(printed.last().unwrap().starts_with(step), "{printed:#?}");
    }
}
