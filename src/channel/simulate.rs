//! Requests as the providers would post them, signed, to try a daemon without a provider.
//!
//! What a request of a provider looks like is here once more, on purpose not shared with what reads it: otherwise a mistake
//! in one would be hidden by the same mistake in the other.

use serde_json::{Value, json};
use url::form_urlencoded;

use super::{chatwoot, meta, twilio};
use crate::{
    clock::{Clock, Ids},
    config::{
        secret::Secret,
        tenant::channels::{Channels, TelegramMode},
    },
    domain::{conversation::ChannelKind, tenant::TenantId},
};

/// What is to be simulated.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The tenant that gets it.
    pub tenant: &'a TenantId,
    /// Where the channel is configured.
    pub channels: &'a Channels,
    /// How the daemon is reached from outside, when it is; a signature may cover it.
    pub public_url: Option<&'a str>,
    /// The address that is posted to, which is signed otherwise.
    pub daemon_url: &'a str,
    /// Who writes; none for somebody invented.
    pub contact: Option<&'a str>,
}

/// What is posted.
#[derive(Debug, Clone)]
pub enum Content {
    /// A message with these words.
    Text(String),
    /// A body as the provider would post it; for a provider that posts forms its fields as an object.
    Body(Value),
}

/// A request that is ready to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The path at the daemon.
    pub path: String,
    /// The headers; they may show a secret of the tenant.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a request cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimulateError {
    /// The tenant does not have the channel.
    #[error("the tenant has no [channels.{0}]")]
    Off(ChannelKind),
    /// Nothing posts to this channel.
    #[error("no webhook belongs to the channel {0}; choose meta, twilio, telegram, chatwoot or voice")]
    NoWebhook(ChannelKind),
    /// The bot asks for its messages.
    #[error(
        "the bot asks Telegram for its messages; set channels.telegram.mode = \"webhook\" to have them posted"
    )]
    Polls,
    /// What is to be posted is not what the provider posts.
    #[error("{0}")]
    Body(String),
}

/// Puts a request together.
///
/// # Errors
/// [`SimulateError`].
pub fn simulate(
    kind: ChannelKind,
    order: &Order<'_>,
    content: &Content,
    clock: &Clock,
    ids: &Ids,
) -> Result<Simulated, SimulateError> {
    match kind {
        ChannelKind::Meta => of_meta(order, content, clock, ids),
        ChannelKind::Twilio => of_twilio(order, content, ids),
        ChannelKind::Voice => of_voice(order, content, ids),
        ChannelKind::Telegram => of_telegram(order, content, clock),
        ChannelKind::Chatwoot => of_chatwoot(order, content, clock, ids),
        other => Err(SimulateError::NoWebhook(other)),
    }
}

fn of_meta(
    order: &Order<'_>,
    content: &Content,
    clock: &Clock,
    ids: &Ids,
) -> Result<Simulated, SimulateError> {
    let config = order.channels.meta.as_ref().ok_or(SimulateError::Off(ChannelKind::Meta))?;
    let contact = order.contact.unwrap_or("573000000000").trim_start_matches('+');
    let body = match content {
        Content::Body(body) => body.clone(),
        Content::Text(text) => {
            let metadata =
                json!({"phone_number_id": config.phone_number_id, "display_phone_number": "573000000001"});
            let message = json!({"from": contact, "id": format!("wamid.{}", ids.next("simulated")), "type": "text",
                "timestamp": clock.now().as_second().to_string(), "text": {"body": text}});
            let contacts =
                json!([{"profile": {"name": "Simulated"}, "wa_id": contact, "user_id": "CO.1000000"}]);
            let value = json!({"messaging_product": "whatsapp", "metadata": metadata, "contacts": contacts,
                "messages": [message]});
            json!({"object": "whatsapp_business_account",
                "entry": [{"id": "0", "changes": [{"field": "messages", "value": value}]}]})
        }
    };
    let body = body.to_string().into_bytes();
    let headers = vec![
        (CONTENT_TYPE_NAME, "application/json".to_owned()),
        (meta::SIGNATURE_HEADER, meta::sign(&config.app_secret, &body)),
    ];
    Ok(Simulated { path: format!("/webhooks/meta/{}", order.tenant), headers, body })
}

fn of_twilio(order: &Order<'_>, content: &Content, ids: &Ids) -> Result<Simulated, SimulateError> {
    let config = order.channels.twilio.as_ref().ok_or(SimulateError::Off(ChannelKind::Twilio))?;
    let contact = order.contact.unwrap_or("+573000000000");
    let fields = match content {
        Content::Body(body) => fields_of(body)?,
        Content::Text(text) => {
            let on_whatsapp = config.from.starts_with("whatsapp:");
            let from = if on_whatsapp { format!("whatsapp:{contact}") } else { contact.to_owned() };
            let id = format!("SM{}", ids.next("simulated"));
            let fields = [
                ("MessageSid", id.as_str()),
                ("AccountSid", &config.account_sid),
                ("From", &from),
                ("To", &config.from),
                ("ProfileName", "Simulated"),
                ("Body", text),
                ("NumMedia", "0"),
            ];
            fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
        }
    };
    Ok(posted_form(order, &config.auth_token, format!("/webhooks/twilio/{}", order.tenant), &fields))
}

/// What a caller says, in a call of its own.
fn of_voice(order: &Order<'_>, content: &Content, ids: &Ids) -> Result<Simulated, SimulateError> {
    let config = order.channels.voice.as_ref().ok_or(SimulateError::Off(ChannelKind::Voice))?;
    let contact = order.contact.unwrap_or("+573000000000");
    let fields = match content {
        Content::Body(body) => fields_of(body)?,
        Content::Text(text) => {
            let id = format!("CA{}", ids.next("simulated"));
            let fields = [
                ("CallSid", id.as_str()),
                ("From", contact),
                ("To", "+573000000001"),
                ("Direction", "inbound"),
                ("CallStatus", "in-progress"),
                ("SpeechResult", text),
                ("Confidence", "0.9"),
            ];
            fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
        }
    };
    Ok(posted_form(order, &config.auth_token, format!("/webhooks/voice/{}", order.tenant), &fields))
}

fn fields_of(body: &Value) -> Result<Vec<(String, String)>, SimulateError> {
    let Value::Object(fields) = body else {
        let problem = "Twilio posts a form: the file must hold an object with its fields";
        return Err(SimulateError::Body(problem.to_owned()));
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(fields.iter().map(|(name, value)| (name.clone(), text(value))).collect())
}

/// A form as Twilio posts it.
fn posted_form(
    order: &Order<'_>,
    auth_token: &Secret,
    path: String,
    fields: &[(String, String)],
) -> Simulated {
    let address = format!("{}{path}", order.public_url.unwrap_or(order.daemon_url));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes();
    let signature = twilio::sign(auth_token, &address, &twilio::Form::parse(&body));
    let headers = vec![
        (CONTENT_TYPE_NAME, "application/x-www-form-urlencoded; charset=UTF-8".to_owned()),
        ("x-twilio-signature", signature),
    ];
    Simulated { path, headers, body }
}

fn of_telegram(order: &Order<'_>, content: &Content, clock: &Clock) -> Result<Simulated, SimulateError> {
    let config = order.channels.telegram.as_ref().ok_or(SimulateError::Off(ChannelKind::Telegram))?;
    let secret = match (&config.mode, &config.secret_token) {
        (TelegramMode::Webhook, Some(secret)) => secret.expose().to_owned(),
        _ => return Err(SimulateError::Polls),
    };
    let body = match content {
        Content::Body(body) => body.clone(),
        Content::Text(text) => {
            let contact = order.contact.unwrap_or("1000000");
            let id: i64 = contact.parse().map_err(|_| {
                SimulateError::Body(format!(
                    "a contact of Telegram is a number such as 1000000, not {contact:?}"
                ))
            })?;
            // Ids of updates are 32 bits wide and grow.
            let update = clock.now_ms() / 100 % i64::from(i32::MAX);
            let who = json!({"id": id, "is_bot": false, "first_name": "Simulated"});
            let chat = json!({"id": id, "type": "private", "first_name": "Simulated"});
            let message = json!({"message_id": update, "date": clock.now().as_second(), "from": who, "chat": chat,
                "text": text});
            json!({"update_id": update, "message": message})
        }
    };
    let headers =
        vec![(CONTENT_TYPE_NAME, "application/json".to_owned()), ("x-telegram-bot-api-secret-token", secret)];
    Ok(Simulated {
        path: format!("/webhooks/telegram/{}", order.tenant),
        headers,
        body: body.to_string().into_bytes(),
    })
}

fn of_chatwoot(
    order: &Order<'_>,
    content: &Content,
    clock: &Clock,
    ids: &Ids,
) -> Result<Simulated, SimulateError> {
    let config = order.channels.chatwoot.as_ref().ok_or(SimulateError::Off(ChannelKind::Chatwoot))?;
    let body = match content {
        Content::Body(body) => body.clone(),
        Content::Text(text) => {
            let contact = order.contact.unwrap_or("1");
            let id: i64 = contact.parse().map_err(|_| {
                SimulateError::Body(format!("a contact of Chatwoot is a number such as 1, not {contact:?}"))
            })?;
            let now = clock.now();
            let sender = json!({"id": id, "name": "Simulated", "type": "contact"});
            let conversation = json!({"id": id, "status": "pending", "inbox_id": 1, "account_id": config.account_id,
                "can_reply": true, "meta": {"sender": sender, "assignee": null}, "messages": []});
            json!({"event": "message_created", "id": clock.now_ms() / 10 % i64::from(i32::MAX), "content": text,
                "created_at": now.to_string(), "message_type": "incoming", "content_type": "text", "private": false,
                "content_attributes": {}, "sender": sender, "inbox": {"id": 1, "name": "Simulated"},
                "conversation": conversation, "account": {"id": config.account_id, "name": "Simulated"}})
        }
    };
    let body = body.to_string().into_bytes();
    let mut path = format!("/webhooks/chatwoot/{}", order.tenant);
    let mut headers = vec![
        (CONTENT_TYPE_NAME, "application/json".to_owned()),
        ("x-chatwoot-delivery", ids.next("simulated")),
    ];
    match (&config.webhook_secret, &config.webhook_token) {
        (Some(secret), _) => {
            let time = clock.now().as_second().to_string();
            headers.push(("x-chatwoot-signature", chatwoot::sign(secret, &time, &body)));
            headers.push(("x-chatwoot-timestamp", time));
        }
        (None, Some(token)) => {
            let query =
                form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose()).finish();
            path = format!("{path}?{query}");
        }
        (None, None) => {
            let problem = "the daemon takes nothing from Chatwoot: set channels.chatwoot.webhook_secret";
            return Err(SimulateError::Body(problem.to_owned()));
        }
    }
    Ok(Simulated { path, headers, body })
}

/// The name of the header with the kind of the body.
const CONTENT_TYPE_NAME: &str = "content-type";
