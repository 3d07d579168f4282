//! `request_handoff`: calls a person into the conversation.

use serde_json::{Value, json};

use super::{Planned, ledger::Ledger};
use crate::domain::handoff::HandoffReason;

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {"why": {"type": "string", "description": "Why a person is needed, in a few words."}},
        "additionalProperties": false
    });
    (
        "Hands the conversation over to a person of the team. Use it when the customer needs something that only a person can do.",
        parameters,
    )
}

pub(super) fn plan(ledger: &mut Ledger) -> Planned {
    ledger.handoff.get_or_insert(HandoffReason::AgentRequest);
    Planned::Done(json!({"called": true}))
}
