//! `[booking]`: what can be booked, with whom and when.

pub mod google;

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use self::google::GoogleKeys;
use crate::{
    config::{
        leaf::Leaf,
        secret::Secret,
        section::{Section, unique},
        show,
        tenant::business::WeekHours,
    },
    domain::{
        lead::LeadField,
        money::{Currency, Money},
    },
};

/// The shortest secret of a calendar feed, in bytes.
const MIN_FEED_TOKEN: usize = 16;

/// A day and two hours before.
const DEFAULT_REMINDERS_MIN: [u32; 2] = [1440, 120];

/// The most reminders of one appointment.
const MAX_REMINDERS: usize = 5;

/// The appointment book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Booking {
    /// `provider`: who keeps the calendar. Default builtin.
    pub provider: BookingProvider,
    /// `url`: the address of the calendar when the provider is http.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `token`, `token_file`: the bearer token of that address; the password when the provider is caldav; an access
    /// token when it is google and somebody else renews it. Default none.
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
    /// `hold_min`: how long a chosen slot is kept while the customer gives their data. Default 15, 1 to 1440.
    #[serde(rename = "hold_min", serialize_with = "show::minutes")]
    pub hold: Duration,
    /// `reminders_min`: how long before an appointment the customer is reminded. Default 1440 and 120, which is a day
    /// and two hours; at most 5, 5 to 43200 each.
    pub reminders_min: Vec<u32>,
    /// `feed_token`, `feed_token_file`: the secret in the address of the calendar feed,
    /// `/calendar/<tenant>/<feed_token>.ics`, of at least 16 letters. Default none: no feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed_token: Option<Secret>,
    /// `user`: the name to sign in with, when the provider is caldav.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `calendar`: the calendar, when the provider is google. Default primary.
    pub calendar: String,
    /// How Google knows us, where it is the provider.
    #[serde(flatten)]
    pub google: GoogleKeys,
    /// `required`: what must be known of the customer; a service may want something else. Default name and phone.
    pub required: BTreeSet<LeadField>,
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
    /// A schedule service at `url`, over the JSON that docs/booking-http.md describes.
    Http,
    /// A CalDAV calendar at `url`.
    Caldav,
    /// A Google calendar.
    Google,
    /// Cal.com; the `remote` of each service is its event type.
    Calcom,
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
    /// `keywords`: other words for it. Default none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// `buffer_before_min`: time to prepare before it. Default 0, 0 to 480.
    #[serde(rename = "buffer_before_min", serialize_with = "show::minutes")]
    pub buffer_before: Duration,
    /// `buffer_min`: free time after it. Default that of `[booking]`.
    #[serde(
        rename = "buffer_min",
        serialize_with = "show::minutes_or_zero",
        skip_serializing_if = "Option::is_none"
    )]
    pub buffer: Option<Duration>,
    /// `capacity`: how many customers may share one time. Default 1, 1 to 1000.
    pub capacity: u32,
    /// `required`: what must be known of the customer. Default that of `[booking]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<BTreeSet<LeadField>>,
    /// `remote`: what the calendar elsewhere calls it. Default its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
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
        if matches!(provider, BookingProvider::Http | BookingProvider::Caldav) && url.is_none() {
            let name = if provider == BookingProvider::Http { "http" } else { "caldav" };
            section.error("url", &format!("is needed when `booking.provider` is \"{name}\""));
        }
        let (token, google) = (section.secret("token"), GoogleKeys::read(section));
        if provider == BookingProvider::Google && token.is_none() && !google.are_given() {
            section.error(
                "provider",
                "is \"google\", which needs `service_account_file`, or `client_id`, `client_secret` and `refresh_token`",
            );
        }
        let feed_token = section.secret("feed_token");
        if feed_token.as_ref().is_some_and(|token| token.expose().len() < MIN_FEED_TOKEN) {
            section.error(
                "feed_token",
                "must have at least 16 letters: whoever knows it sees every appointment",
            );
        }
        let mut reminders_min = section
            .list("reminders_min", |leaf| leaf.integer(5..=43_200))
            .unwrap_or_else(|| DEFAULT_REMINDERS_MIN.to_vec());
        if reminders_min.len() > MAX_REMINDERS {
            section.error("reminders_min", "may name five at most");
        }
        reminders_min.sort_unstable_by(|a, b| b.cmp(a));
        reminders_min.dedup();
        Self {
            provider,
            url,
            token,
            google,
            buffer: minutes("buffer_min", 0, 480, 0),
            lead_time: minutes("lead_time_min", 0, 43_200, 60),
            slot: minutes("slot_min", 5, 480, 15),
            hold: minutes("hold_min", 1, 1440, 15),
            reminders_min,
            feed_token,
            user: section.read("user", Leaf::words),
            calendar: section.read("calendar", Leaf::words).unwrap_or_else(|| "primary".to_owned()),
            required: section
                .list("required", Leaf::choice)
                .map_or_else(|| [LeadField::Name, LeadField::Phone].into(), BTreeSet::from_iter),
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
        let buffers = |key: &str| section.read(key, |v| v.minutes(0..=480));
        let (buffer_before, buffer) =
            (buffers("buffer_before_min").unwrap_or_default(), buffers("buffer_min"));
        Some(Self {
            id: id?,
            name: name?,
            duration: duration?,
            price,
            keywords: section.list("keywords", Leaf::words).unwrap_or_default(),
            buffer_before,
            buffer,
            capacity: section.read("capacity", |v| v.integer(1..=1000)).unwrap_or(1),
            required: section.list("required", Leaf::choice).map(BTreeSet::from_iter),
            remote: section.read("remote", Leaf::words),
            description,
        })
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
