//! `cancel_appointment`: asks the customer whether their appointment is to be cancelled. It is when they say so.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger};

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({"type": "object", "properties": {}, "additionalProperties": false});
    (
        "Asks the customer to confirm that their appointment is to be cancelled. The program asks and cancels by itself.",
        parameters,
    )
}

pub(super) fn plan(
    _arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    let booking = scene.booking()?;
    Ok(Planned::Booking(Box::new(booking.ask_to_cancel()?)))
}
