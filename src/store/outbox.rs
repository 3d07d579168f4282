//! The outbox: replies that a turn decided, until a channel has taken them.
//!
//! One conversation's replies go out one at a time and in order: only the oldest open row of a conversation can be
//! claimed.

use rusqlite::{Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::{
    conversation::{ChannelKind, ConversationId},
    message::Outbound,
};

/// What a sender found to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendRound {
    /// Replies that are now the caller's to send.
    pub replies: Vec<Outbound>,
    /// When the next reply becomes due, in milliseconds since 1970.
    pub next_due_ms: Option<i64>,
}

/// What to do with a reply whose sender died after the channel may have taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnknown {
    /// Send it again: it may arrive twice, it is never lost.
    Resend,
    /// Put it among the dead letters for a person to decide: it never arrives twice.
    Hold,
}

impl TenantDb {
    /// Takes replies to send on `channels`: at most `limit`, the oldest first, one per conversation.
    pub async fn claim_replies(
        &self,
        owner: &str,
        channels: &[ChannelKind],
        now_ms: i64,
        limit: usize,
    ) -> Result<SendRound, StoreError> {
        let (owner, of) = (owner.to_owned(), Of::Channels(channels.to_vec()));
        self.write(move |tx| claim(tx, &owner, &of, now_ms, limit)).await
    }

    /// Takes the next reply to send in one conversation, for who serves only that one.
    pub async fn claim_reply_of(
        &self,
        owner: &str,
        conversation: &ConversationId,
        now_ms: i64,
    ) -> Result<Option<Outbound>, StoreError> {
        let (owner, of) = (owner.to_owned(), Of::Conversation(conversation.clone()));
        let round = self.write(move |tx| claim(tx, &owner, &of, now_ms, 1)).await?;
        Ok(round.replies.into_iter().next())
    }

    /// Notes that the channel took a reply.
    pub async fn mark_sent(
        &self,
        seq: i64,
        provider_id: Option<String>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "update outbox set state = 'sent', provider_id = ?2, sent_ms = ?3, claimed_by = null where seq = ?1",
            )?
            .execute(params![seq, provider_id, now_ms])?;
            Ok(())
        })
        .await
    }

    /// Puts a reply back, to be tried again at `due_ms`.
    pub async fn mark_retry(&self, seq: i64, due_ms: i64, error: String) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "update outbox set state = 'pending', due_ms = ?2, last_error = ?3, claimed_by = null where seq = ?1",
            )?
            .execute(params![seq, due_ms, error])?;
            Ok(())
        })
        .await
    }

    /// Gives a reply up: it becomes a dead letter, and the next one of its conversation may go.
    pub async fn mark_dead(&self, seq: i64, error: String) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "update outbox set state = 'dead', last_error = ?2, claimed_by = null where seq = ?1",
            )?
            .execute(params![seq, error])?;
            Ok(())
        })
        .await
    }

    /// Settles replies that a dead sender left half-way: those claimed by an owner whose name begins with `prefix`.
    /// For a process that knows that no other such owner lives, when it starts.
    pub async fn settle_unknown(&self, prefix: &str, policy: OnUnknown) -> Result<usize, StoreError> {
        let prefix = prefix.to_owned();
        let state = match policy {
            OnUnknown::Resend => "pending",
            OnUnknown::Hold => "dead",
        };
        self.write(move |tx| {
            Ok(tx.execute(
                "update outbox set state = ?2, claimed_by = null, last_error = 'the sender died before the answer'
                 where state = 'sending' and substr(claimed_by, 1, length(?1)) = ?1",
                params![prefix, state],
            )?)
        })
        .await
    }

    /// Dead letters: replies that were given up.
    pub async fn count_dead(&self) -> Result<u64, StoreError> {
        self.read(|tx| {
            Ok(tx.query_row("select count(*) from outbox where state = 'dead'", [], |row| row.get(0))?)
        })
        .await
    }

    /// Replies that are not sent yet, dead letters not counted.
    pub async fn count_unsent(&self) -> Result<u64, StoreError> {
        self.read(|tx| {
            Ok(tx.query_row(
                "select count(*) from outbox where state in ('pending', 'sending')",
                [],
                |row| row.get(0),
            )?)
        })
        .await
    }
}

/// Whose replies are taken.
enum Of {
    Channels(Vec<ChannelKind>),
    Conversation(ConversationId),
}

fn claim(
    tx: &Transaction<'_>,
    owner: &str,
    of: &Of,
    now_ms: i64,
    limit: usize,
) -> Result<SendRound, StoreError> {
    let (channels, conversation): (&[ChannelKind], &str) = match of {
        Of::Channels(channels) => (channels, ""),
        Of::Conversation(conversation) => (&ChannelKind::ALL, conversation.as_str()),
    };
    let names = serde_json::to_string(channels).map_err(|e| StoreError::value("channel list", e))?;
    let mut statement = tx.prepare_cached(
        "select seq, conversation_id, turn_id, channel, contact, text, attempts, due_ms
         from outbox o
         where state = 'pending' and channel in (select value from json_each(?1))
           and (?2 = '' or conversation_id = ?2)
           and not exists (select 1 from outbox earlier where earlier.conversation_id = o.conversation_id
                           and earlier.seq < o.seq and earlier.state in ('pending', 'sending'))
         order by seq",
    )?;
    let rows = statement
        .query_map(params![names, conversation], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Option<String>>(2)?,
                row.get::<_, String>(3)?,
                row.get::<_, String>(4)?,
                row.get::<_, String>(5)?,
                row.get::<_, u32>(6)?,
                row.get::<_, i64>(7)?,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut round = SendRound::default();
    for (seq, conversation, turn, channel, contact, text, attempts, due_ms) in rows {
        if due_ms > now_ms || round.replies.len() >= limit {
            round.next_due_ms = Some(round.next_due_ms.map_or(due_ms, |earliest| earliest.min(due_ms)));
            continue;
        }
        tx.prepare_cached(
            "update outbox set state = 'sending', claimed_by = ?2, attempts = attempts + 1 where seq = ?1",
        )?
        .execute(params![seq, owner])?;
        round.replies.push(Outbound {
            seq,
            conversation: ConversationId::new(conversation),
            turn,
            channel: ChannelKind::from_name(&channel).ok_or_else(|| StoreError::value("channel", channel))?,
            contact,
            text,
            attempts,
        });
    }
    Ok(round)
}
