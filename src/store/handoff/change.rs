//! What a person of the business does in a conversation: takes it, speaks in it, gives it back.
//!
//! Each is one short transaction, so that it works from the command line beside a running daemon. Each is a line of
//! the audit log that names the person and never the words.

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::json;

use super::{close, find, open};
use crate::{
    clock::Ids,
    domain::{
        conversation::ConversationId,
        effect::AuditEntry,
        handoff::{Brief, BriefLine, HandoffReason, HandoffState, HandoffSummary},
        message::{Message, Role},
    },
    store::{
        StoreError, TenantDb, audit,
        conversation::{exists, keep_words, person_message, recent, say_as_person, timestamp},
        effect::Applying,
    },
};

/// What was said last, for who steps in without having been called.
const BRIEF_MESSAGES: u32 = 10;

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandoffChange<T> {
    /// It is so now. What was so before stays so: it may be asked for again.
    Done(T),
    /// Another person has the conversation, or it was given back before: nothing changed.
    Conflict(Box<HandoffSummary>),
    /// There is no such handoff and no such conversation.
    NotFound,
}

/// What a person says to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonReply {
    /// Who says it; none for whoever has the conversation.
    pub by: Option<String>,
    /// The words.
    pub text: String,
    /// The sender's own id of the message: the same id in the same conversation is the same message.
    pub message_id: Option<String>,
}

impl TenantDb {
    /// A person takes a conversation, by the id of its handoff or its own. Nobody need have called: with the
    /// conversation's id a person may step in at any time.
    pub async fn take_handoff(
        &self,
        reference: &str,
        by: &str,
        now_ms: i64,
        ids: &Ids,
    ) -> Result<HandoffChange<HandoffSummary>, StoreError> {
        let (reference, by, ids) = (reference.to_owned(), by.to_owned(), ids.clone());
        self.write(move |tx| take(tx, &reference, &by, now_ms, &ids)).await
    }

    /// A person gives a conversation back to the product.
    pub async fn release_handoff(
        &self,
        reference: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<HandoffChange<HandoffSummary>, StoreError> {
        let (reference, by) = (reference.to_owned(), by.to_owned());
        self.write(move |tx| {
            let Some(found) = find(tx, &reference)? else { return Ok(HandoffChange::NotFound) };
            if found.state != HandoffState::Released {
                close(tx, &found.conversation, now_ms)?;
                note(tx, "handoff.released", &found, &by, now_ms)?;
            }
            again(tx, &found.handoff)
        })
        .await
    }

    /// A person speaks to the customer. In a conversation that waits for a person, this takes it.
    pub async fn reply_in_handoff(
        &self,
        reference: &str,
        reply: PersonReply,
        now_ms: i64,
        ids: &Ids,
    ) -> Result<HandoffChange<Message>, StoreError> {
        let (reference, ids) = (reference.to_owned(), ids.clone());
        self.write(move |tx| speak(tx, &reference, &reply, now_ms, &ids)).await
    }

    /// A person spoke to the customer at the provider's own desk: the conversation is theirs from now on, whoever had it.
    /// The words are kept, and not sent: the customer has them. The same id is the same message.
    pub async fn heard_at_desk(
        &self,
        conversation: &ConversationId,
        said: PersonReply,
        now_ms: i64,
        ids: &Ids,
    ) -> Result<(), StoreError> {
        let (conversation, ids) = (conversation.clone(), ids.clone());
        self.write(move |tx| hear(tx, &conversation, &said, now_ms, &ids)).await
    }
}

fn take(
    tx: &Transaction<'_>,
    reference: &str,
    by: &str,
    now_ms: i64,
    ids: &Ids,
) -> Result<HandoffChange<HandoffSummary>, StoreError> {
    let found = match find(tx, reference)? {
        Some(found) if found.state != HandoffState::Released || found.handoff == reference => found,
        _ => {
            let conversation = ConversationId::new(reference);
            if !exists(tx, &conversation)? {
                return Ok(HandoffChange::NotFound);
            }
            step_in(tx, &conversation, now_ms, ids)?
        }
    };
    match found.state {
        HandoffState::Taken if found.taken_by.as_deref() == Some(by) => Ok(HandoffChange::Done(found)),
        HandoffState::Taken | HandoffState::Released => Ok(HandoffChange::Conflict(Box::new(found))),
        HandoffState::Waiting => {
            assign(tx, &found, by, now_ms)?;
            again(tx, &found.handoff)
        }
    }
}

/// Opens a handoff that nobody called for.
fn step_in(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    now_ms: i64,
    ids: &Ids,
) -> Result<HandoffSummary, StoreError> {
    let contact_id: String =
        tx.query_row("select contact_id from conversation where id = ?1", [conversation.as_str()], |row| {
            row.get(0)
        })?;
    let said = recent(tx, conversation, BRIEF_MESSAGES)?;
    let last_messages = said
        .into_iter()
        .map(|message| BriefLine { role: message.role.as_str().to_owned(), text: message.text })
        .collect();
    let brief = Brief { last_messages, ..Brief::default() };
    let id = ids.next("handoff");
    let applying = Applying { tx, conversation, now_ms, ids };
    open(&applying, &contact_id, &id, HandoffReason::Takeover, &brief)?;
    find(tx, &id)?.ok_or_else(|| StoreError::value("handoff", "it is not there though it was just opened"))
}

fn assign(tx: &Transaction<'_>, found: &HandoffSummary, by: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached("update handoff set state = 'taken', taken_by = ?2, taken_ms = ?3 where id = ?1")?
        .execute(params![found.handoff, by, now_ms])?;
    tx.prepare_cached("update conversation set owner = 'human', owner_ms = ?2 where id = ?1")?
        .execute(params![found.conversation.as_str(), now_ms])?;
    note(tx, "handoff.taken", found, by, now_ms)
}

fn speak(
    tx: &Transaction<'_>,
    reference: &str,
    reply: &PersonReply,
    now_ms: i64,
    ids: &Ids,
) -> Result<HandoffChange<Message>, StoreError> {
    let Some(mut found) = find(tx, reference)? else { return Ok(HandoffChange::NotFound) };
    if let Some(message_id) = &reply.message_id
        && let Some(message) = person_message(tx, &found.conversation, message_id)?
    {
        return Ok(HandoffChange::Done(message));
    }
    if found.state == HandoffState::Waiting {
        let by = reply.by.as_deref().unwrap_or(SOMEBODY);
        if let HandoffChange::Done(taken) = take(tx, &found.handoff, by, now_ms, ids)? {
            found = taken;
        }
    }
    let is_another = reply.by.is_some() && reply.by != found.taken_by;
    if found.state != HandoffState::Taken || is_another {
        return Ok(HandoffChange::Conflict(Box::new(found)));
    }
    let id = say_as_person(tx, &found.conversation, &reply.text, reply.message_id.as_deref(), now_ms)?;
    tx.prepare_cached("update conversation set owner_ms = ?2, updated_ms = ?2 where id = ?1")?
        .execute(params![found.conversation.as_str(), now_ms])?;
    note(tx, "handoff.replied", &found, found.taken_by.as_deref().unwrap_or(SOMEBODY), now_ms)?;
    Ok(HandoffChange::Done(Message {
        id,
        conversation: found.conversation,
        turn: None,
        role: Role::Person,
        message_id: reply.message_id.clone(),
        text: reply.text.clone(),
        created_at: timestamp(now_ms)?,
    }))
}

fn hear(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    said: &PersonReply,
    now_ms: i64,
    ids: &Ids,
) -> Result<(), StoreError> {
    if let Some(message_id) = &said.message_id
        && person_message(tx, conversation, message_id)?.is_some()
    {
        return Ok(());
    }
    let by = said.by.as_deref().unwrap_or(SOMEBODY);
    let found = match take(tx, conversation.as_str(), by, now_ms, ids)? {
        HandoffChange::Done(found) => found,
        HandoffChange::Conflict(found) => *found,
        HandoffChange::NotFound => return Ok(()),
    };
    keep_words(tx, conversation, &said.text, said.message_id.as_deref(), now_ms)?;
    tx.prepare_cached("update conversation set owner_ms = ?2, updated_ms = ?2 where id = ?1")?
        .execute(params![conversation.as_str(), now_ms])?;
    note(tx, "handoff.replied", &found, by, now_ms)
}

/// Who took a conversation without having said a name.
const SOMEBODY: &str = "somebody";

fn note(
    tx: &Transaction<'_>,
    action: &str,
    found: &HandoffSummary,
    by: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let entry = AuditEntry {
        actor: format!("person:{by}"),
        action: action.to_owned(),
        subject: found.handoff.clone(),
        detail: json!({"conversation": found.conversation}),
    };
    audit::append(tx, now_ms, &entry)
}

fn again(tx: &Transaction<'_>, handoff: &str) -> Result<HandoffChange<HandoffSummary>, StoreError> {
    Ok(find(tx, handoff)?.map_or(HandoffChange::NotFound, HandoffChange::Done))
}

/// Whether a person did something in a conversation since a turn began.
pub(in crate::store) fn owner_changed(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    owner_ms: i64,
) -> Result<bool, StoreError> {
    let mut statement = tx.prepare_cached("select owner_ms <> ?2 from conversation where id = ?1")?;
    let changed =
        statement.query_row(params![conversation.as_str(), owner_ms], |row| row.get(0)).optional()?;
    Ok(changed.unwrap_or(false))
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
