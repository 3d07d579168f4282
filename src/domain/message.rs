//! Messages: what came in, what goes out, and what was said.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::conversation::{ChannelKind, ConversationId};

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
    /// What was said.
    pub text: String,
    /// How long to wait for more of the same burst before answering; `0` answers at once.
    pub quiet_ms: u32,
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
    /// The words, before the channel's own formatting.
    pub text: String,
    /// How often sending was tried before.
    pub attempts: u32,
}
