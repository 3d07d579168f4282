//! The inbox: messages that a channel was told are safe, until their turn is committed.
//!
//! Accepting is one durable commit for all who wait (group commit), so that thousands of messages a second need
//! only a few hundred writes to the disk. A message is known by its channel's own id: the second copy is ignored.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tokio::sync::oneshot;

use super::{StoreError, TenantDb};
use crate::{
    clock::{Clock, Ids},
    crash,
    domain::{
        conversation::{ChannelKind, ConversationId},
        message::{Attachment, Inbound},
    },
};

/// Accepts that may wait for one commit. Beyond it the channel is told to come again.
const MAX_WAITING: usize = 4096;

/// A message that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its place in the inbox.
    pub seq: i64,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// Whether the same message was accepted before; nothing was stored now then.
    pub duplicate: bool,
    /// The turn that took it in, once there is one.
    pub turn: Option<String>,
    /// Whether replies that waited for it go out now.
    pub releases: bool,
}

/// A conversation with messages to answer, held under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its channel.
    pub channel: ChannelKind,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name the contact goes by.
    pub contact_name: Option<String>,
    /// The language of the last reply, as a code.
    pub language: Option<String>,
    /// The messages to answer together, oldest first; never empty.
    pub messages: Vec<Pending>,
}

/// A message that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its place in the inbox.
    pub seq: i64,
    /// The channel's own id.
    pub message_id: String,
    /// What was said.
    pub text: String,
    /// The files that came with it and are not turned into words yet.
    pub attachments: Vec<Attachment>,
    /// What the customer is told of a file that could not be read. Not stored.
    pub unread: Option<String>,
    /// When it was accepted, in milliseconds since 1970.
    pub received_ms: i64,
    /// How often it was claimed before without getting its turn.
    pub attempts: u32,
}

/// What [`TenantDb::claim_due`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimRound {
    /// Conversations that are now held by the caller, most urgent first.
    pub claims: Vec<Claim>,
    /// When the next conversation becomes due, in milliseconds since 1970; it may be in the past when more was due
    /// than the caller asked for.
    pub next_due_ms: Option<i64>,
}

/// Who claims, and by which rules.
#[derive(Debug, Clone)]
pub struct ClaimRules {
    /// The name of the claiming process, unique to its run.
    pub owner: String,
    /// The channels it serves.
    pub channels: Vec<ChannelKind>,
    /// How long a claim holds.
    pub lease_ms: i64,
    /// The longest a burst may keep its first message waiting.
    pub max_burst_ms: i64,
    /// The most conversations in one round.
    pub limit: usize,
}

/// Messages that wait for the next commit.
#[derive(Default)]
pub(super) struct GroupCommit {
    /// Guards the queue; held only to push or to take all.
    waiting: Mutex<Vec<Waiting>>,
}

type AcceptResult = Result<Vec<Accepted>, Arc<StoreError>>;

struct Waiting {
    messages: Vec<Inbound>,
    clock: Clock,
    ids: Ids,
    done: oneshot::Sender<AcceptResult>,
}

impl TenantDb {
    /// Stores messages and returns when they are on disk, together with what others are storing just now.
    ///
    /// # Errors
    /// Nothing of this call was stored then; the channel must be told so.
    pub async fn accept(&self, messages: Vec<Inbound>, clock: &Clock, ids: &Ids) -> AcceptResult {
        let (done, mut result) = oneshot::channel();
        {
            let mut waiting = self.lanes.inbox.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= MAX_WAITING {
                return Err(Arc::new(StoreError::Busy { path: self.path().to_owned() }));
            }
            waiting.push(Waiting { messages, clock: clock.clone(), ids: ids.clone(), done });
        }
        // Whoever gets the lane first commits for everybody who queued meanwhile.
        let lane = tokio::select! {
            biased;
            outcome = &mut result => return outcome.unwrap_or_else(|_| Err(Arc::new(self.gone()))),
            lane = self.lanes.write.clone().lock_owned() => lane,
        };
        let mut lane = lane;
        let db = self.clone();
        let flushed = tokio::task::spawn_blocking(move || db.commit_waiting(&mut lane)).await;
        if let Err(join) = flushed {
            return Err(Arc::new(StoreError::lost(self.path(), &join)));
        }
        result.await.unwrap_or_else(|_| Err(Arc::new(self.gone())))
    }

    /// Commits the messages that wait, on the writing lane that the caller holds. Every writer does it before its own work:
    /// who acknowledges a message waits for one write at most, however many turns are committed.
    pub(super) fn commit_waiting(&self, lane: &mut Connection) {
        let group = {
            let mut waiting = self.lanes.inbox.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *waiting)
        };
        if group.is_empty() {
            return;
        }
        let stored = super::write_on(&self.lanes.path, lane, |tx| {
            let all = group
                .iter()
                .map(|w| w.messages.iter().map(|m| insert(tx, m, &w.clock, &w.ids)).collect())
                .collect::<Result<Vec<Vec<Accepted>>, _>>()?;
            crash::point("accept.before_commit");
            Ok(all)
        });
        crash::point("accept.after_commit");
        match stored {
            Ok(all) => {
                for (waiting, accepted) in group.into_iter().zip(all) {
                    // A caller that went away finds its message stored when it asks again.
                    drop(waiting.done.send(Ok(accepted)));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for waiting in group {
                    drop(waiting.done.send(Err(error.clone())));
                }
            }
        }
    }

    fn gone(&self) -> StoreError {
        StoreError::Lost { path: self.path().to_owned(), detail: "the commit was dropped".to_owned() }
    }

    /// What became of a message: `None` if it was never accepted.
    pub async fn find_accepted(
        &self,
        channel: ChannelKind,
        message_id: &str,
    ) -> Result<Option<Accepted>, StoreError> {
        let message_id = message_id.to_owned();
        self.read(move |tx| find(tx, channel, &message_id)).await
    }

    /// The contact and the text that a message was accepted with, to tell a repetition from another message that was
    /// given the same id.
    pub async fn accepted_as(
        &self,
        channel: ChannelKind,
        message_id: &str,
    ) -> Result<Option<(String, String)>, StoreError> {
        let message_id = message_id.to_owned();
        self.read(move |tx| {
            Ok(tx
                .query_row(
                    "select t.address, i.text from inbox i
                     join conversation c on c.id = i.conversation_id join contact t on t.id = c.contact_id
                     where i.channel = ?1 and i.message_id = ?2",
                    params![channel.as_str(), message_id],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?)
        })
        .await
    }

    /// Writes the words that a waiting message's files were turned into, so that they are not read again, and the files
    /// that are left. A message that has its turn already is left alone.
    pub async fn set_words(&self, seq: i64, text: String, left: Vec<Attachment>) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "update inbox set text = ?2, attachments = ?3 where seq = ?1 and turn_id is null",
            )?
            .execute(params![seq, text, json(&left)?])?;
            Ok(())
        })
        .await
    }

    /// Messages that wait for their turn.
    pub async fn count_pending(&self) -> Result<u64, StoreError> {
        self.read(|tx| {
            Ok(tx.query_row("select count(*) from inbox where turn_id is null", [], |row| row.get(0))?)
        })
        .await
    }
}

fn find(
    tx: &Transaction<'_>,
    channel: ChannelKind,
    message_id: &str,
) -> Result<Option<Accepted>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select seq, conversation_id, turn_id from inbox where channel = ?1 and message_id = ?2",
    )?;
    Ok(statement
        .query_row(params![channel.as_str(), message_id], |row| {
            Ok(Accepted {
                seq: row.get(0)?,
                conversation: ConversationId::new(row.get::<_, String>(1)?),
                duplicate: true,
                turn: row.get(2)?,
                releases: false,
            })
        })
        .optional()?)
}

fn insert(tx: &Transaction<'_>, message: &Inbound, clock: &Clock, ids: &Ids) -> Result<Accepted, StoreError> {
    if let Some(known) = find(tx, message.channel, &message.message_id)? {
        return Ok(known);
    }
    let now_ms = clock.now_ms();
    let conversation = super::conversation::find_or_create(tx, message, now_ms, ids)?;
    let mut statement = tx.prepare_cached(
        "insert into inbox (channel, message_id, conversation_id, text, received_ms, ready_ms, attachments)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
        message.channel.as_str(),
        message.message_id,
        conversation.as_str(),
        message.text,
        now_ms,
        now_ms + i64::from(message.quiet_ms),
        json(&message.attachments)?,
    ])?;
    let seq = tx.last_insert_rowid();
    let releases = super::outbox::release_held(tx, &conversation, now_ms)?;
    Ok(Accepted { seq, conversation, duplicate: false, turn: None, releases })
}

/// Files as they are kept; nothing for none.
fn json(files: &[Attachment]) -> Result<Option<String>, StoreError> {
    let text = (!files.is_empty()).then(|| serde_json::to_string(files)).transpose();
    text.map_err(|e| StoreError::value("list of attachments", e))
}

/// The waiting messages of a conversation, oldest first.
pub(super) fn pending(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
) -> Result<Vec<Pending>, StoreError> {
    let mut statement = tx.prepare_cached(
        "select seq, message_id, text, received_ms, attempts, attachments from inbox
         where conversation_id = ?1 and turn_id is null order by seq",
    )?;
    let rows = statement.query_map([conversation.as_str()], |row| {
        let message = Pending {
            seq: row.get(0)?,
            message_id: row.get(1)?,
            text: row.get(2)?,
            attachments: Vec::new(),
            unread: None,
            received_ms: row.get(3)?,
            attempts: row.get(4)?,
        };
        Ok((message, row.get::<_, Option<String>>(5)?))
    })?;
    rows.map(|row| {
        let (mut message, attachments) = row?;
        if let Some(attachments) = attachments {
            message.attachments = serde_json::from_str(&attachments)
                .map_err(|e| StoreError::value("list of attachments", e))?;
        }
        Ok(message)
    })
    .collect()
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
