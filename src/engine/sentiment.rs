//! How a customer feels, from the words, the signs and the meaning of one message.
//!
//! Lists of words and phrases say what is judged and how strongly, a head on the embedding hears what they do not name,
//! and both are weighed together as learnt from labelled messages. This module never looks at a conversation: one calm
//! message after three furious ones is calm.

mod lexicon;
mod signals;

pub use signals::{Signals, read};

use super::head::{DIMENSIONS, Head};
use crate::domain::language::Language;

/// Learnt on the vectors and the signals of labelled messages; see `models/README.md`.
static HEAD: Head = Head::new(include_bytes!("../../models/heads/sentiment.f32"));

/// -1 (furious) … 1 (delighted). Below -0.2 is a complaint, below -0.5 anger, above 0.2 praise. `vector`: the unit vector
/// of the text by the built-in embedding model; a vector of another length is left out of account.
pub fn score(text: &str, language: Language, vector: &[f32]) -> f32 {
    const NO_MEANING: [f32; DIMENSIONS] = [0.0; DIMENSIONS];
    let signals = read(text, language).features();
    let vector = if vector.len() == DIMENSIONS { vector } else { &NO_MEANING };
    HEAD.apply(vector, &signals).unwrap_or_default().clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests;
