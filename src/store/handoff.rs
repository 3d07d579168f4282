//! Calls for a person, and who speaks in a conversation.
//!
//! A handoff is open while its conversation waits for a person or a person has it; a conversation has at most one open
//! handoff. The conversation's `owner` changes only here.

use rusqlite::{OptionalExtension, params};
use serde_json::json;

use super::{StoreError, audit, effect::Applying};
use crate::domain::{
    effect::AuditEntry,
    handoff::{Brief, HandoffReason},
};

/// Calls a person. The product is silent from now on. With a call open already nothing changes, but that an urgent
/// reason takes the place of one that is not.
pub(super) fn open(
    applying: &Applying<'_>,
    contact_id: &str,
    id: &str,
    reason: HandoffReason,
    brief: &Brief,
) -> Result<(), StoreError> {
    let conversation = applying.conversation.as_str();
    let brief = serde_json::to_string(brief).map_err(|e| StoreError::value("brief", e))?;
    let priority = if reason.is_urgent() { "high" } else { "normal" };
    let mut statement = applying.tx.prepare_cached(
        "insert into handoff (id, conversation_id, contact_id, reason, priority, state, brief, created_ms)
         values (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?7)
         on conflict (conversation_id) where state in ('waiting', 'taken') do update
         set reason = excluded.reason, priority = excluded.priority, brief = excluded.brief
         where excluded.priority = 'high' and priority = 'normal'",
    )?;
    statement.execute(params![
        id,
        conversation,
        contact_id,
        reason.as_str(),
        priority,
        brief,
        applying.now_ms
    ])?;
    let mut statement = applying.tx.prepare_cached(
        "update conversation set owner = 'waiting', owner_ms = ?2, fallbacks = 0
         where id = ?1 and owner in ('bot', 'returned')",
    )?;
    statement.execute(params![conversation, applying.now_ms])?;
    Ok(())
}

/// Gives a conversation back to the product because nobody of the business spoke in it for too long.
pub(super) fn return_idle(applying: &Applying<'_>) -> Result<(), StoreError> {
    let conversation = applying.conversation.as_str();
    let released: Option<String> = applying
        .tx
        .prepare_cached(
            "update handoff set state = 'released', released_ms = ?2
             where conversation_id = ?1 and state in ('waiting', 'taken') returning id",
        )?
        .query_row(params![conversation, applying.now_ms], |row| row.get(0))
        .optional()?;
    applying
        .tx
        .prepare_cached(
            "update conversation set owner = 'returned', owner_ms = ?2
             where id = ?1 and owner in ('waiting', 'human')",
        )?
        .execute(params![conversation, applying.now_ms])?;
    let Some(handoff) = released else { return Ok(()) };
    let entry = AuditEntry {
        actor: "system".to_owned(),
        action: "handoff.released".to_owned(),
        subject: handoff,
        detail: json!({"conversation": conversation, "because": "idle"}),
    };
    audit::append(applying.tx, applying.now_ms, &entry)
}
