//! Providers that speak the wire of OpenAI: sends a chat request and reads the answer, whole or as a stream.
//!
//! [async-openai] builds the requests and reads the event stream. Its retries are replaced by a service that tries
//! once, because the pool decides what is tried next, and that sorts refusals before their status is lost.
//!
//! Servers differ in small things that their documentation does not always tell. What one objects to is left out from
//! then on, and the request goes out again at once.
//!
//! [async-openai]: https://docs.rs/async-openai

mod account;
mod wire;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_openai::{Client, error::OpenAIError, middleware::HttpRequestFactory};
use futures::StreamExt;
use reqwest::multipart::{Form, Part as FormPart};
use serde::Deserialize;

use self::{
    account::Account,
    wire::{Assembly, Body, Dialect, Part, Whole},
};
use super::{
    answer::Answer,
    client::{Delta, Listener, Manner, Recording},
    error::LlmError,
    transport::{self, MAX_ANSWER_BYTES, Refusal, accepted, is_json, read_some, read_whole},
};
use crate::{clock::Clock, config::llm::LlmKey, engine::prompt::ModelRequest};

/// How often a request is put differently because of what a server objects to.
const MAX_OBJECTIONS: usize = 3;

/// A client of one key.
pub(super) struct OpenAi {
    client: Client<Account>,
    account: Account,
    http: reqwest::Client,
    clock: Clock,
    dialects: Dialects,
}

/// What a server was found not to understand. Everything is tried the usual way first.
#[derive(Debug, Default)]
struct Dialects {
    max_completion_tokens: AtomicBool,
    no_temperature: AtomicBool,
    no_stream_options: AtomicBool,
}

impl OpenAi {
    pub(super) fn new(key: &LlmKey, http: reqwest::Client, clock: Clock) -> Self {
        let account = Account::new(key);
        let service = {
            let (http, clock) = (http.clone(), clock.clone());
            tower::service_fn(move |factory: HttpRequestFactory| {
                send_once(http.clone(), factory, clock.clone())
            })
        };
        let client = Client::build(http.clone(), account.clone()).with_http_service(service);
        Self { client, account, http, clock, dialects: Dialects::default() }
    }

    /// Asks and waits for the whole answer.
    pub(super) async fn ask(&self, request: &ModelRequest, manner: Manner<'_>) -> Result<Answer, LlmError> {
        self.ask_whole(|dialect| Body::of(request, manner, dialect)).await
    }

    /// Asks about a picture, which is given as a `data:` address.
    pub(super) async fn look(
        &self,
        system: &str,
        question: &str,
        picture: &str,
        manner: Manner<'_>,
    ) -> Result<Answer, LlmError> {
        self.ask_whole(|dialect| Body::about_picture(system, question, picture, manner, dialect)).await
    }

    async fn ask_whole<'a>(&self, body: impl Fn(Dialect) -> Body<'a>) -> Result<Answer, LlmError> {
        let mut objections = 0;
        loop {
            let answered = self.client.chat().create_byot::<_, Whole>(body(self.dialects.get())).await;
            match answered.map_err(Failed::of) {
                Ok(whole) => return whole.answer(),
                Err(failed) => self.learn(failed, &mut objections)?,
            }
        }
    }

    /// Asks and tells the answer to `listener` while it is written. When the listener stops it, what was written
    /// until then is the answer.
    pub(super) async fn ask_streaming(
        &self,
        request: &ModelRequest,
        manner: Manner<'_>,
        listener: Listener<'_>,
    ) -> Result<Answer, LlmError> {
        let mut objections = 0;
        let mut stream = loop {
            let body = Body::of(request, manner, self.dialects.get());
            match self.client.chat().create_stream_byot::<_, Part>(body).await.map_err(Failed::of) {
                Ok(stream) => break stream,
                Err(Failed::Whole(body)) => {
                    let whole: Whole = serde_json::from_slice(&body).map_err(|_| LlmError::BadAnswer)?;
                    let answer = whole.answer()?;
                    // Whether it is stopped no longer matters: it is all there.
                    let _stopped = listener(Delta::Text(&answer.text));
                    return Ok(answer);
                }
                Err(failed) => self.learn(failed, &mut objections)?,
            }
        };
        let mut assembly = Assembly::default();
        while let Some(part) = stream.next().await {
            let part = part.map_err(|error| Failed::of(error).error())?;
            if let Some(error) = &part.error {
                return Err(LlmError::of_event(&error.to_string()));
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

    /// Has a recording written down.
    pub(super) async fn transcribe(&self, recording: Recording, model: &str) -> Result<String, LlmError> {
        #[derive(Deserialize)]
        struct Transcript {
            text: String,
        }
        let length = recording.bytes.len() as u64;
        let file = FormPart::stream_with_length(recording.bytes, length).file_name(recording.name);
        let file = file.mime_str(recording.media_type).map_err(|_| LlmError::BadAnswer)?;
        let mut form = Form::new().text("model", model.to_owned()).text("response_format", "json");
        if let Some(language) = recording.language {
            form = form.text("language", language);
        }
        let request = self.http.post(self.account.url_of("/audio/transcriptions"));
        let request = request.headers(self.account.secret_headers()).multipart(form.part("file", file));
        let response = request.send().await.map_err(|error| transport::sort(&error))?;
        let response = accepted(response, &self.clock).await.map_err(|refusal| refusal.error)?;
        let body = read_whole(response, MAX_ANSWER_BYTES).await?;
        let transcript: Transcript = serde_json::from_slice(&body).map_err(|_| LlmError::BadAnswer)?;
        Ok(transcript.text)
    }

    /// Goes on when a server objected to something that can be left out.
    fn learn(&self, failed: Failed, objections: &mut usize) -> Result<(), LlmError> {
        let Failed::Refused(refusal) = failed else { return Err(failed.error()) };
        *objections += 1;
        let learned = *objections <= MAX_OBJECTIONS
            && matches!(refusal.error, LlmError::Refused(_))
            && self.dialects.learn(&refusal.words);
        if learned { Ok(()) } else { Err(refusal.error.clone()) }
    }
}

impl Dialects {
    fn get(&self) -> Dialect {
        Dialect {
            max_completion_tokens: self.max_completion_tokens.load(Ordering::Relaxed),
            temperature: !self.no_temperature.load(Ordering::Relaxed),
            stream_options: !self.no_stream_options.load(Ordering::Relaxed),
        }
    }

    /// Notes what a refusal objects to. Says whether that is news, so that trying again makes sense.
    fn learn(&self, words: &str) -> bool {
        let about = if words.contains("max_completion_tokens") {
            &self.max_completion_tokens
        } else if words.contains("stream_options") {
            &self.no_stream_options
        } else if words.contains("temperature") {
            &self.no_temperature
        } else {
            return false;
        };
        !about.swap(true, Ordering::Relaxed)
    }
}

/// Why there is nothing to read.
enum Failed {
    Error(LlmError),
    Refused(Arc<Refusal>),
    /// The server does not stream and sent the answer in one piece.
    Whole(Vec<u8>),
}

/// What the service found instead of an answer, on its way through the library.
#[derive(Debug, thiserror::Error)]
enum Found {
    #[error("the server refuses")]
    Refused(Arc<Refusal>),
    #[error("the server does not stream")]
    NotStreamed(Vec<u8>),
}

impl Failed {
    fn of(error: OpenAIError) -> Self {
        Self::Error(match error {
            OpenAIError::Reqwest(error) => transport::sort(&error),
            OpenAIError::StreamError(_) => LlmError::Broken,
            OpenAIError::Boxed(error) => match error.downcast::<Found>() {
                Ok(found) => {
                    return match *found {
                        Found::Refused(refusal) => Self::Refused(refusal),
                        Found::NotStreamed(body) => Self::Whole(body),
                    };
                }
                Err(_) => LlmError::BadAnswer,
            },
            _ => LlmError::BadAnswer,
        })
    }

    fn error(self) -> LlmError {
        match self {
            Self::Error(error) => error,
            Self::Refused(refusal) => refusal.error.clone(),
            Self::Whole(_) => LlmError::BadAnswer,
        }
    }
}

/// Sends a request once.
async fn send_once(
    http: reqwest::Client,
    factory: HttpRequestFactory,
    clock: Clock,
) -> Result<reqwest::Response, OpenAIError> {
    let request = factory.build().await?;
    let wants_stream = request
        .body()
        .and_then(reqwest::Body::as_bytes)
        .is_some_and(|body| body.ends_with(b"\"stream\":true}"));
    let found = |found| OpenAIError::Boxed(Box::new(found));
    let response = http.execute(request).await?;
    let mut response =
        accepted(response, &clock).await.map_err(|refusal| found(Found::Refused(Arc::new(refusal))))?;
    if wants_stream && is_json(&response) {
        return Err(found(Found::NotStreamed(read_some(&mut response, MAX_ANSWER_BYTES).await)));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objection_is_learned_once() {
        let dialects = Dialects::default();
        assert!(!dialects.learn("i do not like you"));
        assert!(dialects.learn("use 'max_completion_tokens' instead of 'max_tokens'"));
        assert!(!dialects.learn("use 'max_completion_tokens' instead of 'max_tokens'"), "it did not help");
        assert!(dialects.learn("extra inputs are not permitted: stream_options"));
        let dialect = dialects.get();
        assert_eq!(
            (dialect.max_completion_tokens, dialect.temperature, dialect.stream_options),
            (true, true, false)
        );
    }
}
