//! The fields of a JSON request, each checked with an error that names it.

use axum::{
    body::Bytes,
    extract::{FromRequest, OptionalFromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use serde_json::{Map, Value};

use super::{ApiError, AppState};

/// The JSON object of a request's body.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// A text that must be there, with at most `max_bytes` bytes.
    ///
    /// # Errors
    /// 422 with the field's name.
    pub(super) fn text(&self, field: &'static str, max_bytes: usize) -> Result<String, ApiError> {
        self.optional_text(field, max_bytes)?
            .ok_or_else(|| ApiError::field(field, format!("`{field}` is missing")))
    }

    /// A text that may be left out or null.
    ///
    /// # Errors
    /// 422 with the field's name.
    pub(super) fn optional_text(
        &self,
        field: &'static str,
        max_bytes: usize,
    ) -> Result<Option<String>, ApiError> {
        let text = match self.0.get(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(ApiError::field(field, format!("`{field}` must be a text"))),
        };
        if text.trim().is_empty() {
            return Err(ApiError::field(field, format!("`{field}` must not be empty")));
        }
        if text.len() > max_bytes {
            let message = format!("`{field}` has {} bytes; at most {max_bytes} are taken", text.len());
            return Err(ApiError::field(field, message));
        }
        Ok(Some(text.clone()))
    }

    /// True or false, `default` when it is left out.
    ///
    /// # Errors
    /// 422 with the field's name.
    pub(super) fn truth(&self, field: &'static str, default: bool) -> Result<bool, ApiError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(ApiError::field(field, format!("`{field}` must be true or false"))),
        }
    }

    /// Any value; none when it is left out or null.
    pub(super) fn value(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// A whole number from 1 to `most`, `default` when it is left out.
    ///
    /// # Errors
    /// 422 with the field's name.
    pub(super) fn count(&self, field: &'static str, default: usize, most: usize) -> Result<usize, ApiError> {
        let Some(value) = self.value(field) else { return Ok(default) };
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        count.filter(|count| (1..=most).contains(count)).ok_or_else(|| {
            ApiError::field(field, format!("`{field}` must be a whole number from 1 to {most}"))
        })
    }

    /// The fields of an object inside of another.
    pub(super) fn of(value: &Value) -> Option<Self> {
        value.as_object().cloned().map(Self)
    }

    fn parse(body: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_body",
                "the body must be a JSON object",
            )),
            Err(error) => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "invalid_json",
                format!("the body is not JSON: {error}"),
            )),
        }
    }
}

impl Fields {
    /// The same from a body of up to `max_bytes`, which `setting` raises: for uploads.
    ///
    /// # Errors
    /// 400, 413 or 422.
    pub(super) async fn from_upload(
        request: Request,
        max_bytes: u64,
        setting: &str,
    ) -> Result<Self, ApiError> {
        Self::parse(&body(request, max_bytes, setting).await?)
    }
}

impl FromRequest<AppState> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        if media_type(request.headers()) != "application/json" {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send JSON, with `content-type: application/json`",
            ));
        }
        let max_kb = state.live.get().server.max_body_kb;
        Self::parse(&body(request, u64::from(max_kb) * 1024, "server.max_body_kb").await?)
    }
}

/// For requests whose body may be left out.
impl OptionalFromRequest<AppState> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Option<Self>, ApiError> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let is_empty = length.is_none_or(|length| length == "0") && media_type(request.headers()).is_empty();
        if is_empty {
            return Ok(None);
        }
        <Self as FromRequest<AppState>>::from_request(request, state).await.map(Some)
    }
}

/// The media type of a body, in lower case and without parameters; empty without any.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The body of a request, up to `max_bytes`, which `setting` raises.
async fn body(request: Request, max_bytes: u64, setting: &str) -> Result<Bytes, ApiError> {
    let too_large = || ApiError::too_large(max_bytes, setting);
    let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced: Option<usize> = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes| bytes > max_bytes) {
        return Err(too_large());
    }
    // The other failure is a client that went away, and nobody reads its answer.
    axum::body::to_bytes(request.into_body(), max_bytes).await.map_err(|_| too_large())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named() {
        let fields =
            Fields::parse(br#"{"contact":5,"message":" ","wait":"no","long":"aaaa","ok":"si"}"#).unwrap();
        let told = |error: ApiError| serde_json::to_value(error).unwrap()["message"].clone();
        assert_eq!(told(fields.text("contact", 9).unwrap_err()), "`contact` must be a text");
        assert_eq!(told(fields.text("message", 9).unwrap_err()), "`message` must not be empty");
        assert_eq!(told(fields.text("none", 9).unwrap_err()), "`none` is missing");
        assert_eq!(told(fields.text("long", 3).unwrap_err()), "`long` has 4 bytes; at most 3 are taken");
        assert_eq!(told(fields.truth("wait", true).unwrap_err()), "`wait` must be true or false");
        assert_eq!(fields.text("ok", 9).unwrap(), "si");
        assert!(fields.truth("none", true).unwrap());
    }
}
