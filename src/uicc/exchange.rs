//! One command under way: GET RESPONSE and the right Le, the secure channel, the time limit (ETSI TS 102 221 section 7.3,
//! ISO/IEC 7816-4; GlobalPlatform Amendment D). Nothing here waits.

use super::apdu::{Command, Status};
use super::scp03::Channel;
use super::{COMMAND_MAX, Card, Means};
use crate::bytes::{put, zeroise};
use crate::error::Error;
use crate::time::Instant;

/// So often a response may go on: more is a card that never ends.
const ROUNDS: u8 = 16;
const EXTERNAL_AUTHENTICATE: u8 = 0x82;

/// What protects a command.
pub type Secure<'s> = Option<(&'s mut Channel, Means<'s>)>;

/// How far a command has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The card has not answered yet.
    Pending,
    /// A part is there; ask again.
    Again,
    /// The response is there: its data, so many bytes, and its status word.
    Done(Status, usize),
    /// There is no card ([`Error::NotFound`]), or it cannot be used any more: its channels are closed.
    Lost(Error),
    /// The answer is none: [`Error::Malformed`], [`Error::Truncated`], [`Error::Timeout`], [`Error::Handshake`].
    Failed(Error),
}

/// A command under way.
pub struct Exchange {
    command: [u8; COMMAND_MAX],
    /// Its length; 0: there is none.
    length: usize,
    /// Bytes of the response so far.
    got: usize,
    due: Instant,
    channel: u8,
    has_le: bool,
    wrapped: bool,
    /// It is EXTERNAL AUTHENTICATE, whose refusal is the card's to explain.
    opening: bool,
    /// Le has been put right already.
    corrected: bool,
    rounds: u8,
    /// Commands that a card answered.
    count: u16,
}

impl Exchange {
    /// None is under way.
    pub const IDLE: Self = Self {
        command: [0; COMMAND_MAX],
        length: 0,
        got: 0,
        due: Instant::NEVER,
        channel: 0,
        has_le: false,
        wrapped: false,
        opening: false,
        corrected: false,
        rounds: 0,
        count: 0,
    };

    /// Whether a command is under way.
    pub const fn is_busy(&self) -> bool {
        self.length != 0
    }

    /// How many commands the card has answered, GET RESPONSE among them; stays at the highest number.
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// Takes a command, to be answered until `due`; with a `secure` channel that is open it is protected.
    pub fn begin(
        &mut self,
        command: &Command<'_>,
        channel: u8,
        due: Instant,
        secure: Secure<'_>,
    ) -> Result<(), Error> {
        self.end();
        let mut length = command.write(channel, &mut self.command)?;
        if let Some((session, means)) = secure {
            length = match means.seal.wrap(session, means.crypto, &mut self.command, length) {
                Ok(length) => length,
                Err(error) => {
                    // it may have been a PIN
                    self.end();
                    return Err(error);
                }
            };
            self.wrapped = true;
            self.opening = command.ins == EXTERNAL_AUTHENTICATE;
        }
        self.channel = channel;
        self.has_le = command.le.is_some();
        self.due = due;
        self.length = length;
        Ok(())
    }

    /// Asks the card how far the command has come. `room` takes the response, and is the same until the end.
    pub fn poll(&mut self, now: Instant, card: &mut dyn Card, room: &mut [u8], secure: Secure<'_>) -> Event {
        let event = match self.ask(card, room) {
            Ok(Some(answer)) => self.take(answer, room, secure),
            Ok(None) if now < self.due => return Event::Pending,
            Ok(None) => {
                self.give_up(card, room);
                Event::Failed(Error::Timeout)
            }
            // that was the room, not the card
            Err(Error::Truncated) => Event::Failed(Error::Truncated),
            Err(error) => Event::Lost(error),
        };
        if event != Event::Again {
            self.end();
        }
        event
    }

    /// Drops the command; the card's late answer to it is nobody's.
    pub fn give_up(&mut self, card: &mut dyn Card, room: &mut [u8]) {
        if self.is_busy() {
            // whatever the card says to that: it is left alone now
            let _ = card.transmit(&[], room);
        }
        self.end();
    }

    /// When the answer has to be there.
    pub const fn due(&self) -> Instant {
        self.due
    }

    /// Length of the next piece of the response, if it is there.
    fn ask(&mut self, card: &mut dyn Card, room: &mut [u8]) -> Result<Option<usize>, Error> {
        let command = self.command.get(..self.length).unwrap_or(&[]);
        let room = room.get_mut(self.got..).unwrap_or(&mut []);
        let most = room.len();
        match card.transmit(command, room)? {
            Some(length) if length > most => Err(Error::Truncated),
            answer => Ok(answer),
        }
    }

    /// Takes a piece of the response, of that many bytes.
    fn take(&mut self, piece: usize, room: &mut [u8], secure: Secure<'_>) -> Event {
        self.count = self.count.saturating_add(1);
        let total = self.got.saturating_add(piece);
        let Some((status, data)) = split(room, total).filter(|_| piece >= 2) else {
            return Event::Failed(Error::Malformed);
        };
        let left = room.len().saturating_sub(data);
        if let Some(waiting) = status.waiting() {
            self.got = data;
            return self.go_on(Command::get_response(waiting), waiting, left);
        }
        if let Some(right) = status.right_length().filter(|_| self.can_correct() && piece == 2) {
            return self.correct(right, left);
        }
        if self.wrapped && status.is_good() && status != Status::OK {
            // whoever computed the checksum said 9000; the toolkit changed that afterwards
            let _ = put(room, data, &Status::OK.0.to_be_bytes());
        }
        match secure.filter(|_| self.wrapped) {
            Some((session, means)) => match means.seal.unwrap(session, means.crypto, room, total) {
                Ok(length) => split(room, length).map_or(Event::Failed(Error::Malformed), vouched),
                Err(_) if self.opening && data == 0 && !status.is_good() => done((status, 0)),
                Err(error) => Event::Failed(error),
            },
            None if self.wrapped => Event::Failed(Error::State),
            None => done((status, data)),
        }
    }

    /// GET RESPONSE, in the clear even where the command was not: what it brings is a part of one protected response.
    fn go_on(&mut self, command: Command<'_>, waiting: u16, left: usize) -> Event {
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > ROUNDS {
            return Event::Failed(Error::Malformed);
        }
        if needed(waiting) > left {
            return Event::Failed(Error::Truncated);
        }
        zeroise(&mut self.command);
        match command.write(self.channel, &mut self.command) {
            Ok(length) => {
                self.length = length;
                (self.has_le, self.corrected) = (true, false);
                Event::Again
            }
            Err(error) => Event::Failed(error),
        }
    }

    /// The same command with another Le. Of a protected one the card may have counted the first: its sender makes it anew.
    fn can_correct(&self) -> bool {
        let clear = !self.wrapped || self.got > 0 || self.rounds > 0;
        self.has_le && !self.corrected && clear
    }

    fn correct(&mut self, right: u16, left: usize) -> Event {
        if needed(right) > left {
            return Event::Failed(Error::Truncated);
        }
        self.corrected = true;
        let [_, low] = right.to_be_bytes();
        match put(&mut self.command, self.length.saturating_sub(1), &[low]) {
            Ok(()) => Event::Again,
            Err(error) => Event::Failed(error),
        }
    }

    /// Nothing is under way any more, and nothing is left of what was.
    fn end(&mut self) {
        zeroise(&mut self.command);
        (self.length, self.got, self.rounds) = (0, 0, 0);
        (self.has_le, self.corrected) = (false, false);
        (self.wrapped, self.opening) = (false, false);
    }
}

/// Status word and length of the data of a response of `total` bytes.
fn split(room: &[u8], total: usize) -> Option<(Status, usize)> {
    let data = total.checked_sub(2)?;
    match room.get(data..total)? {
        [sw1, sw2] => Some((Status(u16::from_be_bytes([*sw1, *sw2])), data)),
        _ => None,
    }
}

fn done((status, data): (Status, usize)) -> Event {
    Event::Done(status, data)
}

/// A response that came through a secure channel: nothing but 9000 has a checksum that says that all went well.
fn vouched(response: (Status, usize)) -> Event {
    let (status, _) = response;
    if status.is_good() && status != Status::OK {
        return Event::Failed(Error::Handshake);
    }
    done(response)
}

/// Room for that many bytes and a status word.
fn needed(data: u16) -> usize {
    usize::from(data).saturating_add(2)
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
