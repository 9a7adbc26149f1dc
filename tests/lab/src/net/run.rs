//! The loop that joins peers in virtual time.

use super::{Network, Peer};

/// How often one instant may be worked through before the bench calls it a livelock.
const PATIENCE: u32 = 10_000;

/// Whatever speaks on the network and does no I/O itself.
pub trait Node {
    /// Takes one datagram.
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]);
    /// Does what is due.
    fn poll(&mut self, now: u64);
    /// What to send next, until `None`.
    fn output(&mut self) -> Option<(Peer, Vec<u8>)>;
    /// When to be polled next; a time that has come means at once.
    fn next_deadline(&self) -> Option<u64>;
}

impl<N: Node + ?Sized> Node for &mut N {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        (**self).input(now, from, datagram);
    }

    fn poll(&mut self, now: u64) {
        (**self).poll(now);
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        (**self).output()
    }

    fn next_deadline(&self) -> Option<u64> {
        (**self).next_deadline()
    }
}

impl Network {
    /// Runs all nodes until the clock shows `time`: everything due up to and including that instant has happened.
    ///
    /// # Panics
    ///
    /// If a node wants to be polled again and again at one instant: a livelock, which on a device is a flat battery.
    pub fn run_until(&mut self, time: u64, nodes: &mut [(Peer, &mut dyn Node)]) {
        let mut rounds = 0;
        loop {
            self.turn(nodes);
            let deadlines = nodes.iter().filter_map(|(_, node)| node.next_deadline());
            let next = deadlines.chain(self.next_deadline()).min().unwrap_or(u64::MAX);
            if next > time && self.now >= time {
                return;
            }
            // Also when nothing is due the clock ends at `time`, so that nodes know it when the test speaks next.
            let next = next.min(time);
            rounds = if next > self.now { 0 } else { rounds + 1 };
            assert!(
                rounds < PATIENCE,
                "a node asks to be polled at {next} ms for ever; it is {} ms",
                self.now
            );
            self.advance_to(next);
        }
    }

    /// Delivers what has arrived, lets each node do what is due, sends what they say.
    fn turn(&mut self, nodes: &mut [(Peer, &mut dyn Node)]) {
        while let Some(datagram) = self.receive() {
            for (_, node) in nodes.iter_mut().filter(|(peer, _)| *peer == datagram.to) {
                node.input(self.now, datagram.from, &datagram.bytes);
            }
        }
        for (peer, node) in nodes.iter_mut() {
            node.poll(self.now);
            while let Some((to, bytes)) = node.output() {
                self.send(*peer, to, &bytes);
            }
        }
    }
}
