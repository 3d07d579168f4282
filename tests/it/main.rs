//! Drives the real `iass` from outside.

#![allow(missing_docs, unreachable_pub, reason = "nobody imports the tests")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod config;
mod tenant;
