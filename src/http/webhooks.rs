//! What providers post: verified and parsed by their channel, safe on disk before they are answered. Never a model here.

mod chatwoot;
mod meta;
mod telegram;
mod twilio;
mod voice;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, OriginalUri, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use super::{ApiError, AppState, select::OpenTenant};
use crate::{
    alerts::Alert,
    channel::{Received, Refused},
    domain::{conversation::ChannelKind, message::DeliveryNews},
    store::{delivery_news::Again, inbox::Accepted},
    tenants::TenantUse,
};

/// The largest body of a webhook, in bytes: Meta's largest are 3 MB.
pub(super) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The routes of all providers. Nobody needs a token here: each request proves itself.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/webhooks/whatsapp/{tenant}", get(meta::register).post(whatsapp))
        .route("/webhooks/meta/{tenant}", get(meta::register).post(meta::message))
        .route("/webhooks/twilio/{tenant}", post(twilio::message))
        .route("/webhooks/twilio/{tenant}/status", post(twilio::message))
        .route("/webhooks/chatwoot", post(chatwoot::of_account))
        .route("/webhooks/chatwoot/{tenant}", post(chatwoot::of_tenant))
        .route("/webhooks/voice/{tenant}", post(voice::call))
        .route("/webhooks/voice/{tenant}/status", post(voice::call))
        .route("/webhooks/telegram/{tenant}", post(telegram::update))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// `POST /webhooks/whatsapp/{tenant}`: Twilio posts a form, Meta JSON.
async fn whatsapp(
    state: State<AppState>,
    tenant: OpenTenant,
    uri: OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let kind = header(&headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        twilio::message(state, tenant, uri, headers, body).await
    } else {
        Ok(meta::message(state, tenant, headers, body).await?.into_response())
    }
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
    let Received { messages, moves, news } = received;
    let stored = state.intake().take(tenant, channel, messages, moves).await;
    let accepted = stored.map_err(|error| ApiError::from(error.as_ref()))?;
    if !news.is_empty() {
        note(state, tenant, channel, news).await?;
    }
    Ok(accepted)
}

/// Writes down news of replies, and has those sent again that will not arrive as they are. Gives how many of the news are
/// of replies that this tenant sent.
async fn note(
    state: &AppState,
    tenant: &TenantUse,
    channel: ChannelKind,
    news: Vec<DeliveryNews>,
) -> Result<usize, ApiError> {
    let rules = &state.live.get().outbox;
    let again = Again { max_attempts: rules.max_attempts, first: rules.first_retry, most: rules.max_retry };
    let taken = tenant.db().note_news(channel, news, again, state.clock.now_ms()).await?;
    if taken.held > 0 {
        state.channels.alerts.raise(Alert::ReplyHeld { tenant: tenant.id().clone(), channel });
    }
    if taken.again > 0 {
        state.outbox.ring(tenant.id());
    }
    Ok(taken.known)
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
