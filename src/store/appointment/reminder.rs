//! Reminders of appointments. One goes into the outbox in the transaction that takes it off the list, so that it is said
//! once, whenever the process dies; moved and cancelled appointments have no reminders on the list.

use rusqlite::params;
use serde_json::Value;

use super::{
    find,
    job::{Telling, say},
};
use crate::{
    crash,
    domain::{appointment::AppointmentRecord, language::Language},
    store::{StoreError, TenantDb},
};

/// A reminder that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueReminder {
    /// Of what.
    pub appointment: AppointmentRecord,
    /// The language of the conversation's last reply.
    pub language: Option<Language>,
}

/// What a reminder says, and where the talk is after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reminding {
    /// The words.
    pub telling: Telling,
    /// The talk that waits for the answer.
    pub talk: Value,
}

impl TenantDb {
    /// When the next reminder is due, in milliseconds since 1970.
    pub async fn next_reminder_ms(&self) -> Result<Option<i64>, StoreError> {
        self.read(
            |tx| Ok(tx.query_row("select min(due_ms) from appointment_reminder", [], |row| row.get(0))?),
        )
        .await
    }

    /// Reminds of what is due, at most `limit`: `word` gives the words. Of several reminders of an appointment that are
    /// due only one is said, and none when it has begun. Gives how many were said.
    pub async fn remind(
        &self,
        now_ms: i64,
        limit: u32,
        word: impl Fn(&DueReminder) -> Reminding + Send + 'static,
    ) -> Result<usize, StoreError> {
        self.write(move |tx| {
            let due: Vec<(String, Option<String>)> = tx
                .prepare_cached(
                    "select r.appointment_id, c.language from appointment_reminder r
                     join conversation c on c.id = r.conversation_id
                     where r.due_ms <= ?1 group by r.appointment_id order by min(r.due_ms) limit ?2",
                )?
                .query_map(params![now_ms, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let mut said = 0;
            for (id, language) in due {
                tx.prepare_cached(
                    "delete from appointment_reminder where appointment_id = ?1 and due_ms <= ?2",
                )?
                .execute(params![id, now_ms])?;
                let Some(appointment) = find(tx, &id)? else { continue };
                if !appointment.status.stands() || appointment.slot.start_ms <= now_ms {
                    continue;
                }
                let language = language.as_deref().and_then(Language::from_code);
                let reminding = word(&DueReminder { appointment: appointment.clone(), language });
                say(tx, &appointment.conversation, &reminding.telling, now_ms)?;
                tx.prepare_cached(
                    "insert into booking_talk (conversation_id, talk, updated_ms) values (?1, ?2, ?3)
                     on conflict (conversation_id) do update set talk = ?2, updated_ms = ?3",
                )?
                .execute(params![
                    appointment.conversation.as_str(),
                    reminding.talk.to_string(),
                    now_ms
                ])?;
                said += 1;
                crash::point("reminder.in_commit");
            }
            Ok(said)
        })
        .await
    }
}
