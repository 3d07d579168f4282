//! `[notify]`: how the staff is told of handoffs, leads and orders.

use serde::{Deserialize, Serialize};

use crate::config::{
    leaf::{Leaf, check_url},
    secret::Secret,
    section::Section,
};

/// The ways that are set up. One is on when its table is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Notify {
    /// `[notify.slack]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack: Option<ChatWebhook>,
    /// `[notify.teams]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams: Option<ChatWebhook>,
    /// `[notify.email]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// `[notify.webhook]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
}

/// The ways to tell the staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyKind {
    /// A Slack channel.
    Slack,
    /// A Teams channel.
    Teams,
    /// E-mail.
    Email,
    /// The business's own address.
    Webhook,
}

/// An incoming webhook of Slack or Teams.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChatWebhook {
    /// `webhook_url`, `webhook_url_file`: the address, which is a secret: whoever knows it can post.
    pub webhook_url: Secret,
}

/// E-mail by SMTP, always encrypted but for a loopback server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Email {
    /// `to`: who is written to; at least one.
    pub to: Vec<String>,
    /// `from`: the sender.
    pub from: String,
    /// `smtp_host`: the mail server.
    pub smtp_host: String,
    /// `smtp_port`: 465 is TLS from the start, others STARTTLS. Default 587.
    pub smtp_port: u16,
    /// `username`: Default none: no login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `password`, `password_file`: required with `username`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// An address of the business that gets JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Webhook {
    /// `url`: the address.
    pub url: String,
    /// `secret`, `secret_file`: what the body is signed with. Default none: not signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

impl Notify {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            slack: section.optional_section("slack").and_then(|table| ChatWebhook::read(&table)),
            teams: section.optional_section("teams").and_then(|table| ChatWebhook::read(&table)),
            email: section.optional_section("email").and_then(|table| Email::read(&table)),
            webhook: section.optional_section("webhook").and_then(|table| Webhook::read(&table)),
        }
    }

    /// Whether this way is set up.
    pub fn has(&self, kind: NotifyKind) -> bool {
        match kind {
            NotifyKind::Slack => self.slack.is_some(),
            NotifyKind::Teams => self.teams.is_some(),
            NotifyKind::Email => self.email.is_some(),
            NotifyKind::Webhook => self.webhook.is_some(),
        }
    }
}

impl NotifyKind {
    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

impl ChatWebhook {
    fn read(section: &Section<'_>) -> Option<Self> {
        let webhook_url = section.require_secret("webhook_url")?;
        if let Err(problem) = check_url(webhook_url.expose()) {
            section.error("webhook_url", &problem);
        }
        Some(Self { webhook_url })
    }
}

impl Email {
    fn read(section: &Section<'_>) -> Option<Self> {
        let to = section.list("to", mailbox);
        if to.as_ref().is_none_or(Vec::is_empty) {
            section.error("to", "must list at least one e-mail address");
        }
        let from = section.require("from", mailbox);
        let smtp_host = section.require("smtp_host", Leaf::name_value);
        let smtp_port = section.read("smtp_port", |v| v.integer(1..=u16::MAX)).unwrap_or(587);
        let username = section.read("username", Leaf::setting);
        let password = match username {
            Some(_) => section.require_secret("password"),
            None => section.secret("password"),
        };
        Some(Self { to: to?, from: from?, smtp_host: smtp_host?, smtp_port, username, password })
    }
}

impl Webhook {
    fn read(section: &Section<'_>) -> Option<Self> {
        let url = section.require("url", Leaf::url);
        let secret = section.secret("secret");
        Some(Self { url: url?, secret })
    }
}

/// An e-mail address as every mail server takes it: `user@host` without quotes, comments or letters beyond ASCII.
fn mailbox(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.setting()?;
    let right = text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.is_empty()
            && !host.contains('@')
            && text.chars().all(|c| c.is_ascii_graphic() && !"<>()[],;:\\\"".contains(c))
    });
    if right { Ok(text) } else { Err(format!("must be an e-mail address, not {text:?}")) }
}
