//! What goes on behind the scenes of the daemon: messages become turns, and replies leave.

pub mod alerts;
pub mod appointments;
pub mod attachments;
pub mod backoff;
pub mod bell;
pub mod bots;
pub mod cataloguing;
pub mod consolidation;
pub mod delivery;
pub mod dispatcher;
pub mod indexing;
pub mod intake;
pub mod lock;
pub mod observer;
pub mod outbox;
pub mod recovery;
mod rounds;
pub mod runner;
mod schedule;
pub mod summariser;
pub mod trace;
pub mod turns;

#[cfg(test)]
mod tests;

pub use self::rounds::Stop;
use crate::{
    config::{Config, daemon},
    store::outbox::OnUnknown,
};

/// What the names of all daemons begin with where they hold a lease or send a reply. Only one daemon at a time lives
/// on a data directory, so whatever such a name still holds when the daemon starts was left by a dead one.
pub const DAEMON_OWNER: &str = "daemon:";

/// What is done with something whose sender died before it knew whether it was taken.
pub fn on_unknown(config: &Config) -> OnUnknown {
    match config.outbox.on_unknown {
        daemon::OnUnknown::Resend => OnUnknown::Resend,
        daemon::OnUnknown::Hold => OnUnknown::Hold,
    }
}

#[cfg(test)]
#[path = "worker/sale_tests.rs"]
mod sale_tests;
