//! What a visitor of the business's site missed: what was said in their conversation since they last heard of it.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::{
    conversation::{ChannelKind, ConversationId},
    handoff::Owner,
    message::Role,
};

/// How far a visitor has heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// The last message; 0 for none.
    pub message: i64,
    /// The last row of the inbox that the visitor was told of while it waited; 0 for none.
    pub waiting: i64,
}

/// What is new to a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitNews {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who speaks for the business.
    pub owner: Owner,
    /// What was said, in order.
    pub messages: Vec<VisitMessage>,
    /// What the visitor said and has no turn yet, in order.
    pub waiting: Vec<VisitWaiting>,
    /// Whether more was said than is told here.
    pub goes_on: bool,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitMessage {
    /// Its place.
    pub id: i64,
    /// Who said it.
    pub role: Role,
    /// The channel's id of it, for what the visitor said.
    pub message_id: Option<String>,
    /// The words.
    pub text: String,
    /// When, in milliseconds since 1970.
    pub created_ms: i64,
    /// Answers to choose from.
    pub choices: Vec<String>,
}

/// Something that the visitor said and that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitWaiting {
    /// Its place in the inbox.
    pub seq: i64,
    /// The channel's id of it.
    pub message_id: String,
    /// The words.
    pub text: String,
}

impl TenantDb {
    /// What is new to a visitor who heard so far: at most `limit` messages. Who heard nothing gets the last ones. None if
    /// the visitor never said anything.
    pub async fn visit_news(
        &self,
        channel: ChannelKind,
        contact: &str,
        heard: Heard,
        limit: u32,
    ) -> Result<Option<VisitNews>, StoreError> {
        let contact = contact.to_owned();
        self.read(move |tx| {
            let Some(conversation) = super::conversation::latest(tx, channel, &contact)? else {
                return Ok(None);
            };
            let owner: String = tx
                .prepare_cached("select owner from conversation where id = ?1")?
                .query_row([conversation.as_str()], |row| row.get(0))?;
            let messages = said(tx, &conversation, heard.message, limit)?;
            Ok(Some(VisitNews {
                owner: Owner::from_name(&owner).ok_or_else(|| StoreError::value("owner", owner))?,
                goes_on: heard.message > 0 && messages.len() as u64 >= u64::from(limit),
                messages,
                waiting: waiting(tx, &conversation, heard.waiting)?,
                conversation,
            }))
        })
        .await
    }
}

fn said(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    after: i64,
    limit: u32,
) -> Result<Vec<VisitMessage>, StoreError> {
    // Who heard nothing yet gets the end of the conversation, not its beginning.
    let after = if after > 0 {
        after
    } else {
        tx.prepare_cached(
            "select id from message where conversation_id = ?1 order by id desc limit 1 offset ?2",
        )?
        .query_row(params![conversation.as_str(), limit], |row| row.get(0))
        .optional()?
        .unwrap_or_default()
    };
    let mut statement = tx.prepare_cached(
        "select m.id, m.role, m.message_id, m.text, m.created_ms,
                case m.role when 'assistant' then json_extract(t.report, '$.choices') end
         from message m left join turn t on t.id = m.turn_id
         where m.conversation_id = ?1 and m.id > ?2 order by m.id limit ?3",
    )?;
    let rows = statement.query_map(params![conversation.as_str(), after, limit], raw)?;
    rows.map(|row| {
        let (id, role, message_id, text, created_ms, choices) = row?;
        let choices = choices.map(|choices| serde_json::from_str(&choices)).transpose();
        Ok(VisitMessage {
            id,
            role: Role::from_name(&role).ok_or_else(|| StoreError::value("role", role))?,
            message_id,
            text,
            created_ms,
            choices: choices.map_err(|e| StoreError::value("list of choices", e))?.unwrap_or_default(),
        })
    })
    .collect()
}

type RawMessage = (i64, String, Option<String>, String, i64, Option<String>);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawMessage> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn waiting(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    after: i64,
) -> Result<Vec<VisitWaiting>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select seq, message_id, text from inbox
         where conversation_id = ?1 and turn_id is null and seq > ?2 order by seq",
    )?;
    let rows = statement.query_map(params![conversation.as_str(), after], |row| {
        Ok(VisitWaiting { seq: row.get(0)?, message_id: row.get(1)?, text: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
