//! One key at a provider, whichever wire that speaks.

use std::ops::ControlFlow;

use super::{answer::Answer, anthropic::Anthropic, error::LlmError, openai::OpenAi};
use crate::{
    clock::Clock,
    config::llm::{LlmKey, Provider},
    engine::prompt::ModelRequest,
};

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

/// How a model is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner<'a> {
    pub(super) model: &'a str,
    pub(super) temperature: f64,
    pub(super) max_tokens: u32,
    pub(super) stream: bool,
}

/// A picture on its way to a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Picture<'a> {
    /// The media type.
    pub(super) media_type: &'static str,
    /// The file in base64.
    pub(super) base64: &'a str,
}

/// A sound recording on its way to a model.
#[derive(Clone)]
pub(super) struct Recording {
    pub(super) bytes: bytes::Bytes,
    /// A file name whose ending tells the format.
    pub(super) name: &'static str,
    /// The media type.
    pub(super) media_type: &'static str,
    /// The language, if it is known, as an ISO 639-1 code.
    pub(super) language: Option<&'static str>,
}

/// One key's client.
pub(super) struct KeyClient {
    /// What the owner configured.
    key: LlmKey,
    /// The key's name in reports and logs.
    id: String,
    /// The host of the provider.
    provider: String,
    wire: Wire,
}

/// The wires there are.
enum Wire {
    OpenAi(OpenAi),
    Anthropic(Anthropic),
}

impl KeyClient {
    /// A client of one key, which reports call `id`.
    pub(super) fn new(key: &LlmKey, id: String, http: reqwest::Client, clock: Clock) -> Self {
        let wire = match key.provider {
            Provider::OpenAi => Wire::OpenAi(OpenAi::new(key, http, clock)),
            Provider::Anthropic => Wire::Anthropic(Anthropic::new(key, http, clock)),
        };
        let provider = url::Url::parse(&key.base_url).ok();
        let provider =
            provider.and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        Self { provider: provider.unwrap_or_else(|| key.base_url.clone()), key: key.clone(), id, wire }
    }

    /// The key's name in reports and logs.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What the owner configured.
    pub(super) fn key(&self) -> &LlmKey {
        &self.key
    }

    /// The model it asks unless told otherwise.
    pub(super) fn model(&self) -> &str {
        &self.key.model
    }

    /// Host and port of the provider.
    pub(super) fn provider(&self) -> &str {
        &self.provider
    }

    /// Asks, and tells the answer to the listener while it is written if there is one. The caller bounds the time.
    pub(super) async fn ask(
        &self,
        request: &ModelRequest,
        manner: Manner<'_>,
        listener: Option<Listener<'_>>,
    ) -> Result<Answer, LlmError> {
        match (&self.wire, listener) {
            (Wire::OpenAi(wire), None) => wire.ask(request, manner).await,
            (Wire::OpenAi(wire), Some(listener)) => wire.ask_streaming(request, manner, listener).await,
            (Wire::Anthropic(wire), listener) => wire.ask(request, manner, listener).await,
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
        match &self.wire {
            Wire::OpenAi(wire) => {
                let address = format!("data:{};base64,{}", picture.media_type, picture.base64);
                wire.look(system, question, &address, manner).await
            }
            Wire::Anthropic(wire) => wire.look(system, question, picture, manner).await,
        }
    }

    /// Has a recording written down. Anthropic has no such thing.
    pub(super) async fn transcribe(&self, recording: Recording, model: &str) -> Result<String, LlmError> {
        match &self.wire {
            Wire::OpenAi(wire) => wire.transcribe(recording, model).await,
            Wire::Anthropic(_) => Err(LlmError::NoModel(404)),
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
