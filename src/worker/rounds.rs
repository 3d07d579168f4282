//! The loop that both workers run: wait for a reason, look at one tenant after the other, never poll.
//!
//! A round is one look at one tenant's database. Rounds of different tenants run side by side, so that a tenant whose
//! database is locked or gone keeps no other waiting.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{backoff::Backoff, bell::Bell, schedule::Schedule};
use crate::{
    clock::{Chance, Clock},
    domain::tenant::TenantId,
    tenants::Tenants,
};

/// Rounds under way at once.
const MAX_ROUNDS: usize = 16;

/// How often the tenants that are open are looked at without any reason, should a reason ever be missed.
const SWEEP: Duration = Duration::from_secs(30);

/// How long a tenant is left alone after a round that failed.
const AFTER_FAILURE: Backoff = Backoff { first: Duration::from_millis(500), most: Duration::from_secs(60) };

/// How urgent things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Everything at its time.
    Normal,
    /// The daemon is stopping: what could wait for a better moment is done now.
    Hurry,
}

/// A worker that goes from tenant to tenant.
pub(super) trait Rounds: Send + Sync + 'static {
    /// Its name in the logs.
    const NAME: &'static str;

    /// Looks at one tenant while `others` more are waiting for their round. Says when to come again, in
    /// milliseconds since 1970.
    fn round(
        self: Arc<Self>,
        tenant: TenantId,
        others: usize,
        pace: Pace,
    ) -> impl Future<Output = anyhow::Result<Option<i64>>> + Send;

    /// How many things that rounds began are not finished. Each rings the bell when it is.
    fn under_way(&self) -> usize;
}

/// When a worker has to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Hurry from now on.
    pub hurry: CancellationToken,
    /// Nothing new comes any more: end when everything is done.
    pub finish: CancellationToken,
}

/// What the loop works with.
pub(super) struct Surroundings {
    pub(super) bell: Arc<Bell>,
    pub(super) tenants: Tenants,
    pub(super) clock: Clock,
    pub(super) chance: Chance,
    pub(super) stop: Stop,
}

/// Runs a worker until it is told to finish and has nothing left to do.
pub(super) async fn run<R: Rounds>(worker: Arc<R>, around: Surroundings) {
    let Surroundings { bell, tenants, clock, chance, stop } = around;
    let mut schedule = Schedule::default();
    let mut failures: HashMap<TenantId, u32> = HashMap::new();
    let mut rounds = JoinSet::new();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut pace = Pace::Normal;
    loop {
        let now_ms = clock.now_ms();
        for (tenant, due_ms) in bell.take() {
            if due_ms <= now_ms || pace == Pace::Hurry {
                schedule.wake(tenant);
            } else {
                schedule.wake_at(tenant, due_ms);
            }
        }
        while rounds.len() < MAX_ROUNDS {
            let Some(tenant) = schedule.next(now_ms) else { break };
            let (worker, others) = (worker.clone(), schedule.ready());
            rounds.spawn(async move {
                // Its own task, so that the tenant's name is known even when the round panics.
                let round = tokio::spawn(worker.round(tenant.clone(), others, pace));
                (tenant, round.await)
            });
        }
        if stop.finish.is_cancelled() && schedule.is_idle() && worker.under_way() == 0 {
            // Whoever finished last may have rung since: one more look then.
            let left = bell.take();
            if left.is_empty() {
                return;
            }
            for tenant in left.into_keys() {
                schedule.wake(tenant);
            }
            continue;
        }
        let wait_ms = schedule.next_due_ms().map(|due_ms| due_ms.saturating_sub(now_ms).max(0));
        let timer = async {
            match wait_ms.and_then(|ms| u64::try_from(ms).ok()) {
                Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = bell.heard() => {}
            () = timer => {}
            Some(round) = rounds.join_next() => {
                let Ok((tenant, outcome)) = round else { continue };
                let next_due_ms = match outcome.map_err(anyhow::Error::from).and_then(|round| round) {
                    Ok(next_due_ms) => {
                        failures.remove(&tenant);
                        next_due_ms
                    }
                    Err(error) => {
                        let failed = failures.entry(tenant.clone()).or_default();
                        let pause = AFTER_FAILURE.pause(*failed, chance);
                        *failed += 1;
                        let retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                        tracing::warn!(%tenant, worker = R::NAME, error = format!("{error:#}"), retry_in_ms, "cannot look at the tenant's work");
                        Some(after_ms(clock.now_ms(), pause))
                    }
                };
                schedule.finished(tenant.clone());
                match next_due_ms {
                    Some(due_ms) if due_ms <= clock.now_ms() => schedule.wake(tenant),
                    Some(due_ms) if pace == Pace::Normal => schedule.wake_at(tenant, due_ms),
                    _ => {}
                }
            }
            _ = sweep.tick(), if pace == Pace::Normal => {
                tenants.open_ids().into_iter().for_each(|tenant| schedule.wake(tenant));
            }
            () = stop.hurry.cancelled(), if pace == Pace::Normal => {
                pace = Pace::Hurry;
                schedule.hurry();
            }
            () = stop.finish.cancelled(), if !stop.finish.is_cancelled() => {}
        }
    }
}

/// The time `pause` after `now_ms`, both in milliseconds since 1970.
pub(super) fn after_ms(now_ms: i64, pause: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}
