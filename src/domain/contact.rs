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
    /// The name that people find it by at its provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// When it first wrote.
    pub created_at: Timestamp,
}

/// What a provider tells of who a contact is, besides how the channel calls it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name that people find the contact by at the provider, without an at sign.
    pub username: Option<String>,
    /// Other names of the same contact, such as an id that stays when the number changes. Never one that somebody else may
    /// get one day.
    pub aliases: Vec<String>,
    /// The provider's own name of the conversation, where it goes on whatever its contact is called there.
    pub thread: Option<String>,
}

/// A contact is called otherwise from now on, says its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// How it was called.
    pub from: String,
    /// How it is called now.
    pub to: String,
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
