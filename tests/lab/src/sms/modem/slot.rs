//! The card behind the modem (TS 27.007 sections 8.17, 8.18, 8.43, 8.45, 8.46; ETSI TS 102 221 section 10.1.1): `+CSIM`,
//! `+CRSM`, `+CCHO`, `+CGLA`, `+CCHC`.
//!
//! As modems do it, sessions live in the modem: it opens the logical channel, selects the application, and writes the
//! channel into the class byte of whatever the host sends. The basic channel is shared between host and modem: `+CRSM`
//! selects there, whatever the host had selected by `+CSIM`.

use super::general::{Call, Kind, nothing, said};
use super::line::{End, Reply, from_hex};
use super::options::Access;
use super::{Card, Modem};
use crate::uicc::Chip;

/// +CME ERROR: operation not allowed.
const NOT_ALLOWED: End = End::Equipment(3);
/// +CME ERROR: operation not supported.
const NOT_SUPPORTED: End = End::Equipment(4);
/// +CME ERROR: SIM failure: the card does not answer.
const FAILURE: End = End::Equipment(13);
/// +CME ERROR: SIM busy.
const BUSY: End = End::Equipment(14);
/// +CME ERROR: memory full: no channel is left.
const NO_CHANNEL: End = End::Equipment(20);
/// +CME ERROR: invalid index: there is no such session.
const NO_SESSION: End = End::Equipment(21);
/// +CME ERROR: not found.
const NOT_FOUND: End = End::Equipment(22);
/// +CME ERROR: incorrect parameters.
const BAD_PARAMETER: End = End::Equipment(50);

const MANAGE_CHANNEL: u8 = 0x70;

/// Where the card is, and what the modem knows about it.
#[derive(Default)]
pub(super) struct Slot {
    chip: Option<Box<dyn Chip>>,
    /// There was a card at some time: a modem without one knows none of these commands.
    fitted: bool,
    /// The channel of each session.
    sessions: Vec<u8>,
    /// So many commands find the card busy.
    pub busy: u32,
    /// A card that was put in is being started until then.
    pub starts: Option<u64>,
    /// This command line was for the card, which takes its time.
    pub asked: bool,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { fitted, sessions, busy, .. } = self;
        write!(f, "Slot {{ fitted: {fitted}, sessions: {sessions:?}, busy: {busy} }}")
    }
}

impl Slot {
    /// Starts the card anew: its channels are closed.
    pub fn reset(&mut self) {
        self.sessions.clear();
        (self.busy, self.starts) = (0, None);
        if let Some(chip) = &mut self.chip {
            chip.reset();
        }
    }

    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, End> {
        let response = self.chip.as_mut().and_then(|chip| chip.apdu(command));
        response.filter(|response| response.len() >= 2).ok_or(FAILURE)
    }

    /// An exchange with the GET RESPONSE that 61xx asks for.
    fn fetched(&mut self, command: &[u8]) -> Result<Vec<u8>, End> {
        let response = self.exchange(command)?;
        match response[..] {
            [0x61, left] => self.exchange(&[command[0], 0xc0, 0, 0, left]),
            _ => Ok(response),
        }
    }
}

/// The class byte for this channel (ETSI TS 102 221 table 10.3): secure messaging and chaining stay as they are.
pub(super) const fn class_on(class: u8, channel: u8) -> u8 {
    let further = class & 0x40 != 0;
    let kept = class & 0x90;
    let secured = if further { class & 0x20 != 0 } else { class & 0x0c != 0 };
    match (channel, further) {
        (0..=3, false) => (class & !0x03) | channel,
        (0..=3, true) => kept | if secured { 0x04 } else { 0 } | channel,
        _ => kept | 0x40 | if secured { 0x20 } else { 0 } | (channel - 4),
    }
}

/// A status word that lets the host go on: 9000, 61xx, 91xx and warnings.
const fn is_fine(response: &[u8]) -> bool {
    matches!(response, [.., 0x90 | 0x61 | 0x91 | 0x62 | 0x63, _])
}

/// A command APDU, given by its length in characters and its characters.
fn apdu(call: &Call, at: usize) -> Result<Vec<u8>, End> {
    let text = call.text(at + 1);
    let bytes = from_hex(text.as_bytes()).filter(|bytes| bytes.len() >= 4).ok_or(BAD_PARAMETER)?;
    let fits = call.arguments.len() == at + 2 && call.number(at, 0) == Some(text.len());
    if fits { Ok(bytes) } else { Err(BAD_PARAMETER) }
}

impl Modem {
    /// `None` if it is no command for the card, or one that this model does not know.
    pub(super) fn card_command(&mut self, call: &Call) -> Option<Result<Reply, End>> {
        let (command, access): (fn(&mut Self, &Call) -> _, _) = match call.name.as_str() {
            "+CSIM" => (Self::generic, self.options.generic),
            "+CRSM" => (Self::restricted, self.options.restricted),
            "+CCHO" => (Self::open_channel, self.options.channels),
            "+CGLA" => (Self::channel_access, self.options.channels),
            "+CCHC" => (Self::close_channel, self.options.channels),
            _ => return None,
        };
        if !self.slot.fitted || access == Access::Unknown {
            return None;
        }
        Some(match (call.kind, access) {
            (Kind::Test, _) => nothing(),
            (Kind::Set, Access::Refused(error)) => Err(End::Equipment(error)),
            (Kind::Set, _) => self.with_free_card().and_then(|()| command(self, call)),
            _ => Err(End::Error),
        })
    }

    fn with_free_card(&mut self) -> Result<(), End> {
        self.with_card()?;
        self.slot.asked = true;
        if let Some(left) = self.slot.busy.checked_sub(1) {
            self.slot.busy = left;
            return Err(BUSY);
        }
        Ok(())
    }

    /// An exchange as this model does it: some fetch what 61xx announces, others leave that to the host.
    fn asked_for(&mut self, command: &[u8]) -> Result<Vec<u8>, End> {
        if self.options.fetches { self.slot.fetched(command) } else { self.slot.exchange(command) }
    }

    fn generic(&mut self, call: &Call) -> Result<Reply, End> {
        let response = self.asked_for(&apdu(call, 0)?)?;
        said(format!("+CSIM: {},{}", response.len() * 2, self.quoted(&self.shown(&response))))
    }

    /// `+CRSM`: reading on the basic channel; a file is found by its identifier, and by the path to it where one is given.
    fn restricted(&mut self, call: &Call) -> Result<Reply, End> {
        let number = |at| call.number::<u8>(at, 0).ok_or(BAD_PARAMETER);
        let instruction = number(0)?;
        let file = call.number::<u16>(1, 0).ok_or(BAD_PARAMETER)?.to_be_bytes();
        let [p1, p2, p3] = [number(2)?, number(3)?, number(4)?];
        let parent = from_hex(call.text(6).as_bytes()).ok_or(BAD_PARAMETER)?;
        if ![176, 178, 192].contains(&instruction) {
            return Err(NOT_SUPPORTED);
        }
        let parent = parent.strip_prefix(&[0x3f, 0x00]).unwrap_or(&parent);
        let path = [parent, &file].concat();
        let length = u8::try_from(path.len()).map_err(|_| BAD_PARAMETER)?;
        // what is below the master file is found from there, whatever is selected
        let by = if file[0] == 0x2f || !parent.is_empty() { 0x08 } else { 0x00 };
        let select = [&[0, 0xa4, by, 0x04, length], &path[..], &[0]].concat();
        let mut response = self.slot.fetched(&select)?;
        if is_fine(&response) && instruction != 192 {
            response = self.slot.fetched(&[0, instruction, p1, p2, p3])?;
        }
        let (data, status) = response.split_at(response.len() - 2);
        let mut line = format!("+CRSM: {},{}", status[0], status[1]);
        if !data.is_empty() {
            line += &format!(",{}", self.quoted(&self.shown(data)));
        }
        said(line)
    }

    fn open_channel(&mut self, call: &Call) -> Result<Reply, End> {
        let name = from_hex(call.text(0).as_bytes()).filter(|name| (1..=16).contains(&name.len()));
        let name = name.filter(|_| call.arguments.len() == 1).ok_or(BAD_PARAMETER)?;
        let opened = self.slot.exchange(&[0, MANAGE_CHANNEL, 0, 0, 1])?;
        let &[channel @ 1..=19, 0x90 | 0x91, _] = &opened[..] else { return Err(NO_CHANNEL) };
        let head = [class_on(0, channel), 0xa4, 0x04, 0x04, name.len() as u8];
        let selected = self.slot.fetched(&[&head, &name[..], &[0]].concat());
        if !selected.as_deref().is_ok_and(is_fine) {
            let _ = self.slot.exchange(&[0, MANAGE_CHANNEL, 0x80, channel]);
            return Err(selected.err().unwrap_or(NOT_FOUND));
        }
        self.slot.sessions.push(channel);
        let session = self.options.first_session + u32::from(channel) - 1;
        said(if self.options.bare_session { session.to_string() } else { format!("+CCHO: {session}") })
    }

    /// The channel of the session that the first argument names.
    fn session(&self, call: &Call) -> Result<u8, End> {
        let session = call.text(0).parse::<u32>().map_err(|_| BAD_PARAMETER)?;
        let channel = session.checked_sub(self.options.first_session).ok_or(NO_SESSION)?.saturating_add(1);
        let mut open = self.slot.sessions.iter().copied();
        open.find(|open| u32::from(*open) == channel).ok_or(NO_SESSION)
    }

    fn channel_access(&mut self, call: &Call) -> Result<Reply, End> {
        let channel = self.session(call)?;
        let mut command = apdu(call, 1)?;
        if command[1] == MANAGE_CHANNEL {
            // channels are the modem's own business
            return Err(NOT_ALLOWED);
        }
        command[0] = class_on(command[0], channel);
        let response = self.asked_for(&command)?;
        said(format!("+CGLA: {},{}", response.len() * 2, self.quoted(&self.shown(&response))))
    }

    fn close_channel(&mut self, call: &Call) -> Result<Reply, End> {
        let channel = self.session(call)?;
        self.slot.sessions.retain(|open| *open != channel);
        match self.slot.exchange(&[0, MANAGE_CHANNEL, 0x80, channel])? {
            response if is_fine(&response) => nothing(),
            _ => Err(FAILURE),
        }
    }

    /// Notices that a card that was put in has started.
    pub(super) fn start_card(&mut self) {
        let Some(at) = self.slot.starts.filter(|at| *at <= self.now) else { return };
        self.slot.starts = None;
        self.tell_card(at);
        self.radio();
        self.tell_registration();
    }

    fn tell_card(&mut self, at: u64) {
        let word = match self.card {
            Card::Ready => "READY",
            Card::Pin => "SIM PIN",
            Card::Puk => "SIM PUK",
            Card::Missing => "NOT INSERTED",
        };
        if self.options.tells_card && self.booted_at.is_none() {
            self.unsolicited(at, &format!("+CPIN: {word}"));
        }
    }
}

impl Modem {
    /// A message for the card, and those that it wants sent.
    pub(super) fn serve_card(&mut self, arrived: Option<&[u8]>) {
        for tpdu in self.slot.chip.iter_mut().flat_map(|chip| chip.toolkit(arrived)) {
            // that the network does not take it nobody is told
            let _ = self.phone.submit(self.now, &tpdu);
        }
    }
}

/// What a test does with the card.
impl Modem {
    /// The card that is in from the beginning: nothing is said of it.
    pub fn fit(&mut self, mut chip: Box<dyn Chip>) {
        chip.reset();
        self.slot = Slot { chip: Some(chip), fitted: true, ..Slot::default() };
        self.card = self.options.card();
        self.radio();
    }

    /// Takes the card out. Sessions end; `+CPIN: NOT INSERTED` where the model says such things.
    pub fn remove_card(&mut self, now: u64) -> Option<Box<dyn Chip>> {
        self.now = self.now.max(now);
        let chip = self.slot.chip.take();
        self.slot.reset();
        self.card = Card::Missing;
        self.options.card = false;
        self.radio();
        self.tell_card(self.now);
        self.tell_registration();
        chip
    }

    /// Puts a card in, which is busy until it has started.
    pub fn insert_card(&mut self, now: u64, chip: Box<dyn Chip>) {
        self.now = self.now.max(now);
        self.options.card = true;
        self.fit(chip);
        self.slot.starts = Some(self.now + self.options.card_start);
        self.radio();
        self.start_card();
    }

    /// The next commands for the card find it busy: `+CME ERROR: 14`.
    pub fn busy_card(&mut self, commands: u32) {
        self.slot.busy = commands;
    }

    /// The channels that hosts have opened by `+CCHO` and not closed.
    pub fn card_channels(&self) -> &[u8] {
        &self.slot.sessions
    }
}
