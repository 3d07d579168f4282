//! Tokens spent with models, by day, contact and key.

use rusqlite::{Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::conversation::ConversationId;

/// What one key of a model was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key's id in the configuration.
    pub key_id: String,
    /// What the model read, in tokens.
    pub prompt_tokens: u64,
    /// What it wrote, in tokens.
    pub completion_tokens: u64,
}

/// Tokens spent on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spent {
    /// By the tenant.
    pub(super) tokens: u64,
    /// By one of its contacts.
    pub(super) contact_tokens: u64,
}

impl TenantDb {
    /// Tokens that the tenant spent today (UTC).
    pub async fn tokens_today(&self, now_ms: i64) -> Result<u64, StoreError> {
        self.read(move |tx| Ok(today(tx, "", now_ms)?.tokens)).await
    }

    /// Adds what was spent for the contact of a conversation outside of a turn.
    pub async fn add_usage(
        &self,
        conversation: &ConversationId,
        usage: Vec<KeyUsage>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let conversation = conversation.clone();
        self.write(move |tx| add(tx, &conversation, &usage, now_ms)).await
    }
}

/// Adds what was spent for the contact of a conversation.
pub(super) fn add(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    usage: &[KeyUsage],
    now_ms: i64,
) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "insert into usage (day, contact_id, key_id, calls, prompt_tokens, completion_tokens)
         select ?1, contact_id, ?3, 1, ?4, ?5 from conversation where id = ?2
         on conflict (day, contact_id, key_id) do update
         set calls = calls + 1, prompt_tokens = prompt_tokens + excluded.prompt_tokens,
             completion_tokens = completion_tokens + excluded.completion_tokens",
    )?;
    let day = day(now_ms)?;
    for used in usage {
        statement.execute(params![
            day,
            conversation.as_str(),
            used.key_id,
            used.prompt_tokens,
            used.completion_tokens
        ])?;
    }
    Ok(())
}

/// What was spent today.
pub(super) fn today(tx: &Transaction<'_>, contact_id: &str, now_ms: i64) -> Result<Spent, StoreError> {
    let mut statement = tx.prepare_cached(
        "select coalesce(sum(prompt_tokens + completion_tokens), 0),
                coalesce(sum(case when contact_id = ?2 then prompt_tokens + completion_tokens end), 0)
         from usage where day = ?1",
    )?;
    Ok(statement.query_row(params![day(now_ms)?, contact_id], |row| {
        Ok(Spent { tokens: row.get(0)?, contact_tokens: row.get(1)? })
    })?)
}

/// The day of an instant, in UTC.
fn day(ms: i64) -> Result<String, StoreError> {
    let time = super::conversation::timestamp(ms)?;
    Ok(time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}
