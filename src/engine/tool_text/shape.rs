//! Which JSON values are calls: the many names that models give to the name and to the arguments.

use serde_json::{Map, Value};

use super::{Wanted, lenient};
use crate::domain::tool::ToolSpec;

const NAMES: [&str; 7] =
    ["name", "tool", "tool_name", "function", "function_name", "action", "recipient_name"];
const ARGUMENTS: [&str; 9] = [
    "arguments",
    "parameters",
    "args",
    "input",
    "action_input",
    "tool_input",
    "params",
    "kwargs",
    "tool_parameters",
];
/// What calls are wrapped in.
const WRAPPERS: [&str; 6] = ["tool_calls", "tool_call", "calls", "tool_uses", "function_call", "function"];
/// What a call may have besides.
const BESIDES: [&str; 6] = ["id", "type", "thought", "reasoning", "response", "index"];
/// How deep calls are wrapped at most.
const MAX_DEPTH: usize = 4;

/// The calls of offered tools in a value.
pub(super) fn calls(value: &Value, tools: &[ToolSpec]) -> Vec<Wanted> {
    let mut found = Vec::new();
    collect(value, tools, 0, &mut found);
    found
}

fn collect(value: &Value, tools: &[ToolSpec], depth: usize, found: &mut Vec<Wanted>) {
    match value {
        Value::Array(values) if depth < MAX_DEPTH => {
            for value in values {
                collect(value, tools, depth + 1, found);
            }
        }
        Value::Object(object) if depth < MAX_DEPTH => {
            if let Some(call) = call(object, tools) {
                found.push(call);
                return;
            }
            for wrapper in WRAPPERS {
                if let Some(inner) = object.get(wrapper) {
                    collect(inner, tools, depth + 1, found);
                }
            }
        }
        _ => {}
    }
}

fn call(object: &Map<String, Value>, tools: &[ToolSpec]) -> Option<Wanted> {
    let named = NAMES.iter().find_map(|key| Some((*key, offered(object.get(*key)?.as_str()?, tools)?)));
    let Some((name_key, name)) = named else {
        // {"capture_lead": {"name": "Ana"}}
        let (name, arguments) = object.iter().next().filter(|_| object.len() == 1)?;
        let name = offered(name, tools)?;
        return arguments.is_object().then(|| Wanted { name, arguments: arguments.clone() });
    };
    let arguments = match ARGUMENTS.iter().find_map(|key| object.get(*key)) {
        Some(value) => arguments(value),
        // {"tool": "capture_lead", "email": "ana@x.co"}: the arguments beside the name.
        None => beside(object, name_key),
    };
    Some(Wanted { name, arguments })
}

/// What stands beside the name.
fn beside(object: &Map<String, Value>, name_key: &str) -> Value {
    let others = object.iter().filter(|(key, _)| *key != name_key && !BESIDES.contains(&key.as_str()));
    Value::Object(others.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Arguments may be an object, or an object written as a text.
fn arguments(value: &Value) -> Value {
    match value {
        Value::String(text) => match lenient::parse(text.trim(), 0) {
            Some((object @ Value::Object(_), _)) => object,
            _ if text.trim().is_empty() => Value::Object(Map::new()),
            _ => value.clone(),
        },
        Value::Null => Value::Object(Map::new()),
        _ => value.clone(),
    }
}

/// The offered tool that is meant by a name: `functions.capture_lead`, `Capture-Lead`.
pub(super) fn offered(name: &str, tools: &[ToolSpec]) -> Option<String> {
    let name = name.trim();
    let name = ["functions.", "function.", "tools.", "tool."]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    let plain = |name: &str| name.to_lowercase().replace(['-', ' '], "_");
    let exact = tools.iter().find(|tool| tool.name == name);
    exact.or_else(|| tools.iter().find(|tool| plain(&tool.name) == plain(name))).map(|tool| tool.name.clone())
}
