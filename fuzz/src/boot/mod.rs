//! A device that is bootstrapped: by a blob, from storage, by a bootstrap server. What goes wrong leaves all as it was, and
//! what goes well leaves accounts that fit together.

mod backend;
mod life;
mod payload;
mod probe;
mod provisioning;
mod session;
mod settings;
mod watch;

pub use provisioning::provision;
pub use session::session;
pub use settings::settings;
