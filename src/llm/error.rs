//! What can go wrong with a model, by what the caller can do about it.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};

/// Words of an account without credit.
const QUOTA: &[&str] =
    &["insufficient_quota", "insufficient balance", "billing", "exceeded your current quota", "credit"];
/// Words of a prompt that is too long.
const TOO_LONG: &[&str] = &[
    "context_length",
    "context length",
    "maximum context",
    "context window",
    "exceed_context",
    "too many tokens",
    "prompt is too long",
];
/// Words of a content filter.
const FILTER: &[&str] = &["content_filter", "content management policy", "content_policy", "safety"];

/// A failure of one attempt with one key. It holds nothing of what was asked or answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// Too many requests: the key is fine and must rest.
    #[error("the provider asks to slow down")]
    RateLimited {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The key is wrong or may not use the model.
    #[error("the provider refuses the key (status {0}); check `api_key`")]
    Unauthorized(u16),
    /// The account has no credit left.
    #[error("the account has no quota left")]
    Quota,
    /// The provider has a problem.
    #[error("the provider failed (status {0})")]
    Server(u16),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The provider cannot be reached.
    #[error("the provider cannot be reached; check `base_url`")]
    Unreachable,
    /// The connection ended in the middle of an answer.
    #[error("the answer broke off")]
    Broken,
    /// The prompt is longer than the model takes.
    #[error("the prompt is too long for the model")]
    ContextTooLong,
    /// The provider's filter stopped the question or the answer.
    #[error("the provider's content filter stopped it")]
    ContentFilter,
    /// The provider does not understand the request, or does not know the model.
    #[error("the provider refuses the request (status {0}); check `model` and `base_url`")]
    Refused(u16),
    /// What came back is no chat completion, or an empty one.
    #[error("what came back is no answer")]
    BadAnswer,
    /// There is no key.
    #[error("no model is configured")]
    NoKey,
}

impl LlmError {
    /// Sorts a response that is no success. Providers agree on the status more than on the words.
    pub(super) fn of_response(status: StatusCode, headers: &HeaderMap, body: &str) -> Self {
        let body = body.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| body.contains(word));
        match status.as_u16() {
            401 | 403 => Self::Unauthorized(status.as_u16()),
            402 => Self::Quota,
            408 | 504 => Self::Timeout,
            413 => Self::ContextTooLong,
            429 if says(QUOTA) => Self::Quota,
            429 => Self::RateLimited { retry_after: retry_after(headers) },
            code if status.is_server_error() => Self::Server(code),
            _ if says(TOO_LONG) => Self::ContextTooLong,
            _ if says(FILTER) => Self::ContentFilter,
            _ if says(QUOTA) => Self::Quota,
            code => Self::Refused(code),
        }
    }
}

/// The seconds of a `Retry-After` header. Its other form, a date, is not used by these providers.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_sorted_by_what_can_be_done() {
        let check = |status: u16, body: &str, expected: LlmError| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", "2.5".parse().unwrap());
            let found = LlmError::of_response(StatusCode::from_u16(status).unwrap(), &headers, body);
            assert_eq!(found, expected, "{status} {body}");
        };
        check(429, "slow", LlmError::RateLimited { retry_after: Some(Duration::from_millis(2500)) });
        check(429, r#"{"error":{"code":"insufficient_quota"}}"#, LlmError::Quota);
        check(402, "Insufficient Balance", LlmError::Quota);
        check(401, "", LlmError::Unauthorized(401));
        check(403, "<html>", LlmError::Unauthorized(403));
        check(500, "oops", LlmError::Server(500));
        check(529, "overloaded", LlmError::Server(529));
        check(504, "", LlmError::Timeout);
        check(400, "This model's maximum context length is 8192", LlmError::ContextTooLong);
        check(400, r#"{"error":{"code":"content_filter"}}"#, LlmError::ContentFilter);
        check(404, "no such model", LlmError::Refused(404));
    }
}
