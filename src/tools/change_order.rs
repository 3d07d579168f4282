//! `change_order`: another quantity of what the open order has, or something taken out. It is proposed anew, and sold by the
//! customer's own yes alone.

use serde_json::Value;

use super::{Planned, ToolScene, ledger::Ledger, order_items};

pub(super) fn schema() -> (&'static str, Value) {
    (
        "Changes the open order. The program words the new proposal and asks the customer; it cannot confirm or cancel an order.",
        order_items::parameters(0, "How many the order is to have in all; 0 takes the product out."),
    )
}

pub(super) fn plan(
    arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    let counter = scene.counter()?;
    let items = order_items::items(arguments);
    Ok(Planned::Shop(counter.change(items, scene.customer_said, scene.language)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::fixture, *};
    use crate::engine::sale::proposal::Request;

    fn check(said: &str, items: Value, has_order: bool) -> Result<Planned, String> {
        let arguments = json!({"items": items});
        fixture::at_counter(&[said], has_order, |scene| plan(&arguments, scene, &mut Ledger::default()))
    }

    #[test]
    fn quantities_change_as_the_customer_said() {
        for (said, quantity) in
            [("que sean 4 martillos", 4), ("dos martillos más", 7), ("2 martillos menos", 3)]
        {
            let planned = check(said, json!([{"sku": "MAR-1", "quantity": quantity}]), true);
            assert!(matches!(planned, Ok(Planned::Shop(Request::Order(_)))), "{said}: {planned:?}");
        }
        check("sin los clavos", json!([{"sku": "CLA-1", "quantity": 0}]), true).unwrap();
    }

    #[test]
    fn what_was_not_said_is_refused_and_an_order_is_not_emptied() {
        let refused = |said: &str, items: Value, has_order: bool, why: &str| {
            let told = check(said, items, has_order).unwrap_err();
            assert!(told.contains(why), "{told}");
        };
        refused("más martillos", json!([{"sku": "MAR-1", "quantity": 9}]), true, "did not say 9");
        refused("mejor sin eso", json!([{"sku": "CLA-1", "quantity": 0}]), true, "take out");
        refused("4 martillos", json!([{"sku": "MAR-1", "quantity": 4}]), false, "propose_order");
        let both = json!([{"sku": "MAR-1", "quantity": 0}, {"sku": "CLA-1", "quantity": 0}]);
        refused("ni martillo ni clavo", both, true, "nothing would be left");
    }
}
