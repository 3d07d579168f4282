//! Google Calendar API v3: `events.list`, `events.insert` with an id of our own, which makes a second try a 409, and
//! `events.delete`. <https://developers.google.com/workspace/calendar/api/v3/reference>

pub(super) mod token;

use jiff::{civil::Date, tz::TimeZone};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    CalendarError, Made, RemoteCalendar, Times, ics, json_of, moment, refused, taken, text_of, unreachable,
    utc,
};
use crate::domain::appointment::AppointmentRecord;

const BASE: &str = "https://www.googleapis.com/calendar/v3";

/// The private property of an event that holds our id of the appointment.
const OURS: &str = "iass";

/// The most events of one page; Google gives no more.
const PAGE: &str = "2500";

/// The most pages that are read.
const MAX_PAGES: usize = 20;

/// What is read of events.
const FIELDS: &str = "nextPageToken,timeZone,items(status,transparency,start,end,attendees(self,responseStatus),extendedProperties/private)";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Events {
    #[serde(default)]
    items: Vec<Event>,
    next_page_token: Option<String>,
    time_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    status: Option<String>,
    transparency: Option<String>,
    start: Option<Edge>,
    end: Option<Edge>,
    #[serde(default)]
    attendees: Vec<Attendee>,
    #[serde(default)]
    extended_properties: Properties,
}

/// Where an event begins or ends: a moment, or a day of the calendar's zone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    date_time: Option<String>,
    date: Option<Date>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attendee {
    #[serde(default, rename = "self")]
    is_owner: bool,
    response_status: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Properties {
    #[serde(default)]
    private: Value,
}

#[derive(Debug, Deserialize)]
struct Inserted {
    id: String,
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

impl Inserted {
    fn stands(&self) -> bool {
        self.status.as_deref() != Some("cancelled")
    }

    fn made(self) -> Made {
        Made { remote_id: self.id, remote_version: self.etag }
    }
}

impl Event {
    /// Whether it keeps the owner of the calendar from giving an appointment. Our own do not: they are known here.
    fn takes_time(&self) -> bool {
        let declined = |one: &Attendee| one.is_owner && one.response_status.as_deref() == Some("declined");
        self.status.as_deref() != Some("cancelled")
            && self.transparency.as_deref() != Some("transparent")
            && !self.attendees.iter().any(declined)
            && self.extended_properties.private.get(OURS).is_none()
    }
}

impl Edge {
    fn at_ms(&self, zone: &TimeZone) -> Result<i64, CalendarError> {
        if let Some(text) = &self.date_time {
            return moment(text);
        }
        let day = self.date.and_then(|day| day.to_zoned(zone.clone()).ok());
        day.map(|at| at.timestamp().as_millisecond())
            .ok_or_else(|| CalendarError::Permanent("an event of Google's has no time".to_owned()))
    }
}

pub(super) async fn times(
    calendar: &RemoteCalendar,
    from_ms: i64,
    to_ms: i64,
) -> Result<Times, CalendarError> {
    let mut busy = Vec::new();
    let mut page = None::<String>;
    for _ in 0..MAX_PAGES {
        let mut url = events(calendar, None)?;
        url.query_pairs_mut()
            .append_pair("singleEvents", "true")
            .append_pair("timeMin", &utc(from_ms))
            .append_pair("timeMax", &utc(to_ms))
            .append_pair("maxResults", PAGE)
            .append_pair("fields", FIELDS)
            .extend_pairs(page.iter().map(|token| ("pageToken", token)));
        let response = send(calendar, || calendar.client.get(url.clone())).await?;
        if !response.status().is_success() {
            return Err(said_no(response).await);
        }
        let found: Events = json_of(response).await?;
        let zone = found.time_zone.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC);
        for event in found.items.iter().filter(|event| event.takes_time()) {
            if let (Some(start), Some(end)) = (&event.start, &event.end) {
                busy.push(taken(None, start.at_ms(&zone)?, end.at_ms(&zone)?));
            }
        }
        page = found.next_page_token;
        if page.is_none() {
            return Ok(Times { busy, open: None });
        }
    }
    Err(CalendarError::Permanent("Google's calendar has far too many events".to_owned()))
}

pub(super) async fn create(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
) -> Result<Made, CalendarError> {
    let id = event_id(&record.id);
    // Our own first try, whose answer was lost.
    if let Some(made) = existing(calendar, &id).await?.filter(Inserted::stands) {
        return Ok(made.made());
    }
    // Google takes any number of events at a time, so it is looked at once more.
    let slot = &record.slot;
    if !times(calendar, slot.blocked_from_ms, slot.blocked_to_ms).await?.busy.is_empty() {
        return Err(CalendarError::Conflict);
    }
    let body = json!({
        "id": id,
        "summary": ics::summary(record),
        "description": ics::description(record),
        "start": {"dateTime": utc(slot.start_ms)},
        "end": {"dateTime": utc(slot.end_ms)},
        "extendedProperties": {"private": {OURS: record.id}},
    });
    let url = events(calendar, None)?;
    let response = send(calendar, || calendar.client.post(url.clone()).json(&body)).await?;
    match response.status() {
        // An event with this id was there before; if it stands it is ours, and if not its owner took it out.
        StatusCode::CONFLICT => match existing(calendar, &id).await? {
            Some(found) if found.stands() => Ok(found.made()),
            _ => Err(CalendarError::Conflict),
        },
        status if status.is_success() => Ok(json_of::<Inserted>(response).await?.made()),
        _ => Err(said_no(response).await),
    }
}

pub(super) async fn cancel(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
    remote_id: Option<&str>,
) -> Result<(), CalendarError> {
    let id = remote_id.map_or_else(|| event_id(&record.id), str::to_owned);
    let url = events(calendar, Some(&id))?;
    let response = send(calendar, || calendar.client.delete(url.clone())).await?;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
        status if status.is_success() => Ok(()),
        _ => Err(said_no(response).await),
    }
}

/// Whether Google lets us read the calendar, for `iass doctor`.
pub(super) async fn check(calendar: &RemoteCalendar) -> Result<(), CalendarError> {
    let mut url = events(calendar, None)?;
    url.query_pairs_mut().append_pair("maxResults", "1").append_pair("fields", "accessRole");
    let response = send(calendar, || calendar.client.get(url.clone())).await?;
    if !response.status().is_success() {
        return Err(said_no(response).await);
    }
    let found: Value = json_of(response).await?;
    match found.get("accessRole").and_then(Value::as_str) {
        Some("writer" | "owner") | None => Ok(()),
        Some(role) => Err(CalendarError::Permanent(format!(
            "the calendar is shared for reading only ({role}); share it with \"Make changes to events\""
        ))),
    }
}

/// The event of an id, if there ever was one.
async fn existing(calendar: &RemoteCalendar, id: &str) -> Result<Option<Inserted>, CalendarError> {
    let url = events(calendar, Some(id))?;
    let response = send(calendar, || calendar.client.get(url.clone())).await?;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
        status if status.is_success() => Ok(Some(json_of(response).await?)),
        _ => Err(said_no(response).await),
    }
}

/// Asks with an access token. One that is refused is renewed, where it can be, and the same is asked once more.
async fn send(
    calendar: &RemoteCalendar,
    request: impl Fn() -> RequestBuilder,
) -> Result<Response, CalendarError> {
    let Some(tokens) = &calendar.tokens else {
        return calendar.with_token(request()).send().await.map_err(|error| unreachable(&error));
    };
    let token = tokens.get(&calendar.client).await?;
    let response = request().bearer_auth(token.expose()).send().await.map_err(|error| unreachable(&error))?;
    if response.status() != StatusCode::UNAUTHORIZED {
        return Ok(response);
    }
    tokens.forget(&token);
    let token = tokens.get(&calendar.client).await?;
    request().bearer_auth(token.expose()).send().await.map_err(|error| unreachable(&error))
}

/// What an answer that is no success means. Google says with 403 too that it was asked too often:
/// <https://developers.google.com/workspace/calendar/api/guides/errors>
async fn said_no(response: Response) -> CalendarError {
    let status = response.status();
    if status == StatusCode::FORBIDDEN {
        let text = text_of(response).await.unwrap_or_default();
        let often = ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"];
        if often.iter().any(|reason| text.contains(reason)) {
            return CalendarError::Temporary("Google was asked too often".to_owned());
        }
    }
    refused(status)
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
