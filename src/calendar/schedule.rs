//! A schedule service of the owner's over JSON. The wire is ours and is described in `docs/booking-http.md`.

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

use super::{CalendarError, Made, RemoteCalendar, Times, json_of, moment, refused, taken, unreachable, utc};
use crate::domain::appointment::AppointmentRecord;

#[derive(Debug, Deserialize)]
struct Availability {
    #[serde(default)]
    busy: Vec<Span>,
    slots: Option<Vec<Open>>,
}

#[derive(Debug, Deserialize)]
struct Span {
    #[serde(default)]
    resource: Option<String>,
    start: String,
    end: String,
}

#[derive(Debug, Deserialize)]
struct Open {
    service: String,
    start: String,
}

#[derive(Debug, Serialize)]
struct Create<'a> {
    id: &'a str,
    service: &'a str,
    resource: &'a str,
    start: String,
    end: String,
    customer: &'a serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct Created {
    id: String,
    #[serde(default)]
    version: Option<String>,
}

pub(super) async fn times(
    calendar: &RemoteCalendar,
    from_ms: i64,
    to_ms: i64,
) -> Result<Times, CalendarError> {
    let request = calendar
        .client
        .get(format!("{}/availability", calendar.base("")))
        .query(&[("from", utc(from_ms)), ("to", utc(to_ms))]);
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    if !response.status().is_success() {
        return Err(refused(response.status()));
    }
    let found: Availability = json_of(response).await?;
    let mut busy = Vec::new();
    for span in found.busy {
        busy.push(taken(span.resource, moment(&span.start)?, moment(&span.end)?));
    }
    let local = |remote: String| {
        let known =
            calendar.booking.services.iter().find(|service| calendar.remote_service(&service.id) == remote);
        known.map_or(remote, |service| service.id.clone())
    };
    let open = found
        .slots
        .map(|slots| slots.into_iter().map(|open| Ok((local(open.service), moment(&open.start)?))).collect())
        .transpose()?;
    Ok(Times { busy, open })
}

pub(super) async fn create(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
) -> Result<Made, CalendarError> {
    let body = Create {
        id: &record.id,
        service: calendar.remote_service(&record.slot.service),
        resource: &record.slot.resource,
        start: utc(record.slot.start_ms),
        end: utc(record.slot.end_ms),
        customer: &record.details,
    };
    let request = calendar
        .client
        .post(format!("{}/appointments", calendar.base("")))
        .header("idempotency-key", &record.id)
        .json(&body);
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    if !response.status().is_success() {
        return Err(refused(response.status()));
    }
    let created: Created = json_of(response).await?;
    Ok(Made { remote_id: created.id, remote_version: created.version })
}

pub(super) async fn cancel(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
    remote_id: Option<&str>,
) -> Result<(), CalendarError> {
    let mut url = url::Url::parse(&format!("{}/appointments/", calendar.base("")))
        .map_err(|_| CalendarError::Permanent("`booking.url` is no address".to_owned()))?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(remote_id.unwrap_or(&record.id));
    }
    let request = calendar.client.delete(url).header("idempotency-key", format!("{}-cancel", record.id));
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
        status if status.is_success() => Ok(()),
        status => Err(refused(status)),
    }
}
