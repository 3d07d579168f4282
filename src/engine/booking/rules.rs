//! What a business books: services, who gives them, when it is open, and how far ahead.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};

use crate::domain::{appointment::SlotNames, business::WeekHours, lead::LeadField, money::Money};

/// The resource of a business that names nobody.
pub const ONLY_RESOURCE: &str = "main";

/// The rules of one tenant's appointments. Made from its configuration once and then only read.
#[derive(Debug, Clone, PartialEq)]
pub struct BookingRules {
    /// The zone that hours are in and times are told in.
    pub zone: TimeZone,
    /// What can be booked; never empty.
    pub services: Vec<Service>,
    /// With whom; never empty.
    pub resources: Vec<Resource>,
    /// Days on which nobody works.
    pub holidays: Vec<ClosedDay>,
    /// The least notice for a new appointment, in milliseconds.
    pub lead_time_ms: i64,
    /// Appointments begin at multiples of this after opening, in milliseconds.
    pub step_ms: i64,
    /// How long a chosen slot is kept while the customer gives their data, in milliseconds.
    pub hold_ms: i64,
    /// How many days ahead can be booked.
    pub horizon_days: u32,
    /// How long before an appointment the customer is reminded, in milliseconds; the longest first.
    pub reminders_ms: Vec<i64>,
    /// Whether a calendar elsewhere has the last word.
    pub remote: bool,
    /// What an appointment's id and `.ics` make the address of its calendar file of; none when the daemon has no public address.
    pub files: Option<String>,
}

/// Something that can be booked.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its id.
    pub id: String,
    /// Its name for customers.
    pub name: String,
    /// Other words for it.
    pub keywords: Vec<String>,
    /// What it costs.
    pub price: Option<Money>,
    /// How long it takes, in milliseconds.
    pub duration_ms: i64,
    /// Time to prepare before it, in milliseconds.
    pub before_ms: i64,
    /// Time to clear up after it, in milliseconds.
    pub after_ms: i64,
    /// How many customers may share one time; at least 1.
    pub capacity: u32,
    /// What must be known of the customer.
    pub required: BTreeSet<LeadField>,
}

/// Somebody who gives appointments, or a room or machine for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its id.
    pub id: String,
    /// Its name for customers; empty when there is only one.
    pub name: String,
    /// The ids of what it is for; `None` for everything.
    pub services: Option<Vec<String>>,
    /// When it is to be had.
    pub hours: WeekHours,
}

/// A day on which nobody works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedDay {
    /// This day only.
    Once(Date),
    /// Month and day of every year.
    Yearly(i8, i8),
}

impl BookingRules {
    /// The service of an id.
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// The resource of an id.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    /// Whether nobody works on a day.
    pub fn is_holiday(&self, day: Date) -> bool {
        self.holidays.iter().any(|closed| match closed {
            ClosedDay::Once(date) => *date == day,
            ClosedDay::Yearly(month, of_month) => (day.month(), day.day()) == (*month, *of_month),
        })
    }

    /// What customers call a service with whom it is.
    pub fn names(&self, service: &str, resource: &str) -> SlotNames {
        let name = |found: Option<&String>| found.cloned().unwrap_or_default();
        SlotNames {
            service: name(self.service(service).map(|service| &service.name)),
            resource: name(self.resource(resource).map(|resource| &resource.name)),
        }
    }

    /// When a customer is reminded of an appointment that is made now: what is past, or nearly, is left out.
    pub fn reminders(&self, start_ms: i64, now_ms: i64) -> Vec<i64> {
        let ahead = self.reminders_ms.iter().map(|before| start_ms - before);
        ahead.filter(|at_ms| *at_ms > now_ms).collect()
    }
}

impl Resource {
    /// Whether it is for a service.
    pub fn gives(&self, service: &str) -> bool {
        self.services.as_ref().is_none_or(|services| services.iter().any(|id| id == service))
    }
}
