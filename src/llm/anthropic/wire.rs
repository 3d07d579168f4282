//! The messages API: what is sent, and what comes back whole or in parts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    domain::message::Role,
    engine::{prompt::ModelRequest, turn::Usage},
    llm::{
        answer::{Answer, Ending, MAX_CALLS, RawCall},
        client::{Manner, Picture},
        error::LlmError,
    },
};

/// A question.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    temperature: f64,
    system: &'a str,
    messages: Vec<Message>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    stream: bool,
}

#[derive(Debug, Serialize)]
struct Message {
    role: &'static str,
    content: Vec<Value>,
}

impl<'a> Body<'a> {
    /// The question as it is sent. The speakers must take turns, and the customer begins.
    pub(super) fn of(request: &'a ModelRequest, manner: Manner<'a>) -> Self {
        let mut messages: Vec<Message> = Vec::new();
        for said in &request.messages {
            let role = match said.role {
                Role::Customer => "user",
                Role::Assistant | Role::Person => "assistant",
            };
            let begins = messages.is_empty() && role == "assistant";
            if !begins && !said.text.trim().is_empty() {
                add(&mut messages, role, [json!({"type": "text", "text": said.text})]);
            }
        }
        for round in &request.rounds {
            let text = Some(&round.text).filter(|text| !text.trim().is_empty());
            let text = text.map(|text| json!({"type": "text", "text": text}));
            let calls = round.calls.iter().map(|call| {
                // Only an object is taken back; what was none is told by the result.
                let input = if call.arguments.is_object() { call.arguments.clone() } else { json!({}) };
                json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
            });
            add(&mut messages, "assistant", text.into_iter().chain(calls));
            let results = round.calls.iter().zip(&round.results).map(
                |(call, result)| json!({"type": "tool_result", "tool_use_id": call.id, "content": result}),
            );
            add(&mut messages, "user", results);
        }
        let tools = request.tools.iter().map(|spec| {
            json!({"name": spec.name, "description": spec.description, "input_schema": spec.parameters})
        });
        Self { tools: tools.collect(), ..Self::with(&request.system, messages, manner) }
    }

    /// A question about a picture.
    pub(super) fn about_picture(
        system: &'a str,
        question: &str,
        picture: Picture<'_>,
        manner: Manner<'a>,
    ) -> Self {
        let source = json!({"type": "base64", "media_type": picture.media_type, "data": picture.base64});
        let content =
            vec![json!({"type": "image", "source": source}), json!({"type": "text", "text": question})];
        Self::with(system, vec![Message { role: "user", content }], manner)
    }

    fn with(system: &'a str, messages: Vec<Message>, manner: Manner<'a>) -> Self {
        Self {
            model: manner.model,
            max_tokens: manner.max_tokens,
            // Its scale ends at 1.
            temperature: manner.temperature.min(1.0),
            system,
            messages,
            tools: Vec::new(),
            stream: manner.stream,
        }
    }
}

/// Adds to what the same speaker said last, or begins a message.
fn add(messages: &mut Vec<Message>, role: &'static str, content: impl IntoIterator<Item = Value>) {
    match messages.last_mut().filter(|last| last.role == role) {
        Some(last) => last.content.extend(content),
        None => messages.push(Message { role, content: content.into_iter().collect() }),
    }
}

/// An answer in one piece.
#[derive(Debug, Deserialize)]
pub(super) struct Whole {
    content: Vec<Block>,
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Tokens,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    /// Thoughts and whatever else is invented.
    #[serde(other)]
    Other,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(super) struct Tokens {
    #[serde(rename = "input_tokens", default)]
    input: Option<u64>,
    #[serde(rename = "cache_creation_input_tokens", default)]
    cache_written: Option<u64>,
    #[serde(rename = "cache_read_input_tokens", default)]
    cache_read: Option<u64>,
    #[serde(rename = "output_tokens", default)]
    output: Option<u64>,
}

impl Whole {
    /// The answer, if it is one.
    pub(super) fn answer(self) -> Result<Answer, LlmError> {
        let mut assembly = Assembly::default();
        assembly.tokens(self.usage);
        for block in self.content {
            assembly.begin(block);
        }
        assembly.stop_reason = self.stop_reason;
        assembly.finished()
    }
}

/// A piece of an answer.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        content_block: Block,
    },
    ContentBlockDelta {
        delta: BlockDelta,
    },
    MessageDelta {
        delta: End,
        #[serde(default)]
        usage: Tokens,
    },
    MessageStop,
    Error {
        error: Value,
    },
    /// Pings, the ends of blocks and whatever else is invented.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct Start {
    #[serde(default)]
    usage: Tokens,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum BlockDelta {
    TextDelta {
        text: String,
    },
    InputJsonDelta {
        partial_json: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct End {
    stop_reason: Option<String>,
}

/// An answer while its parts come in.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    text: String,
    calls: Vec<RawCall>,
    usage: Usage,
    stop_reason: Option<String>,
}

impl Assembly {
    /// Takes a piece in and says what text it brought.
    ///
    /// # Errors
    /// What the provider reports in the middle of a stream.
    pub(super) fn add(&mut self, event: Event) -> Result<String, LlmError> {
        let before = self.text.len();
        match event {
            Event::MessageStart { message } => self.tokens(message.usage),
            Event::ContentBlockStart { content_block } => self.begin(content_block),
            Event::ContentBlockDelta { delta: BlockDelta::TextDelta { text } } => self.text.push_str(&text),
            Event::ContentBlockDelta { delta: BlockDelta::InputJsonDelta { partial_json } } => {
                if let Some(call) = self.calls.last_mut() {
                    call.arguments.push_str(&partial_json);
                }
            }
            Event::MessageDelta { delta, usage } => {
                self.tokens(usage);
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
            }
            Event::Error { error } => return Err(LlmError::of_event(&error.to_string())),
            Event::ContentBlockDelta { delta: BlockDelta::Other } | Event::MessageStop | Event::Other => {}
        }
        Ok(self.text.get(before..).unwrap_or_default().to_owned())
    }

    /// The bytes of text so far.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// The answer, if it came to its end.
    pub(super) fn finished(self) -> Result<Answer, LlmError> {
        // A server that dies closes the connection like one that is done; only the reason tells them apart.
        let ending = match self.stop_reason.as_deref().ok_or(LlmError::Broken)? {
            "refusal" => Ending::Filtered,
            "model_context_window_exceeded" => return Err(LlmError::ContextTooLong),
            "max_tokens" => Ending::CutOff,
            _ => Ending::Done,
        };
        Answer::ended(self.text, self.calls, self.usage, ending)
    }

    /// What was written until now, for an answer that was stopped on purpose.
    pub(super) fn stopped(self) -> Answer {
        Answer { text: self.text, calls: Vec::new(), usage: self.usage }
    }

    fn begin(&mut self, block: Block) {
        match block {
            Block::Text { text } => {
                if !self.text.is_empty() && !text.is_empty() {
                    self.text.push('\n');
                }
                self.text.push_str(&text);
            }
            Block::ToolUse { id, name, input } if self.calls.len() < MAX_CALLS => {
                // In a stream the arguments come later, and an empty object stands in their place.
                let is_empty = input.is_null() || input.as_object().is_some_and(serde_json::Map::is_empty);
                let arguments = if is_empty { String::new() } else { input.to_string() };
                self.calls.push(RawCall { id, name, arguments });
            }
            Block::ToolUse { .. } | Block::Other => {}
        }
    }

    /// The counts of an answer come in two halves, and the second may repeat the first.
    fn tokens(&mut self, tokens: Tokens) {
        if let Some(input) = tokens.input {
            let cached = [tokens.cache_written, tokens.cache_read];
            self.usage.prompt_tokens = input + cached.into_iter().flatten().sum::<u64>();
        }
        if let Some(output) = tokens.output {
            self.usage.completion_tokens = output;
        }
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
