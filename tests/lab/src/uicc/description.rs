//! What a card is: all that it keeps without power. Read from what `tools/card/card.py make` writes, or made by a
//! [`super::Profile`].

use super::files::{Access, Content, Directory, File, MASTER};
use crate::sms::{Association, Carrier, Keys};
use serde_json::Value;

/// How READ BINARY answers what goes beyond the end, and Le = 00 where there are fewer than 256 octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// 6282 with what there is; Le = 00 gets 6Cxx.
    #[default]
    Usual,
    /// 6Cxx for both.
    Exact,
    /// 9000 with what there is, for both.
    Generous,
}

/// A PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The reference for VERIFY: 01 global, 81 and more local, 11 universal.
    pub reference: u8,
    /// Its digits.
    pub value: String,
    /// How often in a row it may be wrong.
    pub tries: u8,
    /// How often that is still.
    pub left: u8,
    /// It is asked for.
    pub enabled: bool,
}

impl Pin {
    /// A PIN that is enabled, with three tries.
    pub fn new(reference: u8, value: &str) -> Self {
        Self { reference, value: value.to_owned(), tries: 3, left: 3, enabled: true }
    }
}

/// Static keys of SCP03.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    /// Key version.
    pub version: u8,
    /// Key-ENC.
    pub enc: Vec<u8>,
    /// Key-MAC.
    pub mac: Vec<u8>,
}

/// SCP03 on the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scp03 {
    /// The key sets; the first is that of key version 00.
    pub keys: Vec<KeySet>,
    /// 01: S16; 10: the challenge is pseudo-random; 20: R-MAC; 40: R-ENC.
    pub i: u8,
    /// The sequence counter of the next session.
    pub counter: u32,
    /// Diversification data.
    pub diversification: [u8; 10],
}

impl Scp03 {
    /// S8, pseudo-random challenge, R-MAC and R-ENC; key version 30.
    pub fn new(enc: &[u8], mac: &[u8]) -> Self {
        let keys = vec![KeySet { version: 0x30, enc: enc.to_vec(), mac: mac.to_vec() }];
        Self { keys, i: 0x70, counter: 1, diversification: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }
    }
}

/// The LwM2M application: whom it knows. TS 1.0 does not say its AID, nor the tag of GET DATA.
#[derive(Clone, Debug)]
pub struct Messages {
    /// Its AID.
    pub aid: Vec<u8>,
    /// P1 and P2 of GET DATA.
    pub tag: u16,
    /// Servers by number, with the keys and the counters that are shared with them.
    pub peers: Vec<(String, Association)>,
    /// TP-PID and TP-DCS of what goes out.
    pub carrier: Carrier,
}

impl Messages {
    /// The AID that stands for it here.
    pub const AID: [u8; 7] = [0xf0, b'L', b'W', b'M', b'2', b'M', 0x01];

    /// It knows these servers.
    pub fn new(peers: impl IntoIterator<Item = (String, Keys)>) -> Self {
        let peers = peers.into_iter().map(|(number, keys)| (number, Association::new(keys))).collect();
        Self { aid: Self::AID.to_vec(), tag: 0x0005, peers, carrier: Carrier::SMARTCARD }
    }
}

/// All that a card keeps without power, and how it behaves.
#[derive(Clone, Debug)]
pub struct Description {
    /// Answer to reset; empty: one that suits `waits`.
    pub atr: Vec<u8>,
    /// MF and all below.
    pub root: Directory,
    /// Its PINs.
    pub pins: Vec<Pin>,
    /// How many logical channels it has beside the basic one, 0 to 19.
    pub channels: u8,
    /// As with T=0: commands that bring data get 61xx, and GET RESPONSE what they ask for.
    pub waits: bool,
    /// How reading beyond the end is answered.
    pub reading: Reading,
    /// READ BINARY gives so many octets at the most.
    pub most: Option<u8>,
    /// SELECT gives no FCP at all.
    pub mute: bool,
    /// EF_DIR is found in the basic channel only.
    pub basic_dir: bool,
    /// A proactive command waits: 91xx stands for 9000.
    pub proactive: bool,
    /// SCP03.
    pub scp03: Option<Scp03>,
    /// The LwM2M application.
    pub messages: Option<Messages>,
}

impl Description {
    /// A card with nothing on it but MF: three channels, data at once.
    pub const fn empty() -> Self {
        Self {
            atr: Vec::new(),
            root: Directory::new(MASTER),
            pins: Vec::new(),
            channels: 3,
            waits: false,
            reading: Reading::Usual,
            most: None,
            mute: false,
            basic_dir: false,
            proactive: false,
            scp03: None,
            messages: None,
        }
    }

    /// The first file of that identifier, wherever it is.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn file(&mut self, id: u16) -> &mut File {
        self.root.find(id).unwrap_or_else(|| panic!("the card has no file {id:04X}"))
    }

    /// The application of this AID.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn application(&mut self, aid: &[u8]) -> &mut Directory {
        let found = self.root.directories.iter_mut().find(|directory| directory.aid == aid);
        found.unwrap_or_else(|| panic!("the card has no application {aid:02X?}"))
    }

    /// The bytes of [`Description::file`], to be changed.
    ///
    /// # Panics
    ///
    /// If there is no such file, or if it has records.
    pub fn bytes(&mut self, id: u16) -> &mut Vec<u8> {
        match &mut self.file(id).content {
            Content::Bytes(bytes) => bytes,
            Content::Records(..) => panic!("file {id:04X} has records"),
        }
    }

    /// Reads what `card.py make` writes; what is wrong is told by its name.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let top = Node { value: &value, name: "card" };
        if top.text("format")? != "whimbrel-card 1" {
            return Err("format: whimbrel-card 1 is expected".to_owned());
        }
        let root = top.node("root").ok_or("root is missing")?;
        Ok(Self {
            atr: top.bytes("atr")?,
            root: directory(&root)?,
            pins: top.list("pins")?.iter().map(pin).collect::<Result<_, _>>()?,
            channels: top.number("channels", Some(3), 19)? as u8,
            waits: top.flag("waits")?,
            reading: match top.text("reading")? {
                "" | "usual" => Reading::Usual,
                "exact" => Reading::Exact,
                "generous" => Reading::Generous,
                other => return Err(format!("reading: {other} is not known")),
            },
            most: top.node("most").map(|_| top.number("most", None, 255)).transpose()?.map(|most| most as u8),
            mute: top.flag("mute")?,
            basic_dir: top.flag("basic_dir")?,
            proactive: top.flag("proactive")?,
            scp03: top.node("scp03").as_ref().map(scp03).transpose()?,
            messages: top.node("messages").as_ref().map(messages).transpose()?,
        })
    }
}

fn directory(node: &Node<'_>) -> Result<Directory, String> {
    let pins = node.numbers("pins", 255)?.iter().map(|pin| *pin as u8).collect();
    Ok(Directory {
        id: node.id()?,
        aid: node.bytes("aid")?,
        active: !node.flag("deactivated")?,
        pins,
        secured: node.flag("secured")?,
        files: node.list("files")?.iter().map(file).collect::<Result<_, _>>()?,
        directories: node.list("directories")?.iter().map(directory).collect::<Result<_, _>>()?,
    })
}

fn file(node: &Node<'_>) -> Result<File, String> {
    let content = if node.node("records").is_some() {
        let records = node.list("records")?.iter().map(Node::octets).collect::<Result<_, _>>()?;
        Content::Records(node.number("length", None, 255)? as u8, records)
    } else {
        Content::Bytes(node.bytes("content")?)
    };
    let optional = |name, most| node.node(name).map(|_| node.number(name, None, most)).transpose();
    Ok(File {
        id: node.id()?,
        content,
        told: optional("size", 0xffff)?.map(|size| size as u16),
        active: !node.flag("deactivated")?,
        access: match optional("pin", 255)? {
            Some(reference) => Access::Pin(reference as u8),
            None if node.flag("locked")? => Access::Never,
            None => Access::Always,
        },
        short: optional("sfi", 30)?.map(|id| id as u8),
    })
}

fn pin(node: &Node<'_>) -> Result<Pin, String> {
    let tries = node.number("tries", Some(3), 15)? as u8;
    Ok(Pin {
        reference: node.number("reference", None, 255)? as u8,
        value: node.text("value")?.to_owned(),
        tries,
        left: node.number("left", Some(tries.into()), 15)? as u8,
        enabled: !node.flag("disabled")?,
    })
}

fn scp03(node: &Node<'_>) -> Result<Scp03, String> {
    let key = |node: &Node<'_>| -> Result<KeySet, String> {
        let (enc, mac) = (node.bytes("enc")?, node.bytes("mac")?);
        if ![16, 24, 32].contains(&enc.len()) || enc.len() != mac.len() {
            return Err("enc and mac: keys of 16, 24 or 32 octets are expected, of one length".to_owned());
        }
        Ok(KeySet { version: node.number("version", Some(0x30), 255)? as u8, enc, mac })
    };
    Ok(Scp03 {
        keys: node.list("keys")?.iter().map(key).collect::<Result<_, _>>()?,
        i: node.number("i", Some(0x70), 0x7f)? as u8,
        counter: node.number("counter", Some(1), 0xff_ffff)? as u32,
        ..Scp03::new(&[], &[])
    })
}

fn messages(node: &Node<'_>) -> Result<Messages, String> {
    let peer = |node: &Node<'_>| -> Result<(String, Association), String> {
        let keys = Keys::from_resources(&node.bytes("parameters")?, &node.bytes("keys")?)?;
        let counter = |name| node.number(name, Some(0), 0xff_ffff_ffff);
        let association = Association { sent: counter("sent")?, accepted: counter("accepted")?, keys };
        Ok((node.text("number")?.to_owned(), association))
    };
    let aid = Some(node.bytes("aid")?).filter(|aid| !aid.is_empty());
    Ok(Messages {
        aid: aid.unwrap_or_else(|| Messages::AID.to_vec()),
        tag: node.number("tag", Some(5), 0xffff)? as u16,
        peers: node.list("peers")?.iter().map(peer).collect::<Result<_, _>>()?,
        carrier: Carrier::SMARTCARD,
    })
}

/// A member, and what it is called.
struct Node<'v> {
    value: &'v Value,
    name: &'v str,
}

impl<'v> Node<'v> {
    fn wrong(&self, name: &str, wanted: &str) -> String {
        format!("{} of {}: {wanted} is expected", name, self.name)
    }

    fn node<'n: 'v>(&self, name: &'n str) -> Option<Node<'v>> {
        Some(Node { value: self.value.get(name)?, name })
    }

    fn list<'n: 'v>(&self, name: &'n str) -> Result<Vec<Node<'v>>, String> {
        let Some(value) = self.value.get(name) else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| self.wrong(name, "a list"))?;
        Ok(list.iter().map(|value| Node { value, name }).collect())
    }

    fn text(&self, name: &str) -> Result<&'v str, String> {
        let Some(value) = self.value.get(name) else { return Ok("") };
        value.as_str().ok_or_else(|| self.wrong(name, "text"))
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        let Some(value) = self.value.get(name) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.wrong(name, "true or false"))
    }

    fn number(&self, name: &str, default: Option<u64>, most: u64) -> Result<u64, String> {
        let found = self.value.get(name).map_or(default, Value::as_u64);
        found
            .filter(|number| *number <= most)
            .ok_or_else(|| self.wrong(name, &format!("a number up to {most}")))
    }

    fn numbers(&self, name: &'static str, most: u64) -> Result<Vec<u64>, String> {
        let one = |node: &Node<'_>| node.value.as_u64().filter(|number| *number <= most);
        let numbers: Option<_> = self.list(name)?.iter().map(one).collect();
        numbers.ok_or_else(|| self.wrong(name, &format!("numbers up to {most}")))
    }

    fn octets(&self) -> Result<Vec<u8>, String> {
        self.value.as_str().and_then(unhex).ok_or_else(|| self.wrong(self.name, "hexadecimal"))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        unhex(self.text(name)?).ok_or_else(|| self.wrong(name, "hexadecimal"))
    }

    /// A file identifier; 0 where there is none.
    fn id(&self) -> Result<u16, String> {
        match self.bytes("id")?[..] {
            [] => Ok(0),
            [high, low] => Ok(u16::from_be_bytes([high, low])),
            _ => Err(self.wrong("id", "two octets in hexadecimal")),
        }
    }
}

/// Octets of hexadecimal digits.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: &u8| char::from(*octet).to_digit(16);
    let digits: Vec<u32> = text.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    let pairs = digits.chunks(2);
    pairs.map(|pair| Some((pair[0] << 4 | *pair.get(1)?) as u8)).collect()
}
