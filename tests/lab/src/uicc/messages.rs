//! The LwM2M application on the card (TS 1.0 section 7.2.2.2; TS 31.115; GlobalPlatform GET DATA and STORE DATA).
//!
//! ```text
//! SMS-DELIVER --envelope--> [parts, checksum, counter] --GET DATA--> TP-OA || 05 || length (2) || CoAP --> client
//! SMS-SUBMIT <--outgoing--- [Command Packet, parts]   <--STORE DATA-- TP-DA || 05 || length (2) || CoAP <-- client
//! ```

use super::apdu::{Command, Reply, sw};
use super::card::Uicc;
use super::{ber, description::Messages};
use crate::sms::packet::COAP;
use crate::sms::parts::{Cut, Whole};
use crate::sms::tpdu::{self, COMMAND, Deliver, Submit};
use crate::sms::{Address, Carrier, Refusal};

/// Why a message that came for the card was dropped. Its sender is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// No TPDU.
    Malformed(tpdu::Malformed),
    /// Not for a smartcard: protocol identifier or coding.
    NotForCard,
    /// No secured packet.
    NoPacket,
    /// Nobody knows its originator.
    Unknown,
    /// A packet that is not right.
    Packet(Refusal),
}

impl Uicc {
    /// An SMS-DELIVER that the modem hands to the card, as the TPDU. Errors are told to nobody but the test.
    pub fn envelope(&mut self, tpdu: &[u8]) -> Result<(), Dropped> {
        let taken = self.take_message(tpdu);
        if let Err(why) = taken {
            self.dropped.push(why);
        }
        taken
    }

    /// SMS-SUBMIT TPDUs that the card gives to the modem; each once.
    pub fn outgoing(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.outbox)
    }

    /// How many messages wait for GET DATA.
    pub fn waiting(&self) -> usize {
        self.inbox.len()
    }

    fn take_message(&mut self, tpdu: &[u8]) -> Result<(), Dropped> {
        let message = Deliver::parse(tpdu).map_err(Dropped::Malformed)?;
        let Carrier { pid, dcs } = Carrier::SMARTCARD;
        let class_2 = tpdu::is_eight_bit(message.data.dcs) && tpdu::class(message.data.dcs) == Some(dcs & 3);
        if message.data.pid != pid || !class_2 {
            return Err(Dropped::NotForCard);
        }
        // without a clock, parts wait until the card is reset
        match self.parts.take(0, &message.from.text, message.data.clone()) {
            Some(whole) => self.take_packet(&message.from, &whole),
            None => Ok(()),
        }
    }

    fn take_packet(&mut self, from: &Address, whole: &Whole) -> Result<(), Dropped> {
        if !whole.header.iter().any(|element| element.id == COMMAND) {
            return Err(Dropped::NoPacket);
        }
        let messages = self.description.messages.as_mut();
        let mut peers = messages.into_iter().flat_map(|messages| &mut messages.peers);
        let (_, keys) = peers.find(|(number, _)| *number == from.text).ok_or(Dropped::Unknown)?;
        let coap = keys.open(&whole.payload).map_err(Dropped::Packet)?;
        self.inbox.push_back(unit(from, &coap));
        Ok(())
    }

    /// ENVELOPE (SMS-PP DOWNLOAD). What is not right is dropped without a word.
    pub(super) fn envelope_apdu(&mut self, command: &Command) -> Result<Reply, u16> {
        let body = match ber::take(&command.data) {
            Some((0xd1, body, [])) => body,
            _ => return Err(sw::DATA),
        };
        let elements = ber::elements(body).ok_or(sw::DATA)?;
        let (_, tpdu) = elements.iter().find(|(tag, _)| tag & 0x7f == 0x0b).ok_or(sw::DATA)?;
        let _ = self.envelope(tpdu);
        Ok(Reply::OK)
    }

    pub(super) fn get_data(&mut self, command: &Command) -> Result<Reply, u16> {
        let messages = self.application(command)?.ok_or(sw::NO_DATA)?;
        if messages.tag.to_be_bytes() != [command.p1, command.p2] {
            return Err(sw::NO_DATA);
        }
        self.inbox.pop_front().map(Reply::data).ok_or(sw::NO_DATA)
    }

    pub(super) fn store_data(&mut self, command: &Command) -> Result<Reply, u16> {
        self.application(command)?.ok_or(sw::CONDITIONS)?;
        if command.p1 & 0x7f != 0 {
            return Err(sw::P1_P2);
        }
        let channel = self.channel(command.channel);
        if usize::from(command.p2) != channel.blocks.len() {
            channel.blocks.clear();
            return Err(sw::P1_P2);
        }
        channel.blocks.push(command.data.clone());
        if command.p1 & 0x80 == 0 {
            return Ok(Reply::OK);
        }
        let stored = std::mem::take(&mut channel.blocks).concat();
        self.send(&stored)?;
        Ok(Reply::OK)
    }

    /// A message to one of the servers, from what STORE DATA brought.
    fn send(&mut self, stored: &[u8]) -> Result<(), u16> {
        let (to, rest) = Address::take(stored).map_err(|_| sw::DATA)?;
        let coap = match *rest {
            [COAP, high, low, ref coap @ ..] if coap.len() == usize::from(high) << 8 | usize::from(low) => {
                coap
            }
            _ => return Err(sw::DATA),
        };
        let messages = self.description.messages.as_mut().ok_or(sw::NO_DATA)?;
        let carrier = messages.carrier;
        let (_, keys) =
            messages.peers.iter_mut().find(|(number, _)| *number == to.text).ok_or(sw::NO_DATA)?;
        let packet = keys.protect(coap).ok_or(sw::CONDITIONS)?;
        self.reference = self.reference.wrapping_add(1);
        let cut = Cut { command: true, reference: self.reference, wide: false };
        let parts = cut.parts(&packet, carrier.pid, carrier.dcs).ok_or(sw::DATA)?;
        for data in parts {
            self.outbox.push(Submit { to: to.clone(), ..Submit::new("", data) }.bytes());
        }
        Ok(())
    }

    /// The LwM2M application, if that is what the channel of the command has selected.
    fn application(&mut self, command: &Command) -> Result<Option<&Messages>, u16> {
        let selected = self.selected_application(command.channel);
        let Some(directory) = selected else { return Ok(None) };
        let (aid, secured) = (directory.aid.clone(), directory.secured);
        let found = self.description.messages.as_ref().filter(|messages| messages.aid == aid);
        if found.is_some() && secured && !command.secured {
            return Err(sw::SECURITY);
        }
        Ok(found)
    }
}

/// A message as it passes between card and client.
pub(super) fn unit(address: &Address, coap: &[u8]) -> Vec<u8> {
    [&address.bytes()[..], &[COAP], &(coap.len() as u16).to_be_bytes(), coap].concat()
}
