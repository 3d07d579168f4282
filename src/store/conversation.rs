//! Contacts, their conversations and what was said in them.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{StoreError, TenantDb, identity, outbox::Leaving};
use crate::{
    clock::Ids,
    domain::{
        contact::Identity,
        conversation::{ChannelKind, ConversationId, ConversationSummary},
        handoff::Owner,
        message::{Inbound, Message, OutboundKind, Role},
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

    /// The same, by all that the provider tells of the contact, if the channel's own id of it ([`Inbound::route`]) is
    /// still this one.
    pub async fn conversation_at(
        &self,
        channel: ChannelKind,
        contact: &str,
        identity: &Identity,
        route: &str,
    ) -> Result<Option<ConversationId>, StoreError> {
        let (contact, identity, route) = (contact.to_owned(), identity.clone(), route.to_owned());
        self.read(move |tx| {
            let contact = identity::find(tx, channel, &contact, &identity)?;
            let Some(conversation) = contact.map(|contact| latest_of(tx, &contact)).transpose()?.flatten()
            else {
                return Ok(None);
            };
            let mut statement =
                tx.prepare_cached("select 1 from conversation where id = ?1 and route = ?2")?;
            let is_there = statement.exists(params![conversation.as_str(), route])?;
            Ok(is_there.then_some(conversation))
        })
        .await
    }

    /// The last `limit` messages of a conversation, oldest first.
    pub async fn history(
        &self,
        conversation: &ConversationId,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let conversation = conversation.clone();
        self.read(move |tx| recent(tx, &conversation, limit)).await
    }

    /// A conversation as lists show it.
    pub async fn conversation(
        &self,
        conversation: &ConversationId,
    ) -> Result<Option<ConversationSummary>, StoreError> {
        let conversation = conversation.clone();
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(&format!("{SELECT} where c.id = ?1"))?;
            statement.query_row([conversation.as_str()], raw).optional()?.map(summary).transpose()
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
            if !exists(tx, &conversation)? {
                return Ok(None);
            }
            between(tx, &conversation, after, limit).map(Some)
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
            let mut statement = tx.prepare_cached(&format!(
                "{SELECT} where (c.updated_ms, c.id) < (?1, ?2)
                 order by c.updated_ms desc, c.id desc limit ?3"
            ))?;
            let rows = statement.query_map(params![before_ms, before_id.as_str(), limit], raw)?;
            rows.map(|row| summary(row?)).collect()
        })
        .await
    }
}

/// What every reading of conversations begins with; [`raw`] reads its columns.
const SELECT: &str = "\
    select c.id, t.address, t.name, t.channel, c.owner, c.created_ms, c.updated_ms,
           (select count(*) from message m where m.conversation_id = c.id)
    from conversation c join contact t on t.id = c.contact_id";

/// A stored conversation, whose names and times are still to be understood.
type RawConversation = (String, String, Option<String>, String, String, i64, i64, u64);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawConversation> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
    ))
}

fn summary(
    (id, contact, contact_name, channel, owner, created_ms, updated_ms, messages): RawConversation,
) -> Result<ConversationSummary, StoreError> {
    Ok(ConversationSummary {
        conversation: ConversationId::new(id),
        contact,
        contact_name,
        channel: ChannelKind::from_name(&channel).ok_or_else(|| StoreError::value("channel", channel))?,
        owner: Owner::from_name(&owner).ok_or_else(|| StoreError::value("owner", owner))?,
        messages,
        created_at: timestamp(created_ms)?,
        updated_at: timestamp(updated_ms)?,
    })
}

/// Whether there is such a conversation.
pub(super) fn exists(tx: &Transaction<'_>, conversation: &ConversationId) -> Result<bool, StoreError> {
    let mut statement = tx.prepare_cached("select 1 from conversation where id = ?1")?;
    Ok(statement.exists([conversation.as_str()])?)
}

/// The last `limit` messages of a conversation, oldest first.
pub(super) fn recent(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select id, turn_id, role, message_id, text, created_ms, conversation_id from message
         where conversation_id = ?1 order by id desc limit ?2",
    )?;
    let mut messages = collect(statement.query_map(params![conversation.as_str(), limit], message)?)?;
    messages.reverse();
    Ok(messages)
}

/// The messages of a conversation that came after `after`, oldest first, at most `limit`.
pub(super) fn between(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    after: i64,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select id, turn_id, role, message_id, text, created_ms, conversation_id from message
         where conversation_id = ?1 and id > ?2 order by id limit ?3",
    )?;
    collect(statement.query_map(params![conversation.as_str(), after, limit], message)?)
}

/// What a person said in a conversation under an id of their own.
pub(super) fn person_message(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    message_id: &str,
) -> Result<Option<Message>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select id, turn_id, role, message_id, text, created_ms, conversation_id from message
         where conversation_id = ?1 and role = ?2 and message_id = ?3 order by id desc limit 1",
    )?;
    let found =
        statement.query_map(params![conversation.as_str(), Role::Person.as_str(), message_id], message)?;
    Ok(collect(found)?.pop())
}

/// Writes down what a person said. Gives the message's place.
pub(super) fn keep_words(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    text: &str,
    message_id: Option<&str>,
    now_ms: i64,
) -> Result<i64, StoreError> {
    tx.prepare_cached(
        "insert into message (conversation_id, turn_id, role, message_id, text, created_ms)
         values (?1, null, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![conversation.as_str(), Role::Person.as_str(), message_id, text, now_ms])?;
    Ok(tx.last_insert_rowid())
}

/// Writes down what a person says, and puts it into the outbox. Gives the message's place.
pub(super) fn say_as_person(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    text: &str,
    message_id: Option<&str>,
    now_ms: i64,
) -> Result<i64, StoreError> {
    let id = keep_words(tx, conversation, text, message_id, now_ms)?;
    let leaving = Leaving { conversation, turn: None, kind: OutboundKind::Reply, text, choices: &[], now_ms };
    super::outbox::insert(tx, &leaving)?;
    Ok(id)
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
pub(super) fn latest(
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

/// The contact's latest conversation.
fn latest_of(tx: &Transaction<'_>, contact_id: &str) -> Result<Option<ConversationId>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select id from conversation where contact_id = ?1 order by created_ms desc limit 1",
    )?;
    let known: Option<String> = statement.query_row([contact_id], |row| row.get(0)).optional()?;
    Ok(known.map(ConversationId::new))
}

/// The conversation a message belongs to: the contact's latest on this channel, or a new one.
pub(super) fn find_or_create(
    tx: &Transaction<'_>,
    message: &Inbound,
    now_ms: i64,
    ids: &Ids,
) -> Result<ConversationId, StoreError> {
    let (channel, identity) = (message.channel, &message.identity);
    let contact = match identity::find(tx, channel, &message.contact, identity)? {
        Some(known) => known,
        None => new_contact(tx, message, now_ms, ids)?,
    };
    identity::note(tx, channel, &contact, &message.contact, identity)?;
    if let Some(known) = latest_of(tx, &contact)? {
        if message.route.is_some() || message.source.is_some() {
            tx.prepare_cached(
                "update conversation set route = coalesce(?2, route), source = coalesce(source, ?3)
                 where id = ?1 and (route is not ?2 or source is null)",
            )?
            .execute(params![known.as_str(), message.route, message.source])?;
        }
        return Ok(known);
    }
    let conversation = ConversationId::new(ids.next("conv"));
    let mut statement = tx.prepare_cached(
        "insert into conversation (id, contact_id, created_ms, updated_ms, route, source)
         values (?1, ?2, ?3, ?3, ?4, ?5)",
    )?;
    statement.execute(params![conversation.as_str(), contact, now_ms, message.route, message.source])?;
    Ok(conversation)
}

fn new_contact(
    tx: &Transaction<'_>,
    message: &Inbound,
    now_ms: i64,
    ids: &Ids,
) -> Result<String, StoreError> {
    let id = ids.next("contact");
    tx.prepare_cached(
        "insert into contact (id, channel, address, name, created_ms) values (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id, message.channel.as_str(), message.contact, message.contact_name, now_ms])?;
    Ok(id)
}
