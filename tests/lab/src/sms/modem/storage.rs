//! Where a modem keeps messages (TS 27.005 section 3.1): "ME", "SM" for the card, "SR" for status reports.

use std::collections::BTreeMap;

/// Received unread; 1 read, 2 stored unsent, 3 stored sent.
pub(super) const UNREAD: u8 = 0;
/// Received read.
pub(super) const READ: u8 = 1;

/// A message in a place.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub status: u8,
    /// The service centre's address and the TPDU.
    pub line: Vec<u8>,
}

impl Stored {
    /// Octets of the TPDU.
    pub fn length(&self) -> usize {
        self.line.len().saturating_sub(1 + usize::from(self.line.first().copied().unwrap_or_default()))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Storage(BTreeMap<&'static str, Vec<Option<Stored>>>);

impl Storage {
    pub fn new(places: usize) -> Self {
        Self(["ME", "SM", "SR"].map(|name| (name, vec![None; places])).into())
    }

    /// The name as it is kept, if there is such a memory.
    pub fn name(&self, name: &str) -> Option<&'static str> {
        self.0.keys().copied().find(|known| *known == name)
    }

    fn places(&self, memory: &str) -> &[Option<Stored>] {
        self.0.get(memory).map_or(&[], Vec::as_slice)
    }

    /// How many places are taken, and how many there are.
    pub fn used(&self, memory: &str) -> (usize, usize) {
        let places = self.places(memory);
        (places.iter().flatten().count(), places.len())
    }

    /// Puts a message into the first free place; its index, or `None` if the memory is full.
    pub fn add(&mut self, memory: &str, status: u8, line: Vec<u8>) -> Option<usize> {
        let free = self.0.get_mut(memory)?.iter_mut().enumerate().find(|(_, place)| place.is_none())?;
        *free.1 = Some(Stored { status, line });
        Some(free.0 + 1)
    }

    pub fn get(&mut self, memory: &str, index: usize) -> Option<&mut Stored> {
        self.0.get_mut(memory)?.get_mut(index.checked_sub(1)?)?.as_mut()
    }

    /// Empties a place; false if there is no such place.
    pub fn remove(&mut self, memory: &str, index: usize) -> bool {
        let place = index.checked_sub(1).and_then(|at| self.0.get_mut(memory)?.get_mut(at));
        place.map(|place| *place = None).is_some()
    }

    /// Removes what has one of these states.
    pub fn clear(&mut self, memory: &str, states: &[u8]) {
        for place in self.0.get_mut(memory).into_iter().flatten() {
            if place.as_ref().is_some_and(|stored| states.contains(&stored.status)) {
                *place = None;
            }
        }
    }

    /// The indexes of what has this state; 4 is all.
    pub fn list(&self, memory: &str, status: u8) -> Vec<usize> {
        let places = self.places(memory).iter().enumerate();
        let wanted = |stored: &Stored| status == 4 || stored.status == status;
        places.filter(|(_, place)| place.as_ref().is_some_and(wanted)).map(|(n, _)| n + 1).collect()
    }
}
