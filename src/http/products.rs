//! The catalogue over HTTP.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};

use super::{
    ApiError, AppState,
    page::{Page, PageQuery},
    select::OpenTenant,
};
use crate::{
    catalog::import::{self, BadRows, ImportError, ImportOptions, ImportReport},
    domain::{
        product::{Product, sku_key},
        tenant::TenantId,
    },
    store::product_import::{Missing, Mode},
};

/// The largest file, in bytes.
pub(super) const MAX_UPLOAD_BYTES: usize = 64 * 1024 * 1024;

/// The part of the catalogue that an import may take out unless the client says otherwise, in percent.
const MAX_DELETE_PCT: u8 = 20;

/// How a client wants a file imported.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ImportQuery {
    replace: Option<bool>,
    max_delete: Option<u8>,
    dry_run: Option<bool>,
    skip_bad_rows: Option<bool>,
}

/// What came of an import.
#[derive(Debug, Serialize)]
pub(super) struct ImportAnswer {
    tenant: TenantId,
    dry_run: bool,
    #[serde(flatten)]
    report: ImportReport,
}

/// `GET …/products`: in the order of their numbers.
pub(super) async fn list(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Product>>, ApiError> {
    let limit = query.limit()?;
    let after = query.cursor(|text| Some(text.to_owned()))?;
    let items = tenant.db().products(after, limit + 1, state.clock.now_ms()).await?;
    Ok(Json(Page::new(items, limit, |last| sku_key(&last.sku))))
}

/// `POST …/products/import` with the file as its body; `?replace=&max_delete=&dry_run=&skip_bad_rows=`. 422 with the
/// rows that are wrong when any is, and nothing is imported then unless they are to be skipped.
pub(super) async fn import(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<ImportQuery>,
    body: Bytes,
) -> Result<(StatusCode, Json<ImportAnswer>), ApiError> {
    let dry_run = query.dry_run.unwrap_or(false);
    let missing = if query.replace.unwrap_or(false) {
        Missing::Remove { max_pct: query.max_delete.unwrap_or(MAX_DELETE_PCT).min(100) }
    } else {
        Missing::Keep
    };
    let skips = query.skip_bad_rows.unwrap_or(false);
    let options = ImportOptions {
        currency: tenant.config.currency,
        language: tenant.config.language,
        missing,
        mode: if dry_run { Mode::Preview } else { Mode::Apply },
        bad_rows: if skips { BadRows::Skip } else { BadRows::Refuse },
        actor: "operator".to_owned(),
    };
    let (db, clock) = (tenant.db().clone(), state.clock.clone());
    let imported = tokio::task::spawn_blocking(move || import::import(&db, &body, options, &clock))
        .await
        .map_err(|error| ApiError::busy("interrupted", error.to_string()))?;
    let report = match imported {
        Ok(report) => report,
        Err(ImportError::Store(error)) => return Err(error.into()),
        Err(error @ ImportError::TooManyRemoved { .. }) => {
            return Err(ApiError::new(StatusCode::CONFLICT, "too_many_removed", error.to_string()));
        }
        Err(error @ ImportError::Table(_)) => {
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_catalogue",
                error.to_string(),
            ));
        }
    };
    if report.applied {
        state.catalogue.ring(tenant.id());
    }
    let is_refused = !report.failed.is_empty() && !skips;
    let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, Json(ImportAnswer { tenant: tenant.id().clone(), dry_run, report })))
}
