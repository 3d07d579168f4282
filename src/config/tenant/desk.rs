//! The small sections: memory, handoff, leads, catalogue and limits.

use std::{collections::BTreeSet, time::Duration};

use serde::Serialize;

use crate::{
    config::{
        leaf::Leaf,
        secret::Secret,
        section::Section,
        show,
        tenant::notify::{Notify, NotifyKind},
    },
    domain::lead::LeadField,
};

/// `[memory]`: what is remembered of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// `window`: how many of the last messages are told to the model word by word. Default 10, 0 to 100.
    pub window: u32,
    /// `consolidate_after_min`: silence after which a conversation is summed up. Default 30, 1 to 10080.
    #[serde(rename = "consolidate_after_min", serialize_with = "show::minutes")]
    pub consolidate_after: Duration,
}

/// `[handoff]`: when a person takes over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Handoff {
    /// `sentiment_below`: from -1 (furious) to 1 (delighted); below it a person is called. Default -0.5.
    pub sentiment_below: f64,
    /// `keywords`: words with which a customer asks for a person, besides the built-in ones. Default none.
    pub keywords: Vec<String>,
    /// `max_fallbacks`: answers of "I do not know" in a row before a person is called. Default 2, 1 to 20.
    pub max_fallbacks: u32,
    /// `loop_similarity`: how alike, from 0 to 1, repeated messages are a loop. Default 0.9, 0.5 to 1.
    pub loop_similarity: f64,
    /// `return_after_min`: silence of the person after which the bot takes over again; 0 for never. Default 120,
    /// 0 to 43200.
    #[serde(rename = "return_after_min", serialize_with = "show::minutes_or_zero")]
    pub return_after: Option<Duration>,
    /// `notify`: which of `[notify]` are told. Default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<Vec<NotifyKind>>,
}

/// `[leads]`: what is asked of someone interested, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leads {
    /// `required`: what a lead must have. Default name and email.
    pub required: BTreeSet<LeadField>,
    /// `crm`: the address every new lead is posted to. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crm: Option<String>,
    /// `crm_token`, `crm_token_file`: the bearer token of that address. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crm_token: Option<Secret>,
    /// `crm_secret`, `crm_secret_file`: what is posted there is signed with it. Default none: not signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crm_secret: Option<Secret>,
    /// `hubspot_token`, `hubspot_token_file`: the token of a private app in HubSpot; with it every new lead becomes a
    /// contact there. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hubspot_token: Option<Secret>,
    /// `hubspot_base_url`: HubSpot's API. Default `https://api.hubapi.com`.
    pub hubspot_base_url: String,
}

/// Where HubSpot's API is.
const HUBSPOT: &str = "https://api.hubapi.com";

/// `[catalog]`: the products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Catalog {
    /// `file`: the catalogue in the tenant's knowledge folder. Default catalog.csv.
    pub file: String,
    /// `low_stock`: from how many pieces left customers are told so. Default 3, 0 to 1000000.
    pub low_stock: u32,
    /// `reserve_min`: how long a proposed order keeps its pieces. Default 30, 1 to 10080.
    #[serde(rename = "reserve_min", serialize_with = "show::minutes")]
    pub reserve: Duration,
}

/// `[limits]`: how much is allowed, so that one customer or tenant cannot use up everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// `messages_per_minute`: of one contact; beyond it the customer is asked to wait. Default 20, 1 to 10000.
    pub messages_per_minute: u32,
    /// `message_chars`: longer messages are cut. Default 4000, 100 to 100000.
    pub message_chars: u32,
    /// `concurrent_turns`: turns of this tenant at once. Default 16, 1 to 4096.
    pub concurrent_turns: u32,
    /// `tokens_per_day`: tokens spent with models; after that the built-in answerer serves. 0 is no limit, the
    /// default.
    pub tokens_per_day: u64,
    /// `contact_tokens_per_day`: the same for one contact. 0 is no limit, the default.
    pub contact_tokens_per_day: u64,
    /// `media_mb`: the largest voice note or picture, in MB. Default 16, 1 to 100.
    pub media_mb: u32,
    /// `documents`: how many documents may be ingested. Default 10000, 1 to 1000000.
    pub documents: u32,
}

impl Memory {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            window: section.read("window", |v| v.integer(0..=100)).unwrap_or(10),
            consolidate_after: section
                .read("consolidate_after_min", |v| v.minutes(1..=10_080))
                .unwrap_or(Duration::from_mins(30)),
        }
    }
}

impl Handoff {
    pub(super) fn read(section: &Section<'_>, notify: &Notify) -> Self {
        let names = section.list("notify", Leaf::choice::<NotifyKind>);
        for kind in names.iter().flatten().filter(|kind| !notify.has(**kind)) {
            section.warn(format!(
                "`handoff.notify` names {}, but there is no [notify.{}]",
                kind.as_str(),
                kind.as_str()
            ));
        }
        Self {
            sentiment_below: section.read("sentiment_below", |v| v.number(-1.0..=1.0)).unwrap_or(-0.5),
            keywords: section.list("keywords", Leaf::words).unwrap_or_default(),
            max_fallbacks: section.read("max_fallbacks", |v| v.integer(1..=20)).unwrap_or(2),
            loop_similarity: section.read("loop_similarity", |v| v.number(0.5..=1.0)).unwrap_or(0.9),
            return_after: section
                .read("return_after_min", |v| v.minutes(0..=43_200))
                .map_or(Some(Duration::from_hours(2)), |after| Some(after).filter(|after| !after.is_zero())),
            notify: names,
        }
    }
}

impl Leads {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let leads = Self {
            required: section
                .list("required", Leaf::choice)
                .map_or_else(|| [LeadField::Name, LeadField::Email].into(), BTreeSet::from_iter),
            crm: section.read("crm", Leaf::url),
            crm_token: section.secret("crm_token"),
            crm_secret: section.secret("crm_secret"),
            hubspot_token: section.secret("hubspot_token"),
            hubspot_base_url: section
                .read("hubspot_base_url", Leaf::url)
                .unwrap_or_else(|| HUBSPOT.to_owned()),
        };
        for (key, secret) in [("crm_token", &leads.crm_token), ("crm_secret", &leads.crm_secret)] {
            if secret.is_some() && leads.crm.is_none() {
                section.error(key, "is of no use without `leads.crm`");
            }
        }
        leads
    }
}

impl Catalog {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            file: section.read("file", file_name).unwrap_or_else(|| "catalog.csv".to_owned()),
            low_stock: section.read("low_stock", |v| v.integer(0..=1_000_000)).unwrap_or(3),
            reserve: section
                .read("reserve_min", |v| v.minutes(1..=10_080))
                .unwrap_or(Duration::from_mins(30)),
        }
    }
}

impl Limits {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            messages_per_minute: section.read("messages_per_minute", |v| v.integer(1..=10_000)).unwrap_or(20),
            message_chars: section.read("message_chars", |v| v.integer(100..=100_000)).unwrap_or(4000),
            concurrent_turns: section.read("concurrent_turns", |v| v.integer(1..=4096)).unwrap_or(16),
            tokens_per_day: section
                .read("tokens_per_day", |v| v.integer(0..=1_000_000_000_000))
                .unwrap_or_default(),
            contact_tokens_per_day: section
                .read("contact_tokens_per_day", |v| v.integer(0..=1_000_000_000_000))
                .unwrap_or_default(),
            media_mb: section.read("media_mb", |v| v.integer(1..=100)).unwrap_or(16),
            documents: section.read("documents", |v| v.integer(1..=1_000_000)).unwrap_or(10_000),
        }
    }
}

/// The name of a file in a folder, not a path that leads out of it.
fn file_name(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.words()?;
    let only_a_name = std::path::Path::new(&text).file_name().is_some_and(|name| name == text.as_str());
    if only_a_name {
        Ok(text)
    } else {
        Err(format!("must be the name of a file, without folders, not {text:?}"))
    }
}
