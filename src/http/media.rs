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

/// How many times as much as a file may have is still taken from the network, and thrown away.
const DRAINED: usize = 4;

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
    /// The voice note or picture, or why it is none.
    pub(super) file: Result<MediaFile, MediaError>,
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
    answer(&state, &tenant, MediaKind::Voice, form).await
}

/// `POST …/media/image`: `file`, and perhaps the customer's `question` and `language`.
pub(super) async fn image(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    request: Request,
) -> Result<Json<Words>, ApiError> {
    let _place = state.media.place().await;
    let form = read(&state, &tenant, MediaKind::Picture, request).await?;
    answer(&state, &tenant, MediaKind::Picture, form).await
}

async fn answer(
    state: &AppState,
    tenant: &Tenant,
    kind: MediaKind,
    form: Form,
) -> Result<Json<Words>, ApiError> {
    let language = form.language;
    let read = words(state, tenant, kind, form).await;
    Ok(Json(read.map_err(|error| refused(tenant, &error, language))?.into()))
}

/// What is said in a voice note, or what a picture shows.
///
/// # Errors
/// Why it is not known, which the customer is told in a sentence ([`sentence`]).
pub(super) async fn words(
    state: &AppState,
    tenant: &Tenant,
    kind: MediaKind,
    form: Form,
) -> Result<Read, MediaError> {
    let conversation = of_no_conversation();
    let context = &tenant.context;
    let asker = Asker { tenant: &context.account, conversation: &conversation };
    let file = form.file?;
    match kind {
        MediaKind::Voice => state.media.hear(&asker, file, form.language).await,
        MediaKind::Picture => {
            let language = form.language.unwrap_or(context.business.language);
            let rules = context.prompts.render(Task::Picture, language, &facts(tenant));
            state.media.see(&asker, file, &rules, &form.question).await
        }
    }
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
    let (mut others, mut is_too_large) = (Vec::new(), false);
    'form: while let Some(mut part) = form.next_field().await.map_err(broken_form)? {
        let field = part.name().unwrap_or_default().to_owned();
        let most = if field == "file" { max_bytes } else { MAX_QUESTION_BYTES };
        let (mut bytes, mut seen) = (Vec::new(), 0);
        while let Some(more) = part.chunk().await.map_err(broken_form)? {
            seen += more.len();
            if seen <= most {
                bytes.extend_from_slice(&more);
                continue;
            }
            if field != "file" {
                return Err(ApiError::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid_field",
                    format!("`{field}` has more than {MAX_QUESTION_BYTES} bytes"),
                ));
            }
            // A browser that is answered before it has sent everything takes the answer for a broken connection.
            is_too_large = true;
            if seen > most.saturating_mul(DRAINED) {
                break 'form;
            }
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
    let question = question.trim().to_owned();
    if is_too_large {
        let error = MediaError::TooLarge { kind, max_mb: max_bytes / (1024 * 1024) };
        return Ok(Form { file: Err(error), question, language, others });
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
    Ok(Form { file: Ok(file), question, language, others })
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

/// What the customer is told of a file that cannot be read.
pub(super) fn sentence(tenant: &Tenant, error: &MediaError, language: Option<Language>) -> String {
    let context = &tenant.context;
    let language = language.unwrap_or(context.business.language);
    context.prompts.text(error.sentence(), language, &facts(tenant))
}

fn refused(tenant: &Tenant, error: &MediaError, language: Option<Language>) -> ApiError {
    let sentence = sentence(tenant, error, language);
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
