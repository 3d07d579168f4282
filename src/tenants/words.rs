//! The prompts of the tenants: one copy for all that have none of their own, because most have none and a copy is
//! two megabytes.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    config::daemon::Paths,
    domain::tenant::TenantId,
    prompts::{PromptError, Prompts},
};

/// The prompts that tenants share.
#[derive(Debug, Default)]
pub(super) struct SharedPrompts {
    /// Guards the copy; none until somebody needs it.
    common: Mutex<Option<Arc<Prompts>>>,
}

impl SharedPrompts {
    /// The prompts of a tenant: its own over the owner's over the built-in ones. Blocking.
    ///
    /// # Errors
    /// What is wrong with a prompt, with file and line.
    pub(super) fn of(&self, id: &TenantId, paths: &Paths) -> Result<Arc<Prompts>, PromptError> {
        let own = paths.tenants.join(id.as_str()).join("prompts");
        if own.is_dir() {
            return load(paths, Some(&own));
        }
        let mut common = self.common.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prompts) = &*common {
            return Ok(prompts.clone());
        }
        let prompts = load(paths, None)?;
        *common = Some(prompts.clone());
        Ok(prompts)
    }

    /// Reads the files again when a prompt is needed next.
    pub(super) fn forget(&self) {
        *self.common.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn load(paths: &Paths, own: Option<&Path>) -> Result<Arc<Prompts>, PromptError> {
    Prompts::load(Some(&paths.prompts), own).map(Arc::new)
}
