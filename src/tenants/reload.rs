//! Taking up what changed in the tenants' files while the daemon runs.

use std::sync::Arc;

use serde::Serialize;

use super::{TenantError, TenantState, Tenants, entry::Entry, open::reconfigure};
use crate::{
    config::{errors::ConfigError, tenant::TenantConfig, tenant_file::TenantFileError},
    domain::tenant::TenantId,
};

/// What a reload found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TenantsReload {
    /// Tenants that are new.
    pub added: Vec<TenantId>,
    /// Tenants whose folder is gone.
    pub removed: Vec<TenantId>,
    /// Tenants that have a new configuration.
    pub changed: Vec<TenantId>,
    /// What is wrong, with file and line. Those tenants go on with what they had.
    pub errors: Vec<ConfigError>,
}

impl Tenants {
    /// Reads all tenants' files again. What is right takes effect from the next turn on; a tenant whose file is wrong
    /// goes on as before.
    ///
    /// # Errors
    /// [`TenantFileError`] when the folder of tenants cannot be listed: nothing is changed then.
    pub async fn reload(&self) -> Result<TenantsReload, TenantFileError> {
        let (directory, live) = (self.shared.directory.clone(), self.shared.live.clone());
        let read = tokio::task::spawn_blocking(move || {
            let mut errors = directory.misnamed()?;
            let all = directory.load_all(live.source().env())?;
            errors.sort_by(|a, b| a.file.cmp(&b.file));
            Ok((all, errors))
        });
        let (all, errors) = match read.await {
            Ok(read) => read?,
            Err(join) => {
                return Err(TenantFileError::Io {
                    action: "read the tenants in",
                    path: self.shared.directory.root().to_owned(),
                    source: std::io::Error::other(join),
                });
            }
        };
        self.shared.means.prompts.forget();
        let mut outcome = TenantsReload { errors, ..TenantsReload::default() };
        let gone: Vec<TenantId> =
            self.ids().into_iter().filter(|id| all.iter().all(|(there, _)| there != id)).collect();
        for id in gone {
            // Its entry goes with the last turn that uses it.
            if let Some(entry) = self.entries(|entries| entries.remove(&id)) {
                super::close(&entry).await;
            }
            outcome.removed.push(id);
        }
        for (id, loaded) in all {
            let (entry, is_new) = self.entries(|entries| {
                let known = entries.contains_key(&id);
                (entries.entry(id.clone()).or_insert_with(|| Entry::new(id.clone())).clone(), !known)
            });
            if is_new {
                outcome.added.push(id.clone());
            }
            match loaded {
                Ok(config) => match self.take_up(&entry, config).await {
                    Ok(true) if !is_new => outcome.changed.push(id),
                    Ok(_) => {}
                    Err(error) => outcome.errors.extend(self.keep_old(&entry, &error).await),
                },
                Err(error) => {
                    let error = TenantError::from_file(&id, error);
                    outcome.errors.extend(self.keep_old(&entry, &error).await);
                }
            }
        }
        self.shared.reloads.send_modify(|reloads| *reloads += 1);
        Ok(outcome)
    }

    /// Notes that a tenant's new file is wrong. It is unavailable only if it never had a right one.
    async fn keep_old(&self, entry: &Entry, error: &TenantError) -> Vec<ConfigError> {
        let errors = match error {
            TenantError::Config { errors, .. } => errors.as_slice().to_vec(),
            other => vec![ConfigError {
                file: Some(self.shared.directory.file(&entry.id)),
                line: None,
                column: None,
                key: String::new(),
                message: other.to_string(),
            }],
        };
        let slot = entry.slot.lock().await;
        if slot.config.is_none() {
            entry.note(TenantState::Unavailable, Some(error));
        }
        entry.note_config(&errors);
        errors
    }

    /// Puts a new configuration in force and reads the prompts of an open tenant again. Says whether the
    /// configuration differs from the one there was.
    async fn take_up(&self, entry: &Entry, config: TenantConfig) -> Result<bool, TenantError> {
        let mut slot = entry.slot.lock().await;
        let had_one = slot.config.is_some();
        let differs = slot.config.as_deref() != Some(&config);
        let config = Arc::new(config);
        if !config.enabled {
            // Turns under way keep their handle until they end. Closing writes to the disk, so not here.
            let opened = slot.opened.take();
            drop(tokio::task::spawn_blocking(move || drop(opened)).await);
            entry.note(TenantState::Disabled, None);
        } else if let Some(opened) = &mut slot.opened {
            let daemon = self.shared.live.get();
            let tenant = reconfigure(&opened.tenant, config.clone(), daemon, &self.shared.means).await?;
            opened.tenant = Arc::new(tenant);
        } else if differs {
            entry.note(TenantState::Closed, None);
        }
        slot.config = Some(config);
        slot.failed = None;
        entry.note_config(&[]);
        Ok(had_one && differs)
    }
}
