//! Who may use the API.
//!
//! With `IASS_ADMIN_TOKEN` in the environment every request under `/api` must carry it. Without one the daemon only
//! listens on the machine itself; but a web page open in a browser on that machine can send requests there too, so
//! the `Host` and `Origin` of such requests must be the machine's own.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{ApiError, AppState};
use crate::config::secret::Secret;

/// Lets only those requests through that may use the API.
pub(super) async fn require(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let token = state.live.get().admin_token.clone();
    match check(token.as_ref(), request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Whether a request may use the API.
///
/// # Errors
/// 401 without the right token; 403 for a request that a foreign web page could have made.
pub(super) fn check(token: Option<&Secret>, headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    let Some(token) = token else { return check_local(headers, uri) };
    let given = bearer(headers).or_else(|| headers.get("x-api-key")?.to_str().ok());
    if given.is_some_and(|given| same(given, token.expose())) {
        Ok(())
    } else {
        Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "send the token as `Authorization: Bearer …` or `X-API-Key: …`",
        ))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares without telling by the time it takes how much was right.
pub(super) fn same(given: &str, token: &str) -> bool {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(token).as_slice()).into()
}

/// A page of another site reaches this address either under its own name ("DNS rebinding"), or with its own origin.
fn check_local(headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).or_else(|| uri.authority().map(Authority::as_str));
    let origin = text(header::ORIGIN).map(|origin| origin.split_once("://").map_or("", |(_, host)| host));
    if !host.is_some_and(is_loopback) || !origin.is_none_or(is_loopback) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "not_local",
            "without a token only this machine may use the API, under the name localhost or its own address; set \
             IASS_ADMIN_TOKEN to use it from elsewhere",
        ));
    }
    Ok(())
}

/// Whether `host`, with or without a port, can only be this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _port)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn outcome(token: Option<&str>, headers: &[(&'static str, &str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        let token = token.map(|token| Secret::from(token.to_owned()));
        check(token.as_ref(), &headers, &Uri::from_static("/api/v1/tenants")).is_ok()
    }

    #[test]
    fn a_token_must_be_the_right_one_wherever_the_request_comes_from() {
        let host = ("host", "localhost:8080");
        assert!(outcome(Some("s3"), &[("host", "bot.example"), ("authorization", "Bearer s3")]));
        assert!(outcome(Some("s3"), &[("x-api-key", "s3")]));
        assert!(outcome(Some("s3"), &[("authorization", "bearer s3")]));
        for wrong in ["Bearer s", "Bearer s33", "Bearer", "Basic s3", "s3", ""] {
            assert!(!outcome(Some("s3"), &[host, ("authorization", wrong)]), "{wrong:?}");
        }
        assert!(!outcome(Some("s3"), &[host]));
    }

    #[test]
    fn without_a_token_no_foreign_page_gets_through() {
        for good in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:8080", "[::1]"] {
            assert!(outcome(None, &[("host", good)]), "{good}");
        }
        for bad in ["evil.example", "evil.example:8080", "localhost.evil.example", "10.0.0.1", "0.0.0.0", ""]
        {
            assert!(!outcome(None, &[("host", bad)]), "{bad}");
        }
        assert!(outcome(None, &[("host", "localhost"), ("origin", "http://localhost:3000")]));
        assert!(!outcome(None, &[("host", "localhost"), ("origin", "http://evil.example")]));
        assert!(!outcome(None, &[("host", "localhost"), ("origin", "null")]));
    }
}
