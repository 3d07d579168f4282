//! The bot and how it gets its messages (<https://core.telegram.org/bots/api#getwebhookinfo>).

use reqwest::Client;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Asked, Finding, Verdict, ask, silent};
use crate::{
    config::tenant::channels::{Telegram, TelegramMode},
    domain::conversation::ChannelKind,
};

const TELEGRAM: ChannelKind = ChannelKind::Telegram;

/// How many messages may wait before somebody should look.
const MANY_PENDING: u64 = 100;

#[derive(Deserialize)]
struct Reply<T> {
    result: T,
}

#[derive(Deserialize)]
struct Bot {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
struct Webhook {
    #[serde(default)]
    url: String,
    #[serde(default)]
    pending_update_count: u64,
    last_error_message: Option<String>,
}

async fn method<T: DeserializeOwned>(http: &Client, config: &Telegram, name: &str) -> Asked<T> {
    // The address holds the token, so it is never told.
    let url = format!("{}/bot{}/{name}", config.api_base, config.token.expose());
    match ask::<Reply<T>>(http.get(url)).await {
        Asked::Said(said) => Asked::Said(said.result),
        Asked::Refused(status, told) => Asked::Refused(status, told),
        Asked::Silent(why) => Asked::Silent(why),
    }
}

/// The name of the bot, without the `@`.
///
/// # Errors
/// Why Telegram does not tell.
pub async fn username(http: &Client, config: &Telegram) -> Result<String, String> {
    match method::<Bot>(http, config, "getMe").await {
        Asked::Said(bot) => Ok(bot.username),
        Asked::Refused(status, _) => Err(format!("Telegram refuses the token ({})", status.as_u16())),
        Asked::Silent(why) => Err(why),
    }
}

pub(super) async fn check(
    http: &Client,
    config: &Telegram,
    place: Option<&str>,
    findings: &mut Vec<Finding>,
) {
    match method::<Bot>(http, config, "getMe").await {
        Asked::Said(bot) => {
            findings.push(Finding::new(
                TELEGRAM,
                "credentials",
                Verdict::Ok,
                format!("the bot is @{}", bot.username),
            ));
        }
        Asked::Refused(status, _) => {
            let message = format!("Telegram refuses the token ({})", status.as_u16());
            let finding = Finding::new(TELEGRAM, "credentials", Verdict::Wrong, message);
            findings.push(finding.fix("ask @BotFather for the token again with /token"));
            return;
        }
        Asked::Silent(why) => {
            findings.push(silent(TELEGRAM, "credentials", &why));
            return;
        }
    }
    findings.push(match method::<Webhook>(http, config, "getWebhookInfo").await {
        Asked::Said(webhook) => of_webhook(config, place, &webhook),
        Asked::Refused(status, _) => silent(TELEGRAM, "webhook", &format!("answered {}", status.as_u16())),
        Asked::Silent(why) => silent(TELEGRAM, "webhook", &why),
    });
}

fn of_webhook(config: &Telegram, place: Option<&str>, webhook: &Webhook) -> Finding {
    let found = |verdict, message: String| Finding::new(TELEGRAM, "webhook", verdict, message);
    match config.mode {
        TelegramMode::Poll if !webhook.url.is_empty() => {
            found(Verdict::Wrong, format!("Telegram posts to {}, so polling gets nothing", webhook.url))
                .fix("call deleteWebhook of the bot, or set mode = \"webhook\"; the daemon does so when it starts polling")
        }
        TelegramMode::Webhook if webhook.url.is_empty() => {
            found(Verdict::Wrong, "Telegram has no address to post to".to_owned())
                .fix("start the daemon with server.public_url set, or call setWebhook with the secret_token")
        }
        TelegramMode::Webhook if place.is_some_and(|place| place != webhook.url) => {
            let message = format!("Telegram posts to {}, and this tenant listens elsewhere", webhook.url);
            found(Verdict::Wrong, message).fix(format!("call setWebhook with {}", place.unwrap_or_default()))
        }
        _ if webhook.last_error_message.is_some() => {
            let told = webhook.last_error_message.as_deref().unwrap_or_default();
            found(Verdict::Warning, format!("the last post of Telegram failed: {told}"))
                .fix("check that the public address leads to this daemon, with a right certificate")
        }
        _ if webhook.pending_update_count > MANY_PENDING => {
            let message = format!("{} messages wait at Telegram", webhook.pending_update_count);
            found(Verdict::Warning, message).fix("check that the daemon runs")
        }
        TelegramMode::Poll => found(Verdict::Ok, "the daemon asks for messages".to_owned()),
        TelegramMode::Webhook => found(Verdict::Ok, format!("Telegram posts to {}", webhook.url)),
    }
}
