//! `[channels]`: where customers write, with the credentials of each provider.
//!
//! A channel is on when its table is there. Each has an address that can point elsewhere: a proxy, or a fake in tests.

pub mod meta;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::meta::Meta;
use crate::{
    config::{leaf::Leaf, secret::Secret, section::Section, show},
    domain::language::Language,
};

/// The channels that are on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Channels {
    /// `[channels.meta]`: WhatsApp at Meta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    /// `[channels.twilio]`: WhatsApp or SMS at Twilio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twilio: Option<Twilio>,
    /// `[channels.telegram]`: a Telegram bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telegram: Option<Telegram>,
    /// `[channels.chatwoot]`: a Chatwoot inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chatwoot: Option<Chatwoot>,
    /// `[channels.web]`: the chat on the business's own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<Web>,
    /// `[channels.voice]`: phone calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
}

/// Twilio Programmable Messaging: <https://www.twilio.com/docs/messaging/api>.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Twilio {
    /// `account_sid`: the account.
    pub account_sid: String,
    /// `auth_token`, `auth_token_file`: what sends and what webhooks are signed with.
    pub auth_token: Secret,
    /// `from`: the sending number, such as `whatsapp:+14155238886`, or a messaging service (`MG…`). A customer who wrote to
    /// another number of the account is answered from that one.
    pub from: String,
    /// `content_sid`: the template (`HX…`) that WhatsApp gets when the customer's last message is more than 24 hours old;
    /// its only variable, `{{1}}`, is the reply. Default none: such a reply waits until the customer writes
    /// again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_sid: Option<String>,
    /// `api_base`: Default `https://api.twilio.com`.
    pub api_base: String,
}

/// Telegram Bot API: <https://core.telegram.org/bots/api>.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Telegram {
    /// `token`, `token_file`: the bot's token.
    pub token: Secret,
    /// `mode`: how messages come in. Default poll.
    pub mode: TelegramMode,
    /// `secret_token`, `secret_token_file`: what Telegram shows with each webhook. Required with mode webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_token: Option<Secret>,
    /// `groups`: when the bot answers in groups. Default mentioned.
    pub groups: TelegramGroups,
    /// `api_base`: Default `https://api.telegram.org`.
    pub api_base: String,
}

/// When a bot answers in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TelegramGroups {
    /// When it is mentioned or replied to.
    Mentioned,
    /// Every message that Telegram shows it.
    All,
    /// Not at all.
    Never,
}

/// How Telegram's messages come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TelegramMode {
    /// The daemon asks for them: works behind any router.
    Poll,
    /// Telegram calls the daemon, which needs a public https address.
    Webhook,
}

/// Chatwoot as an agent bot: <https://developers.chatwoot.com>.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chatwoot {
    /// `base_url`: the Chatwoot server.
    pub base_url: String,
    /// `account_id`: the account there; webhooks without a tenant are found by it.
    pub account_id: u64,
    /// `api_token`, `api_token_file`: the token that writes.
    pub api_token: Secret,
    /// `webhook_secret`, `webhook_secret_file`: what webhooks are signed with. Default none: only `webhook_token` counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<Secret>,
    /// `webhook_token`, `webhook_token_file`: takes webhooks without a signature whose address ends with `?token=` and this;
    /// for Chatwoot before 4.11, which signs nothing. Default none: such webhooks are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_token: Option<Secret>,
    /// `answers`: in which conversations it answers. Default pending.
    pub answers: ChatwootAnswers,
}

/// In which conversations of Chatwoot a customer is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatwootAnswers {
    /// In pending ones: Chatwoot keeps a conversation pending as long as it is the agent bot's.
    Pending,
    /// Also in open ones that nobody is assigned to: for an inbox without an agent bot.
    Unassigned,
}

/// The chat on the business's own site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Web {
    /// `origins`: the sites that may embed it, such as `https://benova.example`. Default none: any.
    pub origins: Vec<String>,
    /// `title`: above the chat. Default the tenant's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `greeting`: the first message a visitor sees. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
    /// `color`: of the button and the header, as `#rrggbb`. Default #1f6feb.
    pub color: String,
}

/// Phone calls by Twilio Voice: <https://www.twilio.com/docs/voice/twiml>.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Voice {
    /// `auth_token`, `auth_token_file`: what webhooks are signed with.
    pub auth_token: Secret,
    /// `language`: spoken first: es, en or pt. Default the tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// `transfer_to`: the number a caller who wants a person is put through to. Default none: a message is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_to: Option<String>,
    /// `voice`: the voice that speaks, such as `Polly.Mia-Neural`. Default Twilio's own for the language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// `greeting`: the first words of a call. Default a welcome with the tenant's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
    /// `wait_s`: after how many seconds a caller whose answer takes long is asked for patience. Default 10, 1 to 12: Twilio
    /// ends a call whose webhook takes 15.
    #[serde(rename = "wait_s", serialize_with = "show::seconds")]
    pub wait: Duration,
    /// `api_base`: Default `https://api.twilio.com`.
    pub api_base: String,
}

impl Channels {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            meta: section.optional_section("meta").and_then(|table| Meta::read(&table)),
            twilio: section.optional_section("twilio").and_then(|table| Twilio::read(&table)),
            telegram: section.optional_section("telegram").and_then(|table| Telegram::read(&table)),
            chatwoot: section.optional_section("chatwoot").and_then(|table| Chatwoot::read(&table)),
            web: section.optional_section("web").map(|table| Web::read(&table)),
            voice: section.optional_section("voice").and_then(|table| Voice::read(&table)),
        }
    }
}

impl Twilio {
    fn read(section: &Section<'_>) -> Option<Self> {
        let account_sid = section.require("account_sid", Leaf::name_value);
        let auth_token = section.require_secret("auth_token");
        let from = section.require("from", filled_setting);
        let content_sid = section.read("content_sid", filled_setting);
        let api_base = address(section, "api_base", "https://api.twilio.com");
        Some(Self { account_sid: account_sid?, auth_token: auth_token?, from: from?, content_sid, api_base })
    }
}

impl Telegram {
    fn read(section: &Section<'_>) -> Option<Self> {
        let token = section.require_secret("token");
        let mode = section.read("mode", Leaf::choice).unwrap_or(TelegramMode::Poll);
        let secret_token = match mode {
            TelegramMode::Poll => section.secret("secret_token"),
            TelegramMode::Webhook => section.require_secret("secret_token"),
        };
        let groups = section.read("groups", Leaf::choice).unwrap_or(TelegramGroups::Mentioned);
        let api_base = address(section, "api_base", "https://api.telegram.org");
        Some(Self { token: token?, mode, secret_token, groups, api_base })
    }
}

impl Chatwoot {
    fn read(section: &Section<'_>) -> Option<Self> {
        let base_url = section.require("base_url", Leaf::url);
        let account_id = section.require("account_id", |v| v.integer(1..=u64::from(u32::MAX)));
        let api_token = section.require_secret("api_token");
        let webhook_secret = section.secret("webhook_secret");
        let webhook_token = section.secret("webhook_token");
        let answers = section.read("answers", Leaf::choice).unwrap_or(ChatwootAnswers::Pending);
        Some(Self {
            base_url: base_url?,
            account_id: account_id?,
            api_token: api_token?,
            webhook_secret,
            webhook_token,
            answers,
        })
    }
}

impl Web {
    fn read(section: &Section<'_>) -> Self {
        Self {
            origins: section.list("origins", origin).unwrap_or_default(),
            title: section.read("title", Leaf::words),
            greeting: section.read("greeting", Leaf::words),
            color: section.read("color", color).unwrap_or_else(|| "#1f6feb".to_owned()),
        }
    }
}

impl Voice {
    fn read(section: &Section<'_>) -> Option<Self> {
        let auth_token = section.require_secret("auth_token");
        let language = section.read("language", Leaf::choice);
        let transfer_to = section.read("transfer_to", filled_setting);
        let voice = section.read("voice", Leaf::name_value);
        let greeting = section.read("greeting", Leaf::words);
        let wait = section.read("wait_s", |v| v.seconds(1..=12)).unwrap_or(Duration::from_secs(10));
        let api_base = address(section, "api_base", "https://api.twilio.com");
        Some(Self { auth_token: auth_token?, language, transfer_to, voice, greeting, wait, api_base })
    }
}

fn address(section: &Section<'_>, key: &str, default: &str) -> String {
    section.read(key, Leaf::url).unwrap_or_else(|| default.to_owned())
}

fn filled_setting(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.setting()?;
    if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text) }
}

fn digits(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.setting()?;
    let only_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if only_digits { Ok(text) } else { Err(format!("must be digits in quotes, not {text:?}")) }
}

/// A site as browsers send it: scheme, host and port, nothing after.
fn origin(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.url()?;
    let url = crate::config::leaf::check_url(&text)?;
    let origin = url.origin().ascii_serialization();
    if url.path() == "/" && url.query().is_none() && url.username().is_empty() {
        Ok(origin)
    } else {
        Err(format!("must be a site such as {origin:?}, without a path"))
    }
}

fn color(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.text()?;
    let hex = text.strip_prefix('#').unwrap_or_default();
    let right = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if right { Ok(text) } else { Err(format!("must be a colour such as \"#1f6feb\", not {text:?}")) }
}
