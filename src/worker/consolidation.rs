//! The memory worker: sums up conversations that have been quiet for long enough, forgets facts whose time is over, and
//! finishes what forgetting a contact left to do. Nobody waits for it, so it leaves all that is urgent to the others.

use std::sync::Arc;

use super::{
    bell::Bell,
    rounds::{Pace, Rounds, Stop, Surroundings, after_ms, run},
    summariser::Summariser,
    turns::LiveRunner,
};
use crate::{
    clock::{Chance, Clock},
    domain::tenant::TenantId,
    knowledge::embed::Embedder,
    tenants::{TenantError, Tenants},
};

/// Conversations summed up in a round. The next round follows at once when there are more.
const ROUND: u32 = 16;

/// The parts of a memory worker.
#[derive(Debug, Clone)]
pub struct Consolidation {
    /// The tenants.
    pub tenants: Tenants,
    /// Whose models are asked.
    pub runner: LiveRunner,
    /// Makes the vectors.
    pub embedder: Arc<Embedder>,
    /// Rung when a tenant has something to sum up.
    pub bell: Arc<Bell>,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
}

impl Consolidation {
    /// Works until told to stop. What is not done by then is done after the next start.
    pub async fn run(self, stop: Stop) {
        let around = Surroundings {
            bell: self.bell.clone(),
            tenants: self.tenants.clone(),
            clock: self.clock.clone(),
            chance: self.chance,
            stop: stop.clone(),
        };
        run(Arc::new(Worker { parts: self, stop }), around).await;
    }
}

struct Worker {
    parts: Consolidation,
    stop: Stop,
}

impl Rounds for Worker {
    const NAME: &'static str = "memory";

    async fn round(self: Arc<Self>, id: TenantId, _others: usize, pace: Pace) -> anyhow::Result<Option<i64>> {
        if pace == Pace::Hurry {
            return Ok(None);
        }
        let parts = &self.parts;
        let tenant = match parts.tenants.look(&id).await {
            Ok(tenant) => tenant,
            Err(TenantError::Unknown(_) | TenantError::Disabled(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (db, config) = (tenant.db(), &tenant.config);
        let expired = db.delete_expired_facts(parts.clock.now_ms()).await?;
        if expired > 0 {
            tracing::info!(tenant = %id, facts = expired, "forgot facts whose time is over");
        }
        if let Err(error) = db.finish_erasure().await {
            tracing::warn!(tenant = %id, %error, "deleted pages are still in the file");
        }
        let quiet = config.memory.consolidate_after;
        let quiet_since_ms = parts.clock.now_ms().saturating_sub(after_ms(0, quiet));
        let stretches = db.to_summarise(quiet_since_ms, ROUND).await?;
        if !stretches.is_empty() {
            let summariser = Summariser {
                pool: parts.runner.pool(),
                embedder: parts.embedder.clone(),
                clock: parts.clock.clone(),
            };
            for stretch in &stretches {
                if self.stop.hurry.is_cancelled() {
                    return Ok(None);
                }
                let wording = summariser.wording(&tenant.context, config.limits.tokens_per_day).await?;
                summariser.sum_up(&tenant.context, stretch, wording).await?;
                // A conversation that is quiet for so long leaves its place at a model to another.
                summariser.pool.release(&id, &stretch.conversation);
            }
            tracing::debug!(tenant = %id, conversations = stretches.len(), "summed up");
        }
        Ok(db.oldest_to_summarise().await?.map(|updated_ms| after_ms(updated_ms, quiet)))
    }

    fn under_way(&self) -> usize {
        0
    }
}
