//! What a tenant knows, over HTTP: its documents listed, added, removed and searched.

use axum::{
    Json,
    extract::{FromRequest as _, Multipart, Path, Query, Request, State, multipart::MultipartError},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ApiError, AppState,
    fields::{Fields, media_type},
    page::{Page, PageQuery},
    select::OpenTenant,
};
use crate::{
    domain::{language::Language, retrieval::Passage, tenant::TenantId},
    knowledge::{
        ingest::{IngestLock, IngestReport, PostedDocument},
        read::Format,
        retrieve::{MAX_K, SearchOptions},
    },
    store::document::DocumentRow,
};

/// The longest name, title or category, in bytes.
const MAX_NAME_BYTES: usize = 500;

/// The longest question, in bytes.
const MAX_QUERY_BYTES: usize = 16 * 1024;

/// The most documents in one request.
const MAX_DOCUMENTS: usize = 1000;

/// The setting that bounds an upload.
const UPLOAD_SETTING: &str = "server.max_upload_mb";

/// A document in the list.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    document: String,
    title: Option<String>,
    category: Option<String>,
    language: Language,
    format: String,
    bytes: u64,
    chunks: u32,
    updated_at: Option<jiff::Timestamp>,
}

/// `GET …/documents`: in the order of their names.
pub(super) async fn list(
    OpenTenant(tenant): OpenTenant,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Listed>>, ApiError> {
    let limit = query.limit()?;
    let after = query.cursor(|text| Some(text.to_owned()))?.unwrap_or_default();
    let db = tenant.db().clone();
    let rows = blocking(move || Ok(db.documents()?)).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let items = rows.into_iter().filter(|row| row.name > after).take(wanted).map(listed).collect();
    Ok(Json(Page::new(items, limit, |last: &Listed| last.document.clone())))
}

fn listed(row: DocumentRow) -> Listed {
    Listed {
        document: row.name,
        title: row.title,
        category: row.category,
        language: row.language,
        format: row.format,
        bytes: row.bytes,
        chunks: row.chunks,
        updated_at: jiff::Timestamp::from_millisecond(row.updated_ms).ok(),
    }
}

/// What came of the posted documents.
#[derive(Debug, Serialize)]
struct Added {
    tenant: TenantId,
    #[serde(flatten)]
    report: IngestReport,
}

/// `POST …/documents`: `{"content"}` or `{"documents":[…]}` with `category` and `metadata`, or files as a form.
pub(super) async fn add(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    request: Request,
) -> Result<Response, ApiError> {
    let max_bytes = u64::from(state.live.get().server.max_upload_mb) * 1024 * 1024;
    let posted = match media_type(request.headers()).as_str() {
        "application/json" => from_fields(&Fields::from_upload(request, max_bytes, UPLOAD_SETTING).await?)?,
        "multipart/form-data" => from_form(request, max_bytes).await?,
        _ => {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send JSON or a form with files (multipart/form-data)",
            ));
        }
    };
    let ingester = state.indexer.ingester(&tenant);
    let report = blocking(move || Ok(ingester.ingest_documents(posted)?)).await?;
    let taken = report.added + report.updated + report.unchanged;
    if let (0, [first, ..]) = (taken, report.failed.as_slice()) {
        let message = format!("{}: {}", first.path, first.error);
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_document", message));
    }
    let status = if report.added > 0 { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Added { tenant: tenant.id().clone(), report })).into_response())
}

/// What is said once for all documents of a request.
#[derive(Debug, Clone, Default)]
struct Shared {
    category: Option<String>,
    metadata: Option<Value>,
}

fn from_fields(fields: &Fields) -> Result<Vec<PostedDocument>, ApiError> {
    let shared = Shared {
        category: fields.optional_text("category", MAX_NAME_BYTES)?,
        metadata: fields.value("metadata").cloned(),
    };
    let Some(documents) = fields.value("documents") else {
        return Ok(vec![from_object(fields, &shared)?]);
    };
    let wrong = || {
        let message =
            format!("`documents` must be a list of 1 to {MAX_DOCUMENTS} texts or objects with `content`");
        ApiError::field("documents", message)
    };
    let list =
        documents.as_array().filter(|list| (1..=MAX_DOCUMENTS).contains(&list.len())).ok_or_else(wrong)?;
    let one = |document: &Value| match document {
        Value::String(content) => Ok(text(content.clone(), &shared)),
        other => from_object(&Fields::of(other).ok_or_else(wrong)?, &shared),
    };
    list.iter().map(one).collect()
}

fn from_object(fields: &Fields, shared: &Shared) -> Result<PostedDocument, ApiError> {
    let content = fields.text("content", usize::MAX)?;
    let name = match fields.optional_text("name", MAX_NAME_BYTES)? {
        Some(name) => Some(name),
        None => fields.optional_text("id", MAX_NAME_BYTES)?,
    };
    let of_all = text(content, shared);
    Ok(PostedDocument {
        name,
        title: fields.optional_text("title", MAX_NAME_BYTES)?,
        category: fields.optional_text("category", MAX_NAME_BYTES)?.or(of_all.category),
        metadata: fields.value("metadata").cloned().or(of_all.metadata),
        ..of_all
    })
}

/// A text without a name. Markdown, because plain text is Markdown too.
fn text(content: String, shared: &Shared) -> PostedDocument {
    PostedDocument {
        name: None,
        title: None,
        category: shared.category.clone(),
        metadata: shared.metadata.clone(),
        format: Format::Markdown,
        bytes: content.into_bytes(),
    }
}

async fn from_form(request: Request, max_bytes: u64) -> Result<Vec<PostedDocument>, ApiError> {
    // The form is read part by part against one bound for all of them; the route lifts axum's own.
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "invalid_form", error.body_text()))?;
    let mut shared = Shared::default();
    let mut files = Vec::new();
    let mut left = max_bytes;
    while let Some(mut part) = form.next_field().await.map_err(broken_form)? {
        let (field, file) = (part.name().unwrap_or_default().to_owned(), part.file_name().map(str::to_owned));
        let mut bytes = Vec::new();
        while let Some(more) = part.chunk().await.map_err(broken_form)? {
            left = left
                .checked_sub(more.len() as u64)
                .ok_or_else(|| ApiError::too_large(max_bytes, UPLOAD_SETTING))?;
            bytes.extend_from_slice(&more);
        }
        match (file, field.as_str()) {
            (Some(name), _) => files.push((name, bytes)),
            (None, "category") => shared.category = Some(form_text("category", bytes)?),
            (None, "metadata") => {
                let text = form_text("metadata", bytes)?;
                let value = serde_json::from_str(&text).map_err(|error| {
                    ApiError::field("metadata", format!("`metadata` is not JSON: {error}"))
                })?;
                shared.metadata = Some(value);
            }
            (None, _) => {}
        }
    }
    if files.is_empty() || files.len() > MAX_DOCUMENTS {
        let message = format!("the form must have 1 to {MAX_DOCUMENTS} files");
        return Err(ApiError::field("file", message));
    }
    let document = |(name, bytes): (String, Vec<u8>)| {
        let format = Format::from_path(std::path::Path::new(&name)).map_err(|error| {
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_document", format!("{name}: {error}"))
        })?;
        let Shared { category, metadata } = shared.clone();
        Ok(PostedDocument { name: Some(name), title: None, category, metadata, format, bytes })
    };
    files.into_iter().map(document).collect()
}

fn form_text(field: &'static str, bytes: Vec<u8>) -> Result<String, ApiError> {
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_QUERY_BYTES);
    text.ok_or_else(|| ApiError::field(field, format!("`{field}` must be a short text in UTF-8")))
}

fn broken_form(error: MultipartError) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_form", error.body_text())
}

/// The path of `DELETE …/documents/{document}`.
#[derive(Debug, Deserialize)]
pub(super) struct DocumentPath {
    document: String,
}

/// `DELETE …/documents/{document}`.
pub(super) async fn remove(
    OpenTenant(tenant): OpenTenant,
    Path(DocumentPath { document }): Path<DocumentPath>,
) -> Result<StatusCode, ApiError> {
    let (db, name) = (tenant.db().clone(), document.clone());
    let removed = blocking(move || {
        let _lock = IngestLock::take(db.path())?;
        Ok(db.remove_document(&name)?)
    });
    if removed.await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("unknown_document", format!("there is no document {document:?}")))
    }
}

/// What a search found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    results_count: usize,
    results: Vec<Hit>,
    confidence: f32,
    answerable: bool,
}

#[derive(Debug, Serialize)]
struct Hit {
    document: String,
    title: Option<String>,
    heading: String,
    chunk: u32,
    category: Option<String>,
    score: f32,
    text: String,
}

impl From<Passage> for Hit {
    fn from(passage: Passage) -> Self {
        Self {
            document: passage.document,
            title: passage.title,
            heading: passage.heading,
            chunk: passage.chunk,
            category: passage.category,
            score: passage.score,
            text: passage.text,
        }
    }
}

/// `POST …/documents/search`: `{"query","k"}`, best first.
pub(super) async fn search(OpenTenant(tenant): OpenTenant, fields: Fields) -> Result<Json<Found>, ApiError> {
    let query = fields.text("query", MAX_QUERY_BYTES)?;
    let defaults = SearchOptions::default();
    let options = SearchOptions {
        k: fields.count("k", defaults.k, MAX_K)?,
        categories: fields.optional_text("category", MAX_NAME_BYTES)?.into_iter().collect(),
        ..defaults
    };
    let found = tenant.context.knowledge.search_async(query, options).await?;
    let results: Vec<Hit> = found.passages.into_iter().map(Hit::from).collect();
    Ok(Json(Found {
        results_count: results.len(),
        results,
        confidence: found.confidence,
        answerable: found.answerable,
    }))
}

/// Runs work that waits for the disk on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(ApiError::busy("knowledge_unavailable", "the work was interrupted; try again"))
    })
}
