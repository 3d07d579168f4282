//! One HTTP request to a place of the business, and what its answer means for another try.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};

use super::NotifyError;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// The most of an answer that is read, in bytes. Answers are a word or an id.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// How much of a refusal is told, in characters.
const MAX_TOLD_CHARS: usize = 200;

/// A request to be sent: always a POST of JSON.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    /// Where to. It may be a secret.
    pub(super) url: String,
    /// Headers besides the content type; their values may be secrets.
    pub(super) headers: HeaderMap,
    /// The JSON, exactly as it was signed.
    pub(super) body: Vec<u8>,
}

impl Outgoing {
    /// A request with no headers of its own.
    pub(super) fn json(url: &str, body: &impl serde::Serialize) -> Result<Self, NotifyError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| NotifyError::permanent(format!("it cannot be written as JSON: {error}")))?;
        Ok(Self { url: url.to_owned(), headers: HeaderMap::new(), body })
    }

    /// Adds a header.
    pub(super) fn set(&mut self, name: &'static str, value: &str) -> Result<(), NotifyError> {
        let value = HeaderValue::from_str(value)
            .map_err(|_| NotifyError::permanent(format!("the value of the header {name} is wrong")))?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(())
    }

    /// Adds the token that says who we are.
    pub(super) fn set_bearer(&mut self, token: &str) -> Result<(), NotifyError> {
        self.set("authorization", &format!("Bearer {token}"))?;
        if let Some(value) = self.headers.get_mut("authorization") {
            value.set_sensitive(true);
        }
        Ok(())
    }
}

/// The client that all places share. It never follows a redirect: what is told goes to the address that was configured
/// and to no other.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    crate::tls::install_provider();
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .user_agent(concat!("iass/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends a request. A success is returned with its body unread: most places say nothing in it.
///
/// # Errors
/// [`NotifyError`]. The caller bounds the time.
pub(super) async fn send(client: &Client, outgoing: Outgoing) -> Result<Response, NotifyError> {
    let Outgoing { url, headers, body } = outgoing;
    let sent = client
        .post(url)
        .headers(headers)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body)
        .send()
        .await;
    // An address may be a secret.
    let response = sent.map_err(|error| sort(&error.without_url()))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let retry_after = retry_after(response.headers());
    let told = body_of(response).await.map(|body| first_words(&body)).unwrap_or_default();
    Err(refused(status, retry_after, &told))
}

/// The body of an answer, up to a bound.
///
/// # Errors
/// [`NotifyError::Temporary`] when it breaks off or is too long.
pub(super) async fn body_of(mut response: Response) -> Result<Vec<u8>, NotifyError> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| sort(&error.without_url()))? {
        if body.len() + part.len() > MAX_ANSWER_BYTES {
            return Err(NotifyError::temporary("the answer is too long"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

fn sort(error: &reqwest::Error) -> NotifyError {
    let what = if error.is_timeout() {
        "the connection took too long"
    } else if error.is_connect() {
        "cannot connect"
    } else if error.is_builder() {
        return NotifyError::permanent("the address or a header is wrong");
    } else {
        "the connection broke off"
    };
    let cause = std::iter::successors(std::error::Error::source(error), |error| error.source()).last();
    NotifyError::temporary(match cause {
        Some(cause) => format!("{what}: {cause}"),
        None => what.to_owned(),
    })
}

fn refused(status: StatusCode, retry_after: Option<Duration>, told: &str) -> NotifyError {
    let code = status.as_u16();
    let message = match told {
        "" => format!("answered {code}"),
        told => format!("answered {code}: {told}"),
    };
    match code {
        300..=399 => NotifyError::permanent(format!(
            "answered {code}: the address has moved, and a redirect is not followed; configure the new one"
        )),
        // Too early, too slow or too often: the same request may be taken later.
        408 | 423 | 425 | 429 => NotifyError::Temporary { message, retry_after },
        _ if status.is_server_error() => NotifyError::Temporary { message, retry_after },
        _ => NotifyError::Permanent { message },
    }
}

/// The wait of a `Retry-After` header: seconds, or a date (RFC 9110, 10.2.3), which is counted from the `Date` that the
/// place itself gives, so that its clock need not agree with ours.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let wait = text(RETRY_AFTER)?.trim();
    if let Ok(seconds) = wait.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let parse = |text: &str| -> Option<Timestamp> { DateTimeParser::new().parse_timestamp(text.trim()).ok() };
    let (until, now) = (parse(wait)?, parse(text(DATE)?)?);
    Duration::try_from(until.duration_since(now)).ok()
}

/// The beginning of what was said, on one line.
fn first_words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(MAX_TOLD_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_another_try_makes_sense() {
        let is_temporary = |code: u16| {
            let status = StatusCode::from_u16(code).unwrap();
            matches!(refused(status, None, ""), NotifyError::Temporary { .. })
        };
        assert!([408, 425, 429, 500, 502, 503, 504].into_iter().all(is_temporary));
        assert!(![301, 307, 400, 401, 403, 404, 410, 413, 422].into_iter().any(is_temporary));
    }

    #[test]
    fn a_wait_is_seconds_or_a_date_of_the_places_own_clock() {
        let wait = |values: &[(&'static str, &'static str)]| {
            let headers = values
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            retry_after(&headers.collect())
        };
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wait(&[("retry-after", "30")]), Some(Duration::from_secs(30)));
        assert_eq!(wait(&[("retry-after", "1.5")]), Some(Duration::from_millis(1500)));
        let later = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(wait(&[later, date]), Some(Duration::from_secs(30)));
        for none in ["-1", "soon", "Sun, 06 Nov 1994 08:00:00 GMT"] {
            assert_eq!(wait(&[("retry-after", none), date]), None, "{none}");
        }
        assert_eq!(wait(&[date]), None);
    }
}
