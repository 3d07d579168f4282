//! A bot at the Bot API: one call, one deadline, one answer (<https://core.telegram.org/bots/api#making-requests>).
//!
//! The methods and their parameters are teloxide's; the transport is the product's own, because teloxide's sleeps ten
//! seconds on an error of the server, hides the status, brings a second TLS, and takes a message that was sent for one
//! that failed when the answer has a field it does not know.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use teloxide_core::{
    payloads::GetFile,
    requests::Payload,
    types::{ChatId, FileId},
};

use crate::{
    channel::{FetchError, SendError},
    config::tenant::channels::Telegram,
};

/// The largest answer to a call that is read: a hundred updates of the largest size are half of it.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// The largest file that the Bot API gives out (<https://core.telegram.org/bots/api#getfile>).
pub(super) const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;

/// How long a download may take; other calls have the deadline of the client.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// How long Telegram is left alone when it says "too many requests" and not for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// A bot and what talks to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bot<'a> {
    http: &'a reqwest::Client,
    settings: &'a Telegram,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// Flood control.
    #[error("Telegram asks to wait {} s", .0.as_secs())]
    Flood(Duration),
    /// The group is a supergroup by now, with this id.
    #[error("the group moved to {0}")]
    Moved(ChatId),
    /// Telegram said no.
    #[error("Telegram refused: {code} {description}")]
    Refused {
        /// The error code, which is an HTTP status.
        code: u16,
        /// Telegram's words.
        description: String,
    },
    /// There was no answer that can be read.
    #[error("{0}")]
    Unavailable(String),
}

/// What every call answers with.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    result: Value,
    error_code: Option<u16>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

/// <https://core.telegram.org/bots/api#responseparameters>
#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

/// The part of a file's description that is needed.
#[derive(Deserialize)]
struct FilePlace {
    file_path: Option<String>,
    file_size: Option<usize>,
}

impl<'a> Bot<'a> {
    pub(super) fn new(http: &'a reqwest::Client, settings: &'a Telegram) -> Self {
        Self { http, settings }
    }

    /// Calls a method within the client's own deadline.
    pub(super) async fn call<P: Payload + Serialize>(&self, payload: &P) -> Result<Value, CallError> {
        self.send(P::NAME, self.http.post(self.address(P::NAME)).json(payload)).await
    }

    /// Calls a method that may take longer than others.
    pub(super) async fn call_within<P: Payload + Serialize>(
        &self,
        payload: &P,
        most: Duration,
    ) -> Result<Value, CallError> {
        self.send(P::NAME, self.http.post(self.address(P::NAME)).json(payload).timeout(most)).await
    }

    async fn send(&self, method: &str, request: reqwest::RequestBuilder) -> Result<Value, CallError> {
        // The address holds the token: it must not be in an error.
        let lost = |error: reqwest::Error| {
            CallError::Unavailable(format!("{method}: {:#}", anyhow::Error::from(error.without_url())))
        };
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let body = read(response, MAX_ANSWER_BYTES).await.map_err(|error| match error {
            ReadError::Broken(error) => lost(error),
            ReadError::TooLarge => CallError::Unavailable(format!("{method}: the answer is too large")),
        })?;
        let Ok(answer) = serde_json::from_slice::<Answer>(&body) else {
            return Err(not_telegram(method, status));
        };
        if answer.ok {
            return Ok(answer.result);
        }
        let code = answer.error_code.unwrap_or(status.as_u16());
        if let Some(id) = answer.parameters.migrate_to_chat_id {
            return Err(CallError::Moved(ChatId(id)));
        }
        if let Some(seconds) = answer.parameters.retry_after {
            return Err(CallError::Flood(Duration::from_secs(seconds)));
        }
        match code {
            429 => Err(CallError::Flood(DEFAULT_RETRY_AFTER)),
            500.. => Err(CallError::Unavailable(format!("{method}: {code} {}", answer.description))),
            _ => Err(CallError::Refused { code, description: answer.description }),
        }
    }

    /// Downloads a file of at most `most` bytes.
    pub(super) async fn download(&self, id: &str, most: usize) -> Result<Bytes, FetchError> {
        let most = most.min(MAX_FILE_BYTES);
        let place = match self.call(&GetFile::new(FileId(id.to_owned()))).await {
            Ok(place) => place,
            Err(CallError::Refused { description, .. }) if description.contains("too big") => {
                return Err(FetchError::TooLarge);
            }
            Err(error @ (CallError::Flood(_) | CallError::Unavailable(_))) => {
                return Err(FetchError::Temporary(error.to_string()));
            }
            Err(error) => return Err(FetchError::Permanent(error.to_string())),
        };
        let place: FilePlace = parsed(place).map_err(FetchError::Temporary)?;
        if place.file_size.is_some_and(|size| size > most) {
            return Err(FetchError::TooLarge);
        }
        let Some(path) = place.file_path else {
            return Err(FetchError::Permanent("Telegram does not say where the file is".to_owned()));
        };
        let request = self.http.get(self.file_address(&path)?).timeout(DOWNLOAD_TIMEOUT);
        let lost = |error: reqwest::Error| {
            FetchError::Temporary(format!("{:#}", anyhow::Error::from(error.without_url())))
        };
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(FetchError::Temporary(format!("the download answered {status}")));
        }
        if !status.is_success() {
            return Err(FetchError::Permanent(format!("the download answered {status}")));
        }
        read(response, most).await.map_err(|error| match error {
            ReadError::Broken(error) => lost(error),
            ReadError::TooLarge => FetchError::TooLarge,
        })
    }

    fn address(&self, method: &str) -> String {
        let base = self.settings.api_base.trim_end_matches('/');
        // teloxide's names begin with a capital, the reference's with a small letter.
        let (first, rest) = method.split_at_checked(1).unwrap_or_default();
        format!("{base}/bot{}/{}{rest}", self.settings.token.expose(), first.to_ascii_lowercase())
    }

    fn file_address(&self, path: &str) -> Result<reqwest::Url, FetchError> {
        let base = self.settings.api_base.trim_end_matches('/');
        let wrong = || FetchError::Permanent("the file's address is not one".to_owned());
        let mut url = reqwest::Url::parse(&format!("{base}/file/bot{}", self.settings.token.expose()))
            .map_err(|_| wrong())?;
        // Segment by segment: a path from outside never leaves the bot's own folder.
        url.path_segments_mut().map_err(|()| wrong())?.extend(path.split('/'));
        Ok(url)
    }
}

/// Something other than the Bot API answered: a proxy, or an address that is wrong.
fn not_telegram(method: &str, status: reqwest::StatusCode) -> CallError {
    match status.as_u16() {
        429 => CallError::Flood(DEFAULT_RETRY_AFTER),
        code => CallError::Unavailable(format!("{method}: {code}, and not from the Bot API")),
    }
}

impl From<CallError> for SendError {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::Flood(wait) => Self::Temporary { message, retry_after: Some(wait) },
            CallError::Unavailable(_) => Self::Temporary { message, retry_after: None },
            CallError::Moved(_) | CallError::Refused { .. } => Self::Permanent { message },
        }
    }
}

/// The part of an answer that is needed; what else is in it may change.
pub(super) fn parsed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("an answer that cannot be read: {error}"))
}

enum ReadError {
    Broken(reqwest::Error),
    TooLarge,
}

/// Reads a body of at most `most` bytes.
async fn read(mut response: reqwest::Response, most: usize) -> Result<Bytes, ReadError> {
    let mut body = BytesMut::new();
    while let Some(part) = response.chunk().await.map_err(ReadError::Broken)? {
        if body.len() + part.len() > most {
            return Err(ReadError::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}
