//! How messages come in: safe on disk first, then acknowledged to whoever brought them. Never a model here.

use std::sync::Arc;

use super::bell::Bell;
use crate::{
    clock::{Clock, Ids},
    config::live::LiveConfig,
    domain::{campaign::Campaign, contact::Moved, conversation::ChannelKind, message::Inbound},
    store::{StoreError, inbox::Accepted},
    tenants::TenantUse,
};

/// Takes messages in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The configuration in force.
    pub live: Arc<LiveConfig>,
    /// Rung when a message was accepted.
    pub dispatcher: Arc<Bell>,
    /// Rung when replies waited for a message.
    pub outbox: Arc<Bell>,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
}

impl Intake {
    /// Makes messages safe, and has them answered. What became of them is in their order. `moves` are contacts of the
    /// channel that are called otherwise now, each with how many of the messages came before.
    ///
    /// # Errors
    /// When they were not stored: whoever brought them must not be told that they are safe.
    pub async fn take(
        &self,
        tenant: &TenantUse,
        channel: ChannelKind,
        mut messages: Vec<Inbound>,
        moves: Vec<(usize, Moved)>,
    ) -> Result<Vec<Accepted>, Arc<StoreError>> {
        let mut accepted = Vec::with_capacity(messages.len());
        for (before, moved) in moves {
            let later = messages.split_off(before.saturating_sub(accepted.len()).min(messages.len()));
            accepted.extend(self.accept(tenant, messages).await?);
            messages = later;
            let known = tenant.db().move_contact(channel, moved).await?;
            tracing::info!(tenant = %tenant.id(), %channel, known, "a contact is called otherwise now");
        }
        accepted.extend(self.accept(tenant, messages).await?);
        Ok(accepted)
    }

    async fn accept(
        &self,
        tenant: &TenantUse,
        mut messages: Vec<Inbound>,
    ) -> Result<Vec<Accepted>, Arc<StoreError>> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let quiet = self.live.get().worker.burst_quiet;
        let quiet_ms = u32::try_from(quiet.as_millis()).unwrap_or(u32::MAX);
        for message in &mut messages {
            message.quiet_ms = quiet_ms;
            if message.source.is_none()
                && let Some((words, campaign)) = Campaign::take(&message.text)
            {
                (message.text, message.source) = (words.to_owned(), Some(campaign.to_string()));
            }
        }
        let accepted = tenant.db().accept(messages, &self.clock, &self.ids).await?;
        if accepted.iter().any(|accepted| accepted.turn.is_none()) {
            self.dispatcher.ring_at(tenant.id(), self.clock.now_ms() + i64::from(quiet_ms));
        }
        if accepted.iter().any(|accepted| accepted.releases) {
            self.outbox.ring(tenant.id());
        }
        Ok(accepted)
    }
}
