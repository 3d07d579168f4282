//! The calendars elsewhere, each behind its own wire: a schedule service of the owner's, a CalDAV server, Google Calendar
//! with its tokens, and Cal.com. They keep what they are given, check what they are asked as the real ones document it,
//! and can fail on demand.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::signature;
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde_json::{Value, json};

use crate::fake_server::FakeServer;

/// The key file that Google's tokens may be got with.
pub(crate) const SERVICE_ACCOUNT: &str = include_str!("../fixtures/wire/google/service_account.json");

/// A calendar, by its `booking.provider`.
pub(crate) const PROVIDERS: [&str; 4] = ["http", "caldav", "google", "calcom"];

/// What is asked of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    Look,
    Create,
    Cancel,
    Token,
}

/// What it does instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fail {
    /// Refuses with this status.
    Status(u16),
    /// Does it, and a gateway before it says 504.
    LostAnswer,
    /// Does it, and never answers.
    Hang,
}

/// Something in the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    /// Our id of the appointment, for what iass put there.
    pub(crate) appointment: Option<String>,
    removed: bool,
}

#[derive(Default)]
struct Book {
    entries: BTreeMap<String, Entry>,
    fails: BTreeMap<Ask, VecDeque<Fail>>,
    asked: Vec<Ask>,
    /// The number of the access token that is good.
    token: usize,
}

/// The calendars; they stop when dropped.
pub(crate) struct FakeCalendar {
    server: FakeServer,
    book: Arc<Mutex<Book>>,
}

impl FakeCalendar {
    pub(crate) fn start() -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let server = FakeServer::start(Router::new().fallback(answer).with_state(book.clone()));
        Self { server, book }
    }

    /// The keys of `[booking]` that use the calendar by one of its wires.
    pub(crate) fn config(&self, provider: &str) -> String {
        let base = self.server.base();
        let keys = match provider {
            "caldav" => "user = \"aura\"\ntoken = \"pass\"\n".to_owned(),
            "google" => format!(
                "client_id = \"client\"\nclient_secret = \"shh\"\nrefresh_token = \"again\"\ntoken_url = \"{base}/token\"\n"
            ),
            _ => "token = \"t0ken\"\n".to_owned(),
        };
        format!("provider = \"{provider}\"\nurl = \"{base}/{provider}\"\n{keys}")
    }

    /// The same, with a service account for Google.
    pub(crate) fn google_by_service_account(&self, key_file: &str) -> String {
        let base = self.server.base();
        format!(
            "provider = \"google\"\nurl = \"{base}/google\"\nservice_account_file = \"{key_file}\"\ntoken_url = \"{base}/token\"\n"
        )
    }

    /// Has it fail the next times.
    pub(crate) fn fail(&self, ask: Ask, fails: impl IntoIterator<Item = Fail>) {
        self.book().fails.entry(ask).or_default().extend(fails);
    }

    /// It works again.
    pub(crate) fn recover(&self) {
        self.book().fails.clear();
    }

    /// Google's access token ends before its time.
    pub(crate) fn end_token(&self) {
        self.book().token += 1;
    }

    /// Somebody else puts something into it.
    pub(crate) fn put(&self, start: Timestamp, end: Timestamp) {
        let mut book = self.book();
        let id = format!("foreign{}", book.entries.len());
        book.entries.insert(id, Entry { start, end, appointment: None, removed: false });
    }

    /// What iass has there.
    pub(crate) fn ours(&self) -> Vec<Entry> {
        let book = self.book();
        book.entries.values().filter(|entry| entry.appointment.is_some() && !entry.removed).cloned().collect()
    }

    /// How often something was asked.
    pub(crate) fn asked(&self, ask: Ask) -> usize {
        self.book().asked.iter().filter(|one| **one == ask).count()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn is_taken(&self, start: Timestamp, end: Timestamp) -> bool {
        self.entries.values().any(|entry| !entry.removed && entry.start < end && entry.end > start)
    }

    fn standing(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter().filter(|(_, entry)| !entry.removed)
    }

    fn add(&mut self, id: String, appointment: &str, start: Timestamp, end: Timestamp) {
        let entry = Entry { start, end, appointment: Some(appointment.to_owned()), removed: false };
        self.entries.insert(id, entry);
    }

    /// Takes something out; whether it was there.
    fn remove(&mut self, id: &str) -> Option<bool> {
        let entry = self.entries.get_mut(id)?;
        let was_there = !entry.removed;
        entry.removed = true;
        Some(was_there)
    }
}

/// One request, taken apart.
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    query: BTreeMap<String, String>,
    headers: &'a HeaderMap,
    text: &'a str,
    body: Value,
}

impl Request<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn moment(&self, name: &str) -> Timestamp {
        self.query[name].parse().unwrap()
    }
}

type Said = (u16, String);

fn told(status: u16, body: Value) -> Said {
    (status, body.to_string())
}

async fn answer(
    State(book): State<Arc<Mutex<Book>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let (fail, (status, said)) = {
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        let (provider, path) = uri.path().trim_start_matches('/').split_once('/').unwrap_or(("token", ""));
        let query = uri.query().unwrap_or_default().as_bytes();
        let request = Request {
            method: method.as_str(),
            path,
            query: url::form_urlencoded::parse(query).into_owned().collect(),
            headers: &headers,
            text: &text,
            body: serde_json::from_str(&text).unwrap_or_default(),
        };
        let ask = match (provider, method.as_str(), path) {
            ("token", ..) => Ask::Token,
            (_, "GET" | "REPORT", _) => Ask::Look,
            (_, "DELETE", _) => Ask::Cancel,
            (_, "POST", path) if path.ends_with("/cancel") => Ask::Cancel,
            _ => Ask::Create,
        };
        book.asked.push(ask);
        let fail = book.fails.get_mut(&ask).and_then(VecDeque::pop_front);
        let said = match (fail, provider) {
            (Some(Fail::Status(status)), _) => told(status, json!({"error": "as told"})),
            (_, "http") => schedule(&mut book, &request),
            (_, "caldav") => caldav(&mut book, &request),
            (_, "google") => google(&mut book, &request),
            (_, "calcom") => calcom(&mut book, &request),
            _ => token(&mut book, &request),
        };
        (fail, said)
    };
    match fail {
        Some(Fail::Hang) => std::future::pending().await,
        Some(Fail::LostAnswer) => axum::http::StatusCode::GATEWAY_TIMEOUT.into_response(),
        _ => (axum::http::StatusCode::from_u16(status).unwrap(), said).into_response(),
    }
}

/// docs/booking-http.md.
fn schedule(book: &mut Book, request: &Request<'_>) -> Said {
    if request.header("authorization") != "Bearer t0ken" {
        return told(401, json!({}));
    }
    match (request.method, request.path) {
        ("GET", "availability") => {
            let (from, to) = (request.moment("from"), request.moment("to"));
            let busy = book.standing().filter(|(_, entry)| entry.start < to && entry.end > from);
            let busy: Vec<Value> =
                busy.map(|(_, entry)| json!({"start": entry.start, "end": entry.end})).collect();
            told(200, json!({"busy": busy}))
        }
        ("POST", "appointments") => {
            let id = request.body["id"].as_str().unwrap();
            if request.header("idempotency-key") != id || request.body["customer"]["name"] != "Ana Pérez" {
                return told(422, json!({}));
            }
            let key = format!("r-{id}");
            let moment = |name: &str| request.body[name].as_str().unwrap().parse::<Timestamp>().unwrap();
            match book.entries.get(&key).map(|entry| entry.removed) {
                Some(false) => return told(200, json!({"id": key})),
                Some(true) => return told(410, json!({})),
                None if book.is_taken(moment("start"), moment("end")) => return told(409, json!({})),
                None => {}
            }
            book.add(key.clone(), id, moment("start"), moment("end"));
            told(201, json!({"id": key}))
        }
        ("DELETE", path) => {
            let id = path.trim_start_matches("appointments/");
            let key = if id.starts_with("r-") { id.to_owned() } else { format!("r-{id}") };
            match book.remove(&key) {
                Some(true) => told(204, json!({})),
                Some(false) => told(410, json!({})),
                None => told(404, json!({})),
            }
        }
        _ => told(404, json!({})),
    }
}

/// RFC 4791, as far as it is used.
fn caldav(book: &mut Book, request: &Request<'_>) -> Said {
    // "aura:pass"
    if request.header("authorization") != "Basic YXVyYTpwYXNz" {
        return told(401, json!({}));
    }
    let stamp = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let read = |text: &str, name: &str| -> Timestamp {
        let after = text.split_once(name).unwrap().1;
        let digits: String = after.chars().take(16).collect();
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", &digits).unwrap().in_tz("UTC").unwrap().timestamp()
    };
    match request.method {
        "REPORT" => {
            assert_eq!(request.header("depth"), "1");
            let range = request.text.split_once("time-range").unwrap().1;
            let (from, to) = (read(range, "start=\""), read(range, "end=\""));
            let found = book.standing().filter(|(_, entry)| entry.start < to && entry.end > from);
            let mut events = String::new();
            for (id, entry) in found {
                let uid = entry.appointment.as_ref().map_or(id.clone(), |id| format!("{id}@iass"));
                let (start, end) = (stamp(entry.start), stamp(entry.end));
                let data = format!(
                    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{start}\r\nDTEND:{end}\r\nEND:VEVENT\r\nEND:VCALENDAR"
                );
                events.push_str("<D:response><D:propstat><D:prop><C:calendar-data>");
                events.push_str(&data);
                events.push_str("</C:calendar-data></D:prop></D:propstat></D:response>");
            }
            let space = "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"";
            (207, format!("<D:multistatus {space}>{events}</D:multistatus>"))
        }
        "PUT" => {
            let id = request.path.trim_end_matches(".ics");
            assert_eq!(request.header("if-none-match"), "*");
            if book.standing().any(|(one, _)| one == id) {
                return (412, String::new());
            }
            let uid = format!("UID:{id}@iass");
            if !request.text.contains(&uid) || !request.text.contains("DTSTAMP:") {
                return (403, "valid-calendar-object-resource".to_owned());
            }
            let (start, end) = (read(request.text, "DTSTART:"), read(request.text, "DTEND:"));
            book.add(id.to_owned(), id, start, end);
            (201, String::new())
        }
        "DELETE" => {
            let there = book.remove(request.path.trim_end_matches(".ics"));
            (if there == Some(true) { 204 } else { 404 }, String::new())
        }
        _ => (405, String::new()),
    }
}

/// Calendar API v3: what the discovery document and the reference say of events.
fn google(book: &mut Book, request: &Request<'_>) -> Said {
    if request.header("authorization") != format!("Bearer ya29.{}", book.token) {
        return told(401, json!({"error": {"code": 401, "status": "UNAUTHENTICATED"}}));
    }
    let Some(rest) = request.path.strip_prefix("calendars/primary/events") else {
        return told(404, json!({"error": {"code": 404, "errors": [{"reason": "notFound"}]}}));
    };
    let id = rest.trim_start_matches('/').to_owned();
    let shown = |id: &str, entry: &Entry| {
        json!({
            "id": id, "etag": "\"1\"", "status": if entry.removed { "cancelled" } else { "confirmed" },
            "start": {"dateTime": entry.start}, "end": {"dateTime": entry.end},
            "extendedProperties": {"private": entry.appointment.as_ref().map(|id| json!({"iass": id})).unwrap_or(json!({}))},
        })
    };
    match (request.method, id.as_str()) {
        ("GET", "") if request.query.contains_key("timeMin") => {
            assert_eq!(request.query["singleEvents"], "true");
            let (from, to) = (request.moment("timeMin"), request.moment("timeMax"));
            let items = book.standing().filter(|(_, entry)| entry.start < to && entry.end > from);
            let items: Vec<Value> = items.map(|(id, entry)| shown(id, entry)).collect();
            told(200, json!({"timeZone": "America/Bogota", "items": items}))
        }
        ("GET", "") => told(200, json!({"accessRole": "writer"})),
        ("GET", id) => match book.entries.get(id) {
            Some(entry) => told(200, shown(id, entry)),
            None => told(404, json!({"error": {"code": 404}})),
        },
        ("POST", "") => {
            let id = request.body["id"].as_str().unwrap();
            let letters = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v'));
            if !letters || !(5..=1024).contains(&id.len()) {
                return told(400, json!({"error": {"code": 400, "message": "Invalid resource id value."}}));
            }
            // An id is never given twice, not even after its event was deleted.
            if book.entries.contains_key(id) {
                return told(409, json!({"error": {"code": 409, "errors": [{"reason": "duplicate"}]}}));
            }
            let moment = |edge: &str| request.body[edge]["dateTime"].as_str().unwrap().parse().unwrap();
            let appointment = request.body["extendedProperties"]["private"]["iass"].as_str().unwrap();
            book.add(id.to_owned(), appointment, moment("start"), moment("end"));
            told(200, shown(id, &book.entries[id]))
        }
        ("DELETE", id) => match book.remove(id) {
            Some(true) => (204, String::new()),
            Some(false) => told(410, json!({"error": {"code": 410, "errors": [{"reason": "deleted"}]}})),
            None => told(404, json!({"error": {"code": 404}})),
        },
        _ => told(405, json!({})),
    }
}

/// Google's token endpoint: a refresh token or a signed assertion for an access token.
fn token(book: &mut Book, request: &Request<'_>) -> Said {
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    let form: BTreeMap<String, String> =
        url::form_urlencoded::parse(request.text.as_bytes()).into_owned().collect();
    let is_known = match form["grant_type"].as_str() {
        "refresh_token" => {
            (form["client_id"].as_str(), form["client_secret"].as_str(), form["refresh_token"].as_str())
                == ("client", "shh", "again")
        }
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => is_signed(&form["assertion"]),
        _ => return told(400, json!({"error": "unsupported_grant_type"})),
    };
    if !is_known {
        return told(400, json!({"error": "invalid_grant", "error_description": "Token has been revoked."}));
    }
    book.token += 1;
    told(
        200,
        json!({"access_token": format!("ya29.{}", book.token), "expires_in": 3599, "token_type": "Bearer"}),
    )
}

/// Whether an assertion is as Google wants it and signed with the key of the test.
fn is_signed(assertion: &str) -> bool {
    let file: Value = serde_json::from_str(SERVICE_ACCOUNT).unwrap();
    let (signed, proof) = assertion.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let read =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let (header, claims) = (read(header), read(claims));
    let now = iass::clock::Clock::System.now().as_second();
    let (from, to) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    let right = header == json!({"alg": "RS256", "typ": "JWT"})
        && claims["iss"] == file["client_email"]
        && claims["scope"] == "https://www.googleapis.com/auth/calendar.events"
        && claims["aud"].as_str().unwrap().ends_with("/token")
        && (now - 60..=now + 5).contains(&from)
        && to > now
        && to - from <= 3600;
    let key = PrivatePkcs8KeyDer::from_pem_slice(file["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let pair = signature::RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let public =
        signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, pair.public().as_ref());
    right && public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(proof).unwrap()).is_ok()
}

/// Cal.com's API v2.
fn calcom(book: &mut Book, request: &Request<'_>) -> Said {
    if request.header("authorization") != "Bearer t0ken" || request.header("cal-api-version").is_empty() {
        return told(401, json!({"status": "error", "error": {"code": "UnauthorizedException"}}));
    }
    let hour = jiff::SignedDuration::from_hours(1);
    match (request.method, request.path) {
        ("GET", "slots") => {
            assert_eq!(request.header("cal-api-version"), "2024-09-04");
            let (mut at, end) = (request.moment("start"), request.moment("end"));
            at = Timestamp::from_second((at.as_second() / 1800 + 1) * 1800).unwrap();
            let mut days: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            while at < end {
                if !book.is_taken(at, at + hour) {
                    days.entry(at.strftime("%Y-%m-%d").to_string()).or_default().push(json!({"start": at}));
                }
                at += hour / 2;
            }
            told(200, json!({"status": "success", "data": days}))
        }
        ("GET", "bookings") => {
            let (after, before) = (request.moment("afterStart"), request.moment("beforeEnd"));
            let found = book.standing().filter(|(_, entry)| entry.start > after && entry.end < before);
            let all: Vec<Value> = found
                .map(|(id, entry)| json!({"uid": id, "metadata": {"iass": entry.appointment}}))
                .collect();
            told(200, json!({"status": "success", "data": all}))
        }
        ("POST", "bookings") => {
            let (body, start) =
                (&request.body, request.body["start"].as_str().unwrap().parse::<Timestamp>().unwrap());
            let attendee = &body["attendee"];
            if body["eventTypeId"] != 12 || !attendee["name"].is_string() || !attendee["timeZone"].is_string()
            {
                return told(400, json!({"status": "error", "error": {"message": "validation failed"}}));
            }
            if book.is_taken(start, start + hour) {
                let message = "User either already has booking at this time or is not available";
                return told(
                    400,
                    json!({"status": "error", "error": {"code": "BadRequestException", "message": message}}),
                );
            }
            let uid = format!("uid{}", book.entries.len());
            let appointment = body["metadata"]["iass"].as_str().unwrap();
            book.add(uid.clone(), appointment, start, start + hour);
            told(201, json!({"status": "success", "data": {"uid": uid}}))
        }
        ("POST", path) => {
            let uid = path.trim_start_matches("bookings/").trim_end_matches("/cancel");
            match book.remove(uid) {
                Some(true) => told(200, json!({"status": "success"})),
                Some(false) => {
                    let message =
                        format!("Can't cancel booking with uid={uid} because it has been cancelled already.");
                    told(
                        400,
                        json!({"status": "error", "error": {"code": "BadRequestException", "message": message}}),
                    )
                }
                None => told(404, json!({"status": "error"})),
            }
        }
        _ => told(404, json!({})),
    }
}
