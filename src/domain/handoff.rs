//! Handing a conversation over to a person, and back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::conversation::{ChannelKind, ConversationId};

/// Who speaks for the business in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// The product.
    #[default]
    Bot,
    /// Nobody: a person was called and has not come yet. The product is silent.
    Waiting,
    /// A person. The product is silent.
    Human,
    /// The product again, after a person.
    Returned,
}

impl Owner {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Bot, Self::Waiting, Self::Human, Self::Returned];

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Waiting => "waiting",
            Self::Human => "human",
            Self::Returned => "returned",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|owner| owner.as_str() == name)
    }

    /// Whether the product answers.
    pub fn bot_speaks(self) -> bool {
        matches!(self, Self::Bot | Self::Returned)
    }
}

/// Why a person is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffReason {
    /// Danger to health, life or safety.
    Emergency,
    /// The customer asked for a person.
    ExplicitRequest,
    /// The customer is upset.
    NegativeSentiment,
    /// The product did not know too often in a row.
    RepeatedFallbacks,
    /// The customer asks the same again and again.
    Loop,
    /// An agent decided so with its tool.
    AgentRequest,
    /// The message looks like an attack and the tenant wants a person to see it.
    Threat,
    /// Nobody called: a person of the business stepped in.
    Takeover,
}

impl HandoffReason {
    /// Every reason, most pressing first.
    pub const ALL: [Self; 8] = [
        Self::Emergency,
        Self::ExplicitRequest,
        Self::NegativeSentiment,
        Self::RepeatedFallbacks,
        Self::Loop,
        Self::AgentRequest,
        Self::Threat,
        Self::Takeover,
    ];

    /// The name in the database, the API and the notices.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::ExplicitRequest => "explicit_request",
            Self::NegativeSentiment => "negative_sentiment",
            Self::RepeatedFallbacks => "repeated_fallbacks",
            Self::Loop => "loop",
            Self::AgentRequest => "agent_request",
            Self::Threat => "threat",
            Self::Takeover => "takeover",
        }
    }

    /// The reason of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Whether people are to drop what they are doing.
    pub fn is_urgent(self) -> bool {
        self == Self::Emergency
    }
}

/// How far a call for a person has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HandoffState {
    /// Nobody has come yet.
    Waiting,
    /// A person has the conversation.
    Taken,
    /// The conversation was given back to the product.
    Released,
}

impl HandoffState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Taken, Self::Released];

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Released => "released",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// How soon a person has to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// In turn.
    Normal,
    /// At once.
    High,
}

impl Priority {
    /// How soon a person has to come for this reason.
    pub fn of(reason: HandoffReason) -> Self {
        if reason.is_urgent() { Self::High } else { Self::Normal }
    }

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// The priority of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Normal, Self::High].into_iter().find(|priority| priority.as_str() == name)
    }
}

/// What a person needs to know before speaking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Brief {
    /// What it is about, in a few sentences.
    pub summary: String,
    /// The lead's data as far as it is known, in the contract's shape.
    pub lead: Option<serde_json::Value>,
    /// The last things said, oldest first.
    pub last_messages: Vec<BriefLine>,
}

/// One thing said, in a brief.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefLine {
    /// `customer`, `assistant` or `person`.
    pub role: String,
    /// The words.
    pub text: String,
}

/// A call for a person as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoffSummary {
    /// Its id.
    pub handoff: String,
    /// The conversation.
    pub conversation: ConversationId,
    /// The channel it is held on.
    pub channel: ChannelKind,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name the contact goes by.
    pub contact_name: Option<String>,
    /// Why.
    pub reason: HandoffReason,
    /// How soon a person has to come.
    pub priority: Priority,
    /// How far it has come.
    pub state: HandoffState,
    /// Who took it.
    pub taken_by: Option<String>,
    /// What a person needs to know.
    pub brief: Brief,
    /// When a person was called.
    pub created_at: Timestamp,
    /// When one came.
    pub taken_at: Option<Timestamp>,
    /// When the conversation was given back.
    pub released_at: Option<Timestamp>,
}
