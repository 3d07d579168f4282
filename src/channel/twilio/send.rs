//! Replies by Twilio's REST interface: <https://www.twilio.com/docs/messaging/api/message-resource>.

use reqwest::{Client, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::{MARK, WHATSAPP, errors};
use crate::{
    channel::{SendError, Sent, call, mark, template},
    config::tenant::channels::Twilio,
    domain::message::{Outbound, Remedy},
};

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
    Template(&'a str, String),
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
    let is_open = !from.starts_with(WHATSAPP) || reply.is_window_open(now_ms);
    let callback = callback.and_then(|address| marked(address, reply));
    let message = Message { http, config, from, contact: &reply.contact, callback };
    let sent = if is_open {
        message.send(&Words::Free(&reply.text)).await
    } else {
        message.send(&in_template(config, reply)?).await
    };
    // Twilio's clock decides.
    let sent = match sent {
        Err(Failed { remedy: Some(Remedy::Template), .. }) if is_open => {
            message.send(&in_template(config, reply)?).await
        }
        sent => sent,
    };
    sent.map_err(Failed::into_error)
}

/// The reply in the approved template, if there is one.
fn in_template<'a>(config: &'a Twilio, reply: &Outbound) -> Result<Words<'a>, SendError> {
    let content = config.content_sid.as_deref();
    let content = content.ok_or_else(|| template::missing("channels.twilio.content_sid"))?;
    Ok(Words::Template(content, template::variable(&reply.text)?))
}

/// The address for news of a reply, with its mark.
fn marked(address: &str, reply: &Outbound) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    url.query_pairs_mut().append_pair(MARK, &mark::write(&reply.name()));
    Some(url.into())
}

struct Message<'a> {
    http: &'a Client,
    config: &'a Twilio,
    from: &'a str,
    contact: &'a str,
    callback: Option<String>,
}

/// A message that was not taken.
struct Failed {
    error: SendError,
    remedy: Option<Remedy>,
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
            return Ok(Sent { provider_id: taken.and_then(|taken| taken.sid), moved_to: None });
        }
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        let told = match refusal.code {
            Some(code) => errors::told(code, refusal.message.as_deref()),
            None => refusal.message.unwrap_or_default(),
        };
        let remedy = refusal.code.and_then(errors::remedy);
        let error = match remedy {
            Some(Remedy::Again) => SendError::Temporary { message: told, retry_after: answer.retry_after },
            Some(Remedy::Nothing | Remedy::Template) => SendError::Permanent { message: told },
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
                fields.push(("ContentVariables", json!({"1": text}).to_string()));
            }
        }
        fields.extend(self.callback.as_ref().map(|callback| ("StatusCallback", callback.clone())));
        fields
    }
}
