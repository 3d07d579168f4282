//! Tool calls that a model writes into its text.
//!
//! Small models know tools only from their prompt: they write the call as JSON, in a fence, in tags, as a function call
//! or in the ways of other libraries, with a quote or a brace missing. Here such calls are recognised by the names of
//! the tools that were offered, and taken out of the text. JSON that calls none of them stays where it is; whether a
//! text may go to a customer at all is asked of [`looks_like_call`].
//!
//! The forms are those of the chat templates of llama.cpp and the tool parsers of vLLM (Hermes, Qwen, Llama 3, Mistral,
//! DeepSeek, Functionary), and of LangChain's agents.

mod arguments;
mod lenient;
mod marks;
mod shape;

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

use crate::domain::tool::{ToolCall, ToolSpec};

/// The most calls that are taken from one text; more are a model that runs in circles.
const MAX_CALLS: usize = 8;

/// Text beyond this many bytes is not read: an answer with calls is far shorter.
const MAX_BYTES: usize = 32 * 1024;

/// So many values are tried that turn out to be no call; a text with more brackets holds none that is worth finding.
const MAX_TRIES: usize = 200;

/// A call before it has an id.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    name: String,
    arguments: Value,
}

/// Calls and where they stand in the text.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    range: Range<usize>,
    calls: Vec<Wanted>,
}

/// The calls of offered tools that a text holds, in order and each once, and the text without them. `None` when there
/// are none.
pub fn find(text: &str, tools: &[ToolSpec]) -> Option<(Vec<ToolCall>, String)> {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text);
    let mut found: Vec<Found> = Vec::new();
    let mut at = 0;
    let mut tries = 0;
    while let Some(next) = next_call(text, at, tools, &mut tries) {
        at = next.range.end.max(at + 1);
        found.push(next);
    }
    let mut wanted: Vec<Wanted> = Vec::new();
    for call in found.iter().flat_map(|found| &found.calls) {
        if !wanted.contains(call) && wanted.len() < MAX_CALLS {
            wanted.push(call.clone());
        }
    }
    if wanted.is_empty() {
        return None;
    }
    let rest = marks::without(text, found.iter().map(|found| found.range.clone()));
    let calls = wanted.into_iter().enumerate().map(|(at, call)| ToolCall {
        id: format!("text_{}", at + 1),
        name: call.name,
        arguments: call.arguments,
    });
    Some((calls.collect(), rest))
}

/// The marks with which calls begin in one form or another, whole or half-written.
static CALL_MARK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?xi)
        </?tool_?call | </?tools?> | <function | </function | <\|/?(?:tool|python_tag|action) | <invoke | <[|｜]tool
      | \[tool_calls\] | functools\s*\[ | >>>\s*\w+ | ^\s*action\s*:\s*`?\w+_\w+ | ^\s*action[\s_]input\s*:
      | "?(?:tool_calls?|function_call|tool_name|action_input)"?\s*:
      | [{\[]\s*(?:\{\s*)?["'“]\w*["'”]?\s*(?::|$)
      | \{\s*(?:name|tool|function|action|arguments|parameters)\s*:
      | ^\s*(?:```\w*\s*)?\{\s*$
        "#,
    )
});

/// Whether a text shows a call of a tool or JSON, whole or half-written, of whatever tool: nothing for a customer.
pub fn looks_like_call(text: &str) -> bool {
    CALL_MARK.is_match(text) || text.lines().any(|line| CALL_MARK.is_match(line))
}

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// The first call that begins at `from` or behind it.
fn next_call(text: &str, from: usize, tools: &[ToolSpec], tries: &mut usize) -> Option<Found> {
    text.get(from..)?.char_indices().find_map(|(offset, c)| {
        let at = from + offset;
        match c {
            '{' | '[' if *tries < MAX_TRIES => {
                *tries += 1;
                json_call(text, at, tools)
            }
            '<' => marks::tagged(text, at, tools),
            'A' | 'a' => marks::action(text, at, tools).or_else(|| named_call(text, at, tools)),
            _ => named_call(text, at, tools),
        }
    })
}

/// A call as a JSON value that begins at `at`.
fn json_call(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Found> {
    if let Some(calls) = arguments::function_list(text, at, tools) {
        return Some(calls);
    }
    let (value, end) = lenient::parse(text, at)?;
    let calls = shape::calls(&value, tools);
    (!calls.is_empty()).then_some(Found { range: at..end, calls })
}

/// A call that begins with the name of a tool at `at`: `name({…})`, `name(a=1)`, `name {…}`.
fn named_call(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Found> {
    let rest = text.get(at..)?;
    let tool = tools.iter().filter(|tool| rest.starts_with(&tool.name)).max_by_key(|tool| tool.name.len())?;
    let before = text.get(..at)?.chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let behind = at + tool.name.len();
    let (arguments, end) =
        arguments::in_brackets(text, behind, tool).or_else(|| arguments::behind_name(text, behind))?;
    let wanted = Wanted { name: tool.name.clone(), arguments };
    Some(Found { range: at..end, calls: vec![wanted] })
}

#[cfg(test)]
#[path = "tool_text/tests.rs"]
mod tests;
