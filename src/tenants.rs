//! The tenants of a running daemon: opened when somebody needs them, closed when nobody does.
//!
//! Nothing is opened before it is used, so a daemon with a thousand tenants starts as fast as one with none. A tenant
//! whose file or database is broken is unavailable with a reason; the others never notice. Every use of a tenant that
//! is not available tries again, so a repaired one is back at once.

mod booking;
pub mod desk;
mod entry;
mod error;
mod open;
mod reload;
mod words;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use self::{
    entry::{Entry, Opened, Slot},
    open::Means,
};
pub use self::{
    entry::{Tenant, TenantState, TenantStatus, TenantUse},
    error::TenantError,
    open::{business, context},
    reload::TenantsReload,
};
use crate::{
    clock::Clock,
    config::{
        live::LiveConfig,
        tenant::TenantConfig,
        tenant_file::{TenantDirectory, TenantFileError},
    },
    domain::tenant::TenantId,
    knowledge::embed::Embedder,
};

/// How long a request waits for a place when the most tenants are open and all of them are in use.
const WAIT_FOR_PLACE: Duration = Duration::from_secs(10);

/// The registry. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tenants {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    live: Arc<LiveConfig>,
    directory: TenantDirectory,
    clock: Clock,
    means: Means,
    /// Guards the tenants that are known, by name. Held for look-ups only.
    entries: Mutex<BTreeMap<TenantId, Arc<Entry>>>,
    /// A place for each tenant that may be open.
    places: Arc<Semaphore>,
    /// Rung when a tenant is not in use any more.
    freed: Arc<Notify>,
    /// Counts the reloads.
    reloads: watch::Sender<u64>,
}

impl Tenants {
    /// Lists the tenants on disk, and opens none. Blocking.
    ///
    /// # Errors
    /// [`TenantFileError`] when the folder of tenants cannot be listed.
    pub fn list(
        live: Arc<LiveConfig>,
        embedder: Arc<Embedder>,
        clock: Clock,
    ) -> Result<Self, TenantFileError> {
        let config = live.get();
        let directory = TenantDirectory::new(&config.paths.tenants);
        let entries = directory.ids()?.into_iter().map(|id| (id.clone(), Entry::new(id))).collect();
        let places = usize::try_from(config.worker.max_open_tenants).unwrap_or(usize::MAX);
        Ok(Self {
            shared: Arc::new(Shared {
                live,
                directory,
                clock,
                means: Means { embedder, prompts: Arc::default() },
                entries: Mutex::new(entries),
                places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
                freed: Arc::new(Notify::new()),
                reloads: watch::Sender::new(0),
            }),
        })
    }

    /// The names of all tenants, in order.
    pub fn ids(&self) -> Vec<TenantId> {
        self.entries(|entries| entries.keys().cloned().collect())
    }

    /// The names of the tenants that are open.
    pub fn open_ids(&self) -> Vec<TenantId> {
        self.entries(|entries| {
            entries.values().filter(|entry| entry.is_open()).map(|entry| entry.id.clone()).collect()
        })
    }

    /// Tells of every reload of the tenants' files.
    pub fn reloads(&self) -> watch::Receiver<u64> {
        self.shared.reloads.subscribe()
    }

    /// The database file of a tenant.
    pub fn database(&self, id: &TenantId) -> PathBuf {
        self.shared.live.get().paths.tenant_database(id)
    }

    /// A tenant to work with, opened if it is not. It stays open as long as the result is kept.
    ///
    /// # Errors
    /// [`TenantError`] when there is no such tenant or it cannot be served.
    pub async fn get(&self, id: &TenantId) -> Result<TenantUse, TenantError> {
        let tenant = self.look(id).await?;
        tenant.touch(self.shared.clock.now_ms());
        Ok(tenant)
    }

    /// As [`Self::get`], for a look that should not keep an idle tenant open any longer.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn look(&self, id: &TenantId) -> Result<TenantUse, TenantError> {
        let entry = self.entry(id).await?;
        let asked = entry.attempts.load(Ordering::Acquire);
        let mut slot = entry.slot.lock().await;
        if slot.opened.is_none() {
            // Who waited while another's try failed shares its result: a database that is locked for seconds would
            // otherwise cost each one in the row those seconds, one after the other.
            if let Some((attempt, error)) = &slot.failed
                && *attempt > asked
            {
                return Err(error.clone());
            }
            let attempt = entry.attempts.fetch_add(1, Ordering::AcqRel) + 1;
            match self.open(&entry, &mut slot).await {
                Ok(opened) => {
                    slot.failed = None;
                    slot.opened = Some(opened);
                    entry.note(TenantState::Open, None);
                    tracing::debug!(tenant = %id, "opened");
                }
                Err(error) => {
                    let text = error.to_string();
                    if entry.note(error.state(), Some(&error)) && error.state() == TenantState::Unavailable {
                        tracing::error!(tenant = %id, error = text, "the tenant is unavailable");
                    }
                    slot.failed = Some((attempt, error.clone()));
                    return Err(error);
                }
            }
        }
        let Some(opened) = &slot.opened else { return Err(TenantError::Unknown(id.clone())) };
        Ok(TenantUse::new(opened.tenant.clone(), entry.clone(), self.shared.freed.clone()))
    }

    /// What is known of a tenant without opening it. None if there is no such tenant.
    pub fn status(&self, id: &TenantId) -> Option<TenantStatus> {
        self.entries(|entries| entries.get(id).map(|entry| entry.status()))
    }

    /// The configuration of a tenant, read if it was not before.
    ///
    /// # Errors
    /// [`TenantError::Unknown`] and [`TenantError::Config`].
    pub async fn config(&self, id: &TenantId) -> Result<Arc<TenantConfig>, TenantError> {
        let entry = self.entry(id).await?;
        let mut slot = entry.slot.lock().await;
        let loaded = self.load_config(&entry, &mut slot).await;
        if let Err(error) = &loaded {
            entry.note(error.state(), Some(error));
        }
        loaded
    }

    /// Closes the tenants that nobody used since `idle`, and says how many.
    pub async fn close_idle(&self, idle: Duration) -> usize {
        let idle_ms = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
        let before_ms = self.shared.clock.now_ms().saturating_sub(idle_ms);
        let idle: Vec<_> = self.entries(|entries| {
            entries.values().filter(|entry| entry.is_idle_since(before_ms)).cloned().collect()
        });
        let mut closed = 0;
        for entry in idle {
            closed += usize::from(close(&entry).await);
        }
        closed
    }

    /// Closes a tenant unless it is in use.
    pub async fn close_unused(&self, id: &TenantId) {
        if let Some(entry) = self.entries(|entries| entries.get(id).cloned()) {
            close(&entry).await;
        }
    }

    fn entries<T>(&self, look: impl FnOnce(&mut BTreeMap<TenantId, Arc<Entry>>) -> T) -> T {
        look(&mut self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The entry of a tenant; one that was added on disk meanwhile is found too.
    async fn entry(&self, id: &TenantId) -> Result<Arc<Entry>, TenantError> {
        if let Some(entry) = self.entries(|entries| entries.get(id).cloned()) {
            return Ok(entry);
        }
        let file = self.shared.directory.file(id);
        if !tokio::fs::try_exists(&file).await.unwrap_or(false) {
            return Err(TenantError::Unknown(id.clone()));
        }
        Ok(self
            .entries(|entries| entries.entry(id.clone()).or_insert_with(|| Entry::new(id.clone())).clone()))
    }

    async fn open(&self, entry: &Arc<Entry>, slot: &mut Slot) -> Result<Opened, TenantError> {
        let config = self.load_config(entry, slot).await?;
        if !config.enabled {
            return Err(TenantError::Disabled(entry.id.clone()));
        }
        let place = self.place().await?;
        let (daemon, means) = (self.shared.live.get(), &self.shared.means);
        let tenant = open::open(&entry.id, config, daemon, means, slot.settled).await?;
        slot.settled = true;
        Ok(Opened { tenant: Arc::new(tenant), _place: place })
    }

    async fn load_config(&self, entry: &Entry, slot: &mut Slot) -> Result<Arc<TenantConfig>, TenantError> {
        if let Some(config) = &slot.config {
            return Ok(config.clone());
        }
        let (directory, live, id) =
            (self.shared.directory.clone(), self.shared.live.clone(), entry.id.clone());
        let config = tokio::task::spawn_blocking(move || directory.load(&id, live.source().env()))
            .await
            .map_err(|join| TenantError::interrupted(&entry.id, &join))?
            .map_err(|error| TenantError::from_file(&entry.id, error))?;
        let config = Arc::new(config);
        slot.config = Some(config.clone());
        Ok(config)
    }

    /// A place for one more open tenant: a free one, or that of the tenant that was not used for the longest time.
    async fn place(&self) -> Result<OwnedSemaphorePermit, TenantError> {
        let deadline = tokio::time::Instant::now() + WAIT_FOR_PLACE;
        loop {
            // Begin to listen before looking, so that a tenant that becomes free in between is not missed.
            let freed = self.shared.freed.notified();
            if let Ok(place) = self.shared.places.clone().try_acquire_owned() {
                return Ok(place);
            }
            let oldest = self.entries(|entries| {
                entries
                    .values()
                    .filter(|entry| entry.is_idle_since(i64::MAX))
                    .min_by_key(|entry| entry.last_used_ms())
                    .cloned()
            });
            match oldest {
                Some(entry) => {
                    close(&entry).await;
                }
                None => {
                    if tokio::time::timeout_at(deadline, freed).await.is_err() {
                        return Err(TenantError::Crowded);
                    }
                }
            }
        }
    }
}

/// Closes a tenant unless it is in use, on a blocking thread: the last connection writes the log back into the file.
async fn close(entry: &Arc<Entry>) -> bool {
    // Somebody is opening or asking for it: then it is wanted.
    let Ok(mut slot) = entry.slot.try_lock() else {
        tokio::task::yield_now().await;
        return false;
    };
    if entry.in_use() > 0 {
        return false;
    }
    let Some(opened) = slot.opened.take() else { return false };
    entry.note(TenantState::Closed, None);
    tracing::debug!(tenant = %entry.id, "closed");
    // A panic while closing leaves a log that the next opening reads.
    drop(tokio::task::spawn_blocking(move || drop(opened)).await);
    true
}

#[cfg(test)]
mod tests;
