//! What providers tell of replies they took: that they arrived, or that they will not.
//!
//! News come in any order, several times, and sometimes before the answer that named the reply. A reply that will not
//! arrive as it is takes its place in the outbox again, in the same transaction; the id it had is remembered, so that
//! news of that try are none of the next.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{StoreError, TenantDb};
use crate::domain::{
    conversation::ChannelKind,
    message::{DeliveryNews, DeliveryState, Failure, Remedy},
};

/// How a reply that failed on its way is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// How often it is tried in all.
    pub max_attempts: u32,
    /// The pause before the second try; it doubles with each.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
}

/// What came of news.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewsTaken {
    /// How many are of replies that this tenant sent.
    pub known: usize,
    /// How many replies are to be sent again.
    pub again: usize,
    /// How many replies wait now until their customers write.
    pub held: usize,
}

/// A reply that news are of.
struct Reply {
    seq: i64,
    state: String,
    delivery: Option<DeliveryState>,
    attempts: u32,
    /// Whether the provider has said before that the customer wrote too long ago, and they did not write since.
    was_closed: bool,
}

impl TenantDb {
    /// Notes what a provider told of replies it took. News come in any order: a state never goes back, and `failed` stands.
    /// A reply of which it was not known whether it was taken was taken when there is news of it.
    pub async fn note_news(
        &self,
        channel: ChannelKind,
        news: Vec<DeliveryNews>,
        again: Again,
        now_ms: i64,
    ) -> Result<NewsTaken, StoreError> {
        self.write(move |tx| {
            let mut taken = NewsTaken::default();
            for item in &news {
                let found = match by_id(tx, channel, item)? {
                    Some(reply) => Some(reply),
                    None => by_name(tx, channel, item)?,
                };
                if let Some(reply) = found {
                    taken.known += 1;
                    note(tx, &reply, item, again, now_ms, &mut taken)?;
                } else if is_of_earlier_try(tx, channel, item)? {
                    taken.known += 1;
                }
            }
            Ok(taken)
        })
        .await
    }
}

const SELECT: &str = "\
    select seq, state, delivery, attempts,
           window_closed_ms >= coalesce((select max(received_ms) from inbox i
                                         where i.conversation_id = outbox.conversation_id), 0)
    from outbox";

fn reply(row: &Row<'_>) -> rusqlite::Result<Reply> {
    let delivery: Option<String> = row.get(2)?;
    Ok(Reply {
        seq: row.get(0)?,
        state: row.get(1)?,
        delivery: delivery.as_deref().and_then(DeliveryState::from_name),
        attempts: row.get(3)?,
        was_closed: row.get::<_, Option<bool>>(4)?.unwrap_or_default(),
    })
}

fn by_id(
    tx: &Transaction<'_>,
    channel: ChannelKind,
    item: &DeliveryNews,
) -> Result<Option<Reply>, StoreError> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} where channel = ?1 and provider_id = ?2"))?;
    Ok(statement.query_row(params![channel.as_str(), item.provider_id], reply).optional()?)
}

/// The reply whose id did not reach us, by what we wrote on it.
fn by_name(
    tx: &Transaction<'_>,
    channel: ChannelKind,
    item: &DeliveryNews,
) -> Result<Option<Reply>, StoreError> {
    let Some(name) = &item.reply else { return Ok(None) };
    let mut statement = tx.prepare_cached(&format!(
        "{SELECT} where seq = ?1 and conversation_id = ?2 and channel = ?3 and provider_id is null and attempts > 0
                    and refused_id is not ?4"
    ))?;
    let of = params![name.seq, name.conversation.as_str(), channel.as_str(), item.provider_id];
    Ok(statement.query_row(of, reply).optional()?)
}

fn is_of_earlier_try(
    tx: &Transaction<'_>,
    channel: ChannelKind,
    item: &DeliveryNews,
) -> Result<bool, StoreError> {
    let mut statement = tx.prepare_cached("select 1 from outbox where channel = ?1 and refused_id = ?2")?;
    Ok(statement.exists(params![channel.as_str(), item.provider_id])?)
}

fn note(
    tx: &Transaction<'_>,
    reply: &Reply,
    item: &DeliveryNews,
    again: Again,
    now_ms: i64,
    taken: &mut NewsTaken,
) -> Result<(), StoreError> {
    if reply.delivery.is_some_and(|before| before >= item.state) {
        return Ok(());
    }
    let Some(failure) = item.failure.as_ref().filter(|_| item.state == DeliveryState::Failed) else {
        tx.prepare_cached(
            "update outbox set state = 'sent', provider_id = ?2, sent_ms = coalesce(sent_ms, ?3), claimed_by = null,
                    delivery = ?4, delivery_ms = ?3, held = 0 where seq = ?1",
        )?
        .execute(params![reply.seq, item.provider_id, now_ms, item.state.as_str()])?;
        return Ok(());
    };
    match failure.remedy {
        // The template itself may be refused with the same word: it is not tried for ever.
        Remedy::Template if reply.was_closed => {
            give_up(tx, reply, item, failure, now_ms)?;
            tx.prepare_cached("update outbox set held = 1 where seq = ?1")?.execute([reply.seq])?;
            taken.held += 1;
        }
        Remedy::Template => {
            try_again(tx, reply, item, failure, now_ms)?;
            tx.prepare_cached("update outbox set window_closed_ms = ?2 where seq = ?1")?
                .execute([reply.seq, now_ms])?;
            taken.again += 1;
        }
        Remedy::Again if reply.attempts < again.max_attempts => {
            let pause =
                again.first.saturating_mul(1 << reply.attempts.saturating_sub(1).min(30)).min(again.most);
            let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            try_again(tx, reply, item, failure, now_ms.saturating_add(pause_ms))?;
            taken.again += 1;
        }
        Remedy::Again | Remedy::Nothing => give_up(tx, reply, item, failure, now_ms)?,
    }
    Ok(())
}

/// Has a reply sent again at a time. One that is being sent this moment stays its sender's, who learns of it with the
/// answer.
fn try_again(
    tx: &Transaction<'_>,
    reply: &Reply,
    item: &DeliveryNews,
    failure: &Failure,
    due_ms: i64,
) -> Result<(), StoreError> {
    let state = if reply.state == "sending" { "sending" } else { "pending" };
    tx.prepare_cached(
        "update outbox set state = ?2, due_ms = ?3, refused_id = ?4, last_error = ?5, provider_id = null, sent_ms = null,
                delivery = null, delivery_ms = null
         where seq = ?1",
    )?
    .execute(params![reply.seq, state, due_ms, item.provider_id, failure.told])?;
    Ok(())
}

fn give_up(
    tx: &Transaction<'_>,
    reply: &Reply,
    item: &DeliveryNews,
    failure: &Failure,
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "update outbox set state = 'dead', provider_id = ?2, last_error = ?3, claimed_by = null, delivery = ?4,
                delivery_ms = ?5
         where seq = ?1",
    )?
    .execute(params![
        reply.seq,
        item.provider_id,
        failure.told,
        DeliveryState::Failed.as_str(),
        now_ms
    ])?;
    Ok(())
}

#[cfg(test)]
#[path = "delivery_news_tests.rs"]
mod tests;
