//! The chat on the business's own site: the script that a page embeds, the page to try it, the socket and the uploads.
//!
//! It is open to everybody who may see the site, so nothing here needs a token of the API, and everything is bounded.

mod demo;
mod script;
mod socket;
mod upload;

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    routing::{get, post},
};

use super::{ApiError, AppState, client_address::client_address, select::SelectedTenant};
use crate::{channel::web::limits::Network, config::tenant::channels::Web, tenants::TenantUse};

/// The routes under a tenant's `/widget/{tenant}`.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(demo::page))
        .route("/widget.js", get(script::script))
        .route("/ws", get(socket::open))
        .route("/media", post(upload::media).layer(DefaultBodyLimit::disable()))
}

/// The chat of a tenant, and where the request for it comes from.
struct Site {
    tenant: TenantUse,
    web: Web,
    /// The site whose page asks, as its browser says.
    origin: Option<String>,
    /// The address that asks, as far as it is counted.
    network: Network,
}

impl Site {
    /// Whether a page of the asking site may use the chat: it is on the list, or this daemon's own.
    ///
    /// # Errors
    /// 403.
    fn check_origin(&self, state: &AppState, headers: &HeaderMap) -> Result<(), ApiError> {
        let config = state.live.get();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let public_url = config.server.public_url.as_deref();
        if may_embed(&self.web.origins, self.origin.as_deref(), host, public_url) {
            return Ok(());
        }
        let origin = self.origin.as_deref().unwrap_or("a program without a site");
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "origin_refused",
            format!("{origin} may not use this chat; add it to `channels.web.origins` of the tenant"),
        ))
    }
}

/// Whether pages of `origin` may use the chat. Without a list everybody may.
fn may_embed(allowed: &[String], origin: Option<&str>, host: Option<&str>, public_url: Option<&str>) -> bool {
    let Some(origin) = origin else { return allowed.is_empty() };
    let own = |url: &Uri| url.authority().map(axum::http::uri::Authority::as_str) == host;
    allowed.is_empty()
        || allowed.iter().any(|allowed| allowed == origin)
        || (host.is_some() && origin.parse().is_ok_and(|url| own(&url)))
        || public_url
            .and_then(|url| url::Url::parse(url).ok())
            .is_some_and(|url| url.origin().ascii_serialization() == origin)
}

impl FromRequestParts<AppState> for Site {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let SelectedTenant(id) = SelectedTenant::from_request_parts(parts, state).await?;
        let tenant = state.tenants.look(&id).await?;
        let Some(web) = tenant.context.channels.web.clone() else {
            return Err(ApiError::not_found(
                "widget_off",
                "this tenant has no chat: `[channels.web]` is off",
            ));
        };
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let Some(peer) = peer else { return Err(ApiError::busy("internal", "the caller has no address")) };
        let network =
            Network::of(client_address(peer, &parts.headers, &state.live.get().server.trusted_proxies));
        let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        Ok(Self { tenant, web, origin: origin.map(str::to_owned), network })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sites_on_the_list_and_our_own_may_embed_the_chat() {
        let list = ["https://acme.example".to_owned()];
        let check =
            |origin: Option<&str>, host: Option<&str>, url: Option<&str>| may_embed(&list, origin, host, url);
        assert!(check(Some("https://acme.example"), None, None));
        assert!(check(Some("http://127.0.0.1:8080"), Some("127.0.0.1:8080"), None), "the page to try it");
        assert!(check(Some("https://bot.example"), Some("internal:80"), Some("https://bot.example/x")));
        for origin in
            ["https://acme.example.evil.example", "http://acme.example", "null", "https://bot.example"]
        {
            assert!(!check(Some(origin), Some("127.0.0.1:8080"), None), "{origin}");
        }
        assert!(!check(None, Some("127.0.0.1:8080"), None), "a program");
        assert!(may_embed(&[], None, None, None) && may_embed(&[], Some("https://any.example"), None, None));
    }
}
