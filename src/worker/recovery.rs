//! After a start: finds the tenants with work that an earlier daemon left, the most recently used first.

use std::{path::Path, sync::Arc, time::SystemTime};

use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::{bell::Bell, rounds::after_ms};
use crate::{catalog::index, domain::tenant::TenantId, tenants::Tenants};

/// Tenants opened at once. Customers who write now come first.
const AT_ONCE: usize = 2;

/// How the workers are told.
#[derive(Debug, Clone)]
pub struct Bells {
    /// Of messages.
    pub dispatcher: Arc<Bell>,
    /// Of replies.
    pub outbox: Arc<Bell>,
    /// Of deliveries.
    pub deliveries: Arc<Bell>,
    /// Of appointments to be reminded of, or to be made elsewhere.
    pub appointments: Arc<Bell>,
    /// Of conversations to be summed up.
    pub memory: Arc<Bell>,
    /// Of catalogues to be finished.
    pub catalogue: Arc<Bell>,
}

/// Opens every tenant that has a database, which settles what was left half-way, tells the workers of those with
/// work, and closes the others again.
pub async fn run(tenants: Tenants, bells: Bells, stop: CancellationToken) {
    let listed = {
        let tenants = tenants.clone();
        tokio::task::spawn_blocking(move || by_last_change(&tenants)).await.unwrap_or_default()
    };
    let total = listed.len();
    let looked = futures::stream::iter(listed).take_until(stop.cancelled()).map(|id| {
        let (tenants, bells) = (tenants.clone(), bells.clone());
        async move {
            let work = match tenants.look(&id).await {
                Ok(tenant) => {
                    let db = tenant.db();
                    if tenant.config.booking.is_some() {
                        bells.appointments.ring(&id);
                    }
                    let model = tenant.context.knowledge.embedder().model_id().to_owned();
                    let stamp = index::stamp(tenant.config.language);
                    if let Ok(false) = db.is_catalog_finished(stamp, model).await {
                        bells.catalogue.ring(&id);
                    }
                    if let Ok(Some(updated_ms)) = db.oldest_to_summarise().await {
                        let quiet = tenant.config.memory.consolidate_after;
                        bells.memory.ring_at(&id, after_ms(updated_ms, quiet));
                    }
                    async {
                        let pending = db.count_pending().await?;
                        anyhow::Ok((pending, db.count_unsent().await?, db.count_undelivered().await?))
                    }
                    .await
                    .unwrap_or((1, 1, 1))
                }
                // The registry has said why; whoever writes to it next tries again.
                Err(_) => return,
            };
            match work {
                (0, 0, 0) => tenants.close_unused(&id).await,
                (pending, unsent, undelivered) => {
                    tracing::debug!(tenant = %id, pending, unsent, undelivered, "found work left from before");
                    for bell in [&bells.dispatcher, &bells.outbox, &bells.deliveries] {
                        bell.ring(&id);
                    }
                }
            }
        }
    });
    looked.buffer_unordered(AT_ONCE).collect::<()>().await;
    tracing::debug!(tenants = total, "looked for work left from before");
}

/// The tenants that have a database, the one written to last first.
fn by_last_change(tenants: &Tenants) -> Vec<TenantId> {
    let mut found: Vec<(SystemTime, TenantId)> =
        tenants.ids().into_iter().filter_map(|id| Some((changed(&tenants.database(&id))?, id))).collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, id)| id).collect()
}

/// When a database was last written to; its log is written first.
fn changed(database: &Path) -> Option<SystemTime> {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    modified(database).max(modified(Path::new(&log)))
}
