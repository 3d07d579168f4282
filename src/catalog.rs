//! The catalogue: reading it from files, and finding in it what customers mean.
//!
//! What is sold is decided elsewhere, in the turn's transaction; nothing here changes a stock or an order.

pub mod import;
pub mod index;
pub mod search;
pub mod source;
pub mod table;

pub(crate) mod measure;
mod sound;
mod synonyms;
pub(crate) mod terms;
