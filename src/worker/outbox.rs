//! The outbox worker sends what turns decided. It is the only caller of [`Channels::send`], and takes one reply of a
//! conversation at a time, so that they arrive in order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{
    backoff::Backoff,
    bell::Bell,
    rounds::{Pace, Rounds, Stop, Surroundings, after_ms, run},
};
use crate::{
    alerts::Alert,
    channel::{self, Channels, SendError},
    clock::{Chance, Clock},
    config::live::LiveConfig,
    crash,
    domain::{
        contact::Moved,
        message::{Outbound, OutboundKind},
        tenant::TenantId,
    },
    notify::{self, Business},
    store::StoreError,
    tenants::{TenantError, TenantUse, Tenants},
};

/// Replies under way at once, over all tenants.
const MAX_SENDS: usize = 64;

/// Replies taken from one tenant in a round.
const ROUND: usize = 16;

/// The longest a channel may take for one reply.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait before noting again what came of a reply when the database refused.
pub(super) const NOTE_AGAIN: Backoff =
    Backoff { first: Duration::from_millis(200), most: Duration::from_secs(10) };

/// How often noting is tried. After that the reply stays half-way until the next start settles it.
pub(super) const MAX_NOTES: u32 = 20;

/// The parts of an outbox worker.
#[derive(Debug, Clone)]
pub struct Outbox {
    /// The configuration in force.
    pub live: Arc<LiveConfig>,
    /// The tenants.
    pub tenants: Tenants,
    /// The ways out.
    pub channels: Channels,
    /// Rung when a turn left replies.
    pub bell: Arc<Bell>,
    /// The name on replies that are being sent, unique to this run of the process.
    pub owner: String,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
}

impl Outbox {
    /// Sends replies until told to stop.
    pub async fn run(self, stop: Stop) {
        let around = Surroundings {
            bell: self.bell.clone(),
            tenants: self.tenants.clone(),
            clock: self.clock.clone(),
            chance: self.chance,
            stop,
        };
        let places = Arc::new(Semaphore::new(MAX_SENDS));
        run(Arc::new(Worker { parts: self, places, under_way: AtomicUsize::new(0) }), around).await;
    }
}

struct Worker {
    parts: Outbox,
    /// A place for each reply that may be under way.
    places: Arc<Semaphore>,
    under_way: AtomicUsize,
}

/// A reply as its channel sends it. What the people at a desk are told is worded here, in the tenant's language, as
/// everything else that people of the business are told.
fn worded(tenant: &TenantUse, reply: &Outbound) -> Outbound {
    let text = match reply.kind {
        OutboundKind::Reply => reply.text.clone(),
        OutboundKind::Handoff => {
            let business =
                Business { tenant: tenant.id(), config: &tenant.config, prompts: &tenant.context.prompts };
            notify::desk_note(business, &reply.text)
        }
    };
    Outbound { text, ..reply.clone() }
}

/// What came of a reply, to be noted in the database.
#[derive(Debug, Clone)]
enum Outcome {
    Sent { provider_id: Option<String>, moved_to: Option<String> },
    Retry { due_ms: i64, error: String },
    Held { error: String },
    Dead { error: String },
}

impl Rounds for Worker {
    const NAME: &'static str = "outbox";

    async fn round(
        self: Arc<Self>,
        id: TenantId,
        _others: usize,
        _pace: Pace,
    ) -> anyhow::Result<Option<i64>> {
        let parts = &self.parts;
        let tenant = match parts.tenants.look(&id).await {
            Ok(tenant) => tenant,
            Err(TenantError::Unknown(_) | TenantError::Disabled(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let round =
            tenant.db().claim_replies(&parts.owner, channel::SERVED, parts.clock.now_ms(), ROUND).await?;
        if !round.replies.is_empty() {
            crash::point("outbox.after_claim");
        }
        for reply in round.replies {
            self.under_way.fetch_add(1, Ordering::AcqRel);
            tokio::spawn(self.clone().deliver(tenant.clone(), reply));
        }
        Ok(round.next_due_ms)
    }

    fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Acquire)
    }
}

impl Worker {
    async fn deliver(self: Arc<Self>, tenant: TenantUse, reply: Outbound) {
        let place = self.places.clone().acquire_owned().await;
        // In a task of its own, so that a channel that panics is a failed try like any other.
        let (channels, id, sending) =
            (self.parts.channels.clone(), tenant.id().clone(), worded(&tenant, &reply));
        let configured = tenant.context.channels.clone();
        let send = tokio::spawn(async move {
            tokio::time::timeout(SEND_TIMEOUT, channels.send(&id, &configured, &sending)).await
        });
        let temporary = |message: String| SendError::Temporary { message, retry_after: None };
        let sent = match send.await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_late)) => Err(temporary(format!("no answer within {} s", SEND_TIMEOUT.as_secs()))),
            Err(_panic) => Err(temporary("sending panicked".to_owned())),
        };
        drop(place);
        crash::point("outbox.after_send");
        let outcome = match sent {
            Ok(sent) => Outcome::Sent { provider_id: sent.provider_id, moved_to: sent.moved_to },
            Err(error) => self.outcome(&reply, error),
        };
        let (id, conversation, turn, seq) = (tenant.id(), &reply.conversation, &reply.turn, reply.seq);
        match &outcome {
            Outcome::Sent { .. } => tracing::debug!(tenant = %id, %conversation, turn, seq, "sent"),
            Outcome::Retry { error, .. } => {
                tracing::warn!(tenant = %id, %conversation, turn, seq, attempts = reply.attempts + 1, error, "a reply is tried again");
            }
            Outcome::Held { error } => {
                tracing::warn!(tenant = %id, %conversation, turn, seq, error, "a reply waits for its customer");
                self.parts
                    .channels
                    .alerts
                    .raise(Alert::ReplyHeld { tenant: id.clone(), channel: reply.channel });
            }
            Outcome::Dead { error } => {
                tracing::error!(tenant = %id, %conversation, turn, seq, attempts = reply.attempts + 1, error, "a reply was given up");
            }
        }
        self.note(&tenant, &reply, outcome).await;
        crash::point("outbox.after_mark");
        let id = id.clone();
        drop(tenant);
        self.under_way.fetch_sub(1, Ordering::AcqRel);
        // The conversation's next reply may go now.
        self.parts.bell.ring(&id);
    }

    fn outcome(&self, reply: &Outbound, error: SendError) -> Outcome {
        let rules = &self.parts.live.get().outbox;
        let text = error.to_string();
        match error {
            SendError::Temporary { retry_after, .. } if reply.attempts + 1 < rules.max_attempts => {
                let backoff = Backoff { first: rules.first_retry, most: rules.max_retry };
                let pause = backoff.pause(reply.attempts, self.parts.chance);
                // A provider that asks for a week is asked again sooner.
                let asked = retry_after.unwrap_or_default().min(rules.max_retry);
                Outcome::Retry { due_ms: after_ms(self.parts.clock.now_ms(), pause.max(asked)), error: text }
            }
            SendError::WindowClosed { .. } => Outcome::Held { error: text },
            SendError::Temporary { .. } | SendError::Permanent { .. } => Outcome::Dead { error: text },
        }
    }

    /// Writes down what came of a reply, again and again if the database refuses: until it is written nobody may
    /// send the reply a second time.
    async fn note(&self, tenant: &TenantUse, reply: &Outbound, outcome: Outcome) {
        let seq = reply.seq;
        for failures in 0..MAX_NOTES {
            let Err(error) = self.note_once(tenant, reply, outcome.clone()).await else { return };
            let pause = NOTE_AGAIN.pause(failures, self.parts.chance);
            let retry_in_ms = after_ms(0, pause);
            tracing::warn!(tenant = %tenant.id(), seq, %error, retry_in_ms, "cannot note what came of a reply");
            tokio::time::sleep(pause).await;
        }
        tracing::error!(tenant = %tenant.id(), seq, "what came of a reply is not noted; the next start settles it");
    }

    async fn note_once(
        &self,
        tenant: &TenantUse,
        reply: &Outbound,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let (db, seq) = (tenant.db(), reply.seq);
        match outcome {
            Outcome::Sent { provider_id, moved_to } => {
                db.mark_sent(seq, provider_id, self.parts.clock.now_ms()).await?;
                if let Some(to) = moved_to {
                    db.move_contact(reply.channel, Moved { from: reply.contact.clone(), to }).await?;
                }
                Ok(())
            }
            Outcome::Retry { due_ms, error } => db.mark_retry(seq, due_ms, error).await,
            Outcome::Held { error } => db.mark_held(seq, error).await,
            Outcome::Dead { error } => db.mark_dead(seq, error).await,
        }
    }
}
