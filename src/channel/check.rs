//! Whether a tenant's channels would work: the credentials are shown to each provider, and where it posts is compared with
//! where we listen. Nothing is changed and nothing is sent to a customer.

mod chatwoot;
mod meta;
mod telegram;
mod twilio;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde::{Serialize, de::DeserializeOwned};

pub use self::telegram::username;
use super::call::{Answer, call};
use crate::{
    config::tenant::channels::{Channels, meta::Meta},
    domain::{conversation::ChannelKind, tenant::TenantId},
};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The channel.
    pub channel: ChannelKind,
    /// What was looked at: `credentials`, `number`, `webhook`.
    pub check: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found; never a secret.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It was not looked at.
    Skipped,
    /// It works, and somebody should look.
    Warning,
    /// The provider could not be asked.
    Unknown,
    /// It does not work.
    Wrong,
}

impl Finding {
    fn new(channel: ChannelKind, check: &'static str, verdict: Verdict, message: impl Into<String>) -> Self {
        Self { channel, check, verdict, message: message.into(), fix: None }
    }

    fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

/// Checks the channels of a tenant. `public_url` is how providers reach this daemon.
pub async fn check(
    http: &Client,
    channels: &Channels,
    public_url: Option<&str>,
    tenant: &TenantId,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let here = |path: &str| public_url.map(|base| format!("{base}/webhooks/{path}/{tenant}"));
    if let Some(config) = &channels.meta {
        let places = [here("meta"), here("whatsapp")].into_iter().flatten().collect::<Vec<_>>();
        meta::check(http, config, &places, &mut findings).await;
    }
    if let Some(config) = &channels.twilio {
        let places = [here("twilio"), here("whatsapp")].into_iter().flatten().collect::<Vec<_>>();
        twilio::check(http, config, &places, &mut findings).await;
    }
    if let Some(config) = &channels.voice {
        let (place, messages) = (here("voice"), channels.twilio.as_ref());
        twilio::check_voice(http, config, messages, place.as_deref(), &mut findings).await;
    }
    if let Some(config) = &channels.telegram {
        telegram::check(http, config, here("telegram").as_deref(), &mut findings).await;
    }
    if let Some(config) = &channels.chatwoot {
        let of_all = public_url.map(|base| format!("{base}/webhooks/chatwoot"));
        let places = [here("chatwoot"), of_all].into_iter().flatten().collect::<Vec<_>>();
        chatwoot::check(http, config, &places, &mut findings).await;
    }
    let posted = [
        (channels.meta.is_some(), ChannelKind::Meta),
        (channels.twilio.is_some(), ChannelKind::Twilio),
        (channels.voice.is_some(), ChannelKind::Voice),
        (channels.chatwoot.is_some(), ChannelKind::Chatwoot),
    ];
    if public_url.is_none() {
        let unreachable = |kind| {
            Finding::new(
                kind,
                "address",
                Verdict::Warning,
                "server.public_url is not set: the provider's address of \
                         this daemon is not known here",
            )
            .fix("set server.public_url to the https address that leads to this daemon")
        };
        findings.extend(posted.into_iter().filter(|(is_on, _)| *is_on).map(|(_, kind)| unreachable(kind)));
    }
    findings
}

/// The phone number of a number's id, as Meta shows it to customers.
///
/// # Errors
/// Why Meta does not tell.
pub async fn display_phone(http: &Client, config: &Meta, phone_number_id: &str) -> Result<String, String> {
    meta::display_phone(http, config, phone_number_id).await
}

/// What a provider said to a question.
enum Asked<T> {
    /// The answer.
    Said(T),
    /// It does not let us in, or does not know what we name.
    Refused(StatusCode, String),
    /// Nobody answered, or something else did.
    Silent(String),
}

/// Asks a provider.
async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Asked<T> {
    let Answer { status, body, .. } = match call(request).await {
        Ok(answer) => answer,
        Err(error) => return Asked::Silent(error.to_string()),
    };
    if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) || status.is_redirection() {
        return Asked::Silent(format!("answered {}", status.as_u16()));
    }
    if !status.is_success() {
        let told: String = String::from_utf8_lossy(&body).chars().take(500).collect();
        return Asked::Refused(status, told);
    }
    match serde_json::from_slice(&body) {
        Ok(said) => Asked::Said(said),
        Err(_) => Asked::Silent("the answer is not what the provider sends".to_owned()),
    }
}

/// An address as it may be told: what follows may be a secret.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Nobody could be asked.
fn silent(channel: ChannelKind, check: &'static str, why: &str) -> Finding {
    let message = format!("could not be checked: {why}");
    Finding::new(channel, check, Verdict::Unknown, message)
        .fix("check the network, and api_base if it is set")
}
