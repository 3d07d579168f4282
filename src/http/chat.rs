//! The chat of the API: a message in, the turn that answers it out.
//!
//! A message takes the same way as one of any other channel: it is on disk before anything is answered, the
//! dispatcher runs its turn, the outbox hands over the reply. A request that waits only watches.

use std::{pin::pin, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{ApiError, AppState, fields::Fields, select::OpenTenant};
use crate::{
    domain::{
        contact::Identity,
        conversation::{ChannelKind, ConversationId},
        message::{Inbound, MAX_TEXT_BYTES},
        turn::TurnReport,
    },
    store::inbox::Accepted,
    tenants::Tenant,
};

/// The longest name of a contact or id of a message, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// A message that is safe and has no turn yet.
#[derive(Debug, Serialize)]
struct Waiting {
    message_id: String,
    conversation: ConversationId,
    status: &'static str,
}

/// `POST …/chat`: takes a message, and answers with its turn or, with `"wait": false`, that the message is safe.
pub(super) async fn post(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    fields: Fields,
) -> Result<Response, ApiError> {
    if state.stopping.is_cancelled() {
        return Err(ApiError::busy("shutting_down", "the daemon is stopping; try again in a moment"));
    }
    let wait = fields.truth("wait", true)?;
    let given_id = fields.optional_text("message_id", MAX_NAME_BYTES)?;
    // Who waits for the answer has said all there is to say.
    let worker = &state.live.get().worker;
    let quiet = if wait { Duration::ZERO } else { worker.burst_quiet };
    let message = Inbound {
        channel: ChannelKind::Api,
        message_id: given_id.unwrap_or_else(|| state.ids.next("msg")),
        contact: fields.text("contact", MAX_NAME_BYTES)?,
        contact_name: fields.optional_text("name", MAX_NAME_BYTES)?,
        text: fields.text("message", MAX_TEXT_BYTES)?,
        attachments: Vec::new(),
        route: None,
        source: fields.optional_text("source", MAX_NAME_BYTES)?,
        identity: Identity::default(),
        quiet_ms: u32::try_from(quiet.as_millis()).unwrap_or(u32::MAX),
    };
    let accepted = tenant.db().accept(vec![message.clone()], &state.clock, &state.ids).await;
    let accepted = accepted.map_err(|error| ApiError::from(error.as_ref()))?;
    let Some(accepted) = accepted.into_iter().next() else {
        return Err(ApiError::busy("store_unavailable", "the message was not stored"));
    };
    if accepted.duplicate {
        refuse_another_message(&tenant, &message).await?;
    }
    if accepted.turn.is_none() {
        state.dispatcher.ring_at(tenant.id(), state.clock.now_ms() + i64::from(message.quiet_ms));
    }
    let turn = if wait {
        let asked = Asked { channel: ChannelKind::Api, message_id: &message.message_id };
        wait_for_turn(&state, &tenant, asked, &accepted, state.live.get().worker.turn_deadline).await?
    } else {
        None
    };
    Ok(answer(turn, message.message_id, accepted.conversation))
}

/// The path of `GET …/chat/{message_id}`.
#[derive(Debug, Deserialize)]
pub(super) struct MessagePath {
    message_id: String,
}

/// `GET …/chat/{message_id}`: the turn that answers a message, or that it still waits for one.
pub(super) async fn get(
    OpenTenant(tenant): OpenTenant,
    Path(MessagePath { message_id }): Path<MessagePath>,
) -> Result<Response, ApiError> {
    let Some(accepted) = tenant.db().find_accepted(ChannelKind::Api, &message_id).await? else {
        let message = format!("no message with the id {message_id:?} was accepted");
        return Err(ApiError::not_found("unknown_message", message));
    };
    let turn = match &accepted.turn {
        Some(turn) => tenant.db().turn_report(turn).await?,
        None => None,
    };
    Ok(answer(turn, message_id, accepted.conversation))
}

fn answer(turn: Option<TurnReport>, message_id: String, conversation: ConversationId) -> Response {
    if let Some(turn) = turn {
        return Json(turn).into_response();
    }
    let waiting = Waiting { message_id, conversation, status: "accepted" };
    (StatusCode::ACCEPTED, Json(waiting)).into_response()
}

/// The same id with other words is a mistake of the client: taken for a repetition, the new words would be lost.
async fn refuse_another_message(tenant: &Tenant, message: &Inbound) -> Result<(), ApiError> {
    let stored = tenant.db().accepted_as(message.channel, &message.message_id).await?;
    let same = |(contact, text): (String, String)| contact == message.contact && text == message.text;
    if stored.is_none_or(same) {
        return Ok(());
    }
    let text = "another message was accepted with this `message_id`; give each message its own";
    Err(ApiError::new(StatusCode::CONFLICT, "message_id_taken", text).about("message_id"))
}

/// A message whose turn somebody waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The channel it came by.
    pub(super) channel: ChannelKind,
    /// Its id there.
    pub(super) message_id: &'a str,
}

/// Waits until the message has its turn, or for as long as the caller has time: `None` then.
pub(super) async fn wait_for_turn(
    state: &AppState,
    tenant: &Tenant,
    asked: Asked<'_>,
    accepted: &Accepted,
    most: Duration,
) -> Result<Option<TurnReport>, ApiError> {
    let ticket = state.desk.wait(tenant.id(), &accepted.conversation);
    let deadline = tokio::time::Instant::now() + most;
    loop {
        let mut call = pin!(ticket.call());
        call.as_mut().enable();
        let found = tenant.db().find_accepted(asked.channel, asked.message_id).await?;
        if let Some(turn) = found.and_then(|accepted| accepted.turn) {
            return Ok(tenant.db().turn_report(&turn).await?);
        }
        if tokio::time::timeout_at(deadline, call).await.is_err() {
            return Ok(None);
        }
    }
}
