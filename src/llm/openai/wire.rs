//! The wire of chat completions as OpenAI documents it and everybody copies it: what is sent, and what comes back
//! whole or in parts.
//!
//! Everything that comes back is optional: foreign servers leave out what they do not know.
//! See <https://platform.openai.com/docs/api-reference/chat>.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{
    domain::{message::Role, tool::ToolSpec},
    engine::{prompt::ModelRequest, turn::Usage},
    llm::{
        answer::{Answer, Ending, MAX_CALLS, RawCall},
        client::Manner,
        error::LlmError,
    },
};

/// A question.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Line<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    /// Last: the service tells a stream by the end of the body.
    stream: bool,
}

/// What differs between servers of the same wire. See [`super::Dialects`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Whether the length is called `max_completion_tokens`, as the newer models of OpenAI want it.
    pub(super) max_completion_tokens: bool,
    /// Whether a temperature may be given.
    pub(super) temperature: bool,
    /// Whether the tokens of a stream may be asked for.
    pub(super) stream_options: bool,
}

/// Asks for the tokens of a stream, which are not told otherwise.
#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Default, Serialize)]
struct Line<'a> {
    role: &'static str,
    content: Words<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

/// What is said: words, or words about a picture.
#[derive(Serialize)]
#[serde(untagged)]
enum Words<'a> {
    Text(&'a str),
    WithPicture([Piece<'a>; 2]),
}

impl Default for Words<'_> {
    fn default() -> Self {
        Self::Text("")
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Piece<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Link<'a> },
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
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
    pub(super) fn of(request: &'a ModelRequest, manner: Manner<'a>, dialect: Dialect) -> Self {
        let mut messages = vec![Line::of("system", &request.system)];
        messages.extend(request.messages.iter().map(|said| {
            let role = match said.role {
                Role::Customer => "user",
                Role::Assistant | Role::Person => "assistant",
            };
            Line::of(role, &said.text)
        }));
        for round in &request.rounds {
            let calls = round.calls.iter().map(|call| Called {
                id: &call.id,
                r#type: "function",
                function: CalledFunction { name: &call.name, arguments: &call.arguments },
            });
            messages.push(Line {
                role: "assistant",
                content: Words::Text(&round.text),
                tool_calls: calls.collect(),
                ..Line::default()
            });
            messages.extend(round.calls.iter().zip(&round.results).map(|(call, result)| Line {
                role: "tool",
                content: Words::Text(result),
                tool_call_id: Some(&call.id),
                ..Line::default()
            }));
        }
        let tools = request.tools.iter().map(|spec| Tool { r#type: "function", function: spec }).collect();
        Self { tools, ..Self::with(messages, manner, dialect) }
    }

    /// A question about a picture, which is given as a `data:` address.
    pub(super) fn about_picture(
        system: &'a str,
        question: &'a str,
        picture: &'a str,
        manner: Manner<'a>,
        dialect: Dialect,
    ) -> Self {
        let pieces = [Piece::Text { text: question }, Piece::ImageUrl { image_url: Link { url: picture } }];
        let asked = Line { role: "user", content: Words::WithPicture(pieces), ..Line::default() };
        Self::with(vec![Line::of("system", system), asked], manner, dialect)
    }

    fn with(messages: Vec<Line<'a>>, manner: Manner<'a>, dialect: Dialect) -> Self {
        Self {
            model: manner.model,
            messages,
            temperature: dialect.temperature.then_some(manner.temperature),
            max_tokens: (!dialect.max_completion_tokens).then_some(manner.max_tokens),
            max_completion_tokens: dialect.max_completion_tokens.then_some(manner.max_tokens),
            tools: Vec::new(),
            stream_options: (manner.stream && dialect.stream_options)
                .then_some(StreamOptions { include_usage: true }),
            stream: manner.stream,
        }
    }
}

impl<'a> Line<'a> {
    fn of(role: &'static str, text: &'a str) -> Self {
        Self { role, content: Words::Text(text), ..Self::default() }
    }
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
        let ending = match reason.as_str() {
            "content_filter" => Ending::Filtered,
            "length" => Ending::CutOff,
            _ => Ending::Done,
        };
        Answer::ended(self.text, self.calls, self.usage, ending)
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
