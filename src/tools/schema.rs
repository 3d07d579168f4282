//! Checks a tool's arguments against its JSON schema. What is wrong is told so that the model that wrote them can put
//! it right.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind, paths::LocationSegment};
use serde_json::Value;

/// The most mistakes that are told at once: enough to put a call right, short enough to be read.
const MAX_MISTAKES: usize = 5;

/// The longest word about one mistake, in characters.
const MAX_MISTAKE_CHARS: usize = 200;

/// Checks arguments against the schema of a tool.
///
/// # Errors
/// What is wrong, each thing with the name of its argument.
pub fn validate(schema: &Value, arguments: &Value) -> Result<(), String> {
    let validator = compile(schema).map_err(|problem| format!("the tool's schema is wrong: {problem}"))?;
    let mut mistakes: Vec<String> = Vec::new();
    for error in validator.iter_errors(arguments).take(MAX_MISTAKES) {
        let mistake = describe(&error);
        if !mistakes.contains(&mistake) {
            mistakes.push(mistake);
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ")) }
}

/// Checks that a schema is one.
///
/// # Errors
/// What is wrong with it.
pub fn check(schema: &Value) -> Result<(), String> {
    compile(schema).map(drop)
}

/// Nothing is ever fetched: a schema that points elsewhere is wrong.
fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options().should_validate_formats(true).build(schema).map_err(|error| cut(&error.to_string()))
}

fn describe(error: &ValidationError<'_>) -> String {
    let place = place(error);
    let inside = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    let text = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            format!("`{}` is missing", inside(&name))
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|name| format!("`{}`", inside(name))).collect();
            format!("{} is not an argument of this tool", names.join(", "))
        }
        _ if place.is_empty() => format!("the arguments: {error}"),
        _ => format!("`{place}`: {error}"),
    };
    cut(&text)
}

/// Where a mistake is, as a person writes it: `items[0].sku`.
fn place(error: &ValidationError<'_>) -> String {
    let mut place = String::new();
    for segment in error.instance_path() {
        match segment {
            LocationSegment::Property(name) => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(&name);
            }
            LocationSegment::Index(index) => {
                place.push('[');
                place.push_str(&index.to_string());
                place.push(']');
            }
        }
    }
    place
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_MISTAKE_CHARS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order() -> Value {
        json!({
            "type": "object",
            "required": ["order"],
            "additionalProperties": false,
            "properties": {
                "order": {"type": "string", "maxLength": 12},
                "when": {"type": "string", "format": "date"},
                "items": {
                    "type": "array",
                    "items": {"type": "object", "required": ["sku"], "properties": {"quantity": {"type": "integer", "minimum": 1}}}
                },
                "kind": {"enum": ["new", "used"]}
            }
        })
    }

    #[test]
    fn a_mistake_names_its_argument() {
        let check = |arguments: Value, expected: &str| {
            let told = validate(&order(), &arguments).unwrap_err();
            assert!(told.contains(expected), "{arguments}: {told}");
        };
        check(json!({}), "`order` is missing");
        check(json!({"order": 7}), "`order`: 7 is not of type \"string\"");
        check(json!({"order": "a", "extra": 1}), "`extra` is not an argument of this tool");
        check(json!({"order": "a", "when": "mañana"}), "`when`: ");
        check(json!({"order": "a", "items": [{"sku": "x"}, {}]}), "`items[1].sku` is missing");
        check(
            json!({"order": "a", "items": [{"sku": "x", "quantity": 0}]}),
            "`items[0].quantity`: 0 is less",
        );
        check(json!({"order": "a", "kind": "old"}), "`kind`: ");
        check(json!("order 7"), "the arguments: ");
        assert_eq!(validate(&order(), &json!({"order": "a", "kind": "used", "when": "2026-12-24"})), Ok(()));
    }

    #[test]
    fn what_is_told_stays_short_whatever_was_written() {
        let long = "x".repeat(100_000);
        let many: Vec<Value> = (0..100).map(|_| json!({})).collect();
        for arguments in [json!({"order": long}), json!({"order": "a", "items": many})] {
            let told = validate(&order(), &arguments).unwrap_err();
            assert!(told.chars().count() <= MAX_MISTAKES * (MAX_MISTAKE_CHARS + 3), "{}", told.len());
        }
    }

    #[test]
    fn a_schema_that_is_none_or_points_elsewhere_is_refused() {
        assert!(check(&json!({"type": "objekt"})).is_err());
        assert!(check(&json!({"$ref": "https://example.com/schema.json"})).is_err());
        assert!(check(&order()).is_ok());
    }
}
