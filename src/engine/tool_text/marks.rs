//! What stands around calls: fences, tags and the marks of the models' own templates; and the forms that are made of
//! tags altogether.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use serde_json::{Map, Value};

use super::{Found, Wanted, lenient, pattern, shape};
use crate::domain::tool::ToolSpec;

/// The most bytes between a name and its arguments.
pub(super) const MAX_GAP: usize = 40;

/// A mark of a template or a fence.
const MARK: &str = r"```[a-z_]*|`|</?tool_?calls?>|</?tools?>|</?function_?calls?>|<\|/?tool_?calls?[a-z_]*\|>|<\|python_tag\|>|<\|eom_id\|>|<\|im_end\|>|<\|eot_id\|>|<[|｜]tool[^>]*>|\[/?TOOL_CALLS\]|\[ARGS\]|\[CALL_ID\]\w*|functools|>>>|</?function>|</?invoke>|</?arguments>|</?parameters>|(?:action|tool[ _]calls?|function call|llamada(?: a la herramienta)?|chamada)\s*:|;";

static BEFORE: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?i)(?:(?:{MARK}|\bfunction\b|\bjson\b)\s*)+$")));
static BEHIND: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?i)^(?:\s*(?:{MARK}))+")));
static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)^(?:\s*(?:{MARK}|action input\s*:|arguments\s*:|with arguments\s*:?|[:>=]|json\b))*\s*"
    ))
});
static FUNCTION_TAG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?s)^<(?:function\s*=\s*"?|function\s+name\s*=\s*"|invoke\s+name\s*=\s*")([\w.-]+)"?\s*>(.*?)(?:</(?:function|invoke)>|$)"#,
    )
});
static PARAMETER_TAG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?s)<parameter(?:\s*=\s*"?|\s+name\s*=\s*")([\w.-]+)"?\s*>(.*?)</parameter>"#)
});
static ACTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^action\s*:\s*`?([\w.-]+)`?[ \t]*(?:\r?\n\s*)action[ _]input\s*:[ \t]*(?:```\w*\s*)?")
});

/// Where the text goes on behind marks that begin at `at`.
pub(super) fn skip(text: &str, at: usize) -> usize {
    at + BETWEEN.find(text.get(at..).unwrap_or_default()).map_or(0, |marks| marks.len())
}

/// A call in tags that begins at `at`: `<function=name>{…}</function>`, `<function=name><parameter=a>x</parameter>`,
/// `<invoke name="name">`.
pub(super) fn tagged(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Found> {
    let captures = FUNCTION_TAG.captures(text.get(at..)?)?;
    let (whole, name, body) = (captures.get(0)?, captures.get(1)?, captures.get(2)?.as_str());
    let name = shape::offered(name.as_str(), tools)?;
    let parameters: Map<String, Value> = PARAMETER_TAG
        .captures_iter(body)
        .filter_map(|captures| Some((captures.get(1)?.as_str().to_owned(), typed(captures.get(2)?.as_str()))))
        .collect();
    let object = || body.find('{').and_then(|start| lenient::parse(body, start)).map(|(value, _)| value);
    let arguments = if parameters.is_empty() {
        object().unwrap_or_else(|| Value::Object(Map::new()))
    } else {
        Value::Object(parameters)
    };
    // A body that begins an object and breaks off is no call.
    if body.contains('{') && arguments.as_object().is_none_or(Map::is_empty) && object().is_none() {
        return None;
    }
    Some(Found { range: at..at + whole.end(), calls: vec![Wanted { name, arguments }] })
}

/// A value between tags: a number or JSON where it is one, else the words.
fn typed(text: &str) -> Value {
    let text = text.trim();
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// "Action: name, Action Input: …" that begins at `at`.
pub(super) fn action(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Found> {
    let captures = ACTION.captures(text.get(at..)?)?;
    let name = shape::offered(captures.get(1)?.as_str(), tools)?;
    let start = at + captures.get(0)?.end();
    let (arguments, end) =
        lenient::parse(text, start).filter(|(value, _)| value.is_object()).or_else(|| {
            // A bare text is the one thing that the tool asks for.
            let line = text.get(start..)?.lines().next()?.trim().trim_matches(['"', '\'', '`']);
            let tool = tools.iter().find(|tool| tool.name == name)?;
            let required =
                tool.parameters.get("required").and_then(Value::as_array).and_then(|names| names.first());
            let key = required.and_then(Value::as_str).filter(|_| !line.is_empty())?;
            let arguments =
                Value::Object(std::iter::once((key.to_owned(), Value::String(line.to_owned()))).collect());
            Some((arguments, start + text.get(start..)?.lines().next()?.len()))
        })?;
    Some(Found { range: at..end, calls: vec![Wanted { name, arguments }] })
}

/// The text without these parts and the marks around them.
pub(super) fn without(text: &str, ranges: impl Iterator<Item = Range<usize>>) -> String {
    let mut kept = String::new();
    let mut at = 0;
    for range in ranges {
        kept.push_str(text.get(at..range.start).unwrap_or_default());
        if let Some(marks) = BEFORE.find(&kept) {
            let start = marks.start();
            kept.truncate(start);
        }
        let rest = text.get(range.end..).unwrap_or_default();
        // A separator between two calls goes with them.
        let rest = rest.trim_start_matches([',', ')']);
        at = text.len() - rest.len() + BEHIND.find(rest).map_or(0, |marks| marks.len());
        kept.push('\n');
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    let lines: Vec<&str> = kept.lines().map(str::trim_end).collect();
    let mut tidy = String::new();
    for line in lines {
        if line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n")) {
            continue;
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy.trim().to_owned()
}
