//! Cases for the people who help.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

use super::{StoreError, TenantDb, audit, conversation::timestamp, effect::Applying};
use crate::domain::{
    conversation::{ChannelKind, ConversationId},
    effect::AuditEntry,
    lead::Urgency,
    ticket::{Ticket, TicketState},
};

/// What every reading of cases begins with; [`raw`] reads its columns.
const SELECT: &str = "\
    select k.id, k.conversation_id, t.channel, t.address, t.name, k.subject, k.detail, k.urgency, k.state,
           k.created_ms, k.updated_ms
    from ticket k join contact t on t.id = k.contact_id";

impl TenantDb {
    /// Cases in a state (none: in any), the newest first: those before `before` (the time in milliseconds and the id of
    /// the last one seen), at most `limit`.
    pub async fn tickets(
        &self,
        state: Option<TicketState>,
        before: Option<(i64, String)>,
        limit: u32,
    ) -> Result<Vec<Ticket>, StoreError> {
        self.read(move |tx| {
            let (before_ms, before_id) = before.unwrap_or((i64::MAX, String::new()));
            let mut statement = tx.prepare_cached(&format!(
                "{SELECT} where (k.created_ms, k.id) < (?1, ?2) and (?3 is null or k.state = ?3)
                 order by k.created_ms desc, k.id desc limit ?4"
            ))?;
            let state = state.map(TicketState::as_str);
            let rows = statement.query_map(params![before_ms, before_id, state, limit], raw)?;
            rows.map(|row| ticket(row?)).collect()
        })
        .await
    }

    /// A case.
    pub async fn ticket(&self, id: &str) -> Result<Option<Ticket>, StoreError> {
        let id = id.to_owned();
        self.read(move |tx| find(tx, &id)).await
    }

    /// Closes a case or opens it again. `actor` is who does it, as the audit log names them. None if there is no such
    /// case.
    pub async fn set_ticket_state(
        &self,
        id: &str,
        state: TicketState,
        actor: &str,
        now_ms: i64,
    ) -> Result<Option<Ticket>, StoreError> {
        let (id, actor) = (id.to_owned(), actor.to_owned());
        self.write(move |tx| {
            let changed = tx
                .prepare_cached(
                    "update ticket set state = ?2, updated_ms = ?3 where id = ?1 and state <> ?2",
                )?
                .execute(params![id, state.as_str(), now_ms])?;
            if changed > 0 {
                let action = match state {
                    TicketState::Open => "ticket.reopened",
                    TicketState::Closed => "ticket.closed",
                };
                let entry =
                    AuditEntry { actor, action: action.to_owned(), subject: id.clone(), detail: json!({}) };
                audit::append(tx, now_ms, &entry)?;
            }
            find(tx, &id)
        })
        .await
    }
}

/// Opens a case.
pub(super) fn open(
    applying: &Applying<'_>,
    contact_id: &str,
    id: &str,
    subject: &str,
    detail: &str,
    urgency: Urgency,
) -> Result<(), StoreError> {
    let mut statement = applying.tx.prepare_cached(
        "insert into ticket (id, conversation_id, contact_id, subject, detail, urgency, state, created_ms, updated_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7, ?7)",
    )?;
    statement.execute(params![
        id,
        applying.conversation.as_str(),
        contact_id,
        subject,
        detail,
        urgency.as_str(),
        applying.now_ms,
    ])?;
    Ok(())
}

fn find(tx: &Transaction<'_>, id: &str) -> Result<Option<Ticket>, StoreError> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} where k.id = ?1"))?;
    statement.query_row([id], raw).optional()?.map(ticket).transpose()
}

/// A stored case, whose names and times are still to be understood.
struct Raw {
    id: String,
    conversation: String,
    channel: String,
    contact: String,
    contact_name: Option<String>,
    subject: String,
    detail: String,
    urgency: String,
    state: String,
    created_ms: i64,
    updated_ms: i64,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        id: row.get(0)?,
        conversation: row.get(1)?,
        channel: row.get(2)?,
        contact: row.get(3)?,
        contact_name: row.get(4)?,
        subject: row.get(5)?,
        detail: row.get(6)?,
        urgency: row.get(7)?,
        state: row.get(8)?,
        created_ms: row.get(9)?,
        updated_ms: row.get(10)?,
    })
}

fn ticket(raw: Raw) -> Result<Ticket, StoreError> {
    Ok(Ticket {
        ticket: raw.id,
        conversation: ConversationId::new(raw.conversation),
        channel: ChannelKind::from_name(&raw.channel)
            .ok_or_else(|| StoreError::value("channel", raw.channel))?,
        contact: raw.contact,
        contact_name: raw.contact_name,
        subject: raw.subject,
        detail: raw.detail,
        urgency: Urgency::from_name(&raw.urgency).ok_or_else(|| StoreError::value("urgency", raw.urgency))?,
        state: TicketState::from_name(&raw.state).ok_or_else(|| StoreError::value("state", raw.state))?,
        created_at: timestamp(raw.created_ms)?,
        updated_at: timestamp(raw.updated_ms)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::effect::Effect, store::fixture::Fixture};

    fn opened(id: &str, urgency: Urgency) -> Effect {
        let text = || format!("caso {id}");
        Effect::OpenTicket { id: id.to_owned(), subject: text(), detail: text(), urgency }
    }

    #[tokio::test]
    async fn a_case_is_listed_closed_and_opened_again() {
        let fixture = Fixture::new();
        fixture.say("ana", "no llegó", vec![opened("t1", Urgency::Alto)]).await;
        fixture.advance(5);
        fixture.say("leo", "no sirve", vec![opened("t2", Urgency::Bajo)]).await;
        let list = |state, before| {
            let db = fixture.db.clone();
            async move {
                let found = db.tickets(state, before, 10).await.unwrap();
                found.into_iter().map(|ticket| ticket.ticket).collect::<Vec<_>>()
            }
        };
        assert_eq!(list(None, None).await, ["t2", "t1"]);
        let first = fixture.db.ticket("t1").await.unwrap().unwrap();
        assert_eq!((first.contact.as_str(), first.urgency), ("ana", Urgency::Alto));
        fixture.advance(5);
        let set = |state| fixture.db.set_ticket_state("t1", state, "operator", fixture.clock.now_ms());
        let closed = set(TicketState::Closed).await.unwrap().unwrap();
        assert_eq!(closed.updated_at.as_millisecond(), fixture.clock.now_ms());
        set(TicketState::Closed).await.unwrap();
        assert_eq!(list(Some(TicketState::Open), None).await, ["t2"]);
        assert_eq!(list(Some(TicketState::Closed), None).await, ["t1"]);
        set(TicketState::Open).await.unwrap();
        assert_eq!(fixture.text("select group_concat(action) from audit"), "ticket.closed,ticket.reopened");
        let unknown = fixture.db.set_ticket_state("t9", TicketState::Open, "operator", 0).await.unwrap();
        assert_eq!(unknown, None);
    }
}
