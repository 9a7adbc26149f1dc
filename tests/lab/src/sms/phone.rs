//! One number at the service centre: what a modem does there, or a device whose modem has an API of its own.

use super::Centre;

/// A TPDU that the centre offers to a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// SMS-DELIVER or SMS-STATUS-REPORT.
    pub tpdu: Vec<u8>,
    pub(super) key: (u64, u64),
}

/// A phone. Clones are the same.
#[derive(Clone, Debug)]
pub struct Phone {
    centre: Centre,
    number: String,
}

impl Phone {
    pub(super) fn new(centre: Centre, number: &str) -> Self {
        Self { centre, number: number.to_owned() }
    }

    /// Its number.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The centre it belongs to.
    pub const fn centre(&self) -> &Centre {
        &self.centre
    }

    /// Submits an SMS-SUBMIT; its TP-MR, or the cause of a refusal as `+CMS ERROR` shows it.
    pub fn submit(&self, now: u64, tpdu: &[u8]) -> Result<u8, u16> {
        self.centre.submit(now, &self.number, tpdu)
    }

    /// The next TPDU that has arrived by now; it counts as delivered.
    pub fn receive(&self, now: u64) -> Option<Vec<u8>> {
        let delivery = self.offer(now)?;
        self.accept(now, &delivery);
        Some(delivery.tpdu)
    }

    /// The next TPDU that has arrived by now. Until it is accepted or refused, it is neither offered again nor does it
    /// expire.
    pub fn offer(&self, now: u64) -> Option<Delivery> {
        self.centre.offer(now, &self.number)
    }

    /// RP-ACK: the phone has it.
    pub fn accept(&self, now: u64, delivery: &Delivery) {
        self.centre.settle(now, delivery, true);
    }

    /// RP-ERROR, or no answer: the centre tries again later.
    pub fn refuse(&self, now: u64, delivery: &Delivery) {
        self.centre.settle(now, delivery, false);
    }

    /// There is room again: what was refused comes at once.
    pub fn has_room(&self, now: u64) {
        self.centre.alert(now, &self.number);
    }

    /// When something can be received; a time that has come means at once.
    pub fn next_deadline(&self) -> Option<u64> {
        self.centre.ready_at(&self.number)
    }

    /// Comes into the network, or leaves it.
    pub fn reachable(&self, now: u64, reachable: bool) {
        self.centre.reachable(now, &self.number, reachable);
    }
}
