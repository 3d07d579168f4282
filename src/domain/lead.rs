//! Leads: what is known of somebody who is interested, in the shape that a CRM gets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{conversation::ConversationId, tenant::TenantId};

/// A part of a lead that a business may require.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeadField {
    /// Who it is.
    Name,
    /// How to write.
    Email,
    /// How to call.
    Phone,
    /// For which company.
    Company,
    /// What it is about.
    Interest,
    /// What the problem is.
    Problem,
    /// How urgent it is.
    Urgency,
}

impl LeadField {
    /// Every part, in the order in which a person would ask for them.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::Email, Self::Phone, Self::Company, Self::Problem, Self::Interest, Self::Urgency];
}

/// What somebody is interested in. The words are the contract's, whatever the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InterestArea {
    /// To buy.
    Ventas,
    /// Help with what was bought.
    Soporte,
    /// Invoices and payments.
    #[serde(rename = "Facturación")]
    Facturacion,
    /// Anything else.
    Otro,
}

/// How soon it must be. The words are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Urgency {
    /// Some time.
    Bajo,
    /// Soon.
    Medio,
    /// At once.
    Alto,
}

impl Urgency {
    /// Every urgency, the least first.
    pub const ALL: [Self; 3] = [Self::Bajo, Self::Medio, Self::Alto];

    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bajo => "Bajo",
            Self::Medio => "Medio",
            Self::Alto => "Alto",
        }
    }

    /// The urgency of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|urgency| urgency.as_str() == name)
    }
}

/// What a lead is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Qualification {
    /// Wants to buy.
    Hot,
    /// Needs help.
    Support,
    /// Sells something to us, or nonsense.
    Spam,
    /// Looks around.
    Cold,
}

/// What is known so far. Empty parts are `None`, never an empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadDraft {
    /// Who it is.
    pub name: Option<String>,
    /// The phone number as the customer wrote it or the channel gave it.
    pub phone: Option<String>,
    /// The name that people find the customer by on a channel without numbers, without an at sign.
    pub username: Option<String>,
    /// The address to write to, checked for its form.
    pub email: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// What it is about.
    pub interest: Option<InterestArea>,
    /// What is wanted or wrong, in the customer's own words.
    pub problem: Option<String>,
    /// How soon.
    pub urgency: Option<Urgency>,
    /// What it is worth.
    pub qualification: Option<Qualification>,
    /// The parts that the customer was asked for already: nothing is asked twice.
    pub asked: Vec<LeadField>,
    /// Whether data is being collected at all: the customer showed interest.
    pub wanted: bool,
}

impl LeadDraft {
    /// Whether two drafts know the same: what was asked and what is only concluded does not count.
    pub fn tells_the_same(&self, other: &Self) -> bool {
        (&self.name, &self.phone, &self.email, &self.company, self.interest, &self.problem, self.urgency)
            == (
                &other.name,
                &other.phone,
                &other.email,
                &other.company,
                other.interest,
                &other.problem,
                other.urgency,
            )
    }

    /// Whether who it is or how to reach them is another than `before` said.
    pub fn corrects(&self, before: &Self) -> bool {
        let other = |before: &Option<String>, now: &Option<String>| before.is_some() && before != now;
        other(&before.name, &self.name)
            || other(&before.email, &self.email)
            || other(&before.phone, &self.phone)
            || other(&before.company, &self.company)
    }

    /// Whether a part is known.
    pub fn has(&self, field: LeadField) -> bool {
        match field {
            LeadField::Name => self.name.is_some(),
            LeadField::Email => self.email.is_some(),
            LeadField::Phone => self.phone.is_some(),
            LeadField::Company => self.company.is_some(),
            LeadField::Interest => self.interest.is_some(),
            LeadField::Problem => self.problem.is_some(),
            LeadField::Urgency => self.urgency.is_some(),
        }
    }
}

/// A lead as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadRecord {
    /// Its id.
    pub id: String,
    /// The tenant's customer it belongs to.
    pub contact_id: String,
    /// The conversation it was given in.
    pub conversation: ConversationId,
    /// What is known.
    pub draft: LeadDraft,
    /// When it became complete; `None` while parts are missing.
    pub completed_ms: Option<i64>,
    /// When it was begun.
    pub created_ms: i64,
    /// When it last changed.
    pub updated_ms: i64,
}

/// A lead in the contract's shape: what the CRM gets, and what is listed and exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// Its id.
    pub lead_id: String,
    /// How to reach them.
    pub contact_info: ContactInfo,
    /// For whom and about what.
    pub business_context: BusinessContext,
    /// What is wanted or wrong.
    pub problem_statement: Option<String>,
    /// How soon.
    pub urgency_level: Urgency,
    /// What it is worth.
    pub qualification: Qualification,
    /// The business.
    pub tenant: TenantId,
    /// The conversation.
    pub conversation: ConversationId,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Whether everything that the business requires is known.
    pub complete: bool,
}

/// How to reach somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactInfo {
    /// Who it is.
    pub name: Option<String>,
    /// The phone number, or the name on a channel without numbers.
    pub phone_or_username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}

/// For whom and about what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessContext {
    /// The company.
    pub company_name: Option<String>,
    /// What it is about.
    pub interest_area: InterestArea,
}

impl LeadRecord {
    /// The contract's shape of it.
    pub fn public(&self, tenant: &TenantId) -> Lead {
        let draft = &self.draft;
        Lead {
            lead_id: self.id.clone(),
            contact_info: ContactInfo {
                name: draft.name.clone(),
                phone_or_username: draft
                    .phone
                    .clone()
                    .or_else(|| Some(format!("@{}", draft.username.as_ref()?))),
                email: draft.email.clone(),
            },
            business_context: BusinessContext {
                company_name: draft.company.clone(),
                interest_area: draft.interest.unwrap_or(InterestArea::Otro),
            },
            problem_statement: draft.problem.clone(),
            urgency_level: draft.urgency.unwrap_or(Urgency::Medio),
            qualification: draft.qualification.unwrap_or(Qualification::Cold),
            tenant: tenant.clone(),
            conversation: self.conversation.clone(),
            created_at: Timestamp::from_millisecond(self.created_ms).unwrap_or(Timestamp::UNIX_EPOCH),
            complete: self.completed_ms.is_some(),
        }
    }
}
