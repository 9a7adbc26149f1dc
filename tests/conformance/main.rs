//! Conformance in virtual time: one module a theme, each test named by its SCR item (TS 1.0 Appendix B.1) or by its
//! case of the interoperability suite. `docs/conformance.md` maps items to tests.

mod access;
mod blocks;
mod bootstrap;
mod bootstrap_commands;
mod bootstrap_keys;
mod bootstrap_power;
mod bootstrap_rights;
mod bootstrap_session;
mod dtls;
mod dtls_chaos;
mod dtls_links;
mod dtls_loss;
mod dtls_power;
mod dtls_session;
mod dtls_trouble;
mod edges;
mod exchanges;
mod formats;
mod hostile;
mod management;
mod queue;
mod registration;
mod regressions;
mod reporting;
mod sms;
mod sms_bootstrap;
mod sms_counters;
mod sms_modem;
mod sms_secured;
mod table;
mod uicc;
mod uicc_messages;
mod update;
mod weather;
mod writing;
