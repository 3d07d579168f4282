//! Opening a tenant: its database, its words and its facts, ready for turns.

use std::sync::Arc;

use jiff::civil::Weekday;

use super::{Tenant, TenantError, desk, words::SharedPrompts};
use crate::{
    calendar::RemoteCalendar,
    config::{Config, daemon::Paths, tenant::TenantConfig},
    domain::{
        business::{Business, WeekHours},
        cost::Cost,
        tenant::TenantId,
    },
    knowledge::{embed::Embedder, retrieve::Knowledge},
    llm::account::{Ledger, TenantAccount},
    prompts::{Facts, Prompts, Text},
    remote::RemoteTools,
    store::{StoreError, TenantDb, budget::BudgetLimits},
    worker::{DAEMON_OWNER, attachments::MediaRules, observer::Observer, on_unknown, runner::TenantContext},
};

/// What all tenants work with.
#[derive(Debug)]
pub(super) struct Means {
    pub(super) embedder: Arc<Embedder>,
    pub(super) prompts: Arc<SharedPrompts>,
}

/// Opens a tenant's database and puts together what its turns need. Unless `settled`, what an earlier daemon left
/// half-way is put right before anybody uses it.
pub(super) async fn open(
    id: &TenantId,
    config: Arc<TenantConfig>,
    daemon: Arc<Config>,
    means: &Means,
    settled: bool,
) -> Result<Tenant, TenantError> {
    let path = daemon.paths.tenant_database(id);
    let db = tokio::task::spawn_blocking(move || TenantDb::open(&path)).await.map_err(|join| {
        StoreError::Lost { path: daemon.paths.tenant_database(id), detail: join.to_string() }
    })??;
    if !settled {
        settle(id, &db, &daemon).await?;
    }
    read_context(id, config, daemon, means, Knowledge::new(db, means.embedder.clone())).await
}

/// The same tenant with a new configuration and its prompts read again, on the same open database.
pub(super) async fn reconfigure(
    tenant: &Tenant,
    config: Arc<TenantConfig>,
    daemon: Arc<Config>,
    means: &Means,
) -> Result<Tenant, TenantError> {
    read_context(tenant.id(), config, daemon, means, tenant.context.knowledge.clone()).await
}

async fn read_context(
    id: &TenantId,
    config: Arc<TenantConfig>,
    daemon: Arc<Config>,
    means: &Means,
    knowledge: Knowledge,
) -> Result<Tenant, TenantError> {
    let (prompts, of) = (means.prompts.clone(), id.clone());
    let public_url = daemon.server.public_url.clone();
    let prompts = tokio::task::spawn_blocking(move || prompts.of(&of, &daemon.paths))
        .await
        .map_err(|join| TenantError::interrupted(id, &join))?
        .map_err(|error| TenantError::Content { id: id.clone(), message: error.to_string() })?;
    let context = put_together(id, &config, public_url.as_deref(), prompts, knowledge)
        .map_err(|message| TenantError::Content { id: id.clone(), message })?;
    Ok(Tenant { context, config })
}

/// What the turns of a tenant work with. Blocking: reads the tenant's prompts.
///
/// # Errors
/// What is wrong with a prompt, with file and line, or with an agent or tool that the configuration names.
pub fn context(
    id: &TenantId,
    config: &TenantConfig,
    paths: &Paths,
    knowledge: Knowledge,
) -> Result<TenantContext, TenantError> {
    let content = |message: String| TenantError::Content { id: id.clone(), message };
    let prompts = SharedPrompts::default().of(id, paths).map_err(|error| content(error.to_string()))?;
    put_together(id, config, None, prompts, knowledge).map_err(content)
}

fn put_together(
    id: &TenantId,
    config: &TenantConfig,
    public_url: Option<&str>,
    prompts: Arc<Prompts>,
    knowledge: Knowledge,
) -> Result<TenantContext, String> {
    let mut desk = desk::desk(config);
    if let (Some(rules), Some(public_url)) = (&mut desk.booking, public_url) {
        Arc::make_mut(rules).files = Some(format!("{}/calendar/{id}/", public_url.trim_end_matches('/')));
    }
    let desk = Arc::new(desk);
    desk::check(&desk, config, &prompts)?;
    let business = Arc::new(business(config));
    let mut channels = config.channels.clone();
    if let Some(meta) = &mut channels.meta {
        let word = || prompts.text(Text::ListButton, business.language, &Facts::default());
        meta.list_button.get_or_insert_with(word);
    }
    Ok(TenantContext {
        id: id.clone(),
        business,
        db: knowledge.db().clone(),
        observer: Arc::new(Observer::new(knowledge.embedder().clone(), desk.clone())),
        account: Arc::new(account(id, config, knowledge.db().clone())),
        knowledge,
        prompts,
        desk,
        channels: Arc::new(channels),
        media: MediaRules {
            max_bytes: usize::try_from(config.limits.media_mb)
                .unwrap_or(usize::MAX)
                .saturating_mul(1024 * 1024),
            max_length: config.limits.voice_max,
        },
        calendar: RemoteCalendar::of(config.booking.as_ref()).map_err(|error| error.to_string())?,
        remote: RemoteTools::new(config).map_err(|error| error.to_string())?,
        window: config.memory.window,
    })
}

/// What the tenant is to the pool of models.
fn account(id: &TenantId, config: &TenantConfig, db: TenantDb) -> TenantAccount {
    let limits = BudgetLimits {
        tokens: config.limits.tokens_per_month,
        cost: Cost::from_main(config.limits.cost_per_month),
        soft_pct: config.limits.soft_pct,
    };
    let ledger = Ledger { db, zone: config.timezone.clone(), limits };
    TenantAccount::new(id.clone(), &config.llm).with_ledger(ledger)
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
        hours: hours(config),
    }
}

fn hours(config: &TenantConfig) -> WeekHours {
    let mut week = WeekHours::default();
    if let Some(hours) = &config.business.hours {
        for (day, weekday) in week.days.iter_mut().zip(Weekday::Monday.cycle_forward()) {
            *day = hours.on(weekday).iter().map(|span| (span.from_min, span.to_min)).collect();
        }
    }
    week
}

/// Frees what a daemon that was killed held: no other one lives, because this one has the data directory.
async fn settle(id: &TenantId, db: &TenantDb, daemon: &Config) -> Result<(), StoreError> {
    let policy = on_unknown(daemon);
    let leases = db.release_all(DAEMON_OWNER).await?;
    let replies = db.settle_unknown(DAEMON_OWNER, policy).await?;
    let deliveries = db.settle_unknown_deliveries(DAEMON_OWNER, policy).await?;
    if leases + replies + deliveries > 0 {
        tracing::info!(tenant = %id, leases, replies, deliveries, policy = ?policy, "settled what a killed daemon left half-way");
    }
    Ok(())
}
