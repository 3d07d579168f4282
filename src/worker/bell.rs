//! How the rest of the daemon tells a worker that a tenant has work.
//!
//! A ring is a note, not a message: ringing a thousand times for one tenant is one look at its database. So it needs
//! no bound but the number of tenants, and nobody who rings ever waits.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::domain::tenant::TenantId;

/// The bell of one worker.
#[derive(Debug, Default)]
pub struct Bell {
    /// Guards the tenants rung for since the worker last looked, each with the earliest time asked for.
    rung: Mutex<HashMap<TenantId, i64>>,
    notify: Notify,
}

impl Bell {
    /// There is work for a tenant now.
    pub fn ring(&self, tenant: &TenantId) {
        self.ring_at(tenant, i64::MIN);
    }

    /// There will be work for a tenant at `due_ms`, in milliseconds since 1970.
    pub fn ring_at(&self, tenant: &TenantId, due_ms: i64) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        match rung.get_mut(tenant) {
            Some(earliest) => *earliest = (*earliest).min(due_ms),
            None => {
                rung.insert(tenant.clone(), due_ms);
            }
        }
        drop(rung);
        self.notify.notify_one();
    }

    /// Waits until somebody has rung.
    pub(super) async fn heard(&self) {
        self.notify.notified().await;
    }

    /// The tenants rung for, each with the time asked for.
    pub(super) fn take(&self) -> HashMap<TenantId, i64> {
        std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
