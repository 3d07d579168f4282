//! How the model keys are: as Prometheus text, and as JSON.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};

use super::{ApiError, AppState, auth};
use crate::{config::daemon::Server, llm::pool::status::PoolStatus};

/// The format of the Prometheus text.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Headers of requests that came through a proxy.
const FORWARDED: &[&str] = &["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// `GET /api/v1/pool`.
pub(super) async fn status(State(state): State<AppState>) -> Json<PoolStatus> {
    Json(state.pool.status())
}

/// `GET /metrics`: Prometheus text, or with `Accept: application/json` the same as `/api/v1/pool`. A scraper on this
/// machine needs no token.
pub(super) async fn metrics(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let config = state.live.get();
    if !is_scraper_here(peer, &headers, &uri, &config.server) {
        auth::check(config.admin_token.as_ref(), &headers, &uri)?;
    }
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("application/json") {
        return Ok(Json(state.pool.status()).into_response());
    }
    Ok(([(header::CONTENT_TYPE, PROMETHEUS)], state.pool.metrics()).into_response())
}

/// Whether a request comes from this machine itself. A proxy on this machine passes requests on from anywhere, and does
/// not always say so: where one is to be expected, nobody is taken for local.
fn is_scraper_here(peer: SocketAddr, headers: &HeaderMap, uri: &Uri, server: &Server) -> bool {
    peer.ip().to_canonical().is_loopback()
        && auth::check(None, headers, uri).is_ok()
        && !FORWARDED.iter().any(|name| headers.contains_key(*name))
        && server.public_url.is_none()
        && server.trusted_proxies.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigSource, env::Env};

    fn is_local(server: &str, peer: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let source = ConfigSource::new(Some("x".into()), Env::default());
        let config = Config::parse(&format!("[server]\n{server}\n"), &source).unwrap();
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let uri = Uri::from_static("/metrics");
        is_scraper_here(peer.parse().unwrap(), &headers.collect(), &uri, &config.server)
    }

    #[test]
    fn only_a_scraper_on_this_machine_needs_no_token() {
        let host = ("host", "localhost:8080");
        assert!(is_local("", "127.0.0.1:9", &[host]));
        assert!(is_local("", "[::1]:9", &[host]));
        assert!(!is_local("", "10.0.0.1:9", &[host]));
        assert!(!is_local("", "127.0.0.1:9", &[("host", "bot.example")]));
        assert!(!is_local("", "127.0.0.1:9", &[host, ("x-forwarded-for", "8.8.8.8")]));
        assert!(!is_local("public_url = \"https://bot.example\"", "127.0.0.1:9", &[host]));
        assert!(!is_local("trusted_proxies = [\"127.0.0.1\"]", "127.0.0.1:9", &[host]));
    }
}
