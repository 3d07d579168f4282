//! What Meta posts, as messages of customers and news of replies.
//!
//! Payloads grow without notice: fields that are not known are passed over, a message that is not understood becomes one
//! that the customer is told about, and never spoils those beside it. The wire:
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples>.

use serde::Deserialize;
use serde_json::Value;

use super::{
    graph,
    words::{self, Content},
};
use crate::{
    alerts::ChannelTrouble,
    channel::{Received, Refused, mark},
    config::tenant::channels::meta::Meta,
    domain::{
        contact::{Identity, Moved},
        conversation::ChannelKind,
        message::{DeliveryNews, DeliveryState, Failure, Inbound, MAX_TEXT_BYTES},
    },
};

/// The longest source of a conversation that is kept, in characters.
const MAX_SOURCE: usize = 120;

/// The longest name of a customer that is kept, in characters.
const MAX_NAME: usize = 120;

/// What one request of Meta brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Webhook {
    /// Messages and news.
    pub received: Received,
    /// What the owner has to put right before replies arrive.
    pub troubles: Vec<ChannelTrouble>,
    /// What else there is to be logged.
    pub notes: Vec<Note>,
}

/// Something in a request that nobody is answered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It is for a number that the tenant does not have.
    UnknownNumber(String),
    /// It is nothing that a customer waits for an answer to.
    Passed(String),
    /// A customer's number or keys changed.
    Contact(String),
    /// Meta tells of a problem.
    Problem(String),
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    object: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    field: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct Brought {
    metadata: Metadata,
    #[serde(default)]
    contacts: Vec<Contact>,
    #[serde(default)]
    messages: Vec<Value>,
    #[serde(default)]
    statuses: Vec<Value>,
    #[serde(default)]
    errors: Vec<WireError>,
}

#[derive(Deserialize)]
struct Metadata {
    phone_number_id: String,
}

#[derive(Deserialize)]
struct Contact {
    #[serde(default)]
    profile: Profile,
    wa_id: Option<String>,
    user_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct Profile {
    name: Option<String>,
    username: Option<String>,
}

#[derive(Deserialize)]
struct Report {
    id: String,
    status: String,
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<WireError>,
}

/// A problem as Meta tells it, in webhooks and in answers.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct WireError {
    #[serde(default)]
    pub(super) code: i64,
    title: Option<String>,
    pub(super) message: Option<String>,
    #[serde(default)]
    error_data: ErrorData,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct ErrorData {
    details: Option<String>,
}

impl WireError {
    /// The problem in a line.
    pub(super) fn words(&self) -> String {
        let told = self.error_data.details.as_ref().or(self.message.as_ref()).or(self.title.as_ref());
        let told: String = told.map_or("no reason given", String::as_str).chars().take(300).collect();
        format!("error {}: {told}", self.code)
    }
}

/// A message, as far as all kinds are alike.
struct WireMessage {
    /// Meta's id of it.
    id: String,
    /// The phone number without the plus, or the user id of a customer who shows no number.
    contact: String,
    /// The user id of the customer, which hides the number and stays the same.
    user_id: Option<String>,
    group_id: Option<String>,
    /// What it says.
    content: Content,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    from: Option<String>,
    from_user_id: Option<String>,
    group_id: Option<String>,
}

impl WireMessage {
    /// Reads a message; none when it cannot be told who wrote it. One whose content is not understood still has its
    /// sender, who is told so.
    fn read(raw: Value) -> Option<Self> {
        let content = Content::deserialize(&raw).unwrap_or_default();
        let Envelope { id, from, from_user_id, group_id } = serde_json::from_value(raw).ok()?;
        let [from, user_id] = [from, from_user_id].map(|name| name.filter(|name| !name.is_empty()));
        let contact = from.or_else(|| user_id.clone())?;
        (!id.is_empty()).then_some(Self { id, contact, user_id, group_id, content })
    }

    fn is_of_group(&self) -> bool {
        self.group_id.is_some()
    }
}

/// Understands the body of a webhook whose signature is right.
///
/// # Errors
/// [`Refused::Body`] when it is not JSON of Meta's form.
pub fn parse(meta: &Meta, body: &[u8]) -> Result<Webhook, Refused> {
    let body: Body = serde_json::from_slice(body).map_err(|_| Refused::Body)?;
    let mut webhook = Webhook::default();
    if body.object != "whatsapp_business_account" {
        webhook.notes.push(Note::Passed(format!("an event of {:?}", body.object)));
        return Ok(webhook);
    }
    for change in body.entry.into_iter().flat_map(|entry| entry.changes) {
        if change.field != "messages" {
            webhook.notes.push(Note::Passed(format!("an event of the field {:?}", change.field)));
            continue;
        }
        match serde_json::from_value(change.value) {
            Ok(brought) => webhook.take(meta, brought),
            // What it says of the change may be a phone number, so it is not told.
            Err(_) => webhook.notes.push(Note::Problem("a change that is not understood".to_owned())),
        }
    }
    Ok(webhook)
}

impl Webhook {
    fn take(&mut self, meta: &Meta, brought: Brought) {
        let Brought { metadata, contacts, messages, statuses, errors } = brought;
        if !meta.has_number(&metadata.phone_number_id) {
            self.notes.push(Note::UnknownNumber(metadata.phone_number_id));
            return;
        }
        self.notes.extend(errors.iter().map(|error| Note::Problem(error.words())));
        for message in messages {
            self.take_message(message, &contacts, &metadata.phone_number_id);
        }
        for status in statuses {
            match serde_json::from_value(status) {
                Ok(status) => self.take_status(status),
                Err(_) => self.notes.push(Note::Problem("a status that is not understood".to_owned())),
            }
        }
    }

    fn take_message(&mut self, raw: Value, contacts: &[Contact], number: &str) {
        let Some(message) = WireMessage::read(raw) else {
            self.notes.push(Note::Problem("a message that does not say who wrote it".to_owned()));
            return;
        };
        if message.is_of_group() {
            self.notes.push(Note::Passed("a message to a group".to_owned()));
            return;
        }
        let heard = match words::heard(&message.content) {
            words::Heard::Something(heard) => heard,
            words::Heard::Moved(to) => {
                let before = self.received.messages.len();
                self.received.moves.push((before, Moved { from: message.contact, to }));
                return;
            }
            words::Heard::Silence(note) => {
                self.notes.push(note);
                return;
            }
        };
        let sure = contacts.iter().find(|contact| {
            contact.wa_id.as_deref() == Some(&message.contact)
                || contact.user_id.as_deref() == Some(&message.contact)
        });
        let user_id = message.user_id.or_else(|| sure?.user_id.clone());
        let of = sure.or(match contacts {
            [only] => Some(only),
            _ => None,
        });
        let told = |text: Option<&String>| {
            let text = text.map(|text| text.trim()).filter(|text| !text.is_empty())?;
            Some(text.chars().take(MAX_NAME).collect::<String>())
        };
        let identity = Identity {
            username: told(of.and_then(|contact| contact.profile.username.as_ref())),
            aliases: user_id.filter(|id| *id != message.contact).into_iter().collect(),
            thread: None,
        };
        self.received.messages.push(Inbound {
            channel: ChannelKind::Meta,
            message_id: message.id,
            contact: message.contact,
            contact_name: told(of.and_then(|contact| contact.profile.name.as_ref())),
            text: up_to(heard.text, MAX_TEXT_BYTES),
            attachments: heard.attachments,
            route: Some(number.to_owned()),
            source: heard.source.map(|source| source.chars().take(MAX_SOURCE).collect()),
            identity,
            quiet_ms: 0,
        });
    }

    fn take_status(&mut self, status: Report) {
        let state = match status.status.as_str() {
            "sent" => DeliveryState::Sent,
            "delivered" => DeliveryState::Delivered,
            // A voice note that was listened to.
            "read" | "played" => DeliveryState::Read,
            "failed" => DeliveryState::Failed,
            other => {
                self.notes.push(Note::Passed(format!("a status {other:?}")));
                return;
            }
        };
        let reply = status.biz_opaque_callback_data.as_deref().and_then(mark::read);
        let failure = (state == DeliveryState::Failed).then(|| {
            let error = status.errors.first().cloned().unwrap_or_default();
            let told = error.words();
            self.notes.push(Note::Problem(format!("a reply will not arrive: {told}")));
            self.troubles.extend(graph::trouble(error.code));
            Failure { remedy: graph::remedy(error.code), told }
        });
        self.received.news.push(DeliveryNews { provider_id: status.id, reply, state, failure });
    }
}

/// The beginning of a text that has at most `most` bytes.
fn up_to(mut text: String, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
