//! Stub.
use crate::crypto::Crypto;
use crate::error::Error;
use crate::time::Instant;
use crate::uicc::Card;
use crate::uicc::file::Item;
use crate::uicc::scp03::StaticKeys;

/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// x
    Check,
    /// x
    Load,
    /// x
    Messages,
}
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// x
    Iccid = 1,
    /// x
    File = 10,
    /// x
    Message = 12,
}
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// x
    pub step: Step,
    /// x
    pub status: u16,
    /// x
    pub error: Error,
}
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// x
    pub iccid: [u8; 10],
    /// x
    pub fingerprint: u64,
    /// x
    pub size: u16,
    /// x
    pub apdus: u16,
}
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// x
    Read(Found),
    /// x
    Empty {
        /// x
        iccid: [u8; 10],
        /// x
        apdus: u16,
    },
    /// x
    Messages {
        /// x
        apdus: u16,
    },
}
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// x
    Waiting(Instant),
    /// x
    Again,
    /// x
    Done(Outcome),
    /// x
    Failed(Failure),
}
/// x
pub trait Host {
    /// x
    fn random(&mut self, buffer: &mut [u8]);
    /// x
    fn crypto(&self) -> Option<&dyn Crypto>;
    /// x
    fn keys(&self) -> Option<&dyn StaticKeys>;
    /// x
    fn pin(&mut self, reference: u8, tries: u8, pin: &mut [u8; 8]) -> Option<usize>;
    /// x
    fn item(&mut self, item: &Item, bytes: &[u8]) -> Result<(), Error>;
    /// x
    fn next_message(&mut self, buffer: &mut [u8]) -> Option<usize>;
    /// x
    fn message_stored(&mut self, done: Result<(), Failure>);
    /// x
    fn message(&mut self, body: &[u8]);
}
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secure {
    /// x
    Never,
    /// x
    Preferred,
    /// x
    Required,
}
/// x
#[derive(Clone, Copy)]
pub struct Config {
    /// x
    pub secure: Secure,
    /// x
    pub key_version: u8,
    /// x
    pub s16: bool,
    /// x
    pub timeout_ms: u32,
    /// x
    pub message_aid: ([u8; 16], u8),
    /// x
    pub message_p1p2: u16,
    /// x
    pub message_tag: u8,
}
/// x
pub const WINDOW_MIN: usize = 300;
/// x
pub struct Reader<'m> {
    window: &'m mut [u8],
}
impl<'m> Reader<'m> {
    /// x
    pub fn new(window: &'m mut [u8], _: Option<&'static dyn crate::uicc::Seal>) -> Result<Self, Error> {
        Ok(Self { window })
    }
    /// x
    pub fn start(&mut self, _: Goal, _: Config) {}
    /// x
    pub fn step(&mut self, _: Instant, _: &mut dyn Card, _: &mut dyn Host) -> Progress {
        self.window.fill(0);
        Progress::Again
    }
    /// x
    pub fn abandon(&mut self, _: &mut dyn Card) {}
}
