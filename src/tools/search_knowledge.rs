//! `search_knowledge`: looks into the tenant's documents again, when the passages at hand do not answer.

use serde_json::{Value, json};

use super::{Planned, text};

/// The longest question that is searched for, in characters.
const MAX_QUERY_CHARS: usize = 300;

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 2, "description": "What to look for, in the customer's language, with the subject named."}
        },
        "required": ["query"],
        "additionalProperties": false
    });
    (
        "Searches the business's documents. Use it when the passages you were given do not answer the question.",
        parameters,
    )
}

pub(super) fn plan(arguments: &Value) -> Result<Planned, String> {
    let query = text(arguments, "query").ok_or("`query` is empty")?;
    Ok(Planned::Search(query.chars().take(MAX_QUERY_CHARS).collect()))
}
