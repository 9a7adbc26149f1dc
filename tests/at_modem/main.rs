//! The AT dialogue against a scripted modem in virtual time (V.250, TS 27.005, TS 27.007).

mod bench;
mod card;
mod card_faults;
mod card_gone;
mod delivery;
mod fake;
mod fake_card;
mod faults;
mod lines;
mod sending;
mod setup;
