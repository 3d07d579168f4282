//! Which times are free: opening hours less holidays, less what is taken, in steps, in the tenant's zone.
//!
//! A day's steps are counted in real time from its opening, so that on the days on which clocks are changed no time is
//! offered that does not exist, and none twice.

use jiff::{
    ToSpan,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::rules::{BookingRules, Resource};
use crate::domain::appointment::{Busy, Slot, zoned};

/// The most days that are looked through for one question.
const MAX_DAYS: usize = 800;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The services that may be meant: a slot must do for each of them. Never empty.
    pub services: &'a [String],
    /// Only with this resource.
    pub resource: Option<&'a str>,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// The time now, in milliseconds since 1970.
    pub now_ms: i64,
}

/// The days that can be booked now: from today to the horizon.
pub fn bookable_days(rules: &BookingRules, now_ms: i64) -> (Date, Date) {
    let today = zoned(now_ms, &rules.zone).date();
    let last = today.checked_add(i64::from(rules.horizon_days).days()).unwrap_or(Date::MAX);
    (today, last)
}

/// The free slots in order of time; of several resources that are free at the same time, each has its own, in the
/// order of the configuration. A slot is for the first of the services that are looked for, and as long as the longest.
pub fn free(rules: &BookingRules, search: &Search<'_>, busy: &[Busy]) -> Vec<Slot> {
    let shape = Shape::of(rules, search.services);
    let Some(shape) = shape else { return Vec::new() };
    let (first, last) = bookable_days(rules, search.now_ms);
    let (from, to) = (search.from.max(first), search.to.min(last));
    let mut found = Vec::new();
    for day in from.series(1.day()).take_while(|day| *day <= to).take(MAX_DAYS) {
        if rules.is_holiday(day) {
            continue;
        }
        for resource in &rules.resources {
            let wanted = search.resource.is_none_or(|id| id == resource.id);
            if wanted && search.services.iter().all(|service| resource.gives(service)) {
                on_day(rules, &shape, resource, day, search.now_ms, busy, &mut found);
            }
        }
    }
    found.sort_by_key(|slot: &Slot| slot.start_ms);
    found
}

/// The slot of one service that begins then with this resource, free or not.
pub fn slot_at(rules: &BookingRules, service: &str, resource: &str, start_ms: i64) -> Option<Slot> {
    let shape = Shape::of(rules, std::slice::from_ref(&service.to_owned()))?;
    Some(shape.at(resource, start_ms))
}

/// How many customers have this very time already; `None` when something else is in its way.
pub fn taken<'a>(slot: &Slot, busy: impl IntoIterator<Item = &'a Busy>) -> Option<u32> {
    let mut shared = 0;
    for other in busy {
        let same_resource = other.resource.as_ref().is_none_or(|resource| *resource == slot.resource);
        if !same_resource || other.to_ms <= slot.blocked_from_ms || other.from_ms >= slot.blocked_to_ms {
            continue;
        }
        let same = other.start_ms == slot.start_ms
            && other.resource.is_some()
            && other.service.as_ref().is_some_and(|service| *service == slot.service);
        if !same {
            return None;
        }
        shared += 1;
    }
    Some(shared)
}

/// Whether a slot can still be taken.
pub fn is_free<'a>(slot: &Slot, busy: impl IntoIterator<Item = &'a Busy>) -> bool {
    taken(slot, busy).is_some_and(|shared| shared < slot.capacity)
}

/// The form of a slot that does for several services.
struct Shape {
    service: String,
    duration_ms: i64,
    before_ms: i64,
    after_ms: i64,
    capacity: u32,
}

impl Shape {
    fn of(rules: &BookingRules, services: &[String]) -> Option<Self> {
        let known: Vec<_> = services.iter().filter_map(|id| rules.service(id)).collect();
        let service = known.first()?.id.clone();
        let longest = |part: fn(&super::rules::Service) -> i64| known.iter().map(|s| part(s)).max();
        Some(Self {
            service,
            duration_ms: longest(|service| service.duration_ms)?,
            before_ms: longest(|service| service.before_ms)?,
            after_ms: longest(|service| service.after_ms)?,
            capacity: if known.len() == 1 { known.first()?.capacity } else { 1 },
        })
    }

    fn at(&self, resource: &str, start_ms: i64) -> Slot {
        let end_ms = start_ms + self.duration_ms;
        Slot {
            service: self.service.clone(),
            resource: resource.to_owned(),
            start_ms,
            end_ms,
            blocked_from_ms: start_ms - self.before_ms,
            blocked_to_ms: end_ms + self.after_ms,
            capacity: self.capacity,
        }
    }
}

fn on_day(
    rules: &BookingRules,
    shape: &Shape,
    resource: &Resource,
    day: Date,
    now_ms: i64,
    busy: &[Busy],
    found: &mut Vec<Slot>,
) {
    let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default();
    let Some(spans) = resource.hours.days.get(weekday) else { return };
    let mut told: Vec<DateTime> = Vec::new();
    for (from, to) in spans {
        let (Some(opens), Some(closes)) = (instant(day, *from, &rules.zone), instant(day, *to, &rules.zone))
        else {
            continue;
        };
        let near =
            |busy: &&Busy| busy.to_ms > opens - shape.before_ms && busy.from_ms < closes + shape.after_ms;
        let near: Vec<&Busy> = busy.iter().filter(near).collect();
        let mut start_ms = opens;
        while start_ms + shape.duration_ms <= closes {
            let slot = shape.at(&resource.id, start_ms);
            start_ms += rules.step_ms.max(60_000);
            if slot.start_ms < now_ms + rules.lead_time_ms || !is_free(&slot, near.iter().copied()) {
                continue;
            }
            // When clocks go back an hour comes twice; the second one cannot be told from the first.
            let shown = zoned(slot.start_ms, &rules.zone).datetime();
            if !told.contains(&shown) {
                told.push(shown);
                found.push(slot);
            }
        }
    }
}

/// The moment of a minute of a day; in the gap when clocks go forward it is the moment after it.
fn instant(day: Date, minute: u16, zone: &TimeZone) -> Option<i64> {
    let hour = i8::try_from(minute / 60).ok()?;
    let datetime = if hour == 24 {
        day.tomorrow().ok()?.to_datetime(Time::midnight())
    } else {
        day.at(hour, i8::try_from(minute % 60).ok()?, 0, 0)
    };
    Some(zone.to_ambiguous_zoned(datetime).compatible().ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
