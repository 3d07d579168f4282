//! What calls of all providers have in common: how an answer is read, what of a failure may pass, and how a file is
//! fetched without going astray.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{LOCATION, RETRY_AFTER},
};
use url::Url;

use super::{FetchError, SendError};

/// The most bytes of an answer that are read: providers say little.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The most redirects that are followed to a file.
const MAX_REDIRECTS: usize = 3;

/// How much of what a provider said is told, in characters.
const MAX_TOLD_CHARS: usize = 300;

/// What a provider answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// How long it asked to be left alone.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The failure that this answer is, by its status alone.
    pub(super) fn refusal(&self, told: &str) -> SendError {
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        let told: String = told.chars().take(MAX_TOLD_CHARS).collect();
        let code = self.status.as_u16();
        let message =
            if told.is_empty() { format!("answered {code}") } else { format!("answered {code}: {told}") };
        if may_pass(self.status) {
            SendError::Temporary { message, retry_after: self.retry_after }
        } else {
            SendError::Permanent { message }
        }
    }
}

/// Makes a call and reads its answer.
///
/// # Errors
/// [`SendError::Temporary`] when there was none.
pub(super) async fn call(request: RequestBuilder) -> Result<Answer, SendError> {
    // An address may hold a secret.
    let failed = |error: reqwest::Error| SendError::Temporary {
        message: broken(&error.without_url()),
        retry_after: None,
    };
    let response = request.send().await.map_err(failed)?;
    let status = response.status();
    let retry_after = retry_after(&response);
    let body = match read(response, MAX_ANSWER_BYTES).await {
        Ok(body) => body.to_vec(),
        // What was taken is taken, whatever became of the words about it.
        Err(_) if status.is_success() => Vec::new(),
        Err(error) => {
            return Err(SendError::Temporary { message: error.to_string(), retry_after: None });
        }
    };
    Ok(Answer { status, retry_after, body })
}

/// Fetches a file of at most `most` bytes. `authorise` adds the credentials, which go to the first address only; a
/// redirect is followed where `may_follow` says so.
///
/// # Errors
/// [`FetchError`] says whether another try makes sense.
pub(super) async fn download(
    http: &Client,
    url: Url,
    authorise: impl FnOnce(RequestBuilder) -> RequestBuilder,
    may_follow: impl Fn(&Url) -> bool,
    most: usize,
) -> Result<Bytes, FetchError> {
    let mut request = authorise(http.get(url.clone()));
    let mut place = url;
    for _ in 0..=MAX_REDIRECTS {
        let sent = request.send().await;
        let response = sent.map_err(|error| FetchError::Temporary(broken(&error.without_url())))?;
        let status = response.status();
        if status.is_success() {
            return read(response, most).await;
        }
        if !status.is_redirection() {
            let told = format!("answered {}", status.as_u16());
            // A file that was just sent may not be there yet.
            let may_come = may_pass(status) || status == StatusCode::NOT_FOUND;
            return Err(if may_come { FetchError::Temporary(told) } else { FetchError::Permanent(told) });
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let next = location.and_then(|location| place.join(location).ok());
        let Some(next) = next.filter(|next| may_follow(next)) else {
            return Err(FetchError::Permanent("it is elsewhere, where nothing is fetched from".to_owned()));
        };
        request = http.get(next.clone());
        place = next;
    }
    Err(FetchError::Permanent("it is always elsewhere".to_owned()))
}

/// Whether two addresses are the same place: scheme, host and port.
pub(super) fn is_same_place(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Whether the same request may be taken later: too early, too slow or too often, or the provider's own trouble.
fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error()
}

/// The wait of a `Retry-After` header in seconds (RFC 9110, 10.2.3). Providers of channels give no dates.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: f64 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

async fn read(mut response: Response, most: usize) -> Result<Bytes, FetchError> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > most) {
        return Err(FetchError::TooLarge);
    }
    let mut body = BytesMut::new();
    loop {
        let part = response.chunk().await;
        let part = part.map_err(|error| FetchError::Temporary(broken(&error.without_url())))?;
        let Some(part) = part else { return Ok(body.freeze()) };
        if body.len() + part.len() > most {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&part);
    }
}

fn broken(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "the connection took too long"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "the connection broke off"
    };
    let cause = std::iter::successors(std::error::Error::source(error), |error| error.source()).last();
    cause.map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"))
}
