//! The catalogue over HTTP.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest as _, Multipart, Path, Query, Request, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};

use super::{
    ApiError, AppState,
    fields::{Fields, media_type},
    page::{Page, PageQuery},
    select::OpenTenant,
};
use crate::{
    catalog::{
        import::{self, BadRows, ImportError, ImportOptions, ImportReport},
        search::{self, ProductQuery},
    },
    domain::{
        product::{Product, ProductHit, sku_key},
        tenant::TenantId,
    },
    store::product_import::{Missing, Mode},
};

/// The largest file, in bytes.
pub(super) const MAX_UPLOAD_BYTES: usize = 64 * 1024 * 1024;

/// The part of the catalogue that an import may take out unless the client says otherwise, in percent.
const MAX_DELETE_PCT: u8 = 20;

/// The longest question, in bytes.
const MAX_QUERY_BYTES: usize = 1000;

/// Products that a search finds unless the client says otherwise, and the most.
const SEARCH_K: usize = 5;
const MAX_SEARCH_K: usize = 50;

/// Rows that are named in the message of a refusal; all of them are in its list.
const MAX_NAMED_ROWS: usize = 3;

/// How a client wants a file imported.
#[derive(Debug, Default)]
struct ImportQuery {
    replace: bool,
    max_delete: Option<u8>,
    dry_run: bool,
    skip_bad_rows: bool,
}

impl ImportQuery {
    /// Reads the parameters of an address. One that is misspelt is an error, lest a preview be none.
    fn read(parameters: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut query = Self::default();
        for (name, value) in parameters {
            match name.as_str() {
                "replace" => query.replace = flag("replace", &value)?,
                "dry_run" => query.dry_run = flag("dry_run", &value)?,
                "skip_bad_rows" => query.skip_bad_rows = flag("skip_bad_rows", &value)?,
                "max_delete" => {
                    let percent = value.parse().ok().filter(|percent| *percent <= 100).ok_or_else(|| {
                        ApiError::field("max_delete", "`max_delete` must be a percentage from 0 to 100")
                    })?;
                    query.max_delete = Some(percent);
                }
                // They name the tenant.
                "tenant" | "company_id" => {}
                other => {
                    let message = format!(
                        "there is no parameter {other:?}; there are replace, max_delete, dry_run and skip_bad_rows"
                    );
                    return Err(ApiError::new(
                        StatusCode::UNPROCESSABLE_ENTITY,
                        "unknown_parameter",
                        message,
                    ));
                }
            }
        }
        Ok(query)
    }
}

fn flag(name: &'static str, value: &str) -> Result<bool, ApiError> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(ApiError::field(name, format!("`{name}` must be true or false, not {other:?}"))),
    }
}

/// What came of an import.
#[derive(Debug, Serialize)]
pub(super) struct ImportAnswer {
    tenant: TenantId,
    dry_run: bool,
    /// Why nothing was imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ApiError>,
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

/// The path of one product.
#[derive(Debug, Deserialize)]
pub(super) struct ProductPath {
    sku: String,
}

/// `GET …/products/{sku}`.
pub(super) async fn show(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Path(ProductPath { sku }): Path<ProductPath>,
) -> Result<Json<Product>, ApiError> {
    let found = tenant.db().product(&sku, state.clock.now_ms()).await?;
    found.map(Json).ok_or_else(|| {
        ApiError::not_found("unknown_product", format!("there is no product of the number {sku:?}"))
    })
}

/// What a search found: what can be sold now, and what fits better and cannot.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    results_count: usize,
    results: Vec<ProductHit>,
    sold_out: Vec<ProductHit>,
}

/// `POST …/products/search`: `{"query","k"}`, best first, as a customer's question finds them.
pub(super) async fn search(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    fields: Fields,
) -> Result<Json<Found>, ApiError> {
    let query = ProductQuery {
        text: fields.text("query", MAX_QUERY_BYTES)?,
        language: tenant.config.language,
        k: fields.count("k", SEARCH_K, MAX_SEARCH_K)?,
        now_ms: state.clock.now_ms(),
    };
    let (db, embedder) = (tenant.db().clone(), tenant.context.knowledge.embedder().clone());
    let work = move || search::search(&db, &embedder, &query);
    let found = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(ApiError::busy("catalogue_unavailable", error.to_string())),
        Err(error) => return Err(ApiError::busy("interrupted", error.to_string())),
    };
    Ok(Json(Found { results_count: found.offered.len(), results: found.offered, sold_out: found.sold_out }))
}

/// `POST …/products/import` with the file as its body or in a form; `?replace=&max_delete=&dry_run=&skip_bad_rows=`. 422 with
/// the rows that are wrong when any is, and nothing is imported then unless they are to be skipped.
pub(super) async fn import(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    Query(parameters): Query<Vec<(String, String)>>,
    request: Request,
) -> Result<(StatusCode, Json<ImportAnswer>), ApiError> {
    let ImportQuery { replace, max_delete, dry_run, skip_bad_rows: skips } = ImportQuery::read(parameters)?;
    let file = file(request).await?;
    let options = ImportOptions {
        currency: tenant.config.currency,
        language: tenant.config.language,
        missing: if replace {
            Missing::Remove { max_pct: max_delete.unwrap_or(MAX_DELETE_PCT) }
        } else {
            Missing::Keep
        },
        mode: if dry_run { Mode::Preview } else { Mode::Apply },
        bad_rows: if skips { BadRows::Skip } else { BadRows::Refuse },
        actor: "operator".to_owned(),
    };
    let (db, clock) = (tenant.db().clone(), state.clock.clone());
    let imported = tokio::task::spawn_blocking(move || import::import(&db, &file, options, &clock))
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
    let error = (!report.failed.is_empty() && !skips).then(|| refusal(&report));
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, Json(ImportAnswer { tenant: tenant.id().clone(), dry_run, error, report })))
}

/// The file of a request: its body, or the first file of its form.
async fn file(request: Request) -> Result<Bytes, ApiError> {
    let broken = |status, text: String| match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(MAX_UPLOAD_BYTES as u64, "split the file"),
        _ => ApiError::new(StatusCode::BAD_REQUEST, "invalid_body", text),
    };
    if media_type(request.headers()) != "multipart/form-data" {
        return Bytes::from_request(request, &())
            .await
            .map_err(|error| broken(error.status(), error.body_text()));
    }
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| broken(error.status(), error.body_text()))?;
    while let Some(part) =
        form.next_field().await.map_err(|error| broken(error.status(), error.body_text()))?
    {
        if part.file_name().is_some() {
            return part.bytes().await.map_err(|error| broken(error.status(), error.body_text()));
        }
    }
    Err(ApiError::field("file", "the form must have a file"))
}

/// Why a file with wrong rows is refused.
fn refusal(report: &ImportReport) -> ApiError {
    let named: Vec<String> = report
        .failed
        .iter()
        .take(MAX_NAMED_ROWS)
        .map(|problem| format!("line {}: {}", problem.line, problem.error))
        .collect();
    let more = if report.failed.len() > MAX_NAMED_ROWS { "; …" } else { "" };
    let message = format!(
        "nothing was imported: {} of {} rows are wrong: {}{more}",
        report.failed.len(),
        report.rows,
        named.join("; ")
    );
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_rows", message)
}
