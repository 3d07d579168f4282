//! One account at a provider: sends a chat request and reads the answer, whole or as a stream.
//!
//! [async-openai] builds the requests and reads the event stream. Its retries are replaced by a service that tries
//! once, because the pool decides what is tried next, and that sorts refusals before their status is lost.
//!
//! [async-openai]: https://docs.rs/async-openai

use std::{ops::ControlFlow, time::Duration};

use async_openai::{Client, config::Config, error::OpenAIError, middleware::HttpRequestFactory};
use futures::StreamExt;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::SecretString;

use super::{
    error::LlmError,
    wire::{Answer, Assembly, Body, Manner, Part, Whole},
};
use crate::{
    config::{
        llm::{Llm, LlmKey},
        secret::Secret,
    },
    engine::prompt::ModelRequest,
};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most of a refusal that is read, in bytes: enough for the words that tell what it is.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// The longest answer that is read, in bytes. Two paragraphs are a hundredth of it.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A part of an answer as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delta<'a> {
    /// More words.
    Text(&'a str),
    /// What was written so far does not count: the answer begins anew.
    Withdrawn,
}

/// Hears an answer while it is written, and may stop it.
pub type Listener<'a> = &'a mut (dyn FnMut(Delta<'_>) -> ControlFlow<()> + Send);

/// One key's client.
pub struct KeyClient {
    id: String,
    model: String,
    temperature: f64,
    max_output_tokens: u32,
    client: Client<Account>,
}

impl KeyClient {
    /// A client of one key. `http` is shared by all keys, and its connections with it.
    pub(super) fn new(key: &LlmKey, llm: &Llm, http: reqwest::Client) -> Self {
        let account = Account::new(key);
        let service = {
            let http = http.clone();
            tower::service_fn(move |factory: HttpRequestFactory| send_once(http.clone(), factory))
        };
        Self {
            id: key.id.clone(),
            model: key.model.clone(),
            temperature: llm.temperature,
            max_output_tokens: llm.max_output_tokens,
            client: Client::build(http, account).with_http_service(service),
        }
    }

    /// The key's name in reports and logs.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Asks and waits for the whole answer. The caller bounds the time.
    pub(super) async fn ask(&self, request: &ModelRequest) -> Result<Answer, LlmError> {
        let body = Body::of(request, self.manner(false));
        let whole: Whole = self.client.chat().create_byot(body).await.map_err(sort)?;
        whole.answer()
    }

    /// Asks and tells the answer to `listener` while it is written. When the listener stops it, what was written
    /// until then is the answer.
    pub(super) async fn ask_streaming(
        &self,
        request: &ModelRequest,
        listener: Listener<'_>,
    ) -> Result<Answer, LlmError> {
        let body = Body::of(request, self.manner(true));
        let stream = self.client.chat().create_stream_byot::<_, Part>(body).await;
        let mut stream = match stream.map_err(sort_or_whole) {
            Ok(stream) => stream,
            Err(NoStream::Error(error)) => return Err(error),
            Err(NoStream::Whole(whole)) => {
                let answer = whole.answer()?;
                // Whether it is stopped no longer matters: it is all there.
                let _stopped = listener(Delta::Text(&answer.text));
                return Ok(answer);
            }
        };
        let mut assembly = Assembly::default();
        while let Some(part) = stream.next().await {
            let part = part.map_err(sort)?;
            if part.error.is_some() {
                return Err(LlmError::Broken);
            }
            let delta = assembly.add(part);
            if delta.is_empty() {
                continue;
            }
            if listener(Delta::Text(&delta)).is_break() || assembly.text.len() > MAX_ANSWER_BYTES {
                return Ok(assembly.stopped());
            }
        }
        assembly.finished()
    }

    fn manner(&self, stream: bool) -> Manner<'_> {
        Manner {
            model: &self.model,
            temperature: self.temperature,
            max_tokens: self.max_output_tokens,
            stream,
        }
    }
}

/// The HTTP client that all keys share.
pub(super) fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    crate::tls::install_provider();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("iass/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Where to send requests and as whom. Unlike async-openai's own it reads no environment.
struct Account {
    base_url: String,
    api_key: SecretString,
    headers: HeaderMap,
}

impl Account {
    fn new(key: &LlmKey) -> Self {
        let secret = key.api_key.as_ref().map(Secret::expose).unwrap_or_default();
        let mut headers = HeaderMap::new();
        // A key that cannot stand in a header is one the provider cannot know: it will say so.
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {secret}"))
            && !secret.is_empty()
        {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Self {
            base_url: key.base_url.trim_end_matches('/').to_owned(),
            api_key: secret.to_owned().into(),
            headers,
        }
    }
}

impl Config for Account {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base_url
    }

    fn api_key(&self) -> &SecretString {
        &self.api_key
    }
}

/// Why there is no stream to read.
enum NoStream {
    Error(LlmError),
    /// The server does not stream and sent the answer in one piece.
    Whole(Whole),
}

/// What the service found instead of a stream.
#[derive(Debug, thiserror::Error)]
#[error("the server does not stream")]
struct NotStreamed(Vec<u8>);

/// Sends a request once.
async fn send_once(
    http: reqwest::Client,
    factory: HttpRequestFactory,
) -> Result<reqwest::Response, OpenAIError> {
    let request = factory.build().await?;
    let wants_stream = request
        .body()
        .and_then(reqwest::Body::as_bytes)
        .is_some_and(|body| body.ends_with(b"\"stream\":true}"));
    let mut response = http.execute(request).await?;
    if !response.status().is_success() {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_some(&mut response, MAX_REFUSAL_BYTES).await;
        let error = LlmError::of_response(status, &headers, &String::from_utf8_lossy(&body));
        return Err(OpenAIError::Boxed(Box::new(error)));
    }
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    if wants_stream && is_json {
        let body = read_some(&mut response, MAX_ANSWER_BYTES).await;
        return Err(OpenAIError::Boxed(Box::new(NotStreamed(body))));
    }
    Ok(response)
}

/// The beginning of a body; what cannot be read is left out.
async fn read_some(response: &mut reqwest::Response, limit: usize) -> Vec<u8> {
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

fn sort(error: OpenAIError) -> LlmError {
    match error {
        OpenAIError::Reqwest(error) if error.is_timeout() => LlmError::Timeout,
        OpenAIError::Reqwest(error) if error.is_connect() => LlmError::Unreachable,
        OpenAIError::Reqwest(error) if error.is_decode() || error.is_body() => LlmError::Broken,
        OpenAIError::Reqwest(_) => LlmError::Unreachable,
        OpenAIError::StreamError(_) => LlmError::Broken,
        OpenAIError::Boxed(error) => error.downcast::<LlmError>().map_or(LlmError::BadAnswer, |error| *error),
        _ => LlmError::BadAnswer,
    }
}

fn sort_or_whole(error: OpenAIError) -> NoStream {
    match error {
        OpenAIError::Boxed(error) => match error.downcast::<NotStreamed>() {
            Ok(found) => {
                serde_json::from_slice(&found.0).map_or(NoStream::Error(LlmError::BadAnswer), NoStream::Whole)
            }
            Err(error) => NoStream::Error(sort(OpenAIError::Boxed(error))),
        },
        error => NoStream::Error(sort(error)),
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
