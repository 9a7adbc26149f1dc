//! A card for these tests: files, channels, one PIN, messages. What goes wrong at a command is chosen by its number.

use super::session::Session;
use crate::error::Error;
use crate::uicc::Card;
use std::collections::VecDeque;
use std::vec;
use std::vec::Vec;

/// What a command is answered with in place of the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    Status(u16),
    /// One byte.
    Short,
    /// No byte.
    Empty,
    /// The truth, and 40 bytes in front of its status word.
    Long,
    /// 20 bytes of nonsense and 9000.
    Garbage,
    /// Nothing, ever.
    Never,
    Error(Error),
}

pub struct TestFile {
    pub id: u16,
    /// Bytes of a transparent file, or records.
    pub body: Vec<u8>,
    pub fcp: Vec<u8>,
    pub record: Option<usize>,
    pub private: bool,
    /// Of the application, not of the MF.
    pub inner: bool,
}

#[derive(Clone, Default)]
pub struct State {
    selected: Option<u16>,
    application: Vec<u8>,
    session: Option<Session>,
}

pub struct TestCard {
    pub files: Vec<TestFile>,
    pub aid: Vec<u8>,
    pub application_fcp: Vec<u8>,
    pub channels: Vec<Option<State>>,
    /// Reference, value, tries left.
    pub pin: Option<(u8, Vec<u8>, u8)>,
    pub verified: bool,
    /// Key-ENC and Key-MAC.
    pub keys: Option<([u8; 16], [u8; 16])>,
    /// SELECT answers 61xx.
    pub waits: bool,
    waiting: Vec<u8>,
    pub incoming: VecDeque<Vec<u8>>,
    pub taken: Vec<Vec<u8>>,
    block: Vec<u8>,
    /// SELECT by identifier does not leave the application that the terminal is in.
    pub terminal_is_elsewhere: bool,
    pub refuses_message: bool,
    pub fault: Option<(usize, Fault)>,
    /// Commands in the clear as the card understood them, and what it said.
    pub trace: Vec<(Vec<u8>, Vec<u8>)>,
    /// Commands as they came, the faulty one and empty ones too.
    pub wire: Vec<Vec<u8>>,
    /// How often an answer is asked for before it is there.
    pub delay: usize,
    waited: usize,
    silent: Option<Vec<u8>>,
}

impl TestCard {
    pub fn new(files: Vec<TestFile>) -> Self {
        let mut channels = vec![None; 20];
        channels[0] = Some(State::default());
        Self {
            files,
            aid: b"\xa0\0\0\0\x63PKCS-15".to_vec(),
            application_fcp: Vec::new(),
            channels,
            pin: None,
            verified: false,
            keys: None,
            waits: false,
            waiting: Vec::new(),
            incoming: VecDeque::new(),
            taken: Vec::new(),
            block: Vec::new(),
            terminal_is_elsewhere: false,
            refuses_message: false,
            fault: None,
            trace: Vec::new(),
            wire: Vec::new(),
            delay: 0,
            waited: 0,
            silent: None,
        }
    }

    pub fn open_channels(&self) -> usize {
        self.channels[1..].iter().flatten().count()
    }

    /// As after a power cycle.
    pub fn reset(&mut self) {
        self.channels = vec![None; 20];
        self.channels[0] = Some(State::default());
        (self.verified, self.fault, self.silent) = (false, None, None);
        self.waiting.clear();
        self.block.clear();
        self.trace.clear();
        self.wire.clear();
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let (cla, ins) = (command[0], command[1]);
        let (channel, secured) = match cla & 0x7f {
            low @ 0..=7 => (usize::from(low & 3), low & 4 != 0),
            other => (usize::from(other & 0x0f) + 4, other & 0x20 != 0),
        };
        if ins == 0xc0 {
            return core::mem::take(&mut self.waiting);
        }
        let Some(mut state) = self.channels[channel].clone() else { return sw(0x6881) };
        let mut plain = command.to_vec();
        let mut protected = false;
        if secured && ins != 0x82 {
            match state.session.as_mut().and_then(|session| session.unwrap(command)) {
                Some(clear) => (plain, protected) = (clear, true),
                None => return sw(0x6982),
            }
        }
        let reply = self.act(channel, &mut state, &plain, command);
        self.trace.push((plain, reply.clone()));
        let mut reply = match state.session.as_mut().filter(|_| protected) {
            Some(session) => session.wrap(&reply),
            None => reply,
        };
        if let Some(place) = self.channels[channel].as_mut() {
            *place = state;
        }
        if self.waits && ins == 0xa4 && reply.len() > 2 {
            let length = reply.len() - 2;
            self.waiting = core::mem::replace(&mut reply, vec![0x61, length as u8]);
        }
        reply
    }

    fn act(&mut self, channel: usize, state: &mut State, plain: &[u8], wire: &[u8]) -> Vec<u8> {
        let [_, ins, p1, p2] = plain[..4] else { panic!() };
        let data = match plain.len() {
            4 | 5 => &[],
            _ => &plain[5..5 + usize::from(plain[4])],
        };
        let le = match plain.len() {
            5 => plain[4],
            length if length > 5 + data.len() => plain[length - 1],
            _ => 0,
        };
        let le = if le == 0 { 256 } else { usize::from(le) };
        match ins {
            0x70 if p1 == 0 => {
                let Some(free) = (1..20).find(|channel| self.channels[*channel].is_none()) else {
                    return sw(0x6a81);
                };
                self.channels[free] = Some(State::default());
                vec![free as u8, 0x90, 0x00]
            }
            0x70 => {
                self.channels[usize::from(p2)] = None;
                sw(0x9000)
            }
            0xa4 => self.select(state, p1, data),
            0xb0 | 0xb2 => self.read(state, ins, p1, p2, le),
            0xf2 => good(&self.application_fcp),
            0x20 => self.verify(p2, data),
            0x50 => match self.keys.as_ref() {
                Some((enc, mac)) => {
                    let (session, response) = Session::begin(enc, mac, data);
                    state.session = Some(session);
                    good(&response)
                }
                None => sw(0x6d00),
            },
            0x82 => {
                let known = state.session.as_mut().is_some_and(|session| session.authenticate(wire));
                sw(if known { 0x9000 } else { 0x6300 })
            }
            0xe2 => self.store(p1, p2, data),
            0xca => self.incoming.pop_front().map_or(sw(0x6a88), |body| good(&body)),
            _ => panic!("channel {channel} is asked for {plain:02x?}"),
        }
    }

    fn store(&mut self, p1: u8, p2: u8, data: &[u8]) -> Vec<u8> {
        if self.refuses_message {
            return sw(0x6a80);
        }
        if p2 == 0 {
            self.block.clear();
        }
        self.block.extend_from_slice(data);
        if p1 == 0x80 {
            self.taken.push(self.block.clone());
        }
        sw(0x9000)
    }

    fn select(&mut self, state: &mut State, p1: u8, data: &[u8]) -> Vec<u8> {
        if p1 == 4 {
            if data != self.aid {
                return sw(0x6a82);
            }
            state.application = data.to_vec();
            return good(&self.application_fcp);
        }
        let (inner, id) = match (p1, data) {
            (0 | 8, [high, low]) if p1 == 8 || !self.terminal_is_elsewhere => {
                (false, u16::from_be_bytes([*high, *low]))
            }
            (8, [0x7f, 0xff, high, low]) => (true, u16::from_be_bytes([*high, *low])),
            _ => return sw(0x6a82),
        };
        if inner && state.application.is_empty() {
            return sw(0x6a82);
        }
        match self.files.iter().find(|file| file.id == id && file.inner == inner) {
            Some(file) => {
                state.selected = Some(id);
                good(&file.fcp)
            }
            None => sw(0x6a82),
        }
    }

    fn read(&mut self, state: &State, ins: u8, p1: u8, p2: u8, le: usize) -> Vec<u8> {
        let Some(file) = self.files.iter().find(|file| Some(file.id) == state.selected) else {
            return sw(0x6986);
        };
        if file.private && !self.verified {
            return sw(0x6982);
        }
        let from = match (ins, file.record) {
            (0xb0, None) => usize::from(u16::from_be_bytes([p1, p2])),
            (0xb2, Some(length)) => usize::from(p1 - 1) * length,
            _ => return sw(0x6981),
        };
        if from >= file.body.len() {
            return sw(if ins == 0xb0 { 0x6b00 } else { 0x6a83 });
        }
        let le = file.record.map_or(le, |length| le.min(length));
        let mut reply = file.body[from..file.body.len().min(from + le)].to_vec();
        reply.extend_from_slice(if reply.len() < le && ins == 0xb0 { &[0x62, 0x82] } else { &[0x90, 0x00] });
        reply
    }

    fn verify(&mut self, reference: u8, data: &[u8]) -> Vec<u8> {
        let Some((own, value, tries)) = self.pin.as_mut().filter(|(own, ..)| *own == reference) else {
            return sw(0x6a88);
        };
        assert!(!matches!(own, 0x0a..=0x0e));
        if *tries == 0 {
            return sw(0x6983);
        }
        if data.is_empty() {
            return sw(if self.verified { 0x9000 } else { 0x63c0 | u16::from(*tries) });
        }
        if data == value {
            self.verified = true;
            return sw(0x9000);
        }
        *tries -= 1;
        sw(0x63c0 | u16::from(*tries))
    }
}

impl Card for TestCard {
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        if command.is_empty() {
            (self.waited, self.silent) = (0, None);
            self.wire.push(Vec::new());
            return Ok(None);
        }
        if self.silent.as_deref() == Some(command) {
            return Ok(None);
        }
        if self.waited < self.delay {
            self.waited += 1;
            return Ok(None);
        }
        let fault = self.fault.filter(|(number, _)| *number == self.wire.len()).map(|(_, fault)| fault);
        (self.waited, self.silent) = (0, None);
        self.wire.push(command.to_vec());
        let reply = match fault {
            None => self.answer(command),
            Some(Fault::Status(status)) => sw(status),
            Some(Fault::Short) => vec![0x90],
            Some(Fault::Empty) => Vec::new(),
            Some(Fault::Long) => {
                let mut reply = self.answer(command);
                let end = reply.len() - 2;
                reply.splice(end..end, [0x3c; 40]);
                reply
            }
            Some(Fault::Garbage) => good(&[0xa5; 20]),
            Some(Fault::Never) => {
                self.silent = Some(command.to_vec());
                return Ok(None);
            }
            Some(Fault::Error(error)) => return Err(error),
        };
        response.get_mut(..reply.len()).ok_or(Error::Truncated)?.copy_from_slice(&reply);
        Ok(Some(reply.len()))
    }
}

pub fn sw(status: u16) -> Vec<u8> {
    status.to_be_bytes().to_vec()
}

fn good(data: &[u8]) -> Vec<u8> {
    [data, &[0x90, 0x00]].concat()
}
