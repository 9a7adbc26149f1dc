//! Messages from the centre (TS 27.005 section 3.4.1): shown at once, or stored and told of.

use super::storage::UNREAD;
use super::{Modem, line};
use crate::sms::phone::Delivery;
use crate::sms::tpdu::{class, is_eight_bit};
use crate::sms::{Deliver, StatusReport};

/// What becomes of a message.
enum Way {
    /// It is acknowledged and forgotten.
    Silent,
    /// To the card.
    Card,
    /// `+CMT` or `+CDS`.
    Shown(&'static str),
    /// In this memory, with `+CMTI` or `+CDSI`, or without a word.
    Stored(&'static str, Option<&'static str>),
}

impl Modem {
    /// Whether the next message would be taken from the centre.
    pub(super) fn takes_messages(&self) -> bool {
        let [mode, mt, ..] = self.settings.routing;
        // direct delivery that is held back is not taken at all
        let held = self.plugged && mode == 0 && mt >= 2;
        self.is_attached() && self.unacknowledged.is_none() && self.prompt.is_none() && !held
    }

    /// Takes what the centre has.
    pub(super) fn receive(&mut self) {
        while self.takes_messages() {
            let Some(delivery) = self.phone.offer(self.now) else { return };
            self.deliver(delivery);
        }
    }

    fn way(&self, tpdu: &[u8]) -> Way {
        let [_, mt, _, ds, _] = self.settings.routing;
        if StatusReport::parse(tpdu).is_ok() {
            return match ds {
                1 if self.plugged => Way::Shown("+CDS: "),
                2 => Way::Stored("SR", Some("+CDSI")),
                _ => Way::Silent,
            };
        }
        let memory = self.settings.memories[2];
        let Ok(message) = Deliver::parse(tpdu) else { return Way::Stored(memory, Some("+CMTI")) };
        let (pid, dcs) = (message.data.pid, message.data.dcs);
        match (class(dcs), mt) {
            _ if pid == 0x40 => Way::Silent,
            (Some(2), _) if pid == 0x7f && is_eight_bit(dcs) && self.options.card_takes => Way::Card,
            (_, 0) => Way::Stored(memory, None),
            _ if !self.plugged => Way::Stored(memory, None),
            (Some(2), _) => Way::Stored("SM", Some("+CMTI")),
            (_, 2) | (Some(3), 3) => Way::Shown("+CMT: ,"),
            _ => Way::Stored(memory, Some("+CMTI")),
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        match self.way(&delivery.tpdu) {
            Way::Silent => self.phone.accept(self.now, &delivery),
            Way::Card => {
                self.phone.accept(self.now, &delivery);
                self.serve_card(Some(&delivery.tpdu));
                self.for_card.push(delivery.tpdu);
            }
            Way::Shown(head) => {
                let length = delivery.tpdu.len();
                let pdu = self.shown(&line::with_centre(&delivery.tpdu));
                let text = self.framed(&[format!("{head}{length}"), pdu]);
                self.wire.put(self.now, &text);
                if self.settings.service == 1 {
                    self.unacknowledged = Some((self.now + self.options.patience, delivery));
                } else {
                    self.phone.accept(self.now, &delivery);
                }
            }
            Way::Stored(memory, told) => {
                let stored = self.storage.add(memory, UNREAD, line::with_centre(&delivery.tpdu));
                let Some(index) = stored else { return self.phone.refuse(self.now, &delivery) };
                self.phone.accept(self.now, &delivery);
                if let Some(name) = told {
                    self.kept.push(format!("{name}: {},{index}", self.quoted(memory)));
                    self.flush_indications();
                }
            }
        }
    }

    /// Tells of what is stored, unless indications are held back.
    pub(super) fn flush_indications(&mut self) {
        if self.settings.routing[0] == 0 {
            return;
        }
        for line in std::mem::take(&mut self.kept) {
            self.unsolicited(self.now, &line);
        }
    }

    /// `+CNMA`: the host has the message that was shown, or refuses it.
    pub(super) fn acknowledged(&mut self, fine: bool) {
        let Some((_, delivery)) = self.unacknowledged.take() else { return };
        if fine {
            self.phone.accept(self.now, &delivery);
        } else {
            self.phone.refuse(self.now, &delivery);
        }
    }
}
