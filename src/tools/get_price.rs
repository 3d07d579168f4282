//! `get_price`: what a product costs now, and how many there are, from its row.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger, text};
use crate::engine::sale::proposal::Request;

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "sku": {"type": "string", "minLength": 1, "maxLength": 64, "description": "The article number, as search_products gave it."}
        },
        "required": ["sku"],
        "additionalProperties": false
    });
    ("Reads the price and the stock of one product by its article number.", parameters)
}

pub(super) fn plan(
    arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    scene.counter()?;
    let sku = text(arguments, "sku").ok_or("`sku` is empty")?;
    Ok(Planned::Shop(Request::Price(sku.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn a_price_is_read_and_never_remembered() {
        let check = |arguments: &Value| {
            fixture::at_counter(&["martillos"], false, |scene| plan(arguments, scene, &mut Ledger::default()))
        };
        assert_eq!(check(&json!({"sku": "MAR-1"})), Ok(Planned::Shop(Request::Price("MAR-1".to_owned()))));
        check(&json!({"sku": " "})).unwrap_err();
    }
}
