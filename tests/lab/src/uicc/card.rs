//! The card: logical channels, and how commands and responses pass (ETSI TS 102 221 sections 7.3, 8.7, 10 and 11).

use super::apdu::{Command, Reply, counted, ins, sw};
use super::description::Description;
use super::fault::Fault;
use super::files::Directory;
use super::messages::Dropped;
use super::scp03::Session;
use super::{Chip, ber};
use crate::random::Random;
use crate::sms::parts::Reassembly;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a logical channel is at.
#[derive(Clone, Debug, Default)]
pub(super) struct Channel {
    /// The current directory, as steps from MF.
    pub directory: Vec<usize>,
    /// The current file in it.
    pub file: Option<usize>,
    /// The current application.
    pub application: Option<Vec<usize>>,
    pub session: Session,
    /// What GET RESPONSE asks for.
    pub waiting: Option<Reply>,
    /// Blocks of STORE DATA.
    pub blocks: Vec<Vec<u8>>,
}

/// A card. What it keeps without power is its `description`, which a test may change at any time.
#[derive(Debug)]
pub struct Uicc {
    /// What it is.
    pub description: Description,
    /// All commands and what they got; nothing, if they were not answered.
    pub trace: Vec<(Vec<u8>, Vec<u8>)>,
    /// What goes wrong, by the number of the APDU in `trace`.
    pub faults: BTreeMap<usize, Fault>,
    /// Why messages were dropped.
    pub dropped: Vec<Dropped>,
    pub(super) inbox: VecDeque<Vec<u8>>,
    pub(super) outbox: Vec<Vec<u8>>,
    pub(super) parts: Reassembly,
    pub(super) reference: u16,
    pub(super) verified: BTreeSet<u8>,
    channels: BTreeMap<u8, Channel>,
    chance: Random,
}

impl Uicc {
    /// A card that has just been switched on.
    pub fn new(mut description: Description) -> Self {
        if let Some(messages) = &description.messages {
            let aid = messages.aid.clone();
            let known = description.root.directories.iter().any(|directory| directory.aid == aid);
            if !known {
                description.root.directories.push(Directory::application(0, &aid));
            }
        }
        let mut card = Self {
            description,
            trace: Vec::new(),
            faults: BTreeMap::new(),
            dropped: Vec::new(),
            inbox: VecDeque::new(),
            outbox: Vec::new(),
            parts: Reassembly::default(),
            reference: 0,
            verified: BTreeSet::new(),
            channels: BTreeMap::new(),
            chance: Random::new(0x5c03),
        };
        card.power_on();
        card
    }

    /// A card that `tools/card/card.py make` described.
    pub fn from_json(text: &str) -> Result<Self, String> {
        Description::from_json(text).map(Self::new)
    }

    /// Its answer to reset.
    pub fn atr(&self) -> Vec<u8> {
        if !self.description.atr.is_empty() {
            return self.description.atr.clone();
        }
        if self.description.waits {
            // T=0, by not naming a protocol; four historical octets
            return [&[0x3b, 0x04], &b"BIRD"[..]].concat();
        }
        let t1 = [&[0x84, 0x01], &b"BIRD"[..]].concat();
        let check = t1.iter().fold(0, |sum, octet| sum ^ octet);
        [&[0x3b], &t1[..], &[check]].concat()
    }

    /// The answer to a command, from a card that has one.
    ///
    /// # Panics
    ///
    /// If a fault leaves the command unanswered.
    pub fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        self.apdu(command).expect("an answer, which a fault took")
    }

    /// The next command goes wrong, or the `n`-th from now on.
    pub fn fault(&mut self, n: usize, fault: Fault) {
        self.faults.insert(self.trace.len() + n, fault);
    }

    /// Logical channels that are open, without the basic one.
    pub fn open_channels(&self) -> Vec<u8> {
        self.channels.keys().copied().filter(|channel| *channel != 0).collect()
    }

    /// Whether a channel has an SCP03 session that protects something.
    pub fn is_secured(&self, channel: u8) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.session.level() != 0)
    }

    pub(super) fn power_on(&mut self) {
        self.channels = BTreeMap::from([(0, Channel::default())]);
        self.verified.clear();
        self.parts = Reassembly::default();
    }

    /// The channel, which is known to be open.
    pub(super) fn channel(&mut self, number: u8) -> &mut Channel {
        self.channels.entry(number).or_default()
    }

    pub(super) fn selected_application(&self, channel: u8) -> Option<&Directory> {
        let steps = self.channels.get(&channel)?.application.as_ref()?;
        self.description.root.at(steps)
    }

    /// The answer to a command when nothing goes wrong.
    pub(super) fn perform(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut command = match Command::parse(bytes) {
            Ok(command) => command,
            Err(word) => return Reply::status(word).bytes(),
        };
        if !self.channels.contains_key(&command.channel) {
            return Reply::status(sw::CHANNEL).bytes();
        }
        if command.ins == ins::GET_RESPONSE {
            return self.get_response(&command).bytes();
        }
        self.channel(command.channel).waiting = None;
        let asks = !command.data.is_empty();
        let reply = match self.unprotect(&mut command) {
            Ok(()) => {
                let reply = self.execute(&command).unwrap_or_else(Reply::status);
                self.protect(&command, reply)
            }
            Err(word) => Reply::status(word),
        };
        self.deliver(&command, reply, asks).bytes()
    }

    fn unprotect(&mut self, command: &mut Command) -> Result<(), u16> {
        let session = &mut self.channel(command.channel).session;
        match (command.ins, command.secured) {
            (ins::EXTERNAL_AUTHENTICATE, true) => Ok(()),
            (_, true) => session.open(command),
            (ins::MANAGE_CHANNEL | ins::INITIALIZE_UPDATE | ins::STATUS | ins::ENVELOPE, _) => Ok(()),
            // another application ends the session, in clear too
            (ins::SELECT, _) if command.p1 == 0x04 => Ok(()),
            _ if session.level() != 0 => {
                *session = Session::None;
                Err(sw::SECURITY)
            }
            _ => Ok(()),
        }
    }

    fn protect(&mut self, command: &Command, reply: Reply) -> Reply {
        let proactive = self.description.proactive;
        match self.channels.get(&command.channel) {
            Some(channel) if command.secured && command.ins != ins::EXTERNAL_AUTHENTICATE => {
                channel.session.close(reply)
            }
            _ if proactive && reply.sw == sw::OK => Reply { sw: 0x9110, ..reply },
            _ => reply,
        }
    }

    /// How a response leaves the card; `asks`: the command had data, so that T=0 has no way back but GET RESPONSE.
    fn deliver(&mut self, command: &Command, reply: Reply, asks: bool) -> Reply {
        let size = reply.data.len();
        if size == 0 {
            return reply;
        }
        let unasked = command.le.is_none() && !command.secured;
        if (self.description.waits && asks) || unasked || size > 256 {
            self.channel(command.channel).waiting = Some(reply);
            return Reply::status(counted(0x6100, size));
        }
        // under secure messaging Le counts what is inside
        if !command.secured && command.le.is_some_and(|le| le < size) {
            return Reply::status(counted(0x6c00, size));
        }
        reply
    }

    fn get_response(&mut self, command: &Command) -> Reply {
        let Some(mut reply) = self.channel(command.channel).waiting.take() else {
            return Reply::status(sw::CONDITIONS);
        };
        let (Some(le), size) = (command.le, reply.data.len()) else { return Reply::status(sw::LENGTH) };
        if command.p1 != 0 || command.p2 != 0 {
            return Reply::status(sw::P1_P2);
        }
        if le > size && le != 256 {
            self.channel(command.channel).waiting = Some(reply);
            return Reply::status(counted(0x6c00, size));
        }
        let rest = reply.data.split_off(le.min(size));
        if rest.is_empty() {
            return reply;
        }
        let word = counted(0x6100, rest.len());
        self.channel(command.channel).waiting = Some(Reply { data: rest, sw: reply.sw });
        Reply { data: reply.data, sw: word }
    }

    fn execute(&mut self, command: &Command) -> Result<Reply, u16> {
        let known = match command.ins {
            ins::SELECT => Self::select,
            ins::READ_BINARY => Self::read_binary,
            ins::READ_RECORD => Self::read_record,
            ins::VERIFY => Self::verify,
            ins::STATUS => Self::status,
            ins::MANAGE_CHANNEL => Self::manage_channel,
            ins::INITIALIZE_UPDATE => Self::initialize_update,
            ins::EXTERNAL_AUTHENTICATE => Self::external_authenticate,
            ins::GET_DATA => Self::get_data,
            ins::STORE_DATA => Self::store_data,
            ins::ENVELOPE => Self::envelope_apdu,
            _ => return Err(sw::INSTRUCTION),
        };
        if !command.class_fits() {
            return Err(sw::CLASS);
        }
        known(self, command)
    }

    fn manage_channel(&mut self, command: &Command) -> Result<Reply, u16> {
        match (command.p1, command.p2) {
            (0x00, 0) => self.open_channel(command),
            (0x80, 1..=19) => self.channels.remove(&command.p2).map(|_| Reply::OK).ok_or(sw::CHANNEL),
            _ => Err(sw::P1_P2),
        }
    }

    fn open_channel(&mut self, command: &Command) -> Result<Reply, u16> {
        match command.le {
            Some(1 | 256) => {}
            Some(_) => return Err(counted(0x6c00, 1)),
            None => return Err(sw::LENGTH),
        }
        let most = self.description.channels.min(19);
        let free = (1..=most).find(|number| !self.channels.contains_key(number)).ok_or(sw::FUNCTION)?;
        // from the basic channel it begins at MF, from another one where that is
        let here = self.channel(command.channel).clone();
        let Channel { directory, application, .. } =
            if command.channel == 0 { Channel::default() } else { here };
        self.channels.insert(free, Channel { directory, application, ..Channel::default() });
        Ok(Reply::data(vec![free]))
    }

    fn status(&mut self, command: &Command) -> Result<Reply, u16> {
        let application = self.selected_application(command.channel).map(|found| found.aid.clone());
        let steps = self.channel(command.channel).directory.clone();
        let directory = self.description.root.at(&steps).ok_or(sw::NOT_FOUND)?;
        match (command.p1, command.p2) {
            (0..=2, 0x00) => Ok(Reply::data(directory.fcp(&self.description.pins))),
            (0..=2, 0x01) => Ok(Reply::data(ber::tlv(0x84, &application.unwrap_or_default()))),
            (0..=2, 0x0c) => Ok(Reply::OK),
            _ => Err(sw::P1_P2),
        }
    }

    fn initialize_update(&mut self, command: &Command) -> Result<Reply, u16> {
        let aid = self.selected_application(command.channel).map(|application| application.aid.clone());
        let session = &mut self.channels.entry(command.channel).or_default().session;
        let card = self.description.scp03.as_mut().ok_or(sw::INSTRUCTION)?;
        Ok(session.initialize(card, &mut self.chance, &aid.ok_or(sw::CONDITIONS)?, command))
    }

    fn external_authenticate(&mut self, command: &Command) -> Result<Reply, u16> {
        if !command.secured {
            return Err(sw::CLASS);
        }
        Ok(self.channel(command.channel).session.authenticate(command))
    }
}

impl Chip for Uicc {
    fn apdu(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        let answer = match self.faults.remove(&self.trace.len()) {
            Some(fault) => self.faulty(fault, command),
            None => Some(self.perform(command)),
        };
        self.trace.push((command.to_vec(), answer.clone().unwrap_or_default()));
        answer
    }

    fn reset(&mut self) -> Vec<u8> {
        self.power_on();
        self.atr()
    }
}
