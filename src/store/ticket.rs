//! Cases for the people who help.

use rusqlite::params;

use super::{StoreError, effect::Applying};
use crate::domain::lead::Urgency;

/// Opens a case.
pub(super) fn open(
    applying: &Applying<'_>,
    contact_id: &str,
    id: &str,
    subject: &str,
    detail: &str,
    urgency: Urgency,
) -> Result<(), StoreError> {
    let mut statement = applying.tx.prepare_cached(
        "insert into ticket (id, conversation_id, contact_id, subject, detail, urgency, state, created_ms, updated_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7, ?7)",
    )?;
    statement.execute(params![
        id,
        applying.conversation.as_str(),
        contact_id,
        subject,
        detail,
        urgency.as_str(),
        applying.now_ms,
    ])?;
    Ok(())
}
