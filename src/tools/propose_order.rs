//! `propose_order`: what the customer wants to buy is proposed to them. It is sold by their own yes alone.

use serde_json::Value;

use super::{Planned, ToolScene, ledger::Ledger, order_items};

pub(super) fn schema() -> (&'static str, Value) {
    (
        "Proposes an order of products that were found. The program words the proposal and asks the customer; never say that something is sold.",
        order_items::parameters(1, "How many, as the customer said."),
    )
}

pub(super) fn plan(
    arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    let counter = scene.counter()?;
    let items = order_items::items(arguments);
    Ok(Planned::Shop(counter.propose(items, scene.customer_said)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::fixture, *};
    use crate::engine::sale::proposal::Request;

    fn check(said: &str, items: &Value, has_order: bool) -> Result<Planned, String> {
        let arguments = json!({"items": items});
        fixture::at_counter(&[said], has_order, |scene| plan(&arguments, scene, &mut Ledger::default()))
    }

    #[test]
    fn what_was_found_is_proposed_as_often_as_the_customer_said() {
        let items = json!([{"sku": "mar-1", "quantity": 3}]);
        let Ok(Planned::Shop(Request::Order(lines))) = check("unos tres martillos", &items, false) else {
            panic!("not proposed")
        };
        assert_eq!(
            (lines[0].sku.as_str(), lines[0].name.as_str(), lines[0].quantity),
            ("MAR-1", "Martillo", 3)
        );
    }

    #[test]
    fn what_was_not_said_or_not_found_is_refused() {
        let refused = |said: &str, items: Value, has_order: bool, why: &str| {
            let told = check(said, &items, has_order).unwrap_err();
            assert!(told.contains(why), "{told}");
        };
        refused("martillos", json!([{"sku": "MAR-1", "quantity": 3}]), false, "did not say 3");
        refused("martillo de 16 oz", json!([{"sku": "MAR-1", "quantity": 16}]), false, "did not say 16");
        refused("3 sierras", json!([{"sku": "SIE-1", "quantity": 3}]), false, "search_products");
        refused(
            "3",
            json!([{"sku": "MAR-1", "quantity": 3}, {"sku": "mar-1", "quantity": 3}]),
            false,
            "twice",
        );
        refused("3 martillos", json!([{"sku": "MAR-1", "quantity": 3}]), true, "change_order");
        refused("3 martillos", json!([]), false, "empty");
    }
}
