//! A host that keeps what it is given, the files of a card, and the loop that a client has.

use super::card::{TestCard, TestFile};
use crate::crypto::Software;
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::file::Item;
use crate::uicc::reader::{Config, Failure, Goal, Host, Outcome, Progress, Reader};
use crate::uicc::scp03::{MemoryKeys, StaticKeys};
use crate::uicc::{Means, SEALING};
use std::vec;
use std::vec::Vec;

pub const ENC: [u8; 16] = *b"@ABCDEFGHIJKLMNO";
pub const MAC: [u8; 16] = *b"`abcdefghijklmno";
pub const ICCID: [u8; 10] = [0x98, 0x10, 0x14, 0x30, 0x12, 0x11, 0x18, 0x15, 0x70, 0x02];

pub struct TestHost {
    pub keys: Option<MemoryKeys<'static>>,
    pub challenge: [u8; 16],
    /// How often there is no message before there is one.
    pub holds: usize,
    pub pin: Option<Vec<u8>>,
    pub asked: Vec<(u8, u8)>,
    pub items: Vec<(Item, Vec<u8>)>,
    pub refuses_item: Option<usize>,
    pub outgoing: Vec<Vec<u8>>,
    pub stored: Vec<Result<(), Failure>>,
    pub messages: Vec<Vec<u8>>,
    /// What had another form.
    pub noise: Vec<Vec<u8>>,
}

impl TestHost {
    pub fn new() -> Self {
        Self {
            keys: None,
            challenge: [1, 2, 3, 4, 5, 6, 7, 8, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 0xf7],
            holds: 0,
            pin: None,
            asked: Vec::new(),
            items: Vec::new(),
            refuses_item: None,
            outgoing: Vec::new(),
            stored: Vec::new(),
            messages: Vec::new(),
            noise: Vec::new(),
        }
    }

    pub fn with_keys() -> Self {
        let keys = MemoryKeys { crypto: &Software, enc: &ENC, mac: &MAC };
        Self { keys: Some(keys), ..Self::new() }
    }

    /// All bytes of the file, in the order in which they came.
    pub fn bytes(&self) -> Vec<u8> {
        self.items.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}

impl Host for TestHost {
    fn random(&mut self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.challenge[..buffer.len()]);
    }

    fn means(&self) -> Option<Means<'_>> {
        Some(Means { crypto: &Software, seal: &SEALING })
    }

    fn keys(&self) -> Option<&dyn StaticKeys> {
        self.keys.as_ref().map(|keys| keys as &dyn StaticKeys)
    }

    fn pin(&mut self, reference: u8, tries: u8, pin: &mut [u8; 8]) -> Option<usize> {
        self.asked.push((reference, tries));
        let own = self.pin.as_ref()?;
        pin[..own.len().min(8)].copy_from_slice(&own[..own.len().min(8)]);
        Some(own.len())
    }

    fn item(&mut self, item: &Item, bytes: &[u8]) -> Result<(), Error> {
        if self.refuses_item == Some(self.items.len()) {
            return Err(Error::Storage);
        }
        self.items.push((*item, bytes.to_vec()));
        Ok(())
    }

    fn next_message(&mut self, buffer: &mut [u8]) -> Option<usize> {
        if self.holds > 0 {
            self.holds -= 1;
            return None;
        }
        let message = self.outgoing.first()?;
        buffer[..message.len()].copy_from_slice(message);
        Some(message.len())
    }

    fn message_stored(&mut self, done: Result<(), Failure>) {
        self.outgoing.remove(0);
        self.stored.push(done);
    }

    fn message(&mut self, address: &[u8], coap: &[u8]) {
        if address.is_empty() {
            return self.noise.push(coap.to_vec());
        }
        let length = (coap.len() as u16).to_be_bytes();
        self.messages.push([address, &[5], &length, coap].concat());
    }
}

/// How a reading ended, and what was left of it.
#[derive(Debug)]
pub struct Run {
    pub result: Result<Outcome, Failure>,
    pub elapsed: u64,
    pub unclosed: bool,
    pub more: bool,
}

/// Reads to the end in virtual time. At the end nothing secret is left in the window.
pub fn read(goal: Goal, config: Config, size: usize, card: &mut TestCard, host: &mut TestHost) -> Run {
    let mut window = vec![0xee; size];
    let mut reader = Reader::new(&mut window).unwrap();
    let run = drive(&mut reader, goal, config, card, host);
    assert!(window.iter().all(|byte| *byte == 0), "the window is not wiped");
    run
}

pub fn drive(
    reader: &mut Reader<'_>,
    goal: Goal,
    config: Config,
    card: &mut TestCard,
    host: &mut TestHost,
) -> Run {
    let mut now = Instant::ZERO;
    reader.start(goal, config);
    for _ in 0..100_000 {
        let before = card.wire.len();
        let progress = reader.step(now, card, host);
        assert!(card.wire.len() <= before + 2, "more than one command in a step");
        let result = match progress {
            Progress::Waiting(until) => {
                assert!(until > now);
                now = until;
                continue;
            }
            Progress::Again => continue,
            Progress::Done(outcome) => Ok(outcome),
            Progress::Failed(failure) => Err(failure),
        };
        assert!(reader.is_idle());
        let (unclosed, more) = (reader.left().unclosed.is_some(), reader.left().more);
        return Run { result, elapsed: now.as_millis(), unclosed, more };
    }
    panic!("it never ends");
}

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// FCP of a transparent file.
pub fn fcp(id: u16, size: usize) -> Vec<u8> {
    hex(&std::format!("6216 82024121 8302{id:04x} 8A0105 8B032F0602 8002{size:04x} 8800"))
}

pub fn transparent(id: u16, inner: bool, body: Vec<u8>) -> TestFile {
    TestFile { id, fcp: fcp(id, body.len()), body, record: None, private: false, inner }
}

/// EF(DIR) with a USIM and, if it is to be, the PKCS#15 application.
pub fn directory(with_pkcs15: bool) -> TestFile {
    let mut body = hex("61184F10A0000000871002FFFFFFFF890709000050045553494D");
    body.resize(0x30, 0xff);
    if with_pkcs15 {
        body.extend(hex("61224F0CA000000063504B43532D3135500C4C774D324D20504B4353313551043F007F50"));
    }
    body.resize(0x60, 0xff);
    let fcp = hex("621A8205422100300283022F008A01058B032F0601800200608801F0");
    TestFile { id: 0x2f00, body, fcp, record: Some(0x30), private: false, inner: false }
}

/// A Security instance and a Server instance, NoSec: 69 bytes.
pub const MINIMAL: &str = "0002 0041
    0000 00 0027 08 00 24 C80018 636F61703A2F2F3139382E35312E3130302E373A35363833 C10100 C10203 C10A01
    0001 00 0010 08 00 0D C10001 C201012C C10600 C10755";

/// An LwM2M object in a DODF. `flags` 80: private.
pub fn object(file: u16, flags: Option<u8>) -> Vec<u8> {
    let flags = flags.map_or(Vec::new(), |flags| vec![0x03, 0x02, 0x06, flags]);
    let mut body = vec![0x30, 7 + flags.len() as u8, 0x0c, 5];
    body.extend_from_slice(b"LwM2M");
    body.extend_from_slice(&flags);
    body.extend(hex("3006 0604 672B0901 A106 3004 0402"));
    body.extend_from_slice(&file.to_be_bytes());
    [vec![0x30, body.len() as u8], body].concat()
}

/// A card with one of everything.
pub fn card(file: Vec<u8>, flags: Option<u8>) -> TestCard {
    let mut dodf = object(0x6432, flags);
    dodf.resize(0x40, 0xff);
    let mut odf = hex("A706300404026430");
    odf.resize(0x20, 0xff);
    let mut bootstrap = transparent(0x6432, true, file);
    bootstrap.private = flags.is_some();
    let mut card = TestCard::new(vec![
        transparent(0x2fe2, false, ICCID.to_vec()),
        directory(true),
        transparent(0x5031, true, odf),
        transparent(0x6430, true, dodf),
        bootstrap,
    ]);
    card.application_fcp =
        hex("6225 82027821 840CA000000063504B43532D3135 8A0105 8B032F060C C609 9001C0 830181 83010A");
    card.application_fcp[1] = card.application_fcp.len() as u8 - 2;
    card
}
