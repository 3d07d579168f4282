//! A few well chosen slots out of many: nobody reads forty, and four neighbours are no choice.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};

use super::when::Hours;
use crate::domain::appointment::{Slot, zoned};

/// How many slots are offered at once. More are not read in a chat, and fit no row of buttons.
pub const MAX_OFFERED: usize = 4;

/// The most slots of one day when several days are looked at.
const MAX_PER_DAY: usize = 2;

/// Farther apart than this is no better.
const MAX_DISTANCE_MS: i64 = 12 * 3_600_000;

/// Chooses at most `most` of the slots, in order of time and each time once. Those within `hours` of the day are meant;
/// a single hour that was asked for comes first if it is free, then what is nearest to it.
pub fn choose(slots: &[Slot], hours: Option<&Hours>, zone: &TimeZone, most: usize) -> Vec<Slot> {
    let mut slots: Vec<Slot> = slots.to_vec();
    slots.sort_by_key(|slot| slot.start_ms);
    slots.dedup_by_key(|slot| slot.start_ms);
    if let Some(Hours::At(minutes)) = hours {
        return nearest(slots, minutes, zone, most);
    }
    let within = |slot: &Slot| hours.is_none_or(|hours| hours.hold(minute_of(slot, zone)));
    let slots: Vec<Slot> = slots.into_iter().filter(within).collect();
    let mut parts: BTreeMap<(Date, u8), Vec<Slot>> = BTreeMap::new();
    for slot in slots {
        let at = zoned(slot.start_ms, zone);
        let part = match at.hour() {
            ..12 => 0,
            12..17 => 1,
            _ => 2,
        };
        parts.entry((at.date(), part)).or_default().push(slot);
    }
    let days = parts.keys().map(|(day, _)| *day).collect::<std::collections::BTreeSet<_>>().len();
    let per_day = if days > 1 { MAX_PER_DAY } else { most };
    let mut chosen: Vec<Slot> = Vec::new();
    let mut of_day: BTreeMap<Date, usize> = BTreeMap::new();
    // One of each part of each day, at a full hour where there is one.
    for ((day, _), slots) in &parts {
        let count = of_day.entry(*day).or_default();
        if chosen.len() < most && *count < per_day {
            let full_hour = |slot: &&Slot| minute_of(slot, zone).is_multiple_of(60);
            chosen.extend(slots.iter().find(full_hour).or_else(|| slots.first()).cloned());
            *count += 1;
        }
    }
    // Then what is farthest from those.
    while chosen.len() < most {
        let open = parts.iter().filter(|((day, _), _)| of_day.get(day).is_none_or(|count| *count < per_day));
        let left = open.flat_map(|((day, _), slots)| slots.iter().map(move |slot| (*day, slot)));
        let left = left.filter(|(_, slot)| !chosen.contains(slot));
        let Some((day, slot)) = left.max_by_key(|(_, slot)| worth(slot, &chosen, zone)) else { break };
        let slot = slot.clone();
        chosen.push(slot);
        *of_day.entry(day).or_default() += 1;
    }
    chosen.sort_by_key(|slot| slot.start_ms);
    chosen
}

/// How good a slot is beside those chosen: far from them, at a full or half hour, early.
fn worth(slot: &Slot, chosen: &[Slot], zone: &TimeZone) -> (i64, bool, i64) {
    let nearest = chosen.iter().map(|other| (other.start_ms - slot.start_ms).abs()).min();
    let half_hours = nearest.unwrap_or_default().min(MAX_DISTANCE_MS) / 1_800_000;
    (half_hours, minute_of(slot, zone).is_multiple_of(30), -slot.start_ms)
}

/// The slots nearest to one of the times of a day that were asked for; only these when one of them is free.
fn nearest(slots: Vec<Slot>, minutes: &[u16], zone: &TimeZone, most: usize) -> Vec<Slot> {
    let exact = |slot: &Slot| minutes.contains(&minute_of(slot, zone));
    let found: Vec<Slot> = slots.iter().filter(|slot| exact(slot)).cloned().collect();
    if !found.is_empty() {
        return found.into_iter().take(most).collect();
    }
    let Some(wanted) = minutes.first().copied() else { return Vec::new() };
    let mut by_distance: Vec<(Date, u16, Slot)> = slots
        .into_iter()
        .map(|slot| {
            let at = zoned(slot.start_ms, zone).date();
            (at, minute_of(&slot, zone).abs_diff(wanted), slot)
        })
        .collect();
    by_distance.sort_by_key(|(day, distance, slot)| (*day, *distance, slot.start_ms));
    let mut chosen: Vec<Slot> = by_distance.into_iter().take(most).map(|(_, _, slot)| slot).collect();
    chosen.sort_by_key(|slot| slot.start_ms);
    chosen
}

/// The minute of its day at which a slot begins, in the zone.
pub fn minute_of(slot: &Slot, zone: &TimeZone) -> u16 {
    let at = zoned(slot.start_ms, zone);
    u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn slots(day: Date, minutes: impl IntoIterator<Item = i16>, zone: &TimeZone) -> Vec<Slot> {
        let at = |minute: i16| {
            let civil = day.at(0, 0, 0, 0).checked_add(jiff::Span::new().minutes(minute)).unwrap();
            let start_ms = civil.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond();
            Slot {
                service: "s".to_owned(),
                resource: "main".to_owned(),
                start_ms,
                end_ms: start_ms + 1,
                blocked_from_ms: start_ms,
                blocked_to_ms: start_ms + 1,
                capacity: 1,
            }
        };
        minutes.into_iter().map(at).collect()
    }

    fn told(slots: &[Slot], zone: &TimeZone) -> Vec<String> {
        slots.iter().map(|slot| zoned(slot.start_ms, zone).strftime("%d %H:%M").to_string()).collect()
    }

    #[test]
    fn a_day_is_spread_over_its_parts() {
        let zone = TimeZone::get("America/Bogota").unwrap();
        let day = slots(date(2026, 11, 24), (0..44).map(|step| 480 + step * 15), &zone);
        assert_eq!(
            told(&choose(&day, None, &zone, 4), &zone),
            ["24 08:00", "24 12:00", "24 14:30", "24 17:00"]
        );
        let afternoon = Hours::Between(720, 1140);
        assert_eq!(
            told(&choose(&day, Some(&afternoon), &zone, 4), &zone),
            ["24 12:00", "24 14:30", "24 17:00", "24 18:30"]
        );
        assert!(choose(&day, Some(&Hours::Between(0, 60)), &zone, 4).is_empty());
    }

    #[test]
    fn several_days_get_two_each_at_most() {
        let zone = TimeZone::get("America/Bogota").unwrap();
        let mut days = slots(date(2026, 11, 24), (0..44).map(|step| 480 + step * 15), &zone);
        days.extend(slots(date(2026, 11, 25), (0..44).map(|step| 480 + step * 15), &zone));
        assert_eq!(
            told(&choose(&days, None, &zone, 4), &zone),
            ["24 08:00", "24 12:00", "25 08:00", "25 12:00"]
        );
    }

    #[test]
    fn a_time_that_was_asked_for_is_alone_when_it_is_free_and_else_its_neighbours() {
        let zone = TimeZone::get("America/Bogota").unwrap();
        let day = slots(date(2026, 11, 24), [480, 540, 600, 900, 930], &zone);
        assert_eq!(told(&choose(&day, Some(&Hours::At(vec![240, 900])), &zone, 4), &zone), ["24 15:00"]);
        assert_eq!(
            told(&choose(&day, Some(&Hours::At(vec![615])), &zone, 2), &zone),
            ["24 09:00", "24 10:00"]
        );
    }

    #[test]
    fn the_same_time_with_two_people_is_offered_once() {
        let zone = TimeZone::get("America/Bogota").unwrap();
        let mut day = slots(date(2026, 11, 24), [480, 540], &zone);
        let mut other = day.clone();
        for slot in &mut other {
            slot.resource = "b".to_owned();
        }
        day.extend(other);
        assert_eq!(choose(&day, None, &zone, 4).len(), 2);
    }
}
