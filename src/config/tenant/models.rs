//! `[llm]` of a tenant: the model keys it brings itself.

use serde::Serialize;

use crate::config::{
    leaf::Leaf,
    llm::LlmKey,
    section::{Section, unique},
};

/// The models of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TenantModels {
    /// `shared_keys`: whether the daemon's keys serve this tenant too, when its own are exhausted or it has none.
    /// Default true.
    pub shared_keys: bool,
    /// `[[llm.keys]]`: accounts that only this tenant uses, before any others. Default none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<LlmKey>,
}

impl TenantModels {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let tables = section.sections("keys");
        unique(&tables, "id");
        Self {
            shared_keys: section.read("shared_keys", Leaf::boolean).unwrap_or(true),
            keys: tables.iter().filter_map(LlmKey::read).collect(),
        }
    }
}

impl Default for TenantModels {
    fn default() -> Self {
        Self { shared_keys: true, keys: Vec::new() }
    }
}
