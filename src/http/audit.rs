//! The audit log over HTTP.

use axum::{Json, extract::Query};

use super::{
    ApiError,
    page::{Page, PageQuery},
    select::OpenTenant,
};
use crate::domain::audit::AuditLine;

/// `GET …/audit`: the newest line first.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AuditLine>>, ApiError> {
    let limit = query.limit()?;
    let before = query.cursor(|text| text.parse().ok())?;
    let items = tenant.db().audit_newest(before, limit + 1).await?;
    Ok(Json(Page::new(items, limit, |last| last.seq.to_string())))
}
