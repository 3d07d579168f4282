//! Who writes to the business.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    conversation::{ChannelKind, ConversationId},
    effect::ContactFact,
};

/// A contact as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// Its id.
    pub contact: String,
    /// The channel it writes by.
    pub channel: ChannelKind,
    /// How the channel calls it: a phone number, a user id, a name at the terminal.
    pub address: String,
    /// The name it goes by.
    pub name: Option<String>,
    /// When it first wrote.
    pub created_at: Timestamp,
}

/// What a name of a contact fits: its id, `channel:address`, or the address alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactMatch {
    /// One contact.
    One(Contact),
    /// Contacts of several channels with the same address: the channel must be told.
    Several(Vec<Contact>),
    /// Nobody.
    Nobody,
}

/// What is known of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Facts and preferences, the newest first.
    pub facts: Vec<ContactFact>,
    /// What earlier conversations were about, the newest first.
    pub memories: Vec<Remembered>,
}

/// What an earlier stretch of a conversation was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remembered {
    /// The conversation.
    pub conversation: ConversationId,
    /// What was said, in short.
    pub text: String,
    /// When it was summed up.
    pub created_at: Timestamp,
}
