//! `push_lead_to_crm`: sends the lead on. Code does so by itself as soon as a lead is complete; the tool tells a model
//! how far it is.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger};
use crate::engine::lead;

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({"type": "object", "properties": {}, "additionalProperties": false});
    ("Sends the customer's data to the sales team once everything that is required is known.", parameters)
}

pub(super) fn plan(scene: &ToolScene<'_>, ledger: &mut Ledger) -> Result<Planned, String> {
    if !lead::is_complete(&ledger.draft, &scene.leads.required) {
        return Err(
            "the lead is not complete yet: call capture_lead with what the customer said first".to_owned()
        );
    }
    ledger.draft.wanted = true;
    Ok(Planned::Done(json!({"scheduled": true})))
}
