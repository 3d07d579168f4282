//! The configuration of one tenant: `tenants/<id>/tenant.toml`, checked and typed.
//!
//! Whether the template of an agent exists is checked where prompts are read, not here.

pub mod agents;
pub mod booking;
pub mod business;
pub mod channels;
pub mod desk;
pub mod mcp;
pub mod models;
pub mod notify;
pub mod safety;
pub mod tools;

use std::{collections::BTreeSet, path::Path};

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Serialize, Serializer};

use self::{
    agents::Agents,
    booking::Booking,
    business::BusinessConfig,
    channels::Channels,
    desk::{Catalog, Handoff, Leads, Limits, Memory},
    mcp::McpServer,
    models::TenantModels,
    notify::Notify,
    safety::Safety,
    tools::HttpTool,
};
use crate::{
    catalog::source::DEFAULT_FILE,
    config::{ConfigErrors, env::Env, leaf::Leaf, read_file, reader::Document, section::Section},
    domain::{language::Language, money::Currency},
};

/// What one tenant is and may do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TenantConfig {
    /// `name`: the name customers know. Required.
    pub name: String,
    /// `language`: the language when the customer's cannot be told: es, en or pt. Default es.
    pub language: Language,
    /// `timezone`: the IANA zone of hours and appointments. Default UTC.
    #[serde(serialize_with = "zone_name")]
    pub timezone: TimeZone,
    /// `currency`: the ISO 4217 currency of all prices. Default USD.
    pub currency: Currency,
    /// `enabled`: whether customers are answered. Default true.
    pub enabled: bool,
    /// `[business]`: facts that customers ask for.
    pub business: BusinessConfig,
    /// `[agents]`: who answers.
    pub agents: Agents,
    /// `[llm]`: the model keys it brings itself.
    pub llm: TenantModels,
    /// `[memory]`: what is remembered of a conversation.
    pub memory: Memory,
    /// `[handoff]`: when a person takes over.
    pub handoff: Handoff,
    /// `[leads]`: what is asked of someone interested.
    pub leads: Leads,
    /// `[booking]`: appointments; none when the tenant books none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booking: Option<Booking>,
    /// `[catalog]`: products; none when the tenant sells none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Catalog>,
    /// `[[tools]]`: the tenant's own HTTP tools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<HttpTool>,
    /// `[[mcp]]`: servers of tools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mcp: Vec<McpServer>,
    /// `[channels]`: where customers write.
    pub channels: Channels,
    /// `[notify]`: how the staff is told.
    pub notify: Notify,
    /// `[safety]`: what is done with attacks.
    pub safety: Safety,
    /// `[limits]`: how much is allowed.
    pub limits: Limits,
    /// What is odd but not wrong, to be told once.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

impl TenantConfig {
    /// What the catalogue is called in the tenant's knowledge folder.
    pub fn catalog_file(&self) -> &str {
        self.catalog.as_ref().map_or(DEFAULT_FILE, |catalog| &catalog.file)
    }

    /// Reads and checks a `tenant.toml`.
    ///
    /// # Errors
    /// All that is wrong, with file, line and column.
    pub fn load(file: &Path, env: &Env) -> Result<Self, ConfigErrors> {
        Self::parse(&read_file(file)?, file, env)
    }

    /// Checks a text as if it were `file`.
    ///
    /// # Errors
    /// All that is wrong, with file, line and column.
    pub fn parse(text: &str, file: &Path, env: &Env) -> Result<Self, ConfigErrors> {
        Self::parse_and_list(text, file, env).map(|(config, _)| config)
    }

    /// As [`Self::parse`], with the keys that are known.
    pub(super) fn parse_and_list(
        text: &str,
        file: &Path,
        env: &Env,
    ) -> Result<(Self, BTreeSet<String>), ConfigErrors> {
        let document = Document::new(Some(file), text, env);
        let mut config = document.read(Self::read)?;
        config.warnings = document.warnings.take();
        Ok((config, document.known.take()))
    }

    fn read(root: &Section<'_>) -> Option<Self> {
        let name = root.require("name", Leaf::words);
        let currency =
            if root.has("currency") { root.read("currency", currency) } else { Currency::parse("USD").ok() };
        let notify = Notify::read(&root.section("notify"));
        let tools = root.sections("tools");
        let mcp = root.sections("mcp");
        let config = Self {
            language: root.read("language", Leaf::choice).unwrap_or_default(),
            timezone: root.read("timezone", zone).unwrap_or(TimeZone::UTC),
            enabled: root.read("enabled", Leaf::boolean).unwrap_or(true),
            business: BusinessConfig::read(&root.section("business")),
            agents: Agents::read(&root.section("agents")),
            llm: TenantModels::read(&root.section("llm")),
            memory: Memory::read(&root.section("memory")),
            handoff: Handoff::read(&root.section("handoff"), &notify),
            leads: Leads::read(&root.section("leads")),
            booking: root.optional_section("booking").map(|section| Booking::read(&section, currency)),
            catalog: root.optional_section("catalog").map(|section| Catalog::read(&section)),
            tools: HttpTool::read_all(&tools),
            mcp: McpServer::read_all(&mcp),
            channels: Channels::read(&root.section("channels")),
            notify,
            safety: Safety::read(&root.section("safety")),
            limits: Limits::read(&root.section("limits")),
            warnings: Vec::new(),
            name: name?,
            currency: currency?,
        };
        Some(config)
    }
}

fn currency(leaf: &Leaf<'_>) -> Result<Currency, String> {
    Currency::parse(&leaf.text()?).map_err(|error| format!("is wrong: {error}"))
}

/// A zone of the database inside the binary, so that a machine without zones knows the same ones.
fn zone(leaf: &Leaf<'_>) -> Result<TimeZone, String> {
    let name = leaf.text()?;
    TimeZoneDatabase::bundled()
        .get(&name)
        .map_err(|_| format!("must be an IANA time zone such as America/Bogota, not {name:?}"))
}

fn zone_name<S: Serializer>(zone: &TimeZone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.iana_name().unwrap_or("UTC"))
}

#[cfg(test)]
mod tests;
