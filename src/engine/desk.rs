//! How a business wants its customers served: the team, and the rules that code holds whatever a model says.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{agent::Team, booking::rules::BookingRules};
use crate::domain::{effect::DeliveryTarget, lead::LeadField};

/// The policy of one tenant. Made from its configuration once and then only read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Desk {
    /// Who answers.
    pub team: Team,
    /// When a person takes over.
    pub handoff: HandoffRules,
    /// What is asked of somebody interested, and who is told.
    pub leads: LeadRules,
    /// What can be booked; `None` when nothing can.
    pub booking: Option<Arc<BookingRules>>,
    /// Who is told of appointments.
    pub appointment_targets: Vec<DeliveryTarget>,
    /// Who is told of cases.
    pub ticket_targets: Vec<DeliveryTarget>,
    /// How things are sold.
    pub shop: ShopRules,
    /// How much is allowed.
    pub limits: Limits,
    /// What is done with a message that looks like an attack.
    pub on_threat: ThreatPolicy,
    /// Whether answers end with a question that invites the next step.
    pub closing_question: bool,
}

/// When a person takes over.
#[derive(Debug, Clone, PartialEq)]
pub struct HandoffRules {
    /// Below this mood, from -1 (furious) to 1 (delighted).
    pub sentiment_below: f32,
    /// Words with which a customer asks for a person, besides the built-in ones.
    pub keywords: Vec<String>,
    /// After more answers of "I do not know" in a row than this.
    pub max_fallbacks: u32,
    /// How alike, from 0 to 1, repeated questions are a loop.
    pub loop_similarity: f32,
    /// After which silence of the people the product answers again; `None` for never.
    pub return_after: Option<Duration>,
    /// Who is told.
    pub targets: Vec<DeliveryTarget>,
}

impl Default for HandoffRules {
    fn default() -> Self {
        Self {
            sentiment_below: -0.5,
            keywords: Vec::new(),
            max_fallbacks: 2,
            loop_similarity: 0.9,
            return_after: Some(Duration::from_hours(2)),
            targets: Vec::new(),
        }
    }
}

/// What is asked of somebody interested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadRules {
    /// What a lead must have.
    pub required: BTreeSet<LeadField>,
    /// Who is told of a complete one.
    pub targets: Vec<DeliveryTarget>,
}

impl Default for LeadRules {
    fn default() -> Self {
        Self { required: [LeadField::Name, LeadField::Email].into(), targets: Vec::new() }
    }
}

/// How things are sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopRules {
    /// From how many pieces left customers are told so, and the business is.
    pub low_stock: u32,
    /// How long a proposed order keeps its pieces.
    pub reserve: Duration,
    /// Who is told of a sale.
    pub order_targets: Vec<DeliveryTarget>,
    /// Who is told that few of a product are left.
    pub low_stock_targets: Vec<DeliveryTarget>,
}

impl Default for ShopRules {
    fn default() -> Self {
        Self {
            low_stock: 3,
            reserve: Duration::from_mins(30),
            order_targets: Vec::new(),
            low_stock_targets: Vec::new(),
        }
    }
}

/// How much one customer, and all of them, may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages of one contact in a minute.
    pub messages_per_minute: u32,
    /// Characters of a message; the rest is not read.
    pub message_chars: usize,
    /// Tokens spent with models for all contacts in a day; 0 is no limit.
    pub tokens_per_day: u64,
    /// Tokens spent with models for one contact in a day; 0 is no limit.
    pub contact_tokens_per_day: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { messages_per_minute: 20, message_chars: 4_000, tokens_per_day: 0, contact_tokens_per_day: 0 }
    }
}

/// What is done with a message that looks like an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThreatPolicy {
    /// It is written down and answered like any other.
    Log,
    /// It is refused politely.
    #[default]
    Refuse,
    /// It is answered from the documents alone: the model gets no tools.
    StripTools,
    /// A person looks at it.
    Handoff,
}
