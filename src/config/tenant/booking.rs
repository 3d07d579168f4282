//! `[booking]`: what can be booked, with whom and when.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    config::{
        leaf::Leaf,
        secret::Secret,
        section::{Section, unique},
        show,
        tenant::business::WeekHours,
    },
    domain::money::{Currency, Money},
};

/// The appointment book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Booking {
    /// `provider`: who keeps the calendar. Default builtin.
    pub provider: BookingProvider,
    /// `url`: the address of the calendar when the provider is http.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `token`, `token_file`: the bearer token of that address. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// `buffer_min`: free time after each appointment. Default 0, 0 to 480.
    #[serde(rename = "buffer_min", serialize_with = "show::minutes")]
    pub buffer: Duration,
    /// `lead_time_min`: the least notice for a new appointment. Default 60, 0 to 43200.
    #[serde(rename = "lead_time_min", serialize_with = "show::minutes")]
    pub lead_time: Duration,
    /// `slot_min`: appointments begin at multiples of this after opening. Default 15, 5 to 480.
    #[serde(rename = "slot_min", serialize_with = "show::minutes")]
    pub slot: Duration,
    /// `hold_min`: how long an offered slot is kept free. Default 15, 1 to 1440.
    #[serde(rename = "hold_min", serialize_with = "show::minutes")]
    pub hold: Duration,
    /// `horizon_days`: how far ahead can be booked. Default 60, 1 to 730.
    pub horizon_days: u32,
    /// `[[booking.services]]`: what can be booked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// `[[booking.staff]]`: with whom. Default none: one appointment at a time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub staff: Vec<StaffMember>,
}

/// Who keeps the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BookingProvider {
    /// The tenant's own database.
    Builtin,
    /// A service at `url`.
    Http,
}

/// Something that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// `id`: its name in commands and data; unique.
    pub id: String,
    /// `name`: its name for customers.
    pub name: String,
    /// `duration_min`: how long it takes. 1 to 1440.
    #[serde(rename = "duration_min", serialize_with = "show::minutes")]
    pub duration: Duration,
    /// `price`: in the main unit of the tenant's currency, such as 180000 or 19.90. Default none: not told.
    #[serde(serialize_with = "show::price", skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// `description`: what it is. Default empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// A person who gives appointments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaffMember {
    /// `id`: their name in commands and data; unique.
    pub id: String,
    /// `name`: their name for customers.
    pub name: String,
    /// `services`: the ids of what they do. Default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<String>>,
    /// `hours`: when they work, as `[business.hours]`. Default the business's hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeekHours>,
}

impl Booking {
    pub(super) fn read(section: &Section<'_>, currency: Option<Currency>) -> Self {
        let minutes = |key: &str, least: u64, most: u64, default: u64| {
            section.read(key, |v| v.minutes(least..=most)).unwrap_or(Duration::from_secs(default * 60))
        };
        let service_tables = section.sections("services");
        let service_ids = unique(&service_tables, "id");
        let services = service_tables.iter().filter_map(|table| Service::read(table, currency)).collect();
        let staff_tables = section.sections("staff");
        unique(&staff_tables, "id");
        let staff = staff_tables.iter().filter_map(|table| StaffMember::read(table, &service_ids)).collect();
        let provider = section.read("provider", Leaf::choice).unwrap_or(BookingProvider::Builtin);
        let url = section.read("url", Leaf::url);
        if provider == BookingProvider::Http && url.is_none() {
            section.error("url", "is needed when `booking.provider` is \"http\"");
        }
        Self {
            provider,
            url,
            token: section.secret("token"),
            buffer: minutes("buffer_min", 0, 480, 0),
            lead_time: minutes("lead_time_min", 0, 43_200, 60),
            slot: minutes("slot_min", 5, 480, 15),
            hold: minutes("hold_min", 1, 1440, 15),
            horizon_days: section.read("horizon_days", |v| v.integer(1..=730)).unwrap_or(60),
            services,
            staff,
        }
    }
}

impl Service {
    fn read(section: &Section<'_>, currency: Option<Currency>) -> Option<Self> {
        let id = section.require("id", Leaf::name_value);
        let name = section.require("name", Leaf::words);
        let duration = section.require("duration_min", |v| v.minutes(1..=1440));
        let price =
            section.read("price", |v| currency.map(|currency| v.price(currency)).transpose()).flatten();
        let description = section.read("description", Leaf::text).unwrap_or_default();
        Some(Self { id: id?, name: name?, duration: duration?, price, description })
    }
}

impl StaffMember {
    fn read(section: &Section<'_>, known: &BTreeSet<String>) -> Option<Self> {
        let id = section.require("id", Leaf::name_value);
        let name = section.require("name", Leaf::words);
        let services = section.list("services", |leaf| {
            let id = leaf.name_value()?;
            if known.contains(&id) {
                Ok(id)
            } else {
                Err(format!("is {id:?}, which is not the id of one of [[booking.services]]"))
            }
        });
        let hours = section.optional_section("hours").map(|hours| WeekHours::read(&hours));
        Some(Self { id: id?, name: name?, services, hours })
    }
}
