//! `POST /widget/{tenant}/media`: a voice note or a picture of a visitor, which becomes a message of theirs.
//!
//! The form has the `visitor`, an `id` of the message, the `file` and perhaps a `question` and a `language`; the file comes
//! last. A repetition of the id is answered as the first was, and nothing is read twice. A file that cannot be read is a
//! message too, which is answered in the conversation with what is wrong.

use axum::{
    Json,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{ApiError, AppState, Site};
use crate::{
    channel::{
        Received,
        web::visitor::{VisitorToken, message_id},
    },
    domain::{
        contact::Identity,
        conversation::ChannelKind,
        message::{Attachment, AttachmentKind, Inbound},
    },
    http::{media, webhooks},
    llm::media::MediaKind,
    prompts::Text,
};

/// What is still read of a file that is refused.
const DRAINED_BYTES: usize = 256 * 1024;

/// What is posted.
#[derive(Debug, Deserialize)]
pub(super) struct KindQuery {
    kind: String,
}

/// A file that is a message now.
#[derive(Debug, Serialize)]
struct Taken {
    id: String,
}

/// `POST /widget/{tenant}/media?kind=voice|picture`.
pub(super) async fn media(
    State(state): State<AppState>,
    Query(KindQuery { kind }): Query<KindQuery>,
    site: Site,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    if let Err(refused) = may_upload(&state, &site, &headers) {
        // A browser that is answered before it has sent a small file takes the answer for a broken connection.
        drop(axum::body::to_bytes(request.into_body(), DRAINED_BYTES).await);
        return Err(refused);
    }
    let origin = site.origin.as_deref().and_then(|origin| HeaderValue::from_str(origin).ok());
    let taken = take(&state, &site, &kind, request).await;
    let mut response = taken.map(Json).into_response();
    if let Some(origin) = origin {
        // The page that may send it may read the answer.
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("origin"));
    }
    Ok(response)
}

fn may_upload(state: &AppState, site: &Site, headers: &HeaderMap) -> Result<(), ApiError> {
    site.check_origin(state, headers)?;
    if state.stopping.is_cancelled() {
        return Err(ApiError::busy("shutting_down", "the daemon is stopping; try again in a moment"));
    }
    if !state.web.admissions.may_upload(site.network) {
        let message = "too many files in a short time; try again in a minute";
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message));
    }
    Ok(())
}

async fn take(state: &AppState, site: &Site, kind: &str, request: Request) -> Result<Taken, ApiError> {
    let kind = match kind {
        "voice" => MediaKind::Voice,
        "picture" => MediaKind::Picture,
        _ => return Err(ApiError::field("kind", "`kind` must be voice or picture")),
    };
    let tenant = &site.tenant;
    let _place = state.media.place().await;
    let form = media::read(state, tenant, kind, request).await?;
    let Some(visitor) = VisitorToken::parse(form.other("visitor")) else {
        return Err(ApiError::field("visitor", "`visitor` must be the token of a visitor"));
    };
    let contact = visitor.contact(tenant.id());
    if !state.web.is_here(tenant.id(), &contact) {
        let message = "the chat is not connected; try again when it is";
        return Err(ApiError::new(StatusCode::CONFLICT, "not_connected", message));
    }
    let id = form.other("id").to_owned();
    let message_id = message_id(&contact, &id)
        .ok_or_else(|| ApiError::field("id", "`id` must be 1 to 64 letters, digits, - or _"))?;
    if tenant.db().find_accepted(ChannelKind::Web, &message_id).await?.is_some() {
        return Ok(Taken { id });
    }
    let (question, language) = (form.question.clone(), form.language);
    let (text, attachments) = match (media::words(state, tenant, kind, form).await, kind) {
        (Ok(read), MediaKind::Voice) => (read.text, Vec::new()),
        (Ok(read), MediaKind::Picture) => {
            let context = &tenant.context;
            let language = language.unwrap_or(context.business.language);
            let label = context.prompts.text(Text::PictureShows, language, &media::facts(tenant));
            (format!("{question}\n[{label} {}]", read.text.trim()).trim_start().to_owned(), Vec::new())
        }
        (Err(error), _) => {
            tracing::warn!(tenant = %tenant.id(), %error, "a visitor's file cannot be read");
            (question, vec![unread(kind, media::sentence(tenant, &error, language))])
        }
    };
    let message = Inbound {
        channel: ChannelKind::Web,
        message_id,
        contact: contact.clone(),
        contact_name: None,
        text,
        attachments,
        route: None,
        source: None,
        identity: Identity::default(),
        quiet_ms: 0,
    };
    let received = Received { messages: vec![message], ..Received::default() };
    webhooks::take(state, tenant, ChannelKind::Web, received).await?;
    state.web.ring(tenant.id(), &contact);
    Ok(Taken { id })
}

/// A file that is not kept, and what its visitor is told of it.
fn unread(kind: MediaKind, told: String) -> Attachment {
    let kind = match kind {
        MediaKind::Voice => AttachmentKind::Voice,
        MediaKind::Picture => AttachmentKind::Picture,
    };
    Attachment { kind, unread: Some(told), ..Attachment::unknown() }
}
