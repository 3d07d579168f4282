//! What a model answered, in words common to all providers, and the last touches that every answer gets.

use serde_json::Value;

use super::error::LlmError;
use crate::{domain::tool::ToolCall, engine::turn::Usage};

/// The most calls of tools that are taken from one answer.
pub(super) const MAX_CALLS: usize = 8;

/// What a model answered.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    /// Zero where the provider does not tell.
    pub(super) usage: Usage,
}

/// How an answer came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The model was done.
    Done,
    /// It reached the longest answer that was asked for.
    CutOff,
    /// The provider's filter stopped it.
    Filtered,
}

/// A call of a tool while its parts come in.
#[derive(Debug, Default)]
pub(super) struct RawCall {
    pub(super) id: String,
    pub(super) name: String,
    /// JSON as a text.
    pub(super) arguments: String,
}

impl Answer {
    /// An answer that came to its end.
    ///
    /// # Errors
    /// [`LlmError::ContentFilter`], and [`LlmError::BadAnswer`] when there is nothing in it.
    pub(super) fn ended(
        text: String,
        calls: Vec<RawCall>,
        usage: Usage,
        ending: Ending,
    ) -> Result<Self, LlmError> {
        let text = match ending {
            Ending::Filtered => return Err(LlmError::ContentFilter),
            Ending::CutOff => whole_sentences(&text).to_owned(),
            Ending::Done => text,
        };
        let calls: Vec<ToolCall> = calls.into_iter().enumerate().filter_map(RawCall::whole).collect();
        if text.trim().is_empty() && calls.is_empty() {
            return Err(LlmError::BadAnswer);
        }
        Ok(Self { text, calls, usage })
    }
}

impl RawCall {
    fn whole((index, raw): (usize, Self)) -> Option<ToolCall> {
        if raw.name.is_empty() {
            return None;
        }
        let written = if raw.arguments.trim().is_empty() { "{}" } else { &raw.arguments };
        let arguments =
            serde_json::from_str(written).unwrap_or_else(|_| Value::String(raw.arguments.clone()));
        let id = if raw.id.is_empty() { format!("call_{index}") } else { raw.id };
        Some(ToolCall { id, name: raw.name, arguments })
    }
}

/// The text up to its last whole sentence: an answer that reached its length must not end in half a price.
fn whole_sentences(text: &str) -> &str {
    let ends = text.char_indices().rev().find(|(index, c)| {
        let after = text.get(index + c.len_utf8()..).unwrap_or_default();
        matches!(c, '.' | '!' | '?' | '\n') && after.starts_with(char::is_whitespace)
    });
    ends.and_then(|(index, c)| text.get(..index + c.len_utf8())).unwrap_or_default()
}
