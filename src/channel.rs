//! The ways in which replies leave. A channel knows its provider's wire; the rest of the product knows only
//! [`Channels::send`].

pub mod api;
mod call;
pub mod chatwoot;
pub mod check;
pub mod courtesy;
mod mark;
pub mod meta;
pub mod simulate;
pub mod telegram;
mod template;
pub mod twilio;
pub mod voice;
pub mod web;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::Semaphore;

use self::{api::ReplyDesk, telegram::Bots, web::WebHub};
use crate::{
    alerts::Alerts,
    clock::Clock,
    config::{live::LiveConfig, tenant::channels::Channels as Configured},
    domain::{
        contact::Moved,
        conversation::ChannelKind,
        message::{Attachment, DeliveryNews, Inbound, Outbound},
        tenant::TenantId,
    },
};

/// The channels that the daemon serves. The terminal is served by `iass chat` alone.
pub const SERVED: &[ChannelKind] = &[
    ChannelKind::Api,
    ChannelKind::Meta,
    ChannelKind::Twilio,
    ChannelKind::Telegram,
    ChannelKind::Chatwoot,
    ChannelKind::Web,
    ChannelKind::Voice,
];

/// A reply that a channel took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The provider's own id of it, where there is one.
    pub provider_id: Option<String>,
    /// How the contact is called now, when the provider said that it is called otherwise.
    pub moved_to: Option<String>,
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
    /// It takes it once the customer has written again.
    #[error("{message}")]
    WindowClosed {
        /// Why nothing else goes out until then.
        message: String,
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
    /// Contacts that are called otherwise now, each with how many of the messages came before.
    pub moves: Vec<(usize, Moved)>,
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
    /// The bots at Telegram.
    pub telegram: Arc<Bots>,
    /// The chat on the business's own site.
    pub web: Arc<WebHub>,
    /// What talks to the providers: follows no redirects, and each call has its deadline.
    pub http: reqwest::Client,
    /// The configuration in force.
    pub live: Arc<LiveConfig>,
    /// The time.
    pub clock: Clock,
    /// Where it is told that a provider refuses a tenant.
    pub alerts: Alerts,
    /// A place for each thing that is done aside.
    asides: Arc<Semaphore>,
    /// What tests put in place of the API's channel.
    #[cfg(test)]
    pub(crate) scripted: Option<tests::Script>,
}

impl Channels {
    /// The channels of a daemon.
    ///
    /// # Errors
    /// When nothing can be sent over HTTP.
    pub fn new(
        api: Arc<ReplyDesk>,
        live: Arc<LiveConfig>,
        clock: Clock,
        alerts: Alerts,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            api,
            telegram: Arc::default(),
            web: Arc::default(),
            http: http_client()?,
            live,
            clock,
            alerts,
            asides: Arc::new(Semaphore::new(MAX_ASIDES)),
            #[cfg(test)]
            scripted: None,
        })
    }

    /// Sends a reply by its channel. Only the outbox calls this, one reply of a conversation at a time.
    ///
    /// # Errors
    /// [`SendError`] says whether another try makes sense.
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
            ChannelKind::Voice if reply.turn.is_none() => Err(SendError::Permanent {
                message: "a person cannot speak into a phone call from here; call the number back".to_owned(),
            }),
            // The request of the call waits for it, and speaks it.
            ChannelKind::Api | ChannelKind::Voice => {
                self.api.hand_over(tenant, &reply.conversation);
                Ok(Sent::default())
            }
            ChannelKind::Meta => {
                let config = set_up(configured.meta.as_ref(), reply.channel)?;
                meta::send(self, tenant, config, reply).await
            }
            ChannelKind::Twilio => {
                let config = set_up(configured.twilio.as_ref(), reply.channel)?;
                let callback = self.webhook(&format!("twilio/{tenant}/status"));
                twilio::send(&self.http, config, reply, callback.as_deref(), self.clock.now_ms()).await
            }
            ChannelKind::Chatwoot => {
                let config = set_up(configured.chatwoot.as_ref(), reply.channel)?;
                chatwoot::send(&self.http, config, reply).await
            }
            ChannelKind::Telegram => {
                let config = set_up(configured.telegram.as_ref(), reply.channel)?;
                telegram::send(&self.http, config, reply).await
            }
            ChannelKind::Web => {
                self.web.ring(tenant, &reply.contact);
                Ok(Sent::default())
            }
            kind @ ChannelKind::Terminal => {
                Err(SendError::Permanent { message: format!("the daemon does not serve the channel {kind}") })
            }
        }
    }

    /// Fetches a file that came with a customer's message: at most `most` bytes.
    ///
    /// # Errors
    /// [`FetchError`] says whether another try makes sense.
    pub async fn fetch(
        &self,
        configured: &Configured,
        kind: ChannelKind,
        file: &Attachment,
        most: usize,
    ) -> Result<Bytes, FetchError> {
        let missing = |error: SendError| FetchError::Permanent(error.to_string());
        match kind {
            ChannelKind::Meta => {
                let config = set_up(configured.meta.as_ref(), kind).map_err(missing)?;
                meta::fetch(&self.http, config, file, most).await
            }
            ChannelKind::Twilio => {
                let config = set_up(configured.twilio.as_ref(), kind).map_err(missing)?;
                twilio::fetch(&self.http, config, file, most).await
            }
            ChannelKind::Chatwoot => {
                let config = set_up(configured.chatwoot.as_ref(), kind).map_err(missing)?;
                chatwoot::fetch(&self.http, config, file, most).await
            }
            ChannelKind::Telegram => {
                let config = set_up(configured.telegram.as_ref(), kind).map_err(missing)?;
                telegram::fetch(&self.http, config, file, most).await
            }
            kind => Err(FetchError::Permanent(format!("the channel {kind} has no files"))),
        }
    }

    /// Has something done beside the way of messages, such as showing that an answer is being written. It is left undone
    /// when much of the kind is under way.
    pub fn aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Ok(place) = self.asides.clone().try_acquire_owned() {
            tokio::spawn(async move {
                work.await;
                drop(place);
            });
        }
    }

    /// The address of a webhook as a provider reaches it; `None` while the daemon has no public address.
    fn webhook(&self, path: &str) -> Option<String> {
        let config = self.live.get();
        config.server.public_url.as_ref().map(|public_url| format!("{public_url}/webhooks/{path}"))
    }
}

/// The settings of a channel that a reply needs. Its owner may have removed them while the reply was waiting.
fn set_up<T>(config: Option<&T>, kind: ChannelKind) -> Result<&T, SendError> {
    config.ok_or_else(|| SendError::Permanent {
        message: format!("[channels.{kind}] is not configured any more"),
    })
}

/// The most things done aside at once.
const MAX_ASIDES: usize = 64;

/// How long a provider may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a provider may take for one answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// What talks to the providers.
///
/// # Errors
/// When nothing can be sent over HTTP.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
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
            Ok(Sent { provider_id: Some(format!("p{}", reply.seq)), moved_to: None })
        }
    }
}
