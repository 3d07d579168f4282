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
use serde::{Deserialize, Serialize};

use super::error::LlmError;
use crate::{
    config::{
        llm::{Llm, LlmKey},
        secret::Secret,
    },
    domain::message::Role,
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
    pub(super) async fn ask(&self, request: &ModelRequest) -> Result<String, LlmError> {
        let body = self.body(request, false);
        let whole: Whole = self.client.chat().create_byot(body).await.map_err(sort)?;
        whole.text()
    }

    /// Asks and tells the answer to `listener` while it is written. When the listener stops it, what was written
    /// until then is the answer.
    pub(super) async fn ask_streaming(
        &self,
        request: &ModelRequest,
        listener: Listener<'_>,
    ) -> Result<String, LlmError> {
        let body = self.body(request, true);
        let stream = self.client.chat().create_stream_byot::<_, Part>(body).await;
        let mut stream = match stream.map_err(sort_or_whole) {
            Ok(stream) => stream,
            Err(NoStream::Error(error)) => return Err(error),
            Err(NoStream::Whole(whole)) => {
                let text = whole.text()?;
                // Whether it is stopped no longer matters: it is all there.
                let _stopped = listener(Delta::Text(&text));
                return Ok(text);
            }
        };
        let mut text = String::new();
        let mut finish = None;
        while let Some(part) = stream.next().await {
            let part = part.map_err(sort)?;
            if part.error.is_some() {
                return Err(LlmError::Broken);
            }
            let Some(choice) = part.choices.into_iter().next() else { continue };
            if let Some(delta) =
                choice.delta.and_then(|delta| delta.content).filter(|delta| !delta.is_empty())
            {
                text.push_str(&delta);
                if listener(Delta::Text(&delta)).is_break() || text.len() > MAX_ANSWER_BYTES {
                    return Ok(text);
                }
            }
            finish = choice.finish_reason.or(finish);
        }
        // A server that dies closes the connection like one that is done; only the reason tells them apart.
        let Some(finish) = finish else { return Err(LlmError::Broken) };
        finished(text, &finish)
    }

    fn body<'a>(&'a self, request: &'a ModelRequest, stream: bool) -> Body<'a> {
        let system = Line { role: "system", content: &request.system };
        let said = request.messages.iter().map(|said| Line {
            role: match said.role {
                Role::Customer => "user",
                Role::Assistant => "assistant",
            },
            content: &said.text,
        });
        Body {
            model: &self.model,
            messages: std::iter::once(system).chain(said).collect(),
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

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Line<'a>>,
    temperature: f64,
    max_tokens: u32,
    stream: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    role: &'static str,
    content: &'a str,
}

/// An answer in one piece. Everything is optional: foreign servers leave out what they do not know.
#[derive(Debug, Deserialize)]
struct Whole {
    #[serde(default)]
    choices: Vec<WholeChoice>,
}

#[derive(Debug, Deserialize)]
struct WholeChoice {
    message: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Content {
    content: Option<String>,
}

/// A piece of an answer.
#[derive(Debug, Deserialize)]
struct Part {
    #[serde(default)]
    choices: Vec<PartChoice>,
    error: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct PartChoice {
    delta: Option<Content>,
    finish_reason: Option<String>,
}

impl Whole {
    fn text(self) -> Result<String, LlmError> {
        let choice = self.choices.into_iter().next().ok_or(LlmError::BadAnswer)?;
        let text = choice.message.and_then(|message| message.content).unwrap_or_default();
        finished(text, choice.finish_reason.as_deref().unwrap_or("stop"))
    }
}

/// What an answer is worth by the reason why it ended.
fn finished(text: String, reason: &str) -> Result<String, LlmError> {
    if reason == "content_filter" {
        return Err(LlmError::ContentFilter);
    }
    let text = if reason == "length" { whole_sentences(&text).to_owned() } else { text };
    if text.trim().is_empty() { Err(LlmError::BadAnswer) } else { Ok(text) }
}

/// The text up to its last whole sentence: an answer that reached its length must not end in half a price.
fn whole_sentences(text: &str) -> &str {
    let ends = text.char_indices().rev().find(|(index, c)| {
        let after = text.get(index + c.len_utf8()..).unwrap_or_default();
        matches!(c, '.' | '!' | '?' | '\n') && after.starts_with(char::is_whitespace)
    });
    ends.and_then(|(index, c)| text.get(..index + c.len_utf8())).unwrap_or_default()
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
