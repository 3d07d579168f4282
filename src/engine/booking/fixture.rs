//! A clinic for tests, in Bogotá.

use jiff::{Zoned, civil::date, tz::TimeZone};

use super::rules::{BookingRules, Resource, Service};
use crate::domain::{
    business::WeekHours,
    lead::LeadField,
    money::{Currency, Money},
};

/// Thursday, 19 November 2026, at 9 in the morning.
pub(crate) fn now() -> Zoned {
    date(2026, 11, 19).at(9, 0, 0, 0).to_zoned(TimeZone::get("America/Bogota").unwrap()).unwrap()
}

pub(crate) fn clinic() -> BookingRules {
    let currency = Currency::parse("COP").unwrap();
    let service = |id: &str, name: &str, minutes: i64, price: i64| Service {
        id: id.to_owned(),
        name: name.to_owned(),
        keywords: vec![],
        price: Some(Money { minor: price * 100, currency }),
        duration_ms: minutes * 60_000,
        before_ms: 0,
        after_ms: 10 * 60_000,
        capacity: 1,
        required: [LeadField::Name, LeadField::Phone].into(),
    };
    let mut hours = WeekHours::default();
    for day in hours.days.iter_mut().take(5) {
        *day = vec![(8 * 60, 19 * 60)];
    }
    let resource = |id: &str, name: &str, services: &[&str]| Resource {
        id: id.to_owned(),
        name: name.to_owned(),
        services: Some(services.iter().map(|&id| id.to_owned()).collect()),
        hours: hours.clone(),
    };
    BookingRules {
        zone: TimeZone::get("America/Bogota").unwrap(),
        services: vec![
            service("limpieza", "Limpieza facial profunda", 90, 180_000),
            service("botox-zona", "Bótox, una zona", 20, 420_000),
            service("botox-tercio", "Bótox, tercio superior", 30, 950_000),
            service("masaje", "Masaje relajante", 60, 150_000),
        ],
        resources: vec![
            resource("lina", "Lina Rojas", &["limpieza"]),
            resource("catalina", "Dra. Catalina Herrera", &["botox-zona", "botox-tercio"]),
            resource("paola", "Paola Gutiérrez", &["masaje"]),
        ],
        holidays: vec![],
        lead_time_ms: 2 * 3_600_000,
        step_ms: 15 * 60_000,
        hold_ms: 15 * 60_000,
        horizon_days: 60,
        reminders_ms: vec![24 * 3_600_000, 2 * 3_600_000],
        remote: false,
        files: None,
    }
}
