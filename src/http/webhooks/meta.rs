//! What Meta posts for WhatsApp, and how it checks the address when it is registered:
//! <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;

use super::{header, not_set_up, refused};
use crate::{
    alerts::Alert,
    channel::meta::{
        self, SIGNATURE_HEADER,
        webhook::{Note, parse},
    },
    domain::{
        conversation::{ChannelKind, ConversationId},
        handoff::Owner,
    },
    http::{ApiError, AppState, select::OpenTenant},
    tenants::TenantUse,
};

/// What Meta asks when the address is registered.
#[derive(Deserialize)]
pub(super) struct Registration {
    #[serde(default, rename = "hub.mode")]
    mode: String,
    #[serde(default, rename = "hub.verify_token")]
    verify_token: String,
    #[serde(default, rename = "hub.challenge")]
    challenge: String,
}

/// `GET /webhooks/meta/{tenant}`: says the challenge back to who knows the word.
pub(super) async fn register(
    OpenTenant(tenant): OpenTenant,
    Query(asked): Query<Registration>,
) -> Result<String, ApiError> {
    let config = tenant.config.channels.meta.as_ref().ok_or_else(|| not_set_up(ChannelKind::Meta))?;
    if asked.mode == "subscribe" && meta::is_verify_token(&config.verify_token, &asked.verify_token) {
        return Ok(asked.challenge);
    }
    let message = "the verify token is not the one in [channels.meta]";
    Err(ApiError::new(StatusCode::FORBIDDEN, "bad_verify_token", message))
}

/// `POST /webhooks/meta/{tenant}`: messages, and news of replies.
pub(super) async fn message(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let config = tenant.config.channels.meta.as_ref().ok_or_else(|| not_set_up(ChannelKind::Meta))?;
    meta::verify(&config.app_secret, &body, header(&headers, SIGNATURE_HEADER)).map_err(refused)?;
    let webhook = parse(config, &body).map_err(refused)?;
    webhook.notes.iter().for_each(|note| log(&tenant, note));
    for trouble in webhook.troubles {
        let tenant = tenant.id().clone();
        state.channels.alerts.raise(Alert::ChannelFailed { tenant, channel: ChannelKind::Meta, trouble });
    }
    let ids: Vec<_> =
        webhook.received.messages.iter().map(|m| (m.message_id.clone(), m.route.clone())).collect();
    let accepted = super::take(&state, &tenant, ChannelKind::Meta, webhook.received).await?;
    // The last one stands for those before it.
    let mut latest: BTreeMap<ConversationId, (String, Option<String>)> = BTreeMap::new();
    for (accepted, id) in accepted.into_iter().zip(ids) {
        if !accepted.duplicate {
            latest.insert(accepted.conversation, id);
        }
    }
    for (conversation, (message_id, number)) in latest {
        show_typing(&state, &tenant, conversation, message_id, number);
    }
    Ok(StatusCode::OK)
}

/// Shows the customer that the message was read and is being answered, beside everything else. Not while a person has the
/// conversation, who reads and answers in their own time.
fn show_typing(
    state: &AppState,
    tenant: &TenantUse,
    conversation: ConversationId,
    message_id: String,
    number: Option<String>,
) {
    let (http, db, id) = (state.channels.http.clone(), tenant.db().clone(), tenant.id().clone());
    let channels = tenant.context.channels.clone();
    state.channels.aside(async move {
        let Some(config) = &channels.meta else { return };
        let owner = db.conversation(&conversation).await.ok().flatten().map(|summary| summary.owner);
        if !matches!(owner, Some(Owner::Bot | Owner::Returned)) {
            return;
        }
        let number = number.as_deref().unwrap_or(&config.phone_number_id);
        if let Err(error) = meta::mark_read(&http, config, number, &message_id).await {
            tracing::debug!(tenant = %id, %conversation, error, "a message was not shown as read");
        }
    });
}

fn log(tenant: &TenantUse, note: &Note) {
    let tenant = tenant.id();
    match note {
        Note::UnknownNumber(number) => tracing::warn!(
            %tenant, phone_number_id = number,
            "Meta posts what is for a number that is not in [channels.meta]; add it to [[channels.meta.numbers]]"
        ),
        Note::Passed(what) => tracing::debug!(%tenant, what, "Meta posted what needs no answer"),
        Note::Contact(kind) => tracing::info!(%tenant, kind, "a customer's WhatsApp changed"),
        Note::Problem(problem) => tracing::warn!(%tenant, problem, "Meta tells of a problem"),
    }
}
