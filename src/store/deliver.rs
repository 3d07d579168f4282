//! Putting down what the business is to be told. Who tells it claims and settles the rows.

use rusqlite::{Transaction, params};

use super::{StoreError, TenantDb, effect::Applying};
use crate::{clock::Ids, domain::effect::Delivery};

impl TenantDb {
    /// Puts down what the staff is to be told that no conversation is about.
    pub async fn tell_staff(
        &self,
        deliveries: Vec<Delivery>,
        now_ms: i64,
        ids: Ids,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            deliveries.iter().try_for_each(|delivery| insert_row(tx, None, delivery, now_ms, &ids))
        })
        .await
    }
}

/// Puts a delivery down, unless its target was already told of this event of this subject.
pub(super) fn insert(
    applying: &Applying<'_>,
    contact_id: &str,
    delivery: &Delivery,
) -> Result<(), StoreError> {
    insert_row(applying.tx, Some(contact_id), delivery, applying.now_ms, applying.ids)
}

fn insert_row(
    tx: &Transaction<'_>,
    contact_id: Option<&str>,
    delivery: &Delivery,
    now_ms: i64,
    ids: &Ids,
) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "insert into delivery (id, target, event, subject, contact_id, payload, urgent, state, due_ms, created_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?8)
         on conflict (target, event, subject) do nothing",
    )?;
    statement.execute(params![
        ids.next("delivery"),
        delivery.target.as_str(),
        delivery.event.as_str(),
        delivery.subject,
        contact_id,
        delivery.payload.to_string(),
        delivery.urgent,
        now_ms,
    ])?;
    Ok(())
}
