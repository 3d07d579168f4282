//! What is seen in a text, and how it is printed.

use std::{sync::Arc, time::Instant};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;

use crate::{
    config::tenant::TenantConfig,
    domain::{
        handoff::HandoffReason,
        language::Language,
        turn::{Intent, Threat},
    },
    engine::analyze,
    knowledge::embed::Embedder,
    tenants::desk,
    text::language,
    worker::observer::{Observed, Observer},
};

/// Looks at the texts of one tenant's customers.
pub(super) struct Looker {
    observer: Observer,
    language: Language,
}

/// What was seen.
#[derive(Debug)]
pub(super) struct Sight {
    language: Language,
    seen: analyze::Sight,
    took_us: f64,
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
    took_us: Option<f64>,
}

impl Looker {
    /// For a tenant.
    pub(super) fn new(config: &TenantConfig) -> anyhow::Result<Self> {
        let embedder = Embedder::builtin().context("cannot open the built-in embedding model")?;
        let observer = Observer::new(Arc::new(embedder), Arc::new(desk::desk(config)));
        Ok(Self { observer, language: config.language })
    }

    /// Looks at a text as if it began a conversation.
    pub(super) fn look(&self, text: &str) -> anyhow::Result<Sight> {
        let language = language::detect(text, self.language);
        let observed = Observed { text: text.to_owned(), language, ..Observed::default() };
        let started = Instant::now();
        let (seen, _) = self.observer.look(&observed)?;
        Ok(Sight { language, seen, took_us: started.elapsed().as_secs_f64() * 1e6 })
    }
}

impl Sight {
    /// As a line of JSON.
    pub(super) fn line<'a>(&'a self, id: &'a Value, explain: bool) -> Line<'a> {
        Line {
            id,
            language: self.language,
            sentiment: self.seen.sentiment,
            intents: &self.seen.routing.intents,
            in_scope: self.seen.routing.in_scope,
            chosen: self.seen.routing.chosen,
            certain: self.seen.routing.certain,
            emergency: self.seen.routing.emergency,
            threat: &self.seen.threat,
            handoff: self.seen.handoff.map(HandoffReason::as_str),
            took_us: explain.then_some((self.took_us * 10.0).round() / 10.0),
        }
    }

    /// As lines for a person.
    pub(super) fn for_people(&self, explain: bool) -> String {
        let name = |intent: &Intent| format!("{} {:.2}", intent.agent, intent.score);
        let (chosen, others) =
            self.seen.routing.intents.split_at(self.seen.routing.chosen.min(self.seen.routing.intents.len()));
        let list = |intents: &[Intent]| intents.iter().map(name).collect::<Vec<_>>().join(", ");
        let sure = if self.seen.routing.certain { "" } else { " (not certain)" };
        let mut text = String::new();
        let mut row = |label: &str, value: &str| {
            text.push_str(format!("{label:<10} {value}").trim_end());
            text.push('\n');
        };
        row("language", self.language.code());
        if self.seen.routing.in_scope {
            row("for", &format!("{}{sure}", list(chosen)));
        } else {
            row("for", &format!("nobody: this is not the business's subject{sure}"));
        }
        if !others.is_empty() {
            row("or", &list(others));
        }
        row("mood", &format!("{:+.2}", self.seen.sentiment));
        let reasons = self.seen.threat.reasons.join(", ");
        row("threat", &format!("{:.2} {reasons}", self.seen.threat.score));
        row("handoff", self.seen.handoff.map_or("none", HandoffReason::as_str));
        if explain {
            row("took", &format!("{:.0} µs", self.took_us));
        }
        text.trim_end().to_owned()
    }
}
