//! The weather of `lab-proxy`: what happens to each datagram on a real wire. Pure, so that it can be tested.

use crate::Random;
use std::fmt;

/// Percentages, and how often the source port changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chances {
    /// Of a datagram to vanish.
    pub loss: u8,
    /// Of a datagram to arrive twice.
    pub duplicate: u8,
    /// Of a datagram to wait until the next one has passed it.
    pub reorder: u8,
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Datagrams that came from either side.
    pub received: u64,
    /// Datagrams sent on, second copies included.
    pub sent: u64,
    /// Datagrams thrown away.
    pub lost: u64,
    /// Datagrams sent twice.
    pub duplicated: u64,
    /// Datagrams that had to wait.
    pub reordered: u64,
    /// Source ports changed.
    pub rebound: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { received, sent, lost, duplicated, reordered, rebound } = self;
        write!(f, "received {received} sent {sent} lost {lost} duplicated {duplicated} ")?;
        write!(f, "reordered {reordered} rebound {rebound}")
    }
}

/// Decides, and counts.
#[derive(Debug)]
pub struct Dice {
    chances: Chances,
    random: Random,
    /// What was done so far.
    pub counts: Counts,
}

impl Dice {
    /// Decisions that repeat with the seed, as long as datagrams come in the same order.
    pub fn new(chances: Chances, seed: u64) -> Self {
        Self { chances, random: Random::new(seed), counts: Counts::default() }
    }

    /// Takes a datagram of one direction and says what to send now, in order.
    pub fn pass(&mut self, lane: &mut Lane, datagram: &[u8]) -> Vec<Vec<u8>> {
        let Chances { loss, duplicate, reorder } = self.chances;
        let (lost, twice) = (self.random.happens(loss), self.random.happens(duplicate));
        let late = self.random.happens(reorder);
        self.counts.received += 1;
        if lost {
            self.counts.lost += 1;
            return Vec::new();
        }
        if late && lane.held.is_none() {
            self.counts.reordered += 1;
            lane.held = Some(datagram.to_vec());
            return Vec::new();
        }
        self.counts.duplicated += u64::from(twice);
        let copies = if twice { 2 } else { 1 };
        let sent: Vec<_> = std::iter::repeat_n(datagram.to_vec(), copies).chain(lane.held.take()).collect();
        self.counts.sent += sent.len() as u64;
        sent
    }

    /// Lets a datagram go that nothing has overtaken in time.
    pub fn release(&mut self, lane: &mut Lane) -> Option<Vec<u8>> {
        let held = lane.held.take();
        self.counts.sent += u64::from(held.is_some());
        held
    }
}

/// One direction of one client's traffic.
#[derive(Debug, Default)]
pub struct Lane {
    held: Option<Vec<u8>>,
}

impl Lane {
    /// True while a datagram waits to be overtaken.
    pub fn holds(&self) -> bool {
        self.held.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(chances: Chances) -> (Vec<Vec<u8>>, Counts) {
        let (mut dice, mut lane) = (Dice::new(chances, 1), Lane::default());
        let mut sent: Vec<_> = (0..100).flat_map(|n| dice.pass(&mut lane, &[n])).collect();
        sent.extend(dice.release(&mut lane));
        (sent, dice.counts)
    }

    #[test]
    fn calm_weather_changes_nothing() {
        let (sent, counts) = passed(Chances::default());
        assert_eq!(sent, (0..100).map(|n| vec![n]).collect::<Vec<_>>());
        assert_eq!((counts.received, counts.sent), (100, 100));
    }

    #[test]
    fn reordering_delays_and_loses_nothing() {
        let (mut sent, counts) = passed(Chances { reorder: 30, ..Chances::default() });
        assert!(sent.windows(2).any(|pair| pair[0] > pair[1]));
        sent.sort();
        assert_eq!(sent, (0..100).map(|n| vec![n]).collect::<Vec<_>>());
        assert_eq!(counts.sent, 100);
        assert!(counts.reordered > 10);
    }

    #[test]
    fn counts_add_up_in_a_storm() {
        let (sent, counts) = passed(Chances { loss: 20, duplicate: 20, reorder: 20 });
        assert_eq!(counts.sent, sent.len() as u64);
        assert_eq!(counts.received - counts.lost + counts.duplicated, counts.sent);
        assert_eq!(passed(Chances { loss: 20, duplicate: 20, reorder: 20 }).0, sent);
    }
}
