//! Contacts, their conversations and what was said in them.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{StoreError, TenantDb};
use crate::{
    clock::Ids,
    domain::{
        conversation::{ChannelKind, ConversationId, ConversationSummary},
        message::{Inbound, Message, Role},
    },
};

impl TenantDb {
    /// The conversation that a contact's next message belongs to, if there was one before.
    pub async fn conversation_of(
        &self,
        channel: ChannelKind,
        contact: &str,
    ) -> Result<Option<ConversationId>, StoreError> {
        let contact = contact.to_owned();
        self.read(move |tx| latest(tx, channel, &contact)).await
    }

    /// The last `limit` messages of a conversation, oldest first.
    pub async fn history(
        &self,
        conversation: &ConversationId,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let conversation = conversation.clone();
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "select id, turn_id, role, message_id, text, created_ms, conversation_id from message
                 where conversation_id = ?1 order by id desc limit ?2",
            )?;
            let mut messages = collect(statement.query_map(params![conversation.as_str(), limit], message)?)?;
            messages.reverse();
            Ok(messages)
        })
        .await
    }

    /// The messages of a conversation that came after `after` (0 for all), oldest first, at most `limit`. `None` if
    /// there is no such conversation.
    pub async fn messages(
        &self,
        conversation: &ConversationId,
        after: i64,
        limit: u32,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        let conversation = conversation.clone();
        self.read(move |tx| {
            let known = tx
                .query_row("select 1 from conversation where id = ?1", [conversation.as_str()], |_| Ok(()))
                .optional()?;
            if known.is_none() {
                return Ok(None);
            }
            let mut statement = tx.prepare_cached(
                "select id, turn_id, role, message_id, text, created_ms, conversation_id from message
                 where conversation_id = ?1 and id > ?2 order by id limit ?3",
            )?;
            collect(statement.query_map(params![conversation.as_str(), after, limit], message)?).map(Some)
        })
        .await
    }

    /// Conversations, the one that changed last first: those that changed before `before_ms` (with the id of the
    /// last one seen, to tell equals apart), at most `limit`.
    pub async fn conversations(
        &self,
        before: Option<(i64, ConversationId)>,
        limit: u32,
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        self.read(move |tx| {
            let (before_ms, before_id) = before.unwrap_or((i64::MAX, ConversationId::new("")));
            let mut statement = tx.prepare_cached(
                "select c.id, t.address, t.channel, c.created_ms, c.updated_ms,
                        (select count(*) from message m where m.conversation_id = c.id)
                 from conversation c join contact t on t.id = c.contact_id
                 where (c.updated_ms, c.id) < (?1, ?2)
                 order by c.updated_ms desc, c.id desc limit ?3",
            )?;
            let rows = statement.query_map(params![before_ms, before_id.as_str(), limit], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, i64>(3)?,
                    row.get::<_, i64>(4)?,
                    row.get::<_, u64>(5)?,
                ))
            })?;
            rows.map(|row| {
                let (id, contact, channel, created_ms, updated_ms, messages) = row?;
                Ok(ConversationSummary {
                    conversation: ConversationId::new(id),
                    contact,
                    channel: ChannelKind::from_name(&channel)
                        .ok_or_else(|| StoreError::value("channel", channel))?,
                    messages,
                    created_at: timestamp(created_ms)?,
                    updated_at: timestamp(updated_ms)?,
                })
            })
            .collect()
        })
        .await
    }
}

/// A stored instant.
pub(super) fn timestamp(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|e| StoreError::value("time", e))
}

/// A stored message, whose role and time are still to be understood.
type RawMessage = (i64, Option<String>, String, Option<String>, String, i64, String);

fn message(row: &Row<'_>) -> rusqlite::Result<RawMessage> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn collect(rows: impl Iterator<Item = rusqlite::Result<RawMessage>>) -> Result<Vec<Message>, StoreError> {
    rows.map(|row| {
        let (id, turn, role, message_id, text, created_ms, conversation) = row?;
        Ok(Message {
            id,
            conversation: ConversationId::new(conversation),
            turn,
            role: Role::from_name(&role).ok_or_else(|| StoreError::value("role", role))?,
            message_id,
            text,
            created_at: timestamp(created_ms)?,
        })
    })
    .collect()
}

/// The contact's latest conversation on a channel.
fn latest(
    tx: &Transaction<'_>,
    channel: ChannelKind,
    contact: &str,
) -> Result<Option<ConversationId>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select c.id from conversation c join contact t on t.id = c.contact_id
         where t.channel = ?1 and t.address = ?2 order by c.created_ms desc limit 1",
    )?;
    let known: Option<String> =
        statement.query_row(params![channel.as_str(), contact], |row| row.get(0)).optional()?;
    Ok(known.map(ConversationId::new))
}

/// The conversation a message belongs to: the contact's latest on this channel, or a new one.
pub(super) fn find_or_create(
    tx: &Transaction<'_>,
    message: &Inbound,
    now_ms: i64,
    ids: &Ids,
) -> Result<ConversationId, StoreError> {
    if let Some(known) = latest(tx, message.channel, &message.contact)? {
        return Ok(known);
    }
    let mut statement = tx.prepare_cached(
        "insert into contact (id, channel, address, name, created_ms) values (?1, ?2, ?3, ?4, ?5)
         on conflict (channel, address) do update set name = coalesce(excluded.name, name) returning id",
    )?;
    let contact_id: String = statement.query_row(
        params![ids.next("contact"), message.channel.as_str(), message.contact, message.contact_name, now_ms],
        |row| row.get(0),
    )?;
    let conversation = ConversationId::new(ids.next("conv"));
    let mut statement = tx.prepare_cached(
        "insert into conversation (id, contact_id, created_ms, updated_ms) values (?1, ?2, ?3, ?3)",
    )?;
    statement.execute(params![conversation.as_str(), contact_id, now_ms])?;
    Ok(conversation)
}
