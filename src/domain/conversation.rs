//! Who talks with the business, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::handoff::Owner;

/// The way a message comes in and its reply goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// The web API: a program posts messages and reads the replies.
    Api,
    /// WhatsApp at Meta.
    Meta,
    /// WhatsApp or SMS at Twilio.
    Twilio,
    /// A Telegram bot.
    Telegram,
    /// A Chatwoot inbox.
    Chatwoot,
    /// The chat on the business's own site.
    Web,
    /// A phone call.
    Voice,
    /// `iass chat` at a shell.
    Terminal,
}

impl ChannelKind {
    /// Every channel.
    pub const ALL: [Self; 8] = [
        Self::Api,
        Self::Meta,
        Self::Twilio,
        Self::Telegram,
        Self::Chatwoot,
        Self::Web,
        Self::Voice,
        Self::Terminal,
    ];

    /// The name in the database, the API and the logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Meta => "meta",
            Self::Twilio => "twilio",
            Self::Telegram => "telegram",
            Self::Chatwoot => "chatwoot",
            Self::Web => "web",
            Self::Voice => "voice",
            Self::Terminal => "terminal",
        }
    }

    /// The phone number of a contact, on a channel that calls its contacts by their numbers.
    pub fn phone_of(self, contact: &str) -> Option<String> {
        match self {
            // Whatever a program calls its contacts: a number only if it looks like one.
            Self::Api | Self::Twilio | Self::Voice | Self::Chatwoot => {
                looks_like_phone(contact).then(|| contact.to_owned())
            }
            // Meta writes numbers without the plus; newer contacts have an id of another form.
            Self::Meta => {
                Some(format!("+{}", contact.trim_start_matches('+'))).filter(|p| looks_like_phone(p))
            }
            Self::Telegram | Self::Web | Self::Terminal => None,
        }
    }

    /// Whether people answer its conversations at the provider's own desk, which is to know of every handoff.
    pub fn has_desk(self) -> bool {
        self == Self::Chatwoot
    }

    /// The most characters (Unicode scalar values) that the provider takes in one message; a longer reply goes out as
    /// several. Sources: the limits in Meta's, Twilio's and Telegram's references; the others take whatever comes.
    pub fn text_limit(self) -> usize {
        match self {
            Self::Meta | Self::Telegram => 4096,
            Self::Twilio => 1600,
            Self::Chatwoot => 10_000,
            Self::Api | Self::Web | Self::Voice | Self::Terminal => usize::MAX,
        }
    }

    /// The channel of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }
}

/// Whether a text is a phone number in international form: a plus and 8 to 15 digits (ITU-T E.164).
fn looks_like_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|number| {
        (8..=15).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of a conversation of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationId(String);

impl ConversationId {
    /// An id read back from the database or a request. An unknown one finds nothing; it is never a path.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A conversation as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConversationSummary {
    /// The conversation.
    pub conversation: ConversationId,
    /// How its channel calls the contact.
    pub contact: String,
    /// The name the contact goes by.
    pub contact_name: Option<String>,
    /// The channel it is held on.
    pub channel: ChannelKind,
    /// Who speaks for the business.
    pub owner: Owner,
    /// Messages so far, both ways.
    pub messages: u64,
    /// When the first message came.
    pub created_at: jiff::Timestamp,
    /// When the last thing happened.
    pub updated_at: jiff::Timestamp,
}
