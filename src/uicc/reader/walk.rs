//! Through the ODF and its DODFs to the bootstrap file, and through that (TS 1.0 Appendix G.2.5 and G.3; PKCS#15 v1.1).
//! Of every file only a window is in memory.

use super::commands::State;
use super::types::{Cause, Failure, Found, Goal, Outcome};
use super::{Cursor, Host, Reader, Source, WINDOW_SPARE};
use crate::error::Error;
use crate::fnv::{START_64, fnv_64};
use crate::uicc::apdu::Status;
use crate::uicc::ber::{self, Front};
use crate::uicc::fcp::{Fcp, Kind};
use crate::uicc::file::{File, Item};
use crate::uicc::pkcs15::{self, BootstrapObject, Directory};

/// READ BINARY has 15 bits for an offset.
const FILE_MAX: u16 = 0x8000;

impl Reader<'_> {
    /// A file is selected: where its content lies.
    pub(super) fn opened(&mut self, source: Source, fcp: Option<Fcp>) -> Result<Option<Outcome>, Failure> {
        if fcp.is_some_and(|fcp| fcp.kind != Kind::Transparent) {
            return Err(self.failure(Error::NotSupported));
        }
        let path = self.path.filter(|_| source != Source::Odf);
        let size = fcp.and_then(|fcp| fcp.size);
        let begin = path.map_or(0, |path| path.index);
        let slice = path.and_then(|path| path.size);
        let mut end = size.unwrap_or(FILE_MAX).min(FILE_MAX);
        if let Some(slice) = slice {
            end = end.min(begin.saturating_add(slice));
        }
        let offset = if source == Source::Odf { self.odf_next } else { begin };
        let told = size.is_some() || slice.is_some();
        self.cursor = Cursor { offset, end, told, finished: offset >= end, ..Cursor::NONE };
        self.drop_window();
        self.state = State::Read(source);
        if source == Source::Bootstrap {
            return self.file_opened(end.saturating_sub(offset));
        }
        if self.cursor.finished { self.elements(source) } else { Ok(None) }
    }

    fn file_opened(&mut self, size: u16) -> Result<Option<Outcome>, Failure> {
        if size == 0 {
            return Ok(Some(self.empty()));
        }
        self.file = File::new(size);
        // not with two CRC of different starts, which would be one: their difference depends on the length alone
        (self.taken, self.fingerprint, self.objects) = (0, START_64, false);
        if self.is_private {
            self.verify(self.state, None)?;
        }
        Ok(None)
    }

    /// The answer to READ BINARY.
    pub(super) fn was_read(
        &mut self,
        source: Source,
        status: Status,
        length: usize,
        host: &mut dyn Host,
    ) -> Result<Option<Outcome>, Failure> {
        if status == Status::SECURITY && !self.is_unprotected() {
            return self.verify(self.state, Some(status)).map(|()| None);
        }
        if let Some(le) = status.right_length().filter(|_| self.cursor.le.is_none()) {
            self.cursor.le = Some(le);
            return Ok(None);
        }
        let length = match status {
            Status::OFFSET => 0,
            Status(0x6281) | Status::DEACTIVATED => return Err(self.refused(status, status.error())),
            status if status.is_good() || status.is_warning() => length,
            status => return Err(self.refused(status, status.error())),
        };
        let asked = usize::from(self.cursor.asked);
        // more than was asked for, or nothing where there has to be something: it must not pass for an empty file
        if length > asked || (length == 0 && self.cursor.told) {
            return Err(self.refused(status, Error::Malformed));
        }
        self.end = self.end.saturating_add(length);
        let cursor = &mut self.cursor;
        cursor.le = None;
        cursor.offset = cursor.offset.saturating_add(u16::try_from(length).unwrap_or(u16::MAX));
        // a short answer is the end of a file whose size nobody told
        let short = length == 0 || (length < asked && !cursor.told);
        cursor.finished = short || status == Status::END_OF_FILE || cursor.offset >= cursor.end;
        match source {
            Source::Bootstrap => self.items(host),
            _ => self.elements(source),
        }
    }

    /// Goes through the elements of a directory that are in the window.
    fn elements(&mut self, source: Source) -> Result<Option<Outcome>, Failure> {
        loop {
            let (finished, waiting) = (self.cursor.finished, self.waiting().len());
            if waiting == 0 && !finished {
                return Ok(None);
            }
            match ber::front(self.waiting(), finished).map_err(|error| self.failure(error))? {
                Front::End => return self.directory_ended(source),
                Front::Whole(length) if length > 0 && length <= waiting => {
                    if self.element(source, length).map_err(|error| self.failure(error))? {
                        return Ok(None);
                    }
                }
                Front::Longer(length) if !finished && length > waiting => {
                    if length <= self.room() {
                        return Ok(None);
                    }
                    self.skip(length.saturating_sub(waiting));
                }
                _ => return Err(self.failure(Error::Malformed)),
            }
        }
    }

    /// How much of a file may wait in the window.
    fn room(&self) -> usize {
        self.window.len().saturating_sub(WINDOW_SPARE)
    }

    /// Leaves out an element that is longer than the window; an object may be missed by that.
    fn skip(&mut self, rest: usize) {
        self.drop_window();
        let rest = u16::try_from(rest).unwrap_or(u16::MAX);
        self.cursor.offset = self.cursor.offset.saturating_add(rest);
        self.cursor.finished = self.cursor.offset >= self.cursor.end;
        self.doubt = Some(Error::Full);
    }

    /// Takes an element of a directory. True: it leads on to another file.
    fn element(&mut self, source: Source, length: usize) -> Result<bool, Error> {
        let element = self.waiting().get(..length).unwrap_or(&[]);
        let object = match source {
            Source::Odf => match pkcs15::directory(element)? {
                Directory::Other => None,
                Directory::Here(objects) => first_object(objects)?,
                Directory::File(path) => {
                    self.start = self.start.saturating_add(length);
                    self.leave_odf();
                    self.path = Some(path);
                    self.state = State::SelectFile(Source::Dodf);
                    return Ok(true);
                }
            },
            _ => pkcs15::object(element)?,
        };
        self.start = self.start.saturating_add(length);
        if let Some(object) = object {
            self.path = Some(object.file);
            self.is_private = object.private || object.modifiable;
            self.state = State::SelectFile(Source::Bootstrap);
        }
        Ok(object.is_some())
    }

    /// Remembers where the ODF goes on, if it does.
    fn leave_odf(&mut self) {
        let waiting = u16::try_from(self.waiting().len()).unwrap_or(u16::MAX);
        self.odf_next = self.cursor.offset.saturating_sub(waiting);
        self.odf_ended = match self.waiting() {
            [] => self.cursor.finished,
            waiting => ber::front(waiting, self.cursor.finished) == Ok(Front::End),
        };
    }

    /// No LwM2M object in there: the next DODF, if there is one.
    pub(super) fn directory_ended(&mut self, source: Source) -> Result<Option<Outcome>, Failure> {
        if source == Source::Dodf && !self.odf_ended {
            self.state = State::SelectFile(Source::Odf);
            return Ok(None);
        }
        self.nothing_found()
    }

    /// The card has no bootstrap data, unless something was left out on the way.
    pub(super) fn nothing_found(&mut self) -> Result<Option<Outcome>, Failure> {
        match self.doubt {
            Some(error) => Err(self.failure(error)),
            None => Ok(Some(self.empty())),
        }
    }

    pub(super) const fn empty(&self) -> Outcome {
        Outcome::Empty { iccid: self.iccid, apdus: 0 }
    }

    /// Goes through what the window holds of the bootstrap file.
    fn items(&mut self, host: &mut dyn Host) -> Result<Option<Outcome>, Failure> {
        self.walk(host).map_err(|error| {
            self.left.cause = Cause::Content;
            self.failure(error)
        })
    }

    fn walk(&mut self, host: &mut dyn Host) -> Result<Option<Outcome>, Error> {
        // a file that has never been written
        let blank =
            self.waiting().starts_with(&[0xff; 4]) || (self.waiting().is_empty() && self.cursor.finished);
        if self.taken == 0 && blank {
            return Ok(Some(self.empty()));
        }
        loop {
            match self.item(host)? {
                Item::More(_) if self.cursor.finished => return Err(Error::Malformed),
                Item::More(wanted) if wanted > self.room() => return Err(Error::Full),
                Item::More(_) => return Ok(None),
                Item::End if self.objects => return Ok(Some(self.found())),
                Item::End => return Ok(Some(self.empty())),
                _ => self.objects = true,
            }
        }
    }

    /// Takes what the window begins with.
    fn item(&mut self, host: &mut dyn Host) -> Result<Item, Error> {
        let waiting = self.window.get(self.start..self.end).unwrap_or(&[]);
        let (item, length) = self.file.next(waiting)?;
        let bytes = waiting.get(..length).ok_or(Error::Malformed)?;
        let told = match item {
            Item::More(_) => false,
            Item::End => self.objects,
            // it would be taken for ever
            _ if bytes.is_empty() => return Err(Error::Malformed),
            _ => true,
        };
        if told && self.goal == Goal::Load {
            host.item(&item, bytes)?;
        }
        self.fingerprint = fnv_64(self.fingerprint, bytes.iter().copied());
        self.taken = self.taken.saturating_add(u16::try_from(length).unwrap_or(u16::MAX));
        self.start = self.start.saturating_add(length);
        Ok(item)
    }

    const fn found(&self) -> Outcome {
        Outcome::Read(Found { iccid: self.iccid, fingerprint: self.fingerprint, size: self.taken, apdus: 0 })
    }
}

/// The first bootstrap file that the elements of a DODF name.
fn first_object(mut elements: &[u8]) -> Result<Option<BootstrapObject>, Error> {
    loop {
        let element = match ber::front(elements, true)? {
            Front::End => return Ok(None),
            Front::Whole(length) if length > 0 => elements.get(..length).ok_or(Error::Malformed)?,
            _ => return Err(Error::Malformed),
        };
        if let Some(object) = pkcs15::object(element)? {
            return Ok(Some(object));
        }
        elements = elements.get(element.len()..).unwrap_or(&[]);
    }
}
