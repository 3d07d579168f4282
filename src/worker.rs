//! What goes on behind the scenes of the daemon: messages become turns, and replies leave.

pub mod channels;
pub mod dispatcher;
pub mod lock;
pub mod outbox;
pub mod recovery;
pub mod runner;
pub mod schedule;
pub mod shutdown;
