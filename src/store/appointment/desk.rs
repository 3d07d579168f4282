//! Appointments that the people of the business make and move, by the same rules as a customer's turn: in one
//! transaction that looks again whether the time is free.

use super::{
    find,
    job::{Telling, say},
};
use crate::{
    clock::Ids,
    domain::{
        appointment::{AppointmentRecord, BookingChange},
        conversation::ConversationId,
        effect::Effect,
        message::Inbound,
    },
    store::{
        StoreError, TenantDb, conversation,
        effect::{self, Applying},
    },
};

/// Whose appointment it is.
#[derive(Debug, Clone)]
pub enum Whose {
    /// The one who has this conversation.
    Conversation(ConversationId),
    /// The contact that a message like this would be of; its conversation begins if there is none. The message itself
    /// is not stored.
    Contact(Box<Inbound>),
}

/// An appointment to be made or moved.
#[derive(Debug, Clone)]
pub struct AtDesk {
    /// The appointment that is there afterwards.
    pub id: String,
    /// Whose it is.
    pub whose: Whose,
    /// What happens with the appointment book.
    pub changes: Vec<BookingChange>,
    /// What else happens.
    pub others: Vec<Effect>,
    /// What the customer is told.
    pub telling: Option<Telling>,
}

/// What a change at the desk did.
#[derive(Debug, Clone, PartialEq)]
pub enum DeskChange {
    /// It is so now.
    Done(Box<AppointmentRecord>),
    /// The same was done before.
    Before(Box<AppointmentRecord>),
}

impl TenantDb {
    /// Makes or moves an appointment. One that is to be made and is there already stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when its time was taken meanwhile, or the appointment is not as it was.
    pub async fn change_at_desk(
        &self,
        order: AtDesk,
        ids: Ids,
        now_ms: i64,
    ) -> Result<DeskChange, StoreError> {
        let AtDesk { id, whose, changes, others, telling } = order;
        self.write(move |tx| {
            let makes = changes.iter().any(|change| matches!(change, BookingChange::Book { .. }));
            if let Some(found) = find(tx, &id)?.filter(|_| makes) {
                return Ok(DeskChange::Before(Box::new(found)));
            }
            let conversation = match &whose {
                Whose::Conversation(known) if conversation::exists(tx, known)? => known.clone(),
                Whose::Conversation(_) => return Err(StoreError::Stale),
                Whose::Contact(message) => conversation::find_or_create(tx, message, now_ms, &ids)?,
            };
            let effects: Vec<Effect> =
                changes.iter().cloned().map(Effect::Booking).chain(others.iter().cloned()).collect();
            let applying = Applying { tx, conversation: &conversation, now_ms, ids: &ids };
            effect::apply(&applying, &effects)?;
            if let Some(telling) = &telling {
                say(tx, &conversation, telling, now_ms)?;
            }
            find(tx, &id)?.map_or(Err(StoreError::Stale), |found| Ok(DeskChange::Done(Box::new(found))))
        })
        .await
    }
}
