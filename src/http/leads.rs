//! Leads over HTTP, in the shape that a CRM gets.

use axum::{
    Json,
    extract::{Path, Query},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    ApiError,
    page::{Page, PageQuery, place},
    select::OpenTenant,
};
use crate::{
    domain::lead::{Lead, LeadRecord},
    store::lead::LeadsOf,
};

/// Which leads a client wants to see.
#[derive(Debug, Deserialize)]
pub(super) struct CompleteQuery {
    complete: Option<String>,
}

/// The path of one lead.
#[derive(Debug, Deserialize)]
pub(super) struct LeadPath {
    lead: String,
}

/// `GET …/leads`: the newest first; `?complete=true` for those of whom everything required is known.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
    Query(CompleteQuery { complete }): Query<CompleteQuery>,
) -> Result<Json<Page<Lead>>, ApiError> {
    let of = match complete.as_deref() {
        None | Some("false") => LeadsOf::Everybody,
        Some("true") => LeadsOf::Complete,
        Some(_) => return Err(ApiError::field("complete", "`complete` must be true or false")),
    };
    let limit = query.limit()?;
    let records = tenant.db().leads(of, query.place()?, limit + 1).await?;
    // A page is cut by the records, which know their time to the millisecond.
    let page = Page::new(records, limit, |last: &LeadRecord| {
        place(Timestamp::from_millisecond(last.created_ms).unwrap_or_default(), &last.id)
    });
    Ok(Json(page.map(|record| record.public(tenant.id()))))
}

/// `GET …/leads/{lead}`: by its own id or that of its conversation.
pub(super) async fn show(
    OpenTenant(tenant): OpenTenant,
    Path(LeadPath { lead }): Path<LeadPath>,
) -> Result<Json<Lead>, ApiError> {
    let Some(record) = tenant.db().lead(&lead).await? else {
        return Err(ApiError::not_found("unknown_lead", format!("there is no lead {lead:?}")));
    };
    Ok(Json(record.public(tenant.id())))
}
