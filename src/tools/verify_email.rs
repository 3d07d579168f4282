//! `verify_email`: whether an address has the form of one. It asks no server: the mail that is sent will tell.

use serde_json::{Value, json};

use super::{Planned, text};
use crate::engine::lead;

pub(super) fn schema() -> (&'static str, Value) {
    let parameters = json!({
        "type": "object",
        "properties": {"email": {"type": "string", "minLength": 3, "description": "The address as the customer wrote it."}},
        "required": ["email"],
        "additionalProperties": false
    });
    ("Checks the form of an e-mail address and tells of likely typing mistakes.", parameters)
}

pub(super) fn plan(arguments: &Value) -> Result<Planned, String> {
    let email = text(arguments, "email").ok_or("`email` is empty")?;
    Ok(Planned::Done(match lead::check_email(email) {
        Ok(email) => json!({"valid": true, "email": email}),
        Err(problem) => json!({"valid": false, "problem": problem.to_string()}),
    }))
}
