//! stub
use super::header::Header;
use super::number::Number;
use crate::error::Error;
use crate::time::Instant;
pub const PART: usize = 134;
pub struct Cut;
impl Cut {
    pub fn new(_: usize, _: bool, _: u8) -> Result<Self, Error> {
        Ok(Cut)
    }
    pub fn count(&self) -> u8 {
        0
    }
    pub fn part(&self, _: u8, _: &mut [u8; 8]) -> Option<(usize, core::ops::Range<usize>)> {
        None
    }
}
pub struct Set;
impl Set {
    pub const FREE: Self = Set;
}
pub struct Sets<'a> {
    slots: &'a mut [Set],
    memory: &'a mut [u8],
}
pub enum Taken {
    Whole { slot: usize, length: usize, packet: bool },
    Waiting,
    Dropped(Error),
}
impl<'a> Sets<'a> {
    pub fn new(slots: &'a mut [Set], memory: &'a mut [u8], _: u32) -> Self {
        Self { slots, memory }
    }
    pub fn take(&mut self, _: Instant, _: &Number, _: &Header, _: &[u8]) -> Taken {
        Taken::Waiting
    }
    pub fn bytes_mut(&mut self, _: usize, _: usize) -> &mut [u8] {
        self.memory
    }
    pub fn release(&mut self, _: usize) {
        let _ = self.slots.len();
    }
    pub fn expire(&mut self, _: Instant) -> usize {
        0
    }
    pub fn deadline(&self) -> Instant {
        Instant::NEVER
    }
}
