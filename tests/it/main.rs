//! The tests that drive the real binary, and those that hold the source against the rules of the project.

#![allow(missing_docs, unreachable_pub, reason = "nobody imports the tests")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod api_appointments;
mod api_documents;
mod audit;
mod booking;
mod calendar;
mod channel_commands;
mod chat;
mod chatwoot;
mod config;
mod crash;
mod delivery;
mod desk;
mod documents;
mod fake_business;
mod fake_calendar;
mod fake_chatwoot;
mod fake_llm;
mod fake_mail;
mod fake_mcp;
mod fake_meta;
mod fake_server;
mod fake_telegram;
mod fake_twilio;
mod fake_webhook;
mod forget;
mod harness;
mod knowledge;
mod layers;
mod media;
mod memory;
mod meta;
mod pool;
mod products;
mod radicale;
mod remote;
mod sale;
mod sale_api;
mod sale_crash;
mod serve;
mod service;
mod talks;
mod telegram;
mod tenant;
mod twilio;
mod twilio_talks;
mod voice;
mod web;
