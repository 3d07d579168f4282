//! The ways in which replies leave. A channel knows its provider's wire; the rest of the product knows only
//! [`Channels::send`].

pub mod api;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use self::api::ReplyDesk;
use crate::{
    config::tenant::channels::Channels as Configured,
    domain::{
        conversation::ChannelKind,
        message::{Attachment, DeliveryNews, Inbound, Outbound},
        tenant::TenantId,
    },
};

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

/// Why a file of a customer was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It may be fetched later.
    #[error("{0}")]
    Temporary(String),
    /// It will never be.
    #[error("{0}")]
    Permanent(String),
    /// It has more bytes than are taken.
    #[error("the file is too large")]
    TooLarge,
}

/// What a provider's request brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Messages of customers, in their order.
    pub messages: Vec<Inbound>,
    /// What became of replies.
    pub news: Vec<DeliveryNews>,
}

/// Why a provider's request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not from the provider, or it is too old.
    #[error("the signature is missing or wrong")]
    Signature,
    /// It cannot be understood.
    #[error("the body is not what the provider sends")]
    Body,
}

/// The channels, ready to send.
#[derive(Debug, Clone)]
pub struct Channels {
    /// The web API.
    pub api: Arc<ReplyDesk>,
    /// What talks to the providers: follows no redirects, and each call has its deadline.
    pub http: reqwest::Client,
    /// What tests put in place of the API's channel.
    #[cfg(test)]
    pub(crate) scripted: Option<tests::Script>,
}

impl Channels {
    /// The channels of a daemon.
    ///
    /// # Errors
    /// When nothing can be sent over HTTP.
    pub fn new(api: Arc<ReplyDesk>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            api,
            http: http_client()?,
            #[cfg(test)]
            scripted: None,
        })
    }

    /// Sends a reply by its channel. Only the outbox calls this, one reply of a conversation at a time.
    ///
    /// # Errors
    /// [`SendError`] says whether another try makes sense.
    #[expect(clippy::unused_async, reason = "channels that talk to a provider wait for it")]
    pub async fn send(
        &self,
        tenant: &TenantId,
        configured: &Configured,
        reply: &Outbound,
    ) -> Result<Sent, SendError> {
        #[cfg(test)]
        if let Some(script) = &self.scripted {
            return script.send(reply);
        }
        match reply.channel {
            ChannelKind::Api => {
                self.api.hand_over(tenant, &reply.conversation);
                Ok(Sent::default())
            }
            kind => {
                let _ = configured;
                Err(SendError::Permanent { message: format!("the daemon does not serve the channel {kind}") })
            }
        }
    }

    /// Fetches a file that came with a customer's message: at most `most` bytes.
    ///
    /// # Errors
    /// [`FetchError`] says whether another try makes sense.
    #[expect(clippy::unused_async, reason = "channels that talk to a provider wait for it")]
    pub async fn fetch(
        &self,
        _configured: &Configured,
        kind: ChannelKind,
        _file: &Attachment,
        _most: usize,
    ) -> Result<Bytes, FetchError> {
        Err(FetchError::Permanent(format!("the channel {kind} has no files")))
    }
}

/// How long a provider may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a provider may take for one answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    crate::tls::install_provider();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        .user_agent(concat!("iass/", env!("CARGO_PKG_VERSION")))
        .build()
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
