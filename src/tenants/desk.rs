//! The desk of a tenant as its configuration describes it.

use std::sync::Arc;

use super::booking;
use crate::{
    config::tenant::{
        TenantConfig,
        agents::{AgentConfig, Strategy as ConfiguredStrategy},
        safety::OnThreat,
    },
    domain::effect::DeliveryEvent,
    engine::{
        agent::{Agent, BUILT_IN, Strategy, Team},
        desk::{Desk, HandoffRules, LeadRules, Limits, ShopRules, ThreatPolicy},
    },
    notify,
    prompts::Prompts,
    tools::Tool,
};

/// What the engine needs to know of how a business wants its customers served.
pub fn desk(config: &TenantConfig) -> Desk {
    Desk {
        team: team(config),
        handoff: HandoffRules {
            #[expect(clippy::cast_possible_truncation, reason = "a mood needs no more than a few digits")]
            sentiment_below: config.handoff.sentiment_below as f32,
            keywords: config.handoff.keywords.clone(),
            max_fallbacks: config.handoff.max_fallbacks,
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a likeness needs no more than a few digits"
            )]
            loop_similarity: config.handoff.loop_similarity as f32,
            return_after: config.handoff.return_after,
            targets: notify::targets(config, DeliveryEvent::Handoff),
        },
        leads: LeadRules {
            required: config.leads.required.clone(),
            targets: notify::targets(config, DeliveryEvent::Lead),
        },
        booking: booking::rules(config).map(Arc::new),
        appointment_targets: notify::targets(config, DeliveryEvent::Appointment),
        ticket_targets: notify::targets(config, DeliveryEvent::Ticket),
        shop: shop(config),
        limits: Limits {
            messages_per_minute: config.limits.messages_per_minute,
            message_chars: usize::try_from(config.limits.message_chars).unwrap_or(usize::MAX),
            tokens_per_day: config.limits.tokens_per_day,
            contact_tokens_per_day: config.limits.contact_tokens_per_day,
        },
        on_threat: match config.safety.on_threat {
            OnThreat::Log => ThreatPolicy::Log,
            OnThreat::Refuse => ThreatPolicy::Refuse,
            OnThreat::StripTools => ThreatPolicy::StripTools,
            OnThreat::Handoff => ThreatPolicy::Handoff,
        },
        closing_question: config.agents.closing_question,
    }
}

/// How things are sold; a tenant without `[catalog]` sells what was imported by the defaults.
fn shop(config: &TenantConfig) -> ShopRules {
    let rules = ShopRules {
        order_targets: notify::targets(config, DeliveryEvent::Order),
        low_stock_targets: notify::targets(config, DeliveryEvent::LowStock),
        ..ShopRules::default()
    };
    match &config.catalog {
        Some(catalog) => ShopRules { low_stock: catalog.low_stock, reserve: catalog.reserve, ..rules },
        None => rules,
    }
}

/// Checks that every template and tool that an agent names is there.
///
/// # Errors
/// What is missing, and what to do.
pub(super) fn check(desk: &Desk, config: &TenantConfig, prompts: &Prompts) -> Result<(), String> {
    for agent in &desk.team.agents {
        if let Some(prompt) = agent.prompt.as_ref().filter(|prompt| !prompts.has(prompt)) {
            return Err(format!(
                "`agents.{}.prompt` names the template {prompt:?}, which is not there; write {prompt}.md into the \
                 tenant's prompts folder",
                agent.name
            ));
        }
        for tool in agent.tools.iter().flatten() {
            let declared = config.tools.iter().any(|declared| declared.name == *tool);
            let remote = config.mcp.iter().any(|server| server.tools.iter().any(|offered| offered == tool));
            if Tool::from_name(tool).is_none() && !declared && !remote {
                let known: Vec<&str> = Tool::ALL.iter().map(|tool| tool.name()).collect();
                return Err(format!(
                    "`agents.{}.tools` names {tool:?}, which is neither declared in [[tools]] or [[mcp]] nor built \
                     in; built in are {}",
                    agent.name,
                    known.join(", ")
                ));
            }
        }
    }
    Ok(())
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
        name: name.to_owned(),
        persona: changes.persona.clone().unwrap_or_default(),
        prompt: changes.prompt.clone(),
        keywords: changes.keywords.clone().unwrap_or_default(),
        examples: changes.examples.clone().unwrap_or_default(),
        categories: changes.categories.clone().unwrap_or_default(),
        tools: changes.tools.clone(),
        protocol: changes.protocol.clone().unwrap_or_default(),
    }
}
