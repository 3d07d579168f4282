//! The rules of a tenant's appointments as its configuration describes them.

use std::time::Duration;

use jiff::civil::Weekday;

use crate::{
    config::tenant::{
        TenantConfig,
        booking::{Booking, BookingProvider},
        business::{Holiday, WeekHours as ConfiguredHours},
    },
    domain::business::WeekHours,
    engine::booking::rules::{BookingRules, ClosedDay, ONLY_RESOURCE, Resource, Service},
};

/// What the engine needs to know of what can be booked; `None` when nothing can.
pub(super) fn rules(config: &TenantConfig) -> Option<BookingRules> {
    let booking = config.booking.as_ref().filter(|booking| !booking.services.is_empty())?;
    let business = config.business.hours.as_ref();
    Some(BookingRules {
        zone: config.timezone.clone(),
        services: booking
            .services
            .iter()
            .map(|service| Service {
                id: service.id.clone(),
                name: service.name.clone(),
                keywords: service.keywords.clone(),
                price: service.price,
                duration_ms: milliseconds(service.duration),
                before_ms: milliseconds(service.buffer_before),
                after_ms: milliseconds(service.buffer.unwrap_or(booking.buffer)),
                capacity: service.capacity,
                required: service.required.clone().unwrap_or_else(|| booking.required.clone()),
            })
            .collect(),
        resources: resources(booking, business),
        holidays: config
            .business
            .holidays
            .iter()
            .map(|holiday| match *holiday {
                Holiday::Once(date) => ClosedDay::Once(date),
                Holiday::Yearly(month, day) => ClosedDay::Yearly(month, day),
            })
            .collect(),
        lead_time_ms: milliseconds(booking.lead_time),
        step_ms: milliseconds(booking.slot),
        hold_ms: milliseconds(booking.hold),
        horizon_days: booking.horizon_days,
        reminders_ms: booking.reminders_min.iter().map(|minutes| i64::from(*minutes) * 60_000).collect(),
        remote: booking.provider != BookingProvider::Builtin,
        files: None,
    })
}

fn resources(booking: &Booking, business: Option<&ConfiguredHours>) -> Vec<Resource> {
    let of_business = business.map(hours).unwrap_or_default();
    if booking.staff.is_empty() {
        return vec![Resource {
            id: ONLY_RESOURCE.to_owned(),
            name: String::new(),
            services: None,
            hours: of_business,
        }];
    }
    let resource = |member: &crate::config::tenant::booking::StaffMember| Resource {
        id: member.id.clone(),
        name: member.name.clone(),
        services: member.services.clone(),
        hours: member.hours.as_ref().map_or_else(|| of_business.clone(), hours),
    };
    booking.staff.iter().map(resource).collect()
}

fn hours(configured: &ConfiguredHours) -> WeekHours {
    let mut week = WeekHours::default();
    for (day, weekday) in week.days.iter_mut().zip(Weekday::Monday.cycle_forward()) {
        *day = configured.on(weekday).iter().map(|span| (span.from_min, span.to_min)).collect();
    }
    week
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
