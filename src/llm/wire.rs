//! The wire of chat completions as OpenAI documents it and everybody copies it: what is sent, and what comes back
//! whole or in parts.
//!
//! Everything that comes back is optional: foreign servers leave out what they do not know.
//! See <https://platform.openai.com/docs/api-reference/chat>.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::error::LlmError;
use crate::{
    domain::{
        message::Role,
        tool::{ToolCall, ToolSpec},
    },
    engine::{prompt::ModelRequest, turn::Usage},
};

/// The most calls of tools that are taken from one answer.
const MAX_CALLS: usize = 8;

/// A question.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Line<'a>>,
    temperature: f64,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    /// Last: the service tells a stream by the end of the body.
    stream: bool,
}

/// How a key wants to be asked.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    pub(super) model: &'a str,
    pub(super) temperature: f64,
    pub(super) max_tokens: u32,
    pub(super) stream: bool,
}

#[derive(Default, Serialize)]
struct Line<'a> {
    role: &'static str,
    content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: &'a ToolSpec,
}

#[derive(Serialize)]
struct Called<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    #[serde(serialize_with = "as_text")]
    arguments: &'a Value,
}

/// Arguments travel as a text that holds JSON; what was no JSON goes back as it came.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference to the field")]
fn as_text<S: Serializer>(arguments: &&Value, serializer: S) -> Result<S::Ok, S::Error> {
    match arguments {
        Value::String(text) => serializer.serialize_str(text),
        other => serializer.collect_str(other),
    }
}

impl<'a> Body<'a> {
    /// The question as it is sent.
    pub(super) fn of(request: &'a ModelRequest, manner: Manner<'a>) -> Self {
        let mut messages = vec![Line { role: "system", content: &request.system, ..Line::default() }];
        messages.extend(request.messages.iter().map(|said| Line {
            role: match said.role {
                Role::Customer => "user",
                Role::Assistant | Role::Person => "assistant",
            },
            content: &said.text,
            ..Line::default()
        }));
        for round in &request.rounds {
            let calls = round.calls.iter().map(|call| Called {
                id: &call.id,
                r#type: "function",
                function: CalledFunction { name: &call.name, arguments: &call.arguments },
            });
            messages.push(Line {
                role: "assistant",
                content: &round.text,
                tool_calls: calls.collect(),
                ..Line::default()
            });
            messages.extend(round.calls.iter().zip(&round.results).map(|(call, result)| Line {
                role: "tool",
                content: result,
                tool_call_id: Some(&call.id),
                ..Line::default()
            }));
        }
        Self {
            model: manner.model,
            messages,
            temperature: manner.temperature,
            max_tokens: manner.max_tokens,
            tools: request.tools.iter().map(|spec| Tool { r#type: "function", function: spec }).collect(),
            stream: manner.stream,
        }
    }
}

/// What a model answered.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) usage: Usage,
}

/// An answer in one piece.
#[derive(Debug, Deserialize)]
pub(super) struct Whole {
    #[serde(default)]
    choices: Vec<WholeChoice>,
    usage: Option<Tokens>,
}

#[derive(Debug, Deserialize)]
struct WholeChoice {
    message: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Content {
    content: Option<String>,
    tool_calls: Option<Vec<CallPart>>,
}

#[derive(Debug, Deserialize)]
struct CallPart {
    /// Which call of the answer a part belongs to; absent in whole answers.
    index: Option<usize>,
    id: Option<String>,
    function: Option<FunctionPart>,
}

#[derive(Debug, Deserialize)]
struct FunctionPart {
    name: Option<String>,
    /// A text by the book, an object from some servers.
    arguments: Option<Value>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// A piece of an answer.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    choices: Vec<PartChoice>,
    pub(super) error: Option<Value>,
    usage: Option<Tokens>,
}

#[derive(Debug, Deserialize)]
struct PartChoice {
    delta: Option<Content>,
    finish_reason: Option<String>,
}

impl Whole {
    /// The answer, if it is one.
    pub(super) fn answer(self) -> Result<Answer, LlmError> {
        let mut assembly = Assembly::default();
        assembly.tokens(self.usage);
        let choice = self.choices.into_iter().next().ok_or(LlmError::BadAnswer)?;
        if let Some(content) = choice.message {
            assembly.content(content);
        }
        assembly.finish = choice.finish_reason.or_else(|| Some("stop".to_owned()));
        assembly.finished()
    }
}

/// An answer while its parts come in.
#[derive(Default)]
pub(super) struct Assembly {
    pub(super) text: String,
    calls: Vec<RawCall>,
    usage: Usage,
    finish: Option<String>,
}

#[derive(Default)]
struct RawCall {
    id: String,
    name: String,
    arguments: String,
}

impl Assembly {
    /// Takes a part in and says what text it brought.
    pub(super) fn add(&mut self, part: Part) -> String {
        self.tokens(part.usage);
        let Some(choice) = part.choices.into_iter().next() else { return String::new() };
        let before = self.text.len();
        if let Some(delta) = choice.delta {
            self.content(delta);
        }
        self.finish = choice.finish_reason.or(self.finish.take());
        self.text.get(before..).unwrap_or_default().to_owned()
    }

    /// The answer, if it came to its end.
    pub(super) fn finished(self) -> Result<Answer, LlmError> {
        // A server that dies closes the connection like one that is done; only the reason tells them apart.
        let reason = self.finish.ok_or(LlmError::Broken)?;
        if reason == "content_filter" {
            return Err(LlmError::ContentFilter);
        }
        let text = if reason == "length" { whole_sentences(&self.text).to_owned() } else { self.text };
        let calls: Vec<ToolCall> = self.calls.into_iter().enumerate().filter_map(RawCall::whole).collect();
        if text.trim().is_empty() && calls.is_empty() {
            return Err(LlmError::BadAnswer);
        }
        Ok(Answer { text, calls, usage: self.usage })
    }

    /// What was written until now, for an answer that was stopped on purpose.
    pub(super) fn stopped(self) -> Answer {
        Answer { text: self.text, calls: Vec::new(), usage: self.usage }
    }

    fn tokens(&mut self, tokens: Option<Tokens>) {
        if let Some(Tokens { prompt_tokens, completion_tokens }) = tokens {
            self.usage = Usage { prompt_tokens, completion_tokens };
        }
    }

    fn content(&mut self, content: Content) {
        self.text.push_str(&content.content.unwrap_or_default());
        for part in content.tool_calls.unwrap_or_default() {
            let starts = part.id.as_ref().is_some_and(|id| !id.is_empty());
            // Parts without an index continue the last call unless they begin another.
            let index = part.index.unwrap_or(if starts {
                self.calls.len()
            } else {
                self.calls.len().saturating_sub(1)
            });
            if index >= MAX_CALLS {
                continue;
            }
            if self.calls.len() <= index {
                self.calls.resize_with(index + 1, RawCall::default);
            }
            let Some(call) = self.calls.get_mut(index) else { continue };
            if let Some(id) = part.id {
                call.id = id;
            }
            let Some(function) = part.function else { continue };
            call.name.push_str(&function.name.unwrap_or_default());
            match function.arguments {
                Some(Value::String(text)) => call.arguments.push_str(&text),
                Some(Value::Null) | None => {}
                Some(value) => call.arguments = value.to_string(),
            }
        }
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
