//! Who writes to the business.

use jiff::Timestamp;
use serde::Serialize;

use super::conversation::ChannelKind;

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
