//! What a server observes and the attributes that it set, as bytes to be stored (TS 1.0 section 5.5.1: observations are
//! kept over a reboot).
//!
//! Observations first, each a token length, the token, the path and the Content-Format; then [`END`]; then attributes, each a
//! path, which are set, and all values. Numbers are big-endian.

use crate::client::attributes::AttributeSet;
use crate::client::reporting::{CONFIRM_S, Observation};
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::model::number_of;
use crate::path::Path;
use crate::port::EventCode;
use crate::time::seconds;

/// No token is so long: attributes follow.
const END: u8 = 0xff;

fn put_path(path: Path, put: &mut dyn FnMut(&[u8])) {
    for id in path.ids() {
        put(&id.to_be_bytes());
    }
}

/// Takes `N` bytes off the front.
fn take<'b, const N: usize>(rest: &mut &'b [u8]) -> Result<&'b [u8; N], Error> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(Error::Malformed)?;
    *rest = tail;
    Ok(head)
}

fn take_path(rest: &mut &[u8]) -> Result<Path, Error> {
    let mut id = || take::<2>(rest).map(|bytes| u16::from_be_bytes(*bytes));
    Ok(Path { object: id()?, instance: id()?, resource: id()?, resource_instance: id()? })
}

impl Engine<'_> {
    pub(crate) fn pack_observations(&self, who: usize, put: &mut dyn FnMut(&[u8])) {
        for place in self.observations.iter().filter(|place| place.is_of(who)) {
            put(&[place.token_length]);
            put(place.token());
            put_path(place.path, put);
            put(&place.format.to_be_bytes());
        }
    }

    pub(crate) fn pack_attributes(&self, who: usize, put: &mut dyn FnMut(&[u8])) {
        let server = self.server_id(who);
        let mut mine = self.attributes.iter().filter(|set| set.set != 0 && set.server == server).peekable();
        if mine.peek().is_some() {
            put(&[END]);
        }
        for set in mine {
            put_path(set.path, put);
            put(&[set.set]);
            for period in set.periods {
                put(&period.to_be_bytes());
            }
            for condition in set.conditions {
                put(&condition.to_bits().to_be_bytes());
            }
        }
    }

    /// Takes observations up, each with its present value to be sent; gives what follows them.
    pub(crate) fn unpack_observations<'b>(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        packed: &'b [u8],
    ) -> Result<&'b [u8], Error> {
        let mut rest = packed;
        while let Some((length, behind)) = rest.split_first() {
            rest = behind;
            if *length == END {
                return Ok(rest);
            }
            let (token, behind) = rest.split_at_checked((*length).into()).ok_or(Error::Malformed)?;
            rest = behind;
            let mut place = Observation { who: Some(who as u8), token_length: *length, ..Observation::FREE };
            if token.len() > place.token.len() {
                return Err(Error::Malformed);
            }
            for (slot, byte) in place.token.iter_mut().zip(token) {
                *slot = *byte;
            }
            place.path = take_path(&mut rest)?;
            place.format = u16::from_be_bytes(*take::<2>(&mut rest)?);
            place.value = number_of(&self.model, place.path);
            place.sent = ctx.now;
            place.confirm = ctx.now.after(seconds(CONFIRM_S));
            // the server may have another value than the one now
            place.latched = true;
            let at = self.observations.iter().position(|place| place.who.is_none()).ok_or(Error::Full)?;
            let path = place.path;
            if let Some(free) = self.observations.get_mut(at) {
                *free = place;
            }
            self.reschedule(at);
            self.tell_from(ctx, who, EventCode::Observed, path);
        }
        Ok(rest)
    }

    pub(crate) fn unpack_attributes(&mut self, who: usize, packed: &[u8]) -> Result<(), Error> {
        let server = self.server_id(who);
        let mut rest = packed;
        while !rest.is_empty() {
            let path = take_path(&mut rest)?;
            let [set] = *take::<1>(&mut rest)?;
            let mut new = AttributeSet { server, path, set: set & 0x1f, ..AttributeSet::FREE };
            for period in &mut new.periods {
                *period = u32::from_be_bytes(*take::<4>(&mut rest)?);
            }
            for condition in &mut new.conditions {
                *condition = f64::from_bits(u64::from_be_bytes(*take::<8>(&mut rest)?));
            }
            if !new.is_consistent() {
                return Err(Error::Malformed);
            }
            let free = self.attributes.iter_mut().find(|place| place.set == 0).ok_or(Error::Full)?;
            *free = new;
            self.attributes_changed(server, path);
        }
        Ok(())
    }
}
