//! Google Calendar API v3: `freeBusy.query`, `events.insert` with an id of our own, which makes a second try a 409, and
//! `events.delete`. <https://developers.google.com/workspace/calendar/api/v3/reference>

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{
    CalendarError, Made, RemoteCalendar, Times, ics, json_of, moment, refused, taken, unreachable, utc,
};
use crate::domain::appointment::AppointmentRecord;

const BASE: &str = "https://www.googleapis.com/calendar/v3";

#[derive(Debug, Deserialize)]
struct FreeBusy {
    calendars: BTreeMap<String, OneCalendar>,
}

#[derive(Debug, Deserialize)]
struct OneCalendar {
    #[serde(default)]
    busy: Vec<Span>,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Span {
    start: String,
    end: String,
}

#[derive(Debug, Deserialize)]
struct Inserted {
    id: String,
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

pub(super) async fn times(
    calendar: &RemoteCalendar,
    from_ms: i64,
    to_ms: i64,
) -> Result<Times, CalendarError> {
    let id = &calendar.booking.calendar;
    let body = json!({"timeMin": utc(from_ms), "timeMax": utc(to_ms), "items": [{"id": id}]});
    let request = calendar.client.post(format!("{}/freeBusy", calendar.base(BASE))).json(&body);
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    if !response.status().is_success() {
        return Err(refused(response.status()));
    }
    let found: FreeBusy = json_of(response).await?;
    let mut busy = Vec::new();
    for one in found.calendars.into_values() {
        if !one.errors.is_empty() {
            return Err(CalendarError::Permanent("Google does not give the calendar away".to_owned()));
        }
        for span in one.busy {
            busy.push(taken(None, moment(&span.start)?, moment(&span.end)?));
        }
    }
    Ok(Times { busy, open: None })
}

pub(super) async fn create(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
) -> Result<Made, CalendarError> {
    let url = events(calendar, None)?;
    let id = event_id(&record.id);
    // Our own first try, whose answer was lost, would make its own time look taken.
    if let Some(made) = existing(calendar, &id).await? {
        return Ok(made);
    }
    let slot = &record.slot;
    if !times(calendar, slot.start_ms, slot.end_ms).await?.busy.is_empty() {
        return Err(CalendarError::Conflict);
    }
    let body = json!({
        "id": id,
        "summary": ics::summary(record),
        "description": ics::description(record),
        "start": {"dateTime": utc(slot.start_ms)},
        "end": {"dateTime": utc(slot.end_ms)},
        "extendedProperties": {"private": {"iass": record.id}},
    });
    let request = calendar.client.post(url).json(&body);
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    match response.status() {
        // The identifier already exists: it is ours.
        StatusCode::CONFLICT => Ok(Made { remote_id: id, remote_version: None }),
        status if status.is_success() => {
            let inserted: Inserted = json_of(response).await?;
            Ok(Made { remote_id: inserted.id, remote_version: inserted.etag })
        }
        status => Err(refused(status)),
    }
}

pub(super) async fn cancel(calendar: &RemoteCalendar, remote_id: &str) -> Result<(), CalendarError> {
    let request = calendar.client.delete(events(calendar, Some(remote_id))?);
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
        status if status.is_success() => Ok(()),
        status => Err(refused(status)),
    }
}

/// The event of an id, if it is there and stands.
async fn existing(calendar: &RemoteCalendar, id: &str) -> Result<Option<Made>, CalendarError> {
    let request = calendar.client.get(events(calendar, Some(id))?);
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
        status if status.is_success() => {
            let found: Inserted = json_of(response).await?;
            let stands = found.status.as_deref() != Some("cancelled");
            Ok(stands.then_some(Made { remote_id: found.id, remote_version: found.etag }))
        }
        status => Err(refused(status)),
    }
}

fn events(calendar: &RemoteCalendar, event: Option<&str>) -> Result<url::Url, CalendarError> {
    let mut url = url::Url::parse(&calendar.base(BASE))
        .map_err(|_| CalendarError::Permanent("`booking.url` is no address".to_owned()))?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["calendars", &calendar.booking.calendar, "events"]);
        path.extend(event);
    }
    Ok(url)
}

/// An id as Google wants it: the letters a to v and digits, 5 to 1024 of them (base32hex, RFC 2938).
fn event_id(id: &str) -> String {
    let letters = id.bytes().flat_map(|byte| {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        [digit(byte >> 4), digit(byte & 15)]
    });
    std::iter::once('i').chain(letters).collect()
}
