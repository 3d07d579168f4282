//! Free times in zones that change their clocks and in one that does not.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{domain::business::WeekHours, engine::booking::rules::Service};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

fn rules(zone: &str, duration_min: i64) -> BookingRules {
    let service = |id: &str, duration_min: i64, capacity| Service {
        id: id.to_owned(),
        name: id.to_owned(),
        keywords: vec![],
        price: None,
        duration_ms: duration_min * MINUTE,
        before_ms: 0,
        after_ms: 10 * MINUTE,
        capacity,
        required: [].into(),
    };
    let mut hours = WeekHours::default();
    for day in &mut hours.days {
        *day = vec![(0, 1440)];
    }
    BookingRules {
        zone: TimeZone::get(zone).unwrap(),
        services: vec![service("a", duration_min, 1), service("group", 60, 3), service("long", 90, 1)],
        resources: vec![Resource { id: "r1".to_owned(), name: String::new(), services: None, hours }],
        holidays: vec![],
        lead_time_ms: 0,
        step_ms: 30 * MINUTE,
        hold_ms: 15 * MINUTE,
        horizon_days: 60,
        reminders_ms: vec![],
        remote: false,
        files: None,
    }
}

fn at(zone: &str, text: &str) -> i64 {
    let civil: DateTime = text.parse().unwrap();
    civil.to_zoned(TimeZone::get(zone).unwrap()).unwrap().timestamp().as_millisecond()
}

fn search(rules: &BookingRules, service: &str, day: Date, busy: &[Busy]) -> Vec<String> {
    let now_ms = at("UTC", &format!("{}T00:00", day.checked_sub(5.days()).unwrap()));
    let services = [service.to_owned()];
    let search = Search { services: &services, resource: None, from: day, to: day, now_ms };
    free(rules, &search, busy)
        .iter()
        .map(|slot| zoned(slot.start_ms, &rules.zone).strftime("%H:%M%:z").to_string())
        .collect()
}

fn busy(zone: &str, service: &str, from: &str, to: &str) -> Busy {
    let (from_ms, to_ms) = (at(zone, from), at(zone, to));
    Busy {
        appointment: None,
        resource: Some("r1".to_owned()),
        service: Some(service.to_owned()),
        start_ms: from_ms,
        from_ms,
        to_ms,
    }
}

#[test]
fn no_time_is_offered_that_does_not_exist_and_none_twice() {
    // Clocks go from 24:00 to 01:00 in Santiago on 6 September 2026, and from 02:00 to 03:00 in Madrid on 29 March.
    let santiago = search(&rules("America/Santiago", 30), "a", date(2026, 9, 6), &[]);
    assert_eq!(santiago.first().map(String::as_str), Some("01:00-03:00"));
    let madrid = search(&rules("Europe/Madrid", 30), "a", date(2026, 3, 29), &[]);
    assert!(madrid.contains(&"01:30+01:00".to_owned()) && madrid.contains(&"03:00+02:00".to_owned()));
    assert!(!madrid.iter().any(|time| time.starts_with("02:")));
    // Clocks go back from 03:00 to 02:00 in Madrid on 25 October: the hour comes twice and is offered once.
    let back = search(&rules("Europe/Madrid", 30), "a", date(2026, 10, 25), &[]);
    assert_eq!(back.iter().filter(|time| time.starts_with("02:00")).count(), 1);
    // And from 24:00 to 23:00 in Santiago, at the end of 4 April.
    let back = search(&rules("America/Santiago", 30), "a", date(2026, 4, 4), &[]);
    assert_eq!(back.iter().filter(|time| time.starts_with("23:00")).count(), 1);
    // Bogotá has no such days.
    for day in [date(2026, 3, 29), date(2028, 2, 29), date(2026, 12, 31)] {
        assert_eq!(search(&rules("America/Bogota", 30), "a", day, &[]).len(), 48);
    }
}

#[test]
fn an_appointment_takes_its_time_and_the_time_to_clear_up() {
    let rules = rules("America/Bogota", 30);
    let taken = [busy("America/Bogota", "a", "2026-11-24T10:00", "2026-11-24T10:40")];
    let free = search(&rules, "a", date(2026, 11, 24), &taken);
    for gone in ["09:30-05:00", "10:00-05:00", "10:30-05:00"] {
        assert!(!free.contains(&gone.to_owned()), "{gone}: the buffers touch");
    }
    assert!(free.contains(&"09:00-05:00".to_owned()) && free.contains(&"11:00-05:00".to_owned()));
}

#[test]
fn a_group_is_full_when_it_is_full() {
    let rules = rules("America/Bogota", 30);
    let one = || busy("America/Bogota", "group", "2026-11-24T10:00", "2026-11-24T11:10");
    let at_ten =
        |busy: &[Busy]| search(&rules, "group", date(2026, 11, 24), busy).contains(&"10:00-05:00".to_owned());
    assert!(at_ten(&[one()]) && at_ten(&[one(), one()]) && !at_ten(&[one(), one(), one()]));
    let other = busy("America/Bogota", "a", "2026-11-24T10:00", "2026-11-24T10:40");
    assert!(!at_ten(&[other]), "another service is no member of the group");
    let half_past = search(&rules, "group", date(2026, 11, 24), &[one()]);
    assert!(!half_past.contains(&"10:30-05:00".to_owned()), "a group that began is not joined");
}

#[test]
fn holidays_notice_and_the_horizon_are_kept() {
    let mut rules = rules("America/Bogota", 30);
    rules.holidays = vec![ClosedDay::Once(date(2026, 11, 24)), ClosedDay::Yearly(12, 25)];
    assert!(search(&rules, "a", date(2026, 11, 24), &[]).is_empty());
    assert!(search(&rules, "a", date(2026, 12, 25), &[]).is_empty());
    rules.lead_time_ms = 2 * HOUR;
    let now_ms = at("America/Bogota", "2026-11-23T09:10");
    let services = ["a".to_owned()];
    let day = date(2026, 11, 23);
    let today = Search { services: &services, resource: None, from: day, to: day, now_ms };
    let first = free(&rules, &today, &[])[0].start_ms;
    assert_eq!(first, at("America/Bogota", "2026-11-23T11:30"));
    let far = date(2027, 11, 23);
    assert!(free(&rules, &Search { from: far, to: far, ..today }, &[]).is_empty());
}

#[test]
fn a_slot_for_several_services_does_for_each() {
    let rules = rules("America/Bogota", 30);
    let day = date(2026, 11, 24);
    let services = ["a".to_owned(), "long".to_owned()];
    let now_ms = at("America/Bogota", "2026-11-20T09:00");
    let taken = [busy("America/Bogota", "a", "2026-11-24T10:00", "2026-11-24T10:40")];
    let slots =
        free(&rules, &Search { services: &services, resource: None, from: day, to: day, now_ms }, &taken);
    assert!(slots.iter().all(|slot| slot.end_ms - slot.start_ms == 90 * MINUTE && is_free(slot, &taken)));
}

use crate::engine::booking::rules::ClosedDay;

proptest! {
    /// Take free slots in any order, in any zone and season: no two ever share time, and all lie within the day.
    #[test]
    fn taken_slots_never_overlap(
        zone in prop::sample::select(vec!["America/Santiago", "Europe/Madrid", "America/Bogota"]),
        day in prop::sample::select(vec![
            date(2026, 9, 6), date(2026, 4, 4), date(2026, 4, 5), date(2026, 3, 29), date(2026, 10, 25),
            date(2028, 2, 29), date(2026, 12, 31), date(2026, 11, 24),
        ]),
        duration in 5_i64..200,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
    ) {
        let rules = rules(zone, duration);
        let services = ["a".to_owned()];
        let now_ms = at("UTC", &format!("{}T00:00", day.checked_sub(3.days()).unwrap()));
        let search = Search { services: &services, resource: None, from: day, to: day.tomorrow().unwrap(), now_ms };
        let mut taken: Vec<Busy> = Vec::new();
        for pick in picks {
            let slots = free(&rules, &search, &taken);
            if slots.is_empty() { break; }
            let slot = pick.get(&slots).clone();
            prop_assert!(taken.iter().all(|other| other.to_ms <= slot.blocked_from_ms || other.from_ms >= slot.blocked_to_ms));
            let civil = zoned(slot.start_ms, &rules.zone);
            prop_assert!(civil.date() == day || civil.date() == day.tomorrow().unwrap());
            prop_assert_eq!(slot.end_ms - slot.start_ms, duration * MINUTE);
            taken.push(Busy {
                appointment: None,
                resource: Some("r1".to_owned()), service: Some("a".to_owned()), start_ms: slot.start_ms,
                from_ms: slot.blocked_from_ms, to_ms: slot.blocked_to_ms,
            });
        }
    }
}
