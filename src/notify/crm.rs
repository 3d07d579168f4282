//! The CRM: the lead itself is posted, in the shape of the contract.

use jiff::Timestamp;

use super::{NotifyError, post::Outgoing, signature};
use crate::{config::tenant::desk::Leads, domain::lead::Lead, store::delivery::ClaimedDelivery};

/// The request that hands a lead over.
pub(super) fn request(
    url: &str,
    leads: &Leads,
    delivery: &ClaimedDelivery,
    now: Timestamp,
) -> Result<Outgoing, NotifyError> {
    let mut outgoing = Outgoing::json(url, &lead(delivery)?)?;
    if let Some(token) = &leads.crm_token {
        outgoing.set_bearer(token.expose())?;
    }
    signature::mark(&mut outgoing, delivery, leads.crm_secret.as_ref(), now)?;
    Ok(outgoing)
}

/// The lead of a delivery.
///
/// # Errors
/// [`NotifyError::Permanent`] when it is not one.
pub(super) fn lead(delivery: &ClaimedDelivery) -> Result<Lead, NotifyError> {
    serde_json::from_value(delivery.payload.clone())
        .map_err(|error| NotifyError::permanent(format!("the data are not a lead: {error}")))
}
