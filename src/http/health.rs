//! Whether the daemon lives, can work, and which tenants it serves.

use std::path::Path;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;

use super::{ApiError, AppState, auth, select::SelectedTenant};
use crate::{
    llm::pool::status::KeyState,
    tenants::{TenantError, TenantState, TenantStatus},
};

/// `GET /health`, `GET /health/live`: the process answers.
pub(super) async fn live() -> Json<serde_json::Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// One thing that the daemon needs.
#[derive(Debug, Serialize)]
struct Check {
    ok: bool,
    detail: String,
}

impl Check {
    fn new(ok: bool, detail: impl Into<String>) -> Self {
        Self { ok, detail: detail.into() }
    }
}

#[derive(Debug, Serialize)]
struct Checks {
    disk: Check,
    databases: Check,
    model: Check,
    pool: Check,
}

#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    checks: Checks,
}

/// `GET /health/ready`: whether customers can be served. 503 when the disk cannot be written, no tenant can be served,
/// or the daemon is stopping.
pub(super) async fn ready(State(state): State<AppState>) -> Response {
    let config = state.live.get();
    let keys = config.llm.keys.len();
    let data = config.paths.data.clone();
    let disk = match tokio::task::spawn_blocking(move || probe(&data)).await {
        Ok(Ok(())) => Check::new(true, "the data directory can be written"),
        Ok(Err(error)) => Check::new(false, format!("the data directory cannot be written: {error}")),
        Err(_) => Check::new(false, "the check was interrupted"),
    };
    let (model, pool) = if keys == 0 {
        ("the built-in answerer", "no keys are configured".to_owned())
    } else {
        let status = state.pool.status();
        let ready = status.pool_status.iter().filter(|key| key.state == KeyState::Ready).count();
        let pool = format!("{ready} of {} keys are ready", status.pool_status.len());
        ("models, and the built-in answerer when they fail", pool)
    };
    let checks = Checks {
        disk,
        databases: databases(&state),
        model: Check::new(true, model),
        pool: Check::new(true, pool),
    };
    let stopping = state.stopping.is_cancelled();
    let all = [&checks.disk, &checks.databases, &checks.model, &checks.pool];
    let (code, status) = if stopping {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping")
    } else if all.iter().all(|check| check.ok) {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    (code, Json(Readiness { status, checks })).into_response()
}

fn databases(state: &AppState) -> Check {
    let states: Vec<TenantState> =
        state.tenants.ids().iter().filter_map(|id| state.tenants.status(id)).map(|t| t.status).collect();
    let count = |wanted| states.iter().filter(|state| **state == wanted).count();
    let (unavailable, disabled) = (count(TenantState::Unavailable), count(TenantState::Disabled));
    let served = states.len() - unavailable - disabled;
    let detail = format!("{served} tenants served, {unavailable} unavailable, {disabled} disabled");
    Check::new(served > 0 || unavailable == 0, detail)
}

/// Writes a file and takes it away again.
fn probe(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(".iass-ready");
    std::fs::write(&file, b"ready")?;
    std::fs::remove_file(file)
}

#[derive(Debug, Serialize)]
pub(super) struct TenantList {
    items: Vec<TenantStatus>,
}

/// `GET /health/tenants`: how every tenant is, without opening any.
pub(super) async fn tenants(State(state): State<AppState>, headers: HeaderMap, uri: Uri) -> Json<TenantList> {
    let reasons = reasons_may_be_told(&state, &headers, &uri);
    let statuses = state.tenants.ids().into_iter().filter_map(|id| state.tenants.status(&id));
    Json(TenantList { items: statuses.map(|status| tell(status, reasons)).collect() })
}

/// `GET /health/tenants/{tenant}`: how a tenant is, tried out: 503 when it cannot be served.
pub(super) async fn tenant(
    State(state): State<AppState>,
    SelectedTenant(id): SelectedTenant,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let tried = state.tenants.look(&id).await;
    let Some(status) = state.tenants.status(&id) else {
        return Err(ApiError::from(TenantError::Unknown(id)));
    };
    let code = match tried {
        Ok(_) | Err(TenantError::Disabled(_)) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let status = tell(status, reasons_may_be_told(&state, &headers, &uri));
    Ok((code, Json(status)).into_response())
}

/// Reasons name files and settings: they are for those who may use the API.
fn reasons_may_be_told(state: &AppState, headers: &HeaderMap, uri: &Uri) -> bool {
    auth::check(state.live.get().admin_token.as_ref(), headers, uri).is_ok()
}

fn tell(status: TenantStatus, reasons: bool) -> TenantStatus {
    if reasons { status } else { TenantStatus { reason: None, config_errors: Vec::new(), ..status } }
}
