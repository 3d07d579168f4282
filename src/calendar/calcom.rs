//! Cal.com API v2: `GET /slots`, `POST /bookings`, `POST /bookings/{uid}/cancel`. The `remote` of a service is its event
//! type. <https://cal.com/docs/api-reference/v2/bookings/create-a-booking>

use std::collections::BTreeMap;

use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CalendarError, Made, RemoteCalendar, Times, json_of, moment, refused, unreachable, utc};
use crate::domain::appointment::AppointmentRecord;

const BASE: &str = "https://api.cal.com/v2";

/// The versions of the routes, as their documentation names them.
const SLOTS_VERSION: &str = "2024-09-04";
const BOOKINGS_VERSION: &str = "2024-08-13";

#[derive(Debug, Deserialize)]
struct Slots {
    data: BTreeMap<String, Vec<Slot>>,
}

#[derive(Debug, Deserialize)]
struct Slot {
    start: String,
}

#[derive(Debug, Deserialize)]
struct Booked {
    data: Booking,
}

#[derive(Debug, Deserialize)]
struct Booking {
    uid: String,
}

pub(super) async fn times(
    calendar: &RemoteCalendar,
    from_ms: i64,
    to_ms: i64,
) -> Result<Times, CalendarError> {
    let mut open = Vec::new();
    for service in &calendar.booking.services {
        let query = [
            ("eventTypeId", calendar.remote_service(&service.id).to_owned()),
            ("start", utc(from_ms)),
            ("end", utc(to_ms)),
        ];
        let request = calendar.client.get(format!("{}/slots", calendar.base(BASE))).query(&query);
        let response = send(calendar, request, SLOTS_VERSION).await?;
        let found: Slots = json_of(response).await?;
        for slot in found.data.into_values().flatten() {
            open.push((service.id.clone(), moment(&slot.start)?));
        }
    }
    Ok(Times { busy: Vec::new(), open: Some(open) })
}

pub(super) async fn create(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
) -> Result<Made, CalendarError> {
    if let Some(made) = existing(calendar, record).await? {
        return Ok(made);
    }
    let text = |key: &str| record.details.get(key).and_then(Value::as_str);
    let event_type: i64 = calendar.remote_service(&record.slot.service).parse().map_err(|_| {
        CalendarError::Permanent("`remote` of the service must be the number of an event type".to_owned())
    })?;
    let mut attendee = json!({
        "name": text("name").or(record.contact_name.as_deref()).unwrap_or(&record.contact),
        "timeZone": "UTC",
    });
    for (key, value) in [("email", text("email")), ("phoneNumber", text("phone"))] {
        if let (Some(value), Some(attendee)) = (value, attendee.as_object_mut()) {
            attendee.insert(key.to_owned(), json!(value));
        }
    }
    let body = json!({
        "start": utc(record.slot.start_ms),
        "eventTypeId": event_type,
        "attendee": attendee,
        "metadata": {"iass": record.id},
    });
    let request = calendar.client.post(format!("{}/bookings", calendar.base(BASE))).json(&body);
    let response = with_version(calendar, request, BOOKINGS_VERSION)
        .send()
        .await
        .map_err(|error| unreachable(&error))?;
    match response.status() {
        // Cal.com answers 400 when the time is not free any more.
        StatusCode::BAD_REQUEST => {
            let text = super::text_of(response).await?.to_lowercase();
            let gone = ["no available", "not available", "already has booking", "no_available"];
            if gone.iter().any(|phrase| text.contains(phrase)) {
                Err(CalendarError::Conflict)
            } else {
                Err(CalendarError::Permanent("Cal.com did not accept the booking".to_owned()))
            }
        }
        status if status.is_success() => {
            let booked: Booked = json_of(response).await?;
            Ok(Made { remote_id: booked.data.uid, remote_version: None })
        }
        status => Err(refused(status)),
    }
}

/// Our own first try, whose answer was lost: Cal.com has no idempotency keys, so it is looked for by its time and
/// attendee's metadata.
async fn existing(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
) -> Result<Option<Made>, CalendarError> {
    #[derive(Debug, Deserialize)]
    struct One {
        uid: String,
        #[serde(default)]
        metadata: Value,
    }
    #[derive(Debug, Deserialize)]
    struct All {
        data: Vec<One>,
    }
    let query = [
        ("afterStart", utc(record.slot.start_ms - 1000)),
        ("beforeEnd", utc(record.slot.end_ms + 1000)),
        ("status", "upcoming".to_owned()),
    ];
    let request = calendar.client.get(format!("{}/bookings", calendar.base(BASE))).query(&query);
    let response = send(calendar, request, BOOKINGS_VERSION).await?;
    let all: All = json_of(response).await?;
    let ours =
        all.data.into_iter().find(|one| one.metadata.get("iass").and_then(Value::as_str) == Some(&record.id));
    Ok(ours.map(|one| Made { remote_id: one.uid, remote_version: None }))
}

pub(super) async fn cancel(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
    remote_id: Option<&str>,
) -> Result<(), CalendarError> {
    let remote_id = match remote_id {
        Some(known) => known.to_owned(),
        None => match existing(calendar, record).await? {
            Some(made) => made.remote_id,
            None => return Ok(()),
        },
    };
    let mut url = url::Url::parse(&calendar.base(BASE))
        .map_err(|_| CalendarError::Permanent("`booking.url` is no address".to_owned()))?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["bookings", &remote_id, "cancel"]);
    }
    let request = calendar.client.post(url).json(&json!({"cancellationReason": "cancelled by the customer"}));
    let response = with_version(calendar, request, BOOKINGS_VERSION)
        .send()
        .await
        .map_err(|error| unreachable(&error))?;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
        // Cal.com answers 400 when our first try, whose answer was lost, did it.
        StatusCode::BAD_REQUEST => {
            let text = super::text_of(response).await?.to_lowercase();
            let done = ["cancelled already", "already cancelled", "already been cancelled"];
            if done.iter().any(|phrase| text.contains(phrase)) {
                Ok(())
            } else {
                Err(CalendarError::Permanent("Cal.com did not cancel the booking".to_owned()))
            }
        }
        status if status.is_success() => Ok(()),
        status => Err(refused(status)),
    }
}

fn with_version(calendar: &RemoteCalendar, request: RequestBuilder, version: &str) -> RequestBuilder {
    calendar.with_token(request).header("cal-api-version", version)
}

async fn send(
    calendar: &RemoteCalendar,
    request: RequestBuilder,
    version: &str,
) -> Result<reqwest::Response, CalendarError> {
    let response =
        with_version(calendar, request, version).send().await.map_err(|error| unreachable(&error))?;
    if response.status().is_success() { Ok(response) } else { Err(refused(response.status())) }
}
