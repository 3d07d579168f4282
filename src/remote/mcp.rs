//! A server of tools that speaks the Model Context Protocol, over a program's input and output or over HTTP.
//! <https://modelcontextprotocol.io/specification>.
//!
//! It is connected to when its tools are first needed and asked once what it has. One that is down is left alone for a
//! while and costs nobody more than one wait.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use reqwest::{
    Client,
    header::{HeaderName, HeaderValue},
};
use rmcp::{
    RoleClient, ServiceExt as _,
    model::{
        CallToolRequestParams, CallToolResult, ContentBlock, PaginatedRequestParams, ResourceContents, Tool,
    },
    service::{RunningService, ServiceError},
    transport::{
        StreamableHttpClientTransport, async_rw::AsyncRwTransport,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Map, Value};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStderr},
    sync::Mutex,
    time::Instant,
};
use url::Url;

use super::{
    RemoteError, address,
    answer::{self, MAX_BYTES},
    launcher,
};
use crate::config::{
    env::Env,
    tenant::mcp::{McpPlace, McpServer},
};

/// The longest that connecting and asking for the tools may take: a turn may be waiting for it.
const MAX_CONNECT: Duration = Duration::from_secs(8);

/// How long a server that could not be reached is left alone.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The longest message of a server, in bytes.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// The most pages of a server's list of tools that are read.
const MAX_PAGES: usize = 20;

/// The longest description of a tool that a model is told, in characters.
const MAX_DESCRIPTION_CHARS: usize = 1000;

/// The longest line of a program's complaints that is logged, in bytes.
const MAX_LOG_BYTES: u64 = 300;

/// What all servers of a tenant are reached with.
#[derive(Debug, Clone)]
pub(super) struct Means {
    /// For servers at an address.
    pub(super) http: Client,
    /// This program, which starts the others.
    pub(super) launcher: PathBuf,
    /// The environment, of which programs get a little.
    pub(super) env: Env,
}

/// A tool that a server offers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    /// The server's name for it.
    pub(super) name: String,
    /// When to use it.
    pub(super) description: String,
    /// The JSON schema of its arguments.
    pub(super) parameters: Value,
}

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) config: McpServer,
    means: Means,
    /// Guards the connection: whoever needs it first makes it, and the others wait for that.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Arc<Connection>>,
    /// Until when a server that could not be reached is left alone.
    again_at: Option<Instant>,
    /// Whether it was logged that it is down.
    is_known_down: bool,
}

#[derive(Debug)]
struct Connection {
    service: RunningService<RoleClient, ()>,
    offers: Vec<Offer>,
    /// The program, if it is one.
    child: Option<Child>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(child) = &self.child {
            launcher::stop(child);
        }
    }
}

impl Server {
    pub(super) fn new(config: McpServer, means: Means) -> Self {
        Self { config, means, state: Mutex::default() }
    }

    /// The tools that it has and that may be used. None while it cannot be reached.
    pub(super) async fn offers(&self) -> Vec<Offer> {
        let until = Instant::now() + MAX_CONNECT;
        self.connection(until).await.map(|connection| connection.offers.clone()).unwrap_or_default()
    }

    /// Calls a tool by the server's name for it.
    ///
    /// # Errors
    /// [`RemoteError`]: a short sentence without secrets.
    pub(super) async fn call(
        &self,
        tool: &str,
        arguments: &Map<String, Value>,
        deadline: Instant,
    ) -> Result<String, RemoteError> {
        let until = deadline.min(Instant::now() + self.config.timeout);
        let connection = self.connection(until).await?;
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.clone());
        let called = tokio::time::timeout_at(until, connection.service.call_tool(request)).await;
        let result = match called {
            Err(_late) => return Err(RemoteError::TimedOut),
            Ok(Ok(result)) => result,
            Ok(Err(ServiceError::McpError(error))) => {
                return Err(RemoteError::Failed(self.mask(answer::first_words(&error.message))));
            }
            Ok(Err(error)) => {
                self.lost(&connection, &error.to_string()).await;
                return Err(RemoteError::Failed("the tool's server broke the connection off".to_owned()));
            }
        };
        let is_error = result.is_error == Some(true);
        let text = self.mask(text(result));
        if is_error { Err(RemoteError::Failed(answer::first_words(&text))) } else { Ok(text) }
    }

    /// The schema of a tool's arguments.
    ///
    /// # Errors
    /// [`RemoteError`] when it cannot be reached, or has no such tool.
    pub(super) async fn parameters(&self, tool: &str, deadline: Instant) -> Result<Value, RemoteError> {
        let connection = self.connection(deadline.min(Instant::now() + self.config.timeout)).await?;
        let offer = connection.offers.iter().find(|offer| offer.name == tool);
        offer
            .map(|offer| offer.parameters.clone())
            .ok_or_else(|| RemoteError::Failed("the tool's server does not have it any more".to_owned()))
    }

    async fn connection(&self, until: Instant) -> Result<Arc<Connection>, RemoteError> {
        let down = || RemoteError::Failed("the tool's server cannot be reached just now".to_owned());
        let Ok(mut state) = tokio::time::timeout_at(until, self.state.lock()).await else {
            return Err(RemoteError::TimedOut);
        };
        if let Some(connection) = &state.connection
            && !connection.service.is_transport_closed()
        {
            return Ok(connection.clone());
        }
        state.connection = None;
        if state.again_at.is_some_and(|again_at| Instant::now() < again_at) {
            return Err(down());
        }
        let connected = match tokio::time::timeout_at(until, self.connect()).await {
            Ok(connected) => connected,
            Err(_late) => Err("it took too long".to_owned()),
        };
        let name = &self.config.name;
        match connected {
            Ok(connection) => {
                tracing::info!(
                    server = name,
                    tools = connection.offers.len(),
                    "connected to a server of tools"
                );
                let connection = Arc::new(connection);
                *state = State { connection: Some(connection.clone()), ..State::default() };
                Ok(connection)
            }
            Err(error) => {
                state.again_at = Some(Instant::now() + AGAIN_AFTER);
                if !std::mem::replace(&mut state.is_known_down, true) {
                    let error = self.mask(error);
                    tracing::warn!(
                        server = name,
                        error,
                        "a server of tools cannot be reached; it is tried again from time to time"
                    );
                }
                Err(down())
            }
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        let mut child = None;
        let service = match &self.config.place {
            McpPlace::Command(command) => {
                let mut started =
                    launcher::start(&self.means.launcher, command, &self.config, &self.means.env)
                        .map_err(|error| format!("cannot start it: {error}"))?;
                let (Some(stdin), Some(stdout)) = (started.stdin.take(), started.stdout.take()) else {
                    return Err("its input and output are not to be had".to_owned());
                };
                if let Some(complaints) = started.stderr.take() {
                    tokio::spawn(log(self.config.name.clone(), complaints));
                }
                let transport =
                    AsyncRwTransport::new_client(stdout, stdin).with_max_line_length(MAX_MESSAGE_BYTES);
                // From here on the program ends with this function if it fails.
                let guarded = Guarded(Some(started));
                let service = ().serve(transport).await.map_err(|error| error.to_string())?;
                child = guarded.keep();
                service
            }
            McpPlace::Url(url) => {
                let parsed = Url::parse(url).map_err(|error| error.to_string())?;
                address::check(&parsed)?;
                let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                    .custom_headers(self.headers()?)
                    .max_sse_event_size(MAX_MESSAGE_BYTES);
                let transport = StreamableHttpClientTransport::with_client(self.means.http.clone(), config);
                ().serve(transport).await.map_err(|error| error.to_string())?
            }
        };
        let mut connection = Connection { service, offers: Vec::new(), child };
        connection.offers = self.list(&connection.service).await?;
        Ok(connection)
    }

    fn headers(&self) -> Result<HashMap<HeaderName, HeaderValue>, String> {
        let header = |(name, value): (&String, &crate::config::secret::Secret)| {
            let wrong = || format!("the header {name} is wrong");
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| wrong())?;
            value.set_sensitive(true);
            Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
        };
        self.config.headers.iter().map(header).collect()
    }

    /// What it has of what may be used.
    async fn list(&self, service: &RunningService<RoleClient, ()>) -> Result<Vec<Offer>, String> {
        let mut offers: Vec<Offer> = Vec::new();
        let mut cursor = None;
        for _page in 0..MAX_PAGES {
            let request = PaginatedRequestParams::default().with_cursor(cursor);
            let page = service.list_tools(Some(request)).await.map_err(|error| error.to_string())?;
            let wanted =
                page.tools.into_iter().filter(|tool| self.config.tools.iter().any(|name| *name == tool.name));
            offers.extend(wanted.map(offer));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        for missing in self.config.tools.iter().filter(|name| offers.iter().all(|offer| offer.name != **name))
        {
            tracing::warn!(server = self.config.name, tool = missing, "the server does not have this tool");
        }
        Ok(offers)
    }

    /// Forgets a connection that broke, so that the next call makes a new one.
    async fn lost(&self, connection: &Arc<Connection>, error: &str) {
        tracing::warn!(
            server = self.config.name,
            error = self.mask(error.to_owned()),
            "a server of tools broke off"
        );
        let mut state = self.state.lock().await;
        if state.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
            state.connection = None;
        }
    }

    fn mask(&self, text: String) -> String {
        answer::without(text, self.config.headers.values().chain(self.config.env.values()))
    }
}

/// A program that ends when nobody took it over.
struct Guarded(Option<Child>);

impl Guarded {
    fn keep(mut self) -> Option<Child> {
        self.0.take()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            launcher::stop(child);
        }
    }
}

fn offer(tool: Tool) -> Offer {
    let description = tool.description.unwrap_or_default();
    Offer {
        description: description.chars().take(MAX_DESCRIPTION_CHARS).collect(),
        parameters: Value::Object((*tool.input_schema).clone()),
        name: tool.name.into_owned(),
    }
}

/// What a result says.
fn text(result: CallToolResult) -> String {
    let mut text = String::new();
    for block in result.content {
        let part = match block {
            ContentBlock::Text(part) => part.text,
            ContentBlock::Resource(part) => match part.resource {
                ResourceContents::TextResourceContents { text, .. } => text,
                _ => "[a file]".to_owned(),
            },
            ContentBlock::ResourceLink(link) => link.uri,
            ContentBlock::Image(_) => "[a picture]".to_owned(),
            ContentBlock::Audio(_) => "[a recording]".to_owned(),
            _ => "[something that is no text]".to_owned(),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&part);
        if text.len() > MAX_BYTES {
            break;
        }
    }
    match result.structured_content {
        Some(structured) if text.trim().is_empty() => answer::bounded(structured.to_string(), false),
        _ if text.trim().is_empty() => "done".to_owned(),
        _ => answer::bounded(text, false),
    }
}

/// Writes down what a program complains of, for whoever looks why it does not work.
async fn log(server: String, complaints: ChildStderr) {
    let mut complaints = BufReader::new(complaints);
    loop {
        let mut line = Vec::new();
        match (&mut complaints).take(MAX_LOG_BYTES).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                tracing::debug!(server, line = %String::from_utf8_lossy(&line).trim_end(), "a server of tools says")
            }
        }
    }
}
