//! The one shape of an error over HTTP: `{"error":{"code","message","field"?}}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    config::{ConfigErrors, errors::ConfigError},
    knowledge::{ingest::IngestError, retrieve::KnowledgeError},
    store::StoreError,
    tenants::TenantError,
};

/// How soon a client is asked to come again when something is short for a moment, in seconds.
const SOON_S: u64 = 1;

/// How soon a client is asked to come again when somebody has to put something right first, in seconds.
const LATER_S: u64 = 30;

/// An error as the API tells it.
#[derive(Debug, Clone, Serialize)]
pub struct ApiError {
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    retry_after_s: Option<u64>,
    /// The stable word for it.
    code: &'static str,
    /// What failed and what to do.
    message: String,
    /// The field of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    /// What to tell the customer, in the customer's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_message: Option<Box<str>>,
    /// Places in configuration files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ConfigError>,
}

impl ApiError {
    /// An error with a status and a stable code.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            retry_after_s: None,
            code,
            message: message.into(),
            field: None,
            customer_message: None,
            details: Vec::new(),
        }
    }

    /// Something the address names is not there.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// A field of the request is wrong.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", message);
        Self { field: Some(field), ..error }
    }

    /// The body of the request has more than `max_bytes`, which `setting` raises.
    pub fn too_large(max_bytes: u64, setting: &str) -> Self {
        let message = format!("the body is larger than {} kB ({setting})", max_bytes / 1024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// Something is short for a moment.
    pub fn busy(code: &'static str, message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        Self { retry_after_s: Some(SOON_S), ..error }
    }

    /// The same error with what to tell the customer.
    #[must_use]
    pub fn with_customer_message(self, message: String) -> Self {
        Self { customer_message: Some(message.into()), ..self }
    }

    /// The same error about a field of the request.
    #[must_use]
    pub fn about(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }
}

impl From<&StoreError> for ApiError {
    fn from(error: &StoreError) -> Self {
        let answer = Self::busy("store_unavailable", error.to_string());
        if error.is_temporary() { answer } else { Self { retry_after_s: Some(LATER_S), ..answer } }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<TenantError> for ApiError {
    fn from(error: TenantError) -> Self {
        let message = error.to_string();
        match &error {
            TenantError::Unknown(_) => Self::not_found("unknown_tenant", message),
            TenantError::Disabled(_) => Self::new(StatusCode::FORBIDDEN, "tenant_disabled", message),
            TenantError::Store(error) => Self::from(error.as_ref()),
            TenantError::Crowded => Self::busy("overloaded", message),
            TenantError::Config { .. } | TenantError::Content { .. } => {
                Self { retry_after_s: Some(LATER_S), ..Self::busy("tenant_unavailable", message) }
            }
        }
    }
}

impl From<KnowledgeError> for ApiError {
    fn from(error: KnowledgeError) -> Self {
        match error {
            KnowledgeError::Store(error) => Self::from(&error),
            other => Self::busy("knowledge_unavailable", other.to_string()),
        }
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Store(error) => Self::from(&error),
            other => Self::busy("knowledge_unavailable", other.to_string()),
        }
    }
}

impl From<ConfigErrors> for ApiError {
    fn from(errors: ConfigErrors) -> Self {
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_configuration", errors.to_string());
        Self { details: errors.as_slice().to_vec(), ..error }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: ApiError,
        }
        if self.status.is_server_error() {
            tracing::warn!(
                status = self.status.as_u16(),
                code = self.code,
                error = self.message,
                "a request failed"
            );
        }
        let (status, retry_after_s) = (self.status, self.retry_after_s);
        let mut response = (status, Json(Body { error: self })).into_response();
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read, so the connection cannot be used again.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
