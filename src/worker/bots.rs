//! Keeps the Telegram bots of all tenants: one task each, which asks for its updates or registers its webhook. A task is
//! started and stopped as the configuration says, and started again when it panics.

mod listener;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::listener::Listener;
use super::{backoff::Backoff, intake::Intake};
use crate::{
    alerts::Alerts,
    channel::Channels,
    clock::Chance,
    config::{live::LiveConfig, tenant::channels::Telegram},
    domain::tenant::TenantId,
    tenants::Tenants,
};

/// The pause before a task that panicked is started again.
const AFTER_PANIC: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) };

/// What the bots work with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bots {
    /// The configuration in force.
    pub live: Arc<LiveConfig>,
    /// The tenants.
    pub tenants: Tenants,
    /// What talks to Telegram.
    pub channels: Channels,
    /// Where messages go.
    pub intake: Intake,
    /// What the operator is told.
    pub alerts: Alerts,
    /// Chance.
    pub chance: Chance,
}

/// What a bot is to do.
#[derive(Debug, Clone, PartialEq)]
struct Assignment {
    settings: Telegram,
    /// Where Telegram is to post its updates, if it is to post them and this daemon's address is known.
    webhook: Option<String>,
}

/// A bot that is at work.
struct Running {
    assignment: Assignment,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Bots {
    /// Keeps the bots until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut reloads = self.tenants.reloads();
        let mut running = BTreeMap::new();
        loop {
            self.keep(&mut running, &stop).await;
            tokio::select! {
                () = stop.cancelled() => break,
                // It never ends while the tenants are there, and they are here.
                _ = reloads.changed() => {}
            }
        }
        for (_, bot) in running {
            end(bot).await;
        }
    }

    /// Ends the bots whose configuration is another one now, and starts those that are missing.
    async fn keep(&self, running: &mut BTreeMap<TenantId, Running>, stop: &CancellationToken) {
        let mut wanted = self.wanted().await;
        let known = std::mem::take(running);
        let mut changed = Vec::new();
        for (id, bot) in known {
            // Who gave up, or has registered its webhook, begins again: a reload says that something was changed.
            if wanted.get(&id) == Some(&bot.assignment) && !bot.task.is_finished() {
                wanted.remove(&id);
                running.insert(id, bot);
            } else {
                bot.stop.cancel();
                changed.push(bot);
            }
        }
        for bot in changed {
            end(bot).await;
        }
        for (tenant, assignment) in wanted {
            let stop = stop.child_token();
            let listener = Listener {
                bots: self.clone(),
                tenant: tenant.clone(),
                settings: assignment.settings.clone(),
                webhook: assignment.webhook.clone(),
                stop: stop.clone(),
            };
            let task = tokio::spawn(supervise(listener, self.chance));
            running.insert(tenant, Running { assignment, stop, task });
        }
    }

    /// The bots that are to be at work.
    async fn wanted(&self) -> BTreeMap<TenantId, Assignment> {
        let public_url = self.live.get().server.public_url.clone();
        let mut wanted: BTreeMap<TenantId, Assignment> = BTreeMap::new();
        for id in self.tenants.ids() {
            // What is wrong with a file was told by whoever read it first.
            let Ok(config) = self.tenants.config(&id).await else { continue };
            let Some(settings) = config.channels.telegram.clone().filter(|_| config.enabled) else {
                continue;
            };
            let other = wanted.iter().find(|(_, other)| other.settings.token == settings.token);
            if let Some((other, _)) = other {
                tracing::error!(tenant = %id, other = %other, "two tenants have the same Telegram bot; only the other one is served");
                continue;
            }
            let webhook = public_url.as_ref().map(|url| format!("{url}/webhooks/telegram/{id}"));
            wanted.insert(id, Assignment { settings, webhook });
        }
        wanted
    }
}

async fn end(bot: Running) {
    bot.stop.cancel();
    // A task that panicked has ended as well.
    drop(bot.task.await);
}

/// Runs a bot, again and again if it panics.
async fn supervise(listener: Listener, chance: Chance) {
    for panics in 0.. {
        if tokio::spawn(listener.clone().run()).await.is_ok() {
            return;
        }
        tracing::error!(tenant = %listener.tenant, "the task of a Telegram bot panicked; it is started again");
        tokio::select! {
            () = listener.stop.cancelled() => return,
            () = tokio::time::sleep(AFTER_PANIC.pause(panics, chance)) => {}
        }
    }
}
