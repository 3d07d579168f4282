//! What the wires of all providers share: the HTTP client, reading within bounds, and sorting what went wrong.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;

use super::error::LlmError;
use crate::clock::Clock;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most of a refusal that is read, in bytes: enough for the words that tell what it is.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// The longest answer that is read, in bytes. Two paragraphs are a hundredth of it.
pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A response that is no success.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: LlmError,
    /// What the provider said, in lower case; for finding out what it does not understand, never for logs.
    pub(super) words: String,
}

/// The HTTP client that all keys share, and its connections with it.
pub(super) fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    crate::tls::install_provider();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("iass/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The response, if it is a success.
pub(super) async fn accepted(
    mut response: reqwest::Response,
    clock: &Clock,
) -> Result<reqwest::Response, Refusal> {
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, headers) = (response.status(), response.headers().clone());
    let body = read_some(&mut response, MAX_REFUSAL_BYTES).await;
    let words = String::from_utf8_lossy(&body).to_lowercase();
    Err(Refusal { error: LlmError::of_response(status, &headers, &words, clock.now_ms()), words })
}

/// The beginning of a body; what cannot be read is left out.
pub(super) async fn read_some(response: &mut reqwest::Response, limit: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= limit {
            body.truncate(limit);
            break;
        }
    }
    body
}

/// A whole body within a bound.
pub(super) async fn read_whole(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, LlmError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| sort(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(LlmError::BadAnswer);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether a response is JSON and no stream of events.
pub(super) fn is_json(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

/// Sorts what went wrong on the way.
pub(super) fn sort(error: &reqwest::Error) -> LlmError {
    if error.is_timeout() {
        LlmError::Timeout
    } else if error.is_connect() {
        LlmError::Unreachable
    } else if error.is_decode() || error.is_body() {
        LlmError::Broken
    } else {
        LlmError::Unreachable
    }
}
