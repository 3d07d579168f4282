//! What is kept of earlier conversations: summaries with their vectors, which stretches still need one, and finding
//! those that a new message is about.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{
    StoreError, TenantDb, contact_fact,
    conversation::{between, timestamp},
};
use crate::{
    domain::{
        contact::{Known, Remembered},
        conversation::ConversationId,
        language::Language,
        message::Message,
    },
    knowledge::vectors::compare,
};

/// Messages that are summed up at once; of a longer stretch the rest follows as a stretch of its own.
const STRETCH_MESSAGES: u32 = 300;

/// Summaries kept of one contact; the oldest make room.
const MAX_MEMORIES: u32 = 200;

/// Facts shown of one contact.
const MAX_FACTS: u32 = 200;

/// From this cosine on a summary is about what a message is about. Of the messages of
/// `tests/fixtures/memory/recall.jsonl` that lean on a summary it finds 83 %, in 2 % of the comparisons with another
/// summary of the same business it is wrong, and for courtesies and questions about other things it finds nothing.
const RELEVANT: f32 = 0.3;

/// What was said in a conversation since it was last summed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The conversation.
    pub conversation: ConversationId,
    /// The language of its last reply.
    pub language: Option<Language>,
    /// What was said, oldest first; empty when it was only touched.
    pub messages: Vec<Message>,
    /// The last message that a summary covers already.
    after_id: i64,
    /// The state of the conversation that was read.
    updated_ms: i64,
    /// Whether more was said than `messages` holds.
    goes_on: bool,
}

/// A summary to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMemory {
    /// The words.
    pub text: String,
    /// Its vectors by the built-in model, packed as [`crate::knowledge::vectors::pack`] does.
    pub vectors: Vec<u8>,
}

/// A summary of an earlier stretch that a message is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// The words.
    pub text: String,
    /// How close it is to the message, as a cosine.
    pub score: f32,
    /// The conversation it is of.
    pub conversation: ConversationId,
    /// The last message that it covers.
    pub last_id: i64,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
}

impl TenantDb {
    /// Conversations in which nothing happened since `quiet_since_ms` and which were not summed up since, the quietest
    /// first, at most `limit`.
    pub async fn to_summarise(&self, quiet_since_ms: i64, limit: u32) -> Result<Vec<Stretch>, StoreError> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "select id, language, updated_ms, summarised_id from conversation
                 where summarised_ms < updated_ms and updated_ms <= ?1 order by updated_ms limit ?2",
            )?;
            let rows = statement.query_map(params![quiet_since_ms, limit], |row| {
                Ok((
                    ConversationId::new(row.get::<_, String>(0)?),
                    row.get::<_, Option<String>>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, i64>(3)?,
                ))
            })?;
            rows.map(|row| {
                let (conversation, language, updated_ms, after_id) = row?;
                let mut messages = between(tx, &conversation, after_id, STRETCH_MESSAGES + 1)?;
                let most = usize::try_from(STRETCH_MESSAGES).unwrap_or(usize::MAX);
                let goes_on = messages.len() > most;
                messages.truncate(most);
                let language = language.as_deref().and_then(Language::from_code);
                Ok(Stretch { conversation, language, messages, after_id, updated_ms, goes_on })
            })
            .collect()
        })
        .await
    }

    /// When something last happened in the conversation that has waited longest to be summed up, in milliseconds since
    /// 1970. None when all are.
    pub async fn oldest_to_summarise(&self) -> Result<Option<i64>, StoreError> {
        self.read(|tx| {
            Ok(tx.query_row(
                "select min(updated_ms) from conversation where summarised_ms < updated_ms",
                [],
                |row| row.get(0),
            )?)
        })
        .await
    }

    /// Notes that a stretch is summed up, and keeps its summary if it has one. False if somebody else did so
    /// meanwhile, or the contact was forgotten: nothing is kept then.
    pub async fn keep_summary(
        &self,
        stretch: &Stretch,
        memory: Option<NewMemory>,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let stretch = stretch.clone();
        self.write(move |tx| keep(tx, &stretch, memory.as_ref(), now_ms)).await
    }

    /// The summaries of a contact that a message with this vector (of the built-in model) is about, the closest first.
    pub async fn recall(
        &self,
        contact_id: &str,
        vector: Vec<f32>,
        limit: usize,
    ) -> Result<Vec<Memory>, StoreError> {
        let contact_id = contact_id.to_owned();
        self.read(move |tx| {
            let mut relevant = scored(tx, &contact_id, &vector)?;
            relevant.retain(|memory| memory.score >= RELEVANT);
            relevant.truncate(limit);
            Ok(relevant)
        })
        .await
    }

    /// Forgets facts whose time is over, and says how many.
    pub async fn delete_expired_facts(&self, now_ms: i64) -> Result<usize, StoreError> {
        let due = self
            .read(move |tx| {
                let mut statement = tx.prepare_cached("select 1 from contact_fact where expires_ms <= ?1")?;
                Ok(statement.exists([now_ms])?)
            })
            .await?;
        if !due {
            return Ok(0);
        }
        self.write(move |tx| Ok(tx.execute("delete from contact_fact where expires_ms <= ?1", [now_ms])?))
            .await
    }

    /// What is known of a contact: facts that have not expired and summaries, the newest first.
    pub async fn known_of(&self, contact_id: &str, now_ms: i64) -> Result<Known, StoreError> {
        let contact_id = contact_id.to_owned();
        self.read(move |tx| {
            let facts = contact_fact::of_contact(tx, &contact_id, now_ms, MAX_FACTS)?;
            let mut statement = tx.prepare_cached(
                "select conversation_id, text, created_ms from memory where contact_id = ?1 order by id desc",
            )?;
            let rows = statement.query_map([contact_id], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
            })?;
            let memories = rows
                .map(|row| {
                    let (conversation, text, created_ms) = row?;
                    let conversation = ConversationId::new(conversation);
                    Ok(Remembered { conversation, text, created_at: timestamp(created_ms)? })
                })
                .collect::<Result<_, StoreError>>()?;
            Ok(Known { facts, memories })
        })
        .await
    }
}

fn keep(
    tx: &Transaction<'_>,
    stretch: &Stretch,
    memory: Option<&NewMemory>,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let last_id = stretch.messages.last().map_or(stretch.after_id, |last| last.id);
    // What is left of a long stretch stays to be done.
    let seen_ms = if stretch.goes_on { 0 } else { stretch.updated_ms };
    let contact_id: Option<String> = tx
        .prepare_cached(
            "update conversation set summarised_id = ?3, summarised_ms = ?4
             where id = ?1 and summarised_id = ?2 and summarised_ms < ?5 returning contact_id",
        )?
        .query_row(
            params![stretch.conversation.as_str(), stretch.after_id, last_id, seen_ms, stretch.updated_ms],
            |row| row.get(0),
        )
        .optional()?;
    let Some(contact_id) = contact_id else { return Ok(false) };
    let (Some(memory), Some(first)) = (memory, stretch.messages.first()) else { return Ok(true) };
    tx.prepare_cached(
        "insert into memory (conversation_id, contact_id, text, vector, first_id, last_id, created_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        stretch.conversation.as_str(),
        contact_id,
        memory.text,
        memory.vectors,
        first.id,
        last_id,
        now_ms,
    ])?;
    tx.prepare_cached(
        "delete from memory where id in
         (select id from memory where contact_id = ?1 order by id desc limit -1 offset ?2)",
    )?
    .execute(params![contact_id, MAX_MEMORIES])?;
    Ok(true)
}

/// All summaries of a contact with how close each is to a vector, the closest first.
fn scored(tx: &Transaction<'_>, contact_id: &str, vector: &[f32]) -> Result<Vec<Memory>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select text, vector, conversation_id, last_id, created_ms from memory where contact_id = ?1 order by id desc",
    )?;
    let mut rows = statement.query([contact_id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let vectors = row.get_ref(1)?.as_blob().map_err(|e| StoreError::value("vector", e))?;
        let Some(likeness) = compare(vectors, vector) else { continue };
        found.push(Memory {
            text: row.get(0)?,
            score: likeness.best().max(likeness.heading),
            conversation: ConversationId::new(row.get::<_, String>(2)?),
            last_id: row.get(3)?,
            created_ms: row.get(4)?,
        });
    }
    // Equals stay in their order: the newest first.
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(found)
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
