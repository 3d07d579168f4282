//! What Telegram posts: one update (<https://core.telegram.org/bots/api#setwebhook>).

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

use super::{not_set_up, refused, take};
use crate::{
    channel::{Refused, telegram},
    domain::conversation::ChannelKind,
    http::{ApiError, AppState, select::OpenTenant},
};

/// `POST /webhooks/telegram/{tenant}`: an update. Telegram sends it again until it is answered with 200.
pub(super) async fn update(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let settings =
        tenant.config.channels.telegram.as_ref().ok_or_else(|| not_set_up(ChannelKind::Telegram))?;
    let shown = headers.get(telegram::SECRET_HEADER).map(axum::http::HeaderValue::as_bytes);
    if !telegram::is_genuine(settings, shown) {
        return Err(refused(Refused::Signature));
    }
    let update: Value = serde_json::from_slice(&body).map_err(|_| refused(Refused::Body))?;
    let most = tenant.context.media.max_bytes;
    let heard = state.channels.telegram.hear(tenant.id(), settings, vec![update], most);
    take(&state, &tenant, ChannelKind::Telegram, heard.received).await?;
    state.channels.confirm_taps(settings, heard.taps);
    Ok(StatusCode::OK)
}
