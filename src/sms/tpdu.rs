//! Short messages as TPDUs (TS 23.040 section 9.2.2): SMS-DELIVER and SMS-STATUS-REPORT are read, SMS-SUBMIT is written.
//!
//! Only 8-bit data means anything here. Text is measured, so that it can be skipped, and handed on as it is.

use super::number::{ADDRESS, DIGITS, Number};
use crate::bytes::put;
use crate::error::Error;

pub use super::number::split_smsc;

/// How many octets TP-UD has at most (TS 23.040 section 9.2.3.16).
pub const USER_DATA: usize = 140;
/// The longest TPDU: an SMS-SUBMIT with an enhanced validity period. An SMS-DELIVER is an octet shorter.
pub const TPDU_MAX: usize = 2 + ADDRESS + 2 + VALIDITY + 1 + USER_DATA;

/// How many octets the longest TP-VP has.
const VALIDITY: usize = 7;

/// TP-MTI, from the network: SMS-DELIVER, SMS-STATUS-REPORT. To the network: SMS-SUBMIT.
const DELIVER: u8 = 0b00;
const STATUS_REPORT: u8 = 0b10;
const SUBMIT: u8 = 0b01;
/// TP-MMS: set unless more messages wait.
const NO_MORE: u8 = 0x04;
/// TP-SRI, TP-SRQ and TP-SRR.
const REPORT: u8 = 0x20;
/// TP-UDHI.
const HEADER: u8 = 0x40;
/// TP-RP.
const REPLY: u8 = 0x80;

/// A message from the network to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A short message.
    Deliver(Deliver<'a>),
    /// What became of one that was sent.
    StatusReport(StatusReport<'a>),
}

/// SMS-DELIVER (TS 23.040 section 9.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deliver<'a> {
    /// TP-OA. `None`: it is not a number, and cannot be anybody's that is known.
    pub from: Option<Number>,
    /// TP-PID.
    pub protocol: u8,
    /// TP-DCS.
    pub coding: u8,
    /// TP-SCTS as it is: year, month, day, hour, minute, second, quarters of an hour from GMT, digits swapped.
    pub time: [u8; 7],
    /// The information elements, without UDHL; empty without TP-UDHI.
    pub header: &'a [u8],
    /// What follows the header.
    pub data: &'a [u8],
    /// More messages wait (TP-MMS is 0).
    pub more: bool,
    /// The sender gets a status report (TP-SRI).
    pub report: bool,
    /// An answer may take the same service centre (TP-RP).
    pub reply: bool,
}

/// SMS-STATUS-REPORT (TS 23.040 section 9.2.2.3). What may follow TP-ST is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusReport<'a> {
    /// TP-MR: the reference of the SMS-SUBMIT, as the modem chose it.
    pub reference: u8,
    /// TP-RA: to whom that one went.
    pub to: Option<Number>,
    /// TP-SCTS: when the service centre got it.
    pub time: &'a [u8; 7],
    /// TP-DT: when what TP-ST says happened.
    pub discharge: &'a [u8; 7],
    /// TP-ST.
    pub status: u8,
    /// More messages wait (TP-MMS is 0).
    pub more: bool,
    /// It is about an SMS-COMMAND, not an SMS-SUBMIT (TP-SRQ).
    pub of_command: bool,
}

/// What TP-ST comes down to (TS 23.040 section 9.2.3.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service centre has done its part: received, forwarded without confirmation, or replaced.
    Delivered,
    /// Not yet; the service centre keeps trying.
    Trying,
    /// No, and nobody tries any more. What is reserved counts as this, as that section says.
    Failed,
}

impl StatusReport<'_> {
    /// What the status comes down to.
    pub const fn outcome(&self) -> Outcome {
        match self.status {
            0x00..=0x1f => Outcome::Delivered,
            0x20..=0x3f => Outcome::Trying,
            _ => Outcome::Failed,
        }
    }
}

/// Reads a message from the network.
///
/// [`Error::NotSupported`]: it is neither of the two that [`Incoming`] has. [`Error::Malformed`]: it ends too early, or its
/// lengths contradict each other. Octets behind what TP-UDL counts are ignored: some modems fill up.
pub fn parse(tpdu: &[u8]) -> Result<Incoming<'_>, Error> {
    let mut reader = Reader(tpdu);
    let first = reader.octet()?;
    match first & 0b11 {
        DELIVER => deliver(first, reader).map(Incoming::Deliver),
        STATUS_REPORT => status_report(first, reader).map(Incoming::StatusReport),
        _ => Err(Error::NotSupported),
    }
}

fn deliver(first: u8, mut reader: Reader<'_>) -> Result<Deliver<'_>, Error> {
    let from = reader.address()?;
    let (protocol, coding, time) = (reader.octet()?, reader.octet()?, *reader.time()?);
    let units = reader.octet()?;
    let octets =
        if counts_septets(coding) { usize::from(units).wrapping_mul(7).div_ceil(8) } else { units.into() };
    if octets > USER_DATA {
        return Err(Error::Malformed);
    }
    let mut user_data = Reader(reader.take(octets)?);
    let header = if first & HEADER == 0 {
        &[]
    } else {
        let length = user_data.octet()?;
        user_data.take(length.into())?
    };
    Ok(Deliver {
        from,
        protocol,
        coding,
        time,
        header,
        data: user_data.0,
        more: first & NO_MORE == 0,
        report: first & REPORT != 0,
        reply: first & REPLY != 0,
    })
}

fn status_report(first: u8, mut reader: Reader<'_>) -> Result<StatusReport<'_>, Error> {
    Ok(StatusReport {
        reference: reader.octet()?,
        to: reader.address()?,
        time: reader.time()?,
        discharge: reader.time()?,
        status: reader.octet()?,
        more: first & NO_MORE == 0,
        of_command: first & REPORT != 0,
    })
}

/// Whether the data is octets without meaning to the network: 8-bit data of any class (TS 23.038 section 4).
pub const fn is_8_bit(coding: u8) -> bool {
    (coding & 0xc0 == 0 && coding & 0x2c == 0x04) || coding & 0xfc == 0xf4
}

/// Whether TP-UDL counts septets: the GSM 7-bit alphabet, not compressed, which all reserved codings are taken for.
const fn counts_septets(coding: u8) -> bool {
    match coding >> 4 {
        // bit 5: compressed; bits 3 and 2: the alphabet
        0x0..=0x7 => coding & 0x20 == 0 && coding & 0x0c != 0x04 && coding & 0x0c != 0x08,
        // UCS2, message waiting
        0xe => false,
        0xf => coding & 0x04 == 0,
        _ => true,
    }
}

/// What is left of a TPDU.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn octet(&mut self) -> Result<u8, Error> {
        let (octet, rest) = self.0.split_first().ok_or(Error::Malformed)?;
        self.0 = rest;
        Ok(*octet)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Error::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn time(&mut self) -> Result<&'a [u8; 7], Error> {
        let (time, rest) = self.0.split_first_chunk().ok_or(Error::Malformed)?;
        self.0 = rest;
        Ok(time)
    }

    /// TP-OA or TP-RA (TS 23.040 section 9.1.2.5).
    fn address(&mut self) -> Result<Option<Number>, Error> {
        let digits = self.octet()?;
        if digits > DIGITS {
            return Err(Error::Malformed);
        }
        let type_of_address = self.octet()?;
        let semi_octets = self.take(digits.div_ceil(2).into())?;
        Ok(Number::from_address(type_of_address, semi_octets, digits))
    }
}

/// SMS-SUBMIT (TS 23.040 section 9.2.2.2): one message from the device to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submit<'a> {
    /// TP-DA.
    pub to: Number,
    /// TP-PID.
    pub protocol: u8,
    /// TP-DCS. Codings whose length counts septets are not supported.
    pub coding: u8,
    /// For how many seconds the network shall try. 0: no TP-VP, the network's own choice. At most 63 weeks.
    pub validity_s: u32,
    /// Asks for a status report (TP-SRR).
    pub report: bool,
    /// Whole information elements, without UDHL. Empty: no header.
    pub header: &'a [u8],
    /// What follows the header.
    pub data: &'a [u8],
}

/// What few need to say about an SMS-SUBMIT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// TP-MR. Most modems put their own in its place.
    pub reference: u8,
    /// Says the validity period in seconds (TP-VPF enhanced) as long as it is below 100 hours. Few networks heed it.
    /// Without it, it is rounded up to what one octet can say, at least five minutes.
    pub precise: bool,
}

impl Submit<'_> {
    /// Writes the TPDU; returns its length, at most [`TPDU_MAX`].
    ///
    /// [`Error::TooLarge`]: header and data exceed 140 octets. [`Error::NotSupported`]: the coding is text of septets.
    /// [`Error::Full`]: `out` is too short.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, Error> {
        self.write_with(Options::default(), out)
    }

    /// As [`Submit::write`], with what is rarely said.
    pub fn write_with(&self, options: Options, out: &mut [u8]) -> Result<usize, Error> {
        if counts_septets(self.coding) {
            return Err(Error::NotSupported);
        }
        let user_data = self.user_data().ok_or(Error::TooLarge)?;
        let (format, validity, octets) = validity_period(self.validity_s, options.precise);
        let mut writer = Writer { out, at: 0 };
        let first = SUBMIT | format | if self.report { REPORT } else { 0 };
        writer.put(&[first | if self.header.is_empty() { 0 } else { HEADER }, options.reference])?;
        let rest = writer.out.get_mut(writer.at..).ok_or(Error::Full)?;
        writer.at = writer.at.wrapping_add(self.to.write_address(rest)?);
        writer.put(&[self.protocol, self.coding])?;
        writer.put(validity.get(..octets).unwrap_or(&[]))?;
        writer.put(&[user_data])?;
        if !self.header.is_empty() {
            // below 140, as part of the user data
            writer.put(&[self.header.len() as u8])?;
            writer.put(self.header)?;
        }
        writer.put(self.data)?;
        Ok(writer.at)
    }

    /// TP-UDL. `None`: too long.
    fn user_data(&self) -> Option<u8> {
        let header = if self.header.is_empty() { 0 } else { self.header.len().checked_add(1)? };
        let length = header.checked_add(self.data.len())?;
        if length > USER_DATA { None } else { u8::try_from(length).ok() }
    }
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, octets: &[u8]) -> Result<(), Error> {
        put(self.out, self.at, octets)?;
        self.at = self.at.wrapping_add(octets.len());
        Ok(())
    }
}

/// TP-VPF, in its place in the first octet.
const RELATIVE: u8 = 0x10;
const ENHANCED: u8 = 0x08;

/// TP-VPF and TP-VP (TS 23.040 section 9.2.3.12) for `seconds`, 0 being none.
///
/// The octets are those of the array, as many as is said.
const fn validity_period(seconds: u32, precise: bool) -> (u8, [u8; VALIDITY], usize) {
    let minutes = seconds / 60;
    let hours = minutes / 60;
    match (precise, seconds, hours) {
        (_, 0, _) => (0, [0; VALIDITY], 0),
        // format 010: seconds; format 011: hours, minutes, seconds
        (true, 1..=255, _) => (ENHANCED, [0b010, seconds as u8, 0, 0, 0, 0, 0], VALIDITY),
        (true, _, 0..=99) => {
            let clock = [0b011, swapped(hours), swapped(minutes % 60), swapped(seconds % 60), 0, 0, 0];
            (ENHANCED, clock, VALIDITY)
        }
        _ => (RELATIVE, [relative_validity(seconds), 0, 0, 0, 0, 0, 0], 1),
    }
}

/// A number below 100 as semi-octets: tens in the high nibble.
const fn swapped(number: u32) -> u8 {
    (((number % 10) << 4) | (number / 10 % 10)) as u8
}

/// The smallest relative TP-VP that is at least `seconds` long, the longest if none is (TS 23.040 section 9.2.3.12.1).
pub const fn relative_validity(seconds: u32) -> u8 {
    const MINUTE: u32 = 60;
    const HOUR: u32 = 60 * MINUTE;
    const DAY: u32 = 24 * HOUR;
    let (units, base) = if seconds <= 12 * HOUR {
        // a unit is five minutes; no units at all is one
        (seconds.saturating_sub(1) / (5 * MINUTE), 0)
    } else if seconds <= DAY {
        (seconds.saturating_sub(12 * HOUR).div_ceil(30 * MINUTE), 143)
    } else if seconds <= 30 * DAY {
        (seconds.div_ceil(DAY), 166)
    } else {
        (seconds.div_ceil(7 * DAY), 192)
    };
    let octet = units.saturating_add(base);
    if octet < 0xff { octet as u8 } else { 0xff }
}

#[cfg(test)]
#[path = "tpdu_tests.rs"]
mod tests;
