//! Command APDUs and status words (ISO/IEC 7816-4; ETSI TS 102 221 section 10).

/// Status words.
#[allow(missing_docs)]
pub mod sw {
    pub const OK: u16 = 0x9000;
    pub const END_OF_FILE: u16 = 0x6282;
    pub const DEACTIVATED: u16 = 0x6283;
    pub const AUTHENTICATION_FAILED: u16 = 0x6300;
    /// With the tries that are left.
    pub const TRIES: u16 = 0x63c0;
    pub const LENGTH: u16 = 0x6700;
    pub const CHANNEL: u16 = 0x6881;
    pub const INCOMPATIBLE: u16 = 0x6981;
    pub const SECURITY: u16 = 0x6982;
    pub const BLOCKED: u16 = 0x6983;
    pub const INVALIDATED: u16 = 0x6984;
    pub const CONDITIONS: u16 = 0x6985;
    pub const NO_FILE: u16 = 0x6986;
    pub const DATA: u16 = 0x6a80;
    pub const FUNCTION: u16 = 0x6a81;
    pub const NOT_FOUND: u16 = 0x6a82;
    pub const NO_RECORD: u16 = 0x6a83;
    pub const P1_P2: u16 = 0x6a86;
    pub const NO_DATA: u16 = 0x6a88;
    pub const OFFSET: u16 = 0x6b00;
    pub const INSTRUCTION: u16 = 0x6d00;
    pub const CLASS: u16 = 0x6e00;
}

/// So many octets wait (61xx), or are to be asked for (6Cxx); 256 and more is 00.
pub const fn counted(word: u16, octets: usize) -> u16 {
    word | if octets > 255 { 0 } else { octets as u16 }
}

/// Instructions.
#[allow(missing_docs)]
pub mod ins {
    pub const VERIFY: u8 = 0x20;
    pub const INITIALIZE_UPDATE: u8 = 0x50;
    pub const MANAGE_CHANNEL: u8 = 0x70;
    pub const EXTERNAL_AUTHENTICATE: u8 = 0x82;
    pub const SELECT: u8 = 0xa4;
    pub const READ_BINARY: u8 = 0xb0;
    pub const READ_RECORD: u8 = 0xb2;
    pub const GET_RESPONSE: u8 = 0xc0;
    pub const ENVELOPE: u8 = 0xc2;
    pub const GET_DATA: u8 = 0xca;
    pub const STORE_DATA: u8 = 0xe2;
    pub const STATUS: u8 = 0xf2;
}

/// A command, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub ins: u8,
    pub p1: u8,
    pub p2: u8,
    pub data: Vec<u8>,
    /// How much is expected; 256 for 00.
    pub le: Option<usize>,
    pub channel: u8,
    /// The class says GlobalPlatform's secure messaging.
    pub secured: bool,
    /// The class is GlobalPlatform's, or the card application toolkit's.
    pub proprietary: bool,
}

/// Channel, secure messaging, proprietary; `None`: no such class.
const fn class(cla: u8) -> Option<(u8, bool, bool)> {
    let proprietary = cla & 0x80 != 0;
    match cla & 0x7f {
        low @ 0x00..=0x07 => Some((low & 3, low & 4 != 0, proprietary)),
        low @ 0x40..=0x4f => Some((4 + (low & 0x0f), false, proprietary)),
        low @ 0x60..=0x6f => Some((4 + (low & 0x0f), true, proprietary)),
        _ => None,
    }
}

impl Command {
    /// Takes a short APDU apart, or gives the status word.
    pub fn parse(bytes: &[u8]) -> Result<Self, u16> {
        let (&[cla, ins, p1, p2], rest) = bytes.split_first_chunk::<4>().ok_or(sw::LENGTH)?;
        let (channel, secured, proprietary) = class(cla).ok_or(sw::CLASS)?;
        let expected = |le: u8| Some(if le == 0 { 256 } else { usize::from(le) });
        let (data, le) = match *rest {
            [] => (&[][..], None),
            [le] => (&[][..], expected(le)),
            [lc, ref body @ ..] if lc > 0 && body.len() == usize::from(lc) => (body, None),
            [lc, ref body @ .., le] if lc > 0 && body.len() == usize::from(lc) => (body, expected(le)),
            _ => return Err(sw::LENGTH),
        };
        Ok(Self { ins, p1, p2, data: data.to_vec(), le, channel, secured, proprietary })
    }

    /// What the checksum covers of the head: the class without its channel, and Lc with the checksum.
    pub fn head(&self, length: usize) -> [u8; 5] {
        let class = if self.proprietary { 0x84 } else { 0x04 };
        [class, self.ins, self.p1, self.p2, length as u8]
    }

    /// Whether the class fits the instruction; both fit GET DATA and STORE DATA.
    pub const fn class_fits(&self) -> bool {
        match self.ins {
            ins::INITIALIZE_UPDATE | ins::EXTERNAL_AUTHENTICATE | ins::ENVELOPE | ins::STATUS => {
                self.proprietary
            }
            ins::GET_DATA | ins::STORE_DATA => true,
            _ => !self.proprietary,
        }
    }
}

/// A response, before it is decided how it leaves the card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub data: Vec<u8>,
    pub sw: u16,
}

impl Reply {
    pub const OK: Self = Self::status(sw::OK);

    pub const fn status(sw: u16) -> Self {
        Self { data: Vec::new(), sw }
    }

    pub const fn data(data: Vec<u8>) -> Self {
        Self { data, sw: sw::OK }
    }

    pub fn bytes(&self) -> Vec<u8> {
        [&self.data[..], &self.sw.to_be_bytes()].concat()
    }
}
