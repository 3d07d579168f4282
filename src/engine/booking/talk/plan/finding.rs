//! Free times as near to a wish as there are.

use jiff::{ToSpan, civil::Date};

use super::{Planner, Talk};
use crate::{
    domain::appointment::{Busy, Slot},
    engine::booking::{
        slots::{Search, bookable_days, free},
        spread::{MAX_OFFERED, choose, minute_of},
        when::Hours,
    },
};

/// How many days are looked at when no day was named.
const DAYS_AHEAD: i64 = 10;

/// Times that were found.
pub(super) struct Found {
    pub(super) slots: Vec<Slot>,
    /// Whether it is the very time that was asked for.
    pub(super) exact: bool,
    /// Whether they are within the wish.
    pub(super) fits: bool,
}

impl Planner<'_> {
    /// Free times as near to the wish as there are.
    pub(super) fn find(&self, talk: &Talk) -> Found {
        let (today, horizon) = bookable_days(self.scene.rules, self.scene.now_ms);
        let wish = &talk.wish;
        let in_days = |days: &[(Date, Date)]| -> Vec<Slot> {
            days.iter().flat_map(|(from, to)| self.free(talk, *from, *to)).collect()
        };
        let zone = &self.scene.rules.zone;
        let most = if wish.soon { 2 } else { MAX_OFFERED };
        let hours = wish.hours.as_ref();
        let near = today.checked_add(DAYS_AHEAD.days()).unwrap_or(horizon).min(horizon);
        let wished = if wish.days.is_empty() { vec![(today, near)] } else { wish.days.clone() };
        let slots = in_days(&wished);
        let chosen = if wish.soon {
            let mut first = slots.clone();
            first.dedup_by_key(|slot| slot.start_ms);
            first
                .into_iter()
                .filter(|slot| hours.is_none_or(|hours| hours.hold(minute_of(slot, zone))))
                .take(most)
                .collect()
        } else {
            choose(&slots, hours, zone, most)
        };
        let exact_hour = |slot: &Slot| match hours {
            Some(Hours::At(minutes)) => minutes.contains(&minute_of(slot, zone)),
            _ => false,
        };
        if !chosen.is_empty() {
            let asked_hour = matches!(hours, Some(Hours::At(_)));
            let exact = chosen.len() == 1 && chosen.iter().all(exact_hour);
            let fits = !asked_hour || chosen.iter().all(exact_hour);
            return Found { slots: chosen, exact, fits };
        }
        // Nothing then: the same time of day on other days, then any time near the wished day.
        let after = wished.iter().map(|(from, _)| *from).min().unwrap_or(today);
        let to = after.checked_add((DAYS_AHEAD * 2).days()).unwrap_or(horizon).min(horizon);
        let around = in_days(&[(after.min(to), to)]);
        let same_hours = choose(&around, hours, zone, MAX_OFFERED);
        let slots = if same_hours.is_empty() { choose(&around, None, zone, MAX_OFFERED) } else { same_hours };
        let slots = if slots.is_empty() {
            choose(&in_days(&[(today, horizon)]), None, zone, MAX_OFFERED)
        } else {
            slots
        };
        Found { slots, exact: false, fits: false }
    }

    pub(super) fn free(&self, talk: &Talk, from: Date, to: Date) -> Vec<Slot> {
        let busy = self.others(talk);
        let search = Search {
            services: &talk.services,
            resource: talk.resource.as_deref(),
            from,
            to,
            now_ms: self.scene.now_ms,
        };
        let mut slots = free(self.scene.rules, &search, &busy);
        if let Some(open) = &self.calendar.open {
            let is_open = |slot: &Slot| {
                talk.services.iter().all(|service| {
                    open.iter().any(|(id, start_ms)| id == service && *start_ms == slot.start_ms)
                })
            };
            slots.retain(is_open);
        }
        slots
    }

    /// The time that is taken by others: not by what is kept for this customer, nor by what is to be moved.
    pub(super) fn others(&self, talk: &Talk) -> Vec<Busy> {
        let own = |busy: &&Busy| {
            let id = busy.appointment.as_ref();
            id.is_none() || (id != talk.held.as_ref() && !(talk.moving && id == talk.appointment.as_ref()))
        };
        self.calendar.busy.iter().filter(own).cloned().collect()
    }
}
