//! Carries alerts on, and not the same one again and again: to the operator, posted to the address in `[alerts]` in the
//! operator's language, and what concerns one tenant also to that tenant's staff, as a delivery to wherever its `[notify]`
//! says. They were logged when they were raised; where there is no address, that is all.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{backoff::Backoff, bell::Bell};
use crate::{
    alerts::{Alert, CalendarTrouble, ChannelTrouble, KeyTrouble},
    clock::{Chance, Clock, Ids},
    config::{Config, live::LiveConfig, secret::Secret},
    domain::{
        effect::{AlertNotice, Delivery, DeliveryEvent},
        tenant::TenantId,
    },
    notify,
    prompts::{Facts, Prompts, Text},
    tenants::Tenants,
};

/// How long one attempt to post may take.
const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// How often an alert is tried.
const MAX_ATTEMPTS: u32 = 3;

/// The pauses between.
const PAUSES: Backoff = Backoff { first: Duration::from_secs(2), most: Duration::from_secs(10) };

/// Topics that are remembered.
const MAX_TOPICS: usize = 1000;

/// What is posted, as Slack and Teams take it.
#[derive(Serialize)]
struct Posted<'a> {
    text: &'a str,
}

/// Who carries alerts on.
#[derive(Debug)]
pub struct AlertCarrier {
    /// The settings.
    pub live: Arc<LiveConfig>,
    /// The tenants, for their staff.
    pub tenants: Tenants,
    /// Rung when there is something to tell a tenant's staff.
    pub deliveries: Arc<Bell>,
    /// The time.
    pub clock: Clock,
    /// Ids of deliveries.
    pub ids: Ids,
}

impl AlertCarrier {
    /// Carries alerts until told to stop.
    pub async fn run(self, mut alerts: mpsc::Receiver<Alert>, stop: CancellationToken) {
        let mut told = Told::default();
        loop {
            let alert = tokio::select! {
                () = stop.cancelled() => return,
                alert = alerts.recv() => alert,
            };
            let Some(alert) = alert else { return };
            let config = self.live.get();
            if !told.is_news(&alert, config.alerts.repeat_after, Instant::now()) {
                continue;
            }
            if let Some(tenant) = alert.tenant()
                && let Err(error) = self.tell_staff(tenant, &alert, config.alerts.repeat_after).await
            {
                tracing::warn!(%tenant, %error, "the staff was not told of an alert");
            }
            let Some(url) = config.alerts.webhook_url.clone() else { continue };
            let text = words(alert, config).await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = post(&url, &text) => {}
            }
        }
    }

    /// Puts down what a tenant's staff is to be told; once in `repeat_after` also across restarts.
    async fn tell_staff(
        &self,
        id: &TenantId,
        alert: &Alert,
        repeat_after: Duration,
    ) -> Result<(), anyhow::Error> {
        let tenant = self.tenants.look(id).await?;
        let targets = notify::targets(&tenant.config, DeliveryEvent::Alert);
        if targets.is_empty() {
            return Ok(());
        }
        let now_ms = self.clock.now_ms();
        let repeat_ms = i64::try_from(repeat_after.as_millis()).unwrap_or(i64::MAX).max(1);
        let (text, facts) = text_of(alert);
        let text = tenant.context.prompts.text(text, tenant.config.language, &facts);
        let topic = alert.topic();
        let payload = serde_json::json!(AlertNotice { topic: topic.clone(), text });
        let told = targets.into_iter().map(|target| Delivery {
            target,
            event: DeliveryEvent::Alert,
            subject: format!("{topic}#{}", now_ms / repeat_ms),
            payload: payload.clone(),
            urgent: true,
        });
        tenant.db().tell_staff(told.collect(), now_ms, self.ids.clone()).await?;
        self.deliveries.ring(id);
        Ok(())
    }
}

/// What was told, and when.
#[derive(Debug, Default)]
struct Told {
    when: HashMap<String, Instant>,
}

impl Told {
    fn is_news(&mut self, alert: &Alert, repeat_after: Duration, now: Instant) -> bool {
        let topic = alert.topic();
        let before = self.when.get(&topic);
        if before.is_some_and(|told| now.saturating_duration_since(*told) < repeat_after) {
            return false;
        }
        if self.when.len() >= MAX_TOPICS {
            self.when.retain(|_, told| now.saturating_duration_since(*told) < repeat_after);
        }
        if self.when.len() < MAX_TOPICS {
            self.when.insert(topic, now);
        }
        true
    }
}

/// The alert in the operator's language.
async fn words(alert: Alert, config: Arc<Config>) -> String {
    let reading = config.clone();
    let loaded = tokio::task::spawn_blocking(move || {
        Prompts::load(Some(&reading.paths.prompts), None).or_else(|_| Prompts::load(None, None))
    });
    match loaded.await {
        Ok(Ok(prompts)) => {
            let (text, facts) = text_of(&alert);
            prompts.text(text, config.alerts.language, &facts)
        }
        // The topic is better than nothing.
        _ => alert.topic(),
    }
}

fn text_of(alert: &Alert) -> (Text, Facts) {
    let facts =
        |subject: &str, percent: String| Facts { subject: subject.to_owned(), percent, ..Facts::default() };
    match alert {
        Alert::PoolCrowded { pct } => (Text::PoolCrowded, facts("", format!("{pct:.0}"))),
        Alert::PoolRelieved { pct } => (Text::PoolRelieved, facts("", format!("{pct:.0}"))),
        Alert::KeyFailed { key, trouble, .. } => {
            let text = match trouble {
                KeyTrouble::Refused => Text::KeyRefused,
                KeyTrouble::Quota => Text::KeyQuota,
                KeyTrouble::NoModel => Text::KeyModel,
            };
            (text, facts(key, String::new()))
        }
        Alert::ChannelFailed { tenant, channel, trouble } => {
            let text = match trouble {
                ChannelTrouble::Refused => Text::ChannelRefused,
                ChannelTrouble::Unpaid => Text::ChannelUnpaid,
                ChannelTrouble::Blocked => Text::ChannelBlocked,
            };
            (text, facts(&format!("{channel} ({tenant})"), String::new()))
        }
        Alert::ReplyHeld { tenant, channel } => {
            (Text::ReplyHeld, facts(&format!("{channel} ({tenant})"), String::new()))
        }
        Alert::BudgetNearlySpent { tenant, pct } => {
            (Text::BudgetSoft, facts(tenant.as_str(), pct.to_string()))
        }
        Alert::BudgetSpent { tenant } => (Text::BudgetHard, facts(tenant.as_str(), String::new())),
        Alert::BotRefused { tenant } => (Text::BotRefused, facts(tenant.as_str(), String::new())),
        Alert::BotTaken { tenant } => (Text::BotTaken, facts(tenant.as_str(), String::new())),
        Alert::CalendarFailed { tenant, trouble } => {
            let text = match trouble {
                CalendarTrouble::Refuses => Text::CalendarRefuses,
                CalendarTrouble::Silent => Text::CalendarSilent,
                CalendarTrouble::Keeps => Text::CalendarKeeps,
            };
            (text, facts(tenant.as_str(), String::new()))
        }
    }
}

async fn post(url: &Secret, text: &str) {
    let client = match reqwest::Client::builder().build() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "alerts cannot be posted");
            return;
        }
    };
    for failures in 0..MAX_ATTEMPTS {
        if failures > 0 {
            tokio::time::sleep(PAUSES.pause(failures - 1, Chance::System)).await;
        }
        let sent = timeout(POST_TIMEOUT, client.post(url.expose()).json(&Posted { text }).send()).await;
        let problem = match sent {
            Ok(Ok(response)) if response.status().is_success() => return,
            Ok(Ok(response)) => format!("status {}", response.status().as_u16()),
            // The address is a secret, and errors like to name it.
            Ok(Err(error)) => error.without_url().to_string(),
            Err(_) => format!("no answer within {} s", POST_TIMEOUT.as_secs()),
        };
        tracing::warn!(problem, attempt = failures + 1, "an alert was not posted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{conversation::ChannelKind, language::Language};

    #[test]
    fn the_same_alert_is_not_repeated_at_once() {
        let mut told = Told::default();
        let (now, hour) = (Instant::now(), Duration::from_secs(3600));
        let alert =
            |key: &str| Alert::KeyFailed { key: key.to_owned(), tenant: None, trouble: KeyTrouble::Refused };
        assert!(told.is_news(&alert("a"), hour, now));
        assert!(!told.is_news(&alert("a"), hour, now + hour - Duration::from_secs(1)));
        assert!(told.is_news(&alert("b"), hour, now));
        assert!(told.is_news(&alert("a"), hour, now + hour));
    }

    #[test]
    fn every_alert_says_what_it_is_about() {
        let prompts = Prompts::load(None, None).unwrap();
        let tenant = TenantId::parse("acme").unwrap();
        let key = |trouble| Alert::KeyFailed { key: "key_a".to_owned(), tenant: None, trouble };
        let channel = |trouble| Alert::ChannelFailed {
            tenant: TenantId::parse("acme").unwrap(),
            channel: ChannelKind::Meta,
            trouble,
        };
        let calendar = |trouble| Alert::CalendarFailed { tenant: tenant.clone(), trouble };
        let alerts = [
            (Alert::PoolCrowded { pct: 92.4 }, "92"),
            (Alert::PoolRelieved { pct: 12.0 }, "12"),
            (key(KeyTrouble::Refused), "key_a"),
            (key(KeyTrouble::Quota), "key_a"),
            (key(KeyTrouble::NoModel), "key_a"),
            (channel(ChannelTrouble::Refused), "meta (acme)"),
            (channel(ChannelTrouble::Unpaid), "meta (acme)"),
            (channel(ChannelTrouble::Blocked), "meta (acme)"),
            (Alert::ReplyHeld { tenant: tenant.clone(), channel: ChannelKind::Twilio }, "twilio (acme)"),
            (Alert::BudgetNearlySpent { tenant: tenant.clone(), pct: 81 }, "81"),
            (Alert::BudgetSpent { tenant: tenant.clone() }, "acme"),
            (calendar(CalendarTrouble::Refuses), "acme"),
            (calendar(CalendarTrouble::Silent), "acme"),
            (calendar(CalendarTrouble::Keeps), "acme"),
        ];
        for language in Language::ALL {
            for (alert, word) in &alerts {
                let (text, facts) = text_of(alert);
                let said = prompts.text(text, language, &facts);
                assert!(said.contains(word), "{alert:?}: {said}");
            }
        }
    }
}
