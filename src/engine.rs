//! How the product thinks: one turn of a conversation from the customer's words to the reply.
//!
//! Nothing here waits, reads a clock, opens a file or calls a model: [`turn::Turn`] says what it wants to have done
//! and is told what came of it. That makes every path of a conversation a test without a network.

pub mod agent;
pub mod analyze;
pub mod booking;
pub mod builtin;
pub mod desk;
pub mod emergency;
pub mod facts;
pub mod format;
pub mod guard;
mod head;
pub mod lead;
pub mod memory;
mod months;
pub mod person;
mod phrases;
pub mod prompt;
pub mod question;
pub mod router;
pub mod sale;
pub(crate) mod sentences;
pub mod sentiment;
pub mod smalltalk;
pub mod threat;
pub mod tool_text;
pub mod turn;
pub(crate) mod words;
