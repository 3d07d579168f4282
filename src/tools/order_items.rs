//! The products of an order as `propose_order` and `change_order` take them.

use serde_json::{Value, json};

/// The schema of the arguments: at least one product, each at least `least` times. `quantity` tells the model what to count.
pub(super) fn parameters(least: u32, quantity: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "items": {
                "type": "array", "minItems": 1, "maxItems": 12,
                "items": {
                    "type": "object",
                    "properties": {
                        "sku": {"type": "string", "minLength": 1, "maxLength": 64, "description": "The article number, as search_products gave it."},
                        "quantity": {"type": "integer", "minimum": least, "maximum": 100_000, "description": quantity}
                    },
                    "required": ["sku", "quantity"],
                    "additionalProperties": false
                }
            }
        },
        "required": ["items"],
        "additionalProperties": false
    })
}

/// The products among the arguments.
pub(super) fn items(arguments: &Value) -> &Value {
    arguments.get("items").unwrap_or(&Value::Null)
}
