//! What people are told, in the tenant's language and before it takes a place's form.
//!
//! Customers' words come in here and nowhere else, so here they lose what could change how a notice looks: control
//! characters and marks that turn the direction of text around.

use serde_json::Value;

use super::{Business, NotifyError};
use crate::{
    domain::{
        effect::{
            AlertNotice, AppointmentNotice, DeliveryEvent, HandoffNotice, LowStockNotice, OrderNotice,
            TicketNotice,
        },
        handoff::HandoffReason,
        lead::{InterestArea, Qualification, Urgency},
    },
    prompts::{Facts, Text},
    store::delivery::ClaimedDelivery,
};

/// The longest value of a field, in characters.
const MAX_VALUE_CHARS: usize = 600;

/// The longest summary or detail, in characters.
const MAX_SUMMARY_CHARS: usize = 1500;

/// The longest message that is repeated, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

/// The most messages that are repeated.
const MAX_MESSAGES: usize = 10;

/// A notice for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notice {
    /// What happened, on one line.
    pub(super) title: String,
    /// Whether people are to drop what they are doing.
    pub(super) urgent: bool,
    /// What is known, in the order of its weight.
    pub(super) fields: Vec<Field>,
    /// What it is about, at more length.
    pub(super) text: Option<Field>,
    /// The heading of the last messages.
    pub(super) said_title: String,
    /// The last messages, oldest first.
    pub(super) said: Vec<Field>,
    /// Who sends this.
    pub(super) footer: String,
}

/// Something with its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// What it is.
    pub(super) label: String,
    /// What it says; may be of several lines.
    pub(super) value: String,
}

/// The notice of a delivery.
///
/// # Errors
/// [`NotifyError::Permanent`] when its data are not those of its event.
pub(super) fn notice(business: Business<'_>, delivery: &ClaimedDelivery) -> Result<Notice, NotifyError> {
    let wrong = |error: serde_json::Error| NotifyError::permanent(format!("the data are wrong: {error}"));
    let words = Words { business };
    let mut notice = match delivery.event {
        DeliveryEvent::Handoff => {
            words.handoff(serde_json::from_value(delivery.payload.clone()).map_err(wrong)?)
        }
        DeliveryEvent::Lead => words.lead(&delivery.payload, delivery.subject.contains('#')),
        DeliveryEvent::Ticket => {
            words.ticket(serde_json::from_value(delivery.payload.clone()).map_err(wrong)?)
        }
        DeliveryEvent::Order => words.order(serde_json::from_value(delivery.payload.clone()).map_err(wrong)?),
        DeliveryEvent::LowStock => {
            words.low_stock(serde_json::from_value(delivery.payload.clone()).map_err(wrong)?)
        }
        DeliveryEvent::Alert => words.alert(serde_json::from_value(delivery.payload.clone()).map_err(wrong)?),
        DeliveryEvent::Appointment => {
            words.appointment(serde_json::from_value(delivery.payload.clone()).map_err(wrong)?)
        }
    };
    notice.urgent |= delivery.urgent;
    notice.footer = words.text(Text::NoticeFooter);
    Ok(notice)
}

/// The notice that a person is called into a conversation.
pub(super) fn handoff(business: Business<'_>, handoff: HandoffNotice) -> Notice {
    Words { business }.handoff(handoff)
}

struct Words<'a> {
    business: Business<'a>,
}

/// "2026-11-24 16:30" of a moment with its offset.
fn local(moment: &str) -> String {
    moment.get(..16).unwrap_or(moment).replace('T', " ")
}

impl Words<'_> {
    fn handoff(&self, handoff: HandoffNotice) -> Notice {
        let HandoffNotice { handoff: id, channel, contact, contact_name, reason, brief, .. } = handoff;
        let lead = brief.lead.unwrap_or_default();
        let name = contact_name.as_deref().or_else(|| at(&lead, "/contact_info/name"));
        let title = if reason.is_urgent() { Text::NoticeEmergency } else { Text::NoticeHandoff };
        let mut fields = Fields::default();
        fields.add(self.text(Text::NoticeReason), Some(&self.text(reason_text(reason))));
        fields.add(self.text(Text::NoticeContact), Some(&contact));
        fields.add(self.text(Text::NoticeChannel), Some(&channel));
        self.add_lead(&mut fields, &lead);
        fields.add(self.text(Text::NoticeReference), Some(&id));
        let last = brief.last_messages.len().saturating_sub(MAX_MESSAGES);
        let said = brief.last_messages.iter().skip(last).map(|line| Field {
            label: self.text(role_text(&line.role)),
            value: cut(&clean(&line.text), MAX_MESSAGE_CHARS),
        });
        Notice {
            title: self.title(title, name),
            urgent: reason.is_urgent(),
            fields: fields.0,
            text: self.long(Text::NoticeSummary, &brief.summary),
            said_title: self.text(Text::NoticeSaid),
            said: said.filter(|line| !line.value.is_empty()).collect(),
            footer: String::new(),
        }
    }

    fn lead(&self, lead: &Value, changed: bool) -> Notice {
        let title = if changed { Text::NoticeLeadChanged } else { Text::NoticeLead };
        let mut fields = Fields::default();
        self.add_lead(&mut fields, lead);
        fields.add(self.text(Text::NoticeReference), at(lead, "/lead_id"));
        Notice {
            title: self.title(title, at(lead, "/contact_info/name")),
            fields: fields.0,
            ..Notice::default()
        }
    }

    fn ticket(&self, ticket: TicketNotice) -> Notice {
        let mut fields = Fields::default();
        fields.add(self.text(Text::NoticeSubject), Some(&ticket.subject));
        fields.add(self.text(Text::NoticeUrgency), Some(&self.text(urgency_text(ticket.urgency))));
        fields.add(self.text(Text::NoticeContact), Some(&ticket.contact));
        fields.add(self.text(Text::NoticeReference), Some(&ticket.ticket));
        Notice {
            title: self.text(Text::NoticeTicket),
            fields: fields.0,
            text: self.long(Text::NoticeDetail, &ticket.detail),
            ..Notice::default()
        }
    }

    fn order(&self, order: OrderNotice) -> Notice {
        let items: Vec<String> = order
            .items
            .iter()
            .map(|item| {
                format!("{} × {} ({}) = {}", item.quantity, item.name, item.sku, item.total.to_text())
            })
            .collect();
        let mut fields = Fields::default();
        fields.add(self.text(Text::NoticeOrderNumber), Some(&order.order));
        fields.add(self.text(Text::NoticeName), order.contact_name.as_deref());
        fields.add(self.text(Text::NoticeContact), Some(&order.contact));
        fields.add(self.text(Text::NoticeChannel), Some(&order.channel));
        fields.add(self.text(Text::NoticeTotal), Some(&order.total.to_text()));
        Notice {
            title: self.title(Text::NoticeOrder, order.contact_name.as_deref()),
            fields: fields.0,
            text: self.long(Text::NoticeItems, &items.join("\n")),
            ..Notice::default()
        }
    }

    fn low_stock(&self, notice: LowStockNotice) -> Notice {
        let mut fields = Fields::default();
        fields.add(self.text(Text::NoticeProduct), Some(&format!("{} ({})", notice.name, notice.sku)));
        fields.add(self.text(Text::NoticeStock), Some(&notice.stock.to_string()));
        Notice { title: self.text(Text::NoticeLowStock), fields: fields.0, ..Notice::default() }
    }

    fn alert(&self, notice: AlertNotice) -> Notice {
        Notice {
            title: self.text(Text::NoticeAlert),
            urgent: true,
            text: self.long(Text::NoticeDetail, &notice.text),
            ..Notice::default()
        }
    }

    fn appointment(&self, notice: AppointmentNotice) -> Notice {
        let facts = Facts {
            name: clean(notice.contact_name.as_deref().unwrap_or_default()),
            change: notice.change.clone(),
            ..Facts::default()
        };
        let mut fields = Fields::default();
        fields.add(self.text(Text::NoticeService), Some(&notice.service));
        fields.add(self.text(Text::NoticeWhen), Some(&local(&notice.start)));
        fields.add(self.text(Text::NoticeStaff), Some(&notice.staff));
        fields.add(self.text(Text::NoticeName), notice.contact_name.as_deref());
        fields.add(self.text(Text::NoticePhone), notice.phone.as_deref());
        fields.add(self.text(Text::NoticeContact), Some(&notice.contact));
        fields.add(self.text(Text::NoticeReference), Some(&notice.appointment));
        let Business { prompts, config, .. } = self.business;
        let title = prompts.text(Text::NoticeAppointment, config.language, &facts);
        Notice { title, fields: fields.0, ..Notice::default() }
    }

    /// What is known of a lead, which may be half of it.
    fn add_lead(&self, fields: &mut Fields, lead: &Value) {
        for (label, place) in [
            (Text::NoticeName, "/contact_info/name"),
            (Text::NoticePhone, "/contact_info/phone_or_username"),
            (Text::NoticeEmail, "/contact_info/email"),
            (Text::NoticeCompany, "/business_context/company_name"),
            (Text::NoticeProblem, "/problem_statement"),
        ] {
            fields.add(self.text(label), at(lead, place));
        }
        let named = |label, text: Option<Text>| text.map(|text| (self.text(label), self.text(text)));
        let interest = word::<InterestArea>(lead, "/business_context/interest_area").map(interest_text);
        let urgency = word::<Urgency>(lead, "/urgency_level").map(urgency_text);
        let worth = word::<Qualification>(lead, "/qualification").map(qualification_text);
        for (label, value) in [
            named(Text::NoticeInterest, interest),
            named(Text::NoticeUrgency, urgency),
            named(Text::NoticeQualification, worth),
        ]
        .into_iter()
        .flatten()
        {
            fields.add(label, Some(&value));
        }
    }

    fn long(&self, label: Text, value: &str) -> Option<Field> {
        let value = cut(&clean(value), MAX_SUMMARY_CHARS);
        (!value.is_empty()).then(|| Field { label: self.text(label), value })
    }

    fn title(&self, title: Text, name: Option<&str>) -> String {
        // A heading has one line.
        let name = clean(name.unwrap_or_default()).split_whitespace().collect::<Vec<_>>().join(" ");
        self.render(title, &cut(&name, 80))
    }

    fn text(&self, text: Text) -> String {
        self.render(text, "")
    }

    fn render(&self, text: Text, name: &str) -> String {
        let Business { config, prompts, .. } = self.business;
        let facts = Facts { business: config.name.clone(), name: name.to_owned(), ..Facts::default() };
        prompts.text(text, config.language, &facts)
    }
}

#[derive(Default)]
struct Fields(Vec<Field>);

impl Fields {
    /// Adds a field unless there is nothing in it.
    fn add(&mut self, label: String, value: Option<&str>) {
        let value = cut(&clean(value.unwrap_or_default()), MAX_VALUE_CHARS);
        if !value.is_empty() {
            self.0.push(Field { label, value });
        }
    }
}

fn at<'a>(value: &'a Value, place: &str) -> Option<&'a str> {
    value.pointer(place)?.as_str()
}

fn word<T: serde::de::DeserializeOwned>(value: &Value, place: &str) -> Option<T> {
    serde_json::from_value(value.pointer(place)?.clone()).ok()
}

/// Takes out what could make a notice look like something else.
fn clean(text: &str) -> String {
    let turns_around = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let text: String = text
        .chars()
        .filter(|c| !turns_around(*c))
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect();
    text.trim().to_owned()
}

/// The beginning of a text, with a mark if that is not all.
pub(super) fn cut(text: &str, most_chars: usize) -> String {
    match text.char_indices().nth(most_chars) {
        Some(_) => {
            let kept: String = text.chars().take(most_chars.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
        None => text.to_owned(),
    }
}

fn reason_text(reason: HandoffReason) -> Text {
    match reason {
        HandoffReason::Emergency => Text::ReasonEmergency,
        HandoffReason::ExplicitRequest => Text::ReasonExplicitRequest,
        HandoffReason::NegativeSentiment => Text::ReasonNegativeSentiment,
        HandoffReason::RepeatedFallbacks => Text::ReasonRepeatedFallbacks,
        HandoffReason::Loop => Text::ReasonLoop,
        HandoffReason::AgentRequest => Text::ReasonAgentRequest,
        HandoffReason::Threat => Text::ReasonThreat,
        HandoffReason::Takeover => Text::ReasonTakeover,
    }
}

fn role_text(role: &str) -> Text {
    match role {
        "assistant" => Text::RoleAssistant,
        "person" => Text::RolePerson,
        _ => Text::RoleCustomer,
    }
}

fn urgency_text(urgency: Urgency) -> Text {
    match urgency {
        Urgency::Alto => Text::UrgencyHigh,
        Urgency::Medio => Text::UrgencyMedium,
        Urgency::Bajo => Text::UrgencyLow,
    }
}

fn interest_text(interest: InterestArea) -> Text {
    match interest {
        InterestArea::Ventas => Text::InterestSales,
        InterestArea::Soporte => Text::InterestSupport,
        InterestArea::Facturacion => Text::InterestBilling,
        InterestArea::Otro => Text::InterestOther,
    }
}

fn qualification_text(qualification: Qualification) -> Text {
    match qualification {
        Qualification::Hot => Text::QualificationHot,
        Qualification::Support => Text::QualificationSupport,
        Qualification::Cold => Text::QualificationCold,
        Qualification::Spam => Text::QualificationSpam,
    }
}
