//! Drives the real `iass` from outside.

#![allow(missing_docs, reason = "tests")]

mod config;
mod crash;
mod harness;
mod serve;
mod tenant;
