//! What a tenant knows: documents are read, cut into chunks, embedded and found again.
//!
//! This module never talks to a customer and never decides what is said; it only finds passages.

pub mod chunk;
pub mod embed;
pub mod index;
pub mod ingest;
pub mod read;
pub mod retrieve;
pub mod terms;
pub mod vectors;
