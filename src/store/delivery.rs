//! Deliveries: what the business is told, until the place it is told at has taken it.
//!
//! Each target of a tenant gets one delivery at a time, the urgent ones first and then the oldest, so that a target
//! that hangs keeps no other one waiting.

use rusqlite::{Transaction, params};
use serde_json::Value;

use super::{StoreError, TenantDb, outbox::OnUnknown};
use crate::domain::effect::{DeliveryEvent, DeliveryTarget};

/// How long a delivery may be under way before another sender may take it over, in milliseconds. Far more than a
/// sender needs for the sending and for noting what came of it, so that it is only ever a dead one that loses it.
const CLAIM_MS: i64 = 10 * 60 * 1000;

/// The targets that know a delivery by its id, or write to the same record again: a second copy changes nothing there.
const KNOW_COPIES: [DeliveryTarget; 3] =
    [DeliveryTarget::Webhook, DeliveryTarget::Crm, DeliveryTarget::Hubspot];

/// What is noted of a delivery whose sender died between the sending and the noting.
const UNKNOWN: &str = "the sender died before the answer";

/// A delivery that is the caller's to send.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedDelivery {
    /// Its id, the same at every try.
    pub id: String,
    /// Where it goes.
    pub target: DeliveryTarget,
    /// What it tells.
    pub event: DeliveryEvent,
    /// The id of what it tells of.
    pub subject: String,
    /// The data.
    pub payload: Value,
    /// Goes before the others.
    pub urgent: bool,
    /// Earlier tries.
    pub attempts: u32,
    /// When it was decided, in milliseconds since 1970.
    pub created_ms: i64,
}

/// What a sender found to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeliveryRound {
    /// Deliveries that are now the caller's to send, one for each target at most.
    pub deliveries: Vec<ClaimedDelivery>,
    /// When the next delivery to one of the other targets becomes due, in milliseconds since 1970.
    pub next_due_ms: Option<i64>,
}

impl TenantDb {
    /// Takes deliveries to send: the most pressing one of each target that is not among `busy`.
    ///
    /// One that its sender left half-way is settled first when its time is over: see
    /// [`Self::settle_unknown_deliveries`].
    pub async fn claim_deliveries(
        &self,
        owner: &str,
        busy: &[DeliveryTarget],
        policy: OnUnknown,
        now_ms: i64,
    ) -> Result<DeliveryRound, StoreError> {
        let (owner, busy) = (owner.to_owned(), busy.to_vec());
        self.write(move |tx| {
            settle(tx, &Left::Since(now_ms), policy)?;
            let mut round = DeliveryRound::default();
            for target in DeliveryTarget::ALL.into_iter().filter(|target| !busy.contains(target)) {
                if let Some(delivery) = claim_one(tx, &owner, target, now_ms)? {
                    round.deliveries.push(delivery);
                }
            }
            round.next_due_ms = next_due_ms(tx, &round, &busy)?;
            Ok(round)
        })
        .await
    }

    /// Notes that the target took a delivery.
    pub async fn mark_delivered(&self, id: &str, now_ms: i64) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.prepare_cached(
                "update delivery set state = 'sent', sent_ms = ?2, claimed_by = null, last_error = null where id = ?1",
            )?
            .execute(params![id, now_ms])?;
            Ok(())
        })
        .await
    }

    /// Puts a delivery back, to be tried again at `due_ms`.
    pub async fn retry_delivery(&self, id: &str, due_ms: i64, error: String) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            tx.prepare_cached(
                "update delivery set state = 'pending', due_ms = ?2, last_error = ?3, claimed_by = null where id = ?1",
            )?
            .execute(params![id, due_ms, error])?;
            Ok(())
        })
        .await
    }

    /// Gives a delivery up: it becomes a dead letter.
    pub async fn bury_delivery(&self, id: &str, error: String) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |tx| bury(tx, &id, &error)).await
    }

    /// Settles deliveries that a dead sender left half-way: those claimed by an owner whose name begins with `prefix`.
    /// For a process that knows that no other such owner lives, when it starts. What a target would know for a copy
    /// is sent again whatever `policy` says.
    pub async fn settle_unknown_deliveries(
        &self,
        prefix: &str,
        policy: OnUnknown,
    ) -> Result<usize, StoreError> {
        let prefix = prefix.to_owned();
        self.write(move |tx| settle(tx, &Left::By(prefix), policy)).await
    }

    /// Deliveries that were not taken yet, dead letters not counted.
    pub async fn count_undelivered(&self) -> Result<u64, StoreError> {
        self.read(|tx| {
            Ok(tx.query_row(
                "select count(*) from delivery where state in ('pending', 'sending')",
                [],
                |row| row.get(0),
            )?)
        })
        .await
    }
}

/// The most pressing delivery to a target. As the next one it names the condition of the index `delivery_open` word for
/// word, or SQLite would read every delivery that there ever was.
const DUE: &str =
    "select id, event, subject, payload, urgent, attempts, created_ms from delivery indexed by delivery_open
     where state in ('pending', 'sending') and state = 'pending' and target = ?1 and due_ms <= ?2
     order by urgent desc, created_ms, id limit 1";

/// What becomes of those that were left half-way. They are due at once.
const SETTLE: &str = "update delivery
     set state = case when target in (select value from json_each(?3)) then 'pending' else 'dead' end,
     claimed_by = null, last_error = ?4, due_ms = created_ms
     where state in ('pending', 'sending') and state = 'sending' and due_ms <= ?2
     and substr(claimed_by, 1, length(?1)) = ?1";

/// Which half-way deliveries are known to be left by a dead sender.
enum Left {
    /// Those of owners whose name begins so.
    By(String),
    /// Those whose time is over by then.
    Since(i64),
}

fn settle(tx: &Transaction<'_>, left: &Left, policy: OnUnknown) -> Result<usize, StoreError> {
    let (prefix, now_ms) = match left {
        Left::By(prefix) => (prefix.as_str(), i64::MAX),
        Left::Since(now_ms) => ("", *now_ms),
    };
    let again = match policy {
        OnUnknown::Resend => DeliveryTarget::ALL.as_slice(),
        OnUnknown::Hold => KNOW_COPIES.as_slice(),
    };
    let again = names(again)?;
    Ok(tx.prepare_cached(SETTLE)?.execute(params![prefix, now_ms, again, UNKNOWN])?)
}

fn claim_one(
    tx: &Transaction<'_>,
    owner: &str,
    target: DeliveryTarget,
    now_ms: i64,
) -> Result<Option<ClaimedDelivery>, StoreError> {
    loop {
        let found = tx
            .prepare_cached(DUE)?
            .query_map(params![target.as_str(), now_ms], |row| {
                let event: String = row.get(1)?;
                let payload: String = row.get(3)?;
                let delivery = ClaimedDelivery {
                    id: row.get(0)?,
                    target,
                    event: DeliveryEvent::Handoff,
                    subject: row.get(2)?,
                    payload: Value::Null,
                    urgent: row.get(4)?,
                    attempts: row.get(5)?,
                    created_ms: row.get(6)?,
                };
                Ok((delivery, event, payload))
            })?
            .next()
            .transpose()?;
        let Some((delivery, event, payload)) = found else { return Ok(None) };
        let (Some(event), Ok(payload)) = (DeliveryEvent::from_name(&event), serde_json::from_str(&payload))
        else {
            // It must not stand in the way of those behind it.
            bury(tx, &delivery.id, "what is to be told cannot be understood")?;
            continue;
        };
        tx.prepare_cached(
            "update delivery set state = 'sending', claimed_by = ?2, attempts = attempts + 1, due_ms = ?3 where id = ?1",
        )?
        .execute(params![delivery.id, owner, now_ms.saturating_add(CLAIM_MS)])?;
        return Ok(Some(ClaimedDelivery { event, payload, ..delivery }));
    }
}

/// When somebody should look again. The end of a delivery under way is told by whoever has it, so its target does not
/// count; but a claim whose owner may be dead has its end.
fn next_due_ms(
    tx: &Transaction<'_>,
    round: &DeliveryRound,
    busy: &[DeliveryTarget],
) -> Result<Option<i64>, StoreError> {
    let taken = round.deliveries.iter().map(|delivery| delivery.target);
    let busy = names(&busy.iter().copied().chain(taken).collect::<Vec<_>>())?;
    Ok(tx
        .prepare_cached(
            "select min(due_ms) from delivery
             where state in ('pending', 'sending')
               and (state = 'sending' or target not in (select value from json_each(?1)))",
        )?
        .query_row(params![busy], |row| row.get(0))?)
}

fn bury(tx: &Transaction<'_>, id: &str, error: &str) -> Result<(), StoreError> {
    tx.prepare_cached(
        "update delivery set state = 'dead', last_error = ?2, claimed_by = null where id = ?1",
    )?
    .execute(params![id, error])?;
    Ok(())
}

fn names(targets: &[DeliveryTarget]) -> Result<String, StoreError> {
    serde_json::to_string(targets).map_err(|e| StoreError::value("list of targets", e))
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
