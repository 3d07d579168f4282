//! The agents that answer for a tenant, over HTTP.

use axum::Json;
use serde::Serialize;

use super::{ApiError, select::OpenTenant};
use crate::{
    config::tenant::agents::{AgentConfig, Agents, Strategy},
    engine::agent::BUILT_IN,
};

/// The team of a tenant.
#[derive(Debug, Serialize)]
pub(super) struct Team {
    strategy: Strategy,
    items: Vec<Listed>,
    /// A team is one page.
    next: Option<String>,
}

/// An agent in the list.
#[derive(Debug, Serialize)]
struct Listed {
    agent: String,
    built_in: bool,
    /// What the tenant changed or declared.
    #[serde(flatten)]
    config: Option<AgentConfig>,
}

/// `GET …/agents`: those that are enabled, in the order in which they are shown.
pub(super) async fn list(OpenTenant(tenant): OpenTenant) -> Result<Json<Team>, ApiError> {
    Ok(Json(team(&tenant.config.agents)))
}

fn team(agents: &Agents) -> Team {
    let declared = agents.by_name.keys().map(String::as_str);
    let known = BUILT_IN.into_iter().chain(declared.filter(|name| !BUILT_IN.contains(name)));
    let is_enabled =
        |name: &str| agents.enabled.as_ref().is_none_or(|enabled| enabled.iter().any(|known| known == name));
    let items = known
        .filter(|name| is_enabled(name))
        .map(|name| Listed {
            agent: name.to_owned(),
            built_in: BUILT_IN.contains(&name),
            config: agents.by_name.get(name).cloned(),
        })
        .collect();
    Team { strategy: agents.strategy, items, next: None }
}
