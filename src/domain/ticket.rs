//! Cases for the people who help.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    conversation::{ChannelKind, ConversationId},
    lead::Urgency,
};

/// Whether a case is still to be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketState {
    /// It is.
    Open,
    /// It is done.
    Closed,
}

impl TicketState {
    /// Every state.
    pub const ALL: [Self; 2] = [Self::Open, Self::Closed];

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A case as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// Its id.
    pub ticket: String,
    /// The conversation it was opened in.
    pub conversation: ConversationId,
    /// The channel of the conversation.
    pub channel: ChannelKind,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name the contact goes by.
    pub contact_name: Option<String>,
    /// One line.
    pub subject: String,
    /// The customer's words.
    pub detail: String,
    /// How soon.
    pub urgency: Urgency,
    /// Whether it is still to be worked on.
    pub state: TicketState,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
}
