//! What was said: a tenant's conversations and their messages.

use axum::{
    Json,
    extract::{Path, Query},
};
use serde::Deserialize;

use super::{
    ApiError,
    page::{Page, PageQuery, place},
    select::OpenTenant,
};
use crate::domain::{
    conversation::{ConversationId, ConversationSummary},
    message::Message,
};

/// `GET …/conversations`: the one in which something happened last first.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ConversationSummary>>, ApiError> {
    let limit = query.limit()?;
    let before = query.place()?.map(|(ms, id)| (ms, ConversationId::new(id)));
    let items = tenant.db().conversations(before, limit + 1).await?;
    Ok(Json(Page::new(items, limit, |last| place(last.updated_at, last.conversation.as_str()))))
}

/// `GET …/conversations/{conversation}`.
pub(super) async fn show(
    OpenTenant(tenant): OpenTenant,
    Path(ConversationPath { conversation }): Path<ConversationPath>,
) -> Result<Json<ConversationSummary>, ApiError> {
    let conversation = ConversationId::new(conversation);
    tenant.db().conversation(&conversation).await?.map(Json).ok_or_else(|| unknown(&conversation))
}

fn unknown(conversation: &ConversationId) -> ApiError {
    let message = format!("there is no conversation {:?}", conversation.as_str());
    ApiError::not_found("unknown_conversation", message)
}

/// The path of `GET …/conversations/{conversation}/messages`.
#[derive(Debug, Deserialize)]
pub(super) struct ConversationPath {
    conversation: String,
}

/// `GET …/conversations/{conversation}/messages`: the oldest first. A message that waits for its turn is not among
/// them yet.
pub(super) async fn messages(
    OpenTenant(tenant): OpenTenant,
    Path(ConversationPath { conversation }): Path<ConversationPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Message>>, ApiError> {
    let limit = query.limit()?;
    let after = query.cursor(|text| text.parse().ok())?.unwrap_or(0);
    let conversation = ConversationId::new(conversation);
    let Some(items) = tenant.db().messages(&conversation, after, limit + 1).await? else {
        return Err(unknown(&conversation));
    };
    Ok(Json(Page::new(items, limit, |last| last.id.to_string())))
}
