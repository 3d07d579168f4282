//! All keys together: a question goes to the first key that answers it.
//!
//! Keys are tried by tier and in the order of the configuration, each at most once for a question, until the time of
//! the turn is over.

use std::{ops::ControlFlow, time::Duration};

use tokio::time::{Instant, timeout};

use super::{
    client::{Delta, KeyClient, Listener, http_client},
    error::LlmError,
    wire::Answer,
};
use crate::{
    config::llm::Llm,
    engine::{prompt::ModelRequest, turn::ModelReply},
};

/// Less time than this is not worth a call.
const MIN_ATTEMPT: Duration = Duration::from_millis(200);

/// The keys of a process.
pub struct Pool {
    keys: Vec<KeyClient>,
    /// The longest wait for one answer of one key.
    timeout: Duration,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("keys", &self.keys.iter().map(KeyClient::id).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// The keys of a configuration; it may have none.
    ///
    /// # Errors
    /// When no HTTP client can be made, such as without any root certificates.
    pub fn new(llm: &Llm) -> Result<Self, reqwest::Error> {
        if llm.keys.is_empty() {
            return Ok(Self::empty());
        }
        let http = http_client()?;
        let mut keys: Vec<_> = llm.keys.iter().collect();
        keys.sort_by_key(|key| key.tier);
        let keys = keys.into_iter().map(|key| KeyClient::new(key, llm, http.clone())).collect();
        Ok(Self { keys, timeout: llm.timeout })
    }

    /// No keys at all.
    pub fn empty() -> Self {
        Self { keys: Vec::new(), timeout: Duration::ZERO }
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Asks the keys one after the other until one answers. With a listener the answer is streamed; when a key fails
    /// after it has begun to answer, the listener is told that its words do not count.
    ///
    /// # Errors
    /// The failure of the last key that was tried; [`LlmError::Timeout`] when the deadline came first.
    pub async fn ask(
        &self,
        request: &ModelRequest,
        deadline: Instant,
        mut listener: Option<Listener<'_>>,
    ) -> Result<ModelReply, LlmError> {
        let mut last = LlmError::NoKey;
        for key in &self.keys {
            let left = deadline.saturating_duration_since(Instant::now());
            if left < MIN_ATTEMPT {
                return Err(LlmError::Timeout);
            }
            let begun = Instant::now();
            let mut heard = false;
            let attempt = async {
                match &mut listener {
                    Some(listener) => {
                        let mut hear = |delta: Delta<'_>| -> ControlFlow<()> {
                            heard = true;
                            listener(delta)
                        };
                        key.ask_streaming(request, &mut hear).await
                    }
                    None => key.ask(request).await,
                }
            };
            let answer = timeout(left.min(self.timeout), attempt).await.unwrap_or(Err(LlmError::Timeout));
            match answer {
                Ok(Answer { text, calls, usage }) => {
                    return Ok(ModelReply { text, calls, usage, key: key.id().to_owned() });
                }
                Err(error) => {
                    let took_ms = begun.elapsed().as_millis();
                    tracing::warn!(key = key.id(), %error, took_ms, "a model key did not answer");
                    last = error;
                }
            }
            if let Some(listener) = &mut listener
                && heard
                && listener(Delta::Withdrawn).is_break()
            {
                break;
            }
        }
        Err(last)
    }
}
