//! What a turn does besides answering. The engine plans effects; the store applies them in the turn's own transaction,
//! so that each happens once or, if the process dies, not yet.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    appointment::{AppointmentStatus, BookingChange},
    cart::Cart,
    handoff::{Brief, HandoffReason},
    lead::{LeadDraft, Urgency},
    money::Money,
    order::OrderItem,
};

/// One thing to do in the turn's transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The lead of the conversation is now this.
    SaveLead {
        /// The id: that of the lead the conversation has, or a new one.
        id: String,
        /// What is known.
        draft: LeadDraft,
        /// Whether everything that is required is known.
        complete: bool,
    },
    /// A case for the people who help.
    OpenTicket {
        /// Its id.
        id: String,
        /// One line.
        subject: String,
        /// The customer's words.
        detail: String,
        /// How soon.
        urgency: Urgency,
    },
    /// A person takes the conversation over.
    Handoff {
        /// Its id.
        id: String,
        /// Why.
        reason: HandoffReason,
        /// What the person needs to know.
        brief: Brief,
    },
    /// An order is proposed, and its pieces are set aside; in the place of what was proposed before, if anything was.
    ProposeOrder(Proposal),
    /// The customer said yes: the order is sold.
    ConfirmOrder(Confirmation),
    /// The customer does not want what was proposed.
    CancelOrder {
        /// The order.
        id: String,
        /// How many changes of it the turn saw.
        version: u32,
    },
    /// What the customer is choosing is now this.
    SaveCart(Cart),
    /// Something to know about the contact later.
    Remember(FactChange),
    /// Something to be told to people or systems of the business; once for each subject and target.
    Deliver(Delivery),
    /// A change of the appointment book.
    Booking(BookingChange),
    /// A line of the audit log.
    Audit(AuditEntry),
}

/// An order to be proposed, as the turn planned it from the rows it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its number: a new one, or that of the open order.
    pub id: String,
    /// How many changes of the open order the turn saw; none when there was no open order.
    pub version: Option<u32>,
    /// What is proposed; never empty.
    pub items: Vec<OrderItem>,
    /// Until when the pieces are set aside, in milliseconds since 1970.
    pub expires_ms: i64,
}

/// A sale, as the customer agreed to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The order.
    pub id: String,
    /// How many changes of it the turn saw.
    pub version: u32,
    /// The business is told of a product when a sale leaves this many or fewer.
    pub low_stock: u32,
    /// Where it is told.
    pub low_stock_targets: Vec<DeliveryTarget>,
}

/// Something learned about a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactChange {
    /// What kind of thing it is.
    pub kind: FactKind,
    /// What it is about, in a word or two, folded: one value for each.
    pub name: String,
    /// What is known of it.
    pub value: String,
    /// The channel's id of the message that said so.
    pub message_id: String,
    /// After how many days it is forgotten; `None` for never.
    pub expires_days: Option<u32>,
}

/// The kinds of things known about a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// How they like things.
    Preference,
    /// What is so.
    Fact,
}

impl FactKind {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preference => "preference",
            Self::Fact => "fact",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Preference, Self::Fact].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Something known about a contact, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactFact {
    /// What kind of thing it is.
    pub kind: FactKind,
    /// What it is about.
    pub name: String,
    /// What is known of it.
    pub value: String,
    /// The channel's id of the message that said so.
    pub message_id: String,
    /// When it was learned or last confirmed, in milliseconds since 1970.
    pub updated_ms: i64,
}

/// Something for people or systems of the business.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Where it goes.
    pub target: DeliveryTarget,
    /// What it tells.
    pub event: DeliveryEvent,
    /// The id of the handoff, lead, ticket … it tells of. One delivery for each target, event and subject.
    pub subject: String,
    /// The data; what is said about it in words is decided when it is sent.
    pub payload: Value,
    /// Goes before the others.
    pub urgent: bool,
}

/// The places that the business is told at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryTarget {
    /// A Slack channel.
    Slack,
    /// A Teams channel.
    Teams,
    /// E-mail.
    Email,
    /// The business's own address.
    Webhook,
    /// The CRM's address for leads.
    Crm,
    /// HubSpot's contacts.
    Hubspot,
}

impl DeliveryTarget {
    /// Every target.
    pub const ALL: [Self; 6] =
        [Self::Slack, Self::Teams, Self::Email, Self::Webhook, Self::Crm, Self::Hubspot];

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Crm => "crm",
            Self::Hubspot => "hubspot",
        }
    }

    /// The target of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.as_str() == name)
    }
}

/// What the business is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryEvent {
    /// A person is called into a conversation. The payload is a `HandoffNotice`.
    Handoff,
    /// A lead is complete, or a complete one changed. The payload is a `Lead`.
    Lead,
    /// A case was opened. The payload is a `TicketNotice`.
    Ticket,
    /// Something was sold. The payload is an `OrderNotice`.
    Order,
    /// A sale left few of a product. The payload is a `LowStockNotice`.
    LowStock,
    /// An appointment was made, moved, cancelled or confirmed. The payload is an `AppointmentNotice`.
    Appointment,
    /// The tenant cannot serve as it is set up to. The payload is an `AlertNotice`.
    Alert,
}

impl DeliveryEvent {
    /// Every event.
    pub const ALL: [Self; 7] = [
        Self::Handoff,
        Self::Lead,
        Self::Ticket,
        Self::Order,
        Self::LowStock,
        Self::Appointment,
        Self::Alert,
    ];

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handoff => "handoff",
            Self::Lead => "lead",
            Self::Ticket => "ticket",
            Self::Order => "order",
            Self::LowStock => "low_stock",
            Self::Appointment => "appointment",
            Self::Alert => "alert",
        }
    }

    /// The event of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }
}

/// The payload of [`DeliveryEvent::Handoff`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffNotice {
    /// The handoff.
    pub handoff: String,
    /// The conversation.
    pub conversation: String,
    /// The channel it is held on.
    pub channel: String,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name the contact goes by.
    pub contact_name: Option<String>,
    /// Why.
    pub reason: HandoffReason,
    /// What a person needs to know.
    pub brief: Brief,
}

/// The payload of [`DeliveryEvent::Ticket`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketNotice {
    /// The case.
    pub ticket: String,
    /// The conversation.
    pub conversation: String,
    /// How the channel calls the contact.
    pub contact: String,
    /// One line.
    pub subject: String,
    /// The customer's words.
    pub detail: String,
    /// How soon.
    pub urgency: Urgency,
}

/// The payload of [`DeliveryEvent::Order`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderNotice {
    /// The order's number.
    pub order: String,
    /// The conversation.
    pub conversation: String,
    /// The channel it is held on.
    pub channel: String,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name the contact goes by.
    pub contact_name: Option<String>,
    /// What was sold.
    pub items: Vec<OrderItem>,
    /// What all of it costs.
    pub total: Money,
}

/// The payload of [`DeliveryEvent::LowStock`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowStockNotice {
    /// The article number.
    pub sku: String,
    /// The product.
    pub name: String,
    /// How many are left.
    pub stock: u32,
}

/// The payload of [`DeliveryEvent::Alert`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertNotice {
    /// What it is about: the same word for the same trouble.
    pub topic: String,
    /// What is wrong and what to do, in the tenant's language.
    pub text: String,
}

/// The payload of [`DeliveryEvent::Appointment`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppointmentNotice {
    /// The appointment.
    pub appointment: String,
    /// What was done: booked, moved, cancelled, confirmed; late when the customer says to come late.
    pub change: String,
    /// The conversation.
    pub conversation: String,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name of whom it is for.
    pub contact_name: Option<String>,
    /// The phone number of whom it is for.
    pub phone: Option<String>,
    /// What customers call the service.
    pub service: String,
    /// What customers call who does it; empty when there is only one.
    pub staff: String,
    /// When it begins, RFC 3339 with the offset of the tenant's zone.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// What became of it.
    pub status: AppointmentStatus,
}

/// A line of the audit log: who did what to what. It never holds what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// `customer`, `bot`, `person:<name>`, `system`, `operator`.
    pub actor: String,
    /// What was done: `lead.saved`, `handoff.opened`, `threat.refused` …
    pub action: String,
    /// The id of what it was done to.
    pub subject: String,
    /// A few facts without personal data, as a JSON object.
    pub detail: Value,
}
