//! Voice notes and pictures over HTTP: a form with a `file` in, text out. A failure says what to tell the customer.

use axum::{
    Json,
    extract::{FromRequest as _, Multipart, Request, State, multipart::MultipartError},
    http::StatusCode,
};
use serde::Serialize;
use tokio::time::Instant;

use super::{ApiError, AppState, fields::media_type, select::OpenTenant};
use crate::{
    domain::{conversation::ConversationId, language::Language},
    llm::{
        account::Asker,
        error::LlmError,
        media::{MediaError, MediaFile, MediaKind, Read},
    },
    prompts::{Facts, Task},
    tenants::Tenant,
};

/// The longest question about a picture, in bytes.
const MAX_QUESTION_BYTES: usize = 4 * 1024;

/// The most other fields of a form that are kept.
const MAX_OTHERS: usize = 4;

/// The setting that bounds a file.
const SIZE_SETTING: &str = "limits.media_mb of the tenant";

/// What was in the file.
#[derive(Debug, Serialize)]
pub(super) struct Words {
    text: String,
    cached: bool,
    key: String,
    took_ms: u64,
}

impl From<Read> for Words {
    fn from(read: Read) -> Self {
        let took_ms = u64::try_from(read.took.as_millis()).unwrap_or(u64::MAX);
        Self { text: read.text, cached: read.cached, key: read.key, took_ms }
    }
}

/// What was posted.
pub(super) struct Form {
    /// The voice note or picture.
    pub(super) file: MediaFile,
    /// What the customer asks about it.
    pub(super) question: String,
    /// The language that is spoken.
    pub(super) language: Option<Language>,
    /// The fields that only some routes know.
    others: Vec<(String, String)>,
}

impl Form {
    /// The text of a field that only some routes know; empty without one.
    pub(super) fn other(&self, name: &str) -> &str {
        self.others.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }
}

/// `POST …/media/voice`: `file`, and perhaps the `language` that is spoken.
pub(super) async fn voice(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    request: Request,
) -> Result<Json<Words>, ApiError> {
    let _place = state.media.place().await;
    let form = read(&state, &tenant, MediaKind::Voice, request).await?;
    Ok(Json(words(&state, &tenant, MediaKind::Voice, form).await?.into()))
}

/// `POST …/media/image`: `file`, and perhaps the customer's `question` and `language`.
pub(super) async fn image(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    request: Request,
) -> Result<Json<Words>, ApiError> {
    let _place = state.media.place().await;
    let form = read(&state, &tenant, MediaKind::Picture, request).await?;
    Ok(Json(words(&state, &tenant, MediaKind::Picture, form).await?.into()))
}

/// What is said in a voice note, or what a picture shows.
///
/// # Errors
/// With the sentence for the customer.
pub(super) async fn words(
    state: &AppState,
    tenant: &Tenant,
    kind: MediaKind,
    form: Form,
) -> Result<Read, ApiError> {
    let conversation = of_no_conversation();
    let context = &tenant.context;
    let asker = Asker { tenant: &context.account, conversation: &conversation };
    let read = match kind {
        MediaKind::Voice => state.media.hear(&asker, form.file, form.language).await,
        MediaKind::Picture => {
            let language = form.language.unwrap_or(context.business.language);
            let rules = context.prompts.render(Task::Picture, language, &facts(tenant));
            state.media.see(&asker, form.file, &rules, &form.question).await
        }
    };
    read.map_err(|error| refused(tenant, &error, form.language))
}

/// A file that is posted by itself belongs to no conversation.
fn of_no_conversation() -> ConversationId {
    ConversationId::new("media")
}

/// Reads a form with a file.
///
/// # Errors
/// When it is no such form, or more than is taken.
pub(super) async fn read(
    state: &AppState,
    tenant: &Tenant,
    kind: MediaKind,
    request: Request,
) -> Result<Form, ApiError> {
    if media_type(request.headers()) != "multipart/form-data" {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "send a form (multipart/form-data) with the field `file`",
        ));
    }
    let limits = &tenant.config.limits;
    let max_bytes = usize::try_from(limits.media_mb).unwrap_or(usize::MAX).saturating_mul(1024 * 1024);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "invalid_form", error.body_text()))?;
    let (mut file, mut question, mut language) = (None, String::new(), None);
    let mut others = Vec::new();
    while let Some(mut part) = form.next_field().await.map_err(broken_form)? {
        let field = part.name().unwrap_or_default().to_owned();
        let most = if field == "file" { max_bytes } else { MAX_QUESTION_BYTES };
        let mut bytes = Vec::new();
        while let Some(more) = part.chunk().await.map_err(broken_form)? {
            if bytes.len() + more.len() > most {
                if field != "file" {
                    return Err(ApiError::new(
                        StatusCode::UNPROCESSABLE_ENTITY,
                        "invalid_field",
                        format!("`{field}` has more than {MAX_QUESTION_BYTES} bytes"),
                    ));
                }
                let error = MediaError::TooLarge { kind, max_mb: max_bytes / (1024 * 1024) };
                return Err(refused(tenant, &error, language));
            }
            bytes.extend_from_slice(&more);
        }
        match field.as_str() {
            "file" => file = Some(bytes),
            "question" => question = text("question", bytes)?,
            "language" => {
                let code = text("language", bytes)?;
                language = Some(Language::from_code(code.trim()).ok_or_else(|| {
                    ApiError::field("language", format!("`language` must be es, en or pt, not {code:?}"))
                })?);
            }
            _ if others.len() < MAX_OTHERS => {
                if let Ok(text) = String::from_utf8(bytes) {
                    others.push((field, text));
                }
            }
            _ => {}
        }
    }
    let bytes = file.filter(|bytes| !bytes.is_empty());
    let bytes = bytes.ok_or_else(|| ApiError::field("file", "`file` is missing or empty"))?;
    let config = state.live.get();
    let file = MediaFile {
        bytes: bytes.into(),
        max_bytes,
        max_length: limits.voice_max,
        keep_days: config.retention.media_days,
        deadline: Instant::now() + config.worker.turn_deadline,
    };
    Ok(Form { file, question: question.trim().to_owned(), language, others })
}

fn text(field: &'static str, bytes: Vec<u8>) -> Result<String, ApiError> {
    String::from_utf8(bytes).map_err(|_| ApiError::field(field, format!("`{field}` must be text in UTF-8")))
}

fn broken_form(error: MultipartError) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_form", error.body_text())
}

/// The facts that sentences and rules may use.
pub(super) fn facts(tenant: &Tenant) -> Facts {
    let business = &tenant.context.business;
    Facts {
        business: business.name.clone(),
        description: business.description.clone(),
        address: business.address.clone(),
        phone: business.phone.clone(),
        ..Facts::default()
    }
}

fn refused(tenant: &Tenant, error: &MediaError, language: Option<Language>) -> ApiError {
    let context = &tenant.context;
    let language = language.unwrap_or(context.business.language);
    let sentence = context.prompts.text(error.sentence(), language, &facts(tenant));
    let (code, message) = (error.code(), error.to_string());
    let refused = match error {
        MediaError::Format(_) | MediaError::Unreadable(_) => {
            ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, message)
        }
        MediaError::TooLarge { .. } => {
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, code, format!("{message} ({SIZE_SETTING})"))
        }
        MediaError::TooLong { .. } | MediaError::Unclear(_) => {
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
        }
        // Coming again soon will not help.
        MediaError::Off(_) | MediaError::Failed { error: LlmError::OverBudget, .. } => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
        }
        MediaError::Failed { .. } => ApiError::busy(code, message),
    };
    refused.with_customer_message(sentence)
}
