//! Calls for a person, and who speaks in a conversation.
//!
//! A handoff is open while its conversation waits for a person or a person has it; a conversation has at most one open
//! handoff. The conversation's `owner` changes only here and in [`change`].

mod change;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

pub(super) use self::change::owner_changed;
pub use self::change::{HandoffChange, PersonReply};
use super::{
    StoreError, TenantDb, audit,
    conversation::timestamp,
    effect::Applying,
    outbox::{self, Leaving},
};
use crate::domain::{
    conversation::{ChannelKind, ConversationId},
    effect::AuditEntry,
    handoff::{Brief, HandoffReason, HandoffState, HandoffSummary, Priority},
    message::OutboundKind,
};

/// What every reading of handoffs begins with; [`raw`] reads its columns.
const SELECT: &str = "\
    select h.id, h.conversation_id, t.channel, t.address, t.name, h.reason, h.priority, h.state, h.taken_by, h.brief,
           h.created_ms, h.taken_ms, h.released_ms
    from handoff h join contact t on t.id = h.contact_id";

impl TenantDb {
    /// Calls for a person in a state (none: in any), the newest first: those before `before` (the time in milliseconds
    /// and the id of the last one seen), at most `limit`.
    pub async fn handoffs(
        &self,
        state: Option<HandoffState>,
        before: Option<(i64, String)>,
        limit: u32,
    ) -> Result<Vec<HandoffSummary>, StoreError> {
        self.read(move |tx| {
            let (before_ms, before_id) = before.unwrap_or((i64::MAX, String::new()));
            let mut statement = tx.prepare_cached(&format!(
                "{SELECT} where (h.created_ms, h.id) < (?1, ?2) and (?3 is null or h.state = ?3)
                 order by h.created_ms desc, h.id desc limit ?4"
            ))?;
            let state = state.map(HandoffState::as_str);
            let rows = statement.query_map(params![before_ms, before_id, state, limit], raw)?;
            rows.map(|row| summary(row?)).collect()
        })
        .await
    }

    /// Whether a person has this conversation and never said a word in it since.
    pub async fn is_held_in_silence(&self, conversation: &ConversationId) -> Result<bool, StoreError> {
        let conversation = conversation.clone();
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "select 1 from handoff h where h.conversation_id = ?1 and h.state = 'taken'
                   and not exists (select 1 from message m where m.conversation_id = h.conversation_id
                                   and m.role = 'person' and m.created_ms >= h.taken_ms)",
            )?;
            Ok(statement.exists([conversation.as_str()])?)
        })
        .await
    }

    /// A call for a person, by its own id or by that of its conversation: then the open one, or else the last.
    pub async fn handoff(&self, reference: &str) -> Result<Option<HandoffSummary>, StoreError> {
        let reference = reference.to_owned();
        self.read(move |tx| find(tx, &reference)).await
    }
}

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
        Priority::of(reason).as_str(),
        brief,
        applying.now_ms,
    ])?;
    let mut statement = applying.tx.prepare_cached(
        "update conversation set owner = 'waiting', owner_ms = ?2, fallbacks = 0
         where id = ?1 and owner in ('bot', 'returned')",
    )?;
    let is_called_now = statement.execute(params![conversation, applying.now_ms])? > 0;
    // Who steps in by themselves need not be told.
    if is_called_now && reason != HandoffReason::Takeover {
        tell_desk(applying, reason, &brief)?;
    }
    Ok(())
}

/// Tells the people who work at the channel's own desk, where it has one.
fn tell_desk(applying: &Applying<'_>, reason: HandoffReason, brief: &str) -> Result<(), StoreError> {
    let mut statement = applying.tx.prepare_cached(
        "select t.channel from conversation c join contact t on t.id = c.contact_id where c.id = ?1",
    )?;
    let channel: String = statement.query_row([applying.conversation.as_str()], |row| row.get(0))?;
    if !ChannelKind::from_name(&channel).is_some_and(ChannelKind::has_desk) {
        return Ok(());
    }
    let brief: serde_json::Value = serde_json::from_str(brief).map_err(|e| StoreError::value("brief", e))?;
    let text = json!({"reason": reason.as_str(), "brief": brief}).to_string();
    let leaving = Leaving {
        conversation: applying.conversation,
        turn: None,
        kind: OutboundKind::Handoff,
        text: &text,
        choices: &[],
        now_ms: applying.now_ms,
    };
    outbox::insert(applying.tx, &leaving)?;
    Ok(())
}

/// Gives a conversation back to the product because nobody of the business spoke in it for too long.
pub(super) fn return_idle(applying: &Applying<'_>) -> Result<(), StoreError> {
    let conversation = applying.conversation;
    let Some(handoff) = close(applying.tx, conversation, applying.now_ms)? else { return Ok(()) };
    let entry = AuditEntry {
        actor: "system".to_owned(),
        action: "handoff.released".to_owned(),
        subject: handoff,
        detail: json!({"conversation": conversation, "because": "idle"}),
    };
    audit::append(applying.tx, applying.now_ms, &entry)
}

/// Closes the open handoff of a conversation and lets the product speak again. Says which one it was.
fn close(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    now_ms: i64,
) -> Result<Option<String>, StoreError> {
    tx.prepare_cached(
        "update conversation set owner = 'returned', owner_ms = ?2 where id = ?1 and owner in ('waiting', 'human')",
    )?
    .execute(params![conversation.as_str(), now_ms])?;
    let mut statement = tx.prepare_cached(
        "update handoff set state = 'released', released_ms = ?2
         where conversation_id = ?1 and state in ('waiting', 'taken') returning id",
    )?;
    Ok(statement.query_row(params![conversation.as_str(), now_ms], |row| row.get(0)).optional()?)
}

fn find(tx: &Transaction<'_>, reference: &str) -> Result<Option<HandoffSummary>, StoreError> {
    let mut statement = tx.prepare_cached(&format!(
        "{SELECT} where h.id = ?1 or h.conversation_id = ?1
         order by h.state = 'released', h.created_ms desc, h.id desc limit 1"
    ))?;
    statement.query_row([reference], raw).optional()?.map(summary).transpose()
}

/// A stored handoff, whose names and times are still to be understood.
struct Raw {
    handoff: String,
    conversation: String,
    channel: String,
    contact: String,
    contact_name: Option<String>,
    reason: String,
    priority: String,
    state: String,
    taken_by: Option<String>,
    brief: String,
    created_ms: i64,
    taken_ms: Option<i64>,
    released_ms: Option<i64>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        handoff: row.get(0)?,
        conversation: row.get(1)?,
        channel: row.get(2)?,
        contact: row.get(3)?,
        contact_name: row.get(4)?,
        reason: row.get(5)?,
        priority: row.get(6)?,
        state: row.get(7)?,
        taken_by: row.get(8)?,
        brief: row.get(9)?,
        created_ms: row.get(10)?,
        taken_ms: row.get(11)?,
        released_ms: row.get(12)?,
    })
}

fn summary(raw: Raw) -> Result<HandoffSummary, StoreError> {
    Ok(HandoffSummary {
        handoff: raw.handoff,
        conversation: ConversationId::new(raw.conversation),
        channel: ChannelKind::from_name(&raw.channel)
            .ok_or_else(|| StoreError::value("channel", raw.channel))?,
        contact: raw.contact,
        contact_name: raw.contact_name,
        reason: HandoffReason::from_name(&raw.reason)
            .ok_or_else(|| StoreError::value("reason", raw.reason))?,
        priority: Priority::from_name(&raw.priority)
            .ok_or_else(|| StoreError::value("priority", raw.priority))?,
        state: HandoffState::from_name(&raw.state).ok_or_else(|| StoreError::value("state", raw.state))?,
        taken_by: raw.taken_by,
        brief: serde_json::from_str(&raw.brief).map_err(|e| StoreError::value("brief", e))?,
        created_at: timestamp(raw.created_ms)?,
        taken_at: raw.taken_ms.map(timestamp).transpose()?,
        released_at: raw.released_ms.map(timestamp).transpose()?,
    })
}
