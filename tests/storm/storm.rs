//! Ten thousand devices lose their server at once, and return: `docs/storm.md` says what this shows.
//!
//! A fleet of clients in one process and in virtual time, each driven through its C functions as a product would. The limits
//! that the stories assert are those that the documentation promises, in `rules`; none is taken from what was seen. With
//! `--nocapture` the stories print what the servers saw.

mod bootstrap;
mod device;
mod fleet;
mod network;
mod outage;
mod report;
mod rules;
mod server;
