//! Command APDUs, logical channels and status words (ETSI TS 102 221 sections 10.1 and 10.2, ISO/IEC 7816-4).

use super::COMMAND_MAX;
use crate::bytes::put;
use crate::error::Error;

/// The highest logical channel.
pub const CHANNEL_MAX: u8 = 19;

/// Who defined a command, which decides its CLA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// ISO/IEC 7816-4.
    Interindustry,
    /// GlobalPlatform, and TS 102 221 where it is proprietary.
    GlobalPlatform,
}

/// CLA of a command on a logical channel, 0 to [`CHANNEL_MAX`]; `secured`: under GlobalPlatform secure messaging.
pub const fn cla(class: Class, channel: u8, secured: bool) -> u8 {
    let proprietary = match class {
        Class::Interindustry => 0,
        Class::GlobalPlatform => 0x80,
    };
    // four channels in the first form; the others are counted from there in the second one
    if channel < 4 {
        proprietary | channel | if secured { 0x04 } else { 0 }
    } else {
        proprietary | 0x40 | (channel.wrapping_sub(4) & 0x0f) | if secured { 0x20 } else { 0 }
    }
}

/// A command.
#[derive(Clone, Copy)]
pub struct Command<'b> {
    /// Who defined it.
    pub class: Class,
    /// INS.
    pub ins: u8,
    /// P1.
    pub p1: u8,
    /// P2.
    pub p2: u8,
    /// Its data, 255 bytes at most.
    pub data: &'b [u8],
    /// How many bytes are wanted, 256 at most; 0 and 256 mean as many as there are. `None`: no Le, no data expected.
    pub le: Option<u16>,
}

impl<'b> Command<'b> {
    /// A command of ISO/IEC 7816-4 that gives `data`.
    pub const fn new(ins: u8, p1: u8, p2: u8, data: &'b [u8], le: Option<u16>) -> Self {
        Self { class: Class::Interindustry, ins, p1, p2, data, le }
    }

    /// The same of GlobalPlatform.
    pub const fn proprietary(self) -> Self {
        Self { class: Class::GlobalPlatform, ..self }
    }

    /// SELECT that asks for the file control parameters.
    pub const fn select(p1: u8, data: &'b [u8]) -> Self {
        Self::new(0xa4, p1, 0x04, data, Some(256))
    }

    /// READ BINARY: bytes of the selected file. Of `offset` 15 bits count.
    pub const fn read_binary(offset: u16, le: u16) -> Self {
        let [high, low] = offset.to_be_bytes();
        Self::new(0xb0, high & 0x7f, low, &[], Some(le))
    }

    /// READ RECORD, by its number.
    pub const fn read_record(number: u8, le: u16) -> Self {
        Self::new(0xb2, number, 0x04, &[], Some(le))
    }

    /// GET RESPONSE: what waits.
    pub const fn get_response(le: u16) -> Self {
        Self::new(0xc0, 0, 0, &[], Some(le))
    }

    /// Writes it for a channel; how long it is. [`Error::BadValue`]: a channel, a length or an Le that there is not.
    pub fn write(&self, channel: u8, buffer: &mut [u8; COMMAND_MAX]) -> Result<usize, Error> {
        if channel > CHANNEL_MAX || self.le.is_some_and(|le| le > 256) {
            return Err(Error::BadValue);
        }
        put(buffer, 0, &[cla(self.class, channel, false), self.ins, self.p1, self.p2])?;
        let mut length = 4usize;
        if !self.data.is_empty() {
            put(buffer, length, &[u8::try_from(self.data.len()).map_err(|_| Error::BadValue)?])?;
            put(buffer, 5, self.data)?;
            length = self.data.len().wrapping_add(5);
        }
        if let Some(le) = self.le {
            let [_, low] = le.to_be_bytes();
            put(buffer, length, &[low])?;
            length = length.wrapping_add(1);
        }
        Ok(length)
    }
}

/// A status word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

impl Status {
    /// All went well.
    pub const OK: Self = Self(0x9000);
    /// The file ended before Le.
    pub const END_OF_FILE: Self = Self(0x6282);
    /// The file, or the application, is deactivated.
    pub const DEACTIVATED: Self = Self(0x6283);
    /// Security status not satisfied: a PIN is wanted, or the secure channel has broken down.
    pub const SECURITY: Self = Self(0x6982);
    /// The PIN is blocked.
    pub const BLOCKED: Self = Self(0x6983);
    /// What is referred to cannot be used: a PIN that is disabled.
    pub const UNUSABLE: Self = Self(0x6984);
    /// Conditions of use not satisfied.
    pub const CONDITIONS: Self = Self(0x6985);
    /// File or application not found.
    pub const NO_FILE: Self = Self(0x6a82);
    /// Record not found.
    pub const NO_RECORD: Self = Self(0x6a83);
    /// Referenced data not found.
    pub const NO_DATA: Self = Self(0x6a88);
    /// The offset is outside of the file.
    pub const OFFSET: Self = Self(0x6b00);

    /// SW1.
    pub const fn sw1(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// SW2.
    pub const fn sw2(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// It worked. With 91xx a proactive command waits besides, which is the terminal's.
    pub const fn is_good(self) -> bool {
        self.0 == Self::OK.0 || self.sw1() == 0x91
    }

    /// It worked, and something is to be known; data is valid.
    pub const fn is_warning(self) -> bool {
        matches!(self.sw1(), 0x62 | 0x63)
    }

    /// How many bytes wait for GET RESPONSE.
    pub const fn waiting(self) -> Option<u16> {
        match self.sw1() {
            0x61 | 0x9f => Some(up_to_256(self.sw2())),
            _ => None,
        }
    }

    /// The Le that would have been right.
    pub const fn right_length(self) -> Option<u16> {
        match self.sw1() {
            0x6c => Some(up_to_256(self.sw2())),
            _ => None,
        }
    }

    /// How many tries of a PIN are left.
    pub const fn retries(self) -> Option<u8> {
        match self.0 & 0xfff0 {
            0x63c0 => Some(self.sw2() & 0x0f),
            _ => None,
        }
    }

    /// The toolkit is busy: later.
    pub const fn is_busy(self) -> bool {
        self.0 == 0x9300
    }

    /// The card does not know the command, its class, the channel or the secure messaging.
    pub const fn is_unknown(self) -> bool {
        matches!(self.0, 0x6d00 | 0x6e00 | 0x6881 | 0x6882)
    }

    /// What a failure is that this status word tells. Never [`Error::NotFound`], which says that there is no card.
    pub const fn error(self) -> Error {
        if self.is_busy() {
            Error::Busy
        } else if self.is_unknown() {
            Error::NotSupported
        } else if matches!(self.0, 0x6982..=0x6984 | 0x6300) || self.retries().is_some() {
            Error::Unauthorized
        } else {
            Error::Refused
        }
    }
}

/// A length of one octet, of which 00 means 256.
const fn up_to_256(octet: u8) -> u16 {
    match octet {
        0 => 256,
        _ => octet as u16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(command: Command<'_>, channel: u8) -> Result<std::vec::Vec<u8>, Error> {
        let mut buffer = [0; COMMAND_MAX];
        let length = command.write(channel, &mut buffer)?;
        Ok(buffer[..length].to_vec())
    }

    #[test]
    fn classes_follow_the_table_of_ts_102_221() {
        for (channel, plain, secured) in [(0, 0x00, 0x04), (3, 0x03, 0x07), (4, 0x40, 0x60), (19, 0x4f, 0x6f)]
        {
            assert_eq!(cla(Class::Interindustry, channel, false), plain);
            assert_eq!(cla(Class::Interindustry, channel, true), secured);
            assert_eq!(cla(Class::GlobalPlatform, channel, false), plain | 0x80);
            assert_eq!(cla(Class::GlobalPlatform, channel, true), secured | 0x80);
        }
    }

    #[test]
    fn the_four_cases_of_a_command() {
        assert_eq!(written(Command::new(0x70, 0x80, 1, &[], None), 0).unwrap(), [0x00, 0x70, 0x80, 0x01]);
        assert_eq!(written(Command::read_binary(0x0180, 0x4b), 1).unwrap(), [0x01, 0xb0, 0x01, 0x80, 0x4b]);
        assert_eq!(
            written(Command::new(0x20, 0, 1, &[0x31; 8], None), 2).unwrap(),
            [0x02, 0x20, 0, 1, 8, 0x31, 0x31, 0x31, 0x31, 0x31, 0x31, 0x31, 0x31]
        );
        assert_eq!(
            written(Command::select(0x08, &[0x7f, 0xff, 0x50, 0x31]), 4).unwrap(),
            [0x40, 0xa4, 0x08, 0x04, 0x04, 0x7f, 0xff, 0x50, 0x31, 0x00]
        );
        assert_eq!(written(Command::new(0xca, 0, 5, &[], Some(256)).proprietary(), 3).unwrap()[0], 0x83);
    }

    #[test]
    fn the_longest_command_fits_and_a_longer_one_is_refused() {
        assert_eq!(written(Command::select(4, &[0; 255]), 0).unwrap().len(), COMMAND_MAX);
        assert_eq!(written(Command::select(4, &[0; 256]), 0), Err(Error::BadValue));
        assert_eq!(written(Command::select(4, &[]), 20), Err(Error::BadValue));
        assert_eq!(written(Command::read_binary(0, 257), 0), Err(Error::BadValue));
    }

    #[test]
    fn every_status_word_has_at_most_one_meaning() {
        for word in 0..=u16::MAX {
            let status = Status(word);
            let meanings = [
                status.is_good(),
                status.is_warning(),
                status.waiting().is_some(),
                status.right_length().is_some(),
                status.is_busy(),
                status.is_unknown(),
            ];
            assert!(meanings.iter().filter(|meaning| **meaning).count() <= 1, "{word:04x}");
            assert_ne!(status.error(), Error::NotFound);
        }
        assert_eq!(Status(0x6100).waiting(), Some(256));
        assert_eq!(Status(0x9f1c).waiting(), Some(0x1c));
        assert_eq!(Status(0x6c20).right_length(), Some(0x20));
        assert_eq!(Status(0x63c2).retries(), Some(2));
        assert_eq!(Status(0x6300).retries(), None);
        assert!(Status(0x9112).is_good());
        assert_eq!(Status(0x9300).error(), Error::Busy);
        assert_eq!(Status(0x6983).error(), Error::Unauthorized);
    }
}
