//! The tenants over HTTP: which there are, how they are, and taking up what changed on disk.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    ApiError, AppState,
    page::{Page, PageQuery},
    select::SelectedTenant,
};
use crate::{
    app::reload::{self, Reloaded},
    domain::tenant::TenantId,
    tenants::{TenantState, TenantStatus},
};

/// A tenant in the list.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    tenant: TenantId,
    /// None when its file cannot be read.
    name: Option<String>,
    enabled: Option<bool>,
    status: TenantState,
}

/// A tenant with its configuration, secrets masked.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    status: TenantStatus,
    config: Option<Value>,
}

/// `GET /api/v1/tenants`: in the order of their names.
pub(super) async fn list(
    State(state): State<AppState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Listed>>, ApiError> {
    let limit = query.limit()?;
    let after = query.cursor(|text| Some(text.to_owned()))?.unwrap_or_default();
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let ids = state.tenants.ids().into_iter().filter(|id| id.as_str() > after.as_str()).take(wanted);
    let mut items = Vec::new();
    for tenant in ids {
        let config = state.tenants.config(&tenant).await.ok();
        let Some(status) = state.tenants.status(&tenant) else { continue };
        items.push(Listed {
            name: config.as_ref().map(|config| config.name.clone()),
            enabled: config.as_ref().map(|config| config.enabled),
            status: status.status,
            tenant,
        });
    }
    Ok(Json(Page::new(items, limit, |last| last.tenant.to_string())))
}

/// `GET /api/v1/tenants/{tenant}`.
pub(super) async fn show(
    State(state): State<AppState>,
    SelectedTenant(id): SelectedTenant,
) -> Result<Json<Shown>, ApiError> {
    let config = state.tenants.config(&id).await.ok();
    let Some(status) = state.tenants.status(&id) else {
        return Err(ApiError::not_found("unknown_tenant", format!("there is no tenant `{id}`")));
    };
    let config = config.and_then(|config| serde_json::to_value(&*config).ok());
    Ok(Json(Shown { status, config }))
}

/// `POST /api/v1/reload`: reads all configuration files again.
pub(super) async fn reload(State(state): State<AppState>) -> Result<Json<Reloaded>, ApiError> {
    Ok(Json(reload::reload(&state.live, &state.tenants, &state.pool).await?))
}
