//! What a turn does besides answering, applied in the turn's own transaction: all of it happens, or nothing.
//!
//! Each effect has one function in the file of its table; this module only knows which.

use rusqlite::Transaction;

use super::{StoreError, appointment, audit, cart, contact_fact, deliver, handoff, lead, order, ticket};
use crate::{
    clock::Ids,
    crash,
    domain::{conversation::ConversationId, effect::Effect},
};

/// What effects are applied to.
#[derive(Clone, Copy)]
pub(super) struct Applying<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) conversation: &'a ConversationId,
    pub(super) now_ms: i64,
    pub(super) ids: &'a Ids,
}

/// Applies effects in their order.
pub(super) fn apply(applying: &Applying<'_>, effects: &[Effect]) -> Result<(), StoreError> {
    if effects.is_empty() {
        return Ok(());
    }
    let contact_id = contact_of(applying)?;
    for effect in effects {
        match effect {
            Effect::SaveLead { id, draft, complete } => {
                lead::save(applying, &contact_id, id, draft, *complete)?;
            }
            Effect::OpenTicket { id, subject, detail, urgency } => {
                ticket::open(applying, &contact_id, id, subject, detail, *urgency)?;
            }
            Effect::Handoff { id, reason, brief } => {
                handoff::open(applying, &contact_id, id, *reason, brief)?;
            }
            Effect::ProposeOrder(proposal) => order::propose(applying, &contact_id, proposal)?,
            Effect::ConfirmOrder(confirmation) => order::confirm(applying, &contact_id, confirmation)?,
            Effect::CancelOrder { id, version } => order::cancel_proposed(applying, id, *version)?,
            Effect::SaveCart(content) => cart::save(applying, content)?,
            Effect::Remember(change) => contact_fact::remember(applying, &contact_id, change)?,
            Effect::Deliver(delivery) => deliver::insert(applying, &contact_id, delivery)?,
            Effect::Booking(change) => appointment::change::apply(applying, &contact_id, change)?,
            Effect::Audit(entry) => {
                audit::append(applying.tx, applying.now_ms, entry)?;
            }
        }
        crash::point("turn.in_commit");
    }
    Ok(())
}

fn contact_of(applying: &Applying<'_>) -> Result<String, StoreError> {
    let mut statement = applying.tx.prepare_cached("select contact_id from conversation where id = ?1")?;
    Ok(statement.query_row([applying.conversation.as_str()], |row| row.get(0))?)
}

#[cfg(test)]
#[path = "effect_tests.rs"]
mod tests;
