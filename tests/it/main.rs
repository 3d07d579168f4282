//! The tests that drive the real binary, and those that hold the source against the rules of the project.

#![allow(missing_docs, unreachable_pub, reason = "nobody imports the tests")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod api_documents;
mod chat;
mod config;
mod crash;
mod documents;
mod fake_llm;
mod fake_webhook;
mod harness;
mod knowledge;
mod layers;
mod media;
mod pool;
mod serve;
mod tenant;
