//! Putting down what the business is to be told. Who tells it claims and settles the rows.

use rusqlite::params;

use super::{StoreError, effect::Applying};
use crate::domain::effect::Delivery;

/// Puts a delivery down, unless its target was already told of this event of this subject.
pub(super) fn insert(
    applying: &Applying<'_>,
    contact_id: &str,
    delivery: &Delivery,
) -> Result<(), StoreError> {
    let mut statement = applying.tx.prepare_cached(
        "insert into delivery (id, target, event, subject, contact_id, payload, urgent, state, due_ms, created_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?8)
         on conflict (target, event, subject) do nothing",
    )?;
    statement.execute(params![
        applying.ids.next("delivery"),
        delivery.target.as_str(),
        delivery.event.as_str(),
        delivery.subject,
        contact_id,
        delivery.payload.to_string(),
        delivery.urgent,
        applying.now_ms,
    ])?;
    Ok(())
}
