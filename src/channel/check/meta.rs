//! The numbers and the subscription of a WhatsApp Business account
//! (<https://developers.facebook.com/docs/whatsapp/business-management-api>).

use reqwest::{Client, StatusCode};
use serde::Deserialize;

use super::{Asked, Finding, Verdict, ask, silent};
use crate::{config::tenant::channels::meta::Meta, domain::conversation::ChannelKind};

const META: ChannelKind = ChannelKind::Meta;

#[derive(Deserialize)]
struct Line {
    display_phone_number: Option<String>,
    verified_name: Option<String>,
    quality_rating: Option<String>,
    #[serde(default)]
    webhook_configuration: Webhooks,
}

/// Where Meta posts: the number's own address counts before the account's, that before the app's.
#[derive(Default, Deserialize)]
struct Webhooks {
    phone_number: Option<String>,
    whatsapp_business_account: Option<String>,
    application: Option<String>,
}

impl Webhooks {
    fn target(&self) -> Option<&String> {
        let Self { phone_number, whatsapp_business_account, application } = self;
        phone_number.as_ref().or(whatsapp_business_account.as_ref()).or(application.as_ref())
    }
}

#[derive(Deserialize)]
struct Apps {
    #[serde(default)]
    data: Vec<App>,
}

#[derive(Deserialize)]
struct App {
    /// Where the account's messages are posted for this app instead of at the app's own address
    /// (<https://developers.facebook.com/docs/whatsapp/embedded-signup/webhooks/override>).
    override_callback_uri: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalError,
}

#[derive(Deserialize)]
struct RefusalError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

pub(super) async fn check(http: &Client, config: &Meta, places: &[String], findings: &mut Vec<Finding>) {
    let mut told = false;
    for (id, _) in config.all_numbers() {
        match number(http, config, id).await {
            Asked::Said(number) => {
                let phone = number.display_phone_number.as_deref().unwrap_or("without a number");
                let name = number.verified_name.as_deref().unwrap_or("without a name");
                let quality = number.quality_rating.as_deref().unwrap_or("UNKNOWN");
                let message = format!("{phone} ({name}), quality {quality}");
                let found = Finding::new(META, "number", Verdict::Ok, &message);
                findings.push(match quality {
                    "RED" => Finding { verdict: Verdict::Warning, ..found }.fix(
                        "customers block or report this number; see WhatsApp Manager before Meta limits it",
                    ),
                    _ => found,
                });
                findings.extend(webhook(&number.webhook_configuration, places));
                told |= number.webhook_configuration.target().is_some();
            }
            Asked::Refused(status, told) => findings.push(refused("number", id, status, &told)),
            Asked::Silent(why) => findings.push(silent(META, "number", &why)),
        }
    }
    let Some(account) = &config.business_account_id else {
        let message = "the subscription is not checked: channels.meta.business_account_id is not set";
        findings.push(
            Finding::new(META, "subscription", Verdict::Skipped, message)
                .fix("set business_account_id: it is in WhatsApp Manager, and in each webhook as entry.id"),
        );
        findings.extend(by_hand(places).filter(|_| !told));
        return;
    };
    let url = format!("{}/{account}/subscribed_apps", config.api_base);
    let mut instead = None;
    findings.push(match ask::<Apps>(http.get(url).bearer_auth(config.access_token.expose())).await {
        Asked::Said(apps) if apps.data.is_empty() => {
            let message = "no app is subscribed to the account, so Meta posts no messages";
            Finding::new(META, "subscription", Verdict::Wrong, message).fix(format!(
                "subscribe the app: POST {}/{account}/subscribed_apps with its token",
                config.api_base
            ))
        }
        Asked::Said(apps) => {
            instead = apps.data.into_iter().find_map(|app| app.override_callback_uri);
            Finding::new(META, "subscription", Verdict::Ok, "an app is subscribed to the account")
        }
        Asked::Refused(status, told) => refused("subscription", account, status, &told),
        Asked::Silent(why) => silent(META, "subscription", &why),
    });
    if !told {
        let instead = Webhooks { whatsapp_business_account: instead, ..Webhooks::default() };
        findings.extend(webhook(&instead, places).or_else(|| by_hand(places)));
    }
}

/// Where Meta posts cannot be read with this token.
fn by_hand(places: &[String]) -> Option<Finding> {
    let place = places.first()?;
    let message = "where Meta posts cannot be read with this token";
    Some(Finding::new(META, "webhook", Verdict::Skipped, message).fix(format!(
        "compare by hand: developers.facebook.com > the app > WhatsApp > Configuration > Callback URL: {place}, with the \
         verify token of the tenant and the field messages subscribed"
    )))
}

pub(super) async fn display_phone(http: &Client, config: &Meta, id: &str) -> Result<String, String> {
    match number(http, config, id).await {
        Asked::Said(number) => number.display_phone_number.ok_or_else(|| "Meta does not tell".to_owned()),
        Asked::Refused(status, told) => Err(refused("number", id, status, &told).message),
        Asked::Silent(why) => Err(why),
    }
}

async fn number(http: &Client, config: &Meta, id: &str) -> Asked<Line> {
    let fields = "display_phone_number,verified_name,quality_rating,webhook_configuration";
    let url = format!("{}/{id}?fields={fields}", config.api_base);
    ask(http.get(url).bearer_auth(config.access_token.expose())).await
}

fn webhook(configured: &Webhooks, places: &[String]) -> Option<Finding> {
    let target = configured.target()?;
    let expected = places.first()?;
    if places.contains(target) {
        return Some(Finding::new(META, "webhook", Verdict::Ok, format!("Meta posts to {target}")));
    }
    let target = super::without_query(target);
    let message = format!("Meta posts to {target}, and this tenant listens at {expected}");
    Some(Finding::new(META, "webhook", Verdict::Wrong, message).fix(format!(
        "set the callback URL of the app's WhatsApp webhook to {expected}, with the verify token of the tenant, and \
         subscribe the field messages"
    )))
}

fn refused(check: &'static str, id: &str, status: StatusCode, told: &str) -> Finding {
    let RefusalError { code, message } = serde_json::from_str::<Refusal>(told)
        .map_or_else(|_| RefusalError { code: 0, message: String::new() }, |refusal| refusal.error);
    let told = format!("Meta refuses {id}: {} (code {code}) {message}", status.as_u16());
    let finding = Finding::new(META, check, Verdict::Wrong, told.trim());
    match code {
        190 => finding.fix(
            "the access token is wrong or has expired: make a permanent one of a system user with \
             whatsapp_business_messaging and whatsapp_business_management",
        ),
        _ if status == StatusCode::UNAUTHORIZED => finding.fix("check access_token"),
        _ => finding.fix("check the id, and that the token's user has the account among its assets"),
    }
}
