//! The dispatcher takes conversations that are due and runs their turns: one at a time per conversation, a bounded
//! number at once, and every tenant in its place in the row.
//!
//! It never answers anything itself. A turn that fails or panics puts only its own conversation off.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    backoff::Backoff,
    bell::Bell,
    indexing::{self, Indexer},
    rounds::{Pace, Rounds, Stop, Surroundings, after_ms, run},
    runner::RunError,
    turns::Turns,
};
use crate::{
    channel::{self, Channels, api::ReplyDesk},
    clock::{Chance, Clock},
    config::live::LiveConfig,
    crash,
    domain::{tenant::TenantId, turn::TurnReport},
    store::inbox::{Claim, ClaimRules},
    tenants::{TenantError, TenantUse, Tenants},
};

/// How long a conversation is put off after its turn failed.
const AFTER_FAILURE: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(300) };

/// The parts of a dispatcher.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    /// The configuration in force.
    pub live: Arc<LiveConfig>,
    /// The tenants.
    pub tenants: Tenants,
    /// What answers.
    pub turns: Turns,
    /// What reads a tenant's documents before its first turn.
    pub indexer: Arc<Indexer>,
    /// Rung when a message was accepted.
    pub bell: Arc<Bell>,
    /// Rung when a turn left replies.
    pub outbox: Arc<Bell>,
    /// Rung when a turn was committed, which may have left something to tell the business.
    pub deliveries: Arc<Bell>,
    /// Rung when a conversation will have something to be summed up.
    pub memory: Arc<Bell>,
    /// Rung when a turn may have made an appointment.
    pub appointments: Arc<Bell>,
    /// Where requests wait for replies.
    pub desk: Arc<ReplyDesk>,
    /// What shows that an answer is being written.
    pub channels: Channels,
    /// The name in the leases, unique to this run of the process.
    pub owner: String,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
}

impl Dispatcher {
    /// Runs turns until told to stop.
    pub async fn run(self, stop: Stop) {
        let around = Surroundings {
            bell: self.bell.clone(),
            tenants: self.tenants.clone(),
            clock: self.clock.clone(),
            chance: self.chance,
            stop,
        };
        let most = usize::try_from(self.live.get().worker.concurrent_turns).unwrap_or(usize::MAX);
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        run(Arc::new(Worker { parts: self, places, most, under_way: AtomicUsize::new(0) }), around).await;
    }
}

struct Worker {
    parts: Dispatcher,
    /// A place for each turn that may run at once.
    places: Arc<Semaphore>,
    most: usize,
    under_way: AtomicUsize,
}

impl Rounds for Worker {
    const NAME: &'static str = "dispatcher";

    async fn round(self: Arc<Self>, id: TenantId, others: usize, pace: Pace) -> anyhow::Result<Option<i64>> {
        let parts = &self.parts;
        let tenant = match parts.tenants.look(&id).await {
            Ok(tenant) => tenant,
            // Its messages wait until it is back.
            Err(TenantError::Unknown(_) | TenantError::Disabled(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if !parts.indexer.is_ready(&tenant, &parts.bell) {
            return Ok(Some(after_ms(parts.clock.now_ms(), indexing::MAX_WAIT)));
        }
        let mut places = self.places(others).await;
        let worker = &parts.live.get().worker;
        let rules = ClaimRules {
            owner: parts.owner.clone(),
            channels: channel::SERVED.to_vec(),
            lease_ms: after_ms(0, worker.lease),
            max_burst_ms: match pace {
                Pace::Normal => after_ms(0, worker.max_burst),
                Pace::Hurry => 0,
            },
            limit: places.len(),
        };
        let round = tenant.db().claim_due(&rules, parts.clock.now_ms()).await?;
        if !round.claims.is_empty() {
            crash::point("dispatch.after_claim");
        }
        for claim in round.claims {
            let Some(place) = places.pop() else { break };
            self.under_way.fetch_add(1, Ordering::AcqRel);
            let limit = worker.lease;
            tokio::spawn(self.clone().turn(tenant.clone(), claim, place, limit));
        }
        Ok(round.next_due_ms)
    }

    fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Acquire) + self.parts.indexer.under_way()
    }
}

impl Worker {
    /// Waits for a place and takes this tenant's share of those that are free: never so many that a tenant with much
    /// to do, or with a locked database, leaves nothing for the next one.
    async fn places(&self, others: usize) -> Vec<OwnedSemaphorePermit> {
        let mut places = Vec::new();
        if let Ok(first) = self.places.clone().acquire_owned().await {
            places.push(first);
        }
        let share = (self.places.available_permits() / (others + 1)).min(self.most.div_ceil(4));
        while places.len() < share {
            let Ok(place) = self.places.clone().try_acquire_owned() else { break };
            places.push(place);
        }
        places
    }

    async fn turn(
        self: Arc<Self>,
        tenant: TenantUse,
        claim: Claim,
        place: OwnedSemaphorePermit,
        limit: Duration,
    ) {
        let parts = &self.parts;
        let (conversation, id) = (claim.conversation.clone(), tenant.id().clone());
        let attempts = claim.messages.iter().map(|message| message.attempts).max().unwrap_or(0);
        let typing = parts.channels.show_typing(&tenant.context.channels, claim.channel, &claim.contact);
        let run = parts.turns.run(&tenant.context, claim, &parts.owner);
        let caught = std::panic::AssertUnwindSafe(tokio::time::timeout(limit, run)).catch_unwind();
        match caught.await {
            Ok(Ok(Ok(report))) => {
                let quiet = tenant.config.memory.consolidate_after;
                if tenant.config.booking.is_some() {
                    parts.appointments.ring(&id);
                }
                parts.memory.ring_at(&id, after_ms(parts.clock.now_ms(), quiet));
                self.done(&id, &report);
            }
            Ok(Ok(Err(RunError::LeaseLost))) => {
                tracing::warn!(tenant = %id, %conversation, "the lease ended before the turn did");
            }
            Ok(Ok(Err(error))) => self.put_off(&tenant, &conversation, attempts, error.to_string()).await,
            Ok(Err(_late)) => {
                let error = format!("no end within {} s", limit.as_secs());
                self.put_off(&tenant, &conversation, attempts, error).await;
            }
            Err(_panic) => {
                self.put_off(&tenant, &conversation, attempts, "it panicked".to_owned()).await;
            }
        }
        drop((tenant, place, typing));
        self.under_way.fetch_sub(1, Ordering::AcqRel);
        // The customer may have written again while the turn ran.
        parts.bell.ring(&id);
    }

    fn done(&self, id: &TenantId, report: &TurnReport) {
        tracing::info!(
            tenant = %id,
            conversation = %report.conversation,
            turn = report.turn,
            answered_by = report.answered_by,
            language = report.language.code(),
            total_ms = report.latency_ms.total,
            "answered"
        );
        self.parts.deliveries.ring(id);
        if report.messages.is_empty() {
            // Nothing will be sent that could call them.
            self.parts.desk.hand_over(id, &report.conversation);
        } else {
            self.parts.outbox.ring(id);
        }
    }

    /// Keeps a conversation whose turn failed from being tried again at once. Its messages stay in the inbox.
    async fn put_off(
        &self,
        tenant: &TenantUse,
        conversation: &crate::domain::conversation::ConversationId,
        attempts: u32,
        error: String,
    ) {
        let pause = AFTER_FAILURE.pause(attempts, self.parts.chance);
        let retry_in_ms = after_ms(0, pause);
        tracing::error!(tenant = %tenant.id(), %conversation, attempts = attempts + 1, error, retry_in_ms, "a turn failed");
        let until_ms = after_ms(self.parts.clock.now_ms(), pause);
        if let Err(error) = tenant.db().postpone(conversation, &self.parts.owner, until_ms).await {
            tracing::warn!(tenant = %tenant.id(), %conversation, %error, "the conversation is tried again when its lease ends");
        }
    }
}
