//! What a reading is told, and what it tells.

use crate::bytes::copy;
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::Means;
use crate::uicc::file::Item;
use crate::uicc::scp03::StaticKeys;

/// What a card is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// All is read, and only told which card and which file it is.
    Check,
    /// The same, and every [`Item`] of the file goes to the host.
    Load,
    /// Messages are taken to the card's LwM2M application and fetched from it (TS 1.0 section 7.2.2.2).
    Messages,
}

/// Where a reading stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// EF(ICCID).
    Iccid = 1,
    /// EF(DIR).
    Directory = 2,
    /// A logical channel is opened.
    Channel = 3,
    /// The application is selected.
    Application = 4,
    /// The secure channel is opened.
    Secure = 5,
    /// EF(ODF).
    Odf = 6,
    /// A DODF.
    Dodf = 7,
    /// The bootstrap file is selected.
    Select = 8,
    /// A PIN is verified.
    Pin = 9,
    /// The bootstrap file is read.
    File = 10,
    /// The logical channel is closed.
    Close = 11,
    /// Messages are stored and fetched.
    Message = 12,
}

/// Why a reading ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub step: Step,
    /// The status word that the card gave; 0: none.
    pub status: u16,
    /// What it is.
    pub error: Error,
}

/// What a reading failed of, beside its [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Commands or answers, or what computes for them: the next reading may go well.
    Trouble,
    /// There is no card.
    NoCard,
    /// What the file says: the next reading will say it too.
    Content,
}

/// What is known of a reading that has ended, until the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Why it failed, if it did.
    pub cause: Cause,
    /// EF(ICCID) as it stands there; zeros where it was not read.
    pub iccid: [u8; 10],
    /// The card did not confirm that the channel is closed. The reading is none the worse.
    pub unclosed: Option<Failure>,
    /// The card may have more messages than the session could take.
    pub more: bool,
}

impl Left {
    /// Of no reading.
    pub const NOTHING: Self = Self { cause: Cause::Trouble, iccid: [0; 10], unclosed: None, more: false };
}

/// What a step has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The card has not answered: ask again then at the latest.
    Waiting(Instant),
    /// There is more to do at once.
    Again,
    /// The reading has ended.
    Done(Outcome),
    /// It has ended, too.
    Failed(Failure),
}

/// A file that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// EF(ICCID) as it stands there; zeros where the card has none.
    pub iccid: [u8; 10],
    /// A fingerprint of the bytes that mean something: head and objects, without what fills the file up. No secrecy lies
    /// in it: it tells changes apart, not attacks.
    pub fingerprint: u64,
    /// How many those bytes are.
    pub size: u16,
    /// Commands that the card answered.
    pub apdus: u16,
}

/// What a reading has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file.
    Read(Found),
    /// The card has no bootstrap data: no PKCS#15 application, no LwM2M object, no file, or one without objects.
    Empty {
        /// As in [`Found`].
        iccid: [u8; 10],
        /// As in [`Found`].
        apdus: u16,
    },
    /// Messages went to and fro.
    Messages {
        /// As in [`Found`].
        apdus: u16,
    },
}

impl Outcome {
    /// With the number of commands, which is known at the end only.
    pub(super) const fn counted(self, apdus: u16) -> Self {
        match self {
            Self::Read(found) => Self::Read(Found { apdus, ..found }),
            Self::Empty { iccid, .. } => Self::Empty { iccid, apdus },
            Self::Messages { .. } => Self::Messages { apdus },
        }
    }
}

/// Whether there is to be a secure channel (TS 1.0 Appendix H).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secure {
    /// None.
    Never,
    /// Where there are keys and the card knows INITIALIZE UPDATE; never in the clear after a wrong cryptogram.
    Preferred,
    /// Nothing of an application is read without it.
    Required,
}

/// The identifier of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aid {
    bytes: [u8; 16],
    length: u8,
}

impl Aid {
    /// None.
    pub const NONE: Self = Self { bytes: [0; 16], length: 0 };

    /// The LwM2M UICC application's while nobody has given it one: of the range that belongs to nobody.
    pub const LWM2M: Self =
        Self { bytes: [0xf0, 0x4c, 0x57, 0x4d, 0x32, 0x4d, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0], length: 7 };

    /// [`Error::BadValue`] unless it has 5 to 16 bytes (ISO/IEC 7816-4).
    pub fn new(aid: &[u8]) -> Result<Self, Error> {
        match u8::try_from(aid.len()) {
            Ok(length @ 5..=16) => {
                let mut bytes = [0; 16];
                copy(bytes.get_mut(..aid.len()).unwrap_or(&mut []), aid);
                Ok(Self { bytes, length })
            }
            _ => Err(Error::BadValue),
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or(&[])
    }
}

/// How a card is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Whether there is to be a secure channel.
    pub secure: Secure,
    /// Version of the card's keys; 0: the first that it has.
    pub key_version: u8,
    /// Challenges and checksums of 16 bytes in place of 8.
    pub s16: bool,
    /// How long the card has for an answer, with its GET RESPONSE.
    pub timeout_ms: u32,
    /// The application that sends and receives messages.
    pub message_aid: Aid,
    /// P1 and P2 of its GET DATA.
    pub message_p1p2: u16,
    /// What stands in front of the length of a CoAP message.
    pub message_tag: u8,
}

impl Config {
    /// A secure channel where it can be, the first keys, 10 seconds; for messages what stands in for values that TS 1.0
    /// leaves open.
    pub const DEFAULT: Self = Self {
        secure: Secure::Preferred,
        key_version: 0,
        s16: false,
        timeout_ms: 10_000,
        message_aid: Aid::LWM2M,
        message_p1p2: 0x0005,
        message_tag: 0x05,
    };
}

/// What a reading needs and gives.
pub trait Host {
    /// Fills `buffer` with what nobody can guess.
    fn random(&mut self, buffer: &mut [u8]);
    /// What the secure channel is made with; `None`: there is none.
    fn means(&self) -> Option<Means<'_>>;
    /// The keys of the secure channel; `None`: there are none.
    fn keys(&self) -> Option<&dyn StaticKeys>;
    /// Writes the PIN of that reference: its length, 4 to 8. Asked once in a reading, when the card has told that so many
    /// `tries` are left. `None`: nobody knows it, or nobody wants to risk the try.
    fn pin(&mut self, reference: u8, tries: u8, pin: &mut [u8; 8]) -> Option<usize>;
    /// Takes what the file goes on with, and its bytes ([`Goal::Load`]). An error ends the reading.
    fn item(&mut self, item: &Item, bytes: &[u8]) -> Result<(), Error>;
    /// Writes the body of the next STORE DATA ([`Goal::Messages`]): its length. The same again until it was stored.
    fn next_message(&mut self, buffer: &mut [u8]) -> Option<usize>;
    /// The message was taken, or refused by a status word: not to be offered again.
    fn message_stored(&mut self, done: Result<(), Failure>);
    /// What a GET DATA brought, see [`super::message_parts`]; the address is empty where it has another form.
    fn message(&mut self, address: &[u8], coap: &[u8]);
}
