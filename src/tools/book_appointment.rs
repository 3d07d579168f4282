//! `book_appointment`: takes one of the offered times. It counts only if the customer chose it in their own words.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger};

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "option": {"type": "integer", "minimum": 1, "maximum": 10, "description": "The number of the offered time that the customer chose."}
        },
        "required": ["option"],
        "additionalProperties": false
    });
    (
        "Books the offered time that the customer chose in their last message. Never choose for them.",
        parameters,
    )
}

pub(super) fn plan(
    arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    let booking = scene.booking()?;
    let option = arguments.get("option").and_then(Value::as_u64).ok_or("`option` is missing")?;
    Ok(Planned::Booking(Box::new(booking.book(option)?)))
}
