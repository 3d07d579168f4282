//! Leads: one for each conversation, growing with what the customer says.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{StoreError, effect::Applying};
use crate::domain::{
    conversation::ConversationId,
    lead::{LeadDraft, LeadRecord},
};

/// The columns of a lead, in the order that [`raw`] reads them.
const COLUMNS: &str = "id, contact_id, conversation_id, draft, completed_ms, created_ms, updated_ms";

/// Writes down what is known now. The conversation keeps the lead it has, whatever `id` says; what was complete once
/// stays so.
pub(super) fn save(
    applying: &Applying<'_>,
    contact_id: &str,
    id: &str,
    draft: &LeadDraft,
    complete: bool,
) -> Result<(), StoreError> {
    let draft = serde_json::to_string(draft).map_err(|e| StoreError::value("lead", e))?;
    let mut statement = applying.tx.prepare_cached(
        "insert into lead (id, conversation_id, contact_id, draft, completed_ms, created_ms, updated_ms)
         values (?1, ?2, ?3, ?4, case when ?5 then ?6 end, ?6, ?6)
         on conflict (conversation_id) do update
         set draft = excluded.draft, completed_ms = coalesce(completed_ms, excluded.completed_ms),
             updated_ms = excluded.updated_ms",
    )?;
    statement.execute(params![
        id,
        applying.conversation.as_str(),
        contact_id,
        draft,
        complete,
        applying.now_ms
    ])?;
    Ok(())
}

/// The lead of a conversation.
pub(super) fn of_conversation(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
) -> Result<Option<LeadRecord>, StoreError> {
    let mut statement =
        tx.prepare_cached(&format!("select {COLUMNS} from lead where conversation_id = ?1"))?;
    statement.query_row([conversation.as_str()], raw).optional()?.map(record).transpose()
}

/// A stored lead, whose draft is still to be understood.
type RawLead = (String, String, String, String, Option<i64>, i64, i64);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawLead> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn record(
    (id, contact_id, conversation, draft, completed_ms, created_ms, updated_ms): RawLead,
) -> Result<LeadRecord, StoreError> {
    Ok(LeadRecord {
        id,
        contact_id,
        conversation: ConversationId::new(conversation),
        draft: serde_json::from_str(&draft).map_err(|e| StoreError::value("lead", e))?,
        completed_ms,
        created_ms,
        updated_ms,
    })
}
