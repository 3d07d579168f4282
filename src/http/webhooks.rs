//! What providers post: verified and parsed by their channel, safe on disk before they are answered. Never a model here.

mod chatwoot;
mod twilio;
mod voice;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode},
    routing::post,
};

use super::{ApiError, AppState};
use crate::{
    channel::{Received, Refused},
    domain::conversation::ChannelKind,
    store::inbox::Accepted,
    tenants::TenantUse,
};

/// The largest body of a webhook, in bytes: Meta's largest are 3 MB.
pub(super) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The routes of all providers. Nobody needs a token here: each request proves itself.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/webhooks/twilio/{tenant}", post(twilio::message))
        .route("/webhooks/twilio/{tenant}/status", post(twilio::message))
        .route("/webhooks/chatwoot", post(chatwoot::of_account))
        .route("/webhooks/chatwoot/{tenant}", post(chatwoot::of_tenant))
        .route("/webhooks/voice/{tenant}", post(voice::call))
        .route("/webhooks/voice/{tenant}/status", post(voice::call))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

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

/// A request that is not taken.
fn refused(refused: Refused) -> ApiError {
    match refused {
        Refused::Signature => ApiError::new(StatusCode::UNAUTHORIZED, "bad_signature", refused.to_string()),
        Refused::Body => ApiError::new(StatusCode::BAD_REQUEST, "bad_body", refused.to_string()),
    }
}

/// The tenant has no such channel.
fn not_set_up(channel: ChannelKind) -> ApiError {
    ApiError::not_found("channel_off", format!("this tenant has no [channels.{channel}]"))
}

/// A header as text.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
