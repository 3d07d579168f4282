//! Opening a tenant: its database, its words and its facts, ready for turns.

use std::sync::Arc;

use super::{Tenant, TenantError};
use crate::{
    config::{Config, daemon, tenant::TenantConfig},
    domain::{business::Business, tenant::TenantId},
    store::{StoreError, TenantDb, outbox::OnUnknown},
    worker::{DAEMON_OWNER, runner::TenantContext},
};

/// Opens a tenant's database and puts together what its turns need. Unless `settled`, what an earlier daemon left
/// half-way is put right before anybody uses it.
pub(super) async fn open(
    id: &TenantId,
    config: Arc<TenantConfig>,
    daemon: Arc<Config>,
    settled: bool,
) -> Result<Tenant, TenantError> {
    let path = daemon.paths.tenant_database(id);
    let db = tokio::task::spawn_blocking(move || TenantDb::open(&path)).await.map_err(|join| {
        StoreError::Lost { path: daemon.paths.tenant_database(id), detail: join.to_string() }
    })??;
    if !settled {
        settle(id, &db, &daemon).await?;
    }
    let context = context(id, &config, db);
    Ok(Tenant { context, config })
}

/// The same tenant with a new configuration, on the same open database.
pub(super) fn reconfigure(tenant: &Tenant, config: Arc<TenantConfig>) -> Tenant {
    Tenant { context: context(tenant.id(), &config, tenant.db().clone()), config }
}

fn context(id: &TenantId, config: &TenantConfig, db: TenantDb) -> TenantContext {
    TenantContext { id: id.clone(), business: business(config), db, window: config.memory.window }
}

/// What a reply may need to know of the business.
pub fn business(config: &TenantConfig) -> Business {
    Business {
        name: config.name.clone(),
        language: config.language,
        timezone: config.timezone.iana_name().unwrap_or("UTC").to_owned(),
        currency: config.currency.to_string(),
        description: config.business.description.clone(),
        address: config.business.address.clone(),
        phone: config.business.phone.clone(),
    }
}

/// Frees what a daemon that was killed held: no other one lives, because this one has the data directory.
async fn settle(id: &TenantId, db: &TenantDb, daemon: &Config) -> Result<(), StoreError> {
    let policy = match daemon.outbox.on_unknown {
        daemon::OnUnknown::Resend => OnUnknown::Resend,
        daemon::OnUnknown::Hold => OnUnknown::Hold,
    };
    let leases = db.release_all(DAEMON_OWNER).await?;
    let replies = db.settle_unknown(DAEMON_OWNER, policy).await?;
    if leases + replies > 0 {
        tracing::info!(tenant = %id, leases, replies, policy = ?policy, "settled what a killed daemon left half-way");
    }
    Ok(())
}
