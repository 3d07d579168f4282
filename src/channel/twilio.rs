//! WhatsApp and SMS at Twilio: <https://www.twilio.com/docs/messaging/twiml>.
//!
//! Twilio posts a form for each message and is answered at once with nothing to say; the reply goes out later by its REST
//! interface ([`send()`]). A contact is a phone number without Twilio's `whatsapp:` before it; the address that was written
//! to, with it, is the route, so that a customer is answered from the number and on the app that was chosen.

mod errors;
mod media;
mod send;
mod signature;

use url::form_urlencoded;

pub use self::signature::sign;
pub(super) use self::{media::fetch, send::send, signature::is_signed};
use super::{Received, Refused, mark};
use crate::{
    config::tenant::channels::Twilio,
    domain::{
        contact::Identity,
        conversation::ChannelKind,
        message::{
            Attachment, AttachmentKind, DeliveryNews, DeliveryState, Failure, Inbound, MAX_TEXT_BYTES, Remedy,
        },
    },
};

/// The most files of one message: Twilio's limit is 10.
const MAX_MEDIA: usize = 10;

/// The part of the query in which the address for news of a reply names it.
const MARK: &str = "reply";

/// What Twilio puts before a number on WhatsApp.
const WHATSAPP: &str = "whatsapp:";

/// The fields of a form, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(pub(super) Vec<(String, String)>);

impl Form {
    /// The fields of a body.
    pub fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }
}

/// Checks that Twilio posted a form to one of these addresses (the way to this daemon may have changed it).
///
/// # Errors
/// [`Refused::Signature`].
pub fn verify(
    config: &Twilio,
    addresses: &[String],
    form: &Form,
    signature: Option<&str>,
) -> Result<(), Refused> {
    let is_right = signature.is_some_and(|given| is_signed(&config.auth_token, addresses, form, given));
    if is_right { Ok(()) } else { Err(Refused::Signature) }
}

/// What a form brings that was posted to an address with this query: a message, or news of a reply.
///
/// # Errors
/// [`Refused::Body`] when it is neither.
pub fn receive(form: &Form, query: &str) -> Result<Received, Refused> {
    let id = ["MessageSid", "SmsSid", "SmsMessageSid"].into_iter().find_map(|name| form.get(name));
    let id = id.ok_or(Refused::Body)?;
    match form.get("MessageStatus").or_else(|| form.get("SmsStatus")) {
        Some(status) if status != "received" && status != "receiving" => {
            let news = news(form, id, status, query).into_iter().collect();
            Ok(Received { news, ..Received::default() })
        }
        _ => Ok(Received { messages: vec![message(form, id)?], ..Received::default() }),
    }
}

fn message(form: &Form, id: &str) -> Result<Inbound, Refused> {
    let from = form.get("From").or_else(|| form.get("WaId")).ok_or(Refused::Body)?;
    let contact = contact(from);
    // Who hides the number shows it here, if at all.
    let number = form.get("WaId").map(self::contact).filter(|number| *number != contact);
    let hides = ChannelKind::Twilio.phone_of(&contact).is_none();
    let aliases = number.filter(|_| hides).into_iter().collect();
    let text = form.get("Body").or_else(|| form.get("ButtonText")).unwrap_or_default();
    let parts = [text.to_owned(), place(form).unwrap_or_default()];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    Ok(Inbound {
        channel: ChannelKind::Twilio,
        message_id: id.to_owned(),
        contact: contact.clone(),
        contact_name: form.get("ProfileName").map(str::to_owned),
        text: within(text, MAX_TEXT_BYTES),
        attachments: attachments(form),
        route: form.get("To").map(str::to_owned),
        source: source(form),
        identity: Identity { aliases, ..Identity::default() },
        quiet_ms: 0,
    })
}

/// How the contact is called: the number with its plus, or whatever stands behind `whatsapp:`.
fn contact(from: &str) -> String {
    let number = from.strip_prefix(WHATSAPP).unwrap_or(from);
    let is_bare = number.len() >= 8 && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_bare { format!("+{number}") } else { number.to_owned() }
}

/// The place that a customer shared.
fn place(form: &Form) -> Option<String> {
    let (latitude, longitude) = (form.get("Latitude")?, form.get("Longitude")?);
    let name: Vec<&str> = ["Label", "Address"].into_iter().filter_map(|field| form.get(field)).collect();
    let name = name.join(", ");
    Some(if name.is_empty() {
        format!("📍 {latitude}, {longitude}")
    } else {
        format!("📍 {name} ({latitude}, {longitude})")
    })
}

fn attachments(form: &Form) -> Vec<Attachment> {
    let announced = form.get("NumMedia").and_then(|count| count.parse::<usize>().ok()).unwrap_or_default();
    let attachment = |at: usize| {
        let reference = form.get(&format!("MediaUrl{at}"))?.to_owned();
        let mime = form.get(&format!("MediaContentType{at}")).map(str::to_owned);
        let kind = match mime.as_deref().and_then(|mime| mime.split('/').next()) {
            Some("audio") => AttachmentKind::Voice,
            Some("image") => AttachmentKind::Picture,
            _ => AttachmentKind::File,
        };
        Some(Attachment { kind, reference, mime, name: None, checksum: None, unread: None })
    };
    (0..announced.min(MAX_MEDIA)).filter_map(attachment).collect()
}

/// The advertisement that the customer came by
/// (<https://www.twilio.com/docs/whatsapp/api#click-to-whatsapp-ads>).
fn source(form: &Form) -> Option<String> {
    let fields = ["ReferralSourceId", "ReferralSourceUrl", "ReferralHeadline"];
    let source = fields.into_iter().find_map(|field| form.get(field))?;
    Some(within(source.to_owned(), 200))
}

fn news(form: &Form, id: &str, status: &str, query: &str) -> Option<DeliveryNews> {
    let state = match status {
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "failed" | "undelivered" | "canceled" => DeliveryState::Failed,
        // accepted, scheduled, queued, sending, and what may come: nothing that is not known yet.
        _ => return None,
    };
    let failure = (state == DeliveryState::Failed).then(|| {
        let code = form.get("ErrorCode").map(|code| code.parse().unwrap_or_default());
        let told = code.map(|code| errors::told(code, form.get("ErrorMessage")));
        let remedy = code.and_then(errors::remedy).unwrap_or(Remedy::Nothing);
        Failure { remedy, told: told.unwrap_or_else(|| status.to_owned()) }
    });
    let reply = Form::parse(query.as_bytes()).get(MARK).and_then(mark::read);
    Some(DeliveryNews { provider_id: id.to_owned(), reply, state, failure })
}

/// The beginning of a text that is not longer than `most` bytes.
fn within(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
#[path = "twilio/tests.rs"]
mod tests;
