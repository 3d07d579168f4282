//! `remember_preference`: keeps something about the customer for later conversations. Only what the customer said.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger, text};
use crate::{
    domain::effect::{FactChange, FactKind},
    engine::words,
    text::words,
};

/// The longest thing that is kept, in characters.
const MAX_VALUE_CHARS: usize = 200;

/// How long something a model noticed is kept, in days.
const EXPIRES_DAYS: u32 = 365;

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 40, "description": "What it is about, in a word or two, such as `channel`, `skin`, `diet`."},
            "value": {"type": "string", "minLength": 2, "description": "What the customer said of it, in their words."}
        },
        "required": ["name", "value"],
        "additionalProperties": false
    });
    (
        "Keeps a preference that the customer stated, for later conversations. Never keep payment data.",
        parameters,
    )
}

pub(super) fn plan(arguments: &Value, scene: &ToolScene<'_>, ledger: &mut Ledger) -> Result<Planned, String> {
    let name = words(text(arguments, "name").unwrap_or_default()).join(" ");
    let value = text(arguments, "value").ok_or("`value` is empty")?;
    if name.is_empty() {
        return Err("`name` is empty".to_owned());
    }
    // Every word of weight must be the customer's own: a model fills gaps with what it finds likely.
    let said: Vec<String> = scene.customer_said.iter().flat_map(|said| words(said)).collect();
    let unsaid = words(value).into_iter().find(|word| {
        word.chars().count() > 3 && !words::is_stop_word(word) && !said.iter().any(|known| known == word)
    });
    if let Some(word) = unsaid {
        return Err(format!("the customer did not say {word:?}; keep only their own words"));
    }
    ledger.remember(FactChange {
        kind: FactKind::Preference,
        name,
        value: value.chars().take(MAX_VALUE_CHARS).collect(),
        message_id: scene.message_id.to_owned(),
        expires_days: Some(EXPIRES_DAYS),
    });
    Ok(Planned::Done(json!({"kept": true})))
}
