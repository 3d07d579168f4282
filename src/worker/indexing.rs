//! The first use of a tenant: its documents are read before its first turn, so that the first customer is not told
//! that nothing is known.
//!
//! Messages are accepted meanwhile. Reading takes seconds; when it takes longer, turns begin with what is read by
//! then.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{bell::Bell, rounds::after_ms};
use crate::{
    catalog::{import::ImportReport, source},
    clock::Clock,
    config::live::LiveConfig,
    domain::tenant::TenantId,
    knowledge::{
        ingest::{IngestError, IngestOptions, Ingester},
        read::{ReadLimits, Reader},
    },
    tenants::{Tenant, TenantUse},
};

/// The longest that turns wait for the documents.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);

/// Indexes the documents of tenants that were never indexed.
#[derive(Debug)]
pub struct Indexer {
    live: Arc<LiveConfig>,
    reader: Reader,
    clock: Clock,
    /// Guards how far each tenant is that was used in this run of the process.
    progress: Mutex<HashMap<TenantId, Progress>>,
    /// Reading uses all cores there are: one tenant at a time.
    place: Semaphore,
}

#[derive(Debug, Clone, Copy)]
enum Progress {
    /// Since when, in milliseconds since 1970.
    Running(i64),
    Done,
}

impl Indexer {
    /// An indexer that reads files with the program `exe`, which is this one.
    pub fn new(live: Arc<LiveConfig>, exe: PathBuf, clock: Clock) -> Self {
        Self {
            live,
            reader: Reader::new(exe, ReadLimits::default()),
            clock,
            progress: Mutex::default(),
            place: Semaphore::new(1),
        }
    }

    /// What adds documents to a tenant's knowledge.
    pub fn ingester(&self, tenant: &Tenant) -> Ingester {
        let embedder = tenant.context.knowledge.embedder().clone();
        Ingester::new(tenant.db().clone(), embedder, self.reader.clone(), self.clock.clone())
    }

    /// Whether a tenant's turns may begin. If not, its documents are being read, and `bell` rings when they are.
    pub(super) fn is_ready(self: &Arc<Self>, tenant: &TenantUse, bell: &Arc<Bell>) -> bool {
        let now_ms = self.clock.now_ms();
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        match progress.get(tenant.id()) {
            Some(Progress::Done) => true,
            Some(Progress::Running(since_ms)) => after_ms(*since_ms, MAX_WAIT) <= now_ms,
            None => {
                progress.insert(tenant.id().clone(), Progress::Running(now_ms));
                tokio::spawn(self.clone().index(tenant.clone(), bell.clone()));
                false
            }
        }
    }

    /// How many tenants are being indexed.
    pub(super) fn under_way(&self) -> usize {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.values().filter(|progress| matches!(progress, Progress::Running(_))).count()
    }

    async fn index(self: Arc<Self>, tenant: TenantUse, bell: Arc<Bell>) {
        let id = tenant.id().clone();
        let folder = self.live.get().paths.tenant_knowledge(&id);
        let ingester = self.ingester(&tenant);
        let place = self.place.acquire().await;
        let config = tenant.config.clone();
        let (db, clock) = (tenant.db().clone(), self.clock.clone());
        let indexed = tokio::task::spawn_blocking(move || {
            match source::import_first(&db, &folder, &config, &clock) {
                Ok(Some(report)) => tell_import(&report),
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "the tenant's catalogue was not imported"),
            }
            let catalog_file = Some(config.catalog_file().to_owned());
            let options = IngestOptions { catalog_file, ..IngestOptions::default() };
            ingester.ensure_indexed(&folder, &options, |_| ())
        })
        .await;
        drop((place, tenant));
        match indexed {
            Ok(Ok(Some(report))) => {
                tracing::info!(
                    tenant = %id,
                    documents = report.added,
                    chunks = report.chunks,
                    failed = report.failed.len(),
                    took_ms = report.took_ms,
                    "indexed the tenant's documents for the first time"
                );
                for suspect in report.warnings {
                    tracing::warn!(tenant = %id, document = suspect.path, "a document holds instructions for the assistant");
                }
            }
            Ok(Ok(None)) => {}
            Ok(Err(IngestError::Busy)) => {
                tracing::debug!(tenant = %id, "another process indexes the documents");
            }
            Ok(Err(error)) => tracing::error!(tenant = %id, %error, "cannot index the tenant's documents"),
            Err(error) => {
                tracing::error!(tenant = %id, %error, "indexing the tenant's documents was interrupted");
            }
        }
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), Progress::Done);
        bell.ring(&id);
    }
}

fn tell_import(report: &ImportReport) {
    if let Some(wrong) = report.failed.first() {
        tracing::error!(
            rows = report.failed.len(),
            line = wrong.line,
            error = wrong.error,
            "rows of the tenant's catalogue are wrong, and nothing was imported"
        );
    } else {
        tracing::info!(
            products = report.changes.added,
            took_ms = report.took_ms,
            "imported the tenant's catalogue for the first time"
        );
    }
}
