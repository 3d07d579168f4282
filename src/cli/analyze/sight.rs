//! What is seen in a text, and how it is printed.

use std::{num::NonZero, time::Instant};

use serde::Serialize;
use serde_json::Value;

use crate::{
    config::tenant::{
        TenantConfig,
        agents::{AgentConfig, Strategy as ConfiguredStrategy},
    },
    domain::{
        language::Language,
        turn::{Intent, Threat},
    },
    engine::{
        agent::{Agent, BUILT_IN, Strategy, Team},
        language,
        router::{Clause, RouteInput, Router, Routing, clauses::clauses},
    },
    knowledge::embed::{BuiltinEmbedder, EmbedError},
};

/// Looks at the texts of one tenant's customers.
pub(super) struct Observer {
    embedder: BuiltinEmbedder,
    router: Router,
    language: Language,
}

/// What was seen.
#[derive(Debug)]
pub(super) struct Sight {
    language: Language,
    sentiment: f32,
    routing: Routing,
    threat: Threat,
    handoff: Option<&'static str>,
    routing_us: f64,
}

/// One line of output.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    id: &'a Value,
    language: Language,
    sentiment: f32,
    intents: &'a [Intent],
    in_scope: bool,
    chosen: usize,
    certain: bool,
    emergency: bool,
    threat: &'a Threat,
    handoff: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_us: Option<f64>,
}

impl Observer {
    /// For a tenant.
    pub(super) fn new(config: &TenantConfig) -> Result<Self, EmbedError> {
        let embedder = BuiltinEmbedder::new()?;
        let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let router = Router::build(&team(config), |texts| Ok(embedder.embed_all(texts, threads)))?;
        Ok(Self { router, embedder, language: config.language })
    }

    /// Looks at a text as if it began a conversation.
    #[expect(clippy::unnecessary_wraps, reason = "what else is seen may need a model that fails")]
    pub(super) fn look(&self, text: &str) -> anyhow::Result<Sight> {
        let language = language::detect(text, self.language);
        let vector = self.embedder.embed(text);
        let started = Instant::now();
        let parts: Vec<(&str, Vec<f32>)> =
            clauses(text).into_iter().map(|part| (part, self.embedder.embed(part))).collect();
        let parts: Vec<Clause<'_>> = parts.iter().map(|(text, vector)| Clause { text, vector }).collect();
        let message = RouteInput { text, vector: &vector, language, previous: &[], last_reply: None };
        let routing = self.router.route_parts(&message, &parts);
        let routing_us = started.elapsed().as_secs_f64() * 1e6;
        let handoff = routing.emergency.then_some("emergency");
        Ok(Sight { language, sentiment: 0.0, routing, threat: Threat::default(), handoff, routing_us })
    }
}

impl Sight {
    /// As a line of JSON.
    pub(super) fn line<'a>(&'a self, id: &'a Value, explain: bool) -> Line<'a> {
        Line {
            id,
            language: self.language,
            sentiment: self.sentiment,
            intents: &self.routing.intents,
            in_scope: self.routing.in_scope,
            chosen: self.routing.chosen,
            certain: self.routing.certain,
            emergency: self.routing.emergency,
            threat: &self.threat,
            handoff: self.handoff,
            routing_us: explain.then_some((self.routing_us * 10.0).round() / 10.0),
        }
    }

    /// As lines for a person.
    pub(super) fn for_people(&self, explain: bool) -> String {
        let name = |intent: &Intent| format!("{} {:.2}", intent.agent, intent.score);
        let (chosen, others) =
            self.routing.intents.split_at(self.routing.chosen.min(self.routing.intents.len()));
        let list = |intents: &[Intent]| intents.iter().map(name).collect::<Vec<_>>().join(", ");
        let sure = if self.routing.certain { "" } else { " (not certain)" };
        let mut text = String::new();
        let mut row = |label: &str, value: &str| {
            text.push_str(format!("{label:<10} {value}").trim_end());
            text.push('\n');
        };
        row("language", self.language.code());
        if self.routing.in_scope {
            row("for", &format!("{}{sure}", list(chosen)));
        } else {
            row("for", &format!("nobody: this is not the business's subject{sure}"));
        }
        if !others.is_empty() {
            row("or", &list(others));
        }
        row("mood", &format!("{:+.2}", self.sentiment));
        let reasons = self.threat.reasons.join(", ");
        row("threat", &format!("{:.2} {reasons}", self.threat.score));
        row("handoff", self.handoff.unwrap_or("none"));
        if explain {
            row("routing", &format!("{:.0} µs", self.routing_us));
        }
        text.trim_end().to_owned()
    }
}

/// The agents that are enabled: those named, or the built-in ones and those that the tenant declares.
fn team(config: &TenantConfig) -> Team {
    let agents = &config.agents;
    let names: Vec<String> = agents.enabled.clone().unwrap_or_else(|| {
        let declared = agents.by_name.keys().filter(|name| !BUILT_IN.contains(&name.as_str()));
        BUILT_IN.into_iter().map(str::to_owned).chain(declared.cloned()).collect()
    });
    Team {
        strategy: match agents.strategy {
            ConfiguredStrategy::Classified => Strategy::Classified,
            ConfiguredStrategy::Single => Strategy::Single,
        },
        agents: names.iter().map(|name| agent(name, agents.by_name.get(name))).collect(),
    }
}

fn agent(name: &str, changes: Option<&AgentConfig>) -> Agent {
    let Some(changes) = changes else { return Agent::named(name) };
    Agent {
        persona: changes.persona.clone().unwrap_or_default(),
        keywords: changes.keywords.clone().unwrap_or_default(),
        examples: changes.examples.clone().unwrap_or_default(),
        ..Agent::named(name)
    }
}
