//! `order_status`: how the customer's own orders are. Orders of others are not told of.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger, text};

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "order": {"type": "string", "maxLength": 20, "description": "The order's number; leave it out for the last orders."}
        },
        "additionalProperties": false
    });
    (
        "Tells how the customer's orders are. `proposed` is not sold: it waits for the customer's own yes.",
        parameters,
    )
}

pub(super) fn plan(
    arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    let counter = scene.counter()?;
    Ok(Planned::Done(counter.status(text(arguments, "order"))?))
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn only_the_orders_of_the_contact_are_told() {
        let check = |arguments: Value| {
            fixture::at_counter(&["mi pedido"], true, |scene| plan(&arguments, scene, &mut Ledger::default()))
        };
        let Ok(Planned::Done(all)) = check(json!({})) else { panic!("no orders") };
        assert_eq!(all["orders"][0]["order"], "A1B2C3D4");
        assert_eq!(all["orders"][0]["status"], "proposed");
        assert_eq!(all["orders"][0]["items"][0]["quantity"], 5);
        assert_eq!(check(json!({"order": "#a1b2c3d4"})), Ok(Planned::Done(all)));
        check(json!({"order": "FFFF0000"})).unwrap_err();
    }
}
