//! What Chatwoot posts: <https://www.chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks>.
//!
//! It waits five seconds for an answer and then gives the conversation to people, so nothing here waits for anything but
//! the disk.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{header, not_set_up, refused};
use crate::{
    channel::{
        Received,
        chatwoot::{self, Addressee, Body, Happened, Place, Proof},
    },
    config::tenant::TenantConfig,
    domain::{
        conversation::{ChannelKind, ConversationId},
        handoff::Owner,
        message::Inbound,
        tenant::TenantId,
    },
    http::{ApiError, AppState, select::OpenTenant},
    store::handoff::PersonReply,
    tenants::TenantUse,
};

/// How many of the last replies are compared with a message that may be our own.
const OWN_REPLIES: u32 = 20;

/// Who has a conversation that Chatwoot keeps from us without saying for whom.
const DESK: &str = "Chatwoot";

/// The query of the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TokenQuery {
    token: Option<String>,
}

/// `POST /webhooks/chatwoot/{tenant}`.
pub(super) async fn of_tenant(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<TokenQuery>,
    headers: HeaderMap,
    raw: Bytes,
) -> Result<Json<Value>, ApiError> {
    verify(&state, &tenant.config, &proof(&headers, &query), &raw)?;
    let body = Body::parse(&raw).map_err(refused)?;
    take(&state, &tenant, &body).await
}

/// `POST /webhooks/chatwoot`: the tenant is the one whose account the body names, and whose secret it is signed with.
pub(super) async fn of_account(
    State(state): State<AppState>,
    Query(query): Query<TokenQuery>,
    headers: HeaderMap,
    raw: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = Body::parse(&raw).map_err(refused)?;
    let proof = proof(&headers, &query);
    let mut last = ApiError::not_found("unknown_account", "no tenant has this Chatwoot account");
    for id in candidates(&state, &body.addressee()).await {
        // A tenant whose file is wrong keeps no other from being found.
        let Ok(config) = state.tenants.config(&id).await else { continue };
        match verify(&state, &config, &proof, &raw) {
            Ok(()) => {
                let tenant = state.tenants.get(&id).await?;
                return take(&state, &tenant, &body).await;
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The tenants that a body may be for.
async fn candidates(state: &AppState, addressee: &Addressee) -> Vec<TenantId> {
    if let Some(named) = addressee.tenant.as_deref().and_then(|name| TenantId::parse(name).ok()) {
        return vec![named];
    }
    let Some(account_id) = addressee.account_id else { return Vec::new() };
    let mut found = Vec::new();
    for id in state.tenants.ids() {
        let config = state.tenants.config(&id).await;
        let account = config.ok().and_then(|config| Some(config.channels.chatwoot.as_ref()?.account_id));
        if account == Some(account_id) {
            found.push(id);
        }
    }
    found
}

fn proof<'a>(headers: &'a HeaderMap, query: &'a TokenQuery) -> Proof<'a> {
    Proof {
        timestamp: header(headers, "x-chatwoot-timestamp"),
        signature: header(headers, "x-chatwoot-signature"),
        token: query.token.as_deref(),
    }
}

fn verify(state: &AppState, config: &TenantConfig, proof: &Proof<'_>, raw: &[u8]) -> Result<(), ApiError> {
    let config = config.channels.chatwoot.as_ref().ok_or_else(|| not_set_up(ChannelKind::Chatwoot))?;
    chatwoot::verify(config, proof, raw, state.clock.now()).map_err(refused)
}

/// Makes what happened safe.
async fn take(state: &AppState, tenant: &TenantUse, body: &Body) -> Result<Json<Value>, ApiError> {
    let Some(config) = tenant.config.channels.chatwoot.as_ref() else {
        return Err(not_set_up(ChannelKind::Chatwoot));
    };
    match chatwoot::read(config, body) {
        Happened::Wrote { message, ours: true, .. } => {
            come_back(state, tenant, &message).await?;
            accept(state, tenant, *message).await?;
        }
        Happened::Wrote { message, ours: false, assignee } => {
            overhear(state, tenant, *message, assignee).await?;
        }
        Happened::Answered { place, by, text, message_id } => {
            answered(state, tenant, &place, PersonReply { by: Some(by), text, message_id: Some(message_id) })
                .await?;
        }
        Happened::Taken { place, by } => {
            if let Some(conversation) = find(tenant, &place).await? {
                taken(state, tenant, &conversation, &by).await?;
            }
        }
        Happened::GivenBack { place } => {
            if let Some(conversation) = find(tenant, &place).await? {
                let now_ms = state.clock.now_ms();
                tenant.db().release_handoff(conversation.as_str(), DESK, now_ms).await?;
            }
        }
        Happened::Nothing => {}
    }
    Ok(Json(json!({})))
}

async fn accept(state: &AppState, tenant: &TenantUse, message: Inbound) -> Result<(), ApiError> {
    if message.text.is_empty() && message.attachments.is_empty() {
        // A card, a form, a kind that is not known: there is nothing to answer.
        return Ok(());
    }
    let received = Received { messages: vec![message], ..Received::default() };
    super::take(state, tenant, ChannelKind::Chatwoot, received).await?;
    Ok(())
}

/// Chatwoot leaves a message to us in a conversation that a person took and never spoke in: it was given back, and
/// Chatwoot does not tell that to every bot.
async fn come_back(state: &AppState, tenant: &TenantUse, message: &Inbound) -> Result<(), ApiError> {
    let Some(conversation) = find(tenant, &place_of(message)).await? else { return Ok(()) };
    if tenant.db().is_held_in_silence(&conversation).await? {
        tenant.db().release_handoff(conversation.as_str(), DESK, state.clock.now_ms()).await?;
    }
    Ok(())
}

fn place_of(message: &Inbound) -> Place {
    Place {
        contact: message.contact.clone(),
        identity: message.identity.clone(),
        route: message.route.clone().unwrap_or_default(),
    }
}

/// A customer's message that a person answers: kept where the conversation is known, so that the product has heard it when
/// it comes back, and not answered.
async fn overhear(
    state: &AppState,
    tenant: &TenantUse,
    message: Inbound,
    assignee: Option<String>,
) -> Result<(), ApiError> {
    let Some(conversation) = find(tenant, &place_of(&message)).await? else { return Ok(()) };
    let summary = tenant.db().conversation(&conversation).await?;
    // Nobody has come yet, unless this program missed who did.
    if assignee.is_some() || summary.is_some_and(|summary| summary.owner.bot_speaks()) {
        taken(state, tenant, &conversation, assignee.as_deref().unwrap_or(DESK)).await?;
    }
    accept(state, tenant, message).await
}

/// A person wrote, or we did in a person's name.
async fn answered(
    state: &AppState,
    tenant: &TenantUse,
    place: &Place,
    said: PersonReply,
) -> Result<(), ApiError> {
    let Some(conversation) = find(tenant, place).await? else { return Ok(()) };
    let replies = tenant.db().recent_replies(&conversation, OWN_REPLIES).await?;
    let message_id = said.message_id.as_deref().unwrap_or_default();
    if chatwoot::is_our_own(message_id, &said.text, &replies) {
        return Ok(());
    }
    tenant.db().heard_at_desk(&conversation, said, state.clock.now_ms(), &state.ids).await?;
    Ok(())
}

/// A person has the conversation, unless one has it already.
async fn taken(
    state: &AppState,
    tenant: &TenantUse,
    conversation: &ConversationId,
    by: &str,
) -> Result<(), ApiError> {
    let summary = tenant.db().conversation(conversation).await?;
    if summary.is_none_or(|summary| summary.owner == Owner::Human) {
        return Ok(());
    }
    tenant.db().take_handoff(conversation.as_str(), by, state.clock.now_ms(), &state.ids).await?;
    Ok(())
}

async fn find(tenant: &TenantUse, place: &Place) -> Result<Option<ConversationId>, ApiError> {
    let Place { contact, identity, route } = place;
    Ok(tenant.db().conversation_at(ChannelKind::Chatwoot, contact, identity, route).await?)
}
