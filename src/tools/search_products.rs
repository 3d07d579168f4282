//! `search_products`: what the catalogue has that fits the customer's words, with the prices of its rows.

use serde_json::{Value, json};

use super::{Planned, ToolScene, ledger::Ledger, text};
use crate::engine::sale::proposal::Request;

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 2, "maxLength": 200, "description": "The product in the customer's words, with its size."}
        },
        "required": ["query"],
        "additionalProperties": false
    });
    (
        "Searches the catalogue. Gives article numbers, names, prices and how many there are. Only these may be offered or proposed.",
        parameters,
    )
}

pub(super) fn plan(
    arguments: &Value,
    scene: &ToolScene<'_>,
    _ledger: &mut Ledger,
) -> Result<Planned, String> {
    scene.counter()?;
    let query = text(arguments, "query").ok_or("`query` is empty")?;
    Ok(Planned::Shop(Request::Search(query.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn the_catalogue_is_searched_where_something_is_sold() {
        let arguments = json!({"query": " martillo "});
        let planned = fixture::at_counter(&["martillos"], false, |scene| {
            plan(&arguments, scene, &mut Ledger::default())
        });
        assert_eq!(planned, Ok(Planned::Shop(Request::Search("martillo".to_owned()))));
        let planned = fixture::without_counter(|scene| plan(&arguments, scene, &mut Ledger::default()));
        planned.unwrap_err();
    }
}
