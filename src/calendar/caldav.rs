//! CalDAV (RFC 4791): which time is taken by a calendar-query with expanded recurrences, an appointment by a PUT that
//! must not replace anything, and its end by a DELETE.

use jiff::{Timestamp, tz::TimeZone};
use quick_xml::{Reader, events::Event};
use reqwest::{Method, StatusCode};

use super::{CalendarError, Made, RemoteCalendar, Times, ics, refused, taken, text_of, unreachable};
use crate::domain::appointment::AppointmentRecord;

pub(super) async fn times(
    calendar: &RemoteCalendar,
    from_ms: i64,
    to_ms: i64,
) -> Result<Times, CalendarError> {
    let (from, to) = (stamp(from_ms), stamp(to_ms));
    // RFC 4791, section 7.8: only events that touch the time, each recurrence by itself and in UTC.
    let body = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><C:calendar-data><C:expand start="{from}" end="{to}"/></C:calendar-data></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="{from}" end="{to}"/></C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>"#
    );
    let report =
        Method::from_bytes(b"REPORT").map_err(|_| CalendarError::Permanent("no REPORT".to_owned()))?;
    let request = calendar
        .client
        .request(report, format!("{}/", calendar.base("")))
        .header("depth", "1")
        .header("content-type", "application/xml; charset=utf-8")
        .body(body);
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    if !response.status().is_success() {
        return Err(refused(response.status()));
    }
    let text = text_of(response).await?;
    let mut busy = Vec::new();
    for data in calendar_data(&text)? {
        for event in ics::events(&data) {
            let ours = event.uid.as_deref().is_some_and(|uid| uid.ends_with(ics::UID_DOMAIN));
            let Some((start_ms, end_ms)) = event.span(&TimeZone::UTC) else { continue };
            if !ours && event.takes_time && end_ms > from_ms && start_ms < to_ms {
                busy.push(taken(None, start_ms, end_ms));
            }
        }
    }
    Ok(Times { busy, open: None })
}

pub(super) async fn create(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
) -> Result<Made, CalendarError> {
    // Somebody may have put something into this time since it was offered.
    let slot = &record.slot;
    let there = times(calendar, slot.blocked_from_ms, slot.blocked_to_ms).await?;
    if !there.busy.is_empty() {
        return Err(CalendarError::Conflict);
    }
    let url = address(calendar, &record.id);
    let request = calendar
        .client
        .put(&url)
        .header("if-none-match", "*")
        .header("content-type", "text/calendar; charset=utf-8")
        .body(ics::object(record));
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    let version = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    match response.status() {
        // It is there already: our own first try, whose answer was lost.
        StatusCode::PRECONDITION_FAILED => Ok(Made { remote_id: record.id.clone(), remote_version: version }),
        status if status.is_success() => Ok(Made { remote_id: record.id.clone(), remote_version: version }),
        status => Err(refused(status)),
    }
}

pub(super) async fn cancel(
    calendar: &RemoteCalendar,
    record: &AppointmentRecord,
    remote_id: Option<&str>,
) -> Result<(), CalendarError> {
    let request = calendar.client.delete(address(calendar, remote_id.unwrap_or(&record.id)));
    let response = calendar.with_token(request).send().await.map_err(|error| unreachable(&error))?;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
        status if status.is_success() => Ok(()),
        status => Err(refused(status)),
    }
}

fn address(calendar: &RemoteCalendar, id: &str) -> String {
    format!("{}/{id}.ics", calendar.base(""))
}

/// A moment as iCalendar writes it in UTC.
fn stamp(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The calendars in a multistatus answer (RFC 4918, section 13).
fn calendar_data(xml: &str) -> Result<Vec<String>, CalendarError> {
    let wrong = |_| CalendarError::Permanent("the calendar's answer is no XML".to_owned());
    let mut reader = Reader::from_str(xml);
    let (mut found, mut inside) = (Vec::new(), None::<String>);
    loop {
        match reader.read_event().map_err(wrong)? {
            Event::Start(tag) if tag.local_name().as_ref() == "calendar-data" => inside = Some(String::new()),
            Event::End(tag) if tag.local_name().as_ref() == "calendar-data" => found.extend(inside.take()),
            Event::Text(text) => {
                if let Some(data) = &mut inside {
                    data.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(data) = &mut inside {
                    data.push_str(&text);
                }
            }
            Event::GeneralRef(entity) => {
                if let Some(data) = &mut inside {
                    match (entity.resolve_char_ref(), &*entity) {
                        (Ok(Some(c)), _) => data.push(c),
                        (_, "amp") => data.push('&'),
                        (_, "lt") => data.push('<'),
                        (_, "gt") => data.push('>'),
                        (_, "quot") => data.push('"'),
                        (_, "apos") => data.push('\''),
                        _ => {}
                    }
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}
