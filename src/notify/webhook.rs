//! The business's own address: everything that happens, as JSON, signed.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{NotifyError, post::Outgoing, signature};
use crate::{
    config::tenant::notify::Webhook,
    domain::{effect::DeliveryEvent, tenant::TenantId},
    store::delivery::ClaimedDelivery,
};

/// What is posted. It is part of the product's contract: fields may be added, never changed.
#[derive(Serialize)]
struct Body<'a> {
    event: DeliveryEvent,
    /// The id of the delivery, the same in every copy of it.
    id: &'a str,
    tenant: &'a TenantId,
    /// When it happened.
    created_at: Timestamp,
    /// A handoff, a lead or a ticket.
    data: &'a Value,
}

/// The request that tells of a delivery.
pub(super) fn request(
    webhook: &Webhook,
    tenant: &TenantId,
    delivery: &ClaimedDelivery,
    now: Timestamp,
) -> Result<Outgoing, NotifyError> {
    let body = Body {
        event: delivery.event,
        id: &delivery.id,
        tenant,
        created_at: Timestamp::from_millisecond(delivery.created_ms).unwrap_or(Timestamp::UNIX_EPOCH),
        data: &delivery.payload,
    };
    let mut outgoing = Outgoing::json(&webhook.url, &body)?;
    signature::mark(&mut outgoing, delivery, webhook.secret.as_ref(), now)?;
    Ok(outgoing)
}
