//! Which tenant a request is about: the one in its path, else in `X-Tenant-ID` or `X-Company-ID`, else in `?tenant=`
//! or `?company_id=`.

use axum::{
    extract::{FromRequestParts, Query, RawPathParams},
    http::{StatusCode, request::Parts},
};
use serde::Deserialize;

use super::{ApiError, AppState};
use crate::{domain::tenant::TenantId, tenants::TenantUse};

/// The name of the tenant that a request is about. It need not exist.
#[derive(Debug)]
pub(super) struct SelectedTenant(pub(super) TenantId);

/// The tenant that a request is about, open.
#[derive(Debug)]
pub(super) struct OpenTenant(pub(super) TenantUse);

#[derive(Debug, Default, Deserialize)]
struct TenantQuery {
    tenant: Option<String>,
    company_id: Option<String>,
}

impl FromRequestParts<AppState> for SelectedTenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let path = RawPathParams::from_request_parts(parts, state).await.ok();
        let in_path =
            path.as_ref().and_then(|path| path.iter().find(|(name, _)| *name == "tenant")).map(|(_, id)| id);
        let header = |name| parts.headers.get(name).map(|id| id.to_str().unwrap_or_default());
        let query = || {
            let Query(query) = Query::<TenantQuery>::try_from_uri(&parts.uri).ok()?;
            query.tenant.or(query.company_id)
        };
        let name = in_path
            .or_else(|| header("x-tenant-id"))
            .or_else(|| header("x-company-id"))
            .map(str::to_owned)
            .or_else(query);
        let Some(name) = name else {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "tenant_missing",
                "say which tenant: in the path, the header X-Tenant-ID or the query ?tenant=",
            ));
        };
        // What cannot be a tenant's name is the name of no tenant.
        let unknown = |_| ApiError::not_found("unknown_tenant", format!("there is no tenant {name:?}"));
        TenantId::parse(&name).map(Self).map_err(unknown)
    }
}

impl FromRequestParts<AppState> for OpenTenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let SelectedTenant(id) = SelectedTenant::from_request_parts(parts, state).await?;
        Ok(Self(state.tenants.get(&id).await?))
    }
}
