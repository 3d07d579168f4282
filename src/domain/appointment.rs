//! Appointments: what can be booked, when, and what became of it.

use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conversation::{ChannelKind, ConversationId};

/// What became of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentStatus {
    /// Its time is kept for a while: the customer still gives their data, or a calendar elsewhere has not answered.
    Held,
    /// It is made.
    Booked,
    /// The customer said again that they come.
    Confirmed,
    /// It does not take place.
    Cancelled,
    /// It took place.
    Done,
    /// The customer did not come.
    NoShow,
}

impl AppointmentStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Held, Self::Booked, Self::Confirmed, Self::Cancelled, Self::Done, Self::NoShow];

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Booked => "booked",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
            Self::NoShow => "no_show",
        }
    }

    /// The status of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether it is made and to take place.
    pub fn stands(self) -> bool {
        matches!(self, Self::Booked | Self::Confirmed)
    }
}

/// A stretch of time with whoever or whatever it needs. Times are milliseconds since 1970; the end is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// What is done in it, by id.
    pub service: String,
    /// Who does it, or where, by id.
    pub resource: String,
    /// When it begins.
    pub start_ms: i64,
    /// When it ends.
    pub end_ms: i64,
    /// From when its resource is not free for others: the beginning less the time to prepare.
    pub blocked_from_ms: i64,
    /// Until when: the end and the time to clear up.
    pub blocked_to_ms: i64,
    /// How many customers may share this very time.
    pub capacity: u32,
}

/// Time that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// The appointment that takes it; `None` for what a calendar elsewhere knows.
    pub appointment: Option<String>,
    /// Whose time; `None` is everybody's.
    pub resource: Option<String>,
    /// For what, by id; `None` for what is no appointment of ours.
    pub service: Option<String>,
    /// When the appointment begins, in milliseconds since 1970.
    pub start_ms: i64,
    /// From when the time is taken.
    pub from_ms: i64,
    /// Until when.
    pub to_ms: i64,
}

/// An appointment as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppointmentRecord {
    /// Its id.
    pub id: String,
    /// The conversation it was made in.
    pub conversation: ConversationId,
    /// The channel of the conversation.
    pub channel: ChannelKind,
    /// How the channel calls the contact.
    pub contact: String,
    /// The name of whom it is for: as they gave it for the appointment, or as the contact goes by.
    pub contact_name: Option<String>,
    /// When and with whom.
    pub slot: Slot,
    /// The name of the service when it was made.
    pub service_name: String,
    /// The name of who does it when it was made; empty when there is only one.
    pub resource_name: String,
    /// What became of it.
    pub status: AppointmentStatus,
    /// Until when a held time is kept, in milliseconds since 1970.
    pub held_until_ms: Option<i64>,
    /// What the customer gave for it: name, phone, e-mail.
    pub details: Value,
    /// How often it was changed, from 0: the SEQUENCE of its calendar entry (RFC 5545, section 3.8.7.4).
    pub sequence: u32,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it last changed, in milliseconds since 1970.
    pub updated_ms: i64,
}

/// An appointment as the API and the command line show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Appointment {
    /// Its id.
    pub appointment: String,
    /// What is done, by id.
    pub service: String,
    /// What is done, as customers know it.
    pub service_name: String,
    /// Who does it, by id.
    pub resource: String,
    /// Who does it, as customers know it; empty when there is only one.
    pub resource_name: String,
    /// When it begins, RFC 3339 with the offset of the tenant's zone.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// What became of it.
    pub status: AppointmentStatus,
    /// How the channel calls the contact.
    pub contact: String,
    /// The channel.
    pub channel: ChannelKind,
    /// The name of whom it is for.
    pub contact_name: Option<String>,
    /// The conversation it was made in.
    pub conversation: ConversationId,
    /// What the customer gave for it.
    pub details: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl AppointmentRecord {
    /// The contract's shape of it.
    pub fn public(&self, zone: &TimeZone) -> Appointment {
        Appointment {
            appointment: self.id.clone(),
            service: self.slot.service.clone(),
            service_name: self.service_name.clone(),
            resource: self.slot.resource.clone(),
            resource_name: self.resource_name.clone(),
            start: rfc3339(self.slot.start_ms, zone),
            end: rfc3339(self.slot.end_ms, zone),
            status: self.status,
            contact: self.contact.clone(),
            channel: self.channel,
            contact_name: self.contact_name.clone(),
            conversation: self.conversation.clone(),
            details: self.details.clone(),
            created_at: Timestamp::from_millisecond(self.created_ms).unwrap_or(Timestamp::UNIX_EPOCH),
            updated_at: Timestamp::from_millisecond(self.updated_ms).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

/// A moment in a zone; what no calendar can hold is 1970.
pub fn zoned(at_ms: i64, zone: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

/// RFC 3339 with the offset that the zone has at that moment.
pub fn rfc3339(at_ms: i64, zone: &TimeZone) -> String {
    zoned(at_ms, zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// What a turn does to the appointment book. Applied in the turn's transaction; when its slot is not free any more, or
/// the appointment is another by then, nothing of the turn is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum BookingChange {
    /// These are the slots that the conversation may take, instead of those offered before.
    Offer(Vec<OfferedSlot>),
    /// Keep an offered slot until then, while the customer gives their data. What the conversation kept before is let
    /// go.
    Hold {
        /// The id of the appointment to be.
        id: String,
        /// The slot, which must have been offered.
        slot: Slot,
        /// Its names for customers.
        names: SlotNames,
        /// Until when, in milliseconds since 1970.
        until_ms: i64,
    },
    /// Make an appointment in an offered slot, or in the one that is kept for the conversation.
    Book {
        /// Its id: that of the kept one, or a new one.
        id: String,
        /// The slot.
        slot: Slot,
        /// Its names for customers.
        names: SlotNames,
        /// What the customer gave for it.
        details: Value,
        /// When the customer is reminded, in milliseconds since 1970.
        reminders_ms: Vec<i64>,
        /// Whether a calendar elsewhere must agree first: then the time is only held.
        remote: bool,
    },
    /// Give an appointment another, offered, slot.
    Move {
        /// The appointment.
        id: String,
        /// The slot that it had when the turn began, by its beginning.
        from_ms: i64,
        /// The new slot.
        slot: Slot,
        /// Its names for customers.
        names: SlotNames,
        /// When the customer is reminded.
        reminders_ms: Vec<i64>,
        /// Whether a calendar elsewhere must agree first.
        remote: bool,
    },
    /// The appointment does not take place, and its time is free again.
    Cancel {
        /// The appointment.
        id: String,
        /// Whether a calendar elsewhere is to be told.
        remote: bool,
    },
    /// The customer says again that they come.
    Confirm {
        /// The appointment.
        id: String,
    },
    /// Let go what is kept for the conversation.
    Release,
    /// Where the talk about an appointment is; `None` when it is over.
    Talk(Option<Value>),
}

/// A slot with its place among those that were offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedSlot {
    /// From 1, as the customer counts.
    pub place: u32,
    /// The slot.
    pub slot: Slot,
}

/// What customers call a service and who does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotNames {
    /// The service.
    pub service: String,
    /// Who does it; empty when there is only one.
    pub resource: String,
}
