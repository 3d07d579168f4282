//! The delivery worker tells the business what turns decided to tell it. It is the only caller of [`Notifier::send`],
//! and each target of a tenant gets one delivery at a time.
//!
//! `iass chat` has a [`Courier`] of its own, so that notices also leave where no daemon runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::join_all;
use tokio::{sync::Semaphore, time::Instant};

use super::{
    backoff::Backoff,
    bell::Bell,
    on_unknown,
    outbox::{MAX_NOTES, NOTE_AGAIN},
    rounds::{Pace, Rounds, Stop, Surroundings, after_ms, run},
};
use crate::{
    clock::{Chance, Clock},
    config::{daemon, live::LiveConfig, tenant::TenantConfig},
    crash,
    domain::{effect::DeliveryTarget, tenant::TenantId},
    notify::{Business, Notifier, NotifyError},
    prompts::Prompts,
    store::{StoreError, TenantDb, delivery::ClaimedDelivery},
    tenants::{TenantError, TenantUse, Tenants},
};

/// Deliveries under way at once, over all tenants.
const MAX_SENDS: usize = 64;

/// The parts of a delivery worker.
#[derive(Debug, Clone)]
pub struct Deliveries {
    /// The configuration in force.
    pub live: Arc<LiveConfig>,
    /// The tenants.
    pub tenants: Tenants,
    /// What takes deliveries to their places.
    pub courier: Courier,
    /// Rung when a turn was committed.
    pub bell: Arc<Bell>,
}

/// Takes deliveries to their places and notes what came of them.
#[derive(Debug, Clone)]
pub struct Courier {
    /// The ways out.
    pub notifier: Notifier,
    /// The name on deliveries that are under way, unique to this run of the process.
    pub owner: String,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
}

/// The tenant in whose name deliveries are made.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Its name.
    pub id: TenantId,
    /// Its database.
    pub db: TenantDb,
    /// Where it wants to be told.
    pub config: Arc<TenantConfig>,
    /// Its words.
    pub prompts: Arc<Prompts>,
}

impl Sender {
    fn of(tenant: &TenantUse) -> Self {
        Self {
            id: tenant.id().clone(),
            db: tenant.db().clone(),
            config: tenant.config.clone(),
            prompts: tenant.context.prompts.clone(),
        }
    }
}

/// What came of a delivery, to be noted in the database.
#[derive(Debug, Clone)]
enum Outcome {
    Sent,
    Retry { due_ms: i64, error: String },
    Dead { error: String },
}

impl Deliveries {
    /// Makes deliveries until told to stop.
    pub async fn run(self, stop: Stop) {
        let around = Surroundings {
            bell: self.bell.clone(),
            tenants: self.tenants.clone(),
            clock: self.courier.clock.clone(),
            chance: self.courier.chance,
            stop,
        };
        let places = Arc::new(Semaphore::new(MAX_SENDS));
        run(Arc::new(Worker { parts: self, places, busy: Mutex::default() }), around).await;
    }
}

struct Worker {
    parts: Deliveries,
    /// A place for each delivery that may be under way.
    places: Arc<Semaphore>,
    /// Guards which targets of which tenants have a delivery under way.
    busy: Mutex<HashMap<TenantId, Vec<DeliveryTarget>>>,
}

impl Rounds for Worker {
    const NAME: &'static str = "delivery";

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
        // Most turns have nothing to tell: those cost a look and no transaction.
        if tenant.db().count_undelivered().await? == 0 {
            return Ok(None);
        }
        let busy = self.busy(|busy| busy.get(&id).cloned().unwrap_or_default());
        let policy = on_unknown(&parts.live.get());
        let (owner, now_ms) = (&parts.courier.owner, parts.courier.clock.now_ms());
        let round = tenant.db().claim_deliveries(owner, &busy, policy, now_ms).await?;
        for delivery in round.deliveries {
            self.busy(|busy| busy.entry(id.clone()).or_default().push(delivery.target));
            tokio::spawn(self.clone().deliver(tenant.clone(), delivery));
        }
        Ok(round.next_due_ms)
    }

    fn under_way(&self) -> usize {
        self.busy(|busy| busy.values().map(Vec::len).sum())
    }
}

impl Worker {
    fn busy<T>(&self, look: impl FnOnce(&mut HashMap<TenantId, Vec<DeliveryTarget>>) -> T) -> T {
        look(&mut self.busy.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn deliver(self: Arc<Self>, tenant: TenantUse, delivery: ClaimedDelivery) {
        let place = self.places.clone().acquire_owned().await;
        let (id, target) = (tenant.id().clone(), delivery.target);
        let live = self.parts.live.get();
        self.parts.courier.carry(&Sender::of(&tenant), &live.outbox, delivery).await;
        drop((place, tenant));
        self.busy(|busy| {
            if let Some(targets) = busy.get_mut(&id) {
                targets.retain(|under_way| *under_way != target);
                if targets.is_empty() {
                    busy.remove(&id);
                }
            }
        });
        // The target's next delivery may go now.
        self.parts.bell.ring(&id);
    }
}

impl Courier {
    /// Makes a tenant's deliveries that are due, for a process without a daemon. Begins none after `until`; what is
    /// left then is the next one's.
    ///
    /// # Errors
    /// When the database refuses. Deliveries that failed are tried again later, and are no error.
    pub async fn deliver_due(
        &self,
        sender: &Sender,
        config: &crate::config::Config,
        until: Instant,
    ) -> Result<(), StoreError> {
        while Instant::now() < until {
            if sender.db.count_undelivered().await? == 0 {
                return Ok(());
            }
            let (policy, now_ms) = (on_unknown(config), self.clock.now_ms());
            let round = sender.db.claim_deliveries(&self.owner, &[], policy, now_ms).await?;
            if round.deliveries.is_empty() {
                return Ok(());
            }
            let carried =
                round.deliveries.into_iter().map(|delivery| self.carry(sender, &config.outbox, delivery));
            join_all(carried).await;
        }
        Ok(())
    }

    /// Takes one delivery to its place and notes what came of it.
    async fn carry(&self, sender: &Sender, rules: &daemon::Outbox, delivery: ClaimedDelivery) {
        crash::point("delivery.before_send");
        let sent = self.send(sender, &delivery).await;
        crash::point("delivery.after_send");
        let outcome = match sent {
            Ok(()) => Outcome::Sent,
            Err(error) => self.outcome(rules, &delivery, error),
        };
        let ClaimedDelivery { id: delivery_id, target, event, attempts, .. } = &delivery;
        let (tenant, target, event, attempts) = (&sender.id, target.as_str(), event.as_str(), attempts + 1);
        match &outcome {
            Outcome::Sent => tracing::info!(%tenant, delivery = delivery_id, target, event, "told"),
            Outcome::Retry { error, .. } => {
                tracing::warn!(%tenant, delivery = delivery_id, target, event, attempts, error, "a delivery is tried again");
            }
            Outcome::Dead { error } => {
                tracing::error!(%tenant, delivery = delivery_id, target, event, attempts, error, "a delivery was given up");
            }
        }
        self.note(sender, delivery_id, outcome).await;
    }

    async fn send(&self, sender: &Sender, delivery: &ClaimedDelivery) -> Result<(), NotifyError> {
        let (courier, sender, delivery) = (self.clone(), sender.clone(), delivery.clone());
        // In a task of its own, so that a place whose answer makes us panic is a failed try like any other.
        let sending = tokio::spawn(async move {
            let business = Business { tenant: &sender.id, config: &sender.config, prompts: &sender.prompts };
            courier.notifier.send(business, &delivery, courier.clock.now()).await
        });
        sending.await.unwrap_or_else(|_panic| {
            Err(NotifyError::Temporary { message: "sending panicked".to_owned(), retry_after: None })
        })
    }

    fn outcome(&self, rules: &daemon::Outbox, delivery: &ClaimedDelivery, error: NotifyError) -> Outcome {
        let text = error.to_string();
        match error {
            NotifyError::Temporary { retry_after, .. } if delivery.attempts + 1 < rules.max_attempts => {
                let backoff = Backoff { first: rules.first_retry, most: rules.max_retry };
                let pause = backoff.pause(delivery.attempts, self.chance);
                // A place that asks for a week is asked again sooner.
                let asked = retry_after.unwrap_or_default().min(rules.max_retry);
                Outcome::Retry { due_ms: after_ms(self.clock.now_ms(), pause.max(asked)), error: text }
            }
            NotifyError::Temporary { .. } | NotifyError::Permanent { .. } => Outcome::Dead { error: text },
        }
    }

    /// Writes down what came of a delivery, again and again if the database refuses: until it is written nobody may
    /// make the delivery a second time.
    async fn note(&self, sender: &Sender, id: &str, outcome: Outcome) {
        for failures in 0..MAX_NOTES {
            let Err(error) = self.note_once(&sender.db, id, outcome.clone()).await else { return };
            let pause = NOTE_AGAIN.pause(failures, self.chance);
            let retry_in_ms = after_ms(0, pause);
            tracing::warn!(tenant = %sender.id, delivery = id, %error, retry_in_ms, "cannot note what came of a delivery");
            tokio::time::sleep(pause).await;
        }
        tracing::error!(tenant = %sender.id, delivery = id, "what came of a delivery is not noted; it is settled later");
    }

    async fn note_once(&self, db: &TenantDb, id: &str, outcome: Outcome) -> Result<(), StoreError> {
        match outcome {
            Outcome::Sent => db.mark_delivered(id, self.clock.now_ms()).await,
            Outcome::Retry { due_ms, error } => db.retry_delivery(id, due_ms, error).await,
            Outcome::Dead { error } => db.bury_delivery(id, error).await,
        }
    }
}
