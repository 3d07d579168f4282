//! `[[mcp]]`: servers of tools that speak the Model Context Protocol.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::config::{
    leaf::Leaf,
    secret::Secret,
    section::{Section, unique},
    show,
    tenant::tools::{read_headers, secret_value, tool_name},
};

/// A server whose tools the model may use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct McpServer {
    /// `name`: its name in the logs, and before the name of a tool that another one has too: 1 to 32 of letters,
    /// digits, - and _; unique.
    pub name: String,
    /// `command` or `url`: where it is.
    #[serde(flatten)]
    pub place: McpPlace,
    /// `tools`: the tools of it that may be used; at least one. Others that it has are never called.
    pub tools: Vec<String>,
    /// `timeout_s`: the longest wait for a tool. Default 10, 1 to 60.
    #[serde(rename = "timeout_s", serialize_with = "show::seconds")]
    pub timeout: Duration,
    /// `headers`: what is sent along to `url`; the values are secrets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
    /// `env`: the variables of `command`; the values are secrets. Of ours it gets only PATH, HOME,
    /// USER, LANG, TMPDIR and SSL_CERT_FILE.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Secret>,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum McpPlace {
    /// A program that is started, and its arguments. It is spoken with over its standard input and output.
    Command(Vec<String>),
    /// An address that speaks "streamable HTTP".
    Url(String),
}

/// The longest name of a server: a tool's name with it in front must stay within 64.
const MAX_NAME: usize = 32;

impl McpServer {
    pub(super) fn read_all(tables: &[Section<'_>]) -> Vec<Self> {
        unique(tables, "name");
        tables.iter().filter_map(Self::read).collect()
    }

    fn read(section: &Section<'_>) -> Option<Self> {
        let name = section.require("name", |leaf| tool_name(leaf, MAX_NAME));
        let command = section.list("command", Leaf::text);
        let url = section.read("url", Leaf::url);
        let headers = section.optional_section("headers").map(|headers| read_headers(&headers));
        let env = section.optional_section("env").map(|env| read_env(&env));
        let tools = section.list("tools", Leaf::words);
        if tools.as_ref().is_none_or(Vec::is_empty) {
            section.error("tools", "must list the tools that may be used; at least one");
        }
        let place = match (command, url) {
            (Some(_), Some(_)) => {
                section.error("url", "and `mcp.command` are both set: remove one");
                None
            }
            (Some(command), None) if command.first().is_none_or(|program| program.trim().is_empty()) => {
                section.error("command", "must name a program");
                None
            }
            (Some(command), None) => Some(McpPlace::Command(command)),
            (None, Some(url)) => Some(McpPlace::Url(url)),
            (None, None) => {
                if !section.has("command") && !section.has("url") {
                    section.error("command", "or `mcp.url` is missing");
                }
                None
            }
        };
        match &place {
            Some(McpPlace::Command(_)) if headers.is_some() => {
                section.error("headers", "is of no use with `mcp.command`; use `env`");
            }
            Some(McpPlace::Url(_)) if env.is_some() => {
                section.error("env", "is of no use with `mcp.url`; use `headers`");
            }
            _ => {}
        }
        Some(Self {
            timeout: section.read("timeout_s", |v| v.seconds(1..=60)).unwrap_or(Duration::from_secs(10)),
            headers: headers.unwrap_or_default(),
            env: env.unwrap_or_default(),
            name: name?,
            place: place?,
            tools: tools?,
        })
    }
}

fn read_env(section: &Section<'_>) -> BTreeMap<String, Secret> {
    let mut variables = BTreeMap::new();
    for leaf in section.entries() {
        let name = leaf.name().to_owned();
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !plain {
            section.error(&name, "is not the name of an environment variable");
            continue;
        }
        if let Some(value) = section.read(&name, secret_value) {
            variables.insert(name, Secret::from(value));
        }
    }
    variables
}
