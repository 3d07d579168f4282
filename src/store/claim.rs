//! Claims: which conversations are due, and who holds one while it is answered.
//!
//! A claim is a lease on the conversation's row. It ends by itself, so that a conversation whose worker died is taken
//! by another one.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{
    StoreError, TenantDb,
    inbox::{Claim, ClaimRound, ClaimRules, pending},
};
use crate::domain::conversation::{ChannelKind, ConversationId};

/// What a look at the inbox found, before anything is claimed.
struct Due {
    conversations: Vec<ConversationId>,
    next_due_ms: Option<i64>,
}

/// Whose live lease keeps a conversation from being claimed.
#[derive(Clone, Copy)]
enum Holder {
    /// Also the claimer's own: its turn is under way.
    Anyone,
    /// Only another's.
    Other,
}

impl TenantDb {
    /// Takes the conversations that are due: those with waiting messages, no live lease, and quiet for long enough.
    /// They are the caller's until the lease ends, the turn commits, or the caller lets go.
    pub async fn claim_due(&self, rules: &ClaimRules, now_ms: i64) -> Result<ClaimRound, StoreError> {
        // Looking is the long part of it; done on a read lane it keeps no accept waiting.
        let looking = rules.clone();
        let due = self.read(move |tx| look(tx, &looking, now_ms)).await?;
        let mut round = ClaimRound { claims: Vec::new(), next_due_ms: due.next_due_ms };
        if !due.conversations.is_empty() {
            let rules = rules.clone();
            round.claims = self
                .write(move |tx| {
                    due.conversations
                        .iter()
                        .filter_map(|conversation| {
                            claim_free(tx, conversation, &rules, Holder::Anyone, now_ms).transpose()
                        })
                        .collect()
                })
                .await?;
        }
        Ok(round)
    }

    /// Takes one conversation, if it has waiting messages and no live lease of another process.
    pub async fn claim_conversation(
        &self,
        conversation: &ConversationId,
        rules: &ClaimRules,
        now_ms: i64,
    ) -> Result<Option<Claim>, StoreError> {
        let (conversation, rules) = (conversation.clone(), rules.clone());
        self.write(move |tx| claim_free(tx, &conversation, &rules, Holder::Other, now_ms)).await
    }

    /// Lets go of a claim whose turn did not commit.
    pub async fn release(&self, conversation: &ConversationId, owner: &str) -> Result<(), StoreError> {
        let (conversation, owner) = (conversation.clone(), owner.to_owned());
        self.write(move |tx| {
            tx.execute(
                "update conversation set lease_owner = null, lease_until_ms = 0 where id = ?1 and lease_owner = ?2",
                params![conversation.as_str(), owner],
            )?;
            Ok(())
        })
        .await
    }

    /// Keeps a claim whose turn failed until `until_ms`, so that nobody tries the conversation again before.
    pub async fn postpone(
        &self,
        conversation: &ConversationId,
        owner: &str,
        until_ms: i64,
    ) -> Result<(), StoreError> {
        let (conversation, owner) = (conversation.clone(), owner.to_owned());
        self.write(move |tx| {
            // A runner that let go of the claim by itself has nobody in its place yet: it is taken again.
            tx.execute(
                "update conversation set lease_owner = ?2, lease_until_ms = ?3
                 where id = ?1 and (lease_owner = ?2 or lease_owner is null)",
                params![conversation.as_str(), owner, until_ms],
            )?;
            Ok(())
        })
        .await
    }

    /// Frees every lease whose owner's name begins with `prefix`. For a process that knows that no other such owner
    /// lives, when it starts.
    pub async fn release_all(&self, prefix: &str) -> Result<usize, StoreError> {
        let prefix = prefix.to_owned();
        self.write(move |tx| {
            Ok(tx.execute(
                "update conversation set lease_owner = null, lease_until_ms = 0
                 where lease_owner is not null and substr(lease_owner, 1, length(?1)) = ?1",
                params![prefix],
            )?)
        })
        .await
    }
}

fn look(tx: &Transaction<'_>, rules: &ClaimRules, now_ms: i64) -> Result<Due, StoreError> {
    let channels =
        serde_json::to_string(&rules.channels).map_err(|e| StoreError::value("channel list", e))?;
    let mut statement = tx.prepare_cached(
        "select i.conversation_id,
                max(min(max(i.ready_ms), min(i.received_ms) + ?2),
                    case when c.lease_owner is null then 0 else c.lease_until_ms end) as due_ms
         from inbox i join conversation c on c.id = i.conversation_id
         where i.turn_id is null and i.channel in (select value from json_each(?1))
         group by i.conversation_id
         order by min(i.priority), min(i.seq)",
    )?;
    let rows = statement.query_map(params![channels, rules.max_burst_ms], |row| {
        Ok((ConversationId::new(row.get::<_, String>(0)?), row.get::<_, i64>(1)?))
    })?;
    let mut due = Due { conversations: Vec::new(), next_due_ms: None };
    for row in rows {
        let (conversation, due_ms) = row?;
        if due_ms <= now_ms && due.conversations.len() < rules.limit {
            due.conversations.push(conversation);
        } else {
            due.next_due_ms = Some(due.next_due_ms.map_or(due_ms, |earliest| earliest.min(due_ms)));
        }
    }
    Ok(due)
}

/// Claims a conversation unless it is gone, has nothing to answer or is held.
fn claim_free(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    rules: &ClaimRules,
    respected: Holder,
    now_ms: i64,
) -> Result<Option<Claim>, StoreError> {
    let lease: Option<(Option<String>, i64)> = tx
        .prepare_cached("select lease_owner, lease_until_ms from conversation where id = ?1")?
        .query_row([conversation.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((holder, until_ms)) = lease else { return Ok(None) };
    let held = until_ms > now_ms
        && match respected {
            Holder::Anyone => holder.is_some(),
            Holder::Other => holder.is_some_and(|holder| holder != rules.owner),
        };
    let messages = pending(tx, conversation)?;
    if held || messages.is_empty() {
        return Ok(None);
    }
    tx.prepare_cached("update conversation set lease_owner = ?2, lease_until_ms = ?3 where id = ?1")?
        .execute(params![conversation.as_str(), rules.owner, now_ms + rules.lease_ms])?;
    tx.prepare_cached(
        "update inbox set attempts = attempts + 1 where conversation_id = ?1 and turn_id is null",
    )?
    .execute([conversation.as_str()])?;
    let mut statement = tx.prepare_cached(
        "select t.channel, t.address, t.name, c.language
         from conversation c join contact t on t.id = c.contact_id where c.id = ?1",
    )?;
    let (channel, contact, contact_name, language) = statement.query_row([conversation.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let channel = ChannelKind::from_name(&channel).ok_or_else(|| StoreError::value("channel", channel))?;
    Ok(Some(Claim { conversation: conversation.clone(), channel, contact, contact_name, language, messages }))
}
