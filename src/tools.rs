//! The tools a model may ask for: one file each, with its schema and its plan.
//!
//! A model only proposes. [`Tool::plan`] checks what it asks for against what the customer really said and writes what is to
//! happen into the turn's [`Ledger`]; the store applies it in the turn's transaction. Nothing here does anything itself.

pub mod ledger;
pub mod schema;

mod book_appointment;
mod cancel_appointment;
mod capture_lead;
mod change_order;
mod check_availability;
mod create_support_ticket;
#[cfg(test)]
mod fixture;
mod get_price;
mod move_appointment;
mod order_items;
mod order_status;
mod propose_order;
mod push_lead_to_crm;
mod remember_preference;
mod request_handoff;
mod search_knowledge;
mod search_products;
mod verify_email;

use serde_json::Value;

use self::ledger::Ledger;
use crate::{
    domain::{language::Language, tool::ToolSpec},
    engine::{
        booking::{proposal::Proposals, talk::Plan},
        desk::LeadRules,
        sale::proposal::{Counter, Request},
    },
};

/// The tools that are built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Searches the tenant's documents once more, with other words.
    SearchKnowledge,
    /// Writes down who the customer is and what they want.
    CaptureLead,
    /// Checks the form of an e-mail address.
    VerifyEmail,
    /// Sends a complete lead to the CRM.
    PushLeadToCrm,
    /// Opens a case for the people who help.
    CreateSupportTicket,
    /// Calls a person into the conversation.
    RequestHandoff,
    /// Keeps something about the customer for later conversations.
    RememberPreference,
    /// Looks up free times.
    CheckAvailability,
    /// Takes an offered time that the customer chose.
    BookAppointment,
    /// Offers other times for an appointment.
    MoveAppointment,
    /// Asks whether an appointment is to be cancelled.
    CancelAppointment,
    /// Searches the catalogue.
    SearchProducts,
    /// Reads the price of a product.
    GetPrice,
    /// Proposes an order to the customer.
    ProposeOrder,
    /// Proposes another order in the place of the open one.
    ChangeOrder,
    /// Tells how the customer's orders are.
    OrderStatus,
}

/// What belongs together: a group is offered only when the conversation needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skill {
    /// Finding out.
    Knowledge,
    /// Somebody is interested.
    Leads,
    /// Somebody needs help.
    Support,
    /// A person is needed.
    Handoff,
    /// Something is to be kept.
    Memory,
    /// Somebody wants to come.
    Booking,
    /// Somebody wants to buy.
    Sales,
}

/// What a plan may look at.
#[derive(Debug, Clone, Copy)]
pub struct ToolScene<'a> {
    /// What the customer said in this conversation, oldest first.
    pub customer_said: &'a [&'a str],
    /// The channel's id of the customer's last message.
    pub message_id: &'a str,
    /// The language of the conversation.
    pub language: Language,
    /// What a lead must have.
    pub leads: &'a LeadRules,
    /// What may be done with appointments; `None` when there are none.
    pub booking: Option<&'a Proposals<'a>>,
    /// What may be sold; `None` where nothing is.
    pub counter: Option<&'a Counter<'a>>,
}

impl<'a> ToolScene<'a> {
    /// What may be sold, for a tool that sells.
    fn counter(&self) -> Result<&'a Counter<'a>, String> {
        self.counter.ok_or_else(|| "this business sells nothing here".to_owned())
    }

    /// What may be done with appointments, for a tool that does.
    fn booking(&self) -> Result<&'a Proposals<'a>, String> {
        self.booking.ok_or_else(|| "this business takes no appointments".to_owned())
    }
}

/// What a plan came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// It is in the ledger; this goes back to the model.
    Done(Value),
    /// The knowledge is to be searched for these words.
    Search(String),
    /// This is what is said and happens with appointments.
    Booking(Box<Plan>),
    /// The catalogue is to be read for this.
    Shop(Request),
}

impl Tool {
    /// Every tool.
    pub const ALL: [Self; 16] = [
        Self::SearchKnowledge,
        Self::CaptureLead,
        Self::VerifyEmail,
        Self::PushLeadToCrm,
        Self::CreateSupportTicket,
        Self::RequestHandoff,
        Self::RememberPreference,
        Self::CheckAvailability,
        Self::BookAppointment,
        Self::MoveAppointment,
        Self::CancelAppointment,
        Self::SearchProducts,
        Self::GetPrice,
        Self::ProposeOrder,
        Self::ChangeOrder,
        Self::OrderStatus,
    ];

    /// The name in the configuration, for the model and in the reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::SearchKnowledge => "search_knowledge",
            Self::CaptureLead => "capture_lead",
            Self::VerifyEmail => "verify_email",
            Self::PushLeadToCrm => "push_lead_to_crm",
            Self::CreateSupportTicket => "create_support_ticket",
            Self::RequestHandoff => "request_handoff",
            Self::RememberPreference => "remember_preference",
            Self::CheckAvailability => "check_availability",
            Self::BookAppointment => "book_appointment",
            Self::MoveAppointment => "move_appointment",
            Self::CancelAppointment => "cancel_appointment",
            Self::SearchProducts => "search_products",
            Self::GetPrice => "get_price",
            Self::ProposeOrder => "propose_order",
            Self::ChangeOrder => "change_order",
            Self::OrderStatus => "order_status",
        }
    }

    /// The tool of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// The group it is offered with.
    pub fn skill(self) -> Skill {
        match self {
            Self::SearchKnowledge => Skill::Knowledge,
            Self::CaptureLead | Self::VerifyEmail | Self::PushLeadToCrm => Skill::Leads,
            Self::CreateSupportTicket => Skill::Support,
            Self::RequestHandoff => Skill::Handoff,
            Self::RememberPreference => Skill::Memory,
            Self::CheckAvailability
            | Self::BookAppointment
            | Self::MoveAppointment
            | Self::CancelAppointment => Skill::Booking,
            Self::SearchProducts
            | Self::GetPrice
            | Self::ProposeOrder
            | Self::ChangeOrder
            | Self::OrderStatus => Skill::Sales,
        }
    }

    /// How it is offered to a model.
    pub fn spec(self) -> ToolSpec {
        let (description, parameters) = match self {
            Self::SearchKnowledge => search_knowledge::schema(),
            Self::CaptureLead => capture_lead::schema(),
            Self::VerifyEmail => verify_email::schema(),
            Self::PushLeadToCrm => push_lead_to_crm::schema(),
            Self::CreateSupportTicket => create_support_ticket::schema(),
            Self::RequestHandoff => request_handoff::schema(),
            Self::RememberPreference => remember_preference::schema(),
            Self::CheckAvailability => check_availability::schema(),
            Self::BookAppointment => book_appointment::schema(),
            Self::MoveAppointment => move_appointment::schema(),
            Self::CancelAppointment => cancel_appointment::schema(),
            Self::SearchProducts => search_products::schema(),
            Self::GetPrice => get_price::schema(),
            Self::ProposeOrder => propose_order::schema(),
            Self::ChangeOrder => change_order::schema(),
            Self::OrderStatus => order_status::schema(),
        };
        ToolSpec { name: self.name().to_owned(), description: description.to_owned(), parameters }
    }

    /// Plans a call whose arguments fit the schema.
    ///
    /// # Errors
    /// What is wrong, in words for the model.
    pub fn plan(
        self,
        arguments: &Value,
        scene: &ToolScene<'_>,
        ledger: &mut Ledger,
    ) -> Result<Planned, String> {
        match self {
            Self::SearchKnowledge => search_knowledge::plan(arguments),
            Self::CaptureLead => Ok(capture_lead::plan(arguments, scene, ledger)),
            Self::VerifyEmail => verify_email::plan(arguments),
            Self::PushLeadToCrm => push_lead_to_crm::plan(scene, ledger),
            Self::CreateSupportTicket => create_support_ticket::plan(arguments, scene, ledger),
            Self::RequestHandoff => Ok(request_handoff::plan(ledger)),
            Self::RememberPreference => remember_preference::plan(arguments, scene, ledger),
            Self::CheckAvailability => check_availability::plan(arguments, scene, ledger),
            Self::BookAppointment => book_appointment::plan(arguments, scene, ledger),
            Self::MoveAppointment => move_appointment::plan(arguments, scene, ledger),
            Self::CancelAppointment => cancel_appointment::plan(arguments, scene, ledger),
            Self::SearchProducts => search_products::plan(arguments, scene, ledger),
            Self::GetPrice => get_price::plan(arguments, scene, ledger),
            Self::ProposeOrder => propose_order::plan(arguments, scene, ledger),
            Self::ChangeOrder => change_order::plan(arguments, scene, ledger),
            Self::OrderStatus => order_status::plan(arguments, scene, ledger),
        }
    }
}

/// A text argument, trimmed; what is missing or empty is `None`.
fn text<'a>(arguments: &'a Value, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_a_name_of_its_own_and_a_schema_that_is_one() {
        for tool in Tool::ALL {
            assert_eq!(Tool::from_name(tool.name()), Some(tool));
            let spec = tool.spec();
            assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
            assert!(!spec.description.is_empty());
            schema::validate(&spec.parameters, &serde_json::json!({"unknown": 1})).unwrap_err();
        }
    }
}
