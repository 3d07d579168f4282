//! The places that a business is told at: Slack, Teams, an address of its own, a CRM and HubSpot. Each checks what it
//! gets as the real one does, keeps it, and can fail on demand. Mail is in [`crate::fake_mail`].

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::oneshot;

use crate::harness::PATIENCE;

/// What the business's address and its CRM check signatures with.
pub(crate) const SECRET: &str = "whsec_1";
/// What the CRM and HubSpot expect as bearer token.
pub(crate) const TOKEN: &str = "token_1";

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Slack,
    Teams,
    Webhook,
    Crm,
    Hubspot,
}

/// What a place does with one request instead of looking at it.
#[derive(Debug, Clone)]
pub(crate) enum Fail {
    /// Answers with this status and perhaps a `Retry-After`.
    Status(u16, Option<&'static str>),
    /// Takes the request and never answers.
    Hang,
    /// Takes the request for good and breaks off in the middle of the answer.
    HalfBody,
    /// Sends the client elsewhere.
    Redirect(String),
}

/// A request as a place got it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) place: Place,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// What it was answered; 0 for nothing.
    pub(crate) status: u16,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

#[derive(Default)]
struct Desk {
    scripts: BTreeMap<Place, VecDeque<Fail>>,
    received: Vec<Received>,
    /// What the CRM took, by idempotency key.
    leads: BTreeMap<String, Value>,
    /// HubSpot's contacts, by address.
    contacts: BTreeMap<String, Value>,
}

/// The places; they close when dropped.
pub(crate) struct FakeBusiness {
    base: String,
    desk: Arc<Mutex<Desk>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeBusiness {
    pub(crate) fn start() -> Self {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/{*path}", post(take)).with_state(desk.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = axum::serve(listener, app).into_future() => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { base, desk, stop: Some(stop), thread: Some(thread) }
    }

    /// The address of a place, as it is configured.
    pub(crate) fn url(&self, place: Place) -> String {
        let path = match place {
            Place::Slack => "/services/T000/B000/XXXX",
            Place::Teams => "/workflows/abc/triggers/manual/paths/invoke",
            Place::Webhook => "/iass",
            Place::Crm => "/leads",
            // HubSpot's is the base of all its addresses.
            Place::Hubspot => "",
        };
        format!("{}{path}", self.base)
    }

    /// The part of a `tenant.toml` that has everything told to these places.
    pub(crate) fn config(&self) -> String {
        format!(
            "[leads]\ncrm = \"{}\"\ncrm_token = \"{TOKEN}\"\ncrm_secret = \"{SECRET}\"\nhubspot_token = \"{TOKEN}\"\n\
             hubspot_base_url = \"{}\"\n[notify.slack]\nwebhook_url = \"{}\"\n[notify.teams]\nwebhook_url = \"{}\"\n\
             [notify.webhook]\nurl = \"{}\"\nsecret = \"{SECRET}\"\n",
            self.url(Place::Crm),
            self.url(Place::Hubspot),
            self.url(Place::Slack),
            self.url(Place::Teams),
            self.url(Place::Webhook),
        )
    }

    /// Has a place fail the next times.
    pub(crate) fn fail(&self, place: Place, fails: impl IntoIterator<Item = Fail>) {
        lock(&self.desk).scripts.entry(place).or_default().extend(fails);
    }

    /// All requests that a place got.
    pub(crate) fn received(&self, place: Place) -> Vec<Received> {
        lock(&self.desk).received.iter().filter(|received| received.place == place).cloned().collect()
    }

    /// The requests that a place took.
    pub(crate) fn taken(&self, place: Place) -> Vec<Received> {
        let all = self.received(place).into_iter();
        all.filter(|received| (200..300).contains(&received.status)).collect()
    }

    /// The leads in the CRM, one for each idempotency key.
    pub(crate) fn leads(&self) -> Vec<Value> {
        lock(&self.desk).leads.values().cloned().collect()
    }

    /// HubSpot's contacts, by address.
    pub(crate) fn contacts(&self) -> BTreeMap<String, Value> {
        lock(&self.desk).contacts.clone()
    }

    /// Waits until a place got `count` requests.
    pub(crate) async fn wait_for(&self, place: Place, count: usize) -> Vec<Received> {
        let begun = Instant::now();
        loop {
            let received = self.received(place);
            if received.len() >= count {
                return received;
            }
            assert!(begun.elapsed() < PATIENCE, "{place:?} got only {received:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for FakeBusiness {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take(
    State(desk): State<Arc<Mutex<Desk>>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let place = match path.as_str() {
        "services/T000/B000/XXXX" => Place::Slack,
        "workflows/abc/triggers/manual/paths/invoke" => Place::Teams,
        "iass" => Place::Webhook,
        "leads" => Place::Crm,
        "crm/v3/objects/contacts/batch/upsert" => Place::Hubspot,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (fail, status, answer) = {
        let mut desk = lock(&desk);
        let fail = desk.scripts.get_mut(&place).and_then(VecDeque::pop_front);
        let (status, answer) = match &fail {
            Some(Fail::Status(status, _)) => (*status, "as told".to_owned()),
            Some(Fail::Hang) => (0, String::new()),
            Some(Fail::Redirect(_)) => (307, String::new()),
            Some(Fail::HalfBody) | None => look(&mut desk, place, &headers, &body, &json),
        };
        desk.received.push(Received { place, headers, body: json, status });
        (fail, status, answer)
    };
    let mut response = match &fail {
        Some(Fail::Hang) => return std::future::pending().await,
        Some(Fail::HalfBody) => half(&answer),
        _ => (StatusCode::from_u16(status).unwrap(), answer).into_response(),
    };
    match fail {
        Some(Fail::Status(_, Some(wait))) => {
            response.headers_mut().insert(header::RETRY_AFTER, wait.parse().unwrap());
        }
        Some(Fail::Redirect(url)) => {
            response.headers_mut().insert(header::LOCATION, url.parse().unwrap());
        }
        _ => {}
    }
    response
}

/// A success whose body ends before it is whole.
fn half(answer: &str) -> Response {
    let begin = Bytes::copy_from_slice(&answer.as_bytes()[..answer.len() / 2]);
    // The beginning is on its way when the rest breaks.
    let broken = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(std::io::Error::other("as told"))
    };
    let parts = futures::stream::iter([Ok(begin)]).chain(futures::stream::once(broken));
    Body::from_stream(parts).into_response()
}

/// What a place says to a request.
fn look(desk: &mut Desk, place: Place, headers: &HeaderMap, raw: &[u8], body: &Value) -> (u16, String) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !text("content-type").starts_with("application/json") || !body.is_object() {
        return (400, "invalid_payload".to_owned());
    }
    let bearer_is_right = text("authorization") == format!("Bearer {TOKEN}");
    match place {
        Place::Slack => slack(body),
        Place::Teams => teams(body, raw.len()),
        Place::Webhook => match check_signature(headers, raw) {
            Ok(()) if body["id"] == text("idempotency-key") && body["event"] == text("x-iass-event") => {
                (200, "{}".to_owned())
            }
            Ok(()) => (422, "headers and body differ".to_owned()),
            Err(problem) => (401, problem),
        },
        Place::Crm if !bearer_is_right => (401, "who?".to_owned()),
        Place::Crm => match check_signature(headers, raw) {
            Ok(()) if body["lead_id"].is_string() && body["contact_info"].is_object() => {
                let key = text("idempotency-key").to_owned();
                // A key that was seen is the same lead again.
                desk.leads.entry(key).or_insert_with(|| body.clone());
                (201, "{\"ok\":true}".to_owned())
            }
            Ok(()) => (422, "no lead".to_owned()),
            Err(problem) => (401, problem),
        },
        Place::Hubspot if !bearer_is_right => {
            (401, json!({"category": "INVALID_AUTHENTICATION"}).to_string())
        }
        Place::Hubspot => hubspot(desk, body),
    }
}

fn check_signature(headers: &HeaderMap, raw: &[u8]) -> Result<(), String> {
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(format!("no {name}"));
    let (time, signature) = (text("x-iass-timestamp")?, text("x-iass-signature")?);
    let age = iass::clock::Clock::System.now().as_second() - time.parse::<i64>().map_err(|_| "no time")?;
    if age.abs() > 300 {
        return Err("too old".to_owned());
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(raw);
    let expected = mac.finalize().into_bytes();
    let expected = expected.iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"));
    if signature == expected { Ok(()) } else { Err("bad signature".to_owned()) }
}

/// The checks of Slack that a careless sender runs into.
fn slack(body: &Value) -> (u16, String) {
    let chars = |text: &Value| text.as_str().map_or(usize::MAX, |text| text.chars().count());
    let text_is_right = |text: &Value, most: usize| match text["type"].as_str() {
        Some("mrkdwn" | "plain_text") => (1..=most).contains(&chars(&text["text"])),
        _ => false,
    };
    let block_is_right = |block: &Value| match block["type"].as_str() {
        Some("header") => block["text"]["type"] == "plain_text" && text_is_right(&block["text"], 150),
        Some("section") => {
            let fields = block["fields"].as_array();
            let fields_are_right = fields.is_none_or(|fields| {
                fields.len() <= 10 && fields.iter().all(|field| text_is_right(field, 2000))
            });
            let text = block.get("text");
            fields_are_right
                && (fields.is_some() || text.is_some())
                && text.is_none_or(|text| text_is_right(text, 3000))
        }
        _ => false,
    };
    let blocks = body["blocks"].as_array();
    let is_right = chars(&body["text"]) <= 40_000
        && blocks.is_some_and(|blocks| (1..=50).contains(&blocks.len()) && blocks.iter().all(block_is_right));
    if is_right { (200, "ok".to_owned()) } else { (400, "invalid_blocks".to_owned()) }
}

fn teams(body: &Value, bytes: usize) -> (u16, String) {
    let attachment = &body["attachments"][0];
    let card = &attachment["content"];
    let is_right = body["type"] == "message"
        && attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        && card["type"] == "AdaptiveCard"
        && card["version"].is_string()
        && card["body"].as_array().is_some_and(|body| !body.is_empty());
    match is_right {
        true if bytes <= 28 * 1024 => (202, String::new()),
        true => (413, "too large".to_owned()),
        false => (400, "Bad payload received by generic incoming webhook.".to_owned()),
    }
}

fn hubspot(desk: &mut Desk, body: &Value) -> (u16, String) {
    let mut results = Vec::new();
    for input in body["inputs"].as_array().into_iter().flatten() {
        let (id, email) = (&input["id"], &input["properties"]["email"]);
        if input["idProperty"] != "email" || id != email {
            return (400, json!({"status": "error", "message": "idProperty"}).to_string());
        }
        let Some(email) = email.as_str().filter(|email| email.contains('@') && !email.ends_with(".invalid"))
        else {
            let problem = json!({"status": "error", "category": "VALIDATION_ERROR", "message": "Email address is invalid"});
            let answer = json!({"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [problem]});
            return (207, answer.to_string());
        };
        let is_new = !desk.contacts.contains_key(email);
        let contact = desk.contacts.entry(email.to_owned()).or_insert_with(|| json!({}));
        for (name, value) in input["properties"].as_object().into_iter().flatten() {
            contact[name] = value.clone();
        }
        results.push(json!({"id": email, "new": is_new, "properties": contact}));
    }
    (200, json!({"status": "COMPLETE", "results": results}).to_string())
}
