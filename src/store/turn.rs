//! Committing a turn: what was said, what goes out, what else happens and that the inbox is done, in one transaction.
//!
//! A turn may have no reply: while a person speaks in the conversation, only what the customer said is written down.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{
    StoreError, TenantDb,
    effect::{self, Applying},
    handoff, inbox,
    outbox::{self, Leaving},
    usage::{self, KeyUsage},
};
use crate::{
    clock::Ids,
    domain::{
        conversation::ConversationId,
        effect::Effect,
        message::{Attachment, OutboundKind, Role},
        turn::TurnReport,
    },
};

/// A turn ready to be committed.
#[derive(Debug, Clone)]
pub struct TurnCommit {
    /// The record; its `turn`, `conversation`, `messages` and `language` are what is stored.
    pub report: TurnReport,
    /// Who holds the conversation's lease.
    pub owner: String,
    /// The inbox rows that this turn answers.
    pub answered: Vec<i64>,
    /// What to do when more messages came meanwhile.
    pub newer: Newer,
    /// What else happens with the turn, in order. A handoff among them makes the conversation wait for a person.
    pub effects: Vec<Effect>,
    /// When a person last did something in the conversation, as the turn saw it when it began
    /// ([`TurnContext::owner_ms`](super::turn_context::TurnContext::owner_ms)).
    pub owner_ms: i64,
    /// Whether the product takes the conversation back, before the effects, because the person was silent too long.
    pub returned: bool,
    /// Answers of "I do not know" in a row, this turn included.
    pub fallbacks: u32,
    /// The agents that took part, best first.
    pub agents: Vec<String>,
    /// What was spent with models.
    pub usage: Vec<KeyUsage>,
    /// Where the ids of new rows come from.
    pub ids: Ids,
    /// The time of the commit, in milliseconds since 1970.
    pub now_ms: i64,
}

/// What to do when the customer wrote again before the turn was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    /// Do not commit: the turn starts over with all messages.
    Supersede,
    /// Commit: the newer messages get a turn of their own.
    Leave,
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Everything is stored; the outbox rows, in order.
    Done(Vec<i64>),
    /// Nothing is stored: these messages wait now, the answered ones among them.
    Superseded(Vec<inbox::Pending>),
    /// Nothing is stored: a person took the conversation, spoke in it or gave it back meanwhile. The turn starts over.
    OwnerChanged,
    /// Nothing is stored: what an effect stands on (the stock, a slot) has changed meanwhile. The turn starts over.
    Stale,
    /// Nothing is stored: the lease ended and the conversation is no longer the caller's.
    LeaseLost,
}

impl TenantDb {
    /// Commits a turn and gives the conversation free, or says why not and changes nothing.
    pub async fn commit_turn(&self, commit: TurnCommit) -> Result<Committed, StoreError> {
        match self.write(move |tx| commit_turn(tx, &commit)).await {
            Err(StoreError::Stale) => Ok(Committed::Stale),
            ended => ended,
        }
    }

    /// The record of a turn.
    pub async fn turn_report(&self, turn: &str) -> Result<Option<TurnReport>, StoreError> {
        let turn = turn.to_owned();
        self.read(move |tx| {
            let stored: Option<String> =
                tx.query_row("select report from turn where id = ?1", [turn], |row| row.get(0)).optional()?;
            stored
                .map(|json| serde_json::from_str(&json).map_err(|e| StoreError::value("turn", e)))
                .transpose()
        })
        .await
    }
}

/// What a customer's message shows in the conversation: its words, and a sign for each file that could not be read.
fn said(pending: &inbox::Pending) -> String {
    let signs = pending.attachments.iter().map(Attachment::sign);
    let parts = std::iter::once(pending.text.clone()).filter(|text| !text.is_empty()).chain(signs);
    parts.collect::<Vec<_>>().join("\n")
}

fn commit_turn(tx: &Transaction<'_>, commit: &TurnCommit) -> Result<Committed, StoreError> {
    let report = &commit.report;
    let conversation: &ConversationId = &report.conversation;
    let held: bool = tx.query_row(
        "select lease_owner is ?2 from conversation where id = ?1",
        params![conversation.as_str(), commit.owner],
        |row| row.get(0),
    )?;
    let waiting = inbox::pending(tx, conversation)?;
    let unanswered = |seq: &i64| !waiting.iter().any(|pending| pending.seq == *seq);
    if !held || commit.answered.iter().any(unanswered) {
        return Ok(Committed::LeaseLost);
    }
    if commit.newer == Newer::Supersede && waiting.len() > commit.answered.len() {
        return Ok(Committed::Superseded(waiting));
    }
    if handoff::owner_changed(tx, conversation, commit.owner_ms)? {
        return Ok(Committed::OwnerChanged);
    }

    let json = serde_json::to_string(report).map_err(|e| StoreError::value("turn", e))?;
    tx.prepare_cached("insert into turn (id, conversation_id, report, created_ms) values (?1, ?2, ?3, ?4)")?
        .execute(params![report.turn, conversation.as_str(), json, commit.now_ms])?;
    let mut say = tx.prepare_cached(
        "insert into message (conversation_id, turn_id, role, message_id, text, created_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for pending in waiting.iter().filter(|pending| commit.answered.contains(&pending.seq)) {
        say.execute(params![
            conversation.as_str(),
            report.turn,
            Role::Customer.as_str(),
            pending.message_id,
            said(pending),
            pending.received_ms,
        ])?;
        tx.prepare_cached("update inbox set turn_id = ?2 where seq = ?1")?
            .execute(params![pending.seq, report.turn])?;
    }
    let mut leaving_rows = Vec::with_capacity(report.messages.len());
    for (place, text) in report.messages.iter().enumerate() {
        let is_last = place + 1 == report.messages.len();
        say.execute(params![
            conversation.as_str(),
            report.turn,
            Role::Assistant.as_str(),
            None::<String>,
            text,
            commit.now_ms,
        ])?;
        let leaving = Leaving {
            conversation,
            turn: Some(&report.turn),
            kind: OutboundKind::Reply,
            text,
            choices: if is_last { &report.choices } else { &[] },
            now_ms: commit.now_ms,
        };
        leaving_rows.extend(outbox::insert(tx, &leaving)?);
    }
    let agents = serde_json::to_string(&commit.agents).map_err(|e| StoreError::value("list of agents", e))?;
    tx.prepare_cached(
        "update conversation set lease_owner = null, lease_until_ms = 0, language = ?2, fallbacks = ?3, agents = ?4,
                                 updated_ms = ?5
         where id = ?1",
    )?
    .execute(params![
        conversation.as_str(),
        report.language.code(),
        commit.fallbacks,
        agents,
        commit.now_ms
    ])?;
    let applying = Applying { tx, conversation, now_ms: commit.now_ms, ids: &commit.ids };
    if commit.returned {
        handoff::return_idle(&applying)?;
    }
    effect::apply(&applying, &commit.effects)?;
    usage::add(tx, conversation, &commit.usage, commit.now_ms)?;
    Ok(Committed::Done(leaving_rows))
}
