//! The tests that drive the real binary, and those that hold the source against the rules of the project.

mod config;
mod documents;
mod layers;
mod tenant;
