//! Arguments behind the name of a tool: `name({…})`, `name(a="x", b=2)`, `name("x")`, `name\n{…}`.

use serde_json::{Map, Value};

use super::{Found, Wanted, lenient, marks, shape};
use crate::domain::tool::ToolSpec;

/// The arguments in the brackets that begin at `at`, and where they end.
pub(super) fn in_brackets(text: &str, at: usize, tool: &ToolSpec) -> Option<(Value, usize)> {
    let inner = at + text.get(at..)?.strip_prefix('(').map(|_| 1)?;
    let rest = text.get(inner..)?;
    let first = inner + rest.len() - rest.trim_start().len();
    if text.get(first..)?.starts_with(')') {
        return Some((Value::Object(Map::new()), first + 1));
    }
    if text.get(first..)?.starts_with('{') {
        let (value, end) = lenient::parse(text, first)?;
        return Some((value, closed(text, end)?));
    }
    keyword_arguments(text, first).or_else(|| sole_argument(text, first, tool))
}

/// `a="x", b=2)`.
fn keyword_arguments(text: &str, start: usize) -> Option<(Value, usize)> {
    let mut object = Map::new();
    let mut at = start;
    loop {
        at = skip_spaces(text, at);
        if text.get(at..)?.starts_with(')') && !object.is_empty() {
            return Some((Value::Object(object), at + 1));
        }
        let rest = text.get(at..)?;
        let key = rest
            .get(..rest.find(|c: char| !c.is_alphanumeric() && c != '_')?)
            .filter(|key| !key.is_empty())?;
        at = skip_spaces(text, at + key.len());
        let sign = text.get(at..)?.chars().next().filter(|sign| matches!(sign, '=' | ':'))?;
        let (value, end) = lenient::parse_argument(text, at + sign.len_utf8())?;
        object.insert(key.to_owned(), value);
        at = skip_spaces(text, end);
        if text.get(at..)?.starts_with(',') {
            at += 1;
        }
    }
}

/// `"x")` for a tool that asks for one thing.
fn sole_argument(text: &str, start: usize, tool: &ToolSpec) -> Option<(Value, usize)> {
    let (value, end) = lenient::parse_argument(text, start)?;
    let name = sole_parameter(&tool.parameters)?;
    let end = closed(text, end)?;
    Some((Value::Object(std::iter::once((name, value)).collect()), end))
}

/// The one parameter that a tool has or requires.
fn sole_parameter(schema: &Value) -> Option<String> {
    let required = schema.get("required").and_then(Value::as_array);
    if let Some([only]) = required.map(Vec::as_slice) {
        return only.as_str().map(str::to_owned);
    }
    let properties = schema.get("properties")?.as_object()?;
    properties.keys().next().filter(|_| properties.len() == 1).cloned()
}

/// Where the bracket behind `at` is closed.
fn closed(text: &str, at: usize) -> Option<usize> {
    let at = skip_spaces(text, at);
    if text.get(at..)?.starts_with(')') { Some(at + 1) } else { text.get(at..)?.is_empty().then_some(at) }
}

fn skip_spaces(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_start().len()
}

/// The object behind the name of a tool, with nothing but marks between: `name\n{…}`, `name[ARGS]{…}`.
pub(super) fn behind_name(text: &str, at: usize) -> Option<(Value, usize)> {
    let start = marks::skip(text, at);
    let rest = text.get(start..)?;
    // "Use capture_lead: {…}" and a name that only happens to stand before an object are told by the distance.
    (rest.starts_with('{') && start - at <= marks::MAX_GAP).then_some(())?;
    let (value, end) = lenient::parse(text, start)?;
    // An object that is a call itself is not the arguments of another one.
    let names_itself = value.get("name").is_some()
        && (value.get("arguments").is_some() || value.get("parameters").is_some());
    (value.is_object() && !names_itself).then_some((value, end))
}

/// `[name(a=1), other(b=2)]`: calls as a list in the manner of Python.
pub(super) fn function_list(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Found> {
    let mut here = skip_spaces(text, at + text.get(at..)?.strip_prefix('[').map(|_| 1)?);
    let mut calls = Vec::new();
    loop {
        let rest = text.get(here..)?;
        let length = rest.find('(').filter(|length| *length > 0)?;
        let name = shape::offered(rest.get(..length)?, tools)?;
        let tool = tools.iter().find(|tool| tool.name == name)?;
        let (arguments, end) = in_brackets(text, here + length, tool)?;
        calls.push(Wanted { name, arguments });
        here = skip_spaces(text, end);
        if let Some(next) = text.get(here..)?.strip_prefix(',') {
            here = skip_spaces(text, text.len() - next.len());
        } else if text.get(here..)?.starts_with(']') {
            return Some(Found { range: at..here + 1, calls });
        } else {
            return None;
        }
    }
}
