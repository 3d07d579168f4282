//! `/widget/{tenant}`: a page to try the chat on, and to copy the line that embeds it from.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};
use base64::Engine as _;
use quick_xml::escape::escape;
use sha2::{Digest as _, Sha256};

use super::{AppState, Site};
use crate::{http::media, prompts::Text};

const STYLE: &str = include_str!("demo.css");

/// `GET /widget/{tenant}`.
pub(super) async fn page(State(state): State<AppState>, site: Site, headers: HeaderMap) -> Response {
    let context = &site.tenant.context;
    let language = context.business.language;
    let facts = media::facts(&site.tenant);
    let text = |text: Text| escape(context.prompts.text(text, language, &facts)).into_owned();
    let script = format!("/widget/{}/widget.js", context.id);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let base = state.live.get().server.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
    let line = format!("<script src=\"{base}{script}\" async></script>");
    let html = format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n<style>{STYLE}</style>\n<main>\n\
         <h1>{title}</h1>\n<p>{about}</p>\n<p>{embed}</p>\n<pre tabindex=\"0\"><code>{line}</code></pre>\n</main>\n\
         <script src=\"{script}\" async></script>\n</html>\n",
        language = language.code(),
        title = text(Text::WebDemoTitle),
        about = text(Text::WebDemoAbout),
        embed = text(Text::WebDemoEmbed),
        line = escape(line),
    );
    let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src blob:; style-src 'sha256-{style}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let about = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (about, Html(html)).into_response()
}
