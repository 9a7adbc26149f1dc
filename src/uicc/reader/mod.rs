//! Reading a card (TS 1.0 sections 5.2.3.2 and 7.2.2.2, Appendix G.2 and H): a machine that never waits.
//!
//! ```text
//! Iccid -> Directory -> Channel -> Application -> Secure -> Odf -> Dodf -> Select -> Pin -> File -> Close
//!                                                       \-> Message -> ... -----------------------> Close
//! ```
//!
//! EF(ICCID) and EF(DIR) are read on the basic channel, which stays the terminal's; all else on a channel of our own, which
//! is closed at the end whatever happened. One window holds what is being looked at, and the response behind it.

mod answers;
mod commands;
mod messages;
mod pin;
mod types;
mod walk;

pub use messages::message_parts;
pub use types::{Aid, Cause, Config, Failure, Found, Goal, Host, Left, Outcome, Progress, Secure, Step};

use super::apdu::Status;
use super::exchange::{Event, Exchange};
use super::fcp::Fcp;
use super::file::File;
use super::pkcs15::FilePath;
use super::{COMMAND_MAX, Card, RESPONSE_MAX, scp03};
use crate::bytes::zeroise;
use crate::error::Error;
use crate::time::Instant;
use commands::State;
use messages::Queue;
use pin::Pin;

/// The smallest window: a response, and what a secure channel adds to it.
pub const WINDOW_MIN: usize = RESPONSE_MAX + scp03::RESPONSE_OVERHEAD;

/// What a response needs behind its data: status word, padding and checksum. So much longer than the longest resource a
/// window has to be.
pub const WINDOW_SPARE: usize = scp03::RESPONSE_OVERHEAD + 2;

/// How often a card is asked for an answer that is not there yet.
const POLL_MS: u64 = 50;

/// More commands than any reading needs: a card that does not come to an end is left.
const COMMANDS_MAX: u16 = 4096;

/// What a file is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// EF(ODF).
    Odf,
    /// A DODF that the ODF names.
    Dodf,
    /// The bootstrap file.
    Bootstrap,
}

/// How far a file has been read into the window.
#[derive(Clone, Copy)]
struct Cursor {
    /// Where in the file the next piece begins.
    offset: u16,
    /// Where its content ends at the latest.
    end: u16,
    /// The card, or the path, has told that end.
    told: bool,
    /// Nothing follows.
    finished: bool,
    /// How many bytes have been asked for.
    asked: u16,
    /// The Le that the card wants, once, for the next piece.
    le: Option<u16>,
}

impl Cursor {
    const NONE: Self = Self { offset: 0, end: 0, told: false, finished: true, asked: 0, le: None };
}

/// A result to be told as soon as the channel is closed.
type Ending = Result<Outcome, Failure>;

/// Reads cards, one after the other.
pub struct Reader<'m> {
    window: &'m mut [u8],
    /// What of the window waits to be looked at; the response comes behind it.
    start: usize,
    end: usize,
    exchange: Exchange,
    session: scp03::Channel,
    state: State,
    goal: Goal,
    config: Config,
    /// Ours; 0: none.
    channel: u8,
    ending: Option<Ending>,
    reclosed: bool,
    left: Left,
    iccid: [u8; 10],
    aid: Aid,
    /// What the card says of the application, if it does.
    application: Option<Fcp>,
    pin: Pin,
    /// The host's challenge, then the data of EXTERNAL AUTHENTICATE.
    challenge: [u8; 16],
    challenge_length: usize,
    /// The secure channel has been opened: nothing goes in the clear any more.
    secured: bool,
    /// A file was not found by its identifier alone: its path from the MF is tried.
    by_path: bool,
    /// Record of EF(DIR), its length, and how many there are.
    record: (u8, u8, u8),
    path: Option<FilePath>,
    cursor: Cursor,
    /// The object of the file has a flag that asks for a PIN.
    is_private: bool,
    /// Where the ODF goes on behind the DODF that is being read, if it does.
    odf_next: u16,
    odf_ended: bool,
    /// Why something was left out that may have named the file.
    doubt: Option<Error>,
    file: File,
    /// Bytes of the file that mean something, so far, and their fingerprint.
    taken: u16,
    fingerprint: u64,
    objects: bool,
    queue: Queue,
}

impl<'m> Reader<'m> {
    /// A reader that works in `window`: [`WINDOW_MIN`] bytes at least, and [`WINDOW_SPARE`] more than the longest resource
    /// and the longest message. [`Error::Full`] if it is shorter.
    pub fn new(window: &'m mut [u8]) -> Result<Self, Error> {
        if window.len() < WINDOW_MIN {
            return Err(Error::Full);
        }
        Ok(Self::blank(window))
    }

    const fn blank(window: &'m mut [u8]) -> Self {
        Self {
            window,
            start: 0,
            end: 0,
            exchange: Exchange::IDLE,
            session: scp03::Channel::CLOSED,
            state: State::Idle,
            goal: Goal::Check,
            config: Config::DEFAULT,
            channel: 0,
            ending: None,
            reclosed: false,
            left: Left::NOTHING,
            iccid: [0; 10],
            aid: Aid::NONE,
            application: None,
            pin: Pin::NONE,
            challenge: [0; 16],
            challenge_length: 0,
            secured: false,
            by_path: false,
            record: (0, 0, 0),
            path: None,
            cursor: Cursor::NONE,
            is_private: false,
            odf_next: 0,
            odf_ended: false,
            doubt: None,
            file: File::new(0),
            taken: 0,
            fingerprint: 0,
            objects: false,
            queue: Queue::NONE,
        }
    }

    /// Begins. Of a reading that is under way nothing changes: [`Reader::abandon`] it first.
    pub fn start(&mut self, goal: Goal, config: Config) {
        if !self.is_idle() {
            return;
        }
        (self.goal, self.config) = (goal, config);
        self.left = Left::NOTHING;
        self.state = match goal {
            Goal::Check | Goal::Load => State::SelectIccid,
            Goal::Messages => State::OpenChannel,
        };
        if goal == Goal::Messages {
            self.aid = config.message_aid;
        }
    }

    /// Whether nothing is being read.
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// What is known of the last reading.
    pub const fn left(&self) -> Left {
        self.left
    }

    /// Goes on: hands over a command, or asks for its answer. At most one command is completed. [`Progress::Failed`] with
    /// [`Error::State`] where nothing has been started.
    pub fn step(&mut self, now: Instant, card: &mut dyn Card, host: &mut dyn Host) -> Progress {
        if self.is_idle() {
            return Progress::Failed(self.failure(Error::State));
        }
        let issued = if self.exchange.is_busy() { Ok(()) } else { self.issue(now, host) };
        if let Err(failure) = issued {
            return self.stop(Err(failure));
        }
        match self.poll(now, card, host) {
            Event::Pending => Progress::Waiting(now.after(POLL_MS).earlier(self.exchange.due())),
            Event::Again if self.exchange.count() > COMMANDS_MAX => {
                self.give_up(card);
                self.stop(Err(self.failure(Error::TooLarge)))
            }
            Event::Again => Progress::Again,
            Event::Lost(error) => self.lost(self.failure(error)),
            Event::Failed(error) => self.stop(Err(self.failure(error))),
            Event::Done(status, length) => self.done(status, length, host),
        }
    }

    /// Ends the reading where it is: the command under way is given up, and the channel closed as far as that goes without
    /// waiting for the card. A channel that was being opened stays open: nobody knows its number yet.
    pub fn abandon(&mut self, card: &mut dyn Card) {
        if self.is_idle() {
            return;
        }
        self.give_up(card);
        if self.channel != 0 {
            let mut close = [0; COMMAND_MAX];
            if let Ok(length) = commands::close(self.channel).write(0, &mut close) {
                let room = self.window.get_mut(self.end..).unwrap_or(&mut []);
                // the answer is nobody's
                let _ = card.transmit(close.get(..length).unwrap_or(&[]), room);
            }
        }
        // nothing goes on
        let _ = card.transmit(&[], &mut []);
        self.wipe();
    }

    fn give_up(&mut self, card: &mut dyn Card) {
        self.exchange.give_up(card, self.window.get_mut(self.end..).unwrap_or(&mut []));
    }

    fn poll(&mut self, now: Instant, card: &mut dyn Card, host: &mut dyn Host) -> Event {
        let room = self.window.get_mut(self.end..).unwrap_or(&mut []);
        let secure = host.means().map(|means| (&mut self.session, means));
        self.exchange.poll(now, card, room, secure)
    }

    /// A response, which lies behind what waits in the window.
    fn done(&mut self, status: Status, length: usize, host: &mut dyn Host) -> Progress {
        if self.state == State::Close {
            let refused = self.refused(status, status.error());
            return if status.is_good() { self.finish() } else { self.not_closed(refused) };
        }
        if self.exchange.count() > COMMANDS_MAX {
            return self.stop(Err(self.refused(status, Error::TooLarge)));
        }
        match self.answer(status, length, host) {
            Ok(None) => Progress::Again,
            Ok(Some(outcome)) => self.stop(Ok(outcome)),
            Err(failure) => self.stop(Err(failure)),
        }
    }

    /// The channel is closed once more: what is left open is lacking somewhere else.
    fn not_closed(&mut self, failure: Failure) -> Progress {
        if core::mem::replace(&mut self.reclosed, true) {
            self.left.unclosed = Some(failure);
            return self.finish();
        }
        Progress::Again
    }

    /// The result is known; the channel is closed before it is told.
    fn stop(&mut self, ending: Ending) -> Progress {
        if self.state == State::Close {
            let failure = ending.err().unwrap_or(self.failure(Error::State));
            return self.not_closed(failure);
        }
        self.ending = Some(ending);
        if self.channel == 0 {
            return self.finish();
        }
        self.session.close();
        (self.start, self.end) = (0, 0);
        zeroise(self.window);
        self.state = State::Close;
        Progress::Again
    }

    /// The card has gone, or its channels have.
    fn lost(&mut self, failure: Failure) -> Progress {
        let gone = failure.error == Error::NotFound;
        if gone {
            self.left.cause = Cause::NoCard;
        }
        // where all else had been done already, only a card that is not there any more changes the result
        if self.state != State::Close || gone {
            self.ending = Some(Err(failure));
        }
        self.finish()
    }

    fn finish(&mut self) -> Progress {
        let ending = self.ending.take().unwrap_or(Err(self.failure(Error::State)));
        let ending = ending.map(|outcome| outcome.counted(self.exchange.count()));
        self.wipe();
        match ending {
            Ok(outcome) => Progress::Done(outcome),
            Err(failure) => Progress::Failed(failure),
        }
    }

    /// Nothing is left of what was read: the file and its directories hold secrets.
    fn wipe(&mut self) {
        self.session.close();
        zeroise(self.window);
        zeroise(&mut self.challenge);
        let left = Left { iccid: self.iccid, ..self.left };
        *self = Self { left, ..Self::blank(core::mem::take(&mut self.window)) };
    }

    /// A failure of the present step that no status word tells.
    fn failure(&self, error: Error) -> Failure {
        Failure { step: self.state.step(), status: 0, error }
    }

    fn refused(&self, status: Status, error: Error) -> Failure {
        Failure { step: self.state.step(), status: status.0, error }
    }

    /// What waits in the window.
    fn waiting(&self) -> &[u8] {
        self.window.get(self.start..self.end).unwrap_or(&[])
    }

    /// The response that has just come, without its status word.
    fn response(&self, length: usize) -> &[u8] {
        self.window.get(self.end..self.end.saturating_add(length)).unwrap_or(&[])
    }

    /// Forgets what waits in the window.
    fn drop_window(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Moves what waits in the window to its front.
    fn compact(&mut self) {
        let length = self.waiting().len();
        let mut to = 0usize;
        while self.start > 0 && to < length {
            let byte = self.window.get(self.start.wrapping_add(to)).copied();
            if let (Some(byte), Some(place)) = (byte, self.window.get_mut(to)) {
                *place = byte;
            }
            to = to.wrapping_add(1);
        }
        (self.start, self.end) = (0, length);
    }
}

#[cfg(all(test, feature = "crypto"))]
#[path = "tests/mod.rs"]
mod tests;
