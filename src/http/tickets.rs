//! Cases for the people who help, over HTTP.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::Deserialize;

use super::{
    ApiError, AppState,
    fields::Fields,
    page::{Page, PageQuery, place},
    select::OpenTenant,
};
use crate::domain::ticket::{Ticket, TicketState};

/// The longest name of a state, in bytes.
const MAX_STATE_BYTES: usize = 40;

/// Who changes a case by the API, as the audit log names them.
const ACTOR: &str = "operator";

/// Which cases a client wants to see.
#[derive(Debug, Deserialize)]
pub(super) struct StateQuery {
    state: Option<String>,
}

/// The path of one case.
#[derive(Debug, Deserialize)]
pub(super) struct TicketPath {
    ticket: String,
}

/// `GET …/tickets`: the newest first; `?state=open` or `closed` for some of them.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
    Query(StateQuery { state }): Query<StateQuery>,
) -> Result<Json<Page<Ticket>>, ApiError> {
    let state = state.as_deref().map(parse).transpose()?;
    let limit = query.limit()?;
    let items = tenant.db().tickets(state, query.place()?, limit + 1).await?;
    Ok(Json(Page::new(items, limit, |last| place(last.created_at, &last.ticket))))
}

/// `GET …/tickets/{ticket}`.
pub(super) async fn show(
    OpenTenant(tenant): OpenTenant,
    Path(TicketPath { ticket }): Path<TicketPath>,
) -> Result<Json<Ticket>, ApiError> {
    tenant.db().ticket(&ticket).await?.map(Json).ok_or_else(|| unknown(&ticket))
}

/// `PATCH …/tickets/{ticket}` with `{"state"}`: closes a case or opens it again.
pub(super) async fn change(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(TicketPath { ticket }): Path<TicketPath>,
    fields: Fields,
) -> Result<Json<Ticket>, ApiError> {
    let wanted = parse(&fields.text("state", MAX_STATE_BYTES)?)?;
    let changed = tenant.db().set_ticket_state(&ticket, wanted, ACTOR, state.clock.now_ms()).await?;
    changed.map(Json).ok_or_else(|| unknown(&ticket))
}

fn parse(state: &str) -> Result<TicketState, ApiError> {
    TicketState::from_name(state)
        .ok_or_else(|| ApiError::field("state", format!("`state` must be open or closed, not {state:?}")))
}

fn unknown(ticket: &str) -> ApiError {
    ApiError::not_found("unknown_ticket", format!("there is no ticket {ticket:?}"))
}
