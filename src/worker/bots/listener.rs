//! One bot: asks Telegram for its updates, or has them posted.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Bots;
use crate::{
    alerts::Alert,
    channel::{
        Received,
        telegram::{self, Batch, BotError},
    },
    config::tenant::channels::{Telegram, TelegramMode},
    domain::{conversation::ChannelKind, tenant::TenantId},
    store::StoreError,
    tenants::TenantError,
    worker::backoff::Backoff,
};

/// The pauses while something does not work.
const AGAIN: Backoff = Backoff { first: Duration::from_millis(500), most: Duration::from_secs(60) };

/// The shortest time between two questions that brought nothing. Telegram holds a question open; others may not.
const LEAST_WAIT: Duration = Duration::from_millis(500);

/// How often another listener may answer in a row before it is told: our own question of before a restart is one too.
const TELL_TAKEN_AFTER: u32 = 2;

/// One bot and what it is to do.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    pub(super) bots: Bots,
    pub(super) tenant: TenantId,
    pub(super) settings: Telegram,
    /// Where Telegram is to post its updates.
    pub(super) webhook: Option<String>,
    pub(super) stop: CancellationToken,
}

/// Why there is nothing new.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Bot(#[from] BotError),
    #[error(transparent)]
    Tenant(#[from] TenantError),
    #[error("{0}")]
    Store(#[from] Arc<StoreError>),
}

/// What is done about it.
enum Remedy {
    /// Try again after a pause.
    Wait(Duration),
    /// Nothing helps but another configuration.
    GiveUp,
}

impl Listener {
    /// Works until told to stop, or until only the owner can help.
    pub(super) async fn run(self) {
        let mut failures = 0;
        let mut introduced = false;
        // Without a number Telegram begins with the first update that was never acknowledged.
        let mut from = None;
        loop {
            let asked = tokio::select! {
                () = self.stop.cancelled() => return,
                asked = self.ask(&mut introduced, from) => asked,
            };
            // Not cut off by a stop: what came in is to be answered.
            let outcome = match asked {
                Ok(None) => return,
                Ok(Some(batch)) => self.accept(batch).await,
                Err(error) => Err(error.into()),
            };
            let pause = match outcome {
                Ok(next) => {
                    if failures > 0 {
                        tracing::info!(tenant = %self.tenant, "the Telegram bot works again");
                    }
                    failures = 0;
                    from = next;
                    continue;
                }
                Err(trouble) => match self.remedy(&trouble, failures).await {
                    Remedy::Wait(pause) => pause,
                    Remedy::GiveUp => return,
                },
            };
            failures += 1;
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Asks for updates; none when they will be posted.
    async fn ask(&self, introduced: &mut bool, from: Option<i32>) -> Result<Option<Batch>, BotError> {
        let channels = &self.bots.channels;
        if !*introduced {
            let me = channels.telegram.introduce(&channels.http, &self.tenant, &self.settings).await?;
            *introduced = true;
            let bot = me.username.unwrap_or_default();
            tracing::info!(tenant = %self.tenant, bot, mode = ?self.settings.mode, "the Telegram bot is known");
        }
        match (self.settings.mode, &self.webhook) {
            (TelegramMode::Webhook, Some(address)) => {
                telegram::set_webhook(&channels.http, &self.settings, address).await?;
                tracing::info!(tenant = %self.tenant, address, "Telegram posts to the webhook");
                Ok(None)
            }
            (TelegramMode::Webhook, None) => {
                tracing::warn!(tenant = %self.tenant, "Telegram is not told where the webhook is: set server.public_url, or use mode = \"poll\"");
                Ok(None)
            }
            (TelegramMode::Poll, _) => {
                let begun = Instant::now();
                let batch = telegram::updates(&channels.http, &self.settings, from).await?;
                if batch.updates.is_empty() {
                    tokio::time::sleep_until(begun + LEAST_WAIT).await;
                }
                Ok(Some(batch))
            }
        }
    }

    /// Makes updates safe. Gives the number that acknowledges them when it is asked for.
    async fn accept(&self, batch: Batch) -> Result<Option<i32>, Trouble> {
        let Batch { updates, next } = batch;
        if !updates.is_empty() {
            let tenant = self.bots.tenants.get(&self.tenant).await?;
            let (channels, most) = (&self.bots.channels, tenant.context.media.max_bytes);
            let heard = channels.telegram.hear(&self.tenant, &self.settings, updates, most);
            let Received { messages, moves, .. } = heard.received;
            self.bots.intake.take(&tenant, ChannelKind::Telegram, messages, moves).await?;
            channels.confirm_taps(&self.settings, heard.taps);
        }
        Ok(next)
    }

    /// What is done about a trouble that `failures` others preceded.
    async fn remedy(&self, trouble: &Trouble, failures: u32) -> Remedy {
        let pause = AGAIN.pause(failures, self.bots.chance);
        let (tenant, http) = (&self.tenant, &self.bots.channels.http);
        match trouble {
            Trouble::Bot(BotError::Token) => {
                self.bots.alerts.raise(Alert::BotRefused { tenant: tenant.clone() });
                return Remedy::GiveUp;
            }
            Trouble::Bot(BotError::Taken) if failures == TELL_TAKEN_AFTER => {
                self.bots.alerts.raise(Alert::BotTaken { tenant: tenant.clone() });
            }
            Trouble::Bot(BotError::HasWebhook) => {
                match telegram::delete_webhook(http, &self.settings).await {
                    Ok(()) => {
                        tracing::info!(%tenant, "the bot's webhook was removed, because mode is \"poll\"");
                        return Remedy::Wait(Duration::ZERO);
                    }
                    Err(error) => tracing::warn!(%tenant, %error, "the bot's webhook cannot be removed"),
                }
            }
            Trouble::Tenant(TenantError::Unknown(_) | TenantError::Disabled(_)) => return Remedy::GiveUp,
            Trouble::Bot(_) | Trouble::Tenant(_) | Trouble::Store(_) => {}
        }
        let asked = match trouble {
            Trouble::Bot(BotError::Unavailable { retry_after, .. }) => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let pause = pause.max(asked);
        let retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(%tenant, error = %trouble, retry_in_ms, "the Telegram bot does not work just now");
        Remedy::Wait(pause)
    }
}
