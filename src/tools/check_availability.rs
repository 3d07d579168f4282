//! `check_availability`: free times of a service, from the real calendar. They are offered to the customer, and only what
//! was offered can be booked.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger, text};

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "service": {"type": "string", "minLength": 2, "description": "The service, in the customer's words."},
            "when": {"type": "string", "description": "The day and time in the customer's words, such as \"mañana en la tarde\". Leave it out if they named none."}
        },
        "required": ["service"],
        "additionalProperties": false
    });
    (
        "Looks up the free times of a service. The program lists them to the customer by itself: do not repeat or invent times.",
        parameters,
    )
}

pub(super) fn plan(
    arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    let booking = scene.booking()?;
    let service = text(arguments, "service").ok_or("`service` is empty")?;
    let when = text(arguments, "when").unwrap_or_default();
    let plan = booking.search(service, when)?;
    Ok(Planned::Booking(Box::new(plan)))
}
