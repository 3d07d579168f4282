//! Calls for a person: who waits, taking a conversation, speaking in it and giving it back.
//!
//! A handoff is named by its own id or by that of its conversation.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::{
    ApiError, AppState,
    fields::Fields,
    page::{Page, PageQuery, place},
    select::OpenTenant,
};
use crate::{
    domain::{
        handoff::{HandoffState, HandoffSummary},
        message::{MAX_TEXT_BYTES, Message},
    },
    store::handoff::{HandoffChange, PersonReply},
};

/// The longest name of a person or id of a message, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Who gives a conversation back when nobody says.
const SOMEBODY: &str = "somebody";

/// Which handoffs a client wants to see.
#[derive(Debug, Deserialize)]
pub(super) struct StateQuery {
    state: Option<String>,
}

/// The path of one handoff.
#[derive(Debug, Deserialize)]
pub(super) struct HandoffPath {
    handoff: String,
}

/// `GET …/handoffs`: the newest first; `?state=waiting`, `taken` or `released` for some of them.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
    Query(StateQuery { state }): Query<StateQuery>,
) -> Result<Json<Page<HandoffSummary>>, ApiError> {
    let wrong = |given: &str| {
        ApiError::field("state", format!("`state` must be waiting, taken or released, not {given:?}"))
    };
    let state =
        state.map(|state| HandoffState::from_name(&state).ok_or_else(|| wrong(&state))).transpose()?;
    let limit = query.limit()?;
    let items = tenant.db().handoffs(state, query.place()?, limit + 1).await?;
    Ok(Json(Page::new(items, limit, |last| place(last.created_at, &last.handoff))))
}

/// `GET …/handoffs/{handoff}`.
pub(super) async fn show(
    OpenTenant(tenant): OpenTenant,
    Path(HandoffPath { handoff }): Path<HandoffPath>,
) -> Result<Json<HandoffSummary>, ApiError> {
    tenant.db().handoff(&handoff).await?.map(Json).ok_or_else(|| unknown(&handoff))
}

/// `POST …/handoffs/{handoff}/take` with `{"by"}`: 409 when another person has the conversation.
pub(super) async fn take(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(HandoffPath { handoff }): Path<HandoffPath>,
    fields: Fields,
) -> Result<Json<HandoffSummary>, ApiError> {
    let by = name(&fields)?.ok_or_else(|| ApiError::field("by", "`by` is missing"))?;
    let change = tenant.db().take_handoff(&handoff, &by, state.clock.now_ms(), &state.ids).await?;
    let taken = outcome(change, &handoff)?;
    state.web.ring(tenant.id(), &taken.contact);
    // No model is asked while a person has the conversation.
    state.pool.release(tenant.id(), &taken.conversation);
    Ok(Json(taken))
}

/// `POST …/handoffs/{handoff}/release`, perhaps with `{"by"}`: the product answers again.
pub(super) async fn release(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(HandoffPath { handoff }): Path<HandoffPath>,
    fields: Option<Fields>,
) -> Result<Json<HandoffSummary>, ApiError> {
    let by = fields.map(|fields| name(&fields)).transpose()?.flatten();
    let by = by.as_deref().unwrap_or(SOMEBODY);
    let change = tenant.db().release_handoff(&handoff, by, state.clock.now_ms()).await?;
    let released = outcome(change, &handoff)?;
    state.web.ring(tenant.id(), &released.contact);
    Ok(Json(released))
}

/// `POST …/handoffs/{handoff}/reply` with `{"message"}`, perhaps `by` and a `message_id` of the client's own, under
/// which the request may be repeated: what a person says to the customer.
pub(super) async fn reply(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(HandoffPath { handoff }): Path<HandoffPath>,
    fields: Fields,
) -> Result<(StatusCode, Json<Message>), ApiError> {
    let reply = PersonReply {
        by: name(&fields)?,
        text: fields.text("message", MAX_TEXT_BYTES)?,
        message_id: fields.optional_text("message_id", MAX_NAME_BYTES)?,
    };
    let change = tenant.db().reply_in_handoff(&handoff, reply, state.clock.now_ms(), &state.ids).await?;
    let message = outcome(change, &handoff)?;
    state.outbox.ring(tenant.id());
    Ok((StatusCode::CREATED, Json(message)))
}

fn name(fields: &Fields) -> Result<Option<String>, ApiError> {
    Ok(fields.optional_text("by", MAX_NAME_BYTES)?.map(|by| by.trim().to_owned()))
}

fn outcome<T>(change: HandoffChange<T>, handoff: &str) -> Result<T, ApiError> {
    match change {
        HandoffChange::Done(value) => Ok(value),
        HandoffChange::NotFound => Err(unknown(handoff)),
        HandoffChange::Conflict(found) => {
            let message = match (found.state, &found.taken_by) {
                (HandoffState::Taken, Some(by)) => format!("{by} has this conversation"),
                _ => "this conversation was given back to the bot; take it by the conversation's id to step in \
                      again"
                    .to_owned(),
            };
            Err(ApiError::new(StatusCode::CONFLICT, "handoff_conflict", message))
        }
    }
}

fn unknown(handoff: &str) -> ApiError {
    ApiError::not_found("unknown_handoff", format!("there is no handoff or conversation {handoff:?}"))
}
