//! Stable storage that outlives a device, and the switch of its power.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// When power goes, as seen from one operation of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Before it has any effect.
    Before,
    /// Half of the new bytes are there, behind them the old ones.
    Torn,
    /// Half of the new bytes are there, behind them rubbish.
    Garbled,
    /// After it has taken effect, before the client knows.
    After,
}

/// Why storage is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// storage_read.
    Read,
    /// storage_write with bytes.
    Write,
    /// storage_write without.
    Remove,
}

/// Records by number, and what was done to them. Clones are the same storage, in the same life of the device.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    inner: Rc<RefCell<Inner>>,
    life: u32,
}

#[derive(Debug, Default)]
struct Inner {
    records: BTreeMap<u16, Vec<u8>>,
    log: Vec<(Access, u16)>,
    cut: Option<(usize, Moment)>,
    off: bool,
    /// How often power came.
    lives: u32,
    broken: Option<i32>,
}

impl Storage {
    /// The contents.
    pub fn records(&self) -> BTreeMap<u16, Vec<u8>> {
        self.inner.borrow().records.clone()
    }

    /// All operations so far.
    pub fn log(&self) -> Vec<(Access, u16)> {
        self.inner.borrow().log.clone()
    }

    /// How many writes and removals there were.
    pub fn writes(&self) -> usize {
        self.inner.borrow().log.iter().filter(|(access, _)| *access != Access::Read).count()
    }

    /// Power goes at the operation of this number, counted from 0 over the storage's whole life.
    pub fn cut_at(&self, operation: usize, moment: Moment) {
        self.inner.borrow_mut().cut = Some((operation, moment));
    }

    /// Power stays, whatever was planned.
    pub fn cut_never(&self) {
        self.inner.borrow_mut().cut = None;
    }

    /// Power goes now: nothing that the device does has any effect any more.
    pub fn power_off(&self) {
        self.inner.borrow_mut().off = true;
    }

    /// Power is there again, for a device that begins anew; whoever ran before has no effect any more.
    pub fn boot(&self) -> Self {
        let mut inner = self.inner.borrow_mut();
        inner.off = false;
        inner.lives += 1;
        Self { inner: Rc::clone(&self.inner), life: inner.lives }
    }

    /// Whether power is gone now.
    pub fn is_off(&self) -> bool {
        self.inner.borrow().off
    }

    /// Whether what has this handle has lost its power, for good.
    pub(super) fn is_dead(&self) -> bool {
        let inner = self.inner.borrow();
        inner.off || inner.lives != self.life
    }

    /// Every operation fails with this status from now on, or works again.
    pub fn fail(&self, status: Option<i32>) {
        self.inner.borrow_mut().broken = status;
    }

    /// Replaces a record, as an attacker or a worn-out cell does.
    pub fn tamper(&self, record: u16, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.inner.borrow_mut().records.entry(record).or_default());
    }

    /// Puts back contents as they were.
    pub fn restore(&self, records: BTreeMap<u16, Vec<u8>>) {
        self.inner.borrow_mut().records = records;
    }

    pub(super) fn read(&self, record: u16) -> Result<Option<Vec<u8>>, i32> {
        if self.is_dead() {
            return Err(NO_POWER);
        }
        let mut inner = self.inner.borrow_mut();
        inner.begin(Access::Read, record)?;
        let content = inner.records.get(&record).filter(|content| !content.is_empty()).cloned();
        inner.finish();
        Ok(content)
    }

    pub(super) fn write(&self, record: u16, new: &[u8]) -> Result<(), i32> {
        if self.is_dead() {
            return Err(NO_POWER);
        }
        let mut inner = self.inner.borrow_mut();
        inner.begin(if new.is_empty() { Access::Remove } else { Access::Write }, record)?;
        let torn = inner.now().filter(|moment| *moment != Moment::After);
        let old = inner.records.insert(record, new.to_vec()).unwrap_or_default();
        if let (Some(moment), Some(content)) = (torn, inner.records.get_mut(&record)) {
            content.truncate(new.len() / 2);
            match moment {
                Moment::Garbled => content.resize(new.len(), 0xa5),
                _ => content.extend(old.get(new.len() / 2..).unwrap_or_default()),
            }
        }
        inner.finish();
        Ok(())
    }
}

/// What a platform says without power; the client cannot act on it any more.
const NO_POWER: i32 = whimbrel::capi::WHIMBREL_ERR_STORAGE;

impl Inner {
    /// Counts the operation; an error if it has no effect.
    fn begin(&mut self, access: Access, record: u16) -> Result<(), i32> {
        self.log.push((access, record));
        let now = self.now();
        if now == Some(Moment::Before)
            || (access == Access::Read && now.is_some_and(|at| at != Moment::After))
        {
            self.off = true;
            return Err(NO_POWER);
        }
        self.broken.map_or(Ok(()), Err)
    }

    /// How power goes during the operation that was counted last.
    fn now(&self) -> Option<Moment> {
        self.cut.filter(|(operation, _)| operation + 1 == self.log.len()).map(|(_, moment)| moment)
    }

    fn finish(&mut self) {
        self.off |= self.now().is_some();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(record: &[u8]) -> Storage {
        let storage = Storage::default();
        storage.write(1, record).unwrap();
        storage
    }

    #[test]
    fn storage_survives_until_power_goes() {
        let storage = with(b"old!");
        assert_eq!(storage.read(1), Ok(Some(b"old!".to_vec())));
        assert_eq!(storage.read(2), Ok(None));
        storage.power_off();
        assert_eq!(storage.write(1, b"new"), Err(NO_POWER));
        let storage = storage.boot();
        assert_eq!(storage.read(1), Ok(Some(b"old!".to_vec())));
        storage.write(1, b"").unwrap();
        assert_eq!(storage.read(1), Ok(None));
    }

    #[test]
    fn storage_tears_a_write_as_told() {
        for (moment, left) in [
            (Moment::Before, &b"abcd"[..]),
            (Moment::Torn, b"WXcd"),
            (Moment::Garbled, b"WX\xa5\xa5"),
            (Moment::After, b"WXYZ"),
        ] {
            let storage = with(b"abcd");
            storage.cut_at(1, moment);
            let done = storage.write(1, b"WXYZ");
            assert_eq!(done.is_err(), moment == Moment::Before);
            assert!(storage.is_off(), "{moment:?}");
            assert_eq!(storage.read(1), Err(NO_POWER));
            let storage = storage.boot();
            assert_eq!(storage.read(1), Ok(Some(left.to_vec())), "{moment:?}");
        }
    }
}
