//! `[llm]`: the language models, their keys and the limits they are used within.

pub mod prices;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::prices::Prices;
use crate::config::{
    leaf::Leaf,
    secret::Secret,
    section::{Section, unique},
    show,
};

/// The language models. Without keys the built-in answerer serves alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Llm {
    /// `timeout_s`: the longest wait for one answer of a model. Default 30, 1 to 600.
    #[serde(rename = "timeout_s", serialize_with = "show::seconds")]
    pub timeout: Duration,
    /// `wait_for_key_s`: the longest wait for a free key before the built-in answerer takes over. Default 8, 0 to 120.
    #[serde(rename = "wait_for_key_s", serialize_with = "show::seconds")]
    pub wait_for_key: Duration,
    /// `conversation_idle_s`: how long a conversation may be silent before it gives its place at a key back. Default
    /// 600, 10 to 86400.
    #[serde(rename = "conversation_idle_s", serialize_with = "show::seconds")]
    pub conversation_idle: Duration,
    /// `alert_pct`: percent of the pool in use from which the operator is told. Default 80, 1 to 100.
    pub alert_pct: u8,
    /// `alert_after_s`: how long it must last. Default 300, 0 to 86400.
    #[serde(rename = "alert_after_s", serialize_with = "show::seconds")]
    pub alert_after: Duration,
    /// `temperature`: 0 is the most predictable. Default 0.2, 0 to 2.
    pub temperature: f64,
    /// `max_output_tokens`: the longest answer asked for, in tokens. Default 500, 16 to 32768.
    pub max_output_tokens: u32,
    /// `[[llm.keys]]`: the accounts to spread the conversations over. Default none, at most 1000.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<LlmKey>,
    /// `[llm.prices]`: what the models cost.
    pub prices: Prices,
    /// `[llm.speech]`: the model that writes down voice notes. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech: Option<MediaModel>,
    /// `[llm.vision]`: the model that looks at pictures. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vision: Option<MediaModel>,
}

/// One account at a provider.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LlmKey {
    /// `id`: its name in reports and logs; unique.
    pub id: String,
    /// `base_url`: the address before `/chat/completions` (`/messages` at Anthropic), without a slash at the end.
    pub base_url: String,
    /// `provider`: the wire that is spoken there: "openai", which nearly everybody speaks, or "anthropic". Default
    /// openai, but anthropic when the host is api.anthropic.com.
    pub provider: Provider,
    /// `api_key`, `api_key_file`: the secret; none for a local server that asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// `model`: the name of the model there.
    pub model: String,
    /// `tier`: keys of tier 1 are used first, those of tier 2 when tier 1 is exhausted. Default 1, 1 to 9.
    pub tier: u8,
    /// `max_conversations`: conversations served at once. Default 15, 1 to 10000.
    pub max_conversations: u32,
    /// `requests_per_minute`: the provider's limit. Default 60, 1 to 1000000.
    pub requests_per_minute: u32,
}

/// The wires of providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Chat completions, as OpenAI documents them and everybody copies them.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

impl Provider {
    /// Who speaks at an address.
    fn at(base_url: &str) -> Self {
        let url = url::Url::parse(base_url).ok();
        match url.as_ref().and_then(url::Url::host_str) {
            Some("api.anthropic.com") => Self::Anthropic,
            _ => Self::OpenAi,
        }
    }
}

/// A model for something other than text, at one of the keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MediaModel {
    /// `key`: the id of one of `[[llm.keys]]`.
    pub key: String,
    /// `model`: the name of the model there.
    pub model: String,
}

impl Llm {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let tables = section.sections("keys");
        let ids = unique(&tables, "id");
        let keys = tables.iter().filter_map(LlmKey::read).collect();
        let media = |name: &str| {
            let table = section.optional_section(name)?;
            let key = table.require("key", Leaf::name_value);
            if let Some(id) = key.as_ref().filter(|id| !ids.contains(*id)) {
                let known = ids.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() {
                    "there are none".to_owned()
                } else {
                    format!("there are: {known}")
                };
                table
                    .error("key", &format!("is {id:?}, which is not the id of one of [[llm.keys]]; {known}"));
            }
            let model = table.require("model", Leaf::setting);
            Some(MediaModel { key: key?, model: model? })
        };
        Self {
            timeout: section.read("timeout_s", |v| v.seconds(1..=600)).unwrap_or(Duration::from_secs(30)),
            wait_for_key: section
                .read("wait_for_key_s", |v| v.seconds(0..=120))
                .unwrap_or(Duration::from_secs(8)),
            conversation_idle: section
                .read("conversation_idle_s", |v| v.seconds(10..=86_400))
                .unwrap_or(Duration::from_mins(10)),
            alert_pct: section.read("alert_pct", |v| v.integer(1..=100)).unwrap_or(80),
            alert_after: section
                .read("alert_after_s", |v| v.seconds(0..=86_400))
                .unwrap_or(Duration::from_mins(5)),
            temperature: section.read("temperature", |v| v.number(0.0..=2.0)).unwrap_or(0.2),
            max_output_tokens: section.read("max_output_tokens", |v| v.integer(16..=32_768)).unwrap_or(500),
            prices: Prices::read(&section.section("prices")),
            speech: media("speech"),
            vision: media("vision"),
            keys,
        }
    }
}

impl LlmKey {
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let id = section.require("id", Leaf::name_value);
        let base_url = section.require("base_url", Leaf::url);
        let provider = section.read("provider", Leaf::choice);
        let model = section.require("model", super::leaf::Leaf::setting);
        let api_key = section.secret("api_key");
        let tier = section.read("tier", |v| v.integer(1..=9)).unwrap_or(1);
        let max_conversations = section.read("max_conversations", |v| v.integer(1..=10_000)).unwrap_or(15);
        let requests_per_minute =
            section.read("requests_per_minute", |v| v.integer(1..=1_000_000)).unwrap_or(60);
        Some(Self {
            id: id?,
            provider: provider.unwrap_or_else(|| base_url.as_deref().map_or(Provider::OpenAi, Provider::at)),
            base_url: base_url?,
            api_key,
            model: model?,
            tier,
            max_conversations,
            requests_per_minute,
        })
    }
}
