//! Why a tenant cannot be served.

use std::sync::Arc;

use super::TenantState;
use crate::{
    config::{ConfigErrors, tenant_file::TenantFileError},
    domain::tenant::TenantId,
    store::StoreError,
};

/// Why a tenant cannot be served. Cheap to clone: everybody who waited for the same try gets it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TenantError {
    /// There is no such tenant.
    #[error("there is no tenant `{0}`")]
    Unknown(TenantId),
    /// Its owner switched it off.
    #[error("the tenant `{0}` is disabled; `iass tenant enable {0}` switches it on")]
    Disabled(TenantId),
    /// Its `tenant.toml` is wrong.
    #[error("{errors}")]
    Config {
        /// The tenant.
        id: TenantId,
        /// What is wrong, with file and line.
        errors: Arc<ConfigErrors>,
    },
    /// Something its owner wrote beside the `tenant.toml` is wrong.
    #[error("{message}")]
    Content {
        /// The tenant.
        id: TenantId,
        /// What is wrong, with file and line.
        message: String,
    },
    /// Its database cannot be used.
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// The most tenants are open and all of them are in use: trying again will do.
    #[error("too many tenants are at work at once; try again in a moment, or raise worker.max_open_tenants")]
    Crowded,
}

impl TenantError {
    /// Whether the same call may succeed a little later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Store(error) => error.is_temporary(),
            Self::Crowded => true,
            Self::Unknown(_) | Self::Disabled(_) | Self::Config { .. } | Self::Content { .. } => false,
        }
    }

    /// What the tenant's state is when opening it ends like this.
    pub(super) fn state(&self) -> TenantState {
        match self {
            Self::Disabled(_) => TenantState::Disabled,
            Self::Crowded => TenantState::Closed,
            Self::Unknown(_) | Self::Config { .. } | Self::Content { .. } | Self::Store(_) => {
                TenantState::Unavailable
            }
        }
    }

    pub(super) fn from_file(id: &TenantId, error: TenantFileError) -> Self {
        match error {
            TenantFileError::Wrong(errors) => Self::Config { id: id.clone(), errors: Arc::new(errors) },
            TenantFileError::Unknown { .. } => Self::Unknown(id.clone()),
            other => Self::Content { id: id.clone(), message: format!("{:#}", anyhow::Error::from(other)) },
        }
    }

    pub(super) fn interrupted(id: &TenantId, join: &tokio::task::JoinError) -> Self {
        Self::Content { id: id.clone(), message: format!("reading its files was interrupted: {join}") }
    }
}

impl From<StoreError> for TenantError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
