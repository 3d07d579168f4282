//! What Twilio posts for messages: <https://www.twilio.com/docs/messaging/guides/webhook-request>.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{OriginalUri, State},
    http::{HeaderMap, Uri, header::CONTENT_TYPE, uri::PathAndQuery},
    response::{IntoResponse, Response},
};

use super::{header, not_set_up, refused};
use crate::{
    channel::twilio::{self, Form},
    domain::{conversation::ChannelKind, message::DeliveryNews},
    http::{ApiError, AppState, select::OpenTenant},
    tenants::TenantUse,
};

/// The header with Twilio's signature.
pub(super) const SIGNATURE: &str = "x-twilio-signature";

/// An answer that says nothing: the reply goes out by itself.
const EMPTY: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#;

/// How often it is looked for the reply that news are about: they may be faster than the answer that named the reply.
const NEWS_LOOKS: u32 = 4;

/// The pause before it is looked again.
const LOOK_AGAIN: Duration = Duration::from_millis(400);

/// `POST /webhooks/twilio/{tenant}` and `…/status`: a message, or news of a reply.
pub(super) async fn message(
    State(state): State<AppState>,
    OpenTenant(tenant): OpenTenant,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let config = tenant.config.channels.twilio.as_ref().ok_or_else(|| not_set_up(ChannelKind::Twilio))?;
    let form = Form::parse(&body);
    twilio::verify(config, &addresses(&state, &headers, &uri), &form, header(&headers, SIGNATURE))
        .map_err(refused)?;
    let query = uri.query().unwrap_or_default();
    let received = twilio::receive(&form, query).map_err(refused)?;
    if received.news.is_empty() {
        super::take(&state, &tenant, ChannelKind::Twilio, received).await?;
    } else {
        note(&state, &tenant, received.news).await?;
    }
    Ok(twiml(EMPTY.to_owned()))
}

async fn note(state: &AppState, tenant: &TenantUse, news: Vec<DeliveryNews>) -> Result<(), ApiError> {
    for look in 1..=NEWS_LOOKS {
        let known = super::note(state, tenant, ChannelKind::Twilio, news.clone()).await?;
        if known == news.len() || look == NEWS_LOOKS {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// The addresses that Twilio may have called and signed: the public one, and the one that the request names. Nobody can
/// sign either without the token, so that the request may be asked.
pub(super) fn addresses(state: &AppState, headers: &HeaderMap, uri: &Uri) -> Vec<String> {
    let public_url = state.live.get().server.public_url.clone();
    let host = header(headers, "host").map(str::to_owned);
    let forwarded = header(headers, "x-forwarded-host").map(str::to_owned);
    let hosts = [forwarded, host].into_iter().flatten();
    let named = hosts.flat_map(|host| [format!("https://{host}"), format!("http://{host}")]);
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    public_url.into_iter().chain(named).map(|base| format!("{base}{path}")).collect()
}

/// A document of TwiML as an answer.
pub(super) fn twiml(document: String) -> Response {
    ([(CONTENT_TYPE, "text/xml; charset=utf-8")], document).into_response()
}
