//! What can go wrong with one APDU.

use super::Uicc;

/// Instead of the right answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The command is not carried out, and gets this status word.
    Status(u16),
    /// It is carried out; the answer lacks so many octets of data at its end.
    Short(usize),
    /// It is carried out; these octets stand between data and status word.
    Long(Vec<u8>),
    /// It is carried out; all octets of data are turned over.
    Garbled,
    /// It is not carried out, and gets these octets, which may be no response at all.
    Raw(Vec<u8>),
    /// It is not carried out and not answered.
    Silent,
    /// It is carried out and not answered.
    Lost,
    /// The card resets itself before it: channels, sessions and PINs are as after power on.
    Reset,
}

impl Uicc {
    pub(super) fn faulty(&mut self, fault: Fault, command: &[u8]) -> Option<Vec<u8>> {
        let mut answer = match fault {
            Fault::Status(word) => return Some(word.to_be_bytes().to_vec()),
            Fault::Raw(octets) => return Some(octets),
            Fault::Silent => return None,
            Fault::Reset => {
                self.power_on();
                return Some(self.perform(command));
            }
            Fault::Short(_) | Fault::Long(_) | Fault::Garbled | Fault::Lost => self.perform(command),
        };
        let data = answer.len() - 2;
        match fault {
            Fault::Short(octets) => drop(answer.drain(data.saturating_sub(octets)..data)),
            Fault::Long(octets) => drop(answer.splice(data..data, octets)),
            Fault::Garbled => answer[..data].iter_mut().for_each(|octet| *octet ^= 0xff),
            _ => return None,
        }
        Some(answer)
    }
}
