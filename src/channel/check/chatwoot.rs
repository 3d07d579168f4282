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
    payload: Vec<serde_json::Value>,
}

pub(super) async fn check(http: &Client, config: &Chatwoot, findings: &mut Vec<Finding>) {
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
    findings.push(match ask::<Inboxes>(get(&format!("accounts/{account}/inboxes"))).await {
        Asked::Said(inboxes) if inboxes.payload.is_empty() => {
            Finding::new(CHATWOOT, "account", Verdict::Warning, format!("the account {account} has no inbox"))
                .fix("make an inbox in Chatwoot and connect the agent bot to it")
        }
        Asked::Said(inboxes) => {
            let count = inboxes.payload.len();
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
}

/// Whether webhooks can be told from forged ones.
fn signing(config: &Chatwoot) -> Finding {
    match (&config.webhook_secret, &config.webhook_token) {
        (Some(_), _) => {
            Finding::new(CHATWOOT, "webhook", Verdict::Ok, "webhooks are checked by their signature")
        }
        (None, Some(_)) => Finding::new(
            CHATWOOT,
            "webhook",
            Verdict::Warning,
            "webhooks are known by the token in their address only",
        )
        .fix("with Chatwoot 4.11 or later set webhook_secret"),
        (None, None) => Finding::new(CHATWOOT, "webhook", Verdict::Wrong, "no webhook of Chatwoot is taken")
            .fix("set webhook_secret, or webhook_token for Chatwoot before 4.11"),
    }
}
