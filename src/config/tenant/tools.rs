//! `[[tools]]`: the tenant's own tools, each a call of an HTTP address.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, Serializer};

use crate::config::{
    leaf::Leaf,
    secret::Secret,
    section::{Section, unique},
    show,
};

/// An HTTP address the model may have called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpTool {
    /// `name`: its name for the model: 1 to 64 of letters, digits, - and _; unique.
    pub name: String,
    /// `description`: when to use it, told to the model.
    pub description: String,
    /// `method`: Default GET.
    pub method: Method,
    /// `url`: the address; `{argument}` in it stands for an argument.
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
        let name = section.require("name", Leaf::name_value);
        let description = section.require("description", Leaf::words);
        let url = section.require("url", Leaf::url);
        let headers = section.optional_section("headers").map(|headers| read_headers(&headers));
        Some(Self {
            method: section.read("method", Leaf::choice).unwrap_or(Method::Get),
            timeout: section.read("timeout_s", |v| v.seconds(1..=60)).unwrap_or(Duration::from_secs(10)),
            parameters: section.read("parameters", schema).unwrap_or_else(no_arguments),
            headers: headers.unwrap_or_default(),
            name: name?,
            description: description?,
            url: url?,
        })
    }
}

fn read_headers(section: &Section<'_>) -> BTreeMap<String, Secret> {
    let mut headers = BTreeMap::new();
    for leaf in section.entries() {
        let name = leaf.name().to_owned();
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            section.error(&name, "is not the name of an HTTP header");
            continue;
        }
        if let Some(value) = section.read(&name, header_value) {
            headers.insert(name, Secret::from(value));
        }
    }
    headers
}

fn header_value(leaf: &Leaf<'_>) -> Result<String, String> {
    let text = leaf.setting()?;
    if text.chars().any(char::is_control) {
        Err("must not hold control characters".to_owned())
    } else {
        Ok(text)
    }
}

fn schema(leaf: &Leaf<'_>) -> Result<serde_json::Value, String> {
    let value = leaf.json()?;
    let is_object = value.get("type").and_then(|kind| kind.as_str()) == Some("object");
    if is_object { Ok(value) } else { Err("must be a JSON schema with type = \"object\"".to_owned()) }
}

fn no_arguments() -> serde_json::Value {
    serde_json::json!({"type": "object", "properties": {}})
}

fn as_text<S: Serializer>(value: &serde_json::Value, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
