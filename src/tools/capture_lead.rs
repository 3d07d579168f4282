//! `capture_lead`: writes down who the customer is and what they want. Only what the customer said is taken.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger};
use crate::{domain::lead::LeadField, engine::lead};

pub(super) fn schema() -> (&'static str, Value) {
    let text = |description: &str| json!({"type": "string", "description": description});
    let parameters = json!({
        "type": "object",
        "properties": {
            "name": text("The customer's name as they wrote it."),
            "email": text("The e-mail address as they wrote it."),
            "phone": text("The phone number as they wrote it."),
            "company": text("Their company."),
            "problem": text("What they want or what is wrong, in their own words."),
            "interest": {"type": "string", "enum": ["Ventas", "Soporte", "Facturación", "Otro"]},
            "urgency": {"type": "string", "enum": ["Alto", "Medio", "Bajo"]}
        },
        "minProperties": 1,
        "additionalProperties": false
    });
    (
        "Writes down the customer's contact data, only as they gave it in this conversation. Never guess; leave out what they did not say.",
        parameters,
    )
}

pub(super) fn plan(arguments: &Value, scene: &ToolScene<'_>, ledger: &mut Ledger) -> Planned {
    let (findings, refused) = lead::accept_proposal(arguments, scene.customer_said);
    ledger.draft = lead::merge(&ledger.draft, &findings, None);
    ledger.draft.wanted = true;
    let required = &scene.leads.required;
    let missing: Vec<LeadField> = LeadField::ALL
        .into_iter()
        .filter(|field| required.contains(field) && !ledger.draft.has(*field))
        .collect();
    Planned::Done(json!({
        "saved": LeadField::ALL.into_iter().filter(|field| ledger.draft.has(*field)).collect::<Vec<_>>(),
        "missing": missing,
        "not_taken": refused,
    }))
}
