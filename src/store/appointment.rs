//! The appointment book: what is made, what is offered, and which time is taken.

pub mod change;
pub mod desk;
pub mod job;
pub mod reminder;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};

use self::job::Telling;
use super::{StoreError, TenantDb, audit};
use crate::domain::{
    appointment::{AppointmentRecord, AppointmentStatus, Busy, OfferedSlot, Slot},
    conversation::{ChannelKind, ConversationId},
    effect::AuditEntry,
    language::Language,
};

/// The most appointments of a contact that a turn is told.
const MAX_UPCOMING: u32 = 10;

/// What every reading of appointments begins with; [`raw`] reads its columns.
const SELECT: &str = "\
    select a.id, a.conversation_id, t.channel, t.address, t.name, a.service, a.service_name, a.resource,
           a.resource_name, a.start_ms, a.end_ms, a.blocked_from_ms, a.blocked_to_ms, a.capacity, a.status,
           a.held_until_ms, a.details, a.sequence, a.created_ms, a.updated_ms
    from appointment a join contact t on t.id = a.contact_id";

/// Rows that take time: a held one only until its time is over. `?` is the time now.
const TAKES_TIME: &str = "(status in ('booked', 'confirmed')
     or (status = 'held' and (held_until_ms is null or held_until_ms > ?1)))";

/// How the appointments of a conversation stand when a turn begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BookingContext {
    /// Where the talk about an appointment is.
    pub talk: Option<Value>,
    /// When it was there, in milliseconds since 1970.
    pub talk_ms: i64,
    /// What was offered and not taken.
    pub offered: Vec<OfferedSlot>,
    /// The contact's appointments to come, the next one first.
    pub upcoming: Vec<AppointmentRecord>,
}

/// Which appointments are listed.
#[derive(Debug, Clone, Default)]
pub struct AppointmentFilter {
    /// Only with this status.
    pub status: Option<AppointmentStatus>,
    /// Only those that begin then or later, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Only those that begin before.
    pub to_ms: Option<i64>,
}

/// How a change by the people of the business ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusChange {
    /// It is so now, or was before.
    Done(Box<AppointmentRecord>),
    /// An appointment with this status cannot become that.
    Refused(AppointmentStatus),
    /// There is no such appointment.
    NotFound,
}

impl TenantDb {
    /// Appointments in the order of their time: those after `after` (beginning and id of the last one seen), at most
    /// `limit`.
    pub async fn appointments(
        &self,
        filter: AppointmentFilter,
        after: Option<(i64, String)>,
        limit: u32,
    ) -> Result<Vec<AppointmentRecord>, StoreError> {
        self.read(move |tx| {
            let (after_ms, after_id) = after.unwrap_or((i64::MIN, String::new()));
            let mut statement = tx.prepare_cached(&format!(
                "{SELECT} where (a.start_ms, a.id) > (?1, ?2) and (?3 is null or a.status = ?3)
                   and (?4 is null or a.start_ms >= ?4) and (?5 is null or a.start_ms < ?5)
                 order by a.start_ms, a.id limit ?6"
            ))?;
            let status = filter.status.map(AppointmentStatus::as_str);
            let rows = statement
                .query_map(params![after_ms, after_id, status, filter.from_ms, filter.to_ms, limit], raw)?;
            rows.map(|row| appointment(row?)).collect()
        })
        .await
    }

    /// An appointment.
    pub async fn appointment(&self, id: &str) -> Result<Option<AppointmentRecord>, StoreError> {
        let id = id.to_owned();
        self.read(move |tx| find(tx, &id)).await
    }

    /// The time that is taken by appointments, of what ends after `from_ms` and begins before `to_ms`.
    pub async fn busy(&self, from_ms: i64, to_ms: i64, now_ms: i64) -> Result<Vec<Busy>, StoreError> {
        self.read(move |tx| {
            let mut statement = tx.prepare_cached(&format!(
                "select resource, service, start_ms, blocked_from_ms, blocked_to_ms, id from appointment
                 where blocked_to_ms > ?2 and blocked_from_ms < ?3 and {TAKES_TIME} order by blocked_from_ms"
            ))?;
            let rows = statement.query_map(params![now_ms, from_ms, to_ms], busy)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Cancels an appointment for the business, or says that the customer came or did not. `remote` is whether a
    /// calendar elsewhere must be told, `telling` what the customer hears of a change. `actor` is who does it, as the
    /// audit log names them.
    pub async fn set_appointment_status(
        &self,
        id: &str,
        status: AppointmentStatus,
        remote: bool,
        actor: &str,
        telling: Option<Telling>,
        now_ms: i64,
    ) -> Result<StatusChange, StoreError> {
        let (id, actor) = (id.to_owned(), actor.to_owned());
        self.write(move |tx| {
            use AppointmentStatus::{Booked, Cancelled, Confirmed, Done, Held, NoShow};
            let Some(found) = find(tx, &id)? else { return Ok(StatusChange::NotFound) };
            if found.status == status {
                return Ok(StatusChange::Done(Box::new(found)));
            }
            let allowed = match status {
                Cancelled => matches!(found.status, Held | Booked | Confirmed),
                NoShow | Done => matches!(found.status, Booked | Confirmed | Done | NoShow),
                Confirmed => found.status == Booked,
                Held | Booked => false,
            };
            if !allowed {
                return Ok(StatusChange::Refused(found.status));
            }
            change::set_status(tx, &id, status, now_ms)?;
            if status == Cancelled {
                job::withdraw_replacements(tx, &id, now_ms)?;
            }
            if status == Cancelled && remote {
                job::add(tx, &id, job::Action::Cancel, now_ms)?;
            }
            let action = format!("appointment.{}", status.as_str());
            let entry = AuditEntry { actor, action, subject: id.clone(), detail: json!({}) };
            audit::append(tx, now_ms, &entry)?;
            if let Some(telling) = &telling {
                job::say(tx, &found.conversation, telling, now_ms)?;
            }
            Ok(find(tx, &id)?.map_or(StatusChange::NotFound, |found| StatusChange::Done(Box::new(found))))
        })
        .await
    }

    /// The language of the last reply of a conversation.
    pub async fn conversation_language(
        &self,
        conversation: &ConversationId,
    ) -> Result<Option<Language>, StoreError> {
        let id = conversation.as_str().to_owned();
        self.read(move |tx| {
            let code: Option<String> = tx
                .query_row("select language from conversation where id = ?1", [id], |row| row.get(0))
                .optional()?
                .flatten();
            Ok(code.as_deref().and_then(Language::from_code))
        })
        .await
    }

    /// Lets go what was kept too long, and notes that appointments took place whose time is over. Gives how many
    /// took place.
    pub async fn tidy_appointments(&self, now_ms: i64) -> Result<usize, StoreError> {
        let due = self
            .read(move |tx| {
                let sql = "select exists (select 1 from appointment
                           where (status = 'held' and held_until_ms <= ?1)
                              or (status in ('booked', 'confirmed') and end_ms <= ?1))";
                Ok(tx.prepare_cached(sql)?.query_row([now_ms], |row| row.get::<_, bool>(0))?)
            })
            .await?;
        if !due {
            return Ok(0);
        }
        self.write(move |tx| {
            tx.execute("delete from appointment where status = 'held' and held_until_ms <= ?1", [now_ms])?;
            Ok(tx.execute(
                "update appointment set status = 'done', updated_ms = ?1
                 where status in ('booked', 'confirmed') and end_ms <= ?1",
                [now_ms],
            )?)
        })
        .await
    }
}

/// How the appointments of a conversation and its contact stand.
pub(super) fn context(
    tx: &Transaction<'_>,
    conversation: &ConversationId,
    contact_id: &str,
    now_ms: i64,
) -> Result<BookingContext, StoreError> {
    let talk: Option<(String, i64)> = tx
        .prepare_cached("select talk, updated_ms from booking_talk where conversation_id = ?1")?
        .query_row([conversation.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (talk, talk_ms) = match talk {
        Some((talk, at)) => {
            (Some(serde_json::from_str(&talk).map_err(|e| StoreError::value("talk", e))?), at)
        }
        None => (None, 0),
    };
    let offered = tx
        .prepare_cached(
            "select service, resource, start_ms, end_ms, blocked_from_ms, blocked_to_ms, capacity, place
             from offered_slot where conversation_id = ?1 order by place, service",
        )?
        .query_map([conversation.as_str()], |row| {
            Ok(OfferedSlot { place: row.get(7)?, slot: slot(row, 0)? })
        })?
        .collect::<Result<_, _>>()?;
    let upcoming = tx
        .prepare_cached(&format!(
            "{SELECT} where a.contact_id = ?1 and a.end_ms > ?2
               and (a.status in ('booked', 'confirmed')
                    or (a.status = 'held' and a.held_until_ms is null and a.replaces is null))
             order by a.start_ms, a.id limit ?3"
        ))?
        .query_map(params![contact_id, now_ms, MAX_UPCOMING], raw)?
        .map(|row| appointment(row?))
        .collect::<Result<_, _>>()?;
    Ok(BookingContext { talk, talk_ms, offered, upcoming })
}

/// An appointment.
fn find(tx: &Transaction<'_>, id: &str) -> Result<Option<AppointmentRecord>, StoreError> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} where a.id = ?1"))?;
    statement.query_row([id], raw).optional()?.map(appointment).transpose()
}

fn busy(row: &Row<'_>) -> rusqlite::Result<Busy> {
    Ok(Busy {
        appointment: Some(row.get(5)?),
        resource: Some(row.get(0)?),
        service: Some(row.get(1)?),
        start_ms: row.get(2)?,
        from_ms: row.get(3)?,
        to_ms: row.get(4)?,
    })
}

/// A slot in the columns from `at` on: service, resource, beginning, end, blocked from, blocked to, capacity.
fn slot(row: &Row<'_>, at: usize) -> rusqlite::Result<Slot> {
    Ok(Slot {
        service: row.get(at)?,
        resource: row.get(at + 1)?,
        start_ms: row.get(at + 2)?,
        end_ms: row.get(at + 3)?,
        blocked_from_ms: row.get(at + 4)?,
        blocked_to_ms: row.get(at + 5)?,
        capacity: row.get(at + 6)?,
    })
}

/// A stored appointment, whose names are still to be understood.
struct Raw {
    record: AppointmentRecord,
    channel: String,
    status: String,
    details: String,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let record = AppointmentRecord {
        id: row.get(0)?,
        conversation: ConversationId::new(row.get::<_, String>(1)?),
        channel: ChannelKind::Api,
        contact: row.get(3)?,
        contact_name: row.get(4)?,
        slot: Slot {
            service: row.get(5)?,
            resource: row.get(7)?,
            start_ms: row.get(9)?,
            end_ms: row.get(10)?,
            blocked_from_ms: row.get(11)?,
            blocked_to_ms: row.get(12)?,
            capacity: row.get(13)?,
        },
        service_name: row.get(6)?,
        resource_name: row.get(8)?,
        status: AppointmentStatus::Held,
        held_until_ms: row.get(15)?,
        details: Value::Null,
        sequence: row.get(17)?,
        created_ms: row.get(18)?,
        updated_ms: row.get(19)?,
    };
    Ok(Raw { record, channel: row.get(2)?, status: row.get(14)?, details: row.get(16)? })
}

fn appointment(raw: Raw) -> Result<AppointmentRecord, StoreError> {
    let Raw { mut record, channel, status, details } = raw;
    record.channel = ChannelKind::from_name(&channel).ok_or_else(|| StoreError::value("channel", channel))?;
    record.status =
        AppointmentStatus::from_name(&status).ok_or_else(|| StoreError::value("status", status))?;
    record.details = serde_json::from_str(&details).map_err(|e| StoreError::value("details", e))?;
    if let Some(name) = record.details.get("name").and_then(Value::as_str) {
        record.contact_name = Some(name.to_owned());
    }
    Ok(record)
}
