//! Replies by Twilio's REST interface: <https://www.twilio.com/docs/messaging/api/message-resource>.

use std::time::Duration;

use reqwest::{Client, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::{WHATSAPP, errors};
use crate::{
    channel::{SendError, Sent, call},
    config::tenant::channels::Twilio,
    domain::message::Outbound,
};

/// For how long after a customer's message WhatsApp takes free words
/// (<https://www.twilio.com/docs/whatsapp/key-concepts#the-customer-service-window>).
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest value of a variable in a template, in characters: a template has 1024 with its own words.
const MAX_VARIABLE_CHARS: usize = 900;

/// A message that Twilio took.
#[derive(Debug, Deserialize)]
struct Taken {
    sid: Option<String>,
}

/// Why Twilio did not take one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: Option<u32>,
    message: Option<String>,
}

/// What a message says.
enum Words<'a> {
    /// The reply as it is.
    Free(&'a str),
    /// The reply as the only variable of a template.
    Template(&'a str, &'a str),
}

/// Sends a reply. News of it are posted to `callback`.
pub(in crate::channel) async fn send(
    http: &Client,
    config: &Twilio,
    reply: &Outbound,
    callback: Option<&str>,
    now_ms: i64,
) -> Result<Sent, SendError> {
    let from = reply.route.as_deref().unwrap_or(&config.from);
    let template = config.content_sid.as_deref().map(|content| Words::Template(content, &reply.text));
    let is_closed = from.starts_with(WHATSAPP) && !is_window_open(reply.last_heard_ms, now_ms);
    let message = Message { http, config, from, contact: &reply.contact, callback };
    if is_closed {
        let Some(template) = template else {
            return Err(SendError::Permanent { message: errors::told(63016, None) });
        };
        return message.send(&template).await.map_err(Failed::into_error);
    }
    match (message.send(&Words::Free(&reply.text)).await, template) {
        // Twilio's clock decides.
        (Err(Failed { remedy: Some(errors::Remedy::Template), .. }), Some(template)) => {
            message.send(&template).await.map_err(Failed::into_error)
        }
        (sent, _) => sent.map_err(Failed::into_error),
    }
}

fn is_window_open(last_heard_ms: Option<i64>, now_ms: i64) -> bool {
    let window_ms = i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX);
    last_heard_ms.is_none_or(|heard_ms| now_ms.saturating_sub(heard_ms) < window_ms)
}

struct Message<'a> {
    http: &'a Client,
    config: &'a Twilio,
    from: &'a str,
    contact: &'a str,
    callback: Option<&'a str>,
}

/// A message that was not taken.
struct Failed {
    error: SendError,
    remedy: Option<errors::Remedy>,
}

impl Failed {
    fn into_error(self) -> SendError {
        self.error
    }
}

impl Message<'_> {
    async fn send(&self, words: &Words<'_>) -> Result<Sent, Failed> {
        let Self { config, .. } = self;
        let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", config.api_base, config.account_sid);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(self.fields(words)).finish();
        let request = self
            .http
            .post(url)
            .basic_auth(&config.account_sid, Some(config.auth_token.expose()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let answer = call::call(request).await.map_err(|error| Failed { error, remedy: None })?;
        if answer.status.is_success() {
            let taken: Option<Taken> = serde_json::from_slice(&answer.body).ok();
            return Ok(Sent { provider_id: taken.and_then(|taken| taken.sid) });
        }
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        let told = match refusal.code {
            Some(code) => errors::told(code, refusal.message.as_deref()),
            None => refusal.message.unwrap_or_default(),
        };
        let remedy = refusal.code.and_then(errors::remedy);
        let error = match remedy {
            Some(errors::Remedy::Retry) => {
                SendError::Temporary { message: told, retry_after: answer.retry_after }
            }
            Some(errors::Remedy::Never | errors::Remedy::Template) => SendError::Permanent { message: told },
            None => answer.refusal(&told),
        };
        Err(Failed { error, remedy })
    }

    fn fields(&self, words: &Words<'_>) -> Vec<(&'static str, String)> {
        let on_whatsapp = self.from.starts_with(WHATSAPP);
        let to = if on_whatsapp { format!("{WHATSAPP}{}", self.contact) } else { self.contact.to_owned() };
        // A messaging service chooses the number itself.
        let from = if self.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
        let mut fields = vec![("To", to), (from, self.from.to_owned())];
        match words {
            Words::Free(text) => fields.push(("Body", (*text).to_owned())),
            Words::Template(content, text) => {
                fields.push(("ContentSid", (*content).to_owned()));
                fields.push(("ContentVariables", json!({"1": on_one_line(text)}).to_string()));
            }
        }
        fields.extend(self.callback.map(|callback| ("StatusCallback", callback.to_owned())));
        fields
    }
}

/// The words as a variable may have them: without line breaks, and not longer than a template has room.
fn on_one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_VARIABLE_CHARS {
        return line;
    }
    line.chars().take(MAX_VARIABLE_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_words_are_taken_for_a_day_after_the_customers_last() {
        let day_ms = 24 * 60 * 60 * 1000;
        assert!(is_window_open(None, day_ms) && is_window_open(Some(1), day_ms));
        assert!(!is_window_open(Some(0), day_ms));
    }

    #[test]
    fn a_variable_is_one_line_that_fits() {
        assert_eq!(on_one_line("Hola\n\n*Ana*   bien"), "Hola *Ana* bien");
        assert_eq!(on_one_line(&"ñ".repeat(2000)).chars().count(), MAX_VARIABLE_CHARS);
    }
}
