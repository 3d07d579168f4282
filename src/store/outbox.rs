//! The outbox: replies that a turn decided, until a channel has taken them.
//!
//! One conversation's replies go out one at a time and in order: only the oldest open row of a conversation can be
//! claimed.

use rusqlite::{Row, Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::{
    conversation::{ChannelKind, ConversationId},
    message::{Outbound, OutboundKind},
    split::split,
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

/// Words that leave a conversation.
pub(super) struct Leaving<'a> {
    pub(super) conversation: &'a ConversationId,
    /// The turn that decided it; none for what a person wrote.
    pub(super) turn: Option<&'a str>,
    pub(super) kind: OutboundKind,
    pub(super) text: &'a str,
    /// Answers to choose from.
    pub(super) choices: &'a [String],
    pub(super) now_ms: i64,
}

/// Puts words into the outbox, in as many rows as their channel needs; the last one has the choices. Gives the rows.
pub(super) fn insert(tx: &Transaction<'_>, leaving: &Leaving<'_>) -> Result<Vec<i64>, StoreError> {
    let conversation = leaving.conversation.as_str();
    let (channel, contact): (String, String) = tx
        .prepare_cached(
            "select t.channel, t.address from conversation c join contact t on t.id = c.contact_id where c.id = ?1",
        )?
        .query_row([conversation], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let limit = ChannelKind::from_name(&channel).map_or(usize::MAX, ChannelKind::text_limit);
    let pieces = match leaving.kind {
        OutboundKind::Reply => split(leaving.text, limit),
        OutboundKind::Handoff => vec![leaving.text.to_owned()],
    };
    let choices = (!leaving.choices.is_empty())
        .then(|| serde_json::to_string(leaving.choices))
        .transpose()
        .map_err(|e| StoreError::value("list of choices", e))?;
    let mut rows = Vec::with_capacity(pieces.len());
    for (place, piece) in pieces.iter().enumerate() {
        let is_last = place + 1 == pieces.len();
        tx.prepare_cached(
            "insert into outbox (conversation_id, turn_id, channel, contact, kind, text, choices, state, due_ms, created_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?8)",
        )?
        .execute(params![
            conversation,
            leaving.turn,
            channel,
            contact,
            leaving.kind.as_str(),
            piece,
            choices.as_ref().filter(|_| is_last),
            leaving.now_ms,
        ])?;
        rows.push(tx.last_insert_rowid());
    }
    Ok(rows)
}

/// Has the replies go out that waited for this conversation's customer to write. Gives whether there were any.
pub(super) fn release_held(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let released = tx
        .prepare_cached(
            "update outbox set state = 'pending', held = 0, attempts = 0, due_ms = ?2
             where conversation_id = ?1 and held = 1",
        )?
        .execute(params![conversation.as_str(), now_ms])?;
    Ok(released > 0)
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

    /// Notes that the channel took a reply. One that the provider has told us meanwhile will not arrive is sent again.
    pub async fn mark_sent(
        &self,
        seq: i64,
        provider_id: Option<String>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let again = tx
                .prepare_cached(
                    "update outbox set state = 'pending', claimed_by = null
                     where seq = ?1 and state = 'sending' and refused_id = ?2",
                )?
                .execute(params![seq, provider_id])?;
            if again == 0 {
                tx.prepare_cached(
                    "update outbox set state = 'sent', provider_id = ?2, sent_ms = ?3, claimed_by = null,
                            delivery = case when provider_id = ?2 then delivery end
                     where seq = ?1 and state in ('sending', 'sent')",
                )?
                .execute(params![seq, provider_id, now_ms])?;
            }
            Ok(())
        })
        .await
    }

    /// The last `limit` replies of a conversation that left or are about to, the newest first: the provider's id, where it
    /// is known already, and the words.
    pub async fn recent_replies(
        &self,
        conversation: &ConversationId,
        limit: u32,
    ) -> Result<Vec<(Option<String>, String)>, StoreError> {
        let conversation = conversation.clone();
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(
                "select provider_id, text from outbox
                 where conversation_id = ?1 and kind = 'reply' and state in ('pending', 'sending', 'sent')
                 order by seq desc limit ?2",
            )?;
            let rows = statement
                .query_map(params![conversation.as_str(), limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Puts a reply back, to be tried again at `due_ms`.
    pub async fn mark_retry(&self, seq: i64, due_ms: i64, error: String) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "update outbox set state = 'pending', due_ms = ?2, last_error = ?3, claimed_by = null
                 where seq = ?1 and state <> 'sent'",
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
                "update outbox set state = 'dead', last_error = ?2, claimed_by = null where seq = ?1 and state <> 'sent'",
            )?
            .execute(params![seq, error])?;
            Ok(())
        })
        .await
    }

    /// Keeps a reply that its channel takes only after the customer has written again: a dead letter until then.
    pub async fn mark_held(&self, seq: i64, error: String) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "update outbox set state = 'dead', held = 1, last_error = ?2, claimed_by = null
                 where seq = ?1 and state <> 'sent'",
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
        "select seq, conversation_id, turn_id, channel, contact, text, attempts, due_ms, kind, choices,
                (select route from conversation c where c.id = o.conversation_id),
                (select max(received_ms) from inbox i where i.conversation_id = o.conversation_id),
                window_closed_ms
         from outbox o
         where state = 'pending' and channel in (select value from json_each(?1))
           and (?2 = '' or conversation_id = ?2)
           and not exists (select 1 from outbox earlier where earlier.conversation_id = o.conversation_id
                           and earlier.seq < o.seq and earlier.state in ('pending', 'sending'))
         order by seq",
    )?;
    let rows = statement.query_map(params![names, conversation], raw)?.collect::<Result<Vec<_>, _>>()?;
    let mut round = SendRound::default();
    for row in rows {
        if row.due_ms > now_ms || round.replies.len() >= limit {
            let due_ms = row.due_ms;
            round.next_due_ms = Some(round.next_due_ms.map_or(due_ms, |earliest| earliest.min(due_ms)));
            continue;
        }
        tx.prepare_cached(
            "update outbox set state = 'sending', claimed_by = ?2, attempts = attempts + 1 where seq = ?1",
        )?
        .execute(params![row.seq, owner])?;
        round.replies.push(row.understood()?);
    }
    Ok(round)
}

/// A reply as it is stored, whose names are still to be understood.
struct RawReply {
    seq: i64,
    conversation: String,
    turn: Option<String>,
    channel: String,
    contact: String,
    text: String,
    attempts: u32,
    due_ms: i64,
    kind: String,
    choices: Option<String>,
    route: Option<String>,
    last_heard_ms: Option<i64>,
    window_closed_ms: Option<i64>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawReply> {
    Ok(RawReply {
        seq: row.get(0)?,
        conversation: row.get(1)?,
        turn: row.get(2)?,
        channel: row.get(3)?,
        contact: row.get(4)?,
        text: row.get(5)?,
        attempts: row.get(6)?,
        due_ms: row.get(7)?,
        kind: row.get(8)?,
        choices: row.get(9)?,
        route: row.get(10)?,
        last_heard_ms: row.get(11)?,
        window_closed_ms: row.get(12)?,
    })
}

impl RawReply {
    fn understood(self) -> Result<Outbound, StoreError> {
        let channel = ChannelKind::from_name(&self.channel)
            .ok_or_else(|| StoreError::value("channel", self.channel))?;
        let kind = OutboundKind::from_name(&self.kind)
            .ok_or_else(|| StoreError::value("kind of reply", self.kind))?;
        let choices = self.choices.map(|choices| serde_json::from_str(&choices)).transpose();
        Ok(Outbound {
            seq: self.seq,
            conversation: ConversationId::new(self.conversation),
            turn: self.turn,
            channel,
            contact: self.contact,
            kind,
            text: self.text,
            choices: choices.map_err(|e| StoreError::value("list of choices", e))?.unwrap_or_default(),
            route: self.route,
            last_heard_ms: self.last_heard_ms,
            window_closed_ms: self.window_closed_ms,
            attempts: self.attempts,
        })
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
