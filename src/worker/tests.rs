//! Placeholder.
#[derive(Debug, Clone)]
pub(super) struct Script;
