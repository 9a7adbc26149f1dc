//! What each answer leads to.

use super::commands::State;
use super::types::{Aid, Failure, Goal, Outcome, Secure};
use super::{Host, Reader, Source};
use crate::bytes::copy;
use crate::error::Error;
use crate::uicc::apdu::{CHANNEL_MAX, Status};
use crate::uicc::fcp::{Fcp, Kind};
use crate::uicc::pkcs15;

/// TS 102 221 numbers records from 1 to 254.
const RECORD_MAX: u8 = 254;

/// The end of a reading, or that it goes on.
type Taken = Result<Option<Outcome>, Failure>;

impl Reader<'_> {
    /// The response to the command of the present state, of that many bytes.
    pub(super) fn answer(&mut self, status: Status, length: usize, host: &mut dyn Host) -> Taken {
        match self.state {
            State::SelectIccid => self.iccid_selected(status),
            State::ReadIccid => self.iccid_read(status, length),
            State::SelectDirectory => self.directory_selected(status, length),
            State::ReadRecord => self.record_read(status, length),
            State::OpenChannel => self.channel_opened(status, length),
            State::SelectApplication => self.application_selected(status, length, host),
            State::Initialize => self.initialized(status, length, host),
            State::Authenticate => self.authenticated(status, host),
            State::SelectFile(source) => self.file_selected(source, status, length),
            State::AskStatus => self.status_asked(status, length),
            State::AskTries => self.tries_asked(status),
            State::GivePin => self.pin_given(status),
            State::Read(source) => self.was_read(source, status, length, host),
            State::Store => self.stored(status, host),
            State::Fetch => self.fetched(status, length, host),
            State::Idle | State::Close => Err(self.failure(Error::State)),
        }
    }

    /// On to that state.
    fn to(&mut self, state: State) -> Taken {
        self.state = state;
        Ok(None)
    }

    /// A file of the MF was not found by its identifier: by its path, if that has not been tried.
    fn other_way(&mut self, status: Status) -> bool {
        let retry = status == Status::NO_FILE && !self.by_path;
        self.by_path |= retry;
        retry
    }

    fn iccid_selected(&mut self, status: Status) -> Taken {
        if is_selected(status) {
            return self.to(State::ReadIccid);
        }
        if self.other_way(status) {
            return Ok(None);
        }
        self.by_path = false;
        self.without_iccid(status)
    }

    /// A card that has no identity goes without; one that is in trouble may be another one next time.
    fn without_iccid(&mut self, status: Status) -> Taken {
        if matches!(status.sw1(), 0x64 | 0x65 | 0x6f | 0x93) {
            return Err(self.refused(status, status.error()));
        }
        self.to(State::SelectDirectory)
    }

    fn iccid_read(&mut self, status: Status, length: usize) -> Taken {
        if !status.is_good() && !status.is_warning() {
            return self.without_iccid(status);
        }
        if length == self.iccid.len() {
            let response = self.window.get(self.end..self.end.saturating_add(length)).unwrap_or(&[]);
            copy(&mut self.iccid, response);
        }
        self.to(State::SelectDirectory)
    }

    fn directory_selected(&mut self, status: Status, length: usize) -> Taken {
        if !is_selected(status) {
            // the other way may be one that the card, or the modem before it, does not know
            let absent = status.is_unknown()
                || matches!(status, Status::NO_FILE | Status(0x6a86) | Status::OFFSET | Status(0x6a81));
            if self.other_way(status) {
                return Ok(None);
            }
            return if absent && self.by_path { self.nothing_found() } else { Err(self.not_done(status)) };
        }
        let fcp = self.parameters(length)?;
        self.record = match fcp.map(|fcp| fcp.kind) {
            Some(Kind::Records { length, count }) => (1, length, count),
            Some(_) => return Err(self.failure(Error::NotSupported)),
            None => (1, 0, RECORD_MAX),
        };
        self.to(State::ReadRecord)
    }

    fn record_read(&mut self, status: Status, length: usize) -> Taken {
        if status == Status::NO_RECORD {
            return self.nothing_found();
        }
        if !status.is_good() && !status.is_warning() {
            return Err(self.not_done(status));
        }
        let record = self.response(length);
        match record {
            // not a record, so nothing that could tell that there are no more
            [] => return Err(self.refused(status, Error::Malformed)),
            [0xff, ..] => return self.nothing_found(),
            _ => {}
        }
        match pkcs15::application(record).and_then(|aid| aid.map(Aid::new).transpose()) {
            Ok(Some(aid)) => {
                (self.aid, self.doubt) = (aid, None);
                return self.to(State::OpenChannel);
            }
            Ok(None) => {}
            // another application's record may be odd, but was it another's?
            Err(error) => self.doubt = Some(error),
        }
        let (number, length, count) = self.record;
        if number >= count.min(RECORD_MAX) {
            return self.nothing_found();
        }
        self.record = (number.saturating_add(1), length, count);
        Ok(None)
    }

    fn channel_opened(&mut self, status: Status, length: usize) -> Taken {
        if !status.is_good() {
            return Err(self.not_done(status));
        }
        match self.response(length) {
            [channel @ 1..=CHANNEL_MAX, ..] => {
                self.channel = *channel;
                self.to(State::SelectApplication)
            }
            _ => Err(self.failure(Error::Malformed)),
        }
    }

    fn application_selected(&mut self, status: Status, length: usize, host: &mut dyn Host) -> Taken {
        if !is_selected(status) {
            return Err(self.not_done(status));
        }
        self.application = self.parameters(length)?;
        let missing = match self.config.secure {
            Secure::Never => return self.begin_goal(host),
            _ if host.keys().is_none() => Error::Credentials,
            _ if host.means().is_none() => Error::NotSupported,
            _ => return self.to(State::Initialize),
        };
        if self.config.secure == Secure::Preferred {
            return self.begin_goal(host);
        }
        self.state = State::Initialize;
        Err(self.failure(missing))
    }

    fn initialized(&mut self, status: Status, length: usize, host: &mut dyn Host) -> Taken {
        if !status.is_good() {
            // it does not know the command, or has no keys for it: nobody has failed to prove anything yet
            let without = status.is_unknown() || matches!(status, Status::NO_DATA | Status::CONDITIONS);
            if without && self.config.secure == Secure::Preferred {
                return self.begin_goal(host);
            }
            return Err(self.not_done(status));
        }
        let (Some(means), Some(keys)) = (host.means(), host.keys()) else {
            return Err(self.failure(Error::NotSupported));
        };
        let challenge = self.challenge.get(..self.challenge_length).unwrap_or(&[]);
        let response = self.window.get(self.end..self.end.saturating_add(length)).unwrap_or(&[]);
        // how the card makes up its challenge is not looked at: its cryptogram is what proves the keys
        match means.seal.open(&mut self.session, (means.crypto, keys), challenge, &[], response) {
            Ok((cryptogram, length)) => {
                (self.challenge, self.challenge_length) = (cryptogram, length);
                self.to(State::Authenticate)
            }
            Err(error) => Err(self.failure(error)),
        }
    }

    fn authenticated(&mut self, status: Status, host: &mut dyn Host) -> Taken {
        if !status.is_good() {
            return Err(self.not_done(status));
        }
        if !self.session.is_open() {
            return Err(self.failure(Error::Handshake));
        }
        self.secured = true;
        self.begin_goal(host)
    }

    /// The application is there, and protected as it is to be.
    fn begin_goal(&mut self, host: &mut dyn Host) -> Taken {
        match self.goal {
            Goal::Messages => self.offer(host),
            Goal::Check | Goal::Load => self.to(State::SelectFile(Source::Odf)),
        }
    }

    fn file_selected(&mut self, source: Source, status: Status, length: usize) -> Taken {
        if is_selected(status) {
            let fcp = self.parameters(length)?;
            return self.opened(source, fcp);
        }
        match (status, source) {
            // an ODF that was there a moment ago is a card in trouble
            (Status::NO_FILE, Source::Odf) if self.odf_next > 0 => Err(self.not_done(status)),
            (Status::NO_FILE, Source::Odf | Source::Bootstrap) => self.nothing_found(),
            (Status::NO_FILE, Source::Dodf) => self.directory_ended(source),
            (Status::SECURITY, _) if !self.is_unprotected() => {
                self.verify(self.state, Some(status)).map(|()| None)
            }
            _ => Err(self.not_done(status)),
        }
    }

    /// The file control parameters, if the answer to SELECT has any. [`Error::Refused`]: the file is deactivated.
    fn parameters(&self, length: usize) -> Result<Option<Fcp>, Failure> {
        match self.response(length) {
            response @ [0x62, ..] => {
                let fcp = Fcp::parse(response).map_err(|error| self.failure(error))?;
                if fcp.active { Ok(Some(fcp)) } else { Err(self.failure(Error::Refused)) }
            }
            // none, or those of a card that is no UICC
            _ => Ok(None),
        }
    }

    fn not_done(&self, status: Status) -> Failure {
        self.refused(status, status.error())
    }
}

/// SELECT has found what it was to find, and that can be used.
fn is_selected(status: Status) -> bool {
    status.is_good() || (status.is_warning() && status != Status::DEACTIVATED)
}
