//! Taking up changed configuration files while the daemon runs.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    config::{ConfigErrors, errors::ConfigError, live::LiveConfig},
    llm::pool::Pool,
    tenants::{Tenants, TenantsReload},
};

/// What a reload came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reloaded {
    /// Settings that changed and take effect only when the daemon starts again.
    pub needs_restart: Vec<&'static str>,
    /// The tenants.
    #[serde(flatten)]
    pub tenants: TenantsReload,
}

/// Reads all configuration files again. What is right is put in force; what is wrong is told and stays as it was.
///
/// # Errors
/// What is wrong with `chatbot.toml`, or that the folder of tenants cannot be listed: nothing is changed then.
pub async fn reload(
    live: &Arc<LiveConfig>,
    tenants: &Tenants,
    pool: &Pool,
) -> Result<Reloaded, ConfigErrors> {
    let outcome = try_reload(live, tenants, pool).await;
    match &outcome {
        Ok(reloaded) => {
            let Reloaded { needs_restart, tenants } = reloaded;
            for error in &tenants.errors {
                tracing::error!(error = %error, "a tenant's file is wrong; the tenant goes on as before");
            }
            tracing::info!(
                added = tenants.added.len(),
                removed = tenants.removed.len(),
                changed = tenants.changed.len(),
                wrong = tenants.errors.len(),
                needs_restart = needs_restart.join(", "),
                "reloaded"
            );
        }
        Err(errors) => {
            tracing::error!(error = %errors, "the configuration is wrong; the old one stays in force");
        }
    }
    outcome
}

async fn try_reload(
    live: &Arc<LiveConfig>,
    tenants: &Tenants,
    pool: &Pool,
) -> Result<Reloaded, ConfigErrors> {
    let reading = live.clone();
    let needs_restart = tokio::task::spawn_blocking(move || reading.reload())
        .await
        .map_err(|join| general(format!("reading the configuration was interrupted: {join}")))??;
    let tenants =
        tenants.reload().await.map_err(|error| general(format!("{:#}", anyhow::Error::from(error))))?;
    if let Err(error) = pool.reconfigure(&live.get().llm) {
        tracing::error!(%error, "the models cannot be asked with the new configuration");
    }
    pool.retain_tenants(|tenant| !tenants.removed.contains(tenant));
    Ok(Reloaded { needs_restart, tenants })
}

/// An error that has no place in a file.
fn general(message: String) -> ConfigErrors {
    ConfigErrors::one(ConfigError { file: None, line: None, column: None, key: String::new(), message })
}
