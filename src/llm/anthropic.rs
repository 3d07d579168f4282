//! Anthropic's own wire, the messages API: <https://docs.anthropic.com/en/api/messages>.

mod events;
mod wire;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use self::{
    events::Events,
    wire::{Assembly, Body, Event, Whole},
};
use super::{
    answer::Answer,
    client::{Delta, Listener, Manner, Picture},
    error::LlmError,
    transport::{self, MAX_ANSWER_BYTES, accepted, is_json, read_whole},
};
use crate::{
    clock::Clock,
    config::{llm::LlmKey, secret::Secret},
    engine::prompt::ModelRequest,
};

/// The version of the API that is spoken.
const VERSION: &str = "2023-06-01";

/// A client of one key.
pub(super) struct Anthropic {
    url: String,
    headers: HeaderMap,
    http: reqwest::Client,
    clock: Clock,
}

impl Anthropic {
    pub(super) fn new(key: &LlmKey, http: reqwest::Client, clock: Clock) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("anthropic-version"), HeaderValue::from_static(VERSION));
        let secret = key.api_key.as_ref().map(Secret::expose).unwrap_or_default();
        // A key that cannot stand in a header is one the provider cannot know: it will say so.
        if let Ok(mut value) = HeaderValue::from_str(secret) {
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static("x-api-key"), value);
        }
        Self { url: address(&key.base_url), headers, http, clock }
    }

    /// Asks, and tells the answer to the listener while it is written. When the listener stops it, what was written
    /// until then is the answer.
    pub(super) async fn ask(
        &self,
        request: &ModelRequest,
        manner: Manner<'_>,
        listener: Option<Listener<'_>>,
    ) -> Result<Answer, LlmError> {
        let response = self.send(&Body::of(request, manner)).await?;
        match listener {
            Some(listener) if !is_json(&response) => hear(response, listener).await,
            listener => {
                let answer = whole(response).await?;
                if let Some(listener) = listener {
                    // Whether it is stopped no longer matters: it is all there.
                    let _stopped = listener(Delta::Text(&answer.text));
                }
                Ok(answer)
            }
        }
    }

    /// Asks about a picture.
    pub(super) async fn look(
        &self,
        system: &str,
        question: &str,
        picture: Picture<'_>,
        manner: Manner<'_>,
    ) -> Result<Answer, LlmError> {
        whole(self.send(&Body::about_picture(system, question, picture, manner)).await?).await
    }

    async fn send(&self, body: &impl Serialize) -> Result<reqwest::Response, LlmError> {
        let request = self.http.post(&self.url).headers(self.headers.clone()).json(body);
        let response = request.send().await.map_err(|error| transport::sort(&error))?;
        accepted(response, &self.clock).await.map_err(|refusal| refusal.error)
    }
}

/// The address of the messages API; owners leave the version out or not.
fn address(base_url: &str) -> String {
    let base = base_url.trim_end_matches('/');
    let has_path = url::Url::parse(base).is_ok_and(|url| url.path() != "/");
    if has_path { format!("{base}/messages") } else { format!("{base}/v1/messages") }
}

async fn whole(response: reqwest::Response) -> Result<Answer, LlmError> {
    let body = read_whole(response, MAX_ANSWER_BYTES).await?;
    serde_json::from_slice::<Whole>(&body).map_err(|_| LlmError::BadAnswer)?.answer()
}

async fn hear(mut response: reqwest::Response, listener: Listener<'_>) -> Result<Answer, LlmError> {
    let mut events = Events::default();
    let mut assembly = Assembly::default();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport::sort(&error))? {
        for data in events.add(&chunk)? {
            let event: Event = serde_json::from_str(&data).map_err(|_| LlmError::BadAnswer)?;
            let delta = assembly.add(event)?;
            if delta.is_empty() {
                continue;
            }
            if listener(Delta::Text(&delta)).is_break() || assembly.length() > MAX_ANSWER_BYTES {
                return Ok(assembly.stopped());
            }
        }
    }
    assembly.finished()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_however_it_is_written() {
        for base in
            ["https://api.anthropic.com", "https://api.anthropic.com/", "https://api.anthropic.com/v1"]
        {
            assert_eq!(address(base), "https://api.anthropic.com/v1/messages");
        }
        assert_eq!(address("http://127.0.0.1:9/proxy/v1/"), "http://127.0.0.1:9/proxy/v1/messages");
    }
}
