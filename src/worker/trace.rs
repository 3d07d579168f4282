//! How a turn went, for whoever wants to look over its shoulder (`iass chat --trace`).

use serde::Serialize;

use crate::domain::retrieval::Passage;

/// What a turn saw and did on the way to its reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Trace {
    /// What was searched for; empty when nothing was.
    pub query: String,
    /// How sure the search was, 0 to 1.
    pub confidence: f32,
    /// Whether the passages were taken to answer the question.
    pub answerable: bool,
    /// The passages that were found, best first.
    pub passages: Vec<Passage>,
    /// Messages of the conversation that were looked at.
    pub history: usize,
    /// The length of the prompt, roughly, in tokens; 0 when no model was asked.
    pub prompt_tokens: usize,
    /// Why no model answered, if one was asked.
    pub model_error: Option<String>,
    /// Why a model's reply was not used.
    pub refused: Option<String>,
}
