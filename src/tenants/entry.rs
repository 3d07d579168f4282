//! One tenant in the registry, and the use somebody makes of it.

use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
};

use serde::Serialize;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedSemaphorePermit};

use super::TenantError;
use crate::{
    config::{errors::ConfigError, tenant::TenantConfig},
    domain::tenant::TenantId,
    store::TenantDb,
    worker::runner::TenantContext,
};

/// An open tenant.
#[derive(Debug)]
pub struct Tenant {
    /// What a turn works with.
    pub context: TenantContext,
    /// What its owner configured.
    pub config: Arc<TenantConfig>,
}

impl Tenant {
    /// Its name.
    pub fn id(&self) -> &TenantId {
        &self.context.id
    }

    /// Its database.
    pub fn db(&self) -> &TenantDb {
        &self.context.db
    }
}

/// How a tenant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantState {
    /// It is served; its database is open.
    Open,
    /// It is served; nobody needed its database lately.
    Closed,
    /// Its owner switched it off.
    Disabled,
    /// It cannot be served.
    Unavailable,
}

/// How a tenant is, with the reason if it is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantStatus {
    /// The tenant.
    pub tenant: TenantId,
    /// How it is.
    pub status: TenantState,
    /// Why it is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is wrong with its file. A tenant that was read before the file broke is served as it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config_errors: Vec<ConfigError>,
}

/// A tenant that is known, open or not.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: TenantId,
    /// Guards the opening and the closing.
    pub(super) slot: AsyncMutex<Slot>,
    /// How many times opening was tried.
    pub(super) attempts: AtomicU64,
    uses: AtomicUsize,
    last_used_ms: AtomicI64,
    /// Guards what is told to whoever asks how it is.
    seen: Mutex<Seen>,
}

/// What belongs to a tenant while nobody else opens or closes it.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) config: Option<Arc<TenantConfig>>,
    pub(super) opened: Option<Opened>,
    /// The last try that failed, and its number.
    pub(super) failed: Option<(u64, TenantError)>,
    /// Whether what an earlier daemon left half-way was settled.
    pub(super) settled: bool,
}

/// An open tenant and its place among the open ones.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) tenant: Arc<Tenant>,
    pub(super) _place: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Seen {
    state: TenantState,
    reason: Option<String>,
    config_errors: Vec<ConfigError>,
}

impl Entry {
    pub(super) fn new(id: TenantId) -> Arc<Self> {
        Arc::new(Self {
            id,
            slot: AsyncMutex::default(),
            attempts: AtomicU64::new(0),
            uses: AtomicUsize::new(0),
            last_used_ms: AtomicI64::new(0),
            seen: Mutex::new(Seen { state: TenantState::Closed, reason: None, config_errors: Vec::new() }),
        })
    }

    /// Notes how the tenant is now, and says whether that is news.
    pub(super) fn note(&self, state: TenantState, error: Option<&TenantError>) -> bool {
        let mut seen = self.seen();
        let reason = error.map(ToString::to_string);
        let news = seen.state != state || seen.reason != reason;
        seen.state = state;
        seen.reason = reason;
        if let Some(TenantError::Config { errors, .. }) = error {
            seen.config_errors = errors.as_slice().to_vec();
        }
        news
    }

    /// Notes what is wrong with the tenant's file; nothing if it is right.
    pub(super) fn note_config(&self, errors: &[ConfigError]) {
        self.seen().config_errors = errors.to_vec();
    }

    pub(super) fn status(&self) -> TenantStatus {
        let seen = self.seen();
        TenantStatus {
            tenant: self.id.clone(),
            status: seen.state,
            reason: seen.reason.clone(),
            config_errors: seen.config_errors.clone(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.seen().state == TenantState::Open
    }

    /// Whether it is open, not in use, and was not used since `before_ms`.
    pub(super) fn is_idle_since(&self, before_ms: i64) -> bool {
        self.is_open() && self.in_use() == 0 && self.last_used_ms() <= before_ms
    }

    pub(super) fn in_use(&self) -> usize {
        self.uses.load(Ordering::Acquire)
    }

    pub(super) fn last_used_ms(&self) -> i64 {
        self.last_used_ms.load(Ordering::Relaxed)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tenant in somebody's use: it is not closed before this is dropped.
pub struct TenantUse {
    tenant: Arc<Tenant>,
    entry: Arc<Entry>,
    freed: Arc<Notify>,
}

impl TenantUse {
    /// Called with the entry's slot held, so that it is not closed in between.
    pub(super) fn new(tenant: Arc<Tenant>, entry: Arc<Entry>, freed: Arc<Notify>) -> Self {
        entry.uses.fetch_add(1, Ordering::AcqRel);
        Self { tenant, entry, freed }
    }
}

impl TenantUse {
    /// Notes that a customer or an owner needed the tenant at `now_ms`.
    pub(super) fn touch(&self, now_ms: i64) {
        self.entry.last_used_ms.store(now_ms, Ordering::Relaxed);
    }
}

impl Clone for TenantUse {
    fn clone(&self) -> Self {
        Self::new(self.tenant.clone(), self.entry.clone(), self.freed.clone())
    }
}

impl Drop for TenantUse {
    fn drop(&mut self) {
        if self.entry.uses.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.freed.notify_one();
        }
    }
}

impl Deref for TenantUse {
    type Target = Tenant;

    fn deref(&self) -> &Tenant {
        &self.tenant
    }
}

impl fmt::Debug for TenantUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TenantUse").field(self.tenant.id()).finish()
    }
}
