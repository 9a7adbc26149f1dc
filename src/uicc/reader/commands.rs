//! The states of a reading, and the command of each.

use super::types::Failure;
use super::{Host, Reader, Secure, Source, Step};
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::apdu::Command;
use crate::uicc::exchange::Exchange;
use crate::uicc::scp03;

/// Which command is under way, or is the next. In the order of the procedure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    SelectIccid,
    ReadIccid,
    SelectDirectory,
    ReadRecord,
    OpenChannel,
    SelectApplication,
    Initialize,
    Authenticate,
    SelectFile(Source),
    /// STATUS, because SELECT did not tell which PINs there are.
    AskStatus,
    AskTries,
    GivePin,
    Read(Source),
    Store,
    Fetch,
    Close,
}

impl State {
    /// What an event names.
    pub const fn step(self) -> Step {
        match self {
            Self::Idle | Self::SelectIccid | Self::ReadIccid => Step::Iccid,
            Self::SelectDirectory | Self::ReadRecord => Step::Directory,
            Self::OpenChannel => Step::Channel,
            Self::SelectApplication => Step::Application,
            Self::Initialize | Self::Authenticate => Step::Secure,
            Self::SelectFile(Source::Odf) | Self::Read(Source::Odf) => Step::Odf,
            Self::SelectFile(Source::Dodf) | Self::Read(Source::Dodf) => Step::Dodf,
            Self::SelectFile(Source::Bootstrap) => Step::Select,
            Self::AskStatus | Self::AskTries | Self::GivePin => Step::Pin,
            Self::Read(Source::Bootstrap) => Step::File,
            Self::Store | Self::Fetch => Step::Message,
            Self::Close => Step::Close,
        }
    }

    /// What an application is asked for: nothing that may go in the clear where a secure channel is required.
    const fn is_guarded(self) -> bool {
        matches!(
            self,
            Self::SelectFile(_)
                | Self::Read(_)
                | Self::AskStatus
                | Self::AskTries
                | Self::GivePin
                | Self::Store
                | Self::Fetch
        )
    }
}

/// The command that closes a channel; it goes over the basic one.
pub(super) const fn close(channel: u8) -> Command<'static> {
    Command::new(0x70, 0x80, channel, &[], None)
}

/// EF(ICCID) and EF(DIR).
const ICCID: [u8; 2] = [0x2f, 0xe2];
const DIRECTORY: [u8; 2] = [0x2f, 0x00];
/// EF(ODF) in the application that is selected.
const ODF: [u8; 4] = [0x7f, 0xff, 0x50, 0x31];

/// As [`Reader::send`], where the data of the command lies in another part of the reader.
pub(super) fn begin(
    exchange: &mut Exchange,
    session: &mut scp03::Channel,
    channel: u8,
    command: &Command<'_>,
    due: Instant,
    host: &dyn Host,
) -> Result<(), Error> {
    if !session.is_open() {
        return exchange.begin(command, channel, due, None);
    }
    let means = host.means().ok_or(Error::NotSupported)?;
    exchange.begin(command, channel, due, Some((session, means)))
}

impl Reader<'_> {
    /// Hands over the command of the present state.
    pub(super) fn issue(&mut self, now: Instant, host: &mut dyn Host) -> Result<(), Failure> {
        let due = now.after(self.config.timeout_ms.into());
        if self.state.is_guarded() && self.is_unprotected() {
            return Err(self.failure(Error::Handshake));
        }
        let done = match self.state {
            State::Idle => Err(Error::State),
            State::SelectIccid => self.by_identifier(&ICCID, due),
            State::SelectDirectory => self.by_identifier(&DIRECTORY, due),
            State::ReadIccid => self.exchange.begin(&Command::read_binary(0, 10), 0, due, None),
            State::ReadRecord => {
                let (number, length, _) = self.record;
                self.exchange.begin(&Command::read_record(number, length.into()), 0, due, None)
            }
            State::OpenChannel => self.exchange.begin(&Command::new(0x70, 0, 0, &[], Some(1)), 0, due, None),
            State::SelectApplication => {
                self.exchange.begin(&Command::select(0x04, self.aid.bytes()), self.channel, due, None)
            }
            State::Initialize => self.initialize(due, host),
            State::Authenticate => self.authenticate(due, host),
            State::SelectFile(source) => self.select(source, due, host),
            State::Read(_) => self.read(due, host),
            State::AskStatus => self.send(&Command::new(0xf2, 0, 0, &[], Some(256)).proprietary(), due, host),
            State::AskTries => self.send(&Command::new(0x20, 0, self.pin.reference, &[], None), due, host),
            State::GivePin => return self.give_pin(due, host),
            State::Store => self.store(due, host),
            State::Fetch => {
                let [p1, p2] = self.config.message_p1p2.to_be_bytes();
                self.send(&Command::new(0xca, p1, p2, &[], Some(256)).proprietary(), due, host)
            }
            State::Close => self.exchange.begin(&close(self.channel), 0, due, None),
        };
        done.map_err(|error| self.failure(error))
    }

    /// There has to be a secure channel, and there is none: it is required, or has been open and broke down.
    pub(super) const fn is_unprotected(&self) -> bool {
        (self.secured || matches!(self.config.secure, Secure::Required)) && !self.session.is_open()
    }

    /// A command on our channel, protected where that is open.
    pub(super) fn send(&mut self, command: &Command<'_>, due: Instant, host: &dyn Host) -> Result<(), Error> {
        begin(&mut self.exchange, &mut self.session, self.channel, command, due, host)
    }

    /// SELECT of a file of the MF on the basic channel. The identifier alone reaches it unless the terminal has selected an
    /// application there; some modems know that form only, so it comes first.
    fn by_identifier(&mut self, file: &[u8; 2], due: Instant) -> Result<(), Error> {
        let p1 = if self.by_path { 0x08 } else { 0x00 };
        self.exchange.begin(&Command::select(p1, file), 0, due, None)
    }

    /// INITIALIZE UPDATE.
    fn initialize(&mut self, due: Instant, host: &mut dyn Host) -> Result<(), Error> {
        self.challenge_length = if self.config.s16 { 16 } else { 8 };
        let challenge = self.challenge.get_mut(..self.challenge_length).unwrap_or(&mut []);
        host.random(challenge);
        let command = Command::new(0x50, self.config.key_version, 0, challenge, Some(256)).proprietary();
        self.exchange.begin(&command, self.channel, due, None)
    }

    /// EXTERNAL AUTHENTICATE, which gets its checksum on the way.
    fn authenticate(&mut self, due: Instant, host: &mut dyn Host) -> Result<(), Error> {
        let means = host.means().ok_or(Error::NotSupported)?;
        let cryptogram = self.challenge.get(..self.challenge_length).unwrap_or(&[]);
        let command = Command::new(0x82, scp03::LEVEL, 0, cryptogram, None).proprietary();
        self.exchange.begin(&command, self.channel, due, Some((&mut self.session, means)))
    }

    fn select(&mut self, source: Source, due: Instant, host: &mut dyn Host) -> Result<(), Error> {
        // the window is the response's alone: the file is read from its beginning, or from where it goes on
        self.drop_window();
        let mut buffer = [0; 18];
        let (p1, path) = match (source, &self.path) {
            (Source::Odf, _) => (0x08, ODF.as_slice()),
            (_, Some(path)) => path.select(&mut buffer)?,
            (_, None) => return Err(Error::State),
        };
        self.send(&Command::select(p1, path), due, host)
    }

    /// READ BINARY of as much as there is room for.
    fn read(&mut self, due: Instant, host: &mut dyn Host) -> Result<(), Error> {
        self.compact();
        let most = if self.session.is_open() { scp03::DATA_MAX } else { 255 };
        let room = self.window.len().saturating_sub(self.end).saturating_sub(super::WINDOW_SPARE);
        let left = self.cursor.end.saturating_sub(self.cursor.offset);
        let piece = u16::try_from(room.min(most)).unwrap_or(u16::MAX).min(left);
        let piece = self.cursor.le.map_or(piece, |le| le.min(piece));
        if piece == 0 {
            return Err(Error::Full);
        }
        self.cursor.asked = piece;
        self.send(&Command::read_binary(self.cursor.offset, piece), due, host)
    }
}
