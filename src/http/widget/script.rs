//! `widget.js`: one file for every page, with the tenant's settings and words put in.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
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
    /// Black or white, whichever is easier to read on the colour.
    ink: &'static str,
    language: &'static str,
    /// The languages that there are words in.
    languages: [&'static str; 3],
    /// Whether there is somebody to listen to voice notes.
    voice: bool,
    /// Whether there is somebody to look at pictures.
    pictures: bool,
    texts: BTreeMap<&'static str, String>,
}

/// Whose words are wanted.
#[derive(Debug, Deserialize)]
pub(super) struct LanguageQuery {
    language: Option<String>,
}

/// `GET /widget/{tenant}/widget.js`, in the tenant's language or with `?language=`.
pub(super) async fn script(
    State(state): State<AppState>,
    Query(query): Query<LanguageQuery>,
    site: Site,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let language = query.language.as_deref().and_then(Language::from_code);
    let body = with_settings(&state, &site, language.unwrap_or(site.tenant.context.business.language))?;
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

fn with_settings(state: &AppState, site: &Site, language: Language) -> Result<String, ApiError> {
    let context = &site.tenant.context;
    let facts = media::facts(&site.tenant);
    let texts = TEXTS.iter().map(|(name, text)| (*name, context.prompts.text(*text, language, &facts)));
    let settings = Settings {
        tenant: context.id.as_str(),
        title: site.web.title.as_deref().unwrap_or(&context.business.name),
        greeting: site.web.greeting.as_deref().unwrap_or_default(),
        color: &site.web.color,
        ink: ink_on(&site.web.color),
        language: language.code(),
        languages: Language::ALL.map(Language::code),
        voice: state.media.reads(MediaKind::Voice, &context.account),
        pictures: state.media.reads(MediaKind::Picture, &context.account),
        texts: texts.collect(),
    };
    let settings = serde_json::to_string(&settings)
        .map_err(|error| ApiError::busy("internal", format!("the settings cannot be written: {error}")))?;
    Ok(squeezed().replacen(SETTINGS, &settings, 1))
}

/// The script without its comments and indentation, which no browser needs.
fn squeezed() -> &'static str {
    static SQUEEZED: LazyLock<String> = LazyLock::new(|| {
        let lines = SCRIPT.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
        lines.fold(String::with_capacity(SCRIPT.len()), |text, line| text + line + "\n")
    });
    &SQUEEZED
}

/// Black or white, whichever is easier to read on a colour such as `#1f6feb`: the one with the higher contrast
/// (<https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio>).
fn ink_on(color: &str) -> &'static str {
    let channel = |at: usize| {
        let value =
            color.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or_default();
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
    if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) { "#000" } else { "#fff" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_can_be_read_on_every_colour() {
        for (color, ink) in [
            ("#1f6feb", "#fff"),
            ("#000000", "#fff"),
            ("#ffffff", "#000"),
            ("#ffd400", "#000"),
            ("#b3261e", "#fff"),
        ] {
            assert_eq!(ink_on(color), ink, "{color}");
        }
    }

    #[test]
    fn the_script_has_one_place_for_its_settings_and_is_small() {
        assert_eq!(SCRIPT.matches(SETTINGS).count(), 1);
        assert!(squeezed().len() < 18_700, "{} bytes, and the settings take 1.3 kB", squeezed().len());
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
