//! The catalogue worker: finishes what products are found by, wherever they were imported. Words find a product as soon
//! as it is there; the vectors of what names mean take minutes for a large catalogue and are made here, a slice at a time,
//! so that nothing else waits for them. What is made is stored every few names, so that a crash costs no more than those.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{
    bell::Bell,
    rounds::{Pace, Rounds, Stop, Surroundings, run},
};
use crate::{
    catalog::index,
    clock::{Chance, Clock},
    domain::tenant::TenantId,
    tenants::{TenantError, Tenants},
};

/// How long one catalogue is worked on before the next one has its turn.
const SLICE: Duration = Duration::from_secs(1);

/// The parts of a catalogue worker.
#[derive(Debug, Clone)]
pub struct Cataloguing {
    /// The tenants.
    pub tenants: Tenants,
    /// Rung when a catalogue was imported. What another process imports is found by the sweep.
    pub bell: Arc<Bell>,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
}

impl Cataloguing {
    /// Works until told to stop. What is not done by then is done after the next start.
    pub async fn run(self, stop: Stop) {
        let around = Surroundings {
            bell: self.bell.clone(),
            tenants: self.tenants.clone(),
            clock: self.clock.clone(),
            chance: self.chance,
            stop: stop.clone(),
        };
        run(Arc::new(Worker { parts: self, stop, place: Arc::new(Semaphore::new(1)) }), around).await;
    }
}

struct Worker {
    parts: Cataloguing,
    stop: Stop,
    /// Making vectors takes a whole core: one catalogue at a time.
    place: Arc<Semaphore>,
}

impl Rounds for Worker {
    const NAME: &'static str = "catalogue";

    async fn round(self: Arc<Self>, id: TenantId, _others: usize, pace: Pace) -> anyhow::Result<Option<i64>> {
        if pace == Pace::Hurry {
            return Ok(None);
        }
        let tenant = match self.parts.tenants.look(&id).await {
            Ok(tenant) => tenant,
            Err(TenantError::Unknown(_) | TenantError::Disabled(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let embedder = tenant.context.knowledge.embedder().clone();
        let (db, language) = (tenant.db().clone(), tenant.config.language);
        if db.is_catalog_finished(index::stamp(language), embedder.model_id().to_owned()).await? {
            return Ok(None);
        }
        let place = self.place.clone().acquire_owned().await?;
        let hurry = self.stop.hurry.clone();
        let made = tokio::task::spawn_blocking(move || {
            // Held by the work itself, which goes on when nobody waits for it any more.
            let _place = place;
            index::finish(&db, &embedder, language, SLICE, || hurry.is_cancelled())
        });
        let left = made.await??;
        if left == 0 {
            tracing::info!(tenant = %id, "the whole catalogue is found by meaning");
            return Ok(None);
        }
        tracing::debug!(tenant = %id, left, "names still to be found by meaning");
        Ok((!self.stop.hurry.is_cancelled()).then(|| self.parts.clock.now_ms()))
    }

    fn under_way(&self) -> usize {
        0
    }
}
