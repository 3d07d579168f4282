//! iass: a customer-service team for a small business in one binary.
//!
//! The modules in reading order: what the product talks about, then how it thinks, then where it keeps things,
//! then the edges that touch the world.

pub mod alerts;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod knowledge;
pub mod llm;
pub mod meters;
pub mod prompts;
pub mod store;
pub mod tools;

pub mod app;
pub mod calendar;
pub mod channel;
pub mod cli;
pub mod crash;
pub mod http;
pub mod notify;
pub mod remote;
pub mod telemetry;
pub mod tenants;
pub mod text;
pub mod tls;
pub mod worker;
