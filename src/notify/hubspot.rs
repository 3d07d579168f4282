//! HubSpot: every lead becomes a contact, or changes the one that has its e-mail address.
//! <https://developers.hubspot.com/docs/api-reference/legacy/crm/objects/contacts/batch/upsert-contacts>.

use reqwest::Response;
use serde::{Deserialize, Serialize};

use super::{
    NotifyError, crm,
    post::{self, Outgoing},
    words::cut,
};
use crate::{config::secret::Secret, store::delivery::ClaimedDelivery};

/// Where contacts are made and changed by a property of theirs.
const UPSERT: &str = "/crm/v3/objects/contacts/batch/upsert";

/// How much of a refusal is told, in characters.
const MAX_TOLD_CHARS: usize = 200;

#[derive(Serialize)]
struct Batch {
    inputs: [Input; 1],
}

#[derive(Serialize)]
struct Input {
    /// The value of the property that a contact is known by.
    id: String,
    #[serde(rename = "idProperty")]
    id_property: &'static str,
    properties: Properties,
}

/// Properties that every HubSpot account has. Those that are not known are left as they are.
#[derive(Serialize)]
struct Properties {
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    firstname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lastname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What comes back of a batch. It is a success also when a part of it failed (207).
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
}

/// The request that makes or changes the contact of a lead.
///
/// # Errors
/// [`NotifyError::Permanent`] when the lead has no e-mail address, by which HubSpot knows people.
pub(super) fn request(
    base_url: &str,
    token: &Secret,
    delivery: &ClaimedDelivery,
) -> Result<Outgoing, NotifyError> {
    let lead = crm::lead(delivery)?;
    let Some(email) = lead.contact_info.email else {
        return Err(NotifyError::permanent("the lead has no e-mail address, by which HubSpot knows people"));
    };
    let (firstname, lastname) = names(lead.contact_info.name.as_deref().unwrap_or_default());
    let properties = Properties {
        email: email.clone(),
        firstname,
        lastname,
        phone: lead.contact_info.phone_or_username,
        company: lead.business_context.company_name,
        message: lead.problem_statement,
    };
    let batch = Batch { inputs: [Input { id: email, id_property: "email", properties }] };
    let mut outgoing = Outgoing::json(&format!("{base_url}{UPSERT}"), &batch)?;
    outgoing.set_bearer(token.expose())?;
    Ok(outgoing)
}

/// Whether the contact was really written.
///
/// # Errors
/// [`NotifyError::Permanent`] when HubSpot refused it, [`NotifyError::Temporary`] when the answer cannot be read.
pub(super) async fn check(response: Response) -> Result<(), NotifyError> {
    let body = post::body_of(response).await?;
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|error| NotifyError::temporary(format!("the answer cannot be read: {error}")))?;
    match answer.errors.first() {
        Some(problem) => Err(NotifyError::permanent(format!(
            "HubSpot refused it: {}",
            cut(&problem.message, MAX_TOLD_CHARS)
        ))),
        None if answer.results.is_empty() => Err(NotifyError::temporary("HubSpot wrote no contact")),
        None => Ok(()),
    }
}

/// The first word of a name and the rest. Where the given names end nobody can tell; HubSpot shows both in one line.
fn names(name: &str) -> (Option<String>, Option<String>) {
    let mut words = name.split_whitespace();
    let first = words.next().map(str::to_owned);
    let rest = words.collect::<Vec<_>>().join(" ");
    (first, Some(rest).filter(|rest| !rest.is_empty()))
}
