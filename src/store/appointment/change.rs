//! What a turn does to the appointment book, in the turn's own transaction.
//!
//! Every change looks again at what it stands on: that the slot was offered to this conversation, that nobody took it
//! meanwhile, that the appointment is still as the turn saw it. If not, it is [`StoreError::Stale`]: nothing of the turn
//! is stored, and it starts over with how things are now.

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{TAKES_TIME, busy, job};
use crate::{
    crash,
    domain::appointment::{AppointmentStatus, BookingChange, Busy, OfferedSlot, Slot, SlotNames},
    engine::booking::slots::is_free,
    store::{StoreError, effect::Applying},
};

/// Applies one change for a contact.
pub(in crate::store) fn apply(
    applying: &Applying<'_>,
    contact_id: &str,
    change: &BookingChange,
) -> Result<(), StoreError> {
    let book = Book { applying, contact_id };
    match change {
        BookingChange::Offer(slots) => book.offer(slots),
        BookingChange::Hold { id, slot, names, until_ms } => {
            book.release()?;
            book.must_be_offered(slot)?;
            book.must_be_free(slot, id)?;
            book.insert(id, slot, names, &Value::Object(serde_json::Map::new()), Some(*until_ms), None)
        }
        BookingChange::Book { id, slot, names, details, reminders_ms, remote } => {
            book.book(id, slot, names, details, *remote)?;
            book.remind(id, reminders_ms)
        }
        BookingChange::Move { id, from_ms, slot, names, reminders_ms, remote } => {
            book.must_stand(id, Some(*from_ms))?;
            book.must_be_offered(slot)?;
            // A move that a calendar elsewhere has not agreed to yet gives way to this one.
            job::withdraw_replacements(applying.tx, id, applying.now_ms)?;
            book.must_be_free(slot, id)?;
            if *remote {
                book.ask_to_move(id, slot, names, reminders_ms)
            } else {
                book.change_time(id, slot, names, reminders_ms)
            }
        }
        BookingChange::Cancel { id, remote } => {
            book.must_stand(id, None)?;
            set_status(applying.tx, id, AppointmentStatus::Cancelled, applying.now_ms)?;
            job::withdraw_replacements(applying.tx, id, applying.now_ms)?;
            if *remote {
                job::add(applying.tx, id, job::Action::Cancel, applying.now_ms)?;
            }
            Ok(())
        }
        BookingChange::Confirm { id } => {
            book.must_stand(id, None)?;
            set_status(applying.tx, id, AppointmentStatus::Confirmed, applying.now_ms)
        }
        BookingChange::Release => book.release(),
        BookingChange::Talk(talk) => book.talk(talk.as_ref()),
    }?;
    crash::point("booking.in_commit");
    Ok(())
}

/// Gives an appointment a status. One that does not take place any more is not reminded of.
pub(in crate::store) fn set_status(
    tx: &Transaction<'_>,
    id: &str,
    status: AppointmentStatus,
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "update appointment set status = ?2, held_until_ms = null, updated_ms = ?3,
                                sequence = sequence + (?2 = 'cancelled')
         where id = ?1",
    )?
    .execute(params![id, status.as_str(), now_ms])?;
    if !status.stands() {
        tx.prepare_cached("delete from appointment_reminder where appointment_id = ?1")?.execute([id])?;
    }
    Ok(())
}

struct Book<'a> {
    applying: &'a Applying<'a>,
    contact_id: &'a str,
}

impl Book<'_> {
    fn offer(&self, slots: &[OfferedSlot]) -> Result<(), StoreError> {
        let Applying { tx, conversation, now_ms, .. } = self.applying;
        tx.prepare_cached("delete from offered_slot where conversation_id = ?1")?
            .execute([conversation.as_str()])?;
        let mut insert = tx.prepare_cached(
            "insert into offered_slot (conversation_id, place, service, resource, start_ms, end_ms, blocked_from_ms,
                                       blocked_to_ms, capacity, offered_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             on conflict (conversation_id, start_ms, service) do nothing",
        )?;
        for OfferedSlot { place, slot } in slots {
            insert.execute(params![
                conversation.as_str(),
                place,
                slot.service,
                slot.resource,
                slot.start_ms,
                slot.end_ms,
                slot.blocked_from_ms,
                slot.blocked_to_ms,
                slot.capacity,
                now_ms,
            ])?;
        }
        Ok(())
    }

    /// Refuses a slot whose time was not offered for its service in this conversation.
    fn must_be_offered(&self, slot: &Slot) -> Result<(), StoreError> {
        let Applying { tx, conversation, .. } = self.applying;
        let offered = tx
            .prepare_cached(
                "select 1 from offered_slot where conversation_id = ?1 and start_ms = ?2 and service = ?3",
            )?
            .exists(params![conversation.as_str(), slot.start_ms, slot.service])?;
        if offered { Ok(()) } else { Err(StoreError::Stale) }
    }

    /// Refuses a slot that is taken. What `id` takes itself does not count.
    fn must_be_free(&self, slot: &Slot, id: &str) -> Result<(), StoreError> {
        let Applying { tx, now_ms, .. } = self.applying;
        let mut statement = tx.prepare_cached(&format!(
            "select resource, service, start_ms, blocked_from_ms, blocked_to_ms, id from appointment
             where resource = ?2 and blocked_to_ms > ?3 and blocked_from_ms < ?4 and id <> ?5 and {TAKES_TIME}"
        ))?;
        let others: Vec<Busy> = statement
            .query_map(params![now_ms, slot.resource, slot.blocked_from_ms, slot.blocked_to_ms, id], busy)?
            .collect::<Result<_, _>>()?;
        if is_free(slot, &others) && slot.start_ms > *now_ms { Ok(()) } else { Err(StoreError::Stale) }
    }

    /// Refuses to change an appointment that is another person's, does not stand any more, or is at another time by now.
    fn must_stand(&self, id: &str, start_ms: Option<i64>) -> Result<(), StoreError> {
        let stands = self
            .applying
            .tx
            .prepare_cached(
                "select 1 from appointment where id = ?1 and contact_id = ?2 and status in ('booked', 'confirmed', 'held')
                   and (?3 is null or start_ms = ?3)",
            )?
            .exists(params![id, self.contact_id, start_ms])?;
        if stands { Ok(()) } else { Err(StoreError::Stale) }
    }

    fn book(
        &self,
        id: &str,
        slot: &Slot,
        names: &SlotNames,
        details: &Value,
        remote: bool,
    ) -> Result<(), StoreError> {
        let Applying { tx, conversation, now_ms, .. } = self.applying;
        let kept: Option<(String, String, i64)> = tx
            .prepare_cached(
                "select status, resource, start_ms from appointment where id = ?1 and conversation_id = ?2",
            )?
            .query_row(params![id, conversation.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        match kept {
            None => self.must_be_offered(slot)?,
            // What is kept for the conversation was offered to it.
            Some((status, resource, start_ms))
                if status == "held" && resource == slot.resource && start_ms == slot.start_ms => {}
            Some(_) => return Err(StoreError::Stale),
        }
        self.must_be_free(slot, id)?;
        tx.prepare_cached("delete from appointment where id = ?1")?.execute([id])?;
        self.release()?;
        self.insert(id, slot, names, details, None, None)?;
        if remote {
            job::add(tx, id, job::Action::Create, *now_ms)?;
        } else {
            set_status(tx, id, AppointmentStatus::Booked, *now_ms)?;
        }
        self.offer(&[])
    }

    /// Puts down a held appointment.
    fn insert(
        &self,
        id: &str,
        slot: &Slot,
        names: &SlotNames,
        details: &Value,
        held_until_ms: Option<i64>,
        replaces: Option<&str>,
    ) -> Result<(), StoreError> {
        let Applying { tx, conversation, now_ms, .. } = self.applying;
        tx.prepare_cached(
            "insert into appointment (id, conversation_id, contact_id, service, service_name, resource, resource_name,
                                      start_ms, end_ms, blocked_from_ms, blocked_to_ms, capacity, status,
                                      held_until_ms, details, replaces, created_ms, updated_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'held', ?13, ?14, ?15, ?16, ?16)",
        )?
        .execute(params![
            id,
            conversation.as_str(),
            self.contact_id,
            slot.service,
            names.service,
            slot.resource,
            names.resource,
            slot.start_ms,
            slot.end_ms,
            slot.blocked_from_ms,
            slot.blocked_to_ms,
            slot.capacity,
            held_until_ms,
            details.to_string(),
            replaces,
            now_ms,
        ])?;
        Ok(())
    }

    fn change_time(
        &self,
        id: &str,
        slot: &Slot,
        names: &SlotNames,
        reminders_ms: &[i64],
    ) -> Result<(), StoreError> {
        let Applying { tx, now_ms, .. } = self.applying;
        tx.prepare_cached(
            "update appointment set service = ?2, service_name = ?3, resource = ?4, resource_name = ?5, start_ms = ?6,
                                    end_ms = ?7, blocked_from_ms = ?8, blocked_to_ms = ?9, capacity = ?10,
                                    status = 'booked', sequence = sequence + 1, updated_ms = ?11
             where id = ?1",
        )?
        .execute(params![
            id,
            slot.service,
            names.service,
            slot.resource,
            names.resource,
            slot.start_ms,
            slot.end_ms,
            slot.blocked_from_ms,
            slot.blocked_to_ms,
            slot.capacity,
            now_ms,
        ])?;
        tx.prepare_cached("delete from appointment_reminder where appointment_id = ?1")?.execute([id])?;
        self.remind(id, reminders_ms)?;
        self.offer(&[])
    }

    /// The calendar elsewhere decides: until then the new time is held beside the old one.
    fn ask_to_move(
        &self,
        id: &str,
        slot: &Slot,
        names: &SlotNames,
        reminders_ms: &[i64],
    ) -> Result<(), StoreError> {
        let Applying { tx, now_ms, ids, .. } = self.applying;
        let details: String = tx
            .prepare_cached("select details from appointment where id = ?1")?
            .query_row([id], |row| row.get(0))?;
        let details = serde_json::from_str(&details).map_err(|e| StoreError::value("details", e))?;
        let new = ids.next("appointment");
        self.insert(&new, slot, names, &details, None, Some(id))?;
        self.remind(&new, reminders_ms)?;
        job::add(tx, &new, job::Action::Create, *now_ms)?;
        self.offer(&[])
    }

    fn remind(&self, id: &str, reminders_ms: &[i64]) -> Result<(), StoreError> {
        let Applying { tx, conversation, .. } = self.applying;
        let mut insert = tx.prepare_cached(
            "insert into appointment_reminder (appointment_id, conversation_id, due_ms) values (?1, ?2, ?3)
             on conflict do nothing",
        )?;
        for due_ms in reminders_ms {
            insert.execute(params![id, conversation.as_str(), due_ms])?;
        }
        Ok(())
    }

    /// Lets go what was kept while the customer gave their data.
    fn release(&self) -> Result<(), StoreError> {
        let Applying { tx, conversation, .. } = self.applying;
        tx.prepare_cached(
            "delete from appointment where conversation_id = ?1 and status = 'held' and held_until_ms is not null",
        )?
        .execute([conversation.as_str()])?;
        Ok(())
    }

    fn talk(&self, talk: Option<&Value>) -> Result<(), StoreError> {
        let Applying { tx, conversation, now_ms, .. } = self.applying;
        match talk {
            Some(talk) => tx
                .prepare_cached(
                    "insert into booking_talk (conversation_id, talk, updated_ms) values (?1, ?2, ?3)
                     on conflict (conversation_id) do update set talk = ?2, updated_ms = ?3",
                )?
                .execute(params![conversation.as_str(), talk.to_string(), now_ms])?,
            None => tx
                .prepare_cached("delete from booking_talk where conversation_id = ?1")?
                .execute([conversation.as_str()])?,
        };
        Ok(())
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
