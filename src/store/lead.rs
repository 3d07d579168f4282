//! Leads: one for each conversation, growing with what the customer says.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{StoreError, TenantDb, effect::Applying};
use crate::domain::{
    conversation::ConversationId,
    lead::{LeadDraft, LeadRecord},
};

/// The columns of a lead, in the order that [`raw`] reads them.
const COLUMNS: &str = "id, contact_id, conversation_id, draft, completed_ms, created_ms, updated_ms";

/// Which leads are listed. Data of somebody who showed no interest is not a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadsOf {
    /// Everybody who showed interest.
    Everybody,
    /// Those of whom everything required is known.
    Complete,
}

impl TenantDb {
    /// Leads, the newest first: those before `before` (the time in milliseconds and the id of the last one seen), at
    /// most `limit`.
    pub async fn leads(
        &self,
        of: LeadsOf,
        before: Option<(i64, String)>,
        limit: u32,
    ) -> Result<Vec<LeadRecord>, StoreError> {
        self.read(move |tx| {
            let (before_ms, before_id) = before.unwrap_or((i64::MAX, String::new()));
            let mut statement = tx.prepare_cached(&format!(
                "select {COLUMNS} from lead
                 where (created_ms, id) < (?1, ?2)
                   and (completed_ms is not null or (?3 and draft ->> 'wanted'))
                 order by created_ms desc, id desc limit ?4"
            ))?;
            let incomplete = of == LeadsOf::Everybody;
            let rows = statement.query_map(params![before_ms, before_id, incomplete, limit], raw)?;
            rows.map(|row| record(row?)).collect()
        })
        .await
    }

    /// A lead, by its own id or by that of its conversation.
    pub async fn lead(&self, reference: &str) -> Result<Option<LeadRecord>, StoreError> {
        let reference = reference.to_owned();
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(&format!(
                "select {COLUMNS} from lead where id = ?1 or conversation_id = ?1"
            ))?;
            statement.query_row([reference], raw).optional()?.map(record).transpose()
        })
        .await
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::effect::Effect, store::fixture::Fixture};

    #[tokio::test]
    async fn who_showed_interest_is_listed_and_who_only_gave_a_name_is_not() {
        let fixture = Fixture::new();
        let save = |id: &str, wanted, complete| {
            let draft = LeadDraft { name: Some(id.to_owned()), wanted, ..LeadDraft::default() };
            vec![Effect::SaveLead { id: id.to_owned(), draft, complete }]
        };
        fixture.say("a", "soy A", save("named", false, false)).await;
        let conversation = fixture.say("b", "quiero", save("wanted", true, false)).await;
        fixture.advance(1);
        fixture.say("c", "quiero", save("complete", true, true)).await;
        let list = |of, before| {
            let db = fixture.db.clone();
            async move {
                let found = db.leads(of, before, 10).await.unwrap();
                found.into_iter().map(|lead| lead.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(list(LeadsOf::Everybody, None).await, ["complete", "wanted"]);
        assert_eq!(list(LeadsOf::Complete, None).await, ["complete"]);
        let before = Some((fixture.clock.now_ms(), "complete".to_owned()));
        assert_eq!(list(LeadsOf::Everybody, before).await, ["wanted"]);
        for reference in ["wanted", conversation.as_str()] {
            assert_eq!(fixture.db.lead(reference).await.unwrap().unwrap().id, "wanted");
        }
        assert_eq!(fixture.db.lead("none").await.unwrap(), None);
    }
}
