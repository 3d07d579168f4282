//! The token and the account at Chatwoot (<https://developers.chatwoot.com/api-reference>).

use reqwest::{Client, StatusCode};
use serde::Deserialize;

use super::{Asked, Finding, Verdict, ask, silent};
use crate::{config::tenant::channels::Chatwoot, domain::conversation::ChannelKind};

const CHATWOOT: ChannelKind = ChannelKind::Chatwoot;

#[derive(Deserialize)]
struct Profile {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Inboxes {
    #[serde(default)]
    payload: Vec<Inbox>,
}

#[derive(Deserialize)]
struct Inbox {
    id: u64,
}

/// The webhooks of an account: a list in the documentation, wrapped twice by the program.
#[derive(Deserialize)]
#[serde(untagged)]
enum Webhooks {
    Wrapped { payload: Wrapped },
    Plain(Vec<Webhook>),
}

#[derive(Deserialize)]
struct Wrapped {
    #[serde(default)]
    webhooks: Vec<Webhook>,
}

#[derive(Deserialize)]
struct Webhook {
    #[serde(default)]
    url: String,
    #[serde(default)]
    subscriptions: Vec<String>,
}

#[derive(Deserialize)]
struct AgentBot {
    id: u64,
    outgoing_url: Option<String>,
}

#[derive(Deserialize)]
struct OfInbox {
    agent_bot: Option<AgentBot>,
}

/// The most inboxes that are asked for their agent bot.
const MAX_INBOXES: usize = 20;

pub(super) async fn check(http: &Client, config: &Chatwoot, places: &[String], findings: &mut Vec<Finding>) {
    let get = |path: &str| {
        let url = format!("{}/api/v1/{path}", config.base_url);
        http.get(url).header("api_access_token", config.api_token.expose())
    };
    match ask::<Profile>(get("profile")).await {
        Asked::Said(profile) => {
            let message = format!("the token is that of {}", profile.name.as_deref().unwrap_or("somebody"));
            findings.push(Finding::new(CHATWOOT, "credentials", Verdict::Ok, message));
        }
        // An agent bot may write, and may not look at anything.
        Asked::Refused(StatusCode::UNAUTHORIZED, told) if told.contains("bots") => {
            let message = "the token is that of an agent bot, which may not be asked for more";
            findings.push(Finding::new(CHATWOOT, "credentials", Verdict::Ok, message));
            findings.push(signing(config));
            findings.extend(places.first().map(|place| by_hand("the token is an agent bot's", place)));
            return;
        }
        Asked::Refused(status, _) => {
            let message = format!("Chatwoot refuses the token ({})", status.as_u16());
            let finding = Finding::new(CHATWOOT, "credentials", Verdict::Wrong, message);
            findings.push(finding.fix("copy the access token of the agent bot or of the profile again"));
            return;
        }
        Asked::Silent(why) => {
            findings.push(silent(CHATWOOT, "credentials", &why));
            return;
        }
    }
    let account = config.account_id;
    let mut inboxes_of = Vec::new();
    findings.push(match ask::<Inboxes>(get(&format!("accounts/{account}/inboxes"))).await {
        Asked::Said(inboxes) if inboxes.payload.is_empty() => {
            Finding::new(CHATWOOT, "account", Verdict::Warning, format!("the account {account} has no inbox"))
                .fix("make an inbox in Chatwoot and connect the agent bot to it")
        }
        Asked::Said(inboxes) => {
            let count = inboxes.payload.len();
            inboxes_of = inboxes.payload.into_iter().map(|inbox| inbox.id).collect();
            Finding::new(
                CHATWOOT,
                "account",
                Verdict::Ok,
                format!("the account {account} has {count} inboxes"),
            )
        }
        Asked::Refused(status, _) => {
            let message = format!("the token may not see the account {account} ({})", status.as_u16());
            Finding::new(CHATWOOT, "account", Verdict::Wrong, message)
                .fix("check account_id: it is in the address of the dashboard")
        }
        Asked::Silent(why) => silent(CHATWOOT, "account", &why),
    });
    findings.push(signing(config));
    if let Some(place) = places.first()
        && !inboxes_of.is_empty()
    {
        findings.push(posting(http, config, places, place, &inboxes_of).await);
    }
}

/// Whether a webhook or an agent bot of the account posts here.
async fn posting(
    http: &Client,
    config: &Chatwoot,
    places: &[String],
    place: &str,
    inboxes: &[u64],
) -> Finding {
    let get = |path: &str| {
        let url = format!("{}/api/v1/accounts/{}/{path}", config.base_url, config.account_id);
        http.get(url).header("api_access_token", config.api_token.expose())
    };
    let found = |verdict, message: String| Finding::new(CHATWOOT, "webhook", verdict, message);
    let is_here = |url: &str| places.iter().any(|place| place == super::without_query(url));
    let bots = match ask::<Vec<AgentBot>>(get("agent_bots")).await {
        Asked::Said(bots) => bots,
        Asked::Refused(..) => return by_hand("the token is not an administrator's", place),
        Asked::Silent(why) => return silent(CHATWOOT, "webhook", &why),
    };
    if let Some(bot) = bots.iter().find(|bot| bot.outgoing_url.as_deref().is_some_and(is_here)) {
        let mut connected = 0;
        for inbox in inboxes.iter().take(MAX_INBOXES) {
            let of = ask::<OfInbox>(get(&format!("inboxes/{inbox}/agent_bot"))).await;
            let other = if let Asked::Said(of) = of { of.agent_bot } else { None };
            connected += usize::from(other.is_some_and(|other| other.id == bot.id));
        }
        return if connected > 0 {
            found(Verdict::Ok, format!("an agent bot posts to {place} and answers in {connected} inboxes"))
        } else {
            found(Verdict::Wrong, "the agent bot that posts here answers in no inbox".to_owned())
                .fix("connect it: Settings > Inboxes > the inbox > Bot configuration")
        };
    }
    let webhooks = match ask::<Webhooks>(get("webhooks")).await {
        Asked::Said(Webhooks::Plain(webhooks) | Webhooks::Wrapped { payload: Wrapped { webhooks } }) => {
            webhooks
        }
        Asked::Refused(..) => return by_hand("the token is not an administrator's", place),
        Asked::Silent(why) => return silent(CHATWOOT, "webhook", &why),
    };
    match webhooks.iter().find(|webhook| is_here(&webhook.url)) {
        Some(webhook) if webhook.subscriptions.iter().any(|event| event == "message_created") => {
            found(Verdict::Ok, format!("a webhook posts to {}", super::without_query(&webhook.url)))
        }
        Some(_) => found(Verdict::Wrong, "the webhook that posts here does not tell of messages".to_owned())
            .fix("tick message_created and conversation_status_changed: Settings > Integrations > Webhooks"),
        None => found(Verdict::Wrong, format!("neither an agent bot nor a webhook of the account posts to {place}"))
            .fix(format!(
                "add an agent bot: Settings > Bots > Add bot, webhook URL {place}, and connect it to the inbox; or a webhook \
                 with message_created and conversation_status_changed: Settings > Integrations > Webhooks"
            )),
    }
}

/// Where Chatwoot posts cannot be read.
fn by_hand(why: &str, place: &str) -> Finding {
    let message = format!("where Chatwoot posts cannot be read: {why}");
    Finding::new(CHATWOOT, "webhook", Verdict::Skipped, message).fix(format!(
        "compare by hand: Settings > Bots > the bot > webhook URL: {place}; or Settings > Integrations > Webhooks"
    ))
}

/// Whether webhooks can be told from forged ones.
fn signing(config: &Chatwoot) -> Finding {
    match (&config.webhook_secret, &config.webhook_token) {
        (Some(_), _) => {
            Finding::new(CHATWOOT, "signature", Verdict::Ok, "webhooks are checked by their signature")
        }
        (None, Some(_)) => Finding::new(
            CHATWOOT,
            "signature",
            Verdict::Warning,
            "webhooks are known by the token in their address only",
        )
        .fix("with Chatwoot 4.11 or later set webhook_secret"),
        (None, None) => {
            Finding::new(CHATWOOT, "signature", Verdict::Wrong, "no webhook of Chatwoot is taken")
                .fix("set webhook_secret, or webhook_token for Chatwoot before 4.11")
        }
    }
}
