//! What a turn is going to say, before it is put together.

use super::AnsweredBy;
use crate::{
    domain::turn::Source,
    engine::{builtin::Answer, guard::Refusal},
};

/// An answer and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spoken {
    pub(super) text: String,
    /// The line that names the source; empty without one.
    pub(super) source_line: String,
    pub(super) sources: Vec<Source>,
    pub(super) answered_by: AnsweredBy,
    /// Whether it answers; `false` for "I do not know".
    pub(super) known: bool,
    /// Whether it does not know because the knowledge could not be searched.
    pub(super) in_trouble: bool,
    pub(super) refused: Option<Refusal>,
}

impl Default for Spoken {
    fn default() -> Self {
        Self {
            text: String::new(),
            source_line: String::new(),
            sources: Vec::new(),
            answered_by: AnsweredBy::Builtin,
            known: true,
            in_trouble: false,
            refused: None,
        }
    }
}

impl Spoken {
    /// The product's own words.
    pub(super) fn builtin(text: String, sources: Vec<Source>) -> Self {
        Self { text, sources, ..Self::default() }
    }

    /// The built-in answerer's answer.
    pub(super) fn answer(answer: &Answer) -> Self {
        Self {
            text: answer.text.clone(),
            source_line: answer.source_line.clone(),
            sources: answer.sources.clone(),
            known: answer.known,
            ..Self::default()
        }
    }
}
