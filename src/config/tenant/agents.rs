//! `[agents]`: who answers, and what each of them is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    config::{leaf::Leaf, section::Section},
    engine::agent::BUILT_IN,
};

/// The agents of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agents {
    /// `strategy`: how a message finds its agent. Default classified.
    pub strategy: Strategy,
    /// `enabled`: the agents that answer, by name. Default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<Vec<String>>,
    /// `closing_question`: whether answers end with a question that invites the next step. Default false.
    pub closing_question: bool,
    /// `[agents.<name>]`: changes to a built-in agent, or a new one.
    #[serde(flatten)]
    pub by_name: BTreeMap<String, AgentConfig>,
}

/// How a message finds its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Each message goes to the agents whose subject it is.
    Classified,
    /// One agent answers everything.
    Single,
}

/// One agent. What is not set is as in the built-in agent of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentConfig {
    /// `persona`: who it is and how it speaks, told to the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// `prompt`: the name of its template, without the `.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// `keywords`: words that make a message its subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keywords: Option<Vec<String>>,
    /// `examples`: messages of its subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples: Option<Vec<String>>,
    /// `categories`: the categories of documents it answers from. Default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// `tools`: the tools it may use, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// `protocol`: for the agent `emergency`: what is said at once, word by word. Default: from the documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

impl Agents {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let strategy = section.read("strategy", Leaf::choice).unwrap_or(Strategy::Classified);
        let enabled = section.list("enabled", Leaf::name_value);
        if enabled.as_ref().is_some_and(Vec::is_empty) {
            section.error("enabled", "is empty, so nobody would answer; leave it out to enable all agents");
        }
        let closing_question = section.read("closing_question", Leaf::boolean).unwrap_or(false);
        let by_name: BTreeMap<String, AgentConfig> = section
            .named_sections(&["strategy", "enabled", "closing_question"])
            .into_iter()
            .map(|(name, section)| (name, AgentConfig::read(&section)))
            .collect();
        for name in enabled.iter().flatten() {
            let known = || BUILT_IN.into_iter().chain(by_name.keys().map(String::as_str));
            if known().all(|known| known != name) {
                let nearest = known()
                    .max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)))
                    .unwrap_or_default();
                section.error(
                    "enabled",
                    &format!(
                        "names the agent {name:?}, which is neither built in nor declared; did you mean \
                         {nearest:?}? A new agent needs a table [agents.{name}]"
                    ),
                );
            }
        }
        Self { strategy, enabled, closing_question, by_name }
    }
}

impl AgentConfig {
    fn read(section: &Section<'_>) -> Self {
        Self {
            persona: section.read("persona", Leaf::words),
            prompt: section.read("prompt", Leaf::name_value),
            keywords: section.list("keywords", Leaf::words),
            examples: section.list("examples", Leaf::words),
            categories: section.list("categories", Leaf::words),
            tools: section.list("tools", Leaf::name_value),
            protocol: section.read("protocol", Leaf::words),
        }
    }
}
