//! Cutting a message into short messages and putting it together again (TS 23.040 section 9.2.3.24.1; TS 31.115
//! section 4.2 for secured packets).

use super::tpdu::{COMMAND, CONCATENATION, CONCATENATION_16, Element, LARGEST, UserData};
use std::collections::BTreeMap;

/// How long the first part waits for the others, in milliseconds.
pub const PATIENCE: u64 = 300_000;

/// Whether something is a secured packet, and which reference its parts get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// An element announces a Command Packet.
    pub command: bool,
    /// The reference.
    pub reference: u16,
    /// The element of concatenation has a 16-bit reference.
    pub wide: bool,
}

impl Cut {
    fn element(&self, total: usize, number: usize) -> Element {
        let (total, number, [high, low]) = (total as u8, number as u8, self.reference.to_be_bytes());
        if self.wide {
            return Element { id: CONCATENATION_16, data: vec![high, low, total, number] };
        }
        Element { id: CONCATENATION, data: vec![low, total, number] }
    }

    /// The user data of as many short messages as it takes, in order; `None` if 255 are not enough.
    pub fn parts(&self, message: &[u8], pid: u8, dcs: u8) -> Option<Vec<UserData>> {
        let command = self.command.then(|| Element { id: COMMAND, data: Vec::new() });
        let single = LARGEST - if self.command { 3 } else { 0 };
        let data =
            |header, payload: &[u8]| UserData { pid, dcs, header, payload: payload.to_vec(), septets: None };
        if message.len() <= single {
            return Some(vec![data(command.into_iter().collect(), message)]);
        }
        let room = LARGEST - if self.wide { 7 } else { 6 };
        let (first, rest) = message.split_at(room - if self.command { 2 } else { 0 });
        let payloads: Vec<&[u8]> = std::iter::once(first).chain(rest.chunks(room)).collect();
        let header = |n: usize| {
            let more = command.clone().filter(|_| n == 1);
            std::iter::once(self.element(payloads.len(), n)).chain(more).collect()
        };
        let parts = || payloads.iter().enumerate().map(|(n, payload)| data(header(n + 1), payload)).collect();
        (payloads.len() <= 255).then(parts)
    }
}

/// A message that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The header of its first part, without concatenation.
    pub header: Vec<Element>,
    /// TP-PID of its first part.
    pub pid: u8,
    /// TP-DCS of its first part.
    pub dcs: u8,
    /// Its parts, one after the other.
    pub payload: Vec<u8>,
    /// How many parts it had.
    pub parts: u8,
}

/// Originator, width of the reference, reference, total.
type Key = (String, bool, u16, u8);

#[derive(Clone, Debug)]
struct Set {
    since: u64,
    parts: BTreeMap<u8, UserData>,
}

/// Puts parts together, in whatever order they come.
#[derive(Clone, Debug, Default)]
pub struct Reassembly {
    sets: BTreeMap<Key, Set>,
    /// Parts that came twice or made no sense.
    pub ignored: u32,
    /// Sets given up since their other parts did not come.
    pub abandoned: u32,
}

/// Width of the reference, reference, total and number of a part.
fn concatenation(data: &UserData) -> Option<(bool, u16, u8, u8)> {
    match (data.element(CONCATENATION), data.element(CONCATENATION_16)) {
        (Some(&[reference, total, number]), _) => Some((false, reference.into(), total, number)),
        (_, Some(&[high, low, total, number])) => {
            Some((true, u16::from_be_bytes([high, low]), total, number))
        }
        _ => None,
    }
}

impl Reassembly {
    /// Takes a short message; the message that is whole by it.
    pub fn take(&mut self, now: u64, from: &str, data: UserData) -> Option<Whole> {
        let before = self.sets.len();
        self.sets.retain(|_, set| now < set.since + PATIENCE);
        self.abandoned += (before - self.sets.len()) as u32;
        let Some((wide, reference, total, number)) = concatenation(&data) else {
            return join(std::iter::once(data), 1);
        };
        if number == 0 || number > total {
            self.ignored += 1;
            return None;
        }
        let key = (from.to_owned(), wide, reference, total);
        let set = self.sets.entry(key.clone()).or_insert_with(|| Set { since: now, parts: BTreeMap::new() });
        if set.parts.contains_key(&number) {
            self.ignored += 1;
            return None;
        }
        set.parts.insert(number, data);
        if set.parts.len() < total.into() {
            return None;
        }
        let set = self.sets.remove(&key)?;
        join(set.parts.into_values(), total)
    }

    /// How many messages are not whole yet.
    pub fn waiting(&self) -> usize {
        self.sets.len()
    }
}

fn join(parts: impl Iterator<Item = UserData>, total: u8) -> Option<Whole> {
    let mut whole: Option<Whole> = None;
    for part in parts {
        if let Some(whole) = &mut whole {
            whole.payload.extend(part.payload);
            continue;
        }
        let header = part.header.into_iter();
        let header =
            header.filter(|element| ![CONCATENATION, CONCATENATION_16].contains(&element.id)).collect();
        let UserData { pid, dcs, payload, .. } = part;
        whole = Some(Whole { header, pid, dcs, payload, parts: total });
    }
    whole
}
