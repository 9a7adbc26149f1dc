//! x
#[derive(Debug)]
/// x
pub struct Modem; 
/// x
#[derive(Debug)]
pub enum Fault {}
