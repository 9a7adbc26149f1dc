//! Messages through the card's LwM2M application (TS 1.0 section 7.2.2.2; GlobalPlatform STORE DATA and GET DATA).

use super::commands::{State, begin};
use super::types::{Failure, Outcome};
use super::{Host, Reader, WINDOW_SPARE};
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::apdu::{Command, Status};
use crate::uicc::scp03;

/// So many messages go each way in a session: a card that never runs dry has to wait for the next one.
const SESSION_MAX: u8 = 16;

/// How far the messages of a session have come.
#[derive(Clone, Copy)]
pub(super) struct Queue {
    stored: u8,
    fetched: u8,
    /// The card has no more.
    drained: bool,
    block: u8,
    /// Length of the block under way.
    piece: usize,
}

impl Queue {
    pub const NONE: Self = Self { stored: 0, fetched: 0, drained: false, block: 0, piece: 0 };
}

impl Reader<'_> {
    /// The next message of the host's, or else of the card's, or else the end.
    pub(super) fn offer(&mut self, host: &mut dyn Host) -> Result<Option<Outcome>, Failure> {
        self.drop_window();
        if self.queue.stored < SESSION_MAX {
            let most = self.window.len().saturating_sub(WINDOW_SPARE);
            let room = self.window.get_mut(..most).unwrap_or(&mut []);
            if let Some(length) = host.next_message(room).filter(|length| (1..=most).contains(length)) {
                self.end = length;
                self.queue.block = 0;
                self.state = State::Store;
                return Ok(None);
            }
        }
        self.fetch_or_end()
    }

    fn fetch_or_end(&mut self) -> Result<Option<Outcome>, Failure> {
        self.left.more = !self.queue.drained && self.queue.fetched >= SESSION_MAX;
        if self.queue.drained || self.left.more {
            return Ok(Some(Outcome::Messages { apdus: 0 }));
        }
        self.state = State::Fetch;
        Ok(None)
    }

    /// After a message of the host's: one of the card's, while it may have any.
    fn alternate(&mut self, host: &mut dyn Host) -> Result<Option<Outcome>, Failure> {
        self.queue.stored = self.queue.stored.saturating_add(1);
        self.drop_window();
        if self.queue.drained || self.queue.fetched >= SESSION_MAX {
            return self.offer(host);
        }
        self.state = State::Fetch;
        Ok(None)
    }

    /// STORE DATA of the next block.
    pub(super) fn store(&mut self, due: Instant, host: &mut dyn Host) -> Result<(), Error> {
        let most = if self.session.is_open() { self.session.data_max() } else { scp03::DATA_MAX };
        self.queue.piece = self.waiting().len().min(most);
        let p1 = if self.queue.piece == self.waiting().len() { 0x80 } else { 0x00 };
        let Self { window, exchange, session, channel, start, queue, .. } = self;
        let data = window.get(*start..start.saturating_add(queue.piece)).unwrap_or(&[]);
        let command = Command::new(0xe2, p1, queue.block, data, None).proprietary();
        begin(exchange, session, *channel, &command, due, host)
    }

    /// The answer to STORE DATA.
    pub(super) fn stored(&mut self, status: Status, host: &mut dyn Host) -> Result<Option<Outcome>, Failure> {
        if !status.is_good() {
            let failure = self.refused(status, status.error());
            // a toolkit that is busy has not refused the message
            if status.is_busy() {
                return Err(failure);
            }
            host.message_stored(Err(failure));
            return if self.is_unprotected() { Err(failure) } else { self.alternate(host) };
        }
        self.start = self.start.saturating_add(self.queue.piece);
        if self.start < self.end {
            let Some(block) = self.queue.block.checked_add(1) else {
                let failure = self.failure(Error::TooLarge);
                host.message_stored(Err(failure));
                return Err(failure);
            };
            self.queue.block = block;
            return Ok(None);
        }
        host.message_stored(Ok(()));
        self.alternate(host)
    }

    /// The answer to GET DATA.
    pub(super) fn fetched(
        &mut self,
        status: Status,
        length: usize,
        host: &mut dyn Host,
    ) -> Result<Option<Outcome>, Failure> {
        if status == Status::NO_DATA || (status.is_good() && length == 0) {
            self.queue.drained = true;
        } else if status.is_good() || status.is_warning() {
            self.queue.fetched = self.queue.fetched.saturating_add(1);
            let body = self.response(length);
            let (address, coap) = message_parts(body, self.config.message_tag).unwrap_or((&[], body));
            host.message(address, coap);
        } else {
            return Err(self.refused(status, status.error()));
        }
        self.offer(host)
    }
}

/// Address (as in a TPDU) and CoAP message of the body of a GET DATA: address, tag, length in two octets, message.
pub fn message_parts(body: &[u8], tag: u8) -> Result<(&[u8], &[u8]), Error> {
    let digits = *body.first().ok_or(Error::Malformed)?;
    if digits > 20 {
        return Err(Error::Malformed);
    }
    // length, type, two digits an octet
    let address = usize::from(digits.div_ceil(2)).saturating_add(2);
    let (address, rest) = body.split_at_checked(address).ok_or(Error::Malformed)?;
    match rest.split_first_chunk::<3>() {
        Some(([found, high, low], coap))
            if *found == tag && usize::from(u16::from_be_bytes([*high, *low])) == coap.len() =>
        {
            Ok((address, coap))
        }
        _ => Err(Error::Malformed),
    }
}
