//! The talk that ends in an appointment, without a model: what is asked next, what is offered, what is booked.
//!
//! [`read()`] says whether a message belongs to such a talk and what it wants; [`answer`] says what is replied and what
//! happens, with the calendar at hand. Both are functions of values. Nothing is booked but what was offered and the
//! customer chose in their own words.

mod cues;
mod plan;
mod read;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::{
    plan::{again, answer},
    read::read,
};
use super::{rules::BookingRules, when::When, words::BookingWords};
use crate::domain::{
    appointment::{AppointmentStatus, BookingChange, Busy, Slot},
    lead::{LeadDraft, LeadField},
};
use crate::store::appointment::BookingContext;

/// A talk that was left for longer is over, in milliseconds.
pub const TALK_MS: i64 = 24 * 3_600_000;

/// Where a talk is between two messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    /// What was asked last.
    pub stage: Stage,
    /// The services that may be meant; one when it is clear.
    #[serde(default)]
    pub services: Vec<String>,
    /// The services that were listed to choose from, where the customer named none.
    #[serde(default)]
    pub listed: Vec<String>,
    /// With whom it is to be.
    #[serde(default)]
    pub resource: Option<String>,
    /// When the customer would like to come.
    #[serde(default)]
    pub wish: When,
    /// The slot that was chosen, by its beginning.
    #[serde(default)]
    pub chosen_ms: Option<i64>,
    /// The id of the appointment that is kept meanwhile.
    #[serde(default)]
    pub held: Option<String>,
    /// The appointment that is to be moved, cancelled or confirmed.
    #[serde(default)]
    pub appointment: Option<String>,
    /// Whether an appointment gets another time.
    #[serde(default)]
    pub moving: bool,
    /// What the customer does not want to give.
    #[serde(default)]
    pub declined: Vec<LeadField>,
}

/// What was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What the appointment is for.
    Service,
    /// Which of the offered times.
    Slot,
    /// Which of several services, after the time was chosen.
    Variant,
    /// Who it is for.
    Data,
    /// Which appointment to cancel.
    WhichCancel,
    /// Which appointment to move.
    WhichMove,
    /// Whether to cancel it.
    Cancel,
    /// Whether the customer comes.
    Reminder,
}

/// What a message is read from.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The rules of the business.
    pub rules: &'a BookingRules,
    /// Who speaks.
    pub words: BookingWords<'a>,
    /// The customer's words.
    pub text: &'a str,
    /// The time now, in milliseconds since 1970.
    pub now_ms: i64,
    /// Whether the message is for the agents of appointments.
    pub routed_here: bool,
    /// What is known of the customer, this message included.
    pub draft: &'a LeadDraft,
    /// What this message told of the customer.
    pub told: &'a [LeadField],
    /// What the customer does not want to give, by this message.
    pub declined: &'a [LeadField],
    /// How the appointments of the contact stand.
    pub standing: &'a BookingContext,
    /// The id for a new appointment.
    pub fresh_id: &'a str,
}

/// What a message wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Free times.
    Search(Box<Talk>, Prelude),
    /// This one of the offers, by its beginning.
    Take(Box<Talk>, i64),
    /// It cannot be told which of these offers, by their beginnings.
    WhichOffer(Box<Talk>, Vec<i64>),
    /// Nothing of what was offered; another time may do.
    AskWhen(Box<Talk>),
    /// The talk goes on: the customer gave something that was asked for.
    GoOn(Box<Talk>),
    /// The customer's appointments.
    Show,
    /// To cancel this one, or one of them.
    Cancel(Option<String>),
    /// To cancel this one, and it was said twice or in answer to a reminder.
    CancelNow(String),
    /// To keep what was about to be cancelled.
    Keep(String),
    /// To move one of them; where it is told, to when.
    Move(Option<String>, When),
    /// To confirm this one.
    Confirm(String),
    /// To say that they come late to this one.
    Late(String),
    /// Nothing any more.
    GiveUp,
}

/// What is said before free times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prelude {
    /// Nothing.
    None,
    /// The time that was chosen is gone.
    Taken,
}

/// What is known of the calendar.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calendar {
    /// The time that is taken.
    pub busy: Vec<Busy>,
    /// The times that a calendar elsewhere offers by itself, where it does: each service with a beginning. Then only
    /// these are free.
    pub open: Option<Vec<(String, i64)>>,
    /// Whether a calendar elsewhere should have been asked and did not answer.
    pub unreachable: bool,
}

/// What a message leads to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The reply.
    pub text: String,
    /// Answers to choose from.
    pub choices: Vec<String>,
    /// What happens with the appointment book.
    pub changes: Vec<BookingChange>,
    /// The appointment that was made or changed.
    pub touched: Option<Touched>,
    /// What the reply asks for.
    pub asks: Option<LeadField>,
    /// Whether the message was understood whole; if not, a model may word it better.
    pub certain: bool,
}

/// An appointment that a turn made or changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Touched {
    /// Its id.
    pub id: String,
    /// What was done: booked, moved, cancelled, confirmed.
    pub change: &'static str,
    /// When and with whom it is now.
    pub slot: Slot,
    /// What customers call the service.
    pub service_name: String,
    /// What customers call who does it.
    pub resource_name: String,
    /// What became of it.
    pub status: AppointmentStatus,
    /// What the customer gave for it.
    pub details: Value,
}

impl Talk {
    /// A talk that begins.
    pub fn new(stage: Stage) -> Self {
        Self {
            stage,
            services: Vec::new(),
            listed: Vec::new(),
            resource: None,
            wish: When::default(),
            chosen_ms: None,
            held: None,
            appointment: None,
            moving: false,
            declined: Vec::new(),
        }
    }

    /// The talk as it is stored.
    pub fn stored(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }
}

impl Scene<'_> {
    /// The talk that goes on, if one does.
    pub fn talk(&self) -> Option<Talk> {
        let talk: Talk = serde_json::from_value(self.standing.talk.clone()?).ok()?;
        let fresh = self.now_ms - self.standing.talk_ms < TALK_MS;
        // A reminder is answered until the appointment begins.
        let awaited = talk.stage == Stage::Reminder
            && self.standing.upcoming.iter().any(|record| Some(&record.id) == talk.appointment.as_ref());
        (fresh || awaited).then_some(talk)
    }

    /// The offered slots, one for each time, in the order in which they were told.
    pub fn offered(&self) -> Vec<Slot> {
        let mut offered: Vec<Slot> = Vec::new();
        for place in &self.standing.offered {
            if !offered.iter().any(|slot| slot.start_ms == place.slot.start_ms) {
                offered.push(place.slot.clone());
            }
        }
        offered
    }

    /// What must still be known before an appointment for a service is made.
    pub fn missing(&self, talk: &Talk, service: &str) -> Option<LeadField> {
        let required = &self.rules.service(service)?.required;
        LeadField::ALL.into_iter().find(|field| {
            required.contains(field)
                && !self.draft.has(*field)
                && !self.declined.contains(field)
                && !talk.declined.contains(field)
        })
    }
}
