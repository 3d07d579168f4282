//! `widget.js`: one file for every page, with the tenant's settings and words put in.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{AppState, Site};
use crate::{
    domain::language::Language,
    http::{ApiError, media},
    llm::media::MediaKind,
    prompts::Text,
};

/// The script; [`SETTINGS`] in it stands for the settings.
const SCRIPT: &str = include_str!("widget.js");

/// What the script has in the place of its settings.
const SETTINGS: &str = "__SETTINGS__";

/// How long a browser may use it without asking: a changed colour or greeting is seen soon.
const CACHE: &str = "public, max-age=300";

/// The words of the chat, each with its name in the script.
const TEXTS: [(&str, Text); 25] = [
    ("open", Text::WebOpen),
    ("close", Text::WebClose),
    ("log", Text::WebLog),
    ("write", Text::WebWrite),
    ("send", Text::WebSend),
    ("attach", Text::WebAttach),
    ("record", Text::WebRecord),
    ("stop", Text::WebStop),
    ("cancel", Text::WebCancel),
    ("person", Text::WebPerson),
    ("bot", Text::WebBot),
    ("waiting", Text::WebWaiting),
    ("human", Text::WebHuman),
    ("offline", Text::WebOffline),
    ("typing", Text::WebTyping),
    ("you", Text::WebYou),
    ("team", Text::WebTeam),
    ("photo", Text::WebPhoto),
    ("voice", Text::WebVoice),
    ("recording", Text::WebRecording),
    ("failed", Text::WebFailed),
    ("retry", Text::WebRetry),
    ("too_long", Text::WebTooLong),
    ("too_many", Text::WebTooMany),
    ("no_microphone", Text::WebNoMicrophone),
];

#[derive(Serialize)]
struct Settings<'a> {
    tenant: &'a str,
    title: &'a str,
    greeting: &'a str,
    color: &'a str,
    language: &'static str,
    /// Whether there is somebody to listen to voice notes.
    voice: bool,
    /// Whether there is somebody to look at pictures.
    pictures: bool,
    texts: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
}

/// `GET /widget/{tenant}/widget.js`.
pub(super) async fn script(
    State(state): State<AppState>,
    site: Site,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let body = with_settings(&state, &site)?;
    let digest = Sha256::digest(&body);
    let hash = digest.iter().take(12).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let tag = format!("\"{hash}\"");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let is_known = known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    let about = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, CACHE),
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Pages of other sites are what it is for.
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    Ok(if is_known {
        (StatusCode::NOT_MODIFIED, about).into_response()
    } else {
        (about, body).into_response()
    })
}

fn with_settings(state: &AppState, site: &Site) -> Result<String, ApiError> {
    let context = &site.tenant.context;
    let facts = media::facts(&site.tenant);
    let words = |language: Language| {
        TEXTS.iter().map(|(name, text)| (*name, context.prompts.text(*text, language, &facts))).collect()
    };
    let settings = Settings {
        tenant: context.id.as_str(),
        title: site.web.title.as_deref().unwrap_or(&context.business.name),
        greeting: site.web.greeting.as_deref().unwrap_or_default(),
        color: &site.web.color,
        language: context.business.language.code(),
        voice: state.media.reads(MediaKind::Voice, &context.account),
        pictures: state.media.reads(MediaKind::Picture, &context.account),
        texts: Language::ALL.into_iter().map(|language| (language.code(), words(language))).collect(),
    };
    let settings = serde_json::to_string(&settings)
        .map_err(|error| ApiError::busy("internal", format!("the settings cannot be written: {error}")))?;
    Ok(SCRIPT.replacen(SETTINGS, &settings, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_one_place_for_its_settings_and_is_small() {
        assert_eq!(SCRIPT.matches(SETTINGS).count(), 1);
        assert!(SCRIPT.len() < 16 * 1024, "{} bytes, and the settings take 4 kB", SCRIPT.len());
        for dangerous in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
        {
            assert!(!SCRIPT.contains(dangerous), "{dangerous}: what customers read is text, never HTML");
        }
        for (name, _) in TEXTS {
            assert!(SCRIPT.contains(&format!("t.{name}")), "t.{name} is used nowhere");
        }
    }
}
