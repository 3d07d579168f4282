//! The tools of a tenant that are elsewhere: HTTP addresses it declared, and servers that speak MCP.
//!
//! What a model wrote goes there and what comes back goes to the model, so both are bounded: where to is the owner's
//! alone, what comes back is text of a bounded length, and no secret comes back with it.

mod address;
mod answer;
mod http_tool;
pub mod launcher;
mod mcp;
mod template;

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use futures::future::join_all;
use serde_json::{Map, Value};
use tokio::time::Instant;

use self::mcp::{Means, Server};
use crate::{
    config::{
        env::Env,
        tenant::{TenantConfig, mcp::McpServer, tools::HttpTool},
    },
    domain::tool::ToolSpec,
    tools::{self, schema},
};

/// The longest name of a tool that models take.
const MAX_NAME: usize = 64;

/// Why a tool gave no result. The text is a short sentence for the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// There is no such tool.
    #[error("there is no tool `{0}`")]
    Unknown(String),
    /// The arguments are wrong: the model may put them right.
    #[error("{0}")]
    Arguments(String),
    /// It did not answer within its time.
    #[error("the tool did not answer in time")]
    TimedOut,
    /// It refused or could not be reached.
    #[error("{0}")]
    Failed(String),
    /// The tools of the tenant cannot be set up at all.
    #[error("the remote tools cannot be set up: {0}")]
    Setup(String),
}

/// The remote tools of one tenant as it is configured. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct RemoteTools {
    /// None when there are no tools.
    tools: Option<Arc<Tools>>,
}

#[derive(Debug)]
struct Tools {
    http: reqwest::Client,
    declared: Vec<HttpTool>,
    servers: Vec<Server>,
    /// Where the tool of a name is.
    routes: BTreeMap<String, Route>,
}

/// Where a tool is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Route {
    /// The declared tool of this place in the list.
    Declared(usize),
    /// The server of this place in the list, and the server's name for the tool.
    Served(usize, String),
}

impl RemoteTools {
    /// A tenant without remote tools.
    pub fn none() -> Self {
        Self::default()
    }

    /// The remote tools of a tenant. Connects to nothing yet.
    ///
    /// # Errors
    /// [`RemoteError::Setup`].
    pub fn new(config: &TenantConfig) -> Result<Self, RemoteError> {
        let setup = |error: &dyn std::fmt::Display| RemoteError::Setup(error.to_string());
        let launcher = std::env::current_exe().map_err(|error| setup(&error))?;
        Self::with_launcher(config, launcher)
    }

    /// The same, starting programs by way of `launcher`, which must be this program.
    ///
    /// # Errors
    /// [`RemoteError::Setup`].
    pub fn with_launcher(config: &TenantConfig, launcher: PathBuf) -> Result<Self, RemoteError> {
        if config.tools.is_empty() && config.mcp.is_empty() {
            return Ok(Self::none());
        }
        let http = http_tool::client().map_err(|error| RemoteError::Setup(error.to_string()))?;
        let means = Means { http: http.clone(), launcher, env: Env::from_process() };
        let tools = Tools {
            http,
            declared: config.tools.clone(),
            servers: config.mcp.iter().map(|server| Server::new(server.clone(), means.clone())).collect(),
            routes: routes(&config.tools, &config.mcp),
        };
        Ok(Self { tools: Some(Arc::new(tools)) })
    }

    /// What there is, for a model: the declared tools, and those of the servers that can be reached.
    pub async fn specs(&self) -> Vec<ToolSpec> {
        let Some(tools) = &self.tools else { return Vec::new() };
        let offers = join_all(tools.servers.iter().map(Server::offers)).await;
        let spec = |(name, route): (&String, &Route)| {
            let (description, parameters) = match route {
                Route::Declared(at) => {
                    let tool = tools.declared.get(*at)?;
                    (tool.description.clone(), tool.parameters.clone())
                }
                Route::Served(at, tool) => {
                    let offer = offers.get(*at)?.iter().find(|offer| offer.name == *tool)?;
                    (offer.description.clone(), offer.parameters.clone())
                }
            };
            Some(ToolSpec { name: name.clone(), description, parameters })
        };
        tools.routes.iter().filter_map(spec).collect()
    }

    /// Whether there is a tool of this name, be it reachable or not.
    pub fn has(&self, name: &str) -> bool {
        self.tools.as_ref().is_some_and(|tools| tools.routes.contains_key(name))
    }

    /// Calls a tool. A tool that writes is told `idempotency_key`, so that the same call made twice is done once.
    ///
    /// # Errors
    /// [`RemoteError`], whose text is for the model.
    pub async fn call(
        &self,
        name: &str,
        arguments: &Value,
        idempotency_key: &str,
        deadline: Instant,
    ) -> Result<String, RemoteError> {
        let unknown = || RemoteError::Unknown(name.to_owned());
        let tools = self.tools.as_ref().ok_or_else(unknown)?;
        match tools.routes.get(name).ok_or_else(unknown)? {
            Route::Declared(at) => {
                let tool = tools.declared.get(*at).ok_or_else(unknown)?;
                let arguments = checked(&tool.parameters, arguments)?;
                http_tool::call(&tools.http, tool, arguments, idempotency_key, deadline).await
            }
            Route::Served(at, tool) => {
                let server = tools.servers.get(*at).ok_or_else(unknown)?;
                let parameters = server.parameters(tool, deadline).await?;
                server.call(tool, checked(&parameters, arguments)?, deadline).await
            }
        }
    }
}

/// The arguments, if they are what the tool asks for.
fn checked<'a>(parameters: &Value, arguments: &'a Value) -> Result<&'a Map<String, Value>, RemoteError> {
    schema::validate(parameters, arguments).map_err(RemoteError::Arguments)?;
    arguments.as_object().ok_or_else(|| RemoteError::Arguments("the arguments must be an object".to_owned()))
}

/// The names of all tools. They come from the configuration alone, so that a name means the same whichever servers can
/// be reached: a tool of a server has its own name, with the server's before it where that is taken.
fn routes(declared: &[HttpTool], servers: &[McpServer]) -> BTreeMap<String, Route> {
    let mut routes = BTreeMap::new();
    for (at, tool) in declared.iter().enumerate() {
        routes.insert(tool.name.clone(), Route::Declared(at));
    }
    let mut seen: HashSet<String> =
        routes.keys().cloned().chain(tools::Tool::ALL.map(|tool| tool.name().to_owned())).collect();
    let mut clashes: HashSet<String> = HashSet::new();
    let all = || {
        servers
            .iter()
            .enumerate()
            .flat_map(|(at, server)| server.tools.iter().map(move |tool| (at, server, tool)))
    };
    for (_, _, tool) in all() {
        let name = plain(tool);
        if !seen.insert(name.clone()) {
            clashes.insert(name);
        }
    }
    for (at, server, tool) in all() {
        let own = plain(tool);
        let name = if clashes.contains(&own) { plain(&format!("{}_{tool}", server.name)) } else { own };
        // A tool that is listed twice is one tool.
        routes.entry(name).or_insert_with(|| Route::Served(at, tool.clone()));
    }
    routes
}

/// A name with only the characters that models take.
fn plain(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    name.chars().map(allowed).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests;
