//! `move_appointment`: looks for another time for an appointment that the customer has. It is moved when they choose one.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger, text};

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "when": {"type": "string", "description": "The new day and time in the customer's words."}
        },
        "additionalProperties": false
    });
    (
        "Offers other times for the customer's appointment. The program lists them by itself and moves it when the customer chooses.",
        parameters,
    )
}

pub(super) fn plan(
    arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    let booking = scene.booking()?;
    Ok(Planned::Booking(Box::new(booking.begin_move(text(arguments, "when").unwrap_or_default())?)))
}
