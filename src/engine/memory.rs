//! What is kept of a conversation for the next one: a summary of what was said, and what the customer told of
//! themselves.
//!
//! Both are made by rules, so that they need no model and never hold anything that nobody said.

mod facts;
mod summary;

pub use self::{facts::extract_facts, summary::summarise};
