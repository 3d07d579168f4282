//! Where requests go and as whom.

use async_openai::config::Config;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::SecretString;

use crate::config::{llm::LlmKey, secret::Secret};

/// An account at a provider. Unlike async-openai's own it reads no environment.
#[derive(Clone)]
pub(super) struct Account {
    base_url: String,
    api_key: SecretString,
    headers: HeaderMap,
}

impl Account {
    pub(super) fn new(key: &LlmKey) -> Self {
        let secret = key.api_key.as_ref().map(Secret::expose).unwrap_or_default();
        let mut headers = HeaderMap::new();
        // A key that cannot stand in a header is one the provider cannot know: it will say so.
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {secret}"))
            && !secret.is_empty()
        {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Self {
            base_url: key.base_url.trim_end_matches('/').to_owned(),
            api_key: secret.to_owned().into(),
            headers,
        }
    }

    /// The address of a route.
    pub(super) fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The headers that say who asks.
    pub(super) fn secret_headers(&self) -> HeaderMap {
        self.headers.clone()
    }
}

impl Config for Account {
    fn headers(&self) -> HeaderMap {
        self.secret_headers()
    }

    fn url(&self, path: &str) -> String {
        self.url_of(path)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base_url
    }

    fn api_key(&self) -> &SecretString {
        &self.api_key
    }
}
