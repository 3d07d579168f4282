//! What is known of a contact: facts and preferences, one value for each name, each with the message that said so.

use rusqlite::{Transaction, params};

use super::{StoreError, effect::Applying};
use crate::domain::effect::{ContactFact, FactChange, FactKind};

/// Facts kept of one contact; the oldest make room.
const MAX_FACTS: u32 = 200;

/// The milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Writes a fact down. A later value takes the place of an earlier one of the same name.
pub(super) fn remember(
    applying: &Applying<'_>,
    contact_id: &str,
    change: &FactChange,
) -> Result<(), StoreError> {
    let expires_ms = change
        .expires_days
        .map(|days| applying.now_ms.saturating_add(i64::from(days).saturating_mul(DAY_MS)));
    let mut statement = applying.tx.prepare_cached(
        "insert into contact_fact (contact_id, kind, name, value, message_id, created_ms, updated_ms, expires_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
         on conflict (contact_id, kind, name) do update
         set value = excluded.value, message_id = excluded.message_id, updated_ms = excluded.updated_ms,
             expires_ms = excluded.expires_ms",
    )?;
    statement.execute(params![
        contact_id,
        change.kind.as_str(),
        change.name,
        change.value,
        change.message_id,
        applying.now_ms,
        expires_ms,
    ])?;
    let mut statement = applying.tx.prepare_cached(
        "delete from contact_fact where id in
         (select id from contact_fact where contact_id = ?1 order by updated_ms desc, id desc limit -1 offset ?2)",
    )?;
    statement.execute(params![contact_id, MAX_FACTS])?;
    Ok(())
}

/// The facts of a contact that have not expired, the newest first.
pub(super) fn of_contact(
    tx: &Transaction<'_>,
    contact_id: &str,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<ContactFact>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select kind, name, value, message_id, updated_ms from contact_fact
         where contact_id = ?1 and (expires_ms is null or expires_ms > ?2)
         order by updated_ms desc, id desc limit ?3",
    )?;
    let rows = statement.query_map(params![contact_id, now_ms, limit], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    })?;
    rows.map(|row| {
        let (kind, name, value, message_id, updated_ms) = row?;
        let kind = FactKind::from_name(&kind).ok_or_else(|| StoreError::value("fact", kind))?;
        Ok(ContactFact { kind, name, value, message_id, updated_ms })
    })
    .collect()
}
