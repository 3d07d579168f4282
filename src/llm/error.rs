//! What can go wrong with a model, by what the caller can do about it.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};

use super::rest;

/// Words of an account without credit.
const QUOTA: &[&str] = &[
    "insufficient_quota",
    "insufficient balance",
    "billing",
    "exceeded your current quota",
    "credit balance",
    "insufficient credits",
    "credits",
];
/// Words of a limit that is only about time, even when a page about plans and billing is linked beside them.
const TOO_FAST: &[&str] = &["rate_limit", "rate limit", "try again in", "retrydelay", "per minute"];
/// Words of a prompt that is too long.
const TOO_LONG: &[&str] = &[
    "context_length",
    "context length",
    "maximum context",
    "context window",
    "exceed_context",
    "too many tokens",
    "prompt is too long",
    "input token count",
];
/// Words of a content filter.
const FILTER: &[&str] = &["content_filter", "content management policy", "content_policy", "safety"];
/// Words of a model that is not there.
const NO_MODEL: &[&str] =
    &["model_not_found", "no such model", "model not found", "does not exist", "unknown model"];

/// A failure of one attempt with one key, or of a whole question. It holds nothing of what was asked or answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// Too many requests: the key is fine and must rest.
    #[error("the provider asks to slow down")]
    RateLimited {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The key is wrong or may not be used.
    #[error("the provider refuses the key (status {0}); check `api_key`")]
    Unauthorized(u16),
    /// The account has no credit left.
    #[error("the account has no quota left")]
    Quota,
    /// The provider has a problem.
    #[error("the provider failed (status {status})")]
    Server {
        /// The HTTP status.
        status: u16,
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
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
    /// The provider does not have the model, or nothing is at the address.
    #[error("the provider does not know the model (status {0}); check `model` and `base_url`")]
    NoModel(u16),
    /// The provider does not understand the request.
    #[error("the provider refuses the request (status {0})")]
    Refused(u16),
    /// What came back is no answer, or an empty one.
    #[error("what came back is no answer")]
    BadAnswer,
    /// There is no key.
    #[error("no model is configured")]
    NoKey,
    /// There are keys, but each is at its limit, resting or out of order, and none will be free in time.
    #[error("every key is busy, resting or out of order")]
    Exhausted,
    /// The tenant has spent its month's budget.
    #[error("the tenant's budget for the month is spent")]
    OverBudget,
}

impl LlmError {
    /// The stable word for it in metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Unauthorized(_) => "unauthorized",
            Self::Quota => "quota",
            Self::Server { .. } => "server",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
            Self::ContextTooLong => "context_too_long",
            Self::ContentFilter => "content_filter",
            Self::NoModel(_) => "no_model",
            Self::Refused(_) => "refused",
            Self::BadAnswer => "bad_answer",
            Self::NoKey => "no_key",
            Self::Exhausted => "exhausted",
            Self::OverBudget => "over_budget",
        }
    }

    /// Sorts a response that is no success. Providers agree on the status more than on the words. `now_ms` is the time,
    /// for providers that name the moment at which a key may be used again.
    pub(super) fn of_response(status: StatusCode, headers: &HeaderMap, body: &str, now_ms: i64) -> Self {
        let body = body.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| body.contains(word));
        let retry_after = || rest::asked_for(headers, &body, now_ms);
        match status.as_u16() {
            401 | 403 if says(FILTER) => Self::ContentFilter,
            401 | 403 => Self::Unauthorized(status.as_u16()),
            402 => Self::Quota,
            408 | 504 => Self::Timeout,
            413 => Self::ContextTooLong,
            429 if says(&["insufficient_quota"]) || says(QUOTA) && !says(TOO_FAST) => Self::Quota,
            429 => Self::RateLimited { retry_after: retry_after() },
            code if status.is_server_error() => Self::Server { status: code, retry_after: retry_after() },
            _ if says(TOO_LONG) => Self::ContextTooLong,
            _ if says(FILTER) => Self::ContentFilter,
            404 | 410 => Self::NoModel(status.as_u16()),
            code if says(NO_MODEL) => Self::NoModel(code),
            _ if says(QUOTA) => Self::Quota,
            code => Self::Refused(code),
        }
    }

    /// Sorts an error that a provider reports in the middle of a stream, by its type or message.
    pub(super) fn of_event(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["rate_limit", "rate limit"]) {
            Self::RateLimited { retry_after: None }
        } else if says(&["overloaded", "server_error", "api_error"]) {
            Self::Server { status: 529, retry_after: None }
        } else if says(TOO_LONG) {
            Self::ContextTooLong
        } else if says(FILTER) {
            Self::ContentFilter
        } else {
            Self::Broken
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_sorted_by_what_can_be_done() {
        let wait = Some(Duration::from_millis(2500));
        let check = |status: u16, body: &str, expected: LlmError| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", "2.5".parse().unwrap());
            let found = LlmError::of_response(StatusCode::from_u16(status).unwrap(), &headers, body, 0);
            assert_eq!(found, expected, "{status} {body}");
        };
        check(429, "slow", LlmError::RateLimited { retry_after: wait });
        check(429, r#"{"error":{"code":"insufficient_quota"}}"#, LlmError::Quota);
        check(
            429,
            "You exceeded your current quota, please check your plan and billing details",
            LlmError::Quota,
        );
        let groq = "Rate limit reached. Please try again in 2s. Need more? Upgrade at https://groq.com/settings/billing";
        check(429, groq, LlmError::RateLimited { retry_after: wait });
        check(402, "Insufficient Balance", LlmError::Quota);
        check(400, "Your credit balance is too low to access the Anthropic API", LlmError::Quota);
        check(401, "", LlmError::Unauthorized(401));
        check(403, "<html>", LlmError::Unauthorized(403));
        check(500, "oops", LlmError::Server { status: 500, retry_after: wait });
        check(529, "overloaded", LlmError::Server { status: 529, retry_after: wait });
        check(504, "", LlmError::Timeout);
        check(400, "This model's maximum context length is 8192", LlmError::ContextTooLong);
        check(400, "prompt is too long: 210000 tokens > 200000 maximum", LlmError::ContextTooLong);
        check(400, r#"{"error":{"code":"content_filter"}}"#, LlmError::ContentFilter);
        check(404, "no such model", LlmError::NoModel(404));
        check(400, r#"{"error":{"code":"model_not_found"}}"#, LlmError::NoModel(400));
        check(422, "unknown field", LlmError::Refused(422));
    }

    #[test]
    fn errors_inside_a_stream_are_told_apart() {
        let kinds = [r#"{"type":"overloaded_error"}"#, "rate_limit_exceeded", "context_length_exceeded", "?"]
            .map(|text| LlmError::of_event(text).kind());
        assert_eq!(kinds, ["server", "rate_limited", "context_too_long", "broken"]);
    }
}
