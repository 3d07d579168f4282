//! What the pool knows of a tenant: the keys it brings, and whether it may use those of the daemon.

use std::sync::Arc;

use crate::{
    config::{llm::LlmKey, tenant::models::TenantModels},
    domain::{conversation::ConversationId, tenant::TenantId},
};

/// A tenant as a customer of the pool.
#[derive(Debug)]
pub struct TenantAccount {
    id: TenantId,
    /// The keys it brings itself.
    keys: Arc<Vec<LlmKey>>,
    /// Whether it may use the daemon's keys.
    shared_keys: bool,
}

impl TenantAccount {
    /// The account of a tenant with what it configured.
    pub fn new(id: TenantId, models: &TenantModels) -> Self {
        Self { id, keys: Arc::new(models.keys.clone()), shared_keys: models.shared_keys }
    }

    /// The tenant.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// Whether it may use the daemon's keys.
    pub(super) fn shared_keys(&self) -> bool {
        self.shared_keys
    }

    /// The keys it brings itself.
    pub(super) fn keys(&self) -> &Arc<Vec<LlmKey>> {
        &self.keys
    }
}

/// Who asks a model.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The tenant.
    pub tenant: &'a TenantAccount,
    /// The conversation, which stays with one key as long as it can.
    pub conversation: &'a ConversationId,
}
