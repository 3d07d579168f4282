//! Calendars elsewhere, as their owners document them: asked, refused, asked twice, and gone.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    config::{env::Env, tenant::TenantConfig},
    domain::{
        appointment::{AppointmentStatus, Slot},
        conversation::{ChannelKind, ConversationId},
    },
};

/// What was asked: method, path with query, the key or condition, and the body.
type Asked = Arc<Mutex<Vec<(String, String, String, String)>>>;

#[derive(Clone)]
struct Fake {
    asked: Asked,
    answers: Arc<Mutex<Vec<(u16, String)>>>,
}

/// A calendar that gives these answers in turn and remembers what it was asked.
async fn fake(answers: &[(u16, Value)]) -> (String, Asked) {
    let asked = Asked::default();
    let told = |(status, body): &(u16, Value)| {
        (*status, body.as_str().map_or_else(|| body.to_string(), str::to_owned))
    };
    let state =
        Fake { asked: asked.clone(), answers: Arc::new(Mutex::new(answers.iter().map(told).collect())) };
    let router = Router::new().fallback(answer).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

async fn answer(
    State(fake): State<Fake>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let condition = format!("{}{}", header("idempotency-key"), header("if-none-match"));
    let body = String::from_utf8(body.to_vec()).unwrap();
    fake.asked.lock().unwrap().push((method.to_string(), uri.to_string(), condition, body));
    let (status, text) = fake.answers.lock().unwrap().remove(0);
    (axum::http::StatusCode::from_u16(status).unwrap(), text).into_response()
}

fn calendar(provider: &str, url: &str) -> RemoteCalendar {
    let text = format!(
        "name = \"a\"\n[booking]\nprovider = \"{provider}\"\nurl = \"{url}\"\ntoken = \"t\"\n[[booking.services]]\nid = \"masaje\"\nname = \"Masaje\"\nduration_min = 60\nremote = \"12\"\n"
    );
    let config = TenantConfig::parse(&text, std::path::Path::new("tenant.toml"), &Env::fixed([])).unwrap();
    RemoteCalendar::of(config.booking.as_ref()).unwrap().unwrap()
}

fn record() -> AppointmentRecord {
    let start_ms = 1_795_532_400_000;
    AppointmentRecord {
        id: "appointment_7".to_owned(),
        conversation: ConversationId::new("c"),
        channel: ChannelKind::Api,
        contact: "ana".to_owned(),
        contact_name: Some("Ana".to_owned()),
        slot: Slot {
            service: "masaje".to_owned(),
            resource: "main".to_owned(),
            start_ms,
            end_ms: start_ms + 3_600_000,
            blocked_from_ms: start_ms,
            blocked_to_ms: start_ms + 3_600_000,
            capacity: 1,
        },
        service_name: "Masaje".to_owned(),
        resource_name: String::new(),
        status: AppointmentStatus::Held,
        held_until_ms: None,
        details: json!({"name": "Ana", "email": "ana@example.com"}),
        sequence: 0,
        created_ms: start_ms,
        updated_ms: start_ms,
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

#[tokio::test]
async fn a_schedule_service_is_asked_as_documented() {
    let (url, asked) = fake(&[
        (200, json!({"busy": [{"resource": "ana", "start": "2026-11-24T10:00:00-05:00", "end": "2026-11-24T11:00:00-05:00"}], "slots": [{"service": "12", "start": "2026-11-24T12:00:00-05:00"}]})),
        (201, json!({"id": "r1", "version": "1"})),
        (409, json!({})),
        (503, json!({})),
        (422, json!({})),
        (404, json!({})),
    ])
    .await;
    let calendar = calendar("http", &url);
    let times = calendar.times(0, 1, soon()).await.unwrap();
    assert_eq!(times.busy[0].to_ms - times.busy[0].from_ms, 3_600_000);
    assert_eq!(times.open.unwrap(), [("masaje".to_owned(), moment("2026-11-24T17:00:00Z").unwrap())]);
    assert_eq!(calendar.create(&record()).await.unwrap().remote_id, "r1");
    assert_eq!(calendar.create(&record()).await, Err(CalendarError::Conflict));
    assert!(matches!(calendar.create(&record()).await, Err(CalendarError::Temporary(_))));
    assert!(matches!(calendar.create(&record()).await, Err(CalendarError::Permanent(_))));
    calendar.cancel(&record(), Some("r/1")).await.unwrap();
    let asked = asked.lock().unwrap();
    let (method, path, key, body) = &asked[1];
    assert_eq!((method.as_str(), path.as_str(), key.as_str()), ("POST", "/appointments", "appointment_7"));
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["service"], &body["customer"]["name"]), (&json!("12"), &json!("Ana")));
    assert_eq!((asked[5].0.as_str(), asked[5].1.as_str()), ("DELETE", "/appointments/r%2F1"));
}

#[tokio::test]
async fn a_caldav_calendar_is_never_overwritten_and_its_events_take_time() {
    let event = |uid: &str, from: &str, to: &str| {
        format!(
            "<D:response><D:propstat><D:prop><C:calendar-data>BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{from}\r\nDTEND:{to}\r\nSUMMARY:A &amp; B\r\nEND:VEVENT\r\nEND:VCALENDAR</C:calendar-data></D:prop></D:propstat></D:response>"
        )
    };
    let found = |events: &str| {
        json!(format!(
            "<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">{events}</D:multistatus>"
        ))
    };
    let theirs = event("x", "20261124T150000Z", "20261124T160000Z");
    let ours = event("appointment_1@iass", "20261124T150000Z", "20261124T160000Z");
    let (url, asked) = fake(&[
        (207, found(&format!("{theirs}{ours}"))),
        (207, found("")),
        (201, json!("")),
        (207, found("")),
        (412, json!("")),
        (207, found(&theirs)),
    ])
    .await;
    let calendar = calendar("caldav", &url);
    let (from, to) = (moment("2026-11-24T00:00:00Z").unwrap(), moment("2026-11-25T00:00:00Z").unwrap());
    let times = calendar.times(from, to, soon()).await.unwrap();
    assert_eq!(times.busy.len(), 1, "our own events are in our own database: {times:?}");
    assert_eq!(calendar.create(&record()).await.unwrap().remote_id, "appointment_7");
    assert!(calendar.create(&record()).await.is_ok(), "it is there already: our own first try");
    let mut later = record();
    (later.slot.blocked_from_ms, later.slot.blocked_to_ms) = (from, to);
    assert_eq!(calendar.create(&later).await, Err(CalendarError::Conflict), "somebody was quicker there");
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].0, "REPORT");
    let (method, path, condition, body) = &asked[2];
    assert_eq!((method.as_str(), path.as_str(), condition.as_str()), ("PUT", "/appointment_7.ics", "*"));
    assert!(body.contains("UID:appointment_7@iass\r\n") && !body.contains("METHOD"), "{body}");
    assert_eq!(asked.len(), 6, "nothing is written into a time that is taken");
}

#[tokio::test]
async fn google_gets_an_id_of_ours_so_that_a_second_try_is_no_second_event() {
    let free = json!({"timeZone": "America/Bogota", "items": []});
    let theirs = json!({"items": [{"status": "confirmed", "start": {"dateTime": "2026-11-24T15:00:00Z"}, "end": {"dateTime": "2026-11-24T16:00:00Z"}}]});
    let (url, asked) = fake(&[
        (404, json!({})),
        (200, free),
        (200, json!({"id": "i61", "etag": "\"1\"", "status": "confirmed"})),
        (200, json!({"id": "i61", "etag": "\"1\"", "status": "confirmed"})),
        (404, json!({})),
        (200, theirs),
        (410, json!({})),
    ])
    .await;
    let calendar = calendar("google", &url);
    assert_eq!(calendar.create(&record()).await.unwrap().remote_id, "i61");
    assert!(calendar.create(&record()).await.is_ok());
    assert_eq!(calendar.create(&record()).await, Err(CalendarError::Conflict));
    calendar.cancel(&record(), Some("i61")).await.unwrap();
    let asked = asked.lock().unwrap();
    assert_eq!(asked[2].1, "/calendars/primary/events");
    let body: Value = serde_json::from_str(&asked[2].3).unwrap();
    let id = body["id"].as_str().unwrap();
    assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v')), "{id}");
}

#[tokio::test]
async fn of_googles_events_those_count_that_take_the_owners_time() {
    let at = |hour: u8| json!({"dateTime": format!("2026-11-24T{hour:02}:00:00-05:00")});
    let (url, asked) = fake(&[
        (
            200,
            json!({"timeZone": "America/Bogota", "nextPageToken": "p2", "items": [
                {"status": "confirmed", "start": at(9), "end": at(10)},
                {"status": "cancelled"},
                {"status": "confirmed", "transparency": "transparent", "start": at(11), "end": at(12)},
                {"status": "confirmed", "start": at(13), "end": at(14),
                 "attendees": [{"self": true, "responseStatus": "declined"}]},
                {"status": "confirmed", "start": at(15), "end": at(16),
                 "extendedProperties": {"private": {"iass": "appointment_1"}}},
            ]}),
        ),
        (
            200,
            json!({"timeZone": "America/Bogota", "items": [
                {"status": "confirmed", "start": {"date": "2026-11-25"}, "end": {"date": "2026-11-26"}},
            ]}),
        ),
    ])
    .await;
    let own = Busy {
        appointment: Some("appointment_1".to_owned()),
        ..taken(
            Some("ana".to_owned()),
            moment("2026-11-24T14:00:00Z").unwrap(),
            moment("2026-11-24T15:00:00Z").unwrap(),
        )
    };
    let calendar = calendar("google", &url).together(vec![own], 0, 1, soon()).await.unwrap();
    let times: Vec<_> = calendar.busy.iter().map(|busy| (utc(busy.from_ms), utc(busy.to_ms))).collect();
    let time = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(
        times,
        [
            // Somebody else's, though one of ours is at the same time: it is taken for the others too.
            time("2026-11-24T14:00:00Z", "2026-11-24T15:00:00Z"),
            // A whole day, in the zone of the calendar.
            time("2026-11-25T05:00:00Z", "2026-11-26T05:00:00Z"),
            time("2026-11-24T14:00:00Z", "2026-11-24T15:00:00Z"),
        ]
    );
    let asked = asked.lock().unwrap();
    assert!(
        asked[1].1.contains("singleEvents=true") && asked[1].1.ends_with("pageToken=p2"),
        "{}",
        asked[1].1
    );
}

#[tokio::test]
async fn an_event_that_its_owner_took_out_is_not_taken_for_ours() {
    let gone = json!({"id": "i61", "status": "cancelled"});
    let (url, _) =
        fake(&[(200, gone.clone()), (200, json!({"items": []})), (409, json!({})), (200, gone)]).await;
    assert_eq!(calendar("google", &url).create(&record()).await, Err(CalendarError::Conflict));
}

#[tokio::test]
async fn google_asked_too_often_is_asked_again_and_one_without_rights_is_not() {
    let says = |reason: &str| json!({"error": {"code": 403, "errors": [{"reason": reason}]}});
    let (url, _) = fake(&[(403, says("rateLimitExceeded")), (403, says("forbidden"))]).await;
    let calendar = calendar("google", &url);
    assert!(matches!(calendar.create(&record()).await, Err(CalendarError::Temporary(_))));
    assert!(matches!(calendar.create(&record()).await, Err(CalendarError::Permanent(_))));
}

#[tokio::test]
async fn calcom_offers_its_own_slots_and_tells_a_taken_one() {
    let (url, asked) = fake(&[
        (200, json!({"data": {"2026-12-01": [{"start": "2026-12-01T10:00:00.000-05:00"}]}})),
        (200, json!({"data": []})),
        (201, json!({"data": {"uid": "u1"}})),
        (200, json!({"data": [{"uid": "u1", "metadata": {"iass": "appointment_7"}}]})),
        (200, json!({"data": []})),
        (
            400,
            json!({"error": {"message": "User either already has booking at this time or is not available"}}),
        ),
        (200, json!({"data": {}})),
    ])
    .await;
    let calendar = calendar("calcom", &url);
    let times = calendar.times(0, 1, soon()).await.unwrap();
    assert_eq!(times.open.unwrap(), [("masaje".to_owned(), moment("2026-12-01T15:00:00Z").unwrap())]);
    assert_eq!(calendar.create(&record()).await.unwrap().remote_id, "u1");
    assert_eq!(calendar.create(&record()).await.unwrap().remote_id, "u1", "found again, not booked again");
    assert_eq!(calendar.create(&record()).await, Err(CalendarError::Conflict));
    calendar.cancel(&record(), Some("u1")).await.unwrap();
    let asked = asked.lock().unwrap();
    assert!(asked[0].1.starts_with("/slots?eventTypeId=12&"), "{}", asked[0].1);
    let body: Value = serde_json::from_str(&asked[2].3).unwrap();
    assert_eq!((&body["eventTypeId"], &body["attendee"]["email"]), (&json!(12), &json!("ana@example.com")));
    assert_eq!(asked[6].1, "/bookings/u1/cancel");
}

#[test]
fn what_is_ours_is_not_taken_twice() {
    let ours =
        Busy { appointment: Some("a".to_owned()), service: None, ..taken(Some("r".to_owned()), 100, 200) };
    let left = without(vec![taken(None, 50, 250), taken(None, 300, 400)], &[ours]);
    let spans: Vec<_> = left.iter().map(|busy| (busy.from_ms, busy.to_ms)).collect();
    assert_eq!(spans, [(50, 100), (200, 250), (300, 400)]);
}
