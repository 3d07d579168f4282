//! What providers post: verified and parsed by their channel, safe on disk before they are answered. Never a model here.

use super::{ApiError, AppState};
use crate::{
    channel::Received, domain::conversation::ChannelKind, store::inbox::Accepted, tenants::TenantUse,
};

/// The largest body of a webhook, in bytes: Meta's largest are 3 MB.
pub(super) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Makes what a webhook brought safe, and has it answered. What became of the messages is in their order.
///
/// # Errors
/// When the messages were not stored: the provider is to deliver them again.
pub(super) async fn take(
    state: &AppState,
    tenant: &TenantUse,
    channel: ChannelKind,
    received: Received,
) -> Result<Vec<Accepted>, ApiError> {
    let Received { mut messages, news } = received;
    let quiet = state.live.get().worker.burst_quiet;
    let quiet_ms = u32::try_from(quiet.as_millis()).unwrap_or(u32::MAX);
    for message in &mut messages {
        message.quiet_ms = quiet_ms;
    }
    let mut accepted = Vec::new();
    if !messages.is_empty() {
        let stored = tenant.db().accept(messages, &state.clock, &state.ids).await;
        accepted = stored.map_err(|error| ApiError::from(error.as_ref()))?;
        if accepted.iter().any(|accepted| accepted.turn.is_none()) {
            state.dispatcher.ring_at(tenant.id(), state.clock.now_ms() + i64::from(quiet_ms));
        }
    }
    if !news.is_empty() {
        tenant.db().note_news(channel, news, state.clock.now_ms()).await?;
    }
    Ok(accepted)
}
