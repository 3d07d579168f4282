//! Messages: what came in, what goes out, and what was said.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    contact::Identity,
    conversation::{ChannelKind, ConversationId},
};

/// The longest text taken from a customer, in bytes; longer ones are refused at the edge.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;

/// A message from a customer, parsed by its channel and not yet stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The channel it came by.
    pub channel: ChannelKind,
    /// The channel's own id of the message: the same id is the same message, however often it is delivered.
    pub message_id: String,
    /// How the channel calls the contact: a phone number, a user id, a name at the terminal.
    pub contact: String,
    /// The name the contact goes by, where the channel tells it.
    pub contact_name: Option<String>,
    /// What was said; empty when only a file came.
    pub text: String,
    /// The files that came with it, in their order.
    pub attachments: Vec<Attachment>,
    /// What the channel needs to answer, in words only it understands: the number that was written to, the conversation's
    /// id at the provider. The latest one of a conversation counts.
    pub route: Option<String>,
    /// Where the customer came from: the campaign of a link, the payload of `/start`. The first one of a conversation
    /// counts.
    pub source: Option<String>,
    /// What else the provider tells of who wrote.
    pub identity: Identity,
    /// How long to wait for more of the same burst before answering; `0` answers at once.
    pub quiet_ms: u32,
}

/// A file of a customer, still at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// Where the channel gets it: the provider's id of it, or its address.
    pub reference: String,
    /// Its type as the provider states it, such as `audio/ogg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Its name, for a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The SHA-256 that the provider states, in whatever encoding it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// What the customer is told of it, where it is known already that it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

impl Attachment {
    /// A file that came and cannot be fetched: nothing is known of it but that it was sent.
    pub fn unknown() -> Self {
        Self {
            kind: AttachmentKind::File,
            reference: String::new(),
            mime: None,
            name: None,
            checksum: None,
            unread: None,
        }
    }

    /// What stands for it in the conversation when it could not be read, in every language.
    pub fn sign(&self) -> String {
        let sign = match self.kind {
            AttachmentKind::Voice => "🎤",
            AttachmentKind::Picture => "🖼️",
            AttachmentKind::File => "📎",
        };
        self.name.as_ref().map_or_else(|| sign.to_owned(), |name| format!("{sign} {name}"))
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentKind {
    /// A voice note or another recording: it is listened to.
    Voice,
    /// A picture or a sticker: it is looked at.
    Picture,
    /// Anything else: the customer is told that it cannot be read.
    File,
}

/// Who said something in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The customer.
    Customer,
    /// The product.
    Assistant,
    /// A person of the business.
    Person,
}

impl Role {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Assistant => "assistant",
            Self::Person => "person",
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Customer, Self::Assistant, Self::Person].into_iter().find(|role| role.as_str() == name)
    }
}

/// One thing said in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Its place in the tenant's order of messages.
    pub id: i64,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// The turn that took it in or said it; none for what a person said.
    pub turn: Option<String>,
    /// Who said it.
    pub role: Role,
    /// The channel's id, for a customer's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The words.
    pub text: String,
    /// When it was said.
    pub created_at: Timestamp,
}

/// A reply on its way to a customer, as the outbox holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// Its place in the outbox; one conversation's messages go out in this order.
    pub seq: i64,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// The turn that decided it; none for what a person wrote.
    pub turn: Option<String>,
    /// The channel that sends it.
    pub channel: ChannelKind,
    /// How the channel calls the contact.
    pub contact: String,
    /// What it is.
    pub kind: OutboundKind,
    /// The words, before the channel's own formatting; within the channel's limit.
    pub text: String,
    /// Answers to choose from. The text names them too: a channel with buttons adds buttons, whose tap comes back as the
    /// words on it.
    pub choices: Vec<String>,
    /// What the channel said it needs to answer this conversation ([`Inbound::route`]).
    pub route: Option<String>,
    /// When the customer last wrote, in milliseconds since 1970: some providers only carry answers for a day.
    pub last_heard_ms: Option<i64>,
    /// When the provider said that this was too long ago, in milliseconds since 1970.
    pub window_closed_ms: Option<i64>,
    /// How often sending was tried before.
    pub attempts: u32,
}

/// How long after a customer's message WhatsApp takes free words, in milliseconds; later it takes approved templates only:
/// <https://developers.facebook.com/docs/whatsapp/pricing#customer-service-windows>.
const SERVICE_WINDOW_MS: i64 = 24 * 60 * 60 * 1000;

impl Outbound {
    /// Whether WhatsApp still takes free words for the customer, as far as it is known here: the provider's clock decides,
    /// and its word counts until the customer writes again.
    pub fn is_window_open(&self, now_ms: i64) -> bool {
        let Some(heard_ms) = self.last_heard_ms else { return self.window_closed_ms.is_none() };
        now_ms.saturating_sub(heard_ms) < SERVICE_WINDOW_MS
            && self.window_closed_ms.is_none_or(|closed_ms| closed_ms < heard_ms)
    }

    /// How the provider calls it in news, as far as it gives back what we write on it.
    pub fn name(&self) -> ReplyName {
        ReplyName { conversation: self.conversation.clone(), seq: self.seq }
    }
}

/// What goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboundKind {
    /// Words for the customer.
    Reply,
    /// The conversation is now a person's: the text is the brief for them, and the customer does not see it. Only for
    /// channels where people work at the provider's own desk ([`ChannelKind::has_desk`]).
    Handoff,
}

impl OutboundKind {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Handoff => "handoff",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Reply, Self::Handoff].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a provider tells of a reply it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is on its way.
    Sent,
    /// It is on the customer's phone.
    Delivered,
    /// The customer opened it.
    Read,
    /// It will not arrive.
    Failed,
}

impl DeliveryState {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sent, Self::Delivered, Self::Read, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// One of our replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyName {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its place in the outbox.
    pub seq: i64,
}

/// News of a reply from its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryNews {
    /// The provider's id of the reply ([`Outbound`] was taken under it).
    pub provider_id: String,
    /// Which reply it is, where the provider gives back what we wrote on it: its id may never have reached us.
    pub reply: Option<ReplyName>,
    /// What became of it.
    pub state: DeliveryState,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Why a reply that was taken will not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What can be done about it.
    pub remedy: Remedy,
    /// What the provider said.
    pub told: String,
}

/// What can be done about a reply that a provider did not carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Another try may succeed.
    Again,
    /// The customer wrote too long ago for free words: a template goes out, or the reply waits until they write again.
    Template,
    /// Nothing.
    Nothing,
}
