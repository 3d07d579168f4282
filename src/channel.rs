//! The ways in which replies leave. A channel knows its provider's wire; the rest of the product knows only
//! [`Channels::send`].

pub mod api;

use std::{sync::Arc, time::Duration};

use self::api::ReplyDesk;
use crate::domain::{conversation::ChannelKind, message::Outbound, tenant::TenantId};

/// The channels that the daemon serves. The terminal is served by `iass chat` alone.
pub const SERVED: [ChannelKind; 1] = [ChannelKind::Api];

/// A reply that a channel took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The provider's own id of it, where there is one.
    pub provider_id: Option<String>,
}

/// Why a channel did not take a reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may take it later.
    #[error("{message}")]
    Temporary {
        /// What the provider said.
        message: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// It will never take it.
    #[error("{message}")]
    Permanent {
        /// What the provider said.
        message: String,
    },
}

/// The channels, ready to send.
#[derive(Debug, Clone)]
pub struct Channels {
    /// The web API.
    pub api: Arc<ReplyDesk>,
    /// What tests put in place of the API's channel.
    #[cfg(test)]
    pub(crate) scripted: Option<tests::Script>,
}

impl Channels {
    /// The channels of a daemon.
    pub fn new(api: Arc<ReplyDesk>) -> Self {
        Self {
            api,
            #[cfg(test)]
            scripted: None,
        }
    }

    /// Sends a reply by its channel. Only the outbox calls this, one reply of a conversation at a time.
    ///
    /// # Errors
    /// [`SendError`] says whether another try makes sense.
    #[expect(clippy::unused_async, reason = "channels that talk to a provider wait for it")]
    pub async fn send(&self, tenant: &TenantId, reply: &Outbound) -> Result<Sent, SendError> {
        #[cfg(test)]
        if let Some(script) = &self.scripted {
            return script.send(reply);
        }
        match reply.channel {
            ChannelKind::Api => {
                self.api.hand_over(tenant, &reply.conversation);
                Ok(Sent::default())
            }
            ChannelKind::Terminal => {
                Err(SendError::Permanent { message: "the daemon does not serve the terminal".to_owned() })
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{
        collections::VecDeque,
        sync::{Arc, Mutex},
    };

    use tokio::sync::Notify;

    use super::*;

    /// A channel that answers as told, and then takes everything.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct Script {
        answers: Arc<Mutex<VecDeque<SendError>>>,
        sent: Arc<Mutex<Vec<String>>>,
        /// Rung at every try.
        tried: Arc<Notify>,
    }

    impl Script {
        pub(crate) fn failing(answers: impl IntoIterator<Item = SendError>) -> Self {
            Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Self::default() }
        }

        pub(crate) fn sent(&self) -> Vec<String> {
            self.sent.lock().unwrap().clone()
        }

        /// Waits until `count` replies were taken, and returns all.
        pub(crate) async fn wait_for(&self, count: usize) -> Vec<String> {
            self.wait_until(|| self.sent().len() >= count).await;
            self.sent()
        }

        /// Waits until every failing answer was given.
        pub(crate) async fn wait_for_failures(&self) {
            self.wait_until(|| self.answers.lock().unwrap().is_empty()).await;
        }

        async fn wait_until(&self, done: impl Fn() -> bool) {
            loop {
                let tried = self.tried.notified();
                if done() {
                    return;
                }
                let waited = tokio::time::timeout(Duration::from_secs(20), tried).await;
                assert!(waited.is_ok(), "only {:?} were sent", self.sent());
            }
        }

        pub(super) fn send(&self, reply: &Outbound) -> Result<Sent, SendError> {
            self.tried.notify_one();
            if let Some(error) = self.answers.lock().unwrap().pop_front() {
                return Err(error);
            }
            self.sent.lock().unwrap().push(reply.text.clone());
            Ok(Sent { provider_id: Some(format!("p{}", reply.seq)) })
        }
    }
}
