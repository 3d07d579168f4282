//! A tool that is an HTTP address: asked with the arguments of the model and the secrets of the owner.

use std::time::Duration;

use encoding_rs::Encoding;
use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{
    RemoteError, address,
    answer::{self, MAX_BYTES},
    template,
};
use crate::config::tenant::tools::{HttpTool, Method};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The client of all remote tools: it asks no address that a tool must not ask, and follows no redirect to another
/// host. It knows no proxy, which would look names up by itself.
///
/// # Errors
/// When it cannot be set up.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    crate::tls::install_provider();
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::custom(address::redirect))
        .dns_resolver(std::sync::Arc::new(address::Resolver))
        .no_proxy()
        .referer(false)
        .user_agent(concat!("iass/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Calls a tool.
///
/// # Errors
/// [`RemoteError`]: a short sentence without secrets.
pub(super) async fn call(
    client: &Client,
    tool: &HttpTool,
    arguments: &Map<String, Value>,
    idempotency_key: &str,
    deadline: Instant,
) -> Result<String, RemoteError> {
    let until = deadline.min(Instant::now() + tool.timeout);
    let called = tokio::time::timeout_at(until, ask(client, tool, arguments, idempotency_key)).await;
    let mask = |text: String| answer::without(text, tool.headers.values());
    match called {
        Ok(Ok(text)) => Ok(mask(text)),
        Ok(Err(RemoteError::Failed(message))) => Err(RemoteError::Failed(mask(message))),
        Ok(Err(other)) => Err(other),
        Err(_late) => Err(RemoteError::TimedOut),
    }
}

async fn ask(
    client: &Client,
    tool: &HttpTool,
    arguments: &Map<String, Value>,
    idempotency_key: &str,
) -> Result<String, RemoteError> {
    let template::Filled { mut url, used } = template::fill(&tool.url, arguments)?;
    address::check(&url).map_err(RemoteError::Failed)?;
    let others = arguments.iter().filter(|(name, _)| !used.contains(*name));
    let has_body = matches!(tool.method, Method::Post | Method::Put | Method::Patch);
    let request = if has_body {
        let body: Map<String, Value> = others.map(|(name, value)| (name.clone(), value.clone())).collect();
        let request = client.request(method(tool.method), url).json(&body);
        request.header("idempotency-key", idempotency_key)
    } else {
        template::add_query(
            &mut url,
            others.filter_map(|(name, value)| Some((name.clone(), template::text(value)?))),
        );
        client.request(method(tool.method), url)
    };
    let response = request.headers(headers(tool)?).send().await.map_err(|error| failed(&error))?;
    read(response).await
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

fn headers(tool: &HttpTool) -> Result<HeaderMap, RemoteError> {
    let wrong = || RemoteError::Failed("a header of the tool is wrong".to_owned());
    let mut headers = HeaderMap::new();
    for (name, value) in &tool.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// What an answer says, up to a bound.
async fn read(mut response: Response) -> Result<String, RemoteError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(RemoteError::Failed(
            "the service sends to another address, which is not followed".to_owned(),
        ));
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    if !is_text(&kind) {
        return Err(match status.is_success() {
            true => RemoteError::Failed("the service answers with something that is no text".to_owned()),
            false => refused(status, ""),
        });
    }
    let mut bytes = Vec::new();
    let mut goes_on = false;
    while let Some(part) = response.chunk().await.map_err(|error| failed(&error))? {
        bytes.extend_from_slice(&part);
        if bytes.len() > MAX_BYTES {
            goes_on = true;
            break;
        }
    }
    let text = decoded(&bytes, &kind);
    if !status.is_success() {
        return Err(refused(status, &text));
    }
    if text.trim().is_empty() {
        return Ok(format!("done (status {})", status.as_u16()));
    }
    Ok(answer::bounded(text, goes_on))
}

/// Whether a media type is text or JSON. One that does not say what it is counts as text.
fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.is_empty() || kind.starts_with("text/") || kind == "application/json" || kind.ends_with("+json")
}

fn decoded(bytes: &[u8], kind: &str) -> String {
    let charset = kind.split(';').skip(1).find_map(|part| part.trim().strip_prefix("charset="));
    let encoding = charset.and_then(|name| Encoding::for_label(name.trim_matches('"').as_bytes()));
    match encoding {
        Some(encoding) => encoding.decode(bytes).0.into_owned(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn refused(status: StatusCode, text: &str) -> RemoteError {
    let code = status.as_u16();
    let told = match answer::first_words(text) {
        words if words.is_empty() => format!("the service answered with status {code}"),
        words => format!("the service answered with status {code}: {words}"),
    };
    RemoteError::Failed(told)
}

/// A failure on the way, without the address: it may hold a key.
fn failed(error: &reqwest::Error) -> RemoteError {
    if error.is_timeout() {
        RemoteError::TimedOut
    } else if error.is_connect() {
        RemoteError::Failed("the service cannot be reached".to_owned())
    } else {
        RemoteError::Failed("the service broke the connection off".to_owned())
    }
}
