//! The language models: accounts at providers, and the way to ask one of them.
//!
//! The rest of the product asks a [`pool::Pool`] and gets an answer with the id of the key that gave it; keys and
//! addresses stay in here. Nothing here decides what is said to a customer.

pub mod account;
mod answer;
mod anthropic;
pub mod client;
pub mod error;
pub mod media;
mod openai;
pub mod pool;
mod rest;
mod speech;
mod transport;
mod vision;
