//! Chatwoot as the desk where people work: <https://www.chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks>.
//!
//! Chatwoot posts everything that happens in its conversations, also what this program and the people of the business do
//! there. [`read`] says what of it matters: a customer's message, a person who writes or takes over, a conversation that
//! is given back. The number of the conversation is the route; a contact is its phone number, or Chatwoot's id of it.

mod media;
mod proof;
mod send;

use serde_json::Value;

pub use self::proof::{Proof, sign, verify};
pub(super) use self::{media::fetch, send::send};
use super::Refused;
use crate::{
    config::tenant::channels::{Chatwoot, ChatwootAnswers},
    domain::{
        contact::Identity,
        conversation::ChannelKind,
        message::{Attachment, AttachmentKind, Inbound, MAX_TEXT_BYTES},
    },
};

/// The most files of one message.
const MAX_FILES: usize = 10;

/// What our own messages carry, so that they are known when Chatwoot tells of them.
const MARK: &str = "iass";

/// Something that happened at Chatwoot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A customer wrote. `ours` when it is for this program to answer; else a person has the conversation.
    Wrote {
        /// The message.
        message: Box<Inbound>,
        /// Whether Chatwoot leaves the answer to this program.
        ours: bool,
        /// Who has the conversation.
        assignee: Option<String>,
    },
    /// A person of the business wrote to the customer, or this program did under that person's name.
    Answered {
        /// Where.
        place: Place,
        /// Who.
        by: String,
        /// What.
        text: String,
        /// Chatwoot's id of the message.
        message_id: String,
    },
    /// A person has the conversation now.
    Taken {
        /// Which.
        place: Place,
        /// Who.
        by: String,
    },
    /// The conversation is this program's again.
    GivenBack {
        /// Which.
        place: Place,
    },
    /// Nothing that matters here.
    Nothing,
}

/// A conversation at Chatwoot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// How the contact is called.
    pub contact: String,
    /// What else Chatwoot tells of who it is: the number of the conversation stays whatever becomes of its contact.
    pub identity: Identity,
    /// The number of the conversation.
    pub route: String,
}

/// What a body says of whose it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressee {
    /// The account at Chatwoot.
    pub account_id: Option<u64>,
    /// The tenant by its own name, where a contact or a rule of Chatwoot's carries it.
    pub tenant: Option<String>,
}

/// A body, parsed and not yet believed.
#[derive(Debug, Clone)]
pub struct Body(Value);

impl Body {
    /// Parses a body.
    ///
    /// # Errors
    /// [`Refused::Body`] when it is no JSON object.
    pub fn parse(raw: &[u8]) -> Result<Self, Refused> {
        serde_json::from_slice(raw).ok().filter(Value::is_object).map(Self).ok_or(Refused::Body)
    }

    /// Whose it is.
    pub fn addressee(&self) -> Addressee {
        const ACCOUNTS: [&str; 5] = [
            "/account/id",
            "/conversation/account_id",
            "/account_id",
            "/conversation/messages/0/account_id",
            "/messages/0/account_id",
        ];
        const TENANTS: [&str; 4] = [
            "/conversation/meta/tenant_id",
            "/conversation/meta/company_id",
            "/meta/tenant_id",
            "/meta/company_id",
        ];
        Addressee {
            account_id: ACCOUNTS.into_iter().find_map(|place| self.text(place)?.parse().ok()),
            tenant: TENANTS.into_iter().find_map(|place| self.text(place)),
        }
    }

    /// A text, or a number as text; `None` when there is nothing in it.
    fn text(&self, place: &str) -> Option<String> {
        words_of(self.0.pointer(place)?)
    }

    fn is(&self, place: &str, expected: &str) -> bool {
        self.0.pointer(place).and_then(Value::as_str) == Some(expected)
    }
}

fn words_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a body tells.
pub fn read(config: &Chatwoot, body: &Body) -> Happened {
    let happened = match body.text("/event").unwrap_or_default().as_str() {
        "message_created" if body.0.get("private") == Some(&Value::Bool(true)) => None,
        "message_created" if body.is("/message_type", "incoming") => wrote(config, body),
        "message_created" if body.is("/message_type", "outgoing") => answered(body),
        "conversation_resolved" => place(body, "").map(|place| Happened::GivenBack { place }),
        "conversation_status_changed" if body.is("/status", "open") => taken(body),
        "conversation_status_changed" if body.is("/status", "resolved") || body.is("/status", "pending") => {
            place(body, "").map(|place| Happened::GivenBack { place })
        }
        "conversation_opened" => taken(body),
        "conversation_updated" if body.is("/status", "open") => taken(body),
        _ => None,
    };
    happened.unwrap_or(Happened::Nothing)
}

fn wrote(config: &Chatwoot, body: &Body) -> Option<Happened> {
    let at = place(body, "/conversation")?;
    let assignee = person(body, "/conversation");
    let ours = match (body.text("/conversation/status")?.as_str(), config.answers) {
        ("pending", _) => true,
        ("open", ChatwootAnswers::Unassigned) => assignee.is_none(),
        _ => false,
    };
    let files = body.0.get("attachments").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let words = body.text("/content").into_iter().chain(files.iter().filter_map(shared_place));
    let mut text = words.collect::<Vec<_>>().join("\n");
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    let attachments: Vec<_> = files.iter().take(MAX_FILES).filter_map(attachment).collect();
    let name = body.text("/sender/name").or_else(|| body.text("/conversation/meta/sender/name"));
    let message = Box::new(Inbound {
        channel: ChannelKind::Chatwoot,
        message_id: body.text("/id")?,
        contact: at.contact,
        contact_name: name,
        text,
        attachments,
        route: Some(at.route),
        source: body.text("/conversation/additional_attributes/referer").map(|mut source| {
            source.truncate(source.floor_char_boundary(200));
            source
        }),
        identity: at.identity,
        quiet_ms: 0,
    });
    Some(Happened::Wrote { message, ours, assignee })
}

fn answered(body: &Body) -> Option<Happened> {
    // A bot's messages and Chatwoot's own have no user.
    if !body.is("/sender/type", "user") || body.0.pointer("/content_attributes").is_some_and(is_marked) {
        return None;
    }
    Some(Happened::Answered {
        place: place(body, "/conversation")?,
        by: body.text("/sender/name").unwrap_or_else(|| SOMEBODY.to_owned()),
        text: body.text("/content").unwrap_or_default(),
        message_id: body.text("/id")?,
    })
}

fn is_marked(attributes: &Value) -> bool {
    attributes.get(MARK).is_some()
}

/// A conversation that was opened for people. While nobody has it the messages' own status keeps this program silent.
fn taken(body: &Body) -> Option<Happened> {
    Some(Happened::Taken { place: place(body, "")?, by: person(body, "")? })
}

/// Who has a conversation without a name.
const SOMEBODY: &str = "somebody";

/// The person whom a conversation is assigned to.
fn person(body: &Body, conversation: &str) -> Option<String> {
    let assignee =
        body.0.pointer(&format!("{conversation}/meta/assignee")).filter(|value| value.is_object())?;
    let is_bot = assignee.get("type").and_then(Value::as_str) == Some("agent_bot");
    let name = ["name", "available_name"].into_iter().find_map(|key| words_of(assignee.get(key)?));
    (!is_bot).then(|| name.unwrap_or_else(|| SOMEBODY.to_owned()))
}

/// The place of a conversation that is described under `conversation`.
fn place(body: &Body, conversation: &str) -> Option<Place> {
    let at = |field: &str| body.text(&format!("{conversation}{field}"));
    // In old versions the number was called so beside an id that nobody needs.
    let route = at("/display_id").or_else(|| at("/id"))?;
    let number =
        at("/meta/sender/phone_number").filter(|number| ChannelKind::Chatwoot.phone_of(number).is_some());
    let id = at("/meta/sender/id")
        .or_else(|| at("/contact_inbox/contact_id"))
        .or_else(|| body.text("/sender/id").filter(|_| body.is("/sender/type", "contact")));
    // The ids are those of one account: a tenant that moves to another one has other contacts there.
    let account = body.addressee().account_id;
    let name = |kind: &str, id: &str| account.map(|account| format!("account:{account}/{kind}:{id}"));
    let identity = Identity {
        username: None,
        aliases: id.as_deref().and_then(|id| name("contact", id)).into_iter().collect(),
        thread: name("conversation", &route),
    };
    Some(Place { contact: number.or(id)?, identity, route })
}

fn attachment(file: &Value) -> Option<Attachment> {
    let kind = match file.get("file_type").and_then(Value::as_str)? {
        "audio" => AttachmentKind::Voice,
        "image" => AttachmentKind::Picture,
        "location" => return None,
        _ => AttachmentKind::File,
    };
    let reference = file.get("data_url").and_then(words_of).unwrap_or_default();
    Some(Attachment { kind, reference, mime: None, name: None, checksum: None, unread: None })
}

/// A place that the customer shared, in words.
fn shared_place(file: &Value) -> Option<String> {
    if file.get("file_type").and_then(Value::as_str) != Some("location") {
        return None;
    }
    let at = |key: &str| file.get(key).and_then(words_of);
    let (latitude, longitude) = (at("coordinates_lat")?, at("coordinates_long")?);
    Some(match at("fallback_title") {
        Some(name) => format!("📍 {name} ({latitude}, {longitude})"),
        None => format!("📍 {latitude}, {longitude}"),
    })
}

/// Whether a message that Chatwoot tells of is one of these replies, which this program sent (their ids at Chatwoot, where
/// known, and their words). With the token of a person, Chatwoot shows our words as that person's.
pub fn is_our_own(message_id: &str, text: &str, replies: &[(Option<String>, String)]) -> bool {
    replies.iter().any(|(id, words)| {
        id.as_deref() == Some(message_id) || (id.is_none() && send::markdown(words).trim() == text.trim())
    })
}

#[cfg(test)]
#[path = "chatwoot/tests.rs"]
mod tests;
