//! Messages on their way to a card that packs them (TS 1.0 section 7.2.2.2): address, tag, length, CoAP.

use crate::bytes;
use crate::error::Error;
use crate::sms::number::Number;
use core::cell::Cell;

/// Bytes before each message that waits.
const LENGTH: usize = 2;
/// Tag and length, behind the address.
const TAG: usize = 3;
/// The longest address: its length, its type, 20 digits.
const ADDRESS_MAX: usize = 12;
/// What there may be beside a message.
pub const AROUND: usize = ADDRESS_MAX + TAG;

/// Messages that wait for the card, each behind its length.
pub struct Outbox<'a> {
    bytes: Cell<&'a mut [u8]>,
    used: Cell<usize>,
}

impl<'a> Outbox<'a> {
    /// An empty one.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes: Cell::new(bytes), used: Cell::new(0) }
    }

    fn with<R>(&self, job: impl FnOnce(&mut [u8]) -> R) -> R {
        let bytes = self.bytes.take();
        let done = job(bytes);
        self.bytes.set(bytes);
        done
    }

    /// Whether there is room for any.
    pub fn is_there(&self) -> bool {
        self.with(|bytes| !bytes.is_empty())
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.used.get() == 0
    }

    /// Adds one. [`Error::Busy`]: there is no room for it now.
    pub fn push(&self, to: &Number, tag: u8, message: &[u8]) -> Result<(), Error> {
        let used = self.used.get();
        let [high, low] = u16::try_from(message.len()).map_err(|_| Error::TooLarge)?.to_be_bytes();
        let added = self.with(|bytes| {
            let (head, room) = bytes
                .get_mut(used..)
                .and_then(|rest| rest.split_first_chunk_mut::<LENGTH>())
                .ok_or(Error::Busy)?;
            let address = to.write_address(room).map_err(|_| Error::Busy)?;
            let total = address.wrapping_add(TAG).wrapping_add(message.len());
            if room.len() < total {
                return Err(Error::Busy);
            }
            bytes::put(room, address, &[tag, high, low])?;
            bytes::put(room, address.wrapping_add(TAG), message)?;
            *head = u16::try_from(total).map_err(|_| Error::TooLarge)?.to_be_bytes();
            Ok(total.wrapping_add(LENGTH))
        })?;
        self.used.set(used.wrapping_add(added));
        Ok(())
    }

    /// The first one, which stays.
    pub fn first(&self, buffer: &mut [u8]) -> Option<usize> {
        let used = self.used.get();
        self.with(|bytes| {
            let (head, rest) = bytes.get(..used)?.split_first_chunk::<LENGTH>()?;
            let message = rest.get(..usize::from(u16::from_be_bytes(*head)))?;
            bytes::put(buffer, 0, message).ok().map(|()| message.len())
        })
    }

    /// The first one is done with.
    pub fn drop_first(&self) {
        let used = self.used.get();
        let left = self.with(|bytes| {
            let length =
                bytes.first_chunk::<LENGTH>().map_or(0, |head| usize::from(u16::from_be_bytes(*head)));
            let from = length.saturating_add(LENGTH).min(used);
            let left = used.wrapping_sub(from);
            for step in 0..left {
                let byte = bytes.get(from.wrapping_add(step)).copied().unwrap_or(0);
                if let Some(place) = bytes.get_mut(step) {
                    *place = byte;
                }
            }
            bytes::zeroise(bytes.get_mut(left..).unwrap_or(&mut []));
            left
        });
        self.used.set(left);
    }

    /// Forgets everything.
    pub fn wipe(&self) {
        self.with(bytes::zeroise);
        self.used.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"\x0b\x91\x51\x55\x55\x05\x21\xf3\x05\x00\x02\x60\x00";

    #[test]
    fn messages_wait_in_their_order_and_go_one_by_one() {
        let mut room = [0; 40];
        let outbox = Outbox::new(&mut room);
        let to = Number::parse(b"+15555550123").unwrap();
        assert!(outbox.is_empty() && outbox.is_there());
        outbox.push(&to, 5, &[0x60, 0]).unwrap();
        outbox.push(&to, 5, &[0x61]).unwrap();
        assert_eq!(outbox.push(&to, 5, &[0x62; 9]), Err(Error::Busy));
        let mut buffer = [0; 20];
        assert_eq!(outbox.first(&mut buffer), Some(BODY.len()));
        assert_eq!(&buffer[..BODY.len()], BODY);
        outbox.drop_first();
        assert_eq!(outbox.first(&mut buffer), Some(12));
        assert_eq!(&buffer[8..12], [5, 0, 1, 0x61]);
        outbox.push(&to, 5, &[0x62; 9]).unwrap();
        outbox.drop_first();
        outbox.drop_first();
        assert!(outbox.is_empty());
        outbox.drop_first();
        assert_eq!(outbox.first(&mut buffer), None);
        outbox.wipe();
        assert!(room.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn no_room_is_no_outbox() {
        let outbox = Outbox::new(&mut []);
        assert!(!outbox.is_there());
        assert_eq!(outbox.push(&Number::parse(b"123").unwrap(), 5, &[]), Err(Error::Busy));
    }
}
