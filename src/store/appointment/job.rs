//! What is still to be done in a calendar elsewhere. A job is put down in the transaction that decided it and goes away
//! in the one that writes down what came of it, so that none is forgotten; the calendar knows a second try by the
//! appointment's id.

use rusqlite::{Transaction, params};

use super::{SELECT, appointment, change::set_status, find, raw};
use crate::{
    clock::Ids,
    domain::{
        appointment::{AppointmentRecord, AppointmentStatus},
        conversation::ConversationId,
        effect::{AuditEntry, Effect},
        message::{OutboundKind, Role},
    },
    store::{
        StoreError, TenantDb, audit,
        effect::{self, Applying},
        outbox::{self, Leaving},
    },
};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The appointment is to be made there.
    Create,
    /// It is to be taken out there.
    Cancel,
}

impl Action {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Cancel => "cancel",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Create, Self::Cancel].into_iter().find(|action| action.as_str() == name)
    }
}

/// Something to do in a calendar elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct CalendarJob {
    /// Its place in the order of jobs.
    pub seq: i64,
    /// What is to be done.
    pub action: Action,
    /// With which appointment.
    pub appointment: AppointmentRecord,
    /// The appointment it takes the place of.
    pub replaces: Option<String>,
    /// What the calendar calls it, once it told.
    pub remote_id: Option<String>,
    /// The version of it that is known.
    pub remote_version: Option<String>,
    /// How often it was tried before, tries that a crash cut off included.
    pub attempts: u32,
}

/// Words for the customer that go out with the end of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The words.
    pub text: String,
    /// Answers to choose from.
    pub choices: Vec<String>,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEnd {
    /// It is made there: the appointment stands.
    Created {
        /// What the calendar calls it.
        remote_id: String,
        /// The version of it.
        remote_version: Option<String>,
    },
    /// The calendar will not have it: the time is let go, and what it was to replace stays. Where an earlier try may have
    /// been taken there all the same, a job is put down that takes it out again.
    Refused {
        /// Whether an earlier try had no clear end.
        unsure: bool,
    },
    /// It is out of the calendar, or nothing is to be done any more.
    Cancelled,
    /// The calendar would not let it go for as long as it mattered.
    GivenUp,
}

impl TenantDb {
    /// The next job that is due: of each appointment the oldest one. With when to look again, in milliseconds since
    /// 1970.
    pub async fn next_calendar_job(
        &self,
        now_ms: i64,
    ) -> Result<(Option<CalendarJob>, Option<i64>), StoreError> {
        self.read(move |tx| {
            let next_due: Option<i64> =
                tx.query_row("select min(due_ms) from calendar_job", [], |row| row.get(0))?;
            let mut statement = tx.prepare_cached(
                "select j.seq, j.action, j.attempts, a.replaces, a.remote_id, a.remote_version, a.id
                 from calendar_job j join appointment a on a.id = j.appointment_id
                 where j.due_ms <= ?1 and not exists (
                     select 1 from calendar_job e where e.appointment_id = j.appointment_id and e.seq < j.seq)
                 order by j.due_ms, j.seq limit 1",
            )?;
            let mut rows = statement.query([now_ms])?;
            let Some(row) = rows.next()? else { return Ok((None, next_due)) };
            let action: String = row.get(1)?;
            let id: String = row.get(6)?;
            let appointment = find(tx, &id)?.ok_or_else(|| StoreError::value("appointment", id))?;
            let job = CalendarJob {
                seq: row.get(0)?,
                action: Action::from_name(&action).ok_or_else(|| StoreError::value("action", action))?,
                appointment,
                replaces: row.get(3)?,
                remote_id: row.get(4)?,
                remote_version: row.get(5)?,
                attempts: row.get(2)?,
            };
            Ok((Some(job), next_due))
        })
        .await
    }

    /// Counts a try before it is made, so that one that a crash cuts off is known of.
    pub async fn begin_calendar_job(&self, seq: i64) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute("update calendar_job set attempts = attempts + 1 where seq = ?1", [seq])?;
            Ok(())
        })
        .await
    }

    /// Puts a job off until then.
    pub async fn retry_calendar_job(&self, seq: i64, error: &str, due_ms: i64) -> Result<(), StoreError> {
        let error = error.to_owned();
        self.write(move |tx| {
            tx.execute(
                "update calendar_job set last_error = ?2, due_ms = ?3 where seq = ?1",
                params![seq, error, due_ms],
            )?;
            Ok(())
        })
        .await
    }

    /// Ends a job: the appointment gets what came of it, and the customer and the business are told, in one transaction.
    /// Nobody is told anything of an appointment that was cancelled while the calendar was asked.
    pub async fn end_calendar_job(
        &self,
        job: &CalendarJob,
        end: JobEnd,
        telling: Option<Telling>,
        effects: Vec<Effect>,
        ids: Ids,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let job = job.clone();
        self.write(move |tx| {
            if end_job(tx, &job, &end, now_ms)? == Ended::Quietly {
                return Ok(());
            }
            if let Some(telling) = &telling {
                say(tx, &job.appointment.conversation, telling, now_ms)?;
            }
            let conversation = &job.appointment.conversation;
            effect::apply(&Applying { tx, conversation, now_ms, ids: &ids }, &effects)
        })
        .await
    }

    /// Appointments that a calendar elsewhere has, of those that stand and end after then.
    pub async fn remote_appointments(&self, now_ms: i64) -> Result<Vec<AppointmentRecord>, StoreError> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(&format!(
                "{SELECT} where a.remote_id is not null and a.end_ms > ?1 and a.status in ('booked', 'confirmed')
                 order by a.start_ms"
            ))?;
            let rows = statement.query_map([now_ms], raw)?;
            rows.map(|row| appointment(row?)).collect()
        })
        .await
    }
}

/// Puts a job down.
pub(super) fn add(tx: &Transaction<'_>, id: &str, action: Action, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "insert into calendar_job (appointment_id, conversation_id, action, due_ms, created_ms)
         select id, conversation_id, ?2, ?3, ?3 from appointment where id = ?1",
    )?
    .execute(params![id, action.as_str(), now_ms])?;
    Ok(())
}

/// Takes back what is still to become of an appointment: the other time that it was to get.
pub(super) fn withdraw_replacements(tx: &Transaction<'_>, id: &str, now_ms: i64) -> Result<(), StoreError> {
    let pending: Vec<String> = tx
        .prepare_cached("select id from appointment where replaces = ?1 and status = 'held'")?
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for replacement in pending {
        set_status(tx, &replacement, AppointmentStatus::Cancelled, now_ms)?;
        add(tx, &replacement, Action::Cancel, now_ms)?;
    }
    Ok(())
}

/// Whether anybody is to hear of the end of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Whoever waits for it.
    Aloud,
    /// Nobody: another process ended it, or nobody waits any more.
    Quietly,
}

/// Writes down what came of a job.
fn end_job(tx: &Transaction<'_>, job: &CalendarJob, end: &JobEnd, now_ms: i64) -> Result<Ended, StoreError> {
    let ended = tx.prepare_cached("delete from calendar_job where seq = ?1")?.execute([job.seq])?;
    if ended == 0 {
        return Ok(Ended::Quietly);
    }
    let id = job.appointment.id.as_str();
    // The customer may have cancelled while the calendar was asked; then the job that says so is next.
    let awaited = find(tx, id)?.is_some_and(|found| found.status == AppointmentStatus::Held);
    let (action, told) = match end {
        JobEnd::Created { remote_id, remote_version } => {
            tx.prepare_cached("update appointment set remote_id = ?2, remote_version = ?3 where id = ?1")?
                .execute(params![id, remote_id, remote_version])?;
            if awaited {
                set_status(tx, id, AppointmentStatus::Booked, now_ms)?;
                if let Some(replaced) = job.replaces.as_deref() {
                    set_status(tx, replaced, AppointmentStatus::Cancelled, now_ms)?;
                    add(tx, replaced, Action::Cancel, now_ms)?;
                }
            }
            ("appointment.agreed", awaited)
        }
        JobEnd::Refused { unsure } => {
            if awaited {
                set_status(tx, id, AppointmentStatus::Cancelled, now_ms)?;
                if *unsure {
                    add(tx, id, Action::Cancel, now_ms)?;
                }
            }
            ("appointment.refused", awaited)
        }
        JobEnd::Cancelled => ("appointment.withdrawn", false),
        JobEnd::GivenUp => ("appointment.not_withdrawn", false),
    };
    let entry = AuditEntry {
        actor: "system".to_owned(),
        action: action.to_owned(),
        subject: id.to_owned(),
        detail: serde_json::json!({}),
    };
    audit::append(tx, now_ms, &entry)?;
    Ok(if told { Ended::Aloud } else { Ended::Quietly })
}

/// Says something to the customer of a conversation that no turn decided.
pub(super) fn say(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    telling: &Telling,
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "insert into message (conversation_id, turn_id, role, message_id, text, created_ms)
         values (?1, null, ?2, null, ?3, ?4)",
    )?
    .execute(params![conversation.as_str(), Role::Assistant.as_str(), telling.text, now_ms])?;
    let leaving = Leaving {
        conversation,
        turn: None,
        kind: OutboundKind::Reply,
        text: &telling.text,
        choices: &telling.choices,
        now_ms,
    };
    outbox::insert(tx, &leaving)?;
    Ok(())
}
