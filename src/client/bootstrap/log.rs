//! What instances were before a bootstrap changed them: all of it comes back if the bootstrap fails.

use crate::bytes;
use crate::client::Engine;
use crate::error::Error;
use crate::format::Window;
use crate::model::impose;
use crate::path::Path;
use core::cell::Cell;

/// Bytes before what an instance held: Object ID, Object Instance ID, which resources were instantiated, length.
const HEAD: usize = 14;
/// The length of what was not there.
const ABSENT: u16 = u16::MAX;

/// The old values, in memory of the caller.
pub struct Log<'a> {
    bytes: Cell<&'a mut [u8]>,
    used: Cell<usize>,
}

/// One instance as it was.
struct Old<'l> {
    at: Path,
    present: u64,
    /// `None` where it was not there.
    values: Option<&'l [u8]>,
}

/// Takes the entries one by one.
fn entries(mut rest: &[u8]) -> impl Iterator<Item = Old<'_>> {
    core::iter::from_fn(move || {
        let (head, behind) = rest.split_first_chunk::<HEAD>()?;
        let [o1, o0, i1, i0, present @ .., l1, l0] = *head;
        let length = u16::from_be_bytes([l1, l0]);
        let absent = length == ABSENT;
        let (values, next) = behind.split_at_checked(if absent { 0 } else { length.into() })?;
        rest = next;
        Some(Old {
            at: Path::instance(u16::from_be_bytes([o1, o0]), u16::from_be_bytes([i1, i0])),
            present: u64::from_be_bytes(present),
            values: (!absent).then_some(values),
        })
    })
}

impl<'a> Log<'a> {
    /// An empty log in `bytes`.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes: Cell::new(bytes), used: Cell::new(0) }
    }

    fn with<R>(&self, job: impl FnOnce(&mut [u8]) -> R) -> R {
        let bytes = self.bytes.take();
        let done = job(bytes);
        self.bytes.set(bytes);
        done
    }

    /// Forgets everything; keys are overwritten.
    pub fn clear(&self) {
        self.used.set(0);
        // what did not fit lies behind the rest
        self.with(bytes::zeroise);
    }

    /// Shows each instance that was written down, and whether it was there.
    pub fn each(&self, mut show: impl FnMut(Path, bool)) {
        let used = self.used.get();
        self.with(|bytes| {
            for old in entries(bytes.get(..used).unwrap_or(&[])) {
                show(old.at, old.values.is_some());
            }
        });
    }

    /// Writes down what an instance is, if that was not done before. [`Error::Full`], and nothing is lost.
    pub fn remember(&self, engine: &Engine<'_>, at: Path) -> Result<(), Error> {
        let mut known = false;
        self.each(|path, _| known |= path == at);
        if known {
            return Ok(());
        }
        let used = self.used.get();
        let total = self.with(|bytes| {
            let (head, room) = bytes
                .get_mut(used..)
                .and_then(|rest| rest.split_first_chunk_mut::<HEAD>())
                .ok_or(Error::Full)?;
            let instance = engine.model.instance(at.object, at.instance);
            let (length, kept) = match instance {
                None => (ABSENT, 0),
                // an empty window only counts
                Some(_) if room.is_empty() => return Err(Error::Full),
                Some(instance) => {
                    let written =
                        impose::keep(&engine.model, instance, Window::new(room, 0), true)?.written();
                    let length = u16::try_from(written.total).ok().filter(|length| *length != ABSENT);
                    (length.filter(|_| !written.overflowed).ok_or(Error::Full)?, written.kept)
                }
            };
            bytes::put(head, 0, &at.object.to_be_bytes())?;
            bytes::put(head, 2, &at.instance.to_be_bytes())?;
            bytes::put(head, 4, &instance.map_or(0, |instance| instance.present.get()).to_be_bytes())?;
            bytes::put(head, 12, &length.to_be_bytes())?;
            Ok(HEAD.saturating_add(kept))
        })?;
        self.used.set(used.saturating_add(total));
        Ok(())
    }

    /// Puts one instance back as it was, of which a half may have been written.
    pub fn put_back(&self, engine: &mut Engine<'_>, at: Path) {
        let used = self.used.get();
        self.with(|bytes| {
            if let Some(old) = entries(bytes.get(..used).unwrap_or(&[])).find(|old| old.at == at) {
                put_back(engine, &old);
            }
        });
    }

    /// Puts everything back as it was. Whether all of it could be.
    pub fn roll_back(&self, engine: &mut Engine<'_>) -> bool {
        let used = self.used.get();
        let whole = self.with(|bytes| {
            let old = bytes.get(..used).unwrap_or(&[]);
            // first room is made, then it is filled
            for old in entries(old).filter(|old| old.values.is_none() || old.at.object < 3) {
                engine.drop_instance(old.at.object, old.at.instance);
            }
            entries(old).fold(true, |whole, old| whole & put_back(engine, &old))
        });
        self.clear();
        whole
    }
}

fn put_back(engine: &mut Engine<'_>, old: &Old<'_>) -> bool {
    let Some(values) = old.values else { return true };
    let done = impose::put_back(&mut engine.model, old.at, values);
    if let Some(instance) = engine.model.instance(old.at.object, old.at.instance) {
        instance.present.set(old.present);
    }
    done.is_ok()
}
