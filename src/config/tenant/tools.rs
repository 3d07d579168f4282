//! `[[tools]]`: the tenant's own tools, each a call of an HTTP address.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    config::{
        leaf::{Leaf, check_url},
        secret::Secret,
        section::{Section, unique},
        show,
    },
    tools::{self, schema},
};

/// The longest name of a tool that models take.
const MAX_NAME: usize = 64;

/// An HTTP address the model may have called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpTool {
    /// `name`: its name for the model: 1 to 64 of letters, digits, - and _; unique.
    pub name: String,
    /// `description`: when to use it, told to the model.
    pub description: String,
    /// `method`: Default GET.
    pub method: Method,
    /// `url`: the address; `{argument}` in its path or query stands for an argument. An argument without a place there
    /// goes into the query or the body.
    pub url: String,
    /// `timeout_s`: the longest wait. Default 10, 1 to 60.
    #[serde(rename = "timeout_s", serialize_with = "show::seconds")]
    pub timeout: Duration,
    /// `parameters`: the JSON schema of its arguments, as a table or as JSON in a text. Default no arguments.
    #[serde(serialize_with = "as_text")]
    pub parameters: serde_json::Value,
    /// `headers`: what is sent along; the values are secrets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
}

/// What is done with the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Arguments go into the query.
    Get,
    /// Arguments go into the body, as JSON.
    Post,
    /// As `POST`.
    Put,
    /// As `POST`.
    Patch,
    /// As `GET`.
    Delete,
}

impl HttpTool {
    pub(super) fn read_all(tables: &[Section<'_>]) -> Vec<Self> {
        unique(tables, "name");
        tables.iter().filter_map(Self::read).collect()
    }

    fn read(section: &Section<'_>) -> Option<Self> {
        let name = section.require("name", |leaf| tool_name(leaf, MAX_NAME));
        if name.as_deref().is_some_and(|name| tools::Tool::from_name(name).is_some()) {
            section.error("name", "is the name of one of the product's own tools; take another");
        }
        let description = section.require("description", Leaf::words);
        let url = section.require("url", template);
        let headers = section.optional_section("headers").map(|headers| read_headers(&headers));
        let parameters = if section.has("parameters") {
            section.read("parameters", parameters)
        } else {
            Some(no_arguments())
        };
        for (place, parameters) in url
            .iter()
            .flat_map(|url| placeholders(url))
            .filter_map(|place| Some((place, parameters.as_ref()?)))
        {
            if parameters.get("properties").and_then(|properties| properties.get(place)).is_none() {
                section.error("url", &format!("has {{{place}}}, which is not one of `tools.parameters`"));
            }
        }
        Some(Self {
            method: section.read("method", Leaf::choice).unwrap_or(Method::Get),
            timeout: section.read("timeout_s", |v| v.seconds(1..=60)).unwrap_or(Duration::from_secs(10)),
            parameters: parameters?,
            headers: headers.unwrap_or_default(),
            name: name?,
            description: description?,
            url: url?,
        })
    }
}

/// The arguments that an address has places for, in their order.
pub fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// A name that models take: 1 to `most` of the letters a to z in either case, digits, `-` and `_`.
pub(super) fn tool_name(leaf: &Leaf<'_>, most: usize) -> Result<String, String> {
    let text = leaf.setting()?;
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if text.is_empty() || text.len() > most || !plain {
        return Err(format!("must be 1 to {most} of a-z, A-Z, 0-9, - and _, not {text:?}"));
    }
    Ok(text)
}

/// An address with places for arguments, which may only be behind its host: a model never decides whom to ask.
fn template(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.setting()?;
    let url = check_url(&text)?;
    let (_, behind_scheme) = text.split_once("://").unwrap_or_default();
    let host = behind_scheme.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if host.contains(['{', '}']) {
        return Err("may have {argument} only behind the host".to_owned());
    }
    if url.fragment().is_some() {
        return Err("must not have a # part, which is never sent".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a login; put it into `headers`".to_owned());
    }
    if text.matches('{').count() != placeholders(&text).count()
        || text.matches('}').count() != placeholders(&text).count()
    {
        return Err("has a { or } without the other one".to_owned());
    }
    Ok(text)
}

pub(super) fn read_headers(section: &Section<'_>) -> BTreeMap<String, Secret> {
    let mut headers = BTreeMap::new();
    for leaf in section.entries() {
        let name = leaf.name().to_owned();
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            section.error(&name, "is not the name of an HTTP header");
            continue;
        }
        if let Some(value) = section.read(&name, secret_value) {
            headers.insert(name, Secret::from(value));
        }
    }
    headers
}

pub(super) fn secret_value(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.setting()?;
    if text.chars().any(char::is_control) {
        Err("must not hold control characters".to_owned())
    } else {
        Ok(text)
    }
}

fn parameters(leaf: &Leaf<'_>) -> Result<serde_json::Value, String> {
    let value = leaf.json()?;
    if value.get("type").and_then(|kind| kind.as_str()) != Some("object") {
        return Err("must be a JSON schema with type = \"object\"".to_owned());
    }
    schema::check(&value).map_err(|problem| format!("is not a JSON schema: {problem}"))?;
    Ok(value)
}

fn no_arguments() -> serde_json::Value {
    serde_json::json!({"type": "object", "properties": {}})
}

fn as_text<S: Serializer>(value: &serde_json::Value, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
