//! Dead letters: replies and deliveries that were given up. They stay until somebody has them sent again.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;
use serde_json::Value;

use super::{StoreError, TenantDb};

/// What the id of a reply among the dead letters begins with; its number follows. The others are deliveries.
const REPLY: &str = "reply-";

/// Something that was given up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeadLetter {
    /// Its id among the dead letters.
    pub id: String,
    /// What it is.
    pub kind: LetterKind,
    /// The channel of a reply, the target of a delivery.
    pub target: String,
    /// How the channel calls the contact of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The conversation of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The words of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What a delivery tells: `handoff`, `lead` or `ticket`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The id of what a delivery tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The data of a delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub error: Option<String>,
    /// Whether it goes out by itself when the customer writes again.
    pub held: bool,
    /// When it was decided.
    pub created_at: Timestamp,
}

/// The kinds of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterKind {
    /// Words for a customer.
    Reply,
    /// Something the business was to be told.
    Delivery,
}

/// What came of the wish to have a dead letter sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// It is due now.
    Again(LetterKind),
    /// It is not dead: it waits to be sent, or was sent.
    NotDead,
    /// There is no such letter.
    Unknown,
}

impl TenantDb {
    /// The dead letters, the newest first: at most `limit` behind the place `after`, which is the time and the id of the
    /// last one of an earlier page.
    pub async fn dead_letters(
        &self,
        after: Option<(i64, String)>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let (after_ms, after_id) = after.unwrap_or((i64::MAX, String::new()));
        self.read(move |tx| page(tx, after_ms, &after_id, limit)).await
    }

    /// Has a dead letter sent again, as if it had never been tried.
    pub async fn replay_dead_letter(&self, id: &str, now_ms: i64) -> Result<Replayed, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| match id.strip_prefix(REPLY) {
            Some(number) => match number.parse::<i64>() {
                Ok(seq) => replay_reply(tx, seq, now_ms),
                Err(_) => Ok(Replayed::Unknown),
            },
            None => replay_delivery(tx, &id, now_ms),
        })
        .await
    }
}

fn page(
    tx: &Transaction<'_>,
    after_ms: i64,
    after_id: &str,
    limit: u32,
) -> Result<Vec<DeadLetter>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select * from (
             select ?4 || seq as id, 'reply' as kind, channel, contact, conversation_id, text,
                    null as event, null as subject, null as payload, attempts, last_error, created_ms, held
             from outbox where state = 'dead'
             union all
             select id, 'delivery', target, null, null, null, event, subject, payload, attempts, last_error, created_ms,
                    0
             from delivery where state = 'dead')
         where (created_ms, id) < (?1, ?2)
         order by created_ms desc, id desc limit ?3",
    )?;
    let rows = statement.query_map(params![after_ms, after_id, limit, REPLY], |row| {
        let kind: String = row.get(1)?;
        let payload: Option<String> = row.get(8)?;
        let created_ms: i64 = row.get(11)?;
        Ok(DeadLetter {
            id: row.get(0)?,
            kind: if kind == "reply" { LetterKind::Reply } else { LetterKind::Delivery },
            target: row.get(2)?,
            contact: row.get(3)?,
            conversation: row.get(4)?,
            text: row.get(5)?,
            event: row.get(6)?,
            subject: row.get(7)?,
            // What cannot be read as JSON is shown as it stands.
            payload: payload.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
            attempts: row.get(9)?,
            error: row.get(10)?,
            held: row.get(12)?,
            created_at: Timestamp::from_millisecond(created_ms).unwrap_or(Timestamp::UNIX_EPOCH),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn replay_reply(tx: &Transaction<'_>, seq: i64, now_ms: i64) -> Result<Replayed, StoreError> {
    let state: Option<String> = tx
        .prepare_cached("select state from outbox where seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    if let Some(answer) = not_dead(state.as_deref()) {
        return Ok(answer);
    }
    tx.prepare_cached(
        "update outbox set state = 'pending', held = 0, attempts = 0, due_ms = ?2 where seq = ?1",
    )?
    .execute(params![seq, now_ms])?;
    Ok(Replayed::Again(LetterKind::Reply))
}

fn replay_delivery(tx: &Transaction<'_>, id: &str, now_ms: i64) -> Result<Replayed, StoreError> {
    let state: Option<String> = tx
        .prepare_cached("select state from delivery where id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    if let Some(answer) = not_dead(state.as_deref()) {
        return Ok(answer);
    }
    tx.prepare_cached("update delivery set state = 'pending', attempts = 0, due_ms = ?2 where id = ?1")?
        .execute(params![id, now_ms])?;
    Ok(Replayed::Again(LetterKind::Delivery))
}

fn not_dead(state: Option<&str>) -> Option<Replayed> {
    match state {
        None => Some(Replayed::Unknown),
        Some("dead") => None,
        Some(_) => Some(Replayed::NotDead),
    }
}
