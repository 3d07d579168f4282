//! What was given up: replies that no channel took and notices that no place took, and another try for them.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};

use super::{
    ApiError, AppState,
    page::{Page, PageQuery},
    select::OpenTenant,
};
use crate::store::dead_letter::{DeadLetter, LetterKind, Replayed};

/// `GET …/dead-letters`: the newest first.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeadLetter>>, ApiError> {
    let limit = query.limit()?;
    let after = query.cursor(|text| {
        let (created_ms, id) = text.split_once('.')?;
        Some((created_ms.parse().ok()?, id.to_owned()))
    })?;
    let items = tenant.db().dead_letters(after, limit + 1).await?;
    let cursor = |last: &DeadLetter| format!("{}.{}", last.created_at.as_millisecond(), last.id);
    Ok(Json(Page::new(items, limit, cursor)))
}

/// The path of `POST …/dead-letters/{letter}/replay`.
#[derive(Debug, Deserialize)]
pub(super) struct LetterPath {
    letter: String,
}

/// What comes of a replay.
#[derive(Debug, Serialize)]
pub(super) struct Replay {
    id: String,
    kind: LetterKind,
    state: &'static str,
}

/// `POST …/dead-letters/{letter}/replay`: sends it again, as if it had never been tried.
pub(super) async fn replay(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(LetterPath { letter }): Path<LetterPath>,
) -> Result<(StatusCode, Json<Replay>), ApiError> {
    match tenant.db().replay_dead_letter(&letter, state.clock.now_ms()).await? {
        Replayed::Again(kind) => {
            match kind {
                LetterKind::Reply => state.outbox.ring(tenant.id()),
                LetterKind::Delivery => state.deliveries.ring(tenant.id()),
            }
            Ok((StatusCode::ACCEPTED, Json(Replay { id: letter, kind, state: "pending" })))
        }
        Replayed::NotDead => {
            let message = format!("{letter:?} is not a dead letter any more");
            Err(ApiError::new(StatusCode::CONFLICT, "not_dead", message))
        }
        Replayed::Unknown => {
            Err(ApiError::not_found("unknown_dead_letter", format!("there is no dead letter {letter:?}")))
        }
    }
}
