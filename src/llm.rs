//! The language models: accounts at providers with an OpenAI-compatible API, and the way to ask one of them.
//!
//! The rest of the product asks a [`pool::Pool`] and gets an answer with the id of the key that gave it; keys and
//! addresses stay in here. Nothing here decides what is said to a customer.

pub mod client;
pub mod error;
pub mod pool;
mod wire;
