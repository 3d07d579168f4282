//! `create_support_ticket`: opens a case for the people who help; one a turn.

use serde_json::{Value, json};

use super::{
    Planned, ToolScene,
    ledger::{Ledger, TicketPlan},
    text,
};
use crate::{domain::lead::Urgency, engine::lead};

/// The longest subject, in characters.
const MAX_SUBJECT_CHARS: usize = 120;

/// The longest description, in characters.
const MAX_DETAIL_CHARS: usize = 2_000;

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "subject": {"type": "string", "minLength": 3, "description": "The problem in one line."},
            "urgency": {"type": "string", "enum": ["Alto", "Medio", "Bajo"]}
        },
        "required": ["subject"],
        "additionalProperties": false
    });
    (
        "Opens a support case when the customer has a problem that the documents do not solve. The customer's own words are attached by the program.",
        parameters,
    )
}

pub(super) fn plan(arguments: &Value, scene: &ToolScene<'_>, ledger: &mut Ledger) -> Result<Planned, String> {
    if ledger.ticket.is_some() {
        return Err("a case was opened in this turn already".to_owned());
    }
    let subject = text(arguments, "subject").ok_or("`subject` is empty")?;
    let detail = scene.customer_said.last().copied().unwrap_or_default();
    let proposed = match text(arguments, "urgency") {
        Some("Alto") => Some(Urgency::Alto),
        Some("Bajo") => Some(Urgency::Bajo),
        _ => None,
    };
    // What the customer says of the urgency counts more than what a model makes of it.
    let urgency = lead::urgency(detail, scene.language).or(proposed).unwrap_or(Urgency::Medio);
    ledger.ticket = Some(TicketPlan {
        subject: subject.chars().take(MAX_SUBJECT_CHARS).collect(),
        detail: detail.chars().take(MAX_DETAIL_CHARS).collect(),
        urgency,
    });
    Ok(Planned::Done(json!({"opened": true})))
}
