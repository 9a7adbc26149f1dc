//! TPDUs of TS 23.040: SMS-SUBMIT (section 9.2.2.2), SMS-DELIVER (9.2.2.1), SMS-STATUS-REPORT (9.2.2.3), the user data
//! header (9.2.3.24), time stamps (9.2.3.11) and validity periods (9.2.3.12).

use super::Address;

/// The largest user data, header included, in octets.
pub const LARGEST: usize = 140;
/// Information element: concatenation with an 8-bit reference.
pub const CONCATENATION: u8 = 0x00;
/// Information element: concatenation with a 16-bit reference.
pub const CONCATENATION_16: u8 = 0x08;
/// Information element: a Command Packet follows (TS 31.115).
pub const COMMAND: u8 = 0x70;
/// Information element: a Response Packet follows (TS 31.115).
pub const RESPONSE: u8 = 0x71;

/// TP-UDHI.
const HEADER: u8 = 0x40;
/// TP-SRR of a SUBMIT, TP-SRI of a DELIVER.
const REPORT: u8 = 0x20;
/// TP-MMS: no more messages are waiting.
const NO_MORE: u8 = 0x04;

/// Why octets are not a TPDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It ends too early.
    Short,
    /// Something follows.
    Long,
    /// Another type of message.
    Kind,
    /// An address field.
    Address,
    /// The user data header.
    Header,
    /// More than 140 octets of user data.
    UserData,
}

/// One information element of a user data header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// IEI.
    pub id: u8,
    /// Its data.
    pub data: Vec<u8>,
}

/// TP-PID, TP-DCS and TP-UD.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserData {
    /// Protocol identifier.
    pub pid: u8,
    /// Data coding scheme.
    pub dcs: u8,
    /// The header's elements; where there are none, there is no header.
    pub header: Vec<Element>,
    /// What follows the header. With the 7-bit alphabet: the packed septets.
    pub payload: Vec<u8>,
    /// TP-UDL of 7-bit user data, which counts septets.
    pub septets: Option<u8>,
}

/// Whether a data coding scheme says 8-bit data (TS 23.038 section 4).
pub const fn is_eight_bit(dcs: u8) -> bool {
    (dcs & 0xc0 == 0 && dcs & 0x2c == 4) || dcs & 0xfc == 0xf4
}

/// The message class of a data coding scheme.
pub const fn class(dcs: u8) -> Option<u8> {
    if (dcs & 0xc0 == 0 && dcs & 0x10 != 0) || dcs & 0xf0 == 0xf0 { Some(dcs & 3) } else { None }
}

const fn is_seven_bit(dcs: u8) -> bool {
    (dcs & 0xc0 == 0 && dcs & 0x2c == 0) || dcs & 0xfc == 0xf0
}

impl UserData {
    /// 8-bit data without a class and without a header.
    pub fn plain(payload: &[u8]) -> Self {
        Self { dcs: 0x04, payload: payload.to_vec(), ..Self::default() }
    }

    /// The data of an information element.
    pub fn element(&self, id: u8) -> Option<&[u8]> {
        self.header.iter().find(|element| element.id == id).map(|element| element.data.as_slice())
    }

    /// TP-UD in octets, header included.
    pub fn octets(&self) -> usize {
        self.bytes().len() - 1
    }

    fn take(pid: u8, dcs: u8, headed: bool, bytes: &[u8]) -> Result<Self, Malformed> {
        let (&length, rest) = bytes.split_first().ok_or(Malformed::Short)?;
        let septets = is_seven_bit(dcs).then_some(length);
        let octets = septets.map_or(length.into(), |septets| (usize::from(septets) * 7).div_ceil(8));
        if octets > LARGEST {
            return Err(Malformed::UserData);
        }
        let (data, rest) = rest.split_at_checked(octets).ok_or(Malformed::Short)?;
        if !rest.is_empty() {
            return Err(Malformed::Long);
        }
        let (header, payload) = if headed { elements(data)? } else { (Vec::new(), data) };
        Ok(Self { pid, dcs, header, payload: payload.to_vec(), septets })
    }

    /// TP-UDL and TP-UD.
    fn bytes(&self) -> Vec<u8> {
        let header: Vec<u8> = self
            .header
            .iter()
            .flat_map(|element| [&[element.id, element.data.len() as u8], &element.data[..]].concat())
            .collect();
        let mut data = if header.is_empty() { Vec::new() } else { vec![header.len() as u8] };
        data.extend(header);
        data.extend(&self.payload);
        data.insert(0, self.septets.unwrap_or(data.len() as u8));
        data
    }

    fn flag(&self) -> u8 {
        if self.header.is_empty() { 0 } else { HEADER }
    }
}

fn elements(data: &[u8]) -> Result<(Vec<Element>, &[u8]), Malformed> {
    let (&length, rest) = data.split_first().ok_or(Malformed::Header)?;
    let (mut header, payload) = rest.split_at_checked(length.into()).ok_or(Malformed::Header)?;
    let mut elements = Vec::new();
    while let Some((&[id, length], rest)) = header.split_first_chunk::<2>() {
        let (data, rest) = rest.split_at_checked(length.into()).ok_or(Malformed::Header)?;
        elements.push(Element { id, data: data.to_vec() });
        header = rest;
    }
    if header.is_empty() { Ok((elements, payload)) } else { Err(Malformed::Header) }
}

/// How long a message is worth delivering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// As long as the service centre likes.
    Unsaid,
    /// One octet.
    Relative(u8),
    /// Seven octets, the first says the format.
    Enhanced([u8; 7]),
    /// A time.
    Absolute(Stamp),
}

impl Validity {
    /// From submission on, in milliseconds, where it can be said; an absolute one needs the time of day.
    pub fn milliseconds(&self, time_of_day: i64) -> Option<u64> {
        let seconds = match self {
            Self::Unsaid => return None,
            Self::Relative(n) => relative(*n),
            Self::Enhanced([1, n, ..]) => relative(*n),
            Self::Enhanced([2, n, ..]) => (*n).into(),
            Self::Enhanced([3, h, m, s, ..]) => {
                [h, m, s].into_iter().fold(0, |sum, octet| sum * 60 + u64::from(swapped(*octet)))
            }
            Self::Enhanced(_) => return None,
            Self::Absolute(stamp) => stamp.seconds().saturating_sub(time_of_day).max(0) as u64,
        };
        Some(seconds * 1000)
    }

    fn take(format: u8, bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let seven = || bytes.split_first_chunk::<7>().ok_or(Malformed::Short);
        Ok(match format {
            0 => (Self::Unsaid, bytes),
            2 => {
                let (&n, rest) = bytes.split_first().ok_or(Malformed::Short)?;
                (Self::Relative(n), rest)
            }
            1 => seven().map(|(octets, rest)| (Self::Enhanced(*octets), rest))?,
            _ => seven().map(|(octets, rest)| (Self::Absolute(Stamp(*octets)), rest))?,
        })
    }

    fn bytes(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Unsaid => (0, Vec::new()),
            Self::Relative(n) => (2, vec![*n]),
            Self::Enhanced(octets) => (1, octets.to_vec()),
            Self::Absolute(stamp) => (3, stamp.0.to_vec()),
        }
    }
}

/// The relative format in seconds.
const fn relative(n: u8) -> u64 {
    let n64 = n as u64;
    match n {
        0..=143 => (n64 + 1) * 300,
        144..=167 => 43_200 + (n64 - 143) * 1800,
        168..=196 => (n64 - 166) * 86_400,
        197..=255 => (n64 - 192) * 604_800,
    }
}

const fn swapped(octet: u8) -> u8 {
    (octet & 0x0f).wrapping_mul(10).wrapping_add(octet >> 4)
}

/// TP-SCTS, TP-DT: seven octets of swapped digits, the last the time zone in quarters of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub [u8; 7]);

impl Stamp {
    /// A time in seconds since 1970, shown in UTC.
    pub fn new(time: i64) -> Self {
        let (days, second) = (time.div_euclid(86_400), time.rem_euclid(86_400));
        let (year, month, day) = date(days);
        let fields = [year % 100, month, day, second / 3600, second / 60 % 60, second % 60, 0];
        Self(fields.map(|n| ((n / 10) | ((n % 10) << 4)) as u8))
    }

    /// In seconds since 1970; years are 2000 to 2099.
    pub fn seconds(&self) -> i64 {
        let [year, month, day, hour, minute, second] =
            [0, 1, 2, 3, 4, 5].map(|n| i64::from(swapped(self.0[n])));
        let quarters = i64::from(swapped(self.0[6] & 0xf7));
        let zone = if self.0[6] & 0x08 == 0 { quarters } else { -quarters };
        days(2000 + year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone * 900
    }
}

/// Days since 1970 of a date in the Gregorian calendar, by counting years from March on.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469
}

/// The date of a day: year, month, day.
fn date(day: i64) -> (i64, i64, i64) {
    let mut year = 1970 + day.div_euclid(366);
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= day).unwrap_or(1);
    (year, month, day - days(year, month, 1) + 1)
}

/// SMS-SUBMIT: from a phone to the service centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// TP-MR.
    pub reference: u8,
    /// TP-DA.
    pub to: Address,
    /// TP-VP.
    pub validity: Validity,
    /// TP-SRR.
    pub report: bool,
    /// TP-RD.
    pub reject_duplicates: bool,
    /// TP-PID, TP-DCS, TP-UD.
    pub data: UserData,
}

impl Submit {
    /// A message that asks for nothing.
    pub fn new(to: &str, data: UserData) -> Self {
        let to = Address::number(to);
        Self { reference: 0, to, validity: Validity::Unsaid, report: false, reject_duplicates: false, data }
    }

    /// Reads a TPDU.
    pub fn parse(tpdu: &[u8]) -> Result<Self, Malformed> {
        let (&[first, reference], rest) = tpdu.split_first_chunk::<2>().ok_or(Malformed::Short)?;
        if first & 3 != 1 {
            return Err(Malformed::Kind);
        }
        let (to, rest) = Address::take(rest)?;
        let (&[pid, dcs], rest) = rest.split_first_chunk::<2>().ok_or(Malformed::Short)?;
        let (validity, rest) = Validity::take(first >> 3 & 3, rest)?;
        let data = UserData::take(pid, dcs, first & HEADER != 0, rest)?;
        let (report, reject_duplicates) = (first & REPORT != 0, first & 4 != 0);
        Ok(Self { reference, to, validity, report, reject_duplicates, data })
    }

    /// The TPDU.
    pub fn bytes(&self) -> Vec<u8> {
        let (format, validity) = self.validity.bytes();
        let report = if self.report { REPORT } else { 0 };
        let first = 1 | format << 3 | report | self.data.flag() | u8::from(self.reject_duplicates) << 2;
        let (to, data) = (self.to.bytes(), self.data.bytes());
        [&[first, self.reference], &to[..], &[self.data.pid, self.data.dcs], &validity, &data].concat()
    }
}

/// SMS-DELIVER: from the service centre to a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliver {
    /// TP-OA.
    pub from: Address,
    /// TP-SCTS.
    pub time: Stamp,
    /// TP-MMS, as a sentence: more messages are waiting.
    pub more: bool,
    /// TP-SRI.
    pub report: bool,
    /// TP-PID, TP-DCS, TP-UD.
    pub data: UserData,
}

impl Deliver {
    /// Reads a TPDU.
    pub fn parse(tpdu: &[u8]) -> Result<Self, Malformed> {
        let (&first, rest) = tpdu.split_first().ok_or(Malformed::Short)?;
        if first & 3 != 0 {
            return Err(Malformed::Kind);
        }
        let (from, rest) = Address::take(rest)?;
        let (&[pid, dcs], rest) = rest.split_first_chunk::<2>().ok_or(Malformed::Short)?;
        let (time, rest) = rest.split_first_chunk::<7>().ok_or(Malformed::Short)?;
        let data = UserData::take(pid, dcs, first & HEADER != 0, rest)?;
        let (more, report) = (first & NO_MORE == 0, first & REPORT != 0);
        Ok(Self { from, time: Stamp(*time), more, report, data })
    }

    /// The TPDU.
    pub fn bytes(&self) -> Vec<u8> {
        let (more, report) = (if self.more { 0 } else { NO_MORE }, if self.report { REPORT } else { 0 });
        let (from, data) = (self.from.bytes(), self.data.bytes());
        let first = more | report | self.data.flag();
        [&[first], &from[..], &[self.data.pid, self.data.dcs], &self.time.0, &data].concat()
    }
}

/// SMS-STATUS-REPORT: what became of a SUBMIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// TP-MR of the SUBMIT.
    pub reference: u8,
    /// TP-RA: whom it was for.
    pub to: Address,
    /// TP-SCTS of the message.
    pub time: Stamp,
    /// TP-DT: when this became of it.
    pub done: Stamp,
    /// TP-ST.
    pub status: u8,
}

impl StatusReport {
    /// TP-ST: received by the recipient.
    pub const RECEIVED: u8 = 0x00;
    /// TP-ST: the validity period expired.
    pub const EXPIRED: u8 = 0x46;
    /// TP-ST: there is no such recipient.
    pub const UNKNOWN: u8 = 0x49;

    /// Reads a TPDU without optional fields.
    pub fn parse(tpdu: &[u8]) -> Result<Self, Malformed> {
        let (&[first, reference], rest) = tpdu.split_first_chunk::<2>().ok_or(Malformed::Short)?;
        if first & 3 != 2 {
            return Err(Malformed::Kind);
        }
        let (to, rest) = Address::take(rest)?;
        let (time, rest) = rest.split_first_chunk::<7>().ok_or(Malformed::Short)?;
        let (done, rest) = rest.split_first_chunk::<7>().ok_or(Malformed::Short)?;
        let (&status, rest) = rest.split_first().ok_or(Malformed::Short)?;
        if !rest.is_empty() {
            return Err(Malformed::Long);
        }
        Ok(Self { reference, to, time: Stamp(*time), done: Stamp(*done), status })
    }

    /// The TPDU.
    pub fn bytes(&self) -> Vec<u8> {
        let first = 2 | NO_MORE;
        [&[first, self.reference], &self.to.bytes()[..], &self.time.0, &self.done.0, &[self.status]].concat()
    }
}
